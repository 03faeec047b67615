"""Properties of the audio features that hold for any waveform and any file."""

import librosa
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sklearn_skd.features import AudioStatistics, LogMelSpectrogram
from sklearn_skd.features._song import SongError

SR = 22050
RATES = st.sampled_from([4000, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000])
SEGMENTS = st.sampled_from(["energy", "start", "centre"])
SEEDS = st.integers(0, 2**16)
LOG_MEL = LogMelSpectrogram(duration=0.5, n_mels=32)


def noise(seed, n_samples, channels=1):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (channels, n_samples)) * rng.uniform(0, 1, n_samples)


@st.composite
def waveforms(draw):
    """Finite samples in [-1, 1], of extreme values and of noise, with one to eight channels."""
    shape = draw(st.tuples(st.integers(1, 8), st.integers(8, 300)))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    width = 8 * np.dtype(dtype).itemsize
    values = st.floats(-1, 1, width=width)
    samples = draw(arrays.arrays(dtype, shape, elements=values))
    return np.tile(samples, draw(st.integers(1, 80)))


@given(samples=waveforms(), rate=RATES, segment=SEGMENTS)
def test_any_waveform_gives_a_finite_spectrogram(samples, rate, segment):
    X = LogMelSpectrogram(duration=0.5, n_mels=32, segment=segment).transform([(samples, rate)])
    assert X.shape == (1, 32, 22)
    assert X.dtype == np.float32
    assert np.isfinite(X).all()
    assert X.min() >= np.float32(np.log(1e-6))


@given(samples=waveforms(), rate=RATES)
def test_any_waveform_gives_finite_statistics(samples, rate):
    X = AudioStatistics(duration=0.5).transform([(samples, rate)])
    assert X.shape == (1, 361)
    assert X.dtype == np.float32
    assert np.isfinite(X).all()


@given(seed=SEEDS, gain=st.floats(0.01, 1.0))
def test_a_gain_moves_the_whole_spectrogram_by_its_logarithm(seed, gain):
    loud = LogMelSpectrogram(duration=0.5, n_mels=32, eps=1e-30)
    samples = noise(seed, SR // 2)
    louder, quieter = loud.transform([samples, gain * samples])
    np.testing.assert_allclose(quieter, louder + 2 * np.log(gain), atol=1e-3)


@given(seed=SEEDS)
def test_the_sign_of_the_samples_does_not_matter(seed):
    samples = noise(seed, SR // 2)
    plain, negated = LOG_MEL.transform([samples, -samples])
    np.testing.assert_array_equal(plain, negated)


@given(seed=SEEDS, frames=st.integers(1, 10))
def test_a_shift_by_whole_frames_shifts_the_spectrogram(seed, frames):
    samples = noise(seed, SR // 2)
    shifted = np.pad(samples, ((0, 0), (512 * frames, 0)))
    start = LogMelSpectrogram(duration=0.5, n_mels=32, segment="start")
    one, other = start.transform([samples, shifted])
    # the first frames see how the sound begins, the last ones what the window cuts off
    np.testing.assert_allclose(other[:, 2 + frames : -2], one[:, 2 : -2 - frames], atol=1e-3)


@given(seed=SEEDS, channels=st.integers(2, 8), data=st.data())
def test_the_order_of_the_channels_does_not_matter(seed, channels, data):
    samples = noise(seed, SR // 2, channels)
    order = data.draw(st.permutations(range(channels)))
    one, other = LOG_MEL.transform([samples, samples[order]])
    np.testing.assert_allclose(other, one, atol=1e-3)


@given(seeds=st.lists(SEEDS, min_size=2, max_size=5, unique=True), data=st.data())
def test_a_song_is_the_same_in_any_table(seeds, data):
    songs = [noise(seed, 4000 + seed % 9000) for seed in seeds]
    order = data.draw(st.permutations(range(len(songs))))
    X = LOG_MEL.transform(songs)
    np.testing.assert_array_equal(LOG_MEL.transform([songs[i] for i in order]), X[order])


@given(seed=SEEDS, silence=st.floats(0, 3))
def test_silence_after_a_song_changes_nothing(seed, silence):
    samples = noise(seed, SR // 4)
    followed = np.pad(samples, ((0, 0), (0, round(silence * SR))))
    one, other = LOG_MEL.transform([samples, followed])
    np.testing.assert_array_equal(one, other)


@given(seed=SEEDS, start=st.integers(0, 7))
def test_the_energy_window_is_the_loud_second(seed, start):
    samples = 0.01 * noise(seed, 8 * SR)
    samples[:, start * SR : (start + 1) * SR] *= 50
    log_mel = LogMelSpectrogram(duration=1.0, n_mels=32)
    one, other = log_mel.transform([samples, samples[:, start * SR : (start + 1) * SR]])
    np.testing.assert_array_equal(one, other)


@given(
    seed=SEEDS,
    sr=st.integers(4000, 48000),
    n_fft=st.integers(16, 2048),
    hop_length=st.integers(16, 1024),
    n_mels=st.integers(1, 128),
    edges=st.tuples(st.floats(0, 0.4), st.floats(0.5, 1)),
    pre_emphasis=st.floats(0.01, 1),
)
@pytest.mark.filterwarnings("ignore:Empty filters detected")
def test_log_mel_equals_librosa(seed, sr, n_fft, hop_length, n_mels, edges, pre_emphasis):
    duration = 0.25
    samples = noise(seed, round(duration * sr))[0].astype(np.float32)
    assume(n_fft < len(samples))
    mel = {"n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels}
    mel |= {"fmin": edges[0] * sr / 2, "fmax": edges[1] * sr / 2}
    log_mel = LogMelSpectrogram(sr=sr, duration=duration, pre_emphasis=pre_emphasis, **mel)
    emphasised = librosa.effects.preemphasis(samples, coef=pre_emphasis)
    power = librosa.feature.melspectrogram(y=emphasised, sr=sr, power=2.0, **mel)
    np.testing.assert_allclose(
        log_mel.transform([samples])[0], np.log(power + 1e-6), rtol=1e-3, atol=1e-3
    )


# ---- files ------------------------------------------------------------------------------------

MAGIC = [b"", b"RIFF", b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"ID3\x03\0\0"]
MAGIC += [b"\xff\xfb\x90\x64", b"\xff\xf3\x44\xc4", b"FORM\0\0\1\0AIFF", b".snd\0\0\0\x18", b"caff"]


def check_decodes_or_says_why(path, content):
    path.write_bytes(content)
    try:
        X = LOG_MEL.transform([path])
    except SongError as error:
        message = str(error)
    else:
        assert np.isfinite(X).all()
        return
    assert message.startswith("Row 0: ")
    assert repr(str(path)) in message


@given(magic=st.sampled_from(MAGIC), content=st.binary(max_size=2000))
@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_any_bytes_are_a_song_or_a_song_error(tmp_path, magic, content):
    check_decodes_or_says_why(tmp_path / "song.mp3", magic + content)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@given(data=st.data())
@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_any_change_of_a_file_leaves_a_song_or_a_song_error(tmp_path, intact, suffix, data):
    content = bytearray(intact[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        # headers are where a change matters most
        end = data.draw(st.sampled_from([100, len(content)]))
        place = data.draw(st.integers(0, end - 1))
        removed = data.draw(st.integers(0, 8))
        content[place : place + removed] = data.draw(st.binary(max_size=8))
    check_decodes_or_says_why(tmp_path / f"song.{suffix}", content)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@given(data=st.data())
@pytest.mark.filterwarnings("ignore:.*is damaged")
def test_a_cut_anywhere_leaves_a_song_or_a_song_error(tmp_path, intact, suffix, data):
    content = intact[suffix]
    length = data.draw(st.integers(0, len(content) - 1))
    check_decodes_or_says_why(tmp_path / f"song.{suffix}", content[:length])
