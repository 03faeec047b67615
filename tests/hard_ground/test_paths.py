"""Names and places of songs, from a real disk."""

import io
import os
import pathlib
import tempfile
import urllib.parse

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.features import LogMelSpectrogram
from sklearn_skd.features._decode import load_window
from sklearn_skd.features._song import SongError, check_song

SR = 22050


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory, where short relative names are safe."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def expected(music, log_mel):
    return log_mel(music(seconds=0.6))


NAMES = {
    "accents": "Café del Mar – Été.wav",
    "decomposed accents": "Cafe\u0301.wav",
    "Turkish": "Çığlık ve Şarkı.wav",
    "Japanese": "さくら.wav",
    "Arabic": "أغنية.wav",
    "right-to-left mark": "\u200fשיר\u200e.wav",
    "emoji": "🎵🔥 song 👩‍🎤.wav",
    "blanks": "my  favourite song .wav",
    "a blank first": " song.wav",
    "a newline": "first\nsecond.wav",
    "a tab": "a\tb.wav",
    "a leading dash": "-rf.wav",
    "quotes": '"it\'s".wav',
    "wildcards": "what?*[1].wav",
    "a percent sign": "100%20sure %s {0}.wav",
    "a backslash": "AC\\DC.wav",
    "a dollar": "$HOME.wav",
    "several dots": "..song.final.v2.wav",
    "no suffix": "song",
    "only a suffix": ".wav",
    "capital suffix": "SONG.WAV",
    "another suffix": "song.wav.part",
    "Latin-1 bytes": os.fsdecode(b"caf\xe9.wav"),
    "Shift-JIS bytes": os.fsdecode("さくら".encode("shift_jis") + b".wav"),
    "the longest name": "x" * 251 + ".wav",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_song_is_found_under_the_name(here, music, write, log_mel, expected, name):
    write("song.tmp", music(seconds=0.6), format="WAV", subtype="FLOAT").rename(here / name)
    np.testing.assert_array_equal(log_mel(name), expected)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_text_is_refused_under_the_name(here, refused, name):
    (here / name).write_text("no music")
    refused(name, "cannot decode", names=repr(name))


@pytest.mark.parametrize("length", [1000, 1023, 1024, 2000, 4095])
@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_a_song_is_found_under_a_path_of_the_length(tmp_path, intact, log_mel, length, suffix):
    name = f"song.{suffix}"
    (tmp_path / name).write_bytes(intact[suffix])
    path = f"{tmp_path}/"
    path += "./" * ((length - len(path) - len(name)) // 2)
    path += "/" * (length - len(path) - len(name)) + name
    assert len(path) == length
    np.testing.assert_array_equal(log_mel(path), log_mel(tmp_path / name))


def test_no_file_stays_open_whether_its_long_name_is_music_or_not(tmp_path, refused):
    path = f"{tmp_path}/{'./' * 600}song.wav"
    pathlib.Path(path).write_text("no music")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    refused(path, "cannot decode", names=path)
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "path", ["x" * 256, "x" * 5000, "a\0b.wav", "song.wav/", "song.wav/inside.wav"], ids=ascii
)
def test_paths_that_cannot_be_are_refused(here, music, write, refused, path):
    write("song.wav", music(seconds=0.6))
    refused(path, "cannot open", names=repr(path))


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("nowhere.wav", "Check the path and the working directory"),
        ("", "Give None for a song without audio"),
        ("~/song.wav", r"os\.path\.expanduser\('~/song\.wav'\)"),
        ("$HOME/song.wav", "Check the path"),
        ("https://example.org/song.mp3", "Download the song"),
        ("s3://bucket/song.mp3", "Download the song"),
        ("file:///music/song.mp3", "Download the song"),
        (" song.wav", "Remove the blanks"),
        ("song.wav\n", "Remove the blanks"),
        ("Song.wav", "Check the path"),
        ("C:\\Music\\song.wav", "Check the path"),
        ("nan", "Check the path"),
        (urllib.parse.quote("my song.wav"), "Check the path"),
        ("so\ufb01t.wav", "Check the path"),
    ],
    ids=ascii,
)
def test_what_is_not_there_is_a_file_not_found_error_with_a_fix(
    here, music, write, refused, path, fix
):
    write("song.wav", music(seconds=0.6))
    refused(path, f"no such file: .*{fix}", names=repr(path))
    with pytest.raises(FileNotFoundError):
        LogMelSpectrogram().transform([path])


# ---- links, folders, pipes, rights ------------------------------------------------------------


def test_a_link_leads_to_its_song(here, music, write, log_mel, expected):
    write("song.wav", music(seconds=0.6), subtype="FLOAT")
    os.symlink("song.wav", "link.wav")
    os.symlink("link.wav", "link to link")
    np.testing.assert_array_equal(log_mel("link to link"), expected)


def test_a_dangling_link_is_refused_with_its_target(here, refused):
    os.symlink("/mnt/unplugged/song.wav", "link.wav")
    refused(
        "link.wav", "It is a link to '/mnt/unplugged/song.wav', which is gone", names="link.wav"
    )


def test_links_in_a_circle_are_refused(here, refused):
    os.symlink("b.wav", "a.wav")
    os.symlink("a.wav", "b.wav")
    refused("a.wav", "cannot open", names="'a.wav'")


@pytest.mark.parametrize("folder", [".", "album", "album.mp3", "link"])
def test_a_folder_is_refused(here, refused, folder):
    os.makedirs("album")
    os.makedirs("album.mp3")
    os.symlink("album", "link")
    refused(folder, "is not a file. Give the path of one sound file", names=repr(folder))


def test_a_pipe_is_refused_and_not_waited_for(here, refused):
    os.mkfifo("pipe.wav")
    refused("pipe.wav", "is not a file", names="'pipe.wav'")


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/stdin"])
def test_a_device_is_refused_and_not_read(refused, device):
    refused(device, "is not a file|cannot decode", names=device)


def without_rights(path, mode):
    """Take the rights to read from this process, also where it runs as root."""
    os.chmod(path, mode)
    if os.geteuid() == 0:
        os.seteuid(65534)


@pytest.fixture
def shared():
    """A folder that every user may enter; those of pytest belong to one user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)
        os.seteuid(os.getuid())


def test_a_file_without_the_right_to_read_is_refused(shared, intact, refused):
    path = shared / "song.wav"
    path.write_bytes(intact["wav"])
    without_rights(path, 0o000)
    refused(path, "no permission to read .*Change the rights", names=path)


def test_a_folder_without_the_right_to_enter_is_refused(shared, intact, refused):
    folder = shared / "album"
    folder.mkdir()
    (folder / "song.wav").write_bytes(intact["wav"])
    without_rights(folder, 0o000)
    refused(folder / "song.wav", "cannot open .*Permission denied", names=folder / "song.wav")


def test_a_file_that_vanishes_between_check_and_reading_is_refused(tmp_path, intact):
    path = tmp_path / "song.wav"
    path.write_bytes(intact["wav"])
    song = check_song(path, sr=SR)
    path.unlink()
    with pytest.raises(SongError, match=r"cannot decode '.*song\.wav'"):
        load_window(song, sr=SR, duration=1.0, segment="energy")


# ---- other objects ----------------------------------------------------------------------------


class Pathish:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


@pytest.mark.parametrize("kind", [str, pathlib.Path, np.str_, Pathish])
def test_every_kind_of_path_is_a_path(music, write, log_mel, expected, kind):
    path = write("song.wav", music(seconds=0.6), subtype="FLOAT")
    np.testing.assert_array_equal(log_mel(kind(str(path))), expected)


@pytest.mark.parametrize(
    ("song", "reason"),
    [
        (b"song.wav", "got bytes"),
        (Pathish(b"song.wav"), r"paths are str, got bytes b'song.wav'. Use os\.fsdecode"),
        (bytearray(b"song.wav"), "got bytearray"),
        (io.BytesIO(b"RIFF"), "got BytesIO"),
        (17, "got int"),
        (0, "got int"),
        (3.5, "got float"),
        (True, "got bool"),
        (1j, "got complex"),
        ({"path": "song.wav"}, "got dict"),
        (["song.wav"], "got list"),
        (("song.wav",), "got tuple"),
        (("song.wav", SR, 1), "got tuple"),
        (("song.wav", SR), "a file states its rate itself"),
        (object(), "got object"),
        (str, "got type"),
        (np.int64(3), "got int64"),
        (np.datetime64("2020-01-01"), "got datetime64"),
        (pd.Timestamp("2020-01-01"), "got Timestamp"),
        (pd.Series([0.1, 0.2]), "got Series"),
        (lambda: None, "got function"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_is_no_song_is_refused_with_its_type(refused, song, reason):
    refused(song, reason)


@pytest.mark.parametrize("song", [None, np.nan, pd.NA, pd.NaT, np.float32("nan")], ids=repr)
def test_a_missing_value_is_missing_audio(refused, song):
    refused(song, r"no audio \(missing value\). Give a path or waveform, or drop the row")


def test_an_open_file_is_refused(music, write, refused):
    with open(write("song.wav", music(seconds=0.6)), "rb") as file:
        refused(file, "got BufferedReader")
