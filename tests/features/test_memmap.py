"""Arrays in files: the same numbers, in a file that ends with the array."""

import gc
import multiprocessing
import pickle

import numpy as np
import pytest
from joblib import Parallel, delayed

from sklearn_skd.features import LogMelSpectrogram, SongFeatures
from sklearn_skd.features._memmap import write_memmap

RATE = 8000


@pytest.fixture
def waveforms():
    rng = np.random.default_rng(0)
    return [(0.1 * rng.normal(size=RATE).astype(np.float32), RATE) for _ in range(4)]


def log_mel(**params):
    return LogMelSpectrogram(duration=1.0, n_mels=16, **params)


def rows(n=3):
    return (np.full((2, 4), i, dtype=np.float32) for i in range(n))


def test_a_memmap_holds_what_the_array_in_memory_holds(waveforms, tmp_path):
    mapped = log_mel(memmap=tmp_path).transform(waveforms)
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable
    np.testing.assert_array_equal(mapped, log_mel().transform(waveforms))


def test_songs_that_fail_are_nan_in_the_memmap_too(waveforms, tmp_path):
    songs = [waveforms[0], None, waveforms[1]]
    with pytest.warns(UserWarning, match="row 1"):
        mapped = log_mel(memmap=tmp_path, on_error="warn").transform(songs)
    assert np.isnan(mapped).all(axis=(1, 2)).tolist() == [False, True, False]


def test_the_file_ends_with_the_last_view(waveforms, tmp_path):
    mapped = log_mel(memmap=tmp_path).transform(waveforms)
    view = np.asarray(mapped)[1:3]
    del mapped
    gc.collect()
    assert len(list(tmp_path.iterdir())) == 1
    assert np.isfinite(view).all()
    del view
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_every_call_has_its_own_file(waveforms, tmp_path):
    transformer = log_mel(memmap=tmp_path)
    kept = [transformer.transform(waveforms), transformer.transform(waveforms[:2])]
    assert len(list(tmp_path.iterdir())) == 2
    np.testing.assert_array_equal(kept[0][:2], kept[1])


def test_an_error_in_the_middle_leaves_no_file(waveforms, tmp_path):
    with pytest.raises(ValueError, match="Row 2"):
        log_mel(memmap=tmp_path).transform([*waveforms[:2], None])
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_os_error(waveforms, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        log_mel(memmap=tmp_path / "file").transform(waveforms)


def test_where_the_array_lies_is_no_part_of_the_cache_key(waveforms, tmp_path):
    kept = {"cache": tmp_path / "cache"}
    log_mel(**kept).transform(waveforms)
    log_mel(**kept, memmap=tmp_path / "scratch").transform(waveforms)
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == len(waveforms)


def test_a_forked_child_does_not_remove_the_file_of_its_parent(tmp_path):
    mapped = write_memmap(rows(), (3, 2, 4), tmp_path)

    def forget():
        nonlocal mapped
        del mapped
        gc.collect()

    child = multiprocessing.get_context("fork").Process(target=forget)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert len(list(tmp_path.iterdir())) == 1
    assert mapped[2, 0, 0] == 2


def test_workers_map_the_file_instead_of_getting_a_copy(tmp_path):
    mapped = np.asarray(write_memmap(rows(), (3, 2, 4), tmp_path))
    (name,) = Parallel(n_jobs=2)([delayed(_file_behind)(mapped)])
    assert name == str(next(tmp_path.iterdir()))


def _file_behind(array):
    while not isinstance(array, np.memmap):
        array = array.base
    return str(array.filename)


def test_a_pickle_is_an_ordinary_array_that_outlives_the_file(tmp_path):
    mapped = write_memmap(rows(), (3, 2, 4), tmp_path)
    content = pickle.dumps(mapped)
    del mapped
    gc.collect()
    assert pickle.loads(content)[2].tolist() == [[2.0] * 4] * 2


def test_song_features_keep_the_memmap(waveforms, tmp_path):
    import pandas as pd

    songs = pd.DataFrame({"audio": waveforms})
    X = SongFeatures(audio=log_mel(memmap=tmp_path)).fit_transform(songs)
    assert _file_behind(X["audio"]) == str(next(tmp_path.iterdir()))
