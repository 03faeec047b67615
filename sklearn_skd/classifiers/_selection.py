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
        Columns ``epoch``, ``train_loss``, ``valid_loss``.
    """

    n_epochs: int
    temperature: float
    loss: float
    history: pd.DataFrame


def select(runs, splits, distribution, codes, *, choose_epoch):
    """Choose the number of epochs and the temperature.

    Parameters
    ----------
    runs : list of list of Curve
        For each split, the curve of each member of the ensemble.

    splits : list of Split
        In the same order.

    distribution : ndarray of shape (n_songs, n_classes)
        Target distributions, which the epochs are chosen by.

    codes : ndarray of int, shape (n_songs,)
        Labels, which the temperature is fitted to.

    choose_epoch : bool
        Whether to stop at the best epoch; otherwise at the last one.

    Returns
    -------
    selection : Selection
    """
    n_epochs = min(len(curve.valid_loss) for curves in runs for curve in curves)
    logits = np.concatenate(
        [
            np.mean([np.stack(curve.valid_logits[:n_epochs], axis=1) for curve in curves], axis=0)
            for curves in runs
        ]
    )  # (n_valid, n_epochs, n_classes)
    valid = np.concatenate([split.valid for split in splits])
    log_proba = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    loss = -(distribution[valid, None] * log_proba).sum(axis=2).mean(axis=0)
    best = int(np.argmin(loss)) if choose_epoch else n_epochs - 1
    train_loss = np.mean([curve.train_loss[:n_epochs] for curves in runs for curve in curves], 0)
    history = pd.DataFrame(
        {"epoch": np.arange(1, n_epochs + 1), "train_loss": train_loss, "valid_loss": loss}
    )
    chosen = logits[:, best].astype(float)
    temperature = float(fit_temperature(chosen, codes[valid], shrinkage=SHRINKAGE))
    log_proba = log_softmax(chosen / temperature, axis=1)
    loss = -(distribution[valid] * log_proba).sum(axis=1).mean()
    return Selection(best + 1, temperature, float(loss), history)
