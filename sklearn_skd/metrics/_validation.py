"""Checks shared by the metrics: labels, class probabilities and weights of the same songs."""

import numpy as np
import pandas as pd

from sklearn_skd._sklearn import _check_sample_weight

# float16 and probabilities rounded to three decimals pass, logits and scores do not
SUM_TOLERANCE = 5e-3
# 1 + 1e-7 comes out of every float32 softmax
RANGE_TOLERANCE = 1e-6

UNLABELLED_HINT = "unlabelled songs cannot be scored: keep them out of the test folds"


def check_targets(y_true, y_proba, *, labels=None, sample_weight=None):
    """Validate labels and probabilities of the same songs.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels: strings, integers or booleans, none of them missing.
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        As in :func:`check_probabilities`. A DataFrame whose columns are named by the labels is
        aligned by name, unless ``labels`` are passed.
    labels : array-like of shape (n_classes,), default=None
        Class of each column; None: the sorted labels of ``y_true``, if their number fits.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.

    Returns
    -------
    codes : ndarray of int of shape (n_samples,)
        Column of each song's label.
    y_proba : ndarray of float of shape (n_samples, n_classes)
    sample_weight : ndarray of float64 of shape (n_samples,)
    """
    names = list(getattr(y_proba, "columns", ()))
    y_proba = check_probabilities(y_proba)
    y_true = np.asarray(unmasked(y_true))
    if y_true.ndim == 2 and y_true.shape[1] == 1:
        y_true = y_true[:, 0]
    if y_true.ndim != 1:
        raise ValueError(f"y_true must hold one label a song, got shape {y_true.shape}")
    if len(y_true) != len(y_proba):
        raise ValueError(f"y_true has {len(y_true)} songs, y_proba {len(y_proba)}")
    _refuse_missing_labels(y_true)
    is_named = labels is None and len(names) == len(set(names))
    labels = _check_labels(labels, y_true, n_classes=y_proba.shape[1])
    if is_named and set(names) == set(labels):
        y_proba = y_proba[:, [names.index(label) for label in labels]]
    codes = _encode(y_true, labels)
    return codes, y_proba, check_weight(sample_weight, len(y_proba))


def check_probabilities(y_proba):
    """Validate class probabilities and return them with a column per class.

    Parameters
    ----------
    y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
        Probabilities in [0, 1], each row summing to 1. One dimension means the probability of
        the second class of a binary problem, as scikit-learn's scorers pass it.

    Returns
    -------
    y_proba : ndarray of float32 or float64 of shape (n_samples, n_classes)
    """
    y_proba = np.asarray(y_proba)
    if not (np.issubdtype(y_proba.dtype, np.number) or y_proba.dtype == bool):
        raise TypeError(f"y_proba must be numeric, got dtype {y_proba.dtype}")
    if y_proba.dtype != np.float32:
        y_proba = y_proba.astype(np.float64)
    if y_proba.ndim not in (1, 2) or 0 in y_proba.shape:
        raise ValueError(
            "y_proba must have shape (n_samples, n_classes), or (n_samples,) for the second class "
            f"of a binary problem, and at least one song; got shape {y_proba.shape}"
        )
    table = y_proba.reshape(len(y_proba), -1)
    outside = ~((table >= -RANGE_TOLERANCE) & (table <= 1 + RANGE_TOLERANCE)).all(axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise ValueError(
            f"y_proba[{row}] = {table[row]} is not in [0, 1]: pass probabilities (predict_proba), "
            "not logits, scores or missing values"
        )
    if y_proba.ndim == 1:
        return np.clip(np.column_stack([1 - y_proba, y_proba]), 0, 1)
    _refuse_wrong_sums(y_proba)
    return np.clip(y_proba, 0, 1)


def unmasked(y):
    """Labels, None where they are masked: np.asarray would show what is beneath."""
    if not isinstance(y, np.ma.MaskedArray):
        return y
    return np.where(np.ma.getmaskarray(y), None, y.data.astype(object))


def check_weight(sample_weight, n_samples):
    """Return non-negative float64 weights of which at least one is positive."""
    placeholder = np.empty((n_samples, 1))
    return _check_sample_weight(
        sample_weight, placeholder, dtype=np.float64, ensure_non_negative=True
    )


def _refuse_wrong_sums(y_proba):
    total = y_proba.sum(axis=1)
    wrong = np.abs(total - 1) > SUM_TOLERANCE
    if not wrong.any():
        return
    row = int(np.flatnonzero(wrong)[0])
    if y_proba.shape[1] == 1:
        hint = "pass both columns of a binary problem, or a one-dimensional array"
    else:
        hint = "pass probabilities of classes that exclude each other"
    raise ValueError(f"y_proba[{row}] sums to {total[row]:.4g}, not 1: {hint}")


def _refuse_missing_labels(y_true):
    missing = pd.isna(y_true)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(
            f"y_true[{row}] is missing ({y_true[row]}), as are {int(missing.sum())} of "
            f"{len(y_true)} labels: {UNLABELLED_HINT}"
        )


def _check_labels(labels, y_true, *, n_classes):
    if labels is None:
        labels = set(y_true.tolist())
        if len({isinstance(label, str) for label in labels}) > 1:
            raise TypeError("y_true mixes strings and numbers: pass labels=, in their order")
        labels = sorted(labels)
        if len(labels) != n_classes:
            raise ValueError(
                f"y_true holds {len(labels)} different labels but y_proba {n_classes} columns: "
                "pass labels=, the class of each column (the estimator's classes_)"
            )
        return labels
    labels = np.asarray(labels).tolist()
    if len(labels) != n_classes:
        raise ValueError(
            f"labels has {len(labels)} classes but y_proba {n_classes} columns: "
            "pass one label a column, in their order"
        )
    if len(set(labels)) != len(labels):
        raise ValueError(f"labels must differ from each other, got {labels}")
    return labels


def _encode(y_true, labels):
    column = {label: index for index, label in enumerate(labels)}
    codes = np.array([column.get(label, -1) for label in y_true.tolist()])
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        value = y_true.tolist()[row]
        hint = f" (-1 marks an unlabelled song; {UNLABELLED_HINT})" if value == -1 else ""
        raise ValueError(f"y_true[{row}] = {value!r} is not among the labels {labels}{hint}")
    return codes
