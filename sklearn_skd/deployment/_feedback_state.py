"""The remembered feedback of a FeedbackCalibrator <-> dicts of arrays."""

import numpy as np

from sklearn_skd.classifiers._feedback import FeedbackMemory
from sklearn_skd.deployment._codec import check

__all__ = ["pack_deviation", "pack_feedback", "unpack_deviation", "unpack_feedback"]


def pack_feedback(memory):
    """Arrays of a FeedbackMemory; each listener's name once.

    Parameters
    ----------
    memory : FeedbackMemory

    Returns
    -------
    packed : dict
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(memory.group))}
    return {
        "logits": memory.logits,
        "codes": memory.codes.astype(np.int64),
        "weight": memory.weight,
        "listener": np.array([numbers[name] for name in memory.group], dtype=np.int64),
        "arrival": memory.arrival.astype(np.int64),
        "names": _objects(numbers),
    }


def unpack_feedback(packed):
    """Invert :func:`pack_feedback`; ValueError if that is not possible.

    Parameters
    ----------
    packed : object
        As decoded from a file.

    Returns
    -------
    memory : FeedbackMemory
    """
    names = _names(packed)
    logits, codes, weight, listener, arrival = (
        check(packed.get(key), np.ndarray)
        for key in ("logits", "codes", "weight", "listener", "arrival")
    )
    shapes = {array.shape for array in (codes, weight, listener, arrival)}
    kinds = "".join(array.dtype.kind for array in (logits, codes, weight, listener, arrival))
    if kinds != "fifii" or shapes != {logits.shape[:1]} or logits.ndim != 2:
        raise ValueError("its remembered feedback is not one of a row each.")
    for array, n in ((codes, logits.shape[1]), (listener, len(names))):
        if array.size and not 0 <= array.min() <= array.max() < n:
            raise ValueError("its remembered feedback is of classes or listeners it has not.")
    return FeedbackMemory(logits, codes, weight, names[listener], arrival)


def pack_deviation(deviation):
    """Names and places of the listeners.

    Parameters
    ----------
    deviation : dict of name to ndarray
        As in FeedbackCalibrator.

    Returns
    -------
    packed : dict
    """
    places = np.stack(list(deviation.values())) if deviation else np.empty((0, 0))
    return {"names": _objects(deviation), "places": places}


def unpack_deviation(packed):
    """Invert :func:`pack_deviation`; ValueError if that is not possible.

    Parameters
    ----------
    packed : object
        As decoded from a file.

    Returns
    -------
    deviation : dict of name to ndarray
    """
    names, places = _names(packed), check(packed.get("places"), np.ndarray)
    if places.ndim != 2 or len(places) != len(names) or places.dtype.kind != "f":
        raise ValueError("its listeners have not a place each.")
    return dict(zip(names.tolist(), places, strict=True))


def _names(packed):
    names = check(check(packed, dict).get("names"), np.ndarray)
    if names.ndim != 1 or len(set(names.tolist())) < len(names):
        raise ValueError("its listeners have no names of their own.")
    return names.astype(object)


def _objects(names):
    array = np.empty(len(names), dtype=object)
    array[:] = list(names)
    return array
