"""The figure of costs."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_skd.display import CostDisplay

MODELS = ["teacher", "student-only", "KD student", "SKD student"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def table():
    """The figures that the paper tells of its Fig. 8."""
    return pd.DataFrame(
        {
            "parameters": [148.0e6, 18.5e6, 18.5e6, 19.2e6],
            "latency_ms": [42.6, 8.4, 8.4, 9.1],
            "latency_ms_q05": [40.0, 8.0, 8.0, 9.0],
            "latency_ms_q95": [50.0, 9.0, 9.0, 12.0],
            "peak_memory_mb": [1240.0, 236.0, np.nan, 251.0],
            "accuracy": [0.852, 0.748, 0.781, 0.837],
            "macro_f1": [0.833, 0.721, 0.758, 0.819],
            "latency_ms_features_audio": [6.0, 6.0, 6.0, 6.0],
        },
        index=pd.Index(MODELS, name="model"),
    )


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_the_bars_are_the_values_of_the_metrics_of_figure_8(table):
    display = CostDisplay.from_table(table)
    assert list(display.bars_) == [
        "parameters",
        "latency_ms",
        "peak_memory_mb",
        "accuracy",
        "macro_f1",
    ]
    widths = [bar.get_width() for bar in display.bars_["parameters"]]
    np.testing.assert_allclose(widths, [148.0, 18.5, 18.5, 19.2])
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == MODELS
    assert [axes.get_title(loc="left") for axes in display.axes_] == [
        "Parameters ↓",
        "Latency, one song ↓",
        "Peak memory ↓",
        "Accuracy ↑",
        "Macro-F1 ↑",
    ]


def test_each_bar_tells_its_value_and_the_paper_s_ratio_to_the_teacher(table):
    display = CostDisplay.from_table(table)
    assert texts(display.axes_[0])[::3] == ["148 M", "19.2 M (÷ 7.7)"]
    assert texts(display.axes_[1])[::3] == ["42.6 ms", "9.1 ms (÷ 4.7)"]
    assert texts(display.axes_[2])[::3] == ["1,240 MB", "251 MB (÷ 4.9)"]
    assert texts(display.axes_[3]) == ["0.852", "0.748", "0.781", "0.837"]


def test_small_nets_are_told_in_thousands(table):
    table["parameters"] = [83506, 24277, 24277, 24277]
    display = CostDisplay.from_table(table)
    assert texts(display.axes_[0])[:2] == ["83.5 k", "24.3 k (÷ 3.4)"]
    assert display.axes_[0].get_title(loc="left") == "Parameters, thousands ↓"  # as the ticks
    assert len(display.axes_[0].get_xticks()) >= 2


def test_another_reference_turns_the_ratios_and_takes_the_hatch(table):
    display = CostDisplay.from_table(table, reference="SKD student", metrics=["parameters"])
    assert texts(display.axes_[0])[0] == "148 M (× 7.7)"
    hatches = [bar.get_hatch() for bar in display.bars_["parameters"]]
    assert hatches[:3] == [None, None, None]
    assert hatches[3]


def test_what_is_not_known_is_said(table):
    display = CostDisplay.from_table(table)
    assert texts(display.axes_[2])[2] == "not known"
    table["peak_memory_mb"] = np.nan
    display = CostDisplay.from_table(table)
    display.figure_.canvas.draw()
    assert texts(display.axes_[2]) == ["not known"] * 4


def test_whiskers_reach_from_quantile_to_quantile(table):
    display = CostDisplay.from_table(table)
    (lines,) = display.axes_[1].collections
    np.testing.assert_allclose(
        [(start[0], end[0]) for start, end in lines.get_segments()],
        table[["latency_ms_q05", "latency_ms_q95"]].to_numpy(),
    )
    assert not display.axes_[0].collections


def test_stages_and_other_columns_can_be_drawn(table):
    table["throughput"] = [10.0, 100.0, 100.0, 47.0]
    display = CostDisplay.from_table(table, metrics=["latency_ms_features_audio", "throughput"])
    titles = [axes.get_title(loc="left") for axes in display.axes_]
    assert titles == ["Latency, features audio ↓", "Throughput ↑"]
    assert texts(display.axes_[1])[-1] == "47 songs/s (× 4.7)"


def test_a_table_without_scores_has_the_other_panels(table):
    display = CostDisplay.from_table(table.drop(columns=["accuracy", "macro_f1"]))
    assert len(display.axes_) == 3


def test_what_is_written_stays_inside_the_figure(table):
    for part in (table, table.iloc[:1], table.iloc[[3, 0]]):
        display = CostDisplay.from_table(part)
        display.figure_.canvas.draw()
        canvas = display.figure_.bbox
        for axes in display.axes_:
            for text in [*axes.texts, axes.title]:
                box = text.get_window_extent()
                assert box.x1 <= min(canvas.x1, axes.get_window_extent().x1 + 8)


def test_it_is_drawn_onto_given_axes(table):
    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 4))
    before = right.get_position().bounds
    display = CostDisplay.from_table(table, ax=left)
    assert display.figure_ is figure
    assert right.get_position().bounds == before
    _, given = plt.subplots(1, 2)
    display = CostDisplay.from_table(table, metrics=["parameters", "accuracy"], ax=given)
    assert list(display.axes_) == list(given)


def test_a_table_of_another_kind_is_refused(table):
    with pytest.raises(ValueError, match=r"no columns \['speed'\]"):
        CostDisplay.from_table(table, metrics=["speed"])
    with pytest.raises(ValueError, match="profile_cost"):
        CostDisplay.from_table(pd.DataFrame({"value": [1.0]}))
    with pytest.raises(ValueError, match="no model 'king'"):
        CostDisplay.from_table(table, reference="king")
    with pytest.raises(ValueError, match="one row a model"):
        CostDisplay.from_table(table.iloc[:0])
    with pytest.raises(ValueError, match="one row a model"):
        CostDisplay.from_table(table.iloc[[0, 0]])
