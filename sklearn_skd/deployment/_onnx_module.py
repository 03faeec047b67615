"""The student as one function of tensors, the way it is exported."""

import copy

import torch
from torch import nn

from sklearn_skd.networks.blocks import Standardize

__all__ = ["ExportedStudent", "example_inputs", "typical_inputs"]

# what the graph is traced with; neither is special (0 and 1 would be)
N_SONGS = 2
N_FRAMES = 48


class ExportedStudent(nn.Module):
    """Sources in, calibrated probabilities, credibility and attention out.

    Parameters
    ----------
    parts : Parts
        Of :func:`take_apart`.

    credibility : bool
        Whether the student learned any; else that output is NaN.

    timeline : bool
        Whether the probabilities at each step are a last output.

    front_ends : dict of str to torch.nn.Module
        From the input of a source to the source, for those that are not read as they are.
    """

    def __init__(self, parts, *, credibility, timeline, front_ends):
        super().__init__()
        self.net = single_precision(parts.student.net_)
        self.names = [source.name for source in self.net.sources]
        self.front_ends = nn.ModuleList(front_ends.get(name, nn.Identity()) for name in self.names)
        self.has_credibility, self.has_timeline = credibility, timeline
        self.register_buffer("slope", torch.tensor(1 / parts.temperature, dtype=torch.float32))
        self.register_buffer("bias", torch.as_tensor(parts.bias).float())
        self.eval()

    def forward(self, *inputs):
        """Map the sources, in the order of the net, to a tuple of the outputs."""
        sources = {
            name: front_end(values)
            for name, front_end, values in zip(self.names, self.front_ends, inputs, strict=True)
        }
        out = self.net(**sources)
        credibility = out["credibility"]
        if not self.has_credibility:
            credibility = torch.full_like(credibility, torch.nan)
        outputs = [self._calibrate(out["logits"]), credibility]
        if "attention" in out:
            outputs.append(out["attention"])
        if self.has_timeline:
            outputs.append(self._calibrate(self.net.timeline(**sources)))
        return tuple(outputs)

    def _calibrate(self, logits):
        return torch.softmax(logits * self.slope + self.bias, dim=-1)


class _PreciseStandardize(nn.Module):
    """Standardise a vector in float64: one of a large mean and a small deviation needs it."""

    def __init__(self, standardize):
        super().__init__()
        self.standardize = standardize.double()

    def forward(self, x):
        return self.standardize(x).float()


def single_precision(net):
    """A copy of an ensemble in float32, but for the standardisation of its vectors."""
    net = copy.deepcopy(net).float().eval()
    for member in net.members:
        for encoder in member.encoders:
            if isinstance(encoder, nn.ModuleList) and isinstance(encoder[0], Standardize):
                encoder[0] = _PreciseStandardize(encoder[0])
    return net


def example_inputs(sources, front_ends):
    """Tensors to trace with, and which of their dimensions may vary.

    Parameters
    ----------
    sources : sequence of Source
        Of the net.

    front_ends : dict of str to torch.nn.Module
        As of :class:`ExportedStudent`; each has ``n_samples``.

    Returns
    -------
    inputs : tuple of torch.Tensor

    dynamic : tuple of dict
        From dimension to its name and largest size (None: any), one a tensor.
    """
    inputs, dynamic = [], []
    for position, source in enumerate(sources):
        free = {0: ("n", None)}
        if source.name in front_ends:
            most = front_ends[source.name].n_samples
            values = torch.zeros(N_SONGS, most)
            free[1] = f"samples_{position}", most
        elif source.kind == "series":
            values = torch.zeros(N_SONGS, source.size, N_FRAMES)
            free[2] = f"frames_{position}", None
        elif source.kind == "vector":
            values = torch.zeros(N_SONGS, source.size)
        else:
            values = torch.zeros(N_SONGS, source.size, dtype=torch.int64)
        inputs.append(values)
        dynamic.append(free)
    return tuple(inputs), tuple(dynamic)


def typical_inputs(sources, front_ends, n_songs=3):
    """Made-up songs with the statistics of the training songs, to compare answers on.

    Parameters
    ----------
    sources, front_ends
        As of :func:`example_inputs`.

    n_songs : int, default=3
        Another number than the graph was traced with.

    Returns
    -------
    inputs : list of torch.Tensor
    """
    generator = torch.Generator().manual_seed(0)
    typical = []
    for source, values in zip(sources, example_inputs(sources, front_ends)[0], strict=True):
        shape = (n_songs, *values.shape[1:])
        if source.kind == "categories":
            typical.append(torch.ones(shape, dtype=values.dtype))
            continue
        values = torch.randn(shape, generator=generator)
        if source.name in front_ends:
            typical.append(0.1 * values)
            continue
        across = (1, -1) + (1,) * (values.ndim - 2)
        mean, scale = (torch.tensor(s).float().view(across) for s in (source.mean, source.scale))
        typical.append(mean + scale * values)
    return typical
