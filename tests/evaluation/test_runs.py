"""Folds, and running arms on them: resumable, in parallel, with progress."""

from collections import UserDict

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import (
    GroupKFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.naive_bayes import GaussianNB

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.evaluation import compare_strategies
from sklearn_skd.evaluation._runs import make_folds
from sklearn_skd.evaluation._songs import Songs


def with_gaps(y, rows):
    y = y.astype(object)
    y[rows] = None
    return y


def test_every_labelled_song_is_tested_once_and_the_others_always_train(collection):
    gaps = [0, 7, 20]
    runs = make_folds(Songs(collection.X, with_gaps(collection.y, gaps)), 3)
    tested = np.concatenate([run.tests[0].songs for run in runs])
    assert sorted(tested) == np.setdiff1d(np.arange(48), gaps).tolist()
    for run in runs:
        assert set(gaps) <= set(run.train)
        assert not set(run.train) & set(run.tests[0].songs)
        np.testing.assert_array_equal(run.tests[0].labels, collection.y[run.tests[0].songs])


def test_a_repeated_splitter_makes_repeats(collection):
    cv = RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0)
    places = [run.place for run in make_folds(Songs(collection.X, collection.y), cv)]
    assert places == [{"repeat": r, "fold": f} for r in range(3) for f in range(2)]


def test_a_song_that_is_tested_again_begins_another_repeat(collection):
    folds = list(
        RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0).split(
            collection.X, collection.y
        )
    )
    places = [run.place for run in make_folds(Songs(collection.X, collection.y), folds)]
    assert places == [{"repeat": r, "fold": f} for r in range(3) for f in range(2)]
    draws = make_folds(Songs(collection.X, collection.y), ShuffleSplit(4, test_size=0.6))
    assert [run.place for run in draws] == [{"repeat": r, "fold": 0} for r in range(4)]


@pytest.mark.parametrize("cv", [None, 3, GroupKFold(4)])
def test_groups_are_on_one_side_unlabelled_songs_included(collection, cv):
    y = with_gaps(collection.y, np.arange(1, 48, 2))  # one of every two songs of a group
    runs = make_folds(Songs(collection.X, y, groups=collection.groups), cv)
    for run in runs:
        trained, tested = collection.groups[run.train], collection.groups[run.tests[0].songs]
        assert not set(trained) & set(tested)
    unlabelled = [np.sum(run.train % 2 == 1) for run in runs]
    assert unlabelled == [np.sum(run.train % 2 == 0) for run in runs]


def test_a_splitter_that_splits_groups_is_told_on(collection):
    songs = Songs(collection.X, collection.y, groups=collection.groups)
    with pytest.warns(UserWarning, match="3 of 3 folds have songs of a group on both sides"):
        make_folds(
            songs,
            list(
                StratifiedKFold(3, shuffle=True, random_state=0).split(collection.X, collection.y)
            ),
        )


def test_explicit_splits_are_rows_of_all_songs(collection):
    y = with_gaps(collection.y, [0])
    (run,) = make_folds(Songs(collection.X, y), [(np.arange(24), np.array([0, *range(24, 48)]))])
    np.testing.assert_array_equal(run.train, np.arange(24))
    np.testing.assert_array_equal(run.tests[0].songs, np.arange(24, 48))


def test_a_fold_that_cannot_teach_a_class_is_named(collection):
    cv = PredefinedSplit(np.where(collection.y == "sad", 0, 1))
    with pytest.raises(ValueError, match="fold 0 has no training song of the class 'sad'"):
        make_folds(Songs(collection.X, collection.y), cv)


def test_a_splitter_of_all_songs_among_unlabelled_ones_is_told(collection):
    y = with_gaps(collection.y, np.arange(6))
    cv = PredefinedSplit(np.arange(48) // 3 % 3)
    with pytest.raises(ValueError, match=r"PredefinedSplit splits more than the 42.*list\(cv"):
        make_folds(Songs(collection.X, y), cv)
    assert len(make_folds(Songs(collection.X, y), list(cv.split(collection.X)))) == 3


def test_a_fold_without_a_labelled_test_song_is_named(collection):
    y = with_gaps(collection.y, np.arange(24, 48))
    rows = np.arange(48)
    splits = [(rows[24:], rows[:24][::-1]), (rows[:24], rows[24:])]
    with pytest.raises(ValueError, match="Repeat 0, fold 0 has no training song"):
        make_folds(Songs(collection.X, y), splits)
    with pytest.raises(ValueError, match="Repeat 0, fold 0 has no labelled song to test on"):
        make_folds(Songs(collection.X, y), splits[1:])


def test_an_interrupted_call_goes_on_where_it_was(collection, counted, tmp_path):
    Counted, count = counted
    log, memory = str(tmp_path / "log"), str(tmp_path / "memory")
    arms = {"nb": GaussianNB(), "counted": Counted(log, stop_at=3)}
    common = {"cv": 4, "memory": memory}
    with pytest.raises(KeyboardInterrupt):
        compare_strategies(None, collection.X, collection.y, strategies=arms, **common)
    assert count(log) == 3  # two finished folds and the one that was interrupted
    table = compare_strategies(None, collection.X, collection.y, strategies=arms, **common)
    assert count(log) == 5
    fresh = compare_strategies(
        None,
        collection.X,
        collection.y,
        cv=4,
        strategies={"nb": GaussianNB(), "counted": Counted(log)},
    )
    pd.testing.assert_frame_equal(table, fresh)


def test_finished_folds_are_found_again_whatever_n_jobs(collection, counted, tmp_path):
    Counted, count = counted
    log, memory = str(tmp_path / "log"), str(tmp_path / "memory")
    arms = {"counted": Counted(log)}
    for n_jobs in (2, None):  # two processes first
        given = {"strategies": arms, "cv": 2, "memory": memory, "n_jobs": n_jobs}
        compare_strategies(None, collection.X, collection.y, **given)
    assert count(log) == 2


@pytest.mark.parametrize("kind", [dict, UserDict])
def test_sources_may_be_tables_and_lists(collection, kind):
    arrays = {"a": collection.X[:, :2], "b": collection.X[:, 2:]}
    other = kind(a=pd.DataFrame(arrays["a"], index=range(100, 148)), b=arrays["b"].tolist())
    arms = {"student": SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)}
    one, two = (
        compare_strategies(None, X, collection.y, strategies=arms, cv=2) for X in (arrays, other)
    )
    pd.testing.assert_frame_equal(one, two)


def test_a_further_arm_costs_only_itself(collection, counted, tmp_path):
    Counted, count = counted
    log = str(tmp_path / "log")
    common = {"cv": 3, "memory": joblib.Memory(tmp_path / "memory", verbose=0)}
    arms = {"counted": Counted(log)}
    compare_strategies(None, collection.X, collection.y, strategies=arms, **common)
    arms = {"nb": GaussianNB(), "renamed": arms["counted"]}
    table = compare_strategies(None, collection.X, collection.y, strategies=arms, **common)
    assert count(log) == 3
    assert table["strategy"].unique().tolist() == ["nb", "renamed"]


@pytest.mark.parametrize("changed", ["X", "y", "cv", "annotation_votes"])
def test_other_songs_labels_votes_or_folds_are_not_taken_from_memory(
    collection, counted, tmp_path, changed
):
    Counted, count = counted
    log = str(tmp_path / "log")
    given = {
        "X": collection.X,
        "y": collection.y,
        "cv": StratifiedKFold(3),
        "annotation_votes": collection.votes,
    }
    other = {
        "X": collection.X + 1,
        "y": np.roll(collection.y, 1),
        "cv": StratifiedKFold(3, shuffle=True, random_state=1),
        "annotation_votes": collection.votes + 1,
    }
    common = {"strategies": {"counted": Counted(log)}, "memory": str(tmp_path / "memory")}
    compare_strategies(None, **given, **common)
    compare_strategies(None, **{**given, changed: other[changed]}, **common)
    assert count(log) == 6


def test_other_test_songs_of_the_same_training_set_are_not_taken_from_memory(collection, tmp_path):
    common = {"strategies": {"nb": GaussianNB()}, "memory": str(tmp_path)}
    for test in (np.arange(24, 36), np.arange(36, 48)):
        _, predictions = compare_strategies(
            None,
            collection.X,
            collection.y,
            cv=[(np.arange(24), test)],
            return_predictions=True,
            **common,
        )
        nb = GaussianNB().fit(collection.X[:24], collection.y[:24])
        told = predictions.filter(like="proba_")
        np.testing.assert_allclose(told, nb.predict_proba(collection.X[test]), atol=1e-12)


def test_a_table_of_songs_is_found_again(collection, counted, tmp_path):
    Counted, count = counted
    log = str(tmp_path / "log")
    common = {"strategies": {"counted": Counted(log)}, "memory": str(tmp_path / "memory"), "cv": 2}
    for _ in range(2):
        table = pd.DataFrame(collection.X.copy(), columns=list("abcde"))
        compare_strategies(None, table, collection.y, **common)
    assert count(log) == 2


def test_silent_by_default(collection, capfd):
    compare_strategies(None, collection.X, collection.y, strategies={"nb": GaussianNB()}, cv=2)
    assert capfd.readouterr() == ("", "")


def test_verbose_shows_progress_and_more_the_means_so_far(collection, capfd):
    common = {"strategies": {"nb": GaussianNB()}, "cv": 2}
    compare_strategies(None, collection.X, collection.y, verbose=1, **common)
    out, err = capfd.readouterr()
    assert "2/2" in err
    assert out == ""
    table = compare_strategies(None, collection.X, collection.y, verbose=2, **common)
    out, _ = capfd.readouterr()
    assert out.count("NLL") == 2
    mean = table.loc[table["metric"] == "NLL", "value"].mean()
    assert f"{mean:.3f}" in out
