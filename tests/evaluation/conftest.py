"""Few songs, students of two epochs, and classifiers that count their fits."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB

from sklearn_skd import SKDStudentClassifier, TeacherClassifier


class Collection(NamedTuple):
    """Songs of three emotions, with annotators."""

    X: np.ndarray
    y: np.ndarray
    votes: np.ndarray
    reliability: np.ndarray
    groups: np.ndarray


class CountedNB(ClassifierMixin, BaseEstimator):
    """Naive Bayes that writes a line into a file at every fit, in whatever process.

    Parameters
    ----------
    log : str
        The file.

    stop_at : int or None
        Raises at that fit, as an interruption would.
    """

    def __init__(self, log, stop_at=None):
        self.log = log
        self.stop_at = stop_at

    def fit(self, X, y):
        with open(self.log, "a") as file:
            file.write(f"{len(y)}\n")
        if self.stop_at is not None and count_fits(self.log) == self.stop_at:
            raise KeyboardInterrupt
        self.net_ = GaussianNB().fit(X, y)
        self.classes_ = self.net_.classes_
        return self

    def predict_proba(self, X):
        return self.net_.predict_proba(X)


def count_fits(log):
    return len(Path(log).read_text().splitlines()) if os.path.exists(log) else 0


@pytest.fixture(scope="session")
def counted():
    """The class, and the number of lines in a log."""
    return CountedNB, count_fits


@pytest.fixture(scope="session")
def collection():
    rng = np.random.RandomState(0)
    codes = np.arange(48) % 3
    X = rng.normal(size=(48, 5)) + 1.2 * np.eye(3, 5)[codes]
    votes = rng.multinomial(5, [0.2] * 3 + [0.4], size=48)
    votes[np.arange(48), codes] += votes[:, 3]
    votes = votes[:, :3].astype(float)
    y = np.array(["calm", "happy", "sad"])[codes]
    reliability = votes.max(axis=1) / votes.sum(axis=1)
    return Collection(X, y, votes, reliability, np.arange(48) // 2)


@pytest.fixture(scope="session")
def tiny_student():
    """Makes a student and its teacher, of two epochs each unless told otherwise."""

    def make(**params):
        defaults = {
            "teacher": TeacherClassifier(max_epochs=2, batch_size=16),
            "teacher_cv": 2,
            "max_epochs": 2,
            "batch_size": 16,
            "random_state": 0,
        }
        return SKDStudentClassifier(**{**defaults, **params})

    return make
