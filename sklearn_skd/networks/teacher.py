"""The multi-branch teacher with attention fusion (paper section 3.2.1, eq. 3)."""

import torch
from torch import nn

from sklearn_skd.networks.blocks import (
    EMBEDDING_DIM,
    CategoryEmbedding,
    Standardize,
    VectorEncoder,
    masked_softmax,
)
from sklearn_skd.networks.source import source_present
from sklearn_skd.networks.temporal import TemporalEncoder

__all__ = ["TeacherNet"]

WIDTH = 96  # channels of the temporal encoders
SHARED = 64  # dimensions of the shared emotion space
SOURCE_DROPOUT = 0.3  # chance that training hides a source of a song


class _TemporalAttention(nn.Module):
    """Weighted mean over the steps, the weights learned from their content."""

    def __init__(self, dim):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(dim, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, steps, mask):
        weight = masked_softmax(self.score(steps).squeeze(-1), mask)
        return (weight.unsqueeze(-1) * steps).sum(dim=1)


class _SeriesBranch(nn.Module):
    def __init__(self, source, dropout):
        super().__init__()
        self.encoder = TemporalEncoder(source, WIDTH, SHARED)
        self.attention = _TemporalAttention(SHARED)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        steps, mask = self.encoder(x.float())
        return self.dropout(self.attention(steps.to(_dtype(self.attention)), mask))


class _VectorBranch(nn.Sequential):
    def __init__(self, source, dropout):
        super().__init__(
            Standardize(source.mean, source.scale), VectorEncoder(source.size, SHARED, dropout)
        )

    def forward(self, x):
        standardize, encoder = self
        return encoder(torch.nan_to_num(standardize(x)))


class _CategoryBranch(nn.Sequential):
    def __init__(self, source, dropout):
        super().__init__(CategoryEmbedding(source.n_codes), nn.Dropout(dropout))


_BRANCHES = {
    "series": (_SeriesBranch, SHARED),
    "vector": (_VectorBranch, SHARED),
    "categories": (_CategoryBranch, EMBEDDING_DIM),
}


class TeacherNet(nn.Module):
    """Branches -> projections W_s -> attention over the sources -> hidden state and logits.

    For songs that lack a source, a learned projection of the culture vector stands in for it
    (section 3.1: "style and culture tags are introduced to compensate"), if there is one.

    Parameters
    ----------
    sources : sequence of Source
        The inputs, in the order of all outputs a source.

    n_classes : int
        Number of emotions K.

    dropout : float
        In [0, 1).
    """

    def __init__(self, sources, n_classes, dropout):
        super().__init__()
        self.sources = tuple(sources)
        self.branches = nn.ModuleList()
        self.projections = nn.ModuleList()
        for source in self.sources:
            branch, dim = _BRANCHES[source.kind]
            self.branches.append(branch(source, dropout))
            self.projections.append(nn.Sequential(nn.Linear(dim, SHARED), nn.LayerNorm(SHARED)))
        kinds = [source.kind for source in self.sources]
        self.culture = kinds.index("categories") if "categories" in kinds else None
        if self.culture is not None:
            self.stand_ins = nn.ModuleList(nn.Linear(SHARED, SHARED) for _ in self.sources)
        self.score = nn.Sequential(nn.Linear(SHARED, SHARED), nn.Tanh(), nn.Linear(SHARED, 1))
        self.hidden = nn.Sequential(nn.Linear(SHARED, SHARED), nn.GELU())
        self.output = nn.Sequential(nn.Dropout(dropout), nn.Linear(SHARED, n_classes))
        self.branch_outputs = nn.ModuleList(nn.Linear(SHARED, n_classes) for _ in self.sources)

    def forward(self, **inputs):
        """Map raw sources to a dict of tensors.

        Parameters
        ----------
        **inputs : torch.Tensor
            The raw sources by name, of shape (n, channels, frames), (n, features) or (n, fields).

        Returns
        -------
        dict
            logits (n, K), hidden (n, 64), branch_logits (n, S, K), present (n, S),
            source_attention (n, S).
        """
        present = torch.stack([source_present(s, inputs[s.name]) for s in self.sources], dim=1)
        if self.training:
            present = _hide_sources(present)
        tokens = torch.stack(
            [
                projection(branch(inputs[source.name]))
                for source, branch, projection in zip(
                    self.sources, self.branches, self.projections, strict=True
                )
            ],
            dim=1,
        )
        branch_logits = torch.stack(
            [head(tokens[:, s]) for s, head in enumerate(self.branch_outputs)], dim=1
        )
        tokens, usable = self._stand_in(tokens, present)
        attention = masked_softmax(self.score(tokens).squeeze(-1), usable)
        hidden = self.hidden((attention.unsqueeze(-1) * tokens).sum(dim=1))
        return {
            "logits": self.output(hidden),
            "hidden": hidden,
            "branch_logits": branch_logits,
            "present": present,
            "source_attention": attention,
        }

    def _stand_in(self, tokens, present):
        """Let the culture token speak for absent sources."""
        if self.culture is None:
            return tokens, present
        culture = tokens[:, self.culture]
        replaced = torch.stack([stand_in(culture) for stand_in in self.stand_ins], dim=1)
        tokens = torch.where(present.unsqueeze(-1), tokens, replaced)
        return tokens, present | present[:, [self.culture]]


def _hide_sources(present):
    """Hide sources at random, but never a song's last one."""
    hidden = present & (torch.rand(present.shape, device=present.device) < SOURCE_DROPOUT)
    kept = present & ~hidden
    return torch.where(kept.any(dim=1, keepdim=True), kept, present)


def _dtype(module):
    return next(module.parameters()).dtype
