"""Waveforms in memory: types, layouts, shapes, rates, extreme samples."""

import fractions

import numpy as np
import pandas as pd
import pytest
import torch

SR = 22050
FLOOR = np.float32(np.log(1e-6))


@pytest.fixture(scope="module")
def samples(music):
    return music(seconds=0.6)


@pytest.fixture(scope="module")
def expected(samples, log_mel):
    return log_mel(samples)


# ---- types and layouts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("f2", 0.5), ("f4", 0), ("f8", 0), ("g", 0), (">f4", 0), (">f8", 0), ("<f8", 0)],
)
def test_every_float_type_gives_the_same_spectrogram(samples, expected, log_mel, dtype, tolerance):
    np.testing.assert_allclose(log_mel(samples.astype(dtype)), expected, atol=tolerance)


def strided(samples):
    return np.repeat(samples, 3)[::3]


def backwards(samples):
    return samples[::-1].copy()[::-1]


def read_only(samples):
    samples = samples.copy()
    samples.flags.writeable = False
    return samples


def column_order(samples):
    return np.asfortranarray(np.stack([samples, samples]))


def transposed_view(samples):
    return np.stack([samples, samples], axis=1).T


def broadcast(samples):
    return np.broadcast_to(samples, (2, len(samples)))


def unaligned(samples):
    raw = np.empty(4 * len(samples) + 1, np.uint8)[1:].view(np.float32)
    raw[:] = samples
    return raw


def unmasked(samples):
    return np.ma.masked_array(samples, mask=False)


@pytest.mark.parametrize(
    "layout",
    [strided, backwards, read_only, column_order, transposed_view, broadcast, unaligned, unmasked],
    ids=lambda layout: layout.__name__,
)
def test_every_layout_gives_the_same_spectrogram(samples, expected, log_mel, layout):
    waveform = layout(samples)
    before = np.array(waveform)
    np.testing.assert_allclose(log_mel(waveform), expected, atol=1e-5)
    np.testing.assert_array_equal(waveform, before)


def test_a_waveform_on_disk_is_a_waveform(tmp_path, samples, expected, log_mel):
    np.save(tmp_path / "song.npy", samples)
    mapped = np.load(tmp_path / "song.npy", mmap_mode="r")
    np.testing.assert_array_equal(log_mel(mapped), expected)


@pytest.mark.parametrize(
    "kind", [list, tuple, pd.Series, torch.tensor, lambda samples: torch.tensor(samples)[None]]
)
def test_with_a_rate_whatever_converts_to_an_array_is_a_waveform(samples, expected, log_mel, kind):
    np.testing.assert_allclose(log_mel((kind(samples), SR)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(999, np.int16), "got int16. Divide .* int16 by 32768"),
        (np.zeros(999, np.int8), "got int8. Divide"),
        (np.zeros(999, np.uint8), "got uint8. Divide"),
        (np.zeros(999, np.int32), "got int32. Divide"),
        (np.zeros((2, 999), np.int64), "got int64. Divide"),
        (np.zeros(999, bool), "got bool. Convert it"),
        (np.zeros(999, complex), "got complex128. Take its real part"),
        (np.zeros(999, object), "got object. Convert it"),
        (np.full(999, "0.1"), "got <U3. Convert it"),
        (np.zeros(999, "M8[s]"), "got datetime64.* Convert it"),
        (np.zeros(9, [("left", "f4"), ("right", "f4")]), "Convert it"),
        (np.ma.masked_invalid([0.1, np.nan, 0.2]), "masked samples. Fill them"),
        (np.array(0.5), r"got \(\)"),
        (np.zeros((2, 3, 4)), r"got \(2, 3, 4\)"),
        (np.zeros((1, 1, 999)), r"got \(1, 1, 999\)"),
        (np.zeros((0, 999)), r"got \(0, 999\)"),
        (np.zeros((999, 2)), r"got \(999, 2\). Transpose it"),
        (np.zeros((999, 1)), r"got \(999, 1\). Transpose it"),
        (np.zeros(0), r"holds no audio \(0 s\)"),
        (np.zeros((2, 0)), r"holds no audio \(0 s\)"),
        (np.zeros((0, 0)), r"got \(0, 0\)"),
    ],
    ids=lambda value: f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else "",
)
def test_arrays_that_are_no_waveform_are_refused(refused, waveform, reason):
    refused(waveform, reason)


@pytest.mark.parametrize(
    ("song", "reason"),
    [
        (([[0.1], [0.1, 0.2]], SR), "the waveform is no array .*Give a NumPy array"),
        ((torch.zeros(99, requires_grad=True), SR), "the waveform is no array .*Give a NumPy"),
        ((None, SR), "got object"),
        (({"left": [0.1]}, SR), "got object"),
        ((SR, np.zeros(999)), r"got \(rate, waveform\). Swap them"),
        ((np.zeros(999), np.zeros(999)), "positive number in Hz"),
        ((b"song.wav", SR), "Convert it"),
    ],
)
def test_pairs_that_are_no_song_are_refused(refused, song, reason):
    refused(song, reason)


# ---- rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rate",
    [SR, float(SR), np.int32(SR), np.float32(SR), np.uint16(SR), fractions.Fraction(SR)],
    ids=lambda rate: type(rate).__name__,
)
def test_every_kind_of_number_is_a_rate(samples, expected, log_mel, rate):
    np.testing.assert_array_equal(log_mel((samples, rate)), expected)


@pytest.mark.parametrize(
    "rate",
    [0, -44100, np.nan, np.inf, -np.inf, "44100", None, 44100j, [44100], np.array([44100]), b"1"],
    ids=repr,
)
def test_what_is_no_rate_is_refused(samples, refused, rate):
    refused((samples, rate), "the rate of a waveform is a positive number in Hz, got")


@pytest.mark.parametrize("rate", [44.1, 192, 1e-30, 999.9, 1e8, 1e30, 10**400, True], ids=repr)
def test_a_rate_in_another_unit_is_refused(samples, refused, rate):
    refused((samples, rate), "is not that of audio. Give it in Hz")


@pytest.mark.parametrize(
    "rate",
    [4000, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000, 22050.5],
)
def test_every_rate_gives_the_same_spectrogram(music, log_mel, rate):
    song = log_mel((music(seconds=1.0, rate=rate), rate))
    expected = log_mel(music(seconds=1.0))
    loud = expected[:, 3:-3] > expected.max() - 7
    assert np.abs(song[:, 3:-3] - expected[:, 3:-3])[loud].max() < 0.1


@pytest.mark.parametrize("rate", [1000, 384_000, 1_000_000, 10_000_000])
def test_rates_at_the_limits_are_resampled(log_mel, rate):
    time = np.arange(rate) / rate
    song = log_mel((0.5 * np.sin(2 * np.pi * 300 * time), rate))
    assert song[:, 11].argmax() in (1, 2, 3)  # the bands around 300 Hz


# ---- samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", range(1, 9))
def test_equal_channels_are_as_one(samples, expected, log_mel, channels):
    np.testing.assert_allclose(log_mel(np.stack([samples] * channels)), expected, atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, 6000, -1])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_not_finite_are_refused(samples, refused, value, position, channels):
    waveform = np.stack([samples] * channels)
    waveform[-1, position] = value
    refused(
        waveform[:, : SR // 2] if position != -1 else waveform[:, -SR // 2 :], "NaN or infinite"
    )


@pytest.mark.parametrize("scale", [1e3, 32768, 2.0**31, 1e30, 1e300])
def test_huge_samples_are_refused(samples, refused, scale):
    waveform = samples.astype(float) * scale
    refused(waveform, r"samples lie in \[-1, 1\]. Divide|NaN or infinite")


@pytest.mark.parametrize("scale", [1e-6, 1e-30, 1e-45, 1e-310])
def test_tiny_samples_are_silence(samples, log_mel, scale):
    np.testing.assert_allclose(log_mel(samples.astype(float) * scale), FLOOR, atol=0.01)


@pytest.mark.parametrize("gain", [1.5, 10, 99])
def test_samples_a_little_beyond_full_scale_are_loud(samples, expected, log_mel, gain):
    loud = expected > -5
    louder = log_mel(samples * np.float32(gain))[loud]
    np.testing.assert_allclose(louder, expected[loud] + 2 * np.log(gain), atol=0.01)


@pytest.mark.parametrize("value", [0.0, -0.0])
def test_silence_is_the_floor_in_every_band(log_mel, value):
    np.testing.assert_array_equal(log_mel(np.full(SR, value)), FLOOR)


@pytest.mark.parametrize("value", [1.0, -1.0, 1e-3])
def test_a_constant_offset_leaves_almost_nothing(log_mel, value):
    assert log_mel(np.full(SR, value), segment="centre")[5:, 4:-4].max() < -8


@pytest.mark.parametrize("n_samples", [1, 2, 3, 511, 512, 513, 2205])
@pytest.mark.parametrize("segment", ["energy", "start", "centre"])
def test_a_few_samples_are_a_song_followed_by_silence(log_mel, n_samples, segment):
    song = log_mel(np.full(n_samples, 0.5), segment=segment)
    assert song[:, 0].max() > -5
    np.testing.assert_array_equal(song[:, 6:], FLOOR)


@pytest.mark.parametrize("position", [0, 5000, 11024])
def test_one_click_is_heard_where_it_is(log_mel, position):
    waveform = np.zeros(SR // 2)
    waveform[position] = 1
    song = log_mel(waveform)
    assert abs(song.max(axis=0).argmax() - position / 512) <= 1.5


def test_the_loudest_noise_is_finite(log_mel):
    waveform = np.random.default_rng(0).choice([-1.0, 1.0], SR)
    assert log_mel(waveform).min() > -5
