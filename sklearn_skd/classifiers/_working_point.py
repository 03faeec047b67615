"""Where to draw the line between the songs that are answered and those that are not."""

from typing import NamedTuple

import numpy as np
from scipy.stats import beta

from sklearn_skd._warnings import warn_user
from sklearn_skd.metrics import risk_coverage_curve
from sklearn_skd.metrics._binning import ROUNDING
from sklearn_skd.metrics._validation import check_targets

__all__ = ["WorkingPoint", "at_coverage", "at_risk", "is_right", "risk_bound"]

# shares of songs from which the search for a risk starts, each at its part of the level
_STARTS = (0.1, 0.25, 0.5)


class WorkingPoint(NamedTuple):
    """A threshold, and what it does on the songs it was chosen on.

    Attributes
    ----------
    threshold : float
        Songs that score no less are answered.
    coverage : float
        Share of them.
    risk : float
        Share of wrong predictions among them.
    bound : float
        Upper confidence bound of the risk.
    """

    threshold: float
    coverage: float
    risk: float
    bound: float


def is_right(y, predicted, *, classes):
    """Whether each prediction is right; it need not be that of the most probable class.

    Parameters
    ----------
    y, predicted : array-like of shape (n_songs,)
        Labels, none of them missing, and predictions.

    classes : ndarray of shape (n_classes,)
        Of the classifier.

    Returns
    -------
    right : ndarray of float of shape (n_songs,)
        1 or 0.
    """
    told = np.asarray(predicted)[:, None] == classes
    codes, told, _ = check_targets(y, told.astype(float), labels=classes)
    return told[np.arange(len(codes)), codes]


def at_coverage(right, score, coverage, *, level):
    """The threshold that answers a share of the songs.

    Parameters
    ----------
    right : ndarray of shape (n_songs,)
        1 where the prediction is right, else 0.

    score : ndarray of shape (n_songs,)
        By which songs are ranked.

    coverage : float
        In (0, 1].

    level : float
        Of the bound, in (0, 1).

    Returns
    -------
    point : WorkingPoint
    """
    covered, risk, threshold = _curve(right, score)
    i = int(np.searchsorted(covered, coverage - ROUNDING))
    bound = risk_bound(covered * len(right), risk, level=level)
    return _point(i, threshold, covered, risk, bound)


def at_risk(right, score, max_risk, *, level):
    """The threshold of the largest coverage whose risk is certified to be no more than a limit.

    A sequence of tests in a fixed order needs no correction for their number: from the songs of
    highest score on, one more is added as long as the bound stays below the limit. A bad start
    would end it, hence three starts at a third of the error probability each.

    Parameters
    ----------
    right : ndarray of shape (n_songs,)
        1 where the prediction is right, else 0.

    score : ndarray of shape (n_songs,)
        By which songs are ranked.

    max_risk : float
        In (0, 1).

    level : float
        Probability with which the risk is no more than `max_risk`, in (0, 1).

    Returns
    -------
    point : WorkingPoint
        At a threshold of infinity, which answers nothing, if no risk so low can be certified.

    Warns
    -----
    UserWarning
        In that case.

    References
    ----------
    Angelopoulos et al. (2021), Learn then test: calibrating predictive algorithms to achieve
    risk control, arXiv:2110.01052 (fixed-sequence testing).
    """
    covered, risk, threshold = _curve(right, score)
    bound = risk_bound(covered * len(right), risk, level=1 - (1 - level) / len(_STARTS))
    starts = np.searchsorted(covered, np.array(_STARTS) - ROUNDING)
    last = _last_below(bound, starts, max_risk)
    if last is not None:
        return _point(last, threshold, covered, risk, bound)
    i = starts[bound[starts].argmin()]  # the first to pass, if the limit is raised
    warn_user(
        f"A risk of no more than {max_risk:g} cannot be certified with confidence {level:g} on "
        f"{len(right)} held-out songs: every song is abstained from. The lowest risk within reach "
        f"is {bound[i]:.3f}, the upper bound for the {covered[i] * len(right):.0f} songs of "
        f"highest score, of which {risk[i]:.1%} are wrong. Raise max_risk, or hold out more songs."
    )
    return WorkingPoint(np.inf, 0.0, np.nan, np.nan)


def risk_bound(accepted, risk, *, level):
    """Upper bound of a risk after Clopper and Pearson.

    Parameters
    ----------
    accepted, risk : ndarray of shape (n,)
        Number of songs, and share of errors among them.

    level : float
        Probability with which the bound is above the true risk, in (0, 1).

    Returns
    -------
    bound : ndarray of shape (n,)
    """
    wrong = np.rint(risk * accepted)
    right = np.rint(accepted) - wrong
    return np.where(right > 0, beta.ppf(level, wrong + 1, np.maximum(right, 1)), 1.0)


def _curve(right, score):
    """Coverage, risk and threshold, a step for each distinct score."""
    told = np.column_stack([right, 1 - right])
    return risk_coverage_curve(np.zeros(len(right)), told, confidence=score, labels=[0, 1])


def _point(i, *columns):
    return WorkingPoint(*(float(values[i]) for values in columns))


def _last_below(bound, starts, limit):
    """End of the furthest run of bounds below the limit from a start; None if there is none."""
    above = np.append(bound > limit, True)
    runs = [int(np.argmax(above[start:])) for start in starts]
    ends = [start + run - 1 for start, run in zip(starts, runs, strict=True) if run]
    return max(ends, default=None)
