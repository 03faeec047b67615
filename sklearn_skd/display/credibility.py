"""Does the credibility tell where the teacher is right? (paper section 3.2.2, eq. 4 and 5)"""

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.frozen import FrozenEstimator

from sklearn_skd.classifiers._steps import split_steps
from sklearn_skd.display._panels import legend_above, name_panel, open_panels
from sklearn_skd.display._style import COLORS, INK, QUIET

# how the columns of `credibility_` are called in the equations
_QUANTITIES = {
    "r": "Credibility $r$",
    "s": "Agreement of sources $s$",
    "e": "Entropy $e$",
    "q": "Agreement of annotators $q$",
    "omega": r"Weight $\omega$",
}
_UNKNOWN = {
    "r": "no teacher, no annotators",
    "s": "it takes two sources\nand a teacher that names them",
    "e": "no teacher",
    "q": "fit was given no\nannotation_reliability",
    "omega": "this strategy\nweighs no songs",
}
_STYLES = {
    True: {"color": COLORS[0]},
    False: {"facecolor": "white", "edgecolor": COLORS[1], "hatch": "/////", "linewidth": 1},
}


class CredibilityDisplay:
    """Distributions of r, s, e, q and omega, by whether the teacher was right.

    In each panel, the share of the songs in each bin: upwards of those about which the teacher
    was right, downwards of those about which it was wrong; a mark at each mean. The panel's title
    has the AUC, with its 95 % interval after DeLong: the chance that the quantity is higher for
    a song of the first kind than for one of the second; 0.5 says nothing. For the entropy, of
    which less speaks for the teacher (eq. 5), it is that of -e.

    The teacher's predictions are those out of fold, except in two cases. With
    ``teacher_cv=None``, as in :meth:`sklearn_skd.SKDStudentClassifier.paper`, the teacher was
    trained on these songs: it is right more often than about new ones, and the AUC says little.
    A frozen teacher is asked about all songs, and may have been trained on them. Unlabelled songs
    are left out: nobody knows about them.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. All parameters are stored
    as attributes.

    Parameters
    ----------
    table : DataFrame of shape (n_songs, 5)
        Columns ``r``, ``s``, ``e``, ``q``, ``omega``, of the labelled songs.
    right : ndarray of bool of shape (n_songs,)
        Whether the teacher was.
    n_unlabelled : int, default=0
        Songs that were left out.
    out_of_fold : bool, default=True
        False if the teacher was trained on these songs; the figure's note then says so.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (5,)
        A panel for each column of ``table``.
    figure_ : matplotlib Figure
    auc_ : DataFrame
        Columns ``auc``, ``low``, ``high``, ``n_right``, ``n_wrong``, a row for each column of
        ``table``; NaN where it is not defined.
    legend_ : matplotlib Legend

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Comparing the areas under two or more correlated
    receiver operating characteristic curves, Biometrics.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_skd import SKDStudentClassifier
    >>> from sklearn_skd.display import CredibilityDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> student = SKDStudentClassifier(GaussianNB(), teacher_cv=3, max_epochs=1, random_state=0)
    >>> display = CredibilityDisplay.from_estimator(student.fit(X, y))
    >>> bool(display.auc_.loc["r", "auc"] > 0.9)
    True
    """

    def __init__(self, *, table, right, n_unlabelled=0, out_of_fold=True):
        self.table = table
        self.right = right
        self.n_unlabelled = n_unlabelled
        self.out_of_fold = out_of_fold

    @classmethod
    def from_estimator(cls, estimator, *, n_bins=15, ax=None):
        """Plot what a fitted student knows about the songs it was trained on.

        Parameters
        ----------
        estimator : estimator instance
            Fitted :class:`~sklearn_skd.SKDStudentClassifier`, or a Pipeline or search that ends
            in one.
        n_bins : int, default=15
            Bins of equal width over the range of each quantity.
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each; None makes a figure.

        Returns
        -------
        display : CredibilityDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no student, or it had no teacher.
        """
        _, student = split_steps(estimator)
        if not hasattr(student, "credibility_"):
            raise ValueError(
                f"{type(student).__name__} has no credibility_: pass a fitted "
                "SKDStudentClassifier, or use CredibilityDisplay.from_predictions"
            )
        out_of_fold = student.teacher_cv is not None or isinstance(student.teacher, FrozenEstimator)
        return cls.from_predictions(
            student.credibility_, out_of_fold=out_of_fold, n_bins=n_bins, ax=ax
        )

    @classmethod
    def from_predictions(cls, credibility, *, out_of_fold=True, n_bins=15, ax=None):
        """Plot a table of credibilities.

        Parameters
        ----------
        credibility : DataFrame
            As ``credibility_`` of a student: columns ``certainty``, ``consistency``,
            ``annotation_reliability``, ``credibility``, ``weight`` in [0, 1] and
            ``teacher_correct``, 1 or 0; NaN where unknown.
        out_of_fold : bool, default=True
            False if the teacher was trained on these songs; the figure's note then says so.
        n_bins : int, default=15
            Bins of equal width over the range of each quantity.
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each; None makes a figure.

        Returns
        -------
        display : CredibilityDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a column is missing, or nothing is known about the teacher's predictions.
        """
        columns = ("credibility", "consistency", "certainty", "annotation_reliability", "weight")
        missing = [name for name in (*columns, "teacher_correct") if name not in credibility]
        if missing:
            raise ValueError(f"credibility has no columns {missing}: pass student.credibility_")
        correct = credibility["teacher_correct"].to_numpy(dtype=float)
        known = ~np.isnan(correct)
        if not known.any():
            raise ValueError(
                "teacher_correct is unknown for every song: without a teacher "
                '(strategy="student-only") or without labels there is nothing to compare'
            )
        table = credibility.loc[known, list(columns)].astype(float).set_axis(_QUANTITIES, axis=1)
        table["e"] = 1 - table["e"]
        right = correct[known] == 1
        n_unlabelled = int((~known).sum())
        display = cls(table=table, right=right, n_unlabelled=n_unlabelled, out_of_fold=out_of_fold)
        return display.plot(n_bins=n_bins, ax=ax)

    def plot(self, *, n_bins=15, ax=None):
        """Plot the distributions.

        Parameters
        ----------
        n_bins : int, default=15
            Bins of equal width over the range of each quantity.
        ax : matplotlib Axes, sequence of Axes or None, default=None
            One Axes is divided into panels; a sequence has one for each; None makes a figure.

        Returns
        -------
        display : CredibilityDisplay
            Self, with the artists as attributes.
        """
        signs = {name: -1 if name == "e" else 1 for name in _QUANTITIES}
        told = {name: auc_interval(signs[name] * self.table[name], self.right) for name in signs}
        self.auc_ = pd.DataFrame(told, index=["auc", "low", "high", "n_right", "n_wrong"]).T
        self.axes_, place = open_panels(ax, len(_QUANTITIES), n_columns=3, size=(3.0, 2.3))
        self.figure_ = self.axes_[0].figure
        for axes, name in zip(self.axes_, _QUANTITIES, strict=True):
            self._draw_panel(axes, name, n_bins)
        self.legend_ = legend_above(self.axes_, place, n_columns=2, note=self._note())
        return self

    def _draw_panel(self, axes, name, n_bins):
        name_panel(axes, _QUANTITIES[name], f"\n{self._auc_text(name)}")
        values = self.table[name].to_numpy()
        edges = _edges(values, n_bins)
        heights = [self._draw_side(axes, values, side, edges) for side in (True, False)]
        axes.axhline(0, color=INK, lw=0.8)
        top = 1.25 * max(*heights, 0.04)
        axes.set(xlim=edges[[0, -1]], ylim=(-top, top))
        axes.xaxis.get_major_locator().set_params(nbins=4)
        axes.yaxis.set_major_locator(_symmetric())
        axes.yaxis.set_major_formatter(lambda share, _: f"{abs(share):.0%}")
        axes.grid(axis="y", color="#EEEEEE", lw=0.8)
        unknown = int(np.isnan(values).sum())
        if unknown == len(values):
            axes.set_yticks([])
            axes.text(0.5, 0.2 * top, _UNKNOWN[name], ha="center", color=QUIET, fontsize="small")
        elif unknown:
            told = {"va": "bottom", "color": QUIET, "fontsize": "small", "zorder": 4}
            axes.text(edges[0], -0.98 * top, f"unknown for {unknown} of {len(values)}", **told)

    def _draw_side(self, axes, values, side, edges):
        """Bars of one kind of songs, upwards or downwards; the height of the tallest."""
        chosen = values[(self.right == side) & ~np.isnan(values)]
        if not len(chosen):
            return 0
        share = np.histogram(chosen, edges)[0] / len(chosen)
        direction = 1 if side else -1
        label = f"teacher {'right' if side else 'wrong'} ({int((self.right == side).sum())} songs)"
        axes.bar(
            edges[:-1],
            direction * share,
            width=np.diff(edges),
            align="edge",
            label=label,
            zorder=2,
            **_STYLES[side],
        )
        axes.plot(
            chosen.mean(),
            direction * 1.12 * share.max(),
            marker="v" if side else "^",
            color=_STYLES[side].get("edgecolor", COLORS[0]),
            markersize=6,
            ls="",
            label=None,
        )
        return share.max()

    def _auc_text(self, name):
        auc = self.auc_.loc[name]
        of = "AUC of $-e$" if name == "e" else "AUC"
        known = self.table[name].dropna()
        if known.empty:
            return "unknown"
        if len(known) > 1 and known.nunique() == 1:
            return f"{known.iloc[0]:.2g} for all songs"
        if np.isnan(auc["auc"]):
            return f"{of}: it takes right and wrong"
        if np.isnan(auc["low"]):
            return f"{of} {auc['auc']:.2f}"
        return f"{of} {auc['auc']:.2f} [{auc['low']:.2f}, {auc['high']:.2f}]"

    def _note(self):
        parts = ["Share of the songs of a kind in each bin", "triangles: means"]
        if self.n_unlabelled:
            parts.append(f"{self.n_unlabelled} unlabelled songs left out")
        if not self.out_of_fold:
            parts.append("the teacher was trained on these songs")
        return "; ".join(parts)


def auc_interval(values, right):
    """Area under the ROC curve with its 95 % interval after DeLong.

    Parameters
    ----------
    values : array-like of shape (n_songs,)
        NaN songs are left out.

    right : ndarray of bool of shape (n_songs,)

    Returns
    -------
    auc, low, high : float
        NaN without songs of both kinds; the interval also with one of a kind, or if the area is
        0 or 1, where it has no width.

    n_right, n_wrong : int
        Songs of either kind.
    """
    values = np.asarray(values, dtype=float)
    known = ~np.isnan(values)
    above, below = values[known & right], values[known & ~right]
    m, n = len(above), len(below)
    if not (m and n):
        return np.nan, np.nan, np.nan, m, n
    ranks = rankdata(np.concatenate([above, below]))
    # of each song, the share of the other kind that it is on the right side of
    of_above = (ranks[:m] - rankdata(above)) / n
    of_below = 1 - (ranks[m:] - rankdata(below)) / m
    auc = of_above.mean()
    if min(m, n) < 2 or auc in (0, 1):
        return auc, np.nan, np.nan, m, n
    reach = norm.ppf(0.975) * np.sqrt(of_above.var(ddof=1) / m + of_below.var(ddof=1) / n)
    return auc, max(auc - reach, 0.0), min(auc + reach, 1.0), m, n


def _edges(values, n_bins):
    """From the lowest to the highest value: often a small part of [0, 1]."""
    known = values[~np.isnan(values)]
    low, high = (known.min(), known.max()) if len(known) else (0, 1)
    return np.linspace(low, high, n_bins + 1) if high > low else np.linspace(0, 1, n_bins + 1)


def _symmetric():
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=5, symmetric=True)
