"""The lines that a user writes: searches and curves over song tables and over named sources."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, GroupKFold, learning_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd import SKDStudentClassifier, SongFeatures
from sklearn_skd.display import EmotionTimelineDisplay
from sklearn_skd.metrics import ece_scorer

N_SONGS = 48
SCORES = {"nll": "neg_log_loss", "ece": ece_scorer}


@pytest.fixture
def table():
    """A song table whose genre mostly tells the emotion; its files are not there."""
    rng = np.random.RandomState(0)
    emotion = np.array(["calm", "happy", "sad"])[np.arange(N_SONGS) % 3]
    genre = np.array(["ambient", "dance", "blues"])[np.arange(N_SONGS) % 3].astype(object)
    genre[rng.permutation(N_SONGS)[:6]] = None
    songs = pd.DataFrame(
        {
            "audio": "no such file.flac",
            "lyrics": "not to be encoded",
            "genre": genre,
            "language": rng.choice(["en", "tr"], size=N_SONGS),
        },
        index=rng.permutation(N_SONGS) + 1000,  # rows are positions, not labels
    )
    return songs, emotion


@pytest.fixture
def model(tiny_student):
    """Culture alone, so that no sound is decoded and no language model loaded."""
    return make_pipeline(SongFeatures(audio=None, lyrics=None), tiny_student())


class Counting(GaussianNB):
    """A teacher that counts how often it is fitted."""

    fits: ClassVar[list] = []

    def fit(self, X, y, sample_weight=None):
        Counting.fits.append(len(X))
        return super().fit(X, y, sample_weight)


class Recording(SKDStudentClassifier):
    """Keeps what arrives at `fit`."""

    arrived: ClassVar[list] = []

    def fit(
        self,
        X,
        y,
        *,
        sample_weight=None,
        annotation_reliability=None,
        annotation_votes=None,
        groups=None,
    ):
        extras = {
            "annotation_reliability": annotation_reliability,
            "annotation_votes": annotation_votes,
            "groups": groups,
        }
        Recording.arrived.append((X, y, extras))
        return super().fit(X, y, sample_weight=sample_weight, **extras)


def test_a_search_over_a_song_table(model, table):
    songs, emotion = table
    grid = {"skdstudentclassifier__temperature": [1, 2, 4]}
    search = GridSearchCV(model, grid, scoring=SCORES, refit="nll", cv=2, error_score="raise")
    search.fit(songs, emotion)
    assert search.cv_results_["mean_test_nll"].shape == (3,)
    assert (search.cv_results_["mean_test_ece"] <= 0).all()
    best = search.cv_results_["mean_test_nll"].argmax()
    assert search.best_index_ == best
    chosen = search.best_estimator_[-1]
    assert chosen.temperature == grid["skdstudentclassifier__temperature"][best]
    assert [source.name for source in chosen.sources_] == ["culture"]
    proba = search.predict_proba(songs[:3])
    assert proba.shape == (3, 3)
    assert_allclose(proba.sum(axis=1), 1)


def test_temperatures_of_the_distillation_lead_to_different_students(tiny_student, collection):
    search = GridSearchCV(
        tiny_student(max_epochs=4), {"temperature": [0.5, 8.0]}, scoring=SCORES, refit="nll", cv=2
    ).fit(collection.X, collection.y)
    nll = search.cv_results_["mean_test_nll"]
    assert nll[0] != nll[1]


def test_an_unseen_genre_is_predicted_like_an_unknown_one(model, table):
    songs, emotion = table
    model.fit(songs, emotion)
    unseen, unknown = songs[:4].assign(genre="polka"), songs[:4].assign(genre=None)
    assert_array_equal(model.predict_proba(unseen), model.predict_proba(unknown))


def test_a_search_pays_for_the_teachers_once_a_fold(tiny_student, collection, tmp_path):
    X = collection.X["lyrics"]
    counts = []
    for temperatures in ([1.0], [1.0, 2.0, 4.0]):
        Counting.fits.clear()
        memory = str(tmp_path / str(len(temperatures)))
        student = tiny_student(teacher=Counting(), memory=memory, max_epochs=1)
        GridSearchCV(student, {"temperature": temperatures}, cv=2).fit(X, collection.y)
        counts.append(len(Counting.fits))
    n_runs, n_teachers = 2 + 1, 2 + 1  # folds and the final fit, each with teacher_cv + 1
    assert counts == [n_runs * n_teachers] * 2


def test_votes_reliability_and_groups_of_a_song_table_reach_the_student(tiny_student, table):
    """The recipe: ask for the metadata at the student, pass them to the search."""
    songs, emotion = table
    rng = np.random.RandomState(1)
    votes = rng.randint(1, 6, size=(N_SONGS, 3))
    reliability = np.arange(N_SONGS) / N_SONGS  # tells the rows apart
    groups = np.arange(N_SONGS) // 4
    Recording.arrived.clear()
    with config_context(enable_metadata_routing=True):
        student = Recording(**tiny_student().get_params(deep=False)).set_fit_request(
            annotation_votes=True, annotation_reliability=True, groups=True
        )
        model = make_pipeline(SongFeatures(audio=None, lyrics=None), student)
        search = GridSearchCV(
            model, {"recording__alpha": [0.5, 1.0]}, cv=GroupKFold(2), error_score="raise"
        )
        search.fit(
            songs,
            emotion,
            annotation_votes=votes,
            annotation_reliability=reliability,
            groups=groups,
        )
    assert len(Recording.arrived) == 2 * 2 + 1
    for X, y, extras in Recording.arrived:
        rows = np.rint(extras["annotation_reliability"] * N_SONGS).astype(int)
        assert len(X) == len(rows)
        assert_array_equal(y, emotion[rows])
        assert_array_equal(extras["annotation_votes"], votes[rows])
        assert_array_equal(extras["groups"], groups[rows])
        left_out = np.setdiff1d(np.arange(N_SONGS), rows)
        assert not np.intersect1d(groups[rows], groups[left_out]).size
    assert_array_equal(
        search.best_estimator_[-1].credibility_["annotation_reliability"], reliability
    )


def test_a_learning_curve_over_named_sources(tiny_student, collection):
    sizes, train, test = learning_curve(
        tiny_student(strategy="student-only"),
        collection.X,
        collection.y,
        train_sizes=[18, 24],
        cv=2,
        shuffle=True,
        random_state=0,
        scoring="neg_log_loss",
        error_score="raise",
    )
    assert sizes.tolist() == [18, 24]
    assert np.isfinite(train).all()
    assert np.isfinite(test).all()


@pytest.mark.parametrize("wrap", [False, True], ids=["student", "pipeline"])
def test_the_timeline_of_a_song_is_drawn(tiny_student, fitted_student, collection, new_songs, wrap):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    model = fitted_student
    if wrap:
        model = make_pipeline(FunctionTransformer(), tiny_student())
        model.fit(collection.X, collection.y)
    display = EmotionTimelineDisplay.from_estimator(model, new_songs, song=4)
    student = model[-1] if wrap else model
    proba, time = student.emotion_timeline(new_songs)
    assert_allclose(display.proba, proba[4], atol=1e-6)
    assert_allclose(display.proba.sum(axis=1), 1)
    assert_allclose(
        display.attention, student.temporal_attention(new_songs).attention[4], atol=1e-6
    )
    assert_allclose(display.time, time)
    assert display.classes.tolist() == ["calm", "happy", "sad"]
    plt.close("all")
