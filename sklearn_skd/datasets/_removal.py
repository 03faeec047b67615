"""What the steps of cleaning share: songs set apart, with the reason of each."""

import numpy as np
import pandas as pd

__all__ = ["check_once", "check_song_table", "column_of", "set_apart"]


def check_song_table(songs):
    """Raise unless `songs` is a table whose index names each song once."""
    if not isinstance(songs, pd.DataFrame):
        raise TypeError(
            f"songs is a DataFrame with one row a song, got {type(songs).__name__}: of a Bunch, "
            "pass its data."
        )
    if not songs.index.is_unique:
        twice = songs.index[songs.index.duplicated()][0]
        raise ValueError(
            f"The index of songs has {twice!r} twice. Several sets become one table with "
            "pd.concat({'merge': merge.data, 'emma': emma.data})."
        )


def check_once(table, name):
    """Raise if the index of `table`, which is called `name`, has a song twice."""
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise ValueError(f"{name} has the song {twice!r} twice: keep one row a song.")


def column_of(songs, name):
    """A column of a song table; ValueError if it is not there."""
    if name not in songs.columns:
        raise ValueError(
            f"songs has no column {name!r}, but {list(songs.columns)}: rename the right one."
        )
    return songs[name]


def set_apart(songs, removed, *, step, n_unjudged):
    """Divide a song table into what is kept and a report on the rest.

    Parameters
    ----------
    songs : DataFrame
        Song table.

    removed : dict of int to (str, object, float)
        By row: the reason, the song that is kept instead or None, and the number that decided or
        NaN.

    step : str
        Name of the step.

    n_unjudged : int
        Songs that were kept because the step could not judge them.

    Returns
    -------
    kept : DataFrame
        Rows of `songs` in their order.

    report : DataFrame
        One row a removed song, columns ``step``, ``reason``, ``twin`` and ``value``.
    """
    rows = sorted(removed)
    report = pd.DataFrame(
        [removed[row] for row in rows], index=songs.index[rows], columns=["reason", "twin", "value"]
    ).astype({"reason": object, "twin": object, "value": float})
    report.insert(0, "step", step)
    report.attrs = {"n_songs": len(songs), "n_removed": len(rows), "n_unjudged": n_unjudged}
    return songs[~np.isin(np.arange(len(songs)), rows)], report
