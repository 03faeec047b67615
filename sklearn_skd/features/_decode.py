"""From a song to the samples of its analysis window (paper section 3.1, Table 2).

A song is read once, in blocks of about one second that are mixed to mono as they arrive, so
that memory depends on the window and not on the length of the file. Only the chosen window is
resampled.
"""

import os
from collections import deque
from numbers import Real

import numpy as np

from sklearn_skd.features._missing import is_missing

# A later window must be louder than the best one by more than the rounding of float32 sums,
# so that equally loud windows resolve to the earliest.
_LOUDER = 1.0 + 1e-5

# Audio lies in [-1, 1]; decoders and mixes overshoot a little, samples of another scale a lot.
_HIGHEST_PEAK = 100.0

_CONVERT = "Convert it again from the source, for example with ffmpeg -i SOURCE song.flac"


class SongError(ValueError):
    """A song that cannot be used, with the reason and the remedy."""


class SongNotFoundError(SongError, FileNotFoundError):
    """The file of a song does not exist."""


class _Waveform:
    """Samples in memory behind the part of the `soundfile.SoundFile` interface used here."""

    def __init__(self, samples, rate):
        self._samples, self.samplerate, self._position = samples, rate, 0
        self.frames = samples.shape[-1]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def seek(self, position):
        self._position = position

    def read(self, frames, dtype="float32", always_2d=True):
        block = self._samples[:, self._position : self._position + frames].T
        self._position += frames
        with np.errstate(over="ignore"):  # overflow becomes inf, which `load_window` reports
            return block.astype(dtype)


def as_songs(X):
    """List the songs of `X`.

    Parameters
    ----------
    X : sequence, Series, DataFrame of one column or ndarray
        Songs along the first axis. An array of numbers of shape (n, samples) or
        (n, channels, samples) holds waveforms; an array of shape (n, 1) is a column of songs.

    Returns
    -------
    songs : list of length n
    """
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError(f"Expected several songs, got the single path {X!r}: pass [{X!r}].")
    if hasattr(X, "columns"):
        X = np.asarray(X, dtype=object)
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2 and (shape[1] == 1 or X.dtype == object):
        if shape[1] != 1:
            raise ValueError(
                f"Expected one column of songs, got {shape[1]}: select the column of the audio, "
                "for example X['audio']."
            )
        X = X[:, 0]
    if shape == () or not hasattr(X, "__iter__"):
        raise TypeError(f"Expected a sequence of songs, got {type(X).__name__}.")
    songs = list(X)
    if not songs:
        raise ValueError("Found 0 songs (n_samples=0) while a minimum of 1 is required.")
    return songs


def check_song(song, *, sr):
    """Return `song` as a path (str) or as a pair (float samples (channels, n), rate).

    Raises
    ------
    SongError
        If the song is missing or of an unknown kind, or its file cannot be opened.
    """
    if is_missing(song):
        raise SongError("no audio (missing value). Give a path or waveform, or drop the row")
    if isinstance(song, (str, os.PathLike)):
        return _check_path(os.fspath(song))
    if isinstance(song, tuple) and len(song) == 2:
        return _check_waveform(*song)
    if isinstance(song, np.ndarray):
        return _check_waveform(song, sr)
    raise SongError(
        f"a song is a path, a waveform array or a tuple (waveform, rate), got "
        f"{type(song).__name__}. A single song is passed inside a list"
    )


def _check_path(path):
    if not isinstance(path, str):
        raise SongError(f"paths are str, got {type(path).__name__} {path!r}. Use os.fsdecode")
    try:
        os.stat(path)
    except FileNotFoundError:
        raise SongNotFoundError(
            f"no such file: {path!r}. Check the path and the working directory ({os.getcwd()!r})"
        ) from None
    except (OSError, ValueError) as error:
        raise SongError(f"cannot open {path!r} ({error}). Check the path") from None
    if not os.path.isfile(path):
        raise SongError(f"{path!r} is not a file. Give the path of one sound file a song")
    if not os.access(path, os.R_OK):
        raise SongError(f"no permission to read {path!r}. Change the rights of the file")
    return path


def _check_waveform(samples, rate):
    samples = np.asarray(samples)
    if samples.dtype.kind != "f":
        raise SongError(
            f"a waveform holds floats in [-1, 1], got {samples.dtype}. Divide integer samples "
            "by their full scale, for example int16 by 32768"
        )
    if samples.ndim not in (1, 2):
        raise SongError(f"a waveform is (samples,) or (channels, samples), got {samples.shape}")
    if samples.ndim == 2 and samples.shape[0] > samples.shape[1] > 0:
        raise SongError(f"a waveform is (channels, samples), got {samples.shape}. Transpose it")
    if not isinstance(rate, Real) or not 0 < rate < np.inf:
        raise SongError(f"the rate of a waveform is a positive number in Hz, got {rate!r}")
    return np.atleast_2d(samples), rate


def load_window(song, *, sr, duration, segment):
    """Decode the window of a song that is analysed.

    Parameters
    ----------
    song : str or tuple of (ndarray of shape (channels, n), rate in Hz)
        As returned by `check_song`.
    sr : int
        Rate of the result, in Hz.
    duration : float
        Length of the window, in seconds.
    segment : {"energy", "start", "centre"}
        Where the window lies. "energy" takes the window of highest RMS energy among those that
        start on a grid of about one second; equally loud ones resolve to the earliest.

    Returns
    -------
    samples : float32 ndarray of shape (m,)
        Mono; ``m <= round(duration * sr)``, smaller only for songs shorter than the window.

    Raises
    ------
    SongError
        If the song cannot be decoded, is empty, or holds samples that are not finite or far
        outside [-1, 1].
    """
    name = f"{song!r}" if isinstance(song, str) else "the waveform"
    with _open(song) as reader:
        rate = reader.samplerate
        window, blocks = max(1, round(duration * rate)), max(1, round(duration))
        try:
            samples = _cut(reader, window, segment, blocks)
        except RuntimeError as error:  # the base class of soundfile's errors
            raise SongError(f"{name} is damaged ({error}). {_CONVERT}") from None
    _check_samples(samples, name)
    if rate != sr:
        import soxr

        samples = soxr.resample(samples, rate, sr, quality="HQ")
    return samples[: max(1, round(duration * sr))]


def _open(song):
    if not isinstance(song, str):
        return _Waveform(*song)
    import soundfile

    try:
        return soundfile.SoundFile(song)
    except (RuntimeError, TypeError) as error:  # TypeError: headerless .raw files
        raise SongError(f"cannot decode {song!r} ({error}). {_CONVERT}") from None


def _check_samples(samples, name):
    if samples.size == 0:
        raise SongError(f"{name} holds no audio (0 s). Remove the song or replace the file")
    peak = max(samples.max(), -samples.min())
    if not np.isfinite(peak):
        raise SongError(f"{name} holds NaN or infinite samples. Repair it, or leave the song out")
    if peak > _HIGHEST_PEAK:
        raise SongError(
            f"{name} reaches {peak:.4g}, but samples lie in [-1, 1]. Divide by their full scale, "
            "for example by 32768 for 16-bit samples stored as floats"
        )


def _cut(reader, window, segment, blocks):
    """Read `window` samples (fewer if the song is shorter) at the place `segment` names."""
    if reader.frames > window:
        if segment == "energy":
            return _loudest(reader, window, blocks)
        if segment == "centre":
            reader.seek((reader.frames - window) // 2)
    return _read_mono(reader, window)


def _read_mono(reader, frames):
    block = reader.read(frames, dtype="float32", always_2d=True)
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    return block @ np.full(channels, 1 / channels, dtype=np.float32)


def _loudest(reader, window, blocks):
    """Find the loudest run of `blocks` blocks in one pass, holding two windows at most."""
    size = -(-window // blocks)
    recent, energies = deque(maxlen=blocks), deque(maxlen=blocks)
    best, highest = (), -1.0
    while len(block := _read_mono(reader, size)):
        if len(block) < size and best:
            break  # what is left after the last full block starts no full window
        with np.errstate(over="ignore", invalid="ignore"):
            energy = float(block @ block)
        if not np.isfinite(energy):
            return block  # for `_check_samples` to report
        recent.append(block)
        energies.append(energy)
        if len(recent) == blocks and sum(energies) > highest * _LOUDER:
            best, highest = tuple(recent), sum(energies)
    # no full window: the header promised more samples than the file holds
    parts = best or tuple(recent)
    return np.concatenate(parts)[:window] if parts else np.empty(0, dtype=np.float32)
