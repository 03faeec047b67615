"""Credibility, selective weights and losses: functions of arrays and tensors (paper 3.2.2, 3.3).

Functions of arrays are imported at once, functions of tensors on first use.
"""

from .credibility import credibility_score, normalized_entropy, source_consistency
from .weights import (
    class_coefficients,
    class_reliability,
    fit_selective_weight,
    selective_weight,
)

_TENSOR_FUNCTIONS = ("cross_entropy", "kd_loss", "skd_loss", "soft_kl")

__all__ = sorted(
    [
        "class_coefficients",
        "class_reliability",
        "credibility_score",
        "fit_selective_weight",
        "normalized_entropy",
        "selective_weight",
        "source_consistency",
        *_TENSOR_FUNCTIONS,
    ]
)


def __getattr__(name):
    if name not in _TENSOR_FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import losses

    return getattr(losses, name)
