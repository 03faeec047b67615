"""The four emotions of the embedded songs, as corners of the valence-arousal plane."""

import numpy as np

# (valence, arousal), each in [-1, 1]
COORDINATES = {
    "pleasure": (1.0, 1.0),
    "sadness": (-1.0, -1.0),
    "tension": (-1.0, 1.0),
    "calm": (1.0, -1.0),
}

MAX_CLASSES = len(COORDINATES)


def emotion_classes(n_classes):
    """Sorted names of the first `n_classes` emotions; a planted conflict is possible in each."""
    return sorted(list(COORDINATES)[:n_classes])


def neighbour_weights(emotion, classes):
    """Share with which a song of `emotion` may drift towards each class, shape (n_classes,).

    Emotions that share a valence or an arousal are close; the opposite corner is seldom
    mistaken.
    """
    here = np.array(COORDINATES[emotion])
    there = np.array([COORDINATES[name] for name in classes])
    distance = np.abs(there - here).sum(axis=1)
    weight = np.select([distance == 0, distance == 2], [0.0, 1.0], default=0.15)
    return weight / weight.sum()


def opposite_weights(emotion, classes):
    """Share with which lyrics of each class are set against a sound of `emotion`."""
    valence, arousal = COORDINATES[emotion]
    weight = np.array(
        [
            (COORDINATES[name][0] != valence) * (0.6 if COORDINATES[name][1] == arousal else 0.4)
            for name in classes
        ]
    )
    return weight / weight.sum()
