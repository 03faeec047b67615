"""scikit-learn's own checks of both classifiers."""

import os
import subprocess
import sys

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

from sklearn_skd import SKDStudentClassifier, TeacherClassifier

TEACHER = TeacherClassifier(max_epochs=15, batch_size=16)
STUDENT = SKDStudentClassifier(
    TeacherClassifier(max_epochs=4, batch_size=16), teacher_cv=2, max_epochs=15, batch_size=16
)
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "mini-batches: a song of weight 2 and the song twice fall into other batches"
    )
}


@parametrize_with_checks(
    [TEACHER, STUDENT], expected_failed_checks=lambda estimator: EXPECTED, xfail_strict=True
)
@pytest.mark.filterwarnings("ignore:teacher_cv=2 is more")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [TEACHER, STUDENT], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "check", [check_param_validation, check_dataframe_column_names_consistency]
)
def test_checks_that_the_suite_leaves_out(estimator, check):
    check(type(estimator).__name__, estimator)


def test_arrays_of_the_array_api_are_taken():
    """Skipped by the suite unless SciPy was told before its import."""
    code = (
        "from sklearn.utils.estimator_checks import check_array_api_input\n"
        "from sklearn_skd import TeacherClassifier\n"
        "check_array_api_input('TeacherClassifier', TeacherClassifier(max_epochs=2), 'numpy')\n"
    )
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
