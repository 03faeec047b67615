"""Any classifier teaches: on the statistics of songs that its student hears as log-mel only."""

import copy

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_skd import (
    AudioStatistics,
    LogMelSpectrogram,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)
from sklearn_skd.classifiers import _crossfit

N_SONGS = 40
LOST, UNJUDGED = 0, slice(10)  # a song without statistics; songs without annotators
SECONDS = 5  # of each song; enough, and quick


def statistics(X):
    return X["statistics"]


TEACHERS = {
    "boosting": make_pipeline(
        FunctionTransformer(statistics),
        HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=3),
    ),
    "svm": make_pipeline(
        FunctionTransformer(statistics),
        SimpleImputer(),
        StandardScaler(),
        CalibratedClassifierCV(SVC(), cv=2, ensemble=False),
    ),
}


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Sources, emotions and the agreement of the annotators of rendered songs."""
    home = tmp_path_factory.mktemp("songs")
    songs = make_songs(N_SONGS, n_classes=2, conflict=0, random_state=0, data_home=home)
    features = SongFeatures(
        LogMelSpectrogram(duration=SECONDS),
        lyrics=None,
        culture=None,
        extra=[("statistics", AudioStatistics(duration=SECONDS), "audio")],
    )
    X = features.fit_transform(songs.data)
    X["statistics"][LOST] = np.nan
    reliability = np.array(songs.annotation_reliability, dtype=float)
    reliability[UNJUDGED] = np.nan
    return X, np.asarray(songs.target), reliability


@pytest.fixture(scope="module", params=TEACHERS)
def student(request, songs, tiny_student):
    X, y, reliability = songs
    student = tiny_student(teacher=TEACHERS[request.param], sources=("audio",), teacher_cv=3)
    return student.fit(X, y, annotation_reliability=reliability)


def test_such_a_teacher_knows_the_statistics_and_nothing_else(student, songs):
    X, y, _ = songs
    certainty = student.credibility_["certainty"]
    assert certainty.between(0, 1).all()  # of the song without statistics too
    assert certainty.nunique() > 3  # and not the same of all
    told = student.teacher_.predict_proba({"statistics": X["statistics"]})
    assert np.mean(student.classes_[told.argmax(axis=1)] == y) > 0.8


def test_what_it_cannot_tell_gives_its_share_of_the_credibility_to_the_rest(student, songs):
    """Eq. 4 without the consistency of branches, and partly without annotators."""
    frame, reliability = student.credibility_, songs[2]
    assert frame["consistency"].isna().all()
    judged = (0.5 * frame["certainty"] + 0.2 * reliability) / 0.7
    expected = np.where(np.isnan(reliability), frame["certainty"], judged)
    assert_allclose(frame["credibility"], expected)


def test_its_songs_are_weighed_around_the_mean_weight(student):
    weight = student.credibility_["weight"]
    assert weight.mean() == pytest.approx(student.mean_weight, abs=1e-6)
    assert weight.between(0, 1).all()


def test_its_student_predicts_from_the_sound_alone(student, songs):
    X = songs[0]
    assert [source.name for source in student.sources_] == ["audio"]
    proba = student.predict_proba({"audio": X["audio"]})
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(proba, student.predict_proba(X))


@pytest.mark.parametrize("teacher", TEACHERS.values(), ids=TEACHERS)
def test_without_hidden_states_there_is_nothing_to_match(tiny_student, songs, teacher):
    X, y, _ = songs
    with pytest.raises(ValueError, match="Set mu=0"):
        tiny_student(teacher=teacher, sources=("audio",), mu=0.1).fit(X, y)


# Ensembles


def test_what_an_ensemble_tells_is_the_mean_of_its_members(tiny_student, collection, monkeypatch):
    told = []

    def listen(teacher, X):
        told.append((teacher, X, ask(teacher, X)))
        return told[-1][2]

    ask = _crossfit.ask
    monkeypatch.setattr(_crossfit, "ask", listen)
    pair = TeacherClassifier(max_epochs=2, n_members=2, batch_size=16)
    tiny_student(teacher=pair).fit(collection.X, collection.y)
    assert len(told) == 2  # the teachers of two folds
    for teacher, X, knowledge in told:
        first, second = (alone(teacher, member).knowledge(X) for member in teacher.net_.members)
        assert np.abs(first.logits - second.logits).max() > 0.01
        expected = (first.logits + second.logits) / 2
        assert_allclose(knowledge.logits, expected, rtol=1e-5, atol=1e-6)


def alone(teacher, member):
    """The same teacher with one of its nets."""
    single = copy.copy(teacher)
    single.net_ = type(teacher.net_)([member])
    return single


# What teachers around others are given


class Witness(ClassifierMixin, BaseEstimator):
    """Keeps what its last `fit` was given."""

    seen = None

    def fit(self, X, y, sample_weight=None, annotation_votes=None, groups=None):
        Witness.seen = sample_weight, annotation_votes, groups
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.fixture
def plain():
    """30 songs of two emotions, as a plain array."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 4)), np.array(["calm", "sad"] * 15)


@pytest.mark.filterwarnings("ignore:Each song has the same logit")
@pytest.mark.parametrize("wrap", ["alone", "pipeline", "search", "vote"])
@pytest.mark.parametrize("requested", [True, False])
def test_with_metadata_routing_a_teacher_gets_what_it_requests(
    tiny_student, plain, wrap, requested
):
    X, y = plain
    with sklearn.config_context(enable_metadata_routing=True):
        inner = Witness()
        if requested:
            inner.set_fit_request(sample_weight=True, groups=True)
        teacher = {
            "alone": inner,
            "pipeline": make_pipeline(StandardScaler().set_fit_request(sample_weight=False), inner),
            "search": GridSearchCV(
                inner,
                {},
                cv=2,
                scoring=get_scorer("accuracy").set_score_request(sample_weight=False),
            ),
            "vote": VotingClassifier([("one", inner)], voting="soft"),
        }[wrap]
        if not requested and wrap != "alone":
            inner.set_fit_request(sample_weight=False, groups=False)
        weight = np.arange(1.0, 1 + len(y))
        Witness.seen = None
        tiny_student(teacher=teacher, max_epochs=1).fit(
            X, y, sample_weight=weight, groups=np.arange(len(y))
        )
    taken = [values is not None for values in Witness.seen]
    assert taken == [requested or wrap == "alone", False, requested or wrap == "alone"]


def test_scikit_learns_configuration_reaches_the_teachers_of_other_processes(tiny_student, plain):
    X = pd.DataFrame(plain[0], columns=["x0", "x1", "x2", "x3"])
    chosen = make_column_transformer(("passthrough", ["x0", "x1"]))
    with sklearn.config_context(transform_output="pandas"):
        teacher = make_pipeline(StandardScaler(), chosen, LogisticRegression())
        proba = [
            tiny_student(teacher=teacher, max_epochs=1, n_jobs=n_jobs)
            .fit(X, plain[1])
            .predict_proba(X)
            for n_jobs in (1, 2)
        ]
    assert_array_equal(*proba)
