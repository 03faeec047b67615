"""AbstainingClassifier, and the threshold that it finds."""

import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd import AbstainingClassifier
from sklearn_skd.classifiers._working_point import at_risk, risk_bound
from sklearn_skd.metrics import risk_coverage_curve


class Told(ClassifierMixin, BaseEstimator):
    """Classifier whose answers are the columns of X: P(second class), credibility."""

    def __init__(self, classes=("calm", "tense")):
        self.classes = classes

    def fit(self, X, y):
        self.classes_ = np.array(self.classes)
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def predict(self, X):
        return self.classes_[(X[:, 0] > 0.5).astype(int)]


class Credible(Told):
    def predict_credibility(self, X):
        return X[:, 1]


def songs(n=400, seed=0):
    """Probabilities that are calibrated, credibilities that say something more."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=n)
    y = rng.uniform(size=n) < p
    right = (p > 0.5) == y
    credibility = np.clip(0.5 + 0.2 * right + 0.15 * rng.normal(size=n), 0, 1)
    return np.column_stack([p, credibility]), np.array(["calm", "tense"])[y.astype(int)]


@pytest.fixture
def model():
    return Credible().fit(None, None)


def test_the_wanted_share_of_the_held_out_songs_is_answered_by_hand(model):
    X = np.array([[0.9, 0], [0.2, 0], [0.7, 0], [0.4, 0]])
    careful = AbstainingClassifier(model, coverage=0.75).fit(X, ["tense", "tense", "tense", "calm"])
    assert careful.threshold_ == pytest.approx(0.7)
    assert (careful.coverage_, careful.risk_) == pytest.approx((0.75, 1 / 3))
    assert careful.abstains(X).tolist() == [False, False, False, True]


def test_songs_that_tie_with_the_last_one_are_answered_as_well(model):
    X = np.array([[0.9, 0], [0.7, 0], [0.3, 0], [0.6, 0]])
    careful = AbstainingClassifier(model, coverage=0.5).fit(X, ["tense"] * 4)
    assert careful.coverage_ == 0.75


@pytest.mark.parametrize("by", ["confidence", "credibility", "both"])
def test_new_songs_of_the_same_kind_are_answered_as_often(model, by):
    careful = AbstainingClassifier(model, by=by, coverage=0.6).fit(*songs(2000))
    answered = ~careful.abstains(songs(2000, seed=1)[0])
    assert answered.mean() == pytest.approx(0.6, abs=0.05)
    assert careful.coverage_ == pytest.approx(0.6, abs=0.001)


def test_the_scores_are_what_they_are_called(model):
    X, y = songs()
    top = model.predict_proba(X).max(axis=1)
    for by, expected in (("confidence", top), ("credibility", X[:, 1])):
        careful = AbstainingClassifier(model, by=by, coverage=0.5).fit(X, y)
        np.testing.assert_array_equal(careful.score_samples(X), expected)


def test_both_is_a_probability_of_being_right_that_rises_with_either(model):
    X, y = songs(2000)
    careful = AbstainingClassifier(model, by="both", coverage=0.5).fit(X, y)
    assert (careful.coef_ > 0).all()
    right = model.predict(X) == y
    score = careful.score_samples(X)
    assert score.mean() == pytest.approx(right.mean(), abs=0.005)
    grid = np.array([[0.6, 0.3], [0.9, 0.3], [0.6, 0.8]])
    low, *higher = careful.score_samples(grid)
    assert min(higher) > low


def test_both_ranks_better_than_either_where_both_know_something(model):
    careful = AbstainingClassifier(model, by="both", coverage=0.6).fit(*songs(2000))
    X, y = songs(2000, seed=1)
    right = model.predict(X) == y
    answered = ~careful.abstains(X)
    for by in ("confidence", "credibility"):
        one = AbstainingClassifier(model, by=by, coverage=0.6).fit(*songs(2000))
        assert right[answered].mean() > right[~one.abstains(X)].mean(), by


def test_a_credibility_that_misleads_gets_no_weight(model):
    X, y = songs(2000)
    X[:, 1] = 1 - X[:, 1]
    careful = AbstainingClassifier(model, by="both", coverage=0.5).fit(X, y)
    assert careful.coef_[1] == 0
    assert careful.coef_[0] > 0


def test_both_falls_back_to_the_confidence_where_all_are_right(model):
    X, _ = songs(40)
    with pytest.warns(UserWarning, match="all 40 held-out songs are predicted right"):
        careful = AbstainingClassifier(model, by="both", coverage=0.5).fit(X, model.predict(X))
    alone = AbstainingClassifier(model, coverage=0.5).fit(X, model.predict(X))
    np.testing.assert_array_equal(careful.abstains(X), alone.abstains(X))


def test_the_bound_is_that_of_clopper_and_pearson():
    from scipy.stats import binomtest

    bound = risk_bound(np.array([50, 7]), np.array([0.1, 1.0]), level=0.95)
    exact = binomtest(5, 50, alternative="less").proportion_ci(0.95, method="exact").high
    assert bound == pytest.approx([exact, 1.0])


@pytest.mark.filterwarnings("ignore:A risk of no more")
def test_a_certified_risk_is_exceeded_as_rarely_as_promised():
    broken, answered = 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        score = rng.uniform(0.5, 1, size=300)
        right = (rng.uniform(size=300) < score).astype(float)
        point = at_risk(right, score, 0.2, level=0.9)
        true_risk = 1 - (point.threshold + 1) / 2
        broken += point.coverage > 0 and true_risk > 0.2
        answered.append(point.coverage)
        assert point.coverage == 0 or point.bound <= 0.2
    assert broken <= 0.1 * 200
    assert 0.3 < np.mean(answered) < 0.8  # a risk of .2 is that of the upper four fifths


def test_a_risk_out_of_reach_abstains_from_all_and_says_what_is_within(model):
    X, y = songs(60)
    with pytest.warns(UserWarning, match=r"0.01 cannot be certified.*lowest risk .* is 0\.\d+"):
        careful = AbstainingClassifier(model, max_risk=0.01, reject_label="?").fit(X, y)
    assert careful.abstains(X).all()
    assert set(careful.predict(X)) == {"?"}
    assert (careful.threshold_, careful.coverage_) == (np.inf, 0)
    assert np.isnan([careful.risk_, careful.risk_bound_]).all()


def test_the_risk_said_to_be_within_reach_is(model):
    X, y = songs(60)
    with pytest.warns(UserWarning, match="within reach") as told:
        AbstainingClassifier(model, max_risk=0.01).fit(X, y)
    reachable = float(re.search(r"within reach is (0\.\d+)", str(told[0].message))[1])
    assert AbstainingClassifier(model, max_risk=reachable + 0.001).fit(X, y).coverage_ > 0
    with pytest.warns(UserWarning, match="cannot be certified"):
        AbstainingClassifier(model, max_risk=reachable - 0.001).fit(X, y)


def test_a_higher_risk_answers_more_and_a_higher_level_less(model):
    X, y = songs(1000)

    def coverage(**params):
        return AbstainingClassifier(model, **params).fit(X, y).coverage_

    assert coverage(max_risk=0.1) < coverage(max_risk=0.15) < coverage(max_risk=0.2)
    assert coverage(max_risk=0.15, confidence_level=0.999) < coverage(max_risk=0.15)


def test_risk_and_coverage_are_those_of_the_curve(model):
    X, y = songs()
    careful = AbstainingClassifier(model, coverage=0.37).fit(X, y)
    curve = risk_coverage_curve(y, model.predict_proba(X))
    place = curve[2].tolist().index(careful.threshold_)
    assert (careful.coverage_, careful.risk_) == pytest.approx((curve[0][place], curve[1][place]))


def test_without_a_reject_label_predictions_are_the_models(model):
    X, y = songs(80)
    careful = AbstainingClassifier(model, coverage=0.5).fit(X, y)
    np.testing.assert_array_equal(careful.predict(X), model.predict(X))
    np.testing.assert_array_equal(careful.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("classes", "label"),
    [
        (("calm", "tense"), "a longer word than the classes"),
        ((0, 1), -1),
        ((0.5, 1.5), np.nan),
        (np.array(["calm", "tense"], dtype=object), "abstain"),
    ],
)
def test_the_reject_label_stands_among_classes_of_its_kind(classes, label):
    model = Told(classes).fit(None, None)
    X, _ = songs(20)
    careful = AbstainingClassifier(model, coverage=0.5, reject_label=label)
    predicted = careful.fit(X, model.predict(X)).predict(X)
    rejected = careful.abstains(X)
    assert predicted.dtype.kind == model.classes_.dtype.kind
    np.testing.assert_array_equal(predicted[rejected], [label] * rejected.sum())
    np.testing.assert_array_equal(predicted[~rejected], model.predict(X)[~rejected])
    assert careful.classes_.tolist() == model.classes_.tolist()


@pytest.mark.parametrize(
    ("classes", "label", "message"),
    [
        (("calm", "tense"), "calm", "'calm' is one of the classes"),
        ((-1, 1), -1, "-1 is one of the classes"),
        ((0, 1), "abstain", "'abstain' cannot stand among the classes, which are int64"),
        (("calm", "tense"), -1, "choose a label of their kind"),
    ],
)
def test_a_reject_label_that_would_mislead_is_refused(classes, label, message):
    model = Told(classes).fit(None, None)
    with pytest.raises(ValueError, match=message):
        AbstainingClassifier(model, coverage=0.5, reject_label=label).fit(*songs(10))


@pytest.mark.parametrize("target", [{}, {"coverage": 0.5, "max_risk": 0.1}])
def test_one_target_is_asked_for(model, target):
    with pytest.raises(ValueError, match=r"Set coverage .* or max_risk .* one of them; got"):
        AbstainingClassifier(model, **target).fit(*songs(10))


def test_a_share_out_of_range_is_refused(model):
    for target in ({"coverage": 0}, {"coverage": 1.1}, {"max_risk": 1.0}):
        with pytest.raises(ValueError, match=f"{next(iter(target))}' parameter"):
            AbstainingClassifier(model, **target).fit(*songs(10))


@pytest.mark.parametrize("by", ["credibility", "both"])
def test_a_classifier_without_credibility_is_sent_to_the_confidence(by):
    careful = AbstainingClassifier(Told().fit(None, None), by=by, coverage=0.5)
    with pytest.raises(ValueError, match=r'Told has none\. Use by="confidence"'):
        careful.fit(*songs(10))


def test_an_unfitted_classifier_is_refused_and_a_clone_explained(model):
    for unfitted in (Told(), clone(make_pipeline(StandardScaler(), model))):
        with pytest.raises(NotFittedError, match=r"fit it first, on other songs.*FrozenEstimator"):
            AbstainingClassifier(unfitted, coverage=0.5).fit(*songs(10))
    with pytest.raises(NotFittedError, match="AbstainingClassifier instance is not fitted"):
        AbstainingClassifier(model, coverage=0.5).predict(songs(10)[0])


def test_a_song_without_a_label_or_of_a_strange_one_is_named(model):
    X, y = songs(10)
    for label, message in ((None, r"y_true\[3\] is missing"), ("joy", r"y_true\[3\] = 'joy'")):
        wrong = y.astype(object)
        wrong[3] = label
        with pytest.raises(ValueError, match=message):
            AbstainingClassifier(model, by="both", coverage=0.5).fit(X, wrong)


def test_a_frozen_classifier_survives_cloning(model):
    X, y = songs(50)
    careful = clone(AbstainingClassifier(FrozenEstimator(model), by="both", coverage=0.5))
    assert careful.fit(X, y).coverage_ == pytest.approx(0.5)


def test_a_pipeline_and_a_search_are_looked_into():
    X, y = songs(300)
    pipeline = make_pipeline(StandardScaler(), GaussianNB()).fit(X[:100], y[:100])
    search = GridSearchCV(pipeline, {"gaussiannb__var_smoothing": [1e-9]}, cv=2)
    search.fit(X[:100], y[:100])
    for model in (pipeline, search, FrozenEstimator(pipeline), make_pipeline(pipeline)):
        careful = AbstainingClassifier(model, coverage=0.6).fit(X[100:], y[100:])
        top = pipeline.predict_proba(X).max(axis=1)
        np.testing.assert_array_equal(careful.score_samples(X), top)


def test_a_student_in_a_pipeline_is_ranked_by_both(fitted_student, collection, new_songs):
    class Doubled(BaseEstimator):
        """Finds the sources among those of another form."""

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X["songs"]

        def __sklearn_is_fitted__(self):
            return True

    pipeline = make_pipeline(Doubled(), fitted_student)
    careful = AbstainingClassifier(pipeline, by="both", coverage=0.5, reject_label="abstain")
    careful.fit({"songs": collection.X}, collection.y)
    assert set(careful.predict({"songs": new_songs})) <= {*fitted_student.classes_, "abstain"}
    alone = AbstainingClassifier(fitted_student, by="both", coverage=0.5)
    alone.fit(collection.X, collection.y)
    np.testing.assert_array_equal(
        careful.score_samples({"songs": new_songs}), alone.score_samples(new_songs)
    )


def test_predictions_that_are_not_the_most_probable_class_count_as_they_are(model):
    class Contrary(Told):
        def predict(self, X):
            return self.classes_[(X[:, 0] <= 0.5).astype(int)]

    contrary = Contrary().fit(None, None)
    X, y = songs(100)
    share = [AbstainingClassifier(m, coverage=1.0).fit(X, y).risk_ for m in (model, contrary)]
    assert sum(share) == pytest.approx(1)


def test_each_of_the_three_starts_has_a_third_of_the_error_probability():
    right = np.r_[np.ones(180), np.zeros(20)]
    score = np.linspace(1, 0, 200)
    point = at_risk(right, score, 0.2, level=0.9)
    accepted = np.array([point.coverage * 200])
    (bound,) = risk_bound(accepted, np.array([point.risk]), level=1 - 0.1 / 3)
    assert point.bound == pytest.approx(bound)
    assert bound > risk_bound(accepted, np.array([point.risk]), level=0.9)[0] + 0.005


def test_a_refit_by_another_score_forgets_how_they_were_combined():
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 2)), np.array(["calm", "tense"])[rng.integers(2, size=60)]
    model = AbstainingClassifier(Credible().fit(X, y), by="both", coverage=0.5).fit(X, y)
    assert hasattr(model, "coef_")
    model.set_params(by="confidence").fit(X, y)
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "intercept_")


def test_masked_labels_are_missing():
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 2)), np.array(["calm", "tense"])[rng.integers(2, size=60)]
    masked = np.ma.array(y, mask=np.arange(60) == 7)
    with pytest.raises(ValueError, match=r"y_true\[7\] is missing"):
        AbstainingClassifier(Told().fit(X, y), coverage=0.5).fit(X, masked)
