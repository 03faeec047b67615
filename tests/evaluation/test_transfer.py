"""evaluate_transfer."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB

from sklearn_skd.evaluation import evaluate_transfer, pooled_calibration, summarize

COLUMNS = ["proba_calm", "proba_happy", "proba_sad"]


@pytest.fixture
def source(collection):
    return {"X": collection.X[:30], "y": collection.y[:30]}


def test_nothing_is_fitted_to_a_target(source, collection):
    target = collection.X[30:] * 3 + 5
    _, predictions = evaluate_transfer(
        None,
        source,
        {"far": (target, collection.y[30:])},
        strategies={"nb": GaussianNB()},
        n_repeats=1,
        return_predictions=True,
    )
    by_hand = GaussianNB().fit(**source).predict_proba(target)
    np.testing.assert_allclose(predictions[COLUMNS], by_hand, atol=1e-12)
    assert predictions["song"].tolist() == list(range(18))


def test_the_table_is_tidy_and_its_repeats_have_no_corrected_error(source, collection):
    targets = {
        "near": (collection.X[30:], collection.y[30:]),
        "far": (collection.X[30:] + 2, collection.y[30:]),
    }
    forest = RandomForestClassifier(5)
    given = {"strategies": {"nb": GaussianNB(), "forest": forest}, "n_repeats": 2}
    table, predictions = evaluate_transfer(None, source, targets, return_predictions=True, **given)
    assert list(table)[:3] == ["target", "repeat", "fold"]
    assert len(table) == 2 * 2 * 2 * 7  # targets, repeats, strategies, metrics
    assert set(table["n_train"]) == {30}
    assert set(table["n_test"]) == {18}
    # the repeats differ in the seed, and only where there is one
    spread = table[table["metric"] == "NLL"].groupby("strategy")["value"].nunique()
    assert spread["forest"] == 4
    assert spread["nb"] == 2
    summary = summarize(table)
    assert summary["error"].isna().all()
    assert summary.loc[("near", "NLL", "forest", "raw"), "n"] == 2
    assert pooled_calibration(predictions)["n_samples"].tolist() == [18] * 4
    again = evaluate_transfer(None, source, targets, **given)
    pd.testing.assert_frame_equal(again, table)


def test_students_are_trained_with_votes_and_seeded_by_repeat(collection, tiny_student, tmp_path):
    source = {
        "X": collection.X[:30],
        "y": collection.y[:30],
        "annotation_votes": collection.votes[:30],
        "groups": collection.groups[:30],
    }
    table, predictions = evaluate_transfer(
        tiny_student(max_epochs=1, teacher=GaussianNB(), random_state=None),
        source,
        {"there": (collection.X[30:], collection.y[30:])},
        strategies=["skd"],
        n_repeats=2,
        memory=str(tmp_path),
        return_predictions=True,
    )
    seed = np.random.RandomState(0).randint(2**31 - 1, size=2)[1]
    student = tiny_student(max_epochs=1, teacher=GaussianNB(), random_state=int(seed))
    fit_params = {name: source[name] for name in ("annotation_votes", "groups")}
    student.fit(source["X"], source["y"], **fit_params)
    part = predictions.query("repeat == 1 and calibration == 'temperature'")
    by_hand = student.predict_proba(collection.X[30:])
    np.testing.assert_allclose(part[COLUMNS], by_hand, atol=1e-6)
    assert table["calibration"].unique().tolist() == ["raw", "temperature"]


def test_unlabelled_songs_of_a_target_are_left_out(source, collection):
    y = collection.y[30:].astype(object)
    y[[1, 4]] = [None, np.nan]
    target = collection.X[30:]
    _, predictions = evaluate_transfer(
        None,
        source,
        {"gaps": (target, y), "tagged": (target, np.where(y == "sad", -1, y))},
        strategies={"nb": GaussianNB()},
        n_repeats=1,
        return_predictions=True,
    )
    gaps = predictions[predictions["target"] == "gaps"]
    assert gaps["song"].tolist() == [0, 2, 3, *range(5, 18)]
    assert gaps["label"].tolist() == y[gaps["song"]].tolist()
    assert "sad" not in set(predictions.loc[predictions["target"] == "tagged", "label"])


def test_whole_numbers_with_gaps_are_still_the_sources_labels(collection):
    codes = np.unique(collection.y, return_inverse=True)[1]
    target = pd.Series(codes[30:].astype(float))
    target[0] = np.nan
    _, predictions = evaluate_transfer(
        None,
        {"X": collection.X[:30], "y": codes[:30]},
        {"floats": (collection.X[30:], target)},
        strategies={"nb": GaussianNB()},
        n_repeats=1,
        return_predictions=True,
    )
    assert predictions["label"].tolist() == codes[31:].tolist()


def test_a_repeat_that_is_finished_is_kept(source, collection, counted, tmp_path):
    Counted, count = counted
    log = str(tmp_path / "log")
    target = collection.X[30:]
    given = {"strategies": {"nb": Counted(log)}, "memory": str(tmp_path / "memory")}
    for shift in (0, 0, 1):
        targets = {"there": (target + shift, collection.y[30:])}
        evaluate_transfer(None, source, targets, n_repeats=1, **given)
    assert count(log) == 2


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["calm", "angry", "tense"] * 6, r"'there' has labels.*\['angry', 'tense'\].*Map them"),
        ([None] * 18, "'there' has no labelled song"),
        (["calm"] * 17, "'there' has 18 songs and 17 labels"),
        ([0, 1, 2] * 6, r"'there' has labels.*\[0, 1, 2\]"),
    ],
)
def test_a_wrong_target_is_named_before_training(source, collection, y, message):
    with pytest.raises(ValueError, match=message):
        evaluate_transfer(
            None, source, {"there": (collection.X[30:], y)}, strategies={"nb": GaussianNB()}
        )


def test_no_target_is_told(source):
    with pytest.raises(ValueError, match="targets is empty"):
        evaluate_transfer(None, source, {}, strategies={"nb": GaussianNB()})


@pytest.mark.parametrize("n_repeats", [0, 2.5])
def test_a_number_of_repeats_out_of_range_is_told(source, collection, n_repeats):
    targets = {"there": (collection.X[30:], collection.y[30:])}
    arms = {"nb": GaussianNB()}
    with pytest.raises(ValueError, match="n_repeats is a whole number"):
        evaluate_transfer(None, source, targets, strategies=arms, n_repeats=n_repeats)


def test_repeats_of_wrapped_classifiers_differ_in_their_seed_with_memory_too(collection, tmp_path):
    forest = RandomForestClassifier(5)
    arms = {"forest": CalibratedClassifierCV(forest, cv=2)}
    source = {"X": collection.X, "y": collection.y}
    tables = [
        evaluate_transfer(
            None,
            source,
            {"same": (collection.X, collection.y)},
            strategies=arms,
            memory=memory,
        )
        for memory in (None, str(tmp_path))
    ]
    pd.testing.assert_frame_equal(*tables)
    losses = tables[0].query("metric == 'NLL'")["value"]
    assert losses.nunique() == 3


def test_what_is_no_pair_and_a_source_without_labels_are_told(collection):
    source = {"X": collection.X, "y": collection.y}
    with pytest.raises(ValueError, match=r"target 'here' is a dict, not a pair \(X, y\)"):
        evaluate_transfer(None, source, {"here": source})
    with pytest.raises(ValueError, match=r'source needs "X" and "y"; it has'):
        evaluate_transfer(None, {"X": collection.X}, {"here": (collection.X, collection.y)})


def test_a_frozen_arm_is_asked_as_it_is(source, collection, tmp_path):
    models = [GaussianNB(var_smoothing=v).fit(**source) for v in (1e-9, 1.0)]
    target = collection.X[30:]
    _, predictions = evaluate_transfer(
        None,
        source,
        {"there": (target, collection.y[30:])},
        strategies={str(k): FrozenEstimator(model) for k, model in enumerate(models)},
        n_repeats=1,
        memory=str(tmp_path),
        return_predictions=True,
    )
    for k, model in enumerate(models):
        told = predictions[predictions["strategy"] == str(k)][COLUMNS]
        np.testing.assert_allclose(told, model.predict_proba(target), atol=1e-12)


def test_targets_may_hold_tables_lists_and_a_column_of_labels(collection, tiny_student):
    X, y = collection.X, collection.y
    sources = {"a": pd.DataFrame(X[:, :2], index=range(100, 148)), "b": X[:, 2:].tolist()}
    tables = [
        evaluate_transfer(
            None,
            {"X": source, "y": y},
            {"same": (source, labels)},
            strategies={"student": tiny_student(strategy="student-only", max_epochs=1)},
            n_repeats=1,
        )
        for source, labels in (
            (sources, y[:, None]),
            (sources, pd.DataFrame({"emotion": y})),
            ({"a": X[:, :2], "b": X[:, 2:]}, y),
        )
    ]
    pd.testing.assert_frame_equal(tables[0], tables[2])
    pd.testing.assert_frame_equal(tables[1], tables[2])
