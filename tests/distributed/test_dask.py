"""The same code on a cluster: `joblib.parallel_config(backend="dask")`, two worker processes."""

import pickle
import signal
import threading
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest
import rich
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier
from sklearn_skd.features import AudioStatistics, LogMelSpectrogram

distributed = pytest.importorskip("distributed")
soundfile = pytest.importorskip("soundfile")

RATE = 16000
N_SONGS = 12  # in files; 32 as arrays
EMOTIONS = np.array(["calm", "happy"] * 16)


@pytest.fixture(scope="module")
def client():
    """Two workers, without a dashboard, so that no port can be taken."""
    options = {"processes": True, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=2, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def run(client):
    """Call a function on the cluster; a dead-lock becomes a failure.

    Returns the result and the names of the tasks that the workers ran.
    """

    def call(function, *args):
        with (
            deadline(100),
            joblib.parallel_config(backend="dask"),
            distributed.get_task_stream(client=client) as stream,
        ):
            result = function(*args)
        return result, [task["key"] for task in stream.data]

    return call


@contextmanager
def deadline(seconds):
    def ring(signum, frame):
        raise TimeoutError(f"nothing came back within {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Short files of two emotions: low and high tones in noise."""
    folder, rng = tmp_path_factory.mktemp("songs"), np.random.default_rng(0)
    paths = [str(folder / f"{number}.wav") for number in range(N_SONGS)]
    for number, path in enumerate(paths):
        tone = np.sin(2 * np.pi * (220, 880)[number % 2] * np.arange(RATE) / RATE)
        soundfile.write(path, 0.1 * tone + 0.02 * rng.normal(size=RATE), RATE)
    return pd.DataFrame({"audio": paths, "genre": ["pop", "folk", "rock"] * (N_SONGS // 3)})


@pytest.fixture(scope="module")
def X():
    """Features of 32 other songs of two emotions, made without files."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=(32, 4, 48)) + (EMOTIONS == "happy")[:, None, None]
    codes = rng.integers(0, 3, size=(32, 2))
    return SliceDict(audio=series.astype(np.float32), culture=codes)


def log_mel(**params):
    return LogMelSpectrogram(sr=RATE, duration=1.0, n_fft=256, n_mels=8, **params)


def statistics(**params):
    return AudioStatistics(sr=RATE, duration=1.0, **params)


def tiny_student(**params):
    teacher = TeacherClassifier(max_epochs=2, batch_size=16)
    defaults = {"teacher_cv": 2, "max_epochs": 2, "batch_size": 16, "random_state": 0}
    return SKDStudentClassifier(teacher, **{**defaults, **params})


def search(estimator, grid):
    return GridSearchCV(estimator, grid, cv=2, scoring="neg_log_loss", error_score="raise")


def assert_same_search(a, b):
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(a.cv_results_[key], b.cv_results_[key])


@pytest.mark.parametrize("make", [log_mel, statistics])
def test_features_are_those_of_one_process(make, songs, run):
    transformer = make(n_jobs=2)
    there, tasks = run(transformer.transform, songs["audio"])
    np.testing.assert_array_equal(there, make().transform(songs["audio"]))
    assert any("_result" in task for task in tasks)


def test_all_sources_of_a_song_table_are_those_of_one_process(songs, run):
    sources = SongFeatures(audio=log_mel(), extra=[("moments", statistics(), "audio")], n_jobs=2)
    here = clone(sources).set_params(n_jobs=None).fit_transform(songs)
    there, tasks = run(sources.fit_transform, songs)
    assert list(there) == list(here)
    for name, array in here.items():
        np.testing.assert_array_equal(there[name], array)
    assert any("_result" in task for task in tasks)


def test_waveforms_travel_to_the_workers(run):
    waveforms = np.random.default_rng(0).normal(scale=0.1, size=(5, RATE))
    there, tasks = run(log_mel(n_jobs=2).transform, waveforms)
    np.testing.assert_array_equal(there, log_mel().transform(waveforms))
    assert any("_result" in task for task in tasks)


def test_a_memmap_is_filled_by_the_workers(songs, tmp_path, run):
    there, tasks = run(log_mel(n_jobs=2, memmap=tmp_path).transform, songs["audio"])
    assert isinstance(there, np.memmap)
    np.testing.assert_array_equal(there, log_mel().transform(songs["audio"]))
    assert any("_result" in task for task in tasks)


def test_songs_that_a_worker_cannot_read_are_reported_together(songs, tmp_path, run):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    paths = [*songs["audio"], str(broken), None]
    with pytest.warns(UserWarning, match=r"2 of 14 songs(.|\n)*row 12: .*broken(.|\n)*row 13: "):
        features, _ = run(log_mel(n_jobs=2, on_error="warn").transform, paths)
    assert np.isnan(features).all(axis=(1, 2)).tolist() == [False] * N_SONGS + [True] * 2


def test_an_error_of_a_worker_names_the_row_and_leaves_the_cluster_usable(songs, run):
    paths = list(songs["audio"])
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match=r"Row 5: no such file: 'gone\.wav'"):
            run(log_mel(n_jobs=2).transform, [*paths[:5], "gone.wav", *paths[6:]])
    features, _ = run(log_mel(n_jobs=2).transform, paths)
    assert np.isfinite(features).all()


def test_what_the_workers_cached_serves_everyone(songs, tmp_path, run, monkeypatch):
    cached = log_mel(cache=tmp_path / "cache", n_jobs=2)
    there, _ = run(cached.transform, songs["audio"])
    monkeypatch.setattr(LogMelSpectrogram, "_extract", None)  # decoding again would fail
    np.testing.assert_array_equal(cached.set_params(n_jobs=None).transform(songs["audio"]), there)


def test_the_progress_bar_counts_songs(songs, run, capsys):
    run(log_mel(n_jobs=2, verbose=1).transform, songs["audio"])
    assert f"{N_SONGS}/{N_SONGS}" in capsys.readouterr().err


def test_a_search_over_features_finds_the_scores_of_one_process(X, run):
    one = search(tiny_student(), {"mean_weight": [0.2, 0.4]})
    there, tasks = run(clone(one).fit, X, EMOTIONS)
    assert_same_search(there, one.fit(X, EMOTIONS))
    np.testing.assert_array_equal(there.predict_proba(X), one.predict_proba(X))
    assert any("_fit_and_score" in task for task in tasks)
    assert any("_fit_and_ask" in task for task in tasks)  # the teachers of a fit as well


def test_a_search_over_a_pipeline_finds_the_scores_of_one_process(songs, tmp_path, run):
    sources = SongFeatures(audio=log_mel(cache=tmp_path / "cache"), lyrics=None)
    pipeline = make_pipeline(sources, TeacherClassifier(max_epochs=2, random_state=0))
    one = search(pipeline, {"teacherclassifier__dropout": [0.2, 0.5]})
    there, tasks = run(clone(one).fit, songs, EMOTIONS[:N_SONGS])
    assert_same_search(there, one.fit(songs, EMOTIONS[:N_SONGS]))
    assert any("_fit_and_score" in task for task in tasks)


def test_parts_of_a_table_go_through_the_whole_pipeline_on_the_workers(songs, tmp_path, client):
    sources = SongFeatures(audio=log_mel(memmap=tmp_path), lyrics=None)
    model = make_pipeline(sources, TeacherClassifier(max_epochs=2, random_state=0))
    model.fit(songs, EMOTIONS[:N_SONGS])
    parts = [songs[:5], songs[5:10], songs[10:]]
    there = client.gather(client.map(model.predict_proba, parts))
    np.testing.assert_allclose(np.concatenate(there), model.predict_proba(songs), rtol=1e-6)
    assert not list(tmp_path.iterdir())  # the scratch files went with their arrays


def test_a_net_alone_is_trained_where_its_songs_are(X, run):
    _, tasks = run(TeacherClassifier(max_epochs=1).fit, X, EMOTIONS)
    assert not tasks


def test_parallelism_in_three_levels_comes_to_an_end(X, run):
    student = tiny_student(n_jobs=2, n_members=2).set_params(
        teacher__n_members=2, teacher__n_jobs=2
    )
    fitted, _ = run(search(student, {"mean_weight": [0.2]}).fit, X, EMOTIONS)
    assert np.isfinite(fitted.cv_results_["mean_test_score"]).all()


@pytest.fixture
def wide_console():
    """rich has one console for all, which knows its width since its first use."""
    rich.reconfigure(width=200)
    yield
    rich.reconfigure()


@pytest.mark.usefixtures("wide_console")
def test_progress_bars_of_a_search_follow_the_workers(X, run, capsys):
    watched = search(tiny_student(), {"mean_weight": [0.2, 0.4]})
    watched.set_callbacks(ProgressBar(max_propagation_depth=None))
    run(watched.fit, X, EMOTIONS)
    shown = capsys.readouterr().out
    assert "teachers" in shown
    assert "100%" in shown


def test_a_classifier_that_arrives_while_another_is_trained_takes_no_random_numbers(X):
    """Threads of a worker share torch's generator."""
    teacher = TeacherClassifier(max_epochs=10, random_state=0)
    expected = teacher.fit(X, EMOTIONS).predict_proba(X)
    content, trained = pickle.dumps(teacher), threading.Event()

    def receive():
        while not trained.is_set():
            pickle.loads(content)

    receiver = threading.Thread(target=receive)
    receiver.start()
    try:
        again = clone(teacher).fit(X, EMOTIONS)
    finally:
        trained.set()
        receiver.join()
    np.testing.assert_array_equal(again.predict_proba(X), expected)
