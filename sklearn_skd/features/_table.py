"""Song tables and the names in them, checked."""

from contextlib import contextmanager

import pandas as pd

from sklearn_skd._warnings import warn_user


def check_table(X):
    """Raise unless `X` is a table of songs with plain column names."""
    if not isinstance(X, pd.DataFrame):
        raise TypeError(
            f"SongFeatures expects a pandas DataFrame with one row a song, got "
            f"{type(X).__name__}: for example pd.DataFrame({{'audio': paths, 'lyrics': texts}})."
        )
    if len(X) == 0:
        raise ValueError("The song table has 0 songs, while a minimum of 1 is required.")
    if X.columns.nlevels > 1:
        raise ValueError(
            f"The columns of the song table have names of {X.columns.nlevels} levels, such as "
            f"{X.columns[0]!r}: give each one name, for example with "
            "X.columns = X.columns.get_level_values(0)."
        )


def warn_of_lookalikes(X, fields, read):
    """Warn of columns that would be read, were it not for case, blanks or hyphens in their names.

    Parameters
    ----------
    X : DataFrame
        The song table.
    fields : list of str
        Names of columns that are read where they exist.
    read : collection of str
        Names of the columns that are read.
    """
    for column in X.columns:
        if not isinstance(column, str) or column in read:
            continue
        plain = column.strip().lower().replace(" ", "_").replace("-", "_")
        if plain in fields and plain not in X.columns:
            warn_user(
                f"The column {column!r} is not read: the name that is known is {plain!r}. Rename "
                f"it, X.rename(columns={{{column!r}: {plain!r}}}), or name it in `columns`."
            )


@contextmanager
def naming(source, columns):
    """Say of errors which source of the table they are about."""
    try:
        yield
    except Exception as error:
        error.add_note(f"(in the source {source!r}, which reads {columns!r})")
        raise


def is_source(item):
    """Whether `item` can be an entry of `extra`."""
    if not isinstance(item, tuple | list) or len(item) != 3 or not isinstance(item[0], str):
        return False
    if isinstance(item[1], type):
        return False
    return all(hasattr(item[1], method) for method in ("get_params", "fit", "transform"))


def well_formed(extra):
    """The usable entries of `extra`, which is validated in `fit` only."""
    return [item for item in extra if is_source(item)] if isinstance(extra, list | tuple) else []


def check_columns(source, names):
    """Raise unless `names` is the name of a column or a list of different ones."""
    listed = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not (isinstance(names, str) or (listed and names)):
        raise ValueError(
            f"The columns of the source {source!r} are a name or a list of names, got {names!r}. "
            "Names are text: X.columns = X.columns.astype(str) makes them so."
        )
    if listed and len(set(names)) < len(names):
        raise ValueError(f"The columns of the source {source!r} hold a name twice: {names!r}.")


def as_list(columns):
    """One name, or a list of them, as a list."""
    return [columns] if isinstance(columns, str) else list(columns)
