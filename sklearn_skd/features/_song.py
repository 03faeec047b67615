"""What a song may be: the songs of a table, and the check of each before it is decoded."""

import os
import re
from collections.abc import Mapping
from numbers import Real

import numpy as np

from sklearn_skd.features._missing import is_missing


class SongError(ValueError):
    """A song that cannot be used, with the reason and the remedy."""

    def __reduce__(self):  # Dask's way to pickle exceptions fails on a class of two built-in ones
        return type(self), self.args


class SongNotFoundError(SongError, FileNotFoundError):
    """The file of a song does not exist."""


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
    if isinstance(X, (Mapping, set, frozenset)) or hasattr(X, "read"):
        raise TypeError(f"Expected a sequence of songs, got {type(X).__name__}: pass a list.")
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
    elif shape is not None and len(shape) == 1 and _is_one_waveform(X):
        raise SongError(
            f"got one waveform of {len(X)} samples. A single song is passed inside a list"
        )
    if shape == () or not hasattr(X, "__iter__"):
        raise TypeError(f"Expected a sequence of songs, got {type(X).__name__}.")
    songs = list(X)
    if not songs:
        raise ValueError("Found 0 songs (n_samples=0) while a minimum of 1 is required.")
    return songs


def _is_one_waveform(X):
    # a column of nothing but NaN holds missing songs
    return getattr(X.dtype, "kind", "O") == "f" and not np.isnan(np.asarray(X)).all()


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
        raise SongNotFoundError(f"no such file: {path!r}. {_remedy_of_absence(path)}") from None
    except (OSError, ValueError) as error:
        raise SongError(f"cannot open {path!r} ({error}). Check the path") from None
    if not os.path.isfile(path):  # a pipe or a device would be waited for without end
        raise SongError(f"{path!r} is not a file. Give the path of one sound file a song")
    try:
        os.close(os.open(path, os.O_RDONLY))  # `os.access` knows neither ACLs nor remote disks
    except PermissionError:
        raise SongError(f"no permission to read {path!r}. Change the rights of the file") from None
    except OSError as error:
        raise SongError(f"cannot open {path!r} ({error}). Check the disk") from None
    return path


def _remedy_of_absence(path):
    if not path:
        return "Give None for a song without audio"
    if os.path.islink(path):
        return f"It is a link to {os.readlink(path)!r}, which is gone: repair the link"
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", path):
        return "Download the song and give the path of the copy"
    if path.startswith("~"):
        return f"Give os.path.expanduser({path!r}): '~' is not expanded"
    if path != path.strip():
        return "Remove the blanks around the path"
    return f"Check the path and the working directory ({os.getcwd()!r})"


def _check_waveform(samples, rate):
    if isinstance(samples, (str, os.PathLike)):
        raise SongError(f"a file states its rate itself. Give the path {samples!r} alone")
    try:
        is_masked = np.ma.is_masked(samples)
        samples = np.asarray(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SongError(
            f"the waveform is no array ({error}). Give a NumPy array of floats"
        ) from None
    if is_masked:
        raise SongError("the waveform has masked samples. Fill them, for example with zeros")
    if samples.ndim == 0 and np.ndim(rate) > 0:
        raise SongError("got (rate, waveform). Swap them: a song is (waveform, rate)")
    _check_type(samples.dtype)
    if samples.ndim not in (1, 2) or samples.shape[0] == 0 < samples.ndim - 1:
        raise SongError(
            f"a waveform is (samples,) or (channels, samples), got {samples.shape}. Give one "
            "array of this form a song"
        )
    if samples.ndim == 2 and samples.shape[0] > samples.shape[1] > 0:
        raise SongError(f"a waveform is (channels, samples), got {samples.shape}. Transpose it")
    if not isinstance(rate, Real) or not 0 < rate < np.inf:
        raise SongError(
            f"the rate of a waveform is a positive number in Hz, got {rate!r}. Give it as a "
            "number, for example 44100"
        )
    if samples.dtype.itemsize > 8:  # long doubles have unused bytes, which would enter the cache
        samples = samples.astype(np.float64)
    return np.atleast_2d(samples), rate


def _check_type(dtype):
    if dtype.kind in "iu":
        raise SongError(
            f"a waveform holds floats in [-1, 1], got {dtype}. Divide integer samples by their "
            "full scale, for example int16 by 32768"
        )
    if dtype.kind == "c":
        raise SongError(f"a waveform holds real numbers, got {dtype}. Take its real part")
    if dtype.kind != "f":
        raise SongError(f"a waveform holds floats in [-1, 1], got {dtype}. Convert it to float32")
