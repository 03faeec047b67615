"""Log-mel spectrograms (paper section 3.1, eq. 1)."""

import os
from functools import lru_cache
from numbers import Integral, Real

import numpy as np
import scipy.fft

from sklearn_skd._sklearn import Interval
from sklearn_skd.features._base import AudioTransformer
from sklearn_skd.features._memmap import write_memmap

# frames transformed at once: few enough that their spectra stay in the processor's cache
_CHUNK = 256
# mel bands summed at once: neighbours, of which each sees only a few bins of the spectrum
_BANDS = 8


class LogMelSpectrogram(AudioTransformer):
    """Log-mel spectrogram of the most energetic part of each song.

    Each song is mixed to mono; a window of `duration` seconds is chosen, resampled to `sr` and
    padded at the end with silence where the song is shorter. Of the pre-emphasised window,

    .. math:: a = \\log(\\mathrm{Mel}(|\\mathrm{STFT}(x)|^2) + \\epsilon),

    the input of the convolutional branch in eq. 1. The values equal those of
    `librosa.feature.melspectrogram` after `librosa.effects.preemphasis`, to rounding.

    Parameters
    ----------
    sr : int, default=22050
        Sampling rate of the analysis, in Hz.
    duration : float, default=30.0
        Length of the window, in seconds.
    n_fft : int, default=1024
        Length of a frame (Hann window), in samples at `sr`.
    hop_length : int, default=512
        Distance of two frames, in samples at `sr`. Frames are centred on their time.
    n_mels : int, default=64
        Number of mel bands (Slaney's scale and normalisation).
    fmin : float, default=0.0
        Lower edge of the lowest band, in Hz.
    fmax : float, default=None
        Upper edge of the highest band, in Hz; None means ``sr / 2``.
    pre_emphasis : float in [0, 1], default=0.97
        Coefficient of the first-order high-pass ``x[t] - pre_emphasis * x[t - 1]``; 0 or None
        leaves it out.
    eps : float, default=1e-6
        Smoothing constant, in units of power. The default lies some 30 dB above the noise of
        16-bit quantisation and below anything audible in music.
    segment : {"energy", "start", "centre"}, default="energy"
        Which window of a longer song is taken. "energy": the one of highest RMS energy among
        those that start on a grid of about one second, the earliest of equally loud ones; the
        whole song is decoded for it, in one pass and in blocks. "start" and "centre" decode
        the window only.
    on_error : {"raise", "warn"}, default="raise"
        What happens to songs that are missing, unreadable, empty, damaged before the window is
        full, or hold samples that are not finite: an error that names the row, or one warning
        for all of them with the reasons and a spectrogram of NaN, which the classifiers take as
        a missing source.
    cache : str, path-like or FeatureCache, default=None
        Folder in which each song's spectrogram is kept as soon as it is computed, found again by
        the content of the song, the parameters and the versions of what computes it. A
        `FeatureCache` has a bound on its size. Trouble with the folder is a warning, and the
        spectrograms are returned all the same. None computes every time.
    memmap : str or path-like, default=None
        Folder for spectrograms that do not fit into memory: `transform` writes them to a file
        there, song by song, and returns a read-only memmap of it, from which the classifiers
        read a batch at a time. The file (some 330 kB a song) is removed with the last view of
        the array; give a `cache` as well to keep the work. None returns an ordinary array.
    n_jobs : int, default=None
        Number of songs decoded at the same time, through joblib: threads, unless
        `joblib.parallel_config` names another backend. None means 1.
    verbose : int or bool, default=0
        Above 0, a progress bar over songs.

    See Also
    --------
    AudioStatistics : One vector of classical descriptors a song.
    SongFeatures : All sources of a song table at once.

    Notes
    -----
    Frames that lie wholly in silence or in the padding are exactly ``float32(log(eps))`` in
    every band. A silent song is no error: all its frames are of this kind.

    A damaged or truncated file counts for what can be decoded up to the damage. It is used if
    that fills the window, or at least 95 % of it or of a shorter song; if more than a second of
    the rest is known to be missing, a warning names the file. "start" reads the window alone
    and does not notice damage behind it.

    The transformer learns nothing from the songs, so `transform` works without `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.features import LogMelSpectrogram
    >>> rate = 8000
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    >>> X = LogMelSpectrogram(duration=3.0).fit_transform([(tone, rate)])
    >>> X.shape, X.dtype
    ((1, 64, 130), dtype('float32'))
    >>> bool((X[0, :, -1] == np.float32(np.log(1e-6))).all())  # the third second is silence
    True
    """

    # decoding, resampling and Fourier transforms all release the interpreter's lock
    _prefer = "threads"
    # raise when the values change for the same parameters
    _cache_version = 1

    _parameter_constraints: dict = {
        **AudioTransformer._parameter_constraints,
        "n_mels": [Interval(Integral, 1, None, closed="left")],
        "fmin": [Interval(Real, 0, None, closed="left")],
        "fmax": [Interval(Real, 0, None, closed="neither"), None],
        "pre_emphasis": [Interval(Real, 0, 1, closed="both"), None],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "memmap": [str, os.PathLike, None],
    }

    def __init__(
        self,
        *,
        sr=22050,
        duration=30.0,
        n_fft=1024,
        hop_length=512,
        n_mels=64,
        fmin=0.0,
        fmax=None,
        pre_emphasis=0.97,
        eps=1e-6,
        segment="energy",
        on_error="raise",
        cache=None,
        memmap=None,
        n_jobs=None,
        verbose=0,
    ):
        self.sr = sr
        self.duration = duration
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.pre_emphasis = pre_emphasis
        self.eps = eps
        self.segment = segment
        self.on_error = on_error
        self.cache = cache
        self.memmap = memmap
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        highest = self.sr / 2 if self.fmax is None else self.fmax
        if not self.fmin < highest <= self.sr / 2:
            raise ValueError(
                f"The mel bands need fmin < fmax <= sr / 2, got fmin={self.fmin}, "
                f"fmax={self.fmax}, sr={self.sr}."
            )

    def _key_parameters(self):
        parameters = super()._key_parameters()
        meant = {"fmax": self.fmax or self.sr / 2, "pre_emphasis": self.pre_emphasis or 0}
        return parameters | meant

    def _gather(self, rows, shape):
        if self.memmap is None:
            return super()._gather(rows, shape)
        return write_memmap(rows, shape, self.memmap, prefix="log-mel-")

    def _shape(self):
        return self.n_mels, n_frames(self._n_samples(), self.n_fft, self.hop_length)

    def _n_samples(self):
        return max(1, round(self.duration * self.sr))

    def _extract(self, window):
        padded = pad(
            window, self._n_samples(), margin=self.n_fft // 2, pre_emphasis=self.pre_emphasis or 0
        )
        blocks = mel_blocks(self.sr, self.n_fft, self.n_mels, self.fmin, self.fmax)
        log_mel, start = np.empty(self._shape(), dtype=np.float32), 0
        for power in power_spectra(padded, n_fft=self.n_fft, hop_length=self.hop_length):
            mel_power(power, blocks, out=log_mel[:, start : start + len(power)])
            start += len(power)
        silent = log_mel == 0
        log_mel += np.float32(self.eps)
        np.log(log_mel, out=log_mel)
        # exact, because padding is told from sound by this very number
        log_mel[silent] = np.log(self.eps)
        return log_mel


def n_frames(length, n_fft, hop_length):
    """Number of centred frames of `length` samples; an odd frame centres half a sample early."""
    return 1 + (length - n_fft % 2) // hop_length


def pad(samples, length, *, margin, pre_emphasis=0.0):
    """Pre-emphasise `samples` and lay them into silence.

    Parameters
    ----------
    samples : float32 ndarray of shape (m,)
    length : int
        Number of samples with the silence at the end; at least m.
    margin : int
        Zeros added on both sides, half a frame for centred frames.
    pre_emphasis : float, default=0.0
        Coefficient of ``x[t] - pre_emphasis * x[t - 1]``.

    Returns
    -------
    padded : float32 ndarray of shape (length + 2 * margin,)
    """
    padded = np.zeros(length + 2 * margin, dtype=np.float32)
    inner = padded[margin : margin + length]
    m = len(samples)
    if pre_emphasis:
        delayed = samples[: length - 1]
        np.multiply(delayed, np.float32(-pre_emphasis), out=inner[1 : 1 + len(delayed)])
        # before the first sample librosa continues the line through the first two
        second = samples[1] if m > 1 else 0
        inner[0] = 2 * samples[0] - second
    inner[:m] += samples
    return padded


@lru_cache(maxsize=8)
def hann(n_fft):
    """Periodic Hann window, float32 of shape (n_fft,)."""
    phase = 2 * np.pi * np.arange(n_fft) / n_fft
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@lru_cache(maxsize=8)
def mel_blocks(sr, n_fft, n_mels, fmin, fmax):
    """Mel filters in blocks of neighbouring bands, each with the bins that it covers.

    A band sees few bins, so most products with the full matrix of filters are with zeros.

    Returns
    -------
    blocks : list of (slice of bands, slice of bins, float32 ndarray of shape (bands, bins))
    """
    import librosa

    filters = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    blocks = []
    for start in range(0, n_mels, _BANDS):
        bands = slice(start, min(start + _BANDS, n_mels))
        seen = np.flatnonzero(filters[bands].any(axis=0))
        bins = slice(seen[0], seen[-1] + 1) if len(seen) else slice(0, 1)
        blocks.append((bands, bins, np.ascontiguousarray(filters[bands, bins], dtype=np.float32)))
    return blocks


def power_spectra(padded, *, n_fft, hop_length):
    """Yield the power spectra of consecutive frames, float32 of shape (frames, bins).

    Parameters
    ----------
    padded : float32 ndarray
        From `pad`, with half a frame of silence on both sides.
    n_fft, hop_length : int
        Length and distance of the frames, in samples.
    """
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    buffer = np.empty((min(_CHUNK, len(frames)), n_fft), dtype=np.float32)
    for start in range(0, len(frames), _CHUNK):
        chunk = frames[start : start + _CHUNK]
        windowed = np.multiply(chunk, hann(n_fft), out=buffer[: len(chunk)])
        # real and imaginary parts side by side: all squares are taken in one contiguous pass
        parts = scipy.fft.rfft(windowed).view(np.float32)
        np.square(parts, out=parts)
        yield parts[:, ::2] + parts[:, 1::2]


def mel_power(power, blocks, *, out):
    """Sum power spectra of shape (frames, bins) into mel bands, `out` of shape (n_mels, frames)."""
    for bands, bins, weights in blocks:
        np.matmul(weights, power[:, bins].T, out=out[bands])
