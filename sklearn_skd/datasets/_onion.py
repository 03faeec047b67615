"""The files of Music4All-Onion, too large to be read whole: by column and in chunks."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from sklearn_skd.datasets._reading import find_files, find_root, index_songs, read_rows, read_table

_KEYS = ("id", "ID")  # an older release writes "ID"
_GAPS = ("", "nan", "NaN", "NA")


def read_onion(onion_dir, feature, *, columns=None, songs=None):
    """Read one of Music4All-Onion's files of features, large as they are.

    The file is read in chunks and only the wanted columns and songs are kept, so that memory is
    needed for these alone. Joined to a song table, they are a further source of a song.

    Parameters
    ----------
    onion_dir : str or path-like
        The folder with the files.
    feature : str
        Which file: ``"id_essentia"``, ``"id_musicnn"``, ``"id_gems"``, ...
    columns : sequence of str or None, default=None
        Columns to read, in this order; None: all.
    songs : sequence of str or None, default=None
        Ids of the rows of the result, in this order; songs that are not in the file get NaN.
        None: those in the file, in its order.

    Returns
    -------
    DataFrame of float32, shape (n_songs, n_columns)
        Index ``song_id``. Columns without a name are called by the feature and their position
        (``gems_1``). ``id_gems`` holds values of a model, not ratings, in an undocumented order.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If a column is not in it, or holds text: the message names the line.

    Examples
    --------
    >>> from sklearn_skd.datasets import read_onion
    >>> names = ["rhythm.bpm", "rhythm.danceability"]
    >>> read_onion("onion", "id_essentia", columns=names, songs=data.index)  # doctest: +SKIP
    """
    feature = feature.removeprefix("id_")
    path = find_feature(onion_dir, f"id_{feature}", must_exist=True)
    for name, given in {"columns": columns, "songs": songs}.items():
        if isinstance(given, str):
            raise ValueError(f"{name} is a sequence, got the text {given!r}: use [{given!r}].")
    songs = None if songs is None else [str(song) for song in songs]
    stored = _names_of_the_unnamed(path, feature)
    wanted = None if columns is None else [stored.get(name, name) for name in columns]
    numbers = defaultdict(lambda: np.float32, dict.fromkeys(_KEYS, str))
    try:
        table = read_feature(path, columns=wanted, songs=songs, dtype=numbers, na_values=_GAPS)
    except ValueError as error:
        _complain_of_text(path, wanted, error)
        raise
    table = table.rename(columns={name: given for given, name in stored.items()})
    table = table if songs is None else table.reindex(songs)
    return (table if columns is None else table[list(columns)]).rename_axis("song_id")


def _names_of_the_unnamed(path, feature):
    """What pandas calls columns without a name, by what they are called here."""
    names = read_table(path, nrows=0).columns.drop(list(_KEYS), errors="ignore")
    return {
        f"{feature}_{place}": name
        for place, name in enumerate(names)
        if name.startswith("Unnamed: ")
    }


def _complain_of_text(path, columns, error):
    """Raise at the first cell of these columns that is no number; None: of all."""
    rows = read_rows(path)
    names = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(next(rows)[0])]
    for row, line in rows:
        for name, cell in zip(names, row, strict=False):
            if name not in _KEYS and (columns is None or name in columns) and not _is_number(cell):
                raise ValueError(
                    f"{str(path)!r} holds {cell!r:.60} in line {line}, column {name!r}, which is "
                    "no number: read other columns with columns=[...], or empty the cell."
                ) from error


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return cell in _GAPS
    return True


def find_feature(folder, stem, *, must_exist=False):
    """Path of the file of Onion called `stem`, in `folder` or one in it; None if there is none."""
    pattern = f"{stem}.[tc]sv*"
    try:
        found = find_files(find_root(folder, pattern), pattern)
    except FileNotFoundError as error:
        if Path(folder).expanduser().exists() and not must_exist:
            return None
        raise FileNotFoundError(f"{error} Is this the folder of Music4All-Onion?") from error
    return min(found, key=lambda path: len(path.name))  # unpacked, if it is there, is faster


def read_feature(path, *, columns=None, songs=None, **kw):
    """Columns of a file of Onion for some songs, indexed by song; all of them if None."""
    table = read_table(
        path,
        columns=None if columns is None else {*_KEYS, *columns},
        required=columns or (),
        where=among(songs),
        **kw,
    )
    key = next((key for key in _KEYS if key in table.columns), None)
    if key is None:
        raise ValueError(f"{str(path)!r} has no column 'id'; its columns are {list(table)[:8]}.")
    return index_songs(table, key)[0]


def among(songs):
    """Test which rows of a chunk are of these songs; None, no test, if all are wanted."""
    if songs is None:
        return None
    wanted = set(songs)

    def test(chunk):
        key = next((key for key in _KEYS if key in chunk.columns), None)
        return chunk.index == -1 if key is None else chunk[key].str.strip().isin(wanted)

    return test
