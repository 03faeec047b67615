"""Trained on one data set, tested on others as they are (paper section 4.5, Table 4)."""

from collections.abc import Mapping

import joblib
import numpy as np
import pandas as pd
from sklearn.utils.validation import column_or_1d

from sklearn_skd._random import own_random_state
from sklearn_skd.classifiers._targets import _as_objects
from sklearn_skd.evaluation._arms import STRATEGIES, make_arms
from sklearn_skd.evaluation._runs import Asked, Run, run_arms
from sklearn_skd.evaluation._songs import Songs, as_arrays, count_songs, hash_songs

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
    return_predictions=False,
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
        Test songs by the name of the data set. Songs without a label (None, NaN, or -1 if that is
        no class of the source) are left out; other labels that the source does not have raise.

    strategies : sequence of str, or mapping
        See :func:`compare_strategies`.

    n_repeats : int, default=3
        Fits of each strategy, with different seeds.

    random_state : int, RandomState instance or None, default=0
        Of the seeds.

    memory, n_jobs, verbose, return_predictions : as in :func:`compare_strategies`
        Where finished work is kept, how many repeats run at once, what is shown and returned.

    Returns
    -------
    table : DataFrame
        Tidy: ``target``, ``repeat``, ``fold`` (-1), ``strategy``, ``calibration``, ``metric``,
        ``value``, ``n_train``, ``n_test``.

    predictions : DataFrame
        Only with `return_predictions`: as of :func:`compare_strategies`, with the column
        ``target``; ``song`` is a row of the target's X.

    Raises
    ------
    ValueError
        If there is no target, or one has labels unknown to the source or no labelled song.

    See Also
    --------
    pooled_calibration : ECE on each target with interval and null floor.
    sklearn_skd.display.TransferDisplay : The table as a figure.

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
    if not {"X", "y"} <= set(source):
        raise ValueError(f'source needs "X" and "y"; it has {sorted(source)}.')
    songs = Songs(**source)
    if not targets:
        raise ValueError("targets is empty: name at least one data set to test on.")
    if not isinstance(n_repeats, int | np.integer) or n_repeats < 1:
        raise ValueError(f"n_repeats is a whole number of at least 1, got {n_repeats!r}.")
    for name, target in targets.items():
        if isinstance(target, Mapping) or len(target) != 2:
            raise ValueError(
                f"The target {name!r} is a {type(target).__name__}, not a pair (X, y)."
            )
    tests = [_make_test(name, X, y, songs.classes) for name, (X, y) in targets.items()]
    every = np.arange(len(songs.targets.codes))
    seeds = own_random_state(random_state).randint(2**31 - 1, size=n_repeats).tolist()
    runs = [
        Run({"repeat": repeat, "fold": -1}, every, every[:0], tests, seed)
        for repeat, seed in enumerate(seeds)
    ]
    data = ""
    if memory is not None:
        data = joblib.hash((songs.hash(), [hash_songs(test.X) for test in tests]))
    # seeded by repeat, whatever the estimator's own random_state
    arms = make_arms(estimator, strategies, memory, seeded=True)
    table, predictions = run_arms(
        arms, songs, runs, data=data, memory=memory, n_jobs=n_jobs, verbose=verbose
    )
    return (table, predictions) if return_predictions else table


def _make_test(name, X, y, classes):
    """The labelled songs of a target and their labels."""
    X, labels = as_arrays(X), column_or_1d(_as_objects(y)).astype(object)
    if len(labels) != count_songs(X):
        raise ValueError(
            f"The target {name!r} has {count_songs(X)} songs and {len(labels)} labels."
        )
    code = {label: k for k, label in enumerate(classes.tolist())}
    known = ~pd.isna(labels)
    if -1 not in code:
        known &= labels != -1
    if not known.any():
        raise ValueError(f"The target {name!r} has no labelled song.")
    unknown = [label for label in pd.unique(labels[known]).tolist() if label not in code]
    if unknown:
        raise ValueError(
            f"The target {name!r} has labels that the source does not know: {unknown}. "
            f"Map them to {classes.tolist()}, or to None to leave these songs out."
        )
    labels = classes[[code[label] for label in labels[known]]]
    return Asked({"target": name}, X, np.flatnonzero(known), labels)
