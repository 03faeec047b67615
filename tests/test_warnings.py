"""Warnings point at the line of the user."""

import warnings

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd import LogMelSpectrogram, SKDStudentClassifier, TeacherClassifier
from sklearn_skd._warnings import warn_user


def test_a_warning_points_at_the_caller():
    with pytest.warns(RuntimeWarning, match="careful") as caught:
        warn_user("careful", RuntimeWarning)
    assert caught[0].filename == __file__


def test_a_warning_of_a_transformer_points_at_the_user():
    with pytest.warns(UserWarning, match="could not be read") as caught:
        LogMelSpectrogram(duration=0.1, on_error="warn").fit_transform([None])
    assert {one.filename for one in caught} == {__file__}


@pytest.mark.parametrize("steps", [(), (StandardScaler(),)])
def test_warnings_of_a_fit_point_at_the_user_through_a_pipeline_too(steps):
    X = np.random.default_rng(0).normal(size=(12, 3))
    y = np.repeat(["calm", "sad"], [9, 3])
    teacher = TeacherClassifier(max_epochs=1)
    student = SKDStudentClassifier(teacher, max_epochs=1, teacher_cv=5, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_pipeline(*steps, student).fit(X, y)
    ours = [one for one in caught if "teacher_cv" in str(one.message)]
    assert ours
    assert {one.filename for one in ours} == {__file__}
