"""Songs to predict that differ from those in fit: predicted where they can be, or refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier

N_SONGS = 24
Y = np.tile(["a", "b"], N_SONGS // 2)
RNG = np.random.RandomState(0)
SOUND = RNG.normal(size=(N_SONGS, 4, 20)).astype(np.float32)
VECTOR = RNG.normal(size=(N_SONGS, 5)).astype(np.float32)
CODES = RNG.randint(4, size=(N_SONGS, 2))
EVERY = {"audio": SOUND, "lyrics": VECTOR, "culture": CODES}


def make_student(**parameters):
    teacher = TeacherClassifier(max_epochs=1)
    return SKDStudentClassifier(teacher, teacher_cv=2, max_epochs=1, random_state=0, **parameters)


@pytest.fixture(scope="module")
def student():
    return make_student().fit(EVERY, Y)


@pytest.fixture(scope="module")
def teacher(student):
    return student.teacher_


@pytest.fixture(params=["student", "teacher"])
def classifier(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    "change",
    [
        {"audio": SOUND[:, :, :7]},
        {"audio": SOUND[:, :, :1]},
        {"audio": np.repeat(SOUND, 3, axis=2)},
        {"audio": SOUND * np.nan},
        {"lyrics": VECTOR * np.nan},
        {"lyrics": VECTOR * np.nan, "audio": SOUND * np.nan, "culture": CODES * 0},
        {"lyrics": VECTOR * np.float32(1e30)},
        {"audio": SOUND * np.float32(1e30)},
        {"audio": SOUND * 0},
        {"culture": CODES + 50},
        {"culture": CODES + 90_000},
        {"culture": CODES.astype(np.uint8)},
        {"lyrics": VECTOR.astype(float)},
    ],
    ids=[
        *("fewer frames", "one frame", "more frames", "no sound", "no lyrics", "nothing known"),
        *("huge vector", "huge sound", "silence", "new categories", "high new categories"),
        *("codes as bytes", "double precision"),
    ],
)
def test_songs_unlike_those_in_fit_have_sound_probabilities(classifier, change):
    proba = classifier.predict_proba({**EVERY, **change})
    assert np.isfinite(proba).all()
    assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert set(classifier.predict({**EVERY, **change})) <= {"a", "b"}


def test_a_category_unseen_in_fit_is_an_unknown_one(classifier):
    unknown = classifier.predict_proba({**EVERY, "culture": CODES * 0})
    assert_array_equal(classifier.predict_proba({**EVERY, "culture": CODES * 0 + 99}), unknown)


@pytest.mark.parametrize(
    "X",
    [
        SliceDict(**EVERY),
        {name: EVERY[name] for name in ("culture", "lyrics", "audio")},
        {**EVERY, "more": VECTOR},
        {**EVERY, "more": None},
        {**EVERY, "more": VECTOR[:3]},
        {name: np.asfortranarray(values) for name, values in EVERY.items()},
    ],
    ids=["SliceDict", "other order", "a source more", "None more", "other length more", "Fortran"],
)
def test_what_the_net_does_not_read_changes_nothing(classifier, X):
    assert_array_equal(classifier.predict_proba(X), classifier.predict_proba(EVERY))


@pytest.mark.parametrize("rows", [[0], [3, 3, 3], list(range(N_SONGS))[::-1]], ids=str)
def test_a_song_is_predicted_alike_in_any_company(classifier, rows):
    some = {name: values[rows] for name, values in EVERY.items()}
    assert_allclose(
        classifier.predict_proba(some), classifier.predict_proba(EVERY)[rows], atol=1e-7
    )


@pytest.mark.parametrize(
    ("X", "match"),
    [
        ({}, r"needs the sources \['audio', 'lyrics', 'culture'\], but X has \[\]"),
        ({"audio": SOUND, "lyrics": VECTOR}, r"needs the sources \['culture'\]"),
        ({**EVERY, "audio": SOUND[:, :3]}, "'audio' has 3 columns.*fitted with 4"),
        ({**EVERY, "lyrics": VECTOR[:, :2]}, "'lyrics' has 2 columns.*fitted with 5"),
        ({**EVERY, "lyrics": SOUND}, "'lyrics' has 4 columns of kind series"),
        ({**EVERY, "culture": CODES.astype(float)}, "'culture' has 2 columns of kind vector"),
        ({**EVERY, "culture": -CODES - 1}, "negative code"),
        ({**EVERY, "culture": CODES + 2**40}, r"'culture' has the code .* in row 0"),
        ({**EVERY, "lyrics": VECTOR[:3]}, "differ in their number of songs"),
        ({name: values[:0] for name, values in EVERY.items()}, "no songs"),
        (VECTOR, r"fitted on named sources \['audio'.*ndarray"),
        (pd.DataFrame(VECTOR), "fitted on named sources.*DataFrame"),
        ([EVERY], "fitted on named sources.*list"),
        (None, "fitted on named sources.*NoneType"),
    ],
    ids=[
        *("no sources", "missing source", "fewer bands", "narrower", "another kind", "floats"),
        *(
            "negative codes",
            "enormous codes",
            "other length",
            "no songs",
            "array",
            "frame",
            "list",
            "None",
        ),
    ],
)
def test_other_sources_than_in_fit_are_refused(classifier, X, match):
    with pytest.raises(ValueError, match=match):
        classifier.predict_proba(X)


@pytest.mark.parametrize("method", ["predict", "decision_function", "predict_credibility"])
def test_every_method_refuses_alike(student, method):
    with pytest.raises(ValueError, match=r"needs the sources \['culture'\]"):
        getattr(student, method)({"audio": SOUND, "lyrics": VECTOR})


@pytest.fixture(scope="module")
def audio_student():
    return make_student(sources=("audio",)).fit(EVERY, Y)


@pytest.mark.parametrize(
    "rest",
    [{}, {"lyrics": None}, {"lyrics": VECTOR[:2]}, {"lyrics": "broken"}],
    ids=["left out", "None", "too short", "text"],
)
def test_a_student_does_not_look_at_sources_of_its_teacher_alone(audio_student, rest):
    proba = audio_student.predict_proba({"audio": SOUND, **rest})
    assert_array_equal(proba, audio_student.predict_proba(EVERY))


def test_a_student_needs_sources_that_exist():
    with pytest.raises(ValueError, match=r"needs the sources \['video'\], but X has"):
        make_student(sources=("video",)).fit(EVERY, Y)


@pytest.fixture(scope="module")
def table():
    return pd.DataFrame(
        {"genre": np.tile(["rock", "folk", None], 8), "era": np.tile([1970, 1990, 2010, 2020], 6)}
    )


@pytest.fixture(scope="module")
def pipeline(table):
    return make_pipeline(SongFeatures(), make_student()).fit(table, Y)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table[["era", "genre"]],
        lambda table: table.assign(title="x"),
        lambda table: table.astype({"era": str}),
        lambda table: table.astype({"era": float}),
        lambda table: table.astype("category"),
        lambda table: table.set_axis([0] * N_SONGS),
    ],
    ids=["other order", "a column more", "text", "floats", "categorical", "equal row labels"],
)
def test_a_pipeline_predicts_alike_however_the_table_is_stored(pipeline, table, change):
    assert_array_equal(pipeline.predict_proba(change(table)), pipeline.predict_proba(table))


def test_a_pipeline_takes_unseen_categories_as_unknown(pipeline, table):
    unseen = pipeline.predict_proba(table.assign(genre="jazz", era=1800))
    missing = pipeline.predict_proba(table.assign(genre=None, era=np.nan))
    assert_array_equal(unseen, missing)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda table: table[["genre"]], ValueError, "needs the column 'era'"),
        (lambda table: table[:0], ValueError, "0 songs"),
        (lambda table: table.to_numpy(), TypeError, "DataFrame"),
        (lambda table: table.assign(genre=[["rock"]] * N_SONGS), TypeError, "'genre' of row 0"),
    ],
    ids=["missing column", "no songs", "array", "lists"],
)
def test_a_pipeline_refuses_another_table_with_the_fix(pipeline, table, change, error, match):
    with pytest.raises(error, match=match):
        pipeline.predict(change(table))


def test_a_plain_table_needs_its_columns_in_order():
    frame = pd.DataFrame(VECTOR, columns=list("abcde"))
    fitted = TeacherClassifier(max_epochs=1, random_state=0).fit(frame, Y)
    with pytest.raises(ValueError, match="same order"):
        fitted.predict(frame[list("edcba")])
    with pytest.raises(ValueError, match="yet now missing"):
        fitted.predict(frame[list("abcd")])
    with pytest.raises(ValueError, match="unseen at fit time"):
        fitted.predict(frame.assign(f=1.0))
