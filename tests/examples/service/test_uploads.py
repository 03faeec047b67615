"""Limits and decoding of the example service."""

import dataclasses
import io
import pickle

import numpy as np
import pytest
import soundfile
from service_clips import as_file, noise
from uploads import Limits, Refused, decode

from sklearn_skd import LogMelSpectrogram

LIMITS = Limits()
SHORT = dataclasses.replace(LIMITS, clip_seconds=60)


def refusal(clip, limits=LIMITS):
    with pytest.raises(Refused) as caught:
        decode(clip, duration=5.0, limits=limits)
    return caught.value.status, caught.value.message


@pytest.mark.parametrize("seconds", [0.01, 3.3, 4.999, 5.0, 5.3, 12.0, 31.7])
@pytest.mark.parametrize(
    ("format", "subtype", "rate", "channels"),
    [
        ("WAV", "PCM_16", 22050, 2),
        ("WAV", "FLOAT", 8000, 1),
        ("FLAC", "PCM_24", 11025, 3),
        ("OGG", "VORBIS", 16000, 2),
        ("MP3", "MPEG_LAYER_III", 44100, 2),
    ],
)
def test_the_window_is_that_of_log_mel_spectrogram(
    seconds, format, subtype, rate, channels, tmp_path
):
    clip = as_file(noise(seconds, rate, channels=channels), rate, format=format, subtype=subtype)
    window = decode(clip, duration=5.0, limits=LIMITS)
    path = tmp_path / "clip"
    path.write_bytes(clip)
    spectrogram = {"duration": 5.0, "sr": 8000, "n_mels": 8}
    expected = LogMelSpectrogram(**spectrogram).transform([str(path)])
    found = LogMelSpectrogram(**spectrogram, segment="start").transform(
        [(window.samples, window.rate)]
    )
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert window.clip_seconds == pytest.approx(seconds, abs=0.06)  # MP3 pads


@pytest.mark.parametrize("loud", [0, 4, 9])
def test_says_where_the_window_starts(loud):
    samples = noise(14)[:, 0] * 0.1
    samples[loud * 8000 : (loud + 5) * 8000] *= 8
    window = decode(as_file(samples), duration=5.0, limits=LIMITS)
    assert window.start == loud
    assert window.clip_seconds == 14


def test_of_equally_loud_windows_the_first_is_taken():
    samples = np.tile(noise(1)[:, 0], 20)
    assert decode(as_file(samples), duration=5.0, limits=LIMITS).start == 0


def test_memory_depends_on_the_window_and_not_on_the_clip():
    import tracemalloc

    clip = as_file(noise(300)[:, 0])
    tracemalloc.start()
    decode(clip, duration=5.0, limits=LIMITS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(clip) / 2  # 300 s of float32 would be twice its size


@pytest.mark.parametrize("clip", [b"", as_file(np.empty(0, dtype=np.float32))])
def test_an_empty_clip_is_refused(clip):
    status, message = refusal(clip)
    assert status == 422
    assert "empty" in message


@pytest.mark.parametrize(
    "clip",
    [
        b"RIFF",
        b"%PDF-1.7 " + bytes(5000),
        b"<html>" * 100,
        np.random.default_rng(0).bytes(50_000),
        as_file(noise(1), format="AU"),
        as_file(noise(1), format="SVX", subtype="PCM_16"),
    ],
    ids=["cut", "pdf", "html", "random", "au", "svx"],
)
def test_what_is_no_sound_file_of_a_known_format_is_refused(clip):
    status, message = refusal(clip)
    assert status in (415, 422)  # a random byte or two may look like the start of an MP3
    assert "Traceback" not in message


def test_the_formats_are_those_that_the_message_names():
    assert refusal(as_file(noise(1), format="AU")) == (
        415,
        "The clip is no sound file that can be read: send WAV, FLAC, OGG or MP3.",
    )


@pytest.mark.parametrize("level", [0, 0.5])
def test_a_silent_clip_is_refused(level):
    assert refusal(as_file(np.full(80_000, level, dtype=np.float32)))[0] == 422
    assert "silent" in refusal(as_file(np.full(80_000, level, dtype=np.float32)))[1]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused_wherever_they_are(value):
    samples = noise(20)[:, 0]
    samples[-10] = value
    status, message = refusal(as_file(samples, subtype="FLOAT"))
    assert status == 422
    assert "not finite" in message


def test_samples_of_another_scale_are_refused():
    status, message = refusal(as_file(noise(6) * 32768, subtype="FLOAT"))
    assert status == 422
    assert "[-1, 1]" in message


@pytest.mark.parametrize("rate", [1, 3999, 192_001, 2_000_000])
def test_rates_that_are_none_of_music_are_refused(rate):
    status, message = refusal(as_file(noise(1)[:100], rate))
    assert status == 422
    assert f"{rate} Hz" in message


def test_too_many_channels_are_refused_before_memory_is_taken():
    assert refusal(as_file(np.zeros((10, 1000), dtype=np.float32)))[0] == 422


def test_a_clip_that_is_too_long_is_refused_by_its_header():
    assert refusal(as_file(noise(61)), SHORT) == (413, "The clip is longer than 1 min.")
    decode(as_file(noise(60)), duration=5.0, limits=SHORT)


def test_a_bomb_is_refused_whatever_its_header_says(bombs):
    assert refusal(bombs["honest"])[0] == 413
    assert soundfile.info(io.BytesIO(bombs["hidden"])).frames > 2**60  # so the header did not
    assert refusal(bombs["hidden"])[0] == 413


def test_an_mp3_is_counted_while_decoding():
    clip = as_file(noise(62, 16000), 16000, format="MP3")
    assert refusal(clip, SHORT)[0] == 413


@pytest.mark.parametrize("format", ["FLAC", "OGG", "MP3", "WAV"])
def test_damage_is_refused_or_decoded_and_never_a_crash(format):
    clip = as_file(noise(8, 16000), 16000, format=format)
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(60):
        damaged = np.frombuffer(clip, dtype=np.uint8)[: rng.integers(20, len(clip))].copy()
        spots = rng.integers(len(damaged), size=rng.integers(0, 40))
        damaged[spots] = rng.integers(256, size=len(spots))
        try:
            window = decode(damaged.tobytes(), duration=5.0, limits=LIMITS)
        except Refused as refused:
            outcomes.add(refused.status)
        else:
            outcomes.add(200)
            assert np.isfinite(window.samples).all()
    assert outcomes <= {200, 413, 415, 422}
    assert len(outcomes) > 1


def test_a_refusal_travels_between_processes():
    copy = pickle.loads(pickle.dumps(Refused(413, "no")))
    assert (copy.status, copy.message) == (413, "no")
