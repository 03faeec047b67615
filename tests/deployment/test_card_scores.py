"""Scores of a model card, against scikit-learn's and by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_recall_fscore_support

from sklearn_skd.deployment._card_scores import Predictions, score_classes, score_songs
from sklearn_skd.metrics import calibration_summary, overconfidence

DRAWS = {"n_resamples": 200, "random_state": 0}


@pytest.fixture
def songs(draw_calibrated, classes):
    proba, y, _ = draw_calibrated()
    return Predictions.checked(y, proba, classes)


def test_scores_are_those_of_scikit_learn_and_of_the_metrics(songs, classes):
    scores, guess = score_songs(songs, **DRAWS), classes[songs.guesses]
    expected = {
        "accuracy": accuracy_score(songs.labels, guess),
        "macro-F1": f1_score(songs.labels, guess, average="macro"),
        "NLL": log_loss(songs.labels, songs.proba, labels=classes),
        "ECE": calibration_summary(songs.labels, songs.proba).ece,
        "over-confidence": overconfidence(songs.labels, songs.proba),
    }
    assert scores["value"].to_dict() == pytest.approx(expected)


def test_intervals_hold_their_scores_and_the_band_is_that_of_the_metric(songs):
    scores = score_songs(songs, **DRAWS)
    assert (scores["low"] < scores["value"]).all()
    assert (scores["value"] < scores["high"]).all()
    summary = calibration_summary(songs.labels, songs.proba, **DRAWS)
    assert scores.loc["ECE", "null_low"] == summary.floor_low
    assert scores.loc["ECE", "null_high"] == summary.floor_high


def test_ten_right_songs_of_ten_do_not_give_an_interval_of_width_zero(classes):
    proba = np.tile([0.85, 0.05, 0.05, 0.05], (10, 1))
    scores = score_songs(Predictions.checked(["calm"] * 10, proba, classes), **DRAWS)
    wilson = binomtest(10, 10).proportion_ci(method="wilson")
    assert scores.loc["accuracy", ["low", "high"]].tolist() == pytest.approx(wilson)
    low, high = scores.loc["over-confidence", ["low", "high"]]
    assert (low, high) == pytest.approx((0.85 - wilson.high, 0.85 - wilson.low))


def test_the_f1_of_a_group_leaves_out_classes_that_it_does_not_have(classes):
    proba = np.tile([0.7, 0.1, 0.1, 0.1], (4, 1))
    scores = score_songs(Predictions.checked(["calm"] * 4, proba, classes), **DRAWS)
    assert scores.loc["macro-F1", "value"] == 1


def test_bootstrapped_intervals_are_as_wide_as_the_spread_over_other_songs(
    draw_calibrated, classes
):
    def score(seed):
        proba, y, _ = draw_calibrated(200, seed)
        return score_songs(Predictions.checked(y, proba, classes), **DRAWS)

    values = np.array([score(seed)["value"].to_numpy() for seed in range(40)])
    scores = score(99)
    width = scores["high"] - scores["low"]
    for name in ("macro-F1", "NLL"):
        spread = 2 * 1.96 * values[:, scores.index.get_loc(name)].std()
        assert 0.7 < width[name] / spread < 1.4, name


def test_classes_have_the_scores_of_scikit_learn(songs, classes):
    table, guess = score_classes(songs, **DRAWS), classes[songs.guesses]
    precision, recall, f1, count = precision_recall_fscore_support(songs.labels, guess)
    np.testing.assert_allclose(table["precision"], precision)
    np.testing.assert_allclose(table["recall"], recall)
    np.testing.assert_allclose(table["F1"], f1)
    assert table["songs"].tolist() == count.tolist()
    assert table["predicted"].tolist() == [(guess == name).sum() for name in classes]
    share = count / len(songs)
    np.testing.assert_allclose(table["promised"], songs.proba.mean(axis=0) - share)
    assert table["promised"].sum() == pytest.approx(0)


def test_a_class_without_songs_and_without_predictions_has_no_scores(classes):
    proba = np.tile([0.7, 0.1, 0.1, 0.1], (4, 1))
    table = score_classes(Predictions.checked(["calm"] * 4, proba, classes), **DRAWS)
    assert table.loc["tension", ["precision", "recall", "F1"]].isna().all()
    assert table.loc["tension", "songs"] == 0
    assert table.loc["calm", ["precision", "recall", "F1"]].tolist() == [1, 1, 1]


def test_the_same_seed_gives_the_same_intervals(songs):
    assert score_songs(songs, **DRAWS).equals(score_songs(songs, **DRAWS))
    other = score_songs(songs, n_resamples=200, random_state=1)
    assert not score_songs(songs, **DRAWS).equals(other)
