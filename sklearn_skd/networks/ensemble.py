"""Several nets of one kind that speak with one voice."""

import torch
from torch import nn

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """Mean of the members' outputs; their hidden states side by side.

    Logits are averaged, so the softmax is the normalised geometric mean of the members'
    probabilities.

    Parameters
    ----------
    members : sequence of torch.nn.Module
        Nets whose forward returns a dict of tensors.
    """

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def sources(self):
        """The inputs of every member."""
        return self.members[0].sources

    def forward(self, **inputs):
        """Mean of the members' outputs.

        Parameters
        ----------
        **inputs : torch.Tensor
            The raw sources by name, of shape (n, channels, frames), (n, features) or (n, fields).

        Returns
        -------
        dict
            As of each member; ``hidden`` has the members' side by side.
        """
        outputs = [member(**inputs) for member in self.members]
        if len(outputs) == 1:
            return outputs[0]
        merged = {}
        for key, first in outputs[0].items():
            values = [output[key] for output in outputs]
            if key == "hidden":
                merged[key] = torch.cat(values, dim=1)
            elif first.dtype == torch.bool:
                merged[key] = first
            else:
                merged[key] = torch.stack(values).mean(dim=0)
        return merged

    def timeline(self, **inputs):
        """Mean of the members' logits of each step.

        Parameters
        ----------
        **inputs : torch.Tensor
            The raw sources by name, of shape (n, channels, frames), (n, features) or (n, fields).

        Returns
        -------
        logits : torch.Tensor of shape (n, n_steps, K)
        """
        return torch.stack([member.timeline(**inputs) for member in self.members]).mean(dim=0)
