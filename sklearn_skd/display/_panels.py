"""What the displays of scores share: a panel a metric, and points with intervals in rows."""

import numpy as np

from sklearn_skd.display._style import BAND, INK, house_frame
from sklearn_skd.metrics._paired import STANDARD

_HIGHER = {"accuracy", "macro-F1", "AUROC", "kappa", "CCC", "CCC (labels)"}
_LOWER = {"NLL", "Brier", "ECE"}
_NULL_BAND = "ECE if calibrated, 95 %"


def open_panels(ax, n_panels, *, n_columns, size):
    """Axes for several panels, and where their common legend has its place.

    Parameters
    ----------
    ax : matplotlib Axes, sequence of them, or None
        One Axes is divided; a sequence is taken as it is; None makes a figure.

    n_panels : int
        Number of panels.

    n_columns : int
        Panels in a row, at most.

    size : tuple of float
        Width and height of a panel of a new figure, in inches.

    Returns
    -------
    axes : ndarray of matplotlib Axes, shape (n_panels,)

    place : matplotlib Figure or Axes
        For :func:`legend_above`.
    """
    if ax is not None and np.size(ax) > 1:
        axes = np.ravel(ax)
        if len(axes) != n_panels:
            raise ValueError(
                f"ax holds {len(axes)} Axes for {n_panels} metrics: give one Axes for each, one "
                "for all, or None."
            )
        return axes, axes[0]
    n_columns = min(n_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    if ax is None:
        import matplotlib.pyplot as plt

        width, height = size[0] * n_columns + 1.2, size[1] * n_rows + 0.7
        place = plt.figure(figsize=(width, height), layout="constrained")
        grid = place.add_gridspec(n_rows, n_columns)
    else:
        place, grid = _divide(np.ravel(ax)[0], n_rows, n_columns)
    figure = place.get_figure(root=False) if ax is not None else place
    return np.array([figure.add_subplot(grid[k]) for k in range(n_panels)]), place


def _divide(ax, n_rows, n_columns):
    """The Axes as a frame for the legend, above a grid in its place."""
    figure, cell = ax.get_figure(root=False), ax.get_subplotspec()
    ax.set_axis_off()
    if cell is None:  # axes put at a given place of the figure
        box = ax.get_position()
        edges = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
        cell = figure.add_gridspec(1, 1, **edges)[0]
    upper, lower = cell.subgridspec(2, 1, height_ratios=[1, 5], hspace=0.15)
    ax.set_subplotspec(upper)
    return ax, lower.subgridspec(n_rows, n_columns, wspace=0.3, hspace=0.6)


def name_panel(axes, metric, note=""):
    """The metric as title, an arrow to its better side, and the house frame."""
    arrow = " ↑" if metric in _HIGHER else " ↓" if metric in _LOWER else ""
    title = metric[:1].upper() + metric[1:]
    axes.set_title(f"{title}{arrow}{note}", fontsize="medium", color=INK, loc="left")
    house_frame(axes)


def draw_rows(axes, points, rows, styles):
    """Points with intervals, a row for each of `rows`, its series beside each other.

    Parameters
    ----------
    axes : matplotlib Axes

    points : DataFrame
        Columns ``row``, ``series``, ``value``, ``low``, ``high``; NaN where there is no interval;
        and perhaps ``floor_low``, ``floor_high``.

    rows : list of str
        From top to bottom.

    styles : dict of str to dict
        Arguments of ``axes.errorbar`` for each series, in order.

    Returns
    -------
    drawn : dict of str to ErrorbarContainer
        By series.
    """
    step = min(0.26, 0.8 / max(len(styles), 1))
    place = {name: y for y, name in enumerate(rows)}
    drawn = {}
    for k, (series, style) in enumerate(styles.items()):
        part = points[points["series"] == series]
        if part.empty:
            continue
        y = part["row"].map(place).to_numpy(float) + step * (k - (len(styles) - 1) / 2)
        x = part["value"].to_numpy(float)
        if "floor_low" in part:
            low, high = part["floor_low"].to_numpy(float), part["floor_high"].to_numpy(float)
            axes.barh(
                y, high - low, left=low, height=0.9 * step, color=BAND, zorder=1, label=_NULL_BAND
            )
        reach = np.abs(part[["low", "high"]].to_numpy(float).T - x)
        drawn[series] = axes.errorbar(
            x, y, xerr=reach, **{"elinewidth": 1.2, "zorder": 3, "linestyle": "", **style}
        )
        drawn[series].set_label(series)
    cell = axes.get_subplotspec()
    is_first = cell is None or cell.is_first_col()  # names stand once, on the left
    axes.set_yticks(range(len(rows)), rows if is_first else [])
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#EEEEEE", lw=0.8)
    axes.margins(x=0.08)
    axes.xaxis.get_major_locator().set_params(nbins=3)
    return drawn


def legend_above(axes, place, *, n_columns, note=None):
    """One legend for all panels: the series, then lines and bands.

    Parameters
    ----------
    axes : ndarray of matplotlib Axes

    place : matplotlib Figure or Axes
        Of :func:`open_panels`.

    n_columns : int
        Entries beside each other.

    note : str or None, default=None
        What the bars mean.

    Returns
    -------
    legend : matplotlib Legend
    """
    from matplotlib.container import ErrorbarContainer

    entries = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    ranked = sorted(entries, key=lambda name: not isinstance(entries[name], ErrorbarContainer))
    where = {"loc": "outside upper left"}
    if place is axes[0]:
        where = {"loc": "lower left", "bbox_to_anchor": (0, 1.15), "borderaxespad": 0}
    elif hasattr(place, "get_subplotspec"):
        where = {"loc": "upper left", "borderaxespad": 0}
    legend = place.legend(
        [entries[name] for name in ranked],
        ranked,
        title=note,
        title_fontsize="small",
        alignment="left",
        ncols=n_columns,
        columnspacing=1.5,
        fontsize="small",
        frameon=False,
        **where,
    )
    legend.set_in_layout(not hasattr(place, "get_subplotspec"))  # wider than its axes, perhaps
    return legend


def choose_calibration(table, calibration):
    """Rows of one calibration; of arms that lack it, the raw ones."""
    wanted = table["calibration"] == calibration
    if not wanted.any():
        known = table["calibration"].unique().tolist()
        raise ValueError(f"The table has no calibration {calibration!r}, only {known}.")
    has = table["strategy"].isin(table.loc[wanted, "strategy"])
    return table[wanted | (~has & (table["calibration"] == "raw"))]


def check_metrics(table, metrics, source):
    """The metrics to be drawn; those of the table if None."""
    missing = [name for name in ("strategy", "calibration", "metric", "value") if name not in table]
    if missing:
        raise ValueError(f"The table has no columns {missing}: pass that of {source}.")
    known = table["metric"].unique().tolist()
    metrics = known if metrics is None else list(metrics)
    unknown = [name for name in metrics if name not in known]
    if unknown or not metrics:
        raise ValueError(f"The table has no metrics {unknown or metrics}, only {known}.")
    return metrics


def one_experiment(table, *own):
    """Scores without the columns that tell experiments apart, of which there must be one.

    Parameters
    ----------
    table : DataFrame
        Tidy scores.

    *own : str
        Further columns that the display shows, such as ``target``.

    Returns
    -------
    table : DataFrame
    """
    further = [name for name in table if name not in {*STANDARD, *own}]
    _check_one(table, further, "The table")
    return table.drop(columns=further)


def one_pooled(pooled, *own):
    """Pooled calibration with its index as columns; the same check as of the scores."""
    further = [name for name in pooled.index.names if name not in {"strategy", "calibration", *own}]
    pooled = pooled.reset_index()
    _check_one(pooled, [name for name in further if name is not None], "pooled")
    return pooled


def _check_one(table, names, what):
    several = [name for name in names if table[name].nunique(dropna=False) > 1]
    if several:
        raise ValueError(f"{what} tells experiments apart by {several}: pass the rows of one.")
