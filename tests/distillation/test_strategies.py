"""Strategies: which loss each one is, and how the credibility is learnt along with it."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_skd.distillation import cross_entropy, kd_loss, skd_loss
from sklearn_skd.distillation.strategies import CREDIBILITY_LOSS, STRATEGIES, student_loss

N, K = 5, 3
PARAMS = {"temperature": 3.0, "kd_weight": 0.7, "mu": 0.2}


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
