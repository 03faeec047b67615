"""Columns that a user says are numbers."""

import numpy as np
import pandas as pd

__all__ = ["as_numbers"]


def as_numbers(table, name):
    """A table as floats, whatever marks what is missing.

    Parameters
    ----------
    table : DataFrame
        Numbers, also as text; blank text is missing.
    name : str
        What the user knows the table by.

    Returns
    -------
    DataFrame of float

    Raises
    ------
    ValueError
        If a cell is no number; names the first by its column and row.
    """
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(float)
    blank = table.isna() | table.astype("string").apply(lambda column: column.str.strip()).eq("")
    rows, columns = np.nonzero((numbers.isna() & ~blank.fillna(True)).to_numpy(dtype=bool))
    if len(rows):
        raise ValueError(
            f"{name} holds {table.iat[rows[0], columns[0]]!r:.60} in column "
            f"{table.columns[columns[0]]!r}, row {table.index[rows[0]]!r}: make it a number, or "
            "empty the cell."
        )
    return numbers
