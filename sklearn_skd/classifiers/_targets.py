"""Labels, votes, weights and reliabilities, checked and brought into one form."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_consistent_length, column_or_1d

from sklearn_skd._sklearn import _check_sample_weight
from sklearn_skd.metrics._validation import unmasked

__all__ = ["Targets", "check_groups", "check_targets", "sliceable"]


@dataclass(frozen=True)
class Targets:
    """What is known about the songs' emotions.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.

    codes : ndarray of int, shape (n_songs,)
        Index into `classes`; -1 = unlabelled, or of weight 0.

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
        Labels: text, whole numbers or booleans, of one kind. None, NaN and masked values mark
        unlabelled songs; so does the integer -1 if at least two other labels are present.

    sample_weight : array-like of shape (n_songs,) or None
        Non-negative. The label of a song of weight 0 is forgotten: it would still decide on
        calibration, weights and teachers that take no weights. A class of which no song has
        weight keeps its labels, since nobody could learn what it is otherwise.

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
    weight = _check_weight(sample_weight, codes >= 0)
    codes = _without_weightless(codes, weight)
    labelled = codes >= 0
    one_hot[labelled, codes[labelled]] = 1
    distribution = one_hot
    if annotation_votes is not None:
        shares = _vote_shares(annotation_votes, classes, n_songs)
        voted = labelled & (shares.sum(axis=1) > 0)
        distribution[voted] = (one_hot[voted] + shares[voted]) / 2
    return Targets(
        classes,
        codes,
        distribution,
        weight,
        _check_reliability(annotation_reliability, n_songs),
    )


def check_groups(groups, n_songs):
    """Groups as whole numbers, in the order of their sorted names.

    Parameters
    ----------
    groups : array-like of shape (n_songs,) or None
        Names of any kind. A song without one (None, NaN) is a group of its own.

    n_songs : int
        Length of X.

    Returns
    -------
    groups : ndarray of int, shape (n_songs,), or None
    """
    if groups is None:
        return None
    if hasattr(groups, "columns"):  # of which a list would be the names
        groups = groups.to_numpy()
    if getattr(groups, "ndim", 1) == 2 and groups.shape[1] == 1:
        groups = groups[:, 0]
    names = groups if hasattr(groups, "dtype") else pd.Series(list(groups), dtype=object)
    if names.ndim != 1:
        raise ValueError(
            f"groups has shape {names.shape}; expected one group a song, ({n_songs},)."
        )
    check_consistent_length(names, np.empty(n_songs))
    try:
        codes, _ = pd.factorize(names, sort=True)
    except TypeError as error:
        raise ValueError(f"groups must be names or numbers, one a song: {error}.") from error
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def sliceable(values, n_songs):
    """Weights or votes of songs in a form whose rows can be taken, for a teacher's `fit`.

    Parameters
    ----------
    values : array-like, DataFrame, number or None
        As :func:`check_targets` takes them: also sparse or masked.

    n_songs : int
        Length of X.

    Returns
    -------
    values : ndarray, DataFrame or None
        NaN where they are masked; a number is repeated.
    """
    if values is None or hasattr(values, "columns"):
        return values
    if isinstance(values, np.ma.MaskedArray) or issparse(values):  # np.asarray drops the mask
        return _as_numbers(values, "annotation_votes", "counts or shares")
    return np.full(n_songs, values) if np.isscalar(values) else np.asarray(values)


def _encode_labels(y):
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    y = column_or_1d(_as_objects(y), warn=True)
    known = ~np.asarray(pd.isna(y))
    if not known.any():
        raise ValueError(
            "y has no labels: every song is unlabelled (None or NaN)." if len(y) else "y is empty."
        )
    labels = _of_one_kind(y[known])
    if labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
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


def _as_objects(y):
    """Labels of a kind that would lose its gaps or its types in an array, as objects."""
    if isinstance(y, np.ma.MaskedArray):
        return unmasked(y)
    if isinstance(y, list | tuple):  # ["calm", nan] would become ["calm", "nan"]
        return np.array(y, dtype=object)
    dtype = getattr(y, "dtype", None)
    if pd.api.types.is_extension_array_dtype(dtype) or getattr(dtype, "kind", "") == "T":
        return np.asarray(y.astype(object))
    return y


def _of_one_kind(labels):
    """Labels as an array of text, numbers or booleans."""
    if labels.dtype.kind == "O":
        kinds = {_kind(label) for label in labels}
        if len(kinds) > 1:
            raise ValueError(
                f"y mixes text with other labels, or numbers with booleans: it holds "
                f"{sorted({type(label).__name__ for label in labels})}. Use one type, for example "
                "y.astype(str) with missing labels kept as None."
            )
        if kinds != {"other"}:
            labels = np.asarray(labels.tolist())
    if labels.dtype.kind in "OMmV" or labels.ndim != 1:
        raise ValueError(
            f"y holds labels of the type {type(labels[0]).__name__}. Unknown label type: labels "
            "are text, whole numbers or booleans; convert them, for example with y.astype(str)."
        )
    return labels


def _kind(label):
    if isinstance(label, bool | np.bool_):
        return "boolean"
    if isinstance(label, int | float | complex | np.number):
        return "number"
    return type(label).__name__ if isinstance(label, str | bytes) else "other"


def _vote_shares(votes, classes, n_songs):
    """Votes as shares in the order of `classes`; rows without votes are 0."""
    if isinstance(votes, pd.DataFrame):
        names = list(votes.columns)
        unknown = [name for name in names if name not in classes.tolist()]
        missing = [name for name in classes.tolist() if name not in names]
        twice = sorted({name for name in names if names.count(name) > 1}, key=str)
        if unknown or missing or twice:
            raise ValueError(
                "The columns of annotation_votes must be the classes "
                f"{classes.tolist()}; unknown: {unknown}, missing: {missing}, twice: {twice}. "
                "Rename or drop columns, and add a column of zeros for an emotion that nobody "
                "chose. Where another estimator has encoded the labels, pass votes in the order "
                "of the sorted classes without names: votes.to_numpy()."
            )
        votes = votes.iloc[:, [names.index(name) for name in classes.tolist()]]
    votes = _as_numbers(votes, "annotation_votes", "counts or shares")
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
    largest = votes.max(axis=1, keepdims=True)  # the sum of huge numbers may overflow
    votes = np.divide(votes, largest, out=np.zeros_like(votes), where=largest > 0)
    total = votes.sum(axis=1, keepdims=True)
    return np.divide(votes, total, out=np.zeros_like(votes), where=total > 0)


def _check_reliability(reliability, n_songs):
    if reliability is None:
        return np.full(n_songs, np.nan)
    reliability = _as_numbers(reliability, "annotation_reliability", "shares in [0, 1]")
    if reliability.ndim == 2 and reliability.shape[1] == 1:
        reliability = reliability[:, 0]
    if reliability.ndim != 1:
        raise ValueError(
            f"annotation_reliability has shape {reliability.shape}; expected one number a song, "
            f"({n_songs},)."
        )
    if len(reliability) != n_songs:
        raise ValueError(
            f"annotation_reliability has {len(reliability)} values for {n_songs} songs."
        )
    nearly = np.abs(reliability - 0.5) < 0.5 + 1e-9  # rounding of whoever computed the share
    reliability = np.where(nearly, np.clip(reliability, 0, 1), reliability)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((reliability < 0) | (reliability > 1))
    if len(bad):
        raise ValueError(
            f"annotation_reliability must be in [0, 1] or NaN (unknown), got "
            f"{reliability[bad[0]]} in row {bad[0]}. Rescale it, for example with "
            "aggregate_annotations."
        )
    return reliability


def _check_weight(weight, labelled):
    """Sample weights as float32 of mean 1."""
    if weight is None or np.isscalar(weight):
        weight = np.full(len(labelled), 1.0 if weight is None else weight)
    weight = _as_numbers(weight, "sample_weight", "not negative")
    for what, wrong in {
        "Negative values": weight < 0,
        "NaN": np.isnan(weight),
        "infinity": np.isinf(weight),
    }.items():
        if wrong.any():
            raise ValueError(
                f"{what} in sample_weight, the first in row {np.argwhere(wrong)[0, 0]}: weights "
                "are finite and not negative; 0 leaves a song out."
            )
    weight = _check_sample_weight(weight, np.empty((len(labelled), 1)), dtype=np.float64)
    if not (weight[labelled] > 0).any():
        raise ValueError("sample_weight is zero for all labelled songs: nothing to learn from.")
    weight = weight / weight.max()  # the sum of huge numbers may overflow
    return (weight / weight.mean()).astype(np.float32)


def _without_weightless(codes, weight):
    """The codes, -1 for songs of weight 0 where their class has others."""
    return np.where((weight > 0) | ~np.isin(codes, codes[weight > 0]), codes, -1)


def _as_numbers(values, name, what):
    """`values` as an array of float, NaN where they are missing or masked."""
    if isinstance(values, np.ma.MaskedArray):
        values = values.astype(float).filled(np.nan)
    try:
        array = values.toarray() if issparse(values) else np.asarray(values)
        if array.dtype.kind in "cMm":
            raise TypeError(f"they are {array.dtype}")
        if array.dtype.kind == "O":
            array = np.where(pd.isna(array), np.nan, array)
        return array.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, {what}: {str(error).rstrip('.')}.") from error
