"""Calibration error of every class's probability, not of the top label alone."""

import numpy as np

from sklearn_skd.metrics._binning import check_binning, gap_norm, make_bins
from sklearn_skd.metrics._validation import check_targets


def classwise_calibration_error(
    y_true,
    y_proba,
    *,
    n_bins=15,
    strategy="uniform",
    norm="l1",
    average="macro",
    labels=None,
    sample_weight=None,
):
    """Class-wise expected calibration error: one class against the rest, then the mean.

    For each class, all songs are binned by its probability, also where it is not predicted; the
    error is the distance between the share of songs of the class and the mean probability. It
    shows what the top label hides: a class that is systematically promised too much or too
    little. Where classes are many, most probabilities are small, and so is the error.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    n_bins : int, default=15
        Number of bins, at least 1, right-closed as in :func:`expected_calibration_error`.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width on [0, 1], or of equal mass, made for each class.
    norm : {"l1", "l2", "max"}, default="l1"
        Mean absolute gap, root mean squared gap, or largest gap.
    average : {"macro", None}, default="macro"
        The mean over the classes, or one error a class.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``, which must then hold every
        class. A class without songs counts: probability given to it is an error.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    error : float, or ndarray of shape (n_classes,) if ``average=None``
        In [0, 1], 0 is best; in the order of the columns.

    Raises
    ------
    ValueError
        As :func:`expected_calibration_error`, and if ``average`` is unknown.

    References
    ----------
    Kull et al. (2019), Beyond temperature scaling: obtaining well-calibrated multi-class
    probabilities with Dirichlet calibration, NeurIPS, section 2. Nixon et al. (2019), Measuring
    calibration in deep learning, CVPR workshops (where it is called static calibration error).

    Examples
    --------
    Tense is promised half of four songs and has one of them:

    >>> from sklearn_skd.metrics import classwise_calibration_error
    >>> proba = [[0.5, 0.5]] * 4
    >>> classwise_calibration_error(["calm", "calm", "calm", "tense"], proba, average=None)
    array([0.25, 0.25])
    """
    check_binning(n_bins, strategy, norm)
    if average not in ("macro", None):
        raise ValueError(f"average must be 'macro' or None, got {average!r}")
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    errors = np.empty(y_proba.shape[1])
    for k, confidence in enumerate(y_proba.T):
        bins = make_bins(confidence, weight, n_bins=n_bins, strategy=strategy)
        gap = (weight * ((codes == k) - confidence)) @ bins.member
        errors[k] = gap_norm(gap, weight @ bins.member, norm)
    return errors if average is None else float(errors.mean())
