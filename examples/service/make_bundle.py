"""Train a small student on synthetic songs and write what the service serves.

``python make_bundle.py BUNDLE``. With your own songs, change `load_songs` alone.
"""

import argparse

from bundle import write_bundle
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    AbstainingClassifier,
    SKDStudentClassifier,
    SongFeatures,
    StaticLyricsEncoder,
    TeacherClassifier,
    make_songs,
)


def load_songs(n_songs):
    """Songs, their emotions, and whose they are."""
    songs = make_songs(n_songs, random_state=0)
    return songs.data, songs.target, songs.groups


def train(songs, emotion, groups, *, coverage, epochs, lyrics_model):
    """A student that abstains, fitted on three quarters of the artists.

    The other artists set the threshold: the share `coverage` of their songs is answered, the most
    confident ones. Songs that the student was trained on would make it far too sure of itself.
    """
    split = GroupShuffleSplit(1, test_size=0.25, random_state=0)
    seen, held_out = next(split.split(songs, emotion, groups))
    lyrics = StaticLyricsEncoder(lyrics_model)
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=epochs), teacher_cv=2, max_epochs=epochs, random_state=0
    )
    model = make_pipeline(SongFeatures(lyrics=lyrics), student)
    model.fit(songs.iloc[seen], emotion[seen])
    careful = AbstainingClassifier(model, coverage=coverage)
    return careful.fit(songs.iloc[held_out], emotion[held_out])


def main(arguments=None):
    """Read the command line, train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where to write the bundle")
    parser.add_argument("--n-songs", type=int, default=240)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--coverage", type=float, default=0.8, help="share of songs to answer")
    parser.add_argument("--lyrics-model", default=StaticLyricsEncoder().model)
    options = parser.parse_args(arguments)
    model = train(
        *load_songs(options.n_songs),
        coverage=options.coverage,
        epochs=options.epochs,
        lyrics_model=options.lyrics_model,
    )
    write_bundle(model, options.folder)
    print(
        f"{options.folder}: answers where the confidence is at least {model.threshold_:.2f}, "
        f"{model.coverage_:.0%} of the songs held out"
    )
    return model


if __name__ == "__main__":
    main()
