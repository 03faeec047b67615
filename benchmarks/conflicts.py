"""Do songs whose sources contradict each other weigh less? The weights on the embedded songs.

    python benchmarks/conflicts.py --n-songs 240 120 --seeds 3

`make_songs` gives some of its songs lyrics that contradict their sound. Columns: the mean weight
(omega of eq. 5) of these, of the other songs with lyrics, and of songs on which the cross-fitted
teacher was right or wrong. Only what the students are told matters, so they are trained for one
epoch.
"""

import argparse

import pandas as pd
from _report import markdown

from sklearn_skd import (
    CultureEncoder,
    LogMelSpectrogram,
    LyricsEncoder,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)


def weights(songs, X, seed):
    """Mean weights of one fit, by kind of song."""
    student = SKDStudentClassifier(TeacherClassifier(max_epochs=20), max_epochs=1)
    student.set_params(random_state=seed).fit(
        X,
        songs.target,
        annotation_votes=songs.annotation_votes,
        annotation_reliability=songs.annotation_reliability,
        groups=songs.groups,
    )
    told = student.credibility_
    weight, right = told["weight"].to_numpy(), told["teacher_correct"].to_numpy() == 1
    others = songs.data["lyrics"].notna().to_numpy() & ~songs.conflict
    kinds = {
        "contradictory": songs.conflict,
        "others with lyrics": others,
        "teacher right": right,
        "teacher wrong": ~right,
    }
    return {kind: f"{weight[member].mean():.3f}" for kind, member in kinds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-songs", type=int, nargs="+", default=[240, 120])
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    rows = {}
    for n_songs in args.n_songs:
        songs = make_songs(n_songs, random_state=0)
        audio = LogMelSpectrogram(duration=15, n_mels=32, hop_length=1024)
        X = SongFeatures(audio, LyricsEncoder(), CultureEncoder()).fit_transform(songs.data)
        for seed in range(args.seeds):
            rows[f"{n_songs} songs, seed {seed}"] = weights(songs, X, seed)
    print(markdown(pd.DataFrame(rows).T.rename_axis("mean weight")))


if __name__ == "__main__":
    main()
