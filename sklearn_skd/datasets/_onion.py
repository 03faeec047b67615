"""The files of Music4All-Onion, too large to be read whole: by column and in chunks."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from sklearn_skd.datasets._reading import find_files, find_root, index_songs, read_table

_KEYS = ("id", "ID")  # an older release writes "ID"


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
        If a column is not in it or holds no numbers.

    Examples
    --------
    >>> from sklearn_skd.datasets import read_onion
    >>> names = ["rhythm.bpm", "rhythm.danceability"]
    >>> read_onion("onion", "id_essentia", columns=names, songs=data.index)  # doctest: +SKIP
    """
    path = find_feature(onion_dir, f"id_{feature.removeprefix('id_')}", must_exist=True)
    songs = None if songs is None else [str(song) for song in songs]
    numbers = defaultdict(lambda: np.float32, dict.fromkeys(_KEYS, str))
    table = read_feature(path, columns=columns, songs=songs, dtype=numbers)
    table.columns = [
        f"{feature.removeprefix('id_')}_{place}" if name.startswith("Unnamed: ") else name
        for place, name in enumerate(table.columns)
    ]
    table = table if songs is None else table.reindex(songs)
    return (table if columns is None else table[list(columns)]).rename_axis("song_id")


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
