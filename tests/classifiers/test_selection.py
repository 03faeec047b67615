"""Epochs and temperature, decided on curves made by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_skd.calibration import fit_temperature
from sklearn_skd.classifiers import _selection
from sklearn_skd.classifiers._net import Curve
from sklearn_skd.classifiers._selection import SHRINKAGE, Split
from sklearn_skd.classifiers._targets import Targets

N_SONGS, N_CLASSES, N_EPOCHS = 40, 3, 4
SPLITS = [
    Split(np.arange(10, 40), np.arange(10), {}),
    Split(np.r_[0:10, 30:40], np.arange(10, 30), {}),
]


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture
def codes(rng):
    return rng.randint(N_CLASSES, size=N_SONGS)


@pytest.fixture
def distribution(codes):
    return np.eye(N_CLASSES)[codes]


def curve(logits, train_loss=None):
    return Curve(
        train_loss=train_loss or list(range(len(logits), 0, -1)),
        valid_epochs=list(range(1, len(logits) + 1)),
        valid_loss=[0.0] * len(logits),  # not what the choice is made by
        valid_logits=list(logits),
    )


def useful_logits(rng, codes, strengths):
    """One array an epoch: noise, plus the truth as strongly as told."""
    noise = rng.normal(size=(len(codes), N_CLASSES))
    return [noise + strength * np.eye(N_CLASSES)[codes] for strength in strengths]


def log_loss(logits, codes):
    log_proba = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -log_proba[np.arange(len(codes)), codes].mean()


@pytest.fixture
def runs(rng, codes):
    strengths = [0.5, 3, 1, 2]
    return [[curve(useful_logits(rng, codes[split.valid], strengths))] for split in SPLITS]


def select(runs, splits, distribution, codes, *, choose_epoch, weight=None):
    weight = np.ones(N_SONGS) if weight is None else weight
    unknown = np.full(N_SONGS, np.nan)
    targets = Targets(np.arange(N_CLASSES), codes, distribution, weight, unknown)
    return _selection.select(runs, splits, targets, choose_epoch=choose_epoch)


def pooled(runs, epoch):
    return np.concatenate([curves[0].valid_logits[epoch] for curves in runs])


def test_history_pools_the_splits_song_by_song(runs, distribution, codes):
    history = select(runs, SPLITS, distribution, codes, choose_epoch=True).history
    valid = np.concatenate([split.valid for split in SPLITS])
    expected = [log_loss(pooled(runs, epoch), codes[valid]) for epoch in range(N_EPOCHS)]
    assert list(history.columns) == ["epoch", "train_loss", "valid_loss"]
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["train_loss"].tolist() == [4, 3, 2, 1]
    assert_allclose(history["valid_loss"], expected)


def test_the_best_epoch_is_chosen_if_asked(runs, distribution, codes):
    assert select(runs, SPLITS, distribution, codes, choose_epoch=True).n_epochs == 2
    assert select(runs, SPLITS, distribution, codes, choose_epoch=False).n_epochs == 4


@pytest.mark.parametrize(("choose_epoch", "epoch"), [(True, 1), (False, 3)])
def test_temperature_is_fitted_to_the_pooled_logits_of_that_epoch(
    runs, distribution, codes, choose_epoch, epoch
):
    selection = select(runs, SPLITS, distribution, codes, choose_epoch=choose_epoch)
    valid = np.concatenate([split.valid for split in SPLITS])
    expected = fit_temperature(pooled(runs, epoch), codes[valid], shrinkage=SHRINKAGE)
    assert selection.temperature == pytest.approx(expected)
    assert selection.temperature != pytest.approx(1, abs=0.01)


def test_a_large_split_outweighs_a_small_one(rng, codes, distribution):
    small, large = SPLITS
    runs = [
        [curve(useful_logits(rng, codes[small.valid], [2, 0, 0]))],
        [curve(useful_logits(rng, codes[large.valid], [0, 2, 0]))],
    ]
    assert select(runs, SPLITS, distribution, codes, choose_epoch=True).n_epochs == 2


def test_epochs_are_chosen_by_the_distribution_and_temperature_by_the_labels(rng, codes):
    """Votes that contradict the labels move the epoch only."""
    voted = (codes + 1) % N_CLASSES
    split = SPLITS[1]
    for_label = useful_logits(rng, codes[split.valid], [3])[0]
    for_votes = useful_logits(rng, voted[split.valid], [3])[0]
    run = [[curve([for_label, for_votes])]]
    selection = select(run, [split], np.eye(N_CLASSES)[voted], codes, choose_epoch=True)
    assert selection.n_epochs == 2
    expected = fit_temperature(for_votes, codes[split.valid], shrinkage=SHRINKAGE)
    assert selection.temperature == pytest.approx(expected)


def test_logits_of_the_members_are_averaged(rng, codes, distribution):
    split = SPLITS[1]
    one, two = (useful_logits(rng, codes[split.valid], [1, 2]) for _ in range(2))
    mean = [(a + b) / 2 for a, b in zip(one, two, strict=True)]
    members = [[curve(one, [2.0, 1.0]), curve(two, [4.0, 3.0])]]
    together = select(members, [split], distribution, codes, choose_epoch=False)
    alone = select([[curve(mean)]], [split], distribution, codes, choose_epoch=False)
    assert together.temperature == pytest.approx(alone.temperature)
    assert_allclose(together.history["valid_loss"], alone.history["valid_loss"])
    assert together.history["train_loss"].tolist() == [3, 2]


def test_runs_that_ended_early_are_compared_as_far_as_the_shortest(rng, codes, distribution):
    split = SPLITS[1]
    runs = [
        [
            curve(useful_logits(rng, codes[split.valid], [0, 1])),
            curve(useful_logits(rng, codes[split.valid], [0, 1, 9])),
        ]
    ]
    selection = select(runs, [split], distribution, codes, choose_epoch=True)
    assert len(selection.history) == selection.n_epochs == 2


def test_history_has_gaps_where_not_all_runs_were_looked_at(rng, codes, distribution):
    split = SPLITS[1]
    one = curve(useful_logits(rng, codes[split.valid], [0, 1, 2, 3]))
    other = curve(useful_logits(rng, codes[split.valid], [1, 3]))
    other.valid_epochs, other.train_loss = [2, 4], [4, 3, 2, 1]
    history = select([[one, other]], [split], distribution, codes, choose_epoch=False).history
    assert history["valid_loss"].isna().tolist() == [True, False, True, False]


def test_runs_that_callbacks_ended_at_different_epochs_count_by_their_last(
    rng, codes, distribution
):
    split = SPLITS[1]
    one = curve(useful_logits(rng, codes[split.valid], [2]))
    other = curve(useful_logits(rng, codes[split.valid], [2]))
    one.valid_epochs, one.train_loss = [3], [3, 2, 1]
    other.valid_epochs, other.train_loss = [4], [4, 3, 2, 1]
    for choose_epoch in (True, False):
        selection = select([[one, other]], [split], distribution, codes, choose_epoch=choose_epoch)
        assert selection.n_epochs == 3
        assert np.isfinite(selection.loss)


def test_the_loss_is_that_of_the_calibrated_logits(runs, distribution, codes):
    selection = select(runs, SPLITS, distribution, codes, choose_epoch=True)
    valid = np.concatenate([split.valid for split in SPLITS])
    calibrated = pooled(runs, 1) / selection.temperature
    assert selection.loss == pytest.approx(log_loss(calibrated, codes[valid]))


def test_a_song_of_weight_two_counts_as_two(rng, codes, distribution):
    split, twice = SPLITS[1], SPLITS[1].valid[:7]
    epochs = useful_logits(rng, codes[split.valid], [2, 1])
    weight = np.ones(N_SONGS)
    weight[twice] = 2
    told = select([[curve(epochs)]], [split], distribution, codes, choose_epoch=True, weight=weight)
    doubled = Split(split.train, np.r_[split.valid, twice], {})
    again = [[curve([np.r_[logits, logits[:7]] for logits in epochs])]]
    expected = select(again, [doubled], distribution, codes, choose_epoch=True)
    assert told.temperature == pytest.approx(expected.temperature)
    assert told.loss == pytest.approx(expected.loss)
    assert_allclose(told.history["valid_loss"], expected.history["valid_loss"])
