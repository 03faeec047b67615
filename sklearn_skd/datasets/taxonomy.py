"""One set of emotions for all data sets: the quadrants of valence and arousal (section 4.1)."""

from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_skd._sklearn import StrOptions, validate_params
from sklearn_skd._warnings import warn_user
from sklearn_skd.datasets._emotions import COORDINATES
from sklearn_skd.datasets._numbers import as_numbers

__all__ = ["taxonomy_table", "to_quadrant"]

# in the order of their numbers, counter-clockwise from high valence and high arousal
_QUADRANTS = {"Q1": "pleasure", "Q2": "tension", "Q3": "sadness", "Q4": "calm"}
_PLANE = "valence-arousal"
_SHOWN = 8  # values that a message lists


class _Place(NamedTuple):
    """Emotion of the four that a label becomes, and why others might decide otherwise."""

    emotion: str
    doubt: str = ""


_TAXONOMIES = {
    "quadrants": {
        **{number: _Place(emotion) for number, emotion in _QUADRANTS.items()},
        **{number[1]: _Place(emotion) for number, emotion in _QUADRANTS.items()},
        **{emotion: _Place(emotion) for emotion in _QUADRANTS.values()},
    },
    "trompa": {
        "joy": _Place("pleasure"),
        "power": _Place("pleasure", "may threaten as well as elate; GEMS counts it as vitality"),
        "surprise": _Place("pleasure", "its valence is open; the release lists it with joy"),
        "anger": _Place("tension"),
        "tension": _Place("tension"),
        "fear": _Place("tension"),
        "sadness": _Place("sadness"),
        "bitterness": _Place("sadness", "near to anger; the release lists it with sadness"),
        "peace": _Place("calm"),
        "tenderness": _Place("calm"),
        "transcendence": _Place("calm", "may be ecstatic; GEMS counts it as sublimity"),
    },
    "gems-9": {
        "wonder": _Place("pleasure", "sublimity in GEMS, but of high arousal in Trost et al."),
        "transcendence": _Place("calm", "a blend in Trost et al.; the rest of sublimity is calm"),
        "tenderness": _Place("calm"),
        "nostalgia": _Place("calm", "bittersweet; positive, of low arousal, in Trost et al."),
        "peacefulness": _Place("calm"),
        "power": _Place("pleasure", "may threaten as well as elate; vitality in GEMS"),
        "joy": _Place("pleasure"),
        "joyful activation": _Place("pleasure"),
        "tension": _Place("tension"),
        "sadness": _Place("sadness"),
    },
    "gems-3": {
        "sublimity": _Place("calm", "holds wonder, which is of high arousal in Trost et al."),
        "vitality": _Place("pleasure"),
        "unease": _Place("tension", "holds sadness too: no song becomes sadness by this taxonomy"),
    },
}


@validate_params(
    {
        "labels": "no_validation",
        "taxonomy": [StrOptions({*_TAXONOMIES, _PLANE})],
        "centre": "no_validation",
        "overrides": [dict, None],
        "unmapped": [StrOptions({"warn", "raise", "ignore"})],
    },
    prefer_skip_nested_validation=True,
)
def to_quadrant(labels, *, taxonomy, centre=0.0, overrides=None, unmapped="warn"):
    """Map the labels of a data set to pleasure, tension, sadness and calm.

    These are the quadrants Q1 to Q4 of the plane of valence and arousal [1]_, and the emotions of
    :func:`make_songs`. What cannot be mapped becomes missing, which the classifiers take as an
    unlabelled song, and is reported; nothing is dropped.

    Parameters
    ----------
    labels : array-like of shape (n_songs,), or of shape (n_songs, n_columns)
        Names, in any case, blanks around them ignored. Or numbers: for "valence-arousal" a table
        with the columns ``valence`` and ``arousal``, or an array with these two columns in this
        order; for the other taxonomies a DataFrame of ratings or votes with an emotion a column,
        of which the highest decides.
    taxonomy : {"quadrants", "valence-arousal", "trompa", "gems-9", "gems-3"}
        What the labels are: "quadrants" (``Q1``, 1 or ``"pleasure"``), the 11 emotions of
        TROMPA-MER, the nine emotions of the Geneva Emotional Music Scale [2]_, or its three
        factors. :func:`taxonomy_table` shows where each label goes.
    centre : float or pair of float, default=0.0
        For "valence-arousal": where the axes cross, one number for both or (valence, arousal):
        0.5 on a scale from 0 to 1, 5 on one from 1 to 9. A song on an axis is in no quadrant.
    overrides : dict of str to (str or None), default=None
        Other places of some labels, or places of labels that the taxonomy does not have, as
        ``{"wonder": "calm", "unease": None}``; None leaves the songs of a label without emotion.
    unmapped : {"warn", "raise", "ignore"}, default="warn"
        What happens when labels cannot be mapped. They are listed in ``attrs`` in any case.

    Returns
    -------
    Series of shape (n_songs,)
        Emotions by the index of `labels`, None where missing. ``attrs`` holds ``"taxonomy"``,
        ``"unmapped"`` (a dict of values that could not be mapped to their number) and
        ``"n_missing"`` (the number of songs that had no label in the first place).

    Raises
    ------
    ValueError
        If `labels` has another form, an override is of a label that is nowhere or to no emotion
        of the four, or labels cannot be mapped and ``unmapped="raise"``.

    See Also
    --------
    taxonomy_table : Where each label goes, and which of these choices are arguable.

    References
    ----------
    .. [1] J. A. Russell (1980), A circumplex model of affect. Journal of Personality and Social
       Psychology 39(6), 1161-1178.
    .. [2] M. Zentner, D. Grandjean, K. R. Scherer (2008), Emotions evoked by the sound of music.
       Emotion 8(4), 494-521.

    Examples
    --------
    >>> from sklearn_skd.datasets import to_quadrant
    >>> to_quadrant(["Q1", "Q3", None], taxonomy="quadrants").tolist()
    ['pleasure', 'sadness', None]
    >>> to_quadrant([[0.9, 0.2], [0.5, 0.9]], taxonomy="valence-arousal", centre=0.5,
    ...             unmapped="ignore").tolist()
    ['calm', None]
    >>> to_quadrant(["fear", "Peace"], taxonomy="trompa").tolist()
    ['tension', 'calm']
    """
    if taxonomy == _PLANE:
        if overrides:
            raise ValueError(f"overrides are of labels, and {_PLANE!r} has none.")
        found, shown = _of_plane(labels, centre)
    elif isinstance(labels, pd.DataFrame):
        found, shown = _of_ratings(labels, taxonomy, overrides or {})
    else:
        found, shown = _of_names(labels, taxonomy, overrides or {})
    failed = shown[found.isna() & shown.notna()].value_counts().to_dict()
    found.attrs = {
        "taxonomy": taxonomy,
        "unmapped": failed,
        "n_missing": int(shown.isna().sum()),
    }
    left_out = {label.lower() for label, emotion in (overrides or {}).items() if emotion is None}
    unplaced = {label: n for label, n in failed.items() if label.lower() not in left_out}
    if unplaced and unmapped != "ignore":
        _complain(unplaced, len(found), taxonomy, unmapped)
    return found


@validate_params(
    {"taxonomy": [StrOptions(set(_TAXONOMIES)), None]}, prefer_skip_nested_validation=True
)
def taxonomy_table(taxonomy=None):
    """Show where :func:`to_quadrant` puts each label.

    Parameters
    ----------
    taxonomy : {"quadrants", "trompa", "gems-9", "gems-3"} or None, default=None
        Which labels; None means all.

    Returns
    -------
    DataFrame
        Columns ``taxonomy``, ``label``, ``emotion``, ``quadrant`` and ``doubt``: why one might
        decide otherwise, empty where hardly anybody would. `overrides` of :func:`to_quadrant`
        decides otherwise.

    References
    ----------
    .. [1] W. Trost, T. Ethofer, M. Zentner, P. Vuilleumier (2012), Mapping aesthetic musical
       emotions in the brain. Cerebral Cortex 22(12), 2769-2783.

    Examples
    --------
    >>> from sklearn_skd.datasets import taxonomy_table
    >>> taxonomy_table("gems-3")[["label", "emotion", "quadrant"]]
           label   emotion quadrant
    0  sublimity      calm       Q4
    1   vitality  pleasure       Q1
    2     unease   tension       Q2
    """
    number = {emotion: quadrant for quadrant, emotion in _QUADRANTS.items()}
    rows = [
        (name, label, place.emotion, number[place.emotion], place.doubt)
        for name, places in _TAXONOMIES.items()
        for label, place in places.items()
        if taxonomy in (None, name)
    ]
    return pd.DataFrame(rows, columns=["taxonomy", "label", "emotion", "quadrant", "doubt"])


def _places(taxonomy, overrides, present):
    """Emotion by label in lower case, None for labels without a place.

    Parameters
    ----------
    taxonomy : str
        Name.

    overrides : dict
        Of the user.

    present : list of str
        Labels in lower case that there are: others of the user's would be misspelt.
    """
    places = {label: place.emotion for label, place in _TAXONOMIES[taxonomy].items()}
    places = {label.lower(): emotion for label, emotion in places.items()}
    for label, emotion in overrides.items():
        if label.lower() not in places and label.lower() not in present:
            raise ValueError(
                f"overrides has the label {label!r}, which is not there and is none of "
                f"{taxonomy!r}: {list(places)}."
            )
        if emotion is not None and emotion not in COORDINATES:
            raise ValueError(
                f"overrides[{label!r}] is {emotion!r}; the emotions are {list(COORDINATES)}, or "
                "None for no emotion."
            )
        places[label.lower()] = emotion
    return places


def _of_names(labels, taxonomy, overrides):
    """Emotions of names or quadrant numbers, and the labels as text."""
    if np.ndim(labels) != 1:
        raise ValueError(
            f"labels has {np.ndim(labels)} dimensions: pass one label a song, or a DataFrame with "
            f"an emotion of {taxonomy!r} a column."
        )
    index = labels.index if isinstance(labels, pd.Series) else None
    shown = [_as_text(label) for label in labels]
    plain = [label and label.lower() for label in shown]
    places = _places(taxonomy, overrides, plain)
    found = [places.get(label) for label in plain]
    return _series(found, index), _series(shown, index)


def _as_text(label):
    """A label without blanks around it, 1.0 as "1"; None where missing."""
    if pd.isna(label) or (isinstance(label, str) and not label.strip()):
        return None
    if isinstance(label, float | np.floating) and float(label).is_integer():
        label = int(label)
    return str(label).strip()


def _of_ratings(ratings, taxonomy, overrides):
    """Emotions of the columns that are rated highest, and what is shown of songs with ties."""
    names = [str(column).strip().lower() for column in ratings.columns]
    places = _places(taxonomy, overrides, names)
    unknown = [column for column, name in zip(ratings, names, strict=True) if name not in places]
    if unknown:
        raise ValueError(
            f"labels has the columns {unknown}, but {taxonomy!r} has {list(places)}. Select the "
            "columns of the ratings, or place them with overrides=..."
        )
    values = as_numbers(ratings, "labels").to_numpy()
    emotions = [places[name] for name in names]
    found, shown = [], []
    for row in values:
        top = np.flatnonzero(row == np.nanmax(row, initial=-np.inf))
        winners = {emotions[k] for k in top}
        found.append(winners.pop() if len(winners) == 1 else None)
        shown.append(" = ".join(str(ratings.columns[k]) for k in top) or None)
    return _series(found, ratings.index), _series(shown, ratings.index)


def _of_plane(pairs, centre):
    """Emotions of points of the plane, and the points as text."""
    if isinstance(pairs, pd.DataFrame):
        names = {str(column).strip().lower(): column for column in pairs.columns}
        if not {"valence", "arousal"} <= set(names):
            raise ValueError(
                f"labels has the columns {list(pairs.columns)}: name two 'valence' and 'arousal'."
            )
        pairs = pairs[[names["valence"], names["arousal"]]]
    else:
        pairs = pd.DataFrame(np.asarray(pairs, dtype=object))
        if pairs.shape[1] != 2:
            raise ValueError(
                f"labels has {pairs.shape[1]} columns: {_PLANE!r} takes two, valence and arousal."
            )
    values = as_numbers(pairs, "labels").to_numpy()
    known = ~np.isnan(values).any(axis=1)
    emotion = {corner: name for name, corner in COORDINATES.items()}
    sides = np.sign(values - np.asarray(centre, dtype=float))
    found = [emotion.get(tuple(side)) for side in sides]
    shown = [
        f"({v:g}, {a:g})" if here else None for (v, a), here in zip(values, known, strict=True)
    ]
    return _series(found, pairs.index), _series(shown, pairs.index)


def _series(values, index):
    return pd.Series(values, index=index, dtype=object, name="emotion")


def _complain(unplaced, n_songs, taxonomy, unmapped):
    """Warn of, or raise for, values (with their number) that are in no quadrant."""
    listed = ", ".join(f"{value!r} ({n})" for value, n in islice(unplaced.items(), _SHOWN))
    more = f" and {len(unplaced) - _SHOWN} other values" if len(unplaced) > _SHOWN else ""
    remedy = "Move the centre" if taxonomy == _PLANE else "Place them with overrides=..."
    message = (
        f"{sum(unplaced.values())} of {n_songs} songs are in no quadrant by {taxonomy!r} and "
        f'become unlabelled: {listed}{more}. {remedy}, or say unmapped="ignore" if they should '
        "have no label."
    )
    if unmapped == "raise":
        raise ValueError(message)
    warn_user(message)
