"""Running the arms on many splits: in parallel, resumable, with progress."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils.validation import check_consistent_length, check_memory

from sklearn_skd._sklearn import _safe_indexing
from sklearn_skd.classifiers._fingerprint import fingerprint
from sklearn_skd.classifiers._targets import check_targets
from sklearn_skd.evaluation._arms import fit_arm, raw_and_calibrated
from sklearn_skd.evaluation._scores import score

__all__ = ["Experiment", "Run", "make_folds", "scores"]


class Run(NamedTuple):
    """One split: what it is called in the tables, and its songs.

    Attributes
    ----------
    place : dict
        Columns of the tables, such as ``{"repeat": 0, "fold": 3}``.

    train, test : ndarray of int
        Rows of X. The songs of `test` are labelled.

    hidden : ndarray of int
        Rows of `train` whose labels and annotations are not shown.
    """

    place: dict
    train: np.ndarray
    test: np.ndarray
    hidden: np.ndarray = np.arange(0)


class Experiment:
    """Songs with all that belongs to them.

    Parameters
    ----------
    X, y : as passed to the public functions
        All songs.

    groups, annotation_votes, annotation_reliability : array-like or None
        For the `fit` of arms that take them.
    """

    def __init__(self, X, y, *, groups=None, annotation_votes=None, annotation_reliability=None):
        self.X = X
        self.targets = check_targets(len(y), y)
        self.fit_params = {
            "annotation_votes": annotation_votes,
            "annotation_reliability": annotation_reliability,
            "groups": None if groups is None else np.asarray(groups),
        }
        for values in self.fit_params.values():
            if values is not None:
                check_consistent_length(values, self.targets.codes)

    @property
    def labels(self):
        """Labels as objects; None for unlabelled songs."""
        classes = self.targets.classes.astype(object)
        return np.where(self.targets.labelled, classes[np.maximum(self.targets.codes, 0)], None)

    def predictions(self, arms, runs, *, memory=None, n_jobs=None, verbose=0):
        """Predictions of every arm on every run, as one tidy table.

        Parameters
        ----------
        arms : dict of str to estimator
            Unfitted.

        runs : list of Run
            The splits.

        memory, n_jobs, verbose
            See :func:`sklearn_skd.evaluation.compare_strategies`.

        Returns
        -------
        predictions : DataFrame
        """
        fit_and_ask = check_memory(memory).cache(_fit_and_ask, ignore=["experiment"])
        data = "" if memory is None else self.fingerprint()
        jobs = (
            delayed(fit_and_ask)(arms, data, run.train, run.test, run.hidden, experiment=self)
            for run in runs
        )
        answers = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
        if verbose:
            from tqdm.auto import tqdm

            answers = tqdm(answers, total=len(runs), desc="runs", unit="run")
        parts = []
        for run, told in zip(runs, answers, strict=True):
            parts.append(self._as_frame(run, told))
            if verbose > 1:
                print(_so_far(parts, self.targets.classes))
        return pd.concat(parts, ignore_index=True)

    def rows(self, rows):
        """Some of the songs."""
        return _safe_indexing(self.X, rows)

    def fingerprint(self):
        """Stands for the songs and all that belongs to them where results are kept."""
        known = {name: values for name, values in self.fit_params.items() if values is not None}
        X = self.X if not hasattr(self.X, "columns") else {"table": self.X.to_numpy(dtype=object)}
        return fingerprint(X, self.targets.classes, self.targets.codes, known)

    def _as_frame(self, run, told):
        classes = self.targets.classes
        labels = classes[self.targets.codes[run.test]]
        parts = []
        for strategy, answers in told.items():
            for calibration, proba in answers.items():
                frame = pd.DataFrame(proba, columns=[f"proba_{name}" for name in classes])
                head = {**run.place, "strategy": strategy, "calibration": calibration}
                head |= {"song": run.test, "label": labels}
                head |= {"n_train": len(run.train) - len(run.hidden)}
                parts.append(pd.concat([pd.DataFrame(head), frame], axis=1))
        return pd.concat(parts, ignore_index=True)


def _fit_and_ask(arms, data, train, test, hidden, *, experiment):
    """Probabilities {arm: {calibration: (n_test, K)}}; `data` stands for the experiment."""
    X_train = _safe_indexing(experiment.X, train)
    X_test = _safe_indexing(experiment.X, test)
    y = experiment.labels.copy()
    y[hidden] = None
    fit_params = {
        name: None if values is None else _safe_indexing(_masked(name, values, hidden), train)
        for name, values in experiment.fit_params.items()
    }
    classes = experiment.targets.classes
    told = {}
    for name, arm in arms.items():
        fitted = fit_arm(arm, X_train, y[train], fit_params)
        told[name] = raw_and_calibrated(fitted, X_test, classes)
    return told


def _masked(name, values, hidden):
    """Annotations without those of songs whose labels are hidden."""
    if name == "groups" or not len(hidden):
        return values
    if hasattr(values, "iloc"):
        values = values.astype(float).copy()
        values.iloc[hidden] = np.nan if values.ndim == 1 else 0.0
        return values
    values = np.array(values, dtype=float)
    values[hidden] = np.nan if values.ndim == 1 else 0.0
    return values


def scores(predictions, classes, by=("repeat", "fold")):
    """Tidy scores of tidy predictions.

    Parameters
    ----------
    predictions : DataFrame
        Of :meth:`Experiment.predictions`.

    classes : ndarray
        The order of the probabilities.

    by : sequence of str
        Columns that tell the runs apart.

    Returns
    -------
    table : DataFrame
        Columns `by`, ``strategy``, ``calibration``, ``metric``, ``value``, ``n_train``,
        ``n_test``.
    """
    keys = [*by, "strategy", "calibration"]
    columns = [f"proba_{name}" for name in classes]
    rows = []
    for place, part in predictions.groupby(keys, sort=False):
        values = score(part["label"].to_numpy(), part[columns].to_numpy(), classes)
        head = dict(zip(keys, place, strict=True))
        sizes = {"n_train": part["n_train"].iloc[0], "n_test": len(part)}
        rows += [
            {**head, "metric": metric, "value": value, **sizes} for metric, value in values.items()
        ]
    return pd.DataFrame(rows)


def _so_far(parts, classes):
    table = scores(pd.concat(parts), classes)
    wide = table.pivot_table(
        index=["strategy", "calibration"], columns="metric", values="value", sort=False
    )
    return wide.round(3).to_string()


def make_folds(experiment, cv):
    """The runs of a cross-validation; unlabelled songs are always trained on.

    Parameters
    ----------
    experiment : Experiment
        The songs.

    cv : int, splitter or iterable
        See :func:`sklearn_skd.evaluation.compare_strategies`.

    Returns
    -------
    runs : list of Run
    """
    targets, groups = experiment.targets, experiment.fit_params["groups"]
    labelled = np.flatnonzero(targets.labelled)
    unlabelled = np.flatnonzero(~targets.labelled)
    codes = targets.codes[labelled]
    groups = None if groups is None else groups[labelled]
    if isinstance(cv, int | np.integer):
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        cv = kind(int(cv), shuffle=True, random_state=0)
    splitter = check_cv(cv, codes, classifier=True)
    splits = list(splitter.split(np.zeros(len(codes)), codes, groups))
    n_repeats = getattr(splitter, "n_repeats", 1)
    n_folds = max(1, len(splits) // n_repeats)
    return [
        Run(
            {"repeat": number // n_folds, "fold": number % n_folds},
            np.concatenate([labelled[train], unlabelled]),
            labelled[test],
        )
        for number, (train, test) in enumerate(splits)
    ]
