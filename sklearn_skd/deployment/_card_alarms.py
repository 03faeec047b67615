"""Where a model is worse than can be chance, many questions asked at once.

Three questions a group: is its confidence too high or too low, is its calibration error larger than
a calibrated model's, is its accuracy lower than that of the other songs? Each has an exact or
simulated test, and Holm's correction keeps the chance of one false alarm or more below the level,
however many groups there are and however they depend on each other.
"""

import numpy as np
from scipy.stats import hypergeom, norm

from sklearn_skd.metrics._binning import ROUNDING, gap_norm, make_bins, null_gaps

__all__ = ["LEVEL", "accuracy_p", "calibration_p", "confidence_p", "holm"]

#: Chance of one false alarm or more on a page.
LEVEL = 0.05

# above, the normal distribution does as well as the exact one, and at once
_MOST_EXACT = 5_000
_N_BINS = 15
_FIRST_DRAWS = 200


def confidence_p(probability, happened):
    """Whether events happen as often as their probabilities say: exact and two-sided.

    The number of events of a calibrated model is a sum of coins of different bias, the
    Poisson-binomial distribution.

    Parameters
    ----------
    probability : ndarray of shape (n_songs,)
        Of the event, for each song.

    happened : ndarray of shape (n_songs,)
        1 or 0.

    Returns
    -------
    p : float
        In (0, 1].
    """
    count = round(happened.sum())
    if len(probability) > _MOST_EXACT:
        spread = np.sqrt((probability * (1 - probability)).sum())
        distance = max(abs(count - probability.sum()) - 0.5, 0)
        return float(2 * norm.sf(distance / spread)) if spread > 0 else float(distance == 0)
    mass = np.ones(1)
    for p in probability:
        mass = np.convolve(mass, (1 - p, p))
    return float(min(1, 2 * min(mass[: count + 1].sum(), mass[count:].sum())))


def calibration_p(confidence, correct, *, least, rng):
    """Whether a calibration error is larger than a calibrated model's: simulated, one-sided.

    Parameters
    ----------
    confidence, correct : ndarray of shape (n_songs,)
        Of the predicted class; 1.0 or 0.0.

    least : float
        The smallest p that must be told apart: as many label sets as that takes are drawn where
        the first ones say that it may matter.

    rng : numpy Generator

    Returns
    -------
    p : float
        In (0, 1].
    """
    weight = np.ones(len(confidence))
    bins = make_bins(confidence, weight, n_bins=_N_BINS, strategy="uniform")
    mass = bins.member.sum(axis=0)
    error = gap_norm((correct - confidence) @ bins.member, mass, "l1")
    draws = exceeded = 0
    for n in (_FIRST_DRAWS, int(np.ceil(4 / least))):
        gaps = null_gaps(confidence, weight, bins, n_draws=n, rng=rng)
        exceeded += (gap_norm(gaps, mass, "l1") >= error - ROUNDING).sum()
        draws += n
        if exceeded > LEVEL * draws:  # no correction makes it smaller
            break
    return float((1 + exceeded) / (1 + draws))


def accuracy_p(correct, others):
    """Whether the accuracy is lower than that of the other songs: Fisher's exact test, one-sided.

    Parameters
    ----------
    correct, others : ndarray
        1.0 or 0.0, of the songs of the group and of all others.

    Returns
    -------
    p : float
        In (0, 1].
    """
    right = round(correct.sum() + others.sum())
    songs = len(correct) + len(others)
    return float(hypergeom.cdf(round(correct.sum()), songs, right, len(correct)))


def holm(p):
    """Holm's adjustment: p-values to be compared with the level of the whole family.

    Parameters
    ----------
    p : array-like of shape (n_tests,)
        In [0, 1].

    Returns
    -------
    adjusted : ndarray of shape (n_tests,)
        In [0, 1].

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal
    of Statistics.
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted
