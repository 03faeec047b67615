import os

import numpy as np
import pytest

from sklearn_skd.features._cache import FeatureCache


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def array():
    return np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


def entries(cache):
    return [path for path in cache.folder.rglob("*") if path.is_file()]


def waveform(dtype=np.float32, rate=22050):
    return np.linspace(-1, 1, 100, dtype=dtype)[np.newaxis], rate


def test_an_array_comes_back_as_it_was_stored(cache, array):
    key = cache.key(waveform(), ())
    assert cache.get(key) is None
    cache.put(key, array)
    np.testing.assert_array_equal(cache.get(key), array)
    assert cache.get(key).dtype == np.float32


def test_entries_are_ordinary_npy_files(cache, array):
    cache.put("00ff", array)
    np.testing.assert_array_equal(np.load(entries(cache)[0]), array)


def test_a_file_is_known_by_its_content_and_not_by_its_name(cache, tmp_path):
    first, copy, other = (tmp_path / name for name in ("a.wav", "b.wav", "c.wav"))
    first.write_bytes(b"sound")
    copy.write_bytes(b"sound")
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
    assert cache.key((samples.copy(), rate), ()) == keys[0]


def test_a_waveform_that_is_not_contiguous_has_the_key_of_its_copy(cache):
    samples = np.arange(200.0).reshape(100, 2).T
    assert cache.key((samples, 1), ()) == cache.key((samples.copy(), 1), ())


@pytest.mark.parametrize("damage", ["truncated", "flipped bit", "emptied"])
def test_a_damaged_entry_is_noticed_and_can_be_replaced(cache, array, damage):
    cache.put("00ff", array)
    path = entries(cache)[0]
    content = bytearray(path.read_bytes())
    if damage == "flipped bit":
        content[-30] ^= 1
    path.write_bytes({"truncated": content[:50], "emptied": b""}.get(damage, content))
    assert cache.get("00ff") is None
    cache.put("00ff", array)
    np.testing.assert_array_equal(cache.get("00ff"), array)


def test_a_write_that_fails_leaves_neither_an_entry_nor_a_temporary_file(cache, array, monkeypatch):
    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        cache.put("00ff", array)
    assert entries(cache) == []
    assert cache.get("00ff") is None
