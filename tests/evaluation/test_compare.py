"""compare_strategies."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.helper import SliceDict

from sklearn_skd import AudioStatistics, SongFeatures
from sklearn_skd.evaluation import compare_strategies
from sklearn_skd.evaluation._scores import score

COLUMNS = ["repeat", "fold", "strategy", "calibration", "metric", "value", "n_train", "n_test"]


@pytest.fixture(scope="module")
def compared(collection, tiny_student):
    return compare_strategies(
        tiny_student(),
        collection.X,
        collection.y,
        strategies=["student-only", "skd"],
        cv=2,
        annotation_votes=collection.votes,
        annotation_reliability=collection.reliability,
        groups=collection.groups,
        return_predictions=True,
    )


def test_the_table_is_tidy(compared):
    table, _ = compared
    assert list(table) == COLUMNS
    assert len(table) == 2 * 2 * 2 * 7  # folds, strategies, calibrations, metrics
    assert not table.duplicated(COLUMNS[:5]).any()
    assert (table["n_train"] + table["n_test"] == 48).all()
    assert table["value"].notna().all()


def test_the_predictions_are_those_that_were_scored(compared, collection):
    table, predictions = compared
    keys = ["repeat", "fold", "strategy", "calibration"]
    part = predictions.set_index(keys).loc[(0, 1, "skd", "temperature")]
    assert (part["label"] == collection.y[part["song"]]).all()
    proba = part[["proba_calm", "proba_happy", "proba_sad"]].to_numpy()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    told = table.set_index(keys).loc[(0, 1, "skd", "temperature")].set_index("metric")["value"]
    expected = score(part["label"].to_numpy(), proba, np.unique(collection.y))
    assert told.to_dict() == pytest.approx(expected)


def test_a_student_predicts_as_if_it_were_fitted_by_hand(compared, collection, tiny_student):
    _, predictions = compared
    part = predictions.query("fold == 1 and strategy == 'skd' and calibration == 'temperature'")
    train = np.setdiff1d(np.arange(48), part["song"])
    student = tiny_student().fit(
        collection.X[train],
        collection.y[train],
        annotation_votes=collection.votes[train],
        annotation_reliability=collection.reliability[train],
        groups=collection.groups[train],
    )
    by_hand = student.predict_proba(collection.X[part["song"]])
    np.testing.assert_allclose(part.filter(like="proba_").to_numpy(), by_hand, atol=1e-6)


def test_arms_share_the_teachers_of_a_fold(collection, tiny_student, counted, tmp_path):
    Counted, count = counted
    fits = []
    for strategies in (["kd"], ["student-only", "kd", "dkd", "ckd", "skd"]):
        log = str(tmp_path / f"log{len(strategies)}")
        student = tiny_student(teacher=Counted(log), max_epochs=1)
        memory = str(tmp_path / f"memory{len(strategies)}")
        given = {"strategies": strategies, "cv": 2, "memory": memory}
        compare_strategies(student, collection.X, collection.y, **given)
        fits.append(count(log))
    assert fits[0] == 2 * (2 + 1)  # folds, teachers of a student with teacher_cv=2
    assert fits[1] == fits[0]


def test_the_numbers_do_not_depend_on_n_jobs(collection, tiny_student):
    arms = {"skd": {"teacher": GaussianNB()}, "forest": RandomForestClassifier(5, random_state=0)}
    tables = []
    for n_jobs in (1, 2):
        with joblib.parallel_config(backend="threading"):  # processes would import torch first
            given = {"strategies": arms, "cv": 2, "n_jobs": n_jobs}
            student = tiny_student(max_epochs=1)
            tables.append(compare_strategies(student, collection.X, collection.y, **given))
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("labels", [["calm", "sad"], [0, 1], [-1, 1], [False, True]])
def test_two_classes_of_any_kind(collection, tiny_student, labels):
    rows = np.flatnonzero(collection.y != "happy")
    codes = (collection.y[rows] == "sad").astype(int)
    y = np.array(labels)[codes].astype(object)
    y[:2] = None
    table, predictions = compare_strategies(
        tiny_student(max_epochs=1),
        collection.X[rows],
        y,
        strategies={"skd": {"teacher": GaussianNB()}, "nb": GaussianNB()},
        cv=2,
        annotation_votes=pd.DataFrame(np.eye(2)[1 - codes], columns=labels[::-1]),
        return_predictions=True,
    )
    assert set(predictions["label"]) == set(labels)
    assert set(predictions["song"]) == set(range(2, 32))
    assert (table["n_train"] == 15).all()
    nb = table.query("strategy == 'nb' and metric == 'AUROC'")["value"]
    assert (nb > 0.6).all()  # the columns are not swapped


def test_minus_one_is_unlabelled_beside_two_other_labels(collection):
    y = np.unique(collection.y, return_inverse=True)[1]
    y[:6] = -1
    _, predictions = compare_strategies(
        None, collection.X, y, strategies={"nb": GaussianNB()}, cv=3, return_predictions=True
    )
    assert sorted(predictions["song"]) == list(range(6, 48))
    assert sorted(set(predictions["label"])) == [0, 1, 2]


def test_a_pipeline_of_features_is_compared_on_a_table_of_songs(tiny_student):
    rng = np.random.RandomState(0)
    pitch = np.repeat([220.0, 1760.0], 8)
    time = np.arange(8000) / 16000
    table = pd.DataFrame(
        {"audio": [np.sin(2 * np.pi * f * time) + 0.1 * rng.normal(size=8000) for f in pitch]}
    )
    statistics = AudioStatistics(sr=16000, duration=0.5)
    features = SongFeatures(audio=statistics, lyrics=None, culture=None)
    table_of_scores = compare_strategies(
        make_pipeline(features, tiny_student(teacher=None, max_epochs=1)),
        table,
        np.repeat(["low", "high"], 8),
        strategies=["student-only"],
        cv=2,
    )
    assert len(table_of_scores) == 2 * 2 * 7


def test_a_teacher_that_is_no_net_gets_the_songs_in_the_container_that_the_user_chose(
    collection, tiny_student
):
    """FunctionTransformer refuses a plain dict, and takes a SliceDict."""
    pick = FunctionTransformer(lambda songs: songs["statistics"])
    student = tiny_student(teacher=make_pipeline(pick, GaussianNB()), sources=("audio",))
    X = SliceDict(audio=collection.X.astype(np.float32), statistics=collection.X)
    table = compare_strategies(student, X, collection.y, strategies=("skd",), cv=2)
    assert table["value"].notna().any()


def test_repeats_are_told_apart(collection):
    cv = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)
    arms = {"nb": GaussianNB()}
    table = compare_strategies(None, collection.X, collection.y, strategies=arms, cv=cv)
    folds = table[["repeat", "fold"]].drop_duplicates().to_numpy().tolist()
    assert folds == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert table["calibration"].unique().tolist() == ["raw"]
