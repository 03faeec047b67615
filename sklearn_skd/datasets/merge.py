"""MERGE: sound, lyrics and four quadrants, as its authors hand it out (paper section 4.1)."""

import pandas as pd
from sklearn.utils import Bunch

from sklearn_skd._sklearn import StrOptions, validate_params
from sklearn_skd.datasets._reading import (
    artist_groups,
    check_columns,
    decade,
    find_file,
    find_files,
    find_root,
    first_tag,
    index_songs,
    locate_audio,
    make_report,
    read_table,
    read_text,
    song_table,
    warn_missing,
)
from sklearn_skd.datasets.taxonomy import to_quadrant

__all__ = ["load_merge"]

_CITATION = (
    "P. L. Louro, H. Redinho, R. Santos, R. Malheiro, R. Panda, R. P. Paiva (2024), MERGE -- a "
    "bimodal dataset for static music emotion recognition. arXiv:2407.06060."
)
_OPTIONAL = ("Artist", "Title", "Genres", "Styles", "ActualYear", "Year", "LowestYear")
_RATIOS = ("70_15_15", "40_30_30")
_PARTS = ("train", "validate", "test")


@validate_params(
    {
        "path": "no_validation",
        "subset": [StrOptions({"audio", "lyrics", "bimodal"})],
        "balanced": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_merge(path, *, subset="bimodal", balanced=False):
    """Read a data set of MERGE 1.1.0 [1]_ that was downloaded and unpacked.

    Parameters
    ----------
    path : str or path-like
        The unpacked archive, or a folder around it or around several of them.
    subset : {"bimodal", "audio", "lyrics"}, default="bimodal"
        Songs with sound and lyrics (2,216), with sound (3,554) or with lyrics (2,568).
    balanced : bool, default=False
        The choice of these songs with equally many in each quadrant, an archive of its own.

    Returns
    -------
    songs : :class:`~sklearn.utils.Bunch`
        data : DataFrame, a row a song
            The common song table. Its index is the song's id, the audio id in the bimodal set.
            ``genre`` is the first of the genres or, without any, of the styles; ``era`` the
            decade of the first known of ``ActualYear``, ``Year`` and ``LowestYear``. Further
            columns: ``valence`` and ``arousal``, in [0, 1], and ``lyric_id`` in the bimodal set.
        target : Series
            Emotions, the quadrants by name (:func:`to_quadrant`).
        splits : dict of str to Index
            The official ones, as ``"70_15_15_train"``, ``"..._validate"`` and ``"..._test"``, and
            the same with ``"40_30_30"``. Most of their test songs share an artist with training
            songs: ``"70_15_15_train_other_artists"`` holds the training songs whose artists are
            neither in the validation nor in the test songs, ``"..._validate_other_artists"`` the
            validation songs whose artists are not in the test songs.
        groups : Series
            Artists; a song without one is a group of its own.
        metadata : DataFrame
            The file of metadata as it is, by song.
        report : DataFrame
            What was found, what is missing and what was set aside, with the songs concerned.
        name, version, licence, citation, taxonomy : str
            Of the set; the taxonomy as :func:`to_quadrant` knows it.

    Raises
    ------
    FileNotFoundError
        If the metadata, or a part of a split, is not there.
    ValueError
        If a file lacks a column, or several folders hold the set.

    Warns
    -----
    UserWarning
        If songs lack their sound or lyrics. They are kept, with a missing value.

    See Also
    --------
    to_quadrant : Q1 is pleasure, Q2 tension, Q3 sadness and Q4 calm.

    Notes
    -----
    There are no votes in MERGE, so the annotation reliability is unknown (NaN).

    References
    ----------
    .. [1] P. L. Louro, H. Redinho, R. Santos, R. Malheiro, R. Panda, R. P. Paiva (2024), MERGE --
       a bimodal dataset for static music emotion recognition. arXiv:2407.06060.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_skd.datasets import load_merge
    >>> with TemporaryDirectory() as folder:  # the smallest archive there could be
    ...     metadata = Path(folder, "merge_audio_complete_metadata.csv")
    ...     _ = metadata.write_text("Song,Quadrant\\nA001,Q1\\n")
    ...     Path(folder, "A001.mp3").touch()
    ...     songs = load_merge(folder, subset="audio")
    >>> songs.target.to_dict()
    {'A001': 'pleasure'}
    >>> songs.report["n"].to_dict()["without audio"]
    0
    """
    kind = f"{subset}_{'balanced' if balanced else 'complete'}"
    root = find_root(path, f"merge_{kind}_metadata.csv")
    metadata, set_aside = _read_metadata(root, kind)
    data = _song_table(root, kind, metadata)
    splits, unknown = _read_splits(root, kind, data.index)
    entries = [
        *_entries(data, subset, set_aside),
        ("official splits", len(splits), "files in tvt_dataframes; 6 in the original"),
        ("unknown songs in splits", unknown, "not in the metadata; left out of the splits"),
        *_count_shared_artists(splits, data["group"]),
    ]
    splits |= _without_shared_artists(splits, data["group"])
    return Bunch(
        data=data,
        target=data["emotion"].copy(),
        splits=splits,
        groups=data["group"].copy(),
        metadata=metadata,
        report=make_report(*entries),
        name=f"MERGE {kind.replace('_', ' ')}",
        version="1.1.0",
        licence="CC BY-NC 4.0",
        citation=_CITATION,
        taxonomy="quadrants",
    )


def _read_metadata(root, kind):
    """The metadata by song, and the ids of rows that were set aside."""
    path = find_file(root, f"merge_{kind}_metadata.csv")
    return _read_songs(path, required=["Quadrant"], bimodal=["Lyric_Song"])


def _read_songs(path, *, required=(), bimodal=()):
    """A table by song, and the ids of rows that were set aside.

    The ids are in another column where songs have one of their lyrics as well; `bimodal` columns
    are required there.
    """
    table = read_table(path, required=required)
    key = "Audio_Song" if "Audio_Song" in table.columns else "Song"
    check_columns(table, [key, *(bimodal if key == "Audio_Song" else ())], path)
    return index_songs(table, key)


def _song_table(root, kind, metadata):
    subset = kind.partition("_")[0]
    bimodal = subset == "bimodal"
    known = metadata.reindex(columns=[*metadata.columns.union(_OPTIONAL, sort=False)])
    era = decade(known["ActualYear"])
    for column in ("Year", "LowestYear"):
        era = era.where(era.notna(), decade(known[column]))
    genre = first_tag(known["Genres"])
    columns = {
        "genre": genre.where(genre.notna(), first_tag(known["Styles"])),
        "era": era,
        "emotion": to_quadrant(metadata["Quadrant"], taxonomy="quadrants"),
        "artist": known["Artist"],
        "title": known["Title"],
        "group": artist_groups(known["Artist"]),
        **_read_plane(root, kind, metadata.index),
    }
    if subset != "lyrics":
        columns["audio"] = locate_audio(metadata, root / "audio" if bimodal else root)
        warn_missing("sound", columns["audio"], f"{str(root)!r}")
    if bimodal:
        columns["lyric_id"] = metadata["Lyric_Song"].str.strip()
    if subset != "audio":
        names = columns.get("lyric_id", metadata)
        paths = locate_audio(names, root / "lyrics" if bimodal else root, suffixes=(".txt",))
        warn_missing("lyrics", paths, f"{str(root)!r}")
        columns["lyrics"] = paths.map(read_text, na_action="ignore")
    return song_table(metadata.index, dataset="MERGE", **columns)


def _read_plane(root, kind, songs):
    """Valence and arousal by name, missing where the file is."""
    names = {"valence": "Valence", "arousal": "Arousal"}
    if not find_files(root, f"merge_{kind}_av_values.csv"):
        return dict.fromkeys(names, float("nan"))
    path = find_file(root, f"merge_{kind}_av_values.csv")
    table = _read_songs(path, required=[*names.values()])[0].reindex(songs)
    return {name: pd.to_numeric(table[text], errors="coerce") for name, text in names.items()}


def _read_splits(root, kind, songs):
    """The official splits, and those of their ids that no song has."""
    splits, unknown = {}, []
    for ratio in _RATIOS:
        folder = root / "tvt_dataframes" / f"tvt_{ratio}"
        if not folder.is_dir():
            continue
        for part in _PARTS:
            path = find_file(folder, f"tvt_{ratio}_{part}_{kind}.csv")
            ids = _read_songs(path)[0].index
            splits[f"{ratio}_{part}"] = ids[ids.isin(songs)]
            unknown += ids[~ids.isin(songs)].tolist()
    return splits, unknown


def _without_shared_artists(splits, groups):
    """Training and validation songs without the artists of what they are tested on."""
    disjoint = {}
    for ratio in _ratios(splits):
        train, validate, test = (splits[f"{ratio}_{part}"] for part in _PARTS)
        of_test = groups[validate].isin(groups[test])
        of_either = groups[train].isin(pd.concat([groups[validate], groups[test]]))
        disjoint[f"{ratio}_train_other_artists"] = train[~of_either]
        disjoint[f"{ratio}_validate_other_artists"] = validate[~of_test]
    return disjoint


def _count_shared_artists(splits, groups):
    """Entries of the report: test songs whose artist is in training."""
    entries = []
    for ratio in _ratios(splits):
        train, _, test = (splits[f"{ratio}_{part}"] for part in _PARTS)
        shared = test[groups[test].isin(groups[train])]
        why = f"of {len(test)} test songs; an artist's songs are alike, so they test too easily"
        entries.append((f"{ratio}: artist in training too", shared, why))
    return entries


def _ratios(splits):
    return [ratio for ratio in _RATIOS if f"{ratio}_test" in splits]


def _entries(data, subset, set_aside):
    without_plane = data[["valence", "arousal"]].isna().any(axis=1)
    entries = [
        ("songs", len(data), "rows of the metadata with an id of their own"),
        ("repeated or empty ids", set_aside, "the first row of an id is kept"),
        ("without label", data.index[data["emotion"].isna()], "no quadrant Q1 to Q4"),
        ("without artist", data.index[data["artist"].isna()], "each is a group of its own"),
        ("without valence or arousal", data.index[without_plane], "no number in av_values"),
    ]
    if subset != "lyrics":
        missing = data.index[data["audio"].isna()]
        entries.append(("without audio", missing, "no sound file of that name"))
    if subset != "audio":
        missing = data.index[data["lyrics"].isna()]
        entries.append(("without lyrics", missing, "no text file of that name, or an empty one"))
    return entries
