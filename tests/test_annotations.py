"""Votes become labels, reliabilities and counts, and nothing gets lost on the way."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklearn_skd import aggregate_annotations


@pytest.fixture
def votes():
    return pd.DataFrame(
        {
            "song": ["b", "b", "b", "a", "a", "c", "d"],
            "annotator": ["ann", "bob", "eve", "ann", "bob", "ann", "ann"],
            "emotion": ["calm", "calm", "sad", "sad", "calm", "joy", None],
        }
    )


def test_songs_come_in_order_of_first_appearance_and_emotions_sorted(votes):
    table = aggregate_annotations(votes)
    assert list(table.index) == ["b", "a", "c", "d"]
    assert table.index.name == "song"
    assert table.attrs["emotions"] == ["calm", "joy", "sad"]
    assert list(table.columns) == [
        *("emotion", "annotation_reliability", "n_annotators", "tied", "screened"),
        *("calm", "joy", "sad"),
    ]


def test_counts_are_the_votes_of_each_song(votes):
    table = aggregate_annotations(votes)
    counts = table[table.attrs["emotions"]]
    assert counts.to_numpy().tolist() == [[2, 0, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert (counts.dtypes == np.int64).all()
    assert table["n_annotators"].tolist() == [3, 2, 1, 0]


def test_reliability_is_the_share_of_agreeing_pairs_of_annotators():
    rng = np.random.default_rng(0)
    votes = pd.DataFrame(
        {
            "song": np.repeat(np.arange(20), 6),
            "annotator": np.tile(np.arange(6), 20),
            "emotion": rng.choice(["calm", "joy", "sad"], 120),
        }
    ).sample(100, random_state=0)
    table = aggregate_annotations(votes)
    for song, group in votes.groupby("song"):
        heard = group["emotion"].to_numpy()
        pairs = [heard[i] == heard[j] for i in range(len(heard)) for j in range(i)]
        assert_allclose(table.loc[song, "annotation_reliability"], np.mean(pairs))


def test_reliability_is_unknown_for_fewer_than_two_votes(votes):
    reliability = aggregate_annotations(votes)["annotation_reliability"]
    assert reliability.isna().tolist() == [False, False, True, True]


def test_a_tie_is_reported_and_the_label_missing_by_default(votes):
    table = aggregate_annotations(votes)
    assert table["tied"].tolist() == [False, True, False, False]
    assert table["emotion"].isna().tolist() == [False, True, False, True]
    assert table.loc["b", "emotion"] == "calm"


def test_a_tie_can_be_resolved_by_sorted_order(votes):
    table = aggregate_annotations(votes, ties="first")
    assert table.loc["a", "emotion"] == "calm"
    assert table.loc["a", "tied"]


def test_screening_marks_conflicting_songs_and_removes_none(votes):
    table = aggregate_annotations(votes, min_agreement=0.3)
    assert table["screened"].tolist() == [False, True, False, False]
    assert table.loc["b", "emotion"] == "calm"
    assert len(table) == 4
    assert not aggregate_annotations(votes)["screened"].any()


def test_songs_fixes_the_order_and_keeps_songs_without_votes(votes):
    table = aggregate_annotations(votes, songs=["c", "z", "b"])
    assert list(table.index) == ["c", "z", "b"]
    assert table.loc["z", ["calm", "joy", "sad"]].tolist() == [0, 0, 0]
    assert pd.isna(table.loc["z", "emotion"])
    assert table.attrs["unlisted_songs"] == ["a", "d"]


def test_rows_without_emotion_are_counted_not_hidden(votes):
    assert aggregate_annotations(votes).attrs["n_without_emotion"] == 1


def test_whole_number_labels_stay_whole_numbers(votes):
    votes = votes.dropna().assign(emotion=[1, 1, 0, 0, 1, 2])
    complete = aggregate_annotations(votes, ties="first")["emotion"]
    assert complete.dtype == np.int64
    gaps = aggregate_annotations(votes)["emotion"]
    assert [type(label) for label in gaps.dropna()] == [int, int]
    assert gaps.isna().sum() == 1


def test_categorical_votes_give_the_same_table(votes):
    categorical = votes.astype({"emotion": "category", "song": "category"})
    pd.testing.assert_frame_equal(
        aggregate_annotations(categorical), aggregate_annotations(votes), check_column_type=False
    )


def test_without_annotator_each_row_is_one_vote(votes):
    anonymous = aggregate_annotations(votes.drop(columns="annotator"))
    pd.testing.assert_frame_equal(anonymous, aggregate_annotations(votes))
    twice = pd.concat([votes, votes])
    table = aggregate_annotations(twice, annotator=None)
    assert table["n_annotators"].tolist() == [6, 4, 2, 0]


def test_missing_annotators_are_different_people(votes):
    votes.loc[:2, "annotator"] = None
    assert aggregate_annotations(votes).loc["b", "n_annotators"] == 3


def test_other_column_names_can_be_given(votes):
    renamed = votes.rename(columns={"song": "track", "annotator": "user", "emotion": "mood"})
    table = aggregate_annotations(renamed, song="track", annotator="user", emotion="mood")
    assert table.index.name == "track"
    assert table["calm"].tolist() == aggregate_annotations(votes)["calm"].tolist()


def test_votes_are_not_changed(votes):
    before = votes.copy()
    aggregate_annotations(votes)
    pd.testing.assert_frame_equal(votes, before)


def test_a_second_vote_of_an_annotator_raises_and_says_how_to_drop_it(votes):
    with pytest.raises(ValueError, match=r"'bob' on song 'b'.*drop_duplicates"):
        aggregate_annotations(pd.concat([votes, votes.iloc[[1]]]))


@pytest.mark.parametrize("role", ["song", "annotator", "emotion"])
def test_a_missing_column_raises_and_names_it(votes, role):
    with pytest.raises(ValueError, match=rf"no column 'other'.*{role}="):
        aggregate_annotations(votes, **{role: "other"})


def test_a_vote_without_song_raises_and_names_the_row(votes):
    votes.loc[3, "song"] = None
    with pytest.raises(ValueError, match=r"rows \[3\]"):
        aggregate_annotations(votes)


def test_ids_of_another_kind_raise(votes):
    with pytest.raises(ValueError, match="same kind"):
        aggregate_annotations(votes, songs=[1, 2])


def test_an_emotion_named_like_a_result_column_raises(votes):
    with pytest.raises(ValueError, match=r"\['tied'\]"):
        aggregate_annotations(votes.replace("sad", "tied"))


def test_mixed_kinds_of_emotions_raise(votes):
    with pytest.raises(ValueError, match="sorted"):
        aggregate_annotations(votes.astype(object).replace("sad", 3))


def test_votes_without_any_emotion_raise(votes):
    with pytest.raises(ValueError, match="no emotion"):
        aggregate_annotations(votes.assign(emotion=None))


def test_wrong_arguments_raise(votes):
    with pytest.raises(TypeError, match="DataFrame"):
        aggregate_annotations([("a", "ann", "joy")])
    with pytest.raises(ValueError, match="ties"):
        aggregate_annotations(votes, ties="random")
    with pytest.raises(ValueError, match="min_agreement"):
        aggregate_annotations(votes, min_agreement=2)


def test_songs_of_several_sets_are_tuples_and_the_result_has_the_index_of_their_table():
    songs = [("merge", "a"), ("merge", "a"), ("emma", "a")]
    votes = pd.DataFrame({"song": songs, "emotion": ["calm", "sad", "sad"]})
    assert aggregate_annotations(votes).index.tolist() == [("merge", "a"), ("emma", "a")]
    index = pd.MultiIndex.from_tuples([("emma", "a"), ("emma", "b"), ("merge", "a")])
    table = aggregate_annotations(votes, songs=index)
    assert table.index.equals(index)
    assert table["n_annotators"].tolist() == [1, 0, 2]


def test_a_column_an_annotator_is_told_how_to_become_a_row_a_vote():
    wide = pd.DataFrame({"song": ["a", "b"], "ann": ["calm", "sad"], "bob": ["calm", None]})
    with pytest.raises(ValueError, match=r"no column 'emotion'.*votes\.melt"):
        aggregate_annotations(wide)
    long = wide.melt("song", var_name="annotator", value_name="emotion")
    table = aggregate_annotations(long)
    assert table[table.attrs["emotions"]].sum(axis=1).to_dict() == {"a": 2, "b": 1}
