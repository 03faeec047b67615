"""The encoder of time series, light enough for two cores (paper eq. 1 and section 3.4)."""

import torch
from torch import nn

from sklearn_skd.networks.blocks import Standardize
from sklearn_skd.networks.source import frames_with_sound, nan_frames

__all__ = ["TemporalEncoder"]

CROP = 0.25  # share of the frames that a training step sees
MIN_FRAMES_TO_CROP = 128


class _SeparableConv(nn.Module):
    """Strided depthwise convolution over time, then a pointwise one over channels."""

    def __init__(self, n_in, n_out, kernel, stride):
        super().__init__()
        self.depthwise = nn.Conv1d(
            n_in, n_in, kernel, stride=stride, padding=kernel // 2, groups=n_in
        )
        self.pointwise = nn.Conv1d(n_in, n_out, 1)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x):
        return nn.functional.gelu(self.norm(self.pointwise(self.depthwise(x))))


class TemporalEncoder(nn.Module):
    """Standardised frames -> one representation every 16 frames.

    In training a quarter of the frames is cut out of each song, at random: the strongest
    augmentation found on small sets, at a quarter of the cost. Padding is set to the mean and
    reported as such.

    Parameters
    ----------
    source : Source
        Of kind "series".

    width : int
        Channels of the inner layers.

    dim : int
        Channels of the output.
    """

    STRIDES = (4, 2, 2)
    KERNELS = (9, 5, 5)

    def __init__(self, source, width, dim):
        super().__init__()
        self.standardize = Standardize(source.mean, source.scale)
        channels = (source.size, width, width, dim)
        self.layers = nn.Sequential(
            *(
                _SeparableConv(n_in, n_out, kernel, stride)
                for n_in, n_out, kernel, stride in zip(
                    channels, channels[1:], self.KERNELS, self.STRIDES, strict=False
                )
            )
        )

    @property
    def stride(self):
        """Frames between two steps of the output."""
        stride = 1
        for factor in self.STRIDES:
            stride *= factor
        return stride

    def forward(self, x):
        """Return (n, steps, dim) and the mask (n, steps) of the steps that are not padding."""
        sound = frames_with_sound(x)
        if self.training and x.shape[2] >= MIN_FRAMES_TO_CROP:
            x, sound = _random_crop(x, sound)
        known = (sound & ~nan_frames(x)).unsqueeze(1)
        x = torch.where(known, self.standardize(x), 0.0)
        return self.layers(x).transpose(1, 2), sound[:, :: self.stride]


def _random_crop(x, sound):
    """A stretch of each song, from where it has sound."""
    n, n_channels, n_frames = x.shape
    width = int(n_frames * CROP)
    room = (sound.sum(dim=1) - width).clamp_min(0)
    start = (torch.rand(n, device=x.device) * (room + 1)).long()
    frames = start.unsqueeze(1) + torch.arange(width, device=x.device)
    index = frames.unsqueeze(1).expand(n, n_channels, width)
    return x.gather(2, index), sound.gather(1, frames)
