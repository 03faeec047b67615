"""What a client may send, and how its clip becomes samples.

Nothing here trusts the client: bytes are counted as they arrive, the length of a clip is read from
its header and counted again while decoding, and no name of a file is ever looked at.
"""

import io
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# What libsndfile may open. It knows some twenty more formats, which nobody sends but attackers.
FORMATS = frozenset({"WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3"})
LOWEST_RATE, HIGHEST_RATE, MOST_CHANNELS = 4_000, 192_000, 8

# samples lie in [-1, 1]; decoders overshoot a little, samples of another scale a lot
HIGHEST_PEAK = 100.0
# of a silent clip: below -80 dB of full scale there is dither and nothing else
SILENCE = 1e-4
# a later window must be louder by more than the rounding of float32 sums
LOUDER = 1.0 + 1e-5
# libsndfile's number of samples where it knows none is near 2**63
UNKNOWN_LENGTH = 2**60


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    Attributes
    ----------
    request_bytes : int
        Of the whole request, counted while it arrives.
    clip_seconds : float
        Of the decoded clip.
    lyrics_characters, label_characters : int
        Of the lyrics, and of each culture label.
    upload_seconds : float
        For the request to arrive.
    answer_seconds : float
        From there to the answer: waiting, decoding, features and the model.
    waiting : int
        Requests that wait while all workers are busy; one more is sent away.
    """

    request_bytes: int = 20 * 2**20
    clip_seconds: float = 600.0
    lyrics_characters: int = 20_000
    label_characters: int = 100
    upload_seconds: float = 60.0
    answer_seconds: float = 20.0
    waiting: int = 16


class Refused(Exception):
    """A request that gets no answer, with the HTTP status and a message for the client."""

    def __init__(self, status, message):
        super().__init__(status, message)  # both are needed to pickle it
        self.status, self.message = status, message


class Song(NamedTuple):
    """What a client sends.

    Attributes
    ----------
    clip : bytes
        A sound file.
    lyrics : str
        Empty if there are none.
    culture : dict of str to str
        Some of the model's culture fields.
    """

    clip: bytes
    lyrics: str
    culture: dict


class Window(NamedTuple):
    """The part of a clip that is analysed.

    Attributes
    ----------
    samples : float32 ndarray of shape (n,)
        Mono.
    rate : int
        In Hz.
    start, clip_seconds : float
        Where the window begins in the clip, and the length of the clip, in seconds.
    """

    samples: np.ndarray
    rate: int
    start: float
    clip_seconds: float


def decode(clip, *, duration, limits):
    """Decode the loudest window of a clip.

    The rule is that of ``LogMelSpectrogram(segment="energy")``; it is written out here because
    the answer also says where the window lies, and because the clip is counted on the way.

    Parameters
    ----------
    clip : bytes
        A sound file.
    duration : float
        Length of the window, in seconds; a shorter clip is taken as a whole.
    limits : Limits

    Returns
    -------
    window : Window

    Raises
    ------
    Refused
        413 if it is too long; 415 if it is no sound file of a known format; 422 if it is empty,
        silent or damaged, or holds samples that are not finite.
    """
    with _open(clip) as reader:
        rate = _check_header(reader, limits)
        # soundfile ends each read of a seekable file with a seek: FLAC and MP3 decode again
        reader.seekable = lambda: False
        window, n_blocks = max(1, round(duration * rate)), max(1, round(duration))
        blocks = _mono_blocks(reader, -(-window // n_blocks), limits)
        samples, start, total = _loudest(blocks, n_blocks)
    samples = samples[:window]
    if not total:
        raise Refused(422, "The clip is empty: it holds no samples.")
    if np.abs(samples).max() > HIGHEST_PEAK:
        raise Refused(
            422, "The clip is far louder than full scale: its samples are not in [-1, 1]."
        )
    if np.ptp(samples) < SILENCE:
        raise Refused(422, "The clip is silent.")
    return Window(samples, rate, start / rate, total / rate)


def _open(clip):
    import soundfile

    if not clip:
        raise Refused(422, "The clip is empty: the file has no bytes.")
    try:
        reader = soundfile.SoundFile(io.BytesIO(clip))
    except (RuntimeError, TypeError, ValueError):
        raise _unknown_format() from None
    if reader.format not in FORMATS:
        reader.close()
        raise _unknown_format()
    return reader


def _unknown_format():
    return Refused(415, "The clip is no sound file that can be read: send WAV, FLAC, OGG or MP3.")


def _check_header(reader, limits):
    """The rate, if the header states nothing that is refused."""
    rate = reader.samplerate
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise Refused(
            422,
            f"The clip states a rate of {rate} Hz; between {LOWEST_RATE} and {HIGHEST_RATE} Hz "
            "are read.",
        )
    if reader.channels > MOST_CHANNELS:
        raise Refused(
            422, f"The clip has {reader.channels} channels; up to {MOST_CHANNELS} are read."
        )
    guessed = reader.format == "MP3"  # from the first frames, and often wrong
    if not guessed and limits.clip_seconds * rate < reader.frames < UNKNOWN_LENGTH:
        raise _too_long(limits.clip_seconds)
    return rate


def _too_long(seconds):
    return Refused(413, f"The clip is longer than {seconds / 60:g} min.")


def _mono_blocks(reader, size, limits):
    """Yield the clip in mono blocks of `size` samples; only the last one may be shorter."""
    weights = np.full(reader.channels, 1 / reader.channels, dtype=np.float32)
    total, block = 0, ()
    while not total or len(block) == size:
        try:
            block = reader.read(size, dtype="float32", always_2d=True) @ weights
        except RuntimeError:
            heard = total / reader.samplerate
            raise Refused(422, f"The clip is damaged: {heard:.1f} s could be decoded.") from None
        total += len(block)
        if total > limits.clip_seconds * reader.samplerate:
            raise _too_long(limits.clip_seconds)
        if not np.isfinite(block).all():
            raise Refused(422, "The clip holds samples that are not finite (NaN or infinite).")
        if not len(block):
            return
        yield block


def _loudest(blocks, n_blocks):
    """The consecutive blocks of highest energy, where they start, and the length of the clip.

    No more than two windows are in memory. A clip shorter than one is taken as a whole.
    """
    recent, energies = deque(maxlen=n_blocks), deque(maxlen=n_blocks)
    best, highest, start, size, total = (), -1.0, 0, 0, 0
    for number, block in enumerate(blocks, start=1):
        size, total = size or len(block), total + len(block)
        if len(block) < size and best:
            break  # what is left after the last full block starts no full window
        recent.append(block)
        energies.append(float(block @ block))
        if len(recent) == n_blocks and sum(energies) > highest * LOUDER:
            best, highest, start = tuple(recent), sum(energies), (number - n_blocks) * size
    parts = best or recent
    samples = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
    return samples, start, total
