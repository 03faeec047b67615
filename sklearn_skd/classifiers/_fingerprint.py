"""A cheap fingerprint of training data, by which teacher knowledge is kept."""

import hashlib
import inspect
from collections.abc import Mapping

import joblib
import numpy as np
import sklearn
from joblib.func_inspect import get_func_code

import sklearn_skd

__all__ = ["describe_columns", "fingerprint", "own_code"]

SAMPLED = 1 << 20  # elements of a source that are looked at


def fingerprint(X, *others):
    """Hash of the songs and of everything else that decides what the teachers learn.

    Of each source, dtype, shape and about a million elements spread over all songs are hashed,
    so that the cost does not grow with the audio; of a table also the names and types of its
    columns, which a teacher may choose by. The other arguments are hashed whole.

    Parameters
    ----------
    X : mapping of str to ndarray, or array-like
        The songs.

    *others : objects
        Labels, votes, weights, parameters: whatever joblib can hash.

    Returns
    -------
    digest : str
    """
    digest = hashlib.blake2b(digest_size=20)
    sources = X if isinstance(X, Mapping) else {"features": _plain(X, digest)}
    for name, values in sources.items():
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        for song in _sampled(values):
            digest.update(np.ascontiguousarray(song).tobytes())
    digest.update(joblib.hash(others).encode())
    return digest.hexdigest()


def _plain(X, digest):
    """One array of an array or table, whose columns are told to the digest."""
    if not hasattr(X, "columns"):
        return np.asarray(X)
    digest.update(repr(describe_columns(X)).encode())
    # mixed types would become an array of objects, of which only the addresses could be hashed
    return np.asarray(X, dtype=np.float64)


def own_code(estimator):
    """What an estimator's parameters do not tell: the versions, and the code of its functions.

    Functions are hashed by their names alone, and a notebook's change while these stay.
    """
    functions = {
        name: get_func_code(value)[0]
        for name, value in estimator.get_params().items()
        if inspect.isfunction(value)
    }
    return sklearn_skd.__version__, sklearn.__version__, functions


def describe_columns(table):
    """Names and types of the columns, by which a classifier may choose; categories in order."""
    dtypes = getattr(table, "dtypes", ())
    ordered = [
        (list(getattr(dtype, "categories", ())), getattr(dtype, "ordered", None))
        for dtype in dtypes
    ]
    return list(table.columns), [str(dtype) for dtype in dtypes], ordered


def _sampled(values):
    """Each song's elements, or a share of them from a place that moves from song to song."""
    step = max(1, values.size // SAMPLED)
    for row, song in enumerate(values):
        yield song.reshape(-1)[row % step :: step]
