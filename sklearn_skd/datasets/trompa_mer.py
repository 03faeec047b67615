"""TROMPA-MER: music of many cultures and what each listener said (paper section 4.1)."""

import json

import pandas as pd
from sklearn.utils import Bunch

from sklearn_skd._sklearn import StrOptions, validate_params
from sklearn_skd.annotations import aggregate_annotations
from sklearn_skd.datasets._emotions import COORDINATES
from sklearn_skd.datasets._reading import (
    artist_groups,
    check_columns,
    decade,
    find_file,
    find_files,
    find_root,
    index_songs,
    locate_audio,
    make_report,
    read_table,
    song_table,
    warn_missing,
)
from sklearn_skd.datasets.taxonomy import taxonomy_table, to_quadrant

__all__ = ["load_trompa_mer"]

_PAPER = "data_07_03_2022.json"
_CITATION = (
    "J. S. Gómez-Cañón, N. Gutiérrez-Páez, L. Porcaro, A. Porter, E. Cano, P. Herrera-Boyer, A. "
    "Gkiokas, P. Santos, D. Hernández-Leo, C. Karreman, E. Gómez (2023), TROMPA-MER: an open "
    "dataset for personalized music emotion recognition. Journal of Intelligent Information "
    "Systems 60, 549-570."
)
_ANNOTATION = ("externalID", "userId", "timestamp", "valenceValue", "arousalValue", "moodValue")
_MOODS = tuple(taxonomy_table("trompa")["label"])
_SUMMARY = ("cdr_track_num", "selection", "composer_name", "artist_name", "track_name", "year_rec")


@validate_params(
    {
        "path": "no_validation",
        "release": [StrOptions({"latest", "paper"})],
        "audio_dir": "no_validation",
        "ties": [StrOptions({"missing", "first"})],
    },
    prefer_skip_nested_validation=True,
)
def load_trompa_mer(path, *, release="latest", audio_dir=None, ties="missing"):
    """Read a copy of the repository of TROMPA-MER [1]_.

    Listeners said of each excerpt whether its valence and its arousal are high or low, and chose
    one of 11 emotions. The label of a song is the quadrant of most of them.

    Parameters
    ----------
    path : str or path-like
        The repository, or a folder around it. Files: ``data_*.json`` and ``summary.csv`` or
        ``summary_anno.csv``.
    release : {"latest", "paper"}, default="latest"
        The votes: of the file ``data_DD_MM_YYYY.json`` with the latest date, or those of the paper
        (7 March 2022).
    audio_dir : str, path-like or None, default=None
        A folder with the sound, which is no part of the release: ``DFX0951-0019.mp3`` and so on,
        in any case. None: without sound.
    ties : {"missing", "first"}, default="missing"
        Label of a song with equally many votes for several quadrants, as in
        :func:`aggregate_annotations`.

    Returns
    -------
    songs : :class:`~sklearn.utils.Bunch`
        data : DataFrame, a row a song
            The common song table; its index is ``cdr_track_num``. ``artist`` is the first credit
            of the streaming service (``composer_name``: the composer in choir music).
            ``region`` is the selection the song belongs to (africa, latam, mid_east, portuguese or
            spanish), but for those of ``choir``, where it is the ``singing_form``. Further columns:
            ``selection``, ``second_credit``, ``n_annotators``, ``tied`` and the votes, as
            ``quadrant_calm`` and ``mood_joy``.
        target : Series
            Emotions, None for songs that are tied or without votes.
        annotations : DataFrame, a row a vote
            ``song``, ``annotator``, ``emotion`` (the quadrant by name, missing where valence or
            arousal is), ``mood`` (one of 11), ``valence`` and ``arousal`` (-1 or 1), and
            ``time``.
        annotation_votes : DataFrame of int, shape (n_songs, 4)
            Votes for each emotion, columns sorted.
        annotation_reliability : ndarray of shape (n_songs,)
            Share of the pairs of annotators who agree; NaN for fewer than two votes.
        annotators : DataFrame, a row a listener
            Languages and birth place, by the ``annotator`` of `annotations`.
        groups : Series
            Artists; a song without one is a group of its own.
        metadata : DataFrame
            The summary as it is, by song. Its ``quadrant`` is derived from the streaming
            service's descriptors, not from listeners: it is no label.
        report : DataFrame
            What was found, what is missing and what was set aside, with the songs concerned.
        name, version, licence, citation, taxonomy : str
            The taxonomy is that of `target`; that of ``mood`` is "trompa".

    Raises
    ------
    FileNotFoundError
        If a file is not there, or `audio_dir` holds no sound of these songs.
    ValueError
        If a file lacks a column or holds no votes on these songs.

    Warns
    -----
    UserWarning
        If some songs have no sound in `audio_dir`. They are kept, with a missing value.

    References
    ----------
    .. [1] J. S. Gómez-Cañón et al. (2023), TROMPA-MER: an open dataset for personalized music
       emotion recognition. Journal of Intelligent Information Systems 60, 549-570.

    Examples
    --------
    >>> from sklearn_skd.datasets import load_trompa_mer
    >>> songs = load_trompa_mer("vis-mtg-mer", audio_dir="excerpts")  # doctest: +SKIP
    >>> reliable = songs.data["annotation_reliability"] >= 0.5  # doctest: +SKIP
    """
    votes_path = _find_release(path, release)
    annotations, users = _read_release(votes_path)
    metadata, repeated = _read_summary(path)
    votes, set_aside = _tidy_votes(annotations, metadata.index, votes_path)
    table = _aggregate(votes, metadata.index, ties)
    data = _song_table(metadata, table, _count_moods(votes, metadata.index), audio_dir)
    annotators = _annotators(users)
    strangers = sorted(set(votes["annotator"].dropna()) - set(annotators.index))
    return Bunch(
        data=data,
        target=data["emotion"].copy(),
        annotations=votes,
        annotation_votes=table[sorted(COORDINATES)],
        annotation_reliability=data["annotation_reliability"].to_numpy(),
        annotators=annotators,
        groups=data["group"].copy(),
        metadata=metadata,
        report=make_report(
            *_entries(data, audio_dir, repeated),
            *set_aside,
            ("annotators without a profile", strangers, "no row in users"),
        ),
        name="TROMPA-MER",
        version="-".join(_date(votes_path)),
        licence="not stated for the data; the code beside it is AGPL-3.0",
        citation=_CITATION,
        taxonomy="quadrants",
    )


def _find_release(path, release):
    """The file of votes."""
    if release == "paper":
        return find_file(find_root(path, _PAPER), _PAPER)
    pattern = "data_??_??_????.json"
    return max(find_files(find_root(path, pattern), pattern), key=_date)


def _date(path):
    """Year, month and day in the name of a release."""
    return tuple(reversed(path.stem.split("_")[1:]))


def _read_release(path):
    """Tables of the votes and of the listeners; what is blank is missing."""
    try:
        release = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{str(path)!r} is no whole JSON file: {error}") from error
    if not isinstance(release, dict) or not release.get("annotations"):
        found = list(release) if isinstance(release, dict) else type(release).__name__
        raise ValueError(f"{str(path)!r} has no 'annotations', but {found}.")
    tables = [
        pd.DataFrame(release.get(name, []), dtype=object) for name in ("annotations", "users")
    ]
    check_columns(tables[0], _ANNOTATION, path)
    return [table.map(_text_or_none) for table in tables]


def _text_or_none(value):
    return str(value).strip() or None if pd.notna(value) else None


def _read_summary(path):
    """The songs by id, and the ids of rows that were set aside."""
    root = find_root(path, "summary*.csv")
    name = "summary.csv" if find_files(root, "summary.csv") else "summary_anno.csv"
    table = read_table(find_file(root, name), required=_SUMMARY)
    return index_songs(table, "cdr_track_num")


def _tidy_votes(table, songs, path):
    """One row a vote, one vote an annotator and song; entries of the report on the others."""
    signs = {"valence": table["valenceValue"], "arousal": table["arousalValue"]}
    plane = pd.DataFrame({name: value.map({"1": 1, "-1": -1}) for name, value in signs.items()})
    mood = table["moodValue"].str.lower()
    votes = pd.DataFrame(
        {
            "song": table["externalID"],
            "annotator": table["userId"],
            "emotion": to_quadrant(plane, taxonomy="valence-arousal", unmapped="ignore"),
            "mood": mood.where(mood.isin(_MOODS), None),
            **plane,
            "time": pd.to_datetime(pd.to_numeric(table["timestamp"], errors="coerce"), unit="s"),
        }
    )
    known = votes["song"].isin(songs)
    if not known.any():
        raise ValueError(
            f"No vote in {str(path)!r} is on a song of the summary: votes are on "
            f"{votes['song'].iloc[0]!r} and so on, songs are {songs[0]!r} and so on."
        )
    later = _is_superseded(votes)
    kept = votes[known & ~later].reset_index(drop=True)
    empty = kept["emotion"].isna()
    why = "valence or arousal is neither 1 nor -1; the row stays, without an emotion"
    return kept, [
        ("votes", len(kept), "one an annotator and song"),
        ("votes on unknown songs", votes["song"][~known], "not in the summary; left out"),
        ("repeated votes", votes["song"][known & later], "the latest with an emotion is kept"),
        ("votes without emotion", kept["song"][empty], why),
        ("votes with unknown mood", votes["song"][mood.notna() & votes["mood"].isna()], "no mood"),
    ]


def _is_superseded(votes):
    """Whether the same annotator votes on the same song again, later or with an emotion."""
    order = votes.assign(voted=votes["emotion"].notna()).sort_values(
        ["voted", "time"], kind="stable", na_position="first"
    )
    again = order.duplicated(["song", "annotator"], keep="last") & order["annotator"].notna()
    return again.reindex(votes.index)


def _aggregate(votes, songs, ties):
    """Label, agreement and votes of each song, with a column for each of the four emotions."""
    table = aggregate_annotations(votes, songs=songs, ties=ties)
    unvoted = [emotion for emotion in COORDINATES if emotion not in table]
    return table.assign(**dict.fromkeys(unvoted, 0))


def _count_moods(votes, songs):
    counts = pd.crosstab(votes["song"], votes["mood"])
    return counts.reindex(index=songs, columns=_MOODS, fill_value=0)


def _song_table(metadata, table, moods, audio_dir):
    summary = metadata[[*_SUMMARY[1:]]].apply(lambda column: column.str.strip())
    credits = summary[["composer_name", "artist_name"]].replace("not found", None)
    selection = summary["selection"]
    choir = selection.eq("choir")
    audio = locate_audio(metadata, audio_dir, must_match=audio_dir is not None)
    if audio_dir is not None:
        warn_missing("sound", audio, repr(str(audio_dir)))
    return song_table(
        metadata.index,
        dataset="TROMPA-MER",
        audio=audio,
        region=selection.where(~choir, None),
        singing_form=selection.where(choir, None),
        era=decade(summary["year_rec"]),
        artist=credits["composer_name"],
        title=summary["track_name"],
        group=artist_groups(credits["composer_name"]),
        selection=selection,
        second_credit=credits["artist_name"],
        **table[["emotion", "annotation_reliability", "n_annotators", "tied"]],
        **table[sorted(COORDINATES)].add_prefix("quadrant_"),
        **moods.add_prefix("mood_"),
    )


def _annotators(users):
    """Listeners by id, each once."""
    columns = {
        "id": "annotator",
        "motherLanguage": "mother_language",
        "otherLanguage": "other_language",
        "birthPlace": "birth_place",
    }
    table = users.reindex(columns=[*columns]).rename(columns=columns)
    return table.drop_duplicates("annotator").dropna(subset="annotator").set_index("annotator")


def _entries(data, audio_dir, repeated):
    silent = data.index[data["n_annotators"] == 0]
    why = "no sound file of that name" if audio_dir is not None else "no audio_dir was given"
    return [
        ("songs", len(data), "rows of the summary with a cdr_track_num of their own"),
        ("repeated or empty ids", repeated, "the first row of an id is kept"),
        ("without votes", silent, "nobody listened; unlabelled"),
        ("tied", data.index[data["tied"]], "several quadrants have most votes; see ties"),
        ("without audio", data.index[data["audio"].isna()], why),
    ]
