"""ReliabilityDisplay."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd.display import ReliabilityDisplay
from sklearn_skd.metrics import calibration_summary

mpl.use("Agg")
import matplotlib.pyplot as plt

# colours in their order (https://jfly.uni-koeln.de/color/), black and the light ones last
OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9"]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def predictions(n_samples=200, sharpness=2.5, n_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(n_classes), size=n_samples)
    y = np.array([rng.choice(n_classes, p=row) for row in true])
    proba = true**sharpness
    return y, proba / proba.sum(axis=1, keepdims=True)


def legend_texts(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def boxes_of(artists, display):
    renderer = display.figure_.canvas.get_renderer()
    return [artist.get_window_extent(renderer) for artist in artists]


def test_the_points_are_accuracy_over_mean_confidence_by_hand():
    # bins of fifths: .5 and .6 right and wrong; .9 and .95 both right
    proba = [[0.5, 0.5], [0.6, 0.4], [0.9, 0.1], [0.05, 0.95]]
    display = ReliabilityDisplay.from_predictions([0, 1, 0, 1], proba, n_bins=5)
    np.testing.assert_allclose(display.line_.get_xydata(), [[0.55, 0.5], [0.925, 1.0]])
    assert display.table.count.tolist() == [0, 0, 2, 0, 2]
    assert np.isnan(display.table.accuracy[[0, 1, 3]]).all()
    np.testing.assert_array_equal(display.counts_.get_data().values, display.table.count)


def test_the_intervals_are_wilsons():
    y, proba = predictions()
    table = ReliabilityDisplay.from_predictions(y, proba).table
    from scipy.stats import binomtest

    for b in np.flatnonzero(table.count):
        right = round(table.accuracy[b] * table.count[b])
        wilson = binomtest(right, table.count[b]).proportion_ci(method="wilson")
        assert (table.accuracy_low[b], table.accuracy_high[b]) == pytest.approx(wilson, abs=1e-9)


def test_the_null_band_is_that_of_a_binomial_at_the_counts():
    from scipy.stats import binom

    proba = np.tile([0.7, 0.3], (50, 1))
    table = ReliabilityDisplay.from_predictions([0] * 35 + [1] * 15, proba).table
    (b,) = np.flatnonzero(table.count)
    expected = binom.ppf([0.025, 0.975], 50, 0.7) / 50
    assert (table.null_low[b], table.null_high[b]) == pytest.approx(expected, abs=0.021)


def test_the_legend_gives_error_interval_floor_and_number_of_songs():
    y, proba = predictions()
    display = ReliabilityDisplay.from_predictions(y, proba, name="student")
    s = calibration_summary(y, proba)
    assert display.summary == s
    curve, band = legend_texts(display)
    assert curve == (
        f"student\nECE {s.ece:.3f} [{s.ece_low:.3f}, {s.ece_high:.3f}], n = 200\n"
        f"null floor {s.floor:.3f} [{s.floor_low:.3f}, {s.floor_high:.3f}]"
    )
    assert "95 % band if calibrated (student)" in band


def test_filled_markers_are_the_bins_outside_their_band():
    y, proba = predictions(n_samples=600)
    display = ReliabilityDisplay.from_predictions(y, proba)
    t = display.table
    outside = (t.accuracy < t.null_low - 1e-9) | (t.accuracy > t.null_high + 1e-9)
    assert 0 < outside.sum() < (t.count > 0).sum()
    assert display.line_.get_markerfacecolor() == "white"
    (filled,) = [line for line in display.ax_.lines if line.get_linestyle() == "None"]
    np.testing.assert_allclose(
        filled.get_xydata(), np.column_stack([t.confidence, t.accuracy])[outside]
    )


def test_models_on_one_axes_differ_in_colour_line_and_marker_and_share_panel_and_band():
    display = ReliabilityDisplay.from_predictions(*predictions(), name="a")
    others = [
        ReliabilityDisplay.from_predictions(
            *predictions(sharpness=s, n_samples=400), name=n, ax=display.ax_
        )
        for n, s in (("b", 1.0), ("c", 0.5))
    ]
    lines = [d.line_ for d in (display, *others)]
    for style in ("color", "linestyle", "marker"):
        assert len({str(getattr(line, f"get_{style}")()) for line in lines}) == 3, style
    assert [line.get_color() for line in lines] == OKABE_ITO[:3]
    assert all(d.counts_ax_ is display.counts_ax_ for d in others)
    assert len(display.figure_.axes) == 2
    assert display.band_ is not None
    assert [d.band_ for d in others] == [None, None]
    texts = legend_texts(display)
    assert [text.split("\n")[0] for text in texts] == ["a", "b", "c", texts[-1].split("\n")[0]]
    assert (
        sum(np.array_equal(line.get_xydata(), [[0, 0], [1, 1]]) for line in display.ax_.lines) == 1
    )
    tallest = max(d.table.count.max() for d in (display, *others))
    assert display.counts_ax_.get_ylim() == pytest.approx((0, 1.1 * tallest))


def test_band_and_diagonal_can_be_asked_for_or_left_out():
    y, proba = predictions()
    bare = ReliabilityDisplay.from_predictions(y, proba, ref_line=False, null_band=False)
    assert bare.band_ is None
    assert not any(np.array_equal(line.get_xydata(), [[0, 0], [1, 1]]) for line in bare.ax_.lines)
    second = ReliabilityDisplay.from_predictions(y, proba, ax=bare.ax_, null_band=True)
    assert second.band_ is not None
    with pytest.raises(ValueError, match="null_band must be True, False or 'auto'"):
        bare.plot(null_band="yes")


def test_the_curve_takes_arguments_of_matplotlib():
    y, proba = predictions()
    display = ReliabilityDisplay.from_predictions(
        y, proba, curve_kwargs={"color": "black", "linewidth": 3}
    )
    assert display.line_.get_color() == "black"
    assert display.line_.get_linewidth() == 3
    display.plot(curve_kwargs={"c": "red", "ls": ":", "markersize": 9})
    assert display.line_.get_color() == "red"
    assert display.line_.get_linestyle() == ":"


def test_an_estimator_a_pipeline_and_a_search_are_plotted_under_their_names():
    X, y = make_classification(n_samples=200, n_informative=5, n_classes=3, random_state=0)
    y = np.array(["sad", "calm", "happy"])[y]
    pipeline = make_pipeline(StandardScaler(), GaussianNB()).fit(X[:100], y[:100])
    search = GridSearchCV(pipeline, {"gaussiannb__var_smoothing": [1e-9]}, cv=2)
    search.fit(X[:100], y[:100])
    for model in (pipeline, search, pipeline[-1]):
        display = ReliabilityDisplay.from_estimator(model, X[100:], y[100:], n_bins=10)
        assert display.estimator_name == "GaussianNB"
        assert display.summary == calibration_summary(
            y[100:], model.predict_proba(X[100:]), n_bins=10
        )
    named = ReliabilityDisplay.from_estimator(pipeline, X[100:], y[100:], name="teacher")
    assert legend_texts(named)[0].startswith("teacher\n")


def test_something_unfitted_is_refused():
    with pytest.raises(ValueError, match="GaussianNB is no fitted classifier"):
        ReliabilityDisplay.from_estimator(GaussianNB(), [[0.0]], [0])


def test_a_binary_vector_and_equal_mass_bins_are_drawn():
    y, proba = predictions(n_classes=2)
    display = ReliabilityDisplay.from_predictions(y, proba[:, 1], strategy="quantile", n_bins=8)
    assert display.table.count.sum() == 200
    assert np.ptp(display.table.count) <= 1


def test_a_constant_predictor_is_one_point():
    display = ReliabilityDisplay.from_predictions([0, 1, 0], np.tile([0.7, 0.3], (3, 1)))
    np.testing.assert_allclose(display.line_.get_xydata(), [[0.7, 2 / 3]])
    display.figure_.canvas.draw()


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_a_diagram_takes_its_room_from_a_given_axes_only(layout):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.5), layout=layout)
    before = right.get_position().bounds
    display = ReliabilityDisplay.from_predictions(*predictions(), ax=left)
    figure.canvas.draw()
    assert display.ax_ is left
    assert display.figure_ is figure
    upper, lower = left.get_position(), display.counts_ax_.get_position()
    assert lower.y1 <= upper.y0
    assert (lower.x0, lower.x1) == pytest.approx((upper.x0, upper.x1))
    assert upper.x1 < right.get_position().x0
    if layout is None:
        assert right.get_position().bounds == pytest.approx(before)


def test_an_axes_put_at_a_given_place_is_split_as_well():
    figure = plt.figure()
    ax = figure.add_axes([0.15, 0.15, 0.7, 0.6])
    display = ReliabilityDisplay.from_predictions(*predictions(), ax=ax)
    figure.canvas.draw()
    lower = display.counts_ax_.get_position()
    assert lower.y0 == pytest.approx(0.15, abs=0.01)
    assert lower.y1 < ax.get_position().y0


def test_the_legend_hides_no_data_and_nothing_is_cut_off():
    display = ReliabilityDisplay.from_predictions(*predictions(), name="SKD student")
    for name in ("KD student", "student-only", "teacher"):
        ReliabilityDisplay.from_predictions(*predictions(), name=name, ax=display.ax_)
    display.figure_.canvas.draw()
    (legend, axes, xlabel) = boxes_of(
        [display.ax_.get_legend(), display.ax_.patch, display.counts_ax_.xaxis.label], display
    )
    assert legend.y0 >= axes.y1
    canvas = display.figure_.bbox
    for box in (legend, xlabel):
        assert canvas.x0 <= box.x0
        assert box.x1 <= canvas.x1
        assert canvas.y0 <= box.y0
        assert box.y1 <= canvas.y1


def test_importing_the_displays_imports_no_matplotlib():
    code = "import sklearn_skd.display, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
