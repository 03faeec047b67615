"""Which teachers speak about which songs; tests/benchmarks/test_leakage.py shows why."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.classifiers import _consult
from sklearn_skd.classifiers._consult import Consultation, plan_consultation
from sklearn_skd.classifiers._targets import check_targets


def plan(n_songs=60, y=None, groups=None, **params):
    student = SKDStudentClassifier(**params)
    y = np.arange(n_songs) % 3 if y is None else y
    targets = check_targets(len(y), y)
    return plan_consultation(student, targets, groups, np.random.RandomState(0))


# What is planned


def test_small_sets_are_validated_in_folds_by_pairs_of_teachers():
    plans, valid = plan(teacher_cv=4)
    assert (len(plans), len(valid)) == (6, 4)
    assert_array_equal(np.sort(np.concatenate(valid)), np.arange(60))


def test_large_sets_are_validated_on_a_hold_out(monkeypatch):
    monkeypatch.setattr(_consult, "FOLDS_UP_TO", 50)
    plans, valid = plan(teacher_cv=4)
    assert (len(plans), len(valid)) == (4, 1)
    assert len(valid[0]) == 9
    assert len(plan(teacher_cv=4, calibration_cv="folds")[1]) == 4


@pytest.mark.parametrize("params", [{"teacher_cv": 2}, {"calibration_cv": "hold-out"}])
def test_two_folds_or_the_users_wish_mean_a_hold_out(params):
    plans, valid = plan(**params)
    assert len(valid) == 1
    for one in plans:
        assert not np.isin(valid[0], one.train).any()


@pytest.mark.parametrize(
    "params",
    [
        {"strategy": "student-only"},
        {"teacher_cv": None},
        {"teacher": FrozenEstimator(GaussianNB())},
    ],
)
def test_without_cross_fitting_the_student_alone_is_validated_in_folds(params):
    plans, valid = plan(**params)
    assert plans == []
    assert len(valid) == 5
    assert_array_equal(np.sort(np.concatenate(valid)), np.arange(60))


def test_nothing_to_decide_is_nothing_to_validate():
    plans, valid = plan(calibration=None)
    assert (len(plans), len(valid)) == (5, 0)
    assert len(plan(calibration=None, mean_weight="search")[1]) == 5
    assert plan(calibration=None, mean_weight="search", strategy="kd")[1] == []


def test_validation_folds_keep_groups_and_leave_unlabelled_songs_out():
    y = np.array(["calm", "happy", "sad"] * 20, dtype=object)
    y[:6] = None
    groups = np.arange(60) // 2
    for strategy in ("student-only", "skd"):
        _, valid = plan(y=y, groups=groups, strategy=strategy, teacher_cv=3)
        assert_array_equal(np.sort(np.concatenate(valid)), np.arange(6, 60))
        assert not np.intersect1d(groups[valid[0]], groups[valid[1]]).size


def test_a_class_that_cannot_fill_two_folds_is_not_validated_in_folds():
    y = np.r_[np.zeros(20), np.ones(20), 2].astype(int)
    _, valid = plan(y=y, strategy="student-only")
    assert len(valid) == 1  # a hold-out, without the class of one
    assert 40 not in valid[0]


@pytest.mark.parametrize("y", [None, np.r_[np.zeros(9), np.ones(9), 2, 2]], ids=["few", "rare"])
def test_a_report_says_that_songs_are_held_out(capsys, y):
    params = {"teacher_cv": 2} if y is None else {}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        plan(y=y, verbose=1, **params)
    assert "songs are held out instead" in capsys.readouterr().out
    assert len(told) == (0 if y is None else 1)  # about the folds, once


# Who speaks


class Remembering(ClassifierMixin, BaseEstimator):
    """Answers with the number of songs (first column) that it saw, and whether it saw this one."""

    def fit(self, X, y):
        self.classes_, self.saw_ = np.unique(y), set(X[:, 0])
        return self

    def predict_proba(self, X):
        seen = np.array([song in self.saw_ for song in X[:, 0]])
        proba = np.column_stack([seen, ~seen, ~seen]) + 0.1
        return proba / proba.sum(axis=1, keepdims=True)


def test_lessons_for_a_fold_come_from_teachers_that_saw_neither_song_nor_fold(monkeypatch):
    asked = []
    knowledge = Consultation.knowledge

    def listen(self, valid):
        told = knowledge(self, valid)
        asked.append((self, valid, told))
        return told

    monkeypatch.setattr(Consultation, "knowledge", listen)
    X = np.column_stack([np.arange(60.0), np.zeros(60)])
    y = np.array(["calm", "happy", "sad"] * 20)
    SKDStudentClassifier(Remembering(), teacher_cv=4, max_epochs=1, random_state=0).fit(X, y)
    assert len(asked) == 5  # one for all songs, one a fold
    for consultation, valid, told in asked:
        assert (told.logits[:, 0] < told.logits[:, 1]).all()  # nobody spoke about a song it saw
        speaking = [one for one in consultation.plans if not np.isin(valid, one.train).any()]
        assert len(speaking) == (6 if not len(valid) else 3)
