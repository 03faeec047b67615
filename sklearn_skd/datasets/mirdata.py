"""Data sets of mirdata, the loader library of music information retrieval, as song tables."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_skd.datasets._emotions import COORDINATES
from sklearn_skd.datasets._mood_tags import emotion_from_tags
from sklearn_skd.datasets._reading import artist_groups, decade, make_report, song_table

__all__ = ["from_mirdata"]

# attributes of tracks, the preferred one of each column first
_ATTRIBUTES = {
    "audio": ("audio_path",),
    "lyrics": ("lyrics",),
    "genre": ("genre", "genres"),
    "language": ("language",),
    "era": ("release_year", "release_date", "year"),
    "artist": ("artist", "artist_name", "artists", "artist_id"),
    "title": ("title", "track_title"),
}


def from_mirdata(dataset, *, label=None, lexicon=None, columns=None):
    """Turn a data set of mirdata [1]_ into a song table.

    mirdata itself (``pip install sklearn-skd[mirdata]``) finds, downloads and checks the files.

    Parameters
    ----------
    dataset : mirdata.core.Dataset
        What ``mirdata.initialize(...)`` returned, its files downloaded.
    label : str, callable or None, default=None
        Attribute of the tracks that holds the label, or a function of a track that returns it.
        Where it is a list of tags, as in ``mtg_jamendo_autotagging_moodtheme``, one label is taken
        from them by the rule of :func:`emotion_from_tags`: each known tag votes for its emotion,
        most votes win, and a song with a tie or without a known tag has no label. None: no labels.
    lexicon : mapping of str to str or None, default=None
        For tags: the emotion of each. None: the words of :func:`mood_tags`, in the four quadrants.
    columns : dict of str to str or None, default=None
        Further columns, or other sources of the common ones, by attribute:
        ``{"region": "country", "artist": "perf_artist"}``.

    Returns
    -------
    songs : :class:`~sklearn.utils.Bunch`
        data : DataFrame, a row a track
            The common song table; its index is mirdata's track id. Columns for which the tracks
            have no attribute are missing. ``annotation_reliability`` is NaN. ``attrs`` holds the
            rule of the label.
        target : Series
            Labels, None where there is none.
        tag_votes : DataFrame
            Only with tags as labels: the result of :func:`emotion_from_tags`.
        splits : dict of str to Index
            The official split, where mirdata has one; of several, the first. Others by
            ``dataset.get_track_splits(split_number=...)``.
        groups : Series
            Artists; a track without one is a group of its own.
        report : DataFrame
            What was found and what is missing.
        name, version, licence, citation : str
            As mirdata says.
        taxonomy : str or None
            "quadrants" where a lexicon of tags knows these alone, else None.

    Raises
    ------
    TypeError
        If `dataset` is none of mirdata's.
    ValueError
        If the tracks have no attribute named in `label` or `columns`, or there are no tracks.

    See Also
    --------
    emotion_from_tags : The rule for tags, and its words.

    References
    ----------
    .. [1] R. M. Bittner et al. (2019), mirdata: software for reproducible usage of datasets.
       International Society for Music Information Retrieval Conference, 99-106.

    Examples
    --------
    >>> import mirdata  # doctest: +SKIP
    >>> from sklearn_skd.datasets import from_mirdata
    >>> jamendo = mirdata.initialize("mtg_jamendo_autotagging_moodtheme")  # doctest: +SKIP
    >>> songs = from_mirdata(jamendo, label="tags")  # doctest: +SKIP
    >>> train = songs.splits["train"]  # doctest: +SKIP
    """
    if not hasattr(dataset, "track_ids") or not callable(getattr(dataset, "track", None)):
        raise TypeError(
            f"dataset is a {type(dataset).__name__}: give what mirdata.initialize(name) returns."
        )
    index = pd.Index(list(dataset.track_ids), name="song_id", dtype=object)
    if index.empty:
        raise ValueError(f"{dataset.name!r} has no tracks.")
    asked = {**_ATTRIBUTES, **{name: (attr,) for name, attr in (columns or {}).items()}}
    rows, values = [], []
    for track_id in index:  # one track at a time: tracks keep what they have loaded
        track = dataset.track(track_id)
        rows.append({name: _value(track, names) for name, names in asked.items()})
        values.append(None if label is None else _label(track, label))
    found = pd.DataFrame(rows, index=index, dtype=object)
    _check_attributes(found, columns or {}, dataset, label, values)
    found["audio"] = found["audio"].map(lambda path: path if _is_file(path) else None)
    emotion, votes = _one_label(pd.Series(values, index=index, dtype=object), lexicon)
    data = _song_table(dataset.name, found, emotion)
    data.attrs["label_rule"] = _rule(label, votes)
    splits, unknown = _splits(dataset, index)
    return Bunch(
        data=data,
        target=data["emotion"].copy(),
        **({} if votes is None else {"tag_votes": votes}),
        splits=splits,
        groups=data["group"].copy(),
        report=_report(data, unknown, votes),
        name=dataset.name,
        version=getattr(dataset, "version", None),
        licence=getattr(dataset, "_license_info", None),
        citation=getattr(dataset, "bibtex", None),
        taxonomy=_taxonomy(votes),
    )


_ABSENT = object()


def _value(track, names):
    """The first attribute of a track that it has, as one text; `_ABSENT` if it has none."""
    values = (getattr(track, name, _ABSENT) for name in names)
    value = _listed(next((value for value in values if value is not _ABSENT), _ABSENT))
    if hasattr(value, "lyrics"):  # mirdata's LyricData: words with their times
        return " ".join(" ".join(value.lyrics).split()) or None
    if isinstance(value, list | tuple):
        return value[0] if len(value) else None
    return value


def _label(track, label):
    return _listed(label(track) if callable(label) else getattr(track, label, _ABSENT))


def _listed(value):
    """An array as a list: mirdata's loaders give either."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def _present(values):
    return values.map(lambda value: value is not _ABSENT).astype(bool)


def _check_attributes(found, columns, dataset, label, values):
    """Raise where an attribute that the user named is not there; make others missing."""
    absent = {attr for name, attr in columns.items() if not _present(found[name]).any()}
    if all(value is _ABSENT for value in values):
        absent.add(label)
    if absent:
        track = dataset.track(found.index[0])
        names = [name for name in dir(track) if not name.startswith("_")]
        raise ValueError(
            f"The tracks of {dataset.name!r} have no attribute {sorted(absent)}; they have {names}."
        )


def _one_label(values, lexicon):
    """Label of each track, and the votes of its tags where it has several."""
    values = values.where(_present(values), None)
    many = values.map(lambda value: isinstance(value, list | tuple | set | Mapping))
    if not many.any() and lexicon is None:
        return values, None
    votes = emotion_from_tags(values, lexicon=lexicon)
    return votes["emotion"], votes


def _song_table(name, found, emotion):
    columns = {
        column: values.where(_present(values), None)
        for column, values in found.items()
        if _present(values).any()
    }
    columns["era"] = decade(columns["era"]) if "era" in columns else None
    artists = columns.get("artist", pd.Series(None, index=found.index, dtype=object))
    return song_table(
        found.index, dataset=name, emotion=emotion, group=artist_groups(artists), **columns
    )


def _rule(label, votes):
    if label is None:
        return "no labels"
    source = f"the attribute {label!r}" if isinstance(label, str) else "a function of the track"
    return source if votes is None else f"emotion_from_tags of {source}"


def _taxonomy(votes):
    known = votes is not None and set(votes.attrs["emotions"]) <= set(COORDINATES)
    return "quadrants" if known else None


def _splits(dataset, index):
    """The official split, and those of its ids that no track has."""
    try:
        found = dataset.get_track_splits()
    except (AttributeError, NotImplementedError):  # how mirdata says that there is none
        return {}, []
    found = {name: pd.Index(list(ids), dtype=object) for name, ids in found.items()}
    unknown = [song for ids in found.values() for song in ids[~ids.isin(index)]]
    return {str(name): ids[ids.isin(index)] for name, ids in found.items()}, unknown


def _is_file(path):
    return isinstance(path, str | os.PathLike) and os.path.isfile(path)


def _report(data, unknown, votes):
    entries = [
        ("songs", len(data), "tracks of mirdata's index"),
        ("without audio", data.index[data["audio"].isna()].tolist(), "the file is not there"),
        ("without artist", int(data["artist"].isna().sum()), "each is a group of its own"),
        ("without label", int(data["emotion"].isna().sum()), data.attrs["label_rule"]),
        ("unknown songs in splits", unknown, "not in mirdata's index; left out of the splits"),
    ]
    if votes is not None:
        tied = data.index[votes["tied"]].tolist()
        entries.append(("tied", tied, "two emotions have most tags"))
        entries.append(("without mood tag", int((votes["n_mood_tags"] == 0).sum()), "no known tag"))
    return make_report(*entries)
