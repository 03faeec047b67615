"""Folds and hold-outs inside `fit`: stratified, grouped if groups are given, never empty."""

import warnings
from itertools import combinations

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from sklearn_skd._warnings import warn_user

__all__ = ["hold_out", "pair_folds", "teacher_folds", "validation_folds"]

HOLD_OUT = 0.15  # share of the songs, as in the paper's preset


def hold_out(codes, groups, *, random_state, n_left=1):
    """Choose songs that selection and calibration may look at.

    Parameters
    ----------
    codes : ndarray of int, shape (n_songs,)
        Class codes of the (labelled) songs.

    groups : ndarray of shape (n_songs,) or None
        No group is on both sides.

    random_state : int
        Seed of the choice.

    n_left : int, default=1
        Songs (or groups) of each class that must stay, where it has so many: 2 if teachers are
        to be cross-fitted on them.

    Returns
    -------
    kept, held : ndarray of int
        Positions, sorted. Songs of a class of `n_left` or fewer stay on the kept side. `held` is
        empty if no song can be spared.
    """
    n_splits = min(round(1 / HOLD_OUT), len(codes) if groups is None else len(np.unique(groups)))
    available = _count(codes, groups)
    rare = np.flatnonzero(available[codes] <= n_left)
    if n_splits < 2 or len(rare) == len(codes):
        return np.arange(len(codes)), np.arange(0)
    splitter = _splitter(groups, n_splits, random_state)
    for _, held in _quiet_split(splitter, codes, groups):
        held = np.setdiff1d(held, rare)
        if groups is not None:
            held = held[~np.isin(groups[held], groups[rare])]
        kept = np.setdiff1d(np.arange(len(codes)), held)
        left = _count(codes[kept], None if groups is None else groups[kept], len(available))
        if len(held) and (left >= np.minimum(available, n_left)).all():
            return kept, held
    return np.arange(len(codes)), np.arange(0)


def validation_folds(targets, groups, *, n_splits, random_state):
    """Folds to validate a student on that no cross-fitted teacher binds.

    Parameters
    ----------
    targets : Targets
        Of all songs.

    groups : ndarray of shape (n_songs,) or None
        No group is in two folds.

    n_splits : int
        Number of folds, at most.

    random_state : int
        Seed of the folds.

    Returns
    -------
    folds : list of ndarray of int
        Labelled songs; an empty list if a class (or its groups) cannot fill two folds.
    """
    labelled = np.flatnonzero(targets.labelled)
    codes = targets.codes[labelled]
    groups = None if groups is None else groups[labelled]
    n_splits = min(n_splits, int(_count(codes, groups, len(targets.classes)).min()))
    if n_splits < 2:
        return []
    splitter = _splitter(groups, n_splits, random_state)
    folds = [labelled[test] for _, test in _quiet_split(splitter, codes, groups)]
    rest = (np.setdiff1d(labelled, fold) for fold in folds)
    complete = all(len(np.unique(targets.codes[rows])) == len(targets.classes) for rows in rest)
    return folds if complete else []


def _count(codes, groups, n_classes=0):
    """Number of songs, or of groups, of each class."""
    if groups is None:
        return np.bincount(codes, minlength=n_classes)
    n_classes = max(n_classes, codes.max() + 1)
    return np.array([len(np.unique(groups[codes == k])) for k in range(n_classes)])


def teacher_folds(codes, groups, classes, *, n_splits, random_state):
    """Folds to cross-fit teachers on.

    Parameters
    ----------
    codes : ndarray of int, shape (n_songs,)
        Class codes of the labelled songs.

    groups : ndarray of shape (n_songs,) or None
        No group is in two folds.

    classes : ndarray
        Names of the classes, for messages.

    n_splits : int
        Number of folds asked for; fewer, with a warning, when a class (or the groups) cannot
        fill them.

    random_state : int
        Seed of the folds.

    Returns
    -------
    folds : list of (train, test) pairs of ndarray of int
    """
    filled, what = _count(codes, groups, len(classes)), "songs" if groups is None else "groups"
    rarest = int(np.argmin(filled))
    name = classes.tolist()[rarest]
    if filled[rarest] < 2:
        raise ValueError(
            f"Class {name!r} has {filled[rarest]} {what}: cross-fitting the teacher "
            f"needs at least 2 a class besides those held out. Add songs, merge the class, or "
            "set teacher_cv=None (in-sample knowledge)."
        )
    if filled[rarest] < n_splits:
        _warn_of_fewer(n_splits, filled, classes, what)
        n_splits = int(filled[rarest])
    splitter = _splitter(groups, n_splits, random_state)
    folds = list(_quiet_split(splitter, codes, groups))
    for train, test in folds:
        lost = np.setdiff1d(codes[test], codes[train])
        if len(lost):
            raise ValueError(
                f"The groups put every song of class {classes.tolist()[lost[0]]!r} into one fold, "
                "so its teacher cannot learn the class. Use fewer folds (teacher_cv) or finer "
                "groups."
            )
    return folds


def pair_folds(codes, groups, classes, *, n_splits, random_state):
    """Folds of which any two may be left out together: the rest has songs of every class.

    Parameters
    ----------
    codes, groups, classes, n_splits, random_state
        See :func:`teacher_folds`.

    Returns
    -------
    folds : list of ndarray of int
        Fewer than asked for, with a warning, where a class or the groups do not allow so many;
        an empty list where they do not allow three.
    """
    filled, what = _count(codes, groups, len(classes)), "songs" if groups is None else "groups"
    most = min(n_splits, int(filled.min()))
    for n_folds in range(most, 2, -1):
        splitter = _splitter(groups, n_folds, random_state)
        folds = [test for _, test in _quiet_split(splitter, codes, groups)]
        if not folds or not _any_pair_can_go(codes, folds, len(classes)):
            continue
        if n_folds < most:
            warn_user(
                f"The groups put every song of a class into two of {most} folds: {n_folds} folds "
                "are used. Finer groups allow more.",
                UserWarning,
            )
        elif n_folds < n_splits:
            _warn_of_fewer(n_splits, filled, classes, what)
        return folds
    if most > 2:
        warn_user(
            "The groups put every song of a class into two folds, so that no teacher could learn "
            "it without both: the student is validated on a hold-out instead. Finer groups, or "
            "more songs of the rare classes, allow folds.",
            UserWarning,
        )
    return []


def _any_pair_can_go(codes, folds, n_classes):
    """Whether every class has songs outside of any two folds."""
    count = np.array([np.bincount(codes[fold], minlength=n_classes) for fold in folds])
    left = (count.sum(axis=0) - count[a] - count[b] for a, b in combinations(range(len(folds)), 2))
    return all((songs > 0).all() for songs in left)


def _warn_of_fewer(n_splits, filled, classes, what):
    rarest = int(np.argmin(filled))
    warn_user(
        f"teacher_cv={n_splits} is more than the {filled[rarest]} {what} of class "
        f"{classes.tolist()[rarest]!r}: {filled[rarest]} folds are used.",
        UserWarning,
    )


def _splitter(groups, n_splits, random_state):
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    return kind(n_splits=n_splits, shuffle=True, random_state=random_state)


def _quiet_split(splitter, codes, groups):
    """Rare classes are dealt with by the callers, each in its own words."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        try:
            yield from splitter.split(np.zeros(len(codes)), codes, groups)
        except ValueError:  # no class fills the folds: nothing can be spared
            return
