"""Reliability diagram of the top label (paper section 4.6)."""

import numpy as np

from sklearn_skd.display._curves import check_classifier, legend_above, long_names, name_of
from sklearn_skd.display._style import BAND, INK, open_axes, panel_below, series_style
from sklearn_skd.metrics.intervals import reliability

_CURVE = "reliability curve"
_COUNTS = "songs per bin"


class ReliabilityDisplay:
    """Reliability diagram: accuracy against confidence, with what is needed to judge it.

    Each point is a bin of confidence: the share of right predictions over the mean confidence,
    with its 95 % Wilson interval. The grey band is where 95 % of the points of a perfectly
    calibrated model would lie at these counts; a filled marker lies outside its own band, an
    open one inside. The panel beneath shows the songs in each bin. The legend gives the ECE with
    its bootstrap interval, its null floor and the number of songs; it stands above the axes, so
    that a title is better put on the figure (``figure_.suptitle``).

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. All parameters are stored
    as attributes.

    Parameters
    ----------
    table : ReliabilityTable
        Edges, counts, confidences, accuracies, intervals and null band, an entry a bin.
    summary : CalibrationSummary
        ECE with interval, null floor and number of songs.
    estimator_name : str, default=None
        Name in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the diagram.
    counts_ax_ : matplotlib Axes
        Axes of the counts beneath.
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D
        The curve.
    band_ : matplotlib PolyCollection or None
        The null band, if drawn.
    counts_ : matplotlib StepPatch
        The counts.

    See Also
    --------
    sklearn_skd.metrics.calibration_summary : The numbers in the legend.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks, ICML.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_skd.display import ReliabilityDisplay
    >>> X, y = make_classification(n_samples=400, n_informative=4, n_classes=3, random_state=0)
    >>> model = GaussianNB().fit(X[:200], y[:200])
    >>> display = ReliabilityDisplay.from_estimator(model, X[200:], y[200:])
    >>> display.ax_.get_ylabel()
    'Accuracy'
    """

    def __init__(self, *, table, summary, estimator_name=None):
        self.table = table
        self.summary = summary
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        n_bins=15,
        strategy="uniform",
        sample_weight=None,
        n_resamples=1000,
        random_state=0,
        name=None,
        ax=None,
        ref_line=True,
        null_band="auto",
        curve_kwargs=None,
    ):
        """Plot the reliability diagram of a fitted classifier.

        Parameters
        ----------
        estimator : estimator instance
            Fitted classifier with ``predict_proba`` and ``classes_``, or a Pipeline or search
            that ends in one.
        X : array-like or DataFrame of n_samples songs
            Songs that the estimator was not fitted on.
        y : array-like of shape (n_samples,)
            Their labels.
        n_bins : int, default=15
            Number of bins, at least 1.
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of equal width on [0, 1], or of equal mass.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        n_resamples : int, default=1000
            Number of bootstrap resamples, and of draws for the null floor and band.
        random_state : int, RandomState instance or None, default=0
            Seed of both. Fixed by default: the same predictions give the same numbers.
        name : str, default=None
            Name in the legend; None: the estimator's class, of a Pipeline that of its last step.
        ax : matplotlib Axes, default=None
            Axes to plot on, also those of another reliability diagram; None makes a figure.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        null_band : bool or "auto", default="auto"
            Whether to draw the band of a perfectly calibrated model; "auto": for the first model
            on the axes only.
        curve_kwargs : dict, default=None
            Further arguments of ``ax.plot`` for the curve.

        Returns
        -------
        display : ReliabilityDisplay
            The display, drawn.
        """
        check_classifier(estimator, display=cls.__name__)
        return cls.from_predictions(
            y,
            estimator.predict_proba(X),
            labels=estimator.classes_,
            n_bins=n_bins,
            strategy=strategy,
            sample_weight=sample_weight,
            n_resamples=n_resamples,
            random_state=random_state,
            name=name_of(estimator) if name is None else name,
            ax=ax,
            ref_line=ref_line,
            null_band=null_band,
            curve_kwargs=curve_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_proba,
        *,
        labels=None,
        n_bins=15,
        strategy="uniform",
        sample_weight=None,
        n_resamples=1000,
        random_state=0,
        name=None,
        ax=None,
        ref_line=True,
        null_band="auto",
        curve_kwargs=None,
    ):
        """Plot the reliability diagram of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels. Songs without a label (None, NaN) raise.
        y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
            Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
            of the second class of a binary problem.
        labels : array-like of shape (n_classes,), default=None
            Class of each column; None: the sorted labels of ``y_true``.
        n_bins : int, default=15
            Number of bins, at least 1.
        strategy : {"uniform", "quantile"}, default="uniform"
            Bins of equal width on [0, 1], or of equal mass.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        n_resamples : int, default=1000
            Number of bootstrap resamples, and of draws for the null floor and band.
        random_state : int, RandomState instance or None, default=0
            Seed of both. Fixed by default: the same predictions give the same numbers.
        name : str, default=None
            Name in the legend.
        ax : matplotlib Axes, default=None
            Axes to plot on, also those of another reliability diagram; None makes a figure.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        null_band : bool or "auto", default="auto"
            Whether to draw the band of a perfectly calibrated model; "auto": for the first model
            on the axes only.
        curve_kwargs : dict, default=None
            Further arguments of ``ax.plot`` for the curve.

        Returns
        -------
        display : ReliabilityDisplay
            The display, drawn.
        """
        summary, table = reliability(
            y_true,
            y_proba,
            n_bins=n_bins,
            strategy=strategy,
            norm="l1",
            labels=labels,
            sample_weight=sample_weight,
            n_resamples=n_resamples,
            random_state=random_state,
        )
        display = cls(table=table, summary=summary, estimator_name=name)
        return display.plot(
            ax=ax, ref_line=ref_line, null_band=null_band, curve_kwargs=curve_kwargs
        )

    def plot(self, *, ax=None, name=None, ref_line=True, null_band="auto", curve_kwargs=None):
        """Plot the diagram, also onto the axes of another one.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; None makes a figure. An axes that already holds a reliability
            diagram gets a further curve, told apart by colour, line style and marker.
        name : str, default=None
            Name in the legend; None: ``estimator_name``.
        ref_line : bool, default=True
            Whether to draw the diagonal.
        null_band : bool or "auto", default="auto"
            Whether to draw the band of a perfectly calibrated model. "auto" draws that of the
            first model on the axes only: open and filled markers tell it for all.
        curve_kwargs : dict, default=None
            Further arguments of ``ax.plot`` for the curve, e.g. ``{"color": "black"}``.

        Returns
        -------
        display : ReliabilityDisplay
            Self, with the artists as attributes.
        """
        if null_band not in (True, False, "auto"):
            raise ValueError(f"null_band must be True, False or 'auto', got {null_band!r}")
        self.ax_ = open_axes(ax, figsize=(6.4, 6.8))
        self.figure_ = self.ax_.figure
        self.counts_ax_ = panel_below(self.ax_, name=_COUNTS, height=0.22)
        drawn = sum(line.get_gid() == _CURVE for line in self.ax_.lines)
        style = {**series_style(drawn), **long_names(curve_kwargs)}
        name = self.estimator_name if name is None else name

        wanted = drawn == 0 if null_band == "auto" else null_band
        self.band_ = self._draw_band(name) if wanted else None
        if ref_line and drawn == 0:
            self.ax_.plot([0, 1], [0, 1], color=INK, lw=1, ls=(0, (1, 2)), zorder=2)
        self._draw_curve(style, name)
        self._draw_counts(style, first=drawn == 0)
        self._label_axes()
        return self

    def _draw_band(self, name):
        table, full = self.table, self.table.count > 0
        # flat to the outer edges of the songs' confidences, so that a single bin has a width
        x = table.confidence[full]
        first, last = np.flatnonzero(full)[[0, -1]]
        x = np.concatenate([[table.edges[first]], x, [table.edges[last + 1]]])
        below = np.pad((table.null_low - table.confidence)[full], 1, mode="edge")
        above = np.pad((table.null_high - table.confidence)[full], 1, mode="edge")
        return self.ax_.fill_between(
            x,
            np.clip(x + below, 0, 1),
            np.clip(x + above, 0, 1),
            color=BAND,
            lw=0,
            zorder=1,
            label="95 % band if calibrated"
            + (f" ({name})" if name else "")
            + "\nfilled markers lie outside their band",
        )

    def _draw_curve(self, style, name):
        table, full = self.table, self.table.count > 0
        x, y = table.confidence[full], table.accuracy[full]
        rounding = 1e-9
        outside = (y < table.null_low[full] - rounding) | (y > table.null_high[full] + rounding)
        style = {"linewidth": 1.6, "markersize": 6, "markeredgewidth": 1.4, "zorder": 4, **style}
        style = {"markerfacecolor": "white", **style}
        label = f"{name}\n{_legend_text(self.summary)}" if name else _legend_text(self.summary)
        (self.line_,) = self.ax_.plot(x, y, **{"label": label, **style})
        self.line_.set_gid(_CURVE)
        color = self.line_.get_color()
        filled = {"marker": self.line_.get_marker(), "ms": self.line_.get_markersize()}
        self.ax_.plot(x[outside], y[outside], ls="", color=color, zorder=5, **filled)
        self.ax_.vlines(
            x, table.accuracy_low[full], table.accuracy_high[full], color=color, lw=0.9, zorder=3
        )

    def _draw_counts(self, style, *, first):
        table, panel = self.table, self.counts_ax_
        if first:
            panel.stairs(table.count, table.edges, fill=True, color=BAND)
        self.counts_ = panel.stairs(
            table.count,
            table.edges,
            color=self.line_.get_color(),
            linestyle=style["linestyle"],
            lw=1.3,
        )
        # room above the highest bin of all models so far
        top = 1.1 * table.count.max()
        panel.set_ylim(0, top if first else max(top, panel.get_ylim()[1]))

    def _label_axes(self):
        self.ax_.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="Accuracy")
        self.ax_.grid(color="#EEEEEE", lw=0.8)
        self.counts_ax_.set(
            xlabel="Confidence (probability of the predicted class)", ylabel="Songs"
        )
        self.counts_ax_.yaxis.get_major_locator().set_params(nbins=3, integer=True)
        legend_above(self.ax_, first=_CURVE)


def _legend_text(summary):
    return (
        f"ECE {summary.ece:.3f} [{summary.ece_low:.3f}, {summary.ece_high:.3f}], "
        f"n = {summary.n_samples}\n"
        f"null floor {summary.floor:.3f} [{summary.floor_low:.3f}, {summary.floor_high:.3f}]"
    )
