"""Music4All and Music4All-Onion in their real layouts, the known traps included."""

import bz2

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.datasets import load_music4all_onion, read_onion

A, B, C, D = "0009fFIM1eYThaPg", "002Jyd0vN4HyCpqL", "004h5IWp5y3CdKsR", "00AfGsV3XqYt1b2c"
INFORMATION = [
    ["id", "artist", "song", "album_name"],
    [A, "Cheryl", 'Rain "on" Me', "3 Words"],
    [B, "Oddisee", "NA", "The Good Fight"],
    [C, "cheryl ", "Fight for This", "3 Words"],
    [D, "Beyoncé", "Halo", "I Am"],
    [A, "Someone", "else", "later"],
]
METADATA = [
    [
        *("id", "spotify_id", "popularity", "release", "danceability", "energy"),
        *("key", "mode", "valence", "tempo", "duration_ms"),
    ],
    [A, "s1", "31.0", "2009", "0.6", "0.746", "11.0", "1.0", "0.548", "110.9", "229640"],
    [B, "s2", "41.0", "2015", "0.6", "0.9", "3.0", "0.0", "0.1", "90.0", "1"],
    [C, "s3", "1.0", "0", "0.6", "0.2", "3.0", "0.0", "0.5", "90.0", "1"],
    [D, "s4", "1.0", "1998", "0.6", "0.3", "3.0", "0.0", "", "90.0", "1"],
]
TAGS = [["id", "tags"], [A, "pop,happy,dance"], [B, "sad,happy"], [C, "melancholic"], [D, "rock"]]
GENRES = [["id", "genres"], [A, "pop"], [B, "hard rock,rock"], [D, "soul"]]
LANG = [["id", "lang"], [A, "en"], [B, "PT"], [C, "INTRUMENTAL"], [D, "en"]]
SENTIMENT = [
    ["id", "V_mean", "V_std", "A_mean", "D_mean"],
    *([A, "6.5", "1", "5.0", "5"], [B, "5.5", "1", "4.5", "5"], [C, "5.0", "1", "5.5", "5"]),
    *(["x", "6.0", "1", "4.0", "5"], ["y", "7.0", "1", "3.0", "5"]),
]
WEIGHTS = [
    ["id", "(tag, weight)"],
    [A, "{'pop': 100, 'sad': 5, \"feel-good\": 3}"],
    [B, "{'happy': 1, '80\\'s': 2}"],
    [D, "{}"],
]

# two of the four songs have no sound, on purpose
pytestmark = pytest.mark.filterwarnings("ignore:.* songs have no sound file:UserWarning")


def write(path, rows, *, separator="\t"):
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    data = text.encode()
    path.write_bytes(bz2.compress(data) if path.suffix == ".bz2" else data)


@pytest.fixture
def root(tmp_path):
    """Music4All in a folder within the one that is given."""
    root = tmp_path / "music4all"
    for folder in ("audios", "lyrics"):
        (root / folder).mkdir(parents=True)
    for name, rows in {
        "id_information": INFORMATION,
        "id_metadata": METADATA,
        "id_tags": TAGS,
        "id_genres": GENRES,
        "id_lang": LANG,
    }.items():
        write(root / f"{name}.csv", rows)
    (root / "audios" / f"{A}.mp3").touch()
    (root / "audios" / f"{B}.MP3").touch()
    (root / "lyrics" / f"{A}.txt").write_bytes(b"Rain on me\nol\xe9")
    (root / "lyrics" / f"{B}.txt").write_text(" \n")
    return root


@pytest.fixture
def onion(tmp_path):
    onion = tmp_path / "onion"
    onion.mkdir()
    write(onion / "id_lyrics_sentiment_functionals.tsv.bz2", SENTIMENT)
    write(onion / "id_tags_dict.tsv.bz2", WEIGHTS)
    return onion


def test_songs_come_as_the_common_table(root):
    songs = load_music4all_onion(root.parent)
    data = songs.data
    assert data.index.tolist() == [A, B, C, D]
    assert data.index.name == "song_id"
    assert data["audio"].tolist() == [
        str(root / "audios" / f"{A}.mp3"),
        str(root / "audios" / f"{B}.MP3"),
        *(None, None),
    ]
    assert data["lyrics"].tolist() == ["Rain on me\nol\N{REPLACEMENT CHARACTER}", None, None, None]
    assert data["artist"].tolist()[0] == "Cheryl"
    assert data["title"].tolist() == ['Rain "on" Me', "NA", "Fight for This", "Halo"]
    assert data["annotation_reliability"].isna().all()
    assert data["dataset"].unique().tolist() == ["Music4All-Onion"]
    assert (songs.name, songs.taxonomy) == ("Music4All-Onion", "quadrants")


def test_culture_comes_from_language_first_genre_and_decade(root):
    data = load_music4all_onion(root).data
    assert data["language"].tolist() == ["en", "pt", None, "en"]
    assert data["genre"].tolist() == ["pop", "hard rock", None, "soul"]
    assert data["genres"].tolist()[1] == "hard rock,rock"
    assert data["era"].tolist() == ["2000s", "2010s", None, "1990s"]


def test_an_artist_is_one_group_however_it_is_written(root):
    groups = load_music4all_onion(root).groups
    assert groups[A] == groups[C]
    assert groups.nunique() == 3


def test_without_a_named_choice_no_song_has_a_label(root):
    songs = load_music4all_onion(root)
    assert songs.target.isna().all()
    assert songs.data.attrs["label_from"] is None


def test_labels_from_tags_follow_the_rule_of_tags(root):
    songs = load_music4all_onion(root, label_from="tags")
    assert songs.target.tolist() == ["pleasure", None, "sadness", None]
    assert songs.data.attrs["label_from"] == "tags"
    assert songs.data.attrs["label_source"] == "id_tags.csv"
    assert songs.data["emotion"].equals(songs.target)


def test_weighted_tags_of_onion_come_before_those_of_the_base(root, onion):
    songs = load_music4all_onion(root, onion_dir=onion, label_from="tags")
    assert songs.target.tolist() == ["sadness", "pleasure", None, None]
    assert songs.data.attrs["label_source"] == "id_tags_dict.tsv.bz2"


def test_a_cell_that_is_no_mapping_is_never_run(root, onion):
    write(onion / "id_tags_dict.tsv.bz2", [WEIGHTS[0], [A, "__import__('os').getcwd()"]])
    with pytest.raises(ValueError, match=r"id_tags_dict.*no mapping"):
        load_music4all_onion(root, onion_dir=onion, label_from="tags")


def test_labels_from_valence_and_energy_leave_songs_on_an_axis_without_one(root):
    songs = load_music4all_onion(root, label_from="valence_energy")
    assert songs.target.tolist() == ["pleasure", "tension", None, None]
    assert "0.5" in songs.data.attrs["label_rule"]


def test_labels_from_lyrics_are_relative_to_all_songs_of_the_file(root, onion):
    songs = load_music4all_onion(root, onion_dir=onion, label_from="lyrics_vad")
    # medians of the five rows: valence 6, arousal 4.5
    assert songs.target.tolist() == ["pleasure", None, "tension", None]
    assert songs.data.loc[A, ["lyrics_valence", "lyrics_arousal"]].tolist() == [6.5, 5.0]
    some = load_music4all_onion(root, onion_dir=onion, label_from="lyrics_vad", songs=[C])
    assert some.target.tolist() == ["tension"]


def test_files_of_onion_may_lie_beside_those_of_the_base(root):
    write(root / "id_lyrics_sentiment_functionals.tsv.bz2", SENTIMENT)
    assert load_music4all_onion(root, label_from="lyrics_vad").target[A] == "pleasure"


def test_the_older_variant_with_commas_and_a_capital_key_is_read(root, onion):
    rows = [["ID", *SENTIMENT[0][1:]], *SENTIMENT[1:]]
    (onion / "id_lyrics_sentiment_functionals.tsv.bz2").unlink()
    write(onion / "id_lyrics_sentiment_functionals.csv", rows, separator=",")
    songs = load_music4all_onion(root, onion_dir=onion, label_from="lyrics_vad")
    assert songs.target[C] == "tension"


def test_a_base_with_commas_is_read(root):
    rows = [["id", "artist", "song", "album_name"], [A, '"Earth, Wind & Fire"', "September", "X"]]
    write(root / "id_information.csv", rows, separator=",")
    assert load_music4all_onion(root).data["artist"].tolist() == ["Earth, Wind & Fire"]


def test_a_folder_around_onion_will_do(root, onion):
    songs = load_music4all_onion(root, onion_dir=onion.parent, label_from="lyrics_vad")
    assert songs.target[C] == "tension"


def test_a_quotation_mark_that_swallows_songs_is_reported(root):
    rows = [INFORMATION[0], [A, "x", '"Heroes', "y"], [B, "x", 'z"', "y"], INFORMATION[4]]
    write(root / "id_information.csv", rows)
    report = load_music4all_onion(root).report
    assert report.loc["of several lines", "songs"] == [A]


def test_only_the_wanted_songs_are_read(root):
    songs = load_music4all_onion(root, songs=[C, "unknown"])
    assert songs.data.index.tolist() == [C]
    assert songs.report.loc["unknown songs", "songs"] == ["unknown"]
    with pytest.raises(ValueError, match=r"no song .*nobody"):
        load_music4all_onion(root, songs=["nobody"])


def test_what_is_missing_is_counted_and_named(root):
    with pytest.warns(UserWarning, match=f"2 of 4 songs have no sound.*{C}"):
        report = load_music4all_onion(root, label_from="tags").report
    assert report["n"].to_dict() == {
        "songs": 4,
        "repeated ids": 1,
        "of several lines": 0,
        "unknown songs": 0,
        "without audio": 2,
        "without lyrics": 3,
        "without language": 1,
        "without label": 2,
    }
    assert report.loc["repeated ids", "songs"] == [A]
    assert report.loc["without audio", "songs"] == [C, D]


@pytest.mark.parametrize("name", ["id_lang", "id_genres", "id_metadata", "id_tags"])
def test_any_file_but_the_first_may_be_missing(root, name):
    (root / f"{name}.csv").unlink()
    column = {"id_lang": "language", "id_genres": "genre", "id_metadata": "era"}.get(name, "tags")
    data = load_music4all_onion(root).data
    assert data[column].isna().all()
    assert len(data) == 4


@pytest.mark.parametrize(
    ("label_from", "gone", "named"),
    [
        ("tags", "id_tags.csv", "id_tags"),
        ("valence_energy", "id_metadata.csv", "id_metadata"),
        ("lyrics_vad", "id_lang.csv", "id_lyrics_sentiment_functionals"),
    ],
)
def test_a_label_without_its_file_is_refused_with_its_name(root, label_from, gone, named):
    (root / gone).unlink()
    with pytest.raises(FileNotFoundError, match=named):
        load_music4all_onion(root, label_from=label_from)


@pytest.mark.parametrize(
    ("label_from", "name", "column"),
    [("valence_energy", "id_metadata.csv", "energy"), ("tags", "id_tags.csv", "tags")],
)
def test_chosen_songs_without_a_value_have_no_label(root, label_from, name, column):
    write(
        root / name, [["id", "valence", "energy", "tags"], [A, "0.9", "0.8", "sad"], [D, *[""] * 3]]
    )
    for songs in ([D], [C, D]):
        chosen = load_music4all_onion(root, label_from=label_from, songs=songs)
        assert chosen.target.tolist() == [None] * len(songs)
        assert chosen.data.attrs["label_source"] == name
    write(root / name, [["id", "valence", "x"], [A, "0.9", "0.8"]])
    with pytest.raises(ValueError, match=rf"{name}' has no column .*'{column}'"):
        load_music4all_onion(root, label_from=label_from)


@pytest.mark.parametrize("cell", ["{'happy': None}", "{'happy': -1}", "{'happy': 1e999}"])
def test_tags_without_a_weight_are_refused_with_file_and_song(root, onion, cell):
    write(onion / "id_tags_dict.tsv.bz2", [*WEIGHTS[:2], [D, cell]])
    with pytest.raises(ValueError, match=rf"id_tags_dict\.tsv\.bz2'.* song '{D}'"):
        load_music4all_onion(root, onion_dir=onion, label_from="tags")


def test_a_text_is_no_collection_of_songs_or_columns(root, onion):
    write(onion / "id_essentia.tsv.bz2", [["id", "f"], [A, "1"]])
    with pytest.raises(ValueError, match=rf"songs .*text '{A}': use \['{A}'\]"):
        load_music4all_onion(root, songs=A)
    with pytest.raises(ValueError, match=rf"songs .*use \['{A}'\]"):
        read_onion(onion, "essentia", songs=A)
    with pytest.raises(ValueError, match=r"columns .*use \['f'\]"):
        read_onion(onion, "essentia", columns="f")


def test_a_base_of_names_alone_is_said_to_have_no_songs(root):
    write(root / "id_information.csv", INFORMATION[:1])
    with pytest.raises(ValueError, match=r"id_information\.csv' has no songs, only names"):
        load_music4all_onion(root)


def test_a_wrong_folder_says_what_was_looked_for_and_found(tmp_path):
    (tmp_path / "holiday.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"id_information\.csv.*holiday\.txt"):
        load_music4all_onion(tmp_path)


def test_a_missing_column_is_named_with_its_file(root, onion):
    write(onion / "id_lyrics_sentiment_functionals.tsv.bz2", [["id", "V_mean"], [A, "1"]])
    with pytest.raises(ValueError, match=r"id_lyrics_sentiment_functionals.*'A_mean'"):
        load_music4all_onion(root, onion_dir=onion, label_from="lyrics_vad")
    write(root / "id_information.csv", [["song_id", "artist"], [A, "x"]])
    with pytest.raises(ValueError, match=r"id_information\.csv.*'id'"):
        load_music4all_onion(root)


def test_an_unknown_choice_of_labels_is_refused(root):
    with pytest.raises(ValueError, match="label_from"):
        load_music4all_onion(root, label_from="ratings")


def test_features_of_onion_are_read_by_column_and_song(onion):
    names = [f"f{k}" for k in range(1035)]
    rows = [["id", *names], *([song, *map(str, range(1035))] for song in (A, B, C))]
    write(onion / "id_essentia.tsv.bz2", rows)
    table = read_onion(onion, "id_essentia", columns=["f7", "f3"], songs=[C, D])
    assert table.dtypes.unique().tolist() == [np.float32]
    pd.testing.assert_index_equal(table.index, pd.Index([C, D], name="song_id"))
    assert table.loc[C].tolist() == [7, 3]
    assert table.loc[D].isna().all()
    assert read_onion(onion, "essentia").shape == (3, 1035)


def test_columns_of_onion_without_a_name_get_one(onion):
    write(onion / "id_gems.tsv.bz2", [["id", *[""] * 9], [A, *"123456789"]])
    table = read_onion(onion, "id_gems")
    assert list(table) == [f"gems_{k}" for k in range(9)]
    assert table.loc[A].tolist() == list(range(1, 10))


def test_columns_of_onion_without_a_name_are_asked_for_by_the_one_they_get(onion):
    write(onion / "id_gems.tsv.bz2", [["", "id", *[""] * 3, "x"], ["0", A, *"1234"]])
    table = read_onion(onion, "id_gems", columns=["gems_2", "x", "gems_1"])
    assert table.loc[A].to_dict() == {"gems_2": 3, "x": 4, "gems_1": 2}


@pytest.mark.parametrize("gap", ["", "nan", "NaN", "NA"])
def test_a_gap_of_onion_is_missing_however_it_is_written(onion, gap):
    write(onion / "id_essentia.tsv.bz2", [["id", "f"], [A, "1"], [B, gap]])
    assert read_onion(onion, "essentia")["f"].isna().tolist() == [False, True]


@pytest.mark.parametrize("columns", [None, ["g"]])
def test_text_among_the_numbers_of_onion_is_named_with_its_place(onion, columns):
    rows = [["id", "f", "g"], [A, "1", "nan"], [B, "2", "hello"]]
    write(onion / "id_essentia.tsv.bz2", rows)
    with pytest.raises(ValueError, match=r"id_essentia.* 'hello' in line 3, column 'g'"):
        read_onion(onion, "essentia", columns=columns)
    assert read_onion(onion, "essentia", columns=["f"])["f"].tolist() == [1, 2]


def test_features_that_are_not_there_are_named(onion):
    with pytest.raises(FileNotFoundError, match=r"id_maest.*id_tags_dict"):
        read_onion(onion, "maest")
    write(onion / "id_essentia.tsv.bz2", [["id", "f"], [A, "1"]])
    with pytest.raises(ValueError, match=r"no column 'g'"):
        read_onion(onion, "essentia", columns=["g"])
    with pytest.raises(FileNotFoundError, match=r"There is no .*elsewhere"):
        read_onion(onion / "elsewhere", "essentia")
