"""Where in the spectrum each emotion sounds (paper section 4.2, Fig. 5)."""

from sklearn_skd.display._style import house_frame, open_axes, series_style

_NEEDED = ("emotion", "band", "response", "error", "n_songs")
# width of an axes, in inches, above which the legend has room for four columns
_FOUR_COLUMNS = 5.5


class MelBandResponseDisplay:
    """Normalised mel-band response of each emotion, with its standard error over the songs.

    Make it with :meth:`from_table`. All parameters are stored as attributes.

    Parameters
    ----------
    table : DataFrame
        Of :func:`sklearn_skd.evaluation.mel_band_response`.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        The mean responses, by emotion.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.display import MelBandResponseDisplay
    >>> from sklearn_skd.evaluation import mel_band_response
    >>> X = np.random.RandomState(0).normal(size=(6, 16, 40))
    >>> table = mel_band_response(X, ["calm", "tense"] * 3)
    >>> display = MelBandResponseDisplay.from_table(table)
    >>> display.ax_.get_ylabel()
    'Normalised response'
    """

    def __init__(self, *, table):
        self.table = table

    @classmethod
    def from_table(cls, table, *, ax=None):
        """Plot a table of :func:`sklearn_skd.evaluation.mel_band_response`.

        Parameters
        ----------
        table : DataFrame
            Columns ``emotion``, ``band``, ``response``, ``error`` and ``n_songs``; the bands are
            labelled with ``low_hz`` and ``high_hz`` if it has them.
        ax : matplotlib Axes, default=None
            Axes to plot on; None makes a figure.

        Returns
        -------
        display : MelBandResponseDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the table lacks a column.
        """
        return cls(table=table).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the responses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; None makes a figure.

        Returns
        -------
        display : MelBandResponseDisplay
            Self, with the artists as attributes.
        """
        missing = [name for name in _NEEDED if name not in self.table]
        if missing:
            raise ValueError(
                f"The table has no columns {missing}: pass that of "
                "sklearn_skd.evaluation.mel_band_response."
            )
        self.ax_ = open_axes(ax, figsize=(7.6, 4.6))
        self.figure_ = self.ax_.figure
        self.lines_ = {}
        parts = list(self.table.groupby("emotion", sort=False))
        for k, (emotion, part) in enumerate(parts):
            shift = 0.07 * (k - (len(parts) - 1) / 2)  # error bars side by side
            self._draw(str(emotion), part, style=series_style(k), shift=shift)
        self._label(len(parts))
        return self

    def _draw(self, emotion, part, *, style, shift):
        bars = self.ax_.errorbar(
            part["band"] + shift,
            part["response"],
            yerr=part["error"].fillna(0.0),
            label=f"{emotion} (n = {part['n_songs'].iloc[0]})",
            lw=1.8,
            ms=6,
            mec="white",
            mew=0.6,
            elinewidth=1,
            zorder=3,
            **style,
        )
        self.lines_[emotion] = bars.lines[0]

    def _label(self, n_emotions):
        bands = self.table.drop_duplicates("band").sort_values("band")
        ticks = [str(band) for band in bands["band"]]
        xlabel = "Mel band"
        if {"low_hz", "high_hz"} <= set(bands):
            edges = zip(bands["low_hz"], bands["high_hz"], strict=True)
            ticks = [
                f"{band}\n{_in_khz(low)}–{_in_khz(high)}"
                for band, (low, high) in zip(ticks, edges, strict=True)
            ]
            xlabel = "Mel band, and its range in kHz"
        self.ax_.set_xticks(bands["band"].to_list(), ticks)
        self.ax_.set(xlabel=xlabel, ylabel="Normalised response")
        self.ax_.grid(axis="y", color="#EEEEEE", lw=0.8)
        house_frame(self.ax_)
        width = self.ax_.get_window_extent().width / self.figure_.dpi
        self.ax_.legend(
            title="Mean ± standard error over songs",
            alignment="left",
            loc="lower left",
            bbox_to_anchor=(0, 1.01),
            borderaxespad=0,
            ncols=min(4 if width > _FOUR_COLUMNS else 2, n_emotions),
            columnspacing=1.5,
            fontsize="small",
            title_fontsize="small",
            frameon=False,
        )


def _in_khz(hertz):
    """Two digits, as many as an edge is worth."""
    return (
        "0" if hertz < 5 else f"{hertz / 1000:.{2 if hertz < 950 else 1 if hertz < 9950 else 0}f}"
    )
