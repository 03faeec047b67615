"""What a model card says about the model itself: parts, parameters, sources, speed, versions."""

import inspect
import math
import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

import numpy as np
import pandas as pd

import sklearn_skd
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._crossfit import songs_for
from sklearn_skd.classifiers._rows import blocks
from sklearn_skd.deployment._wrapped import layers

__all__ = [
    "changed_parameters",
    "describe_model",
    "describe_sources",
    "describe_speed",
]

# they change no number of the card, and may tell paths of somebody's machine
_PRIVATE = {"cache", "memory", "n_jobs", "out", "verbose"}
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_KINDS = {"series": "time series", "vector": "vector", "categories": "categories"}
_TIMED = 21


def describe_model(steps, classifier):
    """Facts about the model, as text by their name.

    Parameters
    ----------
    steps : list of estimator
        What songs go through before the classifier reads them.

    classifier : fitted classifier
        Of :func:`~sklearn_skd.deployment._wrapped.take_apart`.

    Returns
    -------
    facts : dict of str to str
        Without those that this model does not have.
    """
    *around, inner = layers(classifier)
    known = {
        "Parts": " → ".join(_class_name(step) for step in [*steps, inner, *reversed(around)]),
        "Strategy": getattr(inner, "strategy", None),
        "Teacher": _class_name(inner.teacher_) if hasattr(inner, "teacher_") else None,
        "Trained on": _count_training(inner),
        "Calibration temperature": _temperature([inner, *around]),
        "Evaluated with": ", ".join(_versions()),
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def changed_parameters(steps, classifier):
    """Parameters that are not at their defaults.

    Parameters
    ----------
    steps, classifier
        As of :func:`describe_model`.

    Returns
    -------
    table : DataFrame
        Columns ``part``, ``parameter``, ``value``, all text. Parameters that change no number,
        such as `n_jobs`, are left out, and so are the folders of caches.
    """
    rows = [
        (_class_name(step), name, value)
        for step in [*steps, classifier]
        for name, value in _changed(step)
    ]
    return pd.DataFrame(rows, columns=["part", "parameter", "value"])


def _changed(estimator, prefix=""):
    if not hasattr(estimator, "get_params"):
        return
    defaults = inspect.signature(type(estimator)).parameters
    for name, value in sorted(estimator.get_params(deep=False).items()):
        default = defaults[name].default if name in defaults else inspect.Parameter.empty
        if name in _PRIVATE or repr(value) == repr(default):
            continue
        yield f"{prefix}{name}", _shown(value)
        if _is_estimator(value):
            yield from _changed(value, f"{prefix}{name}__")


def _shown(value):
    if _is_estimator(value):
        return _class_name(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(item) for item in value)}]"
    return _ADDRESS.sub("", repr(value))


def _is_estimator(value):
    return hasattr(value, "get_params") and not isinstance(value, type)


def _class_name(estimator):
    return estimator if isinstance(estimator, str) else type(estimator).__name__


def _count_training(classifier):
    credibility = getattr(classifier, "credibility_", None)
    return None if credibility is None else f"{len(credibility):,} songs"


def _temperature(layers):
    """By what the raw logits are divided in all."""
    known = [layer.temperature_ for layer in layers if hasattr(layer, "temperature_")]
    return f"{math.prod(known):.3f}" if known else None


def _versions():
    yield f"sklearn-skd {sklearn_skd.__version__}"
    for name in ("scikit-learn", "torch", "numpy"):
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    yield f"Python {platform.python_version()}"


def describe_sources(classifier, X, features):
    """The sources of the songs, and how many songs lack them.

    Parameters
    ----------
    classifier : fitted classifier
        What it reads is known if it is one of this package, or holds one.

    X : songs
        As passed by the user.

    features : songs
        The same, as the classifier reads them.

    Returns
    -------
    sources : DataFrame
        Columns ``source``, ``kind``, ``missing`` (songs); one row a source, or a column of a
        table. Empty if nothing is known.
    """
    columns = ["source", "kind", "missing"]
    classifier = layers(classifier)[-1]
    if isinstance(classifier, NetClassifier):
        arrays = classifier._inputs(features)
        rows = [
            (source.name, f"{_KINDS[source.kind]}, {source.size}", _absent(source, arrays))
            for source in classifier.sources_
        ]
        named = features if isinstance(features, Mapping) else ()
        unread = [name for name in named if name not in arrays]
        rows += [(name, "not read by this model", np.nan) for name in unread]
    elif isinstance(X, pd.DataFrame):
        rows = [(str(name), "column", int(X.iloc[:, i].isna().sum())) for i, name in enumerate(X)]
    else:
        rows = []
    return pd.DataFrame(rows, columns=columns)


def _absent(source, arrays):
    """Number of songs that lack a source."""
    import torch

    from sklearn_skd.networks.source import source_present

    absent = 0
    for _, block in blocks(arrays[source.name]):
        absent += int((~source_present(source, torch.as_tensor(np.array(block)))).sum())
    return absent


def describe_speed(classifier, features, n_songs):
    """Milliseconds that the classifier takes for one song, its features ready.

    Songs come one at a time, as in an application; no file is read. The median leaves out what
    else the machine was doing.

    Parameters
    ----------
    classifier : fitted classifier
    features : songs
        As it reads them.
    n_songs : int

    Returns
    -------
    speed : dict
        ``median``, ``low`` and ``high`` (quartiles) in milliseconds, ``n`` runs, ``cores``.
    """
    seconds = []
    for run in range(1 + _TIMED):
        song = songs_for(classifier, features, np.array([run % n_songs]))
        start = perf_counter()
        classifier.predict_proba(song)
        seconds.append(perf_counter() - start)
    low, median, high = 1e3 * np.quantile(seconds[1:], [0.25, 0.5, 0.75])  # the first warms up
    return {"median": median, "low": low, "high": high, "n": _TIMED, "cores": os.cpu_count()}
