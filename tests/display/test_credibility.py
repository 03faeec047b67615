"""CredibilityDisplay."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.display import CredibilityDisplay
from sklearn_skd.display.credibility import auc_interval

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def table(n=80, seed=0):
    rng = np.random.default_rng(seed)
    right = rng.uniform(size=n) < 0.6
    return pd.DataFrame(
        {
            "certainty": np.clip(0.4 + 0.2 * right + 0.2 * rng.normal(size=n), 0, 1),
            "consistency": rng.uniform(size=n),
            "annotation_reliability": rng.uniform(size=n),
            "credibility": np.clip(0.4 + 0.3 * right + 0.2 * rng.normal(size=n), 0, 1),
            "weight": 0.3 + 0.2 * rng.uniform(size=n),
            "teacher_correct": right.astype(float),
        }
    )


def title(display, i):
    return display.axes_[i].get_title(loc="left")


def heights(axes):
    return np.array([bar.get_height() for bar in axes.patches])


def test_bars_are_shares_of_the_songs_of_a_kind_by_hand():
    told = table(4).assign(credibility=[0.1, 0.9, 0.9, 0.4], teacher_correct=[1, 1, 0, 0])
    display = CredibilityDisplay.from_predictions(told, n_bins=2)
    np.testing.assert_allclose(heights(display.axes_[0]), [0.5, 0.5, -0.5, -0.5])


def test_bins_span_the_songs_so_that_a_narrow_quantity_is_seen():
    axes = CredibilityDisplay.from_predictions(table(), n_bins=10).axes_[4]
    assert axes.get_xlim() == pytest.approx((0.3, 0.5), abs=0.02)
    assert (heights(axes) != 0).sum() > 10
    assert heights(axes)[:10].sum() == pytest.approx(1)


def test_the_aucs_are_those_of_scikit_learn_and_entropy_speaks_against():
    told = table()
    display = CredibilityDisplay.from_predictions(told)
    right = told["teacher_correct"]
    expected = {
        "r": roc_auc_score(right, told["credibility"]),
        "s": roc_auc_score(right, told["consistency"]),
        "e": roc_auc_score(right, told["certainty"]),
        "q": roc_auc_score(right, told["annotation_reliability"]),
        "omega": roc_auc_score(right, told["weight"]),
    }
    assert display.auc_["auc"].to_dict() == pytest.approx(expected)
    np.testing.assert_allclose(display.table["e"], 1 - told["certainty"])
    low, high = display.auc_.loc["r", ["low", "high"]]
    assert title(display, 0).endswith(f"AUC {expected['r']:.2f} [{low:.2f}, {high:.2f}]")
    assert "AUC of $-e$" in title(display, 2)


def test_the_interval_is_delongs():
    # placements by hand: 1, 1 and 1/2 of those above; 1 and 2/3 of those below
    values, right = [3, 3, 1.5, 1, 2], np.array([1, 1, 1, 0, 0], dtype=bool)
    auc, low, high, m, n = auc_interval(values, right)
    error = np.sqrt(np.var([1, 1, 0.5], ddof=1) / 3 + np.var([1, 2 / 3], ddof=1) / 2)
    assert (auc, m, n) == (pytest.approx(5 / 6), 3, 2)
    assert low == pytest.approx(5 / 6 - 1.959964 * error)
    assert high == 1


def test_the_interval_covers_the_truth_as_often_as_it_says():
    from scipy.stats import norm

    truth, held = norm.cdf(1 / np.sqrt(2)), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        right = np.arange(100) < 60
        _, low, high, *_ = auc_interval(rng.normal(size=100) + right, right)
        held += low <= truth <= high
    assert 0.9 <= held / 200 <= 0.99


@pytest.mark.parametrize(
    ("values", "right", "expected"),
    [
        ([0.1, 0.2], [True, True], np.nan),
        ([0.1, np.nan], [True, False], np.nan),
        ([0.1, 0.2], [False, True], 1.0),
        ([0.5, 0.5, 0.5, 0.5], [True, True, False, False], 0.5),
    ],
)
def test_an_auc_without_both_kinds_is_unknown(values, right, expected):
    auc, *_ = auc_interval(values, np.array(right))
    assert auc == pytest.approx(expected, nan_ok=True)


def test_what_nobody_knows_is_said_to_be_unknown():
    told = table().assign(consistency=np.nan, annotation_reliability=np.nan)
    told.loc[:9, "weight"] = np.nan
    display = CredibilityDisplay.from_predictions(told)
    assert title(display, 1).endswith("unknown")
    assert "annotation_reliability" in display.axes_[3].texts[0].get_text()
    assert display.axes_[4].texts[0].get_text() == "unknown for 10 of 80"
    assert len(heights(display.axes_[1])) == 0
    display.figure_.canvas.draw()


def test_a_weight_that_is_the_same_for_all_is_said_to_be():
    display = CredibilityDisplay.from_predictions(table().assign(weight=0.9))
    assert title(display, 4).endswith("0.9 for all songs")


def test_unlabelled_songs_are_left_out_and_counted():
    told = table()
    told.loc[:19, "teacher_correct"] = np.nan
    display = CredibilityDisplay.from_predictions(told)
    assert len(display.table) == 60
    assert display.n_unlabelled == 20
    assert "20 unlabelled" in display.legend_.get_title().get_text()
    assert sum(display.auc_.loc["r", ["n_right", "n_wrong"]]) == 60


def test_the_legend_counts_right_and_wrong():
    told = table()
    n = int(told["teacher_correct"].sum())
    texts = [t.get_text() for t in CredibilityDisplay.from_predictions(told).legend_.get_texts()]
    assert texts == [f"teacher right ({n} songs)", f"teacher wrong ({80 - n} songs)"]


def test_a_teacher_that_is_always_right_is_drawn_without_an_auc():
    display = CredibilityDisplay.from_predictions(table().assign(teacher_correct=1.0))
    assert "it takes right and wrong" in title(display, 0)
    display.figure_.canvas.draw()


def test_right_and_wrong_differ_in_direction_and_hatch_too():
    bars = CredibilityDisplay.from_predictions(table()).axes_[0].patches
    up = {bar.get_hatch() for bar in bars if bar.get_height() > 0}
    down = {bar.get_hatch() for bar in bars if bar.get_height() < 0}
    assert up == {None}
    assert down == {"/////"}


def test_a_student_and_a_pipeline_show_what_they_learned_from():
    X, y = load_iris(return_X_y=True)
    student = SKDStudentClassifier(GaussianNB(), teacher_cv=2, max_epochs=1, random_state=0)
    pipeline = make_pipeline(StandardScaler(), student).fit(X, y)
    for model in (pipeline, pipeline[-1]):
        display = CredibilityDisplay.from_estimator(model)
        np.testing.assert_allclose(display.table["r"], pipeline[-1].credibility_["credibility"])


@pytest.mark.parametrize(
    ("teacher", "teacher_cv", "told"),
    [(GaussianNB(), 2, False), (GaussianNB(), None, True), ("frozen", None, False)],
)
def test_a_teacher_that_was_trained_on_the_songs_is_told(teacher, teacher_cv, told):
    X, y = load_iris(return_X_y=True)
    if teacher == "frozen":  # nobody knows which songs it was trained on
        teacher = FrozenEstimator(GaussianNB().fit(X, y))
    student = SKDStudentClassifier(
        teacher, teacher_cv=teacher_cv, calibration=None, max_epochs=1, random_state=0
    ).fit(X, y)
    note = CredibilityDisplay.from_estimator(student).legend_.get_title().get_text()
    assert ("the teacher was trained on these songs" in note) == told


def test_a_model_or_a_table_without_credibility_is_refused():
    with pytest.raises(ValueError, match="GaussianNB has no credibility_"):
        CredibilityDisplay.from_estimator(GaussianNB())
    with pytest.raises(ValueError, match=r"no columns \['weight'\]"):
        CredibilityDisplay.from_predictions(table().drop(columns="weight"))
    with pytest.raises(ValueError, match="teacher_correct is unknown for every song"):
        CredibilityDisplay.from_predictions(table().assign(teacher_correct=np.nan))


def test_panels_fit_into_a_given_axes_or_five():
    _, axes = plt.subplots(1, 5, figsize=(16, 3))
    display = CredibilityDisplay.from_predictions(table(), ax=axes)
    assert list(display.axes_) == list(axes)
    figure, (left, _) = plt.subplots(1, 2, figsize=(20, 6))
    assert CredibilityDisplay.from_predictions(table(), ax=left).figure_ is figure
    figure.canvas.draw()
