"""Whether a model promises too much or too little on the whole."""

import numpy as np

from sklearn_skd.metrics._validation import check_targets
from sklearn_skd.metrics.calibration import top_label


def overconfidence(y_true, y_proba, *, labels=None, sample_weight=None):
    """Mean confidence minus accuracy: above 0 over-confident, below 0 under-confident.

    An expected calibration error has no sign; this has one, and no bins. Around 0 it may hide
    errors that cancel each other: read it beside :func:`expected_calibration_error`, which is
    never smaller than its absolute value.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem; the confidence is then max(p, 1 - p).
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    difference : float
        In [-1, 1].

    Raises
    ------
    ValueError
        As :func:`expected_calibration_error`.

    Examples
    --------
    >>> from sklearn_skd.metrics import overconfidence
    >>> round(overconfidence(["calm", "tense"], [[0.9, 0.1], [0.7, 0.3]]), 2)
    0.3
    """
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    confidence, correct = top_label(y_proba, codes)
    return float(np.average(confidence - correct, weights=weight))
