"""Strategies against each other, metric by metric (paper section 4.3, Fig. 7)."""

import pandas as pd

from sklearn_skd.display._panels import (
    check_metrics,
    draw_rows,
    legend_above,
    name_panel,
    one_experiment,
    one_pooled,
    open_panels,
)
from sklearn_skd.display._style import COLORS, QUIET
from sklearn_skd.metrics._paired import summarize

_STYLES = {
    "raw": {"fmt": "o", "color": QUIET, "mfc": "white", "ms": 5.5, "mew": 1.3},
    "temperature": {"fmt": "o", "color": COLORS[0], "ms": 5.5, "mew": 1.3},
}
_NAMES = {"raw": "raw", "temperature": "temperature-scaled"}


class StrategyComparisonDisplay:
    """A panel a metric: the mean of each strategy, raw and temperature-scaled.

    Bars are one corrected standard error to each side, of the paired difference to the reference
    strategy at the same calibration. The dotted lines are the means of the reference, which has
    no bar: a strategy differs from it as far as its bar stays clear of the line of its colour.

    With the pooled calibration, the panel of the ECE shows that of all test songs together, its
    95 % bootstrap interval, and in grey where 95 % of the ECE of a perfectly calibrated model
    would lie. Without, it shows the mean over the folds, which few songs a fold inflate.

    Make it with :meth:`from_table`. All parameters are stored as attributes.

    Parameters
    ----------
    summary : DataFrame
        Of :func:`sklearn_skd.evaluation.summarize`, of one experiment.

    reference : str
        The strategy that the differences are to.

    metrics : sequence of str
        A panel each.

    pooled : DataFrame, default=None
        Of :func:`sklearn_skd.evaluation.pooled_calibration`.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        A panel a metric.

    figure_ : matplotlib Figure

    points_ : dict of str to (dict of str to ErrorbarContainer)
        By metric and calibration.

    legend_ : matplotlib Legend

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.display import StrategyComparisonDisplay
    >>> table = pd.DataFrame({"repeat": 0, "fold": [0, 1, 0, 1], "strategy": list("aabb"),
    ...                       "calibration": "raw", "metric": "NLL",
    ...                       "value": [1.0, 1.2, 0.9, 1.0], "n_train": 80, "n_test": 20})
    >>> display = StrategyComparisonDisplay.from_table(table)
    >>> [label.get_text() for label in display.axes_[0].get_yticklabels()]
    ['a', 'b']
    """

    def __init__(self, *, summary, reference, metrics, pooled=None):
        self.summary = summary
        self.reference = reference
        self.metrics = metrics
        self.pooled = pooled

    @classmethod
    def from_table(cls, table, *, reference=None, metrics=None, pooled=None, ax=None):
        """Plot a table of :func:`sklearn_skd.evaluation.compare_strategies`.

        Parameters
        ----------
        table : DataFrame
            Of one experiment. Of a table that holds several, pass the rows of one.

        reference : str or None, default=None
            Strategy to compare with; None takes the first of the table.

        metrics : sequence of str or None, default=None
            A panel each; None takes all.

        pooled : DataFrame, default=None
            Of :func:`sklearn_skd.evaluation.pooled_calibration`, for the panel of the ECE.

        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : StrategyComparisonDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the table lacks a column, a metric or the reference, or holds several experiments.
        """
        metrics = check_metrics(table, metrics, "sklearn_skd.evaluation.compare_strategies")
        table = one_experiment(table[table["metric"].isin(metrics)])
        unknown = [name for name in table["calibration"].unique() if name not in _NAMES]
        if unknown:
            raise ValueError(f"The table has calibrations {unknown}; shown are {list(_NAMES)}.")
        reference = table["strategy"].iloc[0] if reference is None else reference
        if isinstance(reference, tuple):
            raise ValueError(
                f"reference is the name of a strategy, got {reference!r}: each calibration is "
                "compared with the reference at the same calibration."
            )
        if pooled is not None:
            one_pooled(pooled)
        summary = summarize(table, reference=reference)
        display = cls(summary=summary, reference=reference, metrics=metrics, pooled=pooled)
        return display.plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the comparison.

        Parameters
        ----------
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : StrategyComparisonDisplay
            Self, with the artists as attributes.
        """
        rows = self.summary.index.get_level_values("strategy").unique().tolist()
        size = (2.3, 0.9 + 0.33 * len(rows))
        self.axes_, place = open_panels(ax, len(self.metrics), n_columns=4, size=size)
        self.figure_ = self.axes_[0].figure
        self.points_ = {}
        seen = self.summary.index.get_level_values("calibration").unique()
        styles = {_NAMES[name]: style for name, style in _STYLES.items() if name in seen}
        for axes, metric in zip(self.axes_, self.metrics, strict=True):
            is_pooled = self._is_pooled(metric)
            points = self._pooled_points() if is_pooled else self._points(metric)
            drawn = draw_rows(axes, points, rows, styles)
            self.points_[metric] = {
                name: drawn[shown] for name, shown in _NAMES.items() if shown in drawn
            }
            if not is_pooled:
                self._draw_reference(axes, metric)
            name_panel(axes, metric, ", pooled" if is_pooled else "")
        self.legend_ = legend_above(
            self.axes_,
            place,
            n_columns=4,
            note=f"Bars: corrected standard error of the difference to {self.reference}"
            + ("; of the ECE, 95 % interval" if self._is_pooled("ECE") else ""),
        )
        return self

    def _is_pooled(self, metric):
        return metric == "ECE" and metric in self.metrics and self.pooled is not None

    def _points(self, metric):
        told = self.summary.loc[metric].reset_index()
        return pd.DataFrame(
            {
                "row": told["strategy"],
                "series": told["calibration"].map(_NAMES),
                "value": told["mean"],
                # the reference differs from itself by nothing: no bar
                "low": told["mean"] - told["error"].where(told["strategy"] != self.reference),
                "high": told["mean"] + told["error"].where(told["strategy"] != self.reference),
            }
        )

    def _pooled_points(self):
        told = self.pooled.reset_index()
        return told.assign(
            row=told["strategy"],
            series=told["calibration"].map(_NAMES),
            value=told["ece"],
            low=told["ece_low"],
            high=told["ece_high"],
        )

    def _draw_reference(self, axes, metric):
        means = self.summary["mean"].xs((metric, self.reference), level=("metric", "strategy"))
        for calibration, mean in means.items():
            color = _STYLES[calibration]["color"]
            axes.axvline(mean, color=color, lw=1, ls=(0, (1, 2)), zorder=2)
