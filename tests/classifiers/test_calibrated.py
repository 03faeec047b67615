"""Temperature and biases around a classifier that is fitted already."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import (
    check_estimator_cloneable,
    check_estimator_repr,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_param_validation,
    check_set_params,
    check_valid_tag_types,
)
from told import Told

from sklearn_skd import FeedbackCalibrator, SKDStudentClassifier, TemperatureCalibratedClassifier


@pytest.fixture(params=[2, 4], ids=["binary", "multi-class"])
def task(request):
    """Songs with dependent columns and text labels: fitted on, held out, new."""
    X, codes = make_classification(
        400,
        12,
        n_informative=4,
        n_redundant=6,
        n_classes=request.param,
        flip_y=0.2,
        random_state=0,
    )
    y = np.array(["calm", "joy", "sadness", "tension"])[codes]
    return (X[:120], y[:120]), (X[120:280], y[120:280]), (X[280:], y[280:])


MODELS = {
    "logits": LogisticRegression(C=1e4),
    "probabilities": GaussianNB(),
    "probabilities of exactly 0": RandomForestClassifier(20, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression(C=1e4)),
    "no probabilities": RidgeClassifier(),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_agrees_with_scikit_learn(model, task):
    train, held_out, new = task
    weight = 1 + np.arange(len(held_out[1])) % 3
    frozen = FrozenEstimator(clone(model).fit(*train))
    ours = TemperatureCalibratedClassifier(frozen).fit(*held_out, sample_weight=weight)
    theirs = CalibratedClassifierCV(frozen, method="temperature")
    theirs.fit(*held_out, sample_weight=weight)
    np.testing.assert_allclose(ours.predict_proba(new[0]), theirs.predict_proba(new[0]), atol=1e-4)
    assert (ours.predict(new[0]) == frozen.predict(new[0])).all()


def test_the_calibrated_logits_give_the_probabilities(task):
    train, held_out, new = task
    model = LogisticRegression().fit(*train)
    calibrated = TemperatureCalibratedClassifier(model, class_bias=True).fit(*held_out)
    scores, proba = calibrated.decision_function(new[0]), calibrated.predict_proba(new[0])
    if scores.ndim == 1:
        scores = np.column_stack([np.zeros(len(scores)), scores])
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(np.exp(scores), proba)
    assert (calibrated.predict(new[0]) == calibrated.classes_[proba.argmax(axis=1)]).all()


def test_class_biases_help_where_a_class_became_rare():
    rng = np.random.default_rng(0)
    X, codes = make_classification(
        3000, 8, n_informative=5, n_classes=3, class_sep=0.7, random_state=0
    )
    rare = (codes > 0) | (rng.random(3000) < 0.15)
    rare[:500] = True
    X, codes = X[rare], codes[rare]
    model = LogisticRegression().fit(X[:500], codes[:500])
    loss = {}
    for class_bias in (False, True):
        calibrated = TemperatureCalibratedClassifier(model, class_bias=class_bias)
        calibrated.fit(X[500:1000], codes[500:1000])
        loss[class_bias] = log_loss(codes[1000:], calibrated.predict_proba(X[1000:]))
    assert loss[True] < loss[False] - 0.05
    assert calibrated.bias_.argmin() == 0


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 5),
    st.integers(0, 2**31 - 1),
    st.floats(-8, 8),
    st.integers(0, 8),
)
def test_the_temperature_alone_never_changes_the_predicted_class(k, seed, scale, digits):
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(size=(30, 1 if k == 2 else k)), digits) * 10**scale
    y = rng.integers(k, size=30)
    calibrated = TemperatureCalibratedClassifier(Told(list(range(k))), shrinkage=1).fit(logits, y)
    before = (logits[:, 0] > 0).astype(int) if k == 2 else logits.argmax(axis=1)
    assert (calibrated.predict(logits) == before).all()
    proba = calibrated.predict_proba(logits)
    assert (proba[np.arange(30), before] == proba.max(axis=1)).all()


def test_a_warning_tells_of_a_temperature_at_its_bound():
    calibrated = TemperatureCalibratedClassifier(Told([0, 1, 2]))
    with pytest.warns(UserWarning, match="at its bound"):
        calibrated.fit(np.eye(3), [0, 1, 2])
    assert calibrated.temperature_ == 0.01


def test_takes_what_is_known_of_the_estimator(task):
    train, held_out, _ = task
    frame = pd.DataFrame(train[0]).add_prefix("f")
    model = LogisticRegression().fit(frame, train[1])
    calibrated = TemperatureCalibratedClassifier(model)
    calibrated.fit(pd.DataFrame(held_out[0]).add_prefix("f"), pd.Series(held_out[1]))
    assert calibrated.n_features_in_ == 12
    assert calibrated.feature_names_in_.tolist() == frame.columns.tolist()
    assert calibrated.classes_.tolist() == model.classes_.tolist()
    assert calibrated.bias_.tolist() == [0] * len(model.classes_)


def test_not_all_classes_need_be_held_out():
    calibrated = TemperatureCalibratedClassifier(Told([0, 1, 2]), class_bias=True, shrinkage=1)
    logits = np.random.default_rng(0).normal(size=(40, 3))
    proba = calibrated.fit(logits, np.arange(40) % 2).predict_proba(logits)
    assert (proba[:, 2] > 0).all()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("angry", r"y\[3\] = 'angry' is no class .*fit the estimator on songs of this class"),
        (None, r"y\[3\] = None is no class .*leave songs without a label out"),
        (np.nan, r"y\[3\] = nan is no class .*leave songs without a label out"),
    ],
)
def test_names_the_row_of_a_label_that_the_estimator_does_not_know(label, message):
    y = np.array(["a", "b", "a", label], dtype=object)
    with pytest.raises(ValueError, match=message):
        TemperatureCalibratedClassifier(Told(["a", "b"])).fit(np.ones((4, 1)), y)


def test_says_that_a_clone_of_a_fitted_estimator_is_not_fitted(task):
    model = LogisticRegression().fit(*task[0])
    with pytest.raises(NotFittedError, match="wrap it in sklearn"):
        clone(TemperatureCalibratedClassifier(model)).fit(*task[1])
    clone(TemperatureCalibratedClassifier(FrozenEstimator(model))).fit(*task[1])


def test_survives_pickling(task):
    train, held_out, new = task
    calibrated = TemperatureCalibratedClassifier(GaussianNB().fit(*train)).fit(*held_out)
    again = pickle.loads(pickle.dumps(calibrated))
    assert (again.predict_proba(new[0]) == calibrated.predict_proba(new[0])).all()


# ---- the two ways to a calibrated student -----------------------------------------------------


def student(**params):
    """An audio-free student of the tiny collection, quick to train."""
    return SKDStudentClassifier(
        strategy="student-only", sources=("lyrics",), max_epochs=3, random_state=0, **params
    )


def test_the_temperature_is_built_into_the_student(collection):
    built_in = student().fit(collection.X, collection.y)
    assert built_in.temperature_ != 1
    scores = built_in.decision_function(collection.X)  # calibrated: nothing is left to do
    proba = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(built_in.predict_proba(collection.X), proba)


def test_or_it_is_put_around_a_student_that_has_none(collection):
    X, y = collection.X, collection.y
    raw = student(calibration=None).fit(X, y)
    assert raw.temperature_ == 1
    around = TemperatureCalibratedClassifier(FrozenEstimator(raw), shrinkage=5).fit(X, y)
    assert (around.predict(X) == raw.predict(X)).all()
    np.testing.assert_allclose(
        around.decision_function(X), raw.decision_function(X) / around.temperature_
    )


def test_scikit_learns_calibrator_around_a_student_in_a_search(collection):
    calibrated = CalibratedClassifierCV(student(calibration=None), method="temperature", cv=2)
    grid = {"estimator__learning_rate": [1e-3, 1e-2]}
    search = GridSearchCV(calibrated, grid, scoring="neg_log_loss", cv=2)
    search.fit(collection.X, collection.y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    proba = search.predict_proba(collection.X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_weights_are_routed_through_a_search_over_the_calibrator(collection):
    frozen = FrozenEstimator(student(calibration=None).fit(collection.X, collection.y))
    weight = np.arange(len(collection.y)) % 3
    with sklearn.config_context(enable_metadata_routing=True):
        calibrated = TemperatureCalibratedClassifier(frozen)
        calibrated.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(calibrated, {"shrinkage": [1.0, 5.0]}, cv=2)
        search.fit(collection.X, collection.y, sample_weight=weight)
    best = TemperatureCalibratedClassifier(frozen, shrinkage=search.best_params_["shrinkage"])
    alone = best.fit(collection.X, collection.y, sample_weight=weight)
    assert search.best_estimator_.temperature_ == alone.temperature_
    assert alone.temperature_ != clone(best).fit(collection.X, collection.y).temperature_


# ---- scikit-learn's checks ---------------------------------------------------------------------
# Most checks fit the estimator on data of their own, with other columns and classes each time. A
# calibrator of a fitted classifier has no say in these; the checks that fit nothing hold for it.


@pytest.mark.parametrize("calibrator", [TemperatureCalibratedClassifier, FeedbackCalibrator])
@pytest.mark.parametrize(
    "check",
    [
        check_estimator_cloneable,
        check_estimator_repr,
        check_get_params_invariance,
        check_no_attributes_set_in_init,
        check_param_validation,
        check_set_params,
        check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learns_checks_that_fit_nothing(calibrator, check):
    check(calibrator.__name__, calibrator(LogisticRegression()))


def test_margins_of_pairs_of_classes_are_no_logits():
    X, y = make_classification(150, 6, n_informative=4, n_classes=3, flip_y=0.2, random_state=0)
    svm = SVC(decision_function_shape="ovo").fit(X[:100], y[:100])
    assert svm.decision_function(X).shape == (150, 3)
    with pytest.raises(ValueError, match=r"no logits of 3 classes.*CalibratedClassifierCV"):
        TemperatureCalibratedClassifier(make_pipeline(svm)).fit(X[100:], y[100:])
