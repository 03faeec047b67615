"""Labels, votes, weights and reliabilities in one form."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_skd.classifiers._targets import check_targets, sliceable

LABELS = ["b", "a", "c", "a"]  # classes a, b, c


def check(y=LABELS, **extras):
    return check_targets(len(y), y, **extras)


# Labels


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        (["sad", "happy", "sad"], ["happy", "sad"], [1, 0, 1]),
        ([3, 1, 3], [1, 3], [1, 0, 1]),
        ([True, False, True], [False, True], [1, 0, 1]),
        (np.array([0.0, 2.0, 0.0]), [0.0, 2.0], [0, 1, 0]),
        (pd.Series(["x", "y", "x"], dtype="category"), ["x", "y"], [0, 1, 0]),
        (np.array([[1], [0]])[:, 0], [0, 1], [1, 0]),
    ],
)
def test_labels_of_any_type_are_sorted_and_coded(y, classes, codes):
    targets = check(y)
    assert targets.classes.tolist() == classes
    assert targets.codes.tolist() == codes
    assert targets.labelled.all()


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("labels", [["a", "b"], [0, 1]])
def test_missing_labels_mark_unlabelled_songs(nothing, labels):
    y = np.array([labels[1], nothing, labels[0]], dtype=object)
    targets = check(y)
    assert targets.classes.tolist() == labels
    assert targets.codes.tolist() == [1, -1, 0]
    assert targets.distribution.tolist() == [[0, 1], [0, 0], [1, 0]]


def test_nan_in_a_float_array_marks_unlabelled_songs():
    assert check(np.array([1.0, np.nan, 0.0])).codes.tolist() == [1, -1, 0]


def test_minus_one_is_unlabelled_beside_two_other_labels():
    targets = check([2, -1, 0, -1, 2])
    assert targets.classes.tolist() == [0, 2]
    assert targets.codes.tolist() == [1, -1, 0, -1, 1]


@pytest.mark.parametrize("y", [[-1, 1, -1], np.array([-1.0, 1.0, np.nan])])
def test_minus_one_and_one_are_a_binary_problem(y):
    targets = check(y)
    assert targets.classes.tolist() == [-1, 1]
    assert targets.codes.tolist()[:2] == [0, 1]


def test_one_class_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"only one class, .*'a'"):
        check(["a", "a", None])


@pytest.mark.parametrize("y", [[None, None], np.array([np.nan, np.nan])])
def test_no_labels_at_all_are_an_error(y):
    with pytest.raises(ValueError, match="every song is unlabelled"):
        check(y)


def test_y_none_is_an_error_as_in_scikit_learn():
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        check_targets(3, None)


@pytest.mark.parametrize("y", [np.array([0.5, 1.2, 3.3]), np.array([0.5, np.nan, 3.3])])
def test_continuous_y_is_an_error(y):
    with pytest.raises(ValueError, match=r"[Uu]nknown label type"):
        check(y)


def test_infinite_y_is_an_error():
    with pytest.raises(ValueError, match="y contains infinity"):
        check(np.array([0.0, 1.0, np.inf]))


def test_y_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        check_targets(5, LABELS)


# Votes


def test_target_is_half_label_and_half_vote_shares():
    votes = [[1, 3, 0], [4, 0, 0], [1, 1, 2], [0, 1, 4]]
    targets = check(annotation_votes=votes)
    expected = [[0.125, 0.875, 0], [1, 0, 0], [0.125, 0.125, 0.75], [0.5, 0.1, 0.4]]
    assert_allclose(targets.distribution, expected, rtol=1e-6)


def test_counts_and_shares_are_the_same_votes():
    counts = np.array([[1, 3, 0], [4, 0, 0], [1, 1, 2], [0, 1, 4]])
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert_allclose(
        check(annotation_votes=counts).distribution,
        check(annotation_votes=shares).distribution,
        rtol=1e-6,
    )


def test_columns_of_a_frame_are_aligned_by_name():
    votes = pd.DataFrame([[1, 3, 0], [4, 0, 0], [1, 1, 2], [0, 1, 4]], columns=["a", "b", "c"])
    assert_array_equal(
        check(annotation_votes=votes[["c", "a", "b"]]).distribution,
        check(annotation_votes=votes.to_numpy()).distribution,
    )


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        (["a", "b", "x"], r"unknown: \['x'\], missing: \[.*'c'.*\]"),
        (["a", "b"], r"unknown: \[\], missing: \[.*'c'.*\]"),
        (["a", "b", "c", "d"], r"unknown: \['d'\], missing: \[\]"),
    ],
)
def test_unknown_and_missing_columns_are_named(columns, error):
    votes = pd.DataFrame(np.ones((4, len(columns))), columns=columns)
    with pytest.raises(ValueError, match=error):
        check(annotation_votes=votes)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (4,)])
def test_wrong_shape_of_votes_is_told_with_the_right_one(shape):
    with pytest.raises(ValueError, match=r"expected .*\(4, 3\), in the order \['a', 'b', 'c'\]"):
        check(annotation_votes=np.ones(shape))


@pytest.mark.parametrize("bad", [-1, np.inf])
def test_impossible_votes_are_named_with_their_row(bad):
    votes = np.ones((4, 3))
    votes[2, 1] = bad
    with pytest.raises(ValueError, match="negative or infinite number in row 2"):
        check(annotation_votes=votes)


@pytest.mark.parametrize("empty", [0, np.nan])
def test_songs_without_votes_keep_their_label(empty):
    votes = np.array([[1.0, 1, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0]])
    votes[2] = empty
    assert check(annotation_votes=votes).distribution[2].tolist() == [0, 0, 1]


def test_votes_do_not_label_an_unlabelled_song():
    targets = check(["a", None, "b"], annotation_votes=[[1, 0], [3, 1], [0, 1]])
    assert targets.codes.tolist() == [0, -1, 1]
    assert targets.distribution[1].tolist() == [0, 0]


# Reliability and weights


def test_reliability_is_unknown_unless_given():
    assert np.isnan(check().reliability).all()


def test_reliability_keeps_nan_as_unknown():
    q = [0, 1, np.nan, 0.5]
    assert_array_equal(check(annotation_reliability=q).reliability, q)


@pytest.mark.parametrize("bad", [-0.01, 1.01, 60, np.inf])
def test_reliability_out_of_range_is_named_with_its_row(bad):
    with pytest.raises(ValueError, match=f"got {float(bad)} in row 2"):
        check(annotation_reliability=[0.5, np.nan, bad, 0.5])


def test_reliability_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="3 values for 4 songs"):
        check(annotation_reliability=[1, 1, 1])


def test_sample_weight_is_scaled_to_mean_one():
    assert_allclose(check(sample_weight=[1, 2, 3, 10]).sample_weight, [0.25, 0.5, 0.75, 2.5])
    assert check().sample_weight.tolist() == [1, 1, 1, 1]


def test_negative_sample_weight_is_an_error():
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        check(sample_weight=[1, -1, 1, 1])


def test_sample_weight_of_another_length_is_an_error():
    with pytest.raises(ValueError, match=r"sample_weight\.shape"):
        check(sample_weight=[1, 1])


def test_zero_weight_for_all_songs_is_an_error():
    with pytest.raises(ValueError, match="at least one non-zero number"):
        check(sample_weight=[0, 0, 0, 0])


def test_zero_weight_for_all_labelled_songs_is_an_error():
    with pytest.raises(ValueError, match="zero for all labelled songs"):
        check(["b", "a", None, None], sample_weight=[0, 0, 1, 1])


def test_take_keeps_everything_about_some_songs():
    targets = check(
        ["b", None, "c", "a"],
        sample_weight=[1, 2, 3, 4],
        annotation_votes=np.eye(4)[:, :3],
        annotation_reliability=[0.1, 0.2, np.nan, 0.4],
    )
    rows = [3, 1]
    taken = targets.take(rows)
    assert taken.classes.tolist() == ["a", "b", "c"]
    assert taken.labelled.tolist() == [True, False]
    for name in ("codes", "distribution", "sample_weight", "reliability"):
        assert_array_equal(getattr(taken, name), getattr(targets, name)[rows])


def test_text_mixed_with_numbers_is_refused_rather_than_cast():
    with pytest.raises(ValueError, match="mixes text with other labels"):
        check_targets(3, np.array([1, "a", 1], dtype=object))


def test_votes_that_are_no_numbers_are_named():
    with pytest.raises(ValueError, match="annotation_votes must be numbers"):
        check_targets(2, ["a", "b"], annotation_votes=[["x", "y"], ["z", "w"]])


# Songs of weight 0


def test_a_song_of_weight_zero_has_no_label():
    targets = check(sample_weight=[1, 0, 1, 2], annotation_votes=np.ones((4, 3)))
    assert targets.classes.tolist() == ["a", "b", "c"]
    assert targets.codes.tolist() == [1, -1, 2, 0]
    assert targets.distribution[1].tolist() == [0, 0, 0]
    assert_allclose(targets.sample_weight, [1, 0, 1, 2])


def test_a_class_without_any_weight_keeps_its_labels():
    assert check(sample_weight=[0, 0, 1, 2]).codes.tolist() == [1, -1, 2, 0]


# For the teachers


def test_what_a_teacher_gets_has_rows():
    votes = np.array([[2.0, 1], [0, 3], [4, 0]])
    masked = np.ma.masked_array(votes, mask=[[False] * 2, [True] * 2, [False] * 2])
    assert_array_equal(sliceable(masked, 3), [[2, 1], [np.nan] * 2, [4, 0]])
    assert_array_equal(sliceable(scipy.sparse.csr_array(votes), 3), votes)
    assert_array_equal(sliceable(2, 3), [2, 2, 2])
    assert sliceable([1, 2], 2).dtype.kind == "i"
    frame = pd.DataFrame(votes)
    assert sliceable(frame, 3) is frame
    assert sliceable(None, 3) is None
