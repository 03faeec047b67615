"""The tables that all benchmarks report with."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "_report.py"


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("report", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_table_becomes_markdown_with_aligned_columns(report):
    table = pd.DataFrame({"x": ["1", "22"]}, index=pd.Index(["short", "longer"], name="arm"))
    lines = report.markdown(table).splitlines()
    assert lines[0] == "| arm    | x  |"
    assert lines[1] == "| ------ | -- |"
    assert lines[3] == "| longer | 22 |"
