"""The arms of an experiment: one estimator each, fitted and asked in the same way."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_skd._sklearn import _safe_indexing
from sklearn_skd.calibration import temperature_softmax
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._crossfit import accepted_params

__all__ = ["fit_arm", "last_step", "make_arms", "raw_and_calibrated"]


def make_arms(estimator, strategies, memory):
    """An unfitted estimator by name.

    Parameters
    ----------
    estimator : SKDStudentClassifier, or Pipeline that ends in one
        Cloned for every arm.

    strategies : sequence of str, or mapping of str to (dict or estimator)
        Names of strategies; or arms by name: parameters to set on a clone of `estimator`'s last
        step, or any other classifier.

    memory : str, joblib.Memory or None
        Given to students that have none.

    Returns
    -------
    arms : dict of str to estimator

    Raises
    ------
    ValueError
        If there are no arms, or a name occurs twice.
    """
    if not isinstance(strategies, Mapping):
        names = list(strategies)
        if isinstance(strategies, str) or not names or len(set(names)) < len(names):
            raise ValueError(
                f"strategies is a sequence of different names, or a mapping; got {strategies!r}."
            )
        strategies = {name: {"strategy": name} for name in names}
    if not strategies:
        raise ValueError("strategies is an empty mapping: name at least one arm.")
    arms = {}
    for name, arm in strategies.items():
        made = clone(estimator if isinstance(arm, Mapping) else arm)
        step = last_step(made)
        if isinstance(arm, Mapping):
            step.set_params(**arm)
        if memory is not None and step.get_params(deep=False).get("memory", "") is None:
            step.set_params(memory=memory)
        arms[name] = made
    return arms


def last_step(estimator):
    """The classifier itself, at the end of a Pipeline or alone."""
    return last_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def fit_arm(arm, X, y, fit_params):
    """Fit a clone on songs with those of `fit_params` that its classifier takes.

    A classifier of another package gets the labelled songs only (y is None for the others).
    """
    arm = clone(arm)
    labelled = np.array([label is not None for label in y])
    if not isinstance(last_step(arm), NetClassifier) and not labelled.all():
        X, y = _safe_indexing(X, labelled), y[labelled]
        fit_params = {
            name: None if values is None else _safe_indexing(values, labelled)
            for name, values in fit_params.items()
        }
        labelled = labelled[labelled]
    if labelled.all():
        y = np.array(y.tolist())  # no longer objects
    prefix = f"{arm.steps[-1][0]}__" if isinstance(arm, Pipeline) else ""
    taken = accepted_params(last_step(arm), fit_params)
    return arm.fit(X, y, **{prefix + name: values for name, values in taken.items()})


def raw_and_calibrated(arm, X, classes):
    """Probabilities before and after temperature scaling, by the name of the calibration.

    Parameters
    ----------
    arm : fitted classifier
        One without ``temperature_`` has raw probabilities only.

    X : songs
        To predict.

    classes : ndarray of shape (n_classes,)
        The order of the columns; a class that the arm does not know gets 0.

    Returns
    -------
    proba : dict of str to ndarray of shape (n_songs, n_classes)
        Keys ``"raw"`` and, for estimators of this package, ``"temperature"``.
    """
    proba = arm.predict_proba(X)
    temperature = getattr(last_step(arm), "temperature_", None)
    parts = {"raw": proba}
    if temperature is not None:
        scores = arm.decision_function(X) * temperature
        logits = np.stack([np.zeros_like(scores), scores], axis=1) if scores.ndim == 1 else scores
        parts = {"raw": temperature_softmax(logits, 1.0), "temperature": proba}
    place = np.searchsorted(classes, arm.classes_)
    aligned = {}
    for name, values in parts.items():
        aligned[name] = np.zeros((len(values), len(classes)))
        aligned[name][:, place] = values
    return aligned
