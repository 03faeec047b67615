"""Overconfidence: the sign of a calibration error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_skd.metrics import expected_calibration_error, overconfidence


def test_the_sign_tells_who_promises_too_much():
    y = [0, 0, 0, 1]  # three of four right
    assert overconfidence(y, [[0.9, 0.1]] * 4) == pytest.approx(0.15)
    assert overconfidence(y, [[0.6, 0.4]] * 4) == pytest.approx(-0.15)
    assert overconfidence(y, [[0.75, 0.25]] * 4) == pytest.approx(0)


def test_the_ends_are_reached():
    assert overconfidence([0, 1], [1.0, 0.0]) == 1
    assert overconfidence([0, 1], [0.0, 1.0]) == 0
    assert overconfidence([0] * 9, np.full((9, 3), [0.34, 0.33, 0.33]), labels=[0, 1, 2]) < -0.6


def test_weights_count_and_none_is_no_song():
    y, proba = [0, 1], [[0.9, 0.1], [0.7, 0.3]]
    assert overconfidence(y, proba, sample_weight=[1, 0]) == pytest.approx(-0.1)
    assert overconfidence(y, proba, sample_weight=[3, 1]) == pytest.approx(0.85 - 0.75)


def test_a_class_may_be_missing_and_a_song_alone():
    one = overconfidence(["sad"], [[0.2, 0.5, 0.3]], labels=["calm", "sad", "tense"])
    assert one == pytest.approx(-0.5)


@settings(deadline=None, derandomize=True)
@given(
    y=arrays(int, 12, elements=st.integers(0, 1)),
    p=arrays(float, 12, elements=st.floats(0, 1)),
    n_bins=st.integers(1, 20),
)
def test_no_calibration_error_is_smaller_than_the_absolute_difference(y, p, n_bins):
    difference = overconfidence(y, p, labels=[0, 1])
    assert -1 <= difference <= 1
    for strategy in ("uniform", "quantile"):
        error = expected_calibration_error(y, p, n_bins=n_bins, strategy=strategy, labels=[0, 1])
        assert abs(difference) <= error + 1e-12
    whole = expected_calibration_error(y, p, n_bins=1, labels=[0, 1])
    assert whole == pytest.approx(abs(difference), abs=1e-12)


def test_wrong_input_is_refused_as_everywhere():
    with pytest.raises(ValueError, match=r"y_proba\[0\] sums to 1.2"):
        overconfidence([0], [[0.9, 0.3]], labels=[0, 1])
