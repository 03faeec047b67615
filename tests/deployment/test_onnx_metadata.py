"""The metadata of an exported student: enough to serve it, and nothing private."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    AbstainingClassifier,
    LogMelSpectrogram,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
)
from sklearn_skd.deployment._onnx_metadata import as_json, describe
from sklearn_skd.deployment._onnx_parts import take_apart

OUTPUTS = ["probabilities", "credibility", "attention"]


def make_table(n=24):
    rng = np.random.RandomState(0)
    audio = [(rng.normal(size=8000).astype(np.float32), 8000) for _ in range(n)]
    genre = ["rock", "folk", None] * (n // 3)
    return pd.DataFrame({"audio": audio, "genre": genre, "era": [1990, 1970] * (n // 2)})


@pytest.fixture(scope="module")
def table():
    return make_table()


@pytest.fixture(scope="module")
def pipeline(table, tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("cache"))
    log_mel = LogMelSpectrogram(sr=8000, duration=1.0, n_mels=16, n_jobs=1, cache=cache)
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=1), teacher_cv=2, max_epochs=1, random_state=0
    )
    return make_pipeline(SongFeatures(audio=log_mel), student).fit(table, [0, 1] * 12)


def told(model, **changes):
    """The metadata as a server reads it."""
    how = {"credibility": True, "waveforms": {}, **changes}
    return json.loads(as_json(describe(take_apart(model), OUTPUTS, **how)))


def test_tells_of_the_student(pipeline):
    metadata = told(pipeline)
    assert metadata["format"] == 1
    assert metadata["package"].startswith("sklearn-skd ")
    assert metadata["classes"] == [0, 1]
    assert metadata["outputs"] == OUTPUTS
    assert metadata["temperature"] == pipeline[-1].temperature_
    assert metadata["abstention"] is None


def test_tells_what_makes_each_source_of_a_song_table(pipeline, table):
    audio, culture = told(pipeline)["sources"]
    assert (audio["name"], audio["kind"], audio["dtype"]) == ("audio", "series", "float32")
    assert audio["shape"] == list(pipeline[0].transform(table)["audio"].shape[1:])
    assert audio["columns"] == "audio"
    assert audio["transformer"]["class"] == "LogMelSpectrogram"
    assert audio["transformer"]["parameters"] == {
        "sr": 8000,
        "duration": 1.0,
        "n_fft": 1024,
        "hop_length": 512,
        "n_mels": 16,
        "fmin": 0.0,
        "fmax": None,
        "pre_emphasis": 0.97,
        "eps": 1e-6,
        "segment": "energy",
    }
    assert (culture["kind"], culture["dtype"], culture["shape"]) == ("categories", "int64", [2])
    assert culture["columns"] == ["genre", "era"]


def test_parameters_of_numpy_are_told_as_those_of_python(table):
    def metadata(integer, real):
        log_mel = LogMelSpectrogram(
            sr=integer(8000), duration=real(1.0), hop_length=integer(256), n_mels=integer(16)
        )
        student = SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)
        features = SongFeatures(audio=log_mel, culture=None)
        return told(make_pipeline(features, student).fit(table, [0, 1] * 12))

    assert metadata(np.int64, np.float32) == metadata(int, float)


def test_the_codes_of_categories_can_be_made_from_it(pipeline, table):
    culture = told(pipeline)["sources"][1]
    categories = culture["transformer"]["categories"]
    assert categories == [["folk", "rock"], ["1970", "1990"]]
    song = {"genre": "rock", "era": "2030"}
    codes = [
        known.index(song[field]) + 1 if song[field] in known else 0
        for field, known in zip(culture["columns"], categories, strict=True)
    ]
    assert codes == pipeline[0].transformers_["culture"].transform(pd.DataFrame([song])).tolist()[0]


def test_the_times_of_the_steps_can_be_made_from_it(pipeline, table):
    metadata = told(pipeline)
    student, X = pipeline[-1], pipeline[0].transform(table)
    time = student.temporal_attention(X, frame_duration=512 / 8000).time
    assert metadata["step_frames"] == 16
    np.testing.assert_allclose(np.arange(len(time)) * metadata["step_seconds"], time)


def test_a_waveform_is_told_with_the_number_of_its_samples(pipeline):
    audio = told(pipeline, waveforms={"audio": 8000})["sources"][0]
    assert (audio["kind"], audio["shape"]) == ("waveform", [8000])


def test_without_a_pipeline_the_frames_and_seconds_are_unknown(pipeline, table):
    metadata = told(pipeline[-1])
    assert metadata["sources"][0]["shape"] == [16, None]
    assert metadata["step_seconds"] is None
    assert "transformer" not in metadata["sources"][0]


def test_folders_of_this_machine_are_not_told(pipeline):
    assert pipeline[0].audio.cache not in json.dumps(told(pipeline))


def test_plain_tables_tell_their_columns_and_have_no_steps():
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(20, 2)), columns=["tempo", "mode"])
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1)
    metadata = told(student.fit(X, ["a", "b"] * 10))
    assert metadata["feature_names"] == ["tempo", "mode"]
    assert metadata["classes"] == ["a", "b"]
    assert metadata["sources"] == [
        {"name": "features", "kind": "vector", "dtype": "float32", "shape": [2]}
    ]
    assert metadata["step_frames"] is None


@pytest.mark.parametrize("by", ["confidence", "credibility", "both"])
def test_the_rule_of_abstention_can_be_followed(pipeline, table, by):
    careful = AbstainingClassifier(pipeline, by=by, coverage=0.6).fit(table, [0, 0, 1] * 8)
    rule = told(careful)["abstention"]
    confidence = careful.predict_proba(table).max(axis=1)
    credibility = pipeline[-1].predict_credibility(pipeline[0].transform(table))
    score = {"confidence": confidence, "credibility": credibility}.get(by)
    if by == "both":
        clipped = np.clip(confidence, 1e-6, 1 - 1e-6)
        sure, credible = rule["coef"]
        logit = sure * np.log(clipped / (1 - clipped)) + credible * credibility
        score = 1 / (1 + np.exp(-logit - rule["intercept"]))
    np.testing.assert_allclose(score, careful.score_samples(table), atol=1e-12)
    assert rule["threshold"] == careful.threshold_
    assert rule["coverage"] == careful.coverage_


@pytest.mark.filterwarnings("ignore:A risk of no more than")
def test_a_rule_that_answers_nothing_is_json(pipeline, table):
    careful = AbstainingClassifier(pipeline, max_risk=0.01).fit(table, [0, 0, 1] * 8)
    rule = told(careful)["abstention"]
    assert careful.threshold_ == np.inf
    assert rule["threshold"] is None
