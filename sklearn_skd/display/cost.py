"""What models cost beside what they can do (paper section 4.4, Fig. 8)."""

import math

from sklearn_skd.display._panels import name_panel, open_panels
from sklearn_skd.display._style import COLORS, INK, QUIET

_DEFAULT = ("parameters", "latency_ms", "peak_memory_mb", "accuracy", "macro_f1")
# title, unit, how many make one unit, whether more is better; the longest name first
_KNOWN = {
    "peak_memory_mb": ("peak memory", "MB", 1, False),
    "multiply_adds": ("multiply-adds", "M", 1e6, False),
    "parameters": ("parameters", "M", 1e6, False),
    "latency_ms": ("latency, one song", "ms", 1, False),
    "throughput": ("throughput", "songs/s", 1, True),
    "accuracy": ("accuracy", "", 1, True),
    "macro_f1": ("macro-F1", "", 1, True),
}
_SCORES = ("accuracy", "macro_f1")
# how much of a panel the longest bar takes; the rest is for what is written beside it
_FILLED = 0.55


class CostDisplay:
    """A panel a metric, a bar a model, with the value and the ratio to the reference beside it.

    Bars start at 0. Whiskers of latency and throughput reach from the 5 % to the 95 % quantile.
    The reference is hatched; "÷ 4.7" beside another bar says that the reference is 4.7 times as
    large. What is not known (NaN) has no bar.

    Make it with :meth:`from_table`. All parameters are stored as attributes.

    Parameters
    ----------
    table : DataFrame
        Of :func:`sklearn_skd.deployment.profile_cost`.

    reference : str
        Name of the model that ratios are to.

    metrics : sequence of str
        Columns of the table, a panel each.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        A panel a metric.

    figure_ : matplotlib Figure

    bars_ : dict of str to BarContainer
        By metric; a bar a model, in the order of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.display import CostDisplay
    >>> table = pd.DataFrame({"parameters": [148.0e6, 19.2e6], "latency_ms": [42.6, 9.1]},
    ...                      index=["teacher", "student"])
    >>> display = CostDisplay.from_table(table)
    >>> [text.get_text() for text in display.axes_[0].texts]
    ['148 M', '19.2 M (÷ 7.7)']
    """

    def __init__(self, *, table, reference, metrics):
        self.table = table
        self.reference = reference
        self.metrics = metrics

    @classmethod
    def from_table(cls, table, *, reference=None, metrics=None, ax=None):
        """Plot a table of :func:`sklearn_skd.deployment.profile_cost`.

        Parameters
        ----------
        table : DataFrame
            One row a model, named in the index.

        reference : str or None, default=None
            Model that ratios are to; None takes the first of the table.

        metrics : sequence of str or None, default=None
            Columns, a panel each; None takes those of Fig. 8 that the table has: ``parameters``,
            ``latency_ms``, ``peak_memory_mb``, ``accuracy`` and ``macro_f1``.

        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : CostDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the table has no rows, lacks a metric or the reference, or names a model twice.
        """
        metrics = _check_metrics(table, metrics)
        if table.empty or not table.index.is_unique:
            raise ValueError(
                "The table has one row a model, with its name in the index; this one has the "
                f"index {table.index.tolist()}."
            )
        reference = table.index[0] if reference is None else reference
        if reference not in table.index:
            raise ValueError(f"The table has no model {reference!r}, only {table.index.tolist()}.")
        return cls(table=table, reference=reference, metrics=metrics).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the costs.

        Parameters
        ----------
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each metric; None makes a
            figure.

        Returns
        -------
        display : CostDisplay
            Self, with the artists as attributes.
        """
        size = (2.5, 0.55 + 0.36 * len(self.table))
        self.axes_, _ = open_panels(ax, len(self.metrics), n_columns=3, size=size)
        self.figure_ = self.axes_[0].figure
        self.bars_ = {}
        for axes, metric in zip(self.axes_, self.metrics, strict=True):
            self.bars_[metric] = self._draw(axes, metric)
        return self

    def _draw(self, axes, metric):
        title, unit, scale, more_is_better = _describe(metric)
        values = self.table[metric].to_numpy(float)
        if unit == "M" and not (values >= scale).any():  # small nets
            title, unit, scale = f"{title}, thousands", "k", 1e3
        values = values / scale
        heights = range(len(values))
        bars = axes.barh(heights, values, height=0.62, color=COLORS[0], zorder=2)
        place = self.table.index.get_loc(self.reference)
        bars[place].set(facecolor="white", edgecolor=QUIET, hatch="////", linewidth=1)
        ends = self._draw_whiskers(axes, metric, values, scale)
        high = 1.0 if metric in _SCORES else max([end for end in ends if end > 0], default=1.0)
        axes.set_xlim(0, high / _FILLED)
        for y, (value, end) in enumerate(zip(values, ends, strict=True)):
            told = _told(value, values[place], unit, metric, is_reference=y == place)
            start = 0.0 if math.isnan(end) else end
            axes.annotate(
                told, (start, y), (4, 0), textcoords="offset points", va="center", fontsize="small"
            )
        _label(axes, self.table.index, high)
        name_panel(axes, title, "" if metric in _SCORES else " ↑" if more_is_better else " ↓")
        return bars

    def _draw_whiskers(self, axes, metric, values, scale):
        """Quantiles, if the table has them; returns where each bar ends."""
        low, high = f"{metric}_q05", f"{metric}_q95"
        if low not in self.table or high not in self.table:
            return values
        low, high = (self.table[name].to_numpy(float) / scale for name in (low, high))
        axes.errorbar(
            values,
            range(len(values)),
            xerr=[values - low, high - values],
            fmt="none",
            ecolor=INK,
            elinewidth=1.2,
            capsize=2.5,
            zorder=3,
        )
        return high


def _check_metrics(table, metrics):
    chosen = [name for name in _DEFAULT if name in table] if metrics is None else list(metrics)
    unknown = [name for name in chosen if name not in table or _describe(name) is None]
    if unknown or not chosen:
        raise ValueError(
            f"The table has no columns {unknown or list(_DEFAULT)} to draw: pass that of "
            "sklearn_skd.deployment.profile_cost."
        )
    return chosen


def _describe(metric):
    """Title, unit, scale and direction of a column; None if it is not one that is known."""
    for name, (title, *rest) in _KNOWN.items():
        if metric == name:
            return title, *rest
        if metric.startswith(f"{name}_"):
            part = metric.removeprefix(f"{name}_").replace("_", " ")
            return f"{title.partition(',')[0]}, {part}", *rest
    return None


def _told(value, reference, unit, metric, *, is_reference):
    """A value in three digits, and how it compares."""
    if math.isnan(value):
        return "not known"
    number = f"{value:.3f}" if metric in _SCORES else _three_digits(value)
    told = f"{number} {unit}".strip()
    if is_reference or metric in _SCORES or not (value > 0 and reference > 0):
        return told
    sign, ratio = ("÷", reference / value) if reference >= value else ("×", value / reference)
    return f"{told} ({sign} {_two_digits(ratio)})"


def _three_digits(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _two_digits(ratio):
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _label(axes, names, high):
    """Names on the left, once; a few ticks are enough beside written values."""
    from matplotlib.ticker import MaxNLocator

    cell = axes.get_subplotspec()
    is_first = cell is None or cell.is_first_col()
    axes.set_yticks(range(len(names)), [str(name) for name in names] if is_first else [])
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    ticks = MaxNLocator(nbins=2).tick_values(0, high)
    axes.set_xticks([tick for tick in ticks if 0 <= tick <= high])
