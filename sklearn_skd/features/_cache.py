"""A folder of feature arrays, found again by the content of the song and the parameters.

An entry is an ordinary ``.npy`` file followed by a checksum. It is written elsewhere in the folder
and moved to its place in one step, so that neither a killed process nor a second one leaves or
sees half an entry. The step is not flushed to the disk (fsync can cost as much as decoding a song):
after a power cut the last entries may hold anything, which the checksum notices.
"""

import hashlib
import heapq
import io
import math
import os
import re
import time
import uuid
from contextlib import suppress
from numbers import Real
from pathlib import Path

import numpy as np

# processors have instructions for it: twice as fast as BLAKE2
_hash = hashlib.sha256
_DIGEST_SIZE = 16
_SHARD = re.compile(r"[0-9a-f]{2}")
_ENTRY = re.compile(r"[0-9a-f]{32}\.npy")
_UNFINISHED = re.compile(r"[0-9a-f]{32}\.tmp")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])(?:i?B)?", re.IGNORECASE)

# s; a write takes milliseconds, so what is older was left by a process that was killed
_STALE = 3600

# A process looks at the size of the folder each time it has written this share of `max_size`, and
# then leaves as much free. The cost for an entry is that of looking at about 16 others.
_SLACK = 1 / 16

# folder -> bytes written by this process since it last looked at the folder's size. Shared by all
# objects, as every clone and every task of a worker has its own. Threads that meet here lose the
# bytes of an entry until the next look; a lock might be forked while it is held.
_written = {}


class FeatureCache:
    """A folder in which features are kept, found again by the song's content.

    The `cache` of `LogMelSpectrogram` and `AudioStatistics`, which may share a folder. An entry
    belongs to the content of a song (the name, date and place of a file do not matter), the
    parameters that change the features, the version of the feature and the versions of the
    libraries that decode and analyse. Several processes may use a folder at the same time, and
    may be killed at any moment: what was kept before stays, and what is damaged is noticed by
    its checksum and computed again.

    Parameters
    ----------
    folder : str or path-like
        Created when the first entry is written. On a cluster it should be on a disk that all
        machines share.
    max_size : int, float or str, default=None
        Most that the entries may take, in bytes, or as text such as "500M", "10G" or "1.5 TB"
        (units of 1,024, as in `joblib.Memory`). Where it is reached, the entries that were not
        used for longest are removed. One process stays below it; each further one that writes at
        the same time may add a sixteenth, or an entry. None sets no bound.

    Attributes
    ----------
    folder : pathlib.Path
        Absolute, so that workers with another working directory find it.
    max_size : int, float, str or None
        As given.

    Raises
    ------
    ValueError
        If `max_size` is no size.

    See Also
    --------
    LogMelSpectrogram : Keeps each song's spectrogram.
    AudioStatistics : Keeps each song's vector.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn_skd.features import FeatureCache, LogMelSpectrogram
    >>> scratch = tempfile.TemporaryDirectory()
    >>> cache = FeatureCache(scratch.name, max_size="10G")
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> X = LogMelSpectrogram(duration=1.0, cache=cache).transform([tone])
    >>> X.nbytes, cache.size()  # an entry has a header of 128 bytes and a checksum
    (11264, 11408)
    >>> cache.clear()
    >>> cache.size()
    0
    >>> scratch.cleanup()
    """

    def __init__(self, folder, *, max_size=None):
        self.folder = Path(folder).absolute()
        self.max_size = max_size
        _bytes(max_size)

    def __repr__(self):
        bound = "" if self.max_size is None else f", max_size={self.max_size!r}"
        return f"{type(self).__name__}({str(self.folder)!r}{bound})"

    def __eq__(self, other):
        if not isinstance(other, FeatureCache):
            return NotImplemented
        return (self.folder, _bytes(self.max_size)) == (other.folder, _bytes(other.max_size))

    def __hash__(self):
        return hash(self.folder)

    def size(self):
        """Add up what the entries take on disk.

        Every entry is looked at: about a second for a million.

        Returns
        -------
        size : int
            In bytes.
        """
        return sum(stat.st_size for _, stat in self._entries())

    def clear(self):
        """Remove all entries, and what killed processes left.

        Files that are none of this cache's stay. Other processes may go on writing; an entry that
        is being written is dropped, or is the first of the new ones.
        """
        self._remove_unfinished(age=-math.inf)
        for path, _ in self._entries():
            _remove(path)

    def key(self, song, parameters):
        """Digest of the song's content and of the parameters.

        Parameters
        ----------
        song : str or tuple of (ndarray of shape (channels, n), rate in Hz)
            As returned by `check_song`; a file is known by its bytes, not by its name.
        parameters : tuple
            All that the array depends on besides the song; its `repr` is hashed.

        Returns
        -------
        key : str of 32 hexadecimal digits

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        digest = _hash(repr(parameters).encode())
        if isinstance(song, str):
            with open(song, "rb") as file:
                digest.update(hashlib.file_digest(file, _hash).digest())
        else:
            samples, rate = song
            digest.update(repr((samples.dtype.str, samples.shape, float(rate))).encode())
            digest.update(np.ascontiguousarray(samples).data)
        return digest.hexdigest()[: 2 * _DIGEST_SIZE]

    def get(self, key):
        """Read an entry, which thereby counts as used.

        Parameters
        ----------
        key : str
            From `key`.

        Returns
        -------
        array : ndarray or None
            None if there is no such entry.

        Raises
        ------
        ValueError
            If the entry is damaged.
        OSError
            If the entry cannot be read.
        """
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        payload, checksum = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
        if _checksum(payload) != checksum:
            raise ValueError("its checksum is wrong")
        array = np.lib.format.read_array(io.BytesIO(payload), allow_pickle=False)
        with suppress(OSError):  # removed meanwhile, or a folder that one may only read
            os.utime(path)
        return array

    def put(self, key, array):
        """Write an entry, replacing what is there.

        Parameters
        ----------
        key : str
            From `key`.
        array : ndarray
            Of any shape and numeric dtype.

        Raises
        ------
        ValueError
            If the array is larger than `max_size`.
        OSError
            If the folder cannot be written to, or the disk is full.
        """
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        payload = buffer.getvalue()
        content = payload + _checksum(payload)
        self._make_room(len(content))
        path = self._path(key)
        temporary = self._unfinished / f"{uuid.uuid4().hex}.tmp"
        for folder in (path.parent, temporary.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "xb") as file:
                file.write(content)
            with suppress(FileNotFoundError):  # cleared at this moment, as it would be in its place
                os.replace(temporary, path)
        except BaseException:
            _remove(temporary)
            raise

    @property
    def _unfinished(self):
        # on the same disk as the entries, or moving would be copying
        return self.folder / "unfinished"

    def _path(self, key):
        # two levels, so that no folder grows with the number of songs
        return self.folder / key[:2] / f"{key}.npy"

    def _entries(self):
        """Yield path and stat of each entry."""
        for shard in _listing(self.folder, _SHARD):
            for entry in _listing(shard.path, _ENTRY):
                with suppress(FileNotFoundError):  # removed meanwhile
                    yield entry.path, entry.stat(follow_symlinks=False)

    def _remove_unfinished(self, *, age):
        """Remove what has been unfinished for longer than `age` seconds."""
        now = time.time()
        for entry in _listing(self._unfinished, _UNFINISHED):
            with suppress(FileNotFoundError):
                if now - entry.stat(follow_symlinks=False).st_mtime > age:
                    _remove(entry.path)

    def _make_room(self, n_bytes):
        """Clean up once a process, and keep the folder within its bound, before a write."""
        limit = _bytes(self.max_size)
        if n_bytes > limit:
            raise ValueError(f"an entry takes {n_bytes} bytes, more than max_size={self.max_size}")
        written = _written.get(self.folder)
        if written is not None and written + n_bytes <= _SLACK * limit:
            _written[self.folder] = written + n_bytes
            return
        _written[self.folder] = n_bytes
        self._remove_unfinished(age=_STALE)
        if limit < math.inf:
            self._shrink(limit - max(n_bytes, _SLACK * limit))

    def _shrink(self, limit):
        """Remove the least recently used entries until the rest takes `limit` bytes at most."""
        excess = self.size() - limit
        if excess <= 0:
            return
        oldest, freed = [], 0  # a heap with the youngest on top: memory is that of what is removed
        for path, stat in self._entries():
            heapq.heappush(oldest, (-stat.st_mtime_ns, stat.st_size, path))
            freed += stat.st_size
            while freed - oldest[0][1] >= excess:
                freed -= heapq.heappop(oldest)[1]
        for _, _, path in oldest:
            _remove(path)


def _bytes(size):
    """The number of bytes that `max_size` means."""
    if size is None:
        return math.inf
    if isinstance(size, str) and (match := _SIZE.fullmatch(size.strip())):
        number, unit = match.groups()
        size = float(number) * 1024 ** (1 + "KMGT".index(unit.upper()))
    if not isinstance(size, Real) or not size > 0:
        raise ValueError(
            "max_size is a positive number of bytes or a text such as '500M' or '10G', got "
            f"{size!r}."
        )
    return size


def _checksum(payload):
    return _hash(payload).digest()[:_DIGEST_SIZE]


def _listing(folder, pattern):
    """What is in a folder under such a name; nothing if there is no folder."""
    try:
        with os.scandir(folder) as listing:
            return [entry for entry in listing if pattern.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove(path):
    with suppress(OSError):  # removed by another process, or not ours to remove
        os.unlink(path)
