"""Strategies on data sets that they were not trained on (paper section 4.5, Table 4)."""

import numpy as np
import pandas as pd

from sklearn_skd.display._panels import (
    check_metrics,
    choose_calibration,
    draw_rows,
    legend_above,
    name_panel,
    one_experiment,
    one_pooled,
    open_panels,
)
from sklearn_skd.display._style import series_style

_METRICS = ("AUROC", "kappa", "ECE")


class TransferDisplay:
    """A panel a metric: each strategy on each target.

    Points are means over the repeats; bars reach from the lowest to the highest of them. The
    repeats differ in the seed alone, so that the bars say nothing about other songs. With the
    pooled calibration, the panel of the ECE shows that of the first repeat instead, with its 95 %
    bootstrap interval over the songs of the target, and in grey where 95 % of the ECE of a
    perfectly calibrated model would lie.

    Make it with :meth:`from_table`. All parameters are stored as attributes.

    Parameters
    ----------
    points : DataFrame
        Index of metric, target and strategy; columns ``value``, ``low``, ``high``.

    metrics : sequence of str
        A panel each.

    pooled : DataFrame, default=None
        The same of the pooled ECE, with ``floor_low`` and ``floor_high``.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        A panel a metric.

    figure_ : matplotlib Figure

    points_ : dict of str to (dict of str to ErrorbarContainer)
        By metric and strategy.

    legend_ : matplotlib Legend

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.display import TransferDisplay
    >>> table = pd.DataFrame({"target": "EMMA", "repeat": 0, "fold": -1, "strategy": ["kd", "skd"],
    ...                       "calibration": "temperature", "metric": "AUROC",
    ...                       "value": [0.79, 0.86], "n_train": 80, "n_test": 20})
    >>> display = TransferDisplay.from_table(table, metrics=["AUROC"])
    >>> display.axes_[0].get_yticklabels()[0].get_text()
    'EMMA'
    """

    def __init__(self, *, points, metrics, pooled=None):
        self.points = points
        self.metrics = metrics
        self.pooled = pooled

    @classmethod
    def from_table(
        cls, table, *, metrics=_METRICS, calibration="temperature", pooled=None, ax=None
    ):
        """Plot a table of :func:`sklearn_skd.evaluation.evaluate_transfer`.

        Parameters
        ----------
        table : DataFrame
            With the column ``target``.

        metrics : sequence of str or None, default=("AUROC", "kappa", "ECE")
            A panel each; None takes all.

        calibration : {"temperature", "raw"}, default="temperature"
            Which probabilities; arms that have raw ones alone are shown with those.

        pooled : DataFrame, default=None
            Of :func:`sklearn_skd.evaluation.pooled_calibration`, for the panel of the ECE.

        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : TransferDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the table lacks a column, a metric or the calibration, or holds several experiments.
        """
        source = "sklearn_skd.evaluation.evaluate_transfer"
        metrics = check_metrics(table, metrics, source)
        if "target" not in table:
            raise ValueError(f"The table has no column 'target': pass that of {source}.")
        chosen = choose_calibration(one_experiment(table, "target"), calibration)
        keys = ["metric", "target", "strategy"]
        values = chosen.groupby(keys, sort=False)["value"]
        points = pd.DataFrame({"value": values.mean(), "low": values.min(), "high": values.max()})
        points = points.where(values.count() > 1, points[["value"]].assign(low=np.nan, high=np.nan))
        if pooled is not None:
            pooled = choose_calibration(one_pooled(pooled, "target"), calibration)
        return cls(points=points, metrics=metrics, pooled=pooled).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the transfer.

        Parameters
        ----------
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : TransferDisplay
            Self, with the artists as attributes.
        """
        rows = self.points.index.get_level_values("target").unique().tolist()
        strategies = self.points.index.get_level_values("strategy").unique().tolist()
        size = (2.6, 0.6 + (0.25 + 0.17 * len(strategies)) * len(rows))
        self.axes_, place = open_panels(ax, len(self.metrics), n_columns=3, size=size)
        self.figure_ = self.axes_[0].figure
        styles = {}
        for k, name in enumerate(strategies):
            style = series_style(k)
            styles[name] = {"color": style["color"], "marker": style["marker"], "ms": 5.5}
        self.points_ = {}
        for axes, metric in zip(self.axes_, self.metrics, strict=True):
            is_pooled = metric == "ECE" and self.pooled is not None
            points = self._pooled_points() if is_pooled else self._points(metric)
            self.points_[metric] = draw_rows(axes, points, rows, styles)
            name_panel(axes, metric, " (95 % interval)" if is_pooled else "")
        note = "Bars: range of the repeats (seeds)"
        self.legend_ = legend_above(self.axes_, place, n_columns=6, note=note)
        return self

    def _points(self, metric):
        told = self.points.loc[metric].reset_index()
        return told.rename(columns={"target": "row", "strategy": "series"})

    def _pooled_points(self):
        names = {"target": "row", "strategy": "series", "ece": "value"}
        names |= {"ece_low": "low", "ece_high": "high"}
        return self.pooled.rename(columns=names)
