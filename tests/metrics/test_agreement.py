"""CCC against numbers worked by hand, and what annotators agree on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_skd.metrics import (
    concordance_correlation_coefficient,
    inter_annotator_consistency,
)


def test_ccc_by_hand():
    # cov 2/3, variances 2/3 each, gap 1
    assert concordance_correlation_coefficient([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)


def test_ccc_is_the_correlation_where_location_and_scale_agree():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50))
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    assert concordance_correlation_coefficient(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_a_reversed_copy_disagrees_entirely():
    assert concordance_correlation_coefficient([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_columns_are_averaged_or_told_apart():
    x = np.array([[1.0, 1], [2, 2], [3, 3]])
    y = np.array([[2.0, 1], [3, 2], [4, 3]])
    each = concordance_correlation_coefficient(x, y, multioutput="raw_values")
    assert_allclose(each, [4 / 7, 1])
    assert concordance_correlation_coefficient(x, y) == pytest.approx(np.mean(each))


def test_ccc_is_symmetric_and_blind_to_the_order_of_the_songs():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(size=(2, 40, 3))
    order = rng.permutation(40)
    ccc = concordance_correlation_coefficient(x, y)
    assert concordance_correlation_coefficient(y, x) == pytest.approx(ccc)
    assert concordance_correlation_coefficient(x[order], y[order]) == pytest.approx(ccc)


def test_the_same_constant_twice_says_nothing():
    for constant in (0.5, 0.1):  # the mean of three 0.1 is not 0.1
        assert np.isnan(concordance_correlation_coefficient([constant] * 3, [constant] * 3))
    assert concordance_correlation_coefficient([0.5, 0.5], [0.2, 0.8]) == 0


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2, 3], "inconsistent numbers of samples"),
        ([[1, 2], [3, 4]], [1, 2], "must agree"),
        ([1, np.nan], [1, 2], "y_true contains NaN"),
        ([1], [1], "minimum of 2"),
    ],
)
def test_what_cannot_be_compared_is_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        concordance_correlation_coefficient(x, y)


def test_annotators_who_always_agree_are_fully_consistent():
    votes = np.array([[6, 0, 0], [0, 6, 0], [0, 0, 5], [4, 0, 0]])
    for method in ("halves", "leave-one-out"):
        assert inter_annotator_consistency(votes, method=method, random_state=0) == 1


def test_annotators_who_toss_coins_are_not_consistent():
    votes = np.random.default_rng(0).multinomial(10, [0.25] * 4, size=400)
    assert abs(inter_annotator_consistency(votes, random_state=0)) < 0.05


def test_consistency_is_that_of_two_halves_drawn_by_hand():
    """With two voters a song there is one partition, up to the order of the halves."""
    votes = np.array([[2, 0], [0, 2], [1, 1], [2, 0]])
    values = []
    for first in (0.0, 1.0):
        x = np.array([1, 0, first, 1.0])
        y = np.array([1, 0, 1 - first, 1.0])
        values.append(concordance_correlation_coefficient(x, y))
    assert inter_annotator_consistency(votes, n_splits=400, random_state=0) == pytest.approx(
        np.mean(values), abs=1e-6
    )


def test_more_annotators_are_more_consistent_than_few():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), size=300)
    few, many = (
        inter_annotator_consistency(
            np.stack([rng.multinomial(n, share) for share in shares]), random_state=0
        )
        for n in (4, 40)
    )
    assert 0 < few < many < 1


def test_the_seed_decides_and_the_global_generator_rests():
    votes = np.random.default_rng(0).multinomial(6, [0.3, 0.7], size=20)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other, third = (
        inter_annotator_consistency(votes, random_state=seed) for seed in (1, 1, 2)
    )
    inter_annotator_consistency(votes)
    assert one == other != third
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_songs_of_a_single_vote_are_left_out_and_none_is_nan():
    votes = np.array([[3, 1], [1, 3], [2, 2]])
    more = np.vstack([votes, [[1, 0], [0, 0]]])
    assert inter_annotator_consistency(more, random_state=0) == inter_annotator_consistency(
        votes, random_state=0
    )
    assert np.isnan(inter_annotator_consistency([[1, 0], [0, 1], [5, 5]]))


@pytest.mark.parametrize("method", ["halves", "leave-one-out"])
def test_a_class_that_nobody_chose_changes_nothing(method):
    votes = np.array([[3, 0], [0, 3], [2, 1], [1, 2]])
    call = {"method": method, "random_state": 0}
    known = inter_annotator_consistency(votes, **call)
    assert np.isfinite(known)
    assert inter_annotator_consistency(np.insert(votes, 1, 0, axis=1), **call) == known
    # nor one whose only vote is in a song that is left out
    alone = np.vstack([np.insert(votes, 1, 0, axis=1), [0, 1, 0]])
    assert inter_annotator_consistency(alone, **call) == known


@pytest.mark.parametrize(
    ("votes", "params", "message"),
    [
        ([[0.5, 0.5], [1, 1]], {}, "row 0, column 0: counts of votes are needed, not shares"),
        ([[1, 1], [2, -1]], {}, "holds -1 in row 1, column 1"),
        ([[1, 1], [2, 1]], {"method": "thirds"}, "'halves' or 'leave-one-out'"),
        ([[1, 1], [2, 1]], {"n_splits": 0}, "at least 1"),
    ],
)
def test_what_are_no_votes_is_refused(votes, params, message):
    with pytest.raises(ValueError, match=message):
        inter_annotator_consistency(votes, **params)
