"""The rule by which one emotion is taken from many tags."""

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.datasets import emotion_from_tags, mood_tags

QUADRANTS = ["calm", "pleasure", "sadness", "tension"]


def test_the_emotion_with_most_known_tags_wins():
    table = emotion_from_tags([["pop", "sad", "melancholic", "upbeat"], ["rock"], None])
    assert table["emotion"].tolist() == ["sadness", None, None]
    assert table["n_mood_tags"].tolist() == [3, 0, 0]
    assert table[QUADRANTS].to_numpy().tolist() == [[0, 1, 2, 0], [0] * 4, [0] * 4]


def test_two_emotions_that_share_the_first_place_give_no_label():
    table = emotion_from_tags([["sad", "happy", "angry", "furious", "fun"], ["sad", "calm", "pop"]])
    assert table["emotion"].tolist() == [None, None]
    assert table["tied"].tolist() == [True, True]


def test_weights_are_counted_where_there_are_any():
    table = emotion_from_tags([{"sad": 10, "gloomy": 20, "happy": 31}, {"sad": 0, "calm": 0}])
    assert table["emotion"].tolist() == ["pleasure", None]
    assert table["tied"].tolist() == [False, False]


@pytest.mark.parametrize(
    "tags",
    ["pop, Happy ,", ["HAPPY"], ("mood/theme---happy",), {"happy": 1.5}, ["feel-good"], {"fun"}],
)
def test_tags_may_be_written_in_many_ways(tags):
    assert emotion_from_tags([tags])["emotion"].tolist() == ["pleasure"]


def test_a_tag_said_twice_counts_once():
    assert emotion_from_tags([["sad", "Sad", "happy"]])["tied"].tolist() == [True]


@pytest.mark.parametrize("said", [("sad", "Sad"), ("Sad", "sad")])
def test_a_tag_said_with_two_weights_has_the_larger_in_any_order(said):
    tags = dict.fromkeys(said, 1) | {"sad": 9, "happy": 5}
    assert emotion_from_tags([tags])["emotion"].tolist() == ["sadness"]


@pytest.mark.parametrize("tag", ["not sad", "sadcore", "unhappy hardcore", "dark", "epic"])
def test_only_whole_tags_that_tell_one_quadrant_count(tag):
    assert emotion_from_tags([[tag]])["n_mood_tags"].tolist() == [0]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, "", []])
def test_songs_without_tags_have_no_emotion(missing):
    assert emotion_from_tags([missing, ["sad"]])["emotion"].tolist() == [None, "sadness"]


def test_no_songs_give_an_empty_table():
    assert emotion_from_tags([]).shape == (0, 7)


def test_the_index_is_that_of_the_tags():
    tags = pd.Series(["sad", "calm"], index=["b", "a"])
    table = emotion_from_tags(tags)
    assert table.index.tolist() == ["b", "a"]
    assert table.attrs["emotions"] == QUADRANTS


def test_another_lexicon_replaces_ours():
    table = emotion_from_tags([["Epic", "sad"]], lexicon={"epic": "awe"})
    assert table["emotion"].tolist() == ["awe"]
    assert table.attrs["emotions"] == ["awe"]


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, "3", None])
def test_a_weight_that_is_no_weight_is_refused_with_the_song_and_tag(weight):
    with pytest.raises(ValueError, match=r"'sad' of song 1 weighs"):
        emotion_from_tags([["sad"], {"sad": weight}])


def test_a_weight_that_is_no_weight_is_refused_with_the_id_of_its_song():
    with pytest.raises(ValueError, match="'sad' of song 'x7' weighs -1"):
        emotion_from_tags(pd.Series([{"sad": -1}], index=["x7"]))


def test_tags_of_another_kind_are_refused_with_the_song():
    with pytest.raises(ValueError, match="tags of song 1 are 7"):
        emotion_from_tags([["sad"], 7])


@pytest.mark.parametrize(
    "tags", ["sad,happy", {"song 1": ["sad"]}, pd.DataFrame({"sad": [1], "happy": [0]})]
)
def test_what_may_be_the_tags_of_one_song_is_refused_where_all_songs_are_meant(tags):
    with pytest.raises(TypeError, match=f"got {type(tags).__name__}: pass"):
        emotion_from_tags(tags)


def test_a_lexicon_without_use_is_refused():
    with pytest.raises(ValueError, match="empty"):
        emotion_from_tags([["sad"]], lexicon={})
    with pytest.raises(ValueError, match="tied"):
        emotion_from_tags([["sad"]], lexicon={"sad": "tied"})


def test_each_word_is_in_one_quadrant_and_spelled_as_it_is_compared():
    words = mood_tags()
    table = emotion_from_tags([[word] for word in words])
    assert table["emotion"].tolist() == list(words.values())
    assert set(words.values()) == set(QUADRANTS)


def test_words_may_be_added_without_changing_ours():
    lexicon = mood_tags() | {"dark": "tension"}
    assert emotion_from_tags(["dark"], lexicon=lexicon)["emotion"].tolist() == ["tension"]
    assert "dark" not in mood_tags()
