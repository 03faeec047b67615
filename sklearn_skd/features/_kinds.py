"""The kinds of arrays by which an estimator knows a source."""

import numpy as np
import pandas as pd
import scipy.sparse


def as_source(name, output, n_songs):
    """Make a transformer's output an array of a kind that estimators read.

    Parameters
    ----------
    name : str
        Name of the source, for the error.
    output : array-like, sparse matrix or DataFrame
    n_songs : int

    Returns
    -------
    ndarray
        Time series, float32 of shape (n_songs, channels, frames); vectors, float32 of shape
        (n_songs, d); or codes of categories, int64 of shape (n_songs, fields).

    Raises
    ------
    ValueError
        If `output` is of another kind or length, or a value does not fit into the kind.
    """
    array = _as_array(name, output)
    if array.dtype.kind == "f" and array.ndim in (2, 3):
        array = _as_float32(name, array)
    elif array.dtype.kind in "iu" and array.ndim == 2:
        array = _as_codes(name, array)
    else:
        raise ValueError(
            f"The source {name!r} gave an array of dtype {array.dtype} and {array.ndim} "
            "dimensions; a source is float of shape (n, d) or (n, channels, frames), or integer "
            "of shape (n, fields). Convert it, for example with a FunctionTransformer in a "
            "Pipeline."
        )
    if len(array) != n_songs:
        raise ValueError(f"The source {name!r} gave {len(array)} rows for {n_songs} songs.")
    if 0 in array.shape[1:]:
        raise ValueError(
            f"The source {name!r} gave nothing: an array of shape {array.shape}. Leave it out."
        )
    return array


def _as_array(name, output):
    if scipy.sparse.issparse(output):
        return output.toarray()
    if isinstance(output, pd.DataFrame):  # transform_output="pandas"
        return output.to_numpy()
    if isinstance(output, np.ma.MaskedArray):
        return output.astype(float).filled(np.nan)
    try:
        return np.asarray(output)
    except ValueError as error:
        raise ValueError(
            f"The source {name!r} gave rows of different lengths ({error}). Cut or pad them."
        ) from error


def _as_float32(name, array):
    with np.errstate(over="ignore"):
        single = array.astype(np.float32, copy=False)
    if single is not array and array.dtype.itemsize > 4:
        _check_cell(name, array, np.isinf(single) & np.isfinite(array), "beyond float32: rescale")
    return single


def _as_codes(name, array):
    # beyond int64 is what becomes negative only now
    codes = array.astype(np.int64, copy=False)
    fix = "no code of a category (those count from 0 = unknown): cast to float what is measured"
    _check_cell(name, array, codes < 0, fix)
    return codes


def _check_cell(name, array, bad, fix):
    if bad.any():
        where = tuple(np.argwhere(bad)[0])
        raise ValueError(
            f"The source {name!r} holds {array[where]} in row {where[0]}, which is {fix}."
        )
