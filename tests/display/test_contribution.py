"""SourceContributionDisplay."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.helper import SliceDict

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.display import SourceContributionDisplay

mpl.use("Agg")
import matplotlib.pyplot as plt

SHARES = pd.DataFrame(
    {
        "audio": [0.6, 0.2, 0.9, 0.1],
        "lyrics": [0.3, 0.7, 0.0, 0.1],
        "culture": [0.1, 0.1, 0.1, 0.8],
    },
    index=["a", "b", "c", "d"],
)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def songs():
    rng = np.random.RandomState(0)
    y = np.array(["calm", "sad"])[np.arange(24) % 2]
    audio = rng.normal(size=(24, 5)) + (np.arange(24) % 2)[:, None]
    lyrics = rng.normal(size=(24, 4))
    lyrics[:3] = np.nan
    return SliceDict(audio=audio.astype(np.float32), lyrics=lyrics.astype(np.float32)), y


def test_songs_stand_by_the_loudest_source_and_its_share():
    display = SourceContributionDisplay.from_predictions(SHARES)
    assert SHARES.index[display.order_].tolist() == ["c", "a", "b", "d"]
    drawn = display.mesh_.get_array().reshape(3, 4)
    np.testing.assert_array_equal(drawn, SHARES.to_numpy()[display.order_].T)
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts == ["audio (2)", "lyrics (1)", "culture (1)"]


def test_songs_stand_by_emotion_if_it_is_known():
    y = ["sad", "calm", "calm", "sad"]
    display = SourceContributionDisplay.from_predictions(SHARES, y=y)
    assert SHARES.index[display.order_].tolist() == ["c", "b", "a", "d"]
    assert [text.get_text() for text in display.ax_.texts] == ["calm (2)", "sad (2)"]


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_unlabelled_songs_are_the_last_block(gap):
    for y in (["sad", gap, "calm", gap], pd.Series(["sad", gap, "calm", gap], index=[7, 3, 9, 1])):
        display = SourceContributionDisplay.from_predictions(SHARES, y=y)
        assert SHARES.index[display.order_].tolist() == ["c", "a", "b", "d"]
        texts = [text.get_text() for text in display.ax_.texts]
        assert texts == ["calm (1)", "sad (1)", "unlabelled (2)"]


def test_what_a_song_lacks_is_hatched_and_said():
    present = np.ones((4, 3), dtype=bool)
    present[2, 1] = present[0, 1] = False
    display = SourceContributionDisplay.from_predictions(SHARES, present=present)
    (hatched,) = display.absent_
    assert hatched.get_hatch()
    (box,) = [path.get_extents() for path in hatched.get_paths()]  # c and a are neighbours
    assert (box.x0, box.x1, box.y0, box.y1) == (0, 2, 1, 2)
    assert "hatched" in display.ax_.get_xlabel()


def test_nothing_is_hatched_where_every_source_is_there():
    present = np.ones((4, 3), dtype=bool)
    display = SourceContributionDisplay.from_predictions(SHARES, present=present)
    assert display.absent_ == []
    assert display.ax_.get_xlabel() == "4 songs"


def test_means_are_over_the_songs_that_have_the_source():
    display = SourceContributionDisplay.from_predictions(SHARES)  # c has no lyrics
    widths = [bar.get_width() for bar in display.means_ax_.patches]
    assert widths == pytest.approx([0.45, 1.1 / 3, 0.275])
    assert [text.get_text() for text in display.means_ax_.texts] == ["0.45", "0.37", "0.28"]


def test_a_source_that_no_song_has_is_drawn_too():
    present = np.ones((4, 3), dtype=bool)
    present[:, 1] = False
    display = SourceContributionDisplay.from_predictions(SHARES, present=present)
    display.figure_.canvas.draw()
    assert display.means_ax_.texts[1].get_text() == "no song"


def test_few_songs_are_named_and_many_are_not():
    display = SourceContributionDisplay.from_predictions(SHARES)
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["c", "a", "b", "d"]
    many = pd.concat([SHARES] * 10)
    assert len(SourceContributionDisplay.from_predictions(many).ax_.get_xticks()) == 0


def test_a_teacher_a_student_and_a_pipeline_are_asked(songs):
    X, y = songs
    teacher = TeacherClassifier(max_epochs=1, random_state=0).fit(X, y)
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=1), teacher_cv=2, max_epochs=1, random_state=0
    ).fit(X, y)
    for model, asked in ((teacher, teacher), (student, student.teacher_)):
        pipeline = make_pipeline(FunctionTransformer(), model)
        for one in (model, pipeline):
            display = SourceContributionDisplay.from_estimator(one, X, y)
            np.testing.assert_array_equal(display.attention, asked.source_attention(X))
            assert (~display.present).sum() == 3
            assert not display.present[:3, 1].any()


def test_a_table_names_the_songs_and_a_list_numbers_them():
    values = np.random.RandomState(0).normal(size=(6, 3))
    teacher = TeacherClassifier(max_epochs=1, random_state=0).fit(values, list("aabbab"))
    named = pd.DataFrame(values, index=list("uvwxyz"))
    for X, names in ((named, list("uvwxyz")), (values.tolist(), [0, 1, 2, 3, 4, 5])):
        display = SourceContributionDisplay.from_estimator(teacher, X)
        assert display.attention.index.tolist() == names


def test_a_model_without_such_a_teacher_is_refused():
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="LogisticRegression has no teacher with source_attention"):
        SourceContributionDisplay.from_estimator(model, [[0.0]])


@pytest.mark.parametrize(
    ("attention", "more", "message"),
    [
        ([[0.5, 0.5], [0.5, 0.6]], {}, r"attention\[1\] .* is no set of shares"),
        ([[0.5, np.nan]], {}, r"attention\[0\]"),
        ([0.5, 0.5], {}, "must have shape"),
        ([[0.5, 0.5]], {"present": [[True]]}, "one flag for each song and source"),
        ([[0.5, 0.5]], {"y": ["a", "b"]}, "one emotion a song"),
        (np.empty((0, 2)), {}, "needs a song"),
    ],
)
def test_what_is_no_table_of_shares_is_refused(attention, more, message):
    with pytest.raises(ValueError, match=message):
        SourceContributionDisplay.from_predictions(attention, **more)


def test_a_given_axes_is_divided_and_nothing_is_cut_off():
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4), layout="constrained")
    display = SourceContributionDisplay.from_predictions(SHARES, ax=left)
    figure.canvas.draw()
    assert display.figure_ is figure
    assert display.ax_ is left
    assert display.means_ax_.get_position().x1 < right.get_position().x0
    alone = SourceContributionDisplay.from_predictions(SHARES)
    alone.figure_.canvas.draw()
    renderer = alone.figure_.canvas.get_renderer()
    for text in [*alone.ax_.texts, *alone.means_ax_.texts, alone.ax_.xaxis.label]:
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0
        assert box.x1 <= alone.figure_.bbox.x1
        assert box.y1 <= alone.figure_.bbox.y1


def test_lightness_rises_without_a_break_so_that_grey_can_be_read():
    cmap = SourceContributionDisplay.from_predictions(SHARES).mesh_.cmap
    red, green, blue, _ = cmap(np.linspace(0, 1, 50)).T
    lightness = 0.299 * red + 0.587 * green + 0.114 * blue
    assert (np.diff(lightness) < 0).all()
