"""Risk-coverage diagram: what is gained by answering only the songs one is sure of."""

import numpy as np

from sklearn_skd.display._curves import check_classifier, legend_above, long_names, name_of
from sklearn_skd.display._style import BAND, QUIET, house_frame, open_axes, series_style
from sklearn_skd.metrics.selective_intervals import risk_coverage

_CURVE = "risk-coverage curve"
# below this share the risk is that of few songs, and its peaks would flatten the rest
_FEW = 0.1


class RiskCoverageDisplay:
    """Risk-coverage curve: share of wrong predictions over the share of songs answered.

    Songs are answered from the most confident to the least. The area beneath the curve is the
    AURC, which the legend gives with its bootstrap interval and the number of songs. Two light
    lines say what it could be: the flat one if the same confidences stood in random order, the
    other if every right prediction were more confident than every wrong one. The grey band is
    the 95 % Wilson interval of the risk among the songs answered. At the left these are few, and
    curves and band may leave the axes, whose height is that from a coverage of 0.1.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. All parameters are stored
    as attributes.

    Parameters
    ----------
    table : RiskCoverageTable
        Coverage, risk and threshold of each step, and the interval of the risk.
    summary : RiskCoverageSummary
        AURC and AUGRC with intervals, bounds and number of songs.
    estimator_name : str, default=None
        Name in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the diagram.
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D
        The curve.
    band_ : matplotlib PolyCollection or None
        The interval of the risk, if drawn.
    random_line_, perfect_line_ : matplotlib Line2D or None
        The references, if drawn.

    See Also
    --------
    sklearn_skd.metrics.risk_coverage_summary : The numbers in the legend.
    sklearn_skd.metrics.coverage_at_risk : A point of the curve.

    References
    ----------
    Geifman, El-Yaniv (2017), Selective classification for deep neural networks, NeurIPS.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_skd.display import RiskCoverageDisplay
    >>> X, y = make_classification(n_samples=400, n_informative=4, n_classes=3, random_state=0)
    >>> model = GaussianNB().fit(X[:200], y[:200])
    >>> display = RiskCoverageDisplay.from_estimator(model, X[200:], y[200:])
    >>> display.ax_.get_ylabel()
    'Risk (share of wrong predictions)'
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
        confidence=None,
        sample_weight=None,
        n_resamples=1000,
        random_state=0,
        name=None,
        ax=None,
        ref_lines=True,
        band="auto",
        curve_kwargs=None,
    ):
        """Plot the risk-coverage curve of a fitted classifier.

        Parameters
        ----------
        estimator : estimator instance
            Fitted classifier with ``predict_proba`` and ``classes_``, or a Pipeline or search
            that ends in one.
        X : array-like or DataFrame of n_samples songs
            Songs that the estimator was not fitted on.
        y : array-like of shape (n_samples,)
            Their labels.
        confidence : array-like of shape (n_samples,), default=None
            Any number a song by which to rank, greater means more confident, such as
            ``estimator.predict_credibility(X)``. None: the probability of the predicted class.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        n_resamples : int, default=1000
            Number of bootstrap resamples.
        random_state : int, RandomState instance or None, default=0
            Seed of them. Fixed by default: the same predictions give the same numbers.
        name : str, default=None
            Name in the legend; None: the estimator's class, of a Pipeline that of its last step.
        ax : matplotlib Axes, default=None
            Axes to plot on, also those of another risk-coverage diagram; None makes a figure.
        ref_lines : bool, default=True
            Whether to draw random and perfect order, for the first model on the axes.
        band : bool or "auto", default="auto"
            Whether to draw the interval of the risk; "auto": for the first model on the axes.
        curve_kwargs : dict, default=None
            Further arguments of ``ax.plot`` for the curve.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, drawn.
        """
        check_classifier(estimator, display=cls.__name__)
        return cls.from_predictions(
            y,
            estimator.predict_proba(X),
            confidence=confidence,
            labels=estimator.classes_,
            sample_weight=sample_weight,
            n_resamples=n_resamples,
            random_state=random_state,
            name=name_of(estimator) if name is None else name,
            ax=ax,
            ref_lines=ref_lines,
            band=band,
            curve_kwargs=curve_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_proba,
        *,
        confidence=None,
        labels=None,
        sample_weight=None,
        n_resamples=1000,
        random_state=0,
        name=None,
        ax=None,
        ref_lines=True,
        band="auto",
        curve_kwargs=None,
    ):
        """Plot the risk-coverage curve of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels. Songs without a label (None, NaN) raise.
        y_proba : array-like of shape (n_samples, n_classes) or (n_samples,)
            Class probabilities in [0, 1], rows summing to 1. One dimension means the probability
            of the second class of a binary problem.
        confidence : array-like of shape (n_samples,), default=None
            Any number a song by which to rank, greater means more confident. None: the
            probability of the predicted class.
        labels : array-like of shape (n_classes,), default=None
            Class of each column; None: the sorted labels of ``y_true``.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        n_resamples : int, default=1000
            Number of bootstrap resamples.
        random_state : int, RandomState instance or None, default=0
            Seed of them. Fixed by default: the same predictions give the same numbers.
        name : str, default=None
            Name in the legend.
        ax : matplotlib Axes, default=None
            Axes to plot on, also those of another risk-coverage diagram; None makes a figure.
        ref_lines : bool, default=True
            Whether to draw random and perfect order, for the first model on the axes.
        band : bool or "auto", default="auto"
            Whether to draw the interval of the risk; "auto": for the first model on the axes.
        curve_kwargs : dict, default=None
            Further arguments of ``ax.plot`` for the curve.

        Returns
        -------
        display : RiskCoverageDisplay
            The display, drawn.
        """
        summary, table = risk_coverage(
            y_true,
            y_proba,
            confidence=confidence,
            labels=labels,
            sample_weight=sample_weight,
            n_resamples=n_resamples,
            random_state=random_state,
        )
        display = cls(table=table, summary=summary, estimator_name=name)
        return display.plot(ax=ax, ref_lines=ref_lines, band=band, curve_kwargs=curve_kwargs)

    def plot(self, *, ax=None, name=None, ref_lines=True, band="auto", curve_kwargs=None):
        """Plot the diagram, also onto the axes of another one.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; None makes a figure. An axes that already holds a risk-coverage
            diagram gets a further curve, told apart by colour, line style and marker.
        name : str, default=None
            Name in the legend; None: ``estimator_name``.
        ref_lines : bool, default=True
            Whether to draw random and perfect order, for the first model on the axes.
        band : bool or "auto", default="auto"
            Whether to draw the interval of the risk; "auto": for the first model on the axes.
        curve_kwargs : dict, default=None
            Further arguments of ``ax.plot`` for the curve, e.g. ``{"color": "black"}``.

        Returns
        -------
        display : RiskCoverageDisplay
            Self, with the artists as attributes.
        """
        if band not in (True, False, "auto"):
            raise ValueError(f"band must be True, False or 'auto', got {band!r}")
        self.ax_ = open_axes(ax, figsize=(6.4, 5.6))
        self.figure_ = self.ax_.figure
        drawn = sum(line.get_gid() == _CURVE for line in self.ax_.lines)
        style = {**series_style(drawn), **long_names(curve_kwargs)}
        name = self.estimator_name if name is None else name

        wanted = drawn == 0 if band == "auto" else band
        self.band_ = self._draw_band(name) if wanted else None
        self.random_line_ = self.perfect_line_ = None
        if ref_lines and drawn == 0:
            self._draw_references(name)
        self._draw_curve(style, name, drawn=drawn)
        self._label_axes(first=drawn == 0)
        return self

    def _draw_band(self, name):
        low, high = self.table.risk_low, self.table.risk_high
        return self.ax_.fill_between(
            *_steps(self.table.coverage, low, high),
            step="pre",
            color=BAND,
            lw=0,
            zorder=1,
            label=_of("95 % interval of the risk", name),
        )

    def _draw_references(self, name):
        error_rate = self.summary.random
        coverage = np.linspace(1e-3, 1, 500)
        perfect = np.maximum(0, 1 - (1 - error_rate) / coverage)
        style = {"color": QUIET, "lw": 1, "zorder": 2}
        (self.random_line_,) = self.ax_.plot(
            [0, 1],
            [error_rate] * 2,
            ls=(0, (1, 2)),
            label=_of(f"random order, AURC {error_rate:.3f}", name),
            **style,
        )
        (self.perfect_line_,) = self.ax_.plot(
            coverage,
            perfect,
            ls=(0, (5, 3)),
            label=_of(f"perfect order, AURC {self.summary.perfect:.3f}", name),
            **style,
        )

    def _draw_curve(self, style, name, *, drawn):
        coverage, risk = _steps(self.table.coverage, self.table.risk)
        # a marker at every tenth of the songs, for each model at another place
        places = np.searchsorted(coverage, np.arange(0.1, 1.05, 0.1) - 0.02 * (drawn % 5) - 1e-9)
        defaults = {"linewidth": 1.6, "markersize": 6, "markeredgewidth": 1.4, "zorder": 4}
        defaults |= {"markerfacecolor": "white", "markevery": np.unique(places).tolist()}
        text = _legend_text(self.summary)
        label = f"{name}\n{text}" if name else text
        (self.line_,) = self.ax_.plot(
            coverage, risk, drawstyle="steps-pre", **{**defaults, "label": label, **style}
        )
        self.line_.set_gid(_CURVE)

    def _label_axes(self, *, first):
        table = self.table
        heights = [table.risk[table.coverage >= _FEW].max(), 0.04]
        if self.band_ is not None:
            heights.append(table.risk_high[table.coverage >= _FEW].max())
        top = min(1.1 * max(heights), 1.02)
        self.ax_.set(
            xlim=(0, 1),
            ylim=(0, top if first else max(top, self.ax_.get_ylim()[1])),
            xlabel="Coverage (share of songs answered, most confident first)",
            ylabel="Risk (share of wrong predictions)",
        )
        self.ax_.grid(color="#EEEEEE", lw=0.8)
        house_frame(self.ax_)
        legend_above(self.ax_, first=_CURVE)


def _legend_text(summary):
    return (
        f"AURC {summary.aurc:.3f} [{summary.aurc_low:.3f}, {summary.aurc_high:.3f}], "
        f"n = {summary.n_samples}"
    )


def _steps(coverage, *heights):
    """From the left edge on; drawn in steps, the area beneath is the AURC."""
    return [np.append(0, coverage), *(np.append(values[0], values) for values in heights)]


def _of(text, name):
    return f"{text} ({name})" if name else text
