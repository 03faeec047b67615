"""Credibility (eq. 4) and its components against numbers worked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import jensenshannon

from sklearn_skd.distillation import credibility_score, normalized_entropy, source_consistency

NAN = np.nan


@pytest.fixture
def proba():
    """Branch probabilities of 30 songs, 3 sources, 4 classes."""
    return np.random.RandomState(0).dirichlet(np.ones(4), size=(30, 3))


# Normalised entropy


def test_entropy_of_three_quarters_and_a_quarter():
    # -(3/4 log 3/4 + 1/4 log 1/4) / log 2 = 2 - 3/4 log2(3)
    assert_allclose(normalized_entropy([[0.75, 0.25]]), 2 - 0.75 * np.log2(3), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_entropy_is_one_for_uniform_and_zero_for_one_hot_rows(n_classes):
    rows = np.vstack([np.full(n_classes, 1 / n_classes), np.eye(n_classes)[0]])
    assert_allclose(normalized_entropy(rows), [1, 0], atol=1e-12)


def test_entropy_of_a_single_class_is_zero():
    assert normalized_entropy([[1.0], [1.0]]).tolist() == [0.0, 0.0]


def test_entropy_takes_leading_dimensions(proba):
    whole = normalized_entropy(proba)
    assert whole.shape == (30, 3)
    assert_allclose(whole[:, 1], normalized_entropy(proba[:, 1]))


# Consistency of the sources


def test_consistency_of_two_sources_is_one_minus_jensen_shannon_in_bits(proba):
    expected = 1 - jensenshannon(proba[:, 0], proba[:, 1], base=2, axis=1) ** 2
    assert_allclose(source_consistency(proba[:, :2]), expected, rtol=1e-10)


def test_consistency_is_the_mean_over_the_pairs_weighted_by_both_skills():
    clear, other, same = [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]
    # pairs: (clear, other) 0, (clear, same) 1, (other, same) 0 with weights 2, 3, 6
    value = source_consistency([[clear, other, same]], weights=[1, 2, 3])
    assert_allclose(value, 3 / 11)


def test_consistency_is_in_the_unit_interval(proba):
    value = source_consistency(proba)
    assert ((value > 0) & (value < 1)).all()


def test_consistency_does_not_depend_on_the_order_of_sources_or_classes(proba):
    value = source_consistency(proba, weights=[1, 2, 3])
    assert_allclose(source_consistency(proba[:, [2, 0, 1]], weights=[3, 1, 2]), value)
    assert_allclose(source_consistency(proba[:, :, ::-1], weights=[1, 2, 3]), value)


@pytest.mark.parametrize("present", [[1, 0, 0], [0, 0, 0]])
def test_fewer_than_two_sources_have_no_consistency(proba, present):
    value = source_consistency(proba[:1], present=[present])
    assert np.isnan(value).all()


def test_one_source_has_no_consistency(proba):
    assert np.isnan(source_consistency(proba[:, :1])).all()


def test_absent_sources_are_ignored_even_as_nan(proba):
    hidden = proba.copy()
    hidden[:, 1] = NAN
    present = np.array([[True, False, True]] * len(proba))
    assert_allclose(
        source_consistency(hidden, present=present), source_consistency(proba[:, [0, 2]])
    )


def test_where_no_present_source_has_skill_the_pairs_weigh_alike(proba):
    present = np.ones((30, 3), bool)
    present[0, 2] = False
    value = source_consistency(proba, weights=[0, 0, 1], present=present)
    assert_allclose(value, source_consistency(proba, present=present))


def test_weights_of_zero_are_weights_that_are_alike(proba):
    assert_allclose(source_consistency(proba, weights=[0, 0, 0]), source_consistency(proba))


def test_identical_sources_agree_and_disjoint_ones_do_not(proba):
    same = np.repeat(proba[:, :1], 3, axis=1)
    assert_allclose(source_consistency(same), 1)
    assert_allclose(source_consistency(np.eye(3)[None]), 0, atol=1e-12)


def test_shape_of_the_branches_is_checked():
    with pytest.raises(ValueError, match=r"\(n_songs, n_sources, n_classes\), got \(2, 2\)"):
        source_consistency(np.eye(2))


@pytest.mark.parametrize("weights", [[1, 2], [1, 1, -1]])
def test_weights_must_be_one_nonnegative_number_a_source(proba, weights):
    with pytest.raises(ValueError, match="3 non-negative numbers"):
        source_consistency(proba, weights=weights)


# Credibility


def test_equation_four_by_hand():
    # .5 * .6 + .3 * .4 + .2 * .9 = .30 + .12 + .18
    assert_allclose(credibility_score([0.6], [0.4], [0.9]), [0.60])
    # .1 * .6 + .2 * .4 + .7 * .9
    assert_allclose(credibility_score([0.6], [0.4], [0.9], alpha=0.1, beta=0.2, gamma=0.7), [0.77])


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((0.6, NAN, 0.9), (0.30 + 0.18) / 0.7),
        ((0.6, 0.4, NAN), (0.30 + 0.12) / 0.8),
        ((NAN, 0.4, 0.9), (0.12 + 0.18) / 0.5),
        ((0.6, NAN, NAN), 0.6),
        ((NAN, NAN, 0.9), 0.9),
        ((NAN, NAN, NAN), NAN),
    ],
)
def test_an_unknown_component_gives_its_share_to_the_others(known, expected):
    assert_allclose(credibility_score(*([value] for value in known)), [expected])


def test_a_song_is_known_only_through_components_that_count():
    value = credibility_score([NAN, 0.5], [NAN, NAN], [0.9, 0.9], gamma=0)
    assert_allclose(value, [NAN, 0.8 * 0.5])  # shares that sum to .8 keep their sum


def test_credibility_is_in_the_unit_interval(proba):
    parts = np.random.RandomState(1).uniform(size=(3, 200))
    value = credibility_score(*parts)
    assert (value >= parts.min(axis=0)).all()
    assert (value <= parts.max(axis=0)).all()


def test_a_scalar_reliability_is_spread_over_the_songs():
    assert credibility_score([0.1, 0.2], [0.3, 0.4], NAN).shape == (2,)


@pytest.mark.parametrize(
    "shares", [{"alpha": -0.1}, {"gamma": -1}, {"alpha": 0, "beta": 0, "gamma": 0}]
)
def test_shares_must_be_nonnegative_with_a_positive_sum(shares):
    with pytest.raises(ValueError, match="non-negative with a positive sum"):
        credibility_score([0.5], [0.5], [0.5], **shares)


def test_shares_and_weights_that_are_nan_are_refused():
    with pytest.raises(ValueError, match="must be non-negative"):
        credibility_score([0.5], [0.5], [0.5], alpha=np.nan)
    with pytest.raises(ValueError, match="non-negative numbers"):
        source_consistency(np.full((1, 2, 2), 0.5), weights=[np.nan, 1])
