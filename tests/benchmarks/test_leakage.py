"""Validation inside `fit` does not leak, where an ordinary one does."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier


@pytest.fixture(scope="module")
def leakage(load_benchmark):
    return load_benchmark("leakage")


@pytest.fixture(scope="module")
def outcomes(leakage):
    return leakage.measure(0)


def test_ordinary_inner_validation_picks_the_wrong_weight_and_ours_does_not(outcomes):
    ordinary, pairs = outcomes
    assert ordinary.weight == pytest.approx(0.7)
    assert pairs.weight == 0
    assert pairs.true < ordinary.true - 0.05


def test_what_ordinary_validation_promises_does_not_come_true(outcomes):
    ordinary, pairs = outcomes
    assert ordinary.promised < ordinary.true - 0.1
    assert pairs.promised == pytest.approx(pairs.true, abs=0.1)


def test_a_twin_tells_the_label_more_often_than_not(leakage):
    X, y = leakage.twins(600, np.random.default_rng(0))
    knows_twins = KNeighborsClassifier(1).fit(X[:300], y[:300]).score(X[300:], y[300:])
    assert 0.55 < knows_twins < 0.8
    assert np.abs(X[:300, :-1] - X[300:, :-1]).max() < 0.01


def test_the_report_pairs_the_draws(leakage):
    draws = [((0.7, 0.4, 0.6), (0.0, 0.5, 0.5)), ((0.0, 0.5, 0.5), (0.0, 0.5, 0.6))]
    text = leakage.report([tuple(leakage.Outcome(*one) for one in draw) for draw in draws])
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert lines[2] == ["0", "0.70", "0.40", "0.60", "0.00", "0.50", "0.50"]
    assert lines[4][1:3] == ["0.35 ± 0.35", "0.45 ± 0.05"]
    assert lines[-1] == ["came true, ordinary - pairs", "+0.000 ± 0.100"]
