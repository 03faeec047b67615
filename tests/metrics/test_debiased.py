"""Debiased squared calibration error."""

import numpy as np
import pytest

from sklearn_skd.metrics import debiased_calibration_error, expected_calibration_error


def calibrated_predictions(seed, n_samples, sharpness=1.0):
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(4), size=n_samples)
    y = (rng.random((n_samples, 1)) > np.cumsum(true, axis=1)).sum(axis=1).clip(max=3)
    proba = true**sharpness
    return y, proba / proba.sum(axis=1, keepdims=True)


def written_out(y, proba, n_bins):
    """Kumar et al. (2019), section 4, song by song, for bins of equal width."""
    bins = [[] for _ in range(n_bins)]
    for label, row in zip(y, proba, strict=True):
        bins[int(np.ceil(row.max() * n_bins)) - 1].append((row.max(), row.argmax() == label))
    total = 0.0
    for songs in bins:
        if len(songs) > 1:
            confidence, correct = np.mean(songs, axis=0)
            variance = correct * (1 - correct) / (len(songs) - 1)
            total += len(songs) / len(y) * ((correct - confidence) ** 2 - variance)
    return total


@pytest.mark.parametrize(("seed", "n_samples"), [(0, 500), (1, 40), (2, 12)])
@pytest.mark.parametrize("n_bins", [1, 7, 15])
def test_the_error_equals_the_formula_written_out(seed, n_samples, n_bins):
    y, proba = calibrated_predictions(seed, n_samples, sharpness=2)
    ours = debiased_calibration_error(y, proba, n_bins=n_bins, strategy="uniform", labels=range(4))
    assert ours == pytest.approx(written_out(y, proba, n_bins), abs=1e-12)


def test_two_bins_worked_by_hand():
    # .6 with 2 of 3 right: (.0667)^2 - (2/9) / 2; .9 with 1 of 2 right: .4^2 - .25 / 1
    proba = [[0.6, 0.4]] * 3 + [[0.9, 0.1]] * 2
    by_hand = 3 / 5 * ((2 / 3 - 0.6) ** 2 - 2 / 18) + 2 / 5 * (0.16 - 0.25)
    error = debiased_calibration_error([0, 0, 1, 0, 1], proba, n_bins=4, strategy="uniform")
    assert error == pytest.approx(by_hand)
    assert by_hand < 0


def test_the_mean_error_of_calibrated_models_is_zero_and_that_of_the_plain_one_is_not():
    """300 sets of 100 songs: the plain squared error is off by 12 standard errors and more."""
    debiased, plain = [], []
    for seed in range(300):
        y, proba = calibrated_predictions(seed, 100)
        options = {"strategy": "quantile", "labels": range(4)}
        debiased.append(debiased_calibration_error(y, proba, labels=range(4)))
        plain.append(expected_calibration_error(y, proba, norm="l2", **options) ** 2)
    error = np.std(debiased) / np.sqrt(300)
    assert abs(np.mean(debiased)) < 3 * error
    assert np.mean(plain) > 12 * error


def test_the_error_does_not_depend_on_the_number_of_songs_as_the_plain_one_does():
    means = []
    for n_samples in (60, 960):
        errors = [
            debiased_calibration_error(*calibrated_predictions(seed, n_samples, sharpness=3))
            for seed in range(100)
        ]
        means.append((np.mean(errors), np.std(errors) / 10))
    (few, few_error), (many, many_error) = means
    assert abs(few - many) < 3 * np.hypot(few_error, many_error)
    assert many > 10 * many_error


def test_equal_weights_change_nothing_and_songs_without_weight_are_none():
    y, proba = calibrated_predictions(0, 60)
    plain = debiased_calibration_error(y[:40], proba[:40], labels=range(4))
    doubled = debiased_calibration_error(
        y[:40], proba[:40], labels=range(4), sample_weight=np.full(40, 2.0)
    )
    some = debiased_calibration_error(
        y, proba, labels=range(4), sample_weight=np.r_[np.ones(40), np.zeros(20)]
    )
    assert doubled == pytest.approx(plain, rel=1e-12)
    assert some == pytest.approx(plain, rel=1e-12)


def test_a_bin_ruled_by_one_heavy_song_has_fewer_songs_than_it_seems():
    # weights 3 and 1: 16 / 10 = 1.6 songs, accuracy 3 / 4
    error = debiased_calibration_error([0, 1], [[0.9, 0.1]] * 2, n_bins=1, sample_weight=[3.0, 1.0])
    assert error == pytest.approx(0.15**2 - 0.75 * 0.25 / 0.6)


def test_a_single_song_or_one_song_a_bin_leave_nothing_to_estimate():
    assert np.isnan(debiased_calibration_error([0], [[0.7, 0.3]], labels=[0, 1]))
    assert np.isnan(debiased_calibration_error([0, 1], [[0.7, 0.3], [0.1, 0.9]]))
    weight = [1.0, 0.0]
    assert np.isnan(debiased_calibration_error([0, 1], [0.2, 0.2], n_bins=1, sample_weight=weight))


def test_a_sure_model_has_no_variance_to_take_off():
    assert debiased_calibration_error([0, 1, 1, 0], [0.0, 1.0, 1.0, 0.0], n_bins=1) == 0
    assert debiased_calibration_error([1, 0, 0, 1], [0.0, 1.0, 1.0, 0.0], n_bins=1) == 1


def test_a_binary_vector_equals_its_two_columns():
    rng = np.random.default_rng(0)
    p, y = rng.random(50), rng.integers(2, size=50)
    assert debiased_calibration_error(y, p) == pytest.approx(
        debiased_calibration_error(y, np.column_stack([1 - p, p]))
    )


@pytest.mark.parametrize(("parameter", "value"), [("n_bins", 0), ("strategy", "mass")])
def test_unknown_options_are_refused_by_name(parameter, value):
    with pytest.raises(ValueError, match=parameter):
        debiased_calibration_error([0, 1], [0.2, 0.8], **{parameter: value})
