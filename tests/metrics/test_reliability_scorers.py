"""All scorers at once, in scikit-learn's searches."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, get_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd import metrics
from sklearn_skd.metrics import reliability_scorers

NAMES = np.array(["tender", "angry", "sad", "happy"])
LOSSES = {
    "ece": "expected_calibration_error",
    "classwise_ece": "classwise_calibration_error",
    "debiased_ece": "debiased_calibration_error",
    "aurc": "area_under_risk_coverage",
    "augrc": "area_under_generalized_risk_coverage",
}


def make_set(n_classes, n_samples=160):
    X, y = make_classification(
        n_samples=n_samples, n_features=8, n_informative=5, n_classes=n_classes, random_state=0
    )
    return X, NAMES[y]


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


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_grid_search_scores_all_of_them_and_refits_the_best_log_loss(n_classes):
    X, y = make_set(n_classes)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {"logisticregression__C": [1e-4, 1.0]}
    cv = StratifiedKFold(3)
    search = GridSearchCV(
        model, grid, scoring=reliability_scorers(), refit="nll", cv=cv, error_score="raise"
    ).fit(X, y)
    assert search.best_params_ == {"logisticregression__C": 1.0}
    codes = np.unique(y, return_inverse=True)[1]  # of two strings "neg_brier_score" takes none
    theirs = cross_validate(
        search.best_estimator_, X, codes, cv=cv, error_score="raise",
        scoring=["neg_log_loss", "neg_brier_score", "accuracy", "f1_macro"],
    )  # fmt: skip
    for ours, name in {
        "nll": "neg_log_loss",
        "brier": "neg_brier_score",
        "accuracy": "accuracy",
        "macro_f1": "f1_macro",
    }.items():
        mean = search.cv_results_[f"mean_test_{ours}"][1]
        assert mean == pytest.approx(theirs[f"test_{name}"].mean()), ours
    for name in reliability_scorers():
        assert np.isfinite(search.cv_results_[f"mean_test_{name}"]).all(), name


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_negative_and_taken_with_the_estimators_classes(n_classes, name):
    X, y = make_set(n_classes)
    model = GaussianNB().fit(X, y)
    metric = getattr(metrics, LOSSES[name])
    expected = -metric(y, model.predict_proba(X), labels=model.classes_)
    assert reliability_scorers()[name](model, X, y) == pytest.approx(expected)
    assert getattr(metrics, f"{name}_scorer")(model, X, y) == pytest.approx(expected)


def test_working_points_and_equal_mass_are_scored_as_asked():
    X, y = make_set(4)
    model = GaussianNB().fit(X, y)
    proba = model.predict_proba(X)
    scorers = reliability_scorers(max_risk=0.3, coverage=0.4)
    expected = {
        "coverage_at_risk": metrics.coverage_at_risk(y, proba, max_risk=0.3),
        "accuracy_at_coverage": metrics.accuracy_at_coverage(y, proba, coverage=0.4),
        "equal_mass_ece": -metrics.expected_calibration_error(y, proba, strategy="quantile"),
    }
    for name, value in expected.items():
        assert scorers[name](model, X, y) == pytest.approx(value), name
    assert 0 < expected["coverage_at_risk"] < 1


def test_a_working_point_that_is_no_share_is_refused_at_once():
    with pytest.raises(ValueError, match="max_risk must be a share"):
        reliability_scorers(max_risk=10)
    with pytest.raises(ValueError, match="coverage must be a share"):
        reliability_scorers(coverage=0)


def test_all_of_them_share_one_prediction():
    X, y = make_set(4)
    CountingClassifier.calls = 0
    scoring = reliability_scorers()
    cross_validate(CountingClassifier(), X, y, cv=4, scoring=scoring, error_score="raise")
    assert CountingClassifier.calls == 4


@pytest.mark.parametrize("n_classes", [2, 4])
def test_test_songs_may_lack_a_class_for_every_scorer(n_classes):
    X, y = make_set(n_classes)
    model = GaussianNB().fit(X, y)
    some = y != "angry"
    scores = {
        name: scorer(model, X[some], y[some]) for name, scorer in reliability_scorers().items()
    }
    assert np.isfinite(list(scores.values())).all()
    probability = model.predict_proba(X[some])
    of_truth = probability[np.arange(some.sum()), np.searchsorted(model.classes_, y[some])]
    assert scores["nll"] == pytest.approx(np.log(of_truth).mean())
    # the class without songs counts as not found
    guess = model.predict(X[some])
    expected = f1_score(y[some], guess, labels=model.classes_, average="macro", zero_division=0.0)
    assert scores["macro_f1"] == pytest.approx(expected)


def test_a_class_without_songs_breaks_scikit_learns_log_loss_of_several_classes():
    """The reason for a scorer of our own; once this fails, "neg_log_loss" will do."""
    X, y = make_set(4)
    model = GaussianNB().fit(X, y)
    some = y != "angry"
    with pytest.raises(ValueError, match="labels"):
        get_scorer("neg_log_loss")(model, X[some], y[some])


@pytest.mark.parametrize("name", reliability_scorers())
def test_weights_weight_and_songs_without_are_none(name):
    X, y = make_set(4)
    model = GaussianNB().fit(X, y)
    scorer = reliability_scorers()[name]
    weight = np.r_[np.ones(100), np.zeros(60)]
    weighted = scorer(model, X, y, sample_weight=weight)
    assert weighted == pytest.approx(scorer(model, X[:100], y[:100]), rel=1e-9)
    assert weighted != pytest.approx(scorer(model, X, y), rel=1e-9)


@pytest.mark.parametrize("name", reliability_scorers())
def test_unlabelled_songs_are_an_error_with_the_remedy_for_every_scorer(name):
    X, y = make_set(4)
    model = GaussianNB().fit(X, y)
    y = y.astype(object)
    y[5] = None
    with pytest.raises(ValueError, match=r"y_true\[5\] is missing.*keep them out of the test"):
        reliability_scorers()[name](model, X, y)


@pytest.mark.parametrize("name", reliability_scorers())
def test_the_scorers_survive_pickling(name):
    X, y = make_set(2)
    model = GaussianNB().fit(X, y)
    scorer = reliability_scorers()[name]
    assert pickle.loads(pickle.dumps(scorer))(model, X, y) == scorer(model, X, y)


def test_probabilities_in_single_precision_are_scored_without_warnings():
    X, y = make_set(4)

    class Single(GaussianNB):
        def predict_proba(self, X):
            return super().predict_proba(X).astype(np.float32)

    exact, model = GaussianNB().fit(X, y), Single().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, scorer in reliability_scorers().items():
            assert scorer(model, X, y) == pytest.approx(scorer(exact, X, y), abs=1e-5), name


def test_the_dict_is_the_callers_own():
    reliability_scorers()["mine"] = "accuracy"
    assert "mine" not in reliability_scorers()
