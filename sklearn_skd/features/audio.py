"""Log-mel spectrograms (paper section 3.1, eq. 1)."""

from functools import lru_cache
from numbers import Integral, Real

import numpy as np
import scipy.fft

from sklearn_skd._sklearn import Interval
from sklearn_skd.features._base import AudioTransformer

# frames transformed at once: their spectra stay in the processor's second-level cache
_CHUNK = 64


class LogMelSpectrogram(AudioTransformer):
    _prefer = "threads"
    _cache_version = 1

    _parameter_constraints: dict = {  # noqa: RUF012  scikit-learn's convention
        **AudioTransformer._parameter_constraints,
        "n_mels": [Interval(Integral, 1, None, closed="left")],
        "fmin": [Interval(Real, 0, None, closed="left")],
        "fmax": [Interval(Real, 0, None, closed="neither"), None],
        "pre_emphasis": [Interval(Real, 0, 1, closed="both"), None],
        "eps": [Interval(Real, 0, None, closed="neither")],
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
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        highest = self.sr / 2 if self.fmax is None else self.fmax
        if not self.fmin < highest <= self.sr / 2:
            raise ValueError(
                f"The mel bands need fmin < fmax <= sr / 2, got fmin={self.fmin}, "
                f"fmax={self.fmax}, sr={self.sr}."
            )

    def _shape(self):
        return self.n_mels, 1 + round(self.duration * self.sr) // self.hop_length

    def _extract(self, window):
        padded = np.zeros(round(self.duration * self.sr), dtype=np.float32)
        padded[: len(window)] = window
        return log_mel(
            pre_emphasise(padded, self.pre_emphasis or 0.0),
            mel_filters(self.sr, self.n_fft, self.n_mels, self.fmin, self.fmax),
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            eps=self.eps,
        )


def pre_emphasise(samples, coefficient):
    """First difference ``y[t] - coefficient * y[t - 1]``, as `librosa.effects.preemphasis`."""
    if coefficient == 0 or len(samples) < 2:
        return samples
    out = samples.copy()
    out[1:] -= np.float32(coefficient) * samples[:-1]
    # librosa extrapolates linearly before the first sample
    out[0] += 2 * samples[0] - samples[1]
    return out


@lru_cache(maxsize=8)
def mel_filters(sr, n_fft, n_mels, fmin, fmax):
    """Weights of the mel bands, float32 of shape (n_fft // 2 + 1, n_mels)."""
    import librosa

    filters = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    return np.ascontiguousarray(filters.T, dtype=np.float32)


@lru_cache(maxsize=8)
def hann(n_fft):
    """Periodic Hann window, float32 of shape (n_fft,)."""
    phase = 2 * np.pi * np.arange(n_fft) / n_fft
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


def power_frames(samples, *, n_fft, hop_length):
    """Yield slices of frames with their power spectra, float32 of shape (frames, bins)."""
    padded = np.pad(samples, n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    for start in range(0, len(frames), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(frames)))
        spectrum = scipy.fft.rfft(frames[part] * hann(n_fft), overwrite_x=True)
        yield part, spectrum.real**2 + spectrum.imag**2


def log_mel(samples, filters, *, n_fft, hop_length, eps):
    """Logarithm of the mel-filtered power spectrum plus `eps` (eq. 1).

    Parameters
    ----------
    samples : float32 ndarray of shape (m,)
    filters : float32 ndarray of shape (n_fft // 2 + 1, n_mels)
    n_fft, hop_length : int
        Length and distance of the frames, in samples. Frames are centred.
    eps : float
        Smoothing constant, in units of power.

    Returns
    -------
    spectrogram : float32 ndarray of shape (n_mels, 1 + m // hop_length)
    """
    mel = np.empty((1 + len(samples) // hop_length, filters.shape[1]), dtype=np.float32)
    for part, power in power_frames(samples, n_fft=n_fft, hop_length=hop_length):
        np.matmul(power, filters, out=mel[part])
    spectrogram = np.log(mel + np.float32(eps))
    # exact, because silence is told from sound by this very number
    spectrogram[mel == 0] = np.log(eps)
    return spectrogram.T
