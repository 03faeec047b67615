"""The bundle of the example service says what the Pipeline says."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import make_bundle
import numpy as np
import pandas as pd
import pytest
from bundle import Bundle, write_bundle
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from uploads import Limits, Song

from sklearn_skd import (
    AbstainingClassifier,
    LogMelSpectrogram,
    SKDStudentClassifier,
    SongFeatures,
    TemperatureCalibratedClassifier,
)

CULTURE = ("genre", "language", "region", "singing_form", "era", "scene")


def as_song(row):
    """The upload that a row of a song table amounts to."""
    given = {field: str(row[field]) for field in CULTURE if isinstance(row[field], str)}
    lyrics = row["lyrics"] if isinstance(row["lyrics"], str) else ""
    return Song(Path(row["audio"]).read_bytes(), lyrics, given)


@pytest.fixture(scope="module")
def bundle(served):
    return Bundle(served.folder)


@pytest.fixture(scope="module")
def some(served):
    """A few songs, with and without lyrics."""
    lacking = served.songs["lyrics"].isna()
    songs = served.songs[lacking].head(2).index.union(served.songs[~lacking].head(3).index)
    assert len(songs) == 5
    return served.songs.loc[songs]


@pytest.fixture(scope="module")
def answers(bundle, some):
    return [bundle.answer(as_song(row)) for _, row in some.iterrows()]


def test_probabilities_are_those_of_the_pipeline(answers, some, served):
    expected = served.model.predict_proba(some)
    classes = served.model.classes_.tolist()
    found = [[answer["probabilities"][name] for name in classes] for answer in answers]
    assert_allclose(found, expected, atol=1e-4)
    assert np.ptp(expected, axis=0).max() > 1e-3, "songs that all get one answer test nothing"


def test_labels_are_compared_as_the_encoder_compares_them():
    bundle = object.__new__(Bundle)
    bundle.culture = {"genre": ["pop", "rock"], "era": ["1990"]}
    assert bundle._codes({"genre": "\u200brock\u200b"}).tolist() == [[2, 0]]


def test_credibility_and_timeline_are_those_of_the_student(answers, some, served):
    features, student = served.model.estimator[0], served.model.estimator[-1]
    X = features.transform(some)
    timeline = student.emotion_timeline(X)
    attention = student.temporal_attention(X).attention
    assert_allclose([a["credibility"] for a in answers], student.predict_credibility(X), atol=1e-4)
    for row, answer in enumerate(answers):
        found = answer["timeline"]
        n_steps = len(found["seconds"])
        columns = [found["probabilities"][name] for name in student.classes_]
        assert_allclose(np.transpose(columns), timeline.proba[row, :n_steps], atol=1e-4)
        assert_allclose(found["attention"], attention[row, :n_steps], atol=1e-4)
        seconds = answer["window"]["start"] + timeline.time[:n_steps]
        assert_allclose(found["seconds"], seconds, atol=1e-5)
        assert n_steps > 10


def test_abstains_where_the_classifier_does(answers, some, served):
    abstains = [answer["abstention"]["abstains"] for answer in answers]
    assert abstains == served.model.abstains(some).tolist()
    expected = served.model.predict(some)
    for answer, emotion in zip(answers, expected, strict=True):
        assert answer["emotion"] == (None if answer["abstention"]["abstains"] else emotion)
        assert answer["abstention"]["threshold"] == pytest.approx(served.model.threshold_)


@pytest.mark.parametrize(
    ("rule", "score"),
    [
        ({"by": "confidence"}, 0.8),
        ({"by": "credibility"}, 0.3),
        ({"by": "both", "coef": [1.0, 2.0], "intercept": -0.5}, 0.8 / (0.8 + 0.2 * np.exp(-0.1))),
    ],
)
def test_every_rule_of_abstention_is_served(rule, score, served):
    bundle = Bundle(served.folder)
    for threshold, abstains in ((score - 0.01, False), (score + 0.01, True), (None, True)):
        bundle.facts["abstention"] = {**rule, "threshold": threshold}
        found = bundle._abstention(np.array([0.2, 0.8]), 0.3)
        assert found["score"] == pytest.approx(score, abs=1e-6)
        assert found["abstains"] is abstains


def test_a_bundle_without_a_rule_answers_always(served):
    bundle = Bundle(served.folder)
    bundle.facts["abstention"] = None
    answer = bundle.answer(as_song(served.songs.iloc[0]))
    assert answer["abstention"] == {"abstains": False, "score": None, "threshold": None}
    assert answer["emotion"] in served.model.classes_


def test_says_which_words_it_could_use(bundle, served):
    song = as_song(served.songs.iloc[0])
    known = bundle.culture["genre"][0]
    heard = bundle.answer(song._replace(lyrics="  ", culture={"genre": f" {known} ", "era": "X"}))
    assert heard["heard"] == {"lyrics": False, "culture": ["genre"], "unknown_culture": ["era"]}
    heard = bundle.answer(song._replace(lyrics="love at night", culture={"scene": " "}))
    assert heard["heard"] == {"lyrics": True, "culture": [], "unknown_culture": []}


def test_an_unknown_label_counts_as_none(bundle, served):
    song = as_song(served.songs.iloc[0])
    without = bundle.answer(song._replace(culture={}))
    unknown = bundle.answer(song._replace(culture={"genre": "no such genre"}))
    assert unknown["probabilities"] == without["probabilities"]


def test_of_a_short_clip_only_what_sounds_is_on_the_timeline(bundle):
    from service_clips import as_file, noise

    answer = bundle.answer(Song(as_file(noise(4)), "", {}))
    assert answer["window"] == {"start": 0, "end": 4, "clip_seconds": 4}
    assert 3.5 < answer["timeline"]["seconds"][-1] < 4
    assert sum(answer["timeline"]["attention"]) == pytest.approx(1, abs=0.02)


def test_the_answer_is_json(answers):
    for answer in answers:
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_limits_reach_the_decoder(served):
    from service_clips import as_file, noise
    from uploads import Refused

    limits = dataclasses.replace(Limits(), clip_seconds=3)
    with pytest.raises(Refused) as caught:
        Bundle(served.folder, limits).answer(Song(as_file(noise(4)), "", {}))
    assert caught.value.status == 413


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(Exception, match=r"student\.onnx"):
        Bundle(tmp_path)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: AbstainingClassifier(TemperatureCalibratedClassifier(model), coverage=0.5),
        lambda model: SimpleNamespace(estimator=None, best_estimator_=model),  # a search
    ],
)
def test_a_student_of_other_sources_is_refused_before_anything_is_written(wrap, tmp_path):
    rng = np.random.default_rng(0)
    songs = [(rng.standard_normal(8000).astype(np.float32) / 9, 8000) for _ in range(12)]
    table = pd.DataFrame({"audio": songs, "year": np.arange(12.0)})
    features = SongFeatures(
        audio=LogMelSpectrogram(sr=8000, duration=1, n_mels=8),
        extra=[("year", FunctionTransformer(), ["year"])],
    )
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1, calibration=None)
    model = make_pipeline(features, student).fit(table, [0, 1] * 6)
    with pytest.raises(ValueError, match=r"year.*FunctionTransformer"):
        write_bundle(wrap(model), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_the_bundle_is_small_and_holds_no_pickle(served):
    files = sorted(path.name for path in served.folder.iterdir())
    assert files == ["lyrics_table.npy", "lyrics_tokenizer.json", "student.onnx"]
    assert sum(path.stat().st_size for path in served.folder.iterdir()) < 2e6
    np.load(served.folder / "lyrics_table.npy", allow_pickle=False)


def test_make_bundle_trains_on_made_songs(monkeypatch, tmp_path):
    monkeypatch.setenv("SKLEARN_SKD_DATA", str(tmp_path))
    songs, emotion, groups = make_bundle.load_songs(4)
    assert len(songs) == len(emotion) == len(groups) == 4
    assert {"audio", "lyrics", *CULTURE} == set(songs)


def test_make_bundle_says_what_it_made(served):
    assert str(served.folder) in served.printed
    assert f"{served.model.coverage_:.0%}" in served.printed


def test_neither_torch_nor_training_is_imported_to_answer(served, tmp_path):
    song = as_song(served.songs.iloc[0])
    (tmp_path / "clip").write_bytes(song.clip)
    program = f"""
import sys
sys.path.insert(0, {str(Path(sys.modules["bundle"].__file__).parent)!r})
from app import create_app
from bundle import Bundle
from uploads import Song
create_app({str(served.folder)!r}, n_workers=1)
song = Song(open({str(tmp_path / "clip")!r}, "rb").read(), {song.lyrics!r}, {song.culture!r})
answer = Bundle({str(served.folder)!r}).answer(song)
heavy = ("torch", "skorch", "sentence_transformers", "transformers", "onnx", "model2vec")
print(sorted(set(heavy) & set(sys.modules)), answer["probabilities"])
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = Bundle(served.folder).answer(song)["probabilities"]
    assert done.stdout.strip() == f"[] {expected}"
