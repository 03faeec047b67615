"""Tests of how emotion and culture become notes."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_skd.datasets._composition import compose, draw_style
from sklearn_skd.datasets._culture import CULTURES
from sklearn_skd.datasets._emotions import COORDINATES, emotion_classes
from sklearn_skd.datasets._population import draw_artists, draw_plans


@pytest.fixture(scope="module")
def song():
    """An instrumental of 30 s in the middle of the plane, and its artist."""
    rng, classes = np.random.default_rng(0), emotion_classes(4)
    artists = draw_artists(rng, 20, classes)
    plan = draw_plans(rng, artists, 20, classes, conflict=0, instrumental=1)[0]
    artist = replace(artists[plan.artist], culture="atlantic", brightness=0, register=0, tempo=0)
    return replace(plan, seconds=30.0, valence=0.0, arousal=0.0), artist


def styles(song, emotion, n=150, culture="atlantic"):
    plan, artist = song
    valence, arousal = COORDINATES[emotion]
    plan = replace(plan, valence=valence, arousal=arousal)
    rng = np.random.default_rng(0)
    return [draw_style(rng, plan, artist, CULTURES[culture]) for _ in range(n)]


def scores(song, emotion, n=12):
    plan, artist = song
    valence, arousal = COORDINATES[emotion]
    plan = replace(plan, valence=valence, arousal=arousal)
    return [compose(np.random.default_rng(seed), plan, artist) for seed in range(n)]


def test_high_valence_is_mostly_in_the_bright_scale_but_not_always(song):
    bright = CULTURES["atlantic"].bright
    share = {
        emotion: np.mean([style.scale == bright for style in styles(song, emotion)])
        for emotion in ("pleasure", "sadness")
    }
    assert 0.7 < share["pleasure"] < 1
    assert 0 < share["sadness"] < 0.3


def test_mode_says_less_in_a_culture_of_low_modal_clarity(song):
    share = {
        culture: np.mean(
            [s.scale == CULTURES[culture].bright for s in styles(song, "pleasure", culture=culture)]
        )
        for culture in ("atlantic", "andalusia")
    }
    assert share["andalusia"] < share["atlantic"] - 0.1


def test_tempo_rises_with_arousal_and_overlaps(song):
    tense, calm = (np.array([s.beat for s in styles(song, e)]) for e in ("tension", "calm"))
    assert tense.mean() < 0.95 * calm.mean()
    assert tense.max() > calm.min()


def test_aroused_songs_have_more_onsets(song):
    def onsets(emotion):
        return np.mean(
            [len({event.onset for event in s.notes + s.hits}) for s in scores(song, emotion)]
        )

    assert onsets("tension") > 1.3 * onsets("sadness")


def test_notes_of_low_valence_are_held_longer(song):
    def length(emotion):
        return np.mean([np.median([n.duration for n in s.notes]) for s in scores(song, emotion)])

    assert length("sadness") > 1.3 * length("pleasure")


def test_the_chorus_expresses_more_than_the_intro(song):
    """Notes of sadness tremble in the chorus, hardly in the intro."""

    def depth(start, end):
        return np.mean(
            [
                n.timbre.tremolo
                for s in scores(song, "sadness")
                for n in s.notes
                if start <= n.onset < end
            ]
        )

    assert depth(30 * 0.38, 30 * 0.60) > 3 * depth(0, 30 * 0.14)


def test_songs_with_lyrics_are_sung_and_instrumentals_are_not(song):
    plan, artist = song
    for instrumental in (True, False):
        score = compose(np.random.default_rng(0), replace(plan, instrumental=instrumental), artist)
        sung = any(note.timbre.instrument == "voice" for note in score.notes)
        assert sung != instrumental


@pytest.mark.parametrize("culture", CULTURES)
@pytest.mark.parametrize("seconds", [8.0, 60.0])
def test_every_culture_has_music_within_the_song_and_within_hearing(song, culture, seconds):
    plan, artist = song
    recipe = CULTURES[culture]
    artist = replace(artist, culture=culture, lead=recipe.lead[0], chords=recipe.chords[0])
    for emotion, (valence, arousal) in COORDINATES.items():
        plan = replace(plan, seconds=seconds, valence=valence, arousal=arousal)
        score = compose(np.random.default_rng(0), plan, artist)
        onsets = [note.onset for note in score.notes]
        assert min(onsets) < 3, emotion
        assert 0.7 * seconds < max(onsets) < seconds
        assert all(20 < note.pitch < 108 and note.duration > 0 for note in score.notes)
        assert all(hit.onset < seconds for hit in score.hits)


def test_the_melody_stays_in_the_scale(song):
    plan, artist = song
    rng = np.random.default_rng(0)
    style = draw_style(np.random.default_rng(0), plan, artist, CULTURES["atlantic"])
    line = [
        n
        for n in compose(rng, plan, artist).notes
        if n.timbre.instrument == artist.lead and n.pan < 0
    ]
    steps = {round(note.pitch - style.tonic) % 12 for note in line}
    assert len(line) > 10
    assert steps <= set(style.scale)
