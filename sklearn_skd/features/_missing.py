"""What counts as a missing cell of a song table."""

from decimal import Decimal

import numpy as np


def is_missing(value):
    """Whether `value` is None, NaN (of any kind of number), NaT, ``pandas.NA`` or masked."""
    if value is None or isinstance(value, str):
        return value is None
    import pandas as pd  # not needed by who serves text or nothing

    if isinstance(value, Decimal):  # pandas stumbles over signalling NaN
        return value.is_nan()
    return value is np.ma.masked or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def unmasked(array):
    """A masked array as an array of objects, with None in the place of masked cells."""
    return np.where(np.ma.getmaskarray(array), None, array.data.astype(object))
