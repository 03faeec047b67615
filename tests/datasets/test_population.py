"""Tests of artists and song plans."""

from collections import Counter

import numpy as np
import pytest

from sklearn_skd.datasets._culture import CULTURES
from sklearn_skd.datasets._emotions import COORDINATES, emotion_classes
from sklearn_skd.datasets._population import draw_artists, draw_plans


def plans_of(n_songs, *, n_classes=4, conflict=0.3, instrumental=0.2, seed=0):
    rng, classes = np.random.default_rng(seed), emotion_classes(n_classes)
    artists = draw_artists(rng, n_songs, classes)
    plans = draw_plans(rng, artists, n_songs, classes, conflict=conflict, instrumental=instrumental)
    return artists, plans


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_sounds_are_balanced_over_the_classes(n_classes):
    _, plans = plans_of(50, n_classes=n_classes)
    count = Counter(plan.sound for plan in plans)
    assert len(count) == n_classes
    assert max(count.values()) - min(count.values()) <= 1


def test_words_oppose_the_valence_of_the_sound_in_conflicts_only():
    _, plans = plans_of(200)
    for plan in plans:
        opposed = COORDINATES[plan.sound][0] != COORDINATES[plan.words][0]
        assert opposed == plan.conflict


def test_listeners_follow_the_sound_of_about_two_conflicts_in_three():
    _, plans = plans_of(2000, conflict=0.5)
    followed = [plan.emotion == plan.sound for plan in plans if plan.conflict]
    assert np.mean(followed) == pytest.approx(0.65, abs=0.05)
    assert all(plan.emotion == plan.sound for plan in plans if not plan.conflict)


def test_ambiguous_sounds_lie_nearer_to_their_neighbour():
    _, plans = plans_of(2000)

    def distance(plan):
        return np.linalg.norm(np.subtract((plan.valence, plan.arousal), COORDINATES[plan.sound]))

    clear = np.mean([distance(plan) for plan in plans if plan.ambiguity < 0.05])
    ambiguous = np.mean([distance(plan) for plan in plans if plan.ambiguity > 0.3])
    assert ambiguous > 2 * clear


def test_songs_of_an_artist_share_a_culture_and_lean_towards_some_emotions():
    artists, plans = plans_of(1000)
    assert {artist.culture for artist in artists} == set(CULTURES)
    counts = np.zeros((len(artists), 4))
    for plan in plans:
        counts[plan.artist, sorted(COORDINATES).index(plan.sound)] += 1
        assert plan.language in CULTURES[artists[plan.artist].culture].languages
    # variance over artists above that of five independent draws from balanced classes
    assert counts.var(axis=0).mean() > 1.1 * 5 * 0.25 * 0.75


def test_few_songs_still_have_two_artists():
    artists, plans = plans_of(4)
    assert len(artists) == 2
    assert {plan.artist for plan in plans} == {0, 1}
