"""The metrics of the paper's tables, of one set of predictions (paper section 4)."""

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    f1_score,
    log_loss,
    roc_auc_score,
)

from sklearn_skd.metrics import expected_calibration_error

__all__ = ["score"]


def score(y_true, y_proba, classes):
    """All metrics by name.

    Parameters
    ----------
    y_true : ndarray of shape (n_songs,)
        Labels.

    y_proba : ndarray of shape (n_songs, n_classes)
        Probabilities.

    classes : ndarray of shape (n_classes,)
        The order of the columns.

    Returns
    -------
    scores : dict of str to float
        AUROC is the mean over one-vs-rest curves of the classes that occur with and without;
        NaN if there is none.
    """
    guess = classes[y_proba.argmax(axis=1)]
    return {
        "accuracy": accuracy_score(y_true, guess),
        "macro-F1": f1_score(y_true, guess, labels=classes, average="macro", zero_division=0.0),
        "AUROC": _mean_auroc(y_true, y_proba, classes),
        "kappa": cohen_kappa_score(y_true, guess, labels=classes),
        "NLL": log_loss(y_true, y_proba, labels=classes),
        "Brier": brier_score_loss(y_true, y_proba, labels=classes, scale_by_half=False),
        "ECE": expected_calibration_error(y_true, y_proba, labels=classes),
    }


def _mean_auroc(y_true, y_proba, classes):
    curves = [
        roc_auc_score(y_true == name, y_proba[:, k])
        for k, name in enumerate(classes)
        if 0 < np.sum(y_true == name) < len(y_true)
    ]
    return float(np.mean(curves)) if curves else np.nan
