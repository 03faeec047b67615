"""What ONNX Runtime answers is what the student answers, whatever it reads and is wrapped in."""

import copy
import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch.helper import SliceDict

from sklearn_skd import (
    AbstainingClassifier,
    FeedbackCalibrator,
    SKDStudentClassifier,
    TeacherClassifier,
    TemperatureCalibratedClassifier,
    load,
    save,
)
from sklearn_skd.deployment import export_onnx

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

PARITY = 1e-4  # of issue 7
CLOSE = 2e-6  # what float32 can do; a wrong graph is much further away

SOURCES = {
    "lyrics": ("lyrics",),
    "culture": ("culture",),
    "two series": ("beats", "audio"),
}


def make_songs(n=36, seed=0):
    """Songs of three classes, with all that a source may lack."""
    rng = np.random.RandomState(seed)
    codes = np.arange(n) % 3
    audio = rng.normal(size=(n, 8, 80)) + 0.6 * np.eye(3, 8)[codes][:, :, None]
    audio[::5, :, 50:] = -13.8  # padded
    audio[1::7] = -13.8  # silent throughout
    audio[2::7] = np.nan  # missing
    lyrics = rng.normal(1e4, 1, size=(n, 6)) + 0.8 * np.eye(3, 6)[codes]
    lyrics[:, -1] = 1
    lyrics[3:9] = [*np.full(5, 0.1), 0]  # instrumentals: the tag, and has_lyrics 0
    lyrics[4::7] = np.nan
    culture = rng.randint(4, size=(n, 2))
    beats = rng.normal(size=(n, 1, 33))
    X = SliceDict(
        audio=audio.astype(np.float32),
        lyrics=lyrics.astype(np.float32),
        culture=culture,
        beats=beats.astype(np.float32),
    )
    return X, np.array(["calm", "happy", "sad"])[codes]


def make_student(**params):
    teacher = TeacherClassifier(max_epochs=1, batch_size=16)
    defaults = {"max_epochs": 2, "batch_size": 16, "teacher_cv": 2, "random_state": 0}
    return SKDStudentClassifier(teacher, **{**defaults, **params})


@pytest.fixture(scope="module")
def songs():
    return make_songs()


@pytest.fixture(scope="module")
def new_songs():
    X, _ = make_songs(14, seed=1)
    X["culture"][0] = 0
    X["culture"][1] = 99  # beyond the codes that were there
    return X


@pytest.fixture(scope="module")
def student(songs):
    """Reads everything but the beats, and has learned what is credible."""
    X, y = songs
    return make_student(sources=("audio", "lyrics", "culture")).fit(X, y)


@pytest.fixture(scope="module")
def vector_student():
    """Quick to export, with a temperature that is not 1."""
    X = np.random.RandomState(0).normal(size=(60, 4))
    y = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0)
    return make_student(strategy="student-only", max_epochs=15).fit(X[:40], y[:40]), X, y


def run(path, X):
    """All outputs by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    inputs = {value.name: np.asarray(X[value.name]) for value in session.get_inputs()}
    return dict(zip(names, session.run(None, inputs), strict=True))


def metadata(path):
    properties = onnx.load(path).metadata_props
    return json.loads({entry.key: entry.value for entry in properties}["sklearn_skd"])


def same(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=CLOSE)


@pytest.fixture(scope="module")
def exported(student, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "student.onnx"
    assert export_onnx(student, path, timeline=True) == path
    return path


@pytest.mark.parametrize("n_songs", [1, 2, 7, 14])
def test_all_outputs_are_those_of_the_student_for_any_number_of_songs(
    exported, student, new_songs, n_songs
):
    X = {name: values[:n_songs] for name, values in new_songs.items()}
    out = run(exported, X)
    same(out["probabilities"], student.predict_proba(X))
    same(out["credibility"], student.predict_credibility(X))
    same(out["attention"], student.temporal_attention(X).attention)
    same(out["timeline"], student.emotion_timeline(X).proba)


@pytest.mark.parametrize("n_frames", [1, 2, 15, 16, 17, 300])
def test_the_number_of_frames_is_free(exported, student, new_songs, n_frames):
    X = {**new_songs, "audio": np.tile(new_songs["audio"], 4)[:, :, :n_frames]}
    out = run(exported, X)
    same(out["probabilities"], student.predict_proba(X))
    same(out["attention"], student.temporal_attention(X).attention)


def test_the_file_states_names_types_and_shapes(exported):
    session = onnxruntime.InferenceSession(exported)
    stated = {value.name: (value.type, value.shape) for value in session.get_inputs()}
    assert list(stated) == ["audio", "lyrics", "culture"]
    assert stated["audio"] == ("tensor(float)", ["n", 8, "frames_0"])
    assert stated["lyrics"] == ("tensor(float)", ["n", 6])
    assert stated["culture"] == ("tensor(int64)", ["n", 2])
    stated = [(value.name, value.type, value.shape) for value in session.get_outputs()]
    assert stated == [
        ("probabilities", "tensor(float)", ["n", 3]),
        ("credibility", "tensor(float)", ["n"]),
        ("attention", "tensor(float)", ["n", "steps"]),
        ("timeline", "tensor(float)", ["n", "steps", 3]),
    ]


def test_the_file_is_valid_small_and_says_nothing_of_this_machine(exported, student):
    model = onnx.load(exported)
    onnx.checker.check_model(model, full_check=True)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert exported.stat().st_size < 4 * student.n_parameters_ + 60_000
    content = exported.read_bytes()
    for private in (b"site-packages", b"sklearn_skd/", b".py", str(exported.parent).encode()):
        assert private not in content


@pytest.mark.parametrize("sources", SOURCES.values(), ids=SOURCES)
def test_any_sources(songs, new_songs, tmp_path, sources):
    X, y = songs
    student = make_student(sources=sources, strategy="student-only").fit(X, y)
    path = export_onnx(student, tmp_path / "student.onnx")
    out = run(path, new_songs)
    same(out["probabilities"], student.predict_proba(new_songs))
    series = [source for source in student.sources_ if source.kind == "series"]
    assert list(out) == ["probabilities", "credibility", "attention"][: 3 if series else 2]
    if series:
        same(out["attention"], student.temporal_attention(new_songs).attention)


def test_an_ensemble_of_two_classes(songs, new_songs, tmp_path):
    X, y = songs
    student = make_student(sources=("audio",), n_members=2, strategy="kd").fit(X, y == "sad")
    out = run(export_onnx(student, tmp_path / "student.onnx"), new_songs)
    same(out["probabilities"], student.predict_proba(new_songs))
    same(out["credibility"], student.predict_credibility(new_songs))
    same(out["attention"], student.temporal_attention(new_songs).attention)


def test_a_student_that_knows_no_credibility_gives_nan(vector_student, tmp_path):
    student, X, _ = vector_student
    path = export_onnx(student, tmp_path / "student.onnx")
    out = run(path, {"features": X.astype(np.float32)})
    assert np.isnan(out["credibility"]).all()
    assert out["credibility"].shape == (60,)
    assert metadata(path)["has_credibility"] is False
    same(out["probabilities"], student.predict_proba(X))


@pytest.mark.filterwarnings("ignore:The calibration temperature is at its bound")
def test_calibration_around_the_student_is_inside(vector_student, tmp_path):
    student, X, y = vector_student
    inner = TemperatureCalibratedClassifier(student, class_bias=True).fit(X[40:], y[40:])
    model = make_pipeline(FeedbackCalibrator(inner, class_bias=True).fit(X[40:], y[40:]))
    expected = model.predict_proba(X)
    assert abs(expected - student.predict_proba(X)).max() > 100 * CLOSE, "nothing to be seen"
    out = run(export_onnx(model, tmp_path / "m.onnx"), {"features": X.astype(np.float32)})
    same(out["probabilities"], expected)


def test_abstention_can_be_decided_from_the_outputs_and_the_metadata(vector_student, tmp_path):
    student, X, y = vector_student
    careful = AbstainingClassifier(student, coverage=0.6, reject_label=-1).fit(X[40:], y[40:])
    path = export_onnx(careful, tmp_path / "m.onnx")
    confidence = run(path, {"features": X.astype(np.float32)})["probabilities"].max(axis=1)
    rule = metadata(path)["abstention"]
    assert (rule["by"], rule["reject_label"]) == ("confidence", -1)
    wanted = careful.abstains(X)
    assert 0 < wanted.sum() < len(X)
    # one of the songs is the threshold itself
    clear = abs(confidence - rule["threshold"]) > CLOSE
    assert ((confidence < rule["threshold"]) == wanted)[clear].all()


def test_steps_that_stay_outside_are_told(vector_student, tmp_path):
    student, X, _ = vector_student
    scaler = StandardScaler().fit(X)
    with pytest.warns(UserWarning, match="StandardScaler"):
        path = export_onnx(make_pipeline(scaler, "passthrough", student), tmp_path / "m.onnx")
    assert metadata(path)["classes"] == [0, 1, 2]


def test_listeners_calibrations_that_stay_outside_are_told(vector_student, tmp_path):
    student, X, y = vector_student
    model = FeedbackCalibrator(student).fit(X[40:], y[40:])
    model.partial_fit(X[:2], y[:2], groups=["ann", "eve"])
    with pytest.warns(UserWarning, match="2 listeners"):
        path = export_onnx(model, tmp_path / "m.onnx")
    assert b"eve" not in path.read_bytes()
    same(run(path, {"features": X.astype(np.float32)})["probabilities"], model.predict_proba(X))


def test_the_same_student_gives_the_same_bytes_and_is_left_as_it_was(vector_student, tmp_path):
    import torch

    student, _, _ = vector_student
    before = copy.deepcopy(student.net_.state_dict())
    random_state = torch.get_rng_state()
    one, two = (export_onnx(student, tmp_path / name).read_bytes() for name in ("a", "b"))
    assert one == two
    assert torch.equal(torch.get_rng_state(), random_state)
    for name, values in student.net_.state_dict().items():
        assert values.dtype == before[name].dtype
        assert torch.equal(values, before[name])


def test_a_student_that_was_shipped_gives_the_same_bytes(vector_student, tmp_path):
    student, _, _ = vector_student
    shipped = load(save(student, tmp_path / "student.safetensors"))
    assert not hasattr(shipped, "credibility_")
    one, two = (export_onnx(model, tmp_path / "m").read_bytes() for model in (student, shipped))
    assert one == two


def test_exports_in_silence(vector_student, tmp_path, capfd, caplog, recwarn):
    export_onnx(vector_student[0], tmp_path / "m.onnx")
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]
    assert not list(recwarn)


def test_odd_names_of_sources(songs, tmp_path):
    X, y = songs
    named = SliceDict(
        **{"the lyrics, translated": X["lyrics"], "n": X["culture"], "é/0": X["beats"]}
    )
    student = make_student(strategy="student-only").fit(named, y)
    out = run(export_onnx(student, tmp_path / "m.onnx"), named)
    same(out["probabilities"], student.predict_proba(named))


def test_a_source_cannot_have_the_name_of_an_output(songs, tmp_path):
    X, y = songs
    student = make_student(strategy="student-only").fit(SliceDict(credibility=X["lyrics"]), y)
    with pytest.raises(ValueError, match=r"\['credibility'\] have names of outputs"):
        export_onnx(student, tmp_path / "m.onnx")


def test_a_timeline_needs_a_time_series(vector_student, tmp_path):
    with pytest.raises(ValueError, match="timeline=True needs a time series"):
        export_onnx(vector_student[0], tmp_path / "m.onnx", timeline=True)


def test_what_cannot_be_exported_is_refused(vector_student, tmp_path):
    student, X, y = vector_student
    path = tmp_path / "m.onnx"
    with pytest.raises(NotFittedError, match="export_onnx takes a fitted classifier"):
        export_onnx(make_student(), path)
    with pytest.raises(NotFittedError):
        export_onnx(GridSearchCV(student, {"dropout": [0.1]}), path)
    teacher = TeacherClassifier(max_epochs=1).fit(X, y)
    with pytest.raises(TypeError, match=r"TeacherClassifier\. A teacher is taught from"):
        export_onnx(make_pipeline(teacher), path)
    search = GridSearchCV(student, {"max_epochs": [1]}, refit=False, cv=2).fit(X, y)
    with pytest.raises(TypeError, match="set refit=True"):
        export_onnx(search, path)
    with pytest.raises(TypeError, match="ends in a ColumnTransformer"):
        export_onnx(ColumnTransformer([("a", FunctionTransformer(), [0])]).fit(X), path)
    assert not list(tmp_path.iterdir())


def test_a_graph_that_answers_otherwise_is_not_written(vector_student, tmp_path, monkeypatch):
    from sklearn_skd.deployment import onnx as module

    trace = module._trace

    def faulty(net, *args):
        model = trace(net, *args)
        net.bias[0] += 1  # as if the exporter had missed it
        return model

    monkeypatch.setattr(module, "_trace", faulty)
    with pytest.raises(RuntimeError, match=r"gives other probabilities than the student, by \d"):
        export_onnx(vector_student[0], tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_extra_is_named(vector_student, tmp_path, monkeypatch, missing):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == missing else find(name, *a)
    )
    with pytest.raises(ImportError, match=rf"needs {missing}, .*pip install 'sklearn-skd\[onnx\]'"):
        export_onnx(vector_student[0], tmp_path / "m.onnx")


def test_an_error_leaves_the_old_file(vector_student, tmp_path, monkeypatch):
    from sklearn_skd.deployment import onnx as module

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    monkeypatch.setattr(module, "_build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_onnx(vector_student[0], path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError, match="create it first"):  # before any work
        export_onnx(vector_student[0], tmp_path / "nowhere" / "m.onnx")


SERVER = """
import sys
import numpy
import onnxruntime

path, songs, answers = sys.argv[1:]
session = onnxruntime.InferenceSession(path)
with numpy.load(songs) as X:
    inputs = {value.name: X[value.name] for value in session.get_inputs()}
numpy.save(answers, session.run(["probabilities"], inputs)[0])
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"torch", "sklearn", "sklearn_skd", "skorch", "librosa", "onnx"}))
"""


def test_a_process_without_torch_gives_the_same_answers(exported, student, new_songs, tmp_path):
    np.savez(tmp_path / "songs.npz", **new_songs)
    command = [sys.executable, "-c", SERVER, exported, "songs.npz", "answers.npy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    same(np.load(tmp_path / "answers.npy"), student.predict_proba(new_songs))
