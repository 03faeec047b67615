"""Strategies against the share of labels that they see (paper section 4.6, Table 5)."""

import numpy as np
import pandas as pd

from sklearn_skd.display._panels import (
    check_metrics,
    choose_calibration,
    legend_above,
    name_panel,
    one_experiment,
    one_pooled,
    open_panels,
)
from sklearn_skd.display._style import BAND, INK, series_style
from sklearn_skd.metrics._paired import summarize

_STEP = 1.1  # between strategies at one share, in per cent of the labels, so that bars stand apart
_CONCORDANCE = ("CCC", "CCC (labels)")


class LowLabelDisplay:
    """Agreement with the annotators and calibration against the share of labels.

    In the panel of the CCC, the dashed line is the ICR: the agreement of one half of the
    annotators with the other. Half of the votes are a noisier reference than all, so that a model
    may exceed it. Bars are one corrected standard error to each side, of the paired difference to
    the first strategy; pooled metrics (the CCC) have none. With the pooled calibration, the panel
    of the ECE shows that of all test songs together, its 95 % bootstrap interval, and in grey the
    95 % band of a perfectly calibrated model, from the lowest to the highest of all strategies.

    Make it with :meth:`from_table`. All parameters are stored as attributes.

    Parameters
    ----------
    points : DataFrame
        Index of metric, strategy and label_share; columns ``value``, ``low``, ``high``.

    metrics : sequence of str
        A panel each.

    consistency : float, default=None
        The ICR.

    floor : DataFrame, default=None
        Index of label_share; columns ``floor_low``, ``floor_high`` of the pooled ECE.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        A panel a metric.

    figure_ : matplotlib Figure

    points_ : dict of str to (dict of str to ErrorbarContainer)
        By metric and strategy.

    reference_ : matplotlib Line2D or None
        The ICR, if known and the CCC is shown.

    band_ : matplotlib PolyCollection or None
        The null band, if drawn.

    legend_ : matplotlib Legend

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.display import LowLabelDisplay
    >>> table = pd.DataFrame({"label_share": [0.3, 0.7], "repeat": 0, "fold": -1,
    ...                       "strategy": "skd", "calibration": "temperature", "metric": "CCC",
    ...                       "value": [0.66, 0.78], "n_train": 80, "n_test": 20})
    >>> display = LowLabelDisplay.from_table(table, metrics=["CCC"])
    >>> display.axes_[0].get_xlabel()
    'Labels shown (%)'
    """

    def __init__(self, *, points, metrics, consistency=None, floor=None):
        self.points = points
        self.metrics = metrics
        self.consistency = consistency
        self.floor = floor

    @classmethod
    def from_table(cls, table, *, metrics=None, calibration="temperature", pooled=None, ax=None):
        """Plot a table of :func:`sklearn_skd.evaluation.evaluate_low_label`.

        Parameters
        ----------
        table : DataFrame
            With the column ``label_share``.

        metrics : sequence of str or None, default=None
            A panel each; None takes the CCC and the ECE.

        calibration : {"temperature", "raw"}, default="temperature"
            Which probabilities; arms that have raw ones alone are shown with those.

        pooled : DataFrame, default=None
            Of :func:`sklearn_skd.evaluation.pooled_calibration`, for the panel of the ECE.

        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : LowLabelDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the table lacks a column, a metric or the calibration, or holds several experiments.
        """
        source = "sklearn_skd.evaluation.evaluate_low_label"
        known = check_metrics(table, None, source)
        if "label_share" not in table:
            raise ValueError(f"The table has no column 'label_share': pass that of {source}.")
        if metrics is None:
            metrics = [name for name in (*_CONCORDANCE, "ECE") if name in known]
        metrics = check_metrics(table, metrics, source)
        chosen = choose_calibration(one_experiment(table, "label_share"), calibration)
        points, floor = _differences(chosen, metrics), None
        if pooled is not None and "ECE" in metrics:
            told = choose_calibration(one_pooled(pooled, "label_share"), calibration)
            points = pd.concat([points.drop("ECE", level="metric"), _pooled_points(told)])
            floor = told.groupby("label_share").agg({"floor_low": "min", "floor_high": "max"})
        icr = chosen.loc[chosen["metric"] == "ICR", "value"].dropna()
        consistency = None if icr.empty else float(icr.iloc[0])
        display = cls(points=points, metrics=metrics, consistency=consistency, floor=floor)
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the metrics against the share of labels.

        Parameters
        ----------
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : LowLabelDisplay
            Self, with the artists as attributes.
        """
        self.axes_, place = open_panels(ax, len(self.metrics), n_columns=3, size=(3.2, 3.0))
        self.figure_ = self.axes_[0].figure
        self.points_, self.reference_, self.band_ = {}, None, None
        for axes, metric in zip(self.axes_, self.metrics, strict=True):
            self.points_[metric] = self._draw_lines(axes, metric)
            if metric == "CCC" and self.consistency is not None:
                self.reference_ = axes.axhline(
                    self.consistency,
                    color=INK,
                    lw=1.2,
                    ls=(0, (5, 2)),
                    zorder=2,
                    label="ICR (annotators with each other)",
                )
            is_pooled = metric == "ECE" and self.floor is not None
            if is_pooled:
                self._draw_floor(axes)
            name_panel(axes, metric, ", pooled" if is_pooled else "")
        self.legend_ = legend_above(self.axes_, place, n_columns=4, note=self._note())
        return self

    def _note(self):
        """What the bars mean, where there are any."""
        parts = []
        folded = [name for name in self.metrics if name not in _CONCORDANCE]
        if self.floor is not None:
            parts, folded = ["95 % interval of the ECE"], [one for one in folded if one != "ECE"]
        if folded:
            first = self.points.index.get_level_values("strategy")[0]
            parts.insert(0, f"corrected standard error of the difference to {first}")
        return f"Bars: {'; '.join(parts)}" if parts else None

    def _draw_lines(self, axes, metric):
        points = self.points.loc[metric]
        strategies = points.index.get_level_values("strategy").unique()
        shares = points.index.get_level_values("label_share").unique().sort_values()
        drawn = {}
        for k, strategy in enumerate(strategies):
            part = points.loc[strategy].sort_index()
            shift = _STEP * (k - (len(strategies) - 1) / 2)
            value = part["value"].to_numpy(float)
            reach = np.abs(part[["low", "high"]].to_numpy(float).T - value)
            drawn[strategy] = axes.errorbar(
                100 * part.index.to_numpy(float) + shift,
                value,
                yerr=reach,
                **series_style(k),
                ms=5.5,
                lw=1.4,
                elinewidth=1,
                zorder=3,
                label=strategy,
            )
        axes.set_xticks(100 * shares.to_numpy(float))
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.set_xlabel("Labels shown (%)")
        axes.margins(x=0.12, y=0.1)
        axes.grid(axis="y", color="#EEEEEE", lw=0.8)
        return drawn

    def _draw_floor(self, axes):
        floor = self.floor.sort_index()
        # half a step beyond the outermost strategies: a single share has no width of its own
        reach = _STEP / 2 * self.points.loc["ECE"].index.unique("strategy").size
        share = np.pad(100 * floor.index.to_numpy(float), 1, mode="edge")
        share[[0, -1]] += [-reach, reach]
        self.band_ = axes.fill_between(
            share,
            np.pad(floor["floor_low"].to_numpy(float), 1, mode="edge"),
            np.pad(floor["floor_high"].to_numpy(float), 1, mode="edge"),
            color=BAND,
            lw=0,
            zorder=1,
            label="ECE if calibrated, 95 %",
        )


def _differences(table, metrics):
    """Means with the corrected errors of the differences to the first strategy."""
    table = table[table["metric"].isin(metrics)].assign(calibration="shown")
    told = summarize(table).droplevel("calibration").reset_index()
    error = told["error"].where(told["strategy"] != told["strategy"].iloc[0])
    told = told.assign(value=told["mean"], low=told["mean"] - error, high=told["mean"] + error)
    return told.set_index(["metric", "strategy", "label_share"])[["value", "low", "high"]]


def _pooled_points(told):
    names = {"ece": "value", "ece_low": "low", "ece_high": "high"}
    told = told.rename(columns=names).assign(metric="ECE")
    return told.set_index(["metric", "strategy", "label_share"])[["value", "low", "high"]]
