"""Simulated annotators, who disagree more on ambiguous songs and on planted conflicts."""

import numpy as np
from scipy.special import softmax


def song_affinity(plans, classes):
    """How much each emotion is in each song: shape (n_songs, n_classes), rows sum to 1.

    An ambiguous song leans towards its neighbouring emotion; a song with a planted conflict
    also belongs to the emotion that only one of its sources expresses.
    """
    column = {name: k for k, name in enumerate(classes)}
    affinity = np.zeros((len(plans), len(classes)))
    for row, plan in zip(affinity, plans, strict=True):
        if plan.conflict:
            other = plan.words if plan.emotion == plan.sound else plan.sound
            row[column[plan.emotion]] += 0.6
            row[column[other]] += 0.4
        else:
            row[column[plan.emotion]] += 1.0
        row *= 1 - plan.ambiguity
        row[column[plan.neighbour]] += plan.ambiguity
    return affinity


def draw_votes(rng, affinity, n_annotators):
    """Votes of `n_annotators` listeners on every song.

    Parameters
    ----------
    rng : numpy.random.Generator
    affinity : ndarray of shape (n_songs, n_classes)
    n_annotators : int

    Returns
    -------
    ndarray of int, shape (n_songs, n_annotators)
        Codes of the classes. Annotator j votes from
        ``softmax(sharpness_j * affinity + bias_j)``: some listen more closely than others, and
        each favours some emotions.
    """
    n_songs, n_classes = affinity.shape
    sharpness = 4.6 * rng.lognormal(0, 0.25, size=(1, n_annotators, 1))
    bias = rng.normal(0, 0.4, size=(1, n_annotators, n_classes))
    proba = softmax(sharpness * affinity[:, None, :] + bias, axis=2)
    threshold = rng.random((n_songs, n_annotators, 1))
    votes = (proba.cumsum(axis=2) < threshold).sum(axis=2)
    return np.minimum(votes, n_classes - 1)  # a cumulated sum may end a hair below 1


def majority(counts, latent):
    """Code of the most voted class of each song; ties go to `latent` where it is among them.

    Parameters
    ----------
    counts : ndarray of shape (n_songs, n_classes)
    latent : ndarray of int, shape (n_songs,)

    Returns
    -------
    ndarray of int, shape (n_songs,)
    """
    tie_break = np.zeros(counts.shape)
    tie_break[np.arange(len(counts)), latent] = 0.5
    return np.argmax(counts + tie_break, axis=1)
