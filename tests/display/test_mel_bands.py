"""The figure of mel bands."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_skd.display import MelBandResponseDisplay

EMOTIONS = ["calm", "joy", "sadness", "tension"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_table(emotions=EMOTIONS, *, hertz=True):
    edges = np.array([0, 440, 840, 1300, 1983, 3025, 4614, 7039, 11025.0])
    parts = []
    for k, emotion in enumerate(emotions):
        part = pd.DataFrame({"emotion": emotion, "band": np.arange(1, 9)})
        part = part.assign(response=0.3 + 0.1 * k, error=0.02 * (k + 1), n_songs=10 + k)
        if hertz:
            part = part.assign(low_hz=edges[:-1], high_hz=edges[1:])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def tick_labels(display):
    return [label.get_text() for label in display.ax_.get_xticklabels()]


def test_each_emotion_is_a_line_of_its_responses():
    display = MelBandResponseDisplay.from_table(make_table())
    assert list(display.lines_) == EMOTIONS
    for k, line in enumerate(display.lines_.values()):
        np.testing.assert_allclose(line.get_xydata()[:, 1], 0.3 + 0.1 * k)
        np.testing.assert_allclose(line.get_xydata()[:, 0], np.arange(1, 9), atol=0.15)
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == [f"{emotion} (n = {10 + k})" for k, emotion in enumerate(EMOTIONS)]


def test_the_bars_reach_one_standard_error_and_stand_side_by_side():
    display = MelBandResponseDisplay.from_table(make_table())
    bars = [np.array(c.get_segments()) for c in display.ax_.collections]
    for k, segments in enumerate(bars):
        low, high = segments[:, 0, 1], segments[:, 1, 1]
        np.testing.assert_allclose(high - low, 2 * 0.02 * (k + 1))
    places = [segments[0, 0, 0] for segments in bars]
    assert (np.diff(places) > 0.05).all()


def test_the_ticks_give_the_bands_and_if_known_their_ranges():
    assert tick_labels(MelBandResponseDisplay.from_table(make_table())) == [
        "1\n0–0.44", "2\n0.44–0.84", "3\n0.84–1.3", "4\n1.3–2.0",
        "5\n2.0–3.0", "6\n3.0–4.6", "7\n4.6–7.0", "8\n7.0–11",
    ]  # fmt: skip
    plain = MelBandResponseDisplay.from_table(make_table(hertz=False))
    assert tick_labels(plain) == list("12345678")
    assert plain.ax_.get_xlabel() == "Mel band"


def test_the_lines_differ_without_colour():
    display = MelBandResponseDisplay.from_table(make_table())
    looks = {(line.get_linestyle(), line.get_marker()) for line in display.lines_.values()}
    assert len(looks) == 4


def test_an_emotion_of_one_song_or_none_is_drawn_without_an_error():
    table = make_table(["calm", "joy"])
    table.loc[table["emotion"] == "calm", "error"] = np.nan
    table.loc[table["emotion"] == "joy", ["response", "error"]] = np.nan
    display = MelBandResponseDisplay.from_table(table)
    display.figure_.canvas.draw()
    np.testing.assert_allclose(display.lines_["calm"].get_xydata()[:, 1], 0.3)
    assert np.isnan(display.lines_["joy"].get_xydata()[:, 1]).all()


def test_nothing_is_cut_off_and_the_legend_hides_nothing():
    display = MelBandResponseDisplay.from_table(make_table())
    display.figure_.canvas.draw()
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.y0 >= display.ax_.get_window_extent().y1
    canvas = display.figure_.bbox
    for box in (legend, display.ax_.xaxis.label.get_window_extent()):
        assert canvas.x0 <= box.x0 < box.x1 <= canvas.x1
        assert canvas.y0 <= box.y0 < box.y1 <= canvas.y1


def test_it_is_drawn_onto_given_axes():
    figure, ax = plt.subplots(figsize=(4, 3))
    display = MelBandResponseDisplay.from_table(make_table(), ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert legend.x1 <= figure.bbox.x1  # two columns in a narrow axes


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"no columns \['emotion', 'error'\]"):
        MelBandResponseDisplay.from_table(make_table().drop(columns=["emotion", "error"]))
