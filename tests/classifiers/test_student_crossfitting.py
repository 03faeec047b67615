"""Honest knowledge inside `fit`: folds, groups, held-out songs, kept teachers."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.classifiers import _learning
from sklearn_skd.classifiers._lesson import prepare_lesson
from sklearn_skd.classifiers._targets import check_targets
from sklearn_skd.distillation import TeacherKnowledge

# the teacher below knows nothing
pytestmark = pytest.mark.filterwarnings("ignore:Each song has the same logit")


class Remembering(ClassifierMixin, BaseEstimator):
    """Remembers which songs (first column) and what else each of its clones was shown."""

    fits: ClassVar[list] = []
    asked: ClassVar[list] = []

    def __init__(self, strength=1.0):
        self.strength = strength

    def fit(self, X, y, sample_weight=None, annotation_votes=None, groups=None):
        extras = {"sample_weight": sample_weight, "annotation_votes": annotation_votes}
        self.classes_ = np.unique(y)
        self.saw_ = X[:, 0].astype(int)
        Remembering.fits.append((self.saw_, {**extras, "groups": groups}))
        return self

    def predict_proba(self, X):
        Remembering.asked.append((self.saw_, X[:, 0].astype(int)))
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


@pytest.fixture(autouse=True)
def _forget():
    Remembering.fits.clear()
    Remembering.asked.clear()


@pytest.fixture
def songs():
    """60 songs whose first column is their number, of three classes and 20 artists."""
    rng = np.random.RandomState(0)
    X = np.column_stack([np.arange(60), rng.normal(size=(60, 2))])
    return X, np.array(["calm", "happy", "sad"])[np.arange(60) % 3], np.arange(60) // 3


def folds():
    """All fits but the last, which is the teacher to keep."""
    return [saw for saw, _ in Remembering.fits[:-1]]


# Who sees what


def test_no_teacher_is_asked_about_a_song_it_saw(tiny_student, songs):
    X, y, _ = songs
    tiny_student(teacher=Remembering(), teacher_cv=3).fit(X, y)
    assert len(Remembering.fits) == 4
    for saw, asked in Remembering.asked:
        assert not np.intersect1d(saw, asked).size
    told = np.concatenate([asked for _, asked in Remembering.asked])
    assert_array_equal(np.unique(told), np.arange(60))
    assert_array_equal(np.sort(Remembering.fits[-1][0]), np.arange(60))


def test_held_out_songs_are_seen_by_no_fold_teacher(tiny_student, songs):
    X, y, _ = songs
    student = tiny_student(teacher=Remembering(), teacher_cv=3, calibration_cv="hold-out")
    student.fit(X, y)
    seen = np.unique(np.concatenate(folds()))
    held = np.setdiff1d(np.arange(60), seen)
    assert 6 <= len(held) <= 12
    # without anything to choose or calibrate, none is held out
    Remembering.fits.clear()
    student.set_params(calibration=None).fit(X, y)
    assert_array_equal(np.unique(np.concatenate(folds())), np.arange(60))


def test_groups_are_on_one_side_of_folds_and_hold_out(tiny_student, songs):
    X, y, groups = songs
    student = tiny_student(teacher=Remembering(), teacher_cv=3, calibration_cv="hold-out")
    student.fit(X, y, groups=groups)
    for saw, asked in Remembering.asked:
        assert not np.intersect1d(groups[saw], groups[asked]).size
    seen = np.unique(np.concatenate(folds()))
    held = np.setdiff1d(np.arange(60), seen)
    assert len(held)
    assert not np.intersect1d(groups[held], groups[seen]).size


def test_unlabelled_songs_are_asked_about_but_not_trained_on(tiny_student, songs):
    X, y, _ = songs
    y = y.astype(object)
    y[:6] = None
    tiny_student(teacher=Remembering(), teacher_cv=3).fit(X, y)
    for saw, _ in Remembering.fits:
        assert not np.intersect1d(saw, np.arange(6)).size
    for _, asked in Remembering.asked:
        assert np.isin(np.arange(6), asked).all()


@pytest.mark.parametrize("inside", [lambda teacher: teacher, make_pipeline], ids=["", "pipeline"])
def test_what_comes_with_the_songs_reaches_the_teachers_row_by_row(tiny_student, songs, inside):
    X, y, groups = songs
    weight = 1 + np.arange(60.0)
    votes = np.eye(3)[np.arange(60) % 3] + np.arange(60)[:, None]
    tiny_student(teacher=inside(Remembering()), teacher_cv=3).fit(
        X, y, sample_weight=weight, annotation_votes=votes, groups=groups
    )
    assert len(Remembering.fits) == 4
    for saw, extras in Remembering.fits:
        assert_array_equal(extras["sample_weight"], weight[saw])
        assert_array_equal(extras["annotation_votes"], votes[saw])
        assert_array_equal(extras["groups"], groups[saw])


@pytest.mark.parametrize(
    "fit_params",
    [
        {"sample_weight": 2.0},
        {"annotation_votes": scipy.sparse.csr_array(np.eye(3)[np.arange(60) % 3])},
        {"annotation_votes": np.ma.masked_array(np.ones((60, 3)), mask=np.eye(60, 3))},
    ],
    ids=["one weight", "sparse votes", "masked votes"],
)
def test_whatever_the_student_takes_its_teachers_can_take(tiny_student, songs, fit_params):
    X, y, _ = songs
    tiny_student(teacher=Remembering(), calibration=None, max_epochs=1).fit(X, y, **fit_params)
    ((name, given),) = fit_params.items()
    for saw, extras in Remembering.fits:
        whole = np.full(60, given) if np.isscalar(given) else given
        whole = whole.toarray() if scipy.sparse.issparse(whole) else whole
        if np.ma.isMaskedArray(whole):
            whole = whole.filled(np.nan)
        assert type(extras[name]) is np.ndarray
        assert_array_equal(extras[name], whole[saw])


def test_a_song_of_weight_zero_is_left_out_of_everything(tiny_student, songs):
    X, y, _ = songs
    weight = (np.arange(60) % 4 > 0).astype(float)
    turned = np.where(weight > 0, y, np.roll(y, 1))
    right, wrong = (
        tiny_student(teacher=KNeighborsClassifier(3), teacher_cv=3).fit(
            X, labels, sample_weight=weight
        )
        for labels in (y, turned)
    )
    assert_array_equal(wrong.predict_proba(X), right.predict_proba(X))
    assert wrong.temperature_ == right.temperature_
    assert_array_equal(wrong.class_reliability_, right.class_reliability_)
    assert_array_equal(np.isnan(wrong.credibility_["teacher_correct"]), weight == 0)


def test_the_papers_way_asks_one_teacher_about_the_songs_it_saw(tiny_student, songs):
    X, y, _ = songs
    tiny_student(teacher=Remembering(), teacher_cv=None).fit(X, y)
    ((saw, asked),) = Remembering.asked
    assert_array_equal(saw, asked)


def test_the_student_alone_fits_no_teacher(tiny_student, songs):
    X, y, _ = songs
    tiny_student(teacher=Remembering(), strategy="student-only").fit(X, y)
    assert not Remembering.fits


def test_folds_shrink_with_a_warning_that_says_how_many(tiny_student, songs):
    X, y, _ = songs
    y[y == "sad"] = "calm"
    y[[10, 20, 30]] = "sad"
    student = tiny_student(teacher=Remembering(), teacher_cv=5, calibration=None)
    message = "teacher_cv=5 is more than the 3 songs of class 'sad': 3 folds are used"
    with pytest.warns(UserWarning, match=message):
        student.fit(X, y)
    assert len(Remembering.fits) == 3 + 1


# Honesty


@pytest.fixture
def coin_tosses():
    """Labels that nothing can tell."""
    rng = np.random.RandomState(0)
    return rng.normal(size=(120, 4)), rng.randint(2, size=120)


def test_a_memorising_teacher_is_near_chance_out_of_fold(tiny_student, coin_tosses):
    memorising = KNeighborsClassifier(n_neighbors=1)
    honest = tiny_student(teacher=memorising, teacher_cv=5).fit(*coin_tosses)
    literal = tiny_student(teacher=memorising, teacher_cv=None).fit(*coin_tosses)
    assert 0.35 < honest.credibility_["teacher_correct"].mean() < 0.65
    assert literal.credibility_["teacher_correct"].mean() == 1


def test_the_net_teacher_too_is_judged_on_songs_it_did_not_see(tiny_student, coin_tosses):
    teacher = TeacherClassifier(max_epochs=60, dropout=0.0)
    honest = tiny_student(teacher=teacher, teacher_cv=2).fit(*coin_tosses)
    literal = tiny_student(teacher=teacher, teacher_cv=None).fit(*coin_tosses)
    assert honest.credibility_["teacher_correct"].mean() < 0.62
    assert literal.credibility_["teacher_correct"].mean() > 0.75
    assert honest.credibility_["certainty"].mean() < literal.credibility_["certainty"].mean()


@pytest.mark.parametrize(
    ("params", "leaks"),
    [({}, True), ({"teacher_cv": None}, False), ({"teacher": "frozen"}, False)],
    ids=str,
)
def test_hidden_states_of_a_teacher_that_saw_the_songs_do_not_validate(
    tiny_student, fitted_teacher, collection, monkeypatch, params, leaks
):
    if params.get("teacher"):
        params = {"teacher": FrozenEstimator(fitted_teacher)}
    splits = []
    validate = SKDStudentClassifier._validate

    def listen(self, own, loss, targets, these, *rest):
        splits.extend(these)
        return validate(self, own, loss, targets, these, *rest)

    monkeypatch.setattr(SKDStudentClassifier, "_validate", listen)
    tiny_student(mu=0.1, **params).fit(collection.X, collection.y)
    assert splits
    for split in splits:
        assert np.isnan(split.arrays["teacher_hidden"]).all() == leaks


@pytest.mark.parametrize("teacher_cv", [3, 2])
def test_a_lesson_to_validate_on_knows_no_label_of_the_songs_validated_on(
    tiny_student, songs, teacher_cv, monkeypatch
):
    X, y, _ = songs
    lessons = []

    def listen(student, told, targets, known, **how):
        lesson = prepare_lesson(student, told, targets, known, **how)
        lessons.append((known, lesson))
        return lesson

    monkeypatch.setattr(_learning, "prepare_lesson", listen)
    tiny_student(teacher=TeacherClassifier(max_epochs=2), teacher_cv=teacher_cv).fit(X, y)
    (everything, _), *validations = lessons
    assert_array_equal(everything, np.arange(60))
    left_out = [np.setdiff1d(np.arange(60), known) for known, _ in validations]
    if teacher_cv == 3:
        assert_array_equal(np.sort(np.concatenate(left_out)), np.arange(60))
    for (known, lesson), valid in zip(validations, left_out, strict=True):
        assert len(valid) > 5
        judged = lesson.credibility["teacher_correct"]
        assert judged.iloc[valid].isna().all()
        assert judged.iloc[known].notna().all()


def test_a_lesson_is_the_same_whatever_the_unknown_labels_are():
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=60)
    proba = rng.dirichlet(np.ones(3), size=(60, 2))
    told = TeacherKnowledge(np.log(proba.mean(axis=1)), None, proba, np.ones((60, 2), dtype=bool))
    known = np.arange(40)
    others = np.r_[codes[:40], (codes[40:] + 1) % 3]
    student = SKDStudentClassifier()
    one, other = (
        prepare_lesson(student, told, check_targets(60, y), known) for y in (codes, others)
    )
    assert_array_equal(one.logits, other.logits)
    assert_array_equal(one.class_reliability, other.class_reliability)
    pd.testing.assert_frame_equal(one.credibility, other.credibility)


# Memory


@pytest.fixture
def fit(tiny_student, songs, tmp_path):
    """Fit with a memory; returns how many teachers that took."""
    X, y, _ = songs

    def fit(X=X, y=y, fit_params=None, **params):
        before = len(Remembering.fits)
        student = tiny_student(
            **{"teacher": Remembering(), "memory": str(tmp_path), "max_epochs": 1, **params}
        )
        student.fit(X, y, **(fit_params or {}))
        return len(Remembering.fits) - before

    return fit


def test_the_same_data_pay_for_the_teachers_once(fit):
    assert fit() == 3
    assert fit() == 0


@pytest.mark.parametrize(
    "params",
    [{"temperature": 4.0}, {"strategy": "kd"}, {"mean_weight": 0.1}, {"alpha": 0.9}],
    ids=str,
)
def test_a_search_over_the_student_pays_once(fit, params):
    fit()
    assert fit(**params) == 0


@pytest.mark.parametrize(
    "params",
    [
        {"teacher": Remembering(strength=2.0)},
        {"teacher_cv": 3},
        {"random_state": 1},
        {"fit_params": {"annotation_votes": np.ones((60, 3))}},
        {"fit_params": {"sample_weight": np.arange(1.0, 61)}},
        {"y": np.array(["sad", "happy", "calm"])[np.arange(60) % 3]},
        {"fit_params": {"groups": np.arange(60) // 3}},
    ],
    ids=["teacher", "folds", "seed", "votes", "weights", "labels", "groups"],
)
def test_whatever_the_teachers_learn_from_makes_them_new(fit, params):
    fit()
    assert fit(**params) > 0


def test_other_songs_make_the_teachers_new(fit, songs):
    fit()
    other = songs[0].copy()
    other[31, 2] += 1e-3
    assert fit(X=other) == 3


def test_kept_knowledge_is_the_same_knowledge(tiny_student, collection, tmp_path):
    plain, first, second = (
        tiny_student(memory=memory).fit(collection.X, collection.y)
        for memory in (None, str(tmp_path), str(tmp_path))
    )
    for student in (first, second):
        assert_array_equal(student.predict_proba(collection.X), plain.predict_proba(collection.X))
        assert_array_equal(student.credibility_, plain.credibility_)
        assert student.teacher_.temperature_ == plain.teacher_.temperature_


def test_a_memory_need_not_say_where_it_keeps_things(tiny_student, songs):
    class Forgetful:
        def cache(self, function, ignore):
            return function

    student = tiny_student(teacher=Remembering(), memory=Forgetful(), max_epochs=1)
    assert student.fit(*songs[:2]).n_iter_ == 1


def test_groups_that_hold_a_class_in_two_folds_leave_every_teacher_all_classes(tiny_student):
    X = np.column_stack([np.arange(30), np.zeros(30)])
    y = np.tile([1, 1, 0, 0, 1, 0, 1, 0, 1, 0], 3)
    groups = np.tile([3, 5, 0, 1, 0, 4, 3, 0, 0, 4], 3)
    with pytest.warns(UserWarning, match="validated on a hold-out instead"):
        tiny_student(teacher=Remembering(), teacher_cv=3).fit(X, y, groups=groups)
    for saw, _ in Remembering.fits:
        assert set(y[saw]) == {0, 1}


def test_a_collection_too_small_to_hold_songs_out_says_that_it_is_not_calibrated():
    X = np.arange(8.0).reshape(4, 2)
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)
    with pytest.warns(UserWarning, match="No song can be held out"):
        student.fit(X, ["a", "a", "b", "c"])
    assert student.temperature_ == 1.0
