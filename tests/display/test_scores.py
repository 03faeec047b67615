"""The displays of scores: StrategyComparisonDisplay, TransferDisplay, LowLabelDisplay."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sklearn_skd.display import LowLabelDisplay, StrategyComparisonDisplay, TransferDisplay
from sklearn_skd.evaluation import summarize

mpl.use("Agg")
import matplotlib.pyplot as plt

STRATEGIES = ("student-only", "kd", "skd")
CALIBRATIONS = ("raw", "temperature")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def make_table(metrics, places, seed=0):
    """Scores of all strategies at the given places."""
    rng = np.random.RandomState(seed)
    rows = [
        {**place, "strategy": strategy, "calibration": calibration, "metric": metric,
         "value": rng.uniform(), "n_train": 80, "n_test": 20}
        for place, strategy, calibration, metric in itertools.product(
            places, STRATEGIES, CALIBRATIONS, metrics
        )
    ]  # fmt: skip
    return pd.DataFrame(rows)


def make_pooled(name=None, values=(None,)):
    """Pooled calibration of all strategies."""
    rng = np.random.RandomState(1)
    rows = []
    for value, strategy, calibration in itertools.product(values, STRATEGIES, CALIBRATIONS):
        place = {} if name is None else {name: value}
        ece, floor = rng.uniform(0.1, 0.3), rng.uniform(0.02, 0.1)
        rows.append(
            {**place, "strategy": strategy, "calibration": calibration, "ece": ece,
             "ece_low": ece - 0.04, "ece_high": ece + 0.05, "floor": floor,
             "floor_low": floor - 0.01, "floor_high": floor + 0.02, "n_samples": 100}
        )  # fmt: skip
    keys = [*([] if name is None else [name]), "strategy", "calibration"]
    return pd.DataFrame(rows).set_index(keys)


FOLDS = [{"repeat": 0, "fold": fold} for fold in range(3)]
TARGETS = [{"target": t, "repeat": r, "fold": -1} for t in ("EMMA", "MERGE") for r in range(2)]
SHARES = [{"label_share": share, **fold} for share in (0.7, 0.3) for fold in FOLDS]


@pytest.fixture
def compared():
    return make_table(["AUROC", "NLL", "ECE"], FOLDS)


@pytest.fixture
def transferred():
    return make_table(["AUROC", "kappa", "ECE"], TARGETS)


@pytest.fixture
def low_label():
    pooled = [{"label_share": share, "repeat": 0, "fold": -1} for share in (0.3, 0.7)]
    agreement = make_table(["CCC", "ICR"], pooled)
    agreement.loc[agreement["metric"] == "ICR", "value"] = 0.6
    return pd.concat([make_table(["ECE"], SHARES), agreement], ignore_index=True)


def drawn(container):
    """Positions of the markers, and the ends of the bars (NaN if there is none)."""
    line, _, (bars,) = container
    none = np.full((2, 2), np.nan)
    ends = [segment if len(segment) else none for segment in bars.get_segments()]
    return line.get_xydata(), np.array(ends)


def names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def legend_of(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_each_strategy_is_at_its_mean_with_the_error_of_its_difference(compared):
    display = StrategyComparisonDisplay.from_table(compared, reference="kd")
    told = summarize(compared, reference="kd").xs(("NLL", "raw"), level=("metric", "calibration"))
    points, bars = drawn(display.points_["NLL"]["raw"])
    np.testing.assert_allclose(points[:, 0], told["mean"].loc[list(STRATEGIES)])
    width = bars[:, 1, 0] - bars[:, 0, 0]
    others = [0, 2]  # the reference has no bar
    np.testing.assert_allclose(width[others], 2 * told["error"].to_numpy()[others])
    assert np.isnan(width[1])
    assert np.argsort(points[:, 1]).tolist() == [0, 1, 2]


def test_the_reference_is_a_line_for_each_calibration(compared):
    display = StrategyComparisonDisplay.from_table(compared)
    means = summarize(compared).loc["AUROC"].loc["student-only"]["mean"]
    axes = display.axes_[0]
    lines = [
        line.get_xdata()[0]
        for line in axes.lines
        if len(set(line.get_xdata())) == 1 and list(line.get_ydata()) == [0, 1]
    ]
    assert sorted(lines) == pytest.approx(sorted(means))


def test_panels_are_named_with_their_better_side_and_rows_once(compared):
    display = StrategyComparisonDisplay.from_table(compared)
    assert [axes.get_title(loc="left") for axes in display.axes_] == ["AUROC ↑", "NLL ↓", "ECE ↓"]
    assert names(display.axes_[0]) == list(STRATEGIES)
    assert set(names(display.axes_[1])) <= {""}
    assert display.axes_[0].yaxis_inverted()
    assert legend_of(display) == ["raw", "temperature-scaled"]
    assert "difference to student-only" in display.legend_.get_title().get_text()


def test_the_pooled_ece_has_its_interval_and_null_band(compared):
    pooled = make_pooled()
    display = StrategyComparisonDisplay.from_table(compared, pooled=pooled)
    axes = display.axes_[2]
    assert axes.get_title(loc="left") == "ECE ↓, pooled"
    told = pooled.xs("temperature", level="calibration")
    points, bars = drawn(display.points_["ECE"]["temperature"])
    np.testing.assert_allclose(points[:, 0], told["ece"])
    np.testing.assert_allclose(bars[:, :, 0], told[["ece_low", "ece_high"]])
    floors = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    expected = sorted(map(tuple, pooled[["floor_low", "floor_high"]].to_numpy()))
    np.testing.assert_allclose(sorted(floors), expected)
    assert legend_of(display)[-1] == "ECE if calibrated, 95 %"


def test_an_arm_that_is_raw_alone_is_shown(compared):
    forest = compared[(compared["strategy"] == "kd") & (compared["calibration"] == "raw")]
    table = pd.concat([compared, forest.assign(strategy="forest")])
    display = StrategyComparisonDisplay.from_table(table)
    assert names(display.axes_[0])[-1] == "forest"
    assert len(drawn(display.points_["NLL"]["raw"])[0]) == 4
    assert len(drawn(display.points_["NLL"]["temperature"])[0]) == 3


def test_targets_are_rows_and_bars_the_range_of_the_repeats(transferred):
    display = TransferDisplay.from_table(transferred)
    assert names(display.axes_[0]) == ["EMMA", "MERGE"]
    rows = transferred.query(
        "metric == 'kappa' and strategy == 'skd' and calibration == 'temperature'"
    ).groupby("target")["value"]
    points, bars = drawn(display.points_["kappa"]["skd"])
    np.testing.assert_allclose(points[:, 0], rows.mean())
    np.testing.assert_allclose(bars[:, 0, 0], rows.min())
    np.testing.assert_allclose(bars[:, 1, 0], rows.max())
    assert legend_of(display) == list(STRATEGIES)


def test_a_single_repeat_has_no_range(transferred):
    display = TransferDisplay.from_table(transferred[transferred["repeat"] == 0])
    _, bars = drawn(display.points_["kappa"]["skd"])
    assert np.isnan(bars[:, :, 0]).all()


def test_raw_probabilities_are_drawn_if_asked_for(transferred):
    display = TransferDisplay.from_table(transferred, calibration="raw", metrics=["AUROC"])
    raw = transferred.query("metric == 'AUROC' and strategy == 'kd' and calibration == 'raw'")
    points, _ = drawn(display.points_["AUROC"]["kd"])
    np.testing.assert_allclose(points[:, 0], raw.groupby("target")["value"].mean())


def test_the_pooled_ece_of_a_target_has_its_band(transferred):
    pooled = make_pooled("target", ["EMMA", "MERGE"])
    display = TransferDisplay.from_table(transferred, pooled=pooled)
    points, _ = drawn(display.points_["ECE"]["kd"])
    expected = pooled.xs(("kd", "temperature"), level=("strategy", "calibration"))["ece"]
    np.testing.assert_allclose(points[:, 0], expected)
    assert len(display.axes_[2].patches) == 2 * 3


def test_agreement_is_drawn_against_the_share_of_labels_with_the_icr(low_label):
    display = LowLabelDisplay.from_table(low_label)
    assert [axes.get_title(loc="left") for axes in display.axes_] == ["CCC ↑", "ECE ↓"]
    ccc = low_label.query("metric == 'CCC' and strategy == 'kd' and calibration == 'temperature'")
    points = display.points_["CCC"]["kd"][0].get_xydata()
    np.testing.assert_allclose(points, np.column_stack([[30, 70], ccc["value"]]))
    assert display.reference_.get_ydata()[0] == 0.6
    assert legend_of(display)[-1] == "ICR (annotators with each other)"
    assert display.axes_[0].get_xticks().tolist() == [30, 70]


def test_the_error_of_the_ece_is_that_of_the_difference_at_this_share(low_label):
    display = LowLabelDisplay.from_table(low_label, metrics=["ECE"])
    told = summarize(low_label[low_label["calibration"] == "temperature"])["error"]
    _, bars = drawn(display.points_["ECE"]["skd"])
    errors = [told[share, "ECE", "skd", "temperature"] for share in (0.3, 0.7)]
    np.testing.assert_allclose(bars[:, 1, 1] - bars[:, 0, 1], 2 * np.array(errors))
    assert display.reference_ is None


def test_without_votes_there_is_no_reference(low_label):
    table = low_label[low_label["metric"] != "ICR"].replace({"metric": {"CCC": "CCC (labels)"}})
    display = LowLabelDisplay.from_table(table)
    assert display.reference_ is None
    assert display.axes_[0].get_title(loc="left") == "CCC (labels) ↑"


def test_the_band_reaches_from_the_lowest_to_the_highest_floor(low_label):
    pooled = make_pooled("label_share", [0.3, 0.7])
    display = LowLabelDisplay.from_table(low_label, pooled=pooled)
    shown = pooled.xs("temperature", level="calibration").loc[0.3]
    heights = display.band_.get_paths()[0].vertices
    at_30 = heights[heights[:, 0] == 30, 1]
    assert at_30.min() == pytest.approx(shown["floor_low"].min())
    assert at_30.max() == pytest.approx(shown["floor_high"].max())
    assert "95 % interval" in display.legend_.get_title().get_text()


@pytest.mark.parametrize("shares", [[0.3], [0.3, 0.7]])
def test_the_band_lies_behind_the_points_of_every_strategy(low_label, shares):
    table = low_label[low_label["label_share"].isin(shares)]
    pooled = make_pooled("label_share", shares)
    display = LowLabelDisplay.from_table(table, pooled=pooled)
    points = np.concatenate([drawn(one)[0][:, 0] for one in display.points_["ECE"].values()])
    band = display.band_.get_paths()[0].get_extents()
    assert band.x0 < points.min()
    assert band.x1 > points.max()


@pytest.mark.parametrize("kind", [StrategyComparisonDisplay, TransferDisplay, LowLabelDisplay])
@pytest.mark.parametrize("place", ["subplot", "by hand", "several"])
def test_the_panels_stay_inside_the_axes_given(kind, place, compared, transferred, low_label):
    table = {
        StrategyComparisonDisplay: compared,
        TransferDisplay: transferred,
        LowLabelDisplay: low_label,
    }[kind]
    metrics = ["CCC", "ECE"] if kind is LowLabelDisplay else ["AUROC", "ECE"]
    figure = plt.figure(figsize=(10, 5))
    if place == "several":
        ax = figure.subplots(1, 2)
    elif place == "subplot":
        ax = figure.subplots(1, 2)[1]
    else:
        ax = figure.add_axes([0.5, 0.2, 0.4, 0.6])
    box = None if place == "several" else ax.get_position()
    display = kind.from_table(table, metrics=metrics, ax=ax)
    assert display.figure_ is figure
    if place == "several":
        assert list(display.axes_) == list(ax)
    else:
        for axes in display.axes_:
            inner = axes.get_position()
            assert inner.x0 >= box.x0 - 1e-6
            assert inner.x1 <= box.x1 + 1e-6
            assert inner.y0 >= box.y0 - 1e-6
            assert inner.y1 <= box.y1 + 1e-6
    figure.canvas.draw()


def test_the_legend_and_the_titles_do_not_overlap(compared):
    display = StrategyComparisonDisplay.from_table(compared, pooled=make_pooled())
    display.figure_.canvas.draw()
    legend = display.legend_.get_window_extent()
    titles = [axes._left_title.get_window_extent() for axes in display.axes_]
    assert all(title.y1 <= legend.y0 for title in titles)
    assert legend.x1 <= display.figure_.bbox.x1


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda t: t.drop(columns="metric"), {}, r"no columns \['metric'\].*compare_strategies"),
        (lambda t: t, {"metrics": ["F2"]}, r"no metrics \['F2'\], only \['AUROC'"),
        (lambda t: t, {"reference": "ckd"}, "'ckd' is not in the table"),
        (lambda t: t, {"ax": "two"}, "2 Axes for 3 metrics"),
        (lambda t: t.replace({"calibration": {"raw": "-"}}), {}, r"calibrations \['-'\]"),
        (lambda t: t, {"reference": ("kd", "raw")}, "reference is the name of a strategy"),
    ],
)
def test_what_cannot_be_compared_is_told(compared, change, given, message):
    if "ax" in given:
        given = {"ax": plt.subplots(1, 2)[1]}
    with pytest.raises(ValueError, match=message):
        StrategyComparisonDisplay.from_table(change(compared), **given)


def test_tables_of_other_experiments_are_told(compared, transferred):
    with pytest.raises(ValueError, match=r"no column 'target'.*evaluate_transfer"):
        TransferDisplay.from_table(compared, metrics=["AUROC"])
    with pytest.raises(ValueError, match=r"no column 'label_share'.*evaluate_low_label"):
        LowLabelDisplay.from_table(compared)
    with pytest.raises(ValueError, match=r"no calibration 'vector', only \['raw'"):
        TransferDisplay.from_table(transferred, calibration="vector")


@pytest.mark.parametrize(
    ("kind", "places", "own"),
    [
        (StrategyComparisonDisplay, FOLDS, None),
        (TransferDisplay, TARGETS, "target"),
        (LowLabelDisplay, SHARES, "label_share"),
    ],
)
def test_one_experiment_is_drawn_and_several_are_told(kind, places, own):
    metrics = ["AUROC", "kappa", "ECE"]
    table = make_table(metrics, places)
    one = kind.from_table(table.assign(votes=True, note=np.nan), metrics=metrics)
    plain = kind.from_table(table, metrics=metrics)
    xy = [
        [bars[0].get_xydata() for panel in display.points_.values() for bars in panel.values()]
        for display in (one, plain)
    ]
    np.testing.assert_array_equal(*xy)
    both = pd.concat([table.assign(votes=True), table.assign(votes=False)])
    with pytest.raises(ValueError, match=r"The table tells experiments apart by \['votes'\]"):
        kind.from_table(both, metrics=metrics)
    values = (None,) if own is None else tuple({place[own] for place in places})
    pooled = make_pooled(own, values)
    several = pd.concat({True: pooled, False: pooled}, names=["votes"])
    with pytest.raises(ValueError, match=r"pooled tells experiments apart by \['votes'\]"):
        kind.from_table(table, metrics=metrics, pooled=several)
    one = pd.concat({True: pooled}, names=["votes"])
    kind.from_table(table, metrics=metrics, pooled=one)
