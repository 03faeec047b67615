"""Hold-outs and teacher folds: stratified, grouped, never unfair to a rare class."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_skd.classifiers._splits import hold_out, pair_folds, teacher_folds

CLASSES = np.array(["calm", "happy", "sad"])


def folds_of(codes, groups=None, *, n_splits=3, random_state=0):
    return teacher_folds(
        np.asarray(codes), groups, CLASSES, n_splits=n_splits, random_state=random_state
    )


# Hold-out


@pytest.mark.parametrize("seed", range(5))
def test_hold_out_takes_about_fifteen_percent_of_every_class(seed):
    codes = np.repeat([0, 1, 2], [100, 60, 40])
    kept, held = hold_out(codes, None, random_state=seed)
    assert_array_equal(np.sort(np.concatenate([kept, held])), np.arange(200))
    shares = np.bincount(codes[held]) / np.bincount(codes)
    assert ((shares >= 0.12) & (shares <= 0.18)).all()


@pytest.mark.parametrize("seed", range(5))
def test_hold_out_does_not_split_groups(seed):
    codes = np.tile([0, 1, 2], 40)
    groups = np.arange(120) // 4
    kept, held = hold_out(codes, groups, random_state=seed)
    assert len(held)
    assert not np.intersect1d(groups[kept], groups[held]).size


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_only_songs_of_their_classes_are_kept_with_their_groups(seed, grouped):
    codes = np.r_[np.tile([0, 1], 20), np.arange(2, 12)]  # more classes of one song than folds
    groups = np.r_[np.arange(40), np.arange(10)] if grouped else None
    kept, held = hold_out(codes, groups, random_state=seed)
    assert len(held)
    assert np.isin(np.arange(40, 50), kept).all()
    if grouped:
        assert not np.intersect1d(groups[kept], groups[held]).size


@pytest.mark.parametrize("seed", range(10))
def test_no_class_is_held_out_as_a_whole(seed):
    codes = np.r_[np.tile([0, 1], 20), [2, 2, 3, 3, 4, 4]]
    groups = np.r_[np.arange(40), [40, 40, 41, 41, 42, 42]]  # each rare class is one group
    kept, held = hold_out(codes, groups, random_state=seed)
    assert len(held)
    assert np.unique(codes[kept]).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("codes", "groups"),
    [
        ([0, 1], None),
        ([0, 1, 2], None),
        ([0], None),
        ([0, 1, 0, 1], [5, 5, 5, 5]),  # one group
    ],
)
def test_tiny_data_hold_nothing_out(codes, groups):
    groups = None if groups is None else np.array(groups)
    kept, held = hold_out(np.array(codes), groups, random_state=0)
    assert kept.tolist() == list(range(len(codes)))
    assert held.tolist() == []
    assert held.dtype.kind == "i"


def test_hold_out_depends_on_the_seed_only():
    codes = np.tile([0, 1], 30)
    first, again, other = (hold_out(codes, None, random_state=seed)[1] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert set(first) != set(other)


def test_hold_out_is_silent_about_rare_classes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hold_out(np.r_[np.tile([0, 1], 20), 2, 2], None, random_state=0)


# Teacher folds


def test_every_song_is_in_one_test_fold_and_every_class_in_every_training_set():
    codes = np.tile([0, 1, 2], 10)
    folds = folds_of(codes, n_splits=5)
    assert len(folds) == 5
    assert_array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(30))
    for train, test in folds:
        assert not np.intersect1d(train, test).size
        assert np.bincount(codes[train]).tolist() == [8, 8, 8]


def test_folds_shrink_with_a_warning_that_says_how_many():
    codes = [0] * 9 + [1] * 9 + [2] * 3
    expected = "teacher_cv=5 is more than the 3 songs of class .*'sad'.*: 3 folds are used"
    with pytest.warns(UserWarning, match=expected):
        folds = folds_of(codes, n_splits=5)
    assert len(folds) == 3


def test_enough_songs_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folds_of(np.tile([0, 1, 2], 3), n_splits=3)


@pytest.mark.parametrize("count", [0, 1])
def test_class_of_too_few_songs_is_an_error_that_names_it(count):
    with pytest.raises(ValueError, match=f"Class .*'sad'.* has {count} songs.*teacher_cv=None"):
        folds_of([0] * 5 + [1] * 5 + [2] * count)


def test_groups_are_not_split():
    codes, groups = np.tile([0, 1, 2], 20), np.arange(60) // 3
    for train, test in folds_of(codes, groups, n_splits=4):
        assert not np.intersect1d(groups[train], groups[test]).size


def test_folds_shrink_to_the_number_of_groups():
    codes = np.tile([0, 1, 2], 8)
    groups = np.repeat([0, 1], 12)
    with pytest.warns(UserWarning, match="2 groups of class.*2 folds are used"):
        folds = folds_of(codes, groups, n_splits=5)
    assert len(folds) == 2


def test_class_of_one_group_is_an_error_that_names_it():
    codes = np.r_[np.tile([0, 1], 10), [2, 2, 2]]
    groups = np.r_[np.arange(20), [99, 99, 99]]
    with pytest.raises(ValueError, match=r"Class .*'sad'.* has 1 groups"):
        folds_of(codes, groups)


def test_folds_depend_on_the_seed_only():
    codes = np.tile([0, 1, 2], 10)
    first, again, other = (folds_of(codes, random_state=seed)[0][1] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert set(first) != set(other)


def test_groups_that_put_a_whole_class_into_one_fold_are_refused():
    codes = [0, 1, 2, 1, 0, 2, 2, 0, 2, 0, 1]
    groups = np.array([2, 3, 3, 0, 0, 1, 2, 2, 3, 2, 1])  # class 0: groups 0 and 2
    with pytest.raises(ValueError, match="every song of class 'calm' into one fold"):
        folds_of(codes, groups, n_splits=2, random_state=20)


# Pairs of folds


def pairs_of(codes, groups=None, *, n_splits=4):
    codes = np.asarray(codes)
    classes = np.unique(codes)
    groups = None if groups is None else np.asarray(groups)
    return pair_folds(codes, groups, classes, n_splits=n_splits, random_state=0)


def test_any_two_folds_leave_songs_of_every_class():
    codes = np.array([1, 0, 1, 0, 1, 0, 0, 0, 1, 1])
    groups = np.array([4, 3, 1, 5, 3, 3, 0, 4, 3, 2])  # of class 0 four, of which two big
    with pytest.warns(UserWarning, match="into two of 4 folds: 3 folds are used"):
        folds = pairs_of(codes, groups)
    assert len(folds) == 3
    for fold in folds:
        assert set(codes[fold]) == {0, 1}  # what is left when the two others go


def test_without_three_such_folds_there_are_none_and_it_says_what_happens_instead():
    codes = [1, 1, 0, 0, 1, 0, 1, 0, 1, 0]
    groups = [3, 5, 0, 1, 0, 4, 3, 0, 0, 4]
    with pytest.warns(UserWarning, match="into two folds.*validated on a hold-out instead"):
        assert pairs_of(codes, groups) == []


def test_folds_for_pairs_shrink_with_one_warning():
    with pytest.warns(UserWarning, match="more than the 3 songs of class 1: 3 folds") as told:
        assert len(pairs_of([0] * 9 + [1] * 3)) == 3
    assert len(told) == 1


@pytest.mark.parametrize("n_rare", [1, 2])
def test_a_class_of_two_songs_has_no_pairs_and_its_folds_speak_for_themselves(n_rare):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pairs_of([0] * 9 + [1] * n_rare) == []
