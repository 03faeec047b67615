"""Agreement with annotators, and of annotators with each other (paper section 4.6, Table 5)."""

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length

from sklearn_skd._random import own_random_state

__all__ = ["concordance_correlation_coefficient", "inter_annotator_consistency"]


def concordance_correlation_coefficient(y_true, y_pred, *, multioutput="uniform_average"):
    r"""Concordance of two measurements of the same songs.

    .. math:: \mathrm{CCC} = \frac{2\, \mathrm{cov}(x, y)}
              {\mathrm{var}(x) + \mathrm{var}(y) + (\bar x - \bar y)^2}

    In contrast to a correlation, differences of location and scale count. For Table 5 of the
    paper, `y_true` are the annotators' vote shares and `y_pred` the predicted probabilities, a
    column a class, pooled over the test folds; for valence and arousal, a column a dimension.

    Parameters
    ----------
    y_true : array-like of shape (n_songs,) or (n_songs, n_outputs)
        Reference, for example vote shares. One-hot labels will do, but measure accuracy more
        than agreement with people: say so beside the number.

    y_pred : array-like of the same shape
        Predictions.

    multioutput : {"uniform_average", "raw_values"}, default="uniform_average"
        Mean over the columns, or one value a column.

    Returns
    -------
    ccc : float, or ndarray of shape (n_outputs,)
        In [-1, 1]; 1 = the same numbers. NaN for a column that is the same constant in both.

    References
    ----------
    L. I-K. Lin, "A concordance correlation coefficient to evaluate reproducibility",
    Biometrics, 1989.

    Examples
    --------
    >>> from sklearn_skd.metrics import concordance_correlation_coefficient
    >>> shares = [[0.8, 0.2], [0.1, 0.9], [0.5, 0.5]]
    >>> concordance_correlation_coefficient(shares, shares)
    1.0
    >>> round(concordance_correlation_coefficient([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 3)
    0.571
    """
    if multioutput not in ("uniform_average", "raw_values"):
        raise ValueError(f"multioutput is 'uniform_average' or 'raw_values', got {multioutput!r}.")
    x, y = (
        check_array(values, ensure_2d=False, dtype=float, ensure_min_samples=2, input_name=name)
        for values, name in ((y_true, "y_true"), (y_pred, "y_pred"))
    )
    check_consistent_length(x, y)
    if x.shape != y.shape:
        raise ValueError(f"y_true has shape {x.shape} and y_pred {y.shape}: they must agree.")
    ccc = _ccc(x.reshape(len(x), -1), y.reshape(len(y), -1))
    return ccc if multioutput == "raw_values" else float(ccc.mean())


def _ccc(x, y):
    """One value a column."""
    gap = x.mean(axis=0) - y.mean(axis=0)
    covariance = ((x - x.mean(axis=0)) * (y - y.mean(axis=0))).mean(axis=0)
    scale = x.var(axis=0) + y.var(axis=0) + gap**2
    with np.errstate(invalid="ignore", divide="ignore"):
        ccc = np.where(scale > 0, 2 * covariance / scale, np.nan)
    # rounded means give a constant a variance
    both = np.stack([x, y])
    return np.where(np.ptp(both, axis=(0, 1)) == 0, np.nan, ccc)


def inter_annotator_consistency(votes, *, method="halves", n_splits=100, random_state=None):
    """Agreement of annotators with each other, on the scale of the CCC.

    What a model's CCC is to be compared with: the concordance of the vote shares of one part of a
    song's annotators with those of the rest, averaged over classes and random partitions.

    Parameters
    ----------
    votes : array-like of shape (n_songs, n_classes)
        Counts of votes, one an annotator. Songs with fewer than two votes are left out, and then
        classes that nobody chose: about those there is nothing to agree on.

    method : {"halves", "leave-one-out"}, default="halves"
        Two random halves of each song's votes; or one random vote against all others.

    n_splits : int, default=100
        Random partitions.

    random_state : int, RandomState instance or None, default=None
        Of the partitions.

    Returns
    -------
    consistency : float
        Mean CCC; NaN if fewer than two songs have two votes.

    Raises
    ------
    ValueError
        If the votes are no counts, or an argument is out of range.

    Notes
    -----
    Half of the votes are a noisier reference than all of them, so a model may well exceed the
    consistency.

    Examples
    --------
    >>> from sklearn_skd.metrics import inter_annotator_consistency
    >>> votes = [[6, 0], [0, 6], [3, 3]]
    >>> 0.7 < inter_annotator_consistency(votes, random_state=0) < 1
    True
    """
    if method not in ("halves", "leave-one-out"):
        raise ValueError(f"method is 'halves' or 'leave-one-out', got {method!r}.")
    if not isinstance(n_splits, int | np.integer) or n_splits < 1:
        raise ValueError(f"n_splits is a whole number of at least 1, got {n_splits!r}.")
    votes = check_array(votes, dtype=float, input_name="votes")
    wrong = np.argwhere((votes < 0) | (votes % 1 != 0))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"votes holds {votes[row, column]:g} in row {row}, column {column}: counts of votes "
            "are needed, not shares."
        )
    votes = votes[votes.sum(axis=1) >= 2].astype(int)
    if len(votes) < 2:
        return np.nan
    votes = votes[:, votes.any(axis=0)]  # a constant has no concordance
    rng = np.random.default_rng(own_random_state(random_state).randint(2**31 - 1))
    values = [_ccc(*_partition(votes, method, rng)).mean() for _ in range(n_splits)]
    return float(np.mean(values))


def _partition(votes, method, rng):
    """Vote shares of two parts of each song's annotators."""
    total = votes.sum(axis=1)
    size = total // 2 if method == "halves" else np.ones_like(total)
    part = np.zeros_like(votes)
    left, rest = size.copy(), total.copy()
    for k in range(votes.shape[1]):  # multivariate hypergeometric, class by class, for all songs
        rest = rest - votes[:, k]
        part[:, k] = rng.hypergeometric(votes[:, k], rest, left)
        left = left - part[:, k]
    other = votes - part
    return part / size[:, None], other / (total - size)[:, None]
