"""Selective prediction: what a model gains by answering only where it is confident."""

import numpy as np

from sklearn_skd.metrics._binning import ROUNDING
from sklearn_skd.metrics._ranking import cumulate, generalized_area, rank_songs, selective_area


def risk_coverage_curve(y_true, y_proba, *, confidence=None, labels=None, sample_weight=None):
    """Risk of the most confident songs, over the share of songs that they are.

    Songs are accepted from the most confident to the least. Coverage is the share of accepted
    songs, risk the share of wrong predictions among them. Songs of equal confidence are accepted
    together: no threshold tells them apart.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    confidence : array-like of shape (n_samples,), default=None
        Any number a song by which to rank, greater means more confident, such as a student's
        ``predict_credibility``. None: the probability of the predicted class.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights. Songs of weight 0 are left out.

    Returns
    -------
    coverage : ndarray of shape (n_steps,)
        Ascending, above 0; the last one is 1. One entry for each distinct confidence.
    risk : ndarray of shape (n_steps,)
        In [0, 1]; the last one is the error rate.
    threshold : ndarray of shape (n_steps,)
        Descending: the songs of ``confidence >= threshold`` are accepted.

    Raises
    ------
    ValueError
        As :func:`expected_calibration_error`, and if a confidence is missing.

    See Also
    --------
    area_under_risk_coverage : The curve as one number.
    sklearn_skd.display.RiskCoverageDisplay : The curve as a diagram.

    References
    ----------
    El-Yaniv, Wiener (2010), On the foundations of noise-free selective classification, JMLR.

    Examples
    --------
    >>> from sklearn_skd.metrics import risk_coverage_curve
    >>> emotion = ["calm", "calm", "tense", "tense"]
    >>> proba = [[0.9, 0.1], [0.8, 0.2], [0.8, 0.2], [0.4, 0.6]]
    >>> coverage, risk, threshold = risk_coverage_curve(emotion, proba)
    >>> coverage.tolist(), risk.round(2).tolist(), threshold.tolist()
    ([0.25, 0.75, 1.0], [0.0, 0.33, 0.25], [0.9, 0.8, 0.6])
    """
    ranking = rank_songs(
        y_true, y_proba, confidence=confidence, labels=labels, sample_weight=sample_weight
    )
    mass, loss = cumulate(ranking)
    return mass / mass[-1], loss / mass, ranking.confidence[ranking.step]


def area_under_risk_coverage(y_true, y_proba, *, confidence=None, labels=None, sample_weight=None):
    """Area under the risk-coverage curve (AURC): the mean risk over all coverages.

    Every song counts with the risk at the threshold that just accepts it. Confidence in random
    order gives the error rate r, a perfect order of many songs r + (1 - r) log(1 - r). Errors
    among the most confident songs weigh heavily, since few songs share them:
    :func:`area_under_generalized_risk_coverage` weighs all alike.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    confidence : array-like of shape (n_samples,), default=None
        Any number a song by which to rank, greater means more confident. None: the probability
        of the predicted class.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    area : float
        In [0, 1], 0 is best.

    Raises
    ------
    ValueError
        As :func:`risk_coverage_curve`.

    See Also
    --------
    risk_coverage_summary : The area with its interval, and what to compare it with.

    References
    ----------
    Geifman, Uziel, El-Yaniv (2019), Bias-reduced uncertainty estimation for deep neural
    classifiers, ICLR, section 3.

    Examples
    --------
    The mean of the risks 0, 1/2 and 1/3:

    >>> from sklearn_skd.metrics import area_under_risk_coverage
    >>> proba = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]
    >>> round(area_under_risk_coverage(["calm", "tense", "tense"], proba), 3)
    0.278
    """
    ranking = rank_songs(
        y_true, y_proba, confidence=confidence, labels=labels, sample_weight=sample_weight
    )
    return float(selective_area(*cumulate(ranking)))


def area_under_generalized_risk_coverage(
    y_true, y_proba, *, confidence=None, labels=None, sample_weight=None
):
    r"""Area under the generalized risk-coverage curve (AUGRC): mean risk of an undetected error.

    The generalized risk at a threshold is the share of all songs that are accepted and wrong;
    the area is its mean over all coverages. With the error rate r and AUROC, the area under the
    ROC curve of confidence as a detector of right predictions,

    .. math:: \mathrm{AUGRC} = r (1 - r) (1 - \mathrm{AUROC}) + r^2 / 2

    so that ranking and accuracy both count and no song counts more than another. Confidence in
    random order gives r / 2, a perfect order r^2 / 2.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    confidence : array-like of shape (n_samples,), default=None
        Any number a song by which to rank, greater means more confident. None: the probability
        of the predicted class.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    area : float
        In [0, 1/2], 0 is best.

    Raises
    ------
    ValueError
        As :func:`risk_coverage_curve`.

    References
    ----------
    Traub et al. (2024), Overcoming common flaws in the evaluation of selective classification
    systems, NeurIPS, arXiv:2407.01032.

    Examples
    --------
    One error in four songs, at the second place of four: under 0, 1/4, 1/4, 1/4.

    >>> from sklearn_skd.metrics import area_under_generalized_risk_coverage
    >>> proba = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]]
    >>> area_under_generalized_risk_coverage(["calm", "tense", "calm", "tense"], proba)
    0.15625
    """
    ranking = rank_songs(
        y_true, y_proba, confidence=confidence, labels=labels, sample_weight=sample_weight
    )
    return float(generalized_area(*cumulate(ranking)))


def coverage_at_risk(
    y_true, y_proba, *, max_risk, confidence=None, labels=None, sample_weight=None
):
    """Largest share of songs that can be answered at no more than a given risk.

    On the songs at hand: a threshold chosen for it promises too much for others, the more the
    fewer the songs. Choose it on songs held out for the purpose.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    max_risk : float
        Largest share of wrong predictions among the accepted songs, in [0, 1].
    confidence : array-like of shape (n_samples,), default=None
        Any number a song by which to rank, greater means more confident. None: the probability
        of the predicted class.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    coverage : float
        In [0, 1], 1 is best; 0 if the risk is exceeded at every threshold.

    Raises
    ------
    ValueError
        As :func:`risk_coverage_curve`, and if ``max_risk`` is outside [0, 1].

    Examples
    --------
    >>> from sklearn_skd.metrics import coverage_at_risk
    >>> proba = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]]
    >>> coverage_at_risk(["calm", "calm", "calm", "tense"], proba, max_risk=0.1)
    0.75
    """
    check_working_point(max_risk=max_risk)
    coverage, risk, _ = risk_coverage_curve(
        y_true, y_proba, confidence=confidence, labels=labels, sample_weight=sample_weight
    )
    return float(coverage[risk <= max_risk + ROUNDING].max(initial=0.0))


def accuracy_at_coverage(
    y_true, y_proba, *, coverage, confidence=None, labels=None, sample_weight=None
):
    """Accuracy among the most confident songs that make up a given share.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    coverage : float
        Share of songs to answer, in (0, 1]. Songs that tie with the last of them are answered
        as well.
    confidence : array-like of shape (n_samples,), default=None
        Any number a song by which to rank, greater means more confident. None: the probability
        of the predicted class.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    accuracy : float
        In [0, 1], 1 is best.

    Raises
    ------
    ValueError
        As :func:`risk_coverage_curve`, and if ``coverage`` is outside (0, 1].

    Examples
    --------
    >>> from sklearn_skd.metrics import accuracy_at_coverage
    >>> proba = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]]
    >>> accuracy_at_coverage(["calm", "calm", "calm", "tense"], proba, coverage=0.75)
    1.0
    """
    check_working_point(coverage=coverage)
    covered, risk, _ = risk_coverage_curve(
        y_true, y_proba, confidence=confidence, labels=labels, sample_weight=sample_weight
    )
    return float(1 - risk[np.searchsorted(covered, coverage - ROUNDING)])


def check_working_point(*, max_risk=0, coverage=1):
    """Refuse a risk or a coverage that is no share of songs."""
    if not 0 <= max_risk <= 1:
        raise ValueError(f"max_risk must be a share in [0, 1], got {max_risk!r}")
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage must be a share in (0, 1], got {coverage!r}")
