"""Losses (eq. 7) against numbers worked by hand, and their gradients."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.special import softmax

from sklearn_skd.distillation import (
    ckd_loss,
    cross_entropy,
    dkd_loss,
    kd_loss,
    skd_loss,
    soft_kl,
)

LOG2, LOG3 = np.log(2), np.log(3)


def tensor(values, **kwargs):
    return torch.tensor(values, dtype=torch.float64, **kwargs)


@pytest.fixture
def student():
    return torch.tensor(np.random.RandomState(0).normal(size=(6, 3)), requires_grad=True)


@pytest.fixture
def teacher():
    return torch.tensor(np.random.RandomState(1).normal(size=(6, 3)), requires_grad=True)


def kl_by_hand(student, teacher, temperature):
    p = softmax(teacher.detach().numpy() / temperature, axis=1)
    q = softmax(student.detach().numpy() / temperature, axis=1)
    return temperature**2 * (p * np.log(p / q)).sum(axis=1)


# Cross-entropy


def test_cross_entropy_against_indices_and_distributions():
    logits = tensor([[LOG3, 0.0], [0.0, 0.0]])  # probabilities 3/4, 1/4 and 1/2, 1/2
    assert_allclose(cross_entropy(logits, torch.tensor([1, 0])), [np.log(4), LOG2])
    shares = tensor([[0.5, 0.5], [1.0, 0.0]])
    assert_allclose(
        cross_entropy(logits, shares), [0.5 * np.log(4 / 3) + 0.5 * np.log(4), LOG2], rtol=1e-12
    )


@pytest.mark.parametrize(
    "target", [torch.tensor([-1, 0]), torch.tensor([[0.0, 0.0], [1.0, 0.0]])], ids=["index", "row"]
)
def test_unlabelled_songs_have_no_cross_entropy(target):
    logits = tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True)
    loss = cross_entropy(logits, target)
    assert_allclose(loss.detach(), [0, LOG2])
    loss.sum().backward()
    assert (logits.grad[0] == 0).all()


def test_index_targets_equal_one_hot_targets(student, teacher):
    index = torch.tensor([0, 1, 2, 0, 1, -1])
    one_hot = torch.zeros(6, 3, dtype=torch.float64)
    one_hot[torch.arange(5), index[:5]] = 1
    weight = torch.linspace(0.1, 0.9, 6, dtype=torch.float64)
    for loss in (
        lambda target: cross_entropy(student, target),
        lambda target: kd_loss(student, teacher, target, reduction="none"),
        lambda target: skd_loss(
            student, teacher, target, temperature=2.0, weight=weight, reduction="none"
        ),
    ):
        assert_allclose(loss(index).detach(), loss(one_hot).detach())


# Soft KL


def test_soft_kl_by_hand():
    # at temperature 2 the teacher has 3/4, 1/4, the student 1/2, 1/2
    loss = soft_kl(tensor([[0.0, 0.0]]), tensor([[2 * LOG3, 0.0]]), temperature=2.0)
    assert_allclose(loss, [4 * (0.75 * np.log(1.5) + 0.25 * np.log(0.5))], rtol=1e-12)


def test_the_squared_temperature_keeps_the_size_of_the_gradients(student, teacher):
    """For large temperatures the gradient tends to (z_S - z_T) / K, centred (Hinton, 2.1)."""
    soft_kl(student, teacher, temperature=1e4).sum().backward()
    gap = (student - teacher).detach()
    expected = (gap - gap.mean(dim=1, keepdim=True)) / 3
    assert_allclose(student.grad, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_soft_kl_sums_over_the_classes(student, teacher, temperature):
    loss = soft_kl(student, teacher, temperature=temperature).detach()
    assert_allclose(loss, kl_by_hand(student, teacher, temperature), rtol=1e-10)


def test_no_gradient_goes_to_the_teacher(student, teacher):
    soft_kl(student, teacher, temperature=2.0).sum().backward()
    assert teacher.grad is None
    assert (student.grad != 0).all()


def test_equal_class_weights_are_plain_kl(student, teacher):
    equal = torch.full((6, 3), 1 / 3, dtype=torch.float64)
    weighted = soft_kl(student, teacher, temperature=2.0, class_weight=equal)
    assert_allclose(weighted.detach(), soft_kl(student, teacher, temperature=2.0).detach())


def test_class_weighted_kl_by_hand():
    weight = tensor([[0.8, 0.2]])
    loss = soft_kl(
        tensor([[0.0, 0.0]]), tensor([[LOG3, 0.0]]), temperature=1.0, class_weight=weight
    )
    first = 0.75 * np.log(1.5) - 0.75 + 0.5
    second = 0.25 * np.log(0.5) - 0.25 + 0.5
    assert_allclose(loss, [2 * (0.8 * first + 0.2 * second)], rtol=1e-12)


def test_class_weights_keep_the_minimum_at_the_teacher(student, teacher):
    weight = torch.tensor(np.random.RandomState(2).dirichlet(np.ones(3), size=6))
    at_teacher = teacher.detach().clone().requires_grad_()
    loss = soft_kl(at_teacher, teacher, temperature=2.0, class_weight=weight)
    assert_allclose(loss.detach(), 0, atol=1e-12)
    loss.sum().backward()
    assert_allclose(at_teacher.grad, 0, atol=1e-12)
    assert (soft_kl(student, teacher, temperature=2.0, class_weight=weight) > 0).all()


# Knowledge distillation


def test_kd_loss_by_hand(student, teacher):
    target = torch.tensor([0, 1, 2, 0, 1, 2])
    log_q = np.log(softmax(student.detach().numpy(), axis=1))
    hard = -log_q[np.arange(6), target]
    loss = kd_loss(student, teacher, target, temperature=3.0, kd_weight=0.7, reduction="none")
    assert_allclose(loss.detach(), 0.7 * kl_by_hand(student, teacher, 3.0) + 0.3 * hard)


def test_only_the_teacher_speaks_about_unlabelled_songs(student, teacher):
    nobody = torch.full((6,), -1)
    loss = kd_loss(student, teacher, nobody, temperature=3.0, kd_weight=0.7, reduction="none")
    assert_allclose(loss.detach(), 0.7 * kl_by_hand(student, teacher, 3.0))
    weight = torch.linspace(0.1, 0.9, 6, dtype=torch.float64)
    loss = skd_loss(student, teacher, nobody, temperature=3.0, weight=weight, reduction="none")
    assert_allclose(loss.detach(), weight.numpy() * kl_by_hand(student, teacher, 3.0))


# Selective knowledge distillation


def test_equation_seven_by_hand():
    student, teacher = tensor([[0.0, 0.0]]), tensor([[LOG3, 0.0]])
    loss = skd_loss(
        student,
        teacher,
        torch.tensor([1]),
        temperature=1.0,
        weight=tensor([0.4]),
        student_hidden=tensor([[1.0, 2.0]]),
        teacher_hidden=tensor([[0.0, 4.0]]),
        mu=0.1,
    )
    kl = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    gap = (1 + 4) / 2  # mean of the squares over two dimensions
    assert_allclose(loss, 0.4 * kl + 0.6 * LOG2 + 0.1 * 0.4 * gap, rtol=1e-12)


def test_weights_decide_between_teacher_and_label(student, teacher):
    target = torch.tensor([0, 1, 2, 0, 1, 2])
    weight = tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    loss = skd_loss(student, teacher, target, temperature=2.0, weight=weight, reduction="none")
    assert_allclose(loss[:3].detach(), kl_by_hand(student, teacher, 2.0)[:3])
    assert_allclose(loss[3:].detach(), cross_entropy(student, target)[3:].detach())


def test_class_weights_reach_the_loss(student, teacher):
    lam = torch.tensor(np.random.RandomState(2).dirichlet(np.ones(3), size=6))
    one = torch.ones(6, dtype=torch.float64)
    nobody = torch.full((6,), -1)
    loss = skd_loss(
        student, teacher, nobody, temperature=2.0, weight=one, class_weight=lam, reduction="none"
    )
    expected = soft_kl(student, teacher, temperature=2.0, class_weight=lam)
    assert_allclose(loss.detach(), expected.detach())


@pytest.mark.parametrize("loss_of", ["kd", "skd"])
def test_reductions_are_mean_sum_and_none(student, teacher, loss_of):
    target = torch.tensor([0, 1, 2, 0, 1, -1])

    def loss(**reduction):
        if loss_of == "kd":
            return kd_loss(student, teacher, target, **reduction).detach()
        weight = torch.full((6,), 0.3, dtype=torch.float64)
        return skd_loss(
            student, teacher, target, temperature=2.0, weight=weight, **reduction
        ).detach()

    each = loss(reduction="none")
    assert each.shape == (6,)
    assert_allclose(loss(reduction="sum"), each.sum())
    assert_allclose(loss(reduction="mean"), each.mean())
    assert_allclose(loss(), each.mean())
    with pytest.raises(ValueError, match="'mean', 'sum' or 'none', got 'max'"):
        loss(reduction="max")


def test_no_hidden_state_pulls_the_teacher(student, teacher):
    ours = torch.ones(6, 4, dtype=torch.float64, requires_grad=True)
    theirs = torch.zeros(6, 4, dtype=torch.float64, requires_grad=True)
    skd_loss(
        student,
        teacher,
        torch.zeros(6),
        temperature=2.0,
        weight=torch.full((6,), 0.5),
        student_hidden=ours,
        teacher_hidden=theirs,
        mu=1.0,
    ).backward()
    assert theirs.grad is teacher.grad is None
    assert (ours.grad > 0).all()


def test_losses_have_the_gradients_of_their_values(student, teacher):
    target = torch.tensor([0, 1, 2, -1, 1, 2])
    weight = torch.linspace(0.1, 0.9, 6, dtype=torch.float64)
    lam = torch.tensor(np.random.RandomState(2).dirichlet(np.ones(3), size=6))
    fixed = teacher.detach()
    assert torch.autograd.gradcheck(lambda z: kd_loss(z, fixed, target), student)
    assert torch.autograd.gradcheck(
        lambda z: skd_loss(z, fixed, target, temperature=2.0, weight=weight, class_weight=lam),
        student,
    )


def test_unknown_hidden_states_neither_count_nor_poison_gradients(student, teacher):
    target = torch.tensor([0, 1, 2, 0, 1, 2])
    weight = torch.full((6,), 0.5, dtype=torch.float64)
    hidden = torch.ones(6, 4, dtype=torch.float64, requires_grad=True)
    theirs = torch.zeros(6, 4, dtype=torch.float64)
    theirs[::2] = torch.nan

    def loss(mu):
        return skd_loss(
            student,
            teacher,
            target,
            temperature=2.0,
            weight=weight,
            student_hidden=hidden,
            teacher_hidden=theirs,
            mu=mu,
            reduction="none",
        )

    gap = (loss(1.0) - loss(0.0)).detach()
    assert_allclose(gap, [0, 0.5, 0, 0.5, 0, 0.5])
    loss(1.0).sum().backward()
    assert torch.isfinite(hidden.grad).all()
    assert torch.isfinite(student.grad).all()
    assert (hidden.grad[::2] == 0).all()
    assert (hidden.grad[1::2] > 0).all()


def test_without_mu_hidden_states_need_not_be_known(student, teacher):
    loss = skd_loss(student, teacher, torch.zeros(6), temperature=2.0, weight=torch.full((6,), 0.5))
    assert torch.isfinite(loss)


def test_a_weight_for_hidden_states_without_hidden_states_is_refused():
    logits = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="needs student_hidden and teacher_hidden"):
        skd_loss(
            logits, logits, torch.tensor([0, 1]), temperature=1.0, weight=torch.ones(2), mu=0.1
        )


# Decoupled knowledge


def test_the_decoupled_terms_add_up_to_kl(student, teacher):
    """KL = TCKD + (1 - p_y) NCKD (Zhao et al. 2022, eq. 7)."""
    target = torch.tensor([0, 1, 2, 0, 1, 2])
    options = {"temperature": 3.0, "reduction": "none"}
    of_target = dkd_loss(student, teacher, target, alpha=1.0, beta=0.0, **options)
    of_others = dkd_loss(student, teacher, target, alpha=0.0, beta=1.0, **options)
    p = torch.softmax(teacher / 3.0, dim=1)[torch.arange(6), target]
    whole = of_target + (1 - p) * of_others
    assert_allclose(whole.detach(), kl_by_hand(student, teacher, 3.0))


def test_decoupled_terms_by_hand():
    teacher = tensor([[np.log(2), 0.0, 0.0]])  # 1/2, 1/4, 1/4
    student = tensor([[np.log(2), LOG3, 0.0]])  # 1/3, 1/2, 1/6
    target = torch.tensor([0])
    of_target = 0.5 * np.log(0.5 / (1 / 3)) + 0.5 * np.log(0.5 / (2 / 3))
    of_others = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
    loss = dkd_loss(student, teacher, target, temperature=1.0, alpha=2.0, beta=3.0)
    assert_allclose(loss, 2 * of_target + 3 * of_others)


def test_with_two_classes_there_are_no_others(student, teacher):
    target = torch.tensor([0, 1, 0, 1, 0, 1])
    pair = student[:, :2], teacher[:, :2], target
    losses = [dkd_loss(*pair, temperature=2.0, beta=beta).item() for beta in (0.0, 8.0)]
    assert_allclose(losses, soft_kl(*pair[:2], temperature=2.0).mean().item())


def test_of_unlabelled_songs_the_teacher_is_not_decoupled(student, teacher):
    target = torch.tensor([-1, 0, 1, 2, -1, 0])
    loss = dkd_loss(student, teacher, target, temperature=2.0, reduction="none").detach()
    plain = kl_by_hand(student, teacher, 2.0)
    assert_allclose(loss[target < 0], plain[target.numpy() < 0])
    assert (abs(loss[target >= 0].numpy() - plain[target.numpy() >= 0]) > 1e-3).all()


def test_a_distribution_counts_by_its_largest_share_in_dkd(student, teacher):
    index = torch.tensor([0, 1, 2, 0, 1, -1])
    shares = torch.full((6, 3), 0.2, dtype=torch.float64)
    shares[torch.arange(5), index[:5]] = 0.6
    shares[5] = 0
    assert_allclose(
        dkd_loss(student, teacher, index).item(), dkd_loss(student, teacher, shares).item()
    )


def test_scores_of_hundreds_stay_finite_in_dkd():
    student, teacher = tensor([[900.0, -900.0, 0.0]]), tensor([[-900.0, 0.0, 900.0]])
    student.requires_grad_()
    loss = dkd_loss(student, teacher, torch.tensor([0]), temperature=1.0)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(student.grad).all()


# Confidence


def test_ckd_weighs_songs_by_the_top_probability_of_the_teacher(student, teacher):
    target = torch.tensor([0, 1, 2, 0, 1, -1])
    loss = ckd_loss(student, teacher, target, temperature=3.0, reduction="none").detach()
    weight = softmax(teacher.detach().numpy(), axis=1).max(axis=1)
    hard = cross_entropy(student, target).detach().numpy()
    assert_allclose(loss, weight * kl_by_hand(student, teacher, 3.0) + (1 - weight) * hard)


@pytest.mark.parametrize("loss_of", [dkd_loss, ckd_loss])
def test_baselines_have_the_gradients_of_their_values(student, teacher, loss_of):
    target = torch.tensor([0, 1, 2, 0, -1, 1])
    fixed = teacher.detach()
    assert torch.autograd.gradcheck(lambda z: loss_of(z, fixed, target), student)
    loss_of(student, teacher, target).backward()
    assert teacher.grad is None
