"""Nets without memory, into which parameters are put."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sklearn_skd.networks import Source, StudentNet, TeacherNet
from sklearn_skd.networks.skeleton import skeleton

SOURCES = (
    Source("audio", "series", 8, mean=(0.0,) * 8, scale=(1.0,) * 8),
    Source("lyrics", "vector", 5, mean=(0.0,) * 5, scale=(1.0,) * 5),
    Source("culture", "categories", 2, n_codes=(3, 4)),
)
NETS = [StudentNet, TeacherNet]


@pytest.mark.parametrize("make", NETS)
def test_shapes_and_types_are_those_of_the_net(make):
    net = make(SOURCES, 3, 0.1)
    with skeleton():
        bare = make(SOURCES, 3, 0.1)
    assert all(tensor.is_meta for tensor in bare.state_dict().values())
    described = [
        {name: (tensor.shape, tensor.dtype) for name, tensor in one.state_dict().items()}
        for one in (net, bare)
    ]
    assert described[0] == described[1]


def test_no_random_numbers_are_drawn():
    before = torch.random.get_rng_state()
    with skeleton():
        StudentNet(SOURCES, 3, 0.1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.nn.Linear(2, 2).weight.is_meta


def test_the_compiler_of_torch_is_not_imported():
    code = (
        "import sys; from test_skeleton import *\n"
        "with skeleton(): StudentNet(SOURCES, 3, 0.1), TeacherNet(SOURCES, 3, 0.1)\n"
        "print('torch._dynamo' in sys.modules, 'sympy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    assert done.stdout.split() == ["False", "False"]
