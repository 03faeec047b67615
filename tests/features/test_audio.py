import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_no_attributes_set_in_init,
    check_param_validation,
    check_parameters_default_constructible,
    check_set_params,
)

from sklearn_skd.features import LogMelSpectrogram
from sklearn_skd.features._decode import SongError

SR = 22050
FLOOR = np.float32(np.log(1e-6))


def music(seconds, rate=SR, seed=0):
    """Noise bursts over a chord: something in every band and in every frame."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * f * time) for f in (110, 440, 1310, 5000)) / 8
    noise = rng.normal(size=len(time)) * (0.02 + 0.2 * (time % 0.5 < 0.05))
    return np.clip(chord + noise, -1, 1).astype(np.float32)


def reference(window, sr=SR, pre_emphasis=0.97, eps=1e-6, **parameters):
    if pre_emphasis:
        window = librosa.effects.preemphasis(window, coef=pre_emphasis)
    parameters = {"n_fft": 1024, "hop_length": 512, "n_mels": 64} | parameters
    mel = librosa.feature.melspectrogram(y=window, sr=sr, power=2, **parameters)
    return np.log(mel + eps)


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, music(3.0), SR, subtype="FLOAT")
    return path


# ---- the values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"pre_emphasis": 0.0},
        {"pre_emphasis": None},
        {"pre_emphasis": 1.0},
        {"n_mels": 20, "fmin": 50.0, "fmax": 4000.0},
        {"n_mels": 128, "n_fft": 2048, "hop_length": 441},
        {"eps": 1e-3},
        {"sr": 16000},
        {"n_fft": 1023, "hop_length": 500},
    ],
    ids=str,
)
def test_log_mel_equals_librosa_for_the_same_window(parameters):
    window = music(3.0, rate=parameters.get("sr", SR))
    ours = LogMelSpectrogram(duration=3.0, **parameters).transform([window])[0]
    expected = reference(window, **parameters)
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_the_default_shape_is_that_of_thirty_seconds():
    X = LogMelSpectrogram().fit_transform([music(1.0)])
    assert X.shape == (1, 64, 1292)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous


def test_a_short_song_equals_librosa_on_the_padded_window():
    window = np.concatenate([music(1.3), np.zeros(round(1.7 * SR), np.float32)])
    ours = LogMelSpectrogram(duration=3.0).transform([music(1.3)])[0]
    np.testing.assert_allclose(ours, reference(window), atol=1e-4)


def test_frames_in_the_padding_are_exactly_the_floor_and_frames_of_sound_are_not():
    X = LogMelSpectrogram(duration=3.0).transform([music(1.3)])[0]
    first = -(-(round(1.3 * SR) + 512) // 512)  # the first frame that begins after the sound
    assert (X[:, first:] == FLOOR).all()
    assert not (X[:, : first - 1] == FLOOR).all(axis=0).any()


@pytest.mark.parametrize("eps", [1e-6, 1e-10, 0.3])
def test_silence_is_the_floor_throughout(eps):
    X = LogMelSpectrogram(duration=2.0, eps=eps).transform([np.zeros(SR)])
    np.testing.assert_array_equal(X, np.full((1, 64, 87), np.log(eps), dtype=np.float32))


def test_a_constant_offset_and_the_shortest_song_are_finite():
    X = LogMelSpectrogram(duration=1.0).transform([np.full(SR, 0.5), np.array([0.5])])
    assert np.isfinite(X).all()


def test_a_song_of_two_samples_equals_librosa():
    window = np.zeros(SR, dtype=np.float32)
    window[:2] = 0.5, -0.25
    ours = LogMelSpectrogram(duration=1.0).transform([window[:2]])[0]
    np.testing.assert_allclose(ours, reference(window), atol=1e-4)


def test_a_full_window_uses_every_band_and_frame_of_another_rate(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, music(3.0, 44100), 44100, subtype="FLOAT")
    resampled = librosa.resample(music(3.0, 44100), orig_sr=44100, target_sr=SR)
    ours = LogMelSpectrogram(duration=3.0).transform([path])[0]
    np.testing.assert_allclose(ours, reference(resampled), atol=1e-4)


# ---- the songs --------------------------------------------------------------------------------


def test_every_form_of_a_song_gives_the_same_spectrogram(song):
    samples = music(3.0)
    X = LogMelSpectrogram(duration=3.0).transform(
        [song, str(song), samples, (samples, SR), np.stack([samples, samples]), (samples[None], SR)]
    )
    for other in X[1:]:
        np.testing.assert_allclose(other, X[0], atol=1e-5)


def test_series_frames_and_arrays_are_tables_of_songs(song):
    transformer = LogMelSpectrogram(duration=1.0)
    expected = transformer.fit_transform([song, song])
    frame = pd.DataFrame({"audio": [str(song)] * 2}, index=[3, 3])
    for X in (frame, frame["audio"], frame.to_numpy(), frame["audio"].to_numpy()):
        np.testing.assert_array_equal(transformer.fit_transform(X), expected)


def test_nothing_is_learned_and_the_songs_do_not_influence_each_other(song):
    transformer = LogMelSpectrogram(duration=1.0)
    both = transformer.transform([song, music(1.0, seed=1)])
    np.testing.assert_array_equal(both[:1], transformer.fit([music(2.0)]).transform([song]))


def test_it_works_in_a_pipeline_also_when_pandas_output_is_asked_for(song):
    flatten = FunctionTransformer(lambda X: X.mean(axis=2))
    pipeline = make_pipeline(LogMelSpectrogram(duration=1.0), flatten)
    assert pipeline.fit_transform([song]).shape == (1, 64)
    from sklearn import config_context

    with config_context(transform_output="pandas"):
        assert LogMelSpectrogram(duration=1.0).fit_transform([song]).shape == (1, 64, 44)


# ---- songs that cannot be used ----------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_bad_song_is_named_by_its_row_and_file(song, n_jobs):
    transformer = LogMelSpectrogram(duration=1.0, n_jobs=n_jobs)
    with pytest.raises(FileNotFoundError, match=r"Row 1: no such file: 'gone\.mp3'.*on_error='wa"):
        transformer.transform([song, "gone.mp3", song, song, song])


def test_missing_audio_is_an_error_that_names_its_row(song):
    with pytest.raises(ValueError, match=r"Row 1: no audio \(missing value\)"):
        LogMelSpectrogram(duration=1.0).fit_transform(pd.Series([str(song), None]))


def test_with_warn_bad_songs_are_reported_together_and_become_missing(song):
    transformer = LogMelSpectrogram(duration=1.0, on_error="warn")
    bad = np.full(SR, np.nan)
    with pytest.warns(UserWarning, match="could not be read") as caught:
        X = transformer.transform([song, "gone.mp3", None, song, bad])
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith("3 of 5 songs could not be read")
    for part in ("row 1: no such file: 'gone.mp3'", "row 2: no audio", "row 4: the waveform hol"):
        assert part in message
    assert np.isnan(X[[1, 2, 4]]).all()
    assert np.isfinite(X[[0, 3]]).all()


@pytest.mark.filterwarnings("error")
def test_with_warn_good_songs_pass_without_a_warning(song):
    LogMelSpectrogram(duration=1.0, on_error="warn").transform([song])


def test_a_single_song_outside_a_list_is_said_with_the_remedy():
    with pytest.raises(SongError, match="A single song is passed inside a list"):
        LogMelSpectrogram().transform((np.zeros(100), 8000))
    with pytest.raises(SongError, match="A single song is passed inside a list"):
        LogMelSpectrogram().transform(np.ones(100))


def test_errors_of_our_own_are_not_taken_for_bad_songs(song, monkeypatch):
    monkeypatch.setattr(LogMelSpectrogram, "_extract", lambda self, window: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        LogMelSpectrogram(on_error="warn").transform([song])


# ---- parallel, progress, cache ----------------------------------------------------------------


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_results_do_not_depend_on_the_number_of_jobs(song, backend):
    songs = [song, *(music(1.0, seed=seed) for seed in range(4))]
    expected = LogMelSpectrogram(duration=1.0).transform(songs)
    with joblib.parallel_config(backend=backend):
        parallel = LogMelSpectrogram(duration=1.0, n_jobs=2).transform(songs)
    np.testing.assert_array_equal(parallel, expected)


def test_progress_is_shown_only_when_asked_for(song, capsys):
    LogMelSpectrogram(duration=1.0).transform([song])
    assert capsys.readouterr() == ("", "")
    LogMelSpectrogram(duration=1.0, verbose=1).transform([song, song])
    assert "LogMelSpectrogram: 100%" in capsys.readouterr().err


def test_the_cache_spares_the_decoding(song, tmp_path, monkeypatch):
    transformer = LogMelSpectrogram(duration=1.0, cache=tmp_path / "cache")
    first = transformer.transform([song, music(1.0)])
    np.testing.assert_array_equal(
        first, LogMelSpectrogram(duration=1.0).transform([song, music(1)])
    )
    monkeypatch.setattr(LogMelSpectrogram, "_compute", None)
    np.testing.assert_array_equal(transformer.transform([song, music(1.0)]), first)
    # neither the way of computing nor the type of a number is part of the key
    same = LogMelSpectrogram(duration=1, cache=tmp_path / "cache", n_jobs=2, on_error="warn")
    np.testing.assert_array_equal(same.transform([song, music(1.0)]), first)


@pytest.mark.parametrize("changed", [{"n_mels": 32}, {"segment": "start"}, {"pre_emphasis": 0.5}])
def test_other_parameters_are_other_entries(song, tmp_path, changed):
    parameters = {"duration": 1.0, "cache": str(tmp_path / "cache")}
    LogMelSpectrogram(**parameters).transform([song])
    X = LogMelSpectrogram(**parameters, **changed).transform([song])
    np.testing.assert_array_equal(X, LogMelSpectrogram(duration=1.0, **changed).transform([song]))
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2


def test_another_version_of_the_feature_is_another_entry(song, tmp_path, monkeypatch):
    transformer = LogMelSpectrogram(duration=1.0, cache=tmp_path / "cache")
    transformer.transform([song])
    monkeypatch.setattr(LogMelSpectrogram, "_cache_version", 999)
    transformer.transform([song])
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2


def test_a_changed_file_and_a_damaged_entry_are_computed_again(song, tmp_path):
    transformer = LogMelSpectrogram(duration=1.0, cache=tmp_path / "cache")
    first = transformer.transform([song])
    (entry,) = (tmp_path / "cache").rglob("*.npy")
    entry.write_bytes(entry.read_bytes()[:-1000])
    np.testing.assert_array_equal(transformer.transform([song]), first)
    soundfile.write(song, music(3.0, seed=1), SR, subtype="FLOAT")
    assert not np.array_equal(transformer.transform([song]), first)


def test_bad_songs_are_not_kept_in_the_cache(tmp_path):
    transformer = LogMelSpectrogram(on_error="warn", cache=tmp_path / "cache")
    with pytest.warns(UserWarning, match="1 of 1 songs"):
        transformer.transform([np.full(100, np.nan)])
    assert list(tmp_path.rglob("*.npy")) == []


# ---- scikit-learn -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check",
    [
        check_do_not_raise_errors_in_init_or_set_params,
        check_no_attributes_set_in_init,
        check_param_validation,
        check_parameters_default_constructible,
        check_set_params,
    ],
)
def test_checks_of_scikit_learn_that_apply(check):
    check("LogMelSpectrogram", LogMelSpectrogram(duration=0.1))


def test_clone_and_pickle_keep_parameters_and_values(song):
    transformer = LogMelSpectrogram(duration=1.0, n_mels=32).fit([song])
    expected = transformer.transform([song])
    for copy in (clone(transformer), pickle.loads(pickle.dumps(transformer))):
        assert copy.get_params() == transformer.get_params()
        np.testing.assert_array_equal(copy.transform([song]), expected)


def test_tags_tell_what_songs_are():
    tags = LogMelSpectrogram().__sklearn_tags__()
    assert not tags.requires_fit
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.input_tags.allow_nan
    assert LogMelSpectrogram(on_error="warn").__sklearn_tags__().input_tags.allow_nan


@pytest.mark.parametrize("parameters", [{"fmin": 8000.0, "fmax": 4000.0}, {"fmax": 20000.0}])
def test_impossible_bands_are_refused(song, parameters):
    transformer = LogMelSpectrogram(**parameters)
    for method in (transformer.fit, transformer.transform):
        with pytest.raises(ValueError, match="fmin < fmax <= sr / 2"):
            method([song])


def test_invalid_parameters_are_refused_by_transform_without_fit(song):
    with pytest.raises(ValueError, match="The 'segment' parameter"):
        LogMelSpectrogram(segment="middle").transform([song])


def test_importing_the_features_loads_no_heavy_library():
    heavy = ["torch", "librosa", "skorch", "sentence_transformers", "soundfile", "soxr"]
    code = (
        "import sys, sklearn_skd.features as f; f.LogMelSpectrogram(); f.AudioStatistics();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_features_are_listed_and_unknown_names_are_refused():
    import sklearn_skd.features as features

    assert {"LogMelSpectrogram", "AudioStatistics", "SongFeatures"} <= set(dir(features))
    with pytest.raises(AttributeError, match="attribute Spectrogram"):
        features.Spectrogram  # noqa: B018


# ---- real music -------------------------------------------------------------------------------


def test_real_music_equals_librosa():
    default = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("SKLEARN_SKD_REAL_MUSIC", default)) / "emotify" / "audio"
    paths = sorted(folder.glob("*.ogg"))[:2]
    if not paths:
        pytest.skip("the real songs are not here")
    X = LogMelSpectrogram(segment="start").transform(paths)
    for path, ours in zip(paths, X, strict=True):
        samples, rate = soundfile.read(path, frames=30 * SR, dtype="float32")
        assert rate == SR
        np.testing.assert_allclose(ours, reference(samples), atol=1e-4)
