"""Checks of logits and of the columns that their labels stand for."""

import numpy as np

__all__ = ["check_codes", "check_shrinkage", "class_columns", "two_dimensional"]


def check_shrinkage(shrinkage):
    """ValueError unless a prior pulls, with a strength of 0 or more."""
    if not shrinkage >= 0:
        raise ValueError(
            f"shrinkage must be 0 or more, got {shrinkage}: below 0 it would push the temperature "
            "away from 1"
        )


def class_columns(logits):
    """Logits with a column a class; margins become (0, margin)."""
    return np.column_stack([np.zeros_like(logits), logits]) if logits.ndim == 1 else logits


def two_dimensional(logits):
    """Finite logits as float64 with a column a class."""
    logits = class_columns(np.asarray(logits, dtype=np.float64))
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise ValueError(
            "logits must have shape (n_samples, n_classes) with two classes or more, or "
            f"(n_samples,) for binary margins; got shape {logits.shape}"
        )
    wrong = ~np.isfinite(logits).all(axis=1)
    if wrong.any():
        raise ValueError(f"logits[{int(np.flatnonzero(wrong)[0])}] is not finite")
    return logits


def check_codes(y, logits):
    """Labels as whole numbers that are columns of the logits."""
    y = np.asarray(y)
    if y.shape != (len(logits),):
        raise ValueError(f"y must have shape ({len(logits)},) as the logits, got {y.shape}")
    n_classes = logits.shape[1]
    valid = np.isin(y, np.arange(n_classes))
    if not valid.all():
        row = int(np.flatnonzero(~valid)[0])
        raise ValueError(
            f"y[{row}] = {y[row]!r} is no column of the logits: encode the labels as 0 to "
            f"{n_classes - 1} (np.searchsorted(classes_, y)) and leave unlabelled songs out"
        )
    return y.astype(int)
