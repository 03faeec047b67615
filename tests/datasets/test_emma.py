"""EMMA's exports in their real layout, the known traps included."""

import numpy as np
import pytest

from sklearn_skd.datasets import load_emma, to_quadrant

HEADER = (
    '"","artist","title","Wonder","Transcendence","Nostalgia","Tenderness","Peacefulness","Joy",'
    '"Power","Tension","Sadness","Sublimity","Vitality","Unease","ICC","Familiarity","Liking",'
    '"Spotify ID","Youtube Clip","Youtube ID","Youtube Start-Time","Youtube End-Time",'
    '"Number of Raters","GEMS Version"'
)
JOY, SAD, TIED = (
    "1.5,2,3,4,5,60,20,3,1.25",
    "10,10,30,10,10,0,0,20,55",
    "10,10,40,10,10,0,0,40,3",
)
FACTORS = "3.1,40,2.1"


def row(number, artist, title, ratings, icc, spotify, youtube, *, start="0:10", raters="28"):
    return (
        f'"{number}","{artist}","{title}",{ratings},{FACTORS},{icc},12.5,70,{spotify},"clip",'
        f'{youtube},"{start}","0:40",{raters},"GEMS-45"'
    )


ROWS = [
    row(1, "Beyoncé", "NA NA, hey", JOY, 0.61, '"4iV5W9uYEdYUVa79Axb7Rh"', '"yt1"'),
    row(2, "Bach", "Air", SAD, -0.04, "NA", '"yt-2"'),
    row(3, "Bach", "Aria", TIED, "NA", '"4iV5W9uYEdYUVa79Axb7Rh"', "NA", start="1:00"),
    row(4, "NA", "NA", ",".join(["NA"] * 9), 0.2, "NA", "NA", raters="NA"),
]
IDS = ["4iV5W9uYEdYUVa79Axb7Rh", "yt-2", "4iV5W9uYEdYUVa79Axb7Rh#2", "row 4"]


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "emma" / "export.csv"
    path.parent.mkdir()
    path.write_bytes("\n".join([HEADER, *ROWS]).encode("cp1252"))
    return path


def test_an_export_comes_as_the_common_table(export):
    excerpts = load_emma(export)
    data = excerpts.data
    assert data.index.tolist() == IDS
    assert data["artist"].tolist() == ["Beyoncé", "Bach", "Bach", None]
    assert data["title"].tolist() == ["NA NA, hey", "Air", "Aria", None]
    assert data["genre"].isna().all()
    assert data["audio"].isna().all()
    assert data["n_raters"].tolist()[:3] == [28, 28, 28]
    assert data["youtube_start_time"].tolist()[2] == "1:00"
    assert data["gems_version"].tolist()[0] == "GEMS-45"
    assert "unnamed: 0" not in data
    assert (excerpts.name, excerpts.taxonomy) == ("EMMA", "gems-9")


def test_the_highest_mean_is_the_label_and_a_tie_is_none(export):
    excerpts = load_emma(export)
    assert excerpts.target.tolist() == ["joy", "sadness", None, None]
    means = excerpts.data[excerpts.data.attrs["emotions"]]
    assert means.iloc[0].tolist() == [1.5, 2, 3, 4, 5, 60, 20, 3, 1.25]
    assert means.iloc[3].isna().all()


def test_labels_and_means_map_to_quadrants(export):
    excerpts = load_emma(export)
    quadrants = to_quadrant(excerpts.target, taxonomy="gems-9")
    assert quadrants.tolist() == ["pleasure", "sadness", None, None]
    means = excerpts.data[excerpts.data.attrs["emotions"]].iloc[:2]
    assert to_quadrant(means, taxonomy="gems-9").tolist() == ["pleasure", "sadness"]


def test_reliability_is_the_clipped_icc_and_the_raw_value_stays(export):
    data = load_emma(export).data
    np.testing.assert_equal(data["annotation_reliability"].tolist(), [0.61, 0, np.nan, 0.2])
    np.testing.assert_equal(data["icc"].tolist(), [0.61, -0.04, np.nan, 0.2])


def test_an_export_in_utf_8_is_the_same(export):
    expected = load_emma(export).data
    export.write_text(export.read_text("cp1252"), "utf-8-sig")
    assert load_emma(export).data.equals(expected)


def test_a_folder_or_one_around_it_will_do(export):
    assert load_emma(export.parent.parent).data.index.tolist() == IDS


def test_a_shorter_export_is_read(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text(
        "Wonder,Transcendence,Nostalgia,Tenderness,Peacefulness,Joy,Power,Tension,Sadness,"
        f"Spotify ID\n{JOY},abc\n{SAD},def\n"
    )
    excerpts = load_emma(path)
    assert excerpts.data.index.tolist() == ["abc", "def"]
    assert excerpts.target.tolist() == ["joy", "sadness"]
    assert excerpts.data[["artist", "annotation_reliability", "n_raters"]].isna().all(axis=None)
    assert excerpts.groups.nunique() == 2


def test_genres_are_named_by_the_caller_and_copies_set_aside(export, tmp_path):
    other = tmp_path / "classical.csv"
    other.write_bytes("\n".join([HEADER, ROWS[1]]).encode("cp1252"))
    excerpts = load_emma({"pop": export, "classical": str(other)})
    assert excerpts.data["genre"].tolist() == ["pop"] * 4
    assert excerpts.report.loc["repeated excerpts", "songs"] == ["yt-2"]
    excerpts = load_emma({"classical": other, "pop": export})
    assert excerpts.data["genre"].tolist() == ["classical", "pop", "pop", "pop"]


def test_sound_is_found_by_spotify_or_youtube_id(export, tmp_path):
    folder = tmp_path / "sound"
    folder.mkdir()
    for name in (f"{IDS[0].upper()}.MP3", "yt-2.wav", "cover.jpg"):
        (folder / name).touch()
    with pytest.warns(UserWarning, match="1 of 4 songs have no sound"):
        excerpts = load_emma(export, audio_dir=folder)
    names = [path and path.rpartition("/")[2] for path in excerpts.data["audio"]]
    assert names == [f"{IDS[0].upper()}.MP3", "yt-2.wav", f"{IDS[0].upper()}.MP3", None]
    assert excerpts.report.loc["without audio", "songs"] == ["row 4"]


def test_a_folder_of_other_sound_is_refused(export, tmp_path):
    (tmp_path / "other.mp3").touch()
    with pytest.raises(FileNotFoundError, match=r"4iV5W9uYEdYUVa79Axb7Rh\.mp3.*other\.mp3"):
        load_emma(export, audio_dir=tmp_path)


def test_what_is_missing_is_counted(export):
    report = load_emma(export).report["n"].to_dict()
    assert report == {
        "excerpts": 4,
        "repeated excerpts": 0,
        "tied": 1,
        "without label": 2,
        "negative ICC": 1,
        "without ICC": 1,
        "without audio": 4,
    }


def test_an_artist_is_one_group(export):
    groups = load_emma(export).groups
    assert groups.iloc[1] == groups.iloc[2]
    assert groups.nunique() == 3


def test_another_file_is_refused_with_the_missing_emotions(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("artist,Joy\nx,1\n")
    with pytest.raises(ValueError, match=r"other\.csv.*'wonder'"):
        load_emma(path)


def test_a_folder_without_exports_says_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"\*\.csv.*notes\.txt"):
        load_emma(tmp_path)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("1.5,2,3,4,5,160,20,3,1", r"rates joy with 160 in row 1"),
        ("1.5,2,3,4,5,much,20,3,1", r"has 'much' in the column 'joy', row 1"),
    ],
)
def test_a_rating_that_is_none_is_refused_with_its_row(tmp_path, bad, message):
    path = tmp_path / "export.csv"
    path.write_text("\n".join([HEADER, row(1, "x", "y", bad, 0.5, "a", "b")]))
    with pytest.raises(ValueError, match=message):
        load_emma(path)
