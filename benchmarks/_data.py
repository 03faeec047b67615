"""The songs of the proof: features, labels and all that belongs to them, one loader a data set."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from emotify import features as emotify_features
from emotify import load as load_emotify
from skorch.helper import SliceDict

from sklearn_skd import CultureEncoder, SongFeatures, make_songs

__all__ = ["LOADERS", "Task"]


@dataclass(frozen=True)
class Task:
    """Songs to learn from.

    Attributes
    ----------
    X : SliceDict
        The sources that the teacher reads.

    y : ndarray of object, shape (n_songs,)
        Emotions.

    audio : tuple of str
        The sources of the privileged student, which only listens.

    groups : ndarray of shape (n_songs,) or None
        Songs that stay together in every split.

    votes : DataFrame of shape (n_songs, n_classes) or None
        Counts of the annotators' votes.

    reliability : ndarray of shape (n_songs,) or None
        Agreement of the annotators.
    """

    X: SliceDict
    y: np.ndarray
    audio: tuple
    groups: np.ndarray | None = None
    votes: pd.DataFrame | None = None
    reliability: np.ndarray | None = None

    @property
    def shares(self):
        """What probabilities are compared with: shares of the votes, or the labels themselves."""
        if self.votes is None:
            return pd.get_dummies(self.y, dtype=float)
        return self.votes.div(self.votes.sum(axis=1), axis=0)


def emotify(root, cache, n_jobs):
    """Log-mel, statistics and genre; 11 to 59 listeners a song."""
    songs, labels = load_emotify(root / "emotify")
    X, _ = emotify_features(songs, cache, n_jobs)
    return Task(
        X,
        labels["emotion"].to_numpy(dtype=object),
        audio=("audio",),
        votes=labels[labels.attrs["emotions"]],
        reliability=labels["annotation_reliability"].to_numpy(),
    )


def moodmsd(root, cache, n_jobs):
    """Three sources as vectors and codes, without sound; songs of an artist stay together.

    Half of the songs have no timbre (``en_*``) and few no ``msd_*``: two sources, so that each
    can be missing as a whole. The encoder of the culture fields sees no labels.
    """
    songs = pd.read_csv(root / "moodmsd" / "songs.csv")
    lyrics = np.load(root / "moodmsd" / "lyrics_minilm.npz")["embedding"]
    culture = songs[["genre", "decade", "msd_terms", "msd_location"]]
    X = SliceDict(
        audio=songs.filter(regex="^msd_(?!terms|location)").to_numpy(np.float32),
        timbre=songs.filter(like="en_").to_numpy(np.float32),
        lyrics=lyrics.astype(np.float32),
        culture=CultureEncoder(min_frequency=5).fit_transform(culture),
    )
    return Task(
        X,
        songs["mood"].to_numpy(dtype=object),
        audio=("audio", "timbre"),
        groups=songs["artist_group"].to_numpy(),
    )


def songs(root, cache, n_jobs):
    """The embedded songs: sound, lyrics, culture and annotators who sometimes disagree."""
    made = make_songs(random_state=0)
    extractor = SongFeatures(n_jobs=n_jobs).set_params(audio__cache=cache)
    return Task(
        extractor.fit_transform(made.data),
        np.asarray(made.target, dtype=object),
        audio=("audio",),
        groups=made.groups,
        votes=made.annotation_votes,
        reliability=made.annotation_reliability,
    )


LOADERS = {"emotify": emotify, "moodmsd": moodmsd, "songs": songs}
