"""Where in the spectrum each emotion sounds."""

import numpy as np
import pandas as pd
import pytest
from skorch.helper import SliceDict

from sklearn_skd import LogMelSpectrogram
from sklearn_skd.evaluation import mel_band_response

RATE = 8000


@pytest.fixture
def spectrograms():
    return np.random.RandomState(0).normal(-5, 2, size=(12, 16, 20)).astype(np.float32)


@pytest.fixture
def y():
    return np.array(["calm", "joy", "sadness", "tension"] * 3)


def test_the_response_is_the_scaled_mean_of_a_band_over_channels_frames_and_songs(spectrograms, y):
    table = mel_band_response(spectrograms, y, n_bands=4)
    raw = spectrograms.astype(float).reshape(12, 4, 4, 20).mean(axis=(2, 3))
    scaled = (raw - raw.min()) / (raw.max() - raw.min())
    for code, emotion in enumerate(["calm", "joy", "sadness", "tension"]):
        rows, songs = table[table["emotion"] == emotion], scaled[code::4]
        assert rows["band"].tolist() == [1, 2, 3, 4]
        np.testing.assert_allclose(rows["response"], songs.mean(axis=0))
        np.testing.assert_allclose(rows["error"], songs.std(axis=0, ddof=1) / np.sqrt(3))
    assert (table["n_songs"] == 3).all()
    assert (table["n_missing"] == 0).all()


def test_the_lowest_and_highest_response_of_all_songs_and_bands_are_0_and_1(spectrograms):
    table = mel_band_response(spectrograms, np.arange(12), n_bands=8)  # a song an emotion
    assert table["response"].min() == 0
    assert table["response"].max() == 1
    assert table["error"].isna().all()


@pytest.mark.parametrize("padding", [np.float32(np.log(1e-6)), np.nan], ids=["silence", "NaN"])
def test_padding_changes_nothing(spectrograms, y, padding):
    padded = np.pad(spectrograms, ((0, 0), (0, 0), (0, 30)), constant_values=padding)
    pd.testing.assert_frame_equal(
        mel_band_response(padded, y), mel_band_response(spectrograms, y), rtol=1e-9
    )


def test_songs_without_sound_are_left_out_and_counted(spectrograms, y):
    X = spectrograms.copy()
    X[0], X[4] = np.nan, np.float32(np.log(1e-6))  # no audio; nothing but silence
    table = mel_band_response(X, y)
    left = np.setdiff1d(np.arange(12), [0, 4])
    known = mel_band_response(X[left], y[left])
    calm = table["emotion"] == "calm"
    assert (table.loc[calm, "n_missing"] == 2).all()
    assert (table.loc[~calm, "n_missing"] == 0).all()
    columns = ["emotion", "band", "response", "error", "n_songs"]
    pd.testing.assert_frame_equal(table[columns], known[columns])


def test_an_emotion_without_any_sound_has_no_response(spectrograms, y):
    X = spectrograms.copy()
    X[y == "joy"] = np.nan
    joy = mel_band_response(X, y, n_bands=2).set_index("emotion").loc["joy"]
    assert joy["response"].isna().all()
    assert joy["n_songs"].tolist() == [0, 0]
    assert joy["n_missing"].tolist() == [3, 3]


def test_unlabelled_songs_change_nothing(spectrograms, y):
    loud = np.concatenate([spectrograms, spectrograms[:2] + 50])
    table = mel_band_response(loud, [*y, None, np.nan])
    pd.testing.assert_frame_equal(table, mel_band_response(spectrograms, y))


def test_channels_that_do_not_divide_go_to_bands_of_nearly_equal_size():
    ramp = np.tile(np.arange(10.0)[:, None], (1, 4))
    table = mel_band_response(np.stack([ramp, ramp]), ["calm", "joy"], n_bands=4)
    calm = table.loc[table["emotion"] == "calm", "response"]
    means = np.array([0.5, 3.0, 6.0, 8.5])  # channels 0-1, 2-4, 5-7, 8-9
    np.testing.assert_allclose(calm, (means - 0.5) / 8)


def test_a_mapping_is_read_by_the_name_of_its_source(spectrograms, y):
    plain = mel_band_response(spectrograms, y)
    other = np.zeros((12, 3))
    for X in ({"audio": spectrograms, "v": other}, SliceDict(audio=spectrograms, v=other)):
        pd.testing.assert_frame_equal(mel_band_response(X, y), plain)
    named = mel_band_response({"mel": spectrograms}, y, source="mel")
    pd.testing.assert_frame_equal(named, plain)


def test_a_tone_sounds_loudest_in_the_band_whose_range_holds_it():
    log_mel = LogMelSpectrogram(sr=RATE, duration=0.5, n_mels=64, fmin=100.0)
    hertz = [250, 700, 1100, 1700, 2600, 3500]
    time = np.arange(RATE // 2) / RATE
    tones = [(np.sin(2 * np.pi * f * time), RATE) for f in hertz]
    table = mel_band_response(log_mel.transform(tones), hertz, n_bands=8, log_mel=log_mel)
    for tone, rows in table.groupby("emotion"):
        loudest = rows.loc[rows["response"].idxmax()]
        assert loudest["low_hz"] < tone < loudest["high_hz"]
        np.testing.assert_allclose(rows["low_hz"].to_numpy()[1:], rows["high_hz"].to_numpy()[:-1])
        assert rows["low_hz"].iloc[0] == 100
        assert rows["high_hz"].iloc[-1] == RATE / 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "sound"}, r"no source 'sound', only \['audio'\]"),
        ({"n_bands": 17}, "cannot be made of the 16 channels of 'audio': choose 1 to 16"),
        ({"n_bands": 0}, "n_bands=0"),
        ({"log_mel": LogMelSpectrogram(n_mels=64)}, "n_mels=64, but the spectrograms have 16"),
        ({"X": {"audio": np.zeros((12, 16))}}, "is float of shape"),
        ({"X": {"audio": np.zeros((12, 16, 9), int)}}, "is float of shape"),
        ({"X": {"audio": np.full((12, 16, 9), np.nan)}}, "No labelled song has sound in 'audio'"),
        ({"X": {"audio": np.full((12, 16, 9), -np.inf)}}, "row 0 holds infinity"),
        ({"y": ["calm", *["joy"] * 10]}, "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_compared_is_refused(spectrograms, y, change, message):
    call = {"X": {"audio": spectrograms}, "y": y, **change}
    with pytest.raises(ValueError, match=message):
        mel_band_response(**call)
