"""A folder of feature arrays addressed by the content of the song and the parameters.

An entry is an ordinary ``.npy`` file followed by a checksum. It is written beside its final
name and moved there in one step, so that a killed process or a second one leaves no half entry.
"""

import hashlib
import io
import os
import tempfile
from pathlib import Path

import numpy as np

_DIGEST_SIZE = 16


class FeatureCache:
    """Feature arrays on disk.

    Parameters
    ----------
    folder : str or path-like
        Created when the first entry is written.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

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
        key : str of hexadecimal digits
        """
        digest = hashlib.blake2b(repr(parameters).encode(), digest_size=_DIGEST_SIZE)
        if isinstance(song, str):
            with open(song, "rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        else:
            samples, rate = song
            digest.update(repr((samples.dtype.str, samples.shape, rate)).encode())
            digest.update(np.ascontiguousarray(samples).data)
        return digest.hexdigest()

    def get(self, key):
        """Return the array stored under `key`, or None if there is none or it is damaged."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        payload, checksum = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
        if _checksum(payload) != checksum:
            return None
        return np.load(io.BytesIO(payload), allow_pickle=False)

    def put(self, key, array):
        """Store `array` under `key`, replacing what is there."""
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        payload = buffer.getvalue()
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(payload + _checksum(payload))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def _path(self, key):
        # two levels, so that no folder grows with the number of songs
        return self.folder / key[:2] / f"{key}.npy"


def _checksum(payload):
    return hashlib.blake2b(payload, digest_size=_DIGEST_SIZE).digest()
