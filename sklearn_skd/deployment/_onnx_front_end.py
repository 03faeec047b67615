"""Log-mel spectrograms (paper eq. 1) as matrix products, for an exported graph."""

import math

import numpy as np
import torch
from torch import nn

from sklearn_skd.features.audio import hann, n_frames

__all__ = ["LogMelFrontEnd"]


class LogMelFrontEnd(nn.Module):
    r"""Waveforms to the spectrograms of a :class:`~sklearn_skd.LogMelSpectrogram`.

    The Fourier transform of a frame of :math:`N = ab` samples is taken in two steps,

    .. math:: X_{k_1 + a k_2} = \sum_{n_2} e^{-2 \pi i n_2 (k_1 / N + k_2 / b)}
              \sum_{n_1} e^{-2 \pi i n_1 k_1 / a} x_{b n_1 + n_2},

    each a product with small matrices, with far fewer multiplications than N kernels take. Of the
    bins that mirror each other in real signals, :math:`k_1 \le a / 2` has one at least.

    Parameters
    ----------
    transformer : LogMelSpectrogram
        The choice of the window and its decoding stay outside.
    """

    def __init__(self, transformer):
        super().__init__()
        n_fft, hop = transformer.n_fft, transformer.hop_length
        self.n_samples = transformer._n_samples()
        self.n_frames = n_frames(self.n_samples, n_fft, hop)
        self.n_fft, self.margin = n_fft, n_fft // 2
        self.used = (self.n_frames - 1) * hop + n_fft
        self.pre_emphasis = float(transformer.pre_emphasis or 0)
        self.eps, self.silence = transformer.eps, math.log(transformer.eps)
        self.first, self.second = _factors(n_fft)
        self.kept = self.first // 2 + 1
        # frames share pieces of this length
        self.piece = math.gcd(n_fft, hop)
        start = np.arange(self.n_frames)[:, None] * (hop // self.piece)
        pieces = start + np.arange(n_fft // self.piece)
        self._register("pieces", pieces.reshape(-1), torch.int64)
        self._register("window", hann(n_fft))
        self._register("inner", _inner(self.first, self.kept))
        self._register("outer", _outer(self.first, self.second, self.kept))
        self._register("mel", _mel(transformer, self.first, self.second, self.kept))

    def _register(self, name, array, dtype=torch.float32):
        self.register_buffer(name, torch.as_tensor(np.ascontiguousarray(array)).to(dtype))

    def forward(self, waveform):
        """Compute the spectrograms.

        Parameters
        ----------
        waveform : torch.Tensor of float32, shape (n, samples)
            At most ``n_samples``; silence follows. A song that holds NaN has no sound at all.

        Returns
        -------
        log_mel : torch.Tensor of shape (n, n_mels, n_frames)
        """
        n = waveform.shape[0]
        mel = self._power(self._frames(waveform)) @ self.mel
        mel = mel.view(n, self.n_frames, -1).transpose(1, 2)
        # as in the transformer: silence is known by this very number
        log_mel = torch.where(mel == 0, self.silence, torch.log(mel + self.eps))
        missing = mel.isnan().any(dim=2, keepdim=True).any(dim=1, keepdim=True)
        return torch.where(missing, torch.nan, log_mel)

    def _frames(self, waveform):
        """Windowed frames of all songs, (n * n_frames, n_fft)."""
        n, n_samples = waveform.shape
        x = torch.cat([waveform, waveform.new_zeros(n, self.n_samples - n_samples)], dim=1)
        if self.pre_emphasis:
            # before the first sample librosa continues the line through the first two
            second = x[:, 1:2] if self.n_samples > 1 else torch.zeros_like(x)
            start = 3 * x[:, :1] - second
            x = torch.cat([start, x[:, 1:] - self.pre_emphasis * x[:, :-1]], dim=1)
        x = nn.functional.pad(x, (self.margin, self.margin))[:, : self.used]
        pieces = x.reshape(n, self.used // self.piece, self.piece)
        return pieces.index_select(1, self.pieces).reshape(-1, self.n_fft) * self.window

    def _power(self, frames):
        """Squares of real and imaginary parts, (n * n_frames, kept * 2 * second)."""
        inner = self.inner @ frames.reshape(-1, self.first, self.second)
        inner = inner.reshape(-1, self.kept, 2 * self.second).transpose(0, 1)
        squares = (inner @ self.outer).square()
        return squares.transpose(0, 1).reshape(-1, self.kept * 2 * self.second)


def _factors(n_fft):
    """Two factors that are as equal as can be, the smaller first."""
    first = next(a for a in range(math.isqrt(n_fft), 0, -1) if n_fft % a == 0)
    return first, n_fft // first


def _inner(first, kept):
    """Real and imaginary rows of the transforms over n1, (2 * kept, first)."""
    phase = 2 * np.pi * np.outer(np.arange(kept), np.arange(first)) / first
    return np.stack([np.cos(phase), -np.sin(phase)], axis=1).reshape(2 * kept, first)


def _outer(first, second, kept):
    """The transforms over n2 of each k1, (kept, 2 * second, 2 * second)."""
    n2 = np.arange(second)[None, :, None]
    k1, k2 = np.arange(kept)[:, None, None], np.arange(second)[None, None, :]
    phase = 2 * np.pi * n2 * (k1 / (first * second) + k2 / second)
    real, imaginary = np.cos(phase), -np.sin(phase)
    return np.block([[real, imaginary], [-imaginary, real]])


def _mel(transformer, first, second, kept):
    """Mel filters in the order of the transforms, each bin once, (kept * 2 * second, n_mels)."""
    import librosa

    t = transformer
    filters = librosa.filters.mel(
        sr=t.sr, n_fft=t.n_fft, n_mels=t.n_mels, fmin=t.fmin, fmax=t.fmax, dtype=np.float64
    )
    k = np.arange(kept)[:, None] + first * np.arange(second)
    bins, where = np.unique(np.minimum(k, t.n_fft - k), return_index=True)
    once = np.zeros((kept * second, t.n_mels))
    once[where] = filters[:, bins].T
    parts = once.reshape(kept, 1, second, t.n_mels)
    return np.repeat(parts, 2, axis=1).reshape(-1, t.n_mels)
