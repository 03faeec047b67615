"""Calibration temperature (eq. 9)."""

import warnings

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss

from sklearn_skd.calibration import fit_temperature, temperature_softmax


class Logits(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose decision function is its input."""

    def __init__(self, n_classes=4):
        self.n_classes = n_classes

    def fit(self, X, y):
        self.classes_ = np.arange(self.n_classes)
        return self

    def decision_function(self, X):
        return X[:, 0] if self.n_classes == 2 else X

    def predict(self, X):
        return X.argmax(axis=1)


def sharpened_logits(temperature, seed=0, n_samples=600, n_classes=4):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n_samples, n_classes)) * 1.5
    proba = temperature_softmax(logits, 1.0)
    y = (rng.random((n_samples, 1)) > np.cumsum(proba, axis=1)).sum(axis=1)
    return logits * temperature, y.clip(max=n_classes - 1)


def test_the_probabilities_are_those_of_eq_9_by_hand():
    # exp(2 / 2), exp(0 / 2), exp(-2 / 2)
    e = np.exp([1.0, 0.0, -1.0])
    np.testing.assert_allclose(temperature_softmax([[2.0, 0.0, -2.0]], 2.0), [e / e.sum()])


def test_a_margin_becomes_two_columns_of_a_sigmoid():
    margins = np.array([-3.0, 0.0, 1.0])
    proba = temperature_softmax(margins, 0.5)
    np.testing.assert_allclose(proba[:, 1], expit(margins / 0.5))
    np.testing.assert_allclose(proba.sum(axis=1), 1)


@pytest.mark.parametrize("temperature", [0.01, 0.3, 1.0, 7.0, 100.0])
def test_no_temperature_changes_the_predicted_class(temperature):
    logits = np.random.default_rng(0).normal(size=(2000, 7)) * 20
    proba = temperature_softmax(logits, temperature)
    np.testing.assert_array_equal(proba.argmax(axis=1), logits.argmax(axis=1))


def test_huge_logits_do_not_overflow():
    proba = temperature_softmax(np.array([[1e5, 0.0], [-1e300, 1e300]]), 0.01)
    np.testing.assert_array_equal(proba, [[1, 0], [0, 1]])


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_a_temperature_must_be_positive_and_finite(temperature):
    with pytest.raises(ValueError, match="temperature must be positive and finite"):
        temperature_softmax([[1.0, 2.0]], temperature)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_sharpened_the_logits_is_found_again(temperature):
    logits, y = sharpened_logits(temperature, n_samples=5000)
    assert fit_temperature(logits, y) == pytest.approx(temperature, rel=0.06)


def test_the_log_loss_has_its_minimum_at_the_temperature():
    logits, y = sharpened_logits(2.5)
    best = fit_temperature(logits, y)
    losses = [log_loss(y, temperature_softmax(logits, best * f)) for f in (0.999, 1, 1.001)]
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.filterwarnings("ignore:Since FrozenEstimator does not appear to accept")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weighted", [False, True])
def test_scikit_learn_finds_the_same_temperature(seed, weighted):
    logits, y = sharpened_logits(2.0, seed=seed)
    weight = np.random.default_rng(seed).random(len(y)) if weighted else None
    theirs = CalibratedClassifierCV(FrozenEstimator(Logits().fit(logits, y)), method="temperature")
    theirs.fit(logits, y, sample_weight=weight)
    beta = theirs.calibrated_classifiers_[0].calibrators[0].beta_
    ours = fit_temperature(logits, y, sample_weight=weight)
    assert ours == pytest.approx(1 / beta, rel=1e-5)
    np.testing.assert_allclose(
        temperature_softmax(logits, ours), theirs.predict_proba(logits), atol=1e-6
    )


def test_for_margins_scikit_learns_temperature_is_twice_ours_and_the_probabilities_agree():
    logits, y = sharpened_logits(2.0, n_classes=2)
    margin = logits[:, 1] - logits[:, 0]
    model = FrozenEstimator(Logits(n_classes=2).fit(logits, y))
    theirs = CalibratedClassifierCV(model, method="temperature").fit(margin[:, None], y)
    beta = theirs.calibrated_classifiers_[0].calibrators[0].beta_
    ours = fit_temperature(margin, y)
    assert 2 * ours == pytest.approx(1 / beta, rel=1e-5)
    np.testing.assert_allclose(
        temperature_softmax(margin, ours), theirs.predict_proba(margin[:, None]), atol=1e-6
    )


def test_margins_and_their_two_logits_have_the_same_temperature():
    logits, y = sharpened_logits(2.0, n_classes=2)
    margin = logits[:, 1] - logits[:, 0]
    assert fit_temperature(margin, y) == pytest.approx(fit_temperature(logits, y), rel=1e-9)


def test_a_weight_of_two_is_the_same_as_two_songs():
    logits, y = sharpened_logits(2.0, n_samples=50)
    weight = np.random.default_rng(0).integers(0, 3, size=50)
    repeated = fit_temperature(logits.repeat(weight, axis=0), y.repeat(weight))
    assert fit_temperature(logits, y, sample_weight=weight) == pytest.approx(repeated, rel=1e-9)


def test_a_shift_of_a_songs_logits_does_not_matter():
    logits, y = sharpened_logits(2.0, n_samples=100)
    shift = np.random.default_rng(0).normal(size=(100, 1)) * 1e3
    assert fit_temperature(logits + shift, y) == pytest.approx(fit_temperature(logits, y), rel=1e-9)


def test_songs_all_classified_right_warn_at_the_lower_bound():
    logits = np.eye(3)[[0, 1, 2, 0]] * 5
    with pytest.warns(UserWarning, match=r"at its bound, 0.01: .* right.*more of them"):
        assert fit_temperature(logits, [0, 1, 2, 0]) == 0.01


def test_logits_that_know_nothing_warn_at_the_upper_bound():
    logits = np.eye(3)[[0, 1, 2, 0]] * 5
    with pytest.warns(UserWarning, match=r"at its bound, 100: the logits know little") as caught:
        assert fit_temperature(logits, [1, 2, 0, 1]) == 100.0
    assert caught[0].filename == __file__


def test_equal_logits_warn_that_a_temperature_has_no_effect():
    with pytest.warns(UserWarning, match="no effect, 1 is kept"):
        assert fit_temperature([[2.0, 2.0], [-1.0, -1.0]], [0, 1]) == 1.0


def test_a_temperature_inside_the_bounds_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_temperature(*sharpened_logits(2.0, n_samples=50))


@pytest.mark.parametrize(
    ("logits", "y", "message"),
    [
        ([[1.0, np.nan], [0.0, 1.0]], [0, 1], r"logits\[0\] is not finite"),
        ([[1.0, 0.0], [0.0, np.inf]], [0, 1], r"logits\[1\] is not finite"),
        ([[1.0], [0.0]], [0, 0], "two classes or more"),
        ([[1.0, 0.0], [0.0, 1.0]], [0, 2], r"y\[1\] = .*2.* encode the labels as 0 to 1"),
        ([[1.0, 0.0], [0.0, 1.0]], [0, -1], "leave unlabelled songs out"),
        ([[1.0, 0.0], [0.0, 1.0]], ["a", "b"], r"y\[0\] = .* is no column"),
        ([[1.0, 0.0], [0.0, 1.0]], [0], r"y must have shape \(2,\)"),
    ],
)
def test_wrong_input_is_refused_with_the_row(logits, y, message):
    with pytest.raises(ValueError, match=message):
        fit_temperature(logits, y)
