"""The teacher's attention over the sources (eq. 3), and songs that lack some."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_skd.networks import Source, TeacherNet
from sklearn_skd.networks.teacher import SHARED, SOURCE_DROPOUT, _hide_sources

AUDIO = Source("audio", "series", 3, (0.0,) * 3, (1.0,) * 3)
LYRICS = Source("lyrics", "vector", 5, (0.0,) * 5, (1.0,) * 5, flagged=True)
CULTURE = Source("culture", "categories", 2, n_codes=(4, 3))
K = 4


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def make_inputs(n=6):
    lyrics = torch.randn(n, 5)
    lyrics[:, -1] = 1
    return {
        "audio": torch.randn(n, 3, 64),
        "lyrics": lyrics,
        "culture": torch.randint(1, 3, (n, 2)),
    }


def run(net, inputs):
    with torch.no_grad():
        return net(**{source.name: inputs[source.name] for source in net.sources})


@pytest.fixture
def net():
    return TeacherNet([AUDIO, LYRICS, CULTURE], K, 0.3).eval()


@pytest.fixture
def net_without_culture():
    return TeacherNet([AUDIO, LYRICS], K, 0.3).eval()


def test_outputs_have_a_row_a_song(net):
    out = run(net, make_inputs())
    shapes = {key: tuple(value.shape) for key, value in out.items()}
    assert shapes == {
        "logits": (6, K),
        "hidden": (6, SHARED),
        "branch_logits": (6, 3, K),
        "present": (6, 3),
        "source_attention": (6, 3),
    }
    assert out["present"].all()


def test_equation_three_by_hand(net):
    """h = act(W sum_s a_s W_s x_s), with a = softmax of each token's score."""
    inputs = make_inputs()
    out = run(net, inputs)
    with torch.no_grad():
        tokens = [
            projection(branch(inputs[source.name]))
            for source, branch, projection in zip(
                net.sources, net.branches, net.projections, strict=True
            )
        ]
        first, _, last = net.score
        score = torch.stack(
            [
                torch.tanh(token @ first.weight.T + first.bias) @ last.weight[0] + last.bias
                for token in tokens
            ],
            dim=1,
        )
        attention = score.exp() / score.exp().sum(dim=1, keepdim=True)
        fused = sum(attention[:, [s]] * token for s, token in enumerate(tokens))
        hidden = torch.nn.functional.gelu(fused @ net.hidden[0].weight.T + net.hidden[0].bias)
    assert_close(out["source_attention"], attention)
    assert_close(out["hidden"], hidden)
    assert_close(out["logits"], hidden @ net.output[1].weight.T + net.output[1].bias)


def test_attention_sums_to_one_over_the_sources_present(net_without_culture):
    inputs = make_inputs()
    inputs["lyrics"][0, -1] = 0
    inputs["audio"][1] = torch.nan
    out = run(net_without_culture, inputs)
    attention = out["source_attention"]
    assert_close(attention.sum(dim=1), torch.ones(6))
    assert attention[0].tolist() == [1, 0]
    assert attention[1].tolist() == [0, 1]
    assert (attention[2:] > 0).all()
    assert out["present"][:2].tolist() == [[True, False], [False, True]]


def test_a_song_without_any_source_has_finite_outputs(net_without_culture):
    inputs = make_inputs()
    inputs["lyrics"][0, -1] = 0
    inputs["audio"][0] = torch.nan
    out = run(net_without_culture, inputs)
    assert (out["source_attention"][0] == 0).all()
    for key in ("logits", "hidden", "branch_logits"):
        assert torch.isfinite(out[key]).all()


def test_the_culture_stands_in_for_missing_lyrics(net):
    inputs = make_inputs()
    inputs["lyrics"][0, -1] = 0
    attention = run(net, inputs)["source_attention"]
    assert_close(attention.sum(dim=1), torch.ones(6))
    assert attention[0, 1] > 0
    other = {**inputs, "culture": torch.tensor([[3, 2]] * 6)}
    same = {**inputs, "lyrics": inputs["lyrics"] + torch.tensor([9.0, 9, 9, 9, 0])}
    logits = run(net, inputs)["logits"]
    assert not torch.allclose(run(net, other)["logits"][0], logits[0])
    assert_close(run(net, same)["logits"][0], logits[0])  # what is not there is not read
    assert not torch.allclose(run(net, same)["logits"][1], logits[1])


def test_an_unknown_culture_stands_in_for_nothing(net):
    inputs = make_inputs()
    inputs["lyrics"][0, -1] = 0
    inputs["culture"][0] = 0
    out = run(net, inputs)
    assert_close(out["source_attention"][0], torch.tensor([1.0, 0.0, 0.0]))
    assert torch.isfinite(out["logits"]).all()


def test_missing_audio_does_not_reach_the_logits_as_nan(net):
    inputs = make_inputs()
    inputs["audio"][0] = torch.nan
    inputs["lyrics"][1] = torch.nan
    out = run(net, inputs)
    assert out["present"][:2].tolist() == [[False, True, True], [True, False, True]]
    for key in ("logits", "hidden", "branch_logits"):
        assert torch.isfinite(out[key]).all()


def test_gradients_stay_finite_where_sources_are_missing(net):
    inputs = make_inputs()
    inputs["audio"][0] = torch.nan
    inputs["lyrics"][1] = torch.nan
    inputs["culture"][2] = 0
    net.train()
    net(**inputs)["logits"].square().sum().backward()
    for name, parameter in net.named_parameters():
        if parameter.grad is not None:
            assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize("culture", [True, False])
def test_what_absent_sources_hold_does_not_reach_the_logits(culture):
    net = TeacherNet([AUDIO, LYRICS, CULTURE][: 2 + culture], K, 0.3).eval()
    inputs = make_inputs()
    inputs["lyrics"][:, -1] = 0
    logits = run(net, inputs)["logits"]
    inputs["lyrics"][:, :-1] += 9
    assert_close(run(net, inputs)["logits"], logits)


# Source dropout


def test_training_hides_sources_but_never_the_last(net):
    present = torch.ones(4000, 3, dtype=bool)
    kept = _hide_sources(present)
    assert kept.any(dim=1).all()
    all_hidden = SOURCE_DROPOUT**3  # these songs keep everything
    expected = SOURCE_DROPOUT - all_hidden
    assert abs((~kept).float().mean().item() - expected) < 0.02


def test_hiding_never_brings_a_source_back():
    present = torch.tensor([[True, False, False], [True, True, False], [False, False, False]])
    for _ in range(20):
        kept = _hide_sources(present)
        assert not (kept & ~present).any()
        assert kept[0].tolist() == [True, False, False]


def test_evaluation_hides_nothing(net):
    inputs = make_inputs(50)
    assert run(net, inputs)["present"].all()
    net.train()
    assert not run(net, inputs)["present"].all()
