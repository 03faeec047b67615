"""Strategies trained on a share of the labels (paper section 4.6, Table 5)."""

import numpy as np
import pandas as pd

from sklearn_skd._random import own_random_state
from sklearn_skd.evaluation._arms import STRATEGIES, make_arms
from sklearn_skd.evaluation._runs import make_folds, run_arms
from sklearn_skd.evaluation._songs import Songs
from sklearn_skd.metrics import (
    concordance_correlation_coefficient,
    inter_annotator_consistency,
)

__all__ = ["evaluate_low_label"]


def evaluate_low_label(
    estimator,
    X,
    y,
    *,
    label_shares=(0.3, 0.5, 0.7),
    strategies=STRATEGIES,
    cv=5,
    groups=None,
    annotation_votes=None,
    annotation_reliability=None,
    random_state=0,
    memory=None,
    n_jobs=None,
    verbose=0,
    return_predictions=False,
):
    """Cross-validate strategies that see some of the labels; the other songs are unlabelled.

    The test songs of a fold are the same whatever the share. The songs whose labels are shown at
    30 % are among those at 50 %, and so on; every class keeps at least two, of two groups where it
    has them. Hidden are the label, the votes and the reliability of a song, not the song. Teachers
    see the same labels as students, so that no share borrows those of another.

    Parameters
    ----------
    estimator, X, y : as in :func:`compare_strategies`
        What all arms have in common, the songs and their emotions.

    label_shares : sequence of float, default=(0.3, 0.5, 0.7)
        Shares of the labelled training songs that keep their labels, in (0, 1].

    strategies, cv, groups, annotation_votes, annotation_reliability : as there
        The arms, the folds, and what belongs to the songs.

    random_state : int, RandomState instance or None, default=0
        Which labels are hidden.

    memory, n_jobs, verbose, return_predictions : as there
        Where finished work is kept, how many folds run at once, what is shown and returned.

    Returns
    -------
    table : DataFrame
        Tidy, as of :func:`compare_strategies`, with a column ``label_share`` and two metrics
        more, of all test songs of a repeat together (``fold`` is -1). ``CCC`` is the concordance
        of the probabilities with the vote shares, or ``CCC (labels)`` with the one-hot labels
        where there are no votes. ``ICR`` is that of the annotators with each other (NaN without
        counts of votes). ``n_train`` counts the labelled songs of the training set, those with
        hidden labels included.

    predictions : DataFrame
        Only with `return_predictions`; with the column ``label_share``.

    Raises
    ------
    ValueError
        If a share is not in (0, 1], and as :func:`compare_strategies`.

    See Also
    --------
    sklearn_skd.display.LowLabelDisplay : The table as a figure.

    Notes
    -----
    The corrected error of :func:`summarize` takes all songs of the training set, not the labels
    shown, because it is the folds' overlap that it corrects for. In 120 simulated data sets of
    200 songs with 30 % of the labels, a mean difference spread by .027; this error was .031, with
    the number of labels shown it would be .052, uncorrected .014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import SKDStudentClassifier, TeacherClassifier
    >>> from sklearn_skd.evaluation import evaluate_low_label
    >>> X, y = load_iris(return_X_y=True)
    >>> student = SKDStudentClassifier(
    ...     TeacherClassifier(max_epochs=5), teacher_cv=2, max_epochs=10, random_state=0)
    >>> table = evaluate_low_label(
    ...     student, X, y, label_shares=[0.3], strategies=["student-only", "skd"], cv=2)
    >>> sorted(set(table["metric"]))[:4]
    ['AUROC', 'Brier', 'CCC (labels)', 'ECE']
    """
    shares = sorted({float(share) for share in np.atleast_1d(label_shares)})
    if not shares or not 0 < shares[0] <= shares[-1] <= 1:
        raise ValueError(f"label_shares are numbers in (0, 1], got {label_shares!r}.")
    songs = Songs(
        X,
        y,
        groups=groups,
        annotation_votes=annotation_votes,
        annotation_reliability=annotation_reliability,
    )
    arms = make_arms(estimator, strategies, memory)
    rng = own_random_state(random_state)
    runs = [
        run._replace(place={"label_share": share, **run.place}, hidden=hidden)
        for run in make_folds(songs, cv)
        for share, hidden in _hide(songs, run.train, shares, rng)
    ]
    data = "" if memory is None else songs.hash()
    table, predictions = run_arms(
        arms, songs, runs, data=data, memory=memory, n_jobs=n_jobs, verbose=verbose
    )
    table = pd.concat([table, _agreement(predictions, songs)], ignore_index=True)
    return (table, predictions) if return_predictions else table


def _hide(songs, train, shares, rng):
    """Yield (share, songs of `train` whose labels are hidden), the smaller hidden sets nested."""
    labelled = rng.permutation(train[songs.targets.labelled[train]])
    if songs.fit_params["groups"] is not None:
        labelled = _two_groups_first(labelled, songs.targets.codes, songs.fit_params["groups"])
    codes = songs.targets.codes[labelled]
    for share in shares:
        hidden = []
        for code in np.unique(codes):
            one_class = labelled[codes == code]
            hidden.append(one_class[max(2, round(share * len(one_class))) :])
        yield share, np.sort(np.concatenate(hidden))


def _two_groups_first(rows, codes, groups):
    """The rows of each class in their order, but its first two of different groups, if it can."""
    ordered = []
    for code in np.unique(codes[rows]):
        of_class = rows[codes[rows] == code].tolist()
        others = [row for row in of_class if groups[row] != groups[of_class[0]]]
        if others:
            of_class.remove(others[0])
            of_class.insert(1, others[0])
        ordered += of_class
    return np.array(ordered)


def _agreement(predictions, songs):
    """CCC of every arm, pooled over the folds of a repeat, and the ICR beside it."""
    votes = songs.fit_params["annotation_votes"]
    if votes is None:
        name, reference = "CCC (labels)", np.eye(len(songs.classes))[songs.targets.codes]
        consistency = np.nan
    else:
        votes = np.nan_to_num(votes)
        total = votes.sum(axis=1, keepdims=True)
        name = "CCC"
        reference = np.divide(votes, total, out=np.full_like(votes, np.nan), where=total > 0)
        consistency = _consistency(votes[np.sort(predictions["song"].unique())])
    columns = [f"proba_{one}" for one in songs.classes]
    keys = ["label_share", "repeat", "strategy", "calibration"]
    rows = []
    for place, part in predictions.groupby(keys, sort=False):
        truth = reference[part["song"]]
        known = ~np.isnan(truth).any(axis=1)
        proba = part[columns].to_numpy()[known]
        enough = known.sum() > 1
        ccc = concordance_correlation_coefficient(truth[known], proba) if enough else np.nan
        head = {**dict(zip(keys, place, strict=True)), "fold": -1}
        head |= {"n_train": part["n_train"].mean(), "n_test": int(known.sum())}
        rows.append({**head, "metric": name, "value": ccc})
        rows.append({**head, "metric": "ICR", "value": consistency})
    return pd.DataFrame(rows)


def _consistency(votes):
    """ICR, if the votes are counts."""
    counted = (votes % 1 == 0).all() and votes.max() > 1
    return inter_annotator_consistency(votes, random_state=0) if counted else np.nan
