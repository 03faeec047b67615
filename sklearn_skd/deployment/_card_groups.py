"""Culture groups of the songs of a model card."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_skd.features.culture import CULTURE_FIELDS, CultureEncoder

__all__ = ["NOT_STATED", "CultureField", "culture_columns", "culture_fields"]

NOT_STATED = "(not stated)"


class CultureField(NamedTuple):
    """One way of dividing the songs.

    Attributes
    ----------
    name : str
        Such as "language".

    labels : list of str
        The groups, sorted; last, if there is one, that of the songs whose cell is empty.

    codes : ndarray of int of shape (n_songs,)
        Group of each song.
    """

    name: str
    labels: list
    codes: np.ndarray


def culture_columns(X, steps):
    """The culture columns of a song table.

    Parameters
    ----------
    X : DataFrame or anything else
        The songs.

    steps : list of estimator
        Those of the Pipeline: a `SongFeatures` knows its columns under other names as well.

    Returns
    -------
    culture : DataFrame or None
        None if there are none.
    """
    if not isinstance(X, pd.DataFrame):
        return None
    names = list(CULTURE_FIELDS)
    for step in steps:
        columns = getattr(step, "columns_", None)
        if isinstance(columns, dict):
            names += columns.get("culture", [])
    known = [name for name in dict.fromkeys(names) if name in X.columns]
    return X[known] if known else None


def culture_fields(culture, n_songs):
    """Divide the songs by each column of a table of culture labels.

    Parameters
    ----------
    culture : DataFrame, Series, mapping of str to array-like, or None
        One row a song, in the order of the songs.

    n_songs : int
        Number of songs.

    Returns
    -------
    fields : list of CultureField
        Columns without any label are left out.
    """
    if culture is None:
        return []
    if isinstance(culture, pd.Series):
        culture = culture.to_frame("group" if culture.name is None else culture.name)
    if isinstance(culture, Mapping):
        culture = {name: _in_order(column) for name, column in culture.items()}
    table = pd.DataFrame(culture).rename(columns=str)
    if len(table) != n_songs:
        raise ValueError(
            f"culture has {len(table)} rows for {n_songs} songs: give one row a song, in the same "
            "order."
        )
    if not table.shape[1]:
        return []
    encoder = CultureEncoder().fit(table)
    columns = zip(table, encoder.categories_, encoder.transform(table).T, strict=True)
    return [_field(name, list(known), codes) for name, known, codes in columns if len(known)]


def _in_order(column):
    """A column without row labels, by which pandas would sort it."""
    return column.to_numpy(dtype=object) if isinstance(column, pd.Series) else column


def _field(name, known, codes):
    if (codes == 0).any():
        return CultureField(name, [*known, NOT_STATED], (codes - 1) % (len(known) + 1))
    return CultureField(name, known, codes - 1)
