"""Knowledge from teachers that never saw the song (DESIGN: cross-fitted knowledge).

A fit plan says which songs a teacher is trained on and which it is asked about. What is known
about a song is the mean over all teachers that were asked about it.

Ordinary folds are not enough where a student is validated inside `fit`: a soft label of song j
would come from a teacher that saw the validation song i, and carry its label into the training.
Pair plans leave two folds out at once: for validation fold f, the songs of fold g are labelled by
the teacher that saw neither f nor g.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import has_fit_parameter

from sklearn_skd._sklearn import BaseSearchCV, _safe_indexing
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._rows import take_songs
from sklearn_skd.classifiers._splits import pair_folds, teacher_folds
from sklearn_skd.distillation import TeacherKnowledge

__all__ = [
    "FitPlan",
    "align_classes",
    "ask",
    "cross_fit",
    "merge",
    "plan_fits",
    "plan_pairs",
    "seeded_clone",
    "songs_for",
]


@dataclass(frozen=True)
class FitPlan:
    """One teacher.

    Attributes
    ----------
    train : ndarray of int
        The (labelled) songs to train on.

    asked : ndarray of int
        The songs to be asked about.
    """

    train: np.ndarray
    asked: np.ndarray


def plan_fits(targets, groups, held, *, n_splits, random_state):
    """Which teachers to fit: one a fold of the songs that are not held out.

    A held-out or unlabelled song is asked about at all of them. No teacher sees the held-out
    songs, so students trained on the others' soft labels can be validated on them.

    Parameters
    ----------
    targets : Targets
        Of all songs.

    groups : ndarray of shape (n_songs,) or None
        Not split by the folds.

    held : ndarray of int
        Held-out songs.

    n_splits : int
        Number of folds, at most.

    random_state : int
        Seed of the folds.

    Returns
    -------
    plans : list of FitPlan
    """
    n_songs = len(targets.codes)
    pool = np.setdiff1d(np.flatnonzero(targets.labelled), held)
    folds = teacher_folds(
        targets.codes[pool],
        None if groups is None else groups[pool],
        targets.classes,
        n_splits=n_splits,
        random_state=random_state,
    )
    others = np.setdiff1d(np.arange(n_songs), pool)
    return [FitPlan(pool[train], np.union1d(pool[test], others)) for train, test in folds]


def plan_pairs(targets, groups, *, n_splits, random_state):
    """Which teachers to fit so that every fold can be validated on: one a pair of folds.

    Parameters
    ----------
    targets, groups, n_splits, random_state
        See :func:`plan_fits`.

    Returns
    -------
    plans : list of FitPlan
        One a pair; each is asked about its two folds and the unlabelled songs.

    folds : list of ndarray of int
        Labelled songs, to validate on. Both lists are empty where there are no three folds of
        which any two may be left out: with two there is no teacher for a pair of them.
    """
    labelled = np.flatnonzero(targets.labelled)
    unlabelled = np.flatnonzero(~targets.labelled)
    folds = pair_folds(
        targets.codes[labelled],
        None if groups is None else groups[labelled],
        targets.classes,
        n_splits=n_splits,
        random_state=random_state,
    )
    folds = [labelled[fold] for fold in folds]
    plans = []
    for pair in combinations(folds, 2):
        left_out = np.concatenate(pair)
        asked = np.union1d(left_out, unlabelled)
        plans.append(FitPlan(np.setdiff1d(labelled, left_out), asked))
    return plans, folds


def cross_fit(teacher, plans, seeds, fingerprint, X, y, fit_params, n_jobs, context):
    """Fit the teachers, and one more on all labelled songs.

    Parameters
    ----------
    teacher : estimator
        Unfitted.

    plans : list of FitPlan
        The last one is the teacher to keep.

    seeds : list of int
        One a plan, for teachers without a `random_state` of their own.

    fingerprint : str
        Stands for X, y and `fit_params` where results are kept.

    X, y : as passed to `fit`
        All songs; y without unlabelled ones among those trained on.

    fit_params : dict of array-like
        Arrays with a row a song for the teacher's `fit`.

    n_jobs : int or None
        Teachers fitted in parallel, through joblib.

    context : CallbackContext
        Gets one subtask a teacher.

    Returns
    -------
    answers : list of (TeacherKnowledge or None)
        What each teacher told of the songs that it was asked about, the classes sorted; None if
        of none.

    teacher : estimator
        The fitted one to keep.

    """
    jobs = []
    for plan, seed in zip(plans, seeds, strict=True):
        task = context.subcontext(task_name="teacher")
        jobs.append(
            delayed(_fit_and_ask)(seeded_clone(teacher, seed), plan, X, y, fit_params, task)
        )
    answers = Parallel(n_jobs=n_jobs)(jobs)
    return [told for _, told in answers], answers[-1][0]


def _fit_and_ask(teacher, plan, X, y, fit_params, context):
    params = {name: _rows(values, plan.train) for name, values in fit_params.items()}
    with context.propagate_callback_context(teacher):
        context.call_on_fit_task_begin(estimator=teacher)
        teacher.fit(songs_for(teacher, X, plan.train), y[plan.train], **params)
    context.call_on_fit_task_end(estimator=teacher)
    if not len(plan.asked):
        return teacher, None
    told = ask(teacher, songs_for(teacher, X, plan.asked))
    return teacher, align_classes(teacher, told, np.unique(y))


def songs_for(teacher, X, rows):
    """Some of the songs, in the container that the user chose.

    The nets read a batch at a time; any other teacher gets ordinary arrays.
    """
    if isinstance(X, Mapping) and isinstance(teacher, NetClassifier):
        taken = take_songs(X, rows)
        return type(X)(**taken) if isinstance(X, dict) else taken  # its own teacher may be no net
    return _rows(X, rows)


def _rows(values, rows):
    if type(values) is dict:
        return {name: array[rows] for name, array in values.items()}
    return _safe_indexing(values, rows)


def ask(teacher, X):
    """Knowledge of any classifier; one without branches tells its soft labels only."""
    if hasattr(teacher, "knowledge"):
        return teacher.knowledge(X)
    proba = np.clip(teacher.predict_proba(X), 1e-7, 1.0)
    return TeacherKnowledge(logits=np.log(proba))


def align_classes(teacher, told, classes):
    """What a fitted teacher told, its classes in the order of the student's.

    Parameters
    ----------
    teacher : estimator
        The one that told it: others may know other classes.

    told : TeacherKnowledge
        With columns in the order of the teacher's ``classes_``.

    classes : ndarray of shape (n_classes,)
        The student's, sorted.

    Returns
    -------
    told : TeacherKnowledge
    """
    theirs = list(teacher.classes_)
    missing = [name for name in classes.tolist() if name not in theirs]
    if missing:
        raise ValueError(
            f"The teacher does not know the classes {missing}; it was fitted on {theirs}. Map the "
            "labels of the songs to the teacher's."
        )
    order = [theirs.index(name) for name in classes.tolist()]
    if order == list(range(len(theirs))):
        return told
    branches = told.branch_proba
    if branches is not None:
        branches = branches[:, :, order]
        branches = branches / branches.sum(axis=2, keepdims=True)
    return told._replace(logits=told.logits[:, order], branch_proba=branches)


def merge(n_songs, answers):
    """Mean over the teachers asked; the fused states of different teachers are not aligned.

    Parameters
    ----------
    n_songs : int
        Number of all songs.

    answers : list of (ndarray of int, TeacherKnowledge)
        The songs that a teacher was asked about, and what it told.

    Returns
    -------
    knowledge : TeacherKnowledge
        Of all songs, without hidden states; rows of NaN where nobody was asked.
    """
    if len(answers) == 1 and np.array_equal(answers[0][0], np.arange(n_songs)):
        return answers[0][1]
    logits = _mean_rows(n_songs, [(rows, told.logits) for rows, told in answers])
    if answers[0][1].branch_proba is None:
        return TeacherKnowledge(logits=logits)
    branch_proba = _mean_rows(n_songs, [(rows, told.branch_proba) for rows, told in answers])
    present = np.zeros((n_songs, branch_proba.shape[1]), dtype=bool)
    for rows, told in answers:
        present[rows] = told.present
    return TeacherKnowledge(logits=logits, branch_proba=branch_proba, present=present)


def _mean_rows(n_songs, parts):
    total = np.zeros((n_songs, *parts[0][1].shape[1:]))
    count = np.zeros(n_songs)
    for rows, values in parts:
        total[rows] += values
        count[rows] += 1
    with np.errstate(invalid="ignore"):
        return total / count.reshape(-1, *(1,) * (total.ndim - 1))


def seeded_clone(estimator, seed):
    """Clone, and seed every `random_state` that the user left at None."""
    estimator = clone(estimator)
    unseeded = {
        name: seed
        for name, value in estimator.get_params().items()
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    estimator.set_params(**unseeded)  # that of a FrozenEstimator returns nothing
    return estimator


def accepted_params(estimator, params):
    """Those of `params` that an estimator's `fit` takes, without the absent ones.

    Those for the last step of a Pipeline are named as its `fit` wants them, and a search hands
    them on; with metadata routing enabled, these and other wrappers get what is requested.
    """
    if isinstance(estimator, FrozenEstimator):
        return {}
    params = {name: values for name, values in params.items() if values is not None}
    taken = {name: params[name] for name in params if has_fit_parameter(estimator, name)}
    if get_config()["enable_metadata_routing"]:
        requested = get_routing_for_object(estimator).consumes("fit", params)
        return taken | {name: params[name] for name in requested}
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return {f"{name}__{key}": values for key, values in accepted_params(last, params).items()}
    if isinstance(estimator, BaseSearchCV):
        return _accepted_by_search(estimator, params)
    return taken


def _accepted_by_search(search, params):
    """What its estimator takes; the groups go to its folds, if these ask for groups."""
    groups = {name: params[name] for name in params if name == "groups"}
    others = {name: params[name] for name in params if name != "groups"}
    taken = accepted_params(search.estimator, others)
    asks = get_routing_for_object(check_cv(search.cv)).consumes("split", groups)
    return taken | {name: groups[name] for name in asks}
