"""Some of the songs, without a copy of those that lie in a file."""

import math

import numpy as np

__all__ = ["MappedRows", "blocks", "take", "take_songs"]

BLOCK = 64  # songs that are looked at together


class MappedRows:
    """Some songs of a time series in a file; they are read when they are asked for.

    Parameters
    ----------
    values : ndarray of shape (n_songs, channels, frames)
        A memmap, or a view of one.

    rows : ndarray of int
        The songs, in their order.
    """

    def __init__(self, values, rows):
        self.values, self.rows = values, rows

    @property
    def dtype(self):
        return self.values.dtype

    @property
    def ndim(self):
        return self.values.ndim

    @property
    def shape(self):
        return len(self.rows), *self.values.shape[1:]

    @property
    def size(self):
        return math.prod(self.shape)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, rows):
        return self.values[self.rows[rows]]

    def __iter__(self):
        return (self.values[row] for row in self.rows)


def take(values, rows):
    """Some songs of one source.

    Parameters
    ----------
    values : ndarray or MappedRows
        One row a song.

    rows : ndarray of int
        The songs wanted.

    Returns
    -------
    values : ndarray or MappedRows
        MappedRows for a float32 time series in a file.
    """
    if isinstance(values, MappedRows):
        return MappedRows(values.values, values.rows[rows])
    if values.ndim == 3 and values.dtype == np.float32 and _lies_in_file(values):
        return MappedRows(values, np.arange(len(values))[rows])
    return values[rows]


def take_songs(sources, rows):
    """Some songs of all sources, a dict; see :func:`take`."""
    return {name: take(values, rows) for name, values in sources.items()}


def blocks(values):
    """Yield (position of the first song, ndarray) of a few songs at a time."""
    for start in range(0, len(values), BLOCK):
        yield start, values[start : start + BLOCK]


def _lies_in_file(values):
    while values is not None and not isinstance(values, np.memmap):
        values = getattr(values, "base", None)
    return values is not None
