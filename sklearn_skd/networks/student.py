"""The light student with reliability-guided pooling (paper section 3.4, Fig. 4, eq. 8)."""

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

__all__ = ["GuidedPooling", "SelectiveWeight", "StudentNet"]

WIDTH = 64  # channels of the temporal encoder
VECTOR = 32  # dimensions of an encoded vector
FUSED = 48  # dimensions of the fusion layer


class GuidedPooling(nn.Module):
    r"""Pool steps to one vector, guided by the credibility of the song (eq. 8).

    .. math:: \rho_{it} \propto \exp(w_p^T \tanh(W_u u_{it} + W_r r_i)), \quad
              v_i = \sum_t \rho_{it} u_{it}

    Parameters
    ----------
    dim : int
        Size of :math:`u_{it}`.

    hidden : int, default=32
        Rows of :math:`W_u` and :math:`W_r`.
    """

    def __init__(self, dim, hidden=32):
        super().__init__()
        self.from_step = nn.Linear(dim, hidden)
        self.from_credibility = nn.Linear(1, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, steps, mask, credibility):
        """Pool the steps of each song.

        Parameters
        ----------
        steps : torch.Tensor of shape (n, n_steps, dim)
            :math:`u_{it}`.

        mask : torch.Tensor of bool, shape (n, n_steps)
            Steps that are not padding.

        credibility : torch.Tensor of shape (n,)
            :math:`r_i`, in [0, 1].

        Returns
        -------
        pooled : torch.Tensor of shape (n, dim)
            :math:`v_i`.

        rho : torch.Tensor of shape (n, n_steps)
            Rows sum to 1; 0 in padding.
        """
        guide = self.from_credibility(credibility.view(-1, 1, 1))
        score = self.score(torch.tanh(self.from_step(steps) + guide)).squeeze(-1)
        rho = masked_softmax(score, mask)
        return (rho.unsqueeze(-1) * steps).sum(dim=1), rho


class SelectiveWeight(nn.Module):
    r"""theta and bias of eq. 5 as parameters of the net, for joint training with it.

    Parameters
    ----------
    mean_weight : float
        Where :math:`\sigma(b_\omega)` starts, in (0, 1); :math:`\theta` starts at 0.1.
    """

    def __init__(self, mean_weight):
        super().__init__()
        start = torch.full((3,), 0.1)
        self.raw_theta = nn.Parameter(start.expm1().log())
        self.bias = nn.Parameter(torch.logit(torch.tensor(float(mean_weight))))

    @property
    def theta(self):
        """Non-negative, as eq. 5 reads its signs."""
        return nn.functional.softplus(self.raw_theta)


class StudentNet(nn.Module):
    """Encoders -> guided pooling -> low-dimensional fusion -> logits, and the credibility.

    Parameters
    ----------
    sources : sequence of Source
        The inputs.

    n_classes : int
        Number of emotions K.

    dropout : float
        In [0, 1).

    hint_dim : int, default=0
        Size of the teacher's hidden state to be matched in training (mu > 0); 0 = not matched.

    mean_weight : float or None, default=None
        Where the mean of the selective weight starts that is trained jointly; None = not trained.
    """

    def __init__(self, sources, n_classes, dropout, hint_dim=0, mean_weight=None):
        super().__init__()
        self.sources = tuple(sources)
        self.encoders = nn.ModuleList()
        self.pools = nn.ModuleDict()  # by position: not every name of a source may be a key
        size = 0
        for position, source in enumerate(self.sources):
            if source.kind == "series":
                self.encoders.append(TemporalEncoder(source, WIDTH, WIDTH))
                self.pools[str(position)] = GuidedPooling(WIDTH)
                size += WIDTH
            elif source.kind == "vector":
                standardize = Standardize(source.mean, source.scale)
                encoder = VectorEncoder(source.size, VECTOR, dropout)
                self.encoders.append(nn.ModuleList([standardize, encoder]))
                size += VECTOR
            else:
                self.encoders.append(CategoryEmbedding(source.n_codes))
                size += EMBEDDING_DIM
        self.credibility = nn.Sequential(nn.Linear(size, 16), nn.GELU(), nn.Linear(16, 1))
        self.fusion = nn.Sequential(nn.Dropout(dropout), nn.Linear(size, FUSED), nn.GELU())
        self.output = nn.Sequential(nn.Dropout(dropout), nn.Linear(FUSED, n_classes))
        self.hint = nn.Linear(FUSED, hint_dim) if hint_dim else None
        self.selective = None if mean_weight is None else SelectiveWeight(mean_weight)

    def forward(self, **inputs):
        """Map raw sources to a dict of tensors.

        Parameters
        ----------
        **inputs : torch.Tensor
            The raw sources by name, of shape (n, channels, frames), (n, features) or (n, fields).

        Returns
        -------
        dict
            logits (n, K), hidden (n, 48), credibility (n,) in [0, 1] and, for the first time
            series, attention (n, steps); in joint training also theta (3,) and bias ().
        """
        encoded, steps = self._encode(inputs)
        credibility = self._predict_credibility(encoded)
        pooled, attention = self._pool(encoded, steps, credibility.detach())
        hidden = self.fusion(torch.cat(pooled, dim=1))
        out = {
            "logits": self.output(hidden),
            "hidden": hidden if self.hint is None else self.hint(hidden),
            "credibility": credibility,
        }
        if attention:
            out["attention"] = attention[0]
        if self.training and self.selective is not None:
            out["theta"], out["bias"] = self.selective.theta, self.selective.bias
        return out

    def timeline(self, **inputs):
        """Logits of each step, as if the whole song sounded like it.

        Parameters
        ----------
        **inputs : torch.Tensor
            The raw sources by name, of shape (n, channels, frames), (n, features) or (n, fields).

        Returns
        -------
        logits : torch.Tensor of shape (n, n_steps, K)
        """
        encoded, steps = self._encode(inputs)
        credibility = self._predict_credibility(encoded)
        pooled, _ = self._pool(encoded, steps, credibility)
        n, n_steps, _ = steps[0][1].shape
        at_step, first = [], steps[0][0]
        for position, vector in enumerate(pooled):
            spread = vector.unsqueeze(1).expand(n, n_steps, vector.shape[1])
            at_step.append(steps[0][1] if position == first else spread)
        return self.output(self.fusion(torch.cat(at_step, dim=2)))

    def _encode(self, inputs):
        """Encode each source (time series: mean over the steps); absent sources are 0."""
        dtype = self.output[-1].weight.dtype
        encoded, steps = [], []
        for position, (source, encoder) in enumerate(zip(self.sources, self.encoders, strict=True)):
            values = inputs[source.name]
            present = source_present(source, values)
            if source.kind == "series":
                hidden, mask = encoder(values.float())
                hidden = hidden.to(dtype) * present.view(-1, 1, 1)
                steps.append((position, hidden, mask))
                share = mask / mask.sum(dim=1, keepdim=True)
                encoded.append((hidden * share.unsqueeze(-1).to(dtype)).sum(dim=1))
            elif source.kind == "vector":
                standardize, layers = encoder
                vector = layers(torch.nan_to_num(standardize(values)))
                encoded.append(vector * present.unsqueeze(1))
            else:
                encoded.append(encoder(values))
        return encoded, steps

    def _predict_credibility(self, encoded):
        # Detached: learning to predict r must not bend what the emotions are read from.
        features = torch.cat([vector.detach() for vector in encoded], dim=1)
        return torch.sigmoid(self.credibility(features)).squeeze(1)

    def _pool(self, encoded, steps, credibility):
        """Replace the means over the steps by eq. 8."""
        pooled, attention = list(encoded), []
        for position, hidden, mask in steps:
            pooled[position], rho = self.pools[str(position)](hidden, mask, credibility)
            attention.append(rho)
        return pooled, attention
