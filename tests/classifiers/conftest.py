"""A small collection of songs, and classifiers fitted on it once."""

from typing import NamedTuple

import numpy as np
import pytest
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, TeacherClassifier


class Collection(NamedTuple):
    """Songs of three emotions that sound and lyrics betray, culture does not."""

    X: SliceDict
    y: np.ndarray
    votes: np.ndarray
    reliability: np.ndarray
    groups: np.ndarray


def make_collection(n=48, seed=0):
    rng = np.random.RandomState(seed)
    codes = np.arange(n) % 3
    audio = rng.normal(size=(n, 8, 96)) + 0.6 * np.eye(3, 8)[codes][:, :, None]
    lyrics = rng.normal(size=(n, 6)) + 0.8 * np.eye(3, 6)[codes]
    lyrics[:, -1] = 1
    lyrics[3:9] = [*np.full(5, 0.1), 0]  # instrumentals: the tag, and has_lyrics 0
    culture = rng.randint(4, size=(n, 2))
    votes = rng.multinomial(5, [0.2] * 3 + [0.4], size=n)
    votes[np.arange(n), codes] += votes[:, 3]
    votes = votes[:, :3]
    return Collection(
        SliceDict(
            audio=audio.astype(np.float32), lyrics=lyrics.astype(np.float32), culture=culture
        ),
        np.array(["calm", "happy", "sad"])[codes],
        votes,
        votes.max(axis=1) / votes.sum(axis=1),
        np.arange(n) // 2,
    )


def make_tiny_student(**params):
    """A student and its teacher, of two epochs each unless told otherwise."""
    defaults = {
        "teacher": TeacherClassifier(max_epochs=2, batch_size=16),
        "teacher_cv": 2,
        "max_epochs": 2,
        "batch_size": 16,
        "random_state": 0,
    }
    return SKDStudentClassifier(**{**defaults, **params})


@pytest.fixture(scope="session")
def collection():
    return make_collection()


@pytest.fixture(scope="session")
def new_songs():
    """Songs that nobody was fitted on."""
    return make_collection(12, seed=1).X


@pytest.fixture(scope="session")
def tiny_student():
    return make_tiny_student


@pytest.fixture(scope="session")
def fitted_teacher(collection):
    teacher = TeacherClassifier(max_epochs=4, batch_size=16, random_state=0)
    return teacher.fit(collection.X, collection.y)


@pytest.fixture(scope="session")
def fitted_student(collection):
    return make_tiny_student().fit(
        collection.X,
        collection.y,
        annotation_votes=collection.votes,
        annotation_reliability=collection.reliability,
    )
