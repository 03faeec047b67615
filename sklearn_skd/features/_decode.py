"""From a song to the samples of its analysis window (paper section 3.1, Table 2).

A song is read once, in blocks of about one second that are mixed to mono as they arrive, so
that memory depends on the window and not on the length of the file. Only the chosen window is
resampled.

A damaged or truncated file counts for what can be decoded up to the damage. Where this fills the
window (or, for a shorter song, all that its header states), the song is used, with a warning if
the damage was met; otherwise it is an error. So no window is silence that should be music.
"""

import os
import warnings
from collections import deque

import numpy as np

from sklearn_skd.features._song import SongError
from sklearn_skd.features._stated_length import stated_length

# A later window must be louder than the best one by more than the rounding of float32 sums,
# so that equally loud windows resolve to the earliest.
_LOUDER = 1.0 + 1e-5

# Audio lies in [-1, 1]; decoders and mixes overshoot a little, samples of another scale a lot.
_HIGHEST_PEAK = 100.0

# Hz; what lies outside is a rate in kHz, a wrong unit or a damaged header
_LOWEST_RATE, _HIGHEST_RATE = 1_000, 10_000_000

# Share of the window that must be there: encoders pad, and decoders drop a damaged frame or two.
_ENOUGH = 0.95

# libsndfile opens no longer path by name
_LONGEST_NAME = 1_000

_CONVERT = "Convert it again from the source, for example with ffmpeg -i SOURCE song.flac"
_KEEP = "Replace the file, or keep what is there with ffmpeg -i DAMAGED song.flac"


class _Waveform:
    """Samples in memory behind the part of the `soundfile.SoundFile` interface used here."""

    subtype = None

    def __init__(self, samples, rate):
        self._samples, self.samplerate, self._position = samples, rate, 0
        self.channels, self.frames = samples.shape

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def seek(self, position):
        self._position = position

    def read(self, out):
        block = self._next(len(out)).T
        with np.errstate(all="ignore"):  # overflow becomes inf, which `load_window` reports
            out[: len(block)] = block
        return out[: len(block)]

    @property
    def is_ready(self):
        """Whether the samples are what `_Mono` makes of others: mono, float32."""
        return self.channels == 1 and self._samples.dtype == np.float32

    def view(self, frames):
        """The next block of a waveform that is ready, without a copy: read only."""
        block = self._next(frames)[0]
        block.flags.writeable = False
        return block

    def _next(self, frames):
        self._position += frames
        return self._samples[:, self._position - frames : self._position]


class _Mono:
    """A song read in mono blocks, up to its end or its first damage."""

    def __init__(self, reader):
        self._reader, self.frames, self.samplerate = reader, reader.frames, reader.samplerate
        self.position, self.ended, self.damage, self._memory = 0, False, None, None
        self.is_ready = isinstance(reader, _Waveform) and reader.is_ready

    def seek(self, position):
        try:
            self._reader.seek(position)
            self.position = position
        except RuntimeError as error:  # the base class of soundfile's errors
            self._stop(error)

    def read(self, frames):
        """The next block, shorter than `frames` at the end, empty after it."""
        if self.damage is not None:
            return np.empty(0, dtype=np.float32)
        if self.is_ready:
            block = self._reader.view(frames)
            self.position += len(block)
            self.ended = len(block) < frames
            return block
        try:
            block = self._reader.read(out=self._buffer(frames))
        except (RuntimeError, MemoryError) as error:  # a damaged header may ask for any memory
            self._stop(error)
            return np.empty(0, dtype=np.float32)
        self.position += len(block)
        self.ended = len(block) < frames
        # integers are scaled here, as exactly as by libsndfile and in a third of its time
        full_scale = 32768 if block.dtype == np.int16 else 1
        channels = block.shape[1]
        weights = np.full(channels, 1 / (full_scale * channels), dtype=np.float32)
        with np.errstate(all="ignore"):
            return block.astype(np.float32, copy=False) @ weights

    def _buffer(self, frames):
        """Memory for the samples of a block, the same for all: a tenth less time than new."""
        if self._memory is None or len(self._memory) < frames:
            dtype = np.int16 if self._reader.subtype == "PCM_16" else np.float32
            self._memory = np.empty((frames, self._reader.channels), dtype=dtype)
        return self._memory[:frames]

    def _stop(self, error):
        self.ended, self.damage = True, str(error)


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
        If the song cannot be decoded, is empty, holds samples that are not finite or far outside
        [-1, 1], or is damaged before the window is full.

    Warns
    -----
    UserWarning
        If a file is damaged or shorter than its header states, yet fills the window.
    """
    name = f"{song!r}" if isinstance(song, str) else "the waveform"
    with _open(song) as reader:
        mono = _Mono(reader)
        rate = mono.samplerate
        if rate != sr and not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
            raise SongError(
                f"{name} has a rate of {rate} Hz, which is not that of audio. Give it in Hz, for "
                f"example 44100; a file with such a header needs to be converted again"
            )
        window, blocks = max(1, round(duration * rate)), max(1, round(duration))
        samples = _cut(mono, window, segment, blocks)
        _check_samples(samples, name)
        if isinstance(song, str):
            _check_whole(mono, stated_length(reader, song), len(samples), window=window, name=name)
    heard = len(samples) / rate
    if rate != sr and heard:
        import soxr

        samples = soxr.resample(samples, rate, sr, quality="HQ")
    if samples.size == 0:
        raise SongError(f"{name} holds no audio ({heard:.2g} s). Remove the song or replace it")
    return samples[: max(1, round(duration * sr))]


def _open(song):
    if not isinstance(song, str):
        return _Waveform(*song)
    import soundfile

    try:
        reader = soundfile.SoundFile(_openable(song))
    except (RuntimeError, TypeError, OSError) as error:  # TypeError: headerless .raw files
        reason = str(error).rpartition("Error opening ")[2].rpartition(": ")[2].rstrip(".")
        if "possibly a pipe" in reason:  # what libsndfile says of an MP3 without a single frame
            reason = "no sound was found in it"
        raise SongError(f"cannot decode {song!r} ({reason}). {_CONVERT}") from None
    if reader.format == "RAW":  # libsndfile takes anything called .au, .vox or .gsm for samples
        reader.close()
        raise SongError(f"cannot decode {song!r} (it has no header). {_CONVERT}")
    # soundfile ends each read of a seekable file with a seek, for which FLAC and MP3 decode again
    reader.seekable = lambda: False
    return reader


def _openable(path):
    """The path in a form that soundfile opens, however long and in whatever encoding."""
    if os.name == "nt":
        return path
    encoded = os.fsencode(path)
    return encoded if len(encoded) < _LONGEST_NAME else os.open(path, os.O_RDONLY)


def _check_samples(samples, name):
    peak = max(samples.max(), -samples.min()) if samples.size else 0.0
    if not np.isfinite(peak):
        raise SongError(f"{name} holds NaN or infinite samples. Repair it, or leave the song out")
    if peak > _HIGHEST_PEAK:
        raise SongError(
            f"{name} reaches {peak:.4g}, but samples lie in [-1, 1]. Divide by their full scale, "
            "for example by 32768 for 16-bit samples stored as floats"
        )


def _check_whole(mono, stated, found, *, window, name):
    """Refuse a damaged file that does not fill the window, and report one that does.

    Parameters
    ----------
    mono : _Mono
        After the window was read.
    stated : int, float or None
        See `stated_length`.
    found, window : int
        Samples read for the window, and those asked for.
    """
    if mono.damage is None and stated is None:
        return
    stated = np.inf if stated is None else stated
    rate = mono.samplerate
    # where the window was full before the end, the rest was not looked at
    there = mono.position if mono.ended else mono.frames
    of = f" of {stated / rate:.1f}" if np.isfinite(stated) else ""
    damage = (
        f"{name} is damaged: {there / rate:.1f}{of} s could be decoded "
        f"({mono.damage or 'the end is missing'})"
    )
    if found < _ENOUGH * min(window, stated):
        raise SongError(f"{damage}. {_KEEP}")
    if stated - there > rate:  # more than a second
        warnings.warn(f"{damage}; the window is taken from these. {_KEEP}.", stacklevel=3)


def _cut(mono, window, segment, blocks):
    """Read `window` samples (fewer if the song is shorter) at the place `segment` names."""
    size = -(-window // blocks)
    if mono.frames > window:
        if segment == "energy":
            return _loudest(mono, window, size)
        if segment == "centre":
            mono.seek((mono.frames - window) // 2)
    return _first(mono, window, size)


def _first(mono, window, size):
    parts, missing = [], window
    size = missing if mono.is_ready else size
    while missing and len(block := mono.read(min(size, missing))):
        parts.append(block)
        missing -= len(block)
    return _join(parts)


def _join(parts):
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _loudest(mono, window, size):
    """Find the loudest window of blocks in one pass, holding two windows at most."""
    blocks = -(-window // size)
    recent, energies = deque(maxlen=blocks), deque(maxlen=blocks)
    best, highest = (), -1.0
    while len(block := mono.read(size)):
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
    # no full window: the header states more samples than the file holds
    return _join(best or recent)[:window]
