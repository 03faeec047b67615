"""evaluate_low_label."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB

from sklearn_skd.evaluation import compare_strategies, evaluate_low_label, summarize
from sklearn_skd.evaluation._songs import Songs
from sklearn_skd.evaluation.low_label import _hide
from sklearn_skd.metrics import (
    concordance_correlation_coefficient,
    inter_annotator_consistency,
)

COLUMNS = ["proba_calm", "proba_happy", "proba_sad"]


class Counter(ClassifierMixin, BaseEstimator):
    """Says the share of each class among the labels that it was shown."""

    def fit(self, X, y, annotation_votes=None):
        if annotation_votes is not None:
            assert np.isfinite(annotation_votes).all()  # those of hidden songs are not shown
        self.classes_, counts = np.unique(y, return_counts=True)
        self.counts_ = counts
        return self

    def predict_proba(self, X):
        return np.tile(self.counts_ / self.counts_.sum(), (len(X), 1))


@pytest.fixture(scope="module")
def evaluated(collection):
    return evaluate_low_label(
        None,
        collection.X,
        collection.y,
        label_shares=[0.7, 0.3],
        strategies={"nb": GaussianNB(), "counter": Counter()},
        cv=3,
        annotation_votes=collection.votes,
        return_predictions=True,
    )


def test_the_test_songs_are_the_same_whatever_the_share(evaluated):
    _, predictions = evaluated
    songs = {
        share: [part["song"].tolist() for _, part in rows.groupby(["fold", "strategy"])]
        for share, rows in predictions.groupby("label_share")
    }
    assert songs[0.3] == songs[0.7]
    assert sorted(songs[0.3][0] + songs[0.3][2] + songs[0.3][4]) == list(range(48))


def test_fewer_labels_make_other_predictions(evaluated):
    _, predictions = evaluated
    nb = predictions[predictions["strategy"] == "nb"].set_index(["label_share", "song"])[COLUMNS]
    assert not np.allclose(nb.loc[0.3].sort_index(), nb.loc[0.7].sort_index())


def test_all_labels_are_an_ordinary_comparison(collection):
    arms = {"nb": GaussianNB()}
    given = {"strategies": arms, "cv": 3, "return_predictions": True}
    _, some = evaluate_low_label(None, collection.X, collection.y, label_shares=[1.0], **given)
    _, every = compare_strategies(None, collection.X, collection.y, **given)
    np.testing.assert_array_equal(some[COLUMNS], every[COLUMNS])


def test_labels_shown_at_a_small_share_are_among_those_of_a_larger_one(collection):
    songs = Songs(collection.X, collection.y)
    train = np.arange(6, 48)
    hidden = dict(_hide(songs, train, [0.1, 0.5, 1.0], np.random.RandomState(0)))
    assert set(hidden[0.5]) < set(hidden[0.1]) < set(train)
    assert len(hidden[1.0]) == 0
    for share, n_shown in ((0.1, 2), (0.5, 7)):  # of 14 of each class, and never fewer than two
        shown = np.setdiff1d(train, hidden[share])
        assert np.bincount(songs.targets.codes[shown]).tolist() == [n_shown] * 3


def test_the_ccc_is_that_of_the_pooled_predictions_with_the_vote_shares(evaluated, collection):
    table, predictions = evaluated
    part = predictions.query("label_share == 0.3 and strategy == 'nb'")
    shares = collection.votes / collection.votes.sum(axis=1, keepdims=True)
    expected = concordance_correlation_coefficient(shares[part["song"]], part[COLUMNS].to_numpy())
    rows = table.query("label_share == 0.3 and strategy == 'nb' and metric == 'CCC'")
    assert rows["fold"].tolist() == [-1]
    assert rows["n_test"].tolist() == [48]
    assert rows["value"].item() == pytest.approx(expected)


def test_the_icr_is_beside_it_and_the_same_for_all(evaluated, collection):
    table, _ = evaluated
    icr = table.loc[table["metric"] == "ICR", "value"]
    assert len(icr) == 2 * 2
    assert icr.to_numpy() == pytest.approx(
        inter_annotator_consistency(collection.votes, random_state=0)
    )


def test_pooled_rows_have_no_error_of_folds(evaluated):
    summary = summarize(evaluated[0])
    assert summary.index.names == ["label_share", "metric", "strategy", "calibration"]
    assert np.isnan(summary.loc[(0.3, "CCC", "counter", "raw"), "error"])
    assert summary.loc[(0.3, "NLL", "counter", "raw"), "error"] > 0


@pytest.mark.parametrize("gap", [0.0, np.nan])
def test_songs_without_votes_do_not_count_for_the_agreement(collection, gap):
    votes = collection.votes.copy()
    votes[:5] = gap
    table = evaluate_low_label(
        None,
        collection.X,
        collection.y,
        label_shares=[0.5],
        strategies={"nb": GaussianNB()},
        cv=2,
        annotation_votes=votes,
    )
    ccc = table[table["metric"] == "CCC"]
    assert ccc["n_test"].tolist() == [43]
    assert ccc["value"].notna().all()
    assert table.loc[table["metric"] == "ICR", "value"].notna().all()


def test_shares_of_votes_have_no_icr(collection):
    shares = collection.votes / collection.votes.sum(axis=1, keepdims=True)
    given = {"label_shares": [0.5], "strategies": {"nb": GaussianNB()}, "cv": 2}
    table = evaluate_low_label(None, collection.X, collection.y, annotation_votes=shares, **given)
    assert table.loc[table["metric"] == "ICR", "value"].isna().all()
    assert table.loc[table["metric"] == "CCC", "value"].notna().all()


def test_without_votes_the_concordance_is_named_after_the_labels(collection):
    y = collection.y.astype(object)
    y[:3] = None
    given = {"label_shares": [0.5], "strategies": {"nb": GaussianNB()}, "cv": 2}
    table, predictions = evaluate_low_label(None, collection.X, y, return_predictions=True, **given)
    one_hot = (predictions["label"].to_numpy()[:, None] == np.unique(collection.y)).astype(float)
    expected = concordance_correlation_coefficient(one_hot, predictions[COLUMNS].to_numpy())
    assert "CCC" not in set(table["metric"])
    ccc = table[table["metric"] == "CCC (labels)"]
    assert ccc["value"].tolist() == pytest.approx([expected])
    assert (table.loc[table["fold"] >= 0, "n_train"].isin([22, 23])).all()  # labelled songs


def test_teachers_are_shared_between_arms_and_never_between_shares(
    collection, tiny_student, counted, tmp_path
):
    Counted, count = counted
    log = str(tmp_path / "log")
    evaluate_low_label(
        tiny_student(teacher=Counted(log), max_epochs=1, calibration=None),
        collection.X,
        collection.y,
        label_shares=[0.5, 1.0],
        strategies=["kd", "skd"],
        cv=2,
        memory=str(tmp_path / "memory"),
    )
    assert count(log) == 2 * 2 * (2 + 1)  # shares, folds, teachers
    with open(log) as file:
        sizes = {int(line) for line in file}
    assert {12, 24} <= sizes  # all labels that are shown, and no more
    assert max(sizes) == 24


@pytest.mark.parametrize("shares", [[], [0.0, 0.5], [0.5, 1.2], [30, 50, 70], [np.nan], 0])
def test_shares_out_of_range_are_told(collection, shares):
    with pytest.raises(ValueError, match=r"label_shares are numbers in \(0, 1\]"):
        evaluate_low_label(
            None,
            collection.X,
            collection.y,
            label_shares=shares,
            strategies={"nb": GaussianNB()},
        )


def test_the_labels_that_stay_are_of_two_groups_a_class(collection):
    groups = np.arange(48) % 3 * 100 + np.where(np.arange(48) < 42, 0, 1)  # one large group a class
    songs = Songs(collection.X, collection.y, groups=groups)
    for seed in range(20):
        rng = np.random.RandomState(seed)
        shown = {
            share: np.setdiff1d(np.arange(48), hidden)
            for share, hidden in _hide(songs, np.arange(48), [0.15, 0.3], rng)
        }
        assert set(shown[0.15]) < set(shown[0.3])
        for label in np.unique(collection.y):
            of_class = shown[0.15][collection.y[shown[0.15]] == label]
            assert len(of_class) == 2
            assert len(set(groups[of_class])) == 2
