"""Several nets that speak with one voice."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_skd.networks import Ensemble, Source, StudentNet, TeacherNet

AUDIO = Source("audio", "series", 3, (0.0,) * 3, (1.0,) * 3)
LYRICS = Source("lyrics", "vector", 5, (0.0,) * 5, (1.0,) * 5)


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def inputs():
    songs = {"audio": torch.randn(4, 3, 64), "lyrics": torch.randn(4, 5)}
    songs["lyrics"][0] = torch.nan
    return songs


def make(kind, n_members):
    members = [kind([AUDIO, LYRICS], 3, 0.1) for _ in range(n_members)]
    return members, Ensemble(members).eval()


def test_one_member_speaks_for_itself(inputs):
    (member,), ensemble = make(TeacherNet, 1)
    out, own = ensemble(**inputs), member(**inputs)
    assert out.keys() == own.keys()
    for key in out:
        assert torch.equal(out[key], own[key])
    assert ensemble.sources == (AUDIO, LYRICS)


def test_members_are_averaged_hidden_states_side_by_side_and_masks_kept(inputs):
    members, ensemble = make(TeacherNet, 3)
    out, own = ensemble(**inputs), [member(**inputs) for member in members]
    for key in ("logits", "branch_logits", "source_attention"):
        assert_close(out[key], sum(o[key] for o in own) / 3)
    assert_close(out["hidden"], torch.cat([o["hidden"] for o in own], dim=1))
    assert out["present"].dtype == torch.bool
    assert torch.equal(out["present"], own[0]["present"])


def test_the_probabilities_are_the_geometric_mean(inputs):
    members, ensemble = make(StudentNet, 2)
    first, second = (member(**inputs)["logits"].softmax(dim=1) for member in members)
    mean = (first * second).sqrt()
    assert_close(ensemble(**inputs)["logits"].softmax(dim=1), mean / mean.sum(dim=1, keepdim=True))


def test_timelines_are_averaged(inputs):
    members, ensemble = make(StudentNet, 2)
    first, second = (member.timeline(**inputs) for member in members)
    assert_close(ensemble.timeline(**inputs), (first + second) / 2)
