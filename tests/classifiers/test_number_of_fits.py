"""What a fit costs, as the user guide (chapter on the student) and the docstring say."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.classifiers import _base, _consult

X = np.random.RandomState(0).normal(size=(60, 3))
Y = np.arange(60) % 3


class Counted(GaussianNB):
    """A teacher that counts its fits."""

    fits = 0

    def fit(self, X, y):
        Counted.fits += 1
        return super().fit(X, y)


@pytest.fixture
def fits(monkeypatch):
    """A function that fits a student and returns the number of (teacher fits, student fits)."""
    train, trained = _base.train_net, []

    def counting(*args, **kwargs):
        trained.append(args)
        return train(*args, **kwargs)

    monkeypatch.setattr(_base, "train_net", counting)

    def count(teacher=None, **params):
        Counted.fits = 0
        trained.clear()
        teacher = Counted() if teacher is None else teacher
        SKDStudentClassifier(teacher, max_epochs=1, random_state=0, **params).fit(X, Y)
        return Counted.fits, len(trained)

    return count


def test_by_default_there_is_a_teacher_a_pair_of_folds_and_a_student_a_fold(fits):
    assert fits() == (11, 6)
    assert fits(teacher_cv=4) == (7, 5)


def test_a_hold_out_takes_a_teacher_a_fold_and_two_students(fits, monkeypatch):
    assert fits(calibration_cv="hold-out") == (6, 2)
    assert fits(teacher_cv=2) == (3, 2)
    monkeypatch.setattr(_consult, "FOLDS_UP_TO", 59)
    assert fits() == (6, 2)


def test_nothing_to_decide_takes_one_student(fits):
    assert fits(calibration=None) == (6, 1)


def test_a_search_validates_seven_candidates(fits):
    assert fits(teacher_cv=3, mean_weight="search") == (4, 7 * 3 + 1)
    assert fits(teacher_cv=2, mean_weight="search") == (3, 8)


def test_students_alone_of_frozen_or_of_in_sample_teachers_are_validated_in_folds(fits):
    assert fits(strategy="student-only") == (0, 6)
    assert fits(FrozenEstimator(GaussianNB().fit(X, Y))) == (0, 6)
    assert fits(teacher_cv=None) == (1, 6)


def test_every_member_is_a_student(fits):
    assert fits(teacher_cv=3, n_members=2) == (4, 2 * 4)
