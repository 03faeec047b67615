"""calibration_summary: an ECE with songs, interval and null floor."""

import numpy as np
import pytest

from sklearn_skd.metrics import (
    calibration_null_floor,
    calibration_summary,
    expected_calibration_error,
)


def overconfident_predictions(seed, n_samples, sharpness=2.0):
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(4) * 0.7, size=n_samples)
    y = np.array([rng.choice(4, p=row) for row in true])
    proba = true**sharpness
    return y, proba / proba.sum(axis=1, keepdims=True), true


def test_the_summary_holds_the_error_and_the_floor_of_the_same_options():
    y, proba, _ = overconfident_predictions(0, 200)
    options = {"n_bins": 10, "strategy": "quantile", "norm": "l2"}
    summary = calibration_summary(y, proba, **options)
    assert summary.ece == pytest.approx(expected_calibration_error(y, proba, **options))
    floor = calibration_null_floor(proba, **options)
    assert (summary.floor, summary.floor_low, summary.floor_high) == pytest.approx(floor)
    assert summary.n_samples == 200


def test_the_summary_prints_everything_needed_to_judge_an_error():
    y, proba, _ = overconfident_predictions(0, 200)
    s = calibration_summary(y, proba)
    assert str(s) == (
        f"ECE {s.ece:.3f} [{s.ece_low:.3f}, {s.ece_high:.3f}], null floor {s.floor:.3f} "
        f"[{s.floor_low:.3f}, {s.floor_high:.3f}], n = 200"
    )
    assert list(s._asdict()) == [
        "ece", "ece_low", "ece_high", "floor", "floor_low", "floor_high", "n_samples",
    ]  # fmt: skip


def test_the_interval_covers_the_true_error_about_nine_times_in_ten():
    y, proba, true = overconfident_predictions(99, 100_000)
    top = proba.argmax(axis=1)
    right, confidence = true[np.arange(len(y)), top], proba.max(axis=1)
    bins = np.ceil(confidence * 15).astype(int)
    truth = sum(abs((right - confidence)[bins == b].sum()) for b in range(16)) / len(y)

    covered = 0
    for seed in range(150):
        y, proba, _ = overconfident_predictions(seed, 200)
        summary = calibration_summary(y, proba, n_resamples=200)
        covered += summary.ece_low <= truth <= summary.ece_high
    # a binomial of 150 at .90 lies in [124, 145] almost surely; percentile intervals reach 69 %
    assert covered >= 124


def test_the_interval_holds_the_error_and_stays_in_range():
    for seed in range(20):
        y, proba, _ = overconfident_predictions(seed, 30, sharpness=1.0)
        s = calibration_summary(y, proba, n_resamples=100, labels=range(4))
        assert 0 <= s.ece_low <= s.ece <= s.ece_high <= 1


def test_the_interval_narrows_with_more_songs():
    widths = []
    for n in (100, 1600):
        y, proba, _ = overconfident_predictions(0, n)
        s = calibration_summary(y, proba)
        widths.append(s.ece_high - s.ece_low)
    assert widths[1] < 0.5 * widths[0]


def test_songs_without_weight_are_not_counted():
    y, proba, _ = overconfident_predictions(0, 200)
    weight = np.r_[np.ones(120), np.zeros(80)]
    weighted = calibration_summary(y, proba, sample_weight=weight)
    assert weighted == calibration_summary(y[:120], proba[:120])
    assert weighted.n_samples == 120


def test_the_summary_is_the_same_at_every_call():
    y, proba, _ = overconfident_predictions(0, 100)
    assert calibration_summary(y, proba) == calibration_summary(y, proba)
    assert calibration_summary(y, proba) != calibration_summary(y, proba, random_state=1)


def test_one_song_and_a_sure_model_are_no_special_cases():
    one = calibration_summary(["sad"], [[0.3, 0.7]], labels=["happy", "sad"])
    assert one.ece == one.ece_low == one.ece_high == pytest.approx(0.3)
    sure = calibration_summary([0, 1, 1], [0.0, 1.0, 1.0])
    assert sure[:6] == (0, 0, 0, 0, 0, 0)


def test_the_number_of_resamples_must_be_a_positive_integer():
    with pytest.raises(ValueError, match="n_resamples must be an integer"):
        calibration_summary([0, 1], [0.2, 0.8], n_resamples=0)
