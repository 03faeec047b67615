"""mirdata's data sets as song tables: a small copy of its interface, and the package itself."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_skd.datasets import from_mirdata

TAGS = {
    "track_1": ["melancholic", "sad", "party", "film"],
    "track_2": ["happy", "calm"],
    "track_3": ["space"],
    "track_4": ["relaxing"],
}


class Dataset:
    """What from_mirdata uses of mirdata.core.Dataset."""

    name, version, bibtex, _license_info = "fake", "1.0", "@article{...}", "CC0"

    def __init__(self, tracks, splits=None):
        self._tracks = {name: SimpleNamespace(**track) for name, track in tracks.items()}
        self._split = splits

    @property
    def track_ids(self):
        return list(self._tracks)

    def track(self, track_id):
        return self._tracks[track_id]

    def get_track_splits(self):
        if self._split is None:
            raise NotImplementedError("no official split")
        return self._split


@pytest.fixture
def jamendo(tmp_path):
    """Tracks as of mtg_jamendo_autotagging_moodtheme: one without its file, one without a row."""
    artists = ["artist_7", "artist_8", "artist_7", None]
    tracks = {}
    for (name, tags), artist in zip(TAGS.items(), artists, strict=True):
        path = tmp_path / f"{name}.mp3"
        if name != "track_2":
            path.touch()
        tracks[name] = {"audio_path": str(path), "artist_id": artist, "tags": tags}
    return Dataset(tracks, {"train": ["track_1", "track_9"], "test": ["track_3"]})


def test_tracks_come_as_the_common_table(jamendo, tmp_path):
    songs = from_mirdata(jamendo, label="tags")
    data = songs.data
    assert data.index.tolist() == list(TAGS)
    assert data.index.name == "song_id"
    assert data["audio"].tolist() == [
        str(tmp_path / f"track_{k}.mp3") if k != 2 else None for k in (1, 2, 3, 4)
    ]
    assert data["artist"].tolist() == ["artist_7", "artist_8", "artist_7", None]
    assert data[["lyrics", "genre", "era", "annotation_reliability"]].isna().all(axis=None)
    assert data["dataset"].tolist() == ["fake"] * 4
    assert (songs.name, songs.version, songs.licence) == ("fake", "1.0", "CC0")
    assert songs.citation == "@article{...}"


def test_one_label_is_taken_from_many_tags_by_the_rule(jamendo):
    songs = from_mirdata(jamendo, label="tags")
    assert songs.target.tolist() == ["sadness", None, None, "calm"]
    assert songs.tag_votes["tied"].tolist() == [False, True, False, False]
    assert songs.taxonomy == "quadrants"
    assert songs.data.attrs["label_rule"] == "emotion_from_tags of the attribute 'tags'"


def test_another_lexicon_makes_other_labels(jamendo):
    songs = from_mirdata(jamendo, label="tags", lexicon={"film": "narrative", "space": "vast"})
    assert songs.target.tolist() == ["narrative", None, "vast", None]
    assert songs.taxonomy is None


def test_tags_as_the_older_mirdata_gives_them_are_understood():
    tracks = {"a": {"tags": "mood/theme---happy"}, "b": {"tags": "mood/theme---film"}}
    lexicon = {"happy": "joy"}
    assert from_mirdata(Dataset(tracks), label="tags", lexicon=lexicon).target.tolist() == [
        *("joy", None)
    ]


def test_tags_and_genres_may_be_arrays():
    tracks = {"a": {"tags": np.array(["happy", "film"]), "genres": np.array(["rock", "pop"])}}
    songs = from_mirdata(Dataset(tracks), label="tags")
    assert songs.target.tolist() == ["pleasure"]
    assert songs.data["genre"].tolist() == ["rock"]


def test_without_a_label_all_songs_are_unlabelled(jamendo):
    songs = from_mirdata(jamendo)
    assert songs.target.isna().all()
    assert "tag_votes" not in songs


def test_a_function_may_say_the_label(jamendo):
    songs = from_mirdata(jamendo, label=lambda track: "sad" if "sad" in track.tags else None)
    assert songs.target.tolist() == ["sad", None, None, None]
    assert songs.taxonomy is None


def test_other_attributes_fill_the_culture_fields():
    words = SimpleNamespace(lyrics=["la", "", "vie "])
    tracks = {
        "a": {"genres": ["rock", "pop"], "language": "fr", "year": 1987, "lyrics": words},
        "b": {"genres": [], "language": None, "year": None, "lyrics": None, "country": "Mali"},
    }
    data = from_mirdata(Dataset(tracks), columns={"region": "country", "form": "genres"}).data
    assert data["genre"].tolist() == ["rock", None]
    assert data["language"].tolist() == ["fr", None]
    assert data["era"].tolist() == ["1980s", None]
    assert data["lyrics"].tolist() == ["la vie", None]
    assert data["region"].tolist() == [None, "Mali"]
    assert data["form"].tolist()[0] == "rock"


def test_the_official_split_keeps_known_songs_only(jamendo):
    songs = from_mirdata(jamendo)
    assert {name: ids.tolist() for name, ids in songs.splits.items()} == {
        "train": ["track_1"],
        "test": ["track_3"],
    }
    assert songs.report.loc["unknown songs in splits", "songs"] == ["track_9"]


def test_a_set_without_a_split_has_none():
    assert from_mirdata(Dataset({"a": {}})).splits == {}


def test_artists_are_groups_and_an_unknown_one_is_alone(jamendo):
    groups = from_mirdata(jamendo).groups
    assert groups["track_1"] == groups["track_3"]
    assert groups.nunique() == 3


def test_what_is_missing_is_counted(jamendo):
    report = from_mirdata(jamendo, label="tags").report["n"].to_dict()
    assert report == {
        "songs": 4,
        "without audio": 1,
        "without artist": 1,
        "without label": 2,
        "unknown songs in splits": 1,
        "tied": 1,
        "without mood tag": 1,
    }


def test_an_attribute_that_no_track_has_is_refused_with_those_they_have(jamendo):
    with pytest.raises(ValueError, match=r"no attribute \['mood'\].*'tags'"):
        from_mirdata(jamendo, label="mood")
    with pytest.raises(ValueError, match=r"no attribute \['country'\]"):
        from_mirdata(jamendo, columns={"region": "country"})


def test_something_else_than_a_data_set_is_refused():
    with pytest.raises(TypeError, match=r"mirdata\.initialize"):
        from_mirdata("mtg_jamendo_autotagging_moodtheme")
    with pytest.raises(ValueError, match="no tracks"):
        from_mirdata(Dataset({}))


def test_the_real_package_is_read_as_its_copy_here(tmp_path):
    mirdata = pytest.importorskip("mirdata")
    dataset = mirdata.initialize("mtg_jamendo_autotagging_moodtheme", tmp_path, version="1.0")
    paths = {name: f"audios/0{name[-1]}/{name[-1]}.mp3" for name in TAGS}
    dataset.index_path = str(tmp_path / "index.json")  # the real one must be downloaded
    index = {"version": "1.0", "tracks": {n: {"audio": [p, ""]} for n, p in paths.items()}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    write_moodtheme(tmp_path / "data", paths)
    (tmp_path / "audios" / "01").mkdir(parents=True)
    (tmp_path / paths["track_1"]).touch()

    songs = from_mirdata(dataset, label="tags")
    assert songs.target.tolist() == ["sadness", None, None, "calm"]
    assert songs.data["audio"].tolist() == [str(tmp_path / paths["track_1"]), None, None, None]
    assert songs.data["artist"].tolist() == ["artist_1", "artist_2", "artist_3", "artist_4"]
    assert songs.splits["train"].tolist() == ["track_1", "track_2"]
    assert songs.splits["validation"].tolist() == ["track_3"]
    assert "NonCommercial" in songs.licence
    assert "bogdanov2019mtg" in songs.citation


def write_moodtheme(folder, paths):
    """The files of metadata and splits as the Jamendo set has them."""

    def write(path, names):
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
        for name in names:
            tags = "\t".join(f"mood/theme---{tag}" for tag in TAGS[name])
            lines.append(f"{name}\tartist_{name[-1]}\talbum_1\t{paths[name]}\t212.7\t{tags}")
        path.write_text("\n".join(lines) + "\n")

    write(folder / "autotagging_moodtheme.tsv", TAGS)
    parts = {"train": ["track_1", "track_2"], "validation": ["track_3"], "test": ["track_4"]}
    for number in range(5):
        for part, names in parts.items():
            name = f"autotagging_moodtheme-{part}.tsv"
            write(folder / "splits" / f"split-{number}" / name, names)
