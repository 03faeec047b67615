"""benchmarks/transfer.py: from sets of songs to Table 4."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

import sklearn_skd.datasets


@pytest.fixture(scope="module")
def transfer(load_benchmark):
    return load_benchmark("transfer")


def make_set(n_songs, *, taxonomy="quadrants", names=("Q1", "Q3"), first=0):
    """Songs whose genre tells the emotion, with an artist each."""
    number = np.arange(first, first + n_songs)
    data = pd.DataFrame(
        {
            "audio": pd.Series([None] * n_songs, dtype=object),
            "genre": np.where(number % 2, "dirge", "polka"),
            "era": np.where(number % 3, "1990s", None),
            "artist": [f"Artist {i}" for i in number],
            "title": "Song",
        }
    ).set_index(number.astype(str))
    target = pd.Series(np.where(number % 2, names[1], names[0]), data.index, dtype=object)
    groups = pd.Series(data["artist"], data.index)
    return Bunch(data=data, target=target, groups=groups, taxonomy=taxonomy)


def test_the_first_set_given_trains_and_the_others_test(transfer, tmp_path, monkeypatch, capsys):
    asked = {}

    def reader(name, songs):
        def read(path, **options):
            asked[name] = (str(path), options)
            return songs

        return read

    gems = make_set(50, taxonomy="gems-9", names=("joy", "sadness"), first=30)
    for name, songs in {"load_merge": make_set(40), "load_emma": gems}.items():
        monkeypatch.setattr(sklearn_skd.datasets, name, reader(name, songs), raising=False)
    options = (
        "--emma there --merge here --quick --repeats 1 --n-jobs 1 --strategies student-only skd"
    )
    transfer.main([*options.split(), "--output", str(tmp_path)])
    assert asked == {"load_merge": ("here", {}), "load_emma": ("there", {"audio_dir": None})}
    assert "source: MERGE, 40 songs" in capsys.readouterr().out
    removed = pd.read_csv(tmp_path / "removed.csv")
    assert removed["step"].tolist() == ["remove_versions"] * 10  # songs 30 to 39 are in both
    lines = (tmp_path / "table4.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines] == [
        "Model",
        "-" * 12,
        "student-only",
        "skd",
    ]
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["EMMA", "EMMA"]
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["40", "40"]


def test_one_set_is_not_enough(transfer, tmp_path, monkeypatch):
    monkeypatch.setattr(
        sklearn_skd.datasets, "load_emma", lambda path, audio_dir: make_set(4), raising=False
    )
    with pytest.raises(SystemExit, match="two sets at least"):
        transfer.main(["--emma", "there", "--output", str(tmp_path)])


def test_what_belongs_to_a_song_stays_with_it(transfer):
    songs = make_set(6)
    songs["annotation_votes"] = pd.DataFrame({"calm": range(6)}, index=songs.data.index)
    songs["annotation_reliability"] = np.arange(6) / 6
    taken = transfer.take(songs, np.array([1, 4]))
    assert taken.data.index.tolist() == ["1", "4"]
    assert taken.target.tolist() == ["Q3", "Q1"]
    assert taken.annotation_votes["calm"].tolist() == [1, 4]
    assert taken.annotation_reliability.tolist() == [1 / 6, 4 / 6]
    assert transfer.emotions(taken).tolist() == ["sadness", "pleasure"]


def test_the_embedded_sets_have_other_cultures_in_the_majority(transfer, monkeypatch):
    def make_songs(n_songs, random_state, **params):
        regions = np.random.default_rng(random_state).choice(list("abcd"), size=n_songs)
        return Bunch(data=pd.DataFrame({"region": regions}), target=np.array(["calm"] * n_songs))

    monkeypatch.setattr(transfer, "make_songs", make_songs)
    here, there = (one.data["region"].value_counts() for one in transfer.embedded(200).values())
    assert here.nlargest(2).index.sort_values().tolist() == ["a", "c"]
    assert there.nlargest(2).index.sort_values().tolist() == ["b", "d"]
