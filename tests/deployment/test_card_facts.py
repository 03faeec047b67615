"""What the card says about the model itself."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from skorch.helper import SliceDict

from sklearn_skd import (
    AudioStatistics,
    LogMelSpectrogram,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    TemperatureCalibratedClassifier,
)
from sklearn_skd.deployment._card_facts import (
    changed_parameters,
    describe_model,
    describe_sources,
    describe_speed,
)


@pytest.fixture(scope="module")
def songs():
    """Four songs of twenty have no lyrics, two neither sound nor a known culture."""
    rng = np.random.default_rng(0)
    audio = rng.normal(size=(20, 4, 24)).astype(np.float32)
    lyrics = rng.normal(size=(20, 5)).astype(np.float32)
    lyrics[:, -1] = 1
    lyrics[:4] = [*np.full(4, 0.1), 0]
    audio[:2] = np.nan
    culture = rng.integers(1, 3, size=(20, 2))
    culture[:2] = 0
    return SliceDict(audio=audio, lyrics=lyrics, culture=culture), np.arange(20) % 2


@pytest.fixture(scope="module")
def student(songs):
    student = SKDStudentClassifier(
        strategy="student-only", sources=("audio", "lyrics"), calibration=None, max_epochs=1
    )
    return student.set_params(random_state=0).fit(*songs)


def test_parameters_that_differ_are_listed_and_those_of_the_teacher_too():
    teacher = TeacherClassifier(max_epochs=5, n_jobs=2)
    student = SKDStudentClassifier(teacher, temperature=3.0, memory="/home/me", random_state=0)
    table = changed_parameters([], student)
    assert dict(zip(table["parameter"], table["value"], strict=True)) == {
        "random_state": "0",
        "teacher": "TeacherClassifier",
        "teacher__max_epochs": "5",
        "temperature": "3.0",
    }
    assert set(table["part"]) == {"SKDStudentClassifier"}


def test_no_folder_and_no_address_of_a_machine_is_told():
    features = SongFeatures(
        LogMelSpectrogram(n_mels=32, cache="/home/me"),
        extra=[("statistics", AudioStatistics(cache="/home/me"), "audio")],
        lyrics=None,
    )
    student = SKDStudentClassifier(random_state=np.random.RandomState(0))
    table = changed_parameters([features], student)
    text = table.to_string()
    assert "/home" not in text
    assert "0x" not in text
    assert "audio__n_mels" in set(table["parameter"])
    extra = table.loc[table["parameter"] == "extra", "value"].item()
    assert extra == "[['statistics', AudioStatistics, 'audio']]"


def test_facts_of_a_student_and_what_another_classifier_lacks(student):
    facts = describe_model([], student)
    assert facts["Strategy"] == "student-only"
    assert facts["Trained on"] == "20 songs"
    assert facts["Calibration temperature"] == "1.000"
    assert "scikit-learn" in facts["Evaluated with"]
    others = describe_model([StandardScaler()], LogisticRegression())
    assert others["Parts"] == "StandardScaler → LogisticRegression"
    assert set(others) == {"Parts", "Evaluated with"}


def test_temperatures_in_a_row_are_one(student, songs):
    calibrated = TemperatureCalibratedClassifier(student).fit(*songs)
    again = TemperatureCalibratedClassifier(calibrated).fit(*songs)
    calibrated.temperature_, again.temperature_ = 2.0, 3.0  # and that of the student is 1
    facts = describe_model([], again)
    assert facts["Calibration temperature"] == "6.000"
    outer = "TemperatureCalibratedClassifier"
    assert facts["Parts"] == f"SKDStudentClassifier → {outer} → {outer}"


def test_songs_that_lack_a_source_are_counted_and_unread_sources_named(student, songs):
    table = describe_sources(student, songs[0], songs[0]).set_index("source")
    assert table.loc[["audio", "lyrics"], "missing"].tolist() == [2, 4]
    assert table.loc["audio", "kind"] == "time series, 4"
    assert table.loc["culture", "kind"] == "not read by this model"
    assert np.isnan(table.loc["culture", "missing"])


def test_of_other_classifiers_the_columns_of_a_table_are_known():
    X = pd.DataFrame({"tempo": [90.0, np.nan], "title": ["a", None]})
    table = describe_sources(LogisticRegression(), X, None)
    assert table[["source", "missing"]].to_numpy().tolist() == [["tempo", 1], ["title", 1]]
    assert describe_sources(LogisticRegression(), X.to_numpy(), None).empty


@pytest.mark.parametrize("container", [SliceDict, dict])
def test_songs_are_timed_one_at_a_time(student, songs, container, monkeypatch):
    asked = []
    predict_proba = SKDStudentClassifier.predict_proba

    def watch(self, X):
        asked.append(X["audio"])
        return predict_proba(self, X)

    monkeypatch.setattr(SKDStudentClassifier, "predict_proba", watch)
    speed = describe_speed(student, container(**songs[0]), 20)
    assert {len(song) for song in asked} == {1}
    assert len(asked) == speed["n"] + 1
    assert 0 < speed["low"] <= speed["median"] <= speed["high"]
