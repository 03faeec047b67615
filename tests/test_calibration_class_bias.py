"""Biases beside the temperature: for classes that are rarer than the logits believe."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from sklearn_skd.calibration import fit_temperature, fit_temperature_and_bias


def draw(rng, logits):
    proba = softmax(logits, axis=1)
    return (rng.random((len(logits), 1)) > proba.cumsum(axis=1)).sum(axis=1).clip(max=2)


@pytest.fixture
def songs():
    """Logits three times too large, of which the last class is too low by 1.5."""
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=1.5, size=(4000, 3))
    y = draw(rng, logits + np.array([0.0, 0.0, 1.5]))
    return 3 * logits, y


def test_finds_the_temperature_and_the_bias_that_were_planted(songs):
    temperature, bias = fit_temperature_and_bias(*songs)
    assert temperature == pytest.approx(3, rel=0.1)
    np.testing.assert_allclose(bias - bias[0], [0, 0, 1.5], atol=0.2)


def test_is_the_minimum_of_the_penalised_log_loss(songs):
    logits, y = songs[0][:200], songs[1][:200]
    weight = np.arange(200) % 3

    def loss(log_temperature, bias):
        log_proba = log_softmax(logits / np.exp(log_temperature) + bias, axis=1)
        fit = -weight @ log_proba[np.arange(200), y]
        return fit + 4 / 2 * log_temperature**2 + 2 / 2 * ((bias - prior) ** 2).sum()

    prior = np.array([0.3, 0.0, -0.3])
    temperature, bias = fit_temperature_and_bias(
        logits, y, sample_weight=weight, shrinkage=4, bias_shrinkage=2, prior_bias=prior
    )
    least = loss(np.log(temperature), bias)
    for step in (-1e-3, 1e-3):
        assert loss(np.log(temperature) + step, bias) > least
        for k in range(3):
            assert loss(np.log(temperature), bias + step * np.eye(3)[k]) > least


@pytest.mark.parametrize("shrinkage", [0, 5])
def test_without_room_for_biases_it_is_the_temperature_alone(songs, shrinkage):
    temperature, bias = fit_temperature_and_bias(*songs, shrinkage=shrinkage, bias_shrinkage=1e9)
    assert temperature == pytest.approx(fit_temperature(*songs, shrinkage=shrinkage), rel=1e-4)
    np.testing.assert_allclose(bias, 0, atol=1e-5)


def test_few_songs_move_the_biases_less(songs):
    logits, y = songs[0][:20], songs[1][:20]
    size = []
    for n in (1, 10):
        told = np.tile(logits, (n, 1)), np.tile(y, n)
        bias = fit_temperature_and_bias(*told, shrinkage=5, bias_shrinkage=5)[1]
        size.append(np.abs(bias).max())
    assert size[0] < 0.8 * size[1]


def test_a_class_that_no_song_has_keeps_a_finite_bias():
    logits = np.random.default_rng(0).normal(size=(60, 3))
    _, bias = fit_temperature_and_bias(logits, np.arange(60) % 2, shrinkage=1)
    assert np.isfinite(bias).all()
    assert bias[2] == bias.min() > -6


def test_the_biases_sum_to_those_they_are_shrunk_towards(songs):
    assert fit_temperature_and_bias(*songs)[1].sum() == pytest.approx(0, abs=1e-5)
    told = fit_temperature_and_bias(*songs, prior_bias=[1.0, 0.0, 0.0])[1]
    assert told.sum() == pytest.approx(1, abs=1e-5)


def test_weight_two_is_the_song_twice(songs):
    logits, y = songs[0][:60], songs[1][:60]
    weight = 1 + np.arange(60) % 2
    weighted = fit_temperature_and_bias(logits, y, sample_weight=weight)
    twice = fit_temperature_and_bias(np.repeat(logits, weight, axis=0), np.repeat(y, weight))
    assert weighted[0] == pytest.approx(twice[0], rel=1e-4)
    np.testing.assert_allclose(weighted[1], twice[1], atol=1e-4)


def test_warns_at_a_bound_of_the_temperature():
    logits = 9 * np.eye(3)
    with pytest.warns(UserWarning, match="at its bound, 0.01"):
        fit_temperature_and_bias(logits, [0, 1, 2])
    with pytest.warns(UserWarning, match="at its bound, 100"):
        fit_temperature_and_bias(logits, [1, 2, 0])


def test_logits_that_say_nothing_leave_the_biases():
    with pytest.warns(UserWarning, match="a temperature has no effect"):
        temperature, bias = fit_temperature_and_bias(np.zeros((90, 3)), [0] * 60 + [1] * 30)
    assert temperature == 1
    assert bias[0] > bias[1] > bias[2]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bias_shrinkage": 0}, "bias_shrinkage must be above 0"),
        ({"prior_bias": [0, 0]}, "prior_bias must have shape"),
    ],
)
def test_refuses_what_makes_no_sense(params, message):
    with pytest.raises(ValueError, match=message):
        fit_temperature_and_bias(np.eye(3), [0, 1, 2], **params)
