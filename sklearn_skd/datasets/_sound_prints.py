"""Fingerprints of sound that survive another encoding, volume or cut (paper section 4.1).

After J. Haitsma, T. Kalker (2002), A highly robust audio fingerprinting system, ISMIR: of each
frame of a log-mel spectrogram, one bit for each pair of neighbouring bands, whether the difference
of their energies has grown since the frame before. Songs that share whole words of 32 bits at the
same distance in time are candidates; the share of bits that differ where they overlap decides.
"""

import numpy as np
import pandas as pd

from sklearn_skd.features._decode import load_window
from sklearn_skd.features.audio import mel_blocks, mel_power, n_frames, pad, power_spectra

__all__ = ["FRAMES_PER_SECOND", "find_copies", "sound_print"]

_RATE, _N_FFT, _HOP = 5512, 2048, 128
_BANDS, _FMIN, _FMAX = 33, 300, 2000
FRAMES_PER_SECOND = _RATE / _HOP

_SILENCE = 1e-6  # power of a frame, all bands together, below which it says nothing
_VOID = np.uint32(0)  # word of such frames
_MOST_FREQUENT = 40  # occurrences of a word that are all compared; others with the first alone
_FEWEST_WORDS = 2  # that candidates share at one distance in time


def sound_print(song, *, duration):
    """Fingerprint of the first `duration` seconds of a song.

    Parameters
    ----------
    song : str or tuple of (ndarray of shape (channels, n), rate in Hz)
        As returned by `check_song`.

    duration : float
        In seconds.

    Returns
    -------
    words : uint32 ndarray of shape (n_frames - 1,)

    Raises
    ------
    SongError
        If the song cannot be decoded.
    """
    samples = load_window(song, sr=_RATE, duration=duration, segment="start")
    blocks = mel_blocks(_RATE, _N_FFT, _BANDS, _FMIN, _FMAX)
    mel = np.empty((_BANDS, n_frames(len(samples), _N_FFT, _HOP)), dtype=np.float32)
    padded, start = pad(samples, len(samples), margin=_N_FFT // 2), 0
    for power in power_spectra(padded, n_fft=_N_FFT, hop_length=_HOP):
        mel_power(power, blocks, out=mel[:, start : start + len(power)])
        start += len(power)
    bits = np.diff(np.diff(np.log(mel + 1e-9), axis=0), axis=1) > 0
    words = 2 ** np.arange(_BANDS - 1, dtype=np.uint32) @ bits
    return np.where(mel[:, 1:].sum(axis=0) < _SILENCE, _VOID, words)


def find_copies(prints, *, max_error, min_frames):
    """Pairs of songs that sound the same for a while.

    Parameters
    ----------
    prints : list of uint32 ndarray
        From `sound_print`.

    max_error : float
        Share of bits that may differ.

    min_frames : int
        Length of the overlap, silence not counted.

    Returns
    -------
    pairs : list of (int, int, float)
        Two songs, the earlier first, and the share of bits that differ.
    """
    pairs = []
    for first, second, offset in _candidates(prints):
        a, b = _overlap(prints[first], prints[second], offset)
        sounding = (a != _VOID) & (b != _VOID)
        if sounding.sum() >= min_frames:
            error = np.bitwise_count(a[sounding] ^ b[sounding]).mean() / 32
            if error <= max_error:
                pairs.append((first, second, float(error)))
    return pairs


def _candidates(prints):
    """(first, second, offset) of songs that share words, at the offset where most are shared."""
    words, often, song, time = _sorted_words(prints)
    later = np.flatnonzero(often)
    first = np.searchsorted(words, words[later])
    apart = song[first] != song[later]
    pairs = [(first[apart], later[apart])]  # as many as words, not their square
    for step in range(1, _MOST_FREQUENT):
        same = (words[step:] == words[:-step]) & ~often[step:]
        if not same.any():
            break
        here = np.flatnonzero(same & (song[step:] != song[:-step]))
        pairs.append((here, here + step))
    here, there = np.concatenate(pairs, axis=1)
    table = pd.DataFrame(
        {"first": song[here], "second": song[there], "offset": time[here] - time[there]}
    )
    votes = table.value_counts().reset_index(name="votes")
    votes = votes[votes["votes"] >= _FEWEST_WORDS]
    best = votes.drop_duplicates(["first", "second"])  # the counts are in descending order
    return best[["first", "second", "offset"]].to_numpy().tolist()


def _sorted_words(prints):
    """Words that occur twice, without silence, sorted; whether often, their songs and times."""
    words = np.concatenate([np.empty(0, dtype=np.uint32), *prints])
    lengths = [len(one) for one in prints]
    song = np.repeat(np.arange(len(prints)), lengths)
    time = np.concatenate([np.empty(0, dtype=int), *(np.arange(n) for n in lengths)])
    _, code, count = np.unique(words, return_inverse=True, return_counts=True)
    count = count[code]
    kept = np.flatnonzero((count > 1) & (words != _VOID))
    kept = kept[np.argsort(words[kept], kind="stable")]  # stable: the earlier song stays first
    return words[kept], count[kept] > _MOST_FREQUENT, song[kept], time[kept]


def _overlap(a, b, offset):
    """Frames of both that sound at the same time if b starts `offset` frames after a."""
    a, b = a[max(offset, 0) :], b[max(-offset, 0) :]
    n = min(len(a), len(b))
    return a[:n], b[:n]
