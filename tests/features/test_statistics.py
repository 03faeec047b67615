import pickle

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from librosa import feature
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import (
    check_no_attributes_set_in_init,
    check_param_validation,
    check_parameters_default_constructible,
    check_set_params,
)

from sklearn_skd.features import AudioStatistics
from sklearn_skd.features.statistics import describe as series_of

SR = 22050


def music(seconds, seed=0, beat=0.5):
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SR)) / SR
    chord = sum(np.sin(2 * np.pi * f * time) for f in (110, 440, 660, 5000)) / 8
    clicks = rng.normal(size=len(time)) * 0.3 * (time % beat < 0.03)
    return (chord + clicks + 0.01 * rng.normal(size=len(time))).astype(np.float32)


def describe(samples, **parameters):
    """One song's statistics as a Series."""
    table = AudioStatistics(**parameters).set_output(transform="pandas").fit_transform([samples])
    return table.iloc[0]


@pytest.fixture
def table(tmp_path):
    paths = []
    for seed in range(2):
        paths.append(str(tmp_path / f"{seed}.flac"))
        soundfile.write(paths[-1], music(2.0, seed), SR)
    return pd.DataFrame({"audio": paths, "genre": ["rock", "pop"]}, index=["x", "y"])


# ---- the values -------------------------------------------------------------------------------


def librosa_series(y):
    """The descriptors by librosa's own path from the waveform, in the order of the columns."""
    mfcc = feature.mfcc(y=y, sr=SR, n_mfcc=20)
    chroma = feature.chroma_stft(y=y, sr=SR, tuning=0.0)
    return {
        "mfcc": mfcc,
        "delta_mfcc": feature.delta(mfcc),
        "chroma": chroma,
        "contrast": feature.spectral_contrast(y=y, sr=SR),
        "tonnetz": feature.tonnetz(chroma=chroma, sr=SR),
        "centroid": feature.spectral_centroid(y=y, sr=SR),
        "bandwidth": feature.spectral_bandwidth(y=y, sr=SR),
        "rolloff": feature.spectral_rolloff(y=y, sr=SR),
        "flatness": feature.spectral_flatness(y=y),
        "zero_crossing_rate": feature.zero_crossing_rate(y),
        "rms": feature.rms(y=y),
        "onset_strength": librosa.onset.onset_strength(y=y, sr=SR)[np.newaxis],
    }


def test_every_descriptor_equals_librosa():
    y = music(6.0)
    ours = describe(y, duration=6.0)
    for name, rows in librosa_series(y).items():
        columns = [c for c in ours.index if c == f"{name}_mean" or c.startswith(f"{name}_")]
        ours_rows = ours[columns].to_numpy().reshape(-1, 5)
        expected = np.column_stack(
            [rows.mean(1), rows.std(1), *np.quantile(rows, [0.1, 0.5, 0.9], axis=1)]
        )
        np.testing.assert_allclose(ours_rows, expected, rtol=2e-3, atol=2e-3, err_msg=name)


@pytest.mark.parametrize(("n_fft", "hop_length"), [(512, 256), (4096, 512)])
def test_onsets_are_where_they_sound_for_other_lengths_of_frames(n_fft, hop_length):
    lengths = {"n_fft": n_fft, "hop_length": hop_length}
    y = music(4.0)
    expected = librosa.onset.onset_strength(y=y, sr=SR, **lengths)
    found = series_of(y, sr=SR, **lengths)[-1]
    np.testing.assert_allclose(found, expected, atol=1e-2)


@pytest.mark.parametrize("beat", [0.5, 0.4])
def test_the_tempo_is_found(beat):
    assert describe(music(15.0, beat=beat))["tempo"] == pytest.approx(60 / beat, rel=0.05)


def test_the_loudest_note_has_the_highest_chroma():
    time = np.arange(3 * SR) / SR
    ours = describe(np.sin(2 * np.pi * 440 * time))
    chroma = ours[[name for name in ours.index if name.startswith("chroma") and "_mean" in name]]
    assert chroma.astype(float).idxmax() == "chroma_A_mean"


def test_padding_does_not_enter_the_statistics():
    short, long = describe(music(3.0), duration=30.0), describe(music(3.0), duration=3.0)
    pd.testing.assert_series_equal(short, long)


@pytest.mark.parametrize("samples", [np.zeros(3 * SR), np.full(3 * SR, 0.5), np.array([0.5])])
def test_silence_an_offset_and_the_shortest_song_have_finite_statistics(samples):
    assert np.isfinite(AudioStatistics().fit_transform([samples])).all()


@pytest.mark.parametrize(
    "parameters", [{"sr": 16000}, {"sr": 44100}, {"n_fft": 1024, "hop_length": 256}]
)
def test_other_parameters_keep_the_columns(parameters):
    transformer = AudioStatistics(duration=2.0, **parameters)
    X = transformer.fit_transform([(music(2.0), SR)])
    assert X.shape == (1, len(transformer.get_feature_names_out()))
    assert np.isfinite(X).all()


# ---- tables -----------------------------------------------------------------------------------


def test_the_names_are_unique_and_as_many_as_the_columns():
    names = AudioStatistics().get_feature_names_out()
    assert len(names) == len(set(names)) == 361
    assert names[0] == "mfcc_0_mean"
    assert names[-1] == "tempo"


@pytest.mark.parametrize("selected", ["audio", ["audio"]])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_it_works_inside_a_column_transformer(table, selected, output):
    columns = ColumnTransformer(
        [
            ("audio", AudioStatistics(), selected),
            ("genre", OneHotEncoder(sparse_output=False), ["genre"]),
        ]
    ).set_output(transform=output)
    X = columns.fit_transform(table)
    assert X.shape == (2, 363)
    assert columns.get_feature_names_out()[0] == "audio__mfcc_0_mean"
    if output == "pandas":
        assert list(X.index) == ["x", "y"]
        assert X.columns[-1] == "genre__genre_rock"


def test_it_works_alone_with_the_index_of_the_table(table):
    transformer = AudioStatistics().set_output(transform="pandas")
    X = transformer.fit_transform(table["audio"])
    assert list(X.index) == ["x", "y"]
    pd.testing.assert_frame_equal(X, transformer.fit_transform(table[["audio"]]))
    assert AudioStatistics().fit_transform(table["audio"]).dtype == np.float32


def test_a_classifier_learns_from_it_in_a_pipeline(table):
    model = make_pipeline(AudioStatistics(), StandardScaler(), LogisticRegression())
    model.fit(table["audio"], table["genre"])
    assert list(model.predict(table["audio"])) == ["rock", "pop"]


def test_with_warn_a_missing_song_is_a_row_of_nan(table):
    songs = [table["audio"].iloc[0], None]
    with pytest.warns(UserWarning, match="row 1: no audio"):
        X = AudioStatistics(on_error="warn").fit_transform(songs)
    assert np.isfinite(X[0]).all()
    assert np.isnan(X[1]).all()
    with pytest.raises(ValueError, match="Row 1: no audio"):
        AudioStatistics().fit_transform(songs)


def test_cache_and_jobs_do_not_change_the_values(table, tmp_path):
    expected = AudioStatistics().transform(table["audio"])
    for _ in range(2):
        cached = AudioStatistics(cache=tmp_path / "cache", n_jobs=2).transform(table["audio"])
        np.testing.assert_array_equal(cached, expected)
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2


# ---- scikit-learn -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check",
    [
        check_no_attributes_set_in_init,
        check_param_validation,
        check_parameters_default_constructible,
        check_set_params,
    ],
)
def test_checks_of_scikit_learn_that_apply(check):
    check("AudioStatistics", AudioStatistics())


def test_clone_and_pickle_keep_parameters_and_values(table):
    transformer = AudioStatistics(duration=1.0).fit(table["audio"])
    expected = transformer.transform(table["audio"])
    for copy in (clone(transformer), pickle.loads(pickle.dumps(transformer))):
        assert copy.get_params() == transformer.get_params()
        np.testing.assert_array_equal(copy.transform(table["audio"]), expected)


def test_rates_too_low_for_the_spectral_contrast_are_refused():
    with pytest.raises(ValueError, match="The 'sr' parameter"):
        AudioStatistics(sr=8000).fit([])


@pytest.mark.parametrize(("sr", "n_fft"), [(16000, 80), (22050, 111), (44100, 221)])
def test_frames_too_short_for_the_spectral_contrast_are_refused(sr, n_fft):
    song = (music(2.0), SR)
    assert np.isfinite(AudioStatistics(sr=sr, n_fft=n_fft).fit_transform([song])).all()
    with pytest.raises(ValueError, match=f"got n_fft={n_fft - 1}, sr={sr}: set n_fft={n_fft} or"):
        AudioStatistics(sr=sr, n_fft=n_fft - 1).transform([song])
