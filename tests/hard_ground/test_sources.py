"""Sources of every kind and size: learnt from with finite results, or refused by name and row."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, TeacherClassifier

N_SONGS = 20
Y = np.tile(["a", "b"], N_SONGS // 2)
RNG = np.random.RandomState(0)
SOUND = RNG.normal(size=(N_SONGS, 4, 20)).astype(np.float32)
VECTOR = RNG.normal(size=(N_SONGS, 5)).astype(np.float32)
CODES = RNG.randint(4, size=(N_SONGS, 2))
EVERY = {"audio": SOUND, "lyrics": VECTOR, "culture": CODES}

STUDENT = SKDStudentClassifier(
    TeacherClassifier(max_epochs=1), teacher_cv=2, max_epochs=1, calibration=None, random_state=0
)
TEACHER = TeacherClassifier(max_epochs=1, random_state=0)


def edited(values, where, value, dtype=None):
    values = np.array(values, dtype=dtype or values.dtype)
    values[where] = value
    return values


def fitted_proba(X, classifier=TEACHER, y=Y):
    """Probabilities of the training songs, which must be sound."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        proba = classifier.fit(X, y).predict_proba(X)
    assert np.isfinite(proba).all()
    assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    return proba


@pytest.mark.parametrize(
    "X",
    [
        EVERY,
        {**EVERY, "lyrics": np.full_like(VECTOR, np.nan)},
        {**EVERY, "audio": np.full_like(SOUND, np.nan)},
        {"lyrics": np.full_like(VECTOR, np.nan)},
        {**EVERY, "lyrics": edited(VECTOR, slice(None, None, 2), np.nan)},
        {**EVERY, "audio": edited(SOUND, slice(1, None), np.nan)},
        {"audio": edited(SOUND, np.s_[:, :, 15:], np.nan)},
        {"lyrics": np.ones_like(VECTOR)},
        {"audio": np.zeros_like(SOUND)},
        {"culture": np.zeros_like(CODES)},
        {"lyrics": VECTOR * 1e30},
        {"lyrics": VECTOR * 5e37},
        {"lyrics": VECTOR * 1e-30},
        {"lyrics": VECTOR * 1e-40},
        {"lyrics": edited(VECTOR, (3, 1), 1e30)},
        {"lyrics": VECTOR * np.float32([1e30, 1e-30, 1, 0, 1e10])},
        {"lyrics": VECTOR + np.float32(1e8)},
        {"audio": SOUND * 1e30},
        {"audio": SOUND * 1e-30},
        {"audio": SOUND[:, :, :1]},
        {"audio": SOUND[:, :1, :2]},
        {"culture": CODES * 1_000},
        {"culture": CODES.astype(np.uint8)},
        {"culture": CODES.astype(np.uint64)},
        {"lyrics": VECTOR > 0},
        {"lyrics": VECTOR.astype(np.float16)},
        {"a.b": VECTOR, "my lyrics": VECTOR, "лирика": VECTOR},
    ],
    ids=[
        *("ordinary", "no lyrics at all", "no sound at all", "nothing at all", "half missing"),
        *("one song with sound", "padding", "constant vector", "silence", "unknown categories"),
        *("huge", "nearly overflowing", "tiny", "subnormal", "an outlier", "scales", "offset"),
        *("huge sound", "tiny sound", "one frame", "one band", "high codes", "uint8", "uint64"),
        *("booleans", "half precision", "odd names"),
    ],
)
@pytest.mark.parametrize("classifier", [TEACHER, STUDENT], ids=lambda c: type(c).__name__)
def test_sources_of_every_size_give_sound_probabilities(classifier, X):
    fitted_proba(X, classifier)


@pytest.mark.parametrize(
    "X",
    [
        SliceDict(lyrics=VECTOR, audio=SOUND),
        {"lyrics": VECTOR.astype(float), "audio": SOUND.astype(float)},
        {"lyrics": np.asfortranarray(VECTOR), "audio": np.asfortranarray(SOUND)},
        {"lyrics": np.repeat(VECTOR, 2, axis=1)[:, ::2], "audio": SOUND[:, :, ::-1][:, :, ::-1]},
        {"lyrics": np.broadcast_to(VECTOR, VECTOR.shape), "audio": SOUND},
        {"lyrics": VECTOR.astype(">f4"), "audio": SOUND.astype(">f8")},
        {"lyrics": VECTOR.astype(float).tolist(), "audio": SOUND.tolist()},
        {"lyrics": pd.DataFrame(VECTOR), "audio": SOUND},
    ],
    ids=[
        *("SliceDict", "double", "Fortran", "strided", "read-only", "big-endian", "lists"),
        "frame",
    ],
)
def test_how_an_array_is_stored_does_not_change_what_is_learnt(X):
    assert_array_equal(fitted_proba(X), fitted_proba({"lyrics": VECTOR, "audio": SOUND}))


def test_read_only_arrays_are_not_written_to():
    frozen = {name: values.copy() for name, values in EVERY.items()}
    for values in frozen.values():
        values.setflags(write=False)
    fitted_proba(frozen, STUDENT)
    for name, values in frozen.items():
        assert_array_equal(values, EVERY[name])


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_the_unit_of_a_source_does_not_matter(scale):
    scaled = {"lyrics": VECTOR * np.float32(scale)}
    assert_allclose(fitted_proba(scaled), fitted_proba({"lyrics": VECTOR}), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "values", "match"),
    [
        ("lyrics", edited(VECTOR, (3, 1), np.nan), "NaN in a part of row 3.*impute"),
        ("audio", edited(SOUND, (3, 1, 2), np.nan), "NaN in a part of row 3.*impute"),
        ("lyrics", edited(VECTOR, (3, 1), np.inf), "row 3"),
        ("audio", edited(SOUND, (3, 1, 2), -np.inf), "row 3"),
        ("lyrics", edited(VECTOR, (3, 1), 1e300, float), "row 3"),
        ("culture", edited(CODES, (3, 1), -1), "negative code -1 in row 3, field 1"),
        ("lyrics", VECTOR.astype(complex), "dtype complex"),
        ("lyrics", VECTOR.astype(object), "dtype object.*encode other data first"),
        ("lyrics", VECTOR.astype(str), "dtype <U"),
        ("lyrics", VECTOR.astype("M8[s]"), "dtype datetime64"),
        ("lyrics", VECTOR[:, 0], r"shape \(20,\)"),
        ("lyrics", np.float32(1), r"shape \(\)"),
        ("audio", SOUND[:, None], r"shape \(20, 1, 4, 20\)"),
        ("lyrics", VECTOR[:, :0], "is empty.*Leave it out"),
        ("audio", SOUND[:, :, :0], "is empty.*Leave it out"),
        ("audio", (SOUND * 10).astype(int), "categories have shape.*Cast to float"),
        ("lyrics", VECTOR[:5], "differ in their number of songs.*'lyrics': 5"),
        ("lyrics", VECTOR[:0], "differ in their number of songs.*'lyrics': 0"),
        ("culture", edited(CODES, (3, 1), 2**40), "code 1099511627776 in row 3.*Cast to float"),
        ("lyrics", None, "'lyrics'"),
    ],
    ids=[
        *("NaN in a vector", "NaN in a frame", "infinite", "infinite frame", "beyond float32"),
        *("negative code", "complex", "objects", "text", "dates", "1-D", "0-D", "4-D", "no column"),
        *("no frame", "integer series", "too short", "no songs", "enormous code", "None"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_by_name(name, values, match):
    with pytest.raises(ValueError, match=match) as caught, np.errstate(over="ignore"):
        STUDENT.fit({**EVERY, name: values}, Y)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        ({}, ValueError, "no sources"),
        (SliceDict(lyrics=VECTOR[:0]), ValueError, "no songs"),
        (VECTOR[:0], ValueError, r"0 sample\(s\)"),
        (VECTOR[:, :0], ValueError, r"0 feature\(s\)"),
        (VECTOR[:, 0], ValueError, "Expected 2D array"),
        (SOUND, ValueError, "dim 3"),
        (edited(VECTOR, (3, 1), np.nan), ValueError, "X contains NaN"),
        (edited(VECTOR, (3, 1), np.inf), ValueError, "X contains infinity"),
        (VECTOR.astype(float) * 1e300, ValueError, "too large for dtype"),
        (
            pd.DataFrame({"a": VECTOR[:, 0], "title": ["x"] * N_SONGS}),
            ValueError,
            r"columns \['title'\] are no numbers. Put SongFeatures before",
        ),
        (pd.DataFrame(VECTOR, columns=list("aabcd")), ValueError, "unique column names"),
        (scipy.sparse.csr_array(VECTOR), TypeError, "Sparse data"),
        ({"l": scipy.sparse.csr_array(VECTOR)}, TypeError, "'l' is sparse.*toarray"),
        ({"l": np.ma.array(VECTOR)}, TypeError, "'l' is a masked array.*filled"),
        ({1: VECTOR}, ValueError, "name of a source is a str.*got 1"),
        ({"self": VECTOR}, ValueError, "other than 'self'"),
        ({"": VECTOR}, ValueError, "got ''"),
        (None, ValueError, "Expected 2D array"),
        ("songs.csv", ValueError, "could not convert"),
        (VECTOR[:7], ValueError, "inconsistent numbers of samples"),
    ],
    ids=[
        *("no sources", "no songs", "no rows", "no columns", "1-D", "3-D", "NaN", "infinity"),
        *(
            "beyond float32",
            "text",
            "doubled column",
            "sparse",
            "sparse source",
            "masked source",
            "number as name",
            "self",
            "no name",
            "None",
            "path",
            "too short",
        ),
    ],
)
def test_what_is_no_songs_is_refused(X, error, match):
    with pytest.raises(error, match=match), np.errstate(over="ignore"):
        STUDENT.fit(X, Y)


@settings(max_examples=10)
@given(
    n_songs=st.integers(8, 16),
    n_features=st.integers(1, 3),
    n_classes=st.integers(2, 3),
    exponent=st.integers(-20, 20),
    missing=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_students_of_random_tables_have_sound_probabilities(
    n_songs, n_features, n_classes, exponent, missing, seed
):
    rng = np.random.RandomState(seed)
    vector = rng.normal(size=(n_songs, n_features)) * 10.0**exponent
    vector[rng.uniform(size=n_songs) < missing] = np.nan
    X = {"vector": vector, "codes": rng.randint(3, size=(n_songs, 2))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fitted_proba(X, STUDENT, np.arange(n_songs) % n_classes)
