"""Models inside calibrators and rejectors."""

import copy

from sklearn_skd.classifiers._prefit import PrefitCalibrator
from sklearn_skd.classifiers._steps import split_steps
from sklearn_skd.classifiers.abstaining import AbstainingClassifier

__all__ = ["WRAPPERS", "layers", "take_apart"]

WRAPPERS = (AbstainingClassifier, PrefitCalibrator)


def take_apart(model):
    """Take a model apart, what is inside a calibrator or rejector as well.

    Parameters
    ----------
    model : fitted classifier, Pipeline or search
        Left as it is.

    Returns
    -------
    transformers : list of Pipeline
        What songs go through before the classifier reads them.

    classifier : classifier
        A copy of the calibrator or rejector, if there is one, around the bare classifier.
    """
    transformers, classifier = split_steps(model)
    if isinstance(classifier, WRAPPERS):
        further, inner = take_apart(classifier.estimator)
        classifier = copy.copy(classifier)
        classifier.estimator = inner
        transformers = transformers + further
    return transformers, classifier


def layers(classifier):
    """A classifier that was taken apart, and what it holds: the innermost is the last."""
    inside = layers(classifier.estimator) if isinstance(classifier, WRAPPERS) else []
    return [classifier, *inside]
