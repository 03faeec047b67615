"""Expected calibration error and its null floor (paper section 4.6)."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklearn_skd.metrics._binning import check_binning, check_draws, gap_norm, make_bins, null_gaps
from sklearn_skd.metrics._validation import check_probabilities, check_targets, check_weight


class NullFloor(NamedTuple):
    """ECE that a perfectly calibrated model would show, see `calibration_null_floor`.

    Attributes
    ----------
    mean : float
        Mean over the draws, in [0, 1].
    low, high : float
        2.5 % and 97.5 % quantiles over the draws.
    """

    mean: float
    low: float
    high: float


def expected_calibration_error(
    y_true,
    y_proba,
    *,
    n_bins=15,
    strategy="uniform",
    norm="l1",
    labels=None,
    sample_weight=None,
):
    """Expected calibration error (ECE) of the top label.

    Songs are binned by confidence, the probability of the predicted class; the error is the
    mean over bins, weighted by their songs, of the distance between accuracy and mean
    confidence. Bins are right-closed (lo, hi], 0 belongs to the first, empty bins are skipped.

    An ECE is biased upwards: also a perfectly calibrated model shows one, the larger the fewer
    the songs. :func:`calibration_summary` prints it with what is needed to judge it.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem; the confidence is then max(p, 1 - p).
    n_bins : int, default=15
        Number of bins, at least 1.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width on [0, 1], or of equal mass. Equal confidences share a bin, so
        equal mass may leave bins empty where confidences tie.
    norm : {"l1", "l2", "max"}, default="l1"
        Mean absolute gap, root mean squared gap, or largest gap (maximum calibration error).
    labels : array-like of shape (n_classes,), default=None
        Class of each column, in the order of the columns: the estimator's ``classes_``. None
        takes the sorted labels of ``y_true``, which must then hold every class.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    error : float
        In [0, 1], 0 is best.

    Raises
    ------
    ValueError
        If probabilities are outside [0, 1] or do not sum to 1, lengths differ, or labels are
        missing, unknown, or do not fit the columns. Messages name the row.

    See Also
    --------
    calibration_null_floor : The error of a perfectly calibrated model.
    calibration_summary : The error with interval, null floor and number of songs.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks, ICML.

    Examples
    --------
    Two songs at confidence 0.9, one of them wrong; two at 0.6, both right:

    >>> from sklearn_skd.metrics import expected_calibration_error
    >>> proba = [[0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.4, 0.6]]
    >>> round(expected_calibration_error(["calm", "calm", "calm", "tense"], proba), 3)
    0.4
    """
    check_binning(n_bins, strategy, norm)
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    confidence, correct = top_label(y_proba, codes)
    bins = make_bins(confidence, weight, n_bins=n_bins, strategy=strategy)
    gap = (weight * (correct - confidence)) @ bins.member
    return float(gap_norm(gap, weight @ bins.member, norm))


def calibration_null_floor(
    y_proba,
    *,
    n_bins=15,
    strategy="uniform",
    norm="l1",
    sample_weight=None,
    n_draws=1000,
    random_state=0,
):
    """ECE that a perfectly calibrated model with these probabilities would show.

    Labels are drawn from the probabilities themselves, again and again, and the ECE of each
    draw is taken. What is left is the noise of finitely many songs: an observed ECE inside the
    band gives no evidence of miscalibration. The floor falls like 1 / sqrt(n_samples).

    Parameters
    ----------
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities, as for :func:`expected_calibration_error`.
    n_bins : int, default=15
        Number of bins, at least 1. This, the strategy and the norm must be those of the ECE
        beside it.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width on [0, 1], or of equal mass.
    norm : {"l1", "l2", "max"}, default="l1"
        Mean absolute gap, root mean squared gap, or largest gap.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.
    n_draws : int, default=1000
        Number of simulated label sets.
    random_state : int, RandomState instance or None, default=0
        Seed of the draws. Fixed by default: the same predictions have the same floor.

    Returns
    -------
    floor : NullFloor
        Named tuple ``(mean, low, high)``: mean and 95 % band.

    Raises
    ------
    ValueError
        If probabilities are outside [0, 1] or do not sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.metrics import calibration_null_floor
    >>> floor = calibration_null_floor(np.full((100, 4), [0.7, 0.1, 0.1, 0.1]))
    >>> round(floor.mean, 2), floor.low < floor.mean < floor.high
    (0.04, True)
    """
    check_binning(n_bins, strategy, norm)
    check_draws(n_draws, "n_draws")
    y_proba = check_probabilities(y_proba)
    weight = check_weight(sample_weight, len(y_proba))
    confidence = y_proba.max(axis=1)
    bins = make_bins(confidence, weight, n_bins=n_bins, strategy=strategy)
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31))
    gap = null_gaps(confidence.astype(np.float64), weight, bins, n_draws=n_draws, rng=rng)
    return summarise_null(gap, weight @ bins.member, norm)


def summarise_null(gap, mass, norm):
    """Mean and 95 % band of the errors of simulated label sets."""
    errors = gap_norm(gap, mass, norm)
    low, high = np.quantile(errors, [0.025, 0.975])
    return NullFloor(float(errors.mean()), float(low), float(high))


def top_label(y_proba, codes):
    """Confidence of the predicted class and whether it is right (1.0 or 0.0).

    Returns
    -------
    confidence : ndarray of float of shape (n_samples,)
        In the precision of ``y_proba``; ties go to the first class, as ``predict`` does.
    correct : ndarray of float64 of shape (n_samples,)
    """
    predicted = y_proba.argmax(axis=1)
    return y_proba[np.arange(len(y_proba)), predicted], (predicted == codes).astype(np.float64)
