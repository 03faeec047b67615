"""Which songs belong together: songs of one artist, versions of one song (section 4.1)."""

import re
import unicodedata

import pandas as pd

from sklearn_skd._sklearn import StrOptions, validate_params
from sklearn_skd.datasets._removal import column_of
from sklearn_skd.features._missing import is_missing

__all__ = ["song_groups"]

# What tells versions of a song apart, in brackets or after a dash at the end of a title.
_VERSION = (
    r"(?:acoustic|album|alternate|anniversary|bonus|club|clean|demo|deluxe|edit|edited|edition"
    r"|explicit|extended|instrumental|karaoke|live|mix|mono|original|radio|re-?master(?:ed)?|remix"
    r"|re-?record(?:ed|ing)|reprise|session|sessions|single|soundtrack|stereo|take|unplugged"
    r"|version|vivo)"
)
_GUEST = r"(?:feat\.?|ft\.?|featuring)"
_IN_BRACKETS = re.compile(
    rf"[(\[][^()\[\]]*(?:\b{_VERSION}\b|\b{_GUEST}\s)[^()\[\]]*[)\]]", re.IGNORECASE
)
_AFTER_DASH = re.compile(
    rf"(?:\s+[-–—]\s+\d{{4}})?\s+[-–—]\s+[^-–—]*\b{_VERSION}\b[^-–—]*$", re.IGNORECASE
)
_GUESTS = re.compile(rf"[\s(\[]+{_GUEST}\s.*$", re.IGNORECASE)
_ARTICLE = re.compile(r"^the\s+|,\s*the$", re.IGNORECASE)
_APOSTROPHES = re.compile("['’‘ʼ`´]")


@validate_params(
    {"songs": [pd.DataFrame], "by": [StrOptions({"artist", "version"})]},
    prefer_skip_nested_validation=True,
)
def song_groups(songs, *, by="artist"):
    """Name the group that each song belongs to.

    Names are compared without case, accents, punctuation, a leading "The" and guests
    ("feat. ..."), titles also without what tells versions apart: "(Live)", "[2009 Remaster]",
    "- Radio Edit". A cover by another artist is no version of the song here: its sound and its
    emotion may be quite different.

    Parameters
    ----------
    songs : DataFrame
        Song table with the column ``artist``, for versions also ``title``.
    by : {"artist", "version"}, default="artist"
        What songs of a group have in common: the artist, or artist and title.

    Returns
    -------
    Series of shape (n_songs,)
        Names by the index of `songs`, None where artist or title is missing.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import song_groups
    >>> songs = pd.DataFrame({
    ...     "artist": ["The Bees", "BEES feat. Ann", "Ann"],
    ...     "title": ["Honey", "Honey (Live in 1999)", "Honey"],
    ... })
    >>> song_groups(songs).tolist()
    ['bees', 'bees', 'ann']
    >>> song_groups(songs, by="version").tolist()
    ['bees: honey', 'bees: honey', 'ann: honey']
    """
    names = [_artist(name) for name in column_of(songs, "artist")]
    if by == "version":
        titles = [_title(title) for title in column_of(songs, "title")]
        names = [f"{a}: {t}" if a and t else None for a, t in zip(names, titles, strict=True)]
    return pd.Series(names, index=songs.index, dtype=object, name=by)


def _artist(name):
    return _shorten(name, _GUESTS, _ARTICLE)


def _title(title):
    return _shorten(title, _IN_BRACKETS, _AFTER_DASH, _GUESTS)


def _shorten(text, *patterns):
    """Text for comparison, without what the patterns match unless nothing were left."""
    if is_missing(text) or not str(text).strip():
        return None
    text = unicodedata.normalize("NFKC", str(text)).strip()
    for pattern in patterns:
        text = pattern.sub("", text).strip() or text
    return _plain(text) or text.casefold()


def _plain(text):
    """Letters and digits in lower case, without accents, "&" as "and"."""
    text = _APOSTROPHES.sub("", text.casefold().replace("&", " and "))
    # marks of Latin, Greek and Cyrillic letters only: in other scripts marks are vowels
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f")
    text = unicodedata.normalize("NFC", text)
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return " ".join("".join(kept).split())
