"""The tests behind the warnings, against distributions known otherwise."""

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from sklearn_skd.deployment import _card_alarms
from sklearn_skd.deployment._card_alarms import accuracy_p, calibration_p, confidence_p, holm


def calibration(confidence, correct, **changes):
    defaults = {"least": 0.001, "rng": np.random.default_rng(0)}
    return calibration_p(confidence, correct, **{**defaults, **changes})


def test_equal_confidences_give_the_binomial_test():
    correct = np.r_[np.ones(8), np.zeros(12)]
    assert confidence_p(np.full(20, 0.7), correct) == pytest.approx(2 * binom.cdf(8, 20, 0.7))


def test_unequal_confidences_by_hand():
    # both happen: 0.5 * 0.9, doubled; the other tail is certain
    assert confidence_p(np.array([0.5, 0.9]), np.array([1, 1])) == pytest.approx(0.9)
    # neither: 0.5 * 0.1
    assert confidence_p(np.array([0.5, 0.9]), np.array([0, 0])) == pytest.approx(0.1)


def test_many_songs_take_the_normal_distribution_and_agree(monkeypatch):
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.4, 0.95, size=3000)
    happened = rng.random(3000) < probability - 0.02
    exact = confidence_p(probability, happened)
    monkeypatch.setattr(_card_alarms, "_MOST_EXACT", 100)
    assert confidence_p(probability, happened) == pytest.approx(exact, rel=0.03)
    assert confidence_p(np.ones(200), np.ones(200)) == 1
    assert confidence_p(np.ones(200), np.zeros(200)) == 0


def test_certainty_is_right_or_impossible():
    assert confidence_p(np.ones(5), np.ones(5)) == 1
    assert confidence_p(np.ones(5), np.array([1, 1, 1, 1, 0])) == 0


def test_errors_that_cancel_are_found_by_the_calibration_error_only():
    confidence = np.repeat([0.55, 0.95], 100)
    correct = np.concatenate([np.arange(100) < 80, np.arange(100) < 70]).astype(float)
    assert confidence_p(confidence, correct) > 0.5
    assert calibration(confidence, correct) < 0.001


def test_a_calibrated_model_has_a_large_p_after_few_draws():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1, size=300)
    correct = (rng.random(300) < confidence).astype(float)
    assert calibration(confidence, correct) > 0.05


def test_draws_suffice_for_the_smallest_p_of_the_family():
    confidence, correct = np.full(60, 0.9), np.zeros(60)
    assert calibration(confidence, correct, least=1e-4) < 1e-4 / 3


def test_calibration_p_exceeds_no_level_too_often():
    rng = np.random.default_rng(2)
    small = 0
    for _ in range(300):
        confidence = rng.uniform(0.3, 1, size=50)
        correct = (rng.random(50) < confidence).astype(float)
        small += calibration(confidence, correct, rng=rng) <= 0.05
    assert 4 <= small <= 26  # 15 expected


def test_accuracy_is_compared_by_fishers_exact_test():
    correct, others = np.r_[np.ones(5), np.zeros(15)], np.r_[np.ones(60), np.zeros(40)]
    expected = fisher_exact([[5, 15], [60, 40]], alternative="less").pvalue
    assert accuracy_p(correct, others) == pytest.approx(expected)
    assert accuracy_p(np.ones(20), others) > 0.99


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).tolist() == []
