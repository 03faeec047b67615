"""The songs of an experiment."""

import numpy as np
import pandas as pd
import pytest
from skorch.helper import SliceDict

from sklearn_skd.classifiers._crossfit import songs_for
from sklearn_skd.evaluation._songs import Songs, hash_songs


def make_table():
    """A table whose cells are new objects every time, as in another process."""
    lyrics = ["".join(letters) for letters in (["la ", "la"], ["lo"])]
    return pd.DataFrame({"lyrics": [*lyrics, None], "audio": [np.arange(3.0), "b.wav", None]})


def test_votes_of_a_table_are_aligned_by_name(collection):
    table = pd.DataFrame(collection.votes, columns=["calm", "happy", "sad"])
    songs = Songs(collection.X, collection.y, annotation_votes=table[["sad", "calm", "happy"]])
    np.testing.assert_array_equal(songs.fit_params["annotation_votes"], collection.votes)


def test_nothing_but_the_group_is_known_of_a_hidden_song(collection):
    songs = Songs(
        collection.X,
        collection.y,
        groups=collection.groups,
        annotation_votes=collection.votes,
        annotation_reliability=collection.reliability,
    )
    rows, hidden = np.arange(10), np.array([3, 4])
    told = songs.annotations(rows, hidden)
    assert np.isnan(told["annotation_votes"][3:5]).all()
    assert np.isnan(told["annotation_reliability"][3:5]).all()
    assert np.isfinite(np.delete(told["annotation_votes"], [3, 4], axis=0)).all()
    np.testing.assert_array_equal(told["groups"], songs.fit_params["groups"][:10])
    assert songs.labels(rows, hidden).tolist() == [
        None if i in (3, 4) else label for i, label in enumerate(collection.y[:10].tolist())
    ]
    assert np.isfinite(songs.fit_params["annotation_votes"]).all()


@pytest.mark.parametrize("name", ["y", "annotation_votes", "annotation_reliability", "groups"])
def test_lengths_that_differ_are_told_before_training(collection, name):
    parts = {
        "y": collection.y,
        "annotation_votes": collection.votes,
        "annotation_reliability": collection.reliability,
        "groups": collection.groups,
    }
    with pytest.raises(ValueError, match=r"47|inconsistent"):
        Songs(collection.X, **{**parts, name: parts[name][:-1]})


@pytest.mark.parametrize("container", [dict, SliceDict])
def test_rows_of_a_mapping_are_taken_from_every_source(container):
    X = container(a=np.arange(6), b=np.arange(12).reshape(6, 2))
    part = songs_for(None, X, np.array([4, 1]))
    assert type(part) is container
    assert part["a"].tolist() == [4, 1]
    assert part["b"].tolist() == [[8, 9], [2, 3]]


def test_a_table_is_hashed_by_value():
    assert hash_songs(make_table()) == hash_songs(make_table())


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.assign(lyrics=["la la", "lu", None]),
        lambda table: table.rename(columns={"lyrics": "text"}),
        lambda table: table.iloc[::-1],
        lambda table: table.assign(audio=[np.arange(3.0) + 1, "b.wav", None]),
    ],
)
def test_another_table_has_another_hash(change):
    assert hash_songs(change(make_table())) != hash_songs(make_table())


@pytest.mark.parametrize(
    "genre",
    [
        pd.Series(["a", "b", "a"], dtype="object"),
        pd.Categorical(["a", "b", "a"], categories=["b", "a"]),
        pd.Categorical(["a", "b", "a"], categories=["a", "b"], ordered=True),
    ],
)
def test_the_types_of_columns_are_part_of_a_table(genre):
    table = make_table()
    known = pd.Categorical(["a", "b", "a"])
    same = table.assign(genre=known.copy())
    assert hash_songs(table.assign(genre=known)) == hash_songs(same)
    assert hash_songs(table.assign(genre=genre)) != hash_songs(same)
