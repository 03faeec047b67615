"""Statistics of classical audio descriptors: the vector one would compute by hand."""

from math import ceil
from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import Interval
from sklearn_skd.features._base import AudioTransformer
from sklearn_skd.features.audio import mel_blocks, mel_power, pad, power_spectra

_N_MFCC, _N_MELS = 20, 128
_DELTA_WIDTH = 9  # frames that a slope is fitted to: the shortest signal that has one
_LOWEST_BAND = 200  # Hz, the upper end of the lowest band of librosa's spectral contrast
_NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_DESCRIPTORS = (
    *(f"mfcc_{i}" for i in range(_N_MFCC)),
    *(f"delta_mfcc_{i}" for i in range(_N_MFCC)),
    *(f"chroma_{note}" for note in _NOTES),
    *(f"contrast_{i}" for i in range(7)),
    *(f"tonnetz_{i}" for i in range(6)),
    "centroid",
    "bandwidth",
    "rolloff",
    "flatness",
    "zero_crossing_rate",
    "rms",
    "onset_strength",
)
_QUANTILES = (0.1, 0.5, 0.9)
_SUMMARIES = ("mean", "std", "q10", "q50", "q90")


class AudioStatistics(AudioTransformer):
    """Means, deviations and quantiles of classical descriptors of each song.

    The descriptors are librosa's, one value a frame: MFCC (20) and their slopes, chroma (12),
    spectral contrast (7), tonnetz (6), spectral centroid, bandwidth, roll-off and flatness,
    zero-crossing rate, RMS and onset strength. Of each, the mean, the standard deviation and
    the quantiles .1, .5 and .9 over the window are kept; the tempo comes last: 361 columns.

    Parameters
    ----------
    sr : int, default=22050
        Sampling rate of the analysis, in Hz; at least 16,000, which the bands of the spectral
        contrast need.
    duration : float, default=30.0
        Length of the window, in seconds. Shorter songs are described as they are, without
        padding, so that silence does not enter the statistics.
    n_fft : int, default=2048
        Length of a frame (Hann window), in samples at `sr`; at least `sr` / 200, which the bands of
        the spectral contrast need.
    hop_length : int, default=512
        Distance of two frames, in samples at `sr`.
    segment : {"energy", "start", "centre"}, default="energy"
        Which window of a longer song is taken, as in `LogMelSpectrogram`.
    on_error : {"raise", "warn"}, default="raise"
        What happens to songs that are missing, unreadable, empty, damaged before the window is
        full, or hold samples that are not finite: an error that names the row, or one warning
        for all of them with the reasons and a row of NaN.
    cache : str, path-like or FeatureCache, default=None
        Folder in which each song's vector is kept, as in `LogMelSpectrogram`; both may share
        one. None computes every time.
    n_jobs : int, default=None
        Number of songs described at the same time, through joblib: processes, unless
        `joblib.parallel_config` names another backend. None means 1.
    verbose : int or bool, default=0
        Above 0, a progress bar over songs.

    See Also
    --------
    LogMelSpectrogram : The time series that the networks read.

    Notes
    -----
    Chroma assumes that A4 is tuned to 440 Hz, and is computed from the short-time Fourier
    transform, not the slower constant-Q transform. A silent song has finite statistics.

    The transformer learns nothing from the songs, so `transform` works without `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.features import AudioStatistics
    >>> rate = 22050
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    >>> statistics = AudioStatistics().set_output(transform="pandas")
    >>> table = statistics.fit_transform([(tone, rate), (0.5 * tone, rate)])
    >>> table.shape
    (2, 361)
    >>> [round(loudness, 3) for loudness in table["rms_q50"]]
    [0.707, 0.354]
    """

    # raise when the values change for the same parameters
    _cache_version = 2

    _parameter_constraints: dict = {
        **AudioTransformer._parameter_constraints,
        "sr": [Interval(Integral, 16000, None, closed="left")],
    }

    def __init__(
        self,
        *,
        sr=22050,
        duration=30.0,
        n_fft=2048,
        hop_length=512,
        segment="energy",
        on_error="raise",
        cache=None,
        n_jobs=None,
        verbose=0,
    ):
        self.sr = sr
        self.duration = duration
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.segment = segment
        self.on_error = on_error
        self.cache = cache
        self.n_jobs = n_jobs
        self.verbose = verbose

    def get_feature_names_out(self, input_features=None):
        """Names of the columns, such as "mfcc_0_mean", "chroma_A_q90" or "tempo".

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str objects of shape (361,)
        """
        check_is_fitted(self)
        names = [f"{name}_{summary}" for name in _DESCRIPTORS for summary in _SUMMARIES]
        return np.array([*names, "tempo"], dtype=object)

    def _check_parameters(self):
        if self.n_fft < self.sr / _LOWEST_BAND:
            raise ValueError(
                f"The spectral contrast needs two bins of frequency below {_LOWEST_BAND} Hz, so "
                f"n_fft of at least sr / {_LOWEST_BAND}; got n_fft={self.n_fft}, sr={self.sr}: set "
                f"n_fft={ceil(self.sr / _LOWEST_BAND)} or more."
            )

    def _shape(self):
        return (len(_DESCRIPTORS) * len(_SUMMARIES) + 1,)

    def _extract(self, window):
        from librosa.feature import tempo

        shortest = _DELTA_WIDTH * self.hop_length
        window = np.pad(window, (0, max(0, shortest - len(window))))
        series = describe(window, sr=self.sr, n_fft=self.n_fft, hop_length=self.hop_length)
        beats = tempo(onset_envelope=series[-1], sr=self.sr, hop_length=self.hop_length)
        return np.concatenate([summarise(series).ravel(), beats]).astype(np.float32)


def describe(samples, *, sr, n_fft, hop_length):
    """Compute the descriptors of a waveform over time, from one short-time Fourier transform.

    Parameters
    ----------
    samples : float32 ndarray of shape (m,)
        Mono waveform of at least 9 * `hop_length` samples.
    sr : int
        Its rate, in Hz.
    n_fft, hop_length : int
        Length and distance of the frames, in samples.

    Returns
    -------
    series : ndarray of shape (72, frames)
        One row a descriptor, onset strength last.
    """
    import librosa
    from librosa import feature

    power, mel_db = _spectra(samples, sr=sr, n_fft=n_fft, hop_length=hop_length)
    magnitude = np.sqrt(power)
    frames = {"frame_length": n_fft, "hop_length": hop_length}
    lengths = {"n_fft": n_fft, "hop_length": hop_length}
    mfcc = feature.mfcc(S=mel_db, n_mfcc=_N_MFCC)
    chroma = feature.chroma_stft(S=power, sr=sr, n_fft=n_fft, tuning=0.0)
    centroid = feature.spectral_centroid(S=magnitude, sr=sr, n_fft=n_fft)
    series = [
        mfcc,
        feature.delta(mfcc, width=_DELTA_WIDTH),
        chroma,
        feature.spectral_contrast(S=magnitude, sr=sr, n_fft=n_fft),
        feature.tonnetz(chroma=chroma, sr=sr),
        centroid,
        feature.spectral_bandwidth(S=magnitude, sr=sr, n_fft=n_fft, centroid=centroid),
        feature.spectral_rolloff(S=magnitude, sr=sr, n_fft=n_fft),
        feature.spectral_flatness(S=power, power=1.0),
        feature.zero_crossing_rate(samples, **frames),
        feature.rms(y=samples, **frames),
        librosa.onset.onset_strength(S=mel_db, sr=sr, **lengths)[np.newaxis],
    ]
    return np.concatenate(series)


def _spectra(samples, *, sr, n_fft, hop_length):
    """Power (bins, frames) and mel power in dB (128, frames)."""
    from librosa import power_to_db

    padded = pad(samples, len(samples), margin=n_fft // 2)
    power = np.concatenate(list(power_spectra(padded, n_fft=n_fft, hop_length=hop_length)))
    mel = np.empty((_N_MELS, len(power)), dtype=np.float32)
    mel_power(power, mel_blocks(sr, n_fft, _N_MELS, 0.0, None), out=mel)
    return np.ascontiguousarray(power.T), power_to_db(mel)


def summarise(series):
    """Summaries of each row: mean, standard deviation and quantiles, shape (rows, 5)."""
    quantiles = np.quantile(series, _QUANTILES, axis=1)
    return np.stack([series.mean(axis=1), series.std(axis=1), *quantiles], axis=1)
