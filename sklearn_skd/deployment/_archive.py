"""Bytes on disk <-> a header and named arrays: a safetensors file, read as if it were hostile.

The file is written by the safetensors library. It is read here, because a reader of unknown files
needs tighter limits than that library has (its headers may take 100 MB) and no memory map, which
ends the process if the file is cut short meanwhile.
"""

import contextlib
import hashlib
import json
import math
import os
import stat
from pathlib import Path

import numpy as np

from sklearn_skd.deployment._atomic import replacing

__all__ = ["blaming", "read_archive", "write_archive"]

HEADER = "sklearn_skd"  # key in the metadata of the safetensors file: one, whose order is no matter
DIGEST = "sha256"  # key in the header

# Python takes some twenty times the bytes of a header of many small parts: these two bound it
MAX_HEADER = 2 * 2**20
MAX_PARTS = 100_000

MAX_SIDE, MAX_NDIM = 2**48, 8

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}


def write_archive(path, header, arrays):
    """Write a header and named arrays, so that a kill leaves the old file or the new one.

    Parameters
    ----------
    path : str or path-like
        The file.

    header : dict
        Of what JSON can say.

    arrays : dict of str to ndarray
        Numeric or boolean; names in ASCII.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    ValueError
        If there is more in the header than a reader takes.
    OSError
        As of :func:`replacing`.
    """
    from safetensors.numpy import save

    arrays = {name: _plain(array) for name, array in arrays.items()}
    digest = _digest(header)
    for name in sorted(arrays):
        _add(digest, name, arrays[name])
    text = _text({DIGEST: digest.hexdigest(), **header})
    with replacing(path) as temporary:
        # not its save_file, which writes elsewhere first, with permissions of its own
        temporary.write_bytes(save(arrays, metadata={HEADER: text}))
        with open(temporary, "rb") as file:
            _read_layout(file, temporary.stat().st_size)
    return Path(path)


def read_archive(path, *, check):
    """Read a header and named arrays; see :func:`blaming` for the errors.

    Parameters
    ----------
    path : str or path-like
        The file.

    check : callable
        Called with the header before any array is read; raises to end it.

    Returns
    -------
    header : dict

    arrays : dict of str to ndarray
        Writable, each with its own memory.
    """
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
        raise ValueError("it is no ordinary file.")  # opening a pipe would wait for ever
    with open(path, "rb") as file:
        text, layout, start = _read_layout(file, os.fstat(file.fileno()).st_size)
        header = _parse(text)
        check(header)
        checksum = header.pop(DIGEST, None)
        digest, arrays = _digest(header), {}
        for name in sorted(layout):
            arrays[name] = _read_array(file, start, *layout[name])
            _add(digest, name, arrays[name])
    if digest.hexdigest() != checksum:
        raise ValueError("its checksum is wrong: the file is damaged, fetch or save it again.")
    return header, {name: _native(array) for name, array in arrays.items()}


@contextlib.contextmanager
def blaming(path):
    """Turn whatever goes wrong with the content of a file into a ValueError that names the file."""
    try:
        yield
    except (OSError, ImportError):  # no such file, not allowed, a package is missing
        raise
    except RecursionError as error:
        raise ValueError(f"{path} cannot be loaded: it is nested too deeply.") from error
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{path} cannot be loaded: its content is damaged ({reason}).") from error


def _plain(array):
    """Contiguous and little-endian, of the same shape."""
    array = np.asarray(array, order="C")
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _native(array):
    if array.dtype == bool and array.view(np.uint8).max(initial=0) > 1:
        raise ValueError("a boolean array holds other bytes than 0 and 1.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _text(header):
    return json.dumps(header, allow_nan=False, separators=(",", ":"))


def _digest(header):
    return hashlib.sha256(_text(header).encode())


def _add(digest, name, array):
    digest.update(repr((name, _NAMES[array.dtype], array.shape)).encode())
    digest.update(array.reshape(-1).view(np.uint8))


def _read_layout(file, size):
    """Text of the header, {name: (dtype, shape, offset)}, and where the arrays start."""
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > size - 8:
        raise ValueError("it is no safetensors file, or it is cut short.")
    if length > MAX_HEADER:
        raise ValueError(f"its header takes {length} bytes; at most {MAX_HEADER} are read.")
    raw = file.read(length)
    if not (raw.startswith(b"{") and raw.isascii()):
        raise ValueError("it is no safetensors file of sklearn-skd.")
    if sum(map(raw.count, (b",", b"[", b"{"))) > MAX_PARTS:
        raise ValueError(f"its header has more than {MAX_PARTS} parts.")
    entries = _parse(raw.decode("ascii"))
    metadata = entries.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(HEADER), str):
        raise ValueError(
            "it was not written by sklearn_skd.save: the header has no entry of sklearn-skd."
        )
    layout = {name: _check_entry(entry) for name, entry in entries.items()}
    end = 0
    for offset, n_bytes in sorted((entry[2], _n_bytes(entry)) for entry in layout.values()):
        if offset != end:
            raise ValueError("its arrays overlap or leave gaps.")
        end += n_bytes
    if end != size - 8 - length:
        raise ValueError(
            f"its arrays take {end} bytes, but {size - 8 - length} are there: it is cut short, or "
            "something was added."
        )
    return metadata[HEADER], layout, 8 + length


def _check_entry(entry):
    """Type, shape and offset of an array, whose size agrees with what is said to be its end."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError("its header describes an array in a way that is not known.")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    sides = isinstance(shape, list) and len(shape) <= MAX_NDIM
    pair = isinstance(offsets, list) and len(offsets) == 2
    if not (isinstance(dtype, str) and dtype in _DTYPES and sides and pair):
        raise ValueError("its header describes an array in a way that is not known.")
    for number in (*shape, *offsets):
        if type(number) is not int or not 0 <= number < MAX_SIDE:
            raise ValueError(f"its header has a size of {str(number)[:20]}.")
    described = np.dtype(_DTYPES[dtype]), tuple(shape), offsets[0]
    if _n_bytes(described) != offsets[1] - offsets[0]:
        raise ValueError("its header gives an array another size than its shape.")
    return described


def _n_bytes(described):
    dtype, shape, _ = described
    return math.prod(shape) * dtype.itemsize


def _read_array(file, start, dtype, shape, offset):
    array = np.empty(shape, dtype=dtype)
    room = memoryview(array.reshape(-1).view(np.uint8))
    file.seek(start + offset)
    while len(room):
        n_read = file.readinto(room)
        if not n_read:
            raise ValueError("it was cut short while it was read.")
        room = room[n_read:]
    return array


def _parse(text):
    parsed = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    if not isinstance(parsed, dict):
        raise ValueError("its header is no object.")
    return parsed


def _unique(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("its header has a name twice.")
    return found


def _refuse(constant):
    raise ValueError(f"its header holds {constant}, which is no JSON.")
