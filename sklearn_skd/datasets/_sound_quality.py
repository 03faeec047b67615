"""How long a song is, and how much of it is silence or clipped (paper section 4.1)."""

from typing import NamedTuple

import numpy as np

from sklearn_skd.features._decode import _open, load_window

__all__ = ["SoundQuality", "measure_sound"]

_LONGEST = 600.0  # seconds that are looked at
_FRAME = 0.05  # seconds
_SILENCE = 1e-3  # RMS of a frame; -60 dB of full scale
# Clipped samples lie within a thousandth of the highest one: in sound that nothing has cut off,
# hardly any but the highest itself do. Decoders overshoot full scale, so that what exceeds it
# was cut off before it was encoded.
_TOP = 0.999


class SoundQuality(NamedTuple):
    """Of the mono mix, which is what the features hear.

    Attributes
    ----------
    seconds : float
        Length, 600 at most.

    silent : float
        Share of the time below -60 dB of full scale.

    clipped : float
        Share of the samples at the highest level.
    """

    seconds: float
    silent: float
    clipped: float


def measure_sound(song):
    """Measure one song.

    Parameters
    ----------
    song : str or tuple of (ndarray of shape (channels, n), rate in Hz)
        As returned by `check_song`.

    Returns
    -------
    quality : SoundQuality

    Raises
    ------
    SongError
        If the song cannot be decoded.
    """
    with _open(song) as reader:
        rate = reader.samplerate
    samples = load_window(song, sr=rate, duration=_LONGEST, segment="start")
    return SoundQuality(len(samples) / rate, _silent(samples, rate), _clipped(samples))


def _silent(samples, rate):
    size = max(1, round(_FRAME * rate))
    starts = np.arange(0, len(samples), size)
    power = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    lengths = np.diff([*starts, len(samples)])
    quiet = np.sqrt(power / lengths) < _SILENCE
    return float(lengths[quiet].sum() / len(samples))


def _clipped(samples):
    level = np.abs(samples)
    top = level.max()
    return float((level >= _TOP * min(top, 1.0)).mean()) if top > _SILENCE else 0.0
