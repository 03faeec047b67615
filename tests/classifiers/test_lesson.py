"""What a student is told, how credible it is, and that it is honest."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.calibration import fit_temperature
from sklearn_skd.classifiers._crossfit import align_classes
from sklearn_skd.classifiers._lesson import calibrate, prepare_lesson
from sklearn_skd.classifiers._selection import SHRINKAGE
from sklearn_skd.classifiers._targets import check_targets
from sklearn_skd.distillation import (
    TeacherKnowledge,
    class_reliability,
    credibility_score,
    selective_weight,
)

ONES = np.ones(300)

COLUMNS = [
    "certainty",
    "consistency",
    "annotation_reliability",
    "credibility",
    "weight",
    "teacher_correct",
]


def make_student(teacher=None, **params):
    defaults = {"max_epochs": 1, "teacher_cv": 3, "random_state": 0}
    return SKDStudentClassifier(teacher or GaussianNB(), **{**defaults, **params})


@pytest.fixture(scope="module")
def songs():
    """Three classes that overlap, as plain features."""
    rng = np.random.RandomState(0)
    codes = np.repeat([0, 1, 2], 20)
    X = rng.normal(size=(60, 4)) + 1.2 * np.eye(3, 4)[codes]
    return X, np.array(["calm", "happy", "sad"])[codes]


@pytest.fixture(scope="module")
def student(songs):
    reliability = np.random.RandomState(1).uniform(size=60)
    return make_student().fit(*songs, annotation_reliability=reliability)


def reproduced_weight(student):
    frame = student.credibility_
    return selective_weight(
        frame["credibility"].to_numpy(),
        frame["consistency"].to_numpy(),
        1 - frame["certainty"].to_numpy(),
        theta=student.theta_,
        bias=student.bias_,
    )


# Honesty


def test_cross_fitted_knowledge_of_random_labels_is_near_chance():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(160, 5)), rng.randint(4, size=160)
    honest = make_student(KNeighborsClassifier(1)).fit(X, y)
    in_sample = make_student(KNeighborsClassifier(1), teacher_cv=None).fit(X, y)
    assert 0.1 < honest.credibility_["teacher_correct"].mean() < 0.4
    assert in_sample.credibility_["teacher_correct"].mean() == 1


def test_calibration_makes_a_memorising_teacher_unsure():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(160, 5)), rng.randint(4, size=160)
    honest = make_student(KNeighborsClassifier(1)).fit(X, y)
    in_sample = make_student(KNeighborsClassifier(1), teacher_cv=None).fit(X, y)
    assert honest.credibility_["certainty"].max() < 0.1
    assert in_sample.credibility_["certainty"].min() > 0.99


def test_in_sample_knowledge_is_not_calibrated(songs):
    teacher = TeacherClassifier(max_epochs=1)
    literal = make_student(teacher, teacher_cv=None).fit(*songs)
    assert literal.teacher_.temperature_ == 1
    assert literal.teacher_.branch_temperature_.tolist() == [1]


def test_the_kept_teacher_is_calibrated_by_the_cross_fitted_knowledge(songs):
    student = make_student(TeacherClassifier(max_epochs=2)).fit(*songs)
    assert student.teacher_.temperature_ != 1
    assert student.teacher_.branch_temperature_[0] != 1


# The frame


def test_the_frame_has_a_row_a_song_and_known_columns(student):
    assert student.credibility_.columns.tolist() == COLUMNS
    assert len(student.credibility_) == 60


def test_theta_and_bias_reproduce_the_weights(songs):
    X, y = songs
    y, reliability = y.copy(), np.full(60, 0.9)
    y[::4], reliability[::4] = np.roll(y, 20)[::4], 0.2  # wrong labels, and annotators who disagree
    student = make_student().fit(X, y, annotation_reliability=reliability)
    weight = student.credibility_["weight"]
    assert_allclose(weight, reproduced_weight(student))
    assert weight[::4].mean() < 0.8 * weight.mean()
    assert (student.theta_ >= 0).all()


def test_certainty_alone_gives_no_weight_to_a_teacher_that_is_as_good_as_it_claims():
    centres = 1.2 * np.eye(3, 4)

    class Bayes(ClassifierMixin, BaseEstimator):
        """Knows how these songs are made."""

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            distance = ((X[:, None] - centres) ** 2).sum(axis=2)
            return softmax(-distance / 2, axis=1)

    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=600)
    student = make_student(Bayes()).fit(rng.normal(size=(600, 4)) + centres[codes], codes)
    told = student.credibility_
    assert told["teacher_correct"].corr(told["certainty"]) > 0.2
    assert told["weight"].std() < 0.03


def test_the_mean_weight_is_the_one_asked_for(songs, student):
    assert student.credibility_["weight"].mean() == pytest.approx(0.3, abs=1e-6)
    other = make_student(mean_weight=0.6).fit(*songs)
    assert other.credibility_["weight"].mean() == pytest.approx(0.6, abs=1e-6)


def test_credibility_is_equation_four(student):
    frame = student.credibility_
    expected = credibility_score(
        frame["certainty"].to_numpy(),
        frame["consistency"].to_numpy(),
        frame["annotation_reliability"].to_numpy(),
        alpha=0.5,
        beta=0.3,
        gamma=0.2,
    )
    assert_allclose(frame["credibility"], expected)


def test_a_teacher_without_branches_has_no_consistency(student):
    assert student.credibility_["consistency"].isna().all()


def test_kd_gives_every_song_the_same_weight(songs):
    student = make_student(strategy="kd", kd_weight=0.7).fit(*songs)
    assert_allclose(student.credibility_["weight"], 0.7)
    assert student.theta_.tolist() == [0, 0, 0]
    assert_allclose(reproduced_weight(student), 0.7)


def test_fixed_weighting_gives_every_song_the_mean_weight(songs):
    student = make_student(weighting="fixed", mean_weight=0.4).fit(*songs)
    assert_allclose(student.credibility_["weight"], 0.4)
    assert student.theta_.tolist() == [0, 0, 0]


def test_correctness_of_unlabelled_songs_is_unknown_but_they_get_a_weight(songs):
    X, y = songs
    y = y.astype(object)
    y[[5, 25, 45]] = None
    frame = make_student().fit(X, y).credibility_
    assert frame.index[frame["teacher_correct"].isna()].tolist() == [5, 25, 45]
    assert frame["weight"].notna().all()
    assert frame["certainty"].notna().all()


def test_class_reliability_is_that_of_the_cross_fitted_guesses(songs):
    X, y = songs
    targets = check_targets(60, y)
    told = TeacherKnowledge(np.log(softmax(X[:, :3] * 2, axis=1)))
    lesson = prepare_lesson(make_student(), told, targets, np.arange(60))
    expected = class_reliability(targets.codes, X[:, :3].argmax(axis=1), n_classes=3)
    assert_allclose(lesson.class_reliability, expected)


# The order of the classes


class Ordered(ClassifierMixin, BaseEstimator):
    """A fitted teacher whose classes are in an order of its own."""

    def __init__(self, classes=()):
        self.classes = classes

    def fit(self, X, y):
        raise AssertionError("a frozen teacher is not fitted")

    @property
    def classes_(self):
        return np.array(self.classes)

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        """Sure that the first column says which of calm, happy, sad it is."""
        names = ["calm", "happy", "sad"]
        truth = np.array(names)[X[:, 0].astype(int)]
        return np.where(truth[:, None] == self.classes_, 0.8, 0.1)


@pytest.mark.parametrize("order", [("calm", "happy", "sad"), ("sad", "calm", "happy")])
def test_classes_of_the_teacher_are_aligned(order):
    X = np.column_stack([np.arange(30) % 3, np.zeros(30)]).astype(float)
    y = np.array(["calm", "happy", "sad"] * 10)
    student = make_student(FrozenEstimator(Ordered(order))).fit(X, y)
    assert (student.credibility_["teacher_correct"] == 1).all()


def test_branches_are_aligned_and_unknown_classes_of_the_teacher_left_out():
    proba = np.array([[[0.1, 0.3, 0.2, 0.4]]])
    told = TeacherKnowledge(np.log(proba[:, 0]), None, proba, np.ones((1, 1), bool))
    teacher = Ordered(("sad", "calm", "angry", "happy"))
    aligned = align_classes(teacher, told, np.array(["calm", "happy", "sad"]))
    assert_allclose(softmax(aligned.logits, axis=1), [[0.375, 0.5, 0.125]])
    assert_allclose(aligned.branch_proba, [[[0.375, 0.5, 0.125]]])


def test_a_class_that_the_teacher_does_not_know_is_named(songs):
    X, y = songs
    known = y != "sad"
    frozen = FrozenEstimator(GaussianNB().fit(X[known], y[known]))
    with pytest.raises(ValueError, match=r"does not know the classes \['sad'\]"):
        make_student(frozen).fit(X, y)


# Skill and consistency


@pytest.fixture
def branches():
    """Two branches that know something and agree, one that knows nothing and is sure of it."""
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=300)
    truth = 2.0 * np.eye(3)[codes] + 0.8 * rng.normal(size=(300, 3))
    noise = 4.0 * rng.normal(size=(300, 3))
    logits = np.stack([truth, truth + 0.1 * rng.normal(size=(300, 3)), noise], axis=1)
    told = TeacherKnowledge(truth, None, softmax(logits, axis=2), np.ones((300, 3), bool))
    return told, codes


def test_the_skill_of_a_branch_that_knows_nothing_is_zero(branches):
    told, codes = branches
    _, _, skill = calibrate(told, codes, np.arange(300), sample_weight=ONES)
    assert skill[2] < 0.02
    assert min(skill[:2]) > 0.3
    assert max(skill) < 1


def test_consistency_leans_on_the_skilled_branches(branches):
    told, codes = branches
    told, _, _ = calibrate(told, codes, np.arange(300), sample_weight=ONES)
    targets = check_targets(300, codes)

    def consistency(**how):
        lesson = prepare_lesson(make_student(), told, targets, np.arange(300), **how)
        return lesson.credibility["consistency"].mean()

    assert consistency() > 0.97 > consistency(calibrated=True)  # where no skill is measured


class Telling(Ordered):
    """Tells knowledge prepared for the songs, which are numbered in the first column."""

    told = None

    def knowledge(self, X):
        return Telling.told.take(X[:, 0].astype(int))


def test_the_skill_of_the_branches_reaches_the_students_credibility(branches):
    Telling.told, codes = branches
    X = np.column_stack([np.arange(300.0), np.zeros(300)])
    student = make_student(FrozenEstimator(Telling((0, 1, 2)))).fit(X, codes)
    assert student.credibility_["consistency"].mean() > 0.97


def test_temperatures_are_fitted_to_the_known_songs_only(branches):
    told, codes = branches
    known = np.arange(100)
    scrambled = np.r_[codes[:100], np.roll(codes[100:], 1)]
    calibrated, (temperature, branch_temperatures), _ = calibrate(
        told, scrambled, known, sample_weight=ONES
    )
    expected = fit_temperature(told.logits[:100], codes[:100], shrinkage=SHRINKAGE)
    assert temperature == pytest.approx(expected)
    assert_allclose(calibrated.logits, told.logits / expected)
    assert branch_temperatures[2] > 2  # sure of nothing: made flat
    assert_allclose(calibrated.branch_proba.sum(axis=2), 1)


def test_a_branch_that_no_known_song_has_is_left_alone(branches):
    told, codes = branches
    present = told.present.copy()
    present[:, 1] = False
    calibrated, (_, temperatures), skill = calibrate(
        told._replace(present=present), codes, np.arange(300), sample_weight=ONES
    )
    assert (temperatures[1], skill[1]) == (1, 0)
    assert_allclose(calibrated.branch_proba[:, 1], told.branch_proba[:, 1])
    assert skill[0] > 0.3


def test_a_teacher_without_branches_has_no_skill(branches):
    told, codes = branches
    plain = TeacherKnowledge(told.logits)
    calibrated, (_, branch_temperature), skill = calibrate(
        plain, codes, np.arange(300), sample_weight=ONES
    )
    assert skill is None
    assert branch_temperature == 1
    assert calibrated.branch_proba is None


def test_a_song_of_weight_two_is_judged_as_two(branches):
    told, codes = branches
    rows = np.r_[np.arange(300), np.arange(80)]
    weight = np.r_[np.full(80, 2.0), np.ones(220)].astype(np.float32)
    parts = told.logits, None, told.branch_proba, told.present
    twice = TeacherKnowledge(*(None if part is None else part[rows] for part in parts))
    found = calibrate(told, codes, np.arange(300), sample_weight=weight)
    expected = calibrate(twice, codes[rows], np.arange(380), sample_weight=np.ones(380))
    mine, theirs = (np.hstack([*told[1], told[2]]) for told in (found, expected))
    assert_allclose(mine, theirs, rtol=1e-6)
    learnt = [
        prepare_lesson(make_student(), knowledge, targets, np.arange(len(targets.codes)))
        for knowledge, targets in (
            (told, check_targets(300, codes, sample_weight=weight)),
            (twice, check_targets(380, codes[rows])),
        )
    ]
    assert_allclose(learnt[0].class_reliability, learnt[1].class_reliability, atol=0.02)


# Memory and messages


class Counting(GaussianNB):
    """Counts the fits of all its clones."""

    fits = 0

    def fit(self, X, y):
        Counting.fits += 1
        return super().fit(X, y)


def test_kept_knowledge_spares_the_teachers_until_the_data_change(songs, tmp_path):
    X, y = songs
    Counting.fits = 0
    first = make_student(Counting(), memory=str(tmp_path)).fit(X, y)
    assert Counting.fits == 4
    again = make_student(Counting(), memory=str(tmp_path), temperature=3.0).fit(X, y)
    assert Counting.fits == 4
    assert_array_equal(again.credibility_, first.credibility_)
    make_student(Counting(), memory=str(tmp_path)).fit(X + 1e-3, y)
    assert Counting.fits == 8


def test_the_number_of_teacher_fits_is_told_if_asked(songs, capsys):
    make_student(verbose=1).fit(*songs)
    assert "4 teacher fits took" in capsys.readouterr().out
    make_student().fit(*songs)
    assert capsys.readouterr().out == ""


def test_a_frozen_teacher_is_neither_fitted_nor_changed(songs):
    X, y = songs
    fitted = TeacherClassifier(max_epochs=1, random_state=0).fit(X, y)
    before = copy.deepcopy(fitted.predict_proba(X))
    frozen = FrozenEstimator(fitted)
    student = make_student(frozen).fit(X, y)
    assert student.teacher_ is frozen
    assert fitted.temperature_ == 1
    assert_array_equal(fitted.predict_proba(X), before)
