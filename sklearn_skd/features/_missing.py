"""What counts as a missing cell of a song table."""

import numpy as np
import pandas as pd


def is_missing(value):
    """Whether `value` is None, NaN (of any kind of number), NaT, ``pandas.NA`` or masked."""
    if isinstance(value, str):
        return False
    return value is np.ma.masked or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
