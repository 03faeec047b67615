"""EmotionTimelineDisplay."""

from collections import UserDict
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from skorch.helper import SliceDict

from sklearn_skd import LogMelSpectrogram, SKDStudentClassifier, SongFeatures
from sklearn_skd.display import EmotionTimelineDisplay
from sklearn_skd.display._style import series_style, spread_labels

mpl.use("Agg")
import matplotlib.pyplot as plt

TIME = np.arange(6) * 0.5 + 0.25
EMOTIONS = ["angry", "happy", "sad", "tender"]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


class Attention(NamedTuple):
    attention: np.ndarray
    time: np.ndarray


class Timeline(NamedTuple):
    proba: np.ndarray
    time: np.ndarray


class FakeStudent(ClassifierMixin, BaseEstimator):
    """Reads (n, T, K) frames as logits; the louder a frame, the more attention."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y):
        self.classes_ = np.array(EMOTIONS)
        return self

    def emotion_timeline(self, X):
        z = np.exp(self._frames(X))
        return Timeline(z / z.sum(axis=2, keepdims=True), TIME + self.shift)

    def temporal_attention(self, X):
        z = np.exp(self._frames(X).max(axis=2))
        return Attention(z / z.sum(axis=1, keepdims=True), TIME)

    def predict_proba(self, X):
        attention = self.temporal_attention(X).attention
        return np.einsum("nt,ntk->nk", attention, self.emotion_timeline(X).proba)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    @staticmethod
    def _frames(X):
        return X["audio"] if isinstance(X, dict) else np.asarray(X)


class Frames(TransformerMixin, BaseEstimator):
    """Song table -> SliceDict; remembers how many songs it read."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        self.n_read_ = len(X)
        return SliceDict(audio=np.stack(list(X["audio"])))


def frames(n_songs=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n_songs, len(TIME), len(EMOTIONS)))


def song(n_steps=40, n_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), size=n_steps)
    attention = rng.dirichlet(np.ones(n_steps))
    return {"time": np.arange(n_steps) * 0.75 + 0.375, "attention": attention, "proba": proba}


def texts(display):
    return [text.get_text() for text in display.ax_.texts]


def test_lines_and_bars_are_the_given_values_in_seconds():
    given = song(n_steps=5, n_classes=4)
    display = EmotionTimelineDisplay.from_predictions(**given, classes=EMOTIONS)
    for k, line in enumerate(display.lines_):
        np.testing.assert_allclose(line.get_xdata(), given["time"])
        np.testing.assert_allclose(line.get_ydata(), given["proba"][:, k])
        assert line.get_label() == EMOTIONS[k]
    bars = display.bars_.patches
    np.testing.assert_allclose([bar.get_height() for bar in bars], given["attention"])
    np.testing.assert_allclose([bar.get_width() for bar in bars], 0.75)
    np.testing.assert_allclose([bar.get_x() for bar in bars], given["time"] - 0.375)
    assert display.ax_.get_xlim() == pytest.approx((0, 3.75))
    assert display.attention_ax_.get_xlabel() == "Time (s)"


def test_padded_steps_are_not_drawn():
    given = song(n_steps=10)
    given["attention"][6:] = np.nan
    given["proba"][6:] = np.nan
    display = EmotionTimelineDisplay.from_predictions(**given, classes=EMOTIONS)
    assert all(len(line.get_xdata()) == 6 for line in display.lines_)
    assert len(display.bars_.patches) == 6
    assert display.ax_.get_xlim()[1] == pytest.approx(6 * 0.75)


def test_each_line_is_labelled_with_its_emotion_and_the_songs_probability():
    given = song()
    display = EmotionTimelineDisplay.from_predictions(
        **given, classes=EMOTIONS, song_proba=[0.1, 0.2, 0.3, 0.4]
    )
    assert texts(display) == [
        "0.10  angry", "0.20  happy", "0.30  sad", "0.40  tender", "whole song",
    ]  # fmt: skip
    bare = EmotionTimelineDisplay.from_predictions(**given, classes=EMOTIONS)
    assert texts(bare) == EMOTIONS


def test_emotions_differ_in_colour_line_and_marker():
    styles = [series_style(k) for k in range(49)]
    assert len({(s["color"], str(s["linestyle"])) for s in styles}) == 49
    assert len({(s["color"], s["marker"]) for s in styles}) == 49
    for style in ("color", "linestyle", "marker"):
        assert len({str(s[style]) for s in styles[:7]}) == 7


@pytest.mark.parametrize("n_classes", [2, 9])
def test_labels_do_not_overlap_and_are_not_cut_off(n_classes):
    given = song(n_classes=n_classes)
    # all lines but one end at the bottom
    given["proba"][-1] = np.r_[1.0, np.zeros(n_classes - 1)]
    display = EmotionTimelineDisplay.from_predictions(
        **given,
        classes=[f"a long emotion {k}" for k in range(n_classes)],
        song_proba=np.full(n_classes, 1 / n_classes),
        title="A song",
    )
    display.figure_.canvas.draw()
    renderer = display.figure_.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in display.ax_.texts]
    for i, box in enumerate(boxes):
        assert box.x1 <= display.figure_.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_labels_move_no_further_than_they_must():
    assert spread_labels([0.9, 0.1, 0.5], gap=0.1, low=0, high=1) == [0.9, 0.1, 0.5]
    assert spread_labels([0.5, 0.5], gap=0.1, low=0, high=1) == pytest.approx([0.5, 0.6])
    assert spread_labels([1.0, 1.0], gap=0.1, low=0, high=1) == pytest.approx([0.9, 1.0])
    assert spread_labels([0.2] * 3, gap=0.9, low=0, high=1) == pytest.approx([0, 0.5, 1.0])


def test_the_mean_weight_is_marked():
    given = song(n_steps=8)
    display = EmotionTimelineDisplay.from_predictions(**given, classes=EMOTIONS)
    (line,) = display.attention_ax_.lines
    np.testing.assert_allclose(line.get_ydata(), 1 / 8)


@pytest.mark.parametrize("row", [0, 3])
def test_a_student_is_drawn_from_its_own_methods(row):
    X = frames()
    student = FakeStudent().fit(X, [*EMOTIONS, "sad"])
    display = EmotionTimelineDisplay.from_estimator(student, X, song=row)
    np.testing.assert_allclose(display.proba, student.emotion_timeline(X).proba[row])
    np.testing.assert_allclose(display.attention, student.temporal_attention(X).attention[row])
    np.testing.assert_allclose(display.song_proba, student.predict_proba(X)[row])
    assert display.classes.tolist() == EMOTIONS


@pytest.mark.parametrize("wrap", ["pipeline", "search"])
def test_a_pipeline_takes_the_song_table_and_reads_the_one_song(wrap):
    X = frames()
    table = pd.DataFrame({"audio": list(X)}, index=[7, 3, 9, 1, 2])
    model = make_pipeline(Frames(), FakeStudent())
    if wrap == "search":
        model = GridSearchCV(model, {"fakestudent__shift": [0.0]}, cv=2)
    labels = ["angry", "angry", "sad", "sad", "sad"]
    model.fit(table, labels)
    display = EmotionTimelineDisplay.from_estimator(model, table, song=2, title="third")
    pipeline = model.best_estimator_ if wrap == "search" else model
    np.testing.assert_allclose(display.proba, pipeline[-1].emotion_timeline(X).proba[2])
    assert pipeline[0].n_read_ == 1
    assert display.ax_.get_title(loc="left") == "third"


def test_a_pipeline_of_the_student_alone_works():
    X = frames()
    model = make_pipeline(FakeStudent()).fit(X, [*EMOTIONS, "sad"])
    display = EmotionTimelineDisplay.from_estimator(model, SliceDict(audio=X), song=4)
    np.testing.assert_allclose(display.proba, model[-1].emotion_timeline(X).proba[4])


@pytest.mark.parametrize("kind", [dict, SliceDict, UserDict])
def test_a_mapping_of_sources_is_cut_source_by_source(kind):
    X = frames()
    student = FakeStudent().fit(X, [*EMOTIONS, "sad"])
    display = EmotionTimelineDisplay.from_estimator(student, kind(audio=X, tempo=X[:, 0]), song=2)
    np.testing.assert_allclose(display.proba, student.emotion_timeline(X).proba[2])
    with pytest.raises(ValueError, match="song=5 is no row of X, which has 5 songs"):
        EmotionTimelineDisplay.from_estimator(student, kind(audio=X), song=5)


def test_a_pipeline_that_ends_in_a_search_is_taken_apart():
    X, labels = frames(), ["angry", "angry", "sad", "sad", "sad"]
    table = pd.DataFrame({"audio": list(X)})
    search = GridSearchCV(FakeStudent(), {"shift": [0.0]}, cv=2)
    model = FrozenEstimator(make_pipeline(Frames(), search).fit(table, labels))
    display = EmotionTimelineDisplay.from_estimator(model, table, song=2)
    student = FakeStudent().fit(X, labels)
    np.testing.assert_allclose(display.proba, student.emotion_timeline(X).proba[2])


@pytest.mark.parametrize("row", [5, -1])
def test_a_row_outside_the_table_is_refused(row):
    X = frames()
    student = FakeStudent().fit(X, [*EMOTIONS, "sad"])
    with pytest.raises(ValueError, match=rf"song={row} is no row of X, which has 5 songs"):
        EmotionTimelineDisplay.from_estimator(student, X, song=row)


def test_a_classifier_without_a_timeline_is_refused_by_name():
    model = GaussianNB().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match="GaussianNB has no temporal_attention: a timeline needs"):
        EmotionTimelineDisplay.from_estimator(model, [[0.0]])


def test_two_time_axes_that_differ_are_refused():
    X = frames()
    student = FakeStudent(shift=1.0).fit(X, [*EMOTIONS, "sad"])
    with pytest.raises(ValueError, match="different time axes"):
        EmotionTimelineDisplay.from_estimator(student, X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attention": np.ones(5)}, r"attention must have shape \(6,\), got \(5,\)"),
        ({"proba": np.full((6, 3), 1 / 3)}, r"proba must have shape \(6, 4\)"),
        ({"proba": np.full((6, 4), 2.0)}, r"proba must lie in \[0, 1\]"),
        ({"proba": np.full((6, 4), np.nan)}, r"proba must lie in \[0, 1\] wherever"),
        ({"time": TIME[::-1]}, "time must hold at least one step and ascend"),
        ({"time": np.r_[TIME[:5], np.nan]}, "ascend"),
        ({"attention": np.full(6, np.nan)}, "all padding"),
        ({"attention": np.full(6, -1.0)}, "must not be negative"),
        ({"song_proba": [0.5, 0.5]}, r"song_proba must have shape \(4,\)"),
        ({"song_proba": [2.0, 0, 0, 0]}, r"song_proba must lie in \[0, 1\]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    given = {**song(n_steps=6), "time": TIME, "classes": EMOTIONS, **change}
    with pytest.raises(ValueError, match=message):
        EmotionTimelineDisplay.from_predictions(**given)


def test_one_step_and_one_time_at_zero_are_drawn():
    for time in (0.5, 0.0):
        display = EmotionTimelineDisplay.from_predictions(
            [time], [1.0], [[0.25, 0.75]], classes=[0, 1]
        )
        assert display.ax_.get_xlim() == pytest.approx((0, 1))


def test_a_timeline_takes_its_room_from_the_given_axes():
    figure, axes = plt.subplots(2, 1, layout="constrained", figsize=(8, 9))
    display = EmotionTimelineDisplay.from_predictions(**song(), classes=EMOTIONS, ax=axes[0])
    display.plot(ax=axes[1], title="again")
    figure.canvas.draw()
    assert display.ax_ is axes[1]
    assert axes[1].get_title(loc="left") == "again"
    assert len(figure.axes) == 4
    boxes = [ax.get_position() for ax in figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_parameters_are_stored_as_given():
    given = {**song(), "classes": EMOTIONS}
    display = EmotionTimelineDisplay(**given, title="x")
    assert all(getattr(display, name) is value for name, value in given.items())
    assert (display.song_proba, display.title) == (None, "x")


@pytest.fixture(scope="module")
def heard():
    """A table of waveforms, and a Pipeline that reads them with a hop of its own."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"audio": [rng.normal(size=8000) * 0.1 for _ in range(12)]})
    log_mel = LogMelSpectrogram(sr=8000, duration=1.0, hop_length=160, n_mels=8)
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)
    model = make_pipeline(SongFeatures(log_mel, lyrics=None, culture=None), student)
    return table, model.fit(table, ["calm", "sad"] * 6)


def test_seconds_are_those_of_the_pipelines_log_mel(heard):
    table, model = heard
    display = EmotionTimelineDisplay.from_estimator(model, table)
    stride = model[-1].net_.members[0].encoders[0].stride
    np.testing.assert_allclose(np.diff(display.time), stride * 160 / 8000)
    np.testing.assert_allclose(np.diff(_told(model, table, 0.5).time), stride * 0.5)
    X = model[0].transform(table)
    own = EmotionTimelineDisplay.from_estimator(model[-1], X)  # who knows what it was made of?
    np.testing.assert_allclose(np.diff(own.time), stride * 512 / 22050)


def _told(model, table, seconds):
    return EmotionTimelineDisplay.from_estimator(model, table, frame_duration=seconds)
