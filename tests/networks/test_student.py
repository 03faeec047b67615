"""The student's guided pooling (eq. 8), recomputed with NumPy from its own weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.testing import assert_close

from sklearn_skd.networks import GuidedPooling, SelectiveWeight, Source, StudentNet, TeacherNet

AUDIO = Source("audio", "series", 3, (0.0,) * 3, (1.0,) * 3)
LYRICS = Source("lyrics", "vector", 5, (0.0,) * 5, (1.0,) * 5, flagged=True)
CULTURE = Source("culture", "categories", 2, n_codes=(4, 3))
K = 4


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def make_inputs(n=6, n_frames=96):
    lyrics = torch.randn(n, 5)
    lyrics[:, -1] = 1
    return {
        "audio": torch.randn(n, 3, n_frames),
        "lyrics": lyrics,
        "culture": torch.randint(1, 3, (n, 2)),
    }


def run(net, inputs, method="forward"):
    with torch.no_grad():
        return getattr(net, method)(**{s.name: inputs[s.name] for s in net.sources})


@pytest.fixture
def net():
    return StudentNet([AUDIO, LYRICS, CULTURE], K, 0.3).eval()


# Equation 8


def pooling_by_hand(pool, steps, mask, credibility):
    w = {name: value.detach().numpy() for name, value in pool.named_parameters()}
    inner = steps @ w["from_step.weight"].T + w["from_step.bias"]
    inner = inner + credibility[:, None, None] * w["from_credibility.weight"][:, 0]
    score = np.tanh(inner) @ w["score.weight"][0]
    rho = np.exp(score) * mask
    rho /= rho.sum(axis=1, keepdims=True)
    return (rho[:, :, None] * steps).sum(axis=1), rho


def test_equation_eight_by_hand():
    pool = GuidedPooling(7).double()
    rng = np.random.RandomState(0)
    steps, r = rng.normal(size=(5, 9, 7)), rng.uniform(size=5)
    mask = np.arange(9) < rng.randint(3, 10, size=5)[:, None]
    v, rho = pool(torch.tensor(steps), torch.tensor(mask), torch.tensor(r))
    expected_v, expected_rho = pooling_by_hand(pool, steps, mask, r)
    assert_allclose(rho.detach(), expected_rho, rtol=1e-10)
    assert_allclose(v.detach(), expected_v, rtol=1e-10)
    assert_allclose(rho.detach().sum(axis=1), 1)
    assert (rho.detach().numpy()[~mask] == 0).all()


def test_the_credibility_guides_the_pooling():
    pool, steps = GuidedPooling(7), torch.randn(2, 9, 7)
    mask = torch.ones(2, 9, dtype=bool)
    _, doubted = pool(steps, mask, torch.zeros(2))
    _, trusted = pool(steps, mask, torch.ones(2))
    assert (doubted - trusted).abs().max() > 1e-3


def test_the_net_pools_by_equation_eight_with_the_credibility_it_predicts(net):
    inputs = make_inputs()
    out = run(net, inputs)
    with torch.no_grad():
        steps, mask = net.encoders[0](inputs["audio"])
    _, rho = pooling_by_hand(
        net.pools["0"], steps.numpy(), mask.numpy(), out["credibility"].numpy()
    )
    assert_allclose(out["attention"], rho, rtol=1e-4)


# The net


def test_outputs_have_a_row_a_song(net):
    out = run(net, make_inputs())
    shapes = {key: tuple(value.shape) for key, value in out.items()}
    assert shapes == {"logits": (6, K), "hidden": (6, 48), "credibility": (6,), "attention": (6, 6)}
    assert ((out["credibility"] > 0) & (out["credibility"] < 1)).all()


def test_without_a_time_series_there_is_no_attention():
    net = StudentNet([LYRICS, CULTURE], K, 0.3).eval()
    assert set(run(net, make_inputs())) == {"logits", "hidden", "credibility"}


def test_every_time_series_has_a_pool_of_its_own():
    other = Source("video", "series", 2, (0.0,) * 2, (1.0,) * 2)
    net = StudentNet([LYRICS, AUDIO, other], K, 0.3).eval()
    inputs = {**make_inputs(), "video": torch.randn(6, 2, 48)}
    out = run(net, inputs)
    assert out["attention"].shape == (6, 6)  # that of the first
    changed = {**inputs, "video": torch.randn(6, 2, 48)}
    assert not torch.allclose(run(net, changed)["logits"], out["logits"])


@pytest.mark.parametrize("name", ["log.mel", "values", "items", "training", "forward", "a b", "0"])
def test_a_time_series_may_have_any_name(name):
    net = StudentNet([LYRICS, replace(AUDIO, name=name)], K, 0.3).eval()
    inputs = make_inputs()
    inputs[name] = inputs.pop("audio")
    assert run(net, inputs)["attention"].shape == (6, 6)


def test_the_student_is_lighter_than_the_teacher(net):
    teacher = TeacherNet(net.sources, K, 0.3)
    size = [sum(p.numel() for p in part.parameters()) for part in (net, teacher)]
    assert size[0] < size[1] / 1.5


def test_a_hint_projects_the_hidden_state_to_the_teachers_size():
    net = StudentNet([LYRICS], K, 0.3, hint_dim=64).eval()
    assert run(net, make_inputs())["hidden"].shape == (6, 64)


@pytest.mark.parametrize("name", ["audio", "lyrics", "culture"])
def test_missing_sources_give_finite_outputs_and_leave_other_songs_alone(net, name):
    inputs = make_inputs()
    whole = run(net, inputs)
    inputs[name][0] = 0 if name == "culture" else torch.nan
    out = run(net, inputs)
    for key, value in out.items():
        assert torch.isfinite(value).all(), key
        assert_close(value[1:], whole[key][1:])
    assert not torch.allclose(out["logits"][0], whole["logits"][0])


def test_missing_audio_says_nothing_whatever_its_encoder_has_learnt(net):
    inputs = make_inputs()
    inputs["audio"][0] = torch.nan
    before = run(net, inputs)["logits"]
    with torch.no_grad():
        net.encoders[0].layers[-1].norm.bias.add_(1)
    after = run(net, inputs)["logits"]
    assert_close(after[0], before[0])
    assert not torch.allclose(after[1], before[1])


def test_an_unset_flag_hides_the_vector(net):
    inputs = make_inputs()
    inputs["lyrics"][0, -1] = 0
    logits = run(net, inputs)["logits"]
    inputs["lyrics"][0, :-1] += 9
    assert_close(run(net, inputs)["logits"], logits)


def test_learning_the_credibility_does_not_bend_the_encoders(net):
    net.train()
    net(**make_inputs())["credibility"].sum().backward()
    learnt = {name for name, p in net.named_parameters() if p.grad is not None}
    assert learnt
    assert all(name.startswith("credibility.") for name in learnt)


def test_learning_emotions_does_not_bend_the_credibility(net):
    net.train()
    net(**make_inputs())["logits"].square().sum().backward()
    assert all(parameter.grad is None for parameter in net.credibility.parameters())
    assert net.pools["0"].from_credibility.weight.grad is not None


def test_gradients_stay_finite_where_sources_are_missing(net):
    inputs = make_inputs()
    inputs["audio"][0] = torch.nan
    inputs["lyrics"][1] = torch.nan
    net.train()
    net(**inputs)["logits"].square().sum().backward()
    for name, parameter in net.named_parameters():
        if parameter.grad is not None:
            assert torch.isfinite(parameter.grad).all(), name


# Padding


@pytest.mark.parametrize("padding", [-13.8, float("nan")])
def test_appended_silence_gets_no_attention_and_keeps_that_inside_the_sound(net, padding):
    inputs = make_inputs(n_frames=256)
    longer = {**inputs}
    silence = torch.full((6, 3, 128), padding)
    longer["audio"] = torch.cat([inputs["audio"], silence], dim=2)
    short, long = run(net, inputs), run(net, longer)
    assert (long["attention"][:, 16:] == 0).all()
    # the last two steps look across the end of the sound; the others keep their proportions
    inside = [out["attention"][:, :14] for out in (short, long)]
    inside = [rho / rho.sum(dim=1, keepdim=True) for rho in inside]
    assert_close(inside[1], inside[0], atol=1e-3, rtol=0)
    assert_close(long["logits"], short["logits"], atol=0.02, rtol=0)


# Timeline


def test_a_song_that_sounds_the_same_throughout_has_its_own_logits_at_each_moment():
    net = StudentNet([LYRICS, AUDIO], K, 0.3).eval()
    inputs = make_inputs()
    inputs["audio"] = torch.randn(6, 3, 1).expand(6, 3, 640).clone()
    at_step = run(net, inputs, "timeline")
    assert at_step.shape == (6, 40, K)
    middle = at_step[:, 5:35]  # away from the borders of the convolutions
    assert_close(middle, middle[:, :1].expand_as(middle), atol=1e-5, rtol=0)
    # with such steps only, the song is pooled to what each of them says
    with torch.no_grad():
        logits = net.output(net.fusion(torch.cat(_encoded(net, inputs, step=20), dim=1)))
    assert_close(middle[:, 15], logits)


def _encoded(net, inputs, step):
    encoded, ((position, hidden, _),) = net._encode(inputs)
    encoded[position] = hidden[:, step]
    return encoded


def test_the_only_step_of_a_short_song_says_what_the_song_says(net):
    inputs = make_inputs(n_frames=16)
    at_step = run(net, inputs, "timeline")
    assert at_step.shape == (6, 1, K)
    assert_close(at_step[:, 0], run(net, inputs)["logits"])


def test_only_training_is_random(net):
    inputs = make_inputs()
    assert torch.equal(run(net, inputs)["logits"], run(net, inputs)["logits"])
    net.train()
    assert not torch.allclose(run(net, inputs)["logits"], run(net, inputs)["logits"])


def test_the_timeline_follows_the_sound(net):
    inputs = make_inputs(n_frames=320)
    before = run(net, inputs, "timeline")
    inputs["audio"][:, :, 240:] *= -3
    after = run(net, inputs, "timeline")
    change = (after - before).abs().amax(dim=(0, 2))
    assert change[16:].min() > 10 * change[:12].max()


def test_joint_weights_are_trained_and_not_used_in_inference():
    net = StudentNet([LYRICS], K, 0.3, mean_weight=0.4)
    out = net(**make_inputs())
    assert_close(out["theta"], torch.full((3,), 0.1))
    assert torch.sigmoid(out["bias"]).item() == pytest.approx(0.4)
    assert out["theta"].requires_grad
    assert not {"theta", "bias"} & set(run(net.eval(), make_inputs()))


def test_joint_weights_never_turn_the_signs_of_equation_five():
    weight = SelectiveWeight(0.3)
    with torch.no_grad():
        weight.raw_theta.fill_(-5)
    assert (weight.theta > 0).all()


def test_the_credibility_is_told_from_the_mean_over_the_steps_with_sound():
    net = StudentNet([AUDIO], K, 0.3).eval()
    audio = torch.nn.functional.pad(make_inputs()["audio"], (0, 96))
    seen = []
    net.credibility.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    run(net, {"audio": audio})
    with torch.no_grad():
        steps, mask = net.encoders[0](audio)
    assert not mask[:, -1].any()
    expected = torch.stack(
        [song[heard].mean(dim=0) for song, heard in zip(steps, mask, strict=True)]
    )
    assert (expected - steps.mean(dim=1)).abs().max() > 1e-4
    assert_close(seen[0], expected, atol=1e-6, rtol=0)
