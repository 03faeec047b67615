"""Every strategy and weighting trains, reports its weights and predicts."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logit
from sklearn.base import clone

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.classifiers._lesson import Lesson, jointly_weighted
from sklearn_skd.distillation import selective_weight
from sklearn_skd.distillation.strategies import STRATEGIES
from sklearn_skd.networks import SelectiveWeight


def reproduced(student):
    frame = student.credibility_
    return selective_weight(
        frame["credibility"],
        frame["consistency"],
        1 - frame["certainty"],
        theta=student.theta_,
        bias=student.bias_,
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_trains_and_predicts(tiny_student, collection, new_songs, strategy):
    student = tiny_student(strategy=strategy, teacher_cv=3).fit(collection.X, collection.y)
    proba = student.predict_proba(new_songs)
    assert_allclose(proba.sum(axis=1), 1)
    assert np.isfinite(proba).all()


def test_strategies_differ(tiny_student, collection, new_songs):
    proba = [
        tiny_student(strategy=strategy).fit(collection.X, collection.y).predict_proba(new_songs)
        for strategy in STRATEGIES
    ]
    for i, one in enumerate(proba):
        assert all(abs(one - other).max() > 1e-4 for other in proba[:i])


def test_the_weight_of_ckd_is_the_confidence_of_the_teacher(tiny_student, collection):
    student = tiny_student(strategy="ckd").fit(collection.X, collection.y)
    weight = student.credibility_["weight"]
    assert weight.between(1 / 3, 1).all()
    # of two songs the teacher is surer about the one of lower entropy, as a rule
    assert np.corrcoef(weight, student.credibility_["certainty"])[0, 1] > 0.7
    assert not hasattr(student, "theta_")


def test_dkd_weighs_no_songs(tiny_student, collection):
    student = tiny_student(strategy="dkd").fit(collection.X, collection.y)
    assert student.credibility_["weight"].isna().all()
    assert student.credibility_["credibility"].notna().all()
    assert not hasattr(student, "theta_")


def test_dkd_of_two_classes_says_that_beta_has_no_effect(tiny_student, collection):
    y = np.where(collection.y == "sad", "sad", "other")
    with pytest.warns(UserWarning, match="dkd_beta has no effect") as caught:
        one = tiny_student(strategy="dkd").fit(collection.X, y)
    assert sum("dkd_beta" in str(one.message) for one in caught) == 1
    with pytest.warns(UserWarning, match="dkd_beta"):
        other = tiny_student(strategy="dkd", dkd_beta=1.0).fit(collection.X, y)
    assert_array_equal(one.predict_proba(collection.X), other.predict_proba(collection.X))


def test_joint_weights_are_learnt_and_reproduced(tiny_student, collection):
    student = tiny_student(weighting="joint", max_epochs=8, learning_rate=0.03, n_members=2)
    student.fit(collection.X, collection.y)
    assert_allclose(student.credibility_["weight"], reproduced(student))
    assert (student.theta_ > 0).all()
    assert (abs(student.theta_ - 0.1) > 1e-4).all()
    assert student.credibility_["weight"].std() > 1e-5
    assert "selective" not in " ".join(name for name, _ in student.net_.named_parameters())


def test_joint_weights_of_members_are_averaged():
    modules = [SelectiveWeight(mean) for mean in (0.2, 0.6)]
    with torch.no_grad():
        modules[1].raw_theta.add_(1.0)
    r = np.array([0.2, 0.9])
    frame = pd.DataFrame({"credibility": r, "consistency": r, "certainty": r})
    told = jointly_weighted(Lesson(frame), modules)
    theta = np.mean([module.theta.detach().numpy() for module in modules], axis=0)
    assert_allclose(told.theta, theta)
    assert (theta > modules[0].theta.detach().numpy() + 0.05).all()
    assert told.bias == pytest.approx(np.mean([logit(0.2), logit(0.6)]), abs=1e-6)


def test_class_weights_change_the_student_and_keep_the_weights(tiny_student, collection):
    plain = tiny_student().fit(collection.X, collection.y)
    weighted = tiny_student(class_weighting=True).fit(collection.X, collection.y)
    assert abs(plain.predict_proba(collection.X) - weighted.predict_proba(collection.X)).max() > 0
    assert_allclose(plain.credibility_["weight"], weighted.credibility_["weight"])


def test_the_mean_weight_is_searched_with_the_student_alone_among_the_candidates(
    tiny_student, collection
):
    student = tiny_student(mean_weight="search", teacher_cv=3).fit(collection.X, collection.y)
    table = student.weight_search_
    assert table.columns.tolist() == ["mean_weight", "gain", "valid_loss"]
    assert table["mean_weight"].iloc[0] == 0
    assert table["valid_loss"].notna().all()
    best = table.loc[table["valid_loss"].idxmin()]
    assert student.credibility_["weight"].mean() == pytest.approx(best["mean_weight"], abs=1e-6)
    assert_allclose(student.credibility_["weight"], reproduced(student))


def test_without_songs_to_validate_on_nothing_is_searched():
    X, y = np.random.default_rng(0).normal(size=(3, 2)), ["calm", "happy", "sad"]
    student = SKDStudentClassifier(
        strategy="skd", mean_weight="search", teacher_cv=None, max_epochs=1, random_state=0
    )
    student.set_params(teacher=TeacherClassifier(max_epochs=1))
    with pytest.warns(UserWarning, match="No song can be held out"):
        student.fit(X, y)
    assert student.weight_search_.empty
    assert student.credibility_["weight"].mean() == pytest.approx(0.3)


def test_the_literal_paper_trains(collection):
    student = SKDStudentClassifier.paper(
        TeacherClassifier(max_epochs=2), max_epochs=2, random_state=0
    )
    student.fit(collection.X, collection.y)
    assert np.isfinite(student.predict_proba(collection.X)).all()
    assert clone(student).get_params()["mu"] == 0.1
