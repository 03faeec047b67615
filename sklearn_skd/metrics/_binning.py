"""Bins of confidence, and how far accuracy and confidence part in them.

All calibration errors, their null floors, their bootstrap intervals and the reliability diagram
rest on the same sums per bin, so that they cannot disagree.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np

# replicates are drawn in blocks of about this many numbers (64 MiB of float64)
BLOCK_SIZE = 8_000_000

# weights summed in another order may miss a quantile by a rounding error
ROUNDING = 1e-9


class Bins(NamedTuple):
    """Songs sorted into bins of confidence.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Ascending edges; a bin is (lo, hi], and the lowest value belongs to the first bin.
    index : ndarray of int of shape (n_samples,)
        Bin of each song.
    member : ndarray of float64 of shape (n_samples, n_bins)
        1 in the column of each song's bin, else 0: ``values @ member`` sums over bins.
    """

    edges: np.ndarray
    index: np.ndarray
    member: np.ndarray


def check_binning(n_bins, strategy, norm="l1"):
    """Refuse parameters that no binned calibration error understands."""
    if not isinstance(n_bins, Integral) or isinstance(n_bins, bool) or n_bins < 1:
        raise ValueError(f"n_bins must be an integer of at least 1, got {n_bins!r}")
    if strategy not in ("uniform", "quantile"):
        raise ValueError(f"strategy must be 'uniform' or 'quantile', got {strategy!r}")
    if norm not in ("l1", "l2", "max"):
        raise ValueError(f"norm must be 'l1', 'l2' or 'max', got {norm!r}")


def check_draws(n_draws, name):
    """Refuse a number of replicates that is no positive integer."""
    if not isinstance(n_draws, Integral) or isinstance(n_draws, bool) or n_draws < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {n_draws!r}")


def make_bins(confidence, sample_weight, *, n_bins, strategy):
    """Sort songs into bins of equal width on [0, 1] or of equal mass.

    Parameters
    ----------
    confidence : ndarray of float of shape (n_samples,)
        Values in [0, 1].
    sample_weight : ndarray of shape (n_samples,)
        Non-negative; equal mass means equal weight.
    n_bins : int
    strategy : {"uniform", "quantile"}

    Returns
    -------
    bins : Bins
    """
    if strategy == "uniform":
        # k / n_bins is correctly rounded, np.linspace is not; and in the precision of the
        # confidences, so that a float32 0.2 still lies on the edge 0.2
        edges = (np.arange(n_bins + 1) / n_bins).astype(confidence.dtype)
    else:
        edges = _equal_mass_edges(confidence, sample_weight, n_bins)
    index = np.searchsorted(edges[1:-1], confidence, side="left")
    member = np.zeros((len(confidence), n_bins))
    member[np.arange(len(confidence)), index] = 1.0
    return Bins(edges.astype(np.float64), index, member)


def _equal_mass_edges(confidence, sample_weight, n_bins):
    order = np.argsort(confidence, kind="stable")
    mass = np.cumsum(sample_weight[order])
    target = np.arange(1, n_bins) / n_bins * mass[-1]
    inner = np.searchsorted(mass, target - ROUNDING * mass[-1], side="left")
    values = confidence[order]
    return np.concatenate([values[:1], values[inner], values[-1:]])


def gap_norm(gap, mass, norm):
    """Calibration error from sums per bin; the leading axes are replicates.

    Parameters
    ----------
    gap : ndarray of shape (..., n_bins)
        Weighted sum of (correct - confidence) in each bin.
    mass : ndarray of shape (..., n_bins)
        Sum of weights in each bin; empty bins are skipped.
    norm : {"l1", "l2", "max"}

    Returns
    -------
    error : ndarray of shape (...)
        In [0, 1].
    """
    if norm == "l1":
        return np.abs(gap).sum(axis=-1) / mass.sum(axis=-1)
    mean_gap = divide(gap, mass)
    if norm == "max":
        return np.abs(mean_gap).max(axis=-1)
    return np.sqrt((mass * mean_gap**2).sum(axis=-1) / mass.sum(axis=-1))


def divide(total, mass, *, empty=0.0):
    """Mean per bin, ``empty`` where the bin holds no weight."""
    shape = np.broadcast_shapes(np.shape(total), np.shape(mass))
    mass = np.broadcast_to(mass, shape)
    return np.divide(total, mass, out=np.full(shape, empty), where=mass > 0)


def null_gaps(confidence, sample_weight, bins, *, n_draws, rng):
    """Sums per bin of a perfectly calibrated model with these confidences.

    The top label of such a model is right with probability ``confidence``, whatever the
    probabilities of the other classes: drawing labels comes down to drawing coins.

    Returns
    -------
    gap : ndarray of shape (n_draws, n_bins)
        Weighted sum of (correct - confidence) in each bin.
    """
    block = max(1, BLOCK_SIZE // len(confidence))
    weighted = sample_weight[:, None] * bins.member
    expected = confidence @ weighted
    gaps = []
    for start in range(0, n_draws, block):
        size = (min(block, n_draws - start), len(confidence))
        right = rng.random(size) < confidence
        gaps.append(right.astype(np.float64) @ weighted - expected)
    return np.concatenate(gaps)


def bootstrap_gaps(excess, sample_weight, bins, *, n_resamples, rng):
    """Sums per bin of resamples of the songs, drawn with replacement.

    Parameters
    ----------
    excess : ndarray of shape (n_samples,)
        correct - confidence of each song.

    Returns
    -------
    gap, mass : ndarray of shape (n_resamples, n_bins)
        Weighted sum of ``excess`` and sum of weights in each bin.
    """
    weighted = sample_weight[:, None] * bins.member
    columns = np.hstack([excess[:, None] * weighted, weighted])
    gap, mass = np.split(bootstrap_sums(columns, n_resamples=n_resamples, rng=rng), 2, axis=1)
    return gap, mass


def bootstrap_sums(columns, *, n_resamples, rng):
    """Sums over the songs of resamples, drawn with replacement.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_columns)
        What is summed.

    Returns
    -------
    sums : ndarray of shape (n_resamples, n_columns)
    """
    draws = resample_counts(len(columns), n_resamples=n_resamples, rng=rng)
    return np.concatenate([times @ columns for times in draws])


def resample_counts(n_samples, *, n_resamples, rng):
    """How often each song is in each resample, in blocks.

    Yields
    ------
    times : ndarray of float64 of shape (block, n_samples)
        Rows sum to ``n_samples``; together ``n_resamples`` rows.
    """
    block = max(1, BLOCK_SIZE // n_samples)
    share = np.full(n_samples, 1 / n_samples)
    for start in range(0, n_resamples, block):
        times = rng.multinomial(n_samples, share, size=min(block, n_resamples - start))
        yield times.astype(np.float64)
