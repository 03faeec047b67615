"""The arms of an experiment: one estimator each, fitted and asked in the same way."""

from collections.abc import Mapping
from numbers import Number

import joblib
import numpy as np
from joblib.func_inspect import get_func_code
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_skd._sklearn import _safe_indexing
from sklearn_skd._warnings import warn_user
from sklearn_skd.calibration import temperature_softmax
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._crossfit import accepted_params
from sklearn_skd.classifiers._fingerprint import own_code
from sklearn_skd.classifiers._steps import split_steps
from sklearn_skd.distillation.strategies import STRATEGIES as KNOWN

__all__ = ["STRATEGIES", "fit_arm", "last_step", "make_arms", "raw_and_calibrated", "recipe"]

STRATEGIES = ("student-only", "kd", "dkd", "ckd", "skd")  # in the order of the paper's tables
NO_MATTER = {"memory", "n_jobs", "verbose"}  # parameters that change no number


def make_arms(estimator, strategies, memory=None, *, seeded=False):
    """An unfitted estimator by name.

    Parameters
    ----------
    estimator : SKDStudentClassifier, or Pipeline that ends in one
        Cloned for every arm.

    strategies : sequence of str, or mapping of str to (dict or estimator)
        Names of strategies; or arms by name: parameters to set on a clone of `estimator`'s last
        step, or any other classifier.

    memory : str, joblib.Memory or None, default=None
        Given to students that have none.

    seeded : bool, default=False
        Whether every run brings a seed of its own.

    Returns
    -------
    arms : dict of str to estimator

    Raises
    ------
    ValueError
        If there are no arms, a name occurs twice, a strategy or parameter does not exist, or an
        arm has no probabilities.
    """
    arms = {name: _make_arm(name, estimator, arm) for name, arm in _named(strategies).items()}
    for arm in arms.values():
        step = last_step(arm)
        if memory is not None and step.get_params(deep=False).get("memory", "") is None:
            step.set_params(memory=memory)
    unseeded = [name for name, arm in arms.items() if _is_unseeded_net(arm)]
    if memory is not None and unseeded and not seeded:
        warn_user(
            f"The arms {unseeded} have random_state=None: they cannot share teachers, and a later "
            "call repeats the folds kept in `memory` instead of drawing new random numbers. Set "
            "random_state to a whole number."
        )
    return arms


def _named(strategies):
    """Arms by name: parameters or estimators."""
    if isinstance(strategies, Mapping):
        if not strategies:
            raise ValueError("strategies is an empty mapping: name at least one arm.")
        return strategies
    names = [] if isinstance(strategies, str) else list(strategies)
    if not names or len(set(names)) < len(names):
        raise ValueError(
            "strategies is a sequence of different names, or a mapping of names to parameters or "
            f"classifiers; got {strategies!r}."
        )
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        raise ValueError(
            f"strategies holds {unknown}; the strategies are {sorted(KNOWN)}. For an arm of "
            "another name pass a mapping, such as {'KD, hot': {'strategy': 'kd', "
            "'temperature': 4.0}}."
        )
    return {name: {"strategy": name} for name in names}


def _make_arm(name, estimator, arm):
    if isinstance(arm, Mapping):
        made = clone(estimator)
        step = last_step(made)
        try:
            step.set_params(**arm)
            if isinstance(step, NetClassifier):
                step._validate_params()  # now, not after hours of other arms
        except ValueError as error:
            raise ValueError(f"Arm {name!r}: {error}") from error
    else:
        made = clone(arm)
    if not hasattr(made, "predict_proba"):
        raise ValueError(
            f"Arm {name!r}, {type(last_step(made)).__name__}, has no predict_proba. Wrap it, for "
            "example in sklearn.calibration.CalibratedClassifierCV."
        )
    return made


def _is_unseeded_net(arm):
    step = last_step(arm)
    return isinstance(step, NetClassifier) and step.random_state is None


def last_step(estimator):
    """The classifier itself, at the end of a Pipeline or alone."""
    return last_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def recipe(arm):
    """Hash of what decides the numbers of an arm: how many cores it uses does not.

    The code of strategies that users added is part of it; the version stands for the others.
    """
    neutral = {}
    for name, value in arm.get_params().items():
        last = name.rpartition("__")[2]
        # a number called memory is that of a FeedbackCalibrator
        if last in NO_MATTER and not (last == "memory" and isinstance(value, Number)):
            neutral[name] = None
    made = clone(arm)
    made.set_params(**neutral)  # that of a FrozenEstimator returns nothing
    own = {name: get_func_code(step)[0] for name, step in KNOWN.items() if _is_users(step)}
    return joblib.hash((made, own_code(made), own))


def _is_users(function):
    return not getattr(function, "__module__", "").startswith("sklearn_skd.")


def fit_arm(arm, X, y, fit_params):
    """Fit a clone on songs with those of `fit_params` that its classifier takes.

    Parameters
    ----------
    arm : estimator
        Unfitted.

    X : songs
        To train on.

    y : ndarray of object
        Labels; None for unlabelled songs, of which a classifier of another package gets none.

    fit_params : dict of str to (ndarray or None)
        Annotations and groups of the songs. A Pipeline's last step gets those that its `fit`
        names; with metadata routing enabled, every arm gets those that it requests.

    Returns
    -------
    arm : estimator
        Fitted.
    """
    arm = clone(arm)
    fit_params = {name: values for name, values in fit_params.items() if values is not None}
    labelled = np.array([label is not None for label in y])
    if not isinstance(last_step(arm), NetClassifier) and not labelled.all():
        rows = np.flatnonzero(labelled)
        X, y = _safe_indexing(X, rows), y[rows]
        fit_params = {name: values[rows] for name, values in fit_params.items()}
        labelled = labelled[rows]
    if labelled.all():
        y = np.array(y.tolist())  # no longer objects
    return arm.fit(X, y, **accepted_params(arm, fit_params))


def raw_and_calibrated(arm, X, classes):
    """Probabilities before and after temperature scaling, by the name of the calibration.

    Parameters
    ----------
    arm : fitted classifier
        One that is not of this package, not calibrated or wrapped has raw probabilities only; a
        Pipeline or search that ends in a net has both.

    X : songs
        To predict.

    classes : ndarray of shape (n_classes,)
        The order of the columns; a class that the arm does not know gets 0.

    Returns
    -------
    proba : dict of str to ndarray of shape (n_songs, n_classes)
        Keys ``"raw"`` and perhaps ``"temperature"``.

    Raises
    ------
    ValueError
        If the arm knows a class that is not among `classes`.
    """
    _, step = split_steps(arm)
    if isinstance(step, NetClassifier) and getattr(step, "calibration", "temperature"):
        scores = arm.decision_function(X)  # one pass: a Pipeline may have audio to read
        parts = {
            "raw": temperature_softmax(scores * step.temperature_, 1.0),
            "temperature": temperature_softmax(scores, 1.0),
        }
    else:
        parts = {"raw": arm.predict_proba(X)}
    place = {name: k for k, name in enumerate(classes.tolist())}
    unknown = [name for name in arm.classes_.tolist() if name not in place]
    if unknown:
        raise ValueError(
            f"{type(step).__name__} predicts {unknown}, which no song has: {list(place)}."
        )
    columns = [place[name] for name in arm.classes_.tolist()]
    aligned = {}
    for name, values in parts.items():
        values = np.asarray(values, dtype=float)  # float32 rows sum to 1 only nearly
        aligned[name] = np.zeros((len(values), len(classes)))
        aligned[name][:, columns] = values / values.sum(axis=1, keepdims=True)
    return aligned
