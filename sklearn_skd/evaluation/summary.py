"""From tidy tables to means, paired differences and calibration with honest errors."""

import pandas as pd

from sklearn_skd.metrics import calibration_summary
from sklearn_skd.metrics._paired import STANDARD, corrected_error, summarize

__all__ = ["corrected_error", "pooled_calibration", "summarize"]


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
    by = [name for name in predictions if name not in {*STANDARD, "song", "label", *columns}]
    repeat = predictions["repeat"]
    if by:  # each experiment has a first repeat of its own
        lowest = predictions.groupby(by, dropna=False)["repeat"].transform("min")
    else:
        lowest = repeat.min()
    first = predictions[repeat == lowest]
    keys = [*by, "strategy", "calibration"]
    labels = [name.removeprefix("proba_") for name in columns]
    rows, index = [], []
    for place, part in first.groupby(keys, sort=False, dropna=False):
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
