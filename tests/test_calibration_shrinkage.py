"""The prior that keeps tau_c near 1 where few songs speak (paper section 3.4, eq. 9)."""

import warnings

import numpy as np
import pytest

from sklearn_skd.calibration import fit_temperature, fit_temperature_and_bias


@pytest.fixture(params=[0.3, 4.0], ids=["too flat", "too sure"])
def songs(request):
    """Logits whose best temperature is below or above 1."""
    rng = np.random.RandomState(0)
    logits = rng.normal(scale=2, size=(40, 4))
    y = np.array([rng.choice(4, p=np.exp(z) / np.exp(z).sum()) for z in logits])
    return request.param * logits, y


def test_zero_is_the_plain_temperature(songs):
    assert fit_temperature(*songs, shrinkage=0.0) == fit_temperature(*songs)


def test_more_shrinkage_is_always_nearer_to_one(songs):
    path = [fit_temperature(*songs, shrinkage=s) for s in (0, 0.1, 1, 5, 20, 100, 1e4)]
    distance = np.abs(np.log(path))
    assert (np.diff(distance) < 0).all()
    assert len(set(np.sign(np.log(path)))) == 1  # 1 is approached, not crossed
    assert distance[-1] < 0.01


def test_it_vanishes_with_many_songs(songs):
    logits, y = songs
    plain = fit_temperature(logits, y)
    few = fit_temperature(logits, y, shrinkage=5)
    many = fit_temperature(np.tile(logits, (1000, 1)), np.tile(y, 1000), shrinkage=5)
    assert abs(few - plain) > 0.01
    assert many == pytest.approx(plain, rel=1e-3)


def test_a_weight_of_a_thousand_is_a_thousand_songs(songs):
    logits, y = songs
    repeated = fit_temperature(np.tile(logits, (1000, 1)), np.tile(y, 1000), shrinkage=5)
    weighted = fit_temperature(logits, y, sample_weight=np.full(len(y), 1000.0), shrinkage=5)
    assert weighted == pytest.approx(repeated, rel=1e-6)


def test_it_is_the_minimum_of_the_penalised_loss(songs):
    logits, y = songs

    def loss(temperature):
        scaled = logits / temperature
        log_proba = scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)
        return -log_proba[np.arange(len(y)), y].sum() + 5 / 2 * np.log(temperature) ** 2

    best = fit_temperature(logits, y, shrinkage=5)
    assert loss(best) < min(loss(0.99 * best), loss(1.01 * best))


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0, 1e5])
def test_it_is_finite_and_silent_where_all_songs_are_right_or_wrong(right, scale):
    logits = scale * np.eye(3)
    y = np.arange(3) if right else (np.arange(3) + 1) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        temperature = fit_temperature(logits, y, shrinkage=5)
    assert 0.01 <= temperature <= 100
    if scale == 1.0:
        assert 0.3 < temperature < 3
        assert (temperature < 1) == right


@pytest.mark.parametrize("fit", [fit_temperature, fit_temperature_and_bias])
@pytest.mark.parametrize("shrinkage", [-3, np.nan])
def test_a_prior_never_pushes_away(songs, fit, shrinkage):
    with pytest.raises(ValueError, match=f"shrinkage must be 0 or more, got {shrinkage}"):
        fit(*songs, shrinkage=shrinkage)
