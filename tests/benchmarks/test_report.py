"""The arithmetic that all benchmarks report with."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "_report.py"


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("report", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_corrected_error_counts_the_overlap_of_the_training_sets(report):
    differences = [0.1, 0.2, 0.3, 0.4]
    by_hand = np.std(differences, ddof=1) * np.sqrt(1 / 4 + 40 / 160)
    assert report.corrected_error(differences, n_train=160, n_test=40) == pytest.approx(by_hand)


def test_differences_are_paired_by_fold(report):
    scores = pd.DataFrame({"a": [0.5, 0.7, 0.9], "b": [0.6, 0.8, 1.0]})
    table = report.paired_differences(scores, "a", n_train=4, n_test=1)
    assert table.loc["b", "difference"] == pytest.approx(0.1)
    assert table.loc["b", "error"] == pytest.approx(0.0)  # the same in every fold
    assert table.loc["a", "difference"] == 0


def test_a_table_becomes_markdown_with_aligned_columns(report):
    table = pd.DataFrame({"x": ["1", "22"]}, index=pd.Index(["short", "longer"], name="arm"))
    lines = report.markdown(table).splitlines()
    assert lines[0] == "| arm    | x  |"
    assert lines[1] == "| ------ | -- |"
    assert lines[3] == "| longer | 22 |"
