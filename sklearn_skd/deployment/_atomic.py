"""Files that are written whole or not at all."""

import contextlib
import os
import uuid
from pathlib import Path

__all__ = ["replacing"]

# what a killed process leaves is known by this, and may be deleted when nobody is saving
UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def replacing(path):
    """Write a file so that others see the old one or the new one, never a part.

    The new file is written beside the old one, flushed to the disk and moved to its place in one
    step. After an error nothing is left of it, after a kill a file named ``.unfinished-*``.

    Parameters
    ----------
    path : str or path-like
        The file to write. A link is followed; an existing file keeps its permissions.

    Yields
    ------
    temporary : pathlib.Path
        An empty file in the same folder and with the same suffix, to be written by the caller.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    OSError
        If the folder cannot be written to, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_skd.deployment._atomic import replacing
    >>> scratch = tempfile.TemporaryDirectory()
    >>> path = Path(scratch.name) / "model.txt"
    >>> with replacing(path) as temporary:
    ...     _ = temporary.write_text("new")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('new', 1)
    >>> scratch.cleanup()
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist: create it first.")
    temporary = target.with_name(f"{UNFINISHED}{uuid.uuid4().hex}{target.suffix}")
    _create_like(target, temporary)
    try:
        yield temporary
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _create_like(target, temporary):
    """An empty file with the permissions of `target`, before anything secret is in it."""
    mode = target.stat().st_mode & 0o777 if target.exists() else None
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode or 0o666))
    if mode is not None:
        os.chmod(temporary, mode | 0o200)  # to be written to
