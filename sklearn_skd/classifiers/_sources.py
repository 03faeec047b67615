"""From what a user passes as X to named arrays, and to what a network must know of them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data

from sklearn_skd.classifiers._rows import MappedRows, blocks
from sklearn_skd.networks.source import Source, frames_with_sound

__all__ = ["PLAIN", "check_sources", "describe_sources", "select_sources", "songs_to_teach"]

# the embedding has a row a code up to the highest
_HIGHEST_CODE = 100_000

PLAIN = "features"  # the name of the one source that a plain 2-D array is


def check_sources(estimator, X, *, reset):
    """Validate X and return a dict from source name to array.

    A mapping (such as the `SliceDict` of :class:`sklearn_skd.SongFeatures`) holds named sources;
    a 2-D array or DataFrame is one vector source called ``features``.

    Parameters
    ----------
    estimator : estimator
        Its ``n_features_in_`` and ``feature_names_in_`` are set or checked for plain arrays; a
        mapping is checked against its ``sources_``.

    X : mapping, array-like or DataFrame
        The songs.

    reset : bool
        True in `fit`, False elsewhere.

    Returns
    -------
    sources : dict of ndarray
        float32 (n, channels, frames), float32 (n, features) or int64 (n, fields).
    """
    if not isinstance(X, Mapping) or issparse(X):  # scipy's DOK arrays are dicts
        if not reset and not hasattr(estimator, "n_features_in_"):
            names = [source.name for source in estimator.sources_]
            raise ValueError(
                f"{type(estimator).__name__} was fitted on named sources {names}, but X is a "
                f"{type(X).__name__}. Pass a SliceDict with these names, for example the output "
                "of SongFeatures."
            )
        _refuse_text_columns(X)
        return {PLAIN: validate_data(estimator, X, dtype=np.float32, reset=reset)}
    if not list(X.keys()):  # the length of a SliceDict is its number of songs
        raise ValueError("X has no sources: it is an empty mapping.")
    if reset:
        for attribute in ("n_features_in_", "feature_names_in_"):
            estimator.__dict__.pop(attribute, None)
    for name in X:
        # the nets take sources as keyword arguments
        if not isinstance(name, str) or name in ("", "self"):
            raise ValueError(f"The name of a source is a str other than 'self', got {name!r}.")
    sources = {name: _check_source(name, values) for name, values in X.items()}
    lengths = {name: len(values) for name, values in sources.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"The sources of X differ in their number of songs: {lengths}.")
    if not next(iter(lengths.values())):
        raise ValueError("X has no songs (0 samples); at least one is needed.")
    return sources


def _refuse_text_columns(X):
    """A song table has columns that only SongFeatures can read."""
    if not isinstance(X, pd.DataFrame):
        return
    text = [name for place, name in enumerate(X.columns) if _is_text(X.iloc[:, place])]
    if text:
        raise ValueError(
            f"X is a table whose columns {text} are no numbers. Put SongFeatures before the "
            "classifier, make_pipeline(SongFeatures(), ...), or keep the columns of numbers."
        )


def _is_text(column):
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    try:
        np.asarray(column, dtype=float)
    except (TypeError, ValueError):
        return True
    return False


def _check_source(name, values):
    if issparse(values):
        raise TypeError(f"Source {name!r} is sparse: convert it with .toarray().")
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"Source {name!r} is a masked array: convert it, for example with "
            ".astype(float).filled(numpy.nan), which marks what is missing."
        )
    if not isinstance(values, MappedRows):
        values = np.asanyarray(values)
    if values.dtype.kind in "iu":
        return _check_categories(name, values)
    if values.dtype.kind not in "fb" or values.ndim not in (2, 3):
        raise ValueError(
            f"Source {name!r} has dtype {values.dtype} and shape {values.shape}. A source is "
            "float (n, channels, frames), float (n, features), or integer (n, fields); encode "
            "other data first, for example with LyricsEncoder or CultureEncoder."
        )
    if 0 in values.shape[1:]:
        raise ValueError(f"Source {name!r} is empty: its shape is {values.shape}. Leave it out.")
    if values.dtype != np.float32:
        with np.errstate(over="ignore"):  # what becomes infinite is reported below
            values = values.astype(np.float32)
    for start, block in blocks(values):
        # a sum is finite only if all is: one cheap pass that, unlike isfinite, copies nothing. In
        # float32 it may overflow, which costs a closer look and no more
        with np.errstate(invalid="ignore", over="ignore"):
            finite = np.isfinite(block.sum())
        if not finite:
            _check_missing(name, block, start)
    return values


def _check_categories(name, values):
    if values.ndim != 2:
        raise ValueError(
            f"Source {name!r} holds integers of shape {values.shape}; categories have shape "
            "(n, fields). Cast to float if they are measurements."
        )
    if values.size and values.min() < 0:
        row, field = np.argwhere(values < 0)[0]
        raise ValueError(
            f"Source {name!r} has the negative code {values[row, field]} in row {row}, field "
            f"{field}. Codes count from 0 = unknown, as CultureEncoder gives them."
        )
    if values.size and values.max() > _HIGHEST_CODE:
        row, field = np.argwhere(values > _HIGHEST_CODE)[0]
        raise ValueError(
            f"Source {name!r} has the code {values[row, field]} in row {row}, field {field}; "
            f"codes up to {_HIGHEST_CODE} are embedded. Cast to float if these are measurements, "
            "or encode them with CultureEncoder."
        )
    return values.astype(np.int64, copy=False)


def _check_missing(name, values, start):
    """NaN may stand for a whole song or, in a time series, a whole frame; never for a part."""
    if np.isinf(values).any():
        row = start + int(np.argwhere(np.isinf(values))[0, 0])
        raise ValueError(
            f"Source {name!r} contains infinity in row {row}, or a number too large for float32. "
            "Clip or drop the value; a source "
            "that the song lacks is marked by NaN in its whole row."
        )
    missing = np.isnan(values)
    partly = missing.any(axis=1) & ~missing.all(axis=1)
    if partly.any():
        row = start + int(np.argwhere(partly)[0, 0])
        raise ValueError(
            f"Source {name!r} contains NaN in a part of row {row}. NaN must fill the row (the "
            "song lacks this source) or, in a time series, whole frames (padding); impute the "
            "rest, for example with SimpleImputer."
        )


def select_sources(sources, names, *, what):
    """The named sources, in the order of `names`.

    Parameters
    ----------
    sources : dict of ndarray
        See :func:`check_sources`.

    names : sequence of str
        Those wanted.

    what : str
        Who wants them, for the error.

    Returns
    -------
    sources : dict of ndarray
    """
    missing = [name for name in names if name not in sources]
    if missing:
        raise ValueError(f"{what} needs the sources {missing}, but X has {sorted(sources)}.")
    return {name: sources[name] for name in names}


def songs_to_teach(X, sources):
    """The songs in the container that the user chose, if its rows can be taken.

    Parameters
    ----------
    X : mapping, array-like or DataFrame
        As passed to `fit`.

    sources : dict of ndarray
        Of the same songs; see :func:`check_sources`.

    Returns
    -------
    X : DataFrame, ndarray, SliceDict or dict of ndarray
        The teacher may choose from a table by name; a mapping of lists or tables, or one that
        gives no rows, becomes the dict of arrays.
    """
    if not isinstance(X, Mapping):
        return X if hasattr(X, "columns") else sources[PLAIN]
    if not hasattr(X, "shape"):  # as a SliceDict has
        return sources
    arrays = all(isinstance(values, np.ndarray | MappedRows) for values in X.values())
    return X if arrays else type(X)(**sources)


def describe_sources(sources):
    """Kind, size and training statistics (eq. 2) of each source.

    Parameters
    ----------
    sources : dict of ndarray
        The training songs; see :func:`check_sources`.

    Returns
    -------
    described : tuple of Source
    """
    return tuple(_describe(name, values) for name, values in sources.items())


def _describe(name, values):
    if values.dtype.kind == "i":
        n_codes = tuple(int(code) + 1 for code in values.max(axis=0))
        return Source(name, "categories", values.shape[1], n_codes=n_codes)
    if values.ndim == 3:
        mean, scale = _series_statistics(values)
        return Source(name, "series", values.shape[1], mean=mean, scale=scale)
    # a plain array is no encoder's output: its last column may well be an ordinary 0 or 1
    flagged = name != PLAIN and _has_presence_flag(values)
    known = values[~np.isnan(values).all(axis=1)]
    if flagged:  # the statistics of what is there, not of the tag that stands for nothing
        known = known[known[:, -1] == 1] if (known[:, -1] == 1).any() else known
    if not len(known):
        known = np.zeros((1, values.shape[1]), np.float32)
    mean, scale = known.mean(axis=0, dtype=np.float64), known.std(axis=0, dtype=np.float64)
    return Source(name, "vector", values.shape[1], tuple(mean), _usable(scale, mean), (), flagged)


def _series_statistics(values):
    """Mean and deviation a channel over the frames with sound, one song at a time."""
    import torch

    count, total, square = 0, 0.0, 0.0
    for song in values:
        frames = torch.from_numpy(np.array(song[None]))
        sound = song[:, frames_with_sound(frames)[0].numpy()].astype(np.float64)
        if np.isnan(sound).all():
            continue
        count += sound.shape[1]
        total = total + sound.sum(axis=1)
        square = square + np.square(sound).sum(axis=1)
    if not count:
        return (0.0,) * values.shape[1], (1.0,) * values.shape[1]
    mean = total / count
    return tuple(mean), _usable(np.sqrt(np.maximum(square / count - mean**2, 0)), mean)


def _usable(scale, mean):
    """Deviations to divide by: those of constant columns, up to rounding, become 1."""
    constant = scale <= np.maximum(1e-6 * np.abs(mean), np.finfo(np.float32).tiny)
    return tuple(np.where(constant, 1.0, scale))


def _has_presence_flag(values):
    """Whether the last column says if the song has the source, as LyricsEncoder's does.

    It is then 0 or 1, and all songs with 0 carry the same vector: the tag for "nothing there".
    """
    flag = values[:, -1]
    if values.shape[1] < 3 or not np.isin(flag, (0, 1)).all():
        return False
    absent = values[flag == 0]
    return len(absent) != 1 and (len(absent) == 0 or bool((absent == absent[0]).all()))
