"""What a network must know about one of its inputs (paper section 3.1)."""

from dataclasses import dataclass

import torch

__all__ = ["Source", "frames_with_sound", "nan_frames", "source_present"]


@dataclass(frozen=True)
class Source:
    """One named input.

    Attributes
    ----------
    name : str
        Key of the input.

    kind : {"series", "vector", "categories"}
        Float (n, channels, frames), float (n, features) or integer (n, fields).

    size : int
        Number of channels, features or fields.

    mean, scale : tuple of float
        Statistics of the training songs (eq. 2) a channel or feature; empty for categories.

    n_codes : tuple of int
        Number of codes a field, the 0 (unknown) included; empty unless categories.

    flagged : bool
        Whether the last feature of a vector says if the song has this source (1) or not (0).
    """

    name: str
    kind: str
    size: int
    mean: tuple = ()
    scale: tuple = ()
    n_codes: tuple = ()
    flagged: bool = False


def source_present(source, values):
    """Which songs have the source: not all NaN, flag set, or any known code.

    Parameters
    ----------
    source : Source
        Description of the input.

    values : torch.Tensor of shape (n_songs, ...)
        The raw input.

    Returns
    -------
    present : torch.Tensor of bool, shape (n_songs,)
    """
    if source.kind == "categories":
        known = (values > 0) & (values < values.new_tensor(source.n_codes))
        return known.any(dim=1)
    if source.kind == "series":
        return ~nan_frames(values).all(dim=1)
    present = ~values.isnan().all(dim=1)
    return present & (values[:, -1] != 0) if source.flagged else present


def nan_frames(values):
    """Which frames (n_songs, n_frames) of a time series are NaN, in all channels or in none."""
    return values[:, 0].isnan()


def frames_with_sound(values):
    """Which frames of a time series are not padding.

    Padding is the run at the end of frames that are NaN or, with several channels, equal in all
    channels: silence appended to a short clip is ``log(eps)`` in every mel band. A song of
    nothing else counts as sound throughout, so that there is something to pool.

    Parameters
    ----------
    values : torch.Tensor of shape (n_songs, n_channels, n_frames)
        The raw input.

    Returns
    -------
    sound : torch.Tensor of bool, shape (n_songs, n_frames)
    """
    silent = nan_frames(values)
    if values.shape[1] > 1:
        silent = silent | (values.amax(dim=1) == values.amin(dim=1))
    frame = torch.arange(values.shape[2], device=values.device)
    last = torch.where(silent, -1, frame).amax(dim=1, keepdim=True)
    return (frame <= last) | (last < 0)
