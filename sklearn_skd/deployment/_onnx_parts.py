"""A fitted model taken apart into what an exported graph computes."""

from typing import Any, NamedTuple

import numpy as np

from sklearn_skd.classifiers import (
    AbstainingClassifier,
    FeedbackCalibrator,
    SKDStudentClassifier,
    TemperatureCalibratedClassifier,
)
from sklearn_skd.classifiers._steps import check_prefit, split_steps

__all__ = ["Parts", "take_apart"]


class Parts(NamedTuple):
    """A student and what lies before and behind it.

    Attributes
    ----------
    student : SKDStudentClassifier
        Fitted.

    transformers : list of estimator
        What songs go through before the student reads them, the first first.

    temperature, bias : float and ndarray of shape (n_classes,)
        Probabilities are ``softmax(logits / temperature + bias)`` of the student's raw logits.

    abstention : AbstainingClassifier or None
        Who decides which answers are used.

    n_listeners : int
        Number of listeners with a calibration of their own.
    """

    student: Any
    transformers: list
    temperature: float
    bias: np.ndarray
    abstention: Any = None
    n_listeners: int = 0


def take_apart(estimator):
    """Find the student in a model, and all that has a part in its predictions.

    Parameters
    ----------
    estimator : estimator
        A student, or a Pipeline, search, FrozenEstimator or classifier of this package around
        one, also nested.

    Returns
    -------
    parts : Parts

    Raises
    ------
    NotFittedError
        If it is not fitted.

    TypeError
        If it does not end in a student.
    """
    pipelines, classifier = split_steps(estimator)
    check_prefit(classifier, caller="export_onnx")
    own = [step for pipeline in pipelines for step in _steps(pipeline)]
    if isinstance(classifier, SKDStudentClassifier):
        return Parts(classifier, own, classifier.temperature_, np.zeros(len(classifier.classes_)))
    if isinstance(classifier, AbstainingClassifier):
        inner = take_apart(classifier.estimator)._replace(abstention=classifier)
    elif isinstance(classifier, TemperatureCalibratedClassifier | FeedbackCalibrator):
        inner = _calibrated(take_apart(classifier.estimator), classifier)
    else:
        raise TypeError(_complaint(classifier))
    return inner._replace(transformers=own + inner.transformers)


def _steps(pipeline):
    """The transformers of a Pipeline, those of nested ones too."""
    for _, step in pipeline.steps:
        if hasattr(step, "steps"):
            yield from _steps(step)
        elif step is not None and step != "passthrough":
            yield step


def _calibrated(inner, calibrator):
    """One temperature and bias for two in a row: (o / t + b) / s + c = o / (t s) + (b / s + c)."""
    return inner._replace(
        temperature=inner.temperature * calibrator.temperature_,
        bias=inner.bias / calibrator.temperature_ + calibrator.bias_,
        abstention=None,  # it has no say in what the calibrator answers
        n_listeners=len(getattr(calibrator, "groups_", ())),
    )


def _complaint(classifier):
    name = type(classifier).__name__
    told = (
        "export_onnx takes a fitted SKDStudentClassifier, or a Pipeline or search that ends in "
        "one, also inside TemperatureCalibratedClassifier, FeedbackCalibrator or "
        f"AbstainingClassifier; this ends in a {name}."
    )
    if name == "TeacherClassifier":
        return f"{told} A teacher is taught from, not shipped: fit a student of it."
    if hasattr(classifier, "best_params_"):
        return f"{told} The search keeps no model: set refit=True."
    return told
