"""Where in the spectrum each emotion sounds (paper section 4.2, Fig. 5)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length

from sklearn_skd.classifiers._targets import check_targets

__all__ = ["mel_band_response"]


def mel_band_response(X, y, *, source="audio", n_bands=8, log_mel=None):
    r"""Normalised mean log-mel energy of each emotion in groups of mel bands.

    The response of a song in a band is the mean of its log-mel values over the channels of the
    band and the frames with sound; padding at the end of short clips does not count. It is scaled
    to [0, 1] by the lowest and the highest response of all songs and bands together,

    .. math:: r_{ib} = \frac{m_{ib} - \min m}{\max m - \min m},

    so that bands can be compared with each other (the slope of the spectrum) and emotions too
    (the level). No model is involved.

    Parameters
    ----------
    X : mapping of str to ndarray, or ndarray of shape (n_songs, n_mels, n_frames)
        Log-mel spectrograms, such as the output of :class:`sklearn_skd.LogMelSpectrogram` or
        :class:`sklearn_skd.SongFeatures`. A song of NaN has no audio.

    y : array-like of shape (n_songs,)
        Emotions; unlabelled songs (None, NaN) are not looked at.

    source : str, default="audio"
        Name of the spectrograms in a mapping.

    n_bands : int, default=8
        Groups of neighbouring channels, of equal size or nearly so.

    log_mel : LogMelSpectrogram, default=None
        What made the spectrograms: its `sr`, `fmin` and `fmax` tell the bands' edges in Hz.

    Returns
    -------
    table : DataFrame
        Tidy, a row an emotion and band: ``emotion``, ``band`` (from 1, the lowest),
        ``response`` (mean over the songs, in [0, 1]), ``error`` (standard error of that mean, NaN
        for a single song), ``n_songs`` and ``n_missing`` (labelled songs without audio, or with
        nothing but silence, which are left out). With `log_mel` also ``low_hz`` and ``high_hz``:
        where the filters of neighbouring bands cross.

    Raises
    ------
    ValueError
        If X has no such time series or no song with sound, if there are fewer channels than
        bands, or if `log_mel` does not fit the spectrograms.

    See Also
    --------
    sklearn_skd.display.MelBandResponseDisplay : Plots the table.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd import LogMelSpectrogram
    >>> from sklearn_skd.evaluation import mel_band_response
    >>> time = np.arange(8000) / 8000
    >>> low, high = [np.sin(2 * np.pi * f * time) for f in (200, 3000)]
    >>> log_mel = LogMelSpectrogram(sr=8000, duration=1.0)
    >>> X = log_mel.fit_transform([(low, 8000), (high, 8000)])
    >>> table = mel_band_response(X, ["calm", "tense"], n_bands=2, log_mel=log_mel)
    >>> table[["emotion", "band", "high_hz"]].round().values.tolist()
    [['calm', 1, 1194.0], ['calm', 2, 4000.0], ['tense', 1, 1194.0], ['tense', 2, 4000.0]]
    >>> calm, tense = table["response"].values.reshape(2, 2)
    >>> bool(calm[0] > calm[1] and tense[0] < tense[1])
    True
    """
    series = _check_series(X, source)
    targets = check_targets(len(y), y)
    check_consistent_length(series, targets.codes)
    n_channels = series.shape[1]
    if not 1 <= n_bands <= n_channels:
        raise ValueError(
            f"n_bands={n_bands} bands cannot be made of the {n_channels} channels of {source!r}: "
            f"choose 1 to {n_channels}."
        )
    edges = np.linspace(0, n_channels, n_bands + 1).round().astype(int)
    labelled = np.flatnonzero(targets.labelled)
    response = _scaled([_band_means(song, series[song], edges) for song in labelled], source)
    rows = []
    for code, emotion in enumerate(targets.classes.tolist()):
        songs = response[targets.codes[labelled] == code]
        rows += _rows_of(emotion, songs)
    table = pd.DataFrame(rows)
    if log_mel is not None:
        hertz = _edges_in_hz(log_mel, edges)
        table["low_hz"] = hertz[table["band"] - 1]
        table["high_hz"] = hertz[table["band"]]
    return table


def _check_series(X, source):
    if isinstance(X, Mapping):
        if source not in X:
            raise ValueError(
                f"X has no source {source!r}, only {sorted(X.keys())}: name one with `source`."
            )
        X = X[source]
    series = X if hasattr(X, "shape") else np.asarray(X)
    if series.ndim != 3 or series.dtype.kind != "f":
        raise ValueError(
            f"{source!r} has dtype {series.dtype} and shape {series.shape}; a log-mel spectrogram "
            "is float of shape (n_songs, n_mels, n_frames), as LogMelSpectrogram gives it."
        )
    return series


def _band_means(row, song, edges):
    """Mean over channels and frames with sound, a value a band; NaN for a song without any."""
    import torch

    from sklearn_skd.networks.source import frames_with_sound

    song = np.array(song, dtype=np.float64)
    if np.isinf(song).any():
        raise ValueError(
            f"The spectrogram in row {row} holds infinity, such as log(0): add a smoothing "
            "constant before the logarithm, as LogMelSpectrogram does with eps."
        )
    sound = song[:, frames_with_sound(torch.from_numpy(song[None]))[0].numpy()]
    sound = sound[:, ~np.isnan(sound).any(axis=0)]
    silent = len(song) > 1 and (sound == sound[:1]).all()  # log(eps) in every channel
    if silent or not sound.size:
        return np.full(len(edges) - 1, np.nan)
    return np.add.reduceat(sound.mean(axis=1), edges[:-1]) / np.diff(edges)


def _scaled(response, source):
    """Responses (n_songs, n_bands) between the lowest and the highest of all."""
    response = np.array(response)
    if np.isnan(response).all():
        raise ValueError(f"No labelled song has sound in {source!r}: there is nothing to compare.")
    low, high = np.nanmin(response), np.nanmax(response)
    return (response - low) / (high - low if high > low else 1.0)


def _rows_of(emotion, songs):
    known = songs[~np.isnan(songs).any(axis=1)]
    n = len(known)
    mean = known.mean(axis=0) if n else np.full(songs.shape[1], np.nan)
    error = known.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(songs.shape[1], np.nan)
    counts = {"n_songs": n, "n_missing": len(songs) - n}
    return [
        {"emotion": emotion, "band": band, "response": value, "error": spread, **counts}
        for band, (value, spread) in enumerate(zip(mean, error, strict=True), start=1)
    ]


def _edges_in_hz(log_mel, edges):
    """Where the triangular filters of neighbouring bands cross; the outermost ends at the ends."""
    import librosa

    n_channels = edges[-1]
    if log_mel.n_mels != n_channels:
        raise ValueError(
            f"log_mel has n_mels={log_mel.n_mels}, but the spectrograms have {n_channels} "
            "channels: pass the LogMelSpectrogram that made them."
        )
    highest = log_mel.sr / 2 if log_mel.fmax is None else log_mel.fmax
    # in steps of half a filter: filter c rises from 2 c, peaks at 2 c + 2, falls to 2 c + 4
    grid = librosa.mel_frequencies(2 * n_channels + 3, fmin=log_mel.fmin, fmax=highest)
    crossings = grid[2 * edges + 1]
    crossings[[0, -1]] = log_mel.fmin, highest
    return crossings
