"""What the fingerprint and the test for clipping find: copies of songs, damaged in known ways.

    python benchmarks/near_copies.py --audio FOLDER
    python benchmarks/near_copies.py

Some songs of a folder (or of make_songs), and copies of some of them: encoded, resampled, cut,
clipped, with noise, faster. Columns: how many copies `remove_near_copies` finds by its default;
the share of bits in which they differ from their song; how many of them `remove_poor_audio` takes
for clipped, and the shares of their clipped samples. The last line is about pairs of different
songs: the smallest share of bits in which two that were compared at all differ.
"""

import argparse
import inspect
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr
from _report import markdown

from sklearn_skd import make_songs
from sklearn_skd.datasets import remove_near_copies, remove_poor_audio

ANY = 0.499  # share of bits that may differ, so that all that is compared is reported
FOUND = inspect.signature(remove_near_copies).parameters["max_error"].default


def with_noise(level):
    """Noise at `level` dB of the song's power."""

    def damage(sound, rate, rng):
        size = np.sqrt(np.mean(sound**2)) * 10 ** (level / 20)
        return sound + rng.normal(scale=size, size=len(sound)), rate

    return damage


#: (samples, rate, generator) -> (samples, rate), and the suffix of the file
DAMAGES = {
    "MP3": (lambda sound, rate, rng: (sound, rate), ".mp3"),
    "at 11,025 Hz": (lambda sound, rate, rng: (soxr.resample(sound, rate, 11025), 11025), ".wav"),
    "from 9.3 s on": (lambda sound, rate, rng: (sound[int(9.3 * rate) :], rate), ".wav"),
    "7 s of it": (lambda sound, rate, rng: (sound[8 * rate : 15 * rate], rate), ".wav"),
    "sixfold gain, clipped": (lambda sound, rate, rng: (np.clip(6 * sound, -1, 1), rate), ".wav"),
    "noise at -20 dB": (with_noise(-20), ".flac"),
    "noise at -10 dB": (with_noise(-10), ".flac"),
    "3 % faster": (
        lambda sound, rate, rng: (soxr.resample(sound, 1.03 * rate, rate), rate),
        ".wav",
    ),
}


def make_copies(paths, kind, folder):
    """Files of the damaged songs, in the order of the songs."""
    damage, suffix = DAMAGES[kind]
    copies, rng = [], np.random.default_rng(0)
    for number, path in enumerate(paths):
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        sound, rate = damage(sound.mean(axis=1), rate, rng)
        copy = folder / f"{number}{suffix}"
        soundfile.write(copy, sound.astype(np.float32), rate)
        copies.append(str(copy))
    return copies


def between(values):
    return f"{min(values):.5f} – {max(values):.5f}" if len(values) else "none"


def measure(paths, n_copies, kind, folder):
    """One row of the table."""
    folder.mkdir()
    copies = make_copies(paths[:n_copies], kind, folder)
    songs = pd.DataFrame({"audio": copies}, index=[("copy", number) for number in range(n_copies)])
    originals = pd.DataFrame({"audio": paths}, index=[("song", n) for n in range(len(paths))])
    _, twins = remove_near_copies(pd.concat([originals, songs]), max_error=ANY)
    own = [song[0] == "copy" and twin == ("song", song[1]) for song, twin in twins["twin"].items()]
    errors = twins.loc[own, "value"].to_numpy(dtype=float)
    others = twins.loc[~np.array(own, dtype=bool), "value"].to_numpy(dtype=float)
    _, poor = remove_poor_audio(songs, min_duration=0, max_clipping=0)
    clipped = poor["value"].reindex(songs.index, fill_value=0).to_numpy(dtype=float)
    limit = inspect.signature(remove_poor_audio).parameters["max_clipping"].default
    row = {
        "found": f"{(errors <= FOUND).sum()} of {n_copies}",
        "bits that differ": between(errors[errors <= FOUND]),
        "called clipped": f"{(clipped > limit).sum()} of {n_copies}",
        "clipped samples": between(clipped),
    }
    return row, others


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, help="folder of sound files; else embedded songs")
    parser.add_argument("--n-songs", type=int, default=40)
    parser.add_argument("--n-copies", type=int, default=8)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/near_copies"))
    args = parser.parse_args()
    if args.audio:
        paths = [str(path) for path in sorted(args.audio.iterdir())]
        paths = paths[:: max(len(paths) // args.n_songs, 1)][: args.n_songs]
    else:
        paths = make_songs(args.n_songs, random_state=0).data["audio"].tolist()
    began = time.process_time()
    _, alike = remove_near_copies(pd.DataFrame({"audio": paths}), max_error=ANY)
    seconds = (time.process_time() - began) / len(paths)
    rows, others = {}, [alike["value"].to_numpy(dtype=float)]
    with tempfile.TemporaryDirectory() as folder:
        for number, kind in enumerate(DAMAGES):
            rows[kind], found = measure(paths, args.n_copies, kind, Path(folder) / str(number))
            others.append(found)
    table = pd.DataFrame(rows).T.rename_axis(f"copies of {args.n_copies} of {len(paths)} songs")
    args.output.mkdir(parents=True, exist_ok=True)
    table.to_csv(args.output / "near_copies.csv")
    print(markdown(table))
    others = np.concatenate(others)
    least = f"{others.min():.3f}" if len(others) else f"more than {ANY}"
    print(f"\ndifferent songs differ in {least} of the bits at least")
    print(f"a fingerprint takes {seconds:.3f} s of one core a song")


if __name__ == "__main__":
    main()
