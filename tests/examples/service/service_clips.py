"""Clips for the tests of the service, good and bad."""

import io

import numpy as np
import pandas as pd
import soundfile

FIELDS = ("genre", "language", "region", "singing_form", "era", "scene")


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


def song_table(folder, n_songs=40):
    """Songs longer than a window in files of several kinds, their emotions, and whose they are."""
    rng = np.random.default_rng(0)
    rows, emotion = [], rng.permutation(np.resize(["calm", "joy", "sadness"], n_songs))
    for number, name in enumerate(emotion):
        rate, format = [(8000, "WAV"), (11025, "FLAC"), (16000, "OGG")][number % 3]
        samples = noise(31 + number % 4, rate, channels=1 + number % 2, seed=number)
        if name == "sadness":
            samples = np.cumsum(samples, axis=0) / 50  # dull
        path = folder / f"{number}.{format.lower()}"
        path.write_bytes(as_file(samples.clip(-1, 1), rate, format=format))
        words = rng.choice(["love", "night", "alone", "dance", "dark", "sun"], size=6)
        labels = {field: f"{field} {rng.integers(3)}" for field in FIELDS if rng.random() < 0.8}
        lyrics = " ".join(words) if number % 4 else None
        rows.append({"audio": str(path), "lyrics": lyrics, **labels})
    table = pd.DataFrame(rows, columns=["audio", "lyrics", *FIELDS])
    return table, emotion.astype(object), np.arange(n_songs) // 2
