"""A saved model is the same model; what cannot be saved is told so."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.helper import SliceDict
from word_encoder import word_encoder

from sklearn_skd import (
    AbstainingClassifier,
    AudioStatistics,
    CultureEncoder,
    FeedbackCalibrator,
    LogMelSpectrogram,
    LyricsEncoder,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    TemperatureCalibratedClassifier,
    load,
    save,
)
from sklearn_skd.deployment._estimators import pack, unpack

N, RATE = 24, 8000
EMOTIONS = np.array(["calm", "happy", "sad"])


def make_arrays(n=N, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    audio = rng.normal(size=(n, 4, 48)) + np.eye(3, 4)[codes][:, :, None]
    lyrics = rng.normal(size=(n, 5)) + np.eye(3, 5)[codes]
    lyrics[:, -1] = 1
    return SliceDict(
        audio=audio.astype(np.float32),
        lyrics=lyrics.astype(np.float32),
        culture=rng.integers(4, size=(n, 2)),
    )


def make_table(n=N, seed=0):
    """Songs of one second, with words and culture."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE) / RATE
    pitches = 200 * (1 + np.arange(n) % 3) + 20 * rng.random(n)
    return pd.DataFrame(
        {
            "audio": [(np.sin(2 * np.pi * pitch * time), RATE) for pitch in pitches],
            "lyrics": [("still night", "dance day", None)[i % 3] for i in range(n)],
            "genre": rng.choice(["türkü", "pop", None], size=n),
            "era": rng.choice([1970, 1990], size=n),
        }
    )


def tiny_student(**params):
    defaults = {
        "teacher": TeacherClassifier(max_epochs=1),
        "teacher_cv": 2,
        "max_epochs": 1,
        "random_state": 0,
    }
    return SKDStudentClassifier(**{**defaults, **params})


def small(**params):
    return tiny_student(strategy="student-only", calibration=None, **params)


@pytest.fixture(scope="module")
def X():
    return make_arrays()


@pytest.fixture(scope="module")
def y():
    return EMOTIONS[np.arange(N) % 3]


@pytest.fixture(scope="module")
def new_songs():
    return make_arrays(7, seed=1)


@pytest.fixture(scope="module")
def student(X, y):
    return tiny_student(n_members=2, mu=0.1).fit(X, y, annotation_reliability=np.full(N, 0.8))


@pytest.fixture(scope="module")
def teacher(X, y):
    return TeacherClassifier(max_epochs=1, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def features():
    """Everything that reads songs, but for the sentence encoder."""
    return SongFeatures(
        audio=LogMelSpectrogram(sr=RATE, duration=1.0, n_mels=8),
        lyrics=FrozenEstimator(word_encoder()),
        n_jobs=1,
    )


@pytest.fixture(scope="module")
def pipeline(features, y):
    return Pipeline([("features", features), ("plain", "passthrough"), ("student", small())]).fit(
        make_table(), y
    )


def there_and_back(model, tmp_path, **options):
    return load(save(model, tmp_path / "model.safetensors", **options))


# ---- a saved model is the same model ----------------------------------------------------------


def test_all_that_a_student_says_survives(student, new_songs, tmp_path):
    loaded = there_and_back(student, tmp_path)
    for method in ("predict", "predict_proba", "decision_function", "predict_credibility"):
        assert_array_equal(getattr(loaded, method)(new_songs), getattr(student, method)(new_songs))
    attention = loaded.temporal_attention(new_songs), student.temporal_attention(new_songs)
    assert_array_equal(attention[0].attention, attention[1].attention)
    timelines = loaded.emotion_timeline(new_songs), student.emotion_timeline(new_songs)
    for one, other in zip(*timelines, strict=True):
        assert_array_equal(one, other)
    assert_array_equal(loaded.theta_, student.theta_)
    assert_array_equal(loaded.class_reliability_, student.class_reliability_)
    assert (loaded.bias_, loaded.temperature_) == (student.bias_, student.temperature_)
    assert loaded.n_parameters_ == student.n_parameters_
    assert loaded.sources_ == student.sources_
    pd.testing.assert_frame_equal(loaded.history_, student.history_)


@pytest.mark.parametrize(
    "params",
    [
        {"strategy": "kd"},
        {"strategy": "dkd"},
        {"strategy": "ckd"},
        {"strategy": "student-only", "patience": 2},
        {"weighting": "fixed"},
        {"weighting": "joint", "teacher_cv": None, "class_weighting": True},
        {"mean_weight": "search"},
    ],
    ids=str,
)
def test_students_of_every_strategy_survive(params, tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 3))
    student = tiny_student(**params).fit(X, np.arange(N) % 3)
    loaded = there_and_back(student, tmp_path, include_teacher=True)
    assert_array_equal(loaded.predict_proba(X), student.predict_proba(X))
    assert vars(loaded).keys() == vars(student).keys()


def test_all_that_a_teacher_says_survives(teacher, new_songs, tmp_path):
    loaded = there_and_back(teacher, tmp_path)
    for ours, theirs in zip(loaded.knowledge(new_songs), teacher.knowledge(new_songs), strict=True):
        assert_array_equal(ours, theirs)
    pd.testing.assert_frame_equal(
        loaded.source_attention(new_songs), teacher.source_attention(new_songs)
    )


def test_a_pipeline_from_waveforms_and_words_survives(pipeline, tmp_path):
    loaded = there_and_back(pipeline, tmp_path)
    songs = make_table(5, seed=1)
    assert_array_equal(loaded.predict_proba(songs), pipeline.predict_proba(songs))
    assert [name for name, _ in loaded.steps] == ["features", "plain", "student"]
    songs["genre"] = "unheard of"
    assert_array_equal(loaded.predict_proba(songs), pipeline.predict_proba(songs))


def test_what_is_frozen_is_stored_once(pipeline, tmp_path):
    path = save(pipeline, tmp_path / "model.safetensors")
    assert len([name for name in load_file(path) if name.endswith(".table_")]) == 1
    loaded = load(path)[0]
    assert loaded.transformers_["lyrics"] is loaded.lyrics


def test_plain_tables_survive_with_the_names_of_their_columns(y, tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 3)), columns=["a", "b", "ç"])
    loaded = there_and_back(small().fit(table, y), tmp_path)
    assert loaded.feature_names_in_.tolist() == ["a", "b", "ç"]
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(table[["b", "a", "ç"]])


@pytest.mark.parametrize(
    "labels", [["x", "y"], [3, 7], [2.0, 5.0], [True, False], np.array(["a", "b"], dtype=object)]
)
def test_classes_of_any_kind_survive(labels, tmp_path):
    X = np.random.default_rng(0).normal(size=(12, 3))
    y = np.asarray(labels)[np.arange(12) % 2]
    student = small().fit(X, y)
    loaded = there_and_back(student, tmp_path)
    assert loaded.classes_.dtype == student.classes_.dtype
    assert_array_equal(loaded.predict(X), student.predict(X))


@pytest.fixture(
    params=["temperature", "bias", "confidence", "both", "feedback", "stacked", "frozen"]
)
def around(request, student, X, y):
    listeners = np.array(["ann", "eve", None, 5] * 6, dtype=object)
    feedback = FeedbackCalibrator(student, class_bias=True).fit(X, y)
    return {
        "temperature": lambda: TemperatureCalibratedClassifier(student).fit(X, y),
        "bias": lambda: TemperatureCalibratedClassifier(student, class_bias=True).fit(X, y),
        "confidence": lambda: AbstainingClassifier(student, coverage=0.5).fit(X, y),
        "both": lambda: AbstainingClassifier(
            student, by="both", coverage=0.5, reject_label="none"
        ).fit(X, y),
        "feedback": lambda: feedback.partial_fit(X, y[::-1], groups=listeners),
        "stacked": lambda: AbstainingClassifier(
            make_pipeline(TemperatureCalibratedClassifier(student).fit(X, y)), coverage=0.7
        ).fit(X, y),
        "frozen": lambda: FrozenEstimator(student),
    }[request.param]()


def test_what_is_around_a_student_survives(around, new_songs, tmp_path):
    loaded = there_and_back(around, tmp_path)
    assert_array_equal(loaded.predict(new_songs), around.predict(new_songs))
    assert_array_equal(loaded.predict_proba(new_songs), around.predict_proba(new_songs))
    kept = {name for name in vars(around) if name.endswith("_")}
    assert kept == {name for name in vars(loaded) if name.endswith("_")}


def test_feedback_goes_on_where_it_was(student, X, y, tmp_path):
    listeners = np.array(["ann", "eve", None, 5] * 6, dtype=object)
    ours = FeedbackCalibrator(student, class_bias=True).partial_fit(X, y, groups=listeners)
    theirs = there_and_back(ours, tmp_path)
    pd.testing.assert_frame_equal(theirs.groups_, ours.groups_)
    for one in (ours, theirs):
        one.partial_fit(X, y[::-1], groups=listeners[::-1])
    pd.testing.assert_frame_equal(theirs.groups_, ours.groups_)


def test_feedback_of_nobody_survives(student, tmp_path, X, y):
    model = FeedbackCalibrator(student).partial_fit(X, y)
    assert there_and_back(model, tmp_path).n_feedbacks_ == N


@pytest.mark.parametrize(
    "transformer",
    [
        LogMelSpectrogram(sr=RATE, n_mels=5, fmax=None),
        AudioStatistics(sr=16000),
        CultureEncoder(min_frequency=2).fit(make_table()[["genre", "era"]]),
        SongFeatures(audio=None, lyrics=None).fit(make_table()),
        word_encoder(),
    ],
)
def test_transformers_survive_alone(transformer, tmp_path):
    loaded = there_and_back(transformer, tmp_path)
    assert repr(loaded) == repr(transformer)
    assert vars(loaded).keys() == vars(transformer).keys()


def test_a_sentence_encoder_is_stored_by_its_name(tmp_path):
    encoder = LyricsEncoder(batch_size=1).fit(["night", None])
    path = save(encoder, tmp_path / "lyrics.safetensors")
    assert path.stat().st_size < 5000
    assert_array_equal(load(path).transform(["day", ""]), encoder.transform(["day", ""]))


# ---- what is left out --------------------------------------------------------------------------


def test_a_student_leaves_its_teacher_and_its_songs_behind(student, tmp_path):
    path = save(student, tmp_path / "student.safetensors")
    loaded = load(path)
    assert not hasattr(loaded, "teacher_")
    assert not hasattr(loaded, "credibility_")
    assert not [name for name in load_file(path) if "teacher" in name or "credibility_" in name]
    assert path.stat().st_size < 8 * student.n_parameters_ + 60_000


def test_a_student_takes_its_teacher_along_on_request(student, new_songs, tmp_path):
    loaded = there_and_back(student, tmp_path, include_teacher=True)
    pd.testing.assert_frame_equal(loaded.credibility_, student.credibility_)
    assert_array_equal(
        loaded.teacher_.predict_proba(new_songs), student.teacher_.predict_proba(new_songs)
    )
    pd.testing.assert_frame_equal(
        there_and_back(loaded, tmp_path, include_teacher=True).credibility_, student.credibility_
    )


def test_saving_changes_nothing(student, tmp_path):
    before = list(vars(student))
    save(student, tmp_path / "student.safetensors")
    assert list(vars(student)) == before
    assert hasattr(student, "teacher_")


def test_a_student_that_learned_no_credibility_predicts_none(y, tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 3))
    loaded = there_and_back(small().fit(X, y), tmp_path)
    with pytest.raises(ValueError, match="knows no credibility"):
        loaded.predict_credibility(X)


def test_a_loaded_student_is_fitted_again_to_the_same(X, y, tmp_path, new_songs):
    student = tiny_student().fit(X, y)
    loaded = there_and_back(student, tmp_path)
    again = clone(loaded).fit(X, y)
    assert_array_equal(loaded.fit(X, y).predict_proba(new_songs), student.predict_proba(new_songs))
    assert_array_equal(again.predict_proba(new_songs), student.predict_proba(new_songs))


def test_a_frozen_teacher_is_left_out_and_said_to_be(teacher, X, y, new_songs, tmp_path):
    student = tiny_student(teacher=FrozenEstimator(teacher)).fit(X, y)
    path = save(student, tmp_path / "student.safetensors")
    assert not [name for name in load_file(path) if "teacher" in name]
    loaded = load(path)
    assert_array_equal(loaded.predict_proba(new_songs), student.predict_proba(new_songs))
    assert "LeftOutTeacher(name='TeacherClassifier')" in repr(loaded)
    with pytest.raises(ValueError, match=r"\(TeacherClassifier\) was not saved .*set_params"):
        loaded.fit(X, y)
    refitted = loaded.set_params(teacher=FrozenEstimator(teacher)).fit(X, y)
    assert_array_equal(refitted.predict_proba(new_songs), student.predict_proba(new_songs))


def test_a_frozen_teacher_is_kept_once_on_request(teacher, X, y, new_songs, tmp_path):
    student = tiny_student(teacher=FrozenEstimator(teacher)).fit(X, y)
    path = save(student, tmp_path / "student.safetensors", include_teacher=True)
    loaded = load(path)
    assert loaded.teacher_ is loaded.teacher
    assert_array_equal(loaded.teacher_.predict_proba(new_songs), teacher.predict_proba(new_songs))
    assert path.stat().st_size < 8 * (student.n_parameters_ + teacher.n_parameters_) + 80_000


def test_any_other_teacher_is_left_out_and_cannot_be_kept(y, tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 3))
    student = tiny_student(teacher=RandomForestClassifier(5)).fit(X, y)
    loaded = there_and_back(student, tmp_path)
    assert_array_equal(loaded.predict_credibility(X), student.predict_credibility(X))
    assert "RandomForestClassifier" in repr(loaded)
    with pytest.raises(TypeError, match=r"teacher is a RandomForestClassifier.*include_teacher"):
        save(student, tmp_path / "x.safetensors", include_teacher=True)


def test_a_teacher_that_is_gone_cannot_be_included(student, tmp_path):
    loaded = there_and_back(student, tmp_path)
    with pytest.raises(ValueError, match="has no teacher_ any more"):
        save(loaded, tmp_path / "x.safetensors", include_teacher=True)


def test_a_student_without_a_teacher_may_be_asked_to_include_it(pipeline, tmp_path):
    assert hasattr(there_and_back(pipeline, tmp_path, include_teacher=True)[-1], "credibility_")


def test_a_seed_of_numpy_is_kept_as_the_number_it_is():
    node, arrays = pack(TeacherClassifier(random_state=np.int64(3)), include_teacher=False)
    assert unpack(node, arrays).random_state == 3


def test_parameters_about_the_machine_are_not_stored(X, y, tmp_path):
    student = small(memory=str(tmp_path / "memory"), n_jobs=2, verbose=0)
    student.set_params(random_state=np.random.RandomState(0)).fit(X, y)
    loaded = there_and_back(student, tmp_path)
    assert (loaded.memory, loaded.n_jobs, loaded.random_state) == (None, None, None)
    audio = LogMelSpectrogram(cache=str(tmp_path), memmap=str(tmp_path), n_jobs=3, n_mels=9)
    loaded = there_and_back(audio, tmp_path)
    assert (loaded.cache, loaded.memmap, loaded.n_jobs, loaded.n_mels) == (None, None, None, 9)


def test_the_memory_of_a_feedback_calibrator_is_no_folder(student, X, y, tmp_path):
    model = FeedbackCalibrator(student, memory=7).fit(X, y)
    assert there_and_back(model, tmp_path).memory == 7


# ---- what cannot be saved ----------------------------------------------------------------------


@pytest.mark.parametrize("model", [SKDStudentClassifier(), make_pipeline(TeacherClassifier())])
def test_what_is_not_fitted_cannot_be_saved(model, tmp_path):
    with pytest.raises(NotFittedError):
        save(model, tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


class Own(SKDStudentClassifier):
    """A user's subclass, of which nobody knows what it needs."""


def test_what_is_not_on_the_list_is_named_with_its_place(y, tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 3))
    path = tmp_path / "model.safetensors"
    scaled = make_pipeline(StandardScaler(), small()).fit(X, y)
    with pytest.raises(TypeError, match=r"Pipeline\.steps\.standardscaler\.1 is a StandardScaler"):
        save(scaled, path)
    with pytest.raises(TypeError, match="Own is a Own"):
        save(Own(strategy="student-only", max_epochs=1, calibration=None).fit(X, y), path)
    search = GridSearchCV(small(), {"max_epochs": [1]}, cv=2).fit(X, y)
    with pytest.raises(TypeError, match="best_estimator_"):
        save(search, path)
    extra = ColumnTransformer([("same", "passthrough", ["era"])])
    songs = make_table()
    features = SongFeatures(None, None, None, extra=[("year", extra, ["era"])]).fit(songs)
    with pytest.raises(TypeError, match=r"extra\.year\.1 is a ColumnTransformer"):
        save(features, path)
    assert not path.exists()


def test_a_parameter_out_of_range_is_found_in_saving(student, tmp_path):
    spoilt = copy.deepcopy(student).set_params(dropout=2)
    with pytest.raises(ValueError, match=r"cannot be saved: .*dropout"):
        save(spoilt, tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


# ---- another process ---------------------------------------------------------------------------

OTHER = """
import pickle, sys
import numpy as np

def refuse(*args, **kwargs):
    raise AssertionError("load executes nothing of a file")

sys.path[:0] = sys.argv[1:3]
from test_persistence import make_arrays, make_table
import joblib, torch, sklearn_skd
from sklearn_skd.classifiers import _net
from sklearn_skd.deployment import _archive, _estimators

for module, names in [
    (pickle, ["load", "loads", "Unpickler", "_Unpickler", "_load", "_loads"]),
    (torch, ["load"]), (joblib, ["load"]), (np, ["load"]),
]:
    for name in names:
        setattr(module, name, refuse)
songs = make_table(5, seed=1), make_arrays(7, seed=1)
models = [sklearn_skd.load(path) for path in sys.argv[3:]]
print([model.predict_proba(X).tolist() for model, X in zip(models, songs)])
"""


def test_another_process_predicts_the_same_without_pickle(
    pipeline, student, new_songs, tmp_path, pytestconfig
):
    paths = [
        save(pipeline, tmp_path / "pipeline.safetensors"),
        save(student, tmp_path / "öğrenci.safetensors"),
    ]
    here = [str(pytestconfig.rootpath / "tests" / name) for name in ("deployment", "support")]
    done = subprocess.run(
        [sys.executable, "-c", OTHER, *here, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    songs = make_table(5, seed=1)
    np.testing.assert_allclose(theirs[0], pipeline.predict_proba(songs), rtol=0, atol=1e-6)
    np.testing.assert_allclose(theirs[1], student.predict_proba(new_songs), rtol=0, atol=1e-6)


def test_a_loaded_model_can_be_pickled_and_saved_again(student, new_songs, tmp_path):
    loaded = there_and_back(student, tmp_path)
    first = (tmp_path / "model.safetensors").read_bytes()
    again = pickle.loads(pickle.dumps(loaded))
    assert_array_equal(again.predict_proba(new_songs), student.predict_proba(new_songs))
    save(again, tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == first
