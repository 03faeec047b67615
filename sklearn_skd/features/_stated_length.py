"""How long a sound file says that it is, to tell a truncated file from a short song."""

import os
import re

# libsndfile's log, where the size in the header of WAV, AIFF, AU, W64 and RF64 is not the file's
_SIZES = re.compile(r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.M)

# headers of MP3; in Xing's the lowest flag says that the number of frames is there
_COUNTS = re.compile(rb"(?:Xing|Info)\0\0\0(?P<flags>.)|VBRI", re.S)

# sizes from here on are what programs write that did not know how much would follow
_PLACEHOLDER = 2**31 - 2**13

# libsndfile's number of samples where it knows none, as for FLAC written to a pipe, is 2**63 - 1
_UNKNOWN = 2**60

_LARGEST_OGG_PAGE = 65_307


def stated_length(reader, path):
    """Number of samples that the header of an open file states.

    Parameters
    ----------
    reader : soundfile.SoundFile
        Open at any position.
    path : str
        Where it lies.

    Returns
    -------
    length : int, float or None
        Samples a channel. None if the file states no length (streams, and MP3 without a Xing
        header, whose `reader.frames` is a guess); infinity if it states one by its end, which is
        missing (OGG).
    """
    if reader.frames > _UNKNOWN:
        return None
    try:
        if reader.format == "MP3":
            return reader.frames if _has_xing_header(path) else None
        if reader.format == "OGG":
            return reader.frames if _has_last_page(path) else float("inf")
    except OSError:  # removed meanwhile
        return None
    sizes = _SIZES.search(reader.extra_info)
    if sizes is None:
        return reader.frames
    stated, actual = map(int, sizes.groups())
    if stated >= _PLACEHOLDER or not actual:
        return None
    return reader.frames * stated // actual


def _has_xing_header(path):
    """Whether the first frame of an MP3, after its ID3 tags, says how many follow."""
    with open(path, "rb") as file:
        while (head := file.read(10))[:3] == b"ID3" and len(head) == 10:
            size = 0
            for byte in head[6:]:  # seven bits each
                size = size << 7 | byte & 127
            file.seek(size, os.SEEK_CUR)
        head += file.read(8192)
    found = _COUNTS.search(head)
    return found is not None and (found["flags"] is None or bool(found["flags"][0] & 1))


def _has_last_page(path):
    """Whether an Ogg file ends with a whole page that is marked as the last one."""
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 2 * _LARGEST_OGG_PAGE))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    lengths = page[27 : 27 + page[26]]
    return bool(page[5] & 4) and len(page) >= 27 + len(lengths) + sum(lengths)
