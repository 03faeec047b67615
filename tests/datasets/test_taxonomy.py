"""to_quadrant and taxonomy_table."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_skd.datasets import taxonomy_table, to_quadrant
from sklearn_skd.datasets._emotions import COORDINATES

CHAPTER = Path(__file__).parents[2] / "docs" / "guide" / "cleaning.rst"
TROMPA = [
    *("joy", "power", "surprise"),
    *("anger", "tension", "fear"),
    *("sadness", "bitterness"),
    *("peace", "tenderness", "transcendence"),
]
GEMS_9 = [
    *("Wonder", "Transcendence", "Nostalgia", "Tenderness", "Peacefulness"),
    *("Joy", "Power"),
    *("Tension", "Sadness"),
]


@pytest.mark.parametrize("one", ["Q1", " q1 ", 1, 1.0, "1", np.int64(1), "Pleasure"])
def test_a_quadrant_is_known_by_number_or_name(one):
    assert to_quadrant([one], taxonomy="quadrants").tolist() == ["pleasure"]


def test_the_four_quadrants_run_counter_clockwise():
    corners = [COORDINATES[emotion] for emotion in to_quadrant([1, 2, 3, 4], taxonomy="quadrants")]
    assert corners == [(1, 1), (-1, 1), (-1, -1), (1, -1)]


@pytest.mark.parametrize(("taxonomy", "labels"), [("trompa", TROMPA), ("gems-9", GEMS_9)])
def test_every_emotion_of_a_taxonomy_has_a_place_and_every_quadrant_an_emotion(taxonomy, labels):
    found = to_quadrant(labels, taxonomy=taxonomy, unmapped="raise")
    assert set(found) == set(COORDINATES)


@given(st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_point_of_the_plane_is_where_its_signs_are(point):
    (emotion,) = to_quadrant(
        [point], taxonomy="valence-arousal", centre=0.5, unmapped="ignore"
    ).tolist()
    signs = tuple(np.sign(np.array(point) - 0.5))
    assert (emotion is None) == (0 in signs)
    assert emotion is None or COORDINATES[emotion] == signs


def test_the_columns_of_the_plane_are_found_by_name_and_text_is_read_as_numbers():
    table = pd.DataFrame({"Arousal": ["1", "-1", None], "Valence": ["-1", "1", "1"]}, list("abc"))
    found = to_quadrant(table, taxonomy="valence-arousal")
    assert found.to_dict() == {"a": "tension", "b": "calm", "c": None}
    assert found.attrs["n_missing"] == 1


def test_each_axis_may_have_a_centre_of_its_own():
    found = to_quadrant([[4, 0.4]], taxonomy="valence-arousal", centre=(5, 0.3))
    assert found.tolist() == ["tension"]


def test_of_ratings_the_highest_decides_and_a_tie_across_quadrants_is_reported():
    ratings = pd.DataFrame(
        {"Joy": [50, 9, 9, np.nan], "Power": [50, 1, 1, np.nan], "Sadness": [10, 9, np.nan, np.nan]}
    )
    with pytest.warns(UserWarning, match=r"1 of 4 songs.*'Joy = Sadness' \(1\)"):
        found = to_quadrant(ratings, taxonomy="gems-9")
    assert found.tolist() == ["pleasure", None, "pleasure", None]
    assert found.attrs["n_missing"] == 1


def test_what_cannot_be_mapped_is_reported_and_not_dropped():
    labels = pd.Series(["joy", "boredom", None, "boredom"], index=list("abcd"))
    with pytest.warns(UserWarning, match=r"2 of 4 songs.*'boredom' \(2\).*overrides"):
        found = to_quadrant(labels, taxonomy="trompa")
    assert found.to_dict() == {"a": "pleasure", "b": None, "c": None, "d": None}
    assert found.attrs == {"taxonomy": "trompa", "unmapped": {"boredom": 2}, "n_missing": 1}
    with pytest.raises(ValueError, match="boredom"):
        to_quadrant(labels, taxonomy="trompa", unmapped="raise")


def test_no_warning_where_it_was_asked_for_or_nothing_is_amiss(recwarn):
    to_quadrant(["boredom"], taxonomy="trompa", unmapped="ignore")
    to_quadrant([None, "joy"], taxonomy="trompa")
    left_out = to_quadrant(["unease"], taxonomy="gems-3", overrides={"unease": None})
    assert left_out.attrs["unmapped"] == {"unease": 1}
    assert not recwarn.list


def test_overrides_move_labels_and_place_unknown_ones():
    overrides = {"Wonder": "calm", "boredom": "sadness"}
    found = to_quadrant(["wonder", "Boredom", "joy"], taxonomy="gems-9", overrides=overrides)
    assert found.tolist() == ["calm", "sadness", "pleasure"]
    assert to_quadrant(["wonder"], taxonomy="gems-9").tolist() == ["pleasure"]


@pytest.mark.parametrize(
    ("labels", "given", "message"),
    [
        (["joy"], {"taxonomy": "trompa", "overrides": {"joi": None}}, "'joi', which is not there"),
        (["joy"], {"taxonomy": "trompa", "overrides": {"joy": "happy"}}, "'happy'; the emotions"),
        ([[0, 1, 2]], {"taxonomy": "valence-arousal"}, "3 columns"),
        (pd.DataFrame({"v": [1], "a": [1]}), {"taxonomy": "valence-arousal"}, "name two 'valence'"),
        ([[0, 1]], {"taxonomy": "valence-arousal", "overrides": {"joy": None}}, "has none"),
        (pd.DataFrame({"Joi": [1]}), {"taxonomy": "gems-9"}, r"columns \['Joi'\]"),
        ([["joy"]], {"taxonomy": "gems-9"}, "2 dimensions"),
        (["joy"], {"taxonomy": "gems"}, "taxonomy"),
    ],
)
def test_errors_name_what_is_wrong(labels, given, message):
    with pytest.raises(ValueError, match=message):
        to_quadrant(labels, **given)


@pytest.mark.parametrize(
    ("taxonomy", "columns"), [("gems-3", ["sublimity", "unease"]), ("valence-arousal", None)]
)
def test_a_rating_that_is_no_number_is_named_with_its_place(taxonomy, columns):
    labels = pd.DataFrame({"valence": ["1", ""], "arousal": [2, "high"]}, index=["x", "y"])
    labels.columns = columns or labels.columns
    message = f"labels holds 'high' in column '{labels.columns[1]}', row 'y'"
    with pytest.raises(ValueError, match=message):
        to_quadrant(labels, taxonomy=taxonomy)


def test_the_table_shows_what_is_done():
    for taxonomy, rows in taxonomy_table().groupby("taxonomy"):
        done = to_quadrant(rows["label"], taxonomy=taxonomy)
        assert done.tolist() == rows["emotion"].tolist()
        assert to_quadrant(rows["quadrant"], taxonomy="quadrants").tolist() == done.tolist()
    assert len(taxonomy_table("gems-3")) == 3


@pytest.mark.skipif(not CHAPTER.exists(), reason="the tests are installed without the pages")
def test_the_guide_has_the_same_table_with_a_reason_for_each_doubt():
    rows = re.findall(
        r"   \* - ([\w-]+)\n     - ([\w ]+)\n     - (\w+)\n     -(.*)", CHAPTER.read_text("utf8")
    )
    told = {(taxonomy, label): (emotion, doubt.strip()) for taxonomy, label, emotion, doubt in rows}
    table = taxonomy_table()
    table = table[table["taxonomy"] != "quadrants"]
    done = {
        (row.taxonomy, row.label): (row.emotion, row.doubt)
        for row in table.itertuples()
        if row.label != "joyful activation"  # another name of joy
    }
    assert told == done
