"""What a transformer returns becomes an array of one of three kinds, or is refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from sklearn_skd.features._kinds import as_source


@pytest.mark.parametrize(
    ("output", "dtype", "shape"),
    [
        (np.ones((2, 3)), np.float32, (2, 3)),
        (np.ones((2, 3, 4)), np.float32, (2, 3, 4)),
        (np.ones((2, 3), int), np.int64, (2, 3)),
        (scipy.sparse.csr_array(np.eye(2)), np.float32, (2, 2)),
        (pd.DataFrame(np.eye(2)), np.float32, (2, 2)),
        ([[1, 2], [3, 4]], np.int64, (2, 2)),
    ],
    ids=["vector", "series", "codes", "sparse", "frame", "lists"],
)
def test_the_kind_follows_from_dtype_and_dimensions(output, dtype, shape):
    array = as_source("odd", output, 2)
    assert (array.dtype, array.shape) == (dtype, shape)


@pytest.mark.parametrize("array", [np.ones((2, 3), np.float32), np.ones((2, 3), np.int64)])
def test_an_array_of_the_right_dtype_is_not_copied(array):
    assert np.shares_memory(as_source("odd", array, 2), array)


def test_values_survive_up_to_single_precision():
    values = np.array([[1e30, -1e-30], [np.nan, np.inf]])
    assert_array_equal(as_source("odd", values, 2), values.astype(np.float32))


def test_masked_values_become_nan():
    masked = np.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]])
    assert_array_equal(as_source("odd", masked, 2), np.array([[1, np.nan], [3, 4]], np.float32))


@pytest.mark.parametrize(
    ("output", "match"),
    [
        (np.ones((2, 3), bool), "dtype bool and 2 dimensions"),
        (np.ones(2), "1 dimensions"),
        (np.ones((2, 3, 4), int), "dtype int64 and 3 dimensions"),
        (np.ones((3, 3)), "3 rows for 2 songs"),
        (np.ones((2, 0)), r"shape \(2, 0\). Leave it out"),
        (np.array([[0.0], [1e39]]), r"1e\+39 in row 1, which is beyond float32"),
        (np.array([[0], [-5]]), "-5 in row 1, which is no code"),
        ([[1.0], [1.0, 2.0]], "different lengths"),
    ],
    ids=["booleans", "1-D", "integer series", "length", "empty", "huge", "negative", "ragged"],
)
def test_what_is_of_no_kind_is_refused_and_named(output, match):
    with pytest.raises(ValueError, match=rf"The source 'odd' .*{match}"):
        as_source("odd", output, 2)
