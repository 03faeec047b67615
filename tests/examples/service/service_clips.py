"""Clips for the tests of the service, good and bad."""

import io

import numpy as np
import soundfile


def as_file(samples, rate=8000, *, format="WAV", subtype=None):
    """The bytes of a sound file of samples (n,) or (n, channels)."""
    file = io.BytesIO()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(file, "w", rate, channels, subtype, format=format) as writer:
        for start in range(0, len(samples), 65_536):  # libsndfile's Vorbis dislikes long writes
            writer.write(samples[start : start + 65_536])
    return file.getvalue()


def noise(seconds, rate=8000, *, channels=1, seed=0):
    """Noise of shape (n, channels), whose loudness changes every second."""
    rng = np.random.default_rng(seed)
    n = round(seconds * rate)
    loudness = np.repeat(rng.uniform(0.02, 0.2, size=int(seconds) + 1), rate)[:n, None]
    return (loudness * rng.standard_normal((n, channels))).clip(-1, 1).astype(np.float32)


def hour_of_silence():
    """A small file, and the same without its length in the header."""
    honest = as_file(np.zeros(3600 * 4000, dtype=np.int16), 4000, format="FLAC")
    hidden = bytearray(honest)
    hidden[21] &= 0xF0  # the 36 bits of STREAMINFO that count the samples
    hidden[22:26] = bytes(4)
    return honest, bytes(hidden)
