"""Credibility, selective weights and losses: functions of arrays and tensors (paper 3.2.2, 3.3).

Functions of arrays are imported at once, functions of tensors on first use.
"""

from .credibility import credibility_score, normalized_entropy, source_consistency
from .knowledge import TeacherKnowledge
from .weights import (
    class_coefficients,
    class_reliability,
    fit_selective_weight,
    selective_weight,
)

_TENSOR_FUNCTIONS = ("cross_entropy", "kd_loss", "skd_loss", "soft_kl")

__all__ = [
    "TeacherKnowledge",
    "class_coefficients",
    "class_reliability",
    "credibility_score",
    "cross_entropy",
    "fit_selective_weight",
    "kd_loss",
    "normalized_entropy",
    "selective_weight",
    "skd_loss",
    "soft_kl",
    "source_consistency",
]


def __getattr__(name):
    if name not in _TENSOR_FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import losses

    return getattr(losses, name)
