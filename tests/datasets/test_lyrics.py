"""Tests of the written lyrics."""

import string

import numpy as np
import pytest

from sklearn_skd.datasets._emotions import COORDINATES
from sklearn_skd.datasets._lyrics import write_lyrics
from sklearn_skd.datasets._lyrics_lines import LANGUAGES


def lines_of(text):
    return [line for line in text.split("\n") if line]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_lines_for_every_pool_and_no_unknown_slot(language):
    lines = LANGUAGES[language]
    for pool in (*COORDINATES, "warm", "dark", "neutral", "vocables", "time", "place", "thing"):
        assert len(lines[pool]) >= 3
        assert len(set(lines[pool])) == len(lines[pool])
        for line in lines[pool]:
            slots = {name for _, name, _, _ in string.Formatter().parse(line) if name}
            assert slots <= {"time", "place", "thing"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lyrics_repeat_a_chorus_under_headings(language):
    text = write_lyrics(np.random.default_rng(0), language, "calm", "pleasure")
    _, chorus = LANGUAGES[language]["headings"]
    stanzas = text.split("\n\n")
    choruses = [stanza for stanza in stanzas if stanza.startswith(chorus)]
    assert len(choruses) >= 2
    assert len(set(choruses)) == 1
    assert "{" not in text


def test_some_songs_have_vocables_and_some_have_none():
    rng, vocables = np.random.default_rng(0), LANGUAGES["english"]["vocables"]
    texts = [write_lyrics(rng, "english", "calm", "pleasure") for _ in range(40)]
    with_vocables = [any(sounds in text for sounds in vocables) for text in texts]
    assert 5 < sum(with_vocables) < 35


def test_neutral_lines_are_many_and_lines_of_the_emotion_outweigh_the_drift():
    rng = np.random.default_rng(0)
    starts = {
        pool: {line.split("{")[0] for line in LANGUAGES["english"][pool]} - {""}
        for pool in ("sadness", "tension", "pleasure", "neutral")
    }
    count = dict.fromkeys(starts, 0)
    for _ in range(100):
        for line in lines_of(write_lyrics(rng, "english", "sadness", "tension")):
            for pool, beginnings in starts.items():
                count[pool] += any(line.startswith(start) for start in beginnings)
    assert count["neutral"] > count["tension"]
    assert count["sadness"] > 2 * count["tension"] > 0
    assert count["pleasure"] == 0


def test_the_same_generator_state_writes_the_same_lyrics():
    first, second = (
        write_lyrics(np.random.default_rng(5), "german", "tension", "sadness") for _ in range(2)
    )
    assert first == second
