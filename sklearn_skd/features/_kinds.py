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
        If `output` is of another kind or length.
    """
    if scipy.sparse.issparse(output):
        output = output.toarray()
    if isinstance(output, pd.DataFrame):  # transform_output="pandas"
        output = output.to_numpy()
    array = np.asarray(output)
    if array.dtype.kind == "f" and array.ndim in (2, 3):
        array = array.astype(np.float32, copy=False)
    elif array.dtype.kind in "iu" and array.ndim == 2:
        array = array.astype(np.int64, copy=False)
    else:
        raise ValueError(
            f"The source {name!r} gave an array of dtype {array.dtype} and {array.ndim} "
            "dimensions; a source is float of shape (n, d) or (n, channels, frames), or integer "
            "of shape (n, fields). Convert it, for example with a FunctionTransformer in a "
            "Pipeline."
        )
    if len(array) != n_songs:
        raise ValueError(f"The source {name!r} gave {len(array)} rows for {n_songs} songs.")
    return array
