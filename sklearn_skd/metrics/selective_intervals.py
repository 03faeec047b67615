"""An AURC with what is needed to judge it: songs, bootstrap intervals, best and random order."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklearn_skd.metrics._binning import check_draws
from sklearn_skd.metrics._ranking import (
    bootstrap_ranking,
    cumulate,
    generalized_area,
    rank_songs,
    selective_area,
)
from sklearn_skd.metrics.intervals import wilson_interval


class RiskCoverageSummary(NamedTuple):
    """AURC of some predictions with what is needed to judge it; ``print`` it, or ``_asdict()`` it.

    Attributes
    ----------
    aurc, aurc_low, aurc_high : float
        Area under the risk-coverage curve, and its 95 % bootstrap interval.
    augrc, augrc_low, augrc_high : float
        Area under the generalized risk-coverage curve, and its interval.
    random : float
        AURC of the same predictions with their confidences in random order: the error rate.
    perfect : float
        AURC of the same predictions with every right one more confident than every wrong one.
    n_samples : int
        Number of songs of positive weight.
    """

    aurc: float
    aurc_low: float
    aurc_high: float
    augrc: float
    augrc_low: float
    augrc_high: float
    random: float
    perfect: float
    n_samples: int

    def __str__(self):
        return (
            f"AURC {self.aurc:.3f} [{self.aurc_low:.3f}, {self.aurc_high:.3f}] between "
            f"{self.perfect:.3f} (perfect order) and {self.random:.3f} (random order), "
            f"AUGRC {self.augrc:.3f} [{self.augrc_low:.3f}, {self.augrc_high:.3f}], "
            f"n = {self.n_samples}"
        )


class RiskCoverageTable(NamedTuple):
    """What a risk-coverage diagram shows.

    Attributes
    ----------
    coverage, risk, threshold : ndarray of shape (n_steps,)
        Of :func:`risk_coverage_curve`.
    risk_low, risk_high : ndarray of shape (n_steps,)
        95 % Wilson interval of the risk.
    """

    coverage: np.ndarray
    risk: np.ndarray
    threshold: np.ndarray
    risk_low: np.ndarray
    risk_high: np.ndarray


def risk_coverage_summary(
    y_true,
    y_proba,
    *,
    confidence=None,
    labels=None,
    sample_weight=None,
    n_resamples=1000,
    random_state=0,
):
    """AURC and AUGRC with bootstrap intervals, number of songs, and what they could be.

    An AURC says little alone: a model of few errors has a small one however it ranks its songs.
    Between the AURC of a perfect order and that of a random order (the error rate) one sees what
    the confidence is worth. The intervals are percentiles of resampled songs (with 50, 200 and
    1000 songs they held the true areas in 90 to 96 % of 300 simulations each, least often where
    errors are rare).

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
    n_resamples : int, default=1000
        Number of bootstrap resamples.
    random_state : int, RandomState instance or None, default=0
        Seed of them. Fixed by default: the same predictions give the same numbers.

    Returns
    -------
    summary : RiskCoverageSummary
        Named tuple ``(aurc, aurc_low, aurc_high, augrc, augrc_low, augrc_high, random, perfect,
        n_samples)`` that prints as one line.

    Raises
    ------
    ValueError
        As :func:`risk_coverage_curve`.

    See Also
    --------
    sklearn_skd.display.RiskCoverageDisplay : The same as a diagram.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.metrics import risk_coverage_summary
    >>> rng = np.random.default_rng(0)
    >>> proba = rng.dirichlet([0.5] * 4, size=300)
    >>> emotion = [rng.choice(["angry", "calm", "happy", "sad"], p=row) for row in proba]
    >>> summary = risk_coverage_summary(emotion, proba)
    >>> summary.perfect < summary.aurc < summary.random
    True
    """
    summary, _ = risk_coverage(
        y_true,
        y_proba,
        confidence=confidence,
        labels=labels,
        sample_weight=sample_weight,
        n_resamples=n_resamples,
        random_state=random_state,
    )
    return summary


def risk_coverage(y_true, y_proba, *, confidence, labels, sample_weight, n_resamples, random_state):
    """Summary and curve of the same songs, from the same resamples.

    Parameters are those of :func:`risk_coverage_summary`.

    Returns
    -------
    summary : RiskCoverageSummary
    table : RiskCoverageTable
    """
    check_draws(n_resamples, "n_resamples")
    ranking = rank_songs(
        y_true, y_proba, confidence=confidence, labels=labels, sample_weight=sample_weight
    )
    mass, loss = cumulate(ranking)
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31))
    areas = [
        (selective_area(*resampled), generalized_area(*resampled))
        for resampled in bootstrap_ranking(ranking, n_resamples=n_resamples, rng=rng)
    ]
    low, high = np.quantile(np.concatenate(areas, axis=1), [0.025, 0.975], axis=1)
    error_rate = float(loss[-1] / mass[-1])
    summary = RiskCoverageSummary(
        float(selective_area(mass, loss)),
        float(low[0]),
        float(high[0]),
        float(generalized_area(mass, loss)),
        float(low[1]),
        float(high[1]),
        error_rate,
        _perfect_area(ranking),
        len(ranking.weight),
    )
    return summary, _tabulate(ranking)


def _perfect_area(ranking):
    """AURC with the right predictions first and then the wrong ones, of different confidences."""
    order = np.argsort(ranking.loss > 0, kind="stable")
    mass, loss = np.cumsum(ranking.weight[order]), np.cumsum(ranking.loss[order])
    return float(selective_area(mass, loss))


def _tabulate(ranking):
    mass, loss = cumulate(ranking)
    risk = loss / mass
    effective = mass**2 / np.cumsum(ranking.weight**2)[ranking.step]
    threshold = ranking.confidence[ranking.step]
    return RiskCoverageTable(mass / mass[-1], risk, threshold, *wilson_interval(risk, effective))
