"""Training, validation and test songs that share no artist and no version (section 4.1)."""

from itertools import permutations
from numbers import Real

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.utils import Bunch

from sklearn_skd._random import own_random_state
from sklearn_skd._warnings import warn_user
from sklearn_skd.datasets._removal import check_once, check_song_table
from sklearn_skd.datasets.groups import song_groups

__all__ = ["count_leaks", "train_validation_test_split"]

SIDES = ("train", "validation", "test")
_SWEEPS = 10  # over all groups; two or three are enough as a rule


def train_validation_test_split(
    songs, sizes=(0.7, 0.1, 0.2), *, groups="artist", target=None, random_state=None
):
    """Divide songs among three sides, every artist and every version of a song on one of them.

    Stratified: each emotion, and the unlabelled songs, are divided in these shares as nearly as
    the groups allow.

    Parameters
    ----------
    songs : DataFrame or Bunch
        Song table, or what a reader or :func:`make_songs` returns.
    sizes : tuple of 3 floats, default=(0.7, 0.1, 0.2)
        Shares of the training, validation and test songs; those of the paper by default.
    groups : "artist", None or array-like of shape (n_songs,), default="artist"
        Songs that stay together besides the versions of a song. "artist": those that share the
        column ``artist`` or a group in `groups` of the Bunch. None: versions alone. A song
        without group (None, NaN) is free. Versions are known where there are columns ``artist``
        and ``title``, see :func:`song_groups`.
    target : str or array-like of shape (n_songs,), default=None
        Emotions to stratify by, or the name of their column. None: `target` of the Bunch or the
        column ``emotion``.
    random_state : int, RandomState instance or None, default=None
        Seed of the order in which groups are placed.

    Returns
    -------
    dict of str to Index
        ``"train"``, ``"validation"`` and ``"test"``: labels of the index of the song table, in
        its order, for ``songs.loc[splits["train"]]``.

    Raises
    ------
    ValueError
        If the index has a label twice, the sizes are not three positive numbers of sum 1, artists
        or emotions are unknown, or the groups are too few for three sides.

    Warns
    -----
    UserWarning
        If a side has no song of an emotion.

    See Also
    --------
    count_leaks : How many songs have their artist on another side, in any split.

    Notes
    -----
    Groups are placed in random order, each where the squared difference between the songs that a
    side has and those that it should have, relative to the latter, grows least; then moved
    until no move makes it smaller. A side that is still empty gets the group whose move costs
    least.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import count_leaks, train_validation_test_split
    >>> songs = pd.DataFrame({
    ...     "artist": [f"artist {i // 4}" for i in range(80)],
    ...     "emotion": ["calm", "tension"] * 40,
    ... })
    >>> splits = train_validation_test_split(songs, random_state=0)
    >>> {side: len(index) for side, index in splits.items()}
    {'train': 56, 'validation': 8, 'test': 16}
    >>> int(count_leaks(splits, songs["artist"])["n_leaked"].sum())
    0
    """
    sizes = _check_sizes(sizes)
    table = songs["data"] if isinstance(songs, Bunch) else songs
    check_song_table(table)
    strata, names = _strata(songs, table, target)
    together = _together(songs, table, groups)
    counts = np.zeros((together.max() + 1, len(names)))
    np.add.at(counts, (together, strata), 1)
    if len(counts) < len(SIDES):
        raise ValueError(f"The songs are {len(counts)} groups: at least {len(SIDES)} are needed.")
    side = _place(counts, sizes, own_random_state(random_state))[together]
    have = np.zeros((len(SIDES), len(names)))
    np.add.at(have, (side, strata), 1)
    _warn_of_gaps(have, names)
    return {name: table.index[side == number] for number, name in enumerate(SIDES)}


def count_leaks(splits, groups):
    """Count the songs whose artist, or other group, is on another side of a split as well.

    Parameters
    ----------
    splits : mapping of str to sequence of song ids
        Sides of a split by name, as the readers and :func:`train_validation_test_split` give them.
    groups : Series
        Group of each song by song id, as from :func:`song_groups`; None or NaN where unknown.

    Returns
    -------
    DataFrame
        One row an ordered pair of sides, index ``side`` and ``other``; columns ``n_songs`` (of
        the side), ``n_unknown`` (those without group), ``n_leaked`` (those whose group is on the
        other side too), ``share`` (``n_leaked`` of those with group) and ``n_groups`` (shared).

    Raises
    ------
    ValueError
        If a song of the splits has no row in `groups`, or `groups` has it twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import count_leaks
    >>> artist = pd.Series({"a": "Ann", "b": "Bob", "c": "Ann", "d": "Eve"})
    >>> leaks = count_leaks({"train": ["a", "b"], "test": ["c", "d"]}, artist)
    >>> leaks.loc[("test", "train")].to_dict()
    {'n_songs': 2.0, 'n_unknown': 0.0, 'n_leaked': 1.0, 'share': 0.5, 'n_groups': 1.0}
    """
    check_once(groups, "groups")
    for side, songs in splits.items():
        strange = pd.Index(songs).difference(groups.index)
        if len(strange):
            raise ValueError(
                f"{len(strange)} songs of {side!r} have no row in groups, among them "
                f"{strange[0]!r}. Are both ids of the same kind?"
            )
    known = {side: groups.loc[list(songs)] for side, songs in splits.items()}
    rows = {}
    for side, other in permutations(known, 2):
        here = known[side].dropna()
        leaked = here.isin(known[other].dropna())
        rows[side, other] = {
            "n_songs": len(known[side]),
            "n_unknown": len(known[side]) - len(here),
            "n_leaked": int(leaked.sum()),
            "share": float(leaked.mean()) if len(here) else np.nan,
            "n_groups": here[leaked].nunique(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["side", "other"])


def _check_sizes(sizes):
    """Three shares as an array."""
    sizes = tuple(sizes)
    numbers = all(isinstance(size, Real) and size > 0 for size in sizes)
    if len(sizes) != len(SIDES) or not numbers or abs(sum(sizes) - 1) > 1e-6:
        raise ValueError(
            f"sizes are the shares of {SIDES}: three positive numbers of sum 1, got {sizes}."
        )
    return np.array(sizes, dtype=float)


def _strata(songs, table, target):
    """Code of each song's emotion and the names of the codes; unlabelled songs have their own."""
    if target is None and isinstance(songs, Bunch):
        target = songs.get("target")
    if target is None:
        if "emotion" not in table.columns:
            raise ValueError("The emotions are unknown: pass target=..., one a song.")
        target = table["emotion"]
    if isinstance(target, str):
        if target not in table:
            raise ValueError(f"The song table has no column {target!r}: it has {list(table)}.")
        target = table[target]
    if len(target) != len(table):
        raise ValueError(f"target has {len(target)} labels for {len(table)} songs.")
    codes, names = pd.factorize(pd.Series(list(target), dtype=object), use_na_sentinel=False)
    return codes, ["no emotion" if pd.isna(name) else name for name in names]


def _together(songs, table, groups):
    """Code of the songs that have to be on one side."""
    ties = []
    if isinstance(groups, str) and groups == "artist":
        ties += _artists(songs, table)
    elif isinstance(groups, str):
        raise ValueError(f'groups is "artist", None or one group a song, got {groups!r}.')
    elif groups is not None:
        if len(groups) != len(table):
            raise ValueError(f"groups has {len(groups)} groups for {len(table)} songs.")
        ties.append(list(groups))
    if {"artist", "title"} <= set(table.columns):
        ties.append(song_groups(table, by="version"))
    return _components(ties, len(table))


def _artists(songs, table):
    """Groupings by artist: by the names in the table, and those that the Bunch has."""
    ties = [song_groups(table)] if "artist" in table.columns else []
    if isinstance(songs, Bunch) and songs.get("groups") is not None:
        ties.append(list(songs["groups"]))
    if not ties:
        raise ValueError(
            "The artists are unknown: songs has no column 'artist'. Pass groups=..., one a song, "
            "or groups=None if songs of an artist may be on several sides."
        )
    return ties


def _components(ties, n_songs):
    """Songs that are joined by any of several groupings, however indirectly, share a code."""
    edges = [np.empty((2, 0), dtype=int)]
    for names in ties:
        codes, _ = pd.factorize(pd.Series(list(names), dtype=object))
        known = np.flatnonzero(codes >= 0)
        _, first = np.unique(codes[known], return_index=True)
        edges.append(np.stack([known, known[first][codes[known]]]))
    rows, columns = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(n_songs, n_songs))
    return connected_components(graph, directed=False)[1]


def _place(counts, sizes, rng):
    """Side of each group, see the notes of `train_validation_test_split`.

    Parameters
    ----------
    counts : ndarray of shape (n_groups, n_strata)
        Songs of each group.

    sizes : ndarray of shape (n_sides,)
        Shares.

    rng : RandomState
        Decides on the order.
    """
    total = counts.sum(axis=0)
    wanted = sizes[:, None] * total
    have, side = np.zeros_like(wanted), np.full(len(counts), -1)
    for _ in range(_SWEEPS):
        before = side.copy()
        for group in rng.permutation(len(counts)):
            songs = counts[group]
            if side[group] >= 0:
                have[side[group]] -= songs
            growth = (songs * (2 * (have - wanted) + songs) / wanted).sum(axis=1)
            side[group] = np.argmin(growth)
            have[side[group]] += songs
        if (side == before).all():
            break
    for empty in np.setdiff1d(np.arange(len(wanted)), side):
        group = _cheapest(counts, have - wanted, wanted, side, to=empty)
        have[side[group]] -= counts[group]
        have[empty] += counts[group]
        side[group] = empty
    return side


def _cheapest(counts, excess, wanted, side, *, to):
    """The group whose move to a side costs least, of those that are not alone on theirs."""
    leaves = (counts * (counts - 2 * excess[side]) / wanted[side]).sum(axis=1)
    comes = (counts * (counts + 2 * excess[to]) / wanted[to]).sum(axis=1)
    alone = np.bincount(side, minlength=len(wanted))[side] == 1
    return np.where(alone, np.inf, leaves + comes).argmin()


def _warn_of_gaps(have, names):
    """Warn of a side without an emotion."""
    for name, songs in zip(SIDES, have, strict=True):
        absent = [label for label, n in zip(names, songs, strict=True) if not n]
        if absent:
            warn_user(f"{name!r} has no song of {absent}: too few groups have any.")
