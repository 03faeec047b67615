"""Inside scikit-learn: searches, metadata routing, calibrators."""

from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.metrics import ece_scorer


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
        Recording.arrived.append((X, extras))
        return super().fit(X, y, sample_weight=sample_weight, **extras)


@pytest.fixture
def recording(tiny_student):
    Recording.arrived.clear()
    return Recording(**tiny_student().get_params(deep=False))


def test_a_search_over_temperature_with_two_scores(tiny_student, collection):
    search = GridSearchCV(
        tiny_student(),
        {"temperature": [1.0, 4.0]},
        scoring={"nll": "neg_log_loss", "ece": ece_scorer},
        refit="nll",
        cv=2,
        error_score="raise",
    ).fit(collection.X, collection.y)
    for name in ("mean_test_nll", "mean_test_ece"):
        assert np.isfinite(search.cv_results_[name]).all()
        assert (search.cv_results_[name] <= 0).all()
    assert search.predict_proba(collection.X).shape == (48, 3)


def test_a_search_reaches_into_the_teacher(tiny_student, collection):
    search = GridSearchCV(
        tiny_student(), {"teacher__max_epochs": [1, 2]}, cv=2, error_score="raise"
    ).fit(collection.X, collection.y)
    best = search.best_params_["teacher__max_epochs"]
    assert search.best_estimator_.teacher_.n_iter_ == best


def test_metadata_reach_fit_through_a_pipeline_in_a_search(recording, collection):
    with config_context(enable_metadata_routing=True):
        recording.set_fit_request(annotation_votes=True, annotation_reliability=True, groups=True)
        pipeline = Pipeline([("same", FunctionTransformer()), ("student", recording)])
        GridSearchCV(
            pipeline,
            {"student__temperature": [1.0, 2.0]},
            cv=GroupKFold(2),
            error_score="raise",
        ).fit(
            collection.X,
            collection.y,
            annotation_votes=collection.votes,
            annotation_reliability=collection.reliability,
            groups=collection.groups,
        )
    assert len(Recording.arrived) == 2 * 2 + 1
    number = {row.tobytes(): i for i, row in enumerate(collection.X["audio"])}
    for X, extras in Recording.arrived:
        rows = [number[row.tobytes()] for row in X["audio"]]
        assert_allclose(extras["annotation_votes"], collection.votes[rows])
        assert_allclose(extras["annotation_reliability"], collection.reliability[rows])
        assert_allclose(extras["groups"], collection.groups[rows])


def test_predictions_across_folds(tiny_student, collection):
    proba = cross_val_predict(
        tiny_student(strategy="student-only"),
        collection.X,
        collection.y,
        cv=3,
        method="predict_proba",
    )
    assert_allclose(proba.sum(axis=1), 1)


def test_a_fitted_student_is_calibrated_by_scikit_learn(fitted_student, collection, new_songs):
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted_student), method="temperature")
    calibrated.fit(collection.X, collection.y)
    proba = calibrated.predict_proba(new_songs)
    assert_allclose(proba.sum(axis=1), 1)
    # a temperature keeps the order of the classes
    assert (proba.argmax(axis=1) == fitted_student.predict_proba(new_songs).argmax(axis=1)).all()


def test_a_pipeline_shows_the_student_to_html(tiny_student):
    assert "SKDStudentClassifier" in tiny_student()._repr_html_()
