"""What a teacher knows about songs, as arrays (paper section 3.2.1, Fig. 2)."""

from typing import NamedTuple

import numpy as np

__all__ = ["TeacherKnowledge"]


class TeacherKnowledge(NamedTuple):
    """Soft labels, hidden representation, and what the branches say.

    Attributes
    ----------
    logits : ndarray of shape (n_songs, n_classes)
        Their softmax is the soft label.

    hidden : ndarray of shape (n_songs, n_hidden) or None
        Fused emotion representation, eq. 3; None if the teacher has none.

    branch_proba : ndarray of shape (n_songs, n_sources, n_classes) or None
        Probabilities of each source's own branch; None if the teacher has no branches.

    present : ndarray of bool, shape (n_songs, n_sources) or None
        Which sources each song has.
    """

    logits: np.ndarray
    hidden: np.ndarray | None = None
    branch_proba: np.ndarray | None = None
    present: np.ndarray | None = None

    def take(self, rows):
        """The knowledge about some of the songs.

        Parameters
        ----------
        rows : slice or ndarray of int or bool
            Which songs.

        Returns
        -------
        knowledge : TeacherKnowledge
        """
        return TeacherKnowledge(*(None if part is None else part[rows] for part in self))
