"""song_groups: which names mean the same artist and the same song."""

import pandas as pd
import pytest

from sklearn_skd.datasets import song_groups


def group(artist, title=None, *, by="artist"):
    return song_groups(pd.DataFrame({"artist": [artist], "title": [title]}), by=by).iloc[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Bees", "bees"),
        ("Bees, The", "Bees"),
        ("Beyoncé", "BEYONCE"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Ann feat. Bob", "Ann"),
        ("Ann (feat. Bob)", "Ann"),
        ("Ann [ft. Eve] & Bob", "Ann"),
        ("Guns N' Roses", "Guns N’ Roses"),
        ("AC/DC", "Ac Dc"),
    ],
)
def test_an_artist_is_known_however_the_name_is_spelt(one, other):
    assert group(one) == group(other)


@pytest.mark.parametrize(
    "version",
    [
        "Honey (Live)",
        "Honey - Live at Budokan",
        "Honey [2009 Remaster]",
        "Honey - 2011 - Remastered",
        "HONEY (Radio Edit) [feat. Bob]",
        "Honey ft. Bob",
        "Honey!",
        "Honey (Acoustic Version)",
    ],
)
def test_versions_of_a_song_belong_together(version):
    assert group("Ann", version, by="version") == group("Ann", "Honey", by="version")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Honey", "Honey Pie"),
        ("Honey (Part 1)", "Honey (Part 2)"),
        ("Alive", "Dead"),
        ("Live", "Mono"),  # nothing else is left of these
        ("Symphony No. 5 - I. Allegro", "Symphony No. 5 - II. Andante"),
        ("か", "が"),  # a mark that makes another letter
        ("कि", "की"),
        ("???", "!!!"),
    ],
)
def test_other_songs_are_told_apart(one, other):
    assert group("Ann", one, by="version") != group("Ann", other, by="version")


def test_a_cover_is_no_version():
    assert group("Ann", "Honey", by="version") != group("Bob", "Honey", by="version")


@pytest.mark.parametrize(("artist", "title"), [(None, "Honey"), ("Ann", None), ("Ann", "  ")])
def test_what_is_not_known_has_no_group(artist, title):
    assert group(artist, title, by="version") is None


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column 'title'"):
        song_groups(pd.DataFrame({"artist": ["Ann"]}), by="version")
