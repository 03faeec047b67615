"""How long to train and how to calibrate: what `fit` decides on songs it did not train on.

A split brings its own training arrays, because what may be known about a song depends on which
songs are held out. One hold-out is one split; several splits are pooled.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from sklearn_skd.calibration import fit_temperature

__all__ = ["Selection", "Split", "select"]

SHRINKAGE = 5.0  # of tau_c towards 1: a hold-out of a few dozen songs says little about it


@dataclass(frozen=True)
class Split:
    """Songs to train on and songs to look at.

    Attributes
    ----------
    train, valid : ndarray of int
        Positions. The validation songs are labelled.

    arrays : dict of ndarray
        What the loss reads, one row a song of `train`: made without the labels of `valid`.
    """

    train: np.ndarray
    valid: np.ndarray
    arrays: dict


@dataclass(frozen=True)
class Selection:
    """What was decided.

    Attributes
    ----------
    n_epochs : int
        With the lowest pooled validation loss.

    temperature : float
        Fitted on the pooled validation logits of that epoch.

    loss : float
        Validation log-loss of that epoch at that temperature, against the target distributions.

    history : DataFrame
        Columns ``epoch``, ``train_loss``, ``valid_loss`` (NaN where nobody looked).
    """

    n_epochs: int
    temperature: float
    loss: float
    history: pd.DataFrame


def select(runs, splits, targets, *, choose_epoch):
    """Choose the number of epochs and the temperature.

    Parameters
    ----------
    runs : list of list of Curve
        For each split, the curve of each member of the ensemble.

    splits : list of Split
        In the same order.

    targets : Targets
        Of all songs: the epochs are chosen by their distributions, the temperature is fitted to
        their labels, both by their weights.

    choose_epoch : bool
        Whether to stop at the best epoch; otherwise at the last one.

    Returns
    -------
    selection : Selection
    """
    every = [curve for curves in runs for curve in curves]
    n_epochs = min(len(curve.train_loss) for curve in every)
    looked_at = sorted(set.intersection(*(set(curve.valid_epochs) for curve in every)))
    valid = np.concatenate([split.valid for split in splits])
    target, weight = targets.distribution[valid], targets.sample_weight[valid]
    history = pd.DataFrame(
        {
            "epoch": np.arange(1, n_epochs + 1),
            "train_loss": np.mean([curve.train_loss[:n_epochs] for curve in every], axis=0),
            "valid_loss": np.nan,
        }
    )
    for epoch in looked_at:
        history.loc[epoch - 1, "valid_loss"] = _log_loss(_pooled(runs, epoch), target, weight)
    best = None  # of each run the last epoch, where a callback may have ended it
    if choose_epoch and looked_at:
        best = n_epochs = int(history["valid_loss"].idxmin()) + 1
    chosen = _pooled(runs, best)
    codes = targets.codes[valid]
    temperature = fit_temperature(chosen, codes, sample_weight=weight, shrinkage=SHRINKAGE)
    loss = _log_loss(chosen / temperature, target, weight)
    return Selection(n_epochs, float(temperature), loss, history)


def _pooled(runs, epoch):
    """Mean logits of the members after an epoch (None: each one's last), (n_valid, n_classes)."""
    pooled = []
    for curves in runs:
        at = [-1 if epoch is None else curve.valid_epochs.index(epoch) for curve in curves]
        members = [curve.valid_logits[i] for curve, i in zip(curves, at, strict=True)]
        pooled.append(np.mean(members, axis=0))
    return np.concatenate(pooled).astype(float)


def _log_loss(logits, target, weight):
    losses = -(target * log_softmax(logits, axis=1)).sum(axis=1)
    return float(np.average(losses, weights=weight))
