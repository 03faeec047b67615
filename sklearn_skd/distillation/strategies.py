"""The strategies that a student can learn by (paper section 4.3): one function, one line each.

A strategy maps the student's outputs, a batch of targets and the student's parameters to the loss
of each song. The batch holds ``target``, ``teacher_logits``, ``weight`` and, where it is matched,
``teacher_hidden``.
"""

from sklearn_skd.distillation.losses import cross_entropy, kd_loss, skd_loss

__all__ = ["STRATEGIES"]


def student_only(outputs, batch, params):
    """Labels alone."""
    return cross_entropy(outputs["logits"], batch["target"])


def kd(outputs, batch, params):
    """The teacher with the same weight for all songs."""
    return kd_loss(
        outputs["logits"],
        batch["teacher_logits"],
        batch["target"],
        temperature=params["temperature"],
        kd_weight=params["kd_weight"],
        reduction="none",
    )


def skd(outputs, batch, params):
    """The teacher as far as it is credible (eq. 7)."""
    return skd_loss(
        outputs["logits"],
        batch["teacher_logits"],
        batch["target"],
        temperature=params["temperature"],
        weight=batch["weight"],
        student_hidden=outputs["hidden"],
        teacher_hidden=batch.get("teacher_hidden"),
        mu=params["mu"],
        reduction="none",
    )


STRATEGIES = {
    "student-only": student_only,
    "kd": kd,
    "skd": skd,
}
