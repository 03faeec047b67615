"""Which source spoke for which song: the attention of the teacher's fusion (paper eq. 3)."""

import numpy as np
import pandas as pd

from sklearn_skd.classifiers._steps import split_steps, transform
from sklearn_skd.display._style import COLORS, INK, house_frame
from sklearn_skd.metrics._validation import SUM_TOLERANCE

_COLORMAP = "Blues"
_HATCH = "#8A8A8A"
# more songs have no room for their names, narrower blocks none for an upright one
_MOST_NAMES = 30
_NARROW = 0.12


class SourceContributionDisplay:
    """Heat map of the share of each source in each song's hidden state, and the means beside it.

    A column is a song, a row a source; the darker, the more the teacher listened to it (the
    weights of eq. 3). The songs stand in blocks, by emotion or by the source that spoke loudest,
    and within a block by that source and its share. Hatched fields are sources that the song
    lacks: where one has a share, the culture vector stands in for it. The bars are means over
    the songs that have the source, with the middle half of the songs as a line.

    How much a source contributes to the hidden state is not how far it decides the emotion.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. All parameters are stored
    as attributes.

    Parameters
    ----------
    attention : DataFrame of shape (n_songs, n_sources)
        Shares; the index names the songs.
    present : ndarray of bool of shape (n_songs, n_sources)
        Whether the song has the source.
    block : ndarray of shape (n_songs,)
        Block of each song; None or NaN if it is unlabelled.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the heat map.
    means_ax_ : matplotlib Axes
        Axes of the means, to the right.
    figure_ : matplotlib Figure
    mesh_ : matplotlib QuadMesh
        The shares.
    absent_ : list of matplotlib PolyCollection
        The hatched fields, one for each source that some song lacks.
    order_ : ndarray of int of shape (n_songs,)
        Rows of ``attention`` from left to right.

    See Also
    --------
    sklearn_skd.TeacherClassifier.source_attention : The shares.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.display import SourceContributionDisplay
    >>> attention = pd.DataFrame({"audio": [0.7, 0.2, 0.6], "lyrics": [0.3, 0.8, 0.4]})
    >>> display = SourceContributionDisplay.from_predictions(attention)
    >>> display.order_.tolist()
    [0, 2, 1]
    """

    def __init__(self, *, attention, present, block):
        self.attention = attention
        self.present = present
        self.block = block

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, ax=None):
        """Plot what a teacher listened to.

        Parameters
        ----------
        estimator : estimator instance
            Fitted :class:`~sklearn_skd.TeacherClassifier`, a student that has one (its `teacher_`
            is asked), or a Pipeline or search that ends in either.
        X : array-like, DataFrame or mapping of n_songs songs
            With every source that the teacher reads.
        y : array-like of shape (n_songs,), default=None
            Emotions, which make the blocks; unlabelled songs (None, NaN) are the last one. None
            instead of `y`: by the source that spoke loudest.
        ax : matplotlib Axes, default=None
            Axes to divide into heat map and means; None makes a figure.

        Returns
        -------
        display : SourceContributionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no teacher with `source_attention`.
        """
        transformers, teacher = split_steps(estimator)
        asked = teacher
        if not hasattr(teacher, "source_attention"):
            _, teacher = split_steps(getattr(teacher, "teacher_", teacher))
        if not hasattr(teacher, "source_attention"):
            raise ValueError(
                f"{type(asked).__name__} has no teacher with source_attention: pass a fitted "
                "TeacherClassifier, or a student that learned from one."
            )
        # `index` of a list is a method
        names = X.index if isinstance(X, pd.DataFrame | pd.Series) else None
        X = transform(transformers, X)
        attention = teacher.source_attention(X)
        if names is not None:
            attention.index = names
        return cls.from_predictions(attention, present=teacher.knowledge(X).present, y=y, ax=ax)

    @classmethod
    def from_predictions(cls, attention, *, present=None, y=None, ax=None):
        """Plot shares of sources.

        Parameters
        ----------
        attention : DataFrame or array-like of shape (n_songs, n_sources)
            Shares, not negative; rows sum to 1. The columns of a DataFrame name the sources, its
            index the songs.
        present : array-like of bool of shape (n_songs, n_sources), default=None
            Whether the song has the source. None: it has those with a share above 0.
        y : array-like of shape (n_songs,), default=None
            Emotions, which make the blocks; unlabelled songs (None, NaN) are the last one. None
            instead of `y`: by the source that spoke loudest.
        ax : matplotlib Axes, default=None
            Axes to divide into heat map and means; None makes a figure.

        Returns
        -------
        display : SourceContributionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the shapes differ, or a row of shares does not sum to 1.
        """
        attention = _check_attention(attention)
        present = attention.to_numpy() > 0 if present is None else np.asarray(present, dtype=bool)
        if present.shape != attention.shape:
            raise ValueError(
                f"present has shape {present.shape}, attention {attention.shape}: give one flag "
                "for each song and source."
            )
        loudest = attention.columns.to_numpy()[attention.to_numpy().argmax(axis=1)]
        block = loudest if y is None else np.asarray(y, dtype=object)  # gaps stay gaps
        if block.shape != (len(attention),):
            raise ValueError(
                f"y has shape {block.shape} for {len(attention)} songs: give one emotion a song."
            )
        return cls(attention=attention, present=present, block=block).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to divide into heat map and means; None makes a figure.

        Returns
        -------
        display : SourceContributionDisplay
            Self, with the artists as attributes.
        """
        block = np.where(pd.isna(self.block), None, self.block).tolist()
        blocks = self._blocks(set(block))
        shares = self.attention.to_numpy()
        place = np.array([blocks.index(name) for name in block])
        self.order_ = np.lexsort((-shares.max(axis=1), shares.argmax(axis=1), place))
        self._open(ax)
        self._draw_shares()
        self._draw_absent()
        self._draw_blocks(blocks, np.bincount(place, minlength=len(blocks)))
        self._draw_means()
        self._label_axes()
        return self

    def _blocks(self, told):
        """Sources in their own order, emotions sorted, then None for the unlabelled songs."""
        known, names = told - {None}, self.attention.columns.tolist()
        blocks = [name for name in names if name in known] if known <= set(names) else sorted(known)
        return [*blocks, None] if None in told else blocks

    def _open(self, ax):
        import matplotlib.pyplot as plt

        n_songs, n_sources = self.attention.shape
        if ax is None:
            height = 1.9 + 0.5 * n_sources + (0.8 if n_songs <= _MOST_NAMES else 0)
            ax = plt.subplots(figsize=(9.6, height), layout="constrained")[1]
        self.figure_ = ax.get_figure(root=False)
        cell = ax.get_subplotspec()
        if cell is None:  # axes put at a given place of the figure
            box = ax.get_position()
            edges = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
            cell = self.figure_.add_gridspec(1, 1, **edges)[0]
        left, right = cell.subgridspec(1, 2, width_ratios=[4, 1], wspace=0.05)
        ax.set_subplotspec(left)
        self.ax_ = ax
        self.means_ax_ = self.figure_.add_subplot(right, sharey=ax)

    def _draw_shares(self):
        n_songs, n_sources = self.attention.shape
        self.mesh_ = self.ax_.pcolormesh(
            np.arange(n_songs + 1),
            np.arange(n_sources + 1),
            self.attention.to_numpy()[self.order_].T,
            cmap=_COLORMAP,
            vmin=0,
            vmax=1,
            rasterized=n_songs > 2000,
        )

    def _draw_absent(self):
        absent = ~self.present[self.order_]
        self.absent_ = []
        for row in np.flatnonzero(absent.any(axis=0)):
            edges = np.flatnonzero(np.diff(absent[:, row].astype(int), prepend=0, append=0))
            runs = [(start, end - start) for start, end in edges.reshape(-1, 2)]
            style = {"facecolor": "none", "edgecolor": _HATCH, "hatch": "////", "linewidth": 0}
            self.absent_.append(self.ax_.broken_barh(runs, (row, 1), **style))

    def _draw_blocks(self, blocks, counts):
        ends = np.cumsum(counts)
        n_songs, n_sources = self.attention.shape
        lines = np.arange(1, n_sources)
        self.ax_.hlines(lines, 0, n_songs, color="white", lw=3)
        self.ax_.vlines(ends[:-1], 0, n_sources, color="white", lw=3)
        narrow = len(blocks) > 1 and counts.min() < _NARROW * n_songs
        slant = {"rotation": 30, "ha": "left"} if narrow else {"ha": "center"}
        for name, count, end in zip(blocks, counts, ends, strict=True):
            name = "unlabelled" if name is None else name
            self.ax_.text(
                end - count / 2,
                -0.06 * n_sources / 3,
                f"{name} ({count})",
                va="bottom",
                color=INK,
                fontsize="small",
                **slant,
            )

    def _draw_means(self):
        shares = self.attention.where(self.present)
        middle = np.arange(shares.shape[1]) + 0.5
        mean = shares.mean().to_numpy()
        low, high = shares.quantile([0.25, 0.75]).to_numpy()
        panel = self.means_ax_
        panel.barh(middle, mean, height=0.5, color=COLORS[0])
        panel.hlines(middle, low, high, color=INK, lw=1.5)
        for y, value, end in zip(middle, mean, np.fmax(mean, high), strict=True):
            told = f"{value:.2f}" if np.isfinite(value) else "no song"
            panel.text(np.nan_to_num(end) + 0.04, y, told, va="center", color=INK, fontsize="small")
        panel.set(xlim=(0, 1.25), xticks=[0, 0.5, 1], xlabel="Mean share")
        panel.tick_params(axis="y", labelleft=False)
        house_frame(panel)
        panel.tick_params(axis="y", length=0)

    def _label_axes(self):
        n_songs, n_sources = self.attention.shape
        axes = self.ax_
        axes.set(xlim=(0, n_songs), ylim=(n_sources, 0))
        axes.set_yticks(np.arange(n_sources) + 0.5, self.attention.columns)
        if n_songs <= _MOST_NAMES:
            names = self.attention.index[self.order_]
            axes.set_xticks(np.arange(n_songs) + 0.5, names, rotation=90, fontsize="small")
        else:
            axes.set_xticks([])
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_visible(False)
        note = "; hatched: the song lacks the source" if self.absent_ else ""
        axes.set_xlabel(f"{n_songs} songs{note}", color=INK)
        bar = self.figure_.colorbar(
            self.mesh_,
            ax=[axes, self.means_ax_],
            location="bottom",
            anchor=(0, 0.5),
            shrink=0.35,
            aspect=40,
            pad=0.04,
        )
        bar.outline.set_visible(False)
        bar.set_label("Share of the source in the song", color=INK)


def _check_attention(attention):
    if not isinstance(attention, pd.DataFrame):
        attention = np.asarray(attention, dtype=float)
        if attention.ndim != 2:
            raise ValueError(
                f"attention must have shape (n_songs, n_sources), got {attention.shape}"
            )
        columns = [f"source {s}" for s in range(attention.shape[1])]
        attention = pd.DataFrame(attention, columns=columns)
    if 0 in attention.shape:
        raise ValueError(f"attention needs a song and a source, got shape {attention.shape}")
    values = attention.to_numpy(dtype=float)
    wrong = ~((values >= 0).all(axis=1) & (np.abs(values.sum(axis=1) - 1) < SUM_TOLERANCE))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"attention[{row}] = {values[row]} is no set of shares: they are not negative and sum "
            "to 1, as those of TeacherClassifier.source_attention"
        )
    return attention
