"""An ECE with what is needed to judge it: songs, bootstrap interval, null floor."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklearn_skd.metrics._binning import (
    bootstrap_gaps,
    check_binning,
    check_draws,
    divide,
    gap_norm,
    make_bins,
    null_gaps,
)
from sklearn_skd.metrics._validation import check_targets
from sklearn_skd.metrics.calibration import summarise_null, top_label

# two-sided 95 % point of the standard normal distribution
Z_95 = 1.959963984540054


class CalibrationSummary(NamedTuple):
    """ECE of some predictions with what is needed to judge it; ``print`` it, or ``_asdict()`` it.

    Attributes
    ----------
    ece : float
        Expected calibration error, in [0, 1].
    ece_low, ece_high : float
        95 % bootstrap interval.
    floor : float
        Mean ECE of a perfectly calibrated model with these probabilities.
    floor_low, floor_high : float
        95 % band of the same: an ``ece`` inside gives no evidence of miscalibration.
    n_samples : int
        Number of songs of positive weight.
    """

    ece: float
    ece_low: float
    ece_high: float
    floor: float
    floor_low: float
    floor_high: float
    n_samples: int

    def __str__(self):
        return (
            f"ECE {self.ece:.3f} [{self.ece_low:.3f}, {self.ece_high:.3f}], "
            f"null floor {self.floor:.3f} [{self.floor_low:.3f}, {self.floor_high:.3f}], "
            f"n = {self.n_samples}"
        )


class ReliabilityTable(NamedTuple):
    """What a reliability diagram shows; arrays have one entry a bin, NaN where it is empty.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Edges of the bins, right-closed.
    count : ndarray of int of shape (n_bins,)
        Number of songs.
    confidence, accuracy : ndarray of shape (n_bins,)
        Mean confidence and share of right predictions.
    accuracy_low, accuracy_high : ndarray of shape (n_bins,)
        95 % Wilson interval of the accuracy.
    null_low, null_high : ndarray of shape (n_bins,)
        Where 95 % of the accuracies of a perfectly calibrated model lie at these counts.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    accuracy_low: np.ndarray
    accuracy_high: np.ndarray
    null_low: np.ndarray
    null_high: np.ndarray


def calibration_summary(
    y_true,
    y_proba,
    *,
    n_bins=15,
    strategy="uniform",
    norm="l1",
    labels=None,
    sample_weight=None,
    n_resamples=1000,
    random_state=0,
):
    """ECE with its number of songs, bootstrap interval and null floor.

    The interval is the basic bootstrap, [2 ECE - q97.5, 2 ECE - q2.5] with the quantiles of the
    resampled ECE, cut to [0, 1] and widened, if need be, to hold the ECE itself. Resampling
    adds noise, and noise raises an ECE: percentiles of the resampled ECE lie too high (with 200
    songs and a true ECE of .10 they covered it in 69 % of 300 simulations, the basic interval
    in 91 %). The bins stay those of the songs at hand.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels. Songs without a label (None, NaN) raise.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
        of the second class of a binary problem.
    n_bins : int, default=15
        Number of bins, at least 1.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width on [0, 1], or of equal mass.
    norm : {"l1", "l2", "max"}, default="l1"
        Mean absolute gap, root mean squared gap, or largest gap.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.
    n_resamples : int, default=1000
        Number of bootstrap resamples, and of draws for the null floor.
    random_state : int, RandomState instance or None, default=0
        Seed of both. Fixed by default: the same predictions give the same numbers.

    Returns
    -------
    summary : CalibrationSummary
        Named tuple ``(ece, ece_low, ece_high, floor, floor_low, floor_high, n_samples)`` that
        prints as one line.

    Raises
    ------
    ValueError
        As :func:`expected_calibration_error`.

    See Also
    --------
    sklearn_skd.display.ReliabilityDisplay : The same as a diagram.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap methods and their application, section 5.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.metrics import calibration_summary
    >>> rng = np.random.default_rng(0)
    >>> proba = rng.dirichlet([1, 1, 1, 1], size=300)
    >>> emotion = [rng.choice(["angry", "calm", "happy", "sad"], p=row) for row in proba]
    >>> print(calibration_summary(emotion, proba))
    ECE 0.092 [0.033, 0.125], null floor 0.062 [0.033, 0.096], n = 300
    >>> sharper = proba**2 / (proba**2).sum(axis=1, keepdims=True)
    >>> print(calibration_summary(emotion, sharper))
    ECE 0.151 [0.081, 0.176], null floor 0.062 [0.035, 0.094], n = 300

    The first model is calibrated, and an ECE of .09 is what 300 songs may show; the second one
    is over-confident.
    """
    summary, _ = reliability(
        y_true,
        y_proba,
        n_bins=n_bins,
        strategy=strategy,
        norm=norm,
        labels=labels,
        sample_weight=sample_weight,
        n_resamples=n_resamples,
        random_state=random_state,
    )
    return summary


def reliability(
    y_true, y_proba, *, n_bins, strategy, norm, labels, sample_weight, n_resamples, random_state
):
    """Summary and table per bin of the same songs, from the same draws.

    Parameters are those of :func:`calibration_summary`.

    Returns
    -------
    summary : CalibrationSummary
    table : ReliabilityTable
    """
    check_binning(n_bins, strategy, norm)
    check_draws(n_resamples, "n_resamples")
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    # a song without weight is no evidence: neither counted nor resampled
    counts = weight > 0
    codes, y_proba, weight = codes[counts], y_proba[counts], weight[counts]
    confidence, correct = top_label(y_proba, codes)
    bins = make_bins(confidence, weight, n_bins=n_bins, strategy=strategy)
    confidence = confidence.astype(np.float64)
    excess, mass = correct - confidence, weight @ bins.member
    ece = float(gap_norm((weight * excess) @ bins.member, mass, norm))

    rng = np.random.default_rng(check_random_state(random_state).randint(2**31))
    null = null_gaps(confidence, weight, bins, n_draws=n_resamples, rng=rng)
    resampled = bootstrap_gaps(excess, weight, bins, n_resamples=n_resamples, rng=rng)
    low, high = _basic_interval(ece, gap_norm(*resampled, norm))
    floor = summarise_null(null, mass, norm)
    summary = CalibrationSummary(ece, low, high, *floor, len(codes))
    return summary, _tabulate(confidence, correct, weight, bins, null)


def _basic_interval(value, resampled):
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(min(max(2 * value - high, 0), value)), float(max(min(2 * value - low, 1), value))


def _tabulate(confidence, correct, weight, bins, null):
    mass = weight @ bins.member
    mean_confidence = divide((weight * confidence) @ bins.member, mass, empty=np.nan)
    accuracy = divide((weight * correct) @ bins.member, mass, empty=np.nan)
    effective = divide(mass**2, weight**2 @ bins.member, empty=np.nan)
    null_low, null_high = np.quantile(divide(null, mass), [0.025, 0.975], axis=0)
    return ReliabilityTable(
        bins.edges,
        bins.member.sum(axis=0).astype(int),
        mean_confidence,
        accuracy,
        *wilson_interval(accuracy, effective),
        mean_confidence + null_low,
        mean_confidence + null_high,
    )


def wilson_interval(share, n):
    """95 % interval of a share of right or wrong predictions among ``n`` songs."""
    # not a bootstrap: three right songs out of three would get an interval of width zero
    centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    spread = np.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2)) * Z_95 / (1 + Z_95**2 / n)
    return centre - spread, centre + spread
