"""The figure of separation by sources."""

import itertools

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_skd.display import SourceSeparationDisplay

METRICS = {
    "intra-class distance": 0.9,
    "inter-class distance": 1.1,
    "silhouette": 0.2,
    "silhouette (shuffled labels)": -0.05,
}
SUBSETS = ["audio", "audio + lyrics", "audio + culture", "audio + lyrics + culture"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_table(subsets=SUBSETS, n_folds=3):
    rows = []
    for fold, (k, sources), (metric, value) in itertools.product(
        range(n_folds), enumerate(subsets), METRICS.items()
    ):
        row = {"repeat": 0, "fold": fold, "sources": sources, "metric": metric}
        row |= {"value": value + 0.1 * k + 0.01 * fold, "n_train": 80, "n_test": 40 + fold}
        rows.append(row)
    return pd.DataFrame(rows)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_the_large_marks_are_the_means_over_the_folds_in_the_order_of_the_table():
    display = SourceSeparationDisplay.from_table(make_table())
    for metric in list(METRICS)[:3]:
        heights = display.lines_[metric].get_ydata()
        np.testing.assert_allclose(heights, METRICS[metric] + 0.1 * np.arange(4) + 0.01)
    ticks = [label.get_text() for label in display.silhouette_ax_.get_xticklabels()]
    assert [tick.replace("\n", " ") for tick in ticks] == SUBSETS
    assert texts(display.silhouette_ax_) == ["0.21", "0.31", "0.41", "0.51"]


def test_every_fold_has_a_small_mark_beside_its_mean():
    display = SourceSeparationDisplay.from_table(make_table())
    small = [line for line in display.silhouette_ax_.lines if line.get_markersize() == 4]
    assert len(small) == 4
    for k, line in enumerate(small):
        np.testing.assert_allclose(line.get_ydata(), 0.2 + 0.1 * k + 0.01 * np.arange(3))
        mean = display.lines_["silhouette"].get_xdata()[k]
        assert (np.abs(line.get_xdata() - mean) > 0).all()


def test_a_dashed_bar_shows_where_shuffled_labels_would_be():
    display = SourceSeparationDisplay.from_table(make_table())
    bars = [line for line in display.silhouette_ax_.lines if line.get_linestyle() == "--"]
    heights = [bar.get_ydata() for bar in bars]
    np.testing.assert_allclose(heights, np.repeat(-0.04 + 0.1 * np.arange(4), 2).reshape(4, 2))
    without = make_table().query("metric != 'silhouette (shuffled labels)'")
    plain = SourceSeparationDisplay.from_table(without)
    assert all(line.get_linestyle() != "--" for line in plain.silhouette_ax_.lines)


def test_the_label_counts_folds_and_held_out_songs():
    display = SourceSeparationDisplay.from_table(make_table())
    assert "3 folds of 41 held-out songs" in display.silhouette_ax_.get_xlabel()
    display = SourceSeparationDisplay.from_table(make_table(n_folds=1))
    assert "1 fold of 40 held-out songs" in display.silhouette_ax_.get_xlabel()


def test_the_series_differ_without_colour():
    display = SourceSeparationDisplay.from_table(make_table())
    markers = {line.get_marker() for line in display.lines_.values()}
    assert len(markers) == 3


def test_folds_without_a_value_are_passed_over():
    table = make_table()
    table.loc[table["fold"] == 0, "value"] = np.nan
    table.loc[table["sources"] == "audio", "value"] = np.nan
    display = SourceSeparationDisplay.from_table(table)
    display.figure_.canvas.draw()
    heights = display.lines_["silhouette"].get_ydata()
    np.testing.assert_allclose(heights[1:], 0.2 + 0.1 * np.arange(1, 4) + 0.015)
    assert len(texts(display.silhouette_ax_)) == 3


def test_nothing_is_cut_off_and_the_legend_hides_nothing():
    display = SourceSeparationDisplay.from_table(make_table())
    display.figure_.canvas.draw()
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.y0 >= display.ax_.get_window_extent().y1
    canvas = display.figure_.bbox
    labels = [display.silhouette_ax_.xaxis.label, *display.silhouette_ax_.get_xticklabels()]
    for box in (legend, *(label.get_window_extent() for label in labels)):
        assert canvas.x0 <= box.x0 < box.x1 <= canvas.x1
        assert canvas.y0 <= box.y0 < box.y1 <= canvas.y1


def test_it_is_drawn_onto_given_axes():
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5))
    before = right.get_position().bounds
    display = SourceSeparationDisplay.from_table(make_table(), ax=left)
    assert display.ax_ is left
    assert display.figure_ is figure
    assert right.get_position().bounds == before


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"no columns \['sources'\]"):
        SourceSeparationDisplay.from_table(make_table().drop(columns="sources"))
    with pytest.raises(ValueError, match=r"no rows of the metrics \['silhouette'\]"):
        SourceSeparationDisplay.from_table(make_table().query("metric != 'silhouette'"))


def test_tables_of_several_experiments_are_told():
    table = make_table()
    SourceSeparationDisplay.from_table(table.assign(votes=True))
    both = pd.concat([table.assign(votes=True), table.assign(votes=False)])
    with pytest.raises(ValueError, match=r"experiments apart by \['votes'\]"):
        SourceSeparationDisplay.from_table(both)
