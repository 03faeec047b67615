"""Tests of reading folders, tables and files as people really have them."""

import bz2

import pandas as pd
import pytest

from sklearn_skd.datasets._reading import (
    SONG_COLUMNS,
    artist_groups,
    decade,
    find_file,
    find_root,
    first_tag,
    index_songs,
    locate_audio,
    make_report,
    read_table,
    read_text,
    song_table,
    warn_missing,
)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


# Folders


@pytest.mark.parametrize("given", [".", "set", "set/inner", "set/inner/Songs.CSV"])
def test_a_root_is_found_from_around_inside_and_a_file_in_it(tmp_path, given):
    touch(tmp_path / "set" / "inner" / "Songs.CSV")
    touch(tmp_path / "__MACOSX" / "set" / "songs.csv")  # what a Mac leaves in archives
    assert find_root(tmp_path / given, "songs.csv") == tmp_path / "set" / "inner"


def test_a_root_holds_all_that_is_expected(tmp_path):
    touch(tmp_path / "a" / "songs.csv")
    touch(tmp_path / "b" / "songs.csv")
    touch(tmp_path / "b" / "votes.json")
    assert find_root(str(tmp_path), ["songs.csv", "*.json"]) == tmp_path / "b"


def test_the_nearest_of_several_roots_is_taken(tmp_path):
    touch(tmp_path / "songs.csv")
    touch(tmp_path / "old" / "songs.csv")
    assert find_root(tmp_path, "songs.csv") == tmp_path


def test_roots_that_are_equally_near_are_not_guessed_between(tmp_path):
    touch(tmp_path / "a" / "songs.csv")
    touch(tmp_path / "b" / "songs.csv")
    with pytest.raises(ValueError, match=r"several folders: .*a', .*b'.*path of one"):
        find_root(tmp_path, "songs.csv")


def test_a_wrong_folder_says_what_was_looked_for_and_what_was_found(tmp_path):
    touch(tmp_path / "holiday.jpg")
    with pytest.raises(FileNotFoundError, match=r"'songs\.csv', 'x\*' in .*found 'holiday\.jpg'"):
        find_root(tmp_path, ["songs.csv", "x*"])


def test_an_empty_and_a_missing_folder_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match="found nothing"):
        find_root(tmp_path, "songs.csv")
    with pytest.raises(FileNotFoundError, match=r"There is no .*gone"):
        find_root(tmp_path / "gone", "songs.csv")


def test_an_archive_is_to_be_unpacked(tmp_path):
    with pytest.raises(FileNotFoundError, match="unpack it"):
        find_root(touch(tmp_path / "MERGE.zip"), "songs.csv")


def test_a_long_folder_is_not_listed_in_full(tmp_path):
    for number in range(30):
        touch(tmp_path / f"{number:02}.txt")
    with pytest.raises(FileNotFoundError, match=r"'07\.txt' and 22 more\.$"):
        find_root(tmp_path, "songs.csv")


def test_one_file_is_found_and_several_or_none_are_not_guessed(tmp_path):
    touch(tmp_path / "a_1.csv")
    touch(tmp_path / "._a_1.csv")  # what a Mac leaves on other disks
    assert find_file(tmp_path, "A_*.csv").name == "a_1.csv"
    with pytest.raises(FileNotFoundError, match=r"'b\.csv' in .*found '\._a_1\.csv', 'a_1\.csv'"):
        find_file(tmp_path, "b.csv")
    touch(tmp_path / "a_2.csv")
    with pytest.raises(ValueError, match=r"'a_1\.csv', 'a_2\.csv'.*keep one"):
        find_file(tmp_path, "a_*.csv")


# Tables


@pytest.mark.parametrize("mark", ["\t", ",", ";"])
def test_the_separator_is_that_of_the_first_line_whatever_the_suffix(tmp_path, mark):
    lines = [mark.join(['"id, the"', "genres"]), mark.join(["a", '"rock, pop; folk"'])]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "a.csv")
    assert table.to_dict("list") == {"id, the": ["a"], "genres": ["rock, pop; folk"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_are_told_apart(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes("id,artist\n1,Björk “Guðmundsdóttir”\n".encode(encoding))
    assert read_table(tmp_path / "a.csv")["artist"][0] == "Björk “Guðmundsdóttir”"


def test_a_byte_that_no_encoding_knows_costs_one_letter(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"id,artist\n1,Bj\xf6rk\x81\n")
    assert read_table(tmp_path / "a.csv")["artist"][0] == "Björk\N{REPLACEMENT CHARACTER}"


def test_values_stay_text_and_only_the_blank_is_missing(tmp_path):
    (tmp_path / "a.csv").write_text("id,title,year\n007,NA,\n008,None,1970-??-??\n")
    table = read_table(tmp_path / "a.csv")
    assert table["id"].tolist() == ["007", "008"]
    assert table["title"].tolist() == ["NA", "None"]
    assert table["year"].isna().tolist() == [True, False]
    assert read_table(tmp_path / "a.csv", na_values=["", "NA"])["title"].isna().tolist() == [
        True,
        False,
    ]


def test_quoted_line_breaks_are_part_of_a_value(tmp_path):
    (tmp_path / "a.csv").write_text('\tid\ttext\n0\tx\t"two\n\nlines of ""it"""\n1\ty\tone\n')
    table = read_table(tmp_path / "a.csv")
    assert table["text"].tolist() == ['two\n\nlines of "it"', "one"]
    assert list(table) == ["id", "text"]  # the unnamed counter is gone


def test_packed_tables_are_read_by_column_and_in_chunks(tmp_path):
    content = "id\tx\ty\n" + "".join(f"{i}\t{i}\t{-i}\n" for i in range(20_500))
    (tmp_path / "a.tsv.bz2").write_bytes(bz2.compress(content.encode()))
    table = read_table(
        tmp_path / "a.tsv.bz2",
        columns=["y", "missing"],
        required=["id"],
        where=lambda chunk: chunk["id"].isin(["3", "20400"]),
    )
    assert table.to_dict("list") == {"id": ["3", "20400"], "y": ["-3", "-20400"]}


def test_a_missing_column_is_named_with_the_file(tmp_path):
    (tmp_path / "a.csv").write_text("id,b\n1,2\n")
    with pytest.raises(ValueError, match=r"a\.csv' has no column 'c', 'd'.*'id', 'b'"):
        read_table(tmp_path / "a.csv", required=["b", "c", "d"])


@pytest.mark.parametrize("where", [None, lambda chunk: chunk["a"].notna()])
def test_values_without_a_name_do_not_shift_the_others(tmp_path, where):
    (tmp_path / "a.csv").write_text("a,b\n1,2,3\n4,5,6\n")
    with pytest.raises(ValueError, match=r"a\.csv' cannot be read.*more values"):
        read_table(tmp_path / "a.csv", where=where)


@pytest.mark.parametrize("where", [None, lambda chunk: chunk["a"].notna()])
@pytest.mark.parametrize("line", [2, 4])
def test_too_many_values_are_refused_where_only_some_columns_are_read(tmp_path, where, line):
    lines = ["a,b,c", "1,2,3", '4,"5, ""6""\nx",7', "8,9,10"]
    lines[line - 1] += ",11"
    (tmp_path / "a.csv").write_text("\n".join(lines))
    at = {2: 2, 4: 5}[line]  # a value of two lines lies between
    with pytest.raises(ValueError, match=rf"a\.csv' cannot be read.*line {at} .*\(4\).*\(3\)"):
        read_table(tmp_path / "a.csv", columns=["a", "c"], where=where)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do_and_rows_may_be_short_or_blank(tmp_path, end):
    text = end.join(["a,b", "1,x", "", '2,"y', 'z"', "3", ""])
    (tmp_path / "a.csv").write_bytes(text.encode())
    table = read_table(tmp_path / "a.csv", columns=["b"], required=["a"])
    assert table["a"].tolist() == ["1", "2", "3"]
    assert table["b"].tolist()[:2] == ["x", f"y{end}z"]
    assert table["b"].isna().tolist() == [False, False, True]


def test_a_stray_byte_changes_its_line_alone_and_is_warned_of(tmp_path):
    (tmp_path / "a.csv").write_bytes("id,artist\n1,Beyoncé\n".encode() + b"2,Caf\xe9\n")
    with pytest.warns(UserWarning, match=r"a\.csv' is UTF-8 but for 1 lines.*line 3") as warned:
        assert read_table(tmp_path / "a.csv")["artist"].tolist() == ["Beyoncé", "Café"]
    assert warned[0].filename == __file__


def test_a_broken_and_an_empty_table_are_named(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(ValueError, match=r"a\.csv' cannot be read as a table.*line 3"):
        read_table(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"b\.csv' is empty"):
        read_table(touch(tmp_path / "b.csv"))


def test_ids_are_kept_once_and_the_rest_is_told():
    table = pd.DataFrame({"id": ["a ", "b", "a", None], "x": [1, 2, 3, 4]})
    songs, set_aside = index_songs(table, "id")
    assert songs["x"].to_dict() == {"a": 1, "b": 2}
    assert songs.index.name == "song_id"
    assert set_aside == ["a", ""]


# Files


def test_sound_is_found_in_any_case_and_in_folders(tmp_path):
    touch(tmp_path / "Q1" / "dfx-1.MP3")
    touch(tmp_path / "Q2" / "B.wav")
    touch(tmp_path / "Q2" / "B.flac")
    touch(tmp_path / "Q2" / "._b.mp3")
    touch(tmp_path / "c.txt")
    paths = locate_audio(pd.Index(["DFX-1", "b", "c"]), tmp_path)
    assert paths.tolist() == [
        str(tmp_path / "Q1" / "dfx-1.MP3"),
        str(tmp_path / "Q2" / "B.flac"),
        None,
    ]


def test_names_of_files_may_differ_from_those_of_songs(tmp_path):
    touch(tmp_path / "L1.txt")
    names = pd.Series(["L1", None], index=["A1", "A2"])
    found = locate_audio(names, tmp_path, suffixes=(".txt",))
    assert found.to_dict() == {"A1": str(tmp_path / "L1.txt"), "A2": None}


def test_no_folder_means_no_sound(tmp_path):
    assert locate_audio(pd.Index(["a"]), None).tolist() == [None]
    assert locate_audio(pd.Index(["a"]), tmp_path / "gone").tolist() == [None]


@pytest.mark.parametrize(("folder", "found"), [(".", r"'other\.mp3'"), ("gone", "no such folder")])
def test_a_folder_that_the_user_names_has_sound_of_these_songs(tmp_path, folder, found):
    touch(tmp_path / "other.mp3")
    with pytest.raises(FileNotFoundError, match=rf"None of the 1 songs.*'a\.mp3'.*found {found}"):
        locate_audio(pd.Index(["a"]), tmp_path / folder, must_match=True)


def test_missing_files_are_counted_in_a_warning():
    with pytest.warns(UserWarning, match=r"1 of 2 songs have no sound file in here, such as 'b'"):
        warn_missing("sound", pd.Series({"a": "a.mp3", "b": None}), "here")


def test_no_warning_is_given_where_nothing_is_missing(recwarn):
    warn_missing("sound", pd.Series({"a": "a.mp3"}), "here")
    assert not recwarn


def test_text_is_read_whatever_its_bytes(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfcaf\xe9 au lait\n\n")
    assert read_text(tmp_path / "a.txt") == "caf\N{REPLACEMENT CHARACTER} au lait"
    (tmp_path / "b.txt").write_text(" \n")
    assert read_text(tmp_path / "b.txt") is None
    assert read_text(tmp_path / "gone.txt") is None


# Columns


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1970-??-??", "1970s"),
        ("20/06/2005", "2000s"),
        ("                         1992-01-01", "1990s"),
        (1969.0, "1960s"),
        (2000, "2000s"),
        ("197?", None),
        ("????", None),
        ("", None),
        (None, None),
        ("123456", None),
    ],
)
def test_decades_of_dates_as_they_are_written(date, expected):
    assert decade(pd.Series([date])).tolist() == [expected]


def test_the_first_tag_is_taken():
    tags = pd.Series(["Pop/Rock, Jazz", " Folk ", "", None])
    assert first_tag(tags).tolist() == ["Pop/Rock", "Folk", None, None]


def test_artists_are_groups_and_the_unknown_are_alone():
    artists = pd.Series(["The  Band", "the band ", None, " "], index=["a", "b", "c", "d"])
    groups = artist_groups(artists)
    assert groups["a"] == groups["b"]
    assert groups.nunique() == 3


def test_the_song_table_has_all_common_columns_then_the_rest():
    songs = pd.Index(["a", "b"])
    genre = pd.Series(["rock", float("nan")], index=songs)
    table = song_table(songs, dataset="X", tempo=120.0, genre=genre, label=genre.astype("str"))
    assert list(table) == [*SONG_COLUMNS, "tempo", "label"]
    assert table.index.name == "song_id"
    assert table["genre"].tolist() == ["rock", None]
    assert table["label"].tolist() == ["rock", None]
    assert table["tempo"].tolist() == [120.0, 120.0]
    assert table["lyrics"].tolist() == [None, None]
    assert table["annotation_reliability"].isna().all()
    assert table["dataset"].tolist() == ["X", "X"]


def test_a_report_counts_songs_or_takes_their_number():
    report = make_report(("songs", 7, "all"), ("silent", pd.Index(["a", "b"]), "no file"))
    assert report["n"].to_dict() == {"songs": 7, "silent": 2}
    assert report.loc["silent", "songs"] == ["a", "b"]
    assert report.loc["songs", "songs"] is None
