"""Sound files that can be trusted: written whole or not at all, checked before they are reused."""

import hashlib
import json
import os
import uuid
import zlib
from pathlib import Path

import soundfile

_MANIFEST = "songs.json"
_BLOCK = 16_384  # frames: libsndfile crashes when given a long stereo Vorbis stream in one call
_SUBTYPE = {"flac": "PCM_16", "ogg": "VORBIS"}
_REFLECTED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def song_folder(data_home, **parameters):
    """Folder of the songs made with `parameters`: a different one for different parameters.

    `data_home` None means the environment variable ``SKLEARN_SKD_DATA`` or ``~/sklearn_skd_data``.
    """
    if data_home is None:
        data_home = os.environ.get("SKLEARN_SKD_DATA") or Path.home() / "sklearn_skd_data"
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    return Path(data_home).expanduser().resolve() / "make_songs" / digest[:16]


def invalid_files(folder, names):
    """Those of `names` that are missing in `folder` or not what its manifest says.

    Without a manifest, which is written last, nothing in the folder is trusted.
    """
    try:
        known = json.loads((folder / _MANIFEST).read_text())
    except (FileNotFoundError, ValueError):
        return list(names)
    return [name for name in names if _digest(folder / name) != known.get(name, "unknown")]


def write_manifest(folder, names):
    """Record the content of the files, once all of them are there."""
    content = {name: _digest(folder / name) for name in names}
    _replace(folder / _MANIFEST, lambda path: path.write_text(json.dumps(content)))


def write_sound(path, sound, rate):
    """Write a waveform of shape (n_samples, channels) as FLAC or OGG/Vorbis, by its suffix.

    The same waveform gives the same bytes.
    """
    suffix = path.suffix[1:]

    def write(temporary):
        with soundfile.SoundFile(
            str(temporary),
            "w",
            samplerate=rate,
            channels=sound.shape[1],
            format=suffix.upper(),
            subtype=_SUBTYPE[suffix],
        ) as file:
            for start in range(0, len(sound), _BLOCK):
                file.write(sound[start : start + _BLOCK])
        if suffix == "ogg":
            temporary.write_bytes(_without_serial(temporary.read_bytes()))

    _replace(path, write)


def _replace(path, write):
    """Let `write` fill a temporary file beside `path`, then put it in place in one step."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _without_serial(stream):
    """An Ogg stream with serial number 0; libsndfile draws one at random for each file."""
    pages, start = [], 0
    while start < len(stream):
        n_segments = stream[start + 26]
        end = start + 27 + n_segments + sum(stream[start + 27 : start + 27 + n_segments])
        page = bytearray(stream[start:end])
        page[14:18] = page[22:26] = bytes(4)  # serial number and checksum
        page[22:26] = _ogg_checksum(page)
        pages.append(bytes(page))
        start = end
    return b"".join(pages)


def _ogg_checksum(page):
    """CRC-32 as Ogg wants it: zlib's with bits in the other order, from 0 and not inverted."""
    crc = zlib.crc32(page.translate(_REFLECTED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return bytes(_REFLECTED[byte] for byte in crc.to_bytes(4, "big"))
