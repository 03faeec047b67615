"""Trained on one data set, tested on others as they are (paper section 4.5, Table 4)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.utils.validation import check_memory

from sklearn_skd._random import own_random_state
from sklearn_skd.classifiers._fingerprint import fingerprint
from sklearn_skd.evaluation._arms import fit_arm, last_step, make_arms, raw_and_calibrated
from sklearn_skd.evaluation._runs import Experiment
from sklearn_skd.evaluation._scores import score
from sklearn_skd.evaluation.compare import STRATEGIES

__all__ = ["evaluate_transfer"]


def evaluate_transfer(
    estimator,
    source,
    targets,
    *,
    strategies=STRATEGIES,
    n_repeats=3,
    random_state=0,
    memory=None,
    n_jobs=None,
    verbose=0,
):
    """Fit every strategy on all songs of one data set and test it, untouched, on others.

    Nothing is fitted to a target: no statistics, no calibration. The repeats differ in the seed of
    the training only; their spread says nothing about other songs.

    Parameters
    ----------
    estimator : SKDStudentClassifier, or Pipeline that ends in one
        What all arms have in common.

    source : mapping
        Training songs: ``{"X": ..., "y": ...}`` and, if known, ``groups``, ``annotation_votes``
        and ``annotation_reliability``, as :func:`compare_strategies` takes them.

    targets : mapping of str to (X, y)
        Test songs by the name of the data set. Songs without a label are left out; labels that
        the source does not have raise.

    strategies : sequence of str, or mapping
        See :func:`compare_strategies`.

    n_repeats : int, default=3
        Fits of each strategy, with different seeds.

    random_state : int, RandomState instance or None, default=0
        Of the seeds.

    memory, n_jobs, verbose
        See :func:`compare_strategies`.

    Returns
    -------
    table : DataFrame
        Tidy: ``target``, ``repeat``, ``fold`` (0), ``strategy``, ``calibration``, ``metric``,
        ``value``, ``n_train``, ``n_test``.

    Raises
    ------
    ValueError
        If a target has labels unknown to the source, or no labelled song.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import SKDStudentClassifier, TeacherClassifier
    >>> from sklearn_skd.evaluation import evaluate_transfer
    >>> X, y = load_iris(return_X_y=True)
    >>> student = SKDStudentClassifier(
    ...     TeacherClassifier(max_epochs=5), teacher_cv=2, max_epochs=10)
    >>> table = evaluate_transfer(
    ...     student, {"X": X[::2], "y": y[::2]}, {"elsewhere": (X[1::2] + 0.1, y[1::2])},
    ...     strategies=["student-only", "skd"], n_repeats=1)
    >>> len(table)  # 2 strategies, 2 calibrations, 7 metrics
    28
    """
    experiment = Experiment(**source)
    classes = experiment.targets.classes
    tests = {name: _check_target(name, X, y, classes) for name, (X, y) in targets.items()}
    arms = make_arms(estimator, strategies, memory)
    run = check_memory(memory).cache(_fit_and_ask, ignore=["experiment", "tests"])
    data = "" if memory is None else _fingerprint(experiment, tests)
    seeds = own_random_state(random_state).randint(2**31 - 1, size=n_repeats).tolist()
    jobs = (delayed(run)(arms, data, seed, experiment=experiment, tests=tests) for seed in seeds)
    answers = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    if verbose:
        from tqdm.auto import tqdm

        answers = tqdm(answers, total=n_repeats, desc="repeats", unit="repeat")
    rows = []
    for repeat, told in enumerate(answers):
        for (target, strategy, calibration), proba in told.items():
            labels = tests[target][1]
            head = {"target": target, "repeat": repeat, "fold": 0}
            head |= {"strategy": strategy, "calibration": calibration}
            sizes = {"n_train": int(experiment.targets.labelled.sum()), "n_test": len(labels)}
            rows += [
                {**head, "metric": metric, "value": value, **sizes}
                for metric, value in score(labels, proba, classes).items()
            ]
        if verbose > 1:
            print(_so_far(rows))
    return pd.DataFrame(rows)


def _so_far(rows):
    index = ["target", "strategy", "calibration"]
    wide = pd.DataFrame(rows).pivot_table(index=index, columns="metric", values="value", sort=False)
    return wide.round(3).to_string()


def _fit_and_ask(arms, data, seed, *, experiment, tests):
    """Probabilities by (target, arm, calibration); `data` stands for the songs."""
    told = {}
    for name, arm in arms.items():
        arm = clone(arm)
        if "random_state" in last_step(arm).get_params(deep=False):
            last_step(arm).set_params(random_state=seed)
        fitted = fit_arm(arm, experiment.X, experiment.labels, experiment.fit_params)
        for target, (X, _) in tests.items():
            for calibration, proba in raw_and_calibrated(
                fitted, X, experiment.targets.classes
            ).items():
                told[target, name, calibration] = proba
    return told


def _check_target(name, X, y, classes):
    """The labelled songs of a target set and their labels."""
    experiment = Experiment(X, y)
    labelled = np.flatnonzero(experiment.targets.labelled)
    unknown = np.setdiff1d(experiment.targets.classes, classes)
    if len(unknown):
        raise ValueError(
            f"The target {name!r} has labels that the source does not know: {unknown.tolist()}. "
            f"Map them to {classes.tolist()}, or to None to leave these songs out."
        )
    labels = experiment.targets.classes[experiment.targets.codes[labelled]]
    return experiment.rows(labelled), labels


def _fingerprint(experiment, tests):
    songs = {
        f"{target} {name}": values
        for target, (X, _) in tests.items()
        for name, values in (X.items() if isinstance(X, Mapping) else [("X", np.asarray(X))])
    }
    return experiment.fingerprint() + fingerprint(songs)
