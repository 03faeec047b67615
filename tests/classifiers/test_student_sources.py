"""Which sources a student reads, songs that lack some, one song at a time."""

from collections import OrderedDict, UserDict

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.naive_bayes import GaussianNB
from skorch.helper import SliceDict


def with_rows(X, name, rows, value):
    """A copy in which some songs have another value of one source."""
    changed = {key: values.copy() for key, values in X.items()}
    changed[name][rows] = value
    return SliceDict(**changed)


def only(X, *names):
    return SliceDict(**{name: X[name] for name in names})


# Fewer sources than the teacher


@pytest.fixture(scope="module")
def audio_student(collection, tiny_student):
    return tiny_student(sources=("audio",)).fit(collection.X, collection.y)


def test_an_audio_student_of_a_teacher_of_all_sources(audio_student, new_songs):
    assert [source.name for source in audio_student.sources_] == ["audio"]
    teacher_sees = [source.name for source in audio_student.teacher_.sources_]
    assert teacher_sees == ["audio", "lyrics", "culture"]
    proba = audio_student.predict_proba(new_songs)
    assert_array_equal(audio_student.predict_proba(only(new_songs, "audio")), proba)


def test_sources_that_the_student_does_not_use_are_not_read(audio_student, new_songs):
    garbage = {**new_songs, "lyrics": "not even an array", "culture": np.full((3, 1), np.inf)}
    assert_array_equal(audio_student.predict_proba(garbage), audio_student.predict_proba(new_songs))
    assert_array_equal(
        audio_student.predict_credibility(garbage), audio_student.predict_credibility(new_songs)
    )


def test_a_source_that_is_not_there_is_named(tiny_student, audio_student, collection, new_songs):
    with pytest.raises(ValueError, match=r"needs the sources \['eeg'\], but X has \['audio'"):
        tiny_student(sources=("audio", "eeg")).fit(collection.X, collection.y)
    with pytest.raises(ValueError, match=r"needs the sources \['audio'\], but X has \['lyrics'\]"):
        audio_student.predict(only(new_songs, "lyrics"))


def test_the_order_of_the_sources_does_not_matter_at_prediction(fitted_student, new_songs):
    turned = only(new_songs, "culture", "lyrics", "audio")
    assert_array_equal(
        fitted_student.predict_proba(turned), fitted_student.predict_proba(new_songs)
    )


def test_any_mapping_will_do(fitted_student, new_songs, tiny_student, collection):
    assert_array_equal(
        fitted_student.predict_proba(dict(new_songs)), fitted_student.predict_proba(new_songs)
    )
    fit_params = {
        "annotation_votes": collection.votes,
        "annotation_reliability": collection.reliability,
    }
    student = tiny_student().fit(dict(collection.X), collection.y, **fit_params)
    assert_array_equal(student.predict_proba(new_songs), fitted_student.predict_proba(new_songs))


class OfLyrics(GaussianNB):
    """A teacher that reads one source only."""

    def fit(self, X, y):
        return super().fit(X["lyrics"], y)

    def predict_proba(self, X):
        return super().predict_proba(X["lyrics"])


@pytest.mark.parametrize(
    "container",
    [
        lambda X: SliceDict(lyrics=pd.DataFrame(X["lyrics"], index=range(100, 148))),
        lambda X: UserDict(lyrics=X["lyrics"].tolist()),
        lambda X: OrderedDict(lyrics=X["lyrics"]),
    ],
    ids=["tables", "lists", "no rows"],
)
def test_the_teachers_get_arrays_of_any_mapping(tiny_student, collection, container):
    expected = tiny_student(teacher=OfLyrics()).fit(only(collection.X, "lyrics"), collection.y)
    student = tiny_student(teacher=OfLyrics()).fit(container(collection.X), collection.y)
    assert_allclose(
        student.predict_proba(collection.X), expected.predict_proba(collection.X), atol=1e-6
    )


# Songs that lack a source


@pytest.mark.parametrize(
    ("name", "value"),
    [("audio", np.nan), ("lyrics", np.nan), ("lyrics", [*np.zeros(5), 0]), ("culture", 0)],
    ids=["no sound", "no lyrics", "instrumental", "unknown culture"],
)
def test_any_source_may_be_missing_in_training_and_prediction(
    tiny_student, collection, new_songs, name, value
):
    student = tiny_student().fit(with_rows(collection.X, name, slice(0, 9), value), collection.y)
    whole = student.predict_proba(new_songs)
    proba = student.predict_proba(with_rows(new_songs, name, [0, 5], value))
    assert np.isfinite(proba).all()
    assert_allclose(proba.sum(axis=1), 1)
    others = np.setdiff1d(np.arange(12), [0, 5])
    assert_allclose(proba[others], whole[others], atol=1e-6)
    assert np.isfinite(student.credibility_["weight"]).all()


def test_what_stands_in_the_lyrics_of_an_instrumental_does_not_matter(fitted_student, new_songs):
    nothing = with_rows(new_songs, "lyrics", 0, [*np.zeros(5), 0])
    garbage = with_rows(new_songs, "lyrics", 0, [*np.full(5, 1e3), 0])
    assert_allclose(
        fitted_student.predict_proba(garbage), fitted_student.predict_proba(nothing), atol=1e-7
    )


# One song


@pytest.mark.parametrize(
    ("sources", "tolerance"), [(None, 1e-6), (("lyrics", "culture"), 1e-7)], ids=["all", "vectors"]
)
def test_one_song_is_predicted_as_in_a_batch(
    tiny_student, collection, new_songs, sources, tolerance
):
    student = tiny_student(sources=sources).fit(collection.X, collection.y)
    whole = student.predict_proba(new_songs)
    for row in range(12):
        alone = student.predict_proba(new_songs[np.array([row])])
        assert_allclose(alone, whole[[row]], atol=tolerance, rtol=0)
