"""train_validation_test_split and count_leaks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import Bunch

from sklearn_skd.datasets import count_leaks, song_groups, train_validation_test_split


def make_table(n_songs, n_artists, *, seed=0, n_titles=1000):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "artist": [f"Artist {i}" for i in rng.integers(n_artists, size=n_songs)],
            "title": [f"Title {i}" for i in rng.integers(n_titles, size=n_songs)],
            "emotion": rng.choice(["calm", "sadness", "tension"], size=n_songs, p=[0.6, 0.3, 0.1]),
        },
        index=[f"song {i}" for i in range(n_songs)],
    )


@settings(max_examples=40, deadline=None)
@given(
    songs=st.lists(
        st.tuples(st.sampled_from([None, *"abcdefgh"]), st.sampled_from([None, *"xyz"])),
        min_size=15,
        max_size=60,
    ),
    random_state=st.integers(0, 100),
)
@pytest.mark.filterwarnings("ignore:.*has no song of")
def test_no_artist_and_no_version_crosses(songs, random_state):
    table = pd.DataFrame(songs, columns=["artist", "title"]).assign(emotion=["calm"] * len(songs))
    groups = table["artist"].fillna(pd.Series(table.index, table.index, dtype=object).astype(str))
    sizes = (0.5, 0.25, 0.25)
    if groups.nunique() < 3:
        with pytest.raises(ValueError, match="groups"):
            train_validation_test_split(table, sizes, random_state=random_state)
        return
    splits = train_validation_test_split(table, sizes, random_state=random_state)
    assert all(len(index) for index in splits.values())
    assert sorted(np.concatenate(list(splits.values()))) == list(range(len(table)))
    for by in ("artist", "version"):
        assert count_leaks(splits, song_groups(table, by=by))["n_leaked"].sum() == 0


def test_shares_are_kept_in_every_emotion():
    table = make_table(400, 150)
    splits = train_validation_test_split(table, random_state=0)
    for emotion, n in table["emotion"].value_counts().items():
        found = [(table.loc[splits[side], "emotion"] == emotion).sum() for side in splits]
        np.testing.assert_allclose(found, n * np.array([0.7, 0.1, 0.2]), atol=2)


def test_unlabelled_songs_are_divided_in_the_same_shares():
    table = make_table(200, 200)
    table.loc[table.index[::2], "emotion"] = None
    splits = train_validation_test_split(table, random_state=0)
    found = [table.loc[index, "emotion"].isna().sum() for index in splits.values()]
    np.testing.assert_allclose(found, [70, 10, 20], atol=2)


def test_the_same_seed_gives_the_same_split_in_the_order_of_the_table():
    table = make_table(100, 40)
    one, again, other = (train_validation_test_split(table, random_state=s) for s in (1, 1, 2))
    assert one["test"].equals(again["test"])
    assert not one["test"].equals(other["test"])
    assert table.index.get_indexer(one["train"]).tolist() == sorted(
        table.index.get_indexer(one["train"])
    )


def test_without_groups_versions_alone_stay_together():
    table = make_table(300, 6, n_titles=20)
    splits = train_validation_test_split(table, groups=None, random_state=0)
    leaks = {by: count_leaks(splits, song_groups(table, by=by)) for by in ("artist", "version")}
    assert leaks["version"]["n_leaked"].sum() == 0
    assert leaks["artist"]["share"].min() > 0.5


def test_groups_and_versions_tie_songs_together_indirectly():
    table = make_table(90, 90)
    table["artist"], table["title"] = "Ann", [f"Title {i // 2}" for i in range(90)]
    shifted = (np.arange(90) + 1) // 2  # with the versions, one chain of all songs but for gaps
    shifted[::10] = -np.arange(9) - 1
    splits = train_validation_test_split(table, groups=shifted, random_state=0)
    side = pd.concat([pd.Series(name, index) for name, index in splits.items()])[table.index]
    for ties in (shifted, table["title"].to_numpy()):
        assert side.groupby(ties).nunique().max() == 1


def test_a_bunch_brings_its_emotions_and_artists():
    groups = np.repeat(np.arange(20), 5)
    bunch = Bunch(
        data=pd.DataFrame({"lyrics": ["la"] * 100}), target=["calm", "sad"] * 50, groups=groups
    )
    splits = train_validation_test_split(bunch, random_state=0)
    assert count_leaks(splits, pd.Series(groups))["n_leaked"].sum() == 0
    assert [len(index) for index in splits.values()] == [70, 10, 20]


def test_songs_of_several_sets_are_one_table():
    table = pd.concat({"merge": make_table(60, 20), "emma": make_table(60, 20, seed=1)})
    splits = train_validation_test_split(table, random_state=0)
    assert len(table.loc[splits["test"]]) == len(splits["test"])
    assert count_leaks(splits, song_groups(table))["n_leaked"].sum() == 0


def test_an_emotion_that_a_side_lacks_is_told():
    table = make_table(60, 30)
    table["emotion"] = ["tension", *["calm"] * 59]
    with pytest.warns(UserWarning, match=r"has no song of \['tension'\]"):
        train_validation_test_split(table, random_state=0)


@pytest.mark.filterwarnings("ignore:.*has no song of")
@pytest.mark.parametrize("n_artists", [3, 20])
def test_every_side_gets_songs_however_few_the_artists_of_an_emotion_are(n_artists):
    artist = np.repeat(np.arange(n_artists), 4)
    table = pd.DataFrame({"artist": artist, "emotion": artist % 4})
    splits = train_validation_test_split(table, random_state=0)
    n_groups = [table.loc[index, "artist"].nunique() for index in splits.values()]
    assert min(n_groups) == 1
    assert sum(n_groups) == n_artists
    assert n_groups[0] == max(n_groups)


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        ({}, {"sizes": (0.5, 0.5)}, "three positive numbers"),
        ({}, {"sizes": (0.7, 0.2, 0.2)}, "of sum 1"),
        ({"artist": "Ann"}, {}, "1 groups"),
        ({"artist": None}, {"groups": "title"}, "got 'title'"),
        ({}, {"groups": [1, 2]}, "2 groups for 30"),
        ({}, {"target": ["calm"]}, "1 labels for 30"),
    ],
)
def test_errors_name_what_is_wrong(change, given, message):
    with pytest.raises(ValueError, match=message):
        train_validation_test_split(make_table(30, 30).assign(**change), **given)


@pytest.mark.parametrize(("column", "message"), [("artist", "artists"), ("emotion", "emotions")])
def test_unknown_artists_and_emotions_are_an_error(column, message):
    with pytest.raises(ValueError, match=f"The {message} are unknown"):
        train_validation_test_split(make_table(30, 30).drop(columns=column))


def test_leaks_are_counted_in_both_directions():
    artist = pd.Series({"a": "Ann", "b": "Bob", "c": "Ann", "d": "Ann", "e": None})
    leaks = count_leaks({"train": ["a", "b"], "test": ["c", "d", "e"]}, artist)
    assert leaks.loc[("test", "train")].to_dict() == {
        "n_songs": 3,
        "n_unknown": 1,
        "n_leaked": 2,
        "share": 1.0,
        "n_groups": 1,
    }
    assert leaks.loc[("train", "test"), "share"] == 0.5


def test_songs_without_a_group_at_all_are_an_error():
    with pytest.raises(ValueError, match=r"1 songs of 'test'.*'z'"):
        count_leaks({"train": ["a"], "test": ["z"]}, pd.Series({"a": "Ann"}))
    with pytest.raises(ValueError, match="'a' twice"):
        count_leaks({"train": ["a"]}, pd.Series(["Ann", "Bob"], index=["a", "a"]))


def test_the_target_may_be_the_name_of_a_column():
    songs = pd.DataFrame(
        {"artist": [f"artist {i // 4}" for i in range(80)], "mood": ["calm", "sad"] * 40}
    )
    named = train_validation_test_split(songs, target="mood", random_state=0)
    told = train_validation_test_split(songs, target=songs["mood"], random_state=0)
    for side, index in named.items():
        assert index.equals(told[side])
    with pytest.raises(ValueError, match=r"no column 'feeling': it has \['artist', 'mood'\]"):
        train_validation_test_split(songs, target="feeling")
