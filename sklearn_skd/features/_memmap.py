"""Arrays that live in a file, so that features may be larger than memory."""

import os
import tempfile
import weakref
from pathlib import Path

import numpy as np

__all__ = ["write_memmap"]


def write_memmap(rows, shape, folder, *, prefix=""):
    """Write rows to a scratch file one by one and map it.

    The rows go through an ordinary file, not through the map: a full disk is then an OSError
    and no SIGBUS, and the pages written do not count as memory of this process.

    Parameters
    ----------
    rows : iterable of float32 ndarray of shape ``shape[1:]``
        ``shape[0]`` of them.
    shape : tuple of int
        Of the array.
    folder : str or path-like
        Created if need be.
    prefix : str, default=""
        Start of the file's name, so that one knows what a file left by a killed process is.

    Returns
    -------
    array : read-only float32 memmap
        Its file is removed with the last view of it, or at the end of the process.

    Raises
    ------
    OSError
        If the folder cannot be written to, or the disk is full.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=".npy")
    try:
        with os.fdopen(handle, "wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_2_0(file, header)
            for row in rows:
                file.write(np.ascontiguousarray(row, dtype="<f4").data)
        array = np.load(path, mmap_mode="r")
    except BaseException:
        os.unlink(path)
        raise
    # views keep the map alive, not the array: its end is the end of them all
    weakref.finalize(array._mmap, _remove, path, os.getpid())
    return array


def _remove(path, owner):
    if os.getpid() == owner:  # not in a forked child, where the array ends too
        Path(path).unlink(missing_ok=True)
