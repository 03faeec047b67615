"""Songs with planted weaknesses, and a model whose probabilities are what it is given."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

CLASSES = np.array(["calm", "pleasure", "sadness", "tension"])


class Prophet(ClassifierMixin, BaseEstimator):
    """Its X are the probabilities."""

    def __init__(self, classes=tuple(CLASSES)):
        self.classes = classes

    def fit(self, X=None, y=None):
        self.classes_ = np.array(self.classes)
        return self

    def predict_proba(self, X):
        return np.asarray(X)


def calibrated_songs(n=240, seed=0):
    """Probabilities, labels drawn from them, and culture that has no part in either."""
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.full(4, 0.7), size=n)
    codes = (proba.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    culture = pd.DataFrame(
        {
            "language": rng.choice(["English", "Turkish"], size=n, p=[0.7, 0.3]),
            "genre": rng.choice(["folk", "pop", "rock", None], size=n),
        }
    )
    return proba, CLASSES[codes], culture


def biased_songs(n=400, seed=0):
    """Right in every bin of confidence over all songs; too sure in Turkish, too modest in English.

    Three songs of ten are Turkish: what they lack in accuracy, the others have in excess.
    """
    rng = np.random.default_rng(seed)
    turkish = np.arange(n) % 10 < 3
    confidence = rng.uniform(0.45, 0.85, size=n)
    right = rng.random(n) < confidence + np.where(turkish, -0.25, 0.25 * 3 / 7)
    guess = rng.integers(4, size=n)
    proba = np.repeat((1 - confidence[:, None]) / 3, 4, axis=1)
    proba[np.arange(n), guess] = confidence
    codes = np.where(right, guess, (guess + rng.integers(1, 4, size=n)) % 4)
    language = np.where(turkish, "Turkish", "English")
    genre = rng.choice(["folk", "pop", "rock"], size=n)
    return proba, CLASSES[codes], pd.DataFrame({"language": language, "genre": genre})


@pytest.fixture(scope="session")
def classes():
    return CLASSES


@pytest.fixture(scope="session")
def draw_calibrated():
    return calibrated_songs


@pytest.fixture(scope="session")
def draw_biased():
    return biased_songs


@pytest.fixture(scope="session")
def prophet():
    return Prophet().fit()
