"""What is traced: one function of tensors in float32 that keeps the student's answers."""

import numpy as np
import pytest
import torch

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.deployment._onnx_module import ExportedStudent, example_inputs, typical_inputs
from sklearn_skd.deployment._onnx_parts import take_apart


def make_songs(n=30, seed=0):
    rng = np.random.RandomState(seed)
    vector = rng.normal(1e5, 1, size=(n, 3)).astype(np.float32)  # float32 alone would lose half
    return {"audio": rng.normal(size=(n, 4, 40)).astype(np.float32), "tempo": vector}


@pytest.fixture(scope="module")
def student():
    student = SKDStudentClassifier(
        strategy="student-only", n_members=2, max_epochs=10, random_state=0
    )
    return student.fit(make_songs(), np.arange(30) % 3)


def run(student, X, **changes):
    how = {"credibility": True, "timeline": False, "front_ends": {}, **changes}
    module = ExportedStudent(take_apart(student), **how)
    with torch.inference_mode():
        outputs = module(*(torch.from_numpy(X[source.name]) for source in student.sources_))
    return [output.numpy() for output in outputs]


def test_gives_what_the_student_gives_in_single_precision(student):
    X = make_songs(seed=1)
    proba, credibility, attention, timeline = run(student, X, timeline=True)
    assert {out.dtype for out in (proba, credibility, attention, timeline)} == {np.dtype("float32")}
    np.testing.assert_allclose(proba, student.predict_proba(X), rtol=0, atol=2e-6)
    np.testing.assert_allclose(
        attention, student.temporal_attention(X).attention, rtol=0, atol=2e-6
    )
    np.testing.assert_allclose(timeline, student.emotion_timeline(X).proba, rtol=0, atol=2e-6)
    assert ((credibility > 0) & (credibility < 1)).all()


def test_unknown_credibility_is_nan(student):
    _, credibility, _ = run(student, make_songs(), credibility=False)
    assert np.isnan(credibility).all()


def test_a_front_end_stands_before_its_source(student):
    X = make_songs(seed=1)
    front_end = torch.nn.Flatten(1, 2)  # as good as any
    front_end.forward = lambda x: x.reshape(-1, 4, 40)
    folded = {**X, "audio": X["audio"].reshape(30, 160)}
    proba = run(student, folded, front_ends={"audio": front_end})[0]
    np.testing.assert_array_equal(proba, run(student, X)[0])


def test_the_student_keeps_its_precision(student):
    run(student, make_songs())
    assert student.net_.members[0].output[-1].weight.dtype == torch.float64


def test_songs_and_lengths_are_free_in_what_is_traced(student):
    inputs, dynamic = example_inputs(student.sources_, {})
    assert [tuple(values.shape) for values in inputs] == [(2, 4, 48), (2, 3)]
    assert dynamic == ({0: ("n", None), 2: ("frames_0", None)}, {0: ("n", None)})
    front_end = torch.nn.Identity()
    front_end.n_samples = 500
    inputs, dynamic = example_inputs(student.sources_, {"audio": front_end})
    assert tuple(inputs[0].shape) == (2, 500)
    assert dynamic[0] == {0: ("n", None), 1: ("samples_0", 500)}


def test_made_up_songs_are_like_those_of_the_training(student):
    audio, tempo = typical_inputs(student.sources_, {}, n_songs=500)
    assert audio.shape == (500, 4, 48)
    assert audio.dtype == tempo.dtype == torch.float32
    np.testing.assert_allclose(tempo.mean(dim=0), make_songs()["tempo"].mean(axis=0), atol=0.2)
    np.testing.assert_allclose(tempo.std(dim=0), make_songs()["tempo"].std(axis=0), atol=0.2)
    np.testing.assert_array_equal(audio, typical_inputs(student.sources_, {}, n_songs=500)[0])
