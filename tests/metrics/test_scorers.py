"""Scorers in scikit-learn's model selection."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd.metrics import ProbabilityScorer, ece_scorer, expected_calibration_error

NAMES = np.array(["tender", "angry", "sad", "happy"])


@pytest.fixture
def songs():
    X, y = make_classification(
        n_samples=160, n_features=8, n_informative=5, n_classes=4, random_state=0
    )
    return X, NAMES[y]


@pytest.fixture
def binary_songs():
    X, y = make_classification(n_samples=120, n_features=6, random_state=1)
    return X, np.array(["sad", "happy"])[y]


class CountingClassifier(ClassifierMixin, BaseEstimator):
    """Shares of the classes whatever the song; counts the calls of predict_proba."""

    calls = 0

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.share_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        type(self).calls += 1
        return np.tile(self.share_, (len(X), 1))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.mark.parametrize("fixture", ["songs", "binary_songs"])
def test_the_score_is_the_negative_error_with_the_estimators_classes(fixture, request):
    X, y = request.getfixturevalue(fixture)
    model = GaussianNB().fit(X, y)
    expected = -expected_calibration_error(y, model.predict_proba(X), labels=model.classes_)
    assert expected < 0
    assert ece_scorer(model, X, y) == pytest.approx(expected, rel=1e-12)


def test_a_pipeline_and_a_search_are_scored_by_their_classes(songs):
    X, y = songs
    pipeline = make_pipeline(StandardScaler(), GaussianNB()).fit(X, y)
    scaled = StandardScaler().fit_transform(X)
    plain = ece_scorer(GaussianNB().fit(scaled, y), scaled, y)
    assert ece_scorer(pipeline, X, y) == pytest.approx(plain)
    search = GridSearchCV(pipeline, {"gaussiannb__var_smoothing": [1e-9]}, cv=2).fit(X, y)
    assert ece_scorer(search, X, y) == pytest.approx(plain)


def test_test_songs_may_lack_a_class(songs):
    X, y = songs
    model = GaussianNB().fit(X, y)
    some = np.isin(y, ["sad", "angry"])
    expected = -expected_calibration_error(
        y[some], model.predict_proba(X[some]), labels=model.classes_
    )
    assert ece_scorer(model, X[some], y[some]) == pytest.approx(expected)


def test_a_binary_fold_may_hold_one_class_only(binary_songs):
    X, y = binary_songs
    model = GaussianNB().fit(X, y)
    one = y == "sad"
    expected = -expected_calibration_error(
        y[one], model.predict_proba(X[one]), labels=model.classes_
    )
    assert ece_scorer(model, X[one], y[one]) == pytest.approx(expected)


@pytest.mark.parametrize("fixture", ["songs", "binary_songs"])
def test_a_grid_search_scores_log_loss_and_error_side_by_side(fixture, request):
    X, y = request.getfixturevalue(fixture)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [1e-4, 1.0]},
        scoring={"nll": "neg_log_loss", "ece": ece_scorer},
        refit="nll",
        cv=3,
        error_score="raise",
    ).fit(X, y)
    ece = search.cv_results_["mean_test_ece"]
    assert (ece < 0).all()
    by_hand = cross_val_score(
        make_pipeline(StandardScaler(), LogisticRegression(C=1.0)), X, y, cv=3, scoring=ece_scorer
    )
    assert ece[1] == pytest.approx(by_hand.mean())


def test_log_loss_and_error_share_one_prediction(songs):
    X, y = songs
    CountingClassifier.calls = 0
    scoring = {"nll": "neg_log_loss", "ece": ece_scorer}
    cross_validate(CountingClassifier(), X, y, cv=4, scoring=scoring, error_score="raise")
    assert CountingClassifier.calls == 4


def test_a_prediction_shared_in_a_binary_problem_is_read_as_the_second_class(binary_songs):
    X, y = binary_songs
    model = GaussianNB().fit(X, y)
    scorer = check_scoring(model, {"nll": "neg_log_loss", "ece": ece_scorer})
    assert scorer(model, X, y)["ece"] == pytest.approx(ece_scorer(model, X, y))


def test_unlabelled_songs_in_a_test_fold_are_an_error_with_the_remedy(songs):
    X, y = songs
    model = GaussianNB().fit(X, y)
    y = y.astype(object)
    y[5] = None
    with pytest.raises(ValueError, match=r"y_true\[5\] is missing.*keep them out of the test"):
        ece_scorer(model, X, y)


def test_an_estimator_without_classes_is_an_error_that_says_so(songs):
    class Unlabelled(BaseEstimator):
        def predict_proba(self, X):
            return np.full((len(X), 4), 0.25)

    with pytest.raises(ValueError, match="Unlabelled has no attribute classes_"):
        ece_scorer(Unlabelled(), *songs)


def test_an_estimator_tagged_as_no_classifier_is_scored_by_its_columns(songs):
    class Untagged(BaseEstimator):
        classes_ = np.unique(NAMES)

        def predict_proba(self, X):
            return np.tile([0.7, 0.1, 0.1, 0.1], (len(X), 1))

    X, y = songs
    assert ece_scorer(Untagged(), X, y) == pytest.approx(-abs(0.7 - (y == "angry").mean()))


def test_the_scorer_survives_pickling_and_worker_processes(songs):
    X, y = songs
    model = GaussianNB().fit(X, y)
    copy = pickle.loads(pickle.dumps(ece_scorer))
    assert copy(model, X, y) == ece_scorer(model, X, y)
    alone = cross_val_score(model, X, y, cv=2, scoring=ece_scorer)
    together = cross_val_score(model, X, y, cv=2, scoring=ece_scorer, n_jobs=2)
    np.testing.assert_array_equal(alone, together)


def test_weights_given_to_the_scorer_weight_the_error(songs):
    X, y = songs
    model = GaussianNB().fit(X, y)
    weight = np.random.default_rng(0).random(len(y))
    expected = -expected_calibration_error(
        y, model.predict_proba(X), labels=model.classes_, sample_weight=weight
    )
    assert ece_scorer(model, X, y, sample_weight=weight) == pytest.approx(expected)
    assert ece_scorer(model, X, y) != pytest.approx(expected)


def test_weights_reach_a_scorer_that_requests_them_through_a_search(songs):
    X, y = songs
    weight = np.random.default_rng(0).random(len(y))
    cv = StratifiedKFold(2)
    with sklearn.config_context(enable_metadata_routing=True):
        weighted = ece_scorer.set_score_request(sample_weight=True)
        search = GridSearchCV(
            make_pipeline(GaussianNB().set_fit_request(sample_weight=False)),
            {"gaussiannb__var_smoothing": [1e-9]},
            scoring={"ece": weighted},
            refit="ece",
            cv=cv,
            error_score="raise",
        ).fit(X, y, sample_weight=weight)
    by_hand = []
    for train, test in cv.split(X, y):
        model = GaussianNB().fit(X[train], y[train])
        by_hand.append(ece_scorer(model, X[test], y[test], sample_weight=weight[test]))
    assert search.best_score_ == pytest.approx(np.mean(by_hand))


def test_a_request_is_set_on_a_copy_and_not_on_the_shared_scorer(songs):
    with sklearn.config_context(enable_metadata_routing=True):
        weighted = ece_scorer.set_score_request(sample_weight=True)
        assert weighted is not ece_scorer
        assert weighted.get_metadata_routing().score.requests["sample_weight"] is True
        assert ece_scorer.get_metadata_routing().score.requests["sample_weight"] is None


def test_further_metrics_make_scorers_with_their_own_options(songs):
    X, y = songs
    model = GaussianNB().fit(X, y)
    scorer = ProbabilityScorer(expected_calibration_error, -1, {"norm": "max", "n_bins": 5})
    expected = -expected_calibration_error(
        y, model.predict_proba(X), labels=model.classes_, norm="max", n_bins=5
    )
    assert scorer(model, X, y) == pytest.approx(expected)
