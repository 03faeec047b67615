"""risk_coverage_summary: an AURC with songs, intervals and what it could be."""

import numpy as np
import pytest

from sklearn_skd.metrics import (
    accuracy_at_coverage,
    area_under_generalized_risk_coverage,
    area_under_risk_coverage,
    risk_coverage_curve,
    risk_coverage_summary,
)
from sklearn_skd.metrics.selective_intervals import risk_coverage


def predictions(seed, n_samples, n_classes=4):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.full(n_classes, 0.7), size=n_samples)
    y = (rng.random((n_samples, 1)) > np.cumsum(proba, axis=1)).sum(axis=1)
    return y.clip(max=n_classes - 1), proba


def curve_of(y, proba, **options):
    defaults = {"confidence": None, "labels": None, "sample_weight": None}
    return risk_coverage(y, proba, **{**defaults, "n_resamples": 200, "random_state": 0, **options})


def test_the_summary_holds_the_areas_and_their_bounds():
    y, proba = predictions(0, 200)
    noise = np.random.default_rng(0).random(200).round(1)
    for options in ({}, {"confidence": noise}, {"sample_weight": noise}):
        s = risk_coverage_summary(y, proba, **options)
        assert s.aurc == pytest.approx(area_under_risk_coverage(y, proba, **options))
        assert s.augrc == pytest.approx(area_under_generalized_risk_coverage(y, proba, **options))
        weight = options.get("sample_weight")
        r = 1 - accuracy_at_coverage(y, proba, coverage=1, sample_weight=weight)
        assert s.random == pytest.approx(r)
        order = options.get("confidence", proba.max(axis=1))
        rank = np.argsort(np.argsort(-order, kind="stable"))
        ordered = 1000 * (proba.argmax(axis=1) == y) - rank  # right ones first, no ties
        perfect = area_under_risk_coverage(y, proba, confidence=ordered, sample_weight=weight)
        assert s.perfect == pytest.approx(perfect)
        assert s.perfect == pytest.approx(r + (1 - r) * np.log(1 - r), abs=0.01)
        assert s.aurc_low < s.aurc < s.aurc_high
        assert s.augrc_low < s.augrc < s.augrc_high


def test_the_summary_prints_everything_needed_to_judge_an_area():
    y, proba = predictions(0, 200)
    s = risk_coverage_summary(y, proba)
    assert str(s) == (
        f"AURC {s.aurc:.3f} [{s.aurc_low:.3f}, {s.aurc_high:.3f}] between {s.perfect:.3f} "
        f"(perfect order) and {s.random:.3f} (random order), "
        f"AUGRC {s.augrc:.3f} [{s.augrc_low:.3f}, {s.augrc_high:.3f}], n = 200"
    )
    assert list(s._asdict()) == [
        "aurc", "aurc_low", "aurc_high", "augrc", "augrc_low", "augrc_high", "random", "perfect",
        "n_samples",
    ]  # fmt: skip


def test_the_intervals_cover_the_true_areas_about_95_times_in_100():
    y, proba = predictions(99, 200_000)
    truth = area_under_risk_coverage(y, proba), area_under_generalized_risk_coverage(y, proba)
    covered = np.zeros(2)
    for seed in range(150):
        y, proba = predictions(seed, 100)
        s = risk_coverage_summary(y, proba, labels=range(4), n_resamples=200)
        covered += [s.aurc_low <= truth[0] <= s.aurc_high, s.augrc_low <= truth[1] <= s.augrc_high]
    # a binomial of 150 at .95 lies in [132, 149] almost surely
    assert (covered >= 132).all()
    assert (covered <= 149).all()


def test_the_resampled_sums_are_those_of_songs_drawn_by_hand():
    from sklearn_skd.metrics._ranking import (
        bootstrap_ranking,
        generalized_area,
        rank_songs,
        selective_area,
    )

    y, proba = predictions(1, 40)
    confidence = proba.max(axis=1).round(1)
    weight = np.random.default_rng(5).random(40)
    options = {"confidence": confidence, "labels": range(4), "sample_weight": weight}
    ranking = rank_songs(y, proba, **options)
    ((mass, loss),) = bootstrap_ranking(ranking, n_resamples=5, rng=np.random.default_rng(0))
    times = np.random.default_rng(0).multinomial(40, np.full(40, 1 / 40), size=5)
    order = np.argsort(-confidence, kind="stable")
    for row in range(5):
        options["sample_weight"] = np.zeros(40)
        options["sample_weight"][order] = times[row] * weight[order]
        assert selective_area(mass, loss)[row] == pytest.approx(
            area_under_risk_coverage(y, proba, **options)
        )
        assert generalized_area(mass, loss)[row] == pytest.approx(
            area_under_generalized_risk_coverage(y, proba, **options)
        )


def test_the_table_is_the_curve_with_wilsons_interval():
    from scipy.stats import binomtest

    y, proba = predictions(2, 60)
    _, table = curve_of(y, proba)
    for ours, expected in zip(table[:3], risk_coverage_curve(y, proba), strict=True):
        np.testing.assert_array_equal(ours, expected)
    for n, *point in zip(range(1, 61), table.risk, table.risk_low, table.risk_high, strict=True):
        risk, low, high = point
        wilson = binomtest(round(risk * n), n).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx(wilson, abs=1e-9)


def test_unequal_weights_widen_the_interval_and_equal_ones_do_not():
    y, proba = predictions(2, 60)
    plain, equal, unequal = (
        curve_of(y, proba, sample_weight=weight)[1]
        for weight in (None, np.full(60, 7.0), np.r_[np.full(30, 9.0), np.full(30, 1.0)])
    )
    np.testing.assert_allclose(equal.risk_low, plain.risk_low, rtol=1e-9)
    assert np.ptp([unequal.risk_low[-1], unequal.risk_high[-1]]) > 1.1 * np.ptp(
        [plain.risk_low[-1], plain.risk_high[-1]]
    )


def test_resamples_in_blocks_give_the_same_numbers(monkeypatch):
    from sklearn_skd.metrics import _binning

    y, proba = predictions(3, 50)
    at_once = risk_coverage_summary(y, proba)
    monkeypatch.setattr(_binning, "BLOCK_SIZE", 700)
    assert risk_coverage_summary(y, proba) == pytest.approx(at_once, rel=1e-12)


def test_songs_without_weight_are_not_counted():
    y, proba = predictions(0, 100)
    weighted = risk_coverage_summary(y, proba, sample_weight=np.r_[np.ones(60), np.zeros(40)])
    assert weighted == risk_coverage_summary(y[:60], proba[:60], labels=range(4))
    assert weighted.n_samples == 60


def test_one_song_a_sure_model_and_one_that_is_always_wrong_are_no_special_cases():
    one = risk_coverage_summary(["sad"], [[0.3, 0.7]], labels=["happy", "sad"])
    assert one == (0, 0, 0, 0, 0, 0, 0, 0, 1)
    sure = risk_coverage_summary([0, 1, 1], [0.0, 1.0, 1.0])
    assert sure == (0, 0, 0, 0, 0, 0, 0, 0, 3)
    wrong = risk_coverage_summary([0, 1, 1], [1.0, 0.0, 0.4])
    assert wrong == (1, 1, 1, 0.5, 0.5, 0.5, 1, 1, 3)


def test_the_seed_decides_and_the_global_generator_rests():
    y, proba = predictions(0, 60)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert risk_coverage_summary(y, proba) == risk_coverage_summary(y, proba)
    assert risk_coverage_summary(y, proba) != risk_coverage_summary(y, proba, random_state=1)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_the_number_of_resamples_must_be_a_positive_integer():
    with pytest.raises(ValueError, match="n_resamples must be an integer"):
        risk_coverage_summary([0, 1], [0.2, 0.8], n_resamples=0)
