"""A classifier that says what it is told."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

__all__ = ["Told"]


class Told(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose logits are its input."""

    def __init__(self, classes):
        self.classes = classes
        self.classes_ = np.asarray(classes)

    def fit(self, X, y):
        return self

    def decision_function(self, X):
        return X[:, 0] if len(self.classes_) == 2 else X
