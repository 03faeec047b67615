"""The arms of an experiment."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_skd import FeedbackCalibrator
from sklearn_skd.distillation.strategies import STRATEGIES as KNOWN
from sklearn_skd.evaluation._arms import fit_arm, last_step, make_arms, raw_and_calibrated, recipe


class Witness(ClassifierMixin, BaseEstimator):
    """Keeps what its `fit` was given."""

    def fit(self, X, y, annotation_votes=None, groups=None):
        self.seen_ = {"X": X, "y": y, "annotation_votes": annotation_votes, "groups": groups}
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_names_become_students_of_that_strategy_also_at_the_end_of_a_pipeline(tiny_student):
    arms = make_arms(make_pipeline(StandardScaler(), tiny_student()), ["kd", "skd"])
    assert {name: last_step(arm).strategy for name, arm in arms.items()} == {
        "kd": "kd",
        "skd": "skd",
    }


def test_a_mapping_sets_parameters_or_brings_other_classifiers(tiny_student):
    forest = RandomForestClassifier(5)
    arms = make_arms(tiny_student(), {"hot": {"temperature": 7.0}, "forest": forest})
    assert arms["hot"].temperature == 7.0
    assert type(arms["forest"]) is RandomForestClassifier
    assert arms["forest"] is not forest


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        ("skd", "sequence of different names"),
        ([], "sequence of different names"),
        (["kd", "kd"], "sequence of different names"),
        ({}, "empty mapping"),
        (["kd", "skdd"], r"holds \['skdd'\].*'ckd'.*mapping"),
        ({"hot": {"temprature": 4.0}}, "Arm 'hot': Invalid parameter 'temprature'"),
        ({"hot": {"temperature": -4.0}}, "Arm 'hot': The 'temperature' parameter"),
        ({"mine": {"strategy": "skdd"}}, "Arm 'mine': The 'strategy' parameter"),
        ({"svm": SVC()}, "Arm 'svm', SVC, has no predict_proba.*CalibratedClassifierCV"),
    ],
)
def test_a_wrong_arm_is_named_before_anything_is_trained(tiny_student, strategies, message):
    with pytest.raises(ValueError, match=message):
        make_arms(tiny_student(), strategies)


def test_an_estimator_without_strategies_is_named(tiny_student):
    with pytest.raises(ValueError, match=r"Arm 'kd': Invalid parameter 'strategy'.*GaussianNB"):
        make_arms(GaussianNB(), ["kd"])


def test_memory_goes_to_students_that_have_none(tiny_student, tmp_path):
    own, shared = str(tmp_path / "own"), str(tmp_path / "shared")
    arms = make_arms(
        tiny_student(),
        {"a": {}, "b": {"memory": own}, "nb": GaussianNB()},
        shared,
    )
    assert arms["a"].memory == shared
    assert arms["b"].memory == own


def test_students_without_a_seed_are_named_where_results_are_kept(tiny_student, tmp_path):
    with pytest.warns(UserWarning, match=r"\['kd'\] have random_state=None.*kept"):
        make_arms(tiny_student(random_state=None), ["kd"], str(tmp_path))


def test_what_changes_no_number_is_not_part_of_the_recipe(tiny_student, tmp_path):
    plain = recipe(tiny_student())
    assert recipe(tiny_student(n_jobs=2, verbose=1, memory=str(tmp_path))) == plain
    assert recipe(tiny_student(temperature=3.0)) != plain
    assert recipe(tiny_student(random_state=1)) != plain


def test_the_recipes_of_frozen_classifiers_differ(collection):
    frozen = [
        FrozenEstimator(GaussianNB(var_smoothing=v).fit(collection.X, collection.y))
        for v in (1e-9, 1.0)
    ]
    assert recipe(frozen[0]) != recipe(frozen[1])
    assert recipe(frozen[0]) == recipe(clone(frozen[0]))


def test_the_code_of_a_strategy_of_ones_own_is_part_of_the_recipe(tiny_student, monkeypatch):
    def own(outputs, batch, params):
        return outputs["logits"].sum(axis=1)

    before = recipe(tiny_student())
    monkeypatch.setitem(KNOWN, "own", own)
    first = recipe(tiny_student(strategy="own"))

    def own(outputs, batch, params):
        return outputs["logits"].mean(axis=1)

    monkeypatch.setitem(KNOWN, "own", own)
    assert len({before, first, recipe(tiny_student(strategy="own"))}) == 3


def test_the_memory_of_a_feedback_calibrator_is_a_number_that_matters(tiny_student):
    recipes = {recipe(FeedbackCalibrator(tiny_student(), memory=n)) for n in (5, 2000)}
    assert len(recipes) == 2


def test_other_classifiers_are_trained_on_the_labelled_songs(collection):
    y = collection.y.astype(object)
    y[[0, 5]] = None
    arm = fit_arm(
        Witness(), collection.X, y, {"annotation_votes": collection.votes, "groups": None}
    )
    rows = np.setdiff1d(np.arange(48), [0, 5])
    np.testing.assert_array_equal(arm.seen_["X"], collection.X[rows])
    np.testing.assert_array_equal(arm.seen_["annotation_votes"], collection.votes[rows])
    assert arm.seen_["y"].dtype.kind == "U"


def test_annotations_reach_the_end_of_a_pipeline_and_only_fits_that_take_them(collection):
    given = {
        "annotation_votes": collection.votes,
        "annotation_reliability": collection.reliability,
        "groups": None,
    }
    y = collection.y.astype(object)
    arm = fit_arm(make_pipeline(StandardScaler(), Witness()), collection.X, y, given)
    assert arm[-1].seen_["annotation_votes"] is collection.votes
    assert arm[-1].seen_["groups"] is None
    fit_arm(make_pipeline(StandardScaler(), GaussianNB()), collection.X, y, given)


def test_with_metadata_routing_arms_get_what_they_request(collection):
    given = {"annotation_votes": collection.votes, "groups": collection.groups}
    y = collection.y.astype(object)
    with sklearn.config_context(enable_metadata_routing=True):
        witness = Witness().set_fit_request(annotation_votes=True, groups=False)
        piped = fit_arm(make_pipeline(StandardScaler(), witness), collection.X, y, given)
        search = GridSearchCV(witness, {}, scoring="neg_log_loss", cv=2)
        searched = fit_arm(search, collection.X, y, given)
    assert piped[-1].seen_["annotation_votes"] is not None
    assert piped[-1].seen_["groups"] is None
    assert len(searched.best_estimator_.seen_["annotation_votes"]) == 48


@pytest.mark.parametrize("n_classes", [2, 3])
def test_temperature_is_the_students_own_and_raw_is_without_it(collection, tiny_student, n_classes):
    rows = np.flatnonzero(np.arange(48) % 3 < n_classes)
    student = tiny_student(strategy="student-only").fit(collection.X[rows], collection.y[rows])
    student.temperature_ = 2.0
    told = raw_and_calibrated(student, collection.X, student.classes_)
    np.testing.assert_allclose(told["temperature"], student.predict_proba(collection.X), atol=1e-6)
    student.temperature_ = 1.0
    np.testing.assert_allclose(told["raw"], student.predict_proba(collection.X), atol=1e-6)


def test_an_uncalibrated_student_is_raw_alone(collection, tiny_student):
    student = tiny_student(strategy="student-only", calibration=None)
    student.fit(collection.X, collection.y)
    assert list(raw_and_calibrated(student, collection.X, student.classes_)) == ["raw"]


def test_classes_are_aligned_by_name(collection):
    known = collection.y != "happy"
    nb = GaussianNB().fit(collection.X[known], collection.y[known])
    raw = raw_and_calibrated(nb, collection.X, np.array(["calm", "happy", "sad"]))["raw"]
    np.testing.assert_allclose(raw[:, [0, 2]], nb.predict_proba(collection.X))
    assert (raw[:, 1] == 0).all()


def test_classes_that_no_song_has_are_named(collection):
    nb = GaussianNB().fit(collection.X, collection.y)
    with pytest.raises(ValueError, match=r"GaussianNB predicts \['sad'\], which no song has"):
        raw_and_calibrated(nb, collection.X, np.array(["calm", "happy"]))


def test_a_search_over_a_student_is_taught_with_votes_and_told_raw_and_calibrated(
    collection, tiny_student
):
    search = GridSearchCV(tiny_student(max_epochs=1), {"dropout": [0.1]}, cv=2)
    params = {"annotation_votes": collection.votes, "groups": collection.groups}
    fitted = fit_arm(search, collection.X, collection.y.astype(object), params)
    by_hand = GridSearchCV(tiny_student(max_epochs=1), {"dropout": [0.1]}, cv=2)
    by_hand.fit(collection.X, collection.y, annotation_votes=collection.votes)
    proba = raw_and_calibrated(fitted, collection.X, np.unique(collection.y))
    assert list(proba) == ["raw", "temperature"]
    np.testing.assert_allclose(proba["temperature"], by_hand.predict_proba(collection.X), atol=1e-6)
    assert fitted.best_estimator_.temperature_ != 1
    assert np.abs(proba["raw"] - proba["temperature"]).max() > 1e-4


def test_a_search_whose_folds_ask_for_groups_gets_them(collection):
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=GroupKFold(3))
    params = {"annotation_votes": None, "groups": collection.groups}
    fitted = fit_arm(search, collection.X, collection.y.astype(object), params)
    assert fitted.n_splits_ == 3
