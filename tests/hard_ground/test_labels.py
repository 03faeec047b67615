"""Labels, votes, weights, reliabilities and groups of every kind and size."""

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.classifiers._splits import hold_out
from sklearn_skd.classifiers._targets import check_groups, check_targets

Y = ["a", "b", "a", "b"]
VOTES = np.array([[3, 1], [1, 3], [2, 2], [0, 4]])
SHARES = [[0.875, 0.125], [0.125, 0.875], [0.75, 0.25], [0, 1]]


def objects(*labels):
    array = np.empty(len(labels), dtype=object)
    array[:] = labels
    return array


def make_student(**parameters):
    defaults = {"teacher": LogisticRegression(), "teacher_cv": 2, "max_epochs": 1}
    return SKDStudentClassifier(**{**defaults, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def X():
    return np.random.RandomState(0).normal(size=(24, 3))


def proba_is_sound(classifier, X):
    proba = classifier.predict_proba(X)
    return np.isfinite(proba).all() and np.allclose(proba.sum(axis=1), 1)


# Labels


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        (["b", "a", None], ["a", "b"], [1, 0, -1]),
        (["b", "a", np.nan], ["a", "b"], [1, 0, -1]),
        (["b", "a", pd.NA], ["a", "b"], [1, 0, -1]),
        (("b", "a", float("nan")), ["a", "b"], [1, 0, -1]),
        (objects("b", "a", np.datetime64("NaT")), ["a", "b"], [1, 0, -1]),
        (objects("b", "a", Decimal("NaN")), ["a", "b"], [1, 0, -1]),
        ([True, False, None], [False, True], [1, 0, -1]),
        ([3, 1, None], [1, 3], [1, 0, -1]),
        ([3, 1.0, np.nan], [1, 3], [1, 0, -1]),
        (pd.Series([3, 1, None], dtype="Int64"), [1, 3], [1, 0, -1]),
        (pd.Series([True, False, None], dtype="boolean"), [False, True], [1, 0, -1]),
        (pd.Series(["b", "a", None], dtype="string"), ["a", "b"], [1, 0, -1]),
        (pd.Series(["b", "a", None], dtype=pd.CategoricalDtype(["z", "b", "a"])), list("ab"), None),
        (pd.Categorical(["b", "a", None]), ["a", "b"], [1, 0, -1]),
        (pd.Series(["b", "a", "b"], index=[7, 7, 7]), ["a", "b"], [1, 0, 1]),
        (np.ma.array([3, 1, 5], mask=[0, 0, 1]), [1, 3], [1, 0, -1]),
        (np.array(["b", "a", "b"], dtype=np.dtypes.StringDType()), ["a", "b"], [1, 0, 1]),
        (np.array([255, 0, 255], dtype=np.uint8), [0, 255], [1, 0, 1]),
        ([-1, 1, 1], [-1, 1], [0, 1, 1]),
        ([-1, 0, 1], [0, 1], [-1, 0, 1]),
        ([-1.0, 0.0, 1.0], [0, 1], [-1, 0, 1]),
        (["-1", "a", "b"], ["-1", "a", "b"], [0, 1, 2]),
        (["", "a", " a"], ["", " a", "a"], [0, 2, 1]),
        (["Sad", "sad", "nan"], ["Sad", "nan", "sad"], [0, 2, 1]),
        (["😀", "愛", "حب"], ["حب", "愛", "😀"], [2, 1, 0]),
    ],
    ids=[
        *("None", "NaN in a list", "NA", "NaN in a tuple", "NaT", "decimal NaN", "booleans"),
        *("integers", "mixed numbers", "Int64", "boolean", "string", "unused category"),
        *("Categorical", "equal row labels", "masked", "StringDType", "uint8", "binary -1"),
        *("-1 unlabelled", "-1.0 unlabelled", "text -1", "blanks", "case and nan", "scripts"),
    ],
)
def test_labels_of_every_kind_are_coded_in_sorted_order(y, classes, codes):
    targets = check_targets(3, y)
    assert targets.classes.tolist() == classes
    assert targets.codes.tolist() == ([1, 0, -1] if codes is None else codes)
    assert_allclose(targets.distribution.sum(axis=1), targets.labelled)


@pytest.mark.parametrize("y", [np.array([["a"], ["b"]]), pd.DataFrame({"y": ["a", "b"]})])
def test_a_column_of_labels_is_flattened_with_scikit_learns_warning(y):
    with pytest.warns(UserWarning, match="column-vector"):
        assert check_targets(2, y).classes.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("y", "match"),
    [
        ([1, "a"], r"mixes text.*\['int', 'str'\].*astype\(str\)"),
        ([True, "a"], "mixes text"),
        (objects(True, 2), r"booleans.*\['bool', 'int'\]"),
        (objects(b"a", "b"), "mixes text"),
        ([0.5, 1.5], "Unknown label type"),
        ([0.5, None, 1.5], "Unknown label type"),
        ([0.0, np.inf], "y contains infinity"),
        ([0.0, None, np.inf], "y contains infinity"),
        ([10**30, 1], "Unknown label type"),
        (objects(Decimal(1), Decimal(2)), "type Decimal.*convert"),
        (objects(datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)), "type date.*convert"),
        (pd.to_datetime(["2020", "2021"]), "datetime64.*convert"),
        (objects(("a", 1), ("b", 2)), "type tuple.*convert"),
        (objects(["a", "b"], ["b"]), "type list.*convert"),
        (objects({"a": 1}, {"b": 1}), "type dict.*convert"),
        (np.array([1j, 2]), "Complex data"),
        (np.eye(2), "1d array"),
        (pd.DataFrame({"y": ["a", "b"], "z": ["a", "b"]}), "1d array"),
        ("ab", "1d array"),
        ({"a": 1}, "1d array"),
        (["a", "a"], "only one class, 'a'"),
        (["a", None], "only one class, 'a'"),
        ([-1, -1], "only one class, -1"),
        ([None, np.nan], "no labels"),
        (np.ma.array([0, 1], mask=True), "no labels"),
        ([], "y is empty"),
        (["a", "b", "a"], "inconsistent numbers of samples"),
        (None, "requires y"),
    ],
    ids=[
        *("text and numbers", "text and booleans", "booleans and numbers", "bytes and text"),
        *("continuous", "continuous with gaps", "infinity", "infinity with gaps", "huge"),
        *("decimals", "dates", "timestamps", "tuples", "lists", "dicts", "complex", "2-D"),
        *("two columns", "one text", "dict", "one class", "one class and gaps", "all -1"),
        *("unlabelled", "masked", "empty", "another length", "None"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(y, match):
    with pytest.raises(ValueError, match=match):
        check_targets(2, y)


def test_sparse_and_bytes_labels_are_refused():
    with pytest.raises(TypeError, match="Sparse"):
        check_targets(2, scipy.sparse.csr_array(np.eye(2)))
    with pytest.raises(TypeError, match="bytes"):
        check_targets(2, np.array([b"a", b"b"]))


# Votes


@pytest.mark.parametrize(
    "votes",
    [
        VOTES,
        VOTES.tolist(),
        VOTES / 7,
        VOTES * 4e307,
        VOTES * 1e-310,
        VOTES.astype(np.uint8),
        VOTES.astype(str),
        VOTES.astype(object),
        np.where(VOTES == 0, np.nan, VOTES),
        np.asfortranarray(VOTES),
        scipy.sparse.csr_array(VOTES),
        pd.DataFrame(VOTES, columns=["a", "b"]),
        pd.DataFrame(VOTES, columns=["a", "b"], index=[3, 2, 1, 0]),
        pd.DataFrame(VOTES[:, ::-1], columns=["b", "a"]),
        pd.DataFrame(VOTES, columns=pd.CategoricalIndex(["a", "b"])),
        pd.DataFrame(VOTES, columns=["a", "b"]).astype("Int64"),
        pd.DataFrame(VOTES, columns=["a", "b"]).astype("Int64").where(VOTES > 0),
        np.ma.array(VOTES + 9 * (VOTES == 0), mask=VOTES == 0),
    ],
    ids=[
        *("counts", "lists", "shares", "huge", "tiny", "bytes", "text", "objects", "gaps"),
        *("Fortran", "sparse", "frame", "other row labels", "reordered", "categorical names"),
        *("Int64", "NA", "masked"),
    ],
)
def test_votes_in_every_form_are_the_same_shares(votes):
    assert_allclose(check_targets(4, Y, annotation_votes=votes).distribution, SHARES, rtol=1e-6)


@pytest.mark.parametrize(
    "labels", [[True, False], [1, 0], [1.0, 0.0], ["1", "0"]], ids=lambda labels: repr(labels[0])
)
def test_votes_are_aligned_with_labels_of_any_kind(labels):
    votes = pd.DataFrame(VOTES, columns=labels)  # the reverse of the sorted order
    y = [labels[code] for code in (0, 1, 0, 1)]
    distribution = check_targets(4, y, annotation_votes=votes).distribution
    assert_allclose(distribution[:, ::-1], SHARES, rtol=1e-6)


@pytest.mark.parametrize("nothing", [0, np.nan])
def test_songs_without_votes_are_their_labels(nothing):
    targets = check_targets(4, Y, annotation_votes=np.full((4, 2), nothing))
    assert targets.distribution.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("votes", "match"),
    [
        (VOTES - 1, "negative or infinite number in row 3"),
        (np.where(VOTES == 4, np.inf, VOTES), "negative or infinite number in row 3"),
        (VOTES[:3], r"shape \(3, 2\); expected.*\(4, 2\)"),
        (VOTES[:, :1], r"shape \(4, 1\)"),
        (np.c_[VOTES, VOTES], r"shape \(4, 4\)"),
        (VOTES[:, 0], r"shape \(4,\)"),
        (VOTES[:, :, None], r"shape \(4, 2, 1\)"),
        (1, r"shape \(\)"),
        ([["x", "y"]] * 4, "must be numbers.*'x'"),
        ([[1], [1, 2], [1], [1]], "must be numbers"),
        ({"a": [1] * 4}, "must be numbers"),
        (VOTES * 1j, "must be numbers.*complex"),
        (pd.DataFrame({"a": [[1]] * 4, "b": 1}), "must be numbers"),
        (pd.DataFrame(VOTES, columns=["a", "c"]), r"unknown: \['c'\], missing: \['b'\]"),
        (pd.DataFrame(VOTES[:, :1], columns=["a"]), r"missing: \['b'\]"),
        (pd.DataFrame(VOTES[:, [0, 1, 0]], columns=list("abc")), r"unknown: \['c'\].*Rename"),
        (pd.DataFrame(VOTES[:, [0, 1, 0]], columns=list("aba")), r"twice: \['a'\]"),
        (pd.DataFrame(VOTES, columns=[0, 1]), r"unknown: \[0, 1\]"),
    ],
    ids=[
        *("negative", "infinite", "too short", "too narrow", "too wide", "1-D", "3-D", "number"),
        *("text", "ragged", "dict", "complex", "lists in cells", "other column", "missing column"),
        *("further column", "doubled column", "numbered columns"),
    ],
)
def test_wrong_votes_are_refused(votes, match):
    with pytest.raises(ValueError, match=match):
        check_targets(4, Y, annotation_votes=votes)


# Weights and reliabilities


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (None, [1, 1, 1, 1]),
        (2, [1, 1, 1, 1]),
        ([1, 0, 1, 2], [1, 0, 1, 2]),
        ([-0.0, 1, 1, 2], [0, 1, 1, 2]),
        ([True, False, True, True], [4 / 3, 0, 4 / 3, 4 / 3]),
        ([1e-300] * 4, [1, 1, 1, 1]),
        ([5e-324] * 4, [1, 1, 1, 1]),
        ([3e38] * 4, [1, 1, 1, 1]),
        ([1.7e308] * 4, [1, 1, 1, 1]),
        ([1e300, 1, 1, 1], [4, 0, 0, 0]),
        (["1", "0", "1", "2"], [1, 0, 1, 2]),
        (pd.Series([1, 0, 1, 2], index=[3, 2, 1, 0]), [1, 0, 1, 2]),
        (pd.Series([1, 0, 1, 2], dtype="Int64"), [1, 0, 1, 2]),
        (objects(1, 0, 1.0, 2), [1, 0, 1, 2]),
    ],
    ids=[
        *("none", "number", "zero", "negative zero", "booleans", "tiny", "smallest", "large"),
        *("largest", "one huge", "text", "other row labels", "Int64", "objects"),
    ],
)
def test_weights_are_scaled_to_mean_one_whatever_their_size(weight, expected):
    assert_allclose(check_targets(4, Y, sample_weight=weight).sample_weight, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("weight", "match"),
    [
        ([1, -1, 1, 1], "Negative values in sample_weight, the first in row 1"),
        ([1, 1, -1e-300, 1], "Negative values in sample_weight, the first in row 2"),
        ([1, 1, np.nan, 1], "NaN in sample_weight, the first in row 2"),
        ([1, None, 1, 1], "NaN in sample_weight, the first in row 1"),
        (pd.array([1, None, 1, 1], dtype="Int64"), "NaN in sample_weight, the first in row 1"),
        ([1, 1, 1, np.inf], "infinity in sample_weight, the first in row 3"),
        ([0, 0, 0, 0], "at least one non-zero"),
        (0, "at least one non-zero"),
        ([1, 1, 1], r"sample_weight\.shape == \(3,\)"),
        (np.ones((4, 1)), "1D array"),
        (np.ones((4, 2)), "1D array"),
        (["x"] * 4, "must be numbers.*'x'"),
        (np.full(4, 1j), "must be numbers.*complex"),
        (pd.to_datetime(["2020"] * 4), "must be numbers.*datetime"),
        ({"a": 1}, "must be numbers"),
    ],
    ids=[
        *("negative", "slightly negative", "NaN", "None", "NA", "infinite", "all zero", "zero"),
        *("too short", "column", "table", "text", "complex", "dates", "dict"),
    ],
)
def test_wrong_weights_are_refused(weight, match):
    with pytest.raises(ValueError, match=match):
        check_targets(4, Y, sample_weight=weight)


@pytest.mark.parametrize(
    ("reliability", "expected"),
    [
        ([np.nan] * 4, [np.nan] * 4),
        ([None, 1, 0, 0.5], [np.nan, 1, 0, 0.5]),
        (objects(pd.NA, 1, 0, 0.5), [np.nan, 1, 0, 0.5]),
        (pd.Series([None, 1, 0, 1], dtype="Int64"), [np.nan, 1, 0, 1]),
        (np.ma.array([9, 1, 0, 0.5], mask=[1, 0, 0, 0]), [np.nan, 1, 0, 0.5]),
        ([1 + 1e-12, -1e-12, 0.5, 1], [1, 0, 0.5, 1]),
        (np.array([[0.1], [0.2], [0.3], [0.4]]), [0.1, 0.2, 0.3, 0.4]),
        ([True, False, True, True], [1, 0, 1, 1]),
        (pd.Series([0.1, 0.2, 0.3, 0.4], index=[3, 2, 1, 0]), [0.1, 0.2, 0.3, 0.4]),
    ],
    ids=["NaN", "None", "NA", "Int64", "masked", "rounding", "column", "booleans", "row labels"],
)
def test_reliabilities_are_shares_or_unknown(reliability, expected):
    targets = check_targets(4, Y, annotation_reliability=reliability)
    assert_array_equal(targets.reliability, expected)


@pytest.mark.parametrize(
    ("reliability", "match"),
    [
        ([-0.1, 1, 1, 1], "-0.1 in row 0. Rescale"),
        ([0, 1.1, 1, 1], "1.1 in row 1. Rescale"),
        ([60, 70, 80, 90], "60.0 in row 0. Rescale"),
        ([0, 1, np.inf, 1], "inf in row 2"),
        ([1, 1, 1], "3 values for 4 songs"),
        ([1, 1, 1, 1, 1], "5 values for 4 songs"),
        (np.ones((4, 2)), r"shape \(4, 2\)"),
        (1, r"shape \(\)"),
        (["x"] * 4, "must be numbers.*'x'"),
        (np.full(4, 1j), "must be numbers.*complex"),
    ],
    ids=[
        *("negative", "above one", "percent", "infinite", "too short", "too long", "table"),
        *("number", "text", "complex"),
    ],
)
def test_wrong_reliabilities_are_refused(reliability, match):
    with pytest.raises(ValueError, match=match):
        check_targets(4, Y, annotation_reliability=reliability)


# Groups


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["b", "a", "b", "c"], [1, 0, 1, 2]),
        ([7, 3, 7, 9], [1, 0, 1, 2]),
        ([7.5, 3, 7.5, 9], [1, 0, 1, 2]),
        (["b", None, "b", None], [0, 1, 0, 2]),
        ([7, np.nan, 7, np.nan], [0, 1, 0, 2]),
        (pd.Series([7, None, 7, 9], dtype="Int64"), [0, 2, 0, 1]),
        (pd.Categorical(["b", "a", "b", "c"]), [1, 0, 1, 2]),
        (pd.to_datetime(["2021", "2020", "2021", "2022"]), [1, 0, 1, 2]),
        (pd.Series(["b", "a", "b", "c"], index=[3, 2, 1, 0]), [1, 0, 1, 2]),
        ([None] * 4, [0, 1, 2, 3]),
        (np.zeros(4), [0, 0, 0, 0]),
    ],
    ids=[
        *("text", "integers", "floats", "None", "NaN", "Int64", "categorical", "dates"),
        *("other row labels", "none at all", "one group"),
    ],
)
def test_groups_of_every_kind_are_numbered_and_a_song_without_one_is_alone(groups, expected):
    assert check_groups(groups, 4).tolist() == expected


@pytest.mark.parametrize("groups", [["x", 1, "x", None], [("a",), ("b",), ("a",), None]])
def test_groups_of_mixed_kinds_are_told_apart(groups):
    codes = check_groups(groups, 4)
    assert codes[0] == codes[2]
    assert len(set(codes)) == 3


@pytest.mark.parametrize(
    ("groups", "match"),
    [
        ([1, 2, 3], "inconsistent numbers of samples"),
        (np.ones((4, 2)), r"groups has shape \(4, 2\)"),
        ([["a"]] * 4, "must be names or numbers"),
        (np.array(3), r"groups has shape \(\)"),
    ],
    ids=["too short", "table", "lists", "number"],
)
@pytest.mark.parametrize("classifier", [make_student(), TeacherClassifier(max_epochs=1)], ids=str)
def test_wrong_groups_are_refused(classifier, groups, match, X):
    with pytest.raises(ValueError, match=match):
        classifier.fit(X[:4], Y, groups=groups)


def test_one_group_cannot_be_cross_fitted(X):
    with pytest.raises(ValueError, match=r"has 1 groups.*teacher_cv=None"):
        make_student().fit(X, Y * 6, groups=np.zeros(24))


@pytest.mark.parametrize("wrap", [pd.DataFrame, lambda names: np.array(names)[:, None]])
def test_groups_may_be_a_column(wrap):
    names = ["ann", "bob", "ann", "eve"]
    column = wrap({"artist": names} if wrap is pd.DataFrame else names)
    assert check_groups(column, 4).tolist() == check_groups(names, 4).tolist()
    with pytest.raises(ValueError, match=r"groups has shape \(4, 2\); expected one group a song"):
        check_groups(pd.DataFrame({"artist": names, "album": names}), 4)


def test_groups_with_gaps_reach_the_folds(X):
    groups = np.where(np.arange(24) % 5 == 0, np.nan, np.arange(24) // 2)
    student = make_student(teacher=TeacherClassifier(max_epochs=1)).fit(X, Y * 6, groups=groups)
    assert proba_is_sound(student, X)


# Few songs


@pytest.mark.parametrize("n_songs", [4, 5, 6])
@pytest.mark.parametrize("teacher_cv", [2, 5, 50])
def test_more_folds_than_songs_of_a_class_are_fewer_folds(X, n_songs, teacher_cv):
    y = (Y * 2)[:n_songs]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        student = make_student(teacher_cv=teacher_cv).fit(X[:n_songs], y)
    messages = [str(warning.message) for warning in caught]
    assert proba_is_sound(student, X)
    assert any("folds are used" in message for message in messages) == (teacher_cv > 2)
    in_folds = teacher_cv > 2 and n_songs == 6  # three songs a class fill three folds
    assert any("No song can be held out" in message for message in messages) != in_folds


@pytest.mark.parametrize("n_songs", [2, 3])
def test_two_or_three_songs_are_learnt_without_cross_fitting_alone(X, n_songs):
    with pytest.raises(ValueError, match=r"has 1 songs.*teacher_cv=None"):
        make_student().fit(X[:n_songs], Y[:n_songs])
    for parameters in ({"teacher_cv": None}, {"strategy": "student-only"}):
        with pytest.warns(UserWarning, match="No song can be held out"):
            student = make_student(**parameters).fit(X[:n_songs], Y[:n_songs])
        assert proba_is_sound(student, X)


@pytest.mark.parametrize("n_rare", [2, 3, 4])
def test_a_class_of_few_songs_keeps_enough_for_cross_fitting(X, n_rare):
    y = Y * 5 + ["c"] * n_rare
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        student = make_student().fit(X[: len(y)], y)
    assert student.classes_.tolist() == ["a", "b", "c"]
    assert student.temperature_ > 0


@pytest.mark.parametrize("n_left", [1, 2, 3])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_hold_out_leaves_each_class_what_was_asked_for(n_left, grouped):
    codes = np.r_[np.tile([0, 1], 15), [2] * 5, [3] * 3, [4] * 2, 5]
    groups = np.arange(len(codes)) if grouped else None
    for seed in range(5):
        kept, held = hold_out(codes, groups, random_state=seed, n_left=n_left)
        assert len(held)
        left, all_of_it = np.bincount(codes[kept]), np.bincount(codes)
        assert (left >= np.minimum(n_left, all_of_it)).all()


@pytest.mark.parametrize("n_labelled", [4, 8])
def test_a_few_labels_among_many_songs_are_enough(X, n_labelled):
    y = objects(*(Y * 6))
    y[n_labelled:] = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        student = make_student().fit(X, y)
    assert proba_is_sound(student, X)
    assert student.credibility_["teacher_correct"].notna().sum() == n_labelled


# Ways to say the same, or nothing


@pytest.mark.parametrize(
    "extras",
    [
        {"sample_weight": np.r_[1e30, np.ones(23)]},
        {"sample_weight": np.tile([1.0, 0.0], 12)},
        {"annotation_reliability": np.full(24, np.nan)},
        {"annotation_reliability": np.zeros(24)},
        {"annotation_votes": np.full((24, 2), np.nan)},
        {"annotation_votes": np.ones((24, 2))},
        {"annotation_votes": np.tile(1 - np.eye(2), (12, 1))},
        {"groups": np.arange(24)},
        {"groups": [None] * 24},
    ],
    ids=[
        *("one huge weight", "one class without weight", "unknown reliability"),
        *("no reliability", "no votes", "undecided votes", "votes against the label"),
        *("a group a song", "no group"),
    ],
)
def test_extreme_extras_give_probabilities(X, extras):
    student = make_student(teacher=TeacherClassifier(max_epochs=1)).fit(X, Y * 6, **extras)
    assert proba_is_sound(student, X)
    assert np.isfinite(student.predict_credibility(X)).all()


def test_columns_of_votes_in_another_order_give_the_same_student(X):
    frame = pd.DataFrame(np.tile(VOTES, (6, 1)), columns=["a", "b"])
    fits = [
        make_student().fit(X, Y * 6, annotation_votes=votes).predict_proba(X)
        for votes in (frame, frame[["b", "a"]], frame.to_numpy(), frame.to_numpy().tolist())
    ]
    for proba in fits[1:]:
        assert_array_equal(proba, fits[0])


def test_labels_by_name_or_number_give_the_same_student(X):
    by_name = make_student().fit(X, Y * 6).predict_proba(X)
    by_number = make_student().fit(X, [0, 1] * 12).predict_proba(X)
    assert_array_equal(by_name, by_number)


@given(
    y=st.lists(st.sampled_from(["a", "b", "c", None, np.nan]), min_size=2, max_size=12).filter(
        lambda y: len({label for label in y if isinstance(label, str)}) > 1
    ),
    seed=st.integers(0, 999),
)
def test_targets_are_distributions_of_labelled_songs_alone(y, seed):
    rng = np.random.RandomState(seed)
    n_classes = len({label for label in y if isinstance(label, str)})
    votes = rng.randint(3, size=(len(y), n_classes))
    targets = check_targets(len(y), y, annotation_votes=votes)
    assert_array_equal(targets.labelled, [isinstance(label, str) for label in y])
    assert_allclose(targets.distribution.sum(axis=1), targets.labelled, atol=1e-6)
    rows = np.flatnonzero(targets.labelled)
    assert (targets.distribution[rows, targets.codes[rows]] >= 0.5).all()
