"""Songs ranked by confidence, and the errors among the most confident ones.

The risk-coverage curve, the areas under it and their intervals rest on the same cumulated sums.
"""

from typing import NamedTuple

import numpy as np

from sklearn_skd.metrics._binning import divide, resample_counts
from sklearn_skd.metrics._validation import check_targets
from sklearn_skd.metrics.calibration import top_label


class Ranking(NamedTuple):
    """Songs of positive weight from the most confident to the least.

    Attributes
    ----------
    confidence : ndarray of shape (n_samples,)
        Descending.
    weight, loss : ndarray of float64 of shape (n_samples,)
        Weight of each song, and the same where its prediction is wrong, else 0.
    step : ndarray of int of shape (n_steps,)
        Last place of each distinct confidence: songs that tie are accepted together.
    """

    confidence: np.ndarray
    weight: np.ndarray
    loss: np.ndarray
    step: np.ndarray


def rank_songs(y_true, y_proba, *, confidence, labels, sample_weight):
    """Validate the predictions and rank their songs; parameters as of `risk_coverage_curve`."""
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    top, correct = top_label(y_proba, codes)
    confidence = top if confidence is None else _check_confidence(confidence, len(codes))
    counts = weight > 0  # a song without weight makes no step
    order = np.flatnonzero(counts)[np.argsort(-confidence[counts], kind="stable")]
    confidence, weight = confidence[order], weight[order]
    step = np.append(np.flatnonzero(confidence[1:] != confidence[:-1]), len(order) - 1)
    return Ranking(confidence, weight, weight * (1 - correct[order]), step)


def _check_confidence(confidence, n_samples):
    confidence = np.asarray(confidence)
    if confidence.shape != (n_samples,):
        raise ValueError(
            f"confidence must hold one number a song, shape ({n_samples},), got shape "
            f"{confidence.shape}: leave it out to take the probability of the predicted class"
        )
    if not np.issubdtype(confidence.dtype, np.floating):
        confidence = confidence.astype(np.float64)
    missing = np.isnan(confidence)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(
            f"confidence[{row}] is missing, as are {int(missing.sum())} of {n_samples}: give every "
            "song a number, -inf to one that is never to be accepted before others"
        )
    return confidence


def cumulate(ranking):
    """Weight, and weight of the errors, among the songs of each step and those before it."""
    return np.cumsum(ranking.weight)[ranking.step], np.cumsum(ranking.loss)[ranking.step]


def selective_area(mass, loss):
    """Mean over the songs of the risk at the step that accepts them; leading axes: replicates.

    Parameters
    ----------
    mass, loss : ndarray of shape (..., n_steps)
        Of :func:`cumulate`.

    Returns
    -------
    area : ndarray of shape (...)
    """
    gained = np.diff(mass, axis=-1, prepend=0)
    return (gained * divide(loss, mass)).sum(axis=-1) / mass[..., -1]


def generalized_area(mass, loss):
    """Area under the share of undetected errors, linear between steps; as `selective_area`."""
    gained = np.diff(mass, axis=-1, prepend=0)
    before = loss - np.diff(loss, axis=-1, prepend=0) / 2
    return (gained * before).sum(axis=-1) / mass[..., -1] ** 2


def bootstrap_ranking(ranking, *, n_resamples, rng):
    """Cumulated sums of resamples of the songs, drawn with replacement, in blocks.

    Parameters
    ----------
    ranking : Ranking
    n_resamples : int
    rng : numpy Generator

    Yields
    ------
    mass, loss : ndarray of shape (block, n_steps)
        As of :func:`cumulate`; together ``n_resamples`` rows.
    """
    for times in resample_counts(len(ranking.weight), n_resamples=n_resamples, rng=rng):
        yield tuple(
            np.cumsum(times * values, axis=1)[:, ranking.step]
            for values in (ranking.weight, ranking.loss)
        )
