"""Strategies: which loss each one is, and how the credibility is learnt along with it."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_skd.distillation import (
    ckd_loss,
    class_coefficients,
    cross_entropy,
    dkd_loss,
    kd_loss,
    selective_weight,
    skd_loss,
)
from sklearn_skd.distillation.strategies import CREDIBILITY_LOSS, STRATEGIES, student_loss

N, K = 5, 3
PARAMS = {
    "temperature": 3.0,
    "kd_weight": 0.7,
    "dkd_alpha": 0.5,
    "dkd_beta": 2.0,
    "max_epochs": 36,
    "mu": 0.2,
}


def rand(*shape, seed):
    return torch.tensor(np.random.RandomState(seed).uniform(0.1, 0.9, size=shape))


@pytest.fixture
def outputs():
    return {
        "logits": rand(N, K, seed=0).requires_grad_(),
        "hidden": rand(N, 4, seed=1),
        "credibility": rand(N, seed=2).requires_grad_(),
    }


@pytest.fixture
def batch():
    return {
        "target": torch.eye(K, dtype=torch.float64)[[0, 1, 2, 0, 1]],
        "code": torch.tensor([0, 1, 2, 0, 1]),
        "epoch": 2,
        "teacher_logits": rand(N, K, seed=3),
        "weight": rand(N, seed=4),
        "teacher_hidden": rand(N, 4, seed=5),
        "credibility": torch.full((N,), torch.nan, dtype=torch.float64),
        "sample_weight": torch.ones(N, dtype=torch.float64),
    }


def expected_loss(strategy, outputs, batch):
    logits, target = outputs["logits"], batch["target"]
    if strategy == "student-only":
        return cross_entropy(logits, target)
    theirs = batch["teacher_logits"]
    if strategy == "kd":
        return kd_loss(logits, theirs, target, temperature=3.0, kd_weight=0.7, reduction="none")
    if strategy == "ckd":
        return ckd_loss(logits, theirs, target, temperature=3.0, reduction="none")
    if strategy == "dkd":  # two epochs into a warm-up of three
        terms = {"temperature": 3.0, "alpha": 0.5, "beta": 2.0, "reduction": "none"}
        return cross_entropy(logits, target) + 2 / 3 * dkd_loss(logits, theirs, target, **terms)
    return skd_loss(
        logits,
        theirs,
        target,
        temperature=3.0,
        weight=batch["weight"],
        student_hidden=outputs["hidden"],
        teacher_hidden=batch["teacher_hidden"],
        mu=0.2,
        reduction="none",
    )


def test_the_strategies_are_those_of_the_design():
    assert list(STRATEGIES) == ["student-only", "kd", "dkd", "ckd", "skd"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_is_its_loss(strategy, outputs, batch):
    loss = student_loss(outputs, batch, strategy=strategy, params=PARAMS)
    assert_allclose(loss.detach(), expected_loss(strategy, outputs, batch).mean().detach())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_gives_a_loss_a_song(strategy, outputs, batch):
    loss = STRATEGIES[strategy](outputs, batch, PARAMS)
    assert loss.shape == (N,)
    assert_allclose(loss.detach(), expected_loss(strategy, outputs, batch).detach())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sample_weights_multiply_each_song(strategy, outputs, batch):
    batch["sample_weight"] = rand(N, seed=6)
    loss = student_loss(outputs, batch, strategy=strategy, params=PARAMS)
    expected = (expected_loss(strategy, outputs, batch) * batch["sample_weight"]).mean()
    assert_allclose(loss.detach(), expected.detach())


def test_the_student_alone_reads_nothing_of_a_teacher(outputs, batch):
    for name in ("teacher_logits", "teacher_hidden", "weight"):
        del batch[name]
    loss = student_loss(outputs, batch, strategy="student-only", params=PARAMS)
    assert torch.isfinite(loss)


def test_credibility_is_learnt_by_its_cross_entropy(outputs, batch):
    unknown = student_loss(outputs, batch, strategy="student-only", params=PARAMS)
    r = rand(N, seed=7)
    batch["credibility"] = r
    known = student_loss(outputs, batch, strategy="student-only", params=PARAMS)
    predicted = outputs["credibility"].detach()
    bce = -(r * predicted.log() + (1 - r) * (1 - predicted).log()).mean()
    assert_allclose((known - unknown).detach(), CREDIBILITY_LOSS * bce)


def test_songs_of_unknown_credibility_send_no_gradient_to_its_prediction(outputs, batch):
    batch["credibility"][:2] = 0.8
    student_loss(outputs, batch, strategy="skd", params=PARAMS).backward()
    gradient = outputs["credibility"].grad
    assert (gradient[:2] != 0).all()
    assert (gradient[2:] == 0).all()
    assert torch.isfinite(outputs["logits"].grad).all()


def test_saturated_predictions_of_credibility_stay_finite(outputs, batch):
    outputs["credibility"] = tensor = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.5], requires_grad=True)
    batch["credibility"] = torch.tensor([1.0, 0.0, 1.2, -0.1, 0.5])  # and rounding outside [0, 1]
    loss = student_loss(outputs, batch, strategy="skd", params=PARAMS)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(tensor.grad).all()


def test_the_warm_up_of_dkd_ends_after_a_twelfth_of_the_epochs(outputs, batch):
    hard = cross_entropy(outputs["logits"], batch["target"])
    soft = [
        STRATEGIES["dkd"](outputs, {**batch, "epoch": epoch}, PARAMS) - hard for epoch in (1, 3, 30)
    ]
    assert_allclose(soft[1].detach(), 3 * soft[0].detach())
    assert_allclose(soft[2].detach(), soft[1].detach())


def test_dkd_takes_the_label_where_votes_make_it_a_tie(outputs, batch):
    by_label = STRATEGIES["dkd"](outputs, batch, PARAMS)
    batch["target"] = torch.tensor([[0.5, 0.5, 0.0]] * N, dtype=torch.float64)
    by_votes = STRATEGIES["dkd"](outputs, batch, PARAMS)
    hard = cross_entropy(outputs["logits"], torch.eye(K, dtype=torch.float64)[batch["code"]])
    soft = by_votes - cross_entropy(outputs["logits"], batch["target"])
    assert_allclose((by_label - hard).detach(), soft.detach())


def test_jointly_learnt_weights_are_those_of_equation_five(outputs, batch):
    signals = rand(N, 3, seed=8)
    theta = torch.tensor([0.4, 0.2, 0.7], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(-0.3, dtype=torch.float64, requires_grad=True)
    outputs |= {"theta": theta, "bias": bias}
    loss = STRATEGIES["skd"](outputs, {**batch, "signals": signals}, PARAMS)
    r, s, e = signals.numpy().T * np.array([[1], [1], [-1]])
    weight = selective_weight(r, s, e, theta=[0.4, 0.2, 0.7], bias=-0.3)
    fixed = STRATEGIES["skd"](
        {key: outputs[key] for key in ("logits", "hidden")},
        {**batch, "weight": torch.tensor(weight)},
        PARAMS,
    )
    assert_allclose(loss.detach(), fixed.detach())
    loss.sum().backward()
    assert (theta.grad != 0).all()
    assert bias.grad != 0


def test_classes_are_weighted_by_equation_six(outputs, batch):
    u = np.array([0.9, 0.2, 0.5])
    loss = STRATEGIES["skd"](
        outputs, {**batch, "class_reliability": torch.tensor(np.tile(u, (N, 1)))}, PARAMS
    )
    proba = torch.softmax(batch["teacher_logits"], dim=1).numpy()
    expected = skd_loss(
        outputs["logits"],
        batch["teacher_logits"],
        batch["target"],
        temperature=3.0,
        weight=batch["weight"],
        class_weight=torch.tensor(class_coefficients(batch["weight"].numpy(), proba, u)),
        student_hidden=outputs["hidden"],
        teacher_hidden=batch["teacher_hidden"],
        mu=0.2,
        reduction="none",
    )
    assert_allclose(loss.detach(), expected.detach())
