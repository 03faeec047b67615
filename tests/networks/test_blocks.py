"""Standardisation (eq. 2), embeddings, masked softmax."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_skd.networks.blocks import (
    EMBEDDING_DIM,
    CategoryEmbedding,
    Standardize,
    VectorEncoder,
    masked_softmax,
)


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


# Standardisation


def test_equation_two_by_hand():
    standardize = Standardize([1.0, -2.0], [2.0, 0.5])
    assert_close(standardize(torch.tensor([[3.0, -1.0]])), torch.tensor([[1.0, 2.0]]))


def test_a_time_series_is_standardised_channel_by_channel():
    x = torch.randn(4, 3, 10) * 5 + 2
    mean, std = x.mean(dim=(0, 2)), x.std(dim=(0, 2), correction=0)
    z = Standardize(mean, std)(x)
    assert z.shape == x.shape
    assert_close(z.mean(dim=(0, 2)), torch.zeros(3), atol=1e-5, rtol=0)
    assert_close(z.std(dim=(0, 2), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_standardisation_takes_the_precision_of_its_net():
    standardize = Standardize([0.0], [1.0]).double()
    assert standardize(torch.ones(2, 1)).dtype == torch.float64


# Categories


def test_the_unknown_code_is_the_zero_vector():
    embedding = CategoryEmbedding([3, 4])
    assert (embedding(torch.tensor([[0, 0]])) == 0).all()


def test_a_field_that_says_nothing_adds_nothing():
    alone, both = CategoryEmbedding([3]), CategoryEmbedding([3, 4])
    with torch.no_grad():
        both.table.weight[:3] = alone.table.weight
    assert_close(both(torch.tensor([[2, 0]])), alone(torch.tensor([[2]])))


def test_fields_are_summed_and_normalised_in_32_dimensions():
    embedding = CategoryEmbedding([3, 4])
    out = embedding(torch.tensor([[2, 1]]))
    total = embedding.table.weight[2] + embedding.table.weight[3 + 1]  # the second field's rows
    assert out.shape == (1, EMBEDDING_DIM) == (1, 32)
    expected = (total - total.mean()) / (total.var(correction=0) + 1e-5).sqrt()
    assert_close(out[0], expected)


def test_a_code_beyond_the_training_songs_is_unknown():
    embedding = CategoryEmbedding([3, 4])
    assert_close(embedding(torch.tensor([[2, 9]])), embedding(torch.tensor([[2, 0]])))


def test_unknown_codes_send_no_gradient_to_the_table():
    embedding = CategoryEmbedding([3, 4])
    embedding(torch.tensor([[0, 2], [0, 7]]))[:, 0].sum().backward()
    used = embedding.table.weight.grad.abs().sum(dim=1) > 0
    assert used.tolist() == [False, False, False, False, False, True, False]


# Vectors


def test_a_vector_encoder_only_drops_in_training():
    encoder, x = VectorEncoder(6, 4, 0.5), torch.randn(3, 6)
    assert encoder(x).shape == (3, 4)
    encoder.eval()
    assert_close(encoder(x), torch.nn.functional.gelu(encoder.layers[1](x)))


# Masked softmax


def test_masked_softmax_by_hand():
    score = torch.log(torch.tensor([[1.0, 2.0, 5.0]]))
    weight = masked_softmax(score, torch.tensor([[True, True, False]]))
    assert_close(weight, torch.tensor([[1 / 3, 2 / 3, 0.0]]))


def test_masked_softmax_equals_softmax_where_nothing_is_masked():
    score = torch.randn(4, 5) * 50
    assert_close(masked_softmax(score, torch.ones(4, 5, dtype=bool)), score.softmax(dim=1))


def test_nothing_to_weigh_is_zero_with_finite_gradients():
    score = torch.randn(2, 3, requires_grad=True)
    weight = masked_softmax(score, torch.tensor([[False] * 3, [True] * 3]))
    assert (weight[0] == 0).all()
    (weight * torch.randn(2, 3)).sum().backward()
    assert torch.isfinite(score.grad).all()
    assert (score.grad[0] == 0).all()
