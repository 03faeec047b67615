"""Tests of reading MERGE, on a small tree in the layout of its authors."""

import pandas as pd
import pytest

from sklearn_skd import SongFeatures
from sklearn_skd.datasets import load_merge

METADATA = """\
Audio_Song,Lyric_Song,Quadrant,Artist,Title,Year,LowestYear,ActualYear,Moods,Genres,Styles
A001,L001,Q1,The Band,"Hello, Again",1970-??-??,,,"Happy,Warm","Pop/Rock,Jazz",Soft Rock
A002,L002,Q2,the band,"Two
Lines",20/06/2005,1999,,,,"Heavy Metal,Doom"
A061-66,L061-66,Q3,,NA,??,1964.0,,,Folk,
A004,L004,Q4,Björk,Calm,,,1988,,,
A005,L005,Q1,Solo,Late,2011,,,,R&B,
A005,L005,Q2,Solo,Late again,2011,,,,R&B,
"""
VALUES = """\
Audio_Song,Lyric_Song,Arousal,Valence
A002,L002,0.9,0.1
A001,L001,0.8,0.75
A061-66,L061-66,0.2,"0,1"
A004,L004,0.25,0.85
A005,L005,0.6,0.9
"""
SPLITS = {
    "train": "Song,Quadrant\nA001,Q1\nA004,Q4\nA999,Q1\n",
    "validate": "Song,Quadrant\nA061-66,Q3\n",
    "test": "Song,Quadrant\nA002,Q2\nA005,Q1\n",
}


def write_merge(folder, kind="bimodal_complete", metadata=METADATA):
    """The bimodal archive, unpacked into `folder`; A004 has no sound, L002 no words."""
    folder.mkdir(parents=True)
    (folder / f"merge_{kind}_metadata.csv").write_text(metadata, encoding="utf-8")
    (folder / f"merge_{kind}_av_values.csv").write_text(VALUES)
    for ratio in ("70_15_15", "40_30_30"):
        tvt = folder / "tvt_dataframes" / f"tvt_{ratio}"
        tvt.mkdir(parents=True)
        for part, content in SPLITS.items():
            (tvt / f"tvt_{ratio}_{part}_{kind}.csv").write_text(content)
    for name, quadrant in {"001": 1, "002": 2, "061-66": 3, "004": 4, "005": 1}.items():
        for source, prefix, suffix in (("audio", "A", "mp3"), ("lyrics", "L", "txt")):
            path = folder / source / f"Q{quadrant}" / f"{prefix}{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"caf\xe9 in the rain\n")
    (folder / "audio" / "Q4" / "A004.mp3").unlink()
    (folder / "lyrics" / "Q2" / "L002.txt").write_text(" \n")
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_merge(tmp_path_factory.mktemp("merge") / "MERGE_Bimodal_Complete")


@pytest.fixture(scope="module")
def songs(tree):
    with pytest.warns(UserWarning, match="1 of 5 songs have no sound file"):
        return load_merge(tree)


def test_songs_have_their_own_sound_and_lyrics(songs, tree):
    assert songs.data.loc["A001", "audio"] == str(tree / "audio" / "Q1" / "A001.mp3")
    assert songs.data.loc["A061-66", "lyrics"] == "caf\N{REPLACEMENT CHARACTER} in the rain"
    assert songs.data["lyric_id"].to_dict()["A005"] == "L005"


def test_quadrants_are_emotions(songs):
    assert songs.target.to_dict() == {
        "A001": "pleasure",
        "A002": "tension",
        "A061-66": "sadness",
        "A004": "calm",
        "A005": "pleasure",
    }
    assert songs.target.equals(songs.data["emotion"])


def test_culture_is_read_from_genres_styles_and_whatever_is_known_of_the_year(songs):
    genres = ["Pop/Rock", "Heavy Metal", "Folk", None, "R&B"]
    assert songs.data["genre"].tolist() == genres
    assert songs.data["era"].tolist() == ["1970s", "2000s", "1960s", "1980s", "2010s"]
    assert songs.data["language"].isna().all()


def test_valence_and_arousal_belong_to_their_songs(songs):
    assert songs.data.loc["A001", ["valence", "arousal"]].tolist() == [0.75, 0.8]
    assert songs.data.loc["A002", ["valence", "arousal"]].tolist() == [0.1, 0.9]


def test_titles_keep_commas_line_breaks_and_the_word_na(songs):
    assert songs.data["title"].tolist() == ["Hello, Again", "Two\nLines", "NA", "Calm", "Late"]


def test_missing_files_and_repeated_ids_are_kept_counted_and_named(songs):
    assert songs.data.loc["A004", "audio"] is None
    assert songs.data.loc["A002", "lyrics"] is None
    listed = songs.report["songs"].to_dict()
    assert listed["without audio"] == ["A004"]
    assert listed["without lyrics"] == ["A002"]
    assert listed["repeated or empty ids"] == ["A005"]
    assert listed["without artist"] == ["A061-66"]
    assert listed["without valence or arousal"] == ["A061-66"]  # a decimal comma
    assert songs.report.loc["official splits", "n"] == 6
    assert listed["unknown songs in splits"] == ["A999", "A999"]
    assert songs.report.loc["songs", "n"] == 5


def test_official_splits_are_those_of_the_files(songs):
    assert songs.splits["70_15_15_train"].tolist() == ["A001", "A004"]
    assert songs.splits["70_15_15_validate"].tolist() == ["A061-66"]
    assert songs.splits["70_15_15_test"].tolist() == ["A002", "A005"]
    assert set(songs.splits) == {
        f"{ratio}_{part}"
        for ratio in ("70_15_15", "40_30_30")
        for part in ("train", "validate", "test", "train_other_artists", "validate_other_artists")
    }


def test_artists_on_both_sides_are_counted_and_kept_apart(songs):
    assert songs.report.loc["70_15_15: artist in training too", "songs"] == ["A002"]
    assert songs.splits["70_15_15_train_other_artists"].tolist() == ["A004"]
    train, validate, test = (
        songs.groups[songs.splits[f"70_15_15_{part}"]]
        for part in ("train_other_artists", "validate_other_artists", "test")
    )
    assert not set(train) & set(validate)
    assert not set(train) & set(test)
    assert not set(validate) & set(test)


def test_songs_that_share_an_artist_whatever_its_case_are_a_group(songs):
    assert songs.groups["A001"] == songs.groups["A002"]
    assert songs.groups.nunique() == 4


def test_the_data_set_says_what_it_is(songs):
    assert (songs.name, songs.version) == ("MERGE bimodal complete", "1.1.0")
    assert songs.licence == "CC BY-NC 4.0"
    assert "2407.06060" in songs.citation
    assert songs.taxonomy == "quadrants"
    assert songs.metadata.loc["A001", "Moods"] == "Happy,Warm"


def test_the_table_goes_into_song_features(songs):
    features = SongFeatures(audio=None, lyrics=None).fit_transform(songs.data)
    genre_and_era = features["culture"][:, [0, 4]]
    assert (genre_and_era > 0).tolist()[3] == [False, True]


@pytest.mark.filterwarnings("ignore:.*songs have no")
@pytest.mark.parametrize(
    "around", ["", "MERGE_Bimodal_Complete", "download/MERGE_Bimodal_Complete"]
)
def test_the_archive_may_be_unpacked_with_or_without_its_folder(tmp_path, around):
    write_merge(tmp_path / "here" / around)
    assert len(load_merge(tmp_path / "here").data) == 5


@pytest.mark.filterwarnings("ignore:.*songs have no")
def test_several_archives_may_lie_side_by_side(tmp_path):
    write_merge(tmp_path / "MERGE_Bimodal_Complete")
    two = METADATA.split("A061")[0]
    write_merge(tmp_path / "MERGE_Bimodal_Balanced", "bimodal_balanced", two)
    assert len(load_merge(tmp_path).data) == 5
    balanced = load_merge(tmp_path, balanced=True)
    assert balanced.name == "MERGE bimodal balanced"
    assert balanced.data.index.tolist() == ["A001", "A002"]


def write_single(folder, subset, suffix):
    """The audio or the lyrics archive."""
    (folder / "Q1").mkdir(parents=True)
    (folder / "Q1" / f"A1{suffix}").write_text("la la")
    (folder / f"merge_{subset}_complete_metadata.csv").write_text("Song,Quadrant\nA1,Q1\n")
    return folder


def test_the_audio_archive_has_no_lyrics_and_misses_none(tmp_path, recwarn):
    songs = load_merge(write_single(tmp_path / "a", "audio", ".mp3"), subset="audio")
    assert songs.data.loc["A1", "audio"] == str(tmp_path / "a" / "Q1" / "A1.mp3")
    assert songs.data.loc["A1", "lyrics"] is None
    assert "without lyrics" not in songs.report.index
    assert not recwarn


def test_the_lyrics_archive_has_no_sound_and_misses_none(tmp_path, recwarn):
    songs = load_merge(write_single(tmp_path / "l", "lyrics", ".txt"), subset="lyrics")
    assert songs.data.loc["A1", ["audio", "lyrics"]].tolist() == [None, "la la"]
    assert "without audio" not in songs.report.index
    assert not recwarn


def test_all_but_ids_and_quadrants_is_optional(tmp_path):
    songs = load_merge(write_single(tmp_path / "a", "audio", ".mp3"), subset="audio")
    row = songs.data.loc["A1", ["genre", "era", "artist", "title", "valence", "arousal"]]
    assert row.isna().all()
    assert songs.splits == {}
    assert songs.report.loc["official splits", "n"] == 0
    assert songs.target["A1"] == "pleasure"


def test_an_unknown_quadrant_leaves_the_song_unlabelled_with_a_warning(tmp_path):
    folder = write_single(tmp_path / "a", "audio", ".mp3")
    path = folder / "merge_audio_complete_metadata.csv"
    path.write_text("Song,Quadrant\nA1,Q5\nA2,\n")
    (folder / "Q1" / "A2.mp3").touch()
    with pytest.warns(UserWarning, match=r"'Q5' \(1\)"):
        songs = load_merge(folder, subset="audio")
    assert songs.target.tolist() == [None, None]
    assert songs.report.loc["without label", "songs"] == ["A1", "A2"]


def test_a_wrong_folder_says_what_was_looked_for_and_what_is_there(tmp_path):
    write_single(tmp_path / "MERGE_Audio_Complete", "audio", ".mp3")
    with pytest.raises(
        FileNotFoundError,
        match=r"'merge_bimodal_complete_metadata\.csv' in .*found 'MERGE_Audio_Complete'",
    ):
        load_merge(tmp_path)


@pytest.mark.parametrize(
    ("column", "named"), [("Quadrant", "Quadrant"), ("Lyric_Song", "Lyric_Song"), ("Song", "Song")]
)
def test_a_missing_column_is_named_with_its_file(tmp_path, column, named):
    columns = {"Audio_Song": "A1", "Lyric_Song": "L1", "Quadrant": "Q1"}
    columns = {name: [value] for name, value in columns.items() if not name.endswith(column)}
    columns = {"Quadrant": ["Q1"]} if column == "Song" else columns
    pd.DataFrame(columns).to_csv(tmp_path / "merge_bimodal_complete_metadata.csv", index=False)
    with pytest.raises(ValueError, match=rf"metadata\.csv' has no column '{named}'"):
        load_merge(tmp_path)


@pytest.mark.filterwarnings("ignore:.*songs have no")
def test_half_a_split_is_an_error(tmp_path):
    folder = write_merge(tmp_path / "m")
    (folder / "tvt_dataframes/tvt_40_30_30/tvt_40_30_30_test_bimodal_complete.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"'tvt_40_30_30_test_bimodal_complete\.csv' in"):
        load_merge(folder)


def test_an_unknown_subset_is_refused(tree):
    with pytest.raises(ValueError, match="subset"):
        load_merge(tree, subset="video")
