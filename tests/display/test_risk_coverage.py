"""RiskCoverageDisplay."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd.display import RiskCoverageDisplay
from sklearn_skd.metrics import area_under_risk_coverage, risk_coverage_summary

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def predictions(n_samples=200, noise=0.0, n_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(n_classes, 0.7), size=n_samples)
    y = np.array([rng.choice(n_classes, p=row) for row in true])
    proba = true * np.exp(noise * rng.normal(size=true.shape))
    return y, proba / proba.sum(axis=1, keepdims=True)


def legend_texts(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def area_beneath(line):
    """Of the line as it is drawn, from its path in steps."""
    x, y = line.get_path().vertices.T
    assert line.get_drawstyle() == "steps-pre"
    return np.diff(x) @ y[1:]


def test_the_curve_by_hand():
    # from the most confident: right, wrong and right together, wrong
    proba = [[0.9, 0.1], [0.7, 0.3], [0.7, 0.3], [0.4, 0.6]]
    display = RiskCoverageDisplay.from_predictions([0, 1, 0, 0], proba)
    np.testing.assert_allclose(
        display.line_.get_xydata(), [[0, 0], [0.25, 0], [0.75, 1 / 3], [1, 0.5]]
    )


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_area_beneath_the_drawn_curve_is_the_one_in_the_legend(decimals):
    y, proba = predictions()
    confidence = proba.max(axis=1).round(decimals)
    display = RiskCoverageDisplay.from_predictions(y, proba, confidence=confidence)
    area = area_under_risk_coverage(y, proba, confidence=confidence)
    assert area_beneath(display.line_) == pytest.approx(area)
    assert f"AURC {area:.3f} [" in legend_texts(display)[0]


def test_the_references_are_a_random_and_a_perfect_order():
    y, proba = predictions()
    display = RiskCoverageDisplay.from_predictions(y, proba)
    error_rate = (proba.argmax(axis=1) != y).mean()
    np.testing.assert_allclose(display.random_line_.get_ydata(), error_rate)
    coverage, risk = display.perfect_line_.get_data()
    assert (risk[coverage < 1 - error_rate] == 0).all()
    assert risk[-1] == pytest.approx(error_rate)
    assert np.trapezoid(risk, coverage) == pytest.approx(display.summary.perfect, abs=2e-3)
    # nobody ranks better than perfectly
    ours = display.table
    assert (ours.risk >= 1 - (1 - error_rate) / ours.coverage - 1e-12).all()


def test_the_legend_gives_area_interval_number_of_songs_and_references():
    y, proba = predictions()
    display = RiskCoverageDisplay.from_predictions(y, proba, name="student")
    s = risk_coverage_summary(y, proba)
    assert display.summary == s
    assert legend_texts(display) == [
        f"student\nAURC {s.aurc:.3f} [{s.aurc_low:.3f}, {s.aurc_high:.3f}], n = 200",
        "95 % interval of the risk (student)",
        f"random order, AURC {s.random:.3f} (student)",
        f"perfect order, AURC {s.perfect:.3f} (student)",
    ]


def test_the_band_is_the_interval_of_the_table_in_steps():
    y, proba = predictions(n_samples=5)
    display = RiskCoverageDisplay.from_predictions(y, proba, labels=range(4))
    corners = display.band_.get_paths()[0].vertices
    table = display.table
    for step in range(5):
        left = table.coverage[step - 1] if step else 0
        for x in (left, table.coverage[step]):
            for height in (table.risk_low[step], table.risk_high[step]):
                assert np.isclose(corners, [x, height]).all(axis=1).any(), (step, x, height)


def test_models_on_one_axes_differ_in_colour_line_and_marker_and_share_references():
    display = RiskCoverageDisplay.from_predictions(*predictions(), name="a")
    others = [
        RiskCoverageDisplay.from_predictions(*predictions(noise=noise), name=name, ax=display.ax_)
        for name, noise in (("b", 1.0), ("c", 3.0))
    ]
    lines = [d.line_ for d in (display, *others)]
    for style in ("color", "linestyle", "marker"):
        assert len({str(getattr(line, f"get_{style}")()) for line in lines}) == 3, style
    places = [set(line.get_xdata()[line.get_markevery()].round(2)) for line in lines]
    assert not places[0] & places[1]  # no marker hides another
    assert [d.band_ for d in others] == [None, None]
    assert [d.random_line_ for d in others] == [d.perfect_line_ for d in others] == [None, None]
    texts = legend_texts(display)
    assert [text.split("\n")[0] for text in texts[:3]] == ["a", "b", "c"]
    assert all("(a)" in text for text in texts[3:])
    assert len(texts) == 6


def test_the_height_shows_every_model_from_a_tenth_of_the_songs_on():
    good = RiskCoverageDisplay.from_predictions(*predictions(seed=1), band=False)
    low = good.ax_.get_ylim()[1]
    bad = RiskCoverageDisplay.from_predictions(*predictions(noise=5, seed=1), ax=good.ax_)
    top = good.ax_.get_ylim()[1]
    for display in (good, bad):
        assert display.table.risk[display.table.coverage >= 0.1].max() < top
    assert low < top <= 1.02
    RiskCoverageDisplay.from_predictions(*predictions(seed=1), ax=good.ax_)
    assert good.ax_.get_ylim()[1] == top


def test_band_and_references_can_be_asked_for_or_left_out():
    y, proba = predictions()
    bare = RiskCoverageDisplay.from_predictions(y, proba, ref_lines=False, band=False)
    assert bare.band_ is bare.random_line_ is bare.perfect_line_ is None
    assert len(bare.ax_.lines) == 1
    second = RiskCoverageDisplay.from_predictions(y, proba, ax=bare.ax_, band=True)
    assert second.band_ is not None
    with pytest.raises(ValueError, match="band must be True, False or 'auto'"):
        bare.plot(band="yes")


def test_the_curve_takes_arguments_of_matplotlib():
    y, proba = predictions()
    options = {"c": "red", "ls": ":", "markevery": 7}
    display = RiskCoverageDisplay.from_predictions(y, proba, curve_kwargs=options)
    line = display.line_
    assert (line.get_color(), line.get_linestyle(), line.get_markevery()) == ("red", ":", 7)


def test_an_estimator_a_pipeline_and_a_search_are_plotted_under_their_names():
    X, y = make_classification(n_samples=200, n_informative=5, n_classes=3, random_state=0)
    y = np.array(["sad", "calm", "happy"])[y]
    pipeline = make_pipeline(StandardScaler(), GaussianNB()).fit(X[:100], y[:100])
    search = GridSearchCV(pipeline, {"gaussiannb__var_smoothing": [1e-9]}, cv=2)
    search.fit(X[:100], y[:100])
    for model in (pipeline, search, pipeline[-1]):
        display = RiskCoverageDisplay.from_estimator(model, X[100:], y[100:], n_resamples=50)
        assert display.estimator_name == "GaussianNB"
        assert display.summary == risk_coverage_summary(
            y[100:], model.predict_proba(X[100:]), n_resamples=50
        )
    named = RiskCoverageDisplay.from_estimator(pipeline, X[100:], y[100:], name="teacher")
    assert legend_texts(named)[0].startswith("teacher\n")


def test_another_score_of_the_estimator_may_rank_its_songs():
    X, y = make_classification(n_samples=100, random_state=0)
    model = GaussianNB().fit(X[:50], y[:50])
    score = np.random.default_rng(0).random(50)
    display = RiskCoverageDisplay.from_estimator(model, X[50:], y[50:], confidence=score)
    np.testing.assert_array_equal(display.table.threshold, np.sort(score)[::-1])


def test_something_unfitted_is_refused():
    message = "GaussianNB is no fitted classifier .* RiskCoverageDisplay.from_predictions"
    with pytest.raises(ValueError, match=message):
        RiskCoverageDisplay.from_estimator(GaussianNB(), [[0.0]], [0])


@pytest.mark.parametrize(
    ("y", "proba"),
    [
        ([0, 1, 0], np.tile([0.7, 0.3], (3, 1))),  # a constant predictor
        ([0, 1, 1], [0.0, 1.0, 1.0]),  # sure and always right
        ([1, 0, 0], [0.0, 1.0, 1.0]),  # sure and always wrong
        ([1], [0.8]),
    ],
)
def test_constant_perfect_and_hopeless_models_are_drawn(y, proba):
    display = RiskCoverageDisplay.from_predictions(y, proba, labels=[0, 1])
    assert area_beneath(display.line_) == pytest.approx(display.summary.aurc)
    assert 0 < display.ax_.get_ylim()[1] <= 1.02
    display.figure_.canvas.draw()


def test_the_legend_hides_no_data_and_nothing_is_cut_off():
    display = RiskCoverageDisplay.from_predictions(*predictions(), name="SKD student")
    for name in ("KD student", "student-only", "teacher"):
        RiskCoverageDisplay.from_predictions(*predictions(), name=name, ax=display.ax_)
    figure = display.figure_
    figure.canvas.draw()
    legend, axes, xlabel = (
        artist.get_window_extent(figure.canvas.get_renderer())
        for artist in (display.ax_.get_legend(), display.ax_.patch, display.ax_.xaxis.label)
    )
    assert legend.y0 >= axes.y1
    for box in (legend, xlabel):
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert 0 <= box.y0 < box.y1 <= figure.bbox.y1
