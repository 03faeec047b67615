"""A student, however it is wrapped, is found, and its calibrations become one."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_skd import (
    AbstainingClassifier,
    FeedbackCalibrator,
    SKDStudentClassifier,
    TemperatureCalibratedClassifier,
)
from sklearn_skd.deployment._onnx_parts import take_apart


def make_data(n_classes):
    X = np.random.RandomState(0).normal(size=(80, 4))
    y = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0) * (n_classes > 2)
    return X, y


def make_student():
    return SKDStudentClassifier(strategy="student-only", max_epochs=15, random_state=0)


@pytest.fixture(scope="module", params=[2, 3])
def fitted(request):
    X, y = make_data(request.param)
    return make_student().fit(X[:40], y[:40]), X, y


def calibrated(student, X, y):
    return TemperatureCalibratedClassifier(student, class_bias=True).fit(X[40:], y[40:])


def careful(student, X, y):
    return AbstainingClassifier(student, coverage=0.5).fit(X[40:], y[40:])


def feedback(student, X, y):
    return FeedbackCalibrator(student, class_bias=True).fit(X[40:], y[40:])


WRAPPERS = {
    "bare": lambda student, X, y: student,
    "calibrated": calibrated,
    "feedback": feedback,
    "abstaining": careful,
    "frozen": lambda *fitted: FrozenEstimator(calibrated(*fitted)),
    "around a pipeline": lambda student, X, y: calibrated(make_pipeline(student), X, y),
    "twice, in a pipeline": lambda student, X, y: make_pipeline(
        feedback(calibrated(student, X, y), X, y)
    ),
    "around one that abstains": lambda *fitted: calibrated(careful(*fitted), *fitted[1:]),
}


@pytest.mark.filterwarnings("ignore:The calibration temperature is at its bound")
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_one_temperature_and_bias_stand_for_all(fitted, wrap):
    student, X, _ = fitted
    model = wrap(*fitted)
    parts = take_apart(model)
    assert parts.student is student
    logits = student.decision_function(X) * student.temperature_
    logits = logits if logits.ndim == 2 else np.column_stack([np.zeros(len(X)), logits])
    proba = softmax(logits / parts.temperature + parts.bias, axis=1)
    np.testing.assert_allclose(proba, model.predict_proba(X), rtol=0, atol=1e-9)


def test_the_transformers_are_listed_in_the_order_of_their_work(fitted):
    student, X, y = fitted
    inner = make_pipeline(make_pipeline(MinMaxScaler().fit(X), "passthrough"), student)
    model = make_pipeline(StandardScaler().fit(X), calibrated(inner, X, y))
    names = [type(step).__name__ for step in take_apart(model).transformers]
    assert names == ["StandardScaler", "MinMaxScaler"]


def test_only_the_outermost_rule_of_abstention_counts(fitted):
    student, X, y = fitted
    rule = careful(student, X, y)
    assert take_apart(make_pipeline(rule)).abstention is rule
    assert take_apart(calibrated(rule, X, y)).abstention is None
    assert take_apart(student).abstention is None


def test_listeners_are_counted(fitted):
    student, X, y = fitted
    model = feedback(student, X, y).partial_fit(X[:3], y[:3], groups=["ann", "eve", None])
    assert take_apart(AbstainingClassifier(model, coverage=0.5).fit(X, y)).n_listeners == 2
    assert take_apart(student).n_listeners == 0


def test_the_best_estimator_of_a_search_is_taken(fitted):
    _, X, y = fitted
    search = GridSearchCV(make_student(), {"max_epochs": [1, 2]}, cv=2).fit(X, y)
    assert take_apart(search).student is search.best_estimator_
