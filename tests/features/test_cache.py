import os
import pickle
import resource
import time
import warnings
from copy import deepcopy

import joblib
import librosa
import numpy as np
import pytest
import soundfile
import soxr
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd.features import AudioStatistics, FeatureCache, LogMelSpectrogram, _cache
from sklearn_skd.features._remember import library_versions

SR = 22050
KEYS = [f"{number:02x}" + "0" * 30 for number in range(40)]
OVERHEAD = 128 + 16  # header and checksum of an entry


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def array():
    return np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, sound(0), SR)
    return path


@pytest.fixture
def computed(monkeypatch):
    """The songs whose log-mel is computed, as they are."""
    songs, compute = [], LogMelSpectrogram._compute
    monkeypatch.setattr(
        LogMelSpectrogram, "_compute", lambda self, song: songs.append(song) or compute(self, song)
    )
    return songs


def sound(seed, seconds=1.0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * SR)).astype(np.float32)


def log_mel(**parameters):
    return LogMelSpectrogram(**{"duration": 1.0} | parameters)


def files(cache):
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def waveform(dtype=np.float32, rate=22050):
    return np.linspace(-1, 1, 100, dtype=dtype)[np.newaxis], rate


def kept(cache):
    return [number for number, key in enumerate(KEYS) if cache.get(key) is not None]


# ---- entries ----------------------------------------------------------------------------------


def test_an_array_comes_back_as_it_was_stored(cache, array):
    key = cache.key(waveform(), ())
    assert cache.get(key) is None
    cache.put(key, array)
    np.testing.assert_array_equal(cache.get(key), array)
    assert cache.get(key).dtype == np.float32


def test_entries_are_ordinary_npy_files_with_the_rights_of_ordinary_files(cache, array, tmp_path):
    cache.put(KEYS[0], array)
    (entry,) = files(cache)
    np.testing.assert_array_equal(np.load(entry), array)
    (tmp_path / "ordinary").touch()
    assert entry.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "checksum of nothing"])
def test_a_damaged_entry_is_an_error_and_can_be_replaced(cache, array, damage):
    cache.put(KEYS[0], array)
    (entry,) = files(cache)
    content = bytearray(entry.read_bytes())
    content[-30] ^= damage == "flipped"
    other = {
        "truncated": content[:50],
        "emptied": b"",
        "checksum of nothing": _cache._checksum(b""),
    }
    entry.write_bytes(other.get(damage, content))
    with pytest.raises(ValueError, match=r"checksum|EOF"):
        cache.get(KEYS[0])
    cache.put(KEYS[0], array)
    np.testing.assert_array_equal(cache.get(KEYS[0]), array)


def test_a_write_that_fails_leaves_neither_an_entry_nor_a_temporary_file(cache, array, monkeypatch):
    def fail(source, target):
        raise OSError("no more names")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no more names"):
        cache.put(KEYS[0], array)
    assert files(cache) == []
    assert cache.get(KEYS[0]) is None


def test_objects_are_the_same_by_folder_and_bound(cache, tmp_path, monkeypatch):
    bounded = FeatureCache(tmp_path / "cache", max_size="10K")
    assert bounded != cache
    assert bounded == FeatureCache(str(tmp_path / "cache"), max_size=10240)
    for copy in (deepcopy(bounded), pickle.loads(pickle.dumps(bounded))):
        assert (copy, repr(copy), hash(copy)) == (bounded, repr(bounded), hash(bounded))
    before = joblib.hash(bounded)
    bounded.put(KEYS[0], np.zeros(3))
    assert joblib.hash(bounded) == before  # `memory=` of a Pipeline finds its steps again
    monkeypatch.chdir(tmp_path)
    assert FeatureCache("cache") == cache


# ---- keys -------------------------------------------------------------------------------------


def test_a_file_is_known_by_its_content_and_not_by_its_name_place_and_date(cache, tmp_path):
    first, copy, other = (tmp_path / name for name in ("a.wav", "b.mp3", "c.wav"))
    first.write_bytes(b"sound")
    copy.write_bytes(b"sound")
    os.utime(copy, (0, 0))
    other.write_bytes(b"noise")
    assert cache.key(str(first), ()) == cache.key(str(copy), ())
    assert cache.key(str(first), ()) != cache.key(str(other), ())


def test_keys_tell_waveforms_rates_types_shapes_and_parameters_apart(cache):
    samples, rate = waveform()
    keys = [
        cache.key((samples, rate), ()),
        cache.key((samples, 44100), ()),
        cache.key((samples.reshape(2, 50), rate), ()),
        cache.key((samples + 1, rate), ()),
        cache.key(waveform(np.float64), ()),
        cache.key((samples, rate), ("n_mels", 32)),
    ]
    assert len(set(keys)) == len(keys)
    assert cache.key((samples.copy(), float(rate)), ()) == keys[0]


def test_a_waveform_that_is_not_contiguous_has_the_key_of_its_copy(cache):
    samples = np.arange(200.0).reshape(100, 2).T
    assert cache.key((samples, 1), ()) == cache.key((samples.copy(), 1), ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"duration": 1.0}, {"duration": 1}),
        ({"n_mels": 64}, {"n_mels": np.int64(64)}),
        ({"segment": "start"}, {"segment": np.array(["start"])[0]}),
        ({"fmax": None}, {"fmax": 11025}),
        ({"pre_emphasis": None}, {"pre_emphasis": 0}),
        ({}, {"on_error": "warn", "n_jobs": 2, "verbose": 1}),
    ],
    ids=str,
)
def test_parameters_of_one_meaning_have_one_entry(cache, one, other, computed):
    log_mel(cache=cache, **one).transform([sound(0)])
    log_mel(cache=cache, **other).transform([sound(0)])
    assert len(computed) == len(files(cache)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"sr": 16000},
        {"duration": 0.5},
        {"n_fft": 512},
        {"hop_length": 256},
        {"n_mels": 32},
        {"fmin": 20.0},
        {"fmax": 8000.0},
        {"pre_emphasis": 0.5},
        {"eps": 1e-5},
        {"segment": "start"},
    ],
    ids=str,
)
def test_each_parameter_that_changes_the_features_changes_the_key(changed):
    assert log_mel(**changed)._key() != log_mel()._key()


def test_every_parameter_is_either_in_the_key_or_known_to_change_nothing():
    for transformer in (LogMelSpectrogram(), AudioStatistics()):
        named = {part[0] for part in transformer._key() if isinstance(part, tuple)}
        unnamed = {"on_error", "cache", "memmap", "n_jobs", "verbose"}
        assert named | unnamed == set(transformer.get_params()) | {"memmap"}


def test_another_class_or_version_of_the_feature_is_another_entry(monkeypatch):
    class Own(LogMelSpectrogram):
        __qualname__ = "LogMelSpectrogram"  # in another module

    before = log_mel()._key()
    assert Own(duration=1.0)._key() != before
    monkeypatch.setattr(LogMelSpectrogram, "_cache_version", 999)
    assert log_mel()._key() != before


@pytest.mark.parametrize(
    ("library", "attribute"),
    [
        (librosa, "__version__"),
        (soundfile, "__version__"),
        (soundfile, "__libsndfile_version__"),
        (soxr, "__version__"),
    ],
)
def test_another_version_of_a_library_is_another_entry(monkeypatch, library, attribute):
    before = log_mel()._key()
    monkeypatch.setattr(library, attribute, "99")
    library_versions.cache_clear()
    after = log_mel()._key()
    library_versions.cache_clear()
    assert after != before


@pytest.mark.parametrize(
    ("transformer", "version", "expected"),
    [
        (
            LogMelSpectrogram(duration=1.0),
            1,
            [-7.7918, 0.59845, -5.1778, -6.258, -7.055, -7.6088, -7.9713, -8.2165],
        ),
        (
            AudioStatistics(duration=1.0),
            2,
            [-409.7, -21.545, -3.6861, -0.11891, -0.40237, 0.0011863, 40.877, -0.0031726],
        ),
    ],
    ids=["LogMelSpectrogram", "AudioStatistics"],
)
def test_features_of_a_version_do_not_change(transformer, version, expected):
    # Other values? Then raise the `_cache_version` of the class as well as what is written here.
    assert transformer._cache_version == version
    time = np.arange(2 * 44100) / 44100
    melody = 0.5 * np.sin(2 * np.pi * 440 * 2 ** (np.floor(4 * time) / 12) * time) * (1 - time / 3)
    features = transformer.transform([(melody, 44100)]).ravel()
    np.testing.assert_allclose(features[:: len(features) // 8][:8], expected, rtol=1e-3, atol=1e-3)


# ---- the bound --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "n_bytes"),
    [
        (1000, 1000),
        (1e9, 1e9),
        ("500M", 500 * 1024**2),
        ("10G", 10 * 1024**3),
        ("1.5 TB", 1.5 * 1024**4),
        (" 2 kib", 2048),
        (None, np.inf),
    ],
)
def test_a_size_is_a_number_of_bytes_or_a_text(size, n_bytes, tmp_path):
    assert FeatureCache(tmp_path, max_size=size) == FeatureCache(tmp_path, max_size=n_bytes)


@pytest.mark.parametrize("size", [0, -1, np.nan, "", "10", "ten G", "10X", "-1G", [1]])
def test_what_is_no_size_is_refused_with_an_example(size, tmp_path):
    with pytest.raises(ValueError, match=r"max_size is a positive number .*'10G', got"):
        FeatureCache(tmp_path, max_size=size)


def test_the_least_recently_used_entries_go_first(tmp_path):
    size = 1000 + OVERHEAD
    cache = FeatureCache(tmp_path, max_size=5 * size)
    for number in range(5):
        cache.put(KEYS[number], np.zeros(1000, dtype=np.uint8))
        os.utime(cache._path(KEYS[number]), (number, number))
    cache.get(KEYS[0])
    cache.get(KEYS[2])
    cache.put(KEYS[5], np.zeros(1000, dtype=np.uint8))
    cache.put(KEYS[6], np.zeros(1000, dtype=np.uint8))
    assert kept(cache) == [0, 2, 4, 5, 6]
    assert cache.size() == 5 * size


def test_a_folder_never_grows_beyond_its_bound_whatever_the_sizes(tmp_path):
    rng = np.random.default_rng(0)
    cache = FeatureCache(tmp_path, max_size="20K")
    sizes = []
    for number in range(300):
        key = cache.key((np.array([number]), 1), ())
        cache.put(key, np.zeros(rng.integers(1, 3000), dtype=np.uint8))
        assert cache.get(key) is not None
        sizes.append(cache.size())
    assert max(sizes) <= 20 * 1024
    assert min(sizes[50:]) > 12 * 1024


def test_another_process_fills_the_folder_and_this_one_notices(tmp_path):
    cache = FeatureCache(tmp_path, max_size=100_000)
    cache.put(KEYS[0], np.zeros(10))
    for key in KEYS[1:]:  # as another process would
        cache._path(key).parent.mkdir()
        cache._path(key).write_bytes(b"0" * 10_000)
    for number in range(100):
        cache.put(cache.key((np.array([number]), 1), ()), np.zeros(100))
    assert cache.size() <= 100_000


def test_the_folder_is_not_looked_through_for_every_song(tmp_path, monkeypatch):
    looks, entries = [], FeatureCache._entries
    monkeypatch.setattr(FeatureCache, "_entries", lambda self: looks.append(1) or entries(self))
    array = np.zeros(1000, dtype=np.uint8)
    for max_size in (None, 1000 * (1000 + OVERHEAD)):
        cache = FeatureCache(tmp_path / str(max_size), max_size=max_size)
        for number in range(500):
            cache.put(cache.key((np.array([number]), 1), ()), array)
            cache.get(KEYS[0])
    assert len(looks) <= 10  # none without a bound; with one, each sixteenth of it


def test_an_array_larger_than_the_bound_removes_nothing(tmp_path):
    cache = FeatureCache(tmp_path, max_size=2000)
    cache.put(KEYS[0], np.zeros(1000, dtype=np.uint8))
    with pytest.raises(ValueError, match="an entry takes 3144 bytes, more than max_size=2000"):
        cache.put(KEYS[1], np.zeros(3000, dtype=np.uint8))
    assert kept(cache) == [0]


def test_what_is_being_written_is_not_removed_and_what_killed_processes_left_is(tmp_path, array):
    for max_size in (None, 500):
        cache = FeatureCache(tmp_path / str(max_size), max_size=max_size)
        unfinished = cache.folder / "unfinished"
        unfinished.mkdir(parents=True)
        names = 32 * "a" + ".tmp", 32 * "b" + ".tmp", "c"
        young, old, foreign = (unfinished / name for name in names)
        for path in (young, old, foreign):
            path.write_bytes(b"0" * 1000)
        os.utime(old, (time.time() - 7200,) * 2)
        os.utime(foreign, (0, 0))
        cache.put(KEYS[0], array)
        assert kept(cache) == [0]
        assert sorted(unfinished.iterdir()) == [young, foreign]
        cache.clear()
        assert files(cache) == [foreign]


def test_clearing_removes_the_entries_and_nothing_else(tmp_path, array):
    cache = FeatureCache(tmp_path)  # a folder of music, by mistake
    mine = [tmp_path / "song.wav", tmp_path / "ab" / "song.npy", tmp_path / "features.npy"]
    (tmp_path / "ab").mkdir()
    for path in mine:
        path.write_bytes(b"music")
    for key in KEYS:
        cache.put(key, array)
    assert cache.size() == len(KEYS) * (array.nbytes + OVERHEAD)
    cache.clear()
    assert cache.size() == 0
    assert files(cache) == sorted(mine)
    cache.put(KEYS[0], array)
    assert kept(cache) == [0]


def test_a_folder_that_is_not_there_is_empty(cache):
    cache.clear()
    assert cache.size() == 0
    assert not cache.folder.exists()


# ---- the transformers -------------------------------------------------------------------------


def test_a_path_and_an_object_mean_the_same_folder(song, tmp_path, computed):
    first = log_mel(cache=str(tmp_path / "cache")).transform([song])
    again = log_mel(cache=FeatureCache(tmp_path / "cache", max_size="1M")).transform([song])
    np.testing.assert_array_equal(again, first)
    assert len(computed) == 1


def test_both_transformers_share_a_folder(song, cache, computed):
    transformers = log_mel(cache=cache), AudioStatistics(duration=1.0, cache=cache)
    for transformer in 2 * transformers:
        expected = clone(transformer).set_params(cache=None).transform([song])
        np.testing.assert_array_equal(transformer.transform([song]), expected)
    assert len(files(cache)) == 2


def test_an_object_survives_clone_get_params_and_pickle(song, cache):
    transformer = log_mel(cache=cache).fit([song])
    for copy in (clone(transformer), pickle.loads(pickle.dumps(transformer))):
        assert copy.get_params() == transformer.get_params()
        assert copy.cache == cache


def test_workers_in_another_directory_use_the_folder_that_was_meant(tmp_path, monkeypatch):
    with joblib.parallel_config(backend="loky"):
        joblib.Parallel(n_jobs=2)(joblib.delayed(os.getcwd)() for _ in range(2))
        monkeypatch.chdir(tmp_path)  # which the workers do not follow
        log_mel(cache="cache", n_jobs=2).transform([sound(seed) for seed in range(3)])
    assert len(files(FeatureCache(tmp_path / "cache"))) == 3


def test_a_search_computes_each_song_once_for_each_setting(tmp_path, computed):
    songs = np.empty(6, dtype=object)
    songs[:] = [sound(seed) for seed in range(6)]
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    cache = FeatureCache(tmp_path, max_size="10M")
    pipeline = make_pipeline(log_mel(cache=cache), flat, KNeighborsClassifier(n_neighbors=1))
    grid = {"logmelspectrogram__n_mels": [32, 64], "kneighborsclassifier__p": [1, 2]}
    GridSearchCV(pipeline, grid, cv=3).fit(songs, [0, 1] * 3)
    assert len(computed) == len(files(cache)) == 2 * 6


def test_a_file_that_changes_between_hashing_and_decoding_is_not_kept(song, cache, monkeypatch):
    def change_and_compute(self, path):
        soundfile.write(path, sound(1), SR)
        return compute(self, path)

    compute = LogMelSpectrogram._compute
    before = song.read_bytes()
    monkeypatch.setattr(LogMelSpectrogram, "_compute", change_and_compute)
    log_mel(cache=cache).transform([song])
    assert files(cache) == []
    monkeypatch.undo()
    song.write_bytes(before)
    np.testing.assert_array_equal(
        log_mel(cache=cache).transform([song]), log_mel().transform([song])
    )


def test_a_file_that_cannot_be_hashed_is_a_song_that_cannot_be_read(song, cache, monkeypatch):
    def fail(*args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(FeatureCache, "key", fail)
    np.testing.assert_array_equal(
        log_mel(cache=cache).transform([song]), log_mel().transform([song])
    )


# ---- trouble ----------------------------------------------------------------------------------

DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1000]),
    "flipped": lambda path: path.write_bytes(
        bytes(byte ^ (place == 5000) for place, byte in enumerate(path.read_bytes()))
    ),
    "emptied": lambda path: path.write_bytes(b""),
    "of another shape": lambda path: FeatureCache(path.parents[1]).put(
        path.stem, np.zeros((64, 9), dtype=np.float32)
    ),
    "of another type": lambda path: FeatureCache(path.parents[1]).put(
        path.stem, np.zeros((64, 44))
    ),
    "a link to nowhere": lambda path: path.unlink() or path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entries_are_reported_once_and_computed_again(cache, computed, damage):
    songs = [sound(seed) for seed in range(4)]
    expected = log_mel(cache=cache).transform(songs)
    for path in files(cache)[:3]:
        DAMAGES[damage](path)
    computed.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.testing.assert_array_equal(log_mel(cache=cache).transform(songs), expected)
    assert len(computed) == 3
    if damage != "a link to nowhere":  # which is as good as no entry
        (warning,) = caught
        assert f"{str(cache.folder)!r} held a damaged entry (" in str(warning.message)
        assert warning.filename == __file__
    computed.clear()
    np.testing.assert_array_equal(log_mel(cache=cache).transform(songs), expected)
    assert computed == []


def test_a_folder_in_the_place_of_an_entry_costs_time_only(song, cache):
    expected = log_mel(cache=cache).transform([song])
    (entry,) = files(cache)
    entry.unlink()
    entry.mkdir()
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"cannot be kept .*\(Is a directory\)"):
            np.testing.assert_array_equal(log_mel(cache=cache).transform([song]), expected)
    assert files(cache) == []


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_folder_that_cannot_be_written_to_costs_time_only(tmp_path, backend):
    (tmp_path / "cache").write_text("a file")
    songs = [sound(seed) for seed in range(4)]
    expected = log_mel().transform(songs)
    with (
        joblib.parallel_config(backend=backend),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        features = log_mel(cache=tmp_path / "cache" / "deep", n_jobs=2).transform(songs)
    np.testing.assert_array_equal(features, expected)
    (warning,) = caught
    assert f"cannot be kept in the cache folder {str(tmp_path / 'cache' / 'deep')!r}" in str(
        warning.message
    )
    assert warning.filename == __file__


def test_rights_that_are_missing_cost_time_only(song, cache):
    expected = log_mel(cache=cache).transform([song])
    (entry,) = files(cache)
    entry.chmod(0)
    if os.access(entry, os.R_OK):
        pytest.skip("root may read and write everything")
    with pytest.warns(UserWarning, match=r"damaged entry \(Permission denied\)"):
        np.testing.assert_array_equal(log_mel(cache=cache).transform([song]), expected)
    assert cache.get(entry.stem) is not None
    entry.parent.chmod(0o500)
    try:
        np.testing.assert_array_equal(log_mel(cache=cache).transform([song]), expected)
        entry.write_bytes(b"")
        with pytest.warns(UserWarning, match=r"cannot be kept .*\(Permission denied\)"):
            np.testing.assert_array_equal(log_mel(cache=cache).transform([song]), expected)
    finally:
        entry.parent.chmod(0o700)


def test_a_full_disk_costs_time_only(cache):
    songs = [sound(seed) for seed in range(3)]
    expected = log_mel().transform(songs)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))  # the kernel fails the write halfway
    try:
        with pytest.warns(UserWarning, match=r"cannot be kept .*\(File too large\)") as caught:
            features = log_mel(cache=cache).transform(songs)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    np.testing.assert_array_equal(features, expected)
    assert len(caught) == 1
    assert files(cache) == []


def test_a_bound_too_small_for_one_song_is_said(song, tmp_path):
    cache = FeatureCache(tmp_path / "cache", max_size="1K")
    with pytest.warns(UserWarning, match=r"an entry takes \d+ bytes, more than max_size=1K"):
        log_mel(cache=cache).transform([song])
