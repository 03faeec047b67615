"""What a model card measures: scores with intervals, of all songs or of some of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_skd.metrics import calibration_summary
from sklearn_skd.metrics._binning import bootstrap_sums, divide
from sklearn_skd.metrics._validation import check_targets
from sklearn_skd.metrics.calibration import top_label
from sklearn_skd.metrics.intervals import wilson_interval

__all__ = ["Predictions", "score_classes", "score_songs"]


@dataclass(frozen=True)
class Predictions:
    """Labels and probabilities of the same songs.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Class of each column.

    codes : ndarray of int of shape (n_songs,)
        Column of each song's label.

    proba : ndarray of float64 of shape (n_songs, n_classes)
        Probabilities.
    """

    classes: np.ndarray
    codes: np.ndarray
    proba: np.ndarray

    @classmethod
    def checked(cls, y, proba, classes):
        """Validate labels and probabilities."""
        codes, proba, _ = check_targets(y, proba, labels=classes)
        return cls(np.asarray(classes), codes, proba.astype(np.float64))

    def __len__(self):
        return len(self.codes)

    @property
    def labels(self):
        """The label of each song."""
        return self.classes[self.codes]

    @property
    def guesses(self):
        """Column of the predicted class of each song."""
        return self.proba.argmax(axis=1)

    def top(self):
        """Confidence of the predicted class, and whether it is right (1.0 or 0.0)."""
        return top_label(self.proba, self.codes)

    def take(self, rows):
        """Predictions of some songs."""
        return Predictions(self.classes, self.codes[rows], self.proba[rows])


def score_songs(songs, *, n_resamples, random_state):
    """Scores of some songs, with 95 % intervals.

    Accuracy has Wilson's interval, and over-confidence the same around the mean confidence: a
    bootstrap of ten right answers out of ten would give an interval of width zero. The others are
    bootstrapped.

    Parameters
    ----------
    songs : Predictions
        At least one song.

    n_resamples : int
        Bootstrap resamples, and draws for the null band of the ECE.

    random_state : int
        Seed.

    Returns
    -------
    scores : DataFrame
        Index accuracy, macro-F1, NLL, ECE, over-confidence; columns ``value``, ``low``,
        ``high``, and ``null_low``, ``null_high`` of the ECE.
    """
    confidence, correct = songs.top()
    accuracy, promised = correct.mean(), confidence.mean()
    low, high = wilson_interval(accuracy, len(songs))
    f1, nll = _bootstrap(songs, n_resamples=n_resamples, random_state=random_state)
    ece = calibration_summary(
        songs.labels,
        songs.proba,
        labels=songs.classes,
        n_resamples=n_resamples,
        random_state=random_state,
    )
    rows = {
        "accuracy": (accuracy, low, high, np.nan, np.nan),
        "macro-F1": (*f1, np.nan, np.nan),
        "NLL": (*nll, np.nan, np.nan),
        "ECE": (ece.ece, ece.ece_low, ece.ece_high, ece.floor_low, ece.floor_high),
        "over-confidence": (*(promised - [accuracy, high, low]), np.nan, np.nan),
    }
    columns = ["value", "low", "high", "null_low", "null_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def score_classes(songs, *, n_resamples, random_state):
    """Scores of each class, with 95 % intervals.

    Parameters
    ----------
    songs, n_resamples, random_state
        As of :func:`score_songs`.

    Returns
    -------
    scores : DataFrame
        One row a class; ``songs`` and ``predicted`` count, ``precision`` and ``recall`` have
        Wilson's intervals, ``F1`` and ``promised`` (mean probability minus share of songs)
        bootstrapped ones; NaN where there is nothing to count.
    """
    own, guessed = _one_hot(songs.codes, songs), _one_hot(songs.guesses, songs)
    excess = songs.proba - own
    columns = np.hstack([own, guessed, own * guessed, excess])
    sums = _sums(columns, n_resamples=n_resamples, random_state=random_state)
    true, predicted, hits, promised = np.split(sums, 4, axis=1)
    table = pd.DataFrame(
        {"songs": true[0].astype(int), "predicted": predicted[0].astype(int)},
        index=pd.Index(songs.classes, name="class"),
    )
    for name, total in (("precision", predicted[0]), ("recall", true[0])):
        table[name] = divide(hits[0], total, empty=np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            table[f"{name}_low"], table[f"{name}_high"] = wilson_interval(table[name], total)
    for name, values in (("F1", _f1(true, predicted, hits)), ("promised", promised / len(songs))):
        table[name], table[f"{name}_low"], table[f"{name}_high"] = _percentiles(values)
    return table


def _bootstrap(songs, *, n_resamples, random_state):
    """Macro-F1 over the classes that occur or are predicted, and log-loss; each with interval."""
    own, guessed = _one_hot(songs.codes, songs), _one_hot(songs.guesses, songs)
    given = songs.proba[np.arange(len(songs)), songs.codes]
    loss = -np.log(np.maximum(given, np.finfo(np.float64).eps))
    columns = np.hstack([own, guessed, own * guessed, loss[:, None]])
    sums = _sums(columns, n_resamples=n_resamples, random_state=random_state)
    f1 = np.nanmean(_f1(*np.split(sums[:, :-1], 3, axis=1)), axis=1)
    return (
        tuple(part.item() for part in _percentiles(f1[:, None])),
        tuple(part.item() for part in _percentiles(sums[:, -1:] / len(songs))),
    )


def _sums(columns, *, n_resamples, random_state):
    """Sums of the columns over the songs, first over those at hand, then over resamples."""
    rng = np.random.default_rng(random_state)
    resampled = bootstrap_sums(columns, n_resamples=n_resamples, rng=rng)
    return np.vstack([columns.sum(axis=0), resampled])


def _one_hot(codes, songs):
    return np.eye(len(songs.classes))[codes]


def _f1(true, predicted, hits):
    return divide(2 * hits, true + predicted, empty=np.nan)


def _percentiles(values):
    """The first row, and the 95 % interval of the others, wide enough to hold it."""
    value, resampled = values[0], values[1:]
    resampled = np.where(np.isnan(resampled), value, resampled)  # the class was not drawn
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    return value, np.minimum(low, value), np.maximum(high, value)
