"""Tests of the simulated annotators."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_skd.datasets._annotators import draw_votes, majority, song_affinity
from sklearn_skd.datasets._emotions import emotion_classes
from sklearn_skd.datasets._population import draw_artists, draw_plans

CLASSES = emotion_classes(4)


@pytest.fixture
def plan():
    """A clear, sad song without conflict."""
    rng = np.random.default_rng(0)
    artists = draw_artists(rng, 4, CLASSES)
    plan = draw_plans(rng, artists, 4, CLASSES, conflict=0, instrumental=0)[0]
    return replace(
        plan, emotion="sadness", sound="sadness", words="sadness", neighbour="tension", ambiguity=0
    )


def test_a_clear_song_belongs_to_its_emotion_alone(plan):
    np.testing.assert_allclose(song_affinity([plan], CLASSES), [[0, 0, 1, 0]])


def test_an_ambiguous_song_leans_towards_its_neighbour(plan):
    affinity = song_affinity([replace(plan, ambiguity=0.3)], CLASSES)
    np.testing.assert_allclose(affinity, [[0, 0, 0.7, 0.3]])


@pytest.mark.parametrize("emotion", ["pleasure", "sadness"])
def test_a_conflict_belongs_to_both_sources_and_more_to_the_felt_one(plan, emotion):
    conflict = replace(plan, conflict=True, sound="pleasure", words="sadness", emotion=emotion)
    expected = [0, 0.6, 0.4, 0] if emotion == "pleasure" else [0, 0.4, 0.6, 0]
    np.testing.assert_allclose(song_affinity([conflict], CLASSES), [expected])


def test_votes_agree_on_clear_songs_and_spread_on_ambiguous_ones():
    affinity = np.repeat([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]], 500, axis=0)
    votes = draw_votes(np.random.default_rng(0), affinity, 7)
    assert votes.shape == (1000, 7)
    assert (votes[:500] == 0).mean() > 0.85
    assert 0.3 < (votes[500:] == 0).mean() < 0.65
    assert votes.max() <= 3


def test_each_annotator_has_a_taste_of_their_own():
    votes = draw_votes(np.random.default_rng(0), np.full((2000, 4), 0.25), 5)
    shares = np.array([np.bincount(v, minlength=4) / 2000 for v in votes.T])
    assert shares.std(axis=0).max() > 0.05  # chance alone gives about 0.01


def test_the_majority_wins_and_ties_go_to_the_latent_emotion_if_it_is_among_them():
    counts = np.array([[4, 3, 0], [3, 3, 1], [3, 1, 3], [3, 3, 1]])
    np.testing.assert_array_equal(majority(counts, np.array([1, 1, 2, 2])), [0, 1, 2, 0])
