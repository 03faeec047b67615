"""Tests of sound files that can be trusted."""

import json

import numpy as np
import pytest
import soundfile

from sklearn_skd.datasets._storage import (
    _ogg_checksum,
    invalid_files,
    song_folder,
    write_manifest,
    write_sound,
)


def noise(seconds=1.0, channels=1):
    rng = np.random.default_rng(0)
    return (0.2 * rng.standard_normal((round(22050 * seconds), channels))).astype(np.float32)


def test_flac_holds_the_waveform_to_16_bits(tmp_path):
    sound = noise(channels=2)
    write_sound(tmp_path / "a.flac", sound, 22050)
    read, rate = soundfile.read(tmp_path / "a.flac")
    assert rate == 22050
    np.testing.assert_allclose(read, sound, atol=2**-15)


def test_a_minute_of_stereo_vorbis_is_written_and_read(tmp_path):
    write_sound(tmp_path / "a.ogg", noise(60, channels=2), 22050)
    info = soundfile.info(tmp_path / "a.ogg")
    assert (info.format, info.subtype, info.channels) == ("OGG", "VORBIS", 2)
    assert soundfile.read(tmp_path / "a.ogg")[0].shape == (60 * 22050, 2)


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_the_same_waveform_gives_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        write_sound(tmp_path / f"{name}.{suffix}", noise(), 22050)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_the_checksum_of_a_page_is_the_one_libsndfile_writes(tmp_path):
    soundfile.write(tmp_path / "a.ogg", noise(0.1), 22050)
    stream = (tmp_path / "a.ogg").read_bytes()
    page = bytearray(stream[: 28 + stream[27]])  # the first page has one segment
    written = bytes(page[22:26])
    page[22:26] = bytes(4)
    assert _ogg_checksum(page) == written


def test_nothing_is_trusted_without_a_manifest_or_with_a_broken_one(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"sound")
    assert invalid_files(tmp_path, ["a.flac"]) == ["a.flac"]
    (tmp_path / "songs.json").write_text('{"a.fl')
    assert invalid_files(tmp_path, ["a.flac"]) == ["a.flac"]


def test_changed_deleted_and_unknown_files_are_invalid(tmp_path):
    names = ["kept.flac", "changed.flac", "deleted.flac"]
    for name in names:
        (tmp_path / name).write_bytes(b"sound")
    write_manifest(tmp_path, names)
    assert set(json.loads((tmp_path / "songs.json").read_text())) == set(names)
    (tmp_path / "changed.flac").write_bytes(b"noise")
    (tmp_path / "deleted.flac").unlink()
    (tmp_path / "unknown.flac").write_bytes(b"sound")
    assert invalid_files(tmp_path, [*names, "unknown.flac"]) == [
        "changed.flac",
        "deleted.flac",
        "unknown.flac",
    ]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.ogg"
    write_sound(path, noise(0.1), 22050)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="dtype"):
        write_sound(path, noise(0.1).astype(complex), 22050)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_parameters_decide_on_the_folder(tmp_path):
    assert song_folder(tmp_path, seed=0, n=4) == song_folder(str(tmp_path), n=4, seed=0)
    assert song_folder(tmp_path, seed=0) != song_folder(tmp_path, seed=1)


def test_without_data_home_the_home_directory_is_used(monkeypatch, tmp_path):
    monkeypatch.delenv("SKLEARN_SKD_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert song_folder(None, seed=0).is_relative_to(tmp_path.resolve() / "sklearn_skd_data")
