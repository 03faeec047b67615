"""Music4All and Music4All-Onion as their authors hand them out (paper section 4.1)."""

import ast
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from sklearn_skd._sklearn import StrOptions, validate_params
from sklearn_skd.datasets._mood_tags import emotion_from_tags
from sklearn_skd.datasets._onion import among, find_feature, read_feature
from sklearn_skd.datasets._reading import (
    artist_groups,
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

__all__ = ["load_music4all_onion"]

_VERSION = "Music4All 2020; Music4All-Onion 2022"
_LICENCE = (
    "Music4All: for research, under an agreement that its authors ask to be signed. "
    "Music4All-Onion: as stated where it was downloaded; its files do not say."
)
_CITATION = (
    "I. A. P. Santana et al. (2020), Music4All: a new music database and its applications. "
    "International Conference on Systems, Signals and Image Processing, 399-404. M. Moscati et al. "
    "(2022), Music4All-Onion: a large-scale multi-faceted content-centric music recommendation "
    "dataset. International Conference on Information and Knowledge Management, 4339-4343."
)
_RULES = {
    "tags": "the quadrant that most of the listeners' mood tags name (emotion_from_tags)",
    "valence_energy": "the quadrant of Spotify's valence and energy, axes crossing at 0.5",
    "lyrics_vad": "the quadrant of the lyrics' mean valence and arousal by a lexicon, axes "
    "crossing at the medians of all songs in the file",
}


@validate_params(
    {
        "path": "no_validation",
        "onion_dir": "no_validation",
        "label_from": [StrOptions(set(_RULES)), None],
        "songs": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def load_music4all_onion(path, *, onion_dir=None, label_from=None, songs=None):
    """Read Music4All [1]_ and, for some labels, Music4All-Onion [2]_.

    Nobody rated the emotion of these songs. `label_from` says what stands in for a label, and so
    what a result on this set means; without it all songs are unlabelled.

    Parameters
    ----------
    path : str or path-like
        The folder of Music4All, which holds ``id_information.csv``, or a folder around it.
    onion_dir : str, path-like or None, default=None
        The folder with the files of Music4All-Onion, or a folder around it. None: they are looked
        for beside those of Music4All.
    label_from : {"tags", "valence_energy", "lyrics_vad"} or None, default=None
        Where labels come from:

        - "tags": listeners' tags for the song, by the rule of :func:`emotion_from_tags`: the
          weighted tags of Onion's ``id_tags_dict`` if it is there, else ``id_tags.csv``;
        - "valence_energy": what Spotify's model of the sound says, in ``id_metadata.csv``;
        - "lyrics_vad": what a lexicon says of the lyrics' words, in Onion's
          ``id_lyrics_sentiment_functionals``; a model that reads lyrics could only learn that
          lexicon from it;
        - None: no labels.
    songs : collection of str or None, default=None
        Ids of the songs to read, in the order of the files. None: all 109,269.

    Returns
    -------
    songs : :class:`~sklearn.utils.Bunch`
        data : DataFrame, a row a song
            The common song table, its index the ids. ``language`` is a code of ISO 639-1,
            ``genre`` the first of ``genres``, ``era`` the decade of the release;
            ``annotation_reliability`` is NaN. Further columns: ``album``, ``genres``, ``tags``,
            ``spotify_id``, ``valence``, ``energy``, ``tempo``, and with "lyrics_vad"
            ``lyrics_valence`` and ``lyrics_arousal``. ``attrs`` says where labels come from.
        target : Series
            Quadrants of :func:`to_quadrant`, None where there is no label.
        groups : Series
            Artists.
        report : DataFrame
            What was found and what is missing.
        name, version, licence, citation, taxonomy : str
            Of the set; the taxonomy as :func:`to_quadrant` knows it.

    Raises
    ------
    FileNotFoundError
        If the folder, or a file that `label_from` needs, is not there.
    ValueError
        If a file lacks a column or holds tags that are none, or none of `songs` is in the set.

    Warns
    -----
    UserWarning
        If songs lack their sound. They are kept, with a missing value.

    See Also
    --------
    read_onion : Features of Music4All-Onion, as further sources of a song.

    References
    ----------
    .. [1] I. A. P. Santana et al. (2020), Music4All: a new music database and its applications.
       International Conference on Systems, Signals and Image Processing, 399-404.
    .. [2] M. Moscati et al. (2022), Music4All-Onion: a large-scale multi-faceted content-centric
       music recommendation dataset. International Conference on Information and Knowledge
       Management, 4339-4343.

    Examples
    --------
    >>> from sklearn_skd.datasets import load_music4all_onion
    >>> songs = load_music4all_onion("music4all", label_from="tags")  # doctest: +SKIP
    """
    root = find_root(path, "id_information.csv")
    onion = root if onion_dir is None else Path(onion_dir).expanduser()
    if isinstance(songs, str):
        raise ValueError(f"songs is a collection of ids, got the text {songs!r}: use [{songs!r}].")
    wanted = None if songs is None else {str(song) for song in songs}
    base, repeated = _read_base(root, wanted)
    data = song_table(
        base.index,
        dataset="Music4All-Onion",
        audio=locate_audio(base, root / "audios"),
        lyrics=locate_audio(base, root / "lyrics", suffixes=(".txt",)).map(
            read_text, na_action="ignore"
        ),
        language=_language(base["lang"]),
        genre=first_tag(base["genres"]),
        era=decade(base["release"]),
        title=base["song"],
        album=base["album_name"],
        group=artist_groups(base["artist"]),
        **base[["artist", "genres", "tags", "spotify_id"]],
        **base[["valence", "energy", "tempo"]].apply(pd.to_numeric, errors="coerce"),
    )
    warn_missing("sound", data["audio"], f"{str(root / 'audios')!r}")
    source = _label(data, label_from, root, onion, wanted)
    data.attrs = {"label_from": label_from, "label_source": source}
    data.attrs["label_rule"] = _RULES.get(label_from, "no labels")
    return Bunch(
        data=data,
        target=data["emotion"].copy(),
        groups=data["group"].copy(),
        report=_report(data, repeated, wanted, label_from),
        name="Music4All-Onion",
        version=_VERSION,
        licence=_LICENCE,
        citation=_CITATION,
        taxonomy="quadrants",
    )


def _read_base(root, wanted):
    """The small tables of Music4All side by side, columns missing where a file is."""
    tables = {
        "id_information": ["artist", "song", "album_name"],
        "id_metadata": ["spotify_id", "release", "valence", "energy", "tempo"],
        "id_tags": ["tags"],
        "id_genres": ["genres"],
        "id_lang": ["lang"],
    }
    base, repeated = None, []
    for name, columns in tables.items():
        if base is not None and not find_files(root, f"{name}.csv"):
            base = base.reindex(columns=[*base.columns, *columns])
            continue
        path = find_file(root, f"{name}.csv")
        table = read_table(path, columns=columns, required=["id"], where=among(wanted))
        table, again = index_songs(table, "id")
        table = table.reindex(columns=columns)
        repeated += again if base is None else []
        base = table if base is None else base.join(table)
    if base.empty:
        path = str(root / "id_information.csv")
        if wanted is None:
            raise ValueError(f"{path!r} has no songs, only names of columns.")
        raise ValueError(f"{path!r} has no song {sorted(wanted)[:2]}: are these its ids?")
    return base, repeated


def _language(codes):
    """Language codes in lower case; anything else in that column is no language."""
    codes = codes.astype("string").str.strip().str.lower()
    return codes.astype(object).where(codes.str.fullmatch(r"[a-z]{2,3}").fillna(False), None)


def _label(data, label_from, root, onion, wanted):
    """Set the labels of the song table; return the name of the file they come from."""
    if label_from == "tags":
        tags, path = _tags(data, root, onion, wanted)
        try:
            data["emotion"] = emotion_from_tags(tags)["emotion"]
        except ValueError as error:
            raise ValueError(f"{str(path)!r} cannot be used: {error}") from error
        return path.name
    if label_from == "valence_energy":
        path = _path_of(root, "id_metadata.csv", ["valence", "energy"])
        if path is None:
            raise FileNotFoundError(
                f'label_from="valence_energy" needs id_metadata.csv in {str(root)!r}.'
            )
        data["emotion"] = _quadrant(data[["valence", "energy"]], 0.5)
        return path.name
    if label_from == "lyrics_vad":
        path = find_feature(onion, "id_lyrics_sentiment_functionals", must_exist=True)
        # all songs, so that a song's label does not depend on which others are read
        table = read_feature(path, columns=["V_mean", "A_mean"])
        plane = table[["V_mean", "A_mean"]].apply(pd.to_numeric, errors="coerce")
        names = ["lyrics_valence", "lyrics_arousal"]
        data[names] = plane.reindex(data.index).to_numpy()
        data["emotion"] = _quadrant(data[names], plane.median().to_numpy())
        return path.name
    return None


def _path_of(root, name, columns):
    """Path of a file that holds these columns, whatever songs it has; None if there is none."""
    if not find_files(root, name):
        return None
    path = find_file(root, name)
    read_table(path, required=columns, nrows=0)
    return path


def _quadrant(plane, centre):
    plane = plane.set_axis(["valence", "arousal"], axis=1)
    return to_quadrant(plane, taxonomy="valence-arousal", centre=centre, unmapped="ignore")


def _tags(data, root, onion, wanted):
    """Tags of each song, weighted if Onion has them, and the path of the file."""
    path = find_feature(onion, "id_tags_dict")
    if path is not None:
        cells = read_feature(path, songs=wanted).iloc[:, 0].reindex(data.index)
        tags = [_literal(cell, song, path) for song, cell in cells.items()]
        return pd.Series(tags, data.index, dtype=object), path
    path = _path_of(root, "id_tags.csv", ["tags"])
    if path is None:
        raise FileNotFoundError(
            f'label_from="tags" needs id_tags.csv in {str(root)!r}, or the file id_tags_dict of '
            f"Music4All-Onion in {str(onion)!r}."
        )
    return data["tags"], path


def _literal(cell, song, path):
    """The mapping of tags to weights that a cell spells."""
    if not isinstance(cell, str):
        return None
    try:
        return {tag: float(weight) for tag, weight in ast.literal_eval(cell).items()}
    except (ValueError, TypeError, SyntaxError, AttributeError) as error:
        raise ValueError(
            f"{str(path)!r} holds {cell!r:.60} for the song {song!r}, which is no mapping of tags "
            "to weights: write it as {'calm': 10, 'happy': 60}, or empty the cell."
        ) from error


def _of_several_lines(data):
    """Songs whose artist or title goes over lines, as no name does."""
    names = data[["artist", "title", "album"]].fillna("").astype(str)
    broken = names.apply(lambda column: column.str.contains("\n", regex=False)).any(axis=1)
    return data.index[broken].tolist()


def _report(data, repeated, wanted, label_from):
    missing = data.index[data["audio"].isna()]
    unknown = sorted((wanted or set()) - set(data.index))
    return make_report(
        ("songs", len(data), "rows of id_information.csv"),
        ("repeated ids", repeated, "later rows of an id were left out"),
        ("of several lines", _of_several_lines(data), "a quotation mark not closed swallows songs"),
        ("unknown songs", unknown, "asked for with songs=..., but not in id_information.csv"),
        ("without audio", missing.tolist(), "no file audios/<id>.mp3"),
        ("without lyrics", int(data["lyrics"].isna().sum()), "no text in lyrics/<id>.txt"),
        ("without language", int(data["language"].isna().sum()), "no code in id_lang.csv"),
        ("without label", int(data["emotion"].isna().sum()), f"label_from={label_from!r}"),
    )
