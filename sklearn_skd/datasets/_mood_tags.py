"""One emotion from a song's many tags: the words that tell a quadrant, and how they vote."""

import math
from collections.abc import Iterable, Mapping
from numbers import Real

import numpy as np
import pandas as pd

# Words that stand for one quadrant of the circumplex and hardly for another. Words of valence or
# arousal alone (deep, dramatic, emotional, epic, fast, heavy, powerful, slow), of mixed feelings
# (bittersweet, nostalgic, romantic) and of places or uses (film, space, summer) are left out;
# "dark" is, too: gloom to some, threat to others.
_WORDS = {
    "pleasure": """
        amusing, bright, carefree, celebratory, cheerful, energetic, enthusiastic, euphoric,
        excited, exciting, exuberant, feel good, feel good music, feelgood, festive, fun, funny,
        gleeful, groovy, happiness, happy, happy music, happy songs, high spirits, hopeful,
        humorous, inspiring, jolly, joy, joyful, joyous, lively, merry, motivational, optimistic,
        party, playful, positive, triumphant, upbeat, uplifting""",
    "tension": """
        aggression, aggressive, agitated, anger, angry, angry music, angst, anxiety, anxious,
        confrontational, eerie, fear, fierce, frantic, furious, fury, hatred, horror, hostile,
        menacing, nervous, ominous, outraged, paranoid, rage, scary, sinister, spooky, suspense,
        suspenseful, tense, tension, threatening, violent""",
    "sadness": """
        depressed, depressing, depressive, despair, gloom, gloomy, grief, heartbreak,
        heartbreaking, heartbroken, lonely, loneliness, melancholia, melancholic, melancholy,
        miserable, mournful, mourning, sad, sad music, sad song, sad songs, sadness, somber,
        sombre, sorrow, sorrowful, tragic, unhappy""",
    "calm": """
        calm, calming, calmness, chill, chill out, chilled, chillout, gentle, laid back, laidback,
        meditative, mellow, peaceful, peacefulness, quiet, relax, relaxation, relaxed, relaxing,
        serene, serenity, soothing, tender, tenderness, tranquil, tranquility""",
}
_MOODS = {word.strip(): emotion for emotion, words in _WORDS.items() for word in words.split(",")}
_COLUMNS = ("emotion", "tied", "n_mood_tags")


def emotion_from_tags(tags, *, lexicon=None):
    """Take one emotion from each song's many tags.

    Each tag that the lexicon knows is a vote for its emotion, with the tag's weight where there is
    one. The emotion with most votes is the song's; it has none if two share the first place, or
    if no tag is known. Tags are compared as a whole, without case, hyphens and the prefix
    of a category (``"mood/theme---Feel-Good"`` is ``"feel good"``): ``"not sad"`` is not ``"sad"``.
    Of tags that are then the same, the one with the largest weight counts.

    Parameters
    ----------
    tags : Series or sequence of length n_songs
        Of each song: a list of tags, a mapping of tags to weights of at least 0, text with commas
        between the tags, or a missing value.
    lexicon : mapping of str to str or None, default=None
        Emotion of each tag that has one. None: :func:`mood_tags`, English words in the quadrants
        ``"pleasure"``, ``"tension"``, ``"sadness"`` and ``"calm"``.

    Returns
    -------
    DataFrame of shape (n_songs, 3 + n_emotions)
        Indexed as `tags`, with the columns ``emotion`` (None where there is none), ``tied``,
        ``n_mood_tags`` (how many tags the lexicon knows), and the votes for each emotion, sorted
        by name; ``attrs["emotions"]`` lists these names.

    Raises
    ------
    TypeError
        If `tags` is one text, a dict or a DataFrame.
    ValueError
        If a song's tags are of no kind listed above, a weight is negative or no finite number,
        `lexicon` is empty, or an emotion in it has the name of another column.

    See Also
    --------
    mood_tags : The words, to be looked at or added to.

    Notes
    -----
    The circumplex is Russell's [1]_; a data set of four clusters of listeners' tags was made before
    by Çano and Morisio [2]_, who found, as one does here, many more tags of pleasure than of
    tension or sadness. Such labels are uploaders' and listeners' words for a song, not ratings.

    References
    ----------
    .. [1] J. A. Russell (1980), A circumplex model of affect. Journal of Personality and Social
       Psychology 39(6), 1161-1178.
    .. [2] E. Çano and M. Morisio (2017), Music mood dataset creation based on Last.fm tags.
       Computer Science & Information Technology 7(6).

    Examples
    --------
    >>> from sklearn_skd.datasets import emotion_from_tags
    >>> table = emotion_from_tags(["pop,sad,Melancholic,upbeat", {"calm": 10, "happy": 60}, None])
    >>> table["emotion"].tolist()
    ['sadness', 'pleasure', None]
    >>> emotion_from_tags([["gloomy", "fast"]], lexicon={"fast": "lively"})["emotion"].tolist()
    ['lively']
    """
    lexicon = _MOODS if lexicon is None else {_plain(tag): lexicon[tag] for tag in lexicon}
    emotions = sorted(set(lexicon.values()))
    if not emotions:
        raise ValueError("lexicon is empty: give the emotion of one tag at least.")
    clash = [emotion for emotion in emotions if emotion in _COLUMNS]
    if clash:
        raise ValueError(f"The emotions {clash} have names of columns of the result: rename them.")
    tags = _as_series(tags)
    votes = np.zeros((len(tags), len(emotions)))
    n_known = np.zeros(len(tags), dtype=np.int64)
    for row, (song, cell) in enumerate(zip(tags.index.tolist(), tags, strict=True)):
        for tag, weight in _weights(cell, song).items():
            if tag in lexicon:
                votes[row, emotions.index(lexicon[tag])] += weight
                n_known[row] += 1
    leaders = (votes == votes.max(axis=1, keepdims=True)) & (votes > 0)
    n_leaders = leaders.sum(axis=1)
    emotion = np.array(emotions, dtype=object)[leaders.argmax(axis=1)]
    emotion[n_leaders != 1] = None
    table = pd.DataFrame(votes, index=tags.index, columns=emotions)
    table.insert(0, "emotion", pd.Series(emotion, index=tags.index, dtype=object))
    table.insert(1, "tied", n_leaders > 1)
    table.insert(2, "n_mood_tags", n_known)
    table.attrs["emotions"] = emotions
    return table


def mood_tags():
    """Return the words that :func:`emotion_from_tags` knows.

    Words of valence or arousal alone (epic, fast, emotional), of mixed feelings (bittersweet,
    nostalgic, romantic), and of places or uses (film, space, summer) are not among them.

    Returns
    -------
    dict of str to str
        Quadrant of each tag, a new dict.

    Examples
    --------
    >>> from sklearn_skd.datasets import emotion_from_tags, mood_tags
    >>> lexicon = mood_tags() | {"dark": "tension"}
    >>> emotion_from_tags([["dark", "electronic"]], lexicon=lexicon)["emotion"].tolist()
    ['tension']
    """
    return dict(_MOODS)


def _as_series(tags):
    """One cell a song; TypeError for what may be the tags of one song as well."""
    if isinstance(tags, str | bytes | Mapping | pd.DataFrame):
        raise TypeError(
            f"tags is a Series or list with the tags of each song, got {type(tags).__name__}: pass "
            "[tags] for one song, pd.Series(tags) for a dict of songs, or a column of a table."
        )
    return tags if isinstance(tags, pd.Series) else pd.Series(list(tags), dtype=object)


def _plain(tag):
    """A tag as it is compared."""
    return " ".join(str(tag).split("---")[-1].casefold().replace("-", " ").split())


def _weights(cell, song):
    """Weight of each tag of a song; a tag said twice counts once, by its largest weight."""
    if isinstance(cell, Mapping):
        weights = {}
        for tag, weight in cell.items():
            if not isinstance(weight, Real) or not math.isfinite(weight) or weight < 0:
                raise ValueError(
                    f"The tag {tag!r} of song {song!r} weighs {weight!r}: give a finite number of "
                    "at least 0, or a list of tags without weights."
                )
            weights[_plain(tag)] = max(weight, weights.get(_plain(tag), 0))
        return weights
    if isinstance(cell, str):
        cell = cell.split(",")
    if isinstance(cell, Iterable) and not isinstance(cell, bytes):
        return {_plain(tag): 1 for tag in cell}
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return {}
    raise ValueError(
        f"The tags of song {song!r} are {cell!r:.60}: give a list of tags, a mapping of tags to "
        "weights, text with commas between the tags, or None."
    )
