"""EMMA, the Emotion-to-Music Mapping Atlas, as its web application exports it (section 4.1)."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from sklearn_skd.datasets._reading import (
    artist_groups,
    check_columns,
    find_files,
    find_root,
    locate_audio,
    make_report,
    read_table,
    song_table,
    warn_missing,
)

__all__ = ["load_emma"]

_EMOTIONS = (
    *("wonder", "transcendence", "nostalgia", "tenderness", "peacefulness"),  # sublimity
    *("joy", "power"),  # vitality
    *("tension", "sadness"),  # unease
)
_NUMBERS = (*_EMOTIONS, "sublimity", "vitality", "unease", "icc", "familiarity", "liking")
_TEXTS = (
    *("artist", "title", "spotify_id", "youtube_clip", "youtube_id", "youtube_start_time"),
    *("youtube_end_time", "gems_version"),
)
_CITATION = (
    "H. Strauss, J. Vigl, P.-O. Jacobsen, M. Bayer, F. Talamini, W. Vigl, E. Zangerle, M. Zentner "
    "(2024), The Emotion-to-Music Mapping Atlas (EMMA). Behavior Research Methods 56(4), 3560-3577."
)


def load_emma(path, *, audio_dir=None):
    """Read excerpts of EMMA [1]_ that were exported from its web application.

    Parameters
    ----------
    path : str, path-like, or mapping of str to (str or path-like)
        A file, or a folder with one or several. The files do not name the genre, but each export
        is of one: ``{"pop": "pop.csv", "classical": "classical.csv"}`` says which.
    audio_dir : str, path-like or None, default=None
        Folder of your own sound files, each named by the Spotify or the YouTube id of its excerpt,
        in any format. None: no sound.

    Returns
    -------
    excerpts : :class:`~sklearn.utils.Bunch`
        data : DataFrame, a row an excerpt
            The common song table. Its index is the Spotify id or, without one, the YouTube id;
            further excerpts of the same song end in ``#2``, ``#3``. ``annotation_reliability`` is
            the ICC clipped to [0, 1]. Further columns: the mean rating of each of the nine
            emotions, in [0, 100] (``attrs["emotions"]`` lists them); ``n_raters``; the raw
            ``icc``, which can be negative; and what else the export has, in lower case.
        target : Series
            Of the nine emotions, the one with the highest mean; None where several share it.
            ``to_quadrant(data[data.attrs["emotions"]], taxonomy="gems-9")`` gives quadrants.
        groups : Series
            Artists; an excerpt without one is a group of its own.
        report : DataFrame
            What was found, what is missing and what was set aside.
        name, version, licence, citation, taxonomy : str
            Of the set; the taxonomy as :func:`to_quadrant` knows it.

    Raises
    ------
    FileNotFoundError
        If there is no file, or `audio_dir` holds none of the excerpts.
    ValueError
        If a file lacks one of the nine emotions, or a rating is no number in [0, 100].

    Warns
    -----
    UserWarning
        If `audio_dir` lacks the sound of some excerpts. They are kept, with a missing value.

    Notes
    -----
    Listeners rated what they felt; the other data sets ask what the music expresses. There are no
    single ratings, hence no votes.

    References
    ----------
    .. [1] H. Strauss et al. (2024), The Emotion-to-Music Mapping Atlas (EMMA): a systematically
       organized online database of emotionally evocative music excerpts. Behavior Research
       Methods 56(4), 3560-3577.

    Examples
    --------
    >>> from sklearn_skd.datasets import load_emma, to_quadrant
    >>> excerpts = load_emma({"pop": "emma_pop.csv"}, audio_dir="emma_mp3")  # doctest: +SKIP
    >>> quadrant = to_quadrant(excerpts.target, taxonomy="gems-9")  # doctest: +SKIP
    """
    table = pd.concat([_read(file, genre) for genre, file in _files(path)], ignore_index=True)
    table, repeated = _index(table)
    ratings = table[[*_EMOTIONS]]
    top = ratings.eq(ratings.max(axis=1), axis=0)
    emotion = top.idxmax(axis=1).where(top.sum(axis=1) == 1, None)
    more = [name for name in table.columns if name not in ("artist", "title", "genre")]
    data = song_table(
        table.index,
        dataset="EMMA",
        audio=_audio(table, audio_dir),
        emotion=emotion,
        annotation_reliability=table["icc"].clip(0, 1),
        group=artist_groups(table["artist"]),
        **table[["artist", "title", "genre", *more]],
    )
    data.attrs["emotions"] = [*_EMOTIONS]
    return Bunch(
        data=data,
        target=data["emotion"].copy(),
        groups=data["group"].copy(),
        report=_report(data, repeated, top.sum(axis=1) > 1, audio_dir),
        name="EMMA",
        version=f"export of {len(data)} excerpts",
        licence="as stated by the web application; its files do not say",
        citation=_CITATION,
        taxonomy="gems-9",
    )


def _files(path):
    """Pairs of genre, None where unknown, and file."""
    if isinstance(path, Mapping):
        return [(genre, file) for genre, place in path.items() for _, file in _files(place)]
    path = Path(path).expanduser()
    if path.is_file():
        return [(None, path)]
    return [(None, file) for file in find_files(find_root(path, "*.csv"), "*.csv")]


def _read(path, genre):
    """One export with plain names of columns, numbers as numbers."""
    table = read_table(path, na_values=("", "NA"))
    table.columns = [re.sub(r"\W+", "_", str(name)).strip("_").lower() for name in table.columns]
    check_columns(table, _EMOTIONS, path)
    table = table.rename(columns={"number_of_raters": "n_raters"})
    for name in table.columns.intersection([*_NUMBERS, "n_raters"]):
        table[name] = _numbers(table[name], path)
    outside = table[[*_EMOTIONS]].lt(0) | table[[*_EMOTIONS]].gt(100)
    if outside.any(axis=None):
        row, name = outside.stack().idxmax()
        raise ValueError(
            f"{str(path)!r} rates {name} with {table.loc[row, name]:g} in row {row + 1}; ratings "
            "are means in [0, 100]."
        )
    columns = dict.fromkeys([*_TEXTS, *_NUMBERS, "n_raters", *table.columns])
    table = table.reindex(columns=[*columns]).assign(genre=genre)
    return table.astype(dict.fromkeys(_TEXTS, object))


def _numbers(column, path):
    values = pd.to_numeric(column, errors="coerce")
    wrong = values.isna() & column.notna()
    if wrong.any():
        row = int(wrong.idxmax())
        raise ValueError(
            f"{str(path)!r} has {column[row]!r} in the column {column.name!r}, row {row + 1}: a "
            "number or NA is expected."
        )
    return values.astype(float)


def _index(table):
    """Index excerpts by id; set aside those that are the same in several exports."""
    ids = table["spotify_id"].str.strip()
    ids = ids.where(ids.notna(), table["youtube_id"].str.strip())
    ids = ids.where(ids.notna(), [f"row {row + 1}" for row in table.index])
    same = ["title", "youtube_start_time", "youtube_end_time", "n_raters", *_EMOTIONS]
    again = table[same].assign(id=ids).duplicated()
    table, ids, repeated = table[~again], ids[~again], ids[again].tolist()
    number = ids.groupby(ids).cumcount() + 1
    table.index = pd.Index(ids.where(number == 1, ids + "#" + number.astype(str)), name="song_id")
    return table, repeated


def _audio(table, audio_dir):
    """Sound files by Spotify or else YouTube id."""
    audio = locate_audio(table["spotify_id"], audio_dir)
    audio = audio.where(audio.notna(), locate_audio(table["youtube_id"], audio_dir))
    if audio_dir is not None:
        if audio.isna().all():
            locate_audio(table.index, audio_dir, must_match=True)  # raises, and says why
        warn_missing("sound", audio, f"{str(audio_dir)!r}")
    return audio


def _report(data, repeated, tied, audio_dir):
    def where(mask):
        return data.index[mask].tolist()

    unheard = where(data["audio"].isna())
    return make_report(
        ("excerpts", len(data), "rows of the exports"),
        ("repeated excerpts", repeated, "the same in several exports; kept once"),
        ("tied", where(tied), "several emotions share the highest mean: no label"),
        ("without label", where(data["emotion"].isna()), "tied or not rated"),
        ("negative ICC", where(data["icc"] < 0), "annotation_reliability is 0"),
        ("without ICC", where(data["icc"].isna()), "annotation_reliability is missing"),
        ("without audio", unheard, f"no file of the excerpt's ids in audio_dir={audio_dir!r}"),
    )
