"""Spectrograms inside the graph are those of LogMelSpectrogram, from sound files on."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd import LogMelSpectrogram, SKDStudentClassifier, SongFeatures, TeacherClassifier
from sklearn_skd.deployment import export_onnx
from sklearn_skd.deployment._onnx_front_end import LogMelFrontEnd

SR = 8000

# of the parameters that change the spectrogram, each once
SHAPES = {
    "defaults": {},
    "another hop": {"hop_length": 441},
    "odd frames": {"n_fft": 1023, "n_mels": 20},
    "a prime": {"n_fft": 97, "hop_length": 50, "n_mels": 8},
    "gaps between frames": {"hop_length": 3000, "n_mels": 40},
    "a part of the bands": {"fmin": 30.0, "fmax": 2000.0, "n_mels": 40},
    "bands without a bin": {"n_fft": 256, "n_mels": 128},
    "flat": {"pre_emphasis": None, "eps": 1e-3},
}


def make_waveform(n_samples, seed=0):
    """Music-like: falling spectrum, a decay, and silence at the end of long ones."""
    rng = np.random.RandomState(seed)
    t = np.arange(n_samples) / SR
    x = 0.3 * np.sin(2 * np.pi * 220 * (1 + seed % 4) * t) * np.exp(-t)
    x += 0.01 * np.cumsum(rng.normal(size=n_samples)) / np.sqrt(n_samples)
    x[int(1.6 * SR) :] = 0
    return x.astype(np.float32)


@pytest.mark.parametrize("params", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("n_samples", [1, 2, 5000, 2 * SR])
@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning")
def test_gives_the_spectrogram_of_the_transformer(params, n_samples):
    log_mel = LogMelSpectrogram(sr=SR, duration=2.0, **params)
    x = make_waveform(n_samples)
    expected = log_mel.fit_transform([(x, SR)])
    with torch.inference_mode():
        actual = LogMelFrontEnd(log_mel)(torch.from_numpy(x[None])).numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-4)
    silence = np.float32(np.log(log_mel.eps))
    assert ((actual == silence) == (expected == silence)).all()


def test_silence_is_padding_and_nan_is_a_missing_song():
    log_mel = LogMelSpectrogram(sr=SR, duration=1.0)
    x = np.zeros((3, 400), dtype=np.float32)
    x[1] = np.nan
    x[2, 7] = np.nan
    with torch.inference_mode():
        out = LogMelFrontEnd(log_mel)(torch.from_numpy(x)).numpy()
    assert (out[0] == np.float32(np.log(1e-6))).all()
    assert np.isnan(out[1:]).all()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Sound files shorter and longer than the window."""
    folder = tmp_path_factory.mktemp("songs")
    paths = []
    for row in range(12):
        path = folder / f"{row}.wav"
        soundfile.write(path, make_waveform([12000, 2 * SR, 30000][row % 3], seed=row), SR)
        paths.append(str(path))
    return pd.DataFrame({"audio": paths, "genre": ["rock", "folk", None] * 4})


@pytest.fixture(scope="module")
def pipeline(table):
    features = SongFeatures(audio=LogMelSpectrogram(sr=SR, duration=2.0, n_mels=32))
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=1), teacher_cv=2, max_epochs=4, random_state=0
    )
    return make_pipeline(features, student).fit(table, [0, 1] * 6)


@pytest.fixture(scope="module")
def session(pipeline, tmp_path_factory):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    path = tmp_path_factory.mktemp("onnx") / "song.onnx"
    export_onnx(pipeline, path, front_end=True)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def read_window(path):
    """As a server does: decode, and take the loudest window of a longer song."""
    x, _ = soundfile.read(path, dtype="float32")
    if len(x) <= 2 * SR:
        return x
    starts = np.arange(0, len(x) - 2 * SR + 1, SR)
    energy = [np.square(x[start : start + 2 * SR], dtype=float).sum() for start in starts]
    return x[starts[np.argmax(energy)] :][: 2 * SR]


def test_a_sound_file_gets_the_probabilities_of_the_pipeline(session, pipeline, table):
    codes = pipeline[0].transform(table)["culture"]
    expected = pipeline.predict_proba(table)
    for row, path in enumerate(table["audio"]):
        inputs = {"audio": read_window(path)[None], "culture": codes[row : row + 1]}
        np.testing.assert_allclose(
            session.run(["probabilities"], inputs)[0][0], expected[row], rtol=0, atol=1e-5
        )


def test_several_at_once_are_padded_with_zeros(session, pipeline, table):
    codes = pipeline[0].transform(table)["culture"]
    waveforms = np.zeros((12, 2 * SR), dtype=np.float32)
    for row, path in enumerate(table["audio"]):
        window = read_window(path)
        waveforms[row, : len(window)] = window
    probabilities, credibility, attention = session.run(
        None, {"audio": waveforms, "culture": codes}
    )
    X = pipeline[0].transform(table)
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(table), rtol=0, atol=1e-5)
    np.testing.assert_allclose(credibility, pipeline[-1].predict_credibility(X), rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        attention, pipeline[-1].temporal_attention(X).attention, rtol=0, atol=1e-4
    )


def test_a_song_without_sound_is_a_missing_source(session, pipeline, table):
    X = pipeline[0].transform(table[:2])
    X["audio"][:] = np.nan
    inputs = {"audio": np.full((2, 100), np.nan, np.float32), "culture": X["culture"]}
    np.testing.assert_allclose(
        session.run(["probabilities"], inputs)[0],
        pipeline[-1].predict_proba(X),
        rtol=0,
        atol=1e-5,
    )


def test_a_waveform_that_is_too_long_is_refused(session, capfd):
    inputs = {"audio": np.zeros((1, 2 * SR + 1), np.float32), "culture": np.zeros((1, 1), int)}
    with pytest.raises(Exception, match="must be >= 0"):
        session.run(None, inputs)


def test_the_file_tells_that_it_takes_waveforms(session):
    told = json.loads(session.get_modelmeta().custom_metadata_map["sklearn_skd"])
    audio = told["sources"][0]
    assert (audio["kind"], audio["shape"]) == ("waveform", [2 * SR])
    assert audio["transformer"]["parameters"]["sr"] == SR


def test_only_log_mel_spectrograms_of_a_pipeline_have_a_front_end(pipeline, table, tmp_path):
    path = tmp_path / "m.onnx"
    student = pipeline[-1]
    with pytest.raises(ValueError, match="its sources are not made in a Pipeline"):
        export_onnx(student, path, front_end=True)
    between = make_pipeline(pipeline[0], FunctionTransformer(), student)
    with (
        pytest.warns(UserWarning, match="FunctionTransformer"),
        pytest.raises(ValueError, match="front_end=True needs a Pipeline"),
    ):
        export_onnx(between, path, front_end=True)
    features = SongFeatures(audio=None).fit(table)
    blind = SKDStudentClassifier(strategy="student-only", max_epochs=1)
    blind.fit(features.transform(table), [0, 1] * 6)
    with pytest.raises(ValueError, match=r"\{'culture': 'CultureEncoder'\}"):
        export_onnx(make_pipeline(features, blind), path, front_end=True)
    assert not list(tmp_path.iterdir())
