import os

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_skd.features import _decode
from sklearn_skd.features._decode import load_window
from sklearn_skd.features._song import SongError, SongNotFoundError, as_songs, check_song

SR = 22050


def tone(seconds, rate=SR, frequency=440.0, amplitude=0.5):
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def write(path, samples, rate=SR, **options):
    """Write (samples,) or (samples, channels) block by block, as long OGG files need."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(path, "w", rate, channels, **options) as file:
        for start in range(0, len(samples), rate):
            file.write(samples[start : start + rate])
    return str(path)


def load(song, sr=SR, duration=2.0, segment="energy"):
    return load_window(check_song(song, sr=sr), sr=sr, duration=duration, segment=segment)


def quiet_with_loud_part(seconds, loud_from, loud_to):
    samples = tone(seconds, amplitude=0.01)
    samples[loud_from * SR : loud_to * SR] *= 50
    return samples


# ---- the window -------------------------------------------------------------------------------


def test_a_clip_of_the_window_length_at_the_right_rate_is_returned_unchanged(tmp_path):
    samples = tone(2.0)
    path = write(tmp_path / "song.wav", samples, subtype="FLOAT")
    np.testing.assert_array_equal(load(path), samples)


def test_the_energy_window_is_the_loudest_on_a_grid_of_one_second(tmp_path):
    samples = quiet_with_loud_part(8, 5, 7)
    path = write(tmp_path / "song.wav", samples, subtype="FLOAT")
    np.testing.assert_array_equal(load(path), samples[5 * SR : 7 * SR])


def test_a_file_and_its_samples_in_memory_give_the_same_window(tmp_path):
    samples = quiet_with_loud_part(8, 3, 5)
    path = write(tmp_path / "song.wav", samples, subtype="FLOAT")
    np.testing.assert_array_equal(load(path), load(samples))


def test_equally_loud_windows_resolve_to_the_earliest():
    # each second holds the same samples in another order: the sums differ by rounding alone
    second = np.random.default_rng(0).normal(scale=0.1, size=SR).astype(np.float32)
    samples = np.concatenate([np.roll(second, 137 * i) for i in range(60)])
    np.testing.assert_array_equal(load(samples), samples[: 2 * SR])


def test_windows_of_fractional_seconds_have_their_exact_length():
    samples = quiet_with_loud_part(9, 6, 9)
    window = load(samples, duration=2.7)
    assert len(window) == round(2.7 * SR)
    assert window.std() > 0.3


def test_a_window_below_one_second_is_found_on_its_own_grid():
    samples = quiet_with_loud_part(3, 2, 3)
    assert load(samples, duration=0.25).std() > 0.3


@pytest.mark.parametrize(("segment", "first"), [("start", 0), ("centre", 3)])
def test_start_and_centre_take_the_window_they_name(tmp_path, segment, first):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 8 * SR).astype(np.float32)
    path = write(tmp_path / "song.wav", samples, subtype="FLOAT")
    expected = samples[first * SR : (first + 2) * SR]
    np.testing.assert_array_equal(load(path, segment=segment), expected)
    np.testing.assert_array_equal(load(samples, segment=segment), expected)


@pytest.mark.parametrize("segment", ["energy", "start", "centre"])
def test_a_song_shorter_than_the_window_is_returned_whole(segment):
    np.testing.assert_array_equal(load(tone(0.7), segment=segment), tone(0.7))


def test_a_rest_of_less_than_a_second_is_part_of_no_window():
    samples = np.concatenate([tone(4.0, amplitude=0.1), tone(0.5, amplitude=0.9)])
    np.testing.assert_array_equal(load(samples), samples[: 2 * SR])


def test_memory_depends_on_the_window_and_not_on_the_length_of_the_file():
    class Endless:
        """Yields ten hours of sound and counts the blocks that are still referenced."""

        frames, samplerate, position = 36_000 * 100, 100, 0
        subtype, channels = "FLOAT", 1

        def read(self, out):
            out = out[: self.frames - self.position]
            self.position += len(out)
            out[:] = 0.5 if self.position < 9_000 * 100 else 0.1
            return out

    import tracemalloc

    tracemalloc.start()
    try:
        window = _decode._loudest(_decode._Mono(Endless()), window=3000, size=100)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(window) == 3000
    assert peak < 200_000  # bytes; the whole file would take 14 MB


def test_a_header_that_promises_too_much_gives_what_is_there():
    class Truncated(_decode._Waveform):
        frames = property(lambda self: 10 * SR, lambda self, value: None)

    samples = tone(1.5)
    mono = _decode._Mono(Truncated(samples[np.newaxis], SR))
    window = _decode._cut(mono, 2 * SR, "energy", blocks=2)
    np.testing.assert_array_equal(window, samples)


# ---- formats, rates, channels -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_formats_rates_and_channels_give_the_same_tone(tmp_path, suffix, channels, rate):
    samples = np.repeat(tone(3.0, rate)[:, np.newaxis], channels, axis=1)
    window = load(write(tmp_path / f"song.{suffix}", samples, rate))
    assert window.dtype == np.float32
    assert len(window) == 2 * SR
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window))))
    assert np.argmax(spectrum) == 880  # 440 Hz in bins of half a hertz
    assert window.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.06)


def test_channels_are_averaged(tmp_path):
    left, right = tone(2.0, frequency=300), tone(2.0, frequency=700)
    path = write(tmp_path / "song.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    np.testing.assert_allclose(load(path), (left + right) / 2, atol=1e-7)
    np.testing.assert_allclose(load(np.stack([left, right])), (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg"])
def test_blocks_join_to_what_libsndfile_reads_in_one_go(tmp_path, suffix, channels):
    noise = np.random.default_rng(0).uniform(-1, 1, size=(round(2.4 * SR), channels))
    path = write(tmp_path / f"song.{suffix}", noise)
    samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    np.testing.assert_allclose(load(path, duration=3.0), samples.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_decoding_never_goes_back(tmp_path, suffix, monkeypatch):
    path = write(tmp_path / f"song.{suffix}", tone(8.0))
    monkeypatch.setattr(soundfile.SoundFile, "seek", None)  # a seek would be a TypeError
    assert len(load(path)) == 2 * SR


def test_only_the_window_is_resampled(monkeypatch):
    import soxr

    lengths = []
    resample = soxr.resample

    def spy(samples, *args, **kwargs):
        lengths.append(len(samples))
        return resample(samples, *args, **kwargs)

    monkeypatch.setattr(soxr, "resample", spy)
    load((tone(60.0, 44100), 44100))
    assert lengths == [2 * 44100]


@pytest.mark.parametrize("segment", ["energy", "start", "centre"])
@pytest.mark.parametrize("seconds", [1, 2, 5])
def test_waveforms_that_need_no_mixing_come_out_as_if_they_did(segment, seconds):
    spread = quiet_with_loud_part(seconds, 2, 4).repeat(2)[::2]  # not contiguous
    mixed = np.stack([spread, spread]).astype(np.float64)
    for rate in (SR, 2 * SR):
        ready, made = (load((s, rate), segment=segment) for s in (spread, mixed))
        np.testing.assert_array_equal(ready, made)


def test_a_waveform_is_not_changed_and_may_still_be_by_its_owner():
    samples = tone(2.0)
    before = samples.copy()
    window = load((samples, SR))
    assert not window.flags.writeable  # it may be the samples themselves
    np.testing.assert_array_equal(samples, before)
    samples[0] = 1.0
    assert samples.flags.writeable


def test_double_precision_waveforms_are_welcome():
    window = load(tone(2.0).astype(np.float64))
    np.testing.assert_array_equal(window, tone(2.0))


# ---- errors -----------------------------------------------------------------------------------


def test_a_missing_file_is_a_file_not_found_error_that_names_the_file():
    with pytest.raises(SongNotFoundError, match=r"no such file: 'nowhere\.wav'.*Check the path"):
        load("nowhere.wav")
    assert issubclass(SongNotFoundError, FileNotFoundError)
    assert issubclass(SongNotFoundError, ValueError)


def test_a_folder_is_not_a_song(tmp_path):
    with pytest.raises(SongError, match="is not a file"):
        load(tmp_path)


def test_a_path_that_cannot_exist_is_reported():
    with pytest.raises(SongError, match="cannot open"):
        load("a\0b.wav")
    with pytest.raises(SongError, match="cannot open"):
        load("x" * 5000)


def test_bytes_paths_are_refused():
    class BytesPath:
        def __fspath__(self):
            return b"song.wav"

    with pytest.raises(SongError, match=r"paths are str, got bytes.*os\.fsdecode"):
        load(BytesPath())


def test_a_file_without_the_right_to_read_is_reported(tmp_path, monkeypatch):
    path = write(tmp_path / "song.wav", tone(1.0))

    def refuse(path, flags):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SongError, match="no permission"):
        load(path)


@pytest.mark.parametrize("name", ["song.mp3", "song.raw", "song.wav"])
def test_text_is_not_audio(tmp_path, name):
    path = tmp_path / name
    path.write_text("this is no music")
    with pytest.raises(SongError, match=r"cannot decode '.*song\..*ffmpeg"):
        load(path)


def test_a_file_damaged_inside_is_reported(tmp_path, monkeypatch):
    path = write(tmp_path / "song.flac", tone(4.0))
    import soundfile

    def fail(self, *args, **kwargs):
        raise soundfile.LibsndfileError(0, "lost sync")

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    with pytest.raises(SongError, match=r"song\.flac' is damaged"):
        load(path)


def test_an_empty_file_holds_no_audio(tmp_path):
    path = write(tmp_path / "song.wav", np.empty(0, np.float32))
    with pytest.raises(SongError, match=r"song\.wav' holds no audio \(0 s\)"):
        load(path)
    with pytest.raises(SongError, match=r"the waveform holds no audio \(0 s\)"):
        load(np.empty(0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("seconds", [1.0, 6.0])
def test_samples_that_are_not_finite_are_reported(tmp_path, value, seconds):
    samples = tone(seconds)
    samples[-100] = value
    path = write(tmp_path / "song.wav", samples, subtype="FLOAT")
    with pytest.raises(SongError, match=r"song\.wav' holds NaN or infinite samples"):
        load(path)


@pytest.mark.parametrize("factor", [32767.0, 1e30, 1e300])
@pytest.mark.parametrize("seconds", [1.0, 6.0])
@pytest.mark.filterwarnings("error")
def test_samples_of_another_scale_are_reported(factor, seconds):
    with pytest.raises(SongError, match=r"samples lie in \[-1, 1\]|NaN or infinite"):
        load(tone(seconds).astype(np.float64) * factor)


@pytest.mark.parametrize(
    ("song", "message"),
    [
        (np.zeros(100, dtype=np.int16), "int16 by 32768"),
        (np.zeros((2, 2, 2)), "got \\(2, 2, 2\\)"),
        (np.zeros((100, 2)), "Transpose it"),
        ((np.zeros(100), 0), "positive number in Hz"),
        ((np.zeros(100), "44100"), "positive number in Hz"),
        ((np.zeros(100), np.nan), "positive number in Hz"),
        (17, "got int"),
        ([0.1, 0.2], "got list"),
        (b"song.wav", "got bytes"),
        ((1, 2, 3), "got tuple"),
    ],
)
def test_what_is_no_song_is_said_with_the_remedy(song, message):
    with pytest.raises(SongError, match=message):
        load(song)


@pytest.mark.parametrize("song", [None, np.nan, float("nan"), pd.NA, pd.NaT], ids=repr)
def test_missing_values_of_every_kind_are_missing_audio(song):
    with pytest.raises(SongError, match="no audio"):
        load(song)


# ---- the table --------------------------------------------------------------------------------


def test_every_form_of_a_table_lists_the_same_songs():
    paths = ["a.wav", "b.wav"]
    forms = [
        paths,
        tuple(paths),
        np.array(paths),
        np.array(paths, dtype=object),
        np.array(paths)[:, np.newaxis],
        pd.Series(paths, index=[7, 7]),
        pd.DataFrame({"audio": paths}),
        pd.DataFrame({"audio": pd.Series(paths, dtype=object)}),
    ]
    for form in forms:
        assert as_songs(form) == paths


def test_arrays_of_numbers_are_waveforms_along_the_first_axis():
    assert [song.shape for song in as_songs(np.zeros((3, 100)))] == [(100,)] * 3
    assert [song.shape for song in as_songs(np.zeros((3, 2, 100)))] == [(2, 100)] * 3


def test_a_column_of_waveforms_with_rates_keeps_its_cells():
    songs = as_songs(pd.DataFrame({"audio": [(np.zeros(5), 8000), None]}))
    assert songs[0][1] == 8000
    assert songs[1] is None


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("song.wav", TypeError, r"pass \['song.wav'\]"),
        (5, TypeError, "Expected a sequence of songs, got int"),
        (np.array("song.wav"), TypeError, "Expected a sequence of songs"),
        ([], ValueError, "Found 0 songs"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "one column of songs, got 2"),
        (np.array([["x", "y"]], dtype=object), ValueError, "one column of songs, got 2"),
    ],
)
def test_what_is_no_table_of_songs_is_said_with_the_remedy(X, error, message):
    with pytest.raises(error, match=message):
        as_songs(X)
