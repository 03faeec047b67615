"""Squared calibration error without the bias of finitely many songs."""

import numpy as np

from sklearn_skd.metrics._binning import ROUNDING, check_binning, divide, make_bins
from sklearn_skd.metrics._validation import check_targets
from sklearn_skd.metrics.calibration import top_label


def debiased_calibration_error(
    y_true, y_proba, *, n_bins=15, strategy="quantile", labels=None, sample_weight=None
):
    r"""Debiased squared calibration error of the top label.

    The accuracy of a bin is itself uncertain, and its square adds that variance to the error.
    Here the variance is taken off:

    .. math::
        \sum_b \frac{n_b}{n} \left[ (a_b - c_b)^2 - \frac{a_b (1 - a_b)}{n_b - 1} \right]

    with accuracy :math:`a_b` and mean confidence :math:`c_b` of the :math:`n_b` songs in a bin.
    Around 0 for a calibrated model whatever the number of songs, and sometimes below: so it can
    be compared between data sets of different size, which an ECE cannot.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    n_bins : int, default=15
        Number of bins, at least 1.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of equal mass, as in the reference, or of equal width on [0, 1].
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights. A bin then has :math:`(\sum w)^2 / \sum w^2` songs.

    Returns
    -------
    error : float
        Squared error, at most 1, perhaps negative. A bin of a single song has no variance to
        take off and is left out; NaN if no bin holds two songs: take fewer bins.

    Raises
    ------
    ValueError
        As :func:`expected_calibration_error`.

    See Also
    --------
    expected_calibration_error : With ``norm="l2"``, the root of the same before debiasing.

    References
    ----------
    Kumar, Liang, Ma (2019), Verified uncertainty calibration, NeurIPS, section 4.

    Examples
    --------
    Four songs at confidence 0.9, two of them right: 0.4 squared, less 0.25 / 3.

    >>> from sklearn_skd.metrics import debiased_calibration_error
    >>> error = debiased_calibration_error([0, 0, 1, 1], [[0.9, 0.1]] * 4, n_bins=1)
    >>> round(error, 4)
    0.0767
    """
    check_binning(n_bins, strategy)
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    confidence, correct = top_label(y_proba, codes)
    bins = make_bins(confidence, weight, n_bins=n_bins, strategy=strategy)
    mass = weight @ bins.member
    songs = divide(mass**2, weight**2 @ bins.member)
    several = songs > 1 + ROUNDING
    if not several.any():
        return np.nan
    gap = divide((weight * (correct - confidence)) @ bins.member, mass)
    accuracy = divide((weight * correct) @ bins.member, mass)
    # empty bins and single songs: no error, as in the reference
    error = gap**2 - divide(accuracy * (1 - accuracy), songs - 1)
    return float(mass[several] @ error[several] / mass.sum())
