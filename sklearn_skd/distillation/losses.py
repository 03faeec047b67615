"""Distillation losses on tensors (paper section 3.3, eq. 7, and its baselines).

All share one form: logits of the student and of the teacher, and a target that is either a class
index a song (-1 = unlabelled) or a distribution over the classes (a row of zeros = unlabelled).
The KL divergence is summed over the classes, never averaged: averaging would divide it by K.
"""

import torch
import torch.nn.functional as F

__all__ = ["ckd_loss", "cross_entropy", "dkd_loss", "kd_loss", "skd_loss", "soft_kl"]


def cross_entropy(logits, target):
    """Cross-entropy of each song against an index or a distribution.

    Parameters
    ----------
    logits : torch.Tensor of shape (n_songs, n_classes)
        Unnormalised scores.

    target : torch.Tensor of shape (n_songs,) or (n_songs, n_classes)
        Class indices (-1 = unlabelled), or distributions (a row of zeros = unlabelled).

    Returns
    -------
    loss : torch.Tensor of shape (n_songs,)
        In nats; 0 for unlabelled songs.
    """
    if target.ndim == 1:
        return F.cross_entropy(logits, target.long(), ignore_index=-1, reduction="none")
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1)


def soft_kl(student_logits, teacher_logits, *, temperature, class_weight=None):
    r"""KL divergence of the softened distributions, times the squared temperature.

    Parameters
    ----------
    student_logits, teacher_logits : torch.Tensor of shape (n_songs, n_classes)
        Unnormalised scores; no gradient goes to the teacher.

    temperature : float
        :math:`\tau` of eq. 7; positive.

    class_weight : torch.Tensor of shape (n_songs, n_classes) or None, default=None
        :math:`\lambda_{ik}` of eq. 6. The weighted form is
        :math:`K \sum_k \lambda_{ik} (p_k \log(p_k / q_k) - p_k + q_k)`: each term is
        non-negative and zero at q = p only, so that the weights never move the optimum away
        from the teacher, as weighting the terms of KL alone would. With equal weights it is KL.

    Returns
    -------
    loss : torch.Tensor of shape (n_songs,)
        In nats.
    """
    log_p = F.log_softmax(teacher_logits.detach() / temperature, dim=1)
    log_q = F.log_softmax(student_logits / temperature, dim=1)
    p = log_p.exp()
    terms = p * (log_p - log_q)
    if class_weight is not None:
        terms = class_weight * terms.shape[1] * (terms - p + log_q.exp())
    return temperature**2 * terms.sum(dim=1)


def kd_loss(
    student_logits, teacher_logits, target, *, temperature=4.0, kd_weight=0.9, reduction="mean"
):
    r"""Knowledge distillation with one weight for all songs.

    .. math:: (1 - w) \mathrm{CE}(y, p^S) + w \tau^2 \mathrm{KL}(p^{T,\tau} \| p^{S,\tau})

    Parameters
    ----------
    student_logits, teacher_logits : torch.Tensor of shape (n_songs, n_classes)
        Unnormalised scores.

    target : torch.Tensor of shape (n_songs,) or (n_songs, n_classes)
        See :func:`cross_entropy`.

    temperature : float, default=4.0
        :math:`\tau`; positive.

    kd_weight : float, default=0.9
        :math:`w`, in [0, 1].

    reduction : {"mean", "sum", "none"}, default="mean"
        Over the songs.

    Returns
    -------
    loss : torch.Tensor
        A scalar, or of shape (n_songs,) for ``reduction="none"``.

    References
    ----------
    G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015.

    Examples
    --------
    >>> import torch
    >>> from sklearn_skd.distillation import kd_loss
    >>> z = torch.tensor([[1.0, 0.0]])
    >>> round(kd_loss(z, z, torch.tensor([0]), kd_weight=0.9).item(), 4)  # .1 CE, no KL
    0.0313
    """
    soft = soft_kl(student_logits, teacher_logits, temperature=temperature)
    hard = cross_entropy(student_logits, target)
    return _reduce(kd_weight * soft + (1 - kd_weight) * hard, reduction)


def dkd_loss(
    student_logits,
    teacher_logits,
    target,
    *,
    temperature=4.0,
    alpha=1.0,
    beta=8.0,
    reduction="mean",
):
    r"""Decoupled knowledge distillation.

    .. math:: \tau^2 \left[ \alpha \mathrm{KL}(b^T \| b^S)
              + \beta \mathrm{KL}(\hat p^T \| \hat p^S) \right]

    Here :math:`b` is the softened probability of the label against all other classes, and
    :math:`\hat p` the softened distribution among these others. The cross-entropy and the
    warm-up of the published method are added in training. An unlabelled song has no target
    class: its term is the undivided :math:`\tau^2 \mathrm{KL}(p^T \| p^S)`.

    Parameters
    ----------
    student_logits, teacher_logits : torch.Tensor of shape (n_songs, n_classes)
        Unnormalised scores. With two classes the second term is zero.

    target : torch.Tensor of shape (n_songs,) or (n_songs, n_classes)
        See :func:`cross_entropy`; of a distribution the largest share counts as the label.

    temperature : float, default=4.0
        :math:`\tau`; positive.

    alpha, beta : float, default=1.0, 8.0
        Weights of the two terms. The published defaults; 8 was tuned for 100 classes.

    reduction : {"mean", "sum", "none"}, default="mean"
        Over the songs.

    Returns
    -------
    loss : torch.Tensor
        A scalar, or of shape (n_songs,) for ``reduction="none"``.

    References
    ----------
    B. Zhao, Q. Cui, R. Song, Y. Qiu, J. Liang, "Decoupled knowledge distillation", CVPR 2022.

    Examples
    --------
    >>> import torch
    >>> from sklearn_skd.distillation import dkd_loss
    >>> z, y = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([0])
    >>> dkd_loss(z, z, y).item()  # the student agrees with the teacher
    0.0
    """
    if target.ndim == 2:
        target = torch.where(target.sum(dim=1) > 0, target.argmax(dim=1), -1)
    label = target.long().clamp(min=0)
    log_b_teacher, log_p_teacher = _decouple(teacher_logits.detach() / temperature, label)
    log_b_student, log_p_student = _decouple(student_logits / temperature, label)
    of_target = (log_b_teacher.exp() * (log_b_teacher - log_b_student)).sum(dim=1)
    of_others = (log_p_teacher.exp() * (log_p_teacher - log_p_student)).sum(dim=1)
    decoupled = temperature**2 * (alpha * of_target + beta * of_others)
    whole = soft_kl(student_logits, teacher_logits, temperature=temperature)
    return _reduce(torch.where(target < 0, whole, decoupled), reduction)


def _decouple(scores, label):
    """Log-probabilities of (label, not label), (n, 2), and among the other classes, (n, K - 1)."""
    of_label = F.one_hot(label, scores.shape[1]).bool()
    target = scores[of_label][:, None]
    others = scores[~of_label].view(len(scores), -1)
    rest = others.logsumexp(dim=1, keepdim=True)
    binary = F.log_softmax(torch.cat([target, rest], dim=1), dim=1)
    return binary, F.log_softmax(others, dim=1)


def ckd_loss(student_logits, teacher_logits, target, *, temperature=4.0, reduction="mean"):
    r"""Confidence-weighted knowledge distillation.

    .. math:: \omega_i \tau^2 \mathrm{KL}(p_i^{T,\tau} \| p_i^{S,\tau})
              + (1 - \omega_i) \mathrm{CE}(y_i, p_i^S), \quad \omega_i = \max_k p_{ik}^T

    The name stands for many methods without a canonical definition; this one weights every song
    by the top probability of the teacher and by nothing else.

    Parameters
    ----------
    student_logits, teacher_logits : torch.Tensor of shape (n_songs, n_classes)
        Unnormalised scores; the teacher's give :math:`\omega_i` at temperature 1.

    target : torch.Tensor of shape (n_songs,) or (n_songs, n_classes)
        See :func:`cross_entropy`.

    temperature : float, default=4.0
        :math:`\tau`; positive.

    reduction : {"mean", "sum", "none"}, default="mean"
        Over the songs.

    Returns
    -------
    loss : torch.Tensor
        A scalar, or of shape (n_songs,) for ``reduction="none"``.

    References
    ----------
    Relatives: S. Mishra, S. Sundaram, "Confidence conditioned knowledge distillation", 2021
    (arXiv:2107.06993); H. Zhou et al., "Rethinking soft labels for knowledge distillation: a
    bias-variance tradeoff perspective", ICLR 2021 (arXiv:2102.00650).

    Examples
    --------
    >>> import torch
    >>> from sklearn_skd.distillation import ckd_loss
    >>> z = torch.zeros(1, 4)  # a teacher that does not know weighs a quarter
    >>> round(ckd_loss(z, z, torch.tensor([0])).item(), 4)  # .75 log(4)
    1.0397
    """
    weight = F.softmax(teacher_logits.detach(), dim=1).amax(dim=1)
    return skd_loss(
        student_logits,
        teacher_logits,
        target,
        temperature=temperature,
        weight=weight,
        reduction=reduction,
    )


def skd_loss(
    student_logits,
    teacher_logits,
    target,
    *,
    temperature,
    weight,
    class_weight=None,
    student_hidden=None,
    teacher_hidden=None,
    mu=0.0,
    reduction="mean",
):
    r"""Selective knowledge distillation (eq. 7).

    .. math:: \omega_i \tau^2 \mathrm{KL}(p_i^{T,\tau} \| p_i^{S,\tau})
              + (1 - \omega_i) \mathrm{CE}(y_i, p_i^S)
              + \mu \omega_i \lVert g_i^T - g_i^S \rVert_2^2

    For unlabelled songs only the teacher speaks: their cross-entropy is 0.

    Parameters
    ----------
    student_logits, teacher_logits : torch.Tensor of shape (n_songs, n_classes)
        Unnormalised scores.

    target : torch.Tensor of shape (n_songs,) or (n_songs, n_classes)
        See :func:`cross_entropy`.

    temperature : float
        :math:`\tau`; positive.

    weight : torch.Tensor of shape (n_songs,)
        :math:`\omega_i` of eq. 5, in [0, 1].

    class_weight : torch.Tensor of shape (n_songs, n_classes) or None, default=None
        :math:`\lambda_{ik}` of eq. 6; see :func:`soft_kl`.

    student_hidden, teacher_hidden : torch.Tensor of shape (n_songs, n_hidden) or None
        :math:`g_i^S` (projected to the teacher's size) and :math:`g_i^T`. The squared distance
        is averaged over the dimensions, so that `mu` does not depend on their number. Rows of
        NaN in `teacher_hidden` (no such knowledge) do not count.

    mu : float, default=0.0
        Weight of the hidden representation.

    reduction : {"mean", "sum", "none"}, default="mean"
        Over the songs; the paper's eq. 7 is "sum".

    Returns
    -------
    loss : torch.Tensor
        A scalar, or of shape (n_songs,) for ``reduction="none"``.

    Examples
    --------
    >>> import torch
    >>> from sklearn_skd.distillation import skd_loss
    >>> z, y = torch.tensor([[1.0, 0.0]]), torch.tensor([0])
    >>> loss = skd_loss(z, z, y, temperature=2.0, weight=torch.tensor([0.25]))
    >>> round(loss.item(), 4)  # .75 CE, no KL
    0.2349
    """
    soft = soft_kl(
        student_logits, teacher_logits, temperature=temperature, class_weight=class_weight
    )
    loss = weight * soft + (1 - weight) * cross_entropy(student_logits, target)
    if mu > 0:
        if student_hidden is None or teacher_hidden is None:
            raise ValueError(f"mu={mu} needs student_hidden and teacher_hidden; or set mu=0.")
        # masked before squaring: NaN times a zero gradient would still be NaN
        unknown = teacher_hidden.isnan()
        gap = torch.where(unknown, 0.0, student_hidden - teacher_hidden.detach())
        loss = loss + mu * weight * gap.square().mean(dim=1)
    return _reduce(loss, reduction)


def _reduce(loss, reduction):
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}.")
    return loss.mean() if reduction == "mean" else loss.sum()
