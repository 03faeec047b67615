"""Features from the cache where they are there, computed and kept where they are not."""

import os
from functools import lru_cache

import numpy as np


def remember(cache, song, parameters, *, shape, compute):
    """Take the features of a song from the cache, or compute and keep them.

    Trouble with the cache costs time, never features.

    Parameters
    ----------
    cache : FeatureCache
    song : str or tuple
        As returned by `check_song`.
    parameters : tuple
        See `FeatureCache.key`.
    shape : tuple of int
        Of the features, float32; an entry of another kind is damaged.
    compute : callable
        Returns the features of `song`.

    Returns
    -------
    features : float32 ndarray of shape `shape`
    complaint : str or None
        What went wrong with the cache, the same text for each song.
    """
    before = _state(song)
    try:
        key = cache.key(song, parameters)
    except OSError:  # the decoder says it better
        return compute(song), None
    complaint = None
    try:
        features = cache.get(key)
        if features is not None and (features.shape, features.dtype) != (shape, np.float32):
            raise ValueError("it holds another kind of array")
        if features is not None:
            return features, None
    except (OSError, ValueError) as error:
        complaint = (
            f"The cache folder {str(cache.folder)!r} held a damaged entry ({_reason(error)}), "
            "which was computed again. If this happens often, check the disk."
        )
    features = compute(song)
    if _state(song) != before:
        return features, complaint  # perhaps of other bytes than the key
    try:
        cache.put(key, features)
    except (OSError, ValueError) as error:
        complaint = (
            f"Features cannot be kept in the cache folder {str(cache.folder)!r} "
            f"({_reason(error)}). They are returned all the same, but the next run will compute "
            "them again: make room, or choose another folder."
        )
    return features, complaint


def _state(song):
    """What changes when a file is written to. To hash it twice instead would cost more."""
    if not isinstance(song, str):
        return None
    try:
        stat = os.stat(song)
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _reason(error):
    # without the names of files, which differ from song to song
    return getattr(error, "strerror", None) or str(error)


@lru_cache(maxsize=1)
def library_versions():
    """Versions of what decodes, resamples and analyses.

    The samples of lossy formats change with libsndfile and with the codecs inside soundfile's
    wheels, a resampled window with soxr, filters and descriptors with librosa. Recomputing after
    an upgrade costs minutes for thousands of songs, features of two kinds in one table cost the
    experiment. NumPy and SciPy are left out: sums and transforms change in rounding alone. So is
    this package, whose features count their own versions (`_cache_version`): few releases change
    them.

    Returns
    -------
    versions : tuple of str
    """
    import librosa
    import soundfile
    import soxr

    return (
        f"librosa {librosa.__version__}",
        f"libsndfile {soundfile.__libsndfile_version__}",
        f"soundfile {soundfile.__version__}",
        f"soxr {soxr.__version__}",
    )
