"""Parts that the teacher and the student share (paper sections 3.2.1 and 3.4)."""

import math

import numpy as np
import torch
from torch import nn

__all__ = [
    "EMBEDDING_DIM",
    "CategoryEmbedding",
    "Standardize",
    "VectorEncoder",
    "masked_softmax",
]

EMBEDDING_DIM = 32  # Table 2 of the paper: all culture labels together in 32 dimensions


class Standardize(nn.Module):
    """``(x - mean) / scale`` with statistics of the training songs (eq. 2).

    Parameters
    ----------
    mean, scale : array-like of shape (n_features,)
        Along axis 1 of the input.
    """

    def __init__(self, mean, scale):
        super().__init__()
        mean, scale = (np.asarray(a, dtype=np.float64) for a in (mean, scale))
        # as one multiplication and addition: half the passes over a spectrogram
        self.register_buffer("slope", torch.as_tensor(1 / scale, dtype=torch.float32))
        self.register_buffer("offset", torch.as_tensor(-mean / scale, dtype=torch.float32))

    def forward(self, x):
        shape = (1, -1) + (1,) * (x.ndim - 2)
        x = x.to(self.slope.dtype)
        return torch.addcmul(self.offset.view(shape), x, self.slope.view(shape))


class CategoryEmbedding(nn.Module):
    """Sum of one embedding a field, normalised: all fields together in 32 dimensions.

    Code 0 (unknown or missing) is the zero vector, so a field that says nothing adds nothing.

    Parameters
    ----------
    n_codes : sequence of int
        Number of codes of each field, the 0 included.

    dim : int, default=32
        Size of the embedding.
    """

    def __init__(self, n_codes, dim=EMBEDDING_DIM):
        super().__init__()
        n_codes = np.array(n_codes, dtype=np.int64)
        self.register_buffer("n_codes", torch.as_tensor(n_codes))
        self.register_buffer("offsets", torch.as_tensor(np.cumsum(n_codes) - n_codes))
        self.table = nn.Embedding(sum(map(int, n_codes)), dim)
        nn.init.normal_(self.table.weight, std=1 / math.sqrt(len(n_codes)))

    def forward(self, codes):
        known = (codes > 0) & (codes < self.n_codes)
        rows = torch.where(known, codes, 0) + self.offsets
        embedded = (self.table(rows) * known.unsqueeze(-1)).sum(dim=1)
        return nn.functional.layer_norm(embedded, embedded.shape[-1:])


class VectorEncoder(nn.Module):
    """Standardised vector -> dropout -> linear -> GELU -> dropout.

    Parameters
    ----------
    n_features : int
        Size of the input.

    dim : int
        Size of the output.

    dropout : float
        In [0, 1); on the input and on the output.
    """

    def __init__(self, n_features, dim, dropout):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(n_features, dim),
            nn.GELU(),
            nn.Dropout(dropout),
        )

    def forward(self, x):
        return self.layers(x)


def masked_softmax(score, mask):
    """Softmax over the last axis where `mask` is true; rows with nothing to weigh are all 0."""
    score = score.masked_fill(~mask, -torch.inf)
    peak = score.amax(dim=-1, keepdim=True)
    weight = torch.exp(score - torch.where(peak.isfinite(), peak, 0.0)) * mask
    return weight / weight.sum(dim=-1, keepdim=True).clamp_min(1e-12)
