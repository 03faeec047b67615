"""Missing cells of a song table."""

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.features._missing import is_missing


@pytest.mark.parametrize(
    "value", [None, float("nan"), np.nan, np.float32("nan"), np.float64("nan"), pd.NA, pd.NaT]
)
def test_every_kind_of_missing_cell_is_known(value):
    assert is_missing(value)


@pytest.mark.parametrize("value", ["", "nan", 0, 0.0, np.float32(1), b"", [], np.zeros(3)])
def test_values_are_not_missing(value):
    assert not is_missing(value)
