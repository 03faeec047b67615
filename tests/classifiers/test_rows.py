"""Songs in a file: the same students, without the songs in memory."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.helper import SliceDict

from sklearn_skd import TeacherClassifier
from sklearn_skd.classifiers._rows import MappedRows, blocks, take, take_songs
from sklearn_skd.evaluation import compare_strategies
from sklearn_skd.features._memmap import write_memmap

N_SONGS, SHAPE = 320, (16, 320)  # 20 kB a song, 6.5 MB in all


def mapped(array, folder):
    """The array in a file, as the transformers leave it in a SliceDict."""
    return np.asarray(write_memmap(array, array.shape, folder))


@pytest.fixture
def series():
    return np.random.default_rng(0).normal(size=(6, 2, 5)).astype(np.float32)


@pytest.fixture
def in_file(collection, tmp_path):
    audio = mapped(collection.X["audio"], tmp_path)
    return SliceDict(**{**collection.X, "audio": audio})


def test_rows_of_an_array_in_memory_are_ordinary_arrays(series):
    assert type(take(series, np.array([1, 3]))) is np.ndarray


def test_rows_of_a_series_in_a_file_are_read_when_asked_for(series, tmp_path):
    rows = take(mapped(series, tmp_path), np.array([4, 1, 5]))
    assert isinstance(rows, MappedRows)
    assert (rows.shape, len(rows), rows.ndim, rows.dtype) == ((3, 2, 5), 3, 3, np.float32)
    np.testing.assert_array_equal(rows[:], series[[4, 1, 5]])
    np.testing.assert_array_equal(rows[np.array([2, 0])], series[[5, 4]])
    np.testing.assert_array_equal(np.stack(list(rows)), series[[4, 1, 5]])


def test_rows_of_rows_refer_to_the_file(series, tmp_path):
    rows = take(take(mapped(series, tmp_path), np.array([4, 1, 5])), np.array([2, 1]))
    np.testing.assert_array_equal(rows[:], series[[5, 1]])
    assert isinstance(rows, MappedRows)


def test_a_mask_selects_rows_too(series, tmp_path):
    mask = np.arange(6) % 2 == 0
    np.testing.assert_array_equal(take(mapped(series, tmp_path), mask)[:], series[mask])


def test_vectors_in_a_file_are_small_enough_to_be_read(tmp_path):
    vectors = np.ones((4, 3), np.float32)
    assert type(take(mapped(vectors, tmp_path), np.array([0]))) is np.ndarray


def test_a_double_precision_series_is_not_left_in_its_file(series, tmp_path):
    np.save(tmp_path / "double.npy", series.astype(float))
    double = np.load(tmp_path / "double.npy", mmap_mode="r")
    assert not isinstance(take(double, np.array([0, 1])), MappedRows)


def test_blocks_cover_all_songs_once():
    values = np.arange(150)
    starts, parts = zip(*blocks(values), strict=True)
    np.testing.assert_array_equal(np.concatenate(parts), values)
    assert [part[0] for part in parts] == list(starts)


@pytest.mark.parametrize("strategy", ["student-only", "skd"])
def test_a_student_of_songs_in_a_file_is_the_student_of_songs_in_memory(
    collection, in_file, tiny_student, strategy
):
    kept = tiny_student(strategy=strategy).fit(collection.X, collection.y)
    read = tiny_student(strategy=strategy).fit(in_file, collection.y)
    np.testing.assert_array_equal(read.predict_proba(in_file), kept.predict_proba(collection.X))


def test_unlabelled_songs_may_lie_in_a_file(collection, in_file, tiny_student):
    y = collection.y.astype(object)
    y[::4] = None
    kept = tiny_student(strategy="student-only").fit(collection.X, y)
    read = tiny_student(strategy="student-only").fit(in_file, y)
    np.testing.assert_array_equal(read.predict_proba(in_file), kept.predict_proba(collection.X))


def test_a_teacher_that_is_no_net_gets_ordinary_arrays(collection, in_file, tiny_student):
    class Teacher(DummyClassifier):
        def fit(self, X, y):
            assert type(X["audio"]) is np.ndarray
            return super().fit(np.zeros((len(y), 1)), y)

        def predict_proba(self, X):
            return super().predict_proba(np.zeros((len(X["audio"]), 1)))

    student = tiny_student(teacher=Teacher(strategy="prior")).fit(in_file, collection.y)
    assert np.isfinite(student.predict_proba(in_file)).all()


def test_a_broken_song_in_a_file_is_named_by_its_row(collection, tiny_student, tmp_path):
    audio = np.tile(collection.X["audio"], (3, 1, 1))
    audio[101, 0, 3] = np.nan
    X = SliceDict(audio=mapped(audio, tmp_path))
    with pytest.raises(ValueError, match="part of row 101"):
        tiny_student().fit(X, np.tile(collection.y, 3))


@pytest.mark.parametrize("strategy", ["student-only", "skd"])
def test_fit_and_predict_never_hold_all_songs(tiny_student, tmp_path, strategy):
    rng = np.random.default_rng(0)
    songs = (rng.normal(size=SHAPE).astype(np.float32) for _ in range(N_SONGS))
    X = {"audio": np.asarray(write_memmap(songs, (N_SONGS, *SHAPE), tmp_path))}
    y = np.array(["calm", "sad"])[np.arange(N_SONGS) % 2]
    # the tests before have imported and initialised what is not part of the memory of songs
    student = tiny_student(strategy=strategy).fit(take_songs(X, np.arange(20)), y[:20])
    tracemalloc.start()
    try:
        student.fit(X, y).predict_proba(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.6 * X["audio"].nbytes


@pytest.mark.parametrize("in_net", [True, False])
def test_rows_of_songs_in_a_file_are_songs(collection, in_file, tiny_student, tmp_path, in_net):
    """As an experiment hands them over: to fingerprint, to teach by any frozen teacher."""
    rows = np.arange(40)
    kept, read = collection.X[rows], SliceDict(**take_songs(in_file, rows))
    if in_net:
        teacher = TeacherClassifier(max_epochs=1, random_state=0).fit(kept, collection.y[rows])
    else:
        teacher = make_pipeline(FunctionTransformer(_loudness), GaussianNB())
        teacher.fit(kept, collection.y[rows])
    proba = []
    for X in (kept, read):
        memory = str(tmp_path / "memory")
        tiny_student(memory=memory).fit(X, collection.y[rows])
        student = tiny_student(teacher=FrozenEstimator(teacher)).fit(X, collection.y[rows])
        proba.append(student.predict_proba(X))
    np.testing.assert_array_equal(*proba)


def _loudness(X):
    return X["audio"].mean(axis=2)


def test_strategies_are_compared_on_songs_in_a_file(collection, in_file, tiny_student, tmp_path):
    tables = [
        compare_strategies(
            tiny_student(), X, collection.y, strategies=["kd"], cv=2, memory=str(tmp_path / name)
        )
        for name, X in {"memory": collection.X, "file": in_file}.items()
    ]
    pd.testing.assert_frame_equal(*tables)
