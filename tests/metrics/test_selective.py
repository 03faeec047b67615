"""Risk-coverage curve, the areas under it and its working points."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, roc_auc_score

from sklearn_skd.metrics import (
    accuracy_at_coverage,
    area_under_generalized_risk_coverage,
    area_under_risk_coverage,
    coverage_at_risk,
    risk_coverage_curve,
)

# few distinct values, so that confidences tie
TIED = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
METRICS = {
    area_under_risk_coverage: {},
    area_under_generalized_risk_coverage: {},
    coverage_at_risk: {"max_risk": 0.3},
    accuracy_at_coverage: {"coverage": 0.5},
}
every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)


def predictions(seed, n_samples, n_classes=4):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), size=n_samples)
    y = (rng.random((n_samples, 1)) > np.cumsum(proba, axis=1)).sum(axis=1)
    return y.clip(max=n_classes - 1), proba


def two_columns(confidence):
    confidence = np.asarray(confidence)
    return np.column_stack([confidence, 1 - confidence])


def oracle(error_rate):
    right = 1 - error_rate
    return error_rate + (right * np.log(right) if right else 0)


# ---- curve


def test_the_curve_by_hand():
    proba = two_columns([0.9, 0.8, 0.7, 0.6])
    coverage, risk, threshold = risk_coverage_curve([0, 1, 0, 1], proba)
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 1 / 2, 1 / 3, 1 / 2])
    np.testing.assert_allclose(threshold, [0.9, 0.8, 0.7, 0.6])


def test_songs_that_tie_are_one_step_in_whatever_order_they_come():
    confidence = np.array([0.9, 0.7, 0.7, 0.7, 0.6])
    y = np.array([0, 0, 1, 1, 0])
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1], [3, 2, 1, 4, 0]):
        curve = risk_coverage_curve(y[order], two_columns(confidence[order]))
        np.testing.assert_allclose(curve, [[0.2, 0.8, 1], [0, 1 / 2, 2 / 5], [0.9, 0.7, 0.6]])


def test_each_point_is_what_its_threshold_gives():
    y, proba = predictions(0, 60)
    proba = proba.astype(np.float32)  # a threshold must survive it
    confidence, wrong = proba.max(axis=1), proba.argmax(axis=1) != y
    for coverage, risk, threshold in zip(*risk_coverage_curve(y, proba), strict=True):
        accepted = confidence >= threshold
        assert coverage == pytest.approx(accepted.mean())
        assert risk == pytest.approx(wrong[accepted].mean())


def test_any_score_may_rank_the_songs():
    y, proba = [0, 1, 0], two_columns([0.9, 0.8, 0.7])
    for container in (list, np.array, pd.Series):
        _, risk, threshold = risk_coverage_curve(y, proba, confidence=container([5, -2, 3]))
        np.testing.assert_allclose(threshold, [5, 3, -2])
        np.testing.assert_allclose(risk, [0, 0, 1 / 3])
    without = risk_coverage_curve(y, proba, confidence=[1.0, -np.inf, -np.inf])
    np.testing.assert_allclose(without[0], [1 / 3, 1])


def test_a_constant_predictor_is_one_point():
    curve = risk_coverage_curve([0, 1, 0, 2], np.tile([0.5, 0.3, 0.2], (4, 1)))
    np.testing.assert_array_equal(curve, [[1], [0.5], [0.5]])


def test_a_single_song_is_one_point():
    curve = risk_coverage_curve(["sad"], [[0.2, 0.8]], labels=["calm", "sad"])
    np.testing.assert_allclose(curve, [[1], [0], [0.8]])


def test_confidences_of_exactly_zero_and_one_have_their_steps():
    curve = risk_coverage_curve([1, 0, 1], [1.0, 0.0, 0.5], labels=[0, 1])
    np.testing.assert_allclose(curve, [[2 / 3, 1], [0, 1 / 3], [1, 0.5]])
    given = risk_coverage_curve([1, 0, 1], [1.0, 0.0, 0.5], confidence=[0, 1, 0])
    np.testing.assert_allclose(given, [[1 / 3, 1], [0, 1 / 3], [1, 0]])


def test_songs_without_weight_make_no_step():
    y, proba = [0, 1, 0], two_columns([0.9, 0.8, 0.7])
    curve = risk_coverage_curve(y, proba, sample_weight=[1, 0, 3])
    np.testing.assert_allclose(curve, [[0.25, 1], [0, 0], [0.9, 0.7]])


@pytest.mark.parametrize(
    ("confidence", "message"),
    [
        ([0.1, np.nan, 0.3], r"confidence\[1\] is missing"),
        ([0.1, None, 0.3], r"confidence\[1\] is missing, as are 1 of 3"),
        ([0.1, 0.2], r"shape \(3,\), got shape \(2,\): leave it out"),
        ([[0.1], [0.2], [0.3]], r"one number a song"),
        (0.5, r"one number a song"),
    ],
)
def test_confidences_that_cannot_rank_are_refused(confidence, message):
    for metric, options in [*METRICS.items(), (risk_coverage_curve, {})]:
        with pytest.raises(ValueError, match=message):
            metric([0, 1, 0], [0.2, 0.5, 0.6], confidence=confidence, **options)


# ---- areas


def test_the_area_is_the_mean_of_the_risks_at_each_song():
    y, proba = predictions(1, 50)
    wrong = (proba.argmax(axis=1) != y)[np.argsort(-proba.max(axis=1))]
    risks = [wrong[: k + 1].mean() for k in range(50)]
    assert area_under_risk_coverage(y, proba) == pytest.approx(np.mean(risks))


def test_the_generalized_area_by_hand():
    # accepted and wrong, of three songs: 0, 0, 1/3, 1/3 at coverages 0, 1/3, 2/3, 1
    proba = two_columns([0.9, 0.8, 0.7])
    area = area_under_generalized_risk_coverage([0, 1, 0], proba)
    assert area == pytest.approx((0 / 2 + (0 + 1 / 3) / 2 + 1 / 3) / 3)


@pytest.mark.parametrize("decimals", [1, 9])
def test_the_generalized_area_is_made_of_error_rate_and_auroc(decimals):
    """Equation of the reference, with scikit-learn's AUROC; ties and weights included."""
    y, proba = predictions(2, 150)
    confidence = proba.max(axis=1).round(decimals)
    weight = np.random.default_rng(0).random(150)
    right = proba.argmax(axis=1) == y
    r = np.average(~right, weights=weight)
    auroc = roc_auc_score(right, confidence, sample_weight=weight)
    area = area_under_generalized_risk_coverage(
        y, proba, confidence=confidence, sample_weight=weight
    )
    assert area == pytest.approx(r * (1 - r) * (1 - auroc) + r**2 / 2)


def test_confidence_in_random_order_gives_the_error_rate_and_half_of_it():
    y, proba = predictions(3, 4000)
    r = 1 - accuracy_score(y, proba.argmax(axis=1))
    noise = np.random.default_rng(0).random(4000)
    assert area_under_risk_coverage(y, proba, confidence=noise) == pytest.approx(r, abs=0.03)
    generalized = area_under_generalized_risk_coverage(y, proba, confidence=noise)
    assert generalized == pytest.approx(r / 2, abs=0.015)


def test_a_perfect_order_gives_the_least_areas_and_its_reverse_the_largest():
    y, proba = predictions(4, 4000)
    right = proba.argmax(axis=1) == y
    r = 1 - right.mean()
    rank = np.random.default_rng(0).random(4000)
    best = {"confidence": right + rank}
    assert area_under_risk_coverage(y, proba, **best) == pytest.approx(oracle(r), abs=1e-3)
    assert area_under_generalized_risk_coverage(y, proba, **best) == pytest.approx(r**2 / 2)
    worst = {"confidence": rank - right}
    assert area_under_generalized_risk_coverage(y, proba, **worst) == pytest.approx(r - r**2 / 2)


@pytest.mark.parametrize(("y", "error_rate"), [([0, 0, 0], 0), ([1, 1, 1], 1), ([0, 1, 1], 2 / 3)])
def test_a_constant_predictor_has_the_areas_of_a_random_order(y, error_rate):
    proba = np.tile([0.7, 0.3], (3, 1))
    assert area_under_risk_coverage(y, proba, labels=[0, 1]) == pytest.approx(error_rate)
    generalized = area_under_generalized_risk_coverage(y, proba, labels=[0, 1])
    assert generalized == pytest.approx(error_rate / 2)


@settings(deadline=None, derandomize=True)
@given(
    y=arrays(int, 10, elements=st.integers(0, 1)),
    p=arrays(float, 10, elements=TIED),
    confidence=arrays(float, 10, elements=TIED),
)
def test_the_areas_lie_between_their_bounds_and_know_the_order_alone(y, p, confidence):
    options = {"labels": [0, 1], "confidence": confidence}
    r = 1 - accuracy_score(y, p > 0.5)
    area = area_under_risk_coverage(y, p, **options)
    generalized = area_under_generalized_risk_coverage(y, p, **options)
    assert oracle(r) - 1e-12 <= area <= 1
    assert r**2 / 2 - 1e-12 <= generalized <= r - r**2 / 2 + 1e-12
    options["confidence"] = np.exp(3 * confidence) - 7
    assert area_under_risk_coverage(y, p, **options) == pytest.approx(area)
    assert area_under_generalized_risk_coverage(y, p, **options) == pytest.approx(generalized)


# ---- working points


def test_coverage_at_a_risk_by_hand():
    proba = two_columns([0.95, 0.9, 0.8, 0.7, 0.6])
    y = [0, 1, 0, 0, 1]  # risks 0, 1/2, 1/3, 1/4, 2/5
    for max_risk, coverage in {0: 0.2, 0.2: 0.2, 0.25: 0.8, 0.39: 0.8, 0.4: 1, 1: 1}.items():
        assert coverage_at_risk(y, proba, max_risk=max_risk) == pytest.approx(coverage), max_risk


def test_a_risk_that_no_threshold_keeps_leaves_no_coverage():
    assert coverage_at_risk([1, 0, 0], two_columns([0.9, 0.8, 0.7]), max_risk=0.1) == 0


def test_a_risk_of_one_tenth_is_kept_by_one_error_in_ten():
    # three tenths are no 0.3 in binary
    proba = two_columns(np.linspace(0.9, 0.6, 10))
    y = [0] * 7 + [1] * 3
    assert coverage_at_risk(y, proba, max_risk=0.3) == 1
    weight = np.full(10, 0.1)
    assert coverage_at_risk(y, proba, max_risk=0.3, sample_weight=weight) == 1


def test_accuracy_at_a_coverage_by_hand():
    proba = two_columns([0.95, 0.9, 0.8, 0.7, 0.6])
    y = [0, 1, 0, 0, 1]
    for coverage, accuracy in {
        0.01: 1,
        0.2: 1,
        0.21: 1 / 2,
        0.6: 2 / 3,
        0.8: 3 / 4,
        1: 3 / 5,
    }.items():
        value = accuracy_at_coverage(y, proba, coverage=coverage)
        assert value == pytest.approx(accuracy), coverage


def test_at_full_coverage_the_accuracy_is_scikit_learns():
    y, proba = predictions(5, 77)
    weight = np.random.default_rng(0).random(77)
    expected = accuracy_score(y, proba.argmax(axis=1), sample_weight=weight)
    value = accuracy_at_coverage(y, proba, coverage=1, sample_weight=weight)
    assert value == pytest.approx(expected)


def test_songs_that_tie_with_the_last_one_are_answered_too():
    assert accuracy_at_coverage([0, 0, 1], np.tile([0.7, 0.3], (3, 1)), coverage=0.1) == (
        pytest.approx(2 / 3)
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_a_working_point_must_be_a_share(value):
    y, proba = [0, 1], [0.2, 0.8]
    with pytest.raises(ValueError, match=r"max_risk must be a share in \[0, 1\]"):
        coverage_at_risk(y, proba, max_risk=value)
    with pytest.raises(ValueError, match=r"coverage must be a share in \(0, 1\]"):
        accuracy_at_coverage(y, proba, coverage=value)
    with pytest.raises(ValueError, match="coverage must"):
        accuracy_at_coverage(y, proba, coverage=0)


# ---- what they share


@every_metric
def test_a_weight_of_two_is_the_same_as_two_songs_and_none_is_no_song(metric):
    y, proba = predictions(6, 60)
    weight = np.random.default_rng(0).integers(0, 4, size=60)
    weighted = metric(y, proba, sample_weight=weight, labels=range(4), **METRICS[metric])
    repeated = metric(
        y.repeat(weight), proba.repeat(weight, axis=0), labels=range(4), **METRICS[metric]
    )
    assert weighted == pytest.approx(repeated, rel=1e-12)


@every_metric
def test_a_binary_vector_equals_its_two_columns(metric):
    y, proba = predictions(7, 80, 2)
    named = np.array(["sad", "happy"])[y]
    vector = metric(named, proba[:, 1], labels=["sad", "happy"], **METRICS[metric])
    assert vector == pytest.approx(metric(y, proba, **METRICS[metric]), rel=1e-12)


@every_metric
def test_labels_let_songs_lack_a_class(metric):
    y, proba = predictions(8, 40, 3)
    some = y != 2
    with pytest.raises(ValueError, match="pass labels="):
        metric(y[some], proba[some], **METRICS[metric])
    value = metric(y[some], proba[some], labels=[0, 1, 2], **METRICS[metric])
    # what counts is who is right, and how confident
    wrong, top = (proba.argmax(axis=1) != y)[some].astype(int), proba.max(axis=1)[some]
    expected = metric(wrong, np.zeros(some.sum()), confidence=top, **METRICS[metric])
    assert value == pytest.approx(expected)
