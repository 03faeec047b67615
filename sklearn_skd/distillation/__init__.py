"""Credibility, selective weights and losses: functions of arrays and tensors (paper 3.2.2, 3.3).

Names are resolved on first use: functions of arrays do not load torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "credibility": ["credibility_score", "normalized_entropy", "source_consistency"],
        "knowledge": ["TeacherKnowledge"],
        "losses": ["ckd_loss", "cross_entropy", "dkd_loss", "kd_loss", "skd_loss", "soft_kl"],
        "weights": [
            "class_coefficients",
            "class_reliability",
            "fit_selective_weight",
            "selective_weight",
        ],
    },
)
