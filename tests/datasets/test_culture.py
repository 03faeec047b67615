"""Tests of the invented cultures."""

import numpy as np
import pytest

from sklearn_skd.datasets._culture import CULTURES, FIELDS, SCENES, draw, draw_fields
from sklearn_skd.datasets._emotions import COORDINATES
from sklearn_skd.datasets._lyrics_lines import LANGUAGES
from sklearn_skd.datasets._synthesis import INSTRUMENTS


@pytest.mark.parametrize("culture", CULTURES.values(), ids=CULTURES)
def test_a_culture_uses_only_instruments_languages_and_emotions_that_exist(culture):
    assert {*culture.lead, *culture.chords, culture.bass} <= set(INSTRUMENTS)
    assert set(culture.languages) <= set(LANGUAGES)
    assert set(culture.tilt) <= set(COORDINATES)
    assert len(culture.bright) == len(culture.dark) == 7


def test_every_emotion_has_scenes():
    assert set(SCENES) == set(COORDINATES)


def test_a_draw_follows_the_weights():
    rng = np.random.default_rng(0)
    drawn = [draw(rng, {"often": 3, "seldom": 1, "never": 0}) for _ in range(2000)]
    assert drawn.count("often") == pytest.approx(1500, abs=90)
    assert "never" not in drawn


def test_instrumentals_have_no_language_and_say_so():
    rng = np.random.default_rng(0)
    fields = draw_fields(rng, CULTURES["isles"], "calm", "english", instrumental=True)
    assert tuple(fields) == FIELDS
    assert (fields["singing_form"], fields["language"]) == ("instrumental", "none")
    fields = draw_fields(rng, CULTURES["isles"], "calm", "english", instrumental=False)
    assert fields["singing_form"] in CULTURES["isles"].singing_forms
    assert fields["language"] == "english"
