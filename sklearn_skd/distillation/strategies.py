"""The strategies that a student can learn by (paper section 4.3): one function, one line each.

A strategy maps the student's outputs, a batch of targets and the student's parameters to the loss
of each song. The batch holds ``target`` (a distribution, zeros = unlabelled), ``code`` (the label,
-1 = unlabelled), ``teacher_logits``, ``weight``, the number of the ``epoch`` and, where they are
needed, ``signals`` (r, s, -e), ``class_reliability`` and ``teacher_hidden``.
"""

import torch
import torch.nn.functional as F

from sklearn_skd.distillation.losses import (
    ckd_loss,
    cross_entropy,
    dkd_loss,
    kd_loss,
    skd_loss,
)

__all__ = ["STRATEGIES", "student_loss"]

CREDIBILITY_LOSS = 0.1  # weight of learning to predict r
DKD_WARM_UP = 12  # the published 20 of 240 epochs


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


def dkd(outputs, batch, params):
    """Target class and other classes of the teacher decoupled, after a warm-up."""
    soft = dkd_loss(
        outputs["logits"],
        batch["teacher_logits"],
        batch["code"],
        temperature=params["temperature"],
        alpha=params["dkd_alpha"],
        beta=params["dkd_beta"],
        reduction="none",
    )
    warm_up = min(DKD_WARM_UP * batch["epoch"] / params["max_epochs"], 1.0)
    return cross_entropy(outputs["logits"], batch["target"]) + warm_up * soft


def ckd(outputs, batch, params):
    """The teacher as far as it is sure of itself."""
    return ckd_loss(
        outputs["logits"],
        batch["teacher_logits"],
        batch["target"],
        temperature=params["temperature"],
        reduction="none",
    )


def skd(outputs, batch, params):
    """The teacher as far as it is credible (eq. 7)."""
    weight, class_weight = batch["weight"], None
    if "theta" in outputs:  # learnt along with the student
        weight = torch.sigmoid(batch["signals"] @ outputs["theta"] + outputs["bias"])
    if "class_reliability" in batch:  # eq. 6
        proba = F.softmax(batch["teacher_logits"], dim=1)
        class_weight = F.softmax(weight[:, None] * proba * batch["class_reliability"], dim=1)
    return skd_loss(
        outputs["logits"],
        batch["teacher_logits"],
        batch["target"],
        temperature=params["temperature"],
        weight=weight,
        class_weight=class_weight,
        student_hidden=outputs["hidden"],
        teacher_hidden=batch.get("teacher_hidden"),
        mu=params["mu"],
        reduction="none",
    )


STRATEGIES = {
    "student-only": student_only,
    "kd": kd,
    "dkd": dkd,
    "ckd": ckd,
    "skd": skd,
}


def student_loss(outputs, batch, *, strategy, params):
    """Loss of a batch: the strategy's, and that of predicting the credibility.

    Parameters
    ----------
    outputs : dict of torch.Tensor
        Of :class:`StudentNet`.

    batch : dict of torch.Tensor
        See above; also ``credibility`` and
        ``sample_weight``, both (n,).

    strategy : str
        A key of STRATEGIES.

    params : dict
        The student's parameters that strategies read.

    Returns
    -------
    loss : torch.Tensor
        A scalar.
    """
    loss = STRATEGIES[strategy](outputs, batch, params)
    target = batch["credibility"]
    known = ~target.isnan()
    predicted = outputs["credibility"].clamp(1e-6, 1 - 1e-6)
    target = torch.where(known, target.clamp(0, 1), 0.5)
    credibility = F.binary_cross_entropy(predicted, target, reduction="none") * known
    return ((loss + CREDIBILITY_LOSS * credibility) * batch["sample_weight"]).mean()
