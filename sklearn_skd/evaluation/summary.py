"""From a tidy table to means and paired differences with honest errors."""

import numpy as np
import pandas as pd

from sklearn_skd.metrics import calibration_summary

__all__ = ["corrected_error", "pooled_calibration", "summarize"]

# of every table; others tell experiments apart
STANDARD = {
    "repeat", "fold", "strategy", "calibration", "metric", "value", "n_train", "n_test"
}  # fmt: skip


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
        Of :func:`compare_strategies` and its like: columns ``repeat``, ``fold``, ``strategy``,
        ``calibration``, ``metric``, ``value``, ``n_train``, ``n_test``.

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
    summary = joined.groupby(keys, sort=False).apply(_one_arm, include_groups=False)
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


def pooled_calibration(predictions, *, n_bins=15, n_resamples=1000, random_state=0):
    """ECE of each arm on all test songs together, with what is needed to judge it.

    The ECE of a fold is inflated by its few songs. Here every song of the first repeat counts once.

    Parameters
    ----------
    predictions : DataFrame
        Of :func:`compare_strategies` and its like, with ``return_predictions=True``.

    n_bins : int, default=15
        Bins of equal width on [0, 1].

    n_resamples : int, default=1000
        Number of bootstrap resamples, and of draws for the null floor.

    random_state : int, RandomState instance or None, default=0
        Seed of both.

    Returns
    -------
    calibration : DataFrame
        Index of further columns (``label_share``, ``target``), strategy and calibration; columns
        of :class:`sklearn_skd.metrics.CalibrationSummary`: ``ece``, ``ece_low``, ``ece_high``,
        ``floor``, ``floor_low``, ``floor_high``, ``n_samples``.

    Raises
    ------
    ValueError
        If there are no columns of probabilities.

    See Also
    --------
    sklearn_skd.metrics.calibration_summary : The same of one set of predictions.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_skd.evaluation import pooled_calibration
    >>> predictions = pd.DataFrame({
    ...     "repeat": 0, "fold": 0, "strategy": "skd", "calibration": "raw",
    ...     "song": np.arange(4), "label": ["calm", "sad", "calm", "sad"], "n_train": 16,
    ...     "proba_calm": [0.7, 0.4, 0.9, 0.2], "proba_sad": [0.3, 0.6, 0.1, 0.8]})
    >>> calibration = pooled_calibration(predictions)
    >>> calibration.loc[("skd", "raw"), ["ece", "n_samples"]].round(2).tolist()
    [0.25, 4.0]
    """
    columns = [name for name in predictions if name.startswith("proba_")]
    if not columns:
        raise ValueError(
            "predictions has no columns proba_<class>: it is the second table that "
            "compare_strategies returns with return_predictions=True."
        )
    first = predictions[predictions["repeat"] == predictions["repeat"].min()]
    by = [name for name in predictions if name not in {*STANDARD, "song", "label", *columns}]
    keys = [*by, "strategy", "calibration"]
    labels = [name.removeprefix("proba_") for name in columns]
    rows, index = [], []
    for place, part in first.groupby(keys, sort=False):
        told = calibration_summary(
            part["label"].astype(str).to_numpy(dtype=str),
            part[columns].to_numpy(),
            labels=labels,
            n_bins=n_bins,
            n_resamples=n_resamples,
            random_state=random_state,
        )
        rows.append(told._asdict())
        index.append(place)
    return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(index, names=keys))
