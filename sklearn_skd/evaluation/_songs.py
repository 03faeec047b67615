"""The songs of an experiment with all that belongs to them."""

from collections.abc import Mapping

import joblib
import numpy as np
import pandas as pd

import sklearn_skd
from sklearn_skd._sklearn import _num_samples
from sklearn_skd.classifiers._fingerprint import describe_columns, fingerprint
from sklearn_skd.classifiers._targets import _as_numbers, check_groups, check_targets

__all__ = ["Songs", "as_arrays", "count_songs", "hash_songs"]


class Songs:
    """Songs, labels, annotations and groups, checked.

    Parameters
    ----------
    X, y : as passed to the public functions
        All songs.

    groups, annotation_votes, annotation_reliability : array-like or None
        For the `fit` of arms that take them.

    Attributes
    ----------
    targets : Targets
        Labels as codes, vote shares.

    fit_params : dict of str to (ndarray or None)
        Votes in the order of the classes, reliability, groups as whole numbers.
    """

    def __init__(self, X, y, *, groups=None, annotation_votes=None, annotation_reliability=None):
        self.X = as_arrays(X)
        self.targets = check_targets(
            count_songs(X),
            y,
            annotation_votes=annotation_votes,
            annotation_reliability=annotation_reliability,
        )
        if isinstance(annotation_votes, pd.DataFrame):
            names = list(annotation_votes.columns)  # by position: True and False would be a mask
            order = [names.index(name) for name in self.classes.tolist()]
            annotation_votes = annotation_votes.iloc[:, order]
        votes, reliability = annotation_votes, self.targets.reliability
        self.fit_params = {
            "annotation_votes": None if votes is None else _as_numbers(votes, "votes", "counts"),
            "annotation_reliability": None if annotation_reliability is None else reliability,
            "groups": check_groups(groups, len(self.targets.codes)),
        }

    @property
    def classes(self):
        """The labels, sorted."""
        return self.targets.classes

    def labels(self, rows, hidden):
        """Labels of some songs as objects; None for unlabelled ones and those of `hidden`."""
        codes = self.targets.codes.copy()
        codes[hidden] = -1
        codes = codes[rows]
        return np.where(codes >= 0, self.classes.astype(object)[np.maximum(codes, 0)], None)

    def annotations(self, rows, hidden):
        """`fit_params` of some songs; nothing is known of those of `hidden` but their group."""
        told = {}
        for name, values in self.fit_params.items():
            if values is not None and name != "groups" and len(hidden):
                values = values.copy()
                values[hidden] = np.nan
            told[name] = None if values is None else values[rows]
        return told

    def hash(self):
        """Stands for the songs and all that belongs to them where results are kept."""
        known = {name: values for name, values in self.fit_params.items() if values is not None}
        return joblib.hash((hash_songs(self.X), self.classes, self.targets.codes, known))


def as_arrays(X):
    """Sources as arrays, so that rows can be taken: a mapping may hold tables and lists."""
    if not isinstance(X, Mapping) or all(hasattr(values, "dtype") for values in X.values()):
        return X
    arrays = {
        name: values if hasattr(values, "dtype") else np.asarray(values)
        for name, values in X.items()
    }
    return type(X)(**arrays) if isinstance(X, dict) else arrays


def count_songs(X):
    """Number of songs of a mapping of sources, a table or an array."""
    return _num_samples(next(iter(X.values())) if isinstance(X, Mapping) else X)


def hash_songs(X):
    """Hash by value, also of tables with text and missing cells; the version is part of it."""
    if isinstance(X, pd.DataFrame):
        columns = [_hash_column(X.iloc[:, i]) for i in range(X.shape[1])]
        songs = [repr(describe_columns(X)), columns]
    elif isinstance(X, Mapping):
        songs = fingerprint(X)
    else:
        songs = X
    return joblib.hash((sklearn_skd.__version__, songs))


def _hash_column(column):
    try:
        return pd.util.hash_pandas_object(column, index=False).to_numpy()
    except TypeError:  # waveforms, or other cells that pandas cannot hash
        return joblib.hash(column.tolist())
