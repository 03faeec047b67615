"""Means, paired differences and pooled calibration."""

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.evaluation import corrected_error, pooled_calibration, summarize
from sklearn_skd.metrics import calibration_summary


def make_table(values, **columns):
    """A table of scores from {(strategy, calibration): one value a fold}."""
    rows = [
        {"repeat": 0, "fold": fold, "strategy": strategy, "calibration": calibration,
         "metric": "NLL", "value": value, "n_train": 80, "n_test": 20, **columns}
        for (strategy, calibration), scores in values.items()
        for fold, value in enumerate(scores)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_corrected_error_counts_the_overlap_of_the_training_sets():
    differences = [0.1, 0.2, 0.3, 0.4]
    by_hand = np.std(differences, ddof=1) * np.sqrt(1 / 4 + 40 / 160)
    assert corrected_error(differences, n_train=160, n_test=40) == pytest.approx(by_hand)
    assert np.isnan(corrected_error([0.1], n_train=160, n_test=40))


def test_the_corrected_error_is_about_the_spread_of_the_mean_and_the_naive_one_too_small():
    # a score of 100 songs, of which each of 15 folds tests 20
    rng = np.random.RandomState(0)
    means, naive, corrected = [], [], []
    for _ in range(200):
        songs = rng.normal(size=100)
        folds = [songs[rng.choice(100, 20, replace=False)].mean() for _ in range(15)]
        means.append(np.mean(folds))
        naive.append(np.std(folds, ddof=1) / np.sqrt(15))
        corrected.append(corrected_error(folds, n_train=80, n_test=20))
    assert np.mean(naive) / np.std(means) < 0.6
    assert np.mean(corrected) / np.std(means) == pytest.approx(1, abs=0.15)


def test_differences_are_paired_fold_by_fold():
    table = make_table({("a", "raw"): [0.5, 0.7, 0.9], ("b", "raw"): [0.6, 0.8, 1.0]})
    summary = summarize(table.sample(frac=1, random_state=0), reference="a")
    row = summary.loc[("NLL", "b", "raw")]
    assert row["mean"] == pytest.approx(0.8)
    assert row["difference"] == pytest.approx(0.1)
    assert row["error"] == pytest.approx(0.0)  # the same in every fold
    assert row["n"] == 3
    assert summary.loc[("NLL", "a", "raw"), "difference"] == 0


def test_the_error_is_that_of_the_difference():
    table = make_table({("a", "raw"): [0.5, 0.7, 0.9], ("b", "raw"): [0.6, 0.6, 1.2]})
    expected = corrected_error([0.1, -0.1, 0.3], n_train=80, n_test=20)
    assert summarize(table).loc[("NLL", "b", "raw"), "error"] == pytest.approx(expected)


def test_the_reference_is_the_first_strategy_at_the_same_calibration_unless_told():
    table = make_table(
        {
            ("a", "raw"): [1.0, 1.0],
            ("a", "temperature"): [0.5, 0.5],
            ("b", "raw"): [0.8, 0.8],
            ("b", "temperature"): [0.6, 0.6],
        }
    )
    same = summarize(table)["difference"]
    assert same["NLL", "b", "raw"] == pytest.approx(-0.2)
    assert same["NLL", "b", "temperature"] == pytest.approx(0.1)
    given = summarize(table, reference=("a", "temperature"))["difference"]
    assert given["NLL", "b", "raw"] == pytest.approx(0.3)
    assert given["NLL", "a", "raw"] == pytest.approx(0.5)


def test_an_arm_without_a_pair_has_a_mean_and_no_difference():
    table = make_table({("forest", "raw"): [1.0, 1.0], ("skd", "temperature"): [0.5, 0.7]})
    row = summarize(table).loc[("NLL", "skd", "temperature")]
    assert row["mean"] == pytest.approx(0.6)
    assert np.isnan(row["difference"])
    assert row["n"] == 0


def test_experiments_are_told_apart_by_every_further_column():
    tables = [
        make_table({("a", "raw"): [1.0, 1.2], ("b", "raw"): [1.0 + s, 1.2 + s]}, label_share=s)
        for s in (0.3, 0.7)
    ]
    summary = summarize(pd.concat(tables))
    assert summary.index.names == ["label_share", "metric", "strategy", "calibration"]
    assert summary.loc[(0.7, "NLL", "b", "raw"), "difference"] == pytest.approx(0.7)
    assert summary["n"].tolist() == [2] * 4


def test_an_experiment_without_a_name_is_one_of_its_own():
    """A table of all labels has no column `label_share`: below another it is full of gaps."""
    full = make_table({("a", "raw"): [1.0, 1.2], ("b", "raw"): [1.1, 1.5]})
    few = make_table({("a", "raw"): [2.0, 2.2], ("b", "raw"): [2.5, 2.5]}, label_share=0.3)
    both = summarize(pd.concat([full, few]))
    assert both.index.get_level_values("label_share").tolist() == pytest.approx(
        [np.nan, np.nan, 0.3, 0.3], nan_ok=True
    )
    expected = pd.concat([summarize(full), summarize(few).droplevel("label_share")])
    pd.testing.assert_frame_equal(both.droplevel("label_share"), expected)


def test_two_values_for_one_fold_are_told():
    tables = [make_table({("a", "raw"): [1.0]}, votes=votes) for votes in (True, False)]
    with pytest.raises(ValueError, match=r"two values for .*'strategy': 'a'.*`by`"):
        summarize(pd.concat(tables), by=[])


def test_a_missing_reference_is_told_with_what_there_is():
    with pytest.raises(ValueError, match=r"'kd' is not in the table.*\['a', 'raw'\]"):
        summarize(make_table({("a", "raw"): [1.0]}), reference="kd")


def test_folds_without_a_value_count_for_nothing():
    table = make_table({("a", "raw"): [0.5, 0.7, np.nan], ("b", "raw"): [0.6, 0.6, 1.2]})
    row = summarize(table).loc[("NLL", "b", "raw")]
    assert row["n"] == 2
    assert row["error"] == pytest.approx(corrected_error([0.1, -0.1], n_train=80, n_test=20))


def make_predictions(labels, n=60):
    rng = np.random.RandomState(0)
    proba = rng.dirichlet(np.ones(len(labels)), n)
    codes = [rng.choice(len(labels), p=row) for row in proba]
    frame = pd.DataFrame(
        {"repeat": np.arange(n) % 2, "fold": 0, "strategy": "skd", "calibration": "raw",
         "song": np.arange(n), "label": np.array(labels)[codes], "n_train": 80}
    )  # fmt: skip
    return pd.concat([frame, pd.DataFrame(proba, columns=[f"proba_{k}" for k in labels])], axis=1)


@pytest.mark.parametrize("labels", [["b", "c", "a"], [10, 9, 2], [True, False]])
def test_the_pooled_calibration_is_that_of_the_first_repeat(labels):
    predictions = make_predictions(labels)
    told = pooled_calibration(predictions, n_resamples=50)
    first = predictions[predictions["repeat"] == 0]
    expected = calibration_summary(
        first["label"], first.filter(like="proba_"), labels=labels, n_resamples=50
    )
    assert told.index.tolist() == [("skd", "raw")]
    assert told.loc[("skd", "raw")].to_dict() == pytest.approx(expected._asdict())
    assert told.loc[("skd", "raw"), "n_samples"] == 30


def test_the_pooled_calibration_keeps_an_experiment_without_a_name():
    predictions = make_predictions(["a", "b"])
    both = pd.concat([predictions, predictions.assign(label_share=0.3)])
    told = pooled_calibration(both, n_resamples=50)
    assert told.index.get_level_values("label_share").tolist() == pytest.approx(
        [np.nan, 0.3], nan_ok=True
    )
    alone = pooled_calibration(predictions, n_resamples=50)
    pd.testing.assert_frame_equal(told.droplevel("label_share"), pd.concat([alone, alone]))


def test_a_table_of_scores_is_no_table_of_predictions():
    with pytest.raises(ValueError, match=r"no columns proba_<class>.*return_predictions=True"):
        pooled_calibration(make_table({("a", "raw"): [1.0]}))


def test_each_experiment_has_a_first_repeat_of_its_own():
    parts = [
        make_predictions(["a", "b"]).assign(
            label_share=share, repeat=lambda t, r=first: t["repeat"] + r
        )
        for share, first in ((0.3, 0), (0.5, 2))
    ]
    calibration = pooled_calibration(pd.concat(parts))
    np.testing.assert_array_equal(calibration.loc[0.3], calibration.loc[0.5])
