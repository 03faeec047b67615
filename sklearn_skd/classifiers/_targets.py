"""Labels, votes, weights and reliabilities, checked and brought into one form."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_consistent_length, column_or_1d

from sklearn_skd._sklearn import _check_sample_weight

__all__ = ["Targets", "check_targets"]


@dataclass(frozen=True)
class Targets:
    """What is known about the songs' emotions.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.

    codes : ndarray of int, shape (n_songs,)
        Index into `classes`; -1 = unlabelled.

    distribution : ndarray of float32, shape (n_songs, n_classes)
        Target of the cross-entropy: the label, or half label and half vote shares; zeros for
        unlabelled songs.

    sample_weight : ndarray of float32, shape (n_songs,)
        Mean 1.

    reliability : ndarray of float, shape (n_songs,)
        Annotation reliability q in [0, 1]; NaN = unknown.
    """

    classes: np.ndarray
    codes: np.ndarray
    distribution: np.ndarray
    sample_weight: np.ndarray
    reliability: np.ndarray

    @property
    def labelled(self):
        """Mask of the labelled songs."""
        return self.codes >= 0

    def take(self, rows):
        """The targets of some of the songs."""
        return Targets(
            self.classes,
            self.codes[rows],
            self.distribution[rows],
            self.sample_weight[rows],
            self.reliability[rows],
        )


def check_targets(
    n_songs, y, *, sample_weight=None, annotation_votes=None, annotation_reliability=None
):
    """Validate everything that comes along with X in `fit`.

    Parameters
    ----------
    n_songs : int
        Length of X.

    y : array-like of shape (n_songs,)
        Labels. None and NaN mark unlabelled songs; so does the integer -1 if at least two other
        labels are present.

    sample_weight : array-like of shape (n_songs,) or None
        Non-negative.

    annotation_votes : array-like or DataFrame of shape (n_songs, n_classes), or None
        Counts or shares; a DataFrame is aligned by its column names. Rows without votes (all 0
        or NaN) leave the label alone as the target.

    annotation_reliability : array-like of shape (n_songs,) or None
        In [0, 1], NaN = unknown.

    Returns
    -------
    targets : Targets
    """
    classes, codes = _encode_labels(y)
    check_consistent_length(np.empty(n_songs), codes)
    one_hot = np.zeros((n_songs, len(classes)), dtype=np.float32)
    labelled = codes >= 0
    one_hot[labelled, codes[labelled]] = 1
    distribution = one_hot
    if annotation_votes is not None:
        shares = _vote_shares(annotation_votes, classes, n_songs)
        voted = labelled & (shares.sum(axis=1) > 0)
        distribution[voted] = (one_hot[voted] + shares[voted]) / 2
    weight = _check_sample_weight(
        sample_weight, np.empty((n_songs, 1)), dtype=np.float32, ensure_non_negative=True
    )
    if not weight[labelled].sum() > 0:
        raise ValueError("sample_weight is zero for all labelled songs: nothing to learn from.")
    return Targets(
        classes,
        codes,
        distribution,
        weight / weight.mean(),
        _check_reliability(annotation_reliability, n_songs),
    )


def _encode_labels(y):
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    y = column_or_1d(y, warn=True)
    known = ~np.asarray(pd.isna(y))
    if y.dtype.kind == "f":
        assert_all_finite(y[known], input_name="y")
    if not known.any():
        raise ValueError("y has no labels: every song is unlabelled (None or NaN).")
    labels = _of_one_type(y[known])
    check_classification_targets(labels)
    if labels.dtype.kind in "if" and (labels == -1).any() and len(np.unique(labels)) > 2:
        known[known] = labels != -1
        labels = labels[labels != -1]
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has only one class, {classes.tolist()[0]!r}; "
            "a classifier needs at least two classes."
        )
    all_codes = np.full(len(known), -1)
    all_codes[known] = codes
    return classes, all_codes


def _of_one_type(labels):
    """Object labels as an array of their own type."""
    if labels.dtype.kind != "O":
        return labels
    texts = [isinstance(label, str) for label in labels]
    if any(texts) and not all(texts):
        raise ValueError(
            "y mixes text with other labels: "
            f"{sorted({type(label).__name__ for label in labels})}. Use one type, for example "
            "y.astype(str) with missing labels kept as None."
        )
    return np.asarray(labels.tolist())


def _vote_shares(votes, classes, n_songs):
    """Votes as shares in the order of `classes`; rows without votes are 0."""
    if isinstance(votes, pd.DataFrame):
        unknown = [name for name in votes.columns if name not in classes]
        missing = [name for name in classes.tolist() if name not in votes.columns]
        if unknown or missing:
            raise ValueError(
                "The columns of annotation_votes must be the classes "
                f"{classes.tolist()}; unknown: {unknown}, missing: {missing}. Rename or drop "
                "columns, and add a column of zeros for an emotion that nobody chose."
            )
        votes = votes[classes.tolist()]
    try:
        votes = np.asarray(votes, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"annotation_votes must be numbers, counts or shares: {error}.") from error
    if votes.shape != (n_songs, len(classes)):
        raise ValueError(
            f"annotation_votes has shape {votes.shape}; expected one row a song and one column "
            f"a class, {(n_songs, len(classes))}, in the order {classes.tolist()}."
        )
    votes = np.nan_to_num(votes, nan=0.0, posinf=np.inf)
    bad = np.flatnonzero((votes < 0).any(axis=1) | np.isinf(votes).any(axis=1))
    if len(bad):
        raise ValueError(
            f"annotation_votes has a negative or infinite number in row {bad[0]}: "
            f"{votes[bad[0]].tolist()}. Votes are counts or shares."
        )
    total = votes.sum(axis=1, keepdims=True)
    return np.divide(votes, total, out=np.zeros_like(votes), where=total > 0)


def _check_reliability(reliability, n_songs):
    if reliability is None:
        return np.full(n_songs, np.nan)
    reliability = column_or_1d(np.asarray(reliability, dtype=float))
    if len(reliability) != n_songs:
        raise ValueError(
            f"annotation_reliability has {len(reliability)} values for {n_songs} songs."
        )
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((reliability < 0) | (reliability > 1))
    if len(bad):
        raise ValueError(
            f"annotation_reliability must be in [0, 1] or NaN (unknown), got "
            f"{reliability[bad[0]]} in row {bad[0]}. Rescale it, for example with "
            "aggregate_annotations."
        )
    return reliability
