"""How much to listen to the teacher at all, decided on songs whose labels no target has seen."""

from itertools import product

import pandas as pd

from sklearn_skd.classifiers._lesson import reweigh

__all__ = ["is_searched", "search_weight"]

MEAN_WEIGHTS = (0.1, 0.3, 0.6)
GAINS = (0.0, 1.0)  # the same weight for all songs, and the fitted direction


def is_searched(student):
    """Whether the student searches for its mean weight."""
    return student.strategy == "skd" and student.mean_weight == "search"


def search_weight(student, lesson, validations, validate):
    """Choose mean and gain of the weights by the validation log-loss.

    The student alone (mean weight 0) is always among the candidates.

    Parameters
    ----------
    student : SKDStudentClassifier
        For its parameters.

    lesson : Lesson
        Of all songs.

    validations : list of (ndarray of int, Lesson)
        Songs to validate on, and the lesson without their labels.

    validate : callable
        Maps such a list to a Selection.

    Returns
    -------
    lesson : Lesson
        Of all songs, with the weights chosen.

    selection : Selection or None
        Of the chosen weights; None without validations, where nothing can be chosen.

    table : DataFrame
        Columns ``mean_weight``, ``gain``, ``valid_loss``, one row a candidate.
    """
    gains = GAINS if student.weighting == "held-out" else (0.0,)
    candidates = [(0.0, 0.0), *product(MEAN_WEIGHTS, gains)]
    if not validations:
        return lesson, None, pd.DataFrame(columns=["mean_weight", "gain", "valid_loss"])
    selections = [
        validate([(songs, reweigh(one, *candidate)) for songs, one in validations])
        for candidate in candidates
    ]
    table = pd.DataFrame(candidates, columns=["mean_weight", "gain"])
    table["valid_loss"] = [selection.loss for selection in selections]
    best = int(table["valid_loss"].to_numpy().argmin())
    return reweigh(lesson, *candidates[best]), selections[best], table
