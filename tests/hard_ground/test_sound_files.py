"""Whole files with unusual sound: lengths, rates, channels, bit depths, extreme samples."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

SR = 22050
FORMATS = ["wav", "flac", "ogg", "mp3"]
FLOOR = np.float32(np.log(1e-6))
# dB-like tolerance in nats of power: what lossy codecs and resampling may change in a loud band
CLOSE = 0.35


def loud(log_mel):
    """Bands and frames well above the noise, away from the ends."""
    return log_mel[:, 3:-3] > log_mel.max() - 7


def assert_alike(actual, expected, tolerance=CLOSE):
    assert actual.shape == expected.shape
    where = loud(expected)
    assert where.sum() > 20
    assert np.abs(actual[:, 3:-3] - expected[:, 3:-3])[where].max() < tolerance


# ---- lengths ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_clip_of_no_length_holds_no_audio(write, refused, suffix):
    path = write(f"song.{suffix}", np.empty(0, np.float32))
    refused(path, r"holds no audio \(0 s\)|cannot decode|is damaged: 0\.0 s", names=path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_clip_of_a_tenth_of_a_second_is_followed_by_silence(music, write, log_mel, suffix):
    song = log_mel(write(f"song.{suffix}", music(seconds=0.1)))
    assert song[:, :4].max() > -2
    # lossy formats may add a frame or two of their own
    np.testing.assert_array_equal(song[:, 9:], FLOOR)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
@pytest.mark.parametrize("n_samples", [1, 2, 3, 100])
def test_a_clip_of_a_few_samples_is_a_song(write, log_mel, suffix, n_samples):
    song = log_mel(write(f"song.{suffix}", np.full(n_samples, 0.5, np.float32)))
    np.testing.assert_array_equal(song[:, 6:], FLOOR)


@pytest.mark.parametrize("n_samples", [1, 4])
def test_a_clip_shorter_than_one_sample_of_the_analysis_holds_no_audio(write, refused, n_samples):
    path = write("song.wav", np.full(n_samples, 0.5, np.float32), 192_000)
    refused(path, r"holds no audio \(\d", names=path)


@pytest.mark.parametrize("difference", [-1, 0, 1])
@pytest.mark.parametrize("segment", ["energy", "start", "centre"])
def test_clips_of_the_window_give_or_take_a_sample_are_whole(
    music, write, log_mel, difference, segment
):
    samples = music(seconds=1.0)[: SR // 2 + difference]
    song = log_mel(write("song.wav", samples), segment=segment)
    assert (song.max(axis=0) > -3).all()


# ---- what the samples hold --------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_silence_is_the_floor_in_every_band(write, log_mel, suffix):
    song = log_mel(write(f"song.{suffix}", np.zeros(SR, np.float32)))
    np.testing.assert_array_equal(song, FLOOR)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("offset", [0.9, -0.5])
def test_a_constant_offset_leaves_almost_nothing(write, log_mel, suffix, offset):
    song = log_mel(write(f"song.{suffix}", np.full(SR, offset, np.float32)), segment="centre")
    assert song[5:, 4:-4].max() < -8  # above the lowest bands; a full tone reaches 5


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_offset_changes_little_but_the_lowest_bands(music, write, log_mel, suffix):
    samples = 0.4 * music(seconds=1.0)
    plain = log_mel(write(f"plain.{suffix}", samples), segment="centre")
    shifted = log_mel(write(f"shifted.{suffix}", samples + 0.5), segment="centre")
    assert_alike(shifted[3:], plain[3:])


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("gain", [4, 100])
def test_clipping_is_loud_and_no_error(music, write, log_mel, suffix, gain):
    samples = music(seconds=1.0)
    clipped = np.clip(gain * samples, -1, 1)
    assert log_mel(write(f"loud.{suffix}", clipped)).sum() > log_mel(samples).sum()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, 5000, -1])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_not_finite_are_refused(music, write, refused, value, position, subtype):
    samples = music(seconds=0.5)
    samples[position] = value
    path = write("song.wav", samples, subtype=subtype)
    refused(path, "holds NaN or infinite samples", names=path)


@pytest.mark.parametrize("scale", [32767.0, 2.0**31, 1e30])
def test_samples_of_another_scale_are_refused(music, write, refused, scale):
    path = write("song.wav", music(seconds=0.5) * np.float32(scale), subtype="FLOAT")
    refused(path, r"samples lie in \[-1, 1\]. Divide by their full scale", names=path)


@pytest.mark.parametrize("scale", [1e-5, 1e-30, 1e-42])
def test_samples_too_small_to_hear_are_nearly_silence(music, write, log_mel, scale):
    path = write("song.wav", music(seconds=0.5) * np.float32(scale), subtype="FLOAT")
    np.testing.assert_allclose(log_mel(path), FLOOR, atol=0.1)


# ---- how they are stored ----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize(
    "rate",
    [4000, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000],
)
def test_every_rate_gives_the_same_spectrogram(music, write, log_mel, suffix, rate):
    path = write(f"song.{suffix}", music(seconds=1.0, rate=rate), rate)
    assert_alike(log_mel(path), log_mel(music(seconds=1.0)))


@pytest.mark.parametrize("rate", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_every_rate_of_mp3_gives_the_same_spectrogram(music, write, log_mel, rate):
    path = write("song.mp3", music(seconds=1.0, rate=rate), rate)
    assert_alike(log_mel(path, segment="centre"), log_mel(music(seconds=1.0), segment="centre"))


@pytest.mark.parametrize(
    ("suffix", "channels"),
    [*((suffix, n) for suffix in FORMATS[:3] for n in range(1, 9)), ("mp3", 1), ("mp3", 2)],
)
def test_every_number_of_channels_gives_the_same_spectrogram(
    music, write, log_mel, suffix, channels
):
    samples = music(seconds=1.0)
    path = write(f"song.{suffix}", np.tile(samples[:, np.newaxis], channels))
    assert_alike(log_mel(path, segment="centre"), log_mel(samples, segment="centre"))


@pytest.mark.parametrize("channels", [16, 64])
def test_many_channels_are_averaged(music, write, log_mel, channels):
    samples = music(seconds=1.0)
    path = write("song.wav", np.tile(samples[:, np.newaxis], channels), subtype="FLOAT")
    np.testing.assert_allclose(log_mel(path), log_mel(samples), atol=1e-3)


def test_channels_in_opposite_phase_cancel_to_silence(music, write, log_mel):
    samples = music(seconds=1.0)
    path = write("song.wav", np.stack([samples, -samples], axis=1))
    np.testing.assert_allclose(log_mel(path), FLOOR, atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "subtype", "rate"),
    [
        ("WAV", "PCM_U8", SR),
        ("WAV", "PCM_16", SR),
        ("WAV", "PCM_24", SR),
        ("WAV", "PCM_32", SR),
        ("WAV", "FLOAT", SR),
        ("WAV", "DOUBLE", SR),
        ("WAV", "ULAW", SR),
        ("WAV", "ALAW", SR),
        ("WAV", "IMA_ADPCM", SR),
        ("WAV", "MS_ADPCM", SR),
        ("WAVEX", "PCM_24", SR),
        ("RF64", "PCM_16", SR),
        ("W64", "PCM_16", SR),
        ("FLAC", "PCM_S8", SR),
        ("FLAC", "PCM_16", SR),
        ("FLAC", "PCM_24", SR),
        ("AIFF", "PCM_S8", SR),
        ("AIFF", "PCM_16", SR),
        ("AIFF", "FLOAT", SR),
        ("CAF", "ALAC_16", SR),
        ("CAF", "PCM_24", SR),
        ("AU", "PCM_16", SR),
        ("OGG", "VORBIS", SR),
        ("OGG", "OPUS", 48000),
        ("MP3", "MPEG_LAYER_III", SR),
    ],
)
def test_every_way_to_store_samples_gives_the_same_spectrogram(
    music, write, log_mel, kind, subtype, rate
):
    path = write("song", music(seconds=1.0, rate=rate), rate, format=kind, subtype=subtype)
    expected = log_mel(music(seconds=1.0), segment="centre")
    assert_alike(log_mel(path, segment="centre"), expected)


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_both_byte_orders_give_the_same_spectrogram(music, write, log_mel, endian):
    path = write("song.aiff", music(seconds=1.0), subtype="PCM_16", endian=endian)
    assert_alike(log_mel(path), log_mel(music(seconds=1.0)), tolerance=0.01)


# ---- three hours ------------------------------------------------------------------------------

MEASURE = """
import json, re, sys
from pathlib import Path
from sklearn_skd.features import LogMelSpectrogram

peaks = []
for path, segment in json.loads(sys.argv[1]):
    X = LogMelSpectrogram(segment=segment).transform([path])
    assert X.shape == (1, 64, 1292) and (X.max() > 0) == (segment == "energy")
    # not ru_maxrss, which starts from that of the parent process
    status = Path("/proc/self/status").read_text()
    peaks.append(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024)
print(json.dumps(peaks))
"""
LONG = [("hours.wav", "energy"), ("hours.flac", "energy"), ("hours.wav", "centre")]


def write_long_wav(path, samples, rate, seconds):
    """Write `samples` followed by silence that takes no room on the disk."""
    soundfile.write(path, samples, rate, subtype="PCM_16")
    size = 4 * rate * seconds
    with open(path, "r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", 36 + size))
        file.seek(40)
        file.write(struct.pack("<I", size))
        file.truncate(44 + size)


def write_long_flac(path, samples, rate, seconds):
    with soundfile.SoundFile(path, "w", rate, 1) as file:
        file.write(samples)
        for _ in range(seconds // 60 - 1):
            file.write(np.zeros(60 * rate, np.int16))


@pytest.fixture(scope="module")
def peaks(tmp_path_factory, music):
    """Peak memory of a process, in MB, after a file of a minute and after each of three hours."""
    folder = tmp_path_factory.mktemp("long")
    hours = 3 * 3600
    stereo = np.tile(music(seconds=60.0, rate=8000)[:, np.newaxis], 2)
    write_long_wav(folder / "minute.wav", stereo, 8000, 60)
    write_long_wav(folder / "hours.wav", stereo, 8000, hours)
    write_long_flac(folder / "hours.flac", music(seconds=60.0, rate=4000), 4000, hours)
    assert soundfile.info(folder / "hours.wav").duration == hours
    assert soundfile.info(folder / "hours.flac").duration == hours
    songs = [(str(folder / name), segment) for name, segment in [("minute.wav", "energy"), *LONG]]
    command = [sys.executable, "-c", MEASURE, json.dumps(songs)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(zip(["minute", *LONG], json.loads(printed), strict=True))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read there")
@pytest.mark.parametrize("song", LONG, ids=" ".join)
def test_three_hours_take_no_more_memory_than_a_minute(peaks, song):
    assert peaks[song] < 500
    assert peaks[song] - peaks["minute"] < 20
