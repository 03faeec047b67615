"""What all readers share: folders, tables, texts and sound files as people really have them."""

import bz2
import csv
import gzip
import lzma
import os
import re
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

from sklearn_skd._warnings import warn_user
from sklearn_skd.datasets.groups import song_groups
from sklearn_skd.features.culture import CULTURE_FIELDS

#: Columns of the common song table, in their order; the index is called ``song_id``.
SONG_COLUMNS = (
    *("audio", "lyrics", *CULTURE_FIELDS),
    *("emotion", "annotation_reliability", "artist", "title", "group", "dataset"),
)
AUDIO_SUFFIXES = (".mp3", ".flac", ".wav", ".ogg", ".opus", ".m4a", ".aif", ".aiff")
_DEPTH = 3  # folders that may lie around what a download holds
_LISTED = 8  # names an error shows


def find_root(path, expected):
    """Find the folder of a download, whether `path` is it, a file in it or a folder around it.

    Parameters
    ----------
    path : str or path-like
        Where the user says it is.
    expected : str or sequence of str
        Names that the folder must hold, all of them; ``*`` and ``?`` are wildcards, case is
        ignored.

    Returns
    -------
    pathlib.Path
        The folder nearest to `path`.

    Raises
    ------
    FileNotFoundError
        If there is none; says what was looked for and what is there.
    ValueError
        If several are equally near.
    """
    path = Path(path).expanduser()
    wanted = [expected] if isinstance(expected, str) else list(expected)
    if not path.exists():
        raise FileNotFoundError(f"There is no {str(path)!r}. Looked for {_quoted(wanted)} in it.")
    if path.is_file() and path.suffix == ".zip":
        raise FileNotFoundError(f"{str(path)!r} is an archive: unpack it and give its folder.")
    level = [path.parent if path.is_file() else path]
    for _ in range(_DEPTH + 1):
        found = [folder for folder in level if all(find_files(folder, name) for name in wanted)]
        if len(found) > 1:
            raise ValueError(
                f"{_quoted(wanted)} are in several folders: {_quoted(map(str, found))}. Give the "
                "path of one."
            )
        if found:
            return found[0]
        level = [folder for parent in level for folder in _subfolders(parent)]
    raise FileNotFoundError(
        f"Looked for {_quoted(wanted)} in {str(path)!r} and the folders in it, found {_seen(path)}."
    )


def find_files(folder, pattern):
    """Sorted paths in `folder` whose names match `pattern`, in any case."""
    return sorted(
        Path(entry.path)
        for entry in os.scandir(folder)
        if fnmatch(entry.name.lower(), pattern.lower()) and not entry.name.startswith("._")
    )


def find_file(folder, pattern):
    """The one file in `folder` that matches `pattern`; raises if there is none or several."""
    found = find_files(folder, pattern)
    if not found:
        raise FileNotFoundError(
            f"Looked for {pattern!r} in {str(folder)!r}, found {_seen(folder)}."
        )
    if len(found) > 1:
        names = [path.name for path in found]
        raise ValueError(f"{pattern!r} matches {_quoted(names)} in {str(folder)!r}: keep one.")
    return found[0]


def read_table(path, *, columns=None, required=(), na_values=("",), where=None, **kw):
    """Read a text table as its authors wrote it; every value is text or missing.

    Tabs, commas and semicolons are told apart by the first line, whatever the file is called.
    Each line is read as UTF-8 or else as cp1252. An unnamed first column, which only counts the
    rows, is left out.

    Parameters
    ----------
    path : path-like
        The file; pandas unpacks ``.bz2``, ``.gz`` and the like by their suffix.
    columns : collection of str, callable or None, default=None
        Columns to read, those of them that exist; a callable is asked about each name.
    required : sequence of str, default=()
        Columns without which the file is of no use.
    na_values : sequence of str, default=("",)
        Texts that mean missing. No others do: a song may be called "NA" or "None".
    where : callable or None, default=None
        Reads in chunks and keeps the rows for which ``where(chunk)`` is true.
    **kw
        Further parameters of `pandas.read_csv`.

    Returns
    -------
    DataFrame
        Rows counted from 0.

    Raises
    ------
    ValueError
        If the file cannot be parsed, is empty, lacks a required column, or has a row with more
        values than there are names.

    Warns
    -----
    UserWarning
        If the file is UTF-8, but for some lines.
    """
    path = Path(path)
    if columns is not None and not callable(columns):
        columns = {*columns, *required}.__contains__
    kw = {"dtype": str, "keep_default_na": False, "na_values": list(na_values), **kw}
    kw.setdefault("sep", sniff_separator(path))
    try:
        table = _parse(path, columns, where, **kw)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{str(path)!r} is empty.") from error
    except ValueError as error:
        raise ValueError(f"{str(path)!r} cannot be read as a table: {error}") from error
    check_columns(table, required, path)
    return table


def _parse(path, columns, where, *, sep, **kw):
    if columns is not None:
        kw["usecols"] = lambda name: columns(name.strip())
    with _open(path) as file:
        source = _TextRows(file, sep)
        if where is None:
            table = _named(pd.read_csv(source, sep=sep, **kw))
        else:
            with pd.read_csv(source, sep=sep, chunksize=20_000, **kw) as chunks:
                # sifted one by one: the whole file may not fit into memory
                table = pd.concat([chunk[where(chunk)] for chunk in map(_named, chunks)])
    if source.others and source.any_utf8:
        warn_user(
            f"{str(path)!r} is UTF-8 but for {len(source.others)} lines, the first of them line "
            f"{source.others[0]}, which are read as cp1252: look at the letters of these."
        )
    return table.reset_index(drop=True).drop(columns="Unnamed: 0", errors="ignore")


class _TextRows:
    """A table on its way to pandas: its letters decoded, and its rows found to be no too long.

    With `usecols`, pandas cuts and shifts the values of rows that have more than there are names.

    Parameters
    ----------
    file : iterable of bytes
        Its lines.
    sep : str
        Separator of the values.

    Attributes
    ----------
    others : list of int
        Lines that were read as cp1252, counted from 1.
    any_utf8 : bool
        Whether a line showed that the file is UTF-8.
    """

    def __init__(self, file, sep):
        self.others, self.any_utf8 = [], False
        self._taken, self._n_names, self._sep = [], None, sep
        self._rows = csv.reader(self._lines(file), delimiter=sep)
        self._whole = self.whole()

    def _lines(self, file):
        for number, line in enumerate(file, start=1):
            text = self._decode(line, number)
            self._taken.append(text)
            yield from re.split(r"(?<=\r)(?!\n)", text) if "\r" in text[:-2] else [text]

    def _decode(self, line, number):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            self.any_utf8 = self.any_utf8 or not text.isascii()
            return text
        except UnicodeDecodeError:
            self.others.append(number)
            # bytes that cp1252 does not know are no reason to refuse the rest
            return line.decode("cp1252", errors="replace")

    def whole(self):
        """Each row as a list of values, as text, and the line it ends in."""
        try:
            for row in self._rows:
                self._check(row)
                text, self._taken = "".join(self._taken), []
                yield row, text, self._rows.line_num
        except csv.Error as error:
            line = self._rows.line_num
            raise pd.errors.ParserError(f"{error}, up to line {line}") from error

    def __iter__(self):  # that there is one is how pandas knows a file
        return iter(self.read, "")

    def read(self, size=2**18):
        """Whole rows of at least `size` characters, as text."""
        texts, n_read = [], 0
        while n_read < size and (row := next(self._whole, None)) is not None:
            texts.append(row[1])
            n_read += len(row[1])
        return "".join(texts)

    def _check(self, row):
        self._n_names = self._n_names or len(row)
        if len(row) > self._n_names:
            raise pd.errors.ParserError(
                f"line {self._rows.line_num} has more values ({len(row)}) than the first line has "
                f"names ({self._n_names}): put a value that holds {self._sep!r} into quotation "
                "marks"
            )


def read_rows(path):
    """Yield each row of a text table as a list of values, and the line it ends in."""
    with _open(path) as file:
        for row, _, line in _TextRows(file, sniff_separator(path)).whole():
            yield row, line


def _named(table):
    """A table with names without blanks."""
    return table.rename(columns=lambda name: str(name).strip())


def _open(path):
    """A file for its bytes, unpacked."""
    unpack = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}
    return unpack.get(Path(path).suffix, open)(path, "rb")


def sniff_separator(path):
    """The separator that occurs most often in the first line, outside quotes."""
    with _open(path) as file:
        line = file.readline().decode("utf-8", errors="replace")
    count = Counter(re.sub(r'"[^"]*"', "", line))
    return max("\t,;", key=lambda mark: count[mark]) if count else ","


def check_columns(table, required, path):
    """Raise unless `table` has the columns in `required`."""
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise ValueError(
            f"{str(path)!r} has no column {_quoted(missing)}; its columns are "
            f"{_quoted(table.columns)}. Is it the file its name says?"
        )


def read_text(path):
    """The text of a file, without surrounding blanks; None where there is no file or no text."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        return None
    return text.strip() or None


def index_songs(table, column):
    """Index a table by its song ids, each kept once.

    Parameters
    ----------
    table : DataFrame
        A row a song.
    column : str
        Name of the ids.

    Returns
    -------
    table : DataFrame
        The first row of each id; the index is called ``song_id``.
    set_aside : list of str
        The ids whose later rows were left out, and "" for each row without an id.
    """
    ids = table[column].str.strip()
    first = ids.notna() & ~ids.duplicated()
    table = table[first].set_index(ids[first].rename("song_id").astype(object))
    return table.drop(columns=column), ids[~first].fillna("").tolist()


def locate_audio(data, folder, *, must_match=False, suffixes=AUDIO_SUFFIXES):
    """Find the sound file of each song, by its name without suffix, in any case.

    Parameters
    ----------
    data : DataFrame, Series or Index
        Songs. The names of their files are the values of a Series or Index, and the index of a
        DataFrame.
    folder : path-like or None
        Where the files lie, folders in it included. None, or no such folder: nowhere.
    must_match : bool, default=False
        Raise if no song has a file, because the user named this folder.
    suffixes : tuple of str, default=AUDIO_SUFFIXES
        Kinds of files, the preferred ones first.

    Returns
    -------
    Series of object
        Absolute paths by the index of `data`; None where there is no file. Of several files of
        one name, that of the first suffix, then the first in the alphabet.

    Raises
    ------
    FileNotFoundError
        If nothing matches and `must_match`.
    """
    index = data if isinstance(data, pd.Index) else data.index
    names = data if isinstance(data, pd.Series) else index.to_series()
    files = {} if folder is None else _files_by_name(Path(folder).expanduser(), suffixes)
    keys = names.astype(object).where(names.notna(), "").map(lambda name: str(name).strip().lower())
    paths = [files.get(key) for key in keys]
    if must_match and not any(paths):
        looked = [f"{name}{suffixes[0]}" for name in names.dropna()[:2]]
        raise FileNotFoundError(
            f"None of the {len(names)} songs has a file in {str(folder)!r}: looked for "
            f"{_quoted(looked)} and the like, found {_seen(folder)}."
        )
    return pd.Series(paths, index=index, dtype=object, name="audio")


def _files_by_name(folder, suffixes):
    """Paths by lower-case name without suffix, the preferred one of each name."""
    found = {}
    for parent, _, names in os.walk(folder.resolve(), followlinks=True):
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in suffixes and not name.startswith("._"):
                rank = (suffixes.index(suffix.lower()), os.path.join(parent, name))
                found[stem.lower()] = min(found.get(stem.lower(), rank), rank)
    return {stem: path for stem, (_, path) in found.items()}


def warn_missing(what, paths, expected):
    """Warn of songs whose files are not where they should be; they are kept.

    Parameters
    ----------
    what : str
        Kind of file, for example "sound".
    paths : Series
        Paths by song, None where there is no file.
    expected : str
        Where they were looked for.
    """
    missing = paths.index[paths.isna()]
    if len(missing):
        warn_user(
            f"{len(missing)} of {len(paths)} songs have no {what} file in {expected}, such as "
            f"{_quoted(missing[:3])}: they are kept, with a missing value. The report lists them."
        )


def decade(dates):
    """Decades such as "1970s" of years or dates such as "1970-??-??", "20/06/2005" or 1970.0.

    None where there is no year between 1000 and 2099, as in "197?" and "????".
    """
    years = dates.astype("string").str.extract(r"(?<!\d)((?:1\d|20)\d)\d(?!\d)", expand=False)
    return (years + "0s").astype(object).where(years.notna(), None)


def first_tag(tags):
    """The first of each cell's comma-separated tags; None where there is none."""
    first = tags.astype("string").str.split(",").str[0].str.strip()
    return first.astype(object).where(first.notna() & first.ne(""), None)


def artist_groups(artists):
    """Groups for splits: one an artist, by `song_groups`; a song of an unknown artist is alone."""
    groups = song_groups(artists.to_frame("artist"))
    alone = "song " + artists.index.astype(str)
    return groups.where(groups.notna(), alone).rename("group")


def song_table(index, *, dataset, **columns):
    """The common table: every column of `SONG_COLUMNS`, missing where not given, then the rest.

    Parameters
    ----------
    index : Index
        Song ids.
    dataset : str
        Name of the data set.
    **columns : Series or scalar
        Columns by name, aligned with `index`.

    Returns
    -------
    DataFrame
        None marks missing text, NaN a missing number.
    """
    columns["dataset"] = dataset
    table = pd.DataFrame(columns, index=index.rename("song_id"))
    more = [name for name in table.columns if name not in SONG_COLUMNS]
    table = table.reindex(columns=[*SONG_COLUMNS, *more])
    table["annotation_reliability"] = table["annotation_reliability"].astype(float)
    for name in table.columns.drop("annotation_reliability"):
        if name in SONG_COLUMNS or pd.api.types.is_string_dtype(table[name].dtype):
            table[name] = table[name].astype(object).where(table[name].notna(), None)
    return table


def make_report(*entries):
    """What a reader found and set aside.

    Parameters
    ----------
    *entries : tuple of (what, songs, why)
        `songs` are the ids concerned, or their number.

    Returns
    -------
    DataFrame
        Indexed by ``what``, columns ``n``, ``why`` and ``songs`` (a list, None if only counted).
    """
    rows = [
        (what, songs, why, None) if isinstance(songs, int) else (what, len(songs), why, list(songs))
        for what, songs, why in entries
    ]
    return pd.DataFrame(rows, columns=["what", "n", "why", "songs"]).set_index("what")


def _subfolders(folder):
    return sorted(
        Path(entry.path)
        for entry in os.scandir(folder)
        if entry.is_dir() and not entry.name.startswith((".", "__MACOSX"))
    )


def _quoted(names):
    names = [repr(str(name)) for name in names]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _seen(folder):
    """The entries of a folder, for an error."""
    if not os.path.isdir(folder):
        return "no such folder"
    names = sorted(entry.name for entry in os.scandir(folder))
    return _quoted(names) if names else "nothing"
