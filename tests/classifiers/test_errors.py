"""What goes wrong is said clearly, where it goes wrong."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, TeacherClassifier

CLASSIFIERS = [TeacherClassifier(max_epochs=1), SKDStudentClassifier(max_epochs=1, teacher_cv=2)]
each_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)


def changed(X, **sources):
    return {**X, **sources}


def edited(values, where, value, dtype=None):
    values = values.astype(dtype or values.dtype)
    values[where] = value
    return values


# Labels and what comes with them


@each_classifier
def test_one_class_is_too_few(classifier, collection):
    with pytest.raises(ValueError, match="only one class, 'calm'"):
        classifier.fit(collection.X, ["calm"] * 48)


@each_classifier
def test_labels_are_needed(classifier, collection):
    with pytest.raises(ValueError, match="requires y"):
        classifier.fit(collection.X, None)
    with pytest.raises(ValueError, match="y has no labels"):
        classifier.fit(collection.X, [None] * 48)


@each_classifier
@pytest.mark.parametrize("name", ["y", "sample_weight", "annotation_votes"])
@pytest.mark.parametrize("length", [47, 49])
def test_a_wrong_length_is_an_error(classifier, collection, name, length):
    rows = np.arange(length) % 48
    params = {"y": collection.y, "sample_weight": None, "annotation_votes": None}
    params[name] = {
        "y": collection.y[rows],
        "sample_weight": np.ones(length),
        "annotation_votes": collection.votes[rows],
    }[name]
    with pytest.raises(ValueError, match=r"47|49"):
        classifier.fit(collection.X, **params)


@pytest.mark.parametrize("name", ["annotation_reliability", "groups"])
@pytest.mark.parametrize("length", [47, 49])
def test_a_wrong_length_is_an_error_for_the_student(collection, name, length):
    with pytest.raises(ValueError, match=r"47|49"):
        CLASSIFIERS[1].fit(collection.X, collection.y, **{name: np.full(length, 0.5)})


@pytest.mark.parametrize("value", [-0.1, 1.5, np.inf])
def test_a_reliability_out_of_range_is_found_by_its_row(collection, value):
    reliability = edited(collection.reliability, 7, value)
    with pytest.raises(ValueError, match=r"annotation_reliability.*7"):
        CLASSIFIERS[1].fit(collection.X, collection.y, annotation_reliability=reliability)


def test_an_unknown_reliability_is_none(tiny_student, collection):
    reliability = edited(collection.reliability, 7, np.nan)
    told = (
        tiny_student(teacher=GaussianNB())
        .fit(collection.X["lyrics"], collection.y, annotation_reliability=reliability)
        .credibility_
    )
    assert np.isnan(told.loc[7, "annotation_reliability"])
    assert told.loc[7, "credibility"] == pytest.approx(told.loc[7, "certainty"])


@each_classifier
def test_votes_are_checked(classifier, collection):
    def fit(votes):
        classifier.fit(collection.X, collection.y, annotation_votes=votes)

    with pytest.raises(ValueError, match="negative or infinite number in row 5"):
        fit(edited(collection.votes, (5, 1), -1))
    with pytest.raises(ValueError, match="one column a class"):
        fit(collection.votes[:, :2])
    frame = pd.DataFrame(collection.votes, columns=["calm", "happy", "angry"])
    with pytest.raises(ValueError, match=r"unknown: \['angry'\], missing: \['sad'\]"):
        fit(frame)


@each_classifier
def test_sample_weights_are_checked(classifier, collection):
    with pytest.raises(ValueError, match="Negative values"):
        classifier.fit(collection.X, collection.y, sample_weight=edited(np.ones(48), 3, -1))
    y = edited(collection.y, 0, None, dtype=object)
    with pytest.raises(ValueError, match="zero for all labelled songs"):
        classifier.fit(collection.X, y, sample_weight=edited(np.zeros(48), 0, 1))


# A class with one song


@pytest.fixture
def y_with_a_rare_class(collection):
    return edited(collection.y, 0, "bored")


def test_a_class_of_one_song_cannot_be_cross_fitted(tiny_student, collection, y_with_a_rare_class):
    match = "Class 'bored' has 1 songs: .* Add songs, merge the class, or set teacher_cv=None"
    with pytest.raises(ValueError, match=match):
        tiny_student().fit(collection.X, y_with_a_rare_class)


@pytest.mark.parametrize("params", [{"strategy": "student-only"}, {"teacher_cv": None}], ids=str)
def test_a_class_of_one_song_is_learnt_without_cross_fitting(
    tiny_student, collection, y_with_a_rare_class, params
):
    student = tiny_student(**params).fit(collection.X, y_with_a_rare_class)
    assert student.classes_[0] == "bored"
    assert student.predict_proba(collection.X).shape == (48, 4)


# Sources


@each_classifier
@pytest.mark.parametrize(
    ("name", "edit", "match"),
    [
        ("lyrics", lambda v: edited(v, (5, 1), np.nan), "'lyrics' contains NaN in a part of row 5"),
        (
            "audio",
            lambda v: edited(v, (5, 1, 2), np.nan),
            "'audio' contains NaN in a part of row 5",
        ),
        ("audio", lambda v: edited(v, (5, 1, 2), np.inf), "infinity in row 5"),
        ("lyrics", lambda v: edited(v, (5, 1), -np.inf), "infinity in row 5"),
        ("culture", lambda v: edited(v, (5, 1), -1), "negative code -1 in row 5"),
        ("lyrics", lambda v: v.astype(object), "has dtype object"),
        ("lyrics", lambda v: v.astype(str), "has dtype <U"),
        ("lyrics", lambda v: v[:, 0], r"dtype float32 and shape \(48,\)"),
        ("lyrics", lambda v: v[:40], "differ in their number of songs"),
        ("culture", lambda v: v[:, :, None], "holds integers of shape"),
    ],
    ids=[
        "NaN in a vector",
        "NaN in a frame",
        "infinite sound",
        "infinite vector",
        "negative code",
        "objects",
        "text",
        "one dimension",
        "fewer songs",
        "integers of three dimensions",
    ],
)
def test_a_bad_source_is_named(classifier, collection, name, edit, match):
    with pytest.raises(ValueError, match=match) as error:
        classifier.fit(changed(collection.X, **{name: edit(collection.X[name])}), collection.y)
    assert name in str(error.value)


@each_classifier
def test_songs_and_sources_are_needed(classifier, collection):
    nothing = SliceDict(**{name: values[:0] for name, values in collection.X.items()})
    with pytest.raises(ValueError, match="no songs"):
        classifier.fit(nothing, [])
    with pytest.raises(ValueError, match="no sources"):
        classifier.fit({}, collection.y)
    with pytest.raises(ValueError, match="0 sample"):
        classifier.fit(np.empty((0, 3)), [])


@pytest.mark.parametrize("fitted", ["fitted_teacher", "fitted_student"])
@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("lyrics", lambda v: v[:, :4]),
        ("audio", lambda v: v[:, :7]),
        ("culture", lambda v: v[:, :1]),
        ("culture", lambda v: v.astype(float)),
        ("lyrics", lambda v: v.astype(int)),
        ("lyrics", lambda v: v[:, :, None]),
    ],
    ids=["narrow", "fewer bands", "fewer fields", "codes as floats", "floats as codes", "3-d"],
)
def test_a_source_that_changed_since_fit_is_named(request, fitted, new_songs, name, edit):
    X = changed(new_songs, **{name: np.abs(edit(new_songs[name]))})
    with pytest.raises(ValueError, match=rf"Source '{name}' has .* was fitted with"):
        request.getfixturevalue(fitted).predict(X)


def test_a_bad_song_to_predict_is_found_by_its_row(fitted_student, new_songs):
    X = changed(new_songs, lyrics=edited(new_songs["lyrics"], (3, 1), np.nan))
    with pytest.raises(ValueError, match="'lyrics' contains NaN in a part of row 3"):
        fitted_student.predict_proba(X)
    nothing = SliceDict(**{name: values[:0] for name, values in new_songs.items()})
    with pytest.raises(ValueError, match="no songs"):
        fitted_student.predict_proba(nothing)


def test_a_plain_array_cannot_stand_for_named_sources(fitted_student, new_songs):
    with pytest.raises(ValueError, match=r"fitted on named sources \['audio', 'lyrics'"):
        fitted_student.predict(new_songs["lyrics"])


# Parameters and order of calls


@pytest.mark.parametrize(
    "params",
    [
        {"strategy": "magic"},
        {"teacher_cv": 1},
        {"mean_weight": 1.0},
        {"temperature": 0},
        {"kd_weight": 1.0},
        {"weighting": "joint-ish"},
        {"calibration": "isotonic"},
        {"teacher": "logistic"},
        {"dropout": 1.0},
        {"mu": -1},
    ],
    ids=str,
)
def test_a_bad_parameter_is_named(collection, params):
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
        SKDStudentClassifier(**params).fit(collection.X, collection.y)


def test_a_weight_that_is_trained_cannot_be_searched_for(tiny_student, collection):
    student = tiny_student(weighting="joint", mean_weight="search")
    with pytest.raises(ValueError, match="there is none to search for"):
        student.fit(collection.X, collection.y)


class Untouched(GaussianNB):
    """A teacher that must not be fitted."""

    def fit(self, X, y):
        raise AssertionError("fitted though the student cannot learn")


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"alpha": 0, "beta": 0, "gamma": 0}, "alpha, beta and gamma"),
        ({"alpha": 0, "beta": 0, "gamma": 1}, "credibility of song 5 is unknown.* alpha above 0"),
        ({"sources": ()}, "sources is empty"),
    ],
    ids=["no shares", "nobody measured", "no sources"],
)
def test_what_cannot_be_learnt_is_said_before_teachers_are_fitted(
    tiny_student, collection, params, match
):
    student = tiny_student(teacher=Untouched(), **params)
    reliability = edited(collection.reliability, 5, np.nan)
    with pytest.raises(ValueError, match=match):
        student.fit(collection.X["lyrics"], collection.y, annotation_reliability=reliability)


@pytest.mark.parametrize("weighting", ["held-out", "joint"])
def test_weights_of_an_unknown_credibility_are_refused(tiny_student, collection, weighting):
    student = tiny_student(teacher=GaussianNB(), alpha=0, beta=1, gamma=0, weighting=weighting)
    with pytest.raises(ValueError, match=r"credibility of song 0 is unknown.* alpha=0, beta=1"):
        student.fit(collection.X["lyrics"], collection.y)


@pytest.mark.parametrize("params", [{}, {"mean_weight": "search"}, {"strategy": "kd"}], ids=str)
def test_equal_weights_need_no_credibility(tiny_student, collection, params):
    params = {"alpha": 0, "beta": 1, "gamma": 0, "weighting": "fixed", "max_epochs": 1, **params}
    student = tiny_student(teacher=GaussianNB(), **params)
    student.fit(collection.X["lyrics"], collection.y)
    assert student.credibility_["credibility"].isna().all()
    assert student.credibility_["weight"].nunique(dropna=False) == 1
    assert student.credibility_["weight"].notna().all()


@pytest.mark.parametrize(
    "method",
    ["predict", "predict_proba", "decision_function", "predict_credibility", "temporal_attention"],
)
def test_an_unfitted_student_says_so(collection, method):
    with pytest.raises(NotFittedError):
        getattr(SKDStudentClassifier(), method)(collection.X)


def test_an_unfitted_student_has_no_number_of_parameters():
    with pytest.raises(NotFittedError):
        _ = SKDStudentClassifier().n_parameters_
