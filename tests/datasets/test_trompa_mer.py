"""Tests of reading TROMPA-MER, on a small tree in the layout of its authors."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.datasets import load_trompa_mer, to_quadrant

SUMMARY = (
    "\tselection\tcdr_title_num\tcdr_track_num\tcomposer_name\tartist_name\ttrack_name\ttrack_id"
    "\tyear_rec\tquadrant\ttxt_free\n"
    "0\tspanish\tHEX1\tHEX1-0003\tBebe\tnot found\tMen señará\t4Y\t2004\t1\t\n"
    "1\tchoir\tDFX5\tDFX5-0007\tJohn Rutter\tMelanie Marshall\tSaints\t0T\t     2001-09-01\t1\t"
    '"goes, on ""\n\nand on"""\n'
    "2\tmid_east\tKDX2\tKDX2-0001\tbebe \tnot found\tSama'i\t4X\t1992\t3\t\n"
    "3\tlatam\tKDX3\tKDX3-0001\tnot found\tnot found\tTú\t4Z\t????\t3\t\n"
    "4\tafrica\tHEX1\tHEX1-0003\tSomebody\tnot found\tElse\t4A\t2010\t2\t\n"
)
# song, annotator, valence, arousal, mood, time
VOTES = [
    ("HEX1-0003", "1", "1", "1", "joy", "100"),
    ("HEX1-0003", "2", "1", "1", "power", "100"),
    ("HEX1-0003", "3", "-1", "-1", "sadness", "100"),
    ("HEX1-0003", "3", "1", "1", "Joy ", "300"),  # thought again
    ("HEX1-0003", "3", "-1", "1", "anger", "200"),  # in between, though later in the file
    ("DFX5-0007", "1", "1", "-1", "tenderness", "100"),
    ("DFX5-0007", "2", "-1", "1", "tension", "100"),
    ("DFX5-0007", "4", None, "", "sleepy", "100"),  # said nothing of use
    ("KDX2-0001", "2", "-1", "-1", "bitterness", "100"),
    ("KDX2-0001", "2", None, None, None, "400"),  # came back and left
    ("OTHER-01", "1", "1", "1", "joy", "100"),
]


def write_release(path, votes=VOTES, users=("1", "2", "3")):
    names = ("externalID", "userId", "valenceValue", "arousalValue", "moodValue", "timestamp")
    annotations = [dict(zip(names, vote, strict=True)) for vote in votes]
    languages = [{"id": user, "motherLanguage": "català", "birthPlace": None} for user in users]
    release = {"annotations": annotations, "users": languages, "moods": []}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(release, indent=4))


def write_trompa(folder):
    """The repository: summaries and releases of three dates."""
    write_release(folder / "data" / "data_20_09_2024.json")
    write_release(folder / "data" / "data_07_03_2022.json", VOTES[:3])
    write_release(folder / "data" / "data_24_11_2021.json", VOTES[:1])
    (folder / "summary.csv").write_text(SUMMARY, encoding="utf-8")
    (folder / "summary_anno.csv").write_text(SUMMARY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_trompa(tmp_path_factory.mktemp("trompa") / "vis-mtg-mer")


@pytest.fixture(scope="module")
def songs(tree):
    return load_trompa_mer(tree)


def test_labels_come_from_the_votes_not_from_the_column_quadrant(songs):
    assert songs.target.to_dict() == {
        "HEX1-0003": "pleasure",
        "DFX5-0007": None,  # tied
        "KDX2-0001": "sadness",
        "KDX3-0001": None,  # nobody listened
    }
    assert songs.metadata.loc["DFX5-0007", "quadrant"] == "1"


@pytest.mark.parametrize(
    ("valence", "arousal", "emotion"),
    [("1", "1", "pleasure"), ("-1", "1", "tension"), ("-1", "-1", "sadness"), ("1", "-1", "calm")],
)
def test_valence_and_arousal_make_the_quadrant(tmp_path, valence, arousal, emotion):
    folder = write_trompa(tmp_path)
    write_release(
        folder / "data" / "data_01_01_2025.json",
        [("KDX2-0001", "1", valence, arousal, None, "1")],
    )
    assert load_trompa_mer(folder).target["KDX2-0001"] == emotion


def test_ties_may_be_broken_instead(tree):
    assert load_trompa_mer(tree, ties="first").target["DFX5-0007"] == "calm"


def test_votes_are_tidy_and_each_annotator_has_one_a_song(songs):
    votes = songs.annotations
    assert not votes.duplicated(["song", "annotator"]).any()
    mine = votes.set_index(["song", "annotator"])
    assert mine.loc[("HEX1-0003", "3"), ["emotion", "mood"]].tolist() == ["pleasure", "joy"]
    assert mine.loc[("HEX1-0003", "3"), "time"] == pd.Timestamp(300, unit="s")
    assert mine.loc[("KDX2-0001", "2"), "emotion"] == "sadness"  # leaving takes nothing back


def test_votes_are_counted_by_quadrant_and_by_mood(songs):
    assert list(songs.annotation_votes) == ["calm", "pleasure", "sadness", "tension"]
    assert songs.annotation_votes.loc["HEX1-0003"].tolist() == [0, 3, 0, 0]
    assert songs.annotation_votes.loc["DFX5-0007"].tolist() == [1, 0, 0, 1]
    assert songs.annotation_votes.loc["KDX3-0001"].tolist() == [0, 0, 0, 0]
    moods = songs.data.filter(like="mood_")
    assert moods.shape == (4, 11)
    assert moods.loc["HEX1-0003", ["mood_joy", "mood_power", "mood_anger"]].tolist() == [2, 1, 0]
    assert songs.data.loc["DFX5-0007", "quadrant_tension"] == 1


def test_the_votes_are_rows_of_the_table_of_votes(songs):
    again = songs.annotations.groupby(["song", "emotion"]).size()
    assert again["HEX1-0003", "pleasure"] == songs.annotation_votes.loc["HEX1-0003", "pleasure"]
    moods = songs.annotations["mood"].dropna()
    assert to_quadrant(moods, taxonomy="trompa", unmapped="raise").notna().all()


def test_agreement_is_known_where_two_voted(songs):
    np.testing.assert_array_equal(songs.annotation_reliability, [1, 0, np.nan, np.nan])
    assert songs.data["n_annotators"].tolist() == [3, 2, 1, 0]
    assert songs.data["tied"].tolist() == [False, True, False, False]


def test_selections_are_regions_but_choir_is_a_way_of_singing(songs):
    assert songs.data["region"].tolist() == ["spanish", None, "mid_east", "latam"]
    assert songs.data["singing_form"].tolist() == [None, "choir", None, None]
    assert songs.data["selection"].tolist() == ["spanish", "choir", "mid_east", "latam"]


def test_years_and_artists_are_read_as_they_are_written(songs):
    assert songs.data["era"].tolist() == ["2000s", "2000s", "1990s", None]
    assert songs.data["artist"].tolist() == ["Bebe", "John Rutter", "bebe", None]
    assert songs.data["second_credit"].tolist() == [None, "Melanie Marshall", None, None]
    assert songs.groups["HEX1-0003"] == songs.groups["KDX2-0001"]
    assert songs.groups.nunique() == 3


def test_what_was_set_aside_is_told(songs):
    listed = songs.report["songs"].to_dict()
    assert listed["repeated or empty ids"] == ["HEX1-0003"]
    assert listed["without votes"] == ["KDX3-0001"]
    assert listed["tied"] == ["DFX5-0007"]
    assert listed["votes on unknown songs"] == ["OTHER-01"]
    assert listed["repeated votes"] == ["HEX1-0003", "HEX1-0003", "KDX2-0001"]
    assert listed["votes without emotion"] == ["DFX5-0007"]
    assert listed["votes with unknown mood"] == ["DFX5-0007"]
    assert listed["annotators without a profile"] == ["4"]
    assert songs.report["n"].to_dict()["votes"] == 7


def test_annotators_have_languages(songs):
    assert songs.annotators["mother_language"].to_dict() == dict.fromkeys("123", "català")
    assert songs.annotators["other_language"].isna().all()


def test_the_latest_date_or_the_papers_is_read(tree, songs):
    assert songs.version == "2024-09-20"
    paper = load_trompa_mer(tree, release="paper")
    assert paper.version == "2022-03-07"
    assert len(paper.annotations) == 3
    assert paper.target["KDX2-0001"] is None


def test_the_data_set_says_what_it_is(songs):
    assert songs.name == "TROMPA-MER"
    assert "Gómez-Cañón" in songs.citation
    assert songs.taxonomy == "quadrants"
    assert to_quadrant(songs.target, taxonomy=songs.taxonomy).equals(songs.target)


def test_files_may_lie_in_one_folder_or_around(tmp_path):
    write_release(tmp_path / "flat" / "data_20_09_2024.json")
    (tmp_path / "flat" / "summary_anno.csv").write_text(SUMMARY, encoding="cp1252")
    songs = load_trompa_mer(tmp_path)
    assert songs.data["title"].tolist() == ["Men señará", "Saints", "Sama'i", "Tú"]


def test_sound_is_matched_by_name_in_any_case_and_missing_sound_is_told(tree, tmp_path):
    (tmp_path / "hex1-0003.MP3").touch()
    with pytest.warns(UserWarning, match=r"3 of 4 songs have no sound file"):
        songs = load_trompa_mer(tree, audio_dir=tmp_path)
    assert songs.data["audio"].tolist() == [str(tmp_path / "hex1-0003.MP3"), None, None, None]
    assert songs.report.loc["without audio", "n"] == 3


def test_without_a_folder_of_sound_nothing_is_missed(songs):
    assert songs.data["audio"].isna().all()
    assert songs.report.loc["without audio", "why"] == "no audio_dir was given"


def test_a_folder_without_this_sound_is_an_error(tree, tmp_path):
    (tmp_path / "holiday.mp3").touch()
    with pytest.raises(FileNotFoundError, match=r"'HEX1-0003\.mp3'.*found 'holiday\.mp3'"):
        load_trompa_mer(tree, audio_dir=tmp_path)


def test_a_wrong_folder_says_what_was_looked_for_and_what_is_there(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"'data_\?\?_\?\?_.*json' in .*'notes\.txt'"):
        load_trompa_mer(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"'data_07_03_2022\.json' in .*'notes\.txt'"):
        load_trompa_mer(tmp_path, release="paper")


def test_votes_without_a_summary_are_an_error(tmp_path):
    write_release(tmp_path / "data_20_09_2024.json")
    with pytest.raises(FileNotFoundError, match=r"'summary\*\.csv' in .*'data_20_09_2024\.json'"):
        load_trompa_mer(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"annotations": [', "no whole JSON file"),
        ("[1]", "has no 'annotations', but list"),
        ('{"users": []}', r"has no 'annotations', but \['users'\]"),
        ('{"annotations": [{"externalID": "a", "userId": "1"}]}', "no column 'timestamp'"),
    ],
)
def test_a_broken_release_is_named(tree, tmp_path, content, message):
    path = write_trompa(tmp_path) / "data" / "data_20_09_2024.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"data_20_09_2024\.json' .*{message}"):
        load_trompa_mer(tmp_path)


def test_votes_on_other_songs_alone_are_an_error(tmp_path):
    write_release(write_trompa(tmp_path) / "data" / "data_20_09_2024.json", VOTES[-1:])
    with pytest.raises(ValueError, match=r"'OTHER-01' and so on, songs are 'HEX1-0003'"):
        load_trompa_mer(tmp_path)


def test_a_summary_separated_by_commas_lacks_its_columns(tmp_path):
    (write_trompa(tmp_path) / "summary.csv").write_text("cdr_track_num,selection\nHEX1-0003,x\n")
    with pytest.raises(ValueError, match=r"summary\.csv' has no column 'composer_name'"):
        load_trompa_mer(tmp_path)
