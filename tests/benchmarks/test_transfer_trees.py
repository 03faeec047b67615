"""Table 4 with one command, from MERGE's archive and EMMA's export as they lie on a disk."""

import numpy as np
import pandas as pd
import pytest
import soundfile

RATE, SECONDS = 8000, 11
GEMS = [
    "Wonder",
    "Transcendence",
    "Nostalgia",
    "Tenderness",
    "Peacefulness",
    "Joy",
    "Power",
    "Tension",
    "Sadness",
]
LOUDEST = {"Q1": "Joy", "Q2": "Tension", "Q3": "Sadness", "Q4": "Peacefulness"}


@pytest.fixture(scope="module")
def transfer(load_benchmark):
    return load_benchmark("transfer")


def sound(number):
    """Noise below a tone, louder for Q1 and Q2, no two alike."""
    rng = np.random.default_rng(number)
    time = np.arange(RATE * SECONDS) / RATE
    tone = np.sin(2 * np.pi * (200 + 300 * (number % 2)) * time) * (1 + np.sin(3 * time))
    return (0.02 + 0.1 * (number % 4 < 2)) * (tone + rng.normal(size=len(time)))


def write_merge(folder, n_songs):
    rows = ["Audio_Song,Lyric_Song,Quadrant,Artist,Title,ActualYear,Genres"]
    for number in range(n_songs):
        quadrant = f"Q{number % 4 + 1}"
        artist, year = number // 2, 1970 + number % 20
        ids = f"A{number:03},L{number:03},{quadrant}"
        rows.append(f"{ids},Artist {artist},Song {number},{year},Rock")
        for source, name in {"audio": f"A{number:03}.wav", "lyrics": f"L{number:03}.txt"}.items():
            (folder / source / quadrant).mkdir(parents=True, exist_ok=True)
            path = folder / source / quadrant / name
            if source == "audio":
                soundfile.write(path, sound(number), RATE)
            else:
                path.write_text(f"Words of song {number}, to be sung in the rain all night long")
    (folder / "merge_bimodal_complete_metadata.csv").write_text("\n".join(rows))


def write_emma(folder, first, n_songs):
    (folder / "excerpts").mkdir(parents=True)
    rows = []
    for number in range(first, first + n_songs):
        ratings = dict.fromkeys(GEMS, 5.0) | {LOUDEST[f"Q{number % 4 + 1}"]: 60.0}
        known = {"artist": f"Artist {number // 2}", "title": f"Song {number}"}
        rows.append(known | ratings | {"ICC": 0.5, "Spotify ID": f"id{number:020}"})
        soundfile.write(folder / "excerpts" / f"id{number:020}.wav", sound(number), RATE)
    pd.DataFrame(rows).to_csv(folder / "export.csv", encoding="cp1252")


def test_the_sets_are_read_cleaned_and_compared(transfer, tmp_path, capsys):
    write_merge(tmp_path / "MERGE_Bimodal_Complete", 28)
    write_emma(tmp_path / "emma", 24, 28)  # songs 24 to 27 are in both
    options = [
        *("--merge", str(tmp_path / "MERGE_Bimodal_Complete")),
        *("--emma", str(tmp_path / "emma"), "--emma-audio", str(tmp_path / "emma" / "excerpts")),
        *("--quick", "--repeats", "1", "--n-jobs", "1", "--strategies", "student-only", "skd"),
    ]
    transfer.main([*options, "--output", str(tmp_path / "output")])
    told = capsys.readouterr().out
    assert "source: MERGE, 28 songs" in told
    removed = pd.read_csv(tmp_path / "output" / "removed.csv")
    assert removed["step"].value_counts().to_dict() == {"remove_versions": 4}
    table = (tmp_path / "output" / "table4.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in table[2:]] == ["student-only", "skd"]
    assert [line.split("|")[-2].strip() for line in table[2:]] == ["24", "24"]
