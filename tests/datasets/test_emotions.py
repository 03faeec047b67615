"""Tests of the emotion plane."""

import numpy as np
import pytest

from sklearn_skd.datasets._emotions import (
    COORDINATES,
    emotion_classes,
    neighbour_weights,
    opposite_weights,
)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_every_class_has_a_neighbour_and_an_opposite(n_classes):
    classes = emotion_classes(n_classes)
    assert classes == sorted(classes)
    for emotion in classes:
        for weight in (neighbour_weights(emotion, classes), opposite_weights(emotion, classes)):
            assert weight.sum() == pytest.approx(1)
            assert weight[classes.index(emotion)] == 0


def test_emotions_that_share_a_side_are_nearer_than_opposite_corners():
    weight = dict(
        zip(sorted(COORDINATES), neighbour_weights("calm", sorted(COORDINATES)), strict=True)
    )
    assert weight["pleasure"] == weight["sadness"] > 3 * weight["tension"] > 0


def test_opposite_lyrics_always_have_the_other_valence():
    classes = emotion_classes(4)
    weight = opposite_weights("pleasure", classes)
    chosen = {classes[k] for k in np.flatnonzero(weight)}
    assert chosen == {"sadness", "tension"}
