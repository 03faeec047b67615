"""Means and paired differences of tidy scores, with errors that count the folds' overlap."""

import numpy as np
import pandas as pd

__all__ = ["STANDARD", "corrected_error", "summarize"]

# columns of every table of scores; others tell experiments apart
STANDARD = ("repeat", "fold", "strategy", "calibration", "metric", "value", "n_train", "n_test")


def corrected_error(differences, *, n_train, n_test):
    r"""Standard error of a mean over repeated K-fold.

    The training sets of the folds overlap, so that the naive error is too small. The corrected one
    is :math:`s \sqrt{1/J + n_\mathrm{test} / n_\mathrm{train}}` over J folds; more repeats hardly
    shrink it.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        One a fold.

    n_train, n_test : float
        Songs in the training and test sets.

    Returns
    -------
    error : float
        NaN for fewer than two folds.

    References
    ----------
    C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning, 2003.

    Examples
    --------
    >>> from sklearn_skd.evaluation import corrected_error
    >>> round(corrected_error([0.1, 0.3], n_train=80, n_test=20), 4)
    0.1225
    """
    differences = np.asarray(differences, dtype=float)
    if len(differences) < 2:
        return np.nan
    return float(differences.std(ddof=1) * np.sqrt(1 / len(differences) + n_test / n_train))


def summarize(table, *, reference=None, by=None):
    """Mean of each arm, and its paired difference to a reference.

    Parameters
    ----------
    table : DataFrame
        Of :func:`sklearn_skd.evaluation.compare_strategies` and its like: columns ``repeat``,
        ``fold``, ``strategy``, ``calibration``, ``metric``, ``value``, ``n_train``, ``n_test``.

    reference : str, tuple of (str, str) or None, default=None
        Strategy to compare with, at the same calibration, or (strategy, calibration). None takes
        the first strategy of the table.

    by : sequence of str or None, default=None
        Further columns that tell experiments apart, such as ``label_share`` and ``target``: pairs
        are made within each. None takes every column beside those named above.

    Returns
    -------
    summary : DataFrame
        Index of `by`, metric, strategy and calibration; columns ``mean``, ``difference`` to the
        reference, ``error`` (corrected standard error of the difference) and ``n`` pairs. The
        error is NaN for rows of fold -1: repeats of pooled test songs, or of other seeds on one
        target, say nothing about other songs.

    Raises
    ------
    ValueError
        If the reference is not in the table, or the table has two values for one fold.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.evaluation import summarize
    >>> table = pd.DataFrame({"repeat": 0, "fold": [0, 1, 0, 1], "strategy": list("aabb"),
    ...                       "calibration": "raw", "metric": "NLL",
    ...                       "value": [1.0, 1.2, 0.9, 1.0], "n_train": 80, "n_test": 20})
    >>> summarize(table)[["mean", "difference"]].round(2).values.tolist()
    [[1.1, 0.0], [0.95, -0.15]]
    """
    by = [name for name in table if name not in STANDARD] if by is None else list(by)
    reference = table["strategy"].iloc[0] if reference is None else reference
    name, calibration = reference if isinstance(reference, tuple) else (reference, None)
    base = table[table["strategy"] == name]
    if calibration is not None:
        base = base[base["calibration"] == calibration]
    if base.empty:
        known = table[["strategy", "calibration"]].drop_duplicates().to_numpy().tolist()
        raise ValueError(f"The reference {reference!r} is not in the table, which has {known}.")
    pair = [*by, "metric", "repeat", "fold"]
    _check_unique(table, [*pair, "strategy", "calibration"])
    if calibration is None:
        pair.append("calibration")
    base = base.set_index(pair)["value"].rename("base")
    joined = table.join(base, on=pair)
    joined["difference"] = joined["value"] - joined["base"]
    keys = [*by, "metric", "strategy", "calibration"]
    summary = joined.groupby(keys, sort=False, dropna=False).apply(_one_arm, include_groups=False)
    return summary.astype({"n": int})


def _check_unique(table, keys):
    twice = table[table.duplicated(keys)]
    if len(twice):
        raise ValueError(
            f"The table has two values for {twice[keys].iloc[0].to_dict()}. Name the column that "
            "tells them apart in `by`."
        )


def _one_arm(rows):
    pairs = rows.dropna(subset="difference")
    error = np.nan
    if (pairs["fold"] >= 0).all():
        sizes = {name: pairs[name].mean() for name in ("n_train", "n_test")}
        error = corrected_error(pairs["difference"], **sizes)
    means = {"mean": rows["value"].mean(), "difference": pairs["difference"].mean()}
    return pd.Series({**means, "error": error, "n": len(pairs)})
