"""The feedback that is remembered: the latest, and how much each still counts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["FeedbackMemory", "check_listeners"]


@dataclass(frozen=True)
class FeedbackMemory:
    """Feedback in the order of its arrival.

    Attributes
    ----------
    logits : ndarray of shape (n_feedbacks, n_classes)
        Of the frozen classifier.

    codes : ndarray of int, shape (n_feedbacks,)
        The classes that were told.

    weight : ndarray of shape (n_feedbacks,)
        Sample weights.

    group : ndarray of object, shape (n_feedbacks,)
        Who told; None = nobody in particular.

    arrival : ndarray of int, shape (n_feedbacks,)
        Number of feedbacks that had arrived, this one included; 0 for held-out songs.
    """

    logits: np.ndarray
    codes: np.ndarray
    weight: np.ndarray
    group: np.ndarray
    arrival: np.ndarray

    @classmethod
    def empty(cls, n_classes):
        """Nothing remembered."""
        return cls(
            np.empty((0, n_classes)),
            np.empty(0, dtype=int),
            np.empty(0),
            np.empty(0, dtype=object),
            np.empty(0, dtype=int),
        )

    def __len__(self):
        return len(self.codes)

    def then(self, newer, *, at_most):
        """This memory and a newer one, of which the latest `at_most` feedbacks are kept."""
        pairs = zip(vars(self).values(), vars(newer).values(), strict=True)
        return FeedbackMemory(*(np.concatenate(pair)[-at_most:] for pair in pairs))

    def take(self, rows):
        """Some of the feedbacks."""
        return FeedbackMemory(*(values[rows] for values in vars(self).values()))

    def of(self, group):
        """The feedbacks of one listener, aged by his or her own."""
        own = self.take(np.array([name == group for name in self.group], dtype=bool))
        return FeedbackMemory(own.logits, own.codes, own.weight, own.group, np.arange(len(own)))

    def faded(self, half_life):
        """Weights today: halved with each `half_life` of feedbacks that came later."""
        if half_life is None:
            return self.weight
        return self.weight * 0.5 ** ((self.arrival[-1] - self.arrival) / half_life)


def check_listeners(groups, n_songs):
    """Names of the listeners as an array of objects, None where nobody is named."""
    names = np.full(n_songs, None, dtype=object)
    if groups is None:
        return names
    if isinstance(groups, str | bytes):  # would be a name a letter
        raise ValueError(
            f"groups is the text {groups!r}: pass a name a song, for one listener "
            f"[{groups!r}] * {n_songs}."
        )
    given = groups.tolist() if hasattr(groups, "tolist") else list(groups)
    if len(given) != n_songs:
        raise ValueError(f"groups has {len(given)} names for {n_songs} songs: one a song.")
    for row, name in enumerate(given):
        try:
            hash(name)
        except TypeError:
            raise ValueError(
                f"groups[{row}] = {name!r} is no name: use text or whole numbers, one a song."
            ) from None
        names[row] = None if pd.isna(name) is True else name
    return names
