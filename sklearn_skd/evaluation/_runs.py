"""Running the arms on many splits: in parallel, resumable, with progress."""

from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory

from sklearn_skd._warnings import warn_user
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._crossfit import seeded_clone, songs_for
from sklearn_skd.evaluation._arms import fit_arm, last_step, raw_and_calibrated, recipe
from sklearn_skd.evaluation._scores import score

__all__ = ["Asked", "Run", "make_folds", "run_arms"]

NOT_SCORED = ("strategy", "calibration", "song", "label", "n_train")


class Asked(NamedTuple):
    """Songs to be asked about.

    Attributes
    ----------
    place : dict
        What they are called in the tables, beside the names of the run.

    X : songs, or None
        None means rows of the songs of the experiment.

    songs : ndarray of int
        Rows of X, or of the experiment's songs.

    labels : ndarray
        Of the same songs.
    """

    place: dict
    X: object
    songs: np.ndarray
    labels: np.ndarray


class Run(NamedTuple):
    """One split, or one repetition.

    Attributes
    ----------
    place : dict
        Columns of the tables, such as ``{"repeat": 0, "fold": 3}``.

    train : ndarray of int
        Rows to train on.

    hidden : ndarray of int
        Rows of `train` whose labels and annotations are not shown.

    tests : list of Asked
        Whom the arms are asked about.

    seed : int or None
        Overrides the arms' `random_state`.
    """

    place: dict
    train: np.ndarray
    hidden: np.ndarray
    tests: list
    seed: int | None = None


def run_arms(arms, songs, runs, *, data="", memory=None, n_jobs=None, verbose=0):
    """Scores and predictions of every arm on every run, as tidy tables.

    Parameters
    ----------
    arms : dict of str to estimator
        Unfitted.

    songs : Songs
        To train on.

    runs : list of Run
        The splits.

    data : str, default=""
        Stands for all songs where results are kept.

    memory, n_jobs, verbose
        See :func:`sklearn_skd.evaluation.compare_strategies`.

    Returns
    -------
    table, predictions : DataFrame
    """
    ask = check_memory(memory).cache(_fit_and_ask, ignore=["arm", "songs", "run"])
    jobs = (delayed(_run_all)(ask, arms, songs, run, data) for run in runs)
    answers = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    if verbose:
        from tqdm.auto import tqdm

        answers = tqdm(answers, total=len(runs), desc="runs", unit="run")
    tables, predictions = [], []
    for run, told in zip(runs, answers, strict=True):
        predictions.append(_tidy(run, told, songs))
        tables.append(_scores(predictions[-1], songs.classes))
        if verbose > 1:
            answers.write(_so_far(tables))
    return pd.concat(tables, ignore_index=True), pd.concat(predictions, ignore_index=True)


def _run_all(ask, arms, songs, run, data):
    """Answers by arm. The arms of a run follow each other, so that they can share teachers."""
    told = {}
    for name, arm in arms.items():
        arm = arm if run.seed is None else _seeded(arm, run.seed)
        # as lists: joblib hashes strides, too, which a worker's empty array has others of
        rows = [one.tolist() for one in (run.train, run.hidden, *(t.songs for t in run.tests))]
        key = joblib.hash((data, recipe(arm), run.seed, rows)) if data else ""
        told[name] = ask(key, arm=arm, songs=songs, run=run)
    return told


def _seeded(arm, seed):
    """A clone with this seed wherever there is none; a net hands its own on to its teacher."""
    arm = clone(arm)
    step = last_step(arm)
    if "random_state" in step.get_params(deep=False):
        step.set_params(random_state=seed)
    return arm if isinstance(step, NetClassifier) else seeded_clone(arm, seed)


def _fit_and_ask(key, *, arm, songs, run):
    """Probabilities by calibration, for each test set; `key` stands for all else."""
    fitted = fit_arm(
        arm,
        songs_for(arm, songs.X, run.train),
        songs.labels(run.train, run.hidden),
        songs.annotations(run.train, run.hidden),
    )
    return [
        raw_and_calibrated(
            fitted,
            songs_for(arm, songs.X if test.X is None else test.X, test.songs),
            songs.classes,
        )
        for test in run.tests
    ]


def _tidy(run, told, songs):
    """Answers as a table, one row a song."""
    n_train = int(songs.targets.labelled[run.train].sum())
    columns = [f"proba_{name}" for name in songs.classes]
    parts = []
    for t, test in enumerate(run.tests):
        for strategy, answers in told.items():
            for calibration, proba in answers[t].items():
                head = {**test.place, **run.place}
                head |= {"strategy": strategy, "calibration": calibration}
                head |= {"song": test.songs, "label": test.labels, "n_train": n_train}
                frames = [pd.DataFrame(head), pd.DataFrame(proba, columns=columns)]
                parts.append(pd.concat(frames, axis=1))
    return pd.concat(parts, ignore_index=True)


def _scores(predictions, classes):
    """Tidy scores of tidy predictions, one row a metric."""
    columns = [f"proba_{name}" for name in classes]
    place = [name for name in predictions if name not in {*NOT_SCORED, *columns}]
    keys = [*place, "strategy", "calibration"]
    rows = []
    for names, part in predictions.groupby(keys, sort=False):
        values = score(part["label"].to_numpy(), part[columns].to_numpy(), classes)
        head = dict(zip(keys, names, strict=True))
        sizes = {"n_train": part["n_train"].iloc[0], "n_test": len(part)}
        rows += [
            {**head, "metric": metric, "value": value, **sizes} for metric, value in values.items()
        ]
    return pd.DataFrame(rows)


def _so_far(tables):
    """Means over the runs so far, to be printed."""
    table = pd.concat(tables)
    further = [name for name in ("target", "label_share") if name in table]
    wide = table.pivot_table(
        index=[*further, "strategy", "calibration"], columns="metric", values="value", sort=False
    )
    return wide.round(3).to_string()


def make_folds(songs, cv):
    """The runs of a cross-validation.

    Parameters
    ----------
    songs : Songs
        All songs.

    cv : int, splitter or iterable
        See :func:`sklearn_skd.evaluation.compare_strategies`.

    Returns
    -------
    runs : list of Run
        With one test set each.

    Raises
    ------
    ValueError
        If a class has no song to train on in some fold.
    """
    splits = _split(songs, cv)
    _warn_of_split_groups(songs, splits)
    runs, place, seen = [], {"repeat": 0, "fold": 0}, []
    for train, test in splits:
        if np.isin(test, seen).any():  # each song counts once a repeat
            place, seen = {"repeat": place["repeat"] + 1, "fold": 0}, []
        _check_fold(songs, train, test, place)
        codes = songs.targets.codes[test]
        asked = Asked({}, None, test, songs.classes[codes])
        runs.append(Run(place, train, np.arange(0), [asked]))
        place, seen = {**place, "fold": place["fold"] + 1}, [*seen, *test]
    return runs


def _split(songs, cv):
    """Rows of (train, test) for every fold."""
    targets, groups = songs.targets, songs.fit_params["groups"]
    labelled, unlabelled = np.flatnonzero(targets.labelled), np.flatnonzero(~targets.labelled)
    codes = targets.codes[labelled]
    cv = 5 if cv is None else cv
    if isinstance(cv, int | np.integer):
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        cv = kind(int(cv), shuffle=True, random_state=0)
    if not hasattr(cv, "split"):  # rows of all songs, as they are
        splits = [(np.asarray(train), np.asarray(test)) for train, test in cv]
        return [(train, test[targets.labelled[test]]) for train, test in splits]
    splits = []
    own = None if groups is None else groups[labelled]
    for train, test in cv.split(np.zeros(len(codes)), codes, own):
        if np.concatenate([train, test]).max() >= len(codes):
            raise ValueError(
                f"{type(cv).__name__} splits more than the {len(codes)} labelled songs, which it "
                "was asked to split. Pass what it yields for all songs instead: list(cv.split(X))."
            )
        beside = unlabelled
        if groups is not None:
            beside = unlabelled[~np.isin(groups[unlabelled], own[test])]
        splits.append((np.concatenate([labelled[train], beside]), labelled[test]))
    return splits


def _warn_of_split_groups(songs, splits):
    groups = songs.fit_params["groups"]
    if groups is None:
        return
    split = [np.intersect1d(groups[train], groups[test]).size for train, test in splits]
    if any(split):
        warn_user(
            f"{np.count_nonzero(split)} of {len(splits)} folds have songs of a group on both sides "
            f"(up to {max(split)} groups): their scores flatter. Pass cv as a number, or a "
            "splitter that keeps groups together, such as StratifiedGroupKFold."
        )


def _check_fold(songs, train, test, place):
    if not len(test):
        raise ValueError(
            f"Repeat {place['repeat']}, fold {place['fold']} has no labelled song to test on. "
            "Leave that fold out, or use others."
        )
    codes = songs.targets.codes[train]
    missing = np.setdiff1d(np.arange(len(songs.classes)), codes)
    if len(missing):
        raise ValueError(
            f"Repeat {place['repeat']}, fold {place['fold']} has no training song of the class "
            f"{songs.classes.tolist()[missing[0]]!r}. Use more or other folds, coarser classes or "
            "finer groups."
        )
