"""Separation of the emotions for subsets of the sources (paper section 4.2, Fig. 6)."""

from sklearn_skd.display._panels import one_experiment
from sklearn_skd.display._style import INK, QUIET, open_axes, panel_below, series_style

_SILHOUETTE = "silhouette"
_DISTANCES = ("intra-class distance", "inter-class distance")
_NULL = "silhouette (shuffled labels)"
_NEEDED = ("sources", "metric", "value", "repeat", "fold", "n_test")


class SourceSeparationDisplay:
    """Intra-class and inter-class distance and silhouette of each subset of the sources.

    The upper panel has the two distances: 1 is the distance of two songs at random, and the
    further the two are apart, the better the emotions are separated. The lower panel has the
    silhouette coefficient, with a bar where shuffled labels would put it. Small marks are folds,
    large ones their means. The folds' spread says little about the difference of two subsets:
    for that see :func:`sklearn_skd.evaluation.summarize`, which pairs them.

    Make it with :meth:`from_table`. All parameters are stored as attributes.

    Parameters
    ----------
    table : DataFrame
        Of :func:`sklearn_skd.evaluation.source_separation`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the distances.
    silhouette_ax_ : matplotlib Axes
        Axes of the silhouette beneath.
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        The means, by metric.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.display import SourceSeparationDisplay
    >>> table = pd.DataFrame({
    ...     "repeat": 0, "fold": 0, "sources": ["audio"] * 3, "n_train": 80, "n_test": 20,
    ...     "metric": ["intra-class distance", "inter-class distance", "silhouette"],
    ...     "value": [0.9, 1.1, 0.15]})
    >>> display = SourceSeparationDisplay.from_table(table)
    >>> display.silhouette_ax_.get_ylabel()
    'Silhouette'
    """

    def __init__(self, *, table):
        self.table = table

    @classmethod
    def from_table(cls, table, *, ax=None):
        """Plot a table of :func:`sklearn_skd.evaluation.source_separation`.

        Parameters
        ----------
        table : DataFrame
            Columns ``sources``, ``metric``, ``value``, ``repeat``, ``fold`` and ``n_test``.
        ax : matplotlib Axes, default=None
            Axes to plot on, shared with the silhouette beneath; None makes a figure.

        Returns
        -------
        display : SourceSeparationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the table lacks a column or a metric, or holds several experiments.
        """
        return cls(table=one_experiment(table, "sources")).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the separation.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on, shared with the silhouette beneath; None makes a figure.

        Returns
        -------
        display : SourceSeparationDisplay
            Self, with the artists as attributes.
        """
        place = self._places()
        self.ax_ = open_axes(ax, figsize=(1.6 + 1.5 * max(3, len(place)), 5.6))
        self.figure_ = self.ax_.figure
        self.silhouette_ax_ = panel_below(self.ax_, name=_SILHOUETTE, height=0.8)
        self.lines_ = {}
        for k, metric in enumerate(_DISTANCES):
            self._draw(self.ax_, metric, place, series=k, shift=0.24 * k - 0.12)
        self.ax_.axhline(1, color=INK, lw=1, ls=(0, (1, 2)), zorder=1, label="two random songs")
        self._draw(self.silhouette_ax_, _SILHOUETTE, place, series=2, shift=0)
        self._draw_null(place)
        self._label(place)
        return self

    def _places(self):
        """Position of each subset on the x axis, by its name."""
        missing = [name for name in _NEEDED if name not in self.table]
        if missing:
            raise ValueError(
                f"The table has no columns {missing}: pass that of "
                "sklearn_skd.evaluation.source_separation."
            )
        known = set(self.table["metric"])
        missing = [name for name in (*_DISTANCES, _SILHOUETTE) if name not in known]
        if missing:
            raise ValueError(f"The table has no rows of the metrics {missing}, only {known}.")
        return {name: x for x, name in enumerate(self.table["sources"].unique())}

    def _values(self, metric):
        rows = self.table[self.table["metric"] == metric]
        return rows.groupby("sources", sort=False)["value"]

    def _draw(self, axes, metric, place, *, series, shift):
        """The mean as a large mark, with its number on one side and its folds on the other."""
        style = {**series_style(series), "linestyle": ""}
        side = -1 if shift < 0 else 1
        for name, values in self._values(metric):
            x = [place[name] + shift - 0.07 * side] * len(values)
            axes.plot(x, values, ms=4, alpha=0.35, mew=0, zorder=2, **style)
        mean = self._values(metric).mean()
        x = [place[name] + shift for name in mean.index]
        (self.lines_[metric],) = axes.plot(
            x, mean, ms=9, mec="white", mew=0.8, zorder=4, label=metric, **style
        )
        for left, value in zip(x, mean, strict=True):
            if value == value:  # NaN has no place
                axes.annotate(
                    f"{value:.2f}".replace("-", "−"),  # as on the axis
                    (left, value),
                    xytext=(8 * side, 0),
                    textcoords="offset points",
                    ha="left" if side > 0 else "right",
                    va="center",
                    fontsize="small",
                    color=INK,
                )

    def _draw_null(self, place):
        mean = self._values(_NULL).mean()
        for number, (name, value) in enumerate(mean.items()):
            label = None if number else "shuffled labels"
            ends = [place[name] - 0.3, place[name] + 0.3]
            self.silhouette_ax_.plot(
                ends, [value] * 2, color=QUIET, lw=2, ls="--", zorder=3, label=label
            )

    def _label(self, place):
        n_folds = len(self.table[["repeat", "fold"]].drop_duplicates())
        folds = f"{n_folds} fold{'s' * (n_folds > 1)}"
        songs = self.table.groupby(["repeat", "fold"])["n_test"].first().mean()
        self.ax_.set(ylabel="Distance", xlim=(-0.6, len(place) - 0.4))
        self.silhouette_ax_.set(
            ylabel="Silhouette",
            xlabel=f"Sources of the teacher ({folds} of {songs:.0f} held-out songs)",
        )
        self.silhouette_ax_.set_xticks(
            list(place.values()), [name.replace(" + ", "\n+ ") for name in place]
        )
        for axes in (self.ax_, self.silhouette_ax_):
            axes.grid(axis="y", color="#EEEEEE", lw=0.8)
            axes.tick_params(axis="x", length=0)
            axes.margins(y=0.12)
        entries = [axes.get_legend_handles_labels() for axes in (self.ax_, self.silhouette_ax_)]
        handles, labels = ([*upper, *lower] for upper, lower in zip(*entries, strict=True))
        self.ax_.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0, 1.01),
            borderaxespad=0,
            ncols=3,
            columnspacing=1.5,
            fontsize="small",
            frameon=False,
        )
