"""The control of the proof misleads the teacher as it says, and its oracle knows where."""

import numpy as np
import pandas as pd
import pytest
from skorch.helper import SliceDict


@pytest.fixture(scope="module")
def benchmark(load_benchmark):
    return load_benchmark("wrong_metadata")


@pytest.fixture
def task(load_benchmark):
    n = 120
    y = np.array(["calm", "sadness", "tension"], dtype=object)[np.arange(n) % 3]
    number = np.arange(n, dtype=np.float32)[:, None]
    X = SliceDict(audio=number, lyrics=number.copy(), culture=number.astype(int))
    kind = load_benchmark("_data").Task
    return kind(X, y, audio=("audio",), groups=np.arange(n) // 2)


def test_halves_share_no_group_and_lose_no_song(benchmark, task):
    songs = np.arange(20, 120)
    first, second = benchmark.split(task, 0, 0, 2, songs)
    assert sorted([*first, *second]) == songs.tolist()
    assert not set(task.groups[first]) & set(task.groups[second])


def test_wrong_metadata_are_those_of_another_emotion_and_the_sound_stays(benchmark, task):
    songs = np.arange(20, 80)
    X, wrong = benchmark.mislead(task, songs, 0.4, np.random.default_rng(0))
    assert wrong.sum() == 24
    assert set(np.flatnonzero(wrong)) <= set(songs)
    assert np.array_equal(X["audio"], task.X["audio"])
    donors = X["lyrics"].astype(int).ravel()
    assert np.array_equal(donors, X["culture"].ravel())  # both from one song
    assert np.array_equal(donors[~wrong], np.flatnonzero(~wrong))
    assert (task.y[donors[wrong]] != task.y[wrong]).all()
    assert set(donors[wrong]) <= set(songs)
    assert np.array_equal(task.X["lyrics"].ravel(), np.arange(120))  # a copy was changed


def test_labels_are_hidden_among_the_students_songs_alone(benchmark, task):
    songs = np.arange(60)
    y = benchmark.hide(task.y, songs, 0.5, np.random.default_rng(0))
    hidden = np.array([label is None for label in y])
    assert hidden.sum() == 30
    assert not hidden[60:].any()
    assert set(pd.Series(y[:60]).value_counts()) == {10}


def test_the_oracle_keeps_the_mean_weight(benchmark):
    wrong = np.arange(50) < 20
    student = benchmark.oracle(wrong)(mean_weight=0.3)
    weight = student._weigh(lesson=None)
    assert weight.mean() == pytest.approx(0.3)
    assert weight[wrong].max() < 0.01 < weight[~wrong].min() < 1


def test_one_fold_of_small_songs(benchmark, load_benchmark, monkeypatch):
    data = load_benchmark("_data")
    rng = np.random.default_rng(0)
    y = np.array(["a", "b"], dtype=object)[np.arange(160) % 2]
    meaning = (y == "a").astype(np.float32)[:, None]
    noise = rng.normal(size=(160, 2)).astype(np.float32)
    X = SliceDict(audio=noise[:, :1] + meaning, lyrics=noise[:, 1:] * 0.2 + meaning)
    monkeypatch.setattr(benchmark, "MEAN_WEIGHTS", (0.3,))
    scores = benchmark.run(data.Task(X, y, audio=("audio",)), 0, 0, share=0.4, label_share=1)
    told = scores.iloc[0]
    assert told["teacher_correct, wrong"] < 0.3 < 0.8 < told["teacher_correct, right"]
    arms, explained = benchmark.report(scores)
    assert arms.loc["100% of the labels: KD, 0.3", "gain"].startswith("+0.000")
    assert len(explained) == 1
