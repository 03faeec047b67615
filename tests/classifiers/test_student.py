"""The student: its teacher, its sources, its labels, its credibility."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.classifiers._net import run_net
from sklearn_skd.distillation import credibility_score, selective_weight


def plain(collection):
    return collection.X["lyrics"][:, :-1]


def only(X, *names):
    return SliceDict(**{name: X[name] for name in names})


# Equations 4, 5 and 9 as fitted


def test_equation_nine(fitted_student, new_songs):
    logits = run_net(fitted_student.net_, fitted_student._inputs(new_songs))["logits"]
    assert fitted_student.temperature_ != 1
    assert_allclose(
        fitted_student.predict_proba(new_songs), softmax(logits / fitted_student.temperature_, 1)
    )
    scores = fitted_student.decision_function(new_songs)
    assert_allclose(softmax(scores, axis=1), fitted_student.predict_proba(new_songs))
    assert_allclose(scores * fitted_student.temperature_, logits)
    assert_array_equal(fitted_student.predict(new_songs), fitted_student.classes_[logits.argmax(1)])


def test_of_two_emotions_the_score_is_the_margin_of_the_second(tiny_student, collection):
    X = plain(collection)
    student = tiny_student(teacher=GaussianNB()).fit(X, collection.y == "sad")
    scores = student.decision_function(X)
    assert scores.shape == (48,)
    assert_allclose(1 / (1 + np.exp(-scores)), student.predict_proba(X)[:, 1])
    assert_array_equal(student.predict(X), scores > 0)


def test_theta_and_bias_reproduce_the_weights(fitted_student):
    told = fitted_student.credibility_
    weight = selective_weight(
        told["credibility"],
        told["consistency"],
        1 - told["certainty"],
        theta=fitted_student.theta_,
        bias=fitted_student.bias_,
    )
    assert_allclose(weight, told["weight"], rtol=1e-9)
    assert (fitted_student.theta_ >= 0).all()
    assert weight.mean() == pytest.approx(0.3, rel=1e-6)


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.0, 1.0, 0.0), (0.1, 0.2, 0.3)])
def test_equation_four(tiny_student, collection, shares):
    params = dict(zip(("alpha", "beta", "gamma"), shares, strict=True))
    student = tiny_student(**params, max_epochs=1).fit(
        collection.X, collection.y, annotation_reliability=collection.reliability
    )
    told = student.credibility_
    expected = credibility_score(
        told["certainty"], told["consistency"], collection.reliability, **params
    )
    assert_allclose(told["credibility"], expected)


def test_the_frame_has_a_row_a_song_and_the_documented_columns(fitted_student, collection):
    told = fitted_student.credibility_
    columns = "certainty consistency annotation_reliability credibility weight teacher_correct"
    assert told.columns.tolist() == columns.split()
    assert len(told) == 48
    assert_array_equal(told["annotation_reliability"], collection.reliability)
    assert set(told["teacher_correct"]) <= {0.0, 1.0}
    for name in ("certainty", "consistency", "credibility", "weight"):
        assert told[name].between(0, 1).all()


def test_class_reliability_is_one_share_a_class(fitted_student):
    assert fitted_student.class_reliability_.shape == (3,)
    assert (
        (fitted_student.class_reliability_ >= 0) & (fitted_student.class_reliability_ <= 1)
    ).all()


# Reproducibility


def global_states():
    numpy_state = np.random.get_state()[1].tolist()  # noqa: NPY002
    return numpy_state, torch.get_rng_state().tolist(), random.getstate()


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(3)])
def test_global_generators_are_left_alone(tiny_student, collection, random_state):
    before = global_states()
    student = tiny_student(random_state=random_state).fit(collection.X, collection.y)
    student.predict_proba(collection.X)
    student.predict_credibility(collection.X)
    assert global_states() == before


def test_equal_seeds_give_equal_students_and_others_do_not(
    tiny_student, fitted_student, collection
):
    def fit(seed):
        return tiny_student(random_state=seed).fit(
            collection.X,
            collection.y,
            annotation_votes=collection.votes,
            annotation_reliability=collection.reliability,
        )

    same, other = fit(0), fit(1)
    assert_array_equal(same.predict_proba(collection.X), fitted_student.predict_proba(collection.X))
    pd.testing.assert_frame_equal(same.credibility_, fitted_student.credibility_)
    assert np.abs(other.predict_proba(collection.X) - same.predict_proba(collection.X)).max() > 1e-4


@pytest.mark.parametrize("n_members", [1, 2])
def test_jobs_in_parallel_change_nothing(tiny_student, collection, n_members):
    one, two = (
        tiny_student(n_jobs=n_jobs, n_members=n_members).fit(collection.X, collection.y)
        for n_jobs in (1, 2)
    )
    assert_array_equal(one.predict_proba(collection.X), two.predict_proba(collection.X))
    pd.testing.assert_frame_equal(one.credibility_, two.credibility_)


# Labels


@pytest.mark.parametrize(
    "labels", [["calm", "sad", "tense"], [0, 1, 2], [True, False], [-1, 1]], ids=str
)
def test_labels_of_any_type_come_back_as_they_were(tiny_student, collection, labels):
    y = np.array(labels)[np.arange(48) % len(labels)]
    student = tiny_student(teacher=GaussianNB()).fit(plain(collection), y)
    assert student.classes_.tolist() == sorted(labels)
    assert student.predict_proba(plain(collection)).shape == (48, len(labels))
    predicted = student.predict(plain(collection))
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(labels)


@pytest.mark.parametrize("mark", [None, np.nan, -1])
@pytest.mark.parametrize("strategy", ["kd", "skd"])
def test_unlabelled_songs_teach_the_student_through_the_teacher(
    tiny_student, collection, mark, strategy
):
    X, codes = only(collection.X, "culture", "lyrics"), np.arange(48) % 3
    y = codes.astype(float if mark is np.nan else object if mark is None else int)
    y[36:] = mark
    labelled = np.arange(36)
    some = tiny_student(strategy=strategy).fit(X, y)
    alone = tiny_student(strategy=strategy).fit(X[labelled], y[labelled].astype(int))
    told = some.credibility_
    assert told["teacher_correct"].isna().tolist() == [False] * 36 + [True] * 12
    assert told[["certainty", "credibility", "weight"]].notna().all(axis=None)
    assert some.classes_.tolist() == [0, 1, 2]
    assert np.abs(some.predict_proba(X) - alone.predict_proba(X)).max() > 1e-4


def test_the_marks_of_unlabelled_songs_are_one_and_the_same(tiny_student, collection):
    codes, probas = np.arange(48) % 3, []
    for mark, dtype in ((None, object), (np.nan, float), (-1, int)):
        y = codes.astype(dtype)
        y[36:] = mark
        student = tiny_student(teacher=GaussianNB()).fit(plain(collection), y)
        probas.append(student.predict_proba(plain(collection)))
    assert_array_equal(probas[0], probas[1])
    assert_array_equal(probas[0], probas[2])


def test_without_a_teacher_unlabelled_songs_are_dropped(tiny_student, collection):
    X = only(collection.X, "culture")  # codes have no statistics that more songs would move
    y = collection.y.astype(object)
    y[36:] = None
    first = np.arange(36)
    some = tiny_student(strategy="student-only").fit(X, y)
    alone = tiny_student(strategy="student-only").fit(X[first], collection.y[first])
    assert_array_equal(some.predict_proba(X), alone.predict_proba(X))
    assert len(some.credibility_) == 48


def test_votes_of_a_frame_are_aligned_by_name_for_teacher_and_student(tiny_student, collection):
    X = plain(collection)
    frame = pd.DataFrame(collection.votes, columns=["calm", "happy", "sad"])
    array, named, wrong = (
        tiny_student().fit(X, collection.y, annotation_votes=votes)
        for votes in (
            collection.votes,
            frame[["sad", "calm", "happy"]],
            collection.votes[:, [2, 0, 1]],
        )
    )
    assert_array_equal(named.predict_proba(X), array.predict_proba(X))
    assert_array_equal(named.teacher_.predict_proba(X), array.teacher_.predict_proba(X))
    assert np.abs(wrong.predict_proba(X) - array.predict_proba(X)).max() > 1e-4


# Teachers


def test_a_teacher_of_none_is_the_default_one(tiny_student, collection, monkeypatch):
    monkeypatch.setitem(TeacherClassifier.__init__.__kwdefaults__, "max_epochs", 1)
    student = tiny_student(teacher=None).fit(collection.X, collection.y)
    assert isinstance(student.teacher_, TeacherClassifier)
    assert student.teacher_.n_iter_ == 1
    assert student.teacher is None


@pytest.mark.parametrize(
    "teacher",
    [LogisticRegression(), HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=3)],
    ids=["linear", "boosting"],
)
def test_any_classifier_can_teach_on_plain_arrays(tiny_student, collection, teacher):
    X = plain(collection)
    student = tiny_student(teacher=teacher).fit(
        X, collection.y, annotation_reliability=collection.reliability
    )
    told = student.credibility_
    assert told["consistency"].isna().all()
    expected = (0.5 * told["certainty"] + 0.2 * collection.reliability) / 0.7
    assert_allclose(told["credibility"], expected)
    assert np.isfinite(student.predict_proba(X)).all()


def test_any_classifier_can_teach_on_a_frame(tiny_student, collection):
    X = pd.DataFrame(plain(collection), columns=list("abcde"))
    student = tiny_student(teacher=LogisticRegression()).fit(X, collection.y)
    assert student.teacher_.feature_names_in_.tolist() == list("abcde")
    assert student.feature_names_in_.tolist() == list("abcde")
    assert np.isfinite(student.predict_proba(X)).all()


def test_a_frozen_teacher_is_not_fitted_again(tiny_student, collection, fitted_teacher):
    frozen = FrozenEstimator(fitted_teacher)
    before = fitted_teacher.predict_proba(collection.X)
    student = tiny_student(teacher=frozen).fit(collection.X, collection.y)
    assert student.teacher_ is frozen
    assert_array_equal(fitted_teacher.predict_proba(collection.X), before)
    guess = fitted_teacher.predict(collection.X)
    assert_array_equal(student.credibility_["teacher_correct"], guess == collection.y)


def test_teacher_cv_does_not_concern_a_frozen_teacher(tiny_student, collection):
    X, y = plain(collection), collection.y.copy()
    y[0] = "bored"  # one song: could not be cross-fitted
    frozen = FrozenEstimator(GaussianNB().fit(X, y))
    two, many = (tiny_student(teacher=frozen, teacher_cv=cv).fit(X, y) for cv in (2, 40))
    assert_array_equal(two.predict_proba(X), many.predict_proba(X))


class Backwards(ClassifierMixin, BaseEstimator):
    """Another classifier with its classes in another order, and one more of them."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.fitted_ = True
        self.classes_ = np.append(self.estimator.classes_[::-1], "bored")
        return self

    def predict_proba(self, X):
        proba = self.estimator.predict_proba(X)[:, ::-1]
        return np.hstack([0.5 * proba, np.full((len(proba), 1), 0.5)])


def test_a_teacher_with_other_classes_is_aligned_by_their_names(tiny_student, collection):
    X, y = plain(collection), collection.y
    nb = GaussianNB().fit(X, y)
    straight = tiny_student(teacher=FrozenEstimator(nb)).fit(X, y)
    turned = tiny_student(teacher=FrozenEstimator(Backwards(nb).fit(X, y))).fit(X, y)
    pd.testing.assert_frame_equal(turned.credibility_, straight.credibility_, atol=1e-5)
    assert_allclose(turned.predict_proba(X), straight.predict_proba(X), atol=1e-3)


def test_a_class_that_the_teacher_does_not_know_is_named(tiny_student, collection):
    X = plain(collection)
    teacher = FrozenEstimator(GaussianNB().fit(X, np.where(collection.y == "sad", "sad", "calm")))
    with pytest.raises(ValueError, match=r"does not know the classes \['happy'\]"):
        tiny_student(teacher=teacher).fit(X, collection.y)


def test_without_a_teacher_none_is_fitted_and_nothing_remains_of_one(tiny_student, collection):
    student = tiny_student(teacher=GaussianNB()).fit(plain(collection), collection.y)
    assert hasattr(student, "teacher_")
    student.set_params(strategy="student-only").fit(plain(collection), collection.y)
    for name in ("teacher_", "theta_", "bias_", "class_reliability_"):
        assert not hasattr(student, name)
    assert (student.credibility_["weight"] == 0).all()


# Hidden states


def test_hidden_states_change_what_is_learnt_but_not_the_net(tiny_student, collection):
    plainly = tiny_student().fit(collection.X, collection.y)
    hinted = tiny_student(mu=1.0).fit(collection.X, collection.y)
    assert hinted.n_parameters_ == plainly.n_parameters_
    assert_array_equal(hinted.credibility_, plainly.credibility_)
    assert (
        np.abs(hinted.predict_proba(collection.X) - plainly.predict_proba(collection.X)).max() > 0
    )


def test_a_teacher_without_hidden_states_cannot_be_matched(tiny_student, collection):
    student = tiny_student(teacher=GaussianNB(), mu=0.1)
    with pytest.raises(ValueError, match=r"mu=0.1 .* GaussianNB does not have. Set mu=0"):
        student.fit(plain(collection), collection.y)


# Credibility at inference


def test_the_credibility_of_new_songs_is_predicted(fitted_student, new_songs):
    credibility = fitted_student.predict_credibility(new_songs)
    assert credibility.shape == (12,)
    assert ((credibility > 0) & (credibility < 1)).all()


def test_the_predicted_credibility_is_near_the_mean_of_what_was_told(tiny_student, collection):
    student = tiny_student(teacher=GaussianNB(), max_epochs=40).fit(plain(collection), collection.y)
    predicted = student.predict_credibility(plain(collection))
    told = student.credibility_["credibility"]
    assert predicted.mean() == pytest.approx(told.mean(), abs=0.1)


def test_the_credibility_of_unseen_songs_follows_what_makes_a_teacher_unsure(tiny_student):
    rng = np.random.RandomState(0)
    y, clear = rng.randint(2, size=(2, 200))
    X = np.column_stack([rng.normal(size=200) + 6 * clear * (y - 0.5), clear])
    student = tiny_student(teacher=LogisticRegression(), max_epochs=30).fit(X[:120], y[:120])
    told = student.credibility_["credibility"]
    assert np.corrcoef(student.predict_credibility(X[:120]), told)[0, 1] > 0.5
    unseen = student.predict_credibility(X[120:])
    assert unseen[clear[120:] == 1].mean() > unseen[clear[120:] == 0].mean() + 0.1


def test_without_teacher_or_reliability_there_is_no_credibility(tiny_student, collection):
    student = tiny_student(strategy="student-only").fit(plain(collection), collection.y)
    with pytest.raises(ValueError, match="knows no credibility"):
        student.predict_credibility(plain(collection))


def test_annotators_alone_give_a_credibility(tiny_student, collection):
    student = tiny_student(strategy="student-only")
    student.fit(plain(collection), collection.y, annotation_reliability=collection.reliability)
    assert_array_equal(student.credibility_["credibility"], collection.reliability)
    assert student.predict_credibility(plain(collection)).shape == (48,)


# Calibration and length of training


def test_without_calibration_the_temperature_is_one(tiny_student, collection):
    student = tiny_student(teacher=GaussianNB(), calibration=None)
    student.fit(plain(collection), collection.y)
    assert student.temperature_ == 1
    assert student.history_.columns.tolist() == ["epoch", "train_loss"]
    with_patience = student.set_params(patience=2).fit(plain(collection), collection.y)
    assert with_patience.temperature_ == 1
    assert "valid_loss" in with_patience.history_


def test_with_patience_the_final_training_is_as_long_as_the_best_epoch(tiny_student, collection):
    student = tiny_student(teacher=GaussianNB(), patience=2, max_epochs=60, learning_rate=0.1).fit(
        plain(collection), collection.y
    )
    best = int(student.history_["valid_loss"].argmin()) + 1
    assert student.n_iter_ == best < 60


def test_members_multiply_the_parameters(tiny_student, collection):
    one, two = (
        tiny_student(teacher=GaussianNB(), n_members=n).fit(plain(collection), collection.y)
        for n in (1, 2)
    )
    assert two.n_parameters_ == 2 * one.n_parameters_


@pytest.mark.parametrize("strategy", ["student-only", "skd"])
def test_a_song_of_next_to_no_weight_decides_next_to_nothing(strategy):
    rng = np.random.RandomState(0)
    codes = rng.randint(2, size=120)
    X = rng.normal(size=(120, 3)) + 2.5 * np.eye(2, 3)[codes]
    codes[60:] = rng.randint(2, size=60)  # labelled at random
    told = {}
    for weight in (1.0, 1e-9, 0.0):
        student = SKDStudentClassifier(
            LogisticRegression(), strategy, max_epochs=15, teacher_cv=3, random_state=0
        )
        student.fit(X, codes, sample_weight=np.r_[np.ones(60), np.full(60, weight)])
        told[weight] = np.log(student.temperature_)
    assert told[1e-9] < 0.5 * told[1.0]
    assert abs(told[1e-9] - told[0.0]) < 0.5
