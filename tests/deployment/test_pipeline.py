"""The shipped student predicts the same, and holds nothing of its teacher's."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_skd import (
    AbstainingClassifier,
    CultureEncoder,
    FeedbackCalibrator,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    TemperatureCalibratedClassifier,
    student_pipeline,
)

N_SONGS = 36


class Statistics(TransformerMixin, BaseEstimator):
    """Two numbers of a column of arrays; remembers a large table, as encoders do."""

    def __init__(self, size=100_000):
        self.size = size

    def fit(self, X, y=None):
        self.table_ = np.zeros(self.size)
        return self

    def transform(self, X):
        return np.array([[np.mean(song), np.std(song)] for song in X], dtype=np.float32)


@pytest.fixture(scope="module")
def songs():
    rng = np.random.default_rng(0)
    emotion = np.tile(["calm", "tense", "sad"], N_SONGS // 3)
    audio = [rng.normal(loc=ord(e[0]) % 7, size=20) for e in emotion]
    table = pd.DataFrame({"audio": audio, "heavy": list(rng.normal(size=(N_SONGS, 20)))})
    table["genre"] = rng.choice(["folk", "pop"], size=N_SONGS)
    table["era"] = rng.choice(["1960s", "1990s"], size=N_SONGS)
    return table, emotion


def features():
    return SongFeatures(
        audio=Statistics(10),
        culture=None,
        extra=[
            ("heavy", Statistics(), "heavy"),
            ("genre", CultureEncoder(), ["genre"]),
            ("both", CultureEncoder(), ["genre", "era"]),
        ],
    )


def student(**params):
    teacher = TeacherClassifier(max_epochs=2, random_state=0)
    params = {"sources": ("audio", "genre"), "teacher_cv": 2, "max_epochs": 3, **params}
    return SKDStudentClassifier(teacher, random_state=0, **params)


@pytest.fixture(scope="module")
def model(songs):
    return make_pipeline(features(), student()).fit(*songs)


def test_the_shipped_student_needs_its_own_columns_and_predicts_the_same(model, songs):
    shipped = student_pipeline(model)
    assert list(shipped.named_steps) == ["songfeatures", "skdstudentclassifier"]
    assert shipped.feature_names_in_.tolist() == ["audio", "genre"]
    assert shipped.n_features_in_ == 2
    assert shipped.classes_.tolist() == ["calm", "sad", "tense"]
    table, own = songs[0], songs[0][["audio", "genre"]]
    for method in ("predict", "predict_proba", "decision_function"):
        assert_array_equal(getattr(shipped, method)(own), getattr(model, method)(table))
    credibility = [m[-1].predict_credibility(m[:-1].transform(table)) for m in (shipped, model)]
    assert_array_equal(*credibility)


def test_nothing_of_the_teachers_is_left(model):
    encoders, classifier = student_pipeline(model)
    assert list(encoders.transformers_) == list(encoders.columns_) == ["audio", "genre"]
    assert not hasattr(classifier, "teacher_")
    assert not hasattr(classifier, "credibility_")
    assert len(pickle.dumps(encoders)) < 100_000 < len(pickle.dumps(model[0]))


def test_the_parameters_say_what_is_left(model):
    encoders, classifier = student_pipeline(model)
    assert encoders.lyrics is None
    assert encoders.culture is None
    assert [(name, columns) for name, _, columns in encoders.extra] == [("genre", ["genre"])]
    assert encoders.audio.size == 10
    assert classifier.sources == ("audio", "genre")


def test_the_original_is_never_changed(model, songs):
    before = pickle.dumps(model)
    shipped = student_pipeline(model)
    assert pickle.dumps(model) == before
    shipped[-1].net_.members[0].requires_grad_(False)
    for parameter in shipped[-1].net_.parameters():
        parameter.zero_()
    shipped[0].transformers_["audio"].table_[:] = 1
    shipped[0].columns_["genre"].append("era")
    shipped.set_params(skdstudentclassifier__temperature=9.0, songfeatures__audio__size=1)
    assert pickle.dumps(model) == before


def test_it_can_be_cloned_and_fitted_again(model, songs):
    table, emotion = songs
    again = clone(student_pipeline(model)).fit(table[["audio", "genre"]], emotion)
    assert list(again[0].transformers_) == ["audio", "genre"]
    assert again[-1].teacher_.max_epochs == 2


def test_to_reduce_twice_changes_nothing_more(model, songs):
    once = student_pipeline(model)
    twice = student_pipeline(once)
    assert_array_equal(twice.predict_proba(songs[0]), once.predict_proba(songs[0]))
    assert twice[0].feature_names_in_.tolist() == ["audio", "genre"]


def test_a_student_that_reads_everything_keeps_every_source(songs):
    model = make_pipeline(features(), student(sources=None, strategy="student-only")).fit(*songs)
    shipped = student_pipeline(model)
    assert list(shipped[0].transformers_) == ["audio", "heavy", "genre", "both"]
    assert_array_equal(shipped.predict_proba(songs[0]), model.predict_proba(songs[0]))


def test_default_sources_stay_default_or_become_none(songs):
    table, emotion = songs
    encoders = SongFeatures(audio=Statistics(10), columns={"audio": "heavy", "culture": ["era"]})
    model = make_pipeline(encoders, student(sources=("culture",), strategy="student-only"))
    shipped = student_pipeline(model.fit(table, emotion))
    assert shipped[0].audio is None
    assert shipped[0].culture == "auto"
    assert shipped[0].columns == {"culture": ["era"]}
    assert_array_equal(shipped.predict_proba(table[["era"]]), model.predict_proba(table))


def test_a_frozen_teacher_is_left_behind(songs):
    table, emotion = songs
    X = features().fit_transform(table)
    teacher = FrozenEstimator(TeacherClassifier(max_epochs=1, random_state=0).fit(X, emotion))
    model = make_pipeline(features(), student().set_params(teacher=teacher)).fit(table, emotion)
    shipped = student_pipeline(model)
    assert isinstance(shipped[-1].teacher, TeacherClassifier)
    assert not hasattr(shipped[-1].teacher, "net_")
    assert model[-1].teacher is teacher
    assert_array_equal(shipped.predict_proba(table), model.predict_proba(table))


WRAPPERS = {
    "abstaining": lambda model: AbstainingClassifier(model, coverage=0.5, by="both"),
    "temperature": TemperatureCalibratedClassifier,
    "feedback": FeedbackCalibrator,
    "nested": lambda model: TemperatureCalibratedClassifier(FrozenEstimator(model)),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
@pytest.mark.parametrize("inside", [True, False], ids=["in the pipeline", "around it"])
def test_wrappers_around_a_student_stay(model, songs, wrap, inside):
    table, emotion = songs
    if inside:
        wrapper = wrap(model[-1]).fit(model[:-1].transform(table), emotion)
        whole = Pipeline([("features", model[0]), ("wrapper", wrapper)])
    else:
        whole = wrapper = wrap(model).fit(table, emotion)
    before = pickle.dumps(whole)
    shipped = student_pipeline(whole)
    assert type(shipped) is type(whole)
    own = table[["audio", "genre"]]
    assert_array_equal(shipped.predict_proba(own), whole.predict_proba(table))
    assert_array_equal(shipped.predict(own), whole.predict(table))
    assert b"heavy" not in pickle.dumps(shipped)
    assert b"TeacherClassifier" in before
    assert pickle.dumps(whole) == before


def test_an_abstaining_student_abstains_from_the_same_songs(model, songs):
    table, emotion = songs
    careful = AbstainingClassifier(model, coverage=0.5, by="credibility").fit(table, emotion)
    abstained = student_pipeline(careful).abstains(table[["audio", "genre"]])
    assert_array_equal(abstained, careful.abstains(table))
    assert 0 < abstained.sum() < N_SONGS


def test_feedback_to_the_shipped_student_is_its_own(model, songs):
    table, emotion = songs
    calibrator = FeedbackCalibrator(model).partial_fit(table[:9], emotion[:9], groups=["ann"] * 9)
    shipped = student_pipeline(calibrator)
    assert shipped.feature_names_in_.tolist() == ["audio", "genre"]
    shipped.partial_fit(table[9:], emotion[9:], groups=["eve"] * 27)
    assert shipped.groups_.index.tolist() == ["ann", "eve"]
    assert calibrator.groups_.index.tolist() == ["ann"]


def test_a_search_gives_its_best_pipeline(songs):
    table, emotion = songs
    pipeline = make_pipeline(features(), student(strategy="student-only"))
    grid = {"skdstudentclassifier__max_epochs": [1, 2]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(table, emotion)
    for given in (search, search.best_estimator_, FrozenEstimator(search)):
        shipped = student_pipeline(given)
        assert_array_equal(shipped.predict_proba(table), search.predict_proba(table))
    assert isinstance(student_pipeline(search), Pipeline)


def test_a_student_alone_loses_its_teacher(songs):
    table, emotion = songs
    X = features().fit_transform(table)
    fitted = student().fit(X, emotion)
    shipped = student_pipeline(fitted)
    assert not hasattr(shipped, "teacher_")
    assert hasattr(fitted, "teacher_")
    assert_array_equal(shipped.predict_proba(X), fitted.predict_proba(X))


def test_plain_arrays_go_through_their_own_steps(songs):
    X = np.random.default_rng(0).normal(size=(N_SONGS, 4)).astype(np.float32)
    model = make_pipeline(StandardScaler(), "passthrough", student(sources=None)).fit(X, songs[1])
    shipped = student_pipeline(model)
    assert_array_equal(shipped.predict_proba(X), model.predict_proba(X))
    assert shipped[0] is not model[0]


def test_nested_pipelines_are_reduced_too(model, songs):
    nested = make_pipeline(make_pipeline(model[0]), None, make_pipeline("passthrough", model[1]))
    shipped = student_pipeline(nested)
    assert shipped.feature_names_in_.tolist() == ["audio", "genre"]
    assert_array_equal(shipped.predict_proba(songs[0]), model.predict_proba(songs[0]))


def test_a_step_that_may_read_any_source_keeps_them_all_and_warns(model, songs):
    between = make_pipeline(model[0], FunctionTransformer(copy.copy).fit([[0]]), model[1])
    with pytest.warns(UserWarning, match="All sources of SongFeatures are kept"):
        shipped = student_pipeline(between)
    assert list(shipped[0].transformers_) == ["audio", "heavy", "genre", "both"]
    assert not hasattr(shipped[-1], "teacher_")
    assert_array_equal(shipped.predict_proba(songs[0]), model.predict_proba(songs[0]))


UNFITTED = {
    "student": lambda: student(),
    "pipeline": lambda: make_pipeline(features(), student()),
    "wrapper": lambda: AbstainingClassifier(student(), coverage=0.5),
    "search": lambda: GridSearchCV(make_pipeline(features(), student()), {}),
}


@pytest.mark.parametrize("make", UNFITTED.values(), ids=UNFITTED)
def test_what_is_not_fitted_says_so(make):
    with pytest.raises(NotFittedError, match="student_pipeline takes a fitted model"):
        student_pipeline(make())


def test_without_a_student_the_error_says_what_is_expected(model, songs):
    regression = LogisticRegression().fit([[0], [1]], [0, 1])
    without = [regression, make_pipeline(StandardScaler(), regression), model[-1].teacher_]
    without += [model[:-1], AbstainingClassifier(regression, coverage=0.5).fit([[0], [1]], [0, 1])]
    for wrong in without:
        with pytest.raises(ValueError, match="finds no student in a"):
            student_pipeline(wrong)
    for wrong in (None, "student", SKDStudentClassifier):
        with pytest.raises(ValueError, match="finds no student in a"):
            student_pipeline(wrong)
