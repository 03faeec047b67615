"""Copies of any kind predict the same, and hold no torch objects."""

import copy
import io
import pickle
import tempfile

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_skd import TeacherClassifier, load, save


def through_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def through_file(estimator):
    with tempfile.TemporaryDirectory() as folder:
        return load(save(estimator, folder + "/model.safetensors"))


COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": through_joblib,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(params=["fitted_teacher", "fitted_student"])
def fitted(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_predicts_exactly_the_same(fitted, new_songs, way):
    copied = COPIES[way](fitted)
    assert_array_equal(copied.predict_proba(new_songs), fitted.predict_proba(new_songs))
    assert_array_equal(copied.classes_, fitted.classes_)
    assert copied.temperature_ == fitted.temperature_
    assert copied.get_params(deep=False).keys() == fitted.get_params(deep=False).keys()


@pytest.mark.parametrize("way", [*COPIES.values(), through_file], ids=[*COPIES, "file"])
def test_time_series_of_any_name_survive(tiny_student, collection, new_songs, way):
    def named(X):
        return {"log.mel": X["audio"], "values": X["audio"][:, :2]}

    student = tiny_student(strategy="student-only").fit(named(collection.X), collection.y)
    copied = way(student)
    assert_array_equal(
        copied.predict_proba(named(new_songs)), student.predict_proba(named(new_songs))
    )


@pytest.mark.parametrize("way", COPIES)
def test_all_that_a_student_says_survives(fitted_student, new_songs, way):
    copied = COPIES[way](fitted_student)
    pd.testing.assert_frame_equal(copied.credibility_, fitted_student.credibility_)
    assert_array_equal(copied.theta_, fitted_student.theta_)
    assert_array_equal(
        copied.predict_credibility(new_songs), fitted_student.predict_credibility(new_songs)
    )
    assert_array_equal(
        copied.temporal_attention(new_songs).attention,
        fitted_student.temporal_attention(new_songs).attention,
    )
    assert_array_equal(
        copied.teacher_.predict_proba(new_songs), fitted_student.teacher_.predict_proba(new_songs)
    )


def test_a_copy_shares_no_parameters(fitted_student, new_songs):
    copied = copy.deepcopy(fitted_student)
    before = fitted_student.predict_proba(new_songs)
    with torch.no_grad():
        for parameter in copied.net_.parameters():
            parameter.zero_()
    assert_array_equal(fitted_student.predict_proba(new_songs), before)


def test_a_copy_of_a_copy_is_the_same(fitted, new_songs):
    twice = COPIES["pickle"](COPIES["pickle"](fitted))
    assert_array_equal(twice.predict_proba(new_songs), fitted.predict_proba(new_songs))


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_fitted_again_to_the_same_student(fitted_student, collection, new_songs, way):
    copied = COPIES[way](fitted_student)
    copied.fit(
        collection.X,
        collection.y,
        annotation_votes=collection.votes,
        annotation_reliability=collection.reliability,
    )
    assert_array_equal(copied.predict_proba(new_songs), fitted_student.predict_proba(new_songs))


def test_a_copy_is_fitted_again_on_other_sources_and_classes(fitted_student, collection):
    copied = COPIES["pickle"](fitted_student)
    copied.fit({"lyrics": collection.X["lyrics"]}, collection.y == "sad")
    assert copied.classes_.tolist() == [False, True]
    assert [source.name for source in copied.sources_] == ["lyrics"]
    assert fitted_student.classes_.tolist() == ["calm", "happy", "sad"]


def test_a_student_fitted_with_hidden_states_is_copied_too(tiny_student, collection, new_songs):
    student = tiny_student(mu=0.1, n_members=2).fit(collection.X, collection.y)
    copied = COPIES["pickle"](student)
    assert_array_equal(copied.predict_proba(new_songs), student.predict_proba(new_songs))
    assert copied.n_parameters_ == student.n_parameters_


def test_what_is_pickled_holds_no_torch_objects(fitted):
    modules = set()

    class Finder(pickle.Unpickler):
        def find_class(self, module, name):
            modules.add(module.split(".")[0])
            return super().find_class(module, name)

    Finder(io.BytesIO(pickle.dumps(fitted))).load()
    assert "torch" not in modules
    assert "skorch" not in modules


def test_the_size_is_that_of_the_parameters_and_little_more(fitted_teacher):
    size = len(pickle.dumps(fitted_teacher))
    # float64 but for the temporal encoder; statistics, history and buffers besides
    assert 4 * fitted_teacher.n_parameters_ < size < 8 * fitted_teacher.n_parameters_ + 40_000


def test_the_size_does_not_grow_with_the_songs(collection):
    sizes = []
    for n in (24, 48):
        teacher = TeacherClassifier(max_epochs=1, random_state=0)
        sizes.append(len(pickle.dumps(teacher.fit(collection.X[np.arange(n)], collection.y[:n]))))
    assert abs(sizes[1] - sizes[0]) < 2000


def test_clone_is_unfitted_with_equal_parameters(fitted_student):
    copied = clone(fitted_student)
    assert not hasattr(copied, "net_")
    assert copied.teacher is not fitted_student.teacher
    assert copied.teacher.get_params() == fitted_student.teacher.get_params()
    own = {**fitted_student.get_params(deep=False), "teacher": None}
    assert {**copied.get_params(deep=False), "teacher": None} == own


def test_fit_leaves_the_parameters_as_they_were(tiny_student, collection):
    student = tiny_student(sources=("audio",))
    teacher = student.teacher
    before = teacher.get_params()
    student.fit(collection.X, collection.y)
    assert student.teacher is teacher
    assert student.teacher_ is not teacher
    assert teacher.get_params() == before
    assert not hasattr(teacher, "net_")


@pytest.mark.parametrize("way", COPIES)
def test_a_classifier_whose_fit_was_interrupted_is_copied_too(collection, monkeypatch, way):
    """Members trained in other processes take a copy of the half-fitted estimator along."""
    teacher = TeacherClassifier(max_epochs=1)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(teacher, "_train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        teacher.fit(collection.X, collection.y)
    monkeypatch.undo()
    copied = COPIES[way](teacher)
    assert copied.fit(collection.X, collection.y).predict(collection.X).shape == (48,)


@pytest.mark.parametrize("way", COPIES)
def test_a_classifier_whose_second_fit_was_interrupted_is_copied_too(collection, monkeypatch, way):
    teacher = TeacherClassifier(max_epochs=1).fit(collection.X, collection.y)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(teacher, "_train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        teacher.fit({"audio": collection.X["audio"]}, collection.y)
    monkeypatch.undo()
    COPIES[way](teacher)
