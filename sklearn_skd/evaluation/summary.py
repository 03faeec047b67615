"""From a tidy table to means and paired differences with honest errors."""

import numpy as np
import pandas as pd

__all__ = ["corrected_error", "summarize"]


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


def summarize(table, *, reference=None, by=()):
    """Mean of each arm, and its paired difference to a reference.

    Parameters
    ----------
    table : DataFrame
        Of :func:`compare_strategies` and its like: columns ``repeat``, ``fold``, ``strategy``,
        ``calibration``, ``metric``, ``value``, ``n_train``, ``n_test``.

    reference : str, tuple of (str, str) or None, default=None
        Strategy to compare with, at the same calibration, or (strategy, calibration). None takes
        the first strategy of the table.

    by : sequence of str, default=()
        Further columns that tell experiments apart (the share of labels, the target set): pairs
        are made within each.

    Returns
    -------
    summary : DataFrame
        Index of `by`, metric, strategy and calibration; columns ``mean``, ``difference`` to the
        reference, ``error`` (corrected standard error of the difference) and ``n`` folds.

    Raises
    ------
    ValueError
        If the reference is not in the table.

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
    reference = table["strategy"].iloc[0] if reference is None else reference
    name, calibration = reference if isinstance(reference, tuple) else (reference, None)
    base = table[table["strategy"] == name]
    if calibration is not None:
        base = base[base["calibration"] == calibration]
    if base.empty:
        known = table[["strategy", "calibration"]].drop_duplicates().to_numpy().tolist()
        raise ValueError(f"The reference {reference!r} is not in the table, which has {known}.")
    pair = [*by, "metric", "repeat", "fold"]
    if calibration is None:
        pair.append("calibration")
    base = base.set_index(pair)["value"].rename("base")
    joined = table.join(base, on=pair)
    joined["difference"] = joined["value"] - joined["base"]
    keys = [*by, "metric", "strategy", "calibration"]
    return joined.groupby(keys, sort=False).apply(_one_arm, include_groups=False)


def _one_arm(rows):
    sizes = {name: rows[name].mean() for name in ("n_train", "n_test")}
    return pd.Series(
        {
            "mean": rows["value"].mean(),
            "difference": rows["difference"].mean(),
            "error": corrected_error(rows["difference"], **sizes),
            "n": len(rows),
        }
    )
