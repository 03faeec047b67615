"""Which moments of a song speak for its emotion (eq. 8)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax

from sklearn_skd.classifiers._net import run_net

HOP = 512 / 22050


def with_audio(X, audio):
    return {**X, "audio": audio.astype(np.float32)}


def test_attention_sums_to_one_over_the_steps(fitted_student, new_songs):
    attention, time = fitted_student.temporal_attention(new_songs)
    assert attention.shape == (12, 6)
    assert_allclose(attention.sum(axis=1), 1)
    assert (attention > 0).all()
    assert_allclose(time, np.arange(6) * 16 * HOP)


def test_steps_are_in_seconds_of_the_users_frames(fitted_student, new_songs):
    _, time = fitted_student.temporal_attention(new_songs, frame_duration=0.1)
    assert_allclose(np.diff(time), 1.6)
    assert_allclose(fitted_student.emotion_timeline(new_songs, frame_duration=0.1).time, time)


def test_the_timeline_holds_calibrated_probabilities(fitted_student, new_songs):
    proba, time = fitted_student.emotion_timeline(new_songs)
    assert proba.shape == (12, 6, 3)
    assert time.shape == (6,)
    raw = run_net(fitted_student.net_, fitted_student._inputs(new_songs), method="timeline")
    assert_allclose(proba, softmax(raw / fitted_student.temperature_, axis=2))


@pytest.mark.parametrize("padding", [np.nan, -13.8])
def test_appended_silence_has_no_attention_and_hardly_moves_the_rest(
    fitted_student, new_songs, padding
):
    audio = np.tile(new_songs["audio"], (1, 1, 3))
    silence = np.full((12, 8, 160), padding)
    short = fitted_student.temporal_attention(with_audio(new_songs, audio)).attention
    padded = with_audio(new_songs, np.concatenate([audio, silence], axis=2))
    long = fitted_student.temporal_attention(padded).attention
    assert (long[:, 18:] == 0).all()
    inside = slice(0, 16)  # the last two steps look across the end of the sound
    assert_allclose(
        long[:, inside] / long[:, inside].sum(axis=1, keepdims=True),
        short[:, inside] / short[:, inside].sum(axis=1, keepdims=True),
        atol=1e-3,
    )


def test_a_song_that_lacks_the_sound_has_finite_attention(fitted_student, new_songs):
    audio = new_songs["audio"].copy()
    audio[0] = np.nan
    attention = fitted_student.temporal_attention(with_audio(new_songs, audio)).attention
    assert_allclose(attention.sum(axis=1), 1)


@pytest.mark.parametrize("method", ["temporal_attention", "emotion_timeline"])
def test_without_a_time_series_there_is_nothing_to_attend_to(tiny_student, collection, method):
    student = tiny_student(strategy="student-only", sources=("lyrics", "culture"))
    student.fit(collection.X, collection.y)
    with pytest.raises(ValueError, match=r"reads no time series, only .*'lyrics': 'vector'"):
        getattr(student, method)(collection.X)


def test_times_of_an_ensemble_and_of_a_series_that_is_not_the_first_source(
    tiny_student, collection
):
    student = tiny_student(strategy="student-only", sources=("lyrics", "audio"), n_members=2)
    student.fit(collection.X, collection.y)
    attention, time = student.temporal_attention(collection.X)
    assert attention.shape == (48, 6)
    assert time.shape == (6,)
