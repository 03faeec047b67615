"""A song's emotions over time and where the student listened (paper section 3.4, eq. 8)."""

from collections.abc import Mapping
from operator import index

import numpy as np

from sklearn_skd._sklearn import _num_samples
from sklearn_skd.classifiers._steps import split_steps, transform
from sklearn_skd.display._style import (
    INK,
    QUIET,
    open_axes,
    panel_below,
    series_style,
    spread_labels,
)

_ATTENTION = "temporal attention"
# more markers than this on a line hide it
_MARKERS_A_LINE = 8


class EmotionTimelineDisplay:
    """Emotion probabilities of one song over time, above the student's temporal attention.

    The upper panel has a line for each emotion, labelled at its end; the label gives the
    probability for the whole song, if known. The lower panel shows the weight rho_t of eq. 8:
    how much each moment counts for the whole. Weights above the dotted line count more than
    they would in a plain mean.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. All parameters are stored
    as attributes.

    Parameters
    ----------
    time : array-like of shape (n_steps,)
        Middle of each step in seconds, ascending.
    attention : array-like of shape (n_steps,)
        rho_t of eq. 8, not negative; NaN marks padded steps, which are not drawn.
    proba : array-like of shape (n_steps, n_classes)
        Probability of each emotion at each step, in [0, 1].
    classes : array-like of shape (n_classes,)
        Names of the emotions.
    song_proba : array-like of shape (n_classes,), default=None
        Probabilities for the whole song.
    title : str, default=None
        Title of the figure.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the probabilities.
    attention_ax_ : matplotlib Axes
        Axes of the attention beneath.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        A line for each emotion.
    bars_ : matplotlib BarContainer
        A bar for each step.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.display import EmotionTimelineDisplay
    >>> display = EmotionTimelineDisplay.from_predictions(
    ...     time=np.arange(3) + 0.5,
    ...     attention=[0.2, 0.5, 0.3],
    ...     proba=[[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]],
    ...     classes=["calm", "tense"],
    ... )
    >>> display.attention_ax_.get_xlabel()
    'Time (s)'
    """

    def __init__(self, *, time, attention, proba, classes, song_proba=None, title=None):
        self.time = time
        self.attention = attention
        self.proba = proba
        self.classes = classes
        self.song_proba = song_proba
        self.title = title

    @classmethod
    def from_estimator(cls, estimator, X, *, song=0, frame_duration=None, title=None, ax=None):
        """Plot the timeline of one song by a fitted student.

        Parameters
        ----------
        estimator : estimator instance
            Fitted student with ``temporal_attention`` and ``emotion_timeline``, or a Pipeline or
            search that ends in one. The steps before it transform this one song only.
        X : array-like, DataFrame or mapping of n_samples songs
            Songs as the estimator takes them: a Pipeline takes the song table.
        song : int, default=0
            Row of the song in ``X``.
        frame_duration : float, default=None
            Seconds from one frame of the time series to the next, hop_length / sr. None: that of
            the LogMelSpectrogram of a Pipeline with SongFeatures, else 512 / 22050.
        title : str, default=None
            Title of the figure.
        ax : matplotlib Axes, default=None
            Axes to plot on, shared with the attention beneath; None makes a figure.

        Returns
        -------
        display : EmotionTimelineDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator has no timeline.
        ValueError
            If ``X`` has no such row, or a part of a song's timeline does not fit the others.
        """
        transformers, estimator = split_steps(estimator)
        for method in ("temporal_attention", "emotion_timeline", "predict_proba"):
            if not hasattr(estimator, method):
                raise TypeError(
                    f"{type(estimator).__name__} has no {method}: a timeline needs an "
                    "SKDStudentClassifier that sees a time series, such as a log-mel spectrogram"
                )
        row = transform(transformers, _one_row(X, song))
        if frame_duration is None:
            frame_duration = _frame_duration(transformers, estimator)
        timing = {} if frame_duration is None else {"frame_duration": frame_duration}
        attention = estimator.temporal_attention(row, **timing)
        timeline = estimator.emotion_timeline(row, **timing)
        if not np.allclose(attention.time, timeline.time):
            raise ValueError("temporal_attention and emotion_timeline have different time axes")
        rho = attention.attention[0]
        return cls.from_predictions(
            timeline.time,
            np.where(rho > 0, rho, np.nan),  # padding has exactly none
            timeline.proba[0],
            classes=estimator.classes_,
            song_proba=estimator.predict_proba(row)[0],
            title=title,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls, time, attention, proba, *, classes, song_proba=None, title=None, ax=None
    ):
        """Plot the timeline of one song from arrays.

        Parameters
        ----------
        time : array-like of shape (n_steps,)
            Middle of each step in seconds, ascending.
        attention : array-like of shape (n_steps,)
            rho_t of eq. 8, not negative; NaN marks padded steps, which are not drawn.
        proba : array-like of shape (n_steps, n_classes)
            Probability of each emotion at each step, in [0, 1].
        classes : array-like of shape (n_classes,)
            Names of the emotions.
        song_proba : array-like of shape (n_classes,), default=None
            Probabilities for the whole song.
        title : str, default=None
            Title of the figure.
        ax : matplotlib Axes, default=None
            Axes to plot on, shared with the attention beneath; None makes a figure.

        Returns
        -------
        display : EmotionTimelineDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If shapes do not fit, times do not ascend, or drawn values are out of range.
        """
        display = cls(
            time=np.asarray(time, dtype=np.float64),
            attention=np.asarray(attention, dtype=np.float64),
            proba=np.asarray(proba, dtype=np.float64),
            classes=np.asarray(classes),
            song_proba=None if song_proba is None else np.asarray(song_proba, dtype=np.float64),
            title=title,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax=None, title=None):
        """Plot the timeline.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on, shared with the attention beneath; None makes a figure.
        title : str, default=None
            Title; None: the attribute ``title``.

        Returns
        -------
        display : EmotionTimelineDisplay
            Self, with the artists as attributes.
        """
        time, attention, proba, classes, song_proba = self._validated()
        self.ax_ = open_axes(ax, figsize=(8.4, 4.8))
        self.figure_ = self.ax_.figure
        self.attention_ax_ = panel_below(self.ax_, name=_ATTENTION, height=0.36)

        edges = _edges(time)
        real = np.isfinite(attention)
        self._draw_lines(time[real], proba[real], classes)
        self._draw_attention(edges, attention, real)
        self.ax_.set_xlim(edges[:-1][real].min(), edges[1:][real].max())
        self._label_lines(classes, song_proba)

        self.ax_.set(ylim=(0, 1), ylabel="Probability")
        self.attention_ax_.set(xlabel="Time (s)", ylabel=r"Attention $\rho_t$")
        for axes in (self.ax_, self.attention_ax_):
            axes.grid(axis="y", color="#EEEEEE", lw=0.8)
        title = self.title if title is None else title
        if title is not None:
            self.ax_.set_title(title, loc="left")
        return self

    def _draw_lines(self, time, proba, classes):
        self.lines_ = []
        every = max(1, len(time) // _MARKERS_A_LINE)
        for k, name in enumerate(classes):
            # staggered, so that the markers of lines that run together lie side by side
            start = k * every // len(classes)
            (line,) = self.ax_.plot(
                time,
                proba[:, k],
                label=str(name),
                lw=1.8,
                ms=5,
                markevery=(start, every),
                markeredgecolor="white",
                markeredgewidth=0.6,
                clip_on=False,
                zorder=3,
                **series_style(k),
            )
            self.lines_.append(line)

    def _draw_attention(self, edges, attention, real):
        self.bars_ = self.attention_ax_.bar(
            edges[:-1][real],
            attention[real],
            width=np.diff(edges)[real],
            align="edge",
            color="#8C8C8C",
            edgecolor="white",
            lw=0.4,
            zorder=2,
        )
        mean = attention[real].mean()
        self.attention_ax_.axhline(mean, color=INK, lw=1, ls=(0, (1, 2)), zorder=3)
        self.attention_ax_.set_ylim(0, max(1.15 * attention[real].max(), 1e-12))
        self.attention_ax_.yaxis.get_major_locator().set_params(nbins=3)
        self.attention_ax_.annotate(
            "plain mean",
            (1, mean),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color=QUIET,
            annotation_clip=False,
        )

    def _label_lines(self, classes, song_proba):
        """Name each line at its end; a thin line leads to a label that had to make room."""
        transform = self.ax_.get_yaxis_transform()
        first, last = self.ax_.get_xlim()
        ends = [line.get_xydata()[-1] for line in self.lines_]
        heights = spread_labels([y for _, y in ends], gap=0.08, low=0.03, high=0.97)
        for k, ((x, y), height) in enumerate(zip(ends, heights, strict=True)):
            style = {**series_style(k), "linestyle": "-"}
            self.ax_.plot(
                [(x - first) / (last - first), 1.03],
                [y, height],
                transform=transform,
                lw=0.8,
                ms=5,
                markevery=[1],
                clip_on=False,
                **style,
            )
            name = str(classes[k])
            text = name if song_proba is None else f"{song_proba[k]:.2f}  {name}"
            self.ax_.text(1.045, height, text, transform=transform, color=INK, va="center")
        if song_proba is not None:
            self.ax_.text(
                1.045,
                max(heights) + 0.06,
                "whole song",
                transform=transform,
                color=QUIET,
                fontsize="small",
            )

    def _validated(self):
        time = np.asarray(self.time, dtype=np.float64)
        attention = np.asarray(self.attention, dtype=np.float64)
        proba = np.asarray(self.proba, dtype=np.float64)
        classes = np.asarray(self.classes)
        n_steps, n_classes = len(time), len(classes)
        _check_shape("time", time, (n_steps,))
        _check_shape("attention", attention, (n_steps,))
        _check_shape("proba", proba, (n_steps, n_classes))
        if n_steps == 0 or not np.isfinite(time).all() or (np.diff(time) <= 0).any():
            raise ValueError("time must hold at least one step and ascend, in seconds")
        real = np.isfinite(attention)
        if not real.any():
            raise ValueError("attention is NaN at every step: the song is all padding")
        if (attention[real] < 0).any():
            raise ValueError("attention must not be negative")
        _check_proba("proba", proba[real])
        if self.song_proba is None:
            return time, attention, proba, classes, None
        song_proba = np.asarray(self.song_proba, dtype=np.float64)
        _check_shape("song_proba", song_proba, (n_classes,))
        _check_proba("song_proba", song_proba)
        return time, attention, proba, classes, song_proba


def _edges(time):
    """Edges of steps with these middles, in seconds."""
    if len(time) == 1:
        return np.array([0.0, 2 * time[0]]) if time[0] > 0 else np.array([0.0, 1.0])
    middle = (time[1:] + time[:-1]) / 2
    return np.concatenate([[2 * time[0] - middle[0]], middle, [2 * time[-1] - middle[-1]]])


def _one_row(X, song):
    if isinstance(X, Mapping):
        row = {name: _one_row(values, song) for name, values in X.items()}
        return type(X)(**row) if isinstance(X, dict) else row  # a SliceDict stays one
    n_samples, song = _num_samples(X), index(song)
    if not 0 <= song < n_samples:
        raise ValueError(f"song={song} is no row of X, which has {n_samples} songs")
    return X.iloc[song : song + 1] if hasattr(X, "iloc") else X[song : song + 1]


def _check_shape(name, array, shape):
    if array.shape != shape:
        raise ValueError(
            f"{name} must have shape {shape}, got {array.shape}; time, attention and proba share "
            "their steps, proba and classes their classes"
        )


def _check_proba(name, proba):
    if not ((proba >= -1e-6) & (proba <= 1 + 1e-6)).all():
        raise ValueError(f"{name} must lie in [0, 1] wherever attention is not NaN")


def _frame_duration(transformers, student):
    """Seconds a frame of the student's first time series, if a Pipeline computes its log-mel."""
    from sklearn_skd.features import LogMelSpectrogram, SongFeatures

    features = transformers[-1].steps[-1][1] if transformers else None
    known = getattr(student, "sources_", ())
    series = [source.name for source in known if source.kind == "series"]
    if isinstance(features, SongFeatures) and series:
        transformer = features.transformers_[series[0]]
        if isinstance(transformer, LogMelSpectrogram):
            return transformer.hop_length / transformer.sr
    return None
