"""Selective weights (eq. 5), class coefficients and reliability (eq. 6)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from sklearn_skd.distillation import (
    class_coefficients,
    class_reliability,
    fit_selective_weight,
    selective_weight,
)

NAN = np.nan


@pytest.fixture
def songs():
    """r, s, e and the correctness of a teacher that all three speak of."""
    rng = np.random.RandomState(0)
    r, s, e = rng.uniform(size=(3, 400))
    correct = rng.uniform(size=400) < 1 / (1 + np.exp(-(3 * r + 2 * s - 4 * e)))
    return r, s, e, correct.astype(float)


def weight_of(songs, theta, bias):
    return selective_weight(*songs[:3], theta=theta, bias=bias)


# Equation 5


def test_equation_five_by_hand():
    # 2 * .5 + 1 * .4 - 3 * .2 - .3 = .5
    value = selective_weight([0.5], [0.4], [0.2], theta=[2, 1, 3], bias=-0.3)
    assert_allclose(value, [1 / (1 + np.exp(-0.5))], rtol=1e-12)


def test_credibility_stands_in_for_an_unknown_consistency():
    unknown = selective_weight([0.5], [NAN], [0.2], theta=[2, 1, 3], bias=0.1)
    assert_allclose(unknown, selective_weight([0.5], [0.5], [0.2], theta=[2, 1, 3], bias=0.1))


# Learning theta


@pytest.mark.parametrize("mean_weight", [0.02, 0.3, 0.9])
def test_the_mean_weight_is_exact(songs, mean_weight):
    theta, bias = fit_selective_weight(*songs, mean_weight=mean_weight)
    assert_allclose(weight_of(songs, theta, bias).mean(), mean_weight, rtol=1e-9)


def test_inside_the_bounds_theta_is_a_ridge_logistic_regression(songs):
    r, s, e, correct = songs
    columns = np.stack([r, s, -e], axis=1)
    scale = columns.std(axis=0)
    model = LogisticRegression(C=1 / 2.0, tol=1e-10).fit(
        (columns - columns.mean(axis=0)) / scale, correct
    )
    assert (model.coef_ > 0).all()  # the bound is not active: the two problems are the same
    theta, _ = fit_selective_weight(*songs, ridge=2.0)
    assert_allclose(theta, model.coef_[0] / scale, rtol=1e-3)


def test_theta_is_never_negative(songs):
    r, s, e, correct = songs
    theta, _ = fit_selective_weight(r, s, e, 1 - correct)  # everything points the wrong way
    assert theta.tolist() == [0, 0, 0]
    theta, _ = fit_selective_weight(1 - r, s, e, correct)
    assert theta[0] == 0
    assert (theta[1:] > 0).all()


def test_constant_columns_are_dropped(songs):
    r, _, e, correct = songs
    theta, bias = fit_selective_weight(r, np.full(400, 0.7), e, correct)
    assert theta[1] == 0
    assert (theta[[0, 2]] > 0).all()
    assert np.isfinite(bias)


def test_a_consistency_that_nobody_knows_is_dropped_rather_than_doubling_r(songs):
    r, _, e, correct = songs
    theta, _ = fit_selective_weight(r, np.full(400, NAN), e, correct)
    assert theta[1] == 0


def test_collinear_columns_share_the_slope(songs):
    """With q constant, r is a sum of the other two: the penalty decides, finitely."""
    _, s, e, correct = songs
    r = 0.5 * (1 - e) + 0.3 * s + 0.2 * 0.8
    theta, bias = fit_selective_weight(r, s, e, correct)
    assert np.isfinite(theta).all()
    assert np.isfinite(bias)
    assert (theta >= 0).all()
    assert theta.max() < 50
    weight = selective_weight(r, s, e, theta=theta, bias=bias)
    assert weight[correct == 1].mean() > weight[correct == 0].mean()


def test_without_a_column_that_varies_all_songs_weigh_the_same(songs):
    same = np.full(400, 0.5)
    theta, bias = fit_selective_weight(same, same, same, songs[3], mean_weight=0.2)
    assert theta.tolist() == [0, 0, 0]
    assert_allclose(bias, np.log(0.2 / 0.8))


@pytest.mark.parametrize("correct", [0.0, 1.0])
def test_a_teacher_always_right_or_always_wrong_teaches_no_direction(songs, correct):
    theta, bias = fit_selective_weight(*songs[:3], np.full(400, correct))
    assert theta.tolist() == [0, 0, 0]
    assert_allclose(weight_of(songs, theta, bias), 0.3)


def test_unlabelled_songs_count_for_the_mean_but_not_for_the_slope(songs):
    r, s, e, correct = songs
    correct = correct.copy()
    correct[:100] = NAN
    theta, bias = fit_selective_weight(r, s, e, correct)
    assert_allclose(weight_of(songs, theta, bias).mean(), 0.3, rtol=1e-9)
    flipped = correct.copy()
    flipped[:100] = 0  # as labels they would change the slope
    assert not np.allclose(fit_selective_weight(r, s, e, flipped)[0], theta)


def test_gain_stretches_the_direction(songs):
    theta, _ = fit_selective_weight(*songs)
    assert_allclose(fit_selective_weight(*songs, gain=2.0)[0], 2 * theta)
    assert fit_selective_weight(*songs, gain=0.0)[0].tolist() == [0, 0, 0]


def test_certain_and_consistent_songs_weigh_more_where_the_teacher_is_right_on_them(songs):
    r, s, e, _ = songs
    sure = (r > 0.5) & (s > 0.5) & (e < 0.5)
    theta, bias = fit_selective_weight(r, s, e, sure.astype(float))
    assert (theta > 0).all()
    weight = selective_weight(r, s, e, theta=theta, bias=bias)
    assert weight[sure].mean() > 2 * weight[~sure].mean()


def test_a_teacher_that_is_right_as_often_as_it_claims_teaches_no_direction():
    """Certain songs are right more often, which the soft labels say already."""
    rng = np.random.RandomState(0)
    confidence = rng.uniform(0.5, 0.99, size=4000)
    correct = (rng.uniform(size=4000) < confidence).astype(float)
    entropy, s = 2 * (1 - confidence), rng.uniform(size=4000)
    told = 1 - entropy, s, entropy, correct
    claimed, _ = fit_selective_weight(*told, confidence=confidence)
    plain, _ = fit_selective_weight(*told)
    assert plain[0] + plain[2] > 10 * (claimed[0] + claimed[2])


def test_a_signal_of_more_than_the_teacher_claims_is_found():
    """Where the sources clash, the teacher is right less often than it says."""
    rng = np.random.RandomState(0)
    confidence, s = rng.uniform(0.5, 0.99, size=4000), rng.uniform(size=4000)
    odds = np.log(confidence / (1 - confidence)) + 3 * (s - 0.5)
    correct = (rng.uniform(size=4000) < 1 / (1 + np.exp(-odds))).astype(float)
    entropy = 2 * (1 - confidence)
    theta, bias = fit_selective_weight(0.5 * s, s, entropy, correct, confidence=confidence)
    assert 0.5 * theta[0] + theta[1] == pytest.approx(3, abs=0.4)
    assert theta[2] < 0.3
    weight = selective_weight(0.5 * s, s, entropy, theta=theta, bias=bias)
    assert weight[s < 0.2].mean() < 0.5 * weight[s > 0.8].mean()


# Equation 6


def test_equation_six_by_hand():
    value = class_coefficients([0.5], [[0.6, 0.3, 0.1]], [1.0, 0.5, 0.2])
    exponents = np.exp([0.5 * 0.6 * 1.0, 0.5 * 0.3 * 0.5, 0.5 * 0.1 * 0.2])  # .3, .075, .01
    assert_allclose(value, [exponents / exponents.sum()], rtol=1e-12)


def test_coefficients_sum_to_one():
    rng = np.random.RandomState(0)
    value = class_coefficients(
        rng.uniform(size=20), rng.dirichlet(np.ones(5), size=20), rng.uniform(size=5)
    )
    assert value.shape == (20, 5)
    assert_allclose(value.sum(axis=1), 1)


def test_class_reliability_is_the_f1_shrunk_by_ten_songs():
    # class 0: F1 = 2*2/(2*2+1+1) = 2/3 of 3 songs; class 1: 2*1/(2*1+1+1) = 1/2 of 2 songs
    truth, guess = [0, 0, 0, 1, 1], [0, 0, 1, 1, 0]
    macro = (2 / 3 + 1 / 2) / 2
    expected = [(3 * 2 / 3 + 10 * macro) / 13, (2 * 1 / 2 + 10 * macro) / 12]
    assert_allclose(class_reliability(truth, guess, n_classes=2), expected)


def test_class_reliability_of_a_class_without_songs_is_the_macro_f1():
    value = class_reliability([0, 0], [0, 0], n_classes=2)
    assert_allclose(value[1], 0.5)


def test_without_pseudo_songs_class_reliability_is_the_f1():
    value = class_reliability([0, 0, 0, 1, 1], [0, 0, 1, 1, 0], n_classes=2, pseudo_songs=0)
    assert_allclose(value, [2 / 3, 1 / 2])


@pytest.mark.parametrize("mean_weight", [0.0, 1.0, np.nan])
def test_a_mean_weight_out_of_range_is_refused(mean_weight):
    with pytest.raises(ValueError, match="mean_weight must be between 0 and 1"):
        fit_selective_weight([0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0, 1], mean_weight=mean_weight)


def test_an_unknown_credibility_names_its_row():
    with pytest.raises(ValueError, match="NaN in row 1"):
        fit_selective_weight([0.1, np.nan], [0.1, np.nan], [0.9, 0.1], [0, 1])
