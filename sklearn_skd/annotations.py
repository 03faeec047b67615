"""Annotators' votes as label and annotation reliability (paper sections 3.1 and 3.2.2)."""

from numbers import Real

import numpy as np
import pandas as pd

_COLUMNS = ("emotion", "annotation_reliability", "n_annotators", "tied", "screened")


def aggregate_annotations(
    votes,
    *,
    song="song",
    annotator="annotator",
    emotion="emotion",
    songs=None,
    ties="missing",
    min_agreement=None,
):
    """Turn the votes of several annotators into one row per song.

    Parameters
    ----------
    votes : DataFrame of shape (n_votes, n_columns)
        Tidy votes: one row says which emotion one annotator heard in one song. A row without an
        emotion (missing or blank text) is no vote; its song stays in the result.
    song : str, default="song"
        Name of the column of songs. Of several data sets in one table, a song is a tuple, such as
        ``("merge", "A001")``.
    annotator : str or None, default="annotator"
        Name of the column. Each row counts as the vote of another annotator if this is None,
        if `votes` has no column "annotator", or where the value is missing.
    emotion : str, default="emotion"
        Name of the column of votes.
    songs : sequence of song ids or None, default=None
        The songs of the result, in this order, whether they have votes or not. None: all songs
        of `votes` in order of first appearance.
    ties : {"missing", "first"}, default="missing"
        Label of a song whose most frequent emotions have equally many votes: missing, which
        the classifiers take as an unlabelled song, or the first of them in sorted order.
    min_agreement : float in [0, 1] or None, default=None
        Mark songs whose `annotation_reliability` is lower as ``screened``. No song is removed:
        ``table[~table["screened"]]`` does that.

    Returns
    -------
    DataFrame of shape (n_songs, 5 + n_emotions)
        Indexed by song, with the columns

        - ``emotion``: the emotion with most votes; missing without votes, and see `ties`;
        - ``annotation_reliability``: the share of pairs of annotators who agree, in [0, 1];
          NaN for fewer than two votes;
        - ``n_annotators``: the number of votes;
        - ``tied``: whether several emotions have most votes;
        - ``screened``: see `min_agreement`; a song of unknown reliability is never screened;
        - and one column of vote counts for each emotion, named by it, in sorted order.

        ``attrs`` lists the names of these last columns (``"emotions"``), so that
        ``table[table.attrs["emotions"]]`` is the `annotation_votes` of the classifiers; the
        number of rows without an emotion (``"n_without_emotion"``); and the songs with votes that
        `songs` does not list (``"unlisted_songs"``).

    Raises
    ------
    TypeError
        If `votes` is no DataFrame.
    ValueError
        If a column or a song's id is missing, a column is there twice, a cell holds several
        values or bytes, an annotator votes twice on a song, no song in `songs` has a row in
        `votes`, an emotion has the name of another column of the result, or a parameter is out of
        range.

    Notes
    -----
    With :math:`n_{ik}` of :math:`n_i` votes on song i for emotion k, the reliability is

    .. math:: q_i = \\frac{\\sum_k n_{ik} (n_{ik} - 1)}{n_i (n_i - 1)},

    the agreement of one item in Fleiss' kappa [1]_. It is not corrected for chance: the correction
    is one for a whole data set, and shifts and scales all songs alike.

    References
    ----------
    .. [1] J. L. Fleiss (1971), Measuring nominal scale agreement among many raters. Psychological
       Bulletin 76(5), 378-382.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd import aggregate_annotations
    >>> votes = pd.DataFrame({
    ...     "song": ["a", "a", "a", "b", "b"],
    ...     "annotator": ["ann", "bob", "eve", "ann", "bob"],
    ...     "emotion": ["calm", "calm", "sad", "calm", "sad"],
    ... })
    >>> table = aggregate_annotations(votes, min_agreement=0.2)
    >>> table[["annotation_reliability", "tied", "screened"]].reset_index()
      song  annotation_reliability   tied  screened
    0    a                0.333333  False     False
    1    b                0.000000   True      True
    >>> table[table.attrs["emotions"]].reset_index()
      song  calm  sad
    0    a     2    1
    1    b     1    1
    """
    _check_parameters(ties, min_agreement)
    votes = _tidy(votes, song, annotator, emotion)
    index = _index(votes, songs, name=song)
    counts = _count(votes, index)
    n = counts.to_numpy()
    total = n.sum(axis=1)
    with np.errstate(invalid="ignore"):
        reliability = (n * (n - 1)).sum(axis=1) / (total * (total - 1))
    leaders = (n == n.max(axis=1, keepdims=True)) & (n > 0)
    tied = leaders.sum(axis=1) > 1
    labelled = (total > 0) & ~(tied & (ties == "missing"))
    table = pd.DataFrame(
        {
            "emotion": _labels(counts.columns, leaders.argmax(axis=1), labelled, index),
            "annotation_reliability": reliability,
            "n_annotators": total,
            "tied": tied,
            "screened": False if min_agreement is None else reliability < min_agreement,
        },
        index=index,
    )
    table = pd.concat([table, counts], axis=1)
    if isinstance(songs, pd.MultiIndex):  # as the table has it that the result is joined to
        table.index = songs
    table.attrs = {
        "emotions": list(counts.columns),
        "n_without_emotion": int(votes["emotion"].isna().sum()),
        "unlisted_songs": list(pd.unique(votes["song"][~votes["song"].isin(index)])),
    }
    return table


def _check_parameters(ties, min_agreement):
    if ties not in ("missing", "first"):
        raise ValueError(f'ties must be "missing" or "first", got {ties!r}.')
    if min_agreement is None:
        return
    if not isinstance(min_agreement, Real) or not 0 <= min_agreement <= 1:
        raise ValueError(f"min_agreement must be None or in [0, 1], got {min_agreement!r}.")


def _tidy(votes, song, annotator, emotion):
    """The columns song, annotator and emotion, checked."""
    if not isinstance(votes, pd.DataFrame):
        raise TypeError(
            f"votes must be a DataFrame with one row a vote, got {type(votes).__name__}."
        )
    anonymous = annotator is None or (annotator == "annotator" and annotator not in votes.columns)
    for role, column in {"song": song, "annotator": annotator, "emotion": emotion}.items():
        if column not in votes.columns and not (role == "annotator" and anonymous):
            raise ValueError(
                f"votes has no column {column!r}, but {list(votes.columns)}. Name the right one "
                f"with {role}=...; of a column an annotator, votes.melt makes a row a vote."
            )
    names = [song, emotion] if anonymous else [song, annotator, emotion]
    if len(set(names)) < len(names):
        raise ValueError(f"song, annotator and emotion name one column twice: {names}.")
    if votes.empty:
        raise ValueError("votes has no rows.")
    tidy = pd.DataFrame(
        {
            "song": _plain(votes, song, tuples=True),
            "annotator": None if anonymous else _plain(votes, annotator),
            "emotion": _plain(votes, emotion),
        }
    )
    if tidy["song"].isna().any():
        rows = np.flatnonzero(tidy["song"].isna())[:5].tolist()
        raise ValueError(f"votes has no song in rows {rows}: drop these rows or name the song.")
    _check_duplicates(tidy, song, annotator)
    return tidy


def _plain(votes, name, *, tuples=False):
    """A column as objects without row labels; blank text is missing.

    Tuples are allowed on request: they are the labels of a table of several data sets.
    """
    if (votes.columns == name).sum() > 1:
        raise ValueError(f"votes has several columns {name!r}: keep one.")
    cells = []
    for row, cell in enumerate(votes[name].astype(object)):
        allowed = pd.api.types.is_scalar(cell) or (tuples and _is_label(cell))
        if isinstance(cell, bytes) or not allowed:
            raise ValueError(
                f"The column {name!r} of votes holds {type(cell).__name__} in row {row}: "
                f"{cell!r:.60}. Use text or a number, one a cell; votes.explode({name!r}) makes "
                "a row of each element of a list."
            )
        cells.append(None if isinstance(cell, str) and not cell.strip() else cell)
    return pd.Series(cells, dtype=object)


def _is_label(cell):
    return isinstance(cell, tuple) and all(map(pd.api.types.is_scalar, cell))


def _check_duplicates(tidy, song, annotator):
    named = tidy[tidy["annotator"].notna() & tidy["emotion"].notna()]
    twice = named[named.duplicated(["song", "annotator"])]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(
            f"{len(twice)} votes repeat a song and annotator, the first of them, in row "
            f"{twice.index[0]}, annotator {first['annotator']!r} on song {first['song']!r}. Keep "
            f"one vote each, for example votes.drop_duplicates([{song!r}, {annotator!r}], "
            "keep='last')."
        )


def _index(votes, songs, *, name):
    """Songs of the result."""
    if songs is None:
        return pd.Index(pd.unique(votes["song"])).infer_objects().rename(name)
    if isinstance(songs, str):
        raise ValueError(f"songs is a sequence of ids, got the text {songs!r}: use [{songs!r}].")
    index = pd.Index(list(songs), tupleize_cols=False).rename(name)
    if index.hasnans:
        row = int(np.flatnonzero(index.isna())[0])
        raise ValueError(f"songs has no id at position {row}: drop it or name the song.")
    if not index.isin(votes["song"]).any():
        raise ValueError(
            f"None of the {len(index)} songs has a row in votes: songs starts with "
            f"{list(index[:3])!r}, votes with {list(votes['song'][:3])!r}. Are both ids of the "
            "same kind?"
        )
    return index


def _count(votes, index):
    """Votes of each song (rows) for each emotion (columns, sorted)."""
    cast = votes[votes["emotion"].notna()]
    if cast.empty:
        raise ValueError("votes holds no emotion: every value of that column is missing.")
    try:
        emotions = sorted(pd.unique(cast["emotion"]))
    except TypeError as error:
        raise ValueError(
            "The emotions are of kinds that cannot be sorted, such as text and numbers: "
            "convert the column to text with .astype(str)."
        ) from error
    clash = [emotion for emotion in emotions if emotion in _COLUMNS]
    if clash:
        raise ValueError(
            f"The emotions {clash} have names of columns of the result: rename them, for example "
            "with votes.replace."
        )
    song, songs = pd.factorize(votes["song"])
    counts = np.zeros((len(songs), len(emotions)), dtype=np.int64)
    voted = votes["emotion"].notna().to_numpy()
    np.add.at(counts, (song[voted], pd.Index(emotions).get_indexer(cast["emotion"])), 1)
    counts = pd.DataFrame(counts, index=songs, columns=pd.Index(emotions))
    return counts.reindex(index, fill_value=0)


def _labels(emotions, winner, labelled, index):
    """Emotion of each song as text or in the emotions' own kind; missing where not labelled."""
    values = emotions.to_numpy(dtype=object)[winner]
    labels = pd.Series(values, index=index, dtype=object)
    # Without gaps numbers stay numbers; a gap would turn 1 into 1.0, so there objects stay.
    if labelled.all() or pd.api.types.is_string_dtype(emotions):
        return labels.where(labelled, None).infer_objects()
    return labels.where(labelled, None)
