"""Files that are no sound, or no longer whole.

The policy: a damaged file counts for what can be decoded up to the damage. If that fills the
window it is used, otherwise it is refused.
"""

import os
import struct
import zlib

import numpy as np
import pytest

SR = 22050
FORMATS = ["wav", "flac", "ogg", "mp3"]
WHOLE = {"duration": 30.0}

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + bytes(13) + bytes(400)
NOT_SOUND = {
    "nothing": b"",
    "one byte": b"\0",
    "a newline": b"\n",
    "text": b"Lyrics of a song, not its sound.\n" * 300,
    "an error page": b"<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>" * 9,
    "json": b'{"error": {"code": 403, "message": "quota exceeded"}}' * 20,
    "a picture": PNG,
    "a zip archive": b"PK\x03\x04" + bytes(2000),
    "a gzip stream": b"\x1f\x8b\x08" + zlib.compress(bytes(5000), 9),
    "a pdf": b"%PDF-1.7\n" + bytes(range(256)) * 8,
    "AppleDouble": b"\0\x05\x16\x07\0\x02\0\0Mac OS X        " + bytes(4000),
    "an MP4 container": b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0" + bytes(3000),
    "a WMA header": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(3000),
    "a Matroska header": b"\x1a\x45\xdf\xa3" + bytes(3000),
    "MIDI": b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk" + bytes(300),
    "zeros": bytes(100_000),
    "noise": np.random.default_rng(0).bytes(100_000),
    "only an ID3 tag": b"ID3\x03\0\0\0\0\x07\x76" + bytes(1014),
    "only a RIFF header": b"RIFF\x24\0\0\0WAVE",
    "only a FLAC marker": b"fLaC",
    "only an Ogg marker": b"OggS",
    "only an MP3 frame head": b"\xff\xfb\x90\x64",
}


@pytest.mark.parametrize("content", NOT_SOUND.values(), ids=NOT_SOUND.keys())
def test_what_is_no_sound_is_refused_whatever_it_is_called(tmp_path, refused, content):
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    refused(path, "cannot decode", names=repr(str(path)))


@pytest.mark.parametrize(
    "suffix", ["wav", "flac", "ogg", "aiff", "m4a", "raw", "vox", "gsm", "au", "snd", "sd2", ""]
)
def test_text_is_refused_under_the_suffix(tmp_path, refused, suffix):
    # libsndfile takes text called .vox, .gsm, .au or .snd for samples, and gives noise
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(NOT_SOUND["text"])
    refused(path, "cannot decode", names=repr(str(path)))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_file_cut_before_the_window_is_full_is_refused(tmp_path, intact, refused, suffix, tenths):
    content = intact[suffix]
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(content[: len(content) * tenths // 10])
    message = refused(path, "is damaged: .* could be decoded|cannot decode", names=path, **WHOLE)
    assert "ffmpeg" in message


@pytest.mark.parametrize(
    ("kind", "subtype", "rate"),
    [
        ("AIFF", "PCM_16", SR),
        ("AU", "PCM_16", SR),
        ("CAF", "PCM_16", SR),
        ("CAF", "ALAC_16", SR),
        ("OGG", "OPUS", 48000),
        ("RF64", "PCM_16", SR),
        ("W64", "PCM_16", SR),
        ("WAV", "FLOAT", SR),
        ("WAV", "IMA_ADPCM", SR),
        ("WAVEX", "PCM_24", SR),
    ],
)
def test_a_cut_file_of_a_rarer_kind_is_refused(music, write, refused, kind, subtype, rate):
    path = write("song", music(seconds=3.0, rate=rate), rate, format=kind, subtype=subtype)
    os.truncate(path, path.stat().st_size * 6 // 10)
    refused(path, "is damaged: .* could be decoded|cannot decode", names=path, **WHOLE)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("tenths", [5, 7, 9])
@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_a_cut_file_whose_window_is_there_gives_the_window_of_the_whole(
    tmp_path, intact, log_mel, suffix, tenths
):
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    content = intact[suffix]
    whole.write_bytes(content)
    cut.write_bytes(content[: len(content) * tenths // 10])
    start = {"segment": "start", "duration": 0.25}
    np.testing.assert_array_equal(log_mel(cut, **start), log_mel(whole, **start))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_cut_file_that_fills_the_window_is_reported_and_used(tmp_path, intact, log_mel, suffix):
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(intact[suffix][: len(intact[suffix]) * 6 // 10])
    with pytest.warns(UserWarning, match=rf"song\.{suffix}' is damaged: [01]\.\d .*ffmpeg"):
        log_mel(path, duration=0.5)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("damage", ["zeros", "noise", "missing bytes", "repeated bytes"])
@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_damage_in_the_middle_is_refused_or_heard_over(
    tmp_path, intact, log_mel, refused, suffix, damage
):
    content = bytearray(intact[suffix])
    middle = slice(len(content) // 2, len(content) // 2 + 300)
    content[middle] = {
        "zeros": bytes(300),
        "noise": np.random.default_rng(0).bytes(300),
        "missing bytes": b"",
        "repeated bytes": bytes(content[middle]) * 3,
    }[damage]
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(content)
    if suffix in ("flac", "ogg"):  # both have checksums
        refused(path, r"is damaged: [12]\.\d of 3\.0 s", names=path, **WHOLE)
    else:
        song = log_mel(path, duration=3.0)
        path.write_bytes(intact[suffix])
        start = slice(0, 60)  # of 130 frames
        np.testing.assert_array_equal(song[:, start], log_mel(path, duration=3.0)[:, start])


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_without_its_first_tenth_is_refused_or_shorter(
    tmp_path, intact, log_mel, refused, suffix
):
    content = intact[suffix]
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(content[len(content) // 10 :])
    if suffix == "mp3":  # a stream of frames: each can be decoded by itself
        log_mel(path)
    else:
        refused(path, "cannot decode", names=path)


# ---- headers that are wrong about their file --------------------------------------------------


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_wav_written_to_a_pipe_states_no_length_and_is_whole(tmp_path, intact, log_mel, size):
    content = bytearray(intact["wav"])
    content[40:44] = struct.pack("<I", size)
    (tmp_path / "pipe.wav").write_bytes(content)
    (tmp_path / "song.wav").write_bytes(intact["wav"])
    np.testing.assert_array_equal(
        log_mel(tmp_path / "pipe.wav", **WHOLE), log_mel(tmp_path / "song.wav", **WHOLE)
    )


def test_a_wav_of_a_recorder_that_crashed_holds_no_audio(tmp_path, intact, refused):
    content = bytearray(intact["wav"])
    content[40:44] = bytes(4)
    path = tmp_path / "crashed.wav"
    path.write_bytes(content)
    refused(path, r"holds no audio \(0 s\)", names=path)


@pytest.mark.parametrize("rate", [0, 1, 44, 2**31, 2**32 - 1])
def test_a_wav_header_with_an_impossible_rate_is_refused(tmp_path, intact, refused, rate):
    content = bytearray(intact["wav"])
    content[24:28] = struct.pack("<I", rate)
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    refused(path, "cannot decode|not that of audio", names=path)


@pytest.mark.parametrize("channels", [0, 1025, 65535])
def test_a_wav_header_with_impossible_channels_is_refused(tmp_path, intact, refused, channels):
    content = bytearray(intact["wav"])
    content[22:24] = struct.pack("<H", channels)
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    refused(path, "cannot decode", names=path)


def test_a_flac_written_to_a_pipe_states_no_length_and_is_whole(tmp_path, intact, log_mel):
    content = bytearray(intact["flac"])
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    (tmp_path / "pipe.flac").write_bytes(content)
    (tmp_path / "song.flac").write_bytes(intact["flac"])
    np.testing.assert_array_equal(
        log_mel(tmp_path / "pipe.flac", **WHOLE), log_mel(tmp_path / "song.flac", **WHOLE)
    )


def test_an_mp3_without_its_header_of_lengths_is_whole(tmp_path, intact, log_mel):
    # without it libsndfile guesses the length from the size, too long here
    content = intact["mp3"]
    first = content.index(b"\xff" + content[1:2], 100)
    path = tmp_path / "song.mp3"
    path.write_bytes(content[first:])
    log_mel(path, **WHOLE)


def test_an_mp3_whose_header_leaves_out_the_length_is_whole(tmp_path, intact, log_mel):
    content = bytearray(intact["mp3"])
    mark = max(content.find(b"Xing"), content.find(b"Info"))
    content[mark + 7] &= ~1
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    log_mel(path, **WHOLE)


# ---- unusual, and whole -----------------------------------------------------------------------

PICTURE = b"ID3\x03\0\0" + bytes([0, 4, 0, 0]) + bytes(4 << 14)
ADDITIONS = {
    "an ID3 tag with a picture": ("mp3", PICTURE, b""),
    "two ID3 tags": ("mp3", PICTURE + PICTURE, b""),
    "an old ID3 tag at the end": ("mp3", b"", b"TAG" + b"x" * 125),
    "an APE tag at the end": ("mp3", b"", b"APETAGEX" + bytes(200)),
    "zeros before": ("mp3", bytes(3000), b""),
    "zeros after": ("mp3", b"", bytes(3000)),
    "text after": ("wav", b"", b"uploaded by somebody" * 9),
    "ID3 before FLAC": ("flac", b"ID3\x03\0\0\0\0\x07\x76" + bytes(1014), b""),
    "zeros after Ogg": ("ogg", b"", bytes(3000)),
}


@pytest.mark.parametrize("addition", ADDITIONS.values(), ids=ADDITIONS.keys())
def test_what_stands_around_the_sound_does_not_matter(tmp_path, intact, log_mel, addition):
    suffix, before, after = addition
    plain, tagged = tmp_path / f"plain.{suffix}", tmp_path / f"tagged.{suffix}"
    plain.write_bytes(intact[suffix])
    tagged.write_bytes(before + intact[suffix] + after)
    np.testing.assert_array_equal(log_mel(tagged, **WHOLE), log_mel(plain, **WHOLE))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", [*FORMATS, "txt", ""])
def test_the_content_tells_the_format_and_not_the_suffix(tmp_path, intact, log_mel, suffix, name):
    right, wrong = tmp_path / f"right.{suffix}", tmp_path / f"wrong.{name}"
    right.write_bytes(intact[suffix])
    wrong.write_bytes(intact[suffix])
    np.testing.assert_array_equal(log_mel(wrong), log_mel(right))


def test_a_song_written_twice_into_one_mp3_is_heard_once(tmp_path, intact, log_mel):
    once, twice = tmp_path / "once.mp3", tmp_path / "twice.mp3"
    once.write_bytes(intact["mp3"])
    twice.write_bytes(intact["mp3"] * 2)
    np.testing.assert_array_equal(log_mel(twice, **WHOLE), log_mel(once, **WHOLE))
