"""The page: complete, accessible, safe, the same every time."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_skd import (
    AbstainingClassifier,
    FeedbackCalibrator,
    SKDStudentClassifier,
    SongFeatures,
    TemperatureCalibratedClassifier,
)
from sklearn_skd.deployment import ModelCard, model_card
from sklearn_skd.deployment._card_style import STYLE

QUICK = {"n_resamples": 50, "measure_speed": False}
SPITE = "<script>alert('$x_{')</script>"
VOID = {"meta", "img", "line", "rect", "circle"}


class Page(HTMLParser):
    """Elements of a page in their order, each with its attributes, parents and text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(html)
        assert not self.open, "elements are left open"

    def handle_starttag(self, tag, attributes):
        place = {"tag": tag, "text": "", "within": [e["tag"] for e in self.open]}
        self.elements.append({**dict(attributes), **place})
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()["tag"] == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, *tags):
        return [element for element in self.elements if element["tag"] in tags]


@pytest.fixture(scope="module")
def spiteful(draw_biased, prophet):
    """A card whose every text of the user is an attack."""
    proba, y, culture = draw_biased()
    names = np.array([f"{SPITE}{name}" for name in prophet.classes_])
    model = type(prophet)(tuple(names)).fit()
    culture = culture.map(lambda label: f"{SPITE}{label}").rename(columns=lambda n: f"{SPITE}{n}")
    return model_card(
        model,
        pd.DataFrame(proba, columns=[f"{SPITE}{k}" for k in range(4)]),
        names[np.searchsorted(prophet.classes_, y)],
        culture=culture,
        name=f"{SPITE}name",
        description=f"{SPITE}description",
        date=f"{SPITE}date",
        **QUICK,
    )


@pytest.fixture(scope="module")
def card(draw_biased, prophet):
    proba, y, culture = draw_biased()
    return model_card(prophet, proba, y, culture=culture, date="today", **QUICK)


@pytest.fixture(scope="module")
def page(card):
    return Page(card.to_html())


def test_no_text_of_the_user_becomes_markup(spiteful):
    page = Page(spiteful.to_html())
    assert page.all("script") == []
    assert {name for e in page.elements for name in e if name.startswith("on")} == set()
    (title,) = page.all("title")
    assert title["text"] == f"Model card: {SPITE}name"
    body = page.all("body")[0]["text"]
    for text in ("description", "date", "calm", "Turkish", "0"):
        assert f"{SPITE}{text}" in body, text
    frame = Page(spiteful._repr_html_())
    assert [e["tag"] for e in frame.elements] == ["iframe"]


def test_nothing_is_fetched_and_nothing_runs(card, page):
    for element in page.elements:
        for name in ("src", "href"):
            assert element.get(name, "#").startswith(("#", "data:image/svg+xml;base64,"))
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert page.all("script", "link", "iframe", "object", "base", "form") == []
    policy = [e["content"] for e in page.all("meta") if "http-equiv" in e]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_headings_are_in_order_and_the_language_is_told(page):
    levels = [int(e["tag"][1]) for e in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert max(np.diff(levels)) == 1
    (html,) = page.all("html")
    assert html["lang"] == "en"
    assert page.all("main")
    assert any("width=device-width" in e.get("content", "") for e in page.all("meta"))


def test_tables_have_captions_and_headers_with_a_scope(page):
    tables = page.all("table")
    assert len(tables) == len(page.all("caption")) >= 4
    assert {e["scope"] for e in page.all("th")} == {"col", "row"}
    assert len([e for e in page.all("th") if e["scope"] == "row"]) == len(
        [e for e in page.all("tr") if "tbody" in e["within"]]
    )
    for box in (e for e in page.elements if e.get("class") == "scroll"):
        assert (box["role"], box["tabindex"]) == ("region", "0")
        assert box["aria-label"]


def test_figures_are_told_in_words_and_links_lead_somewhere(page):
    images = page.all("img")
    assert len(images) == 2
    assert all(len(e["alt"]) > 50 for e in images)
    assert all(e.get("aria-hidden") == "true" for e in page.all("svg"))
    ids = [e["id"] for e in page.elements if "id" in e]
    assert len(set(ids)) == len(ids)
    assert {e["href"][1:] for e in page.all("a")} <= set(ids)


def test_colours_of_text_stand_out_from_their_ground():
    colors = dict(re.findall(r"--([\w-]+): (#\w+);", STYLE))
    grounds = {"alarm": ["#fff", colors["alarm-soft"]], "well": [colors["well-soft"]]}
    grounds |= {"link": ["#fff"], "quiet": ["#fff", colors["soft"], colors["alarm-soft"]]}
    grounds |= {"ink": ["#fff", colors["alarm-soft"], colors["well-soft"]]}
    for name, behind in grounds.items():
        for ground in behind:
            assert contrast(colors[name], ground) >= 4.5, (name, ground)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # a known pair


def contrast(one, other):
    """Contrast of WCAG 2, section 1.4.3."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    channels = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_the_warning_is_the_first_thing_on_the_page_and_marked_in_words(card, page):
    first = page.all("h2")[0]
    assert first["text"] == f"⚠ {len(card.warnings)} warnings"
    items = [e["text"] for e in page.all("li") if "nav" not in e["within"]]
    assert items[: len(card.warnings)] == card.warnings
    marked = [e for e in page.all("tr") if e.get("class") == "alarm"]
    assert len(marked) == len(card.warnings)
    (turkish,) = [e["text"] for e in marked if e["text"].startswith("Turkish")]
    assert "⚠ over-confident, less accurate" in turkish


def test_a_sound_model_has_no_warning(draw_calibrated, prophet):
    proba, y, culture = draw_calibrated(seed=1)
    card = model_card(prophet, proba, y, culture=culture, **QUICK)
    page = Page(card.to_html())
    assert page.all("h2")[0]["text"] == "No warnings"
    assert [e for e in page.all("tr") if e.get("class") == "alarm"] == []
    assert repr(card) == "<ModelCard of Prophet: no warnings>"


def test_the_numbers_of_the_tables_are_on_the_page(card, page):
    text = page.all("main")[0]["text"]
    for value in (card.metrics.loc["NLL", "value"], card.classes.loc["calm", "F1"]):
        assert f"{value:.3f}" in text
    assert f"{card.groups.loc[('language', 'Turkish'), 'ECE']:.3f}" in text
    assert all(limit in text for limit in card.limits)


def test_the_same_seed_gives_the_same_page_and_the_user_s_style_does_not_matter(
    draw_biased, prophet, card
):
    import matplotlib as mpl

    proba, y, culture = draw_biased()
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "black"}):
        again = model_card(prophet, proba, y, culture=culture, date="today", **QUICK)
        assert mpl.rcParams["font.size"] == 20
    assert again.to_html() == card.to_html()
    other = model_card(prophet, proba, y, culture=culture, date="today", random_state=1, **QUICK)
    assert other.to_html() != card.to_html()


def test_figures_leave_those_of_the_user_alone(draw_calibrated, prophet):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    model_card(prophet, *draw_calibrated(60)[:2], **QUICK)
    assert plt.get_fignums() == before


def test_the_page_is_written_where_it_is_wanted(draw_calibrated, prophet, tmp_path):
    proba, y, _ = draw_calibrated(60)
    card = model_card(prophet, proba, y, tmp_path / "card.html", name="Größe", **QUICK)
    assert (tmp_path / "card.html").read_text("utf8") == card.to_html()
    assert card.save(str(tmp_path / "again.html")).read_text("utf8") == card.to_html()
    assert "Model card: Größe" in card.to_html()


def test_a_student_at_the_end_of_a_pipeline_is_described(tmp_path):
    rng = np.random.default_rng(0)
    y = np.array(["calm", "sad"])[np.arange(60) % 2]
    songs = pd.DataFrame(rng.normal(size=(60, 3)) + (y == "sad")[:, None], columns=list("abc"))
    student = SKDStudentClassifier(
        strategy="student-only", calibration=None, max_epochs=2, random_state=0
    )
    model = make_pipeline(FunctionTransformer(_numbers), student).fit(songs, y)
    songs["language"] = np.where(np.arange(60) < 40, "English", "Turkish")
    card = model_card(model, songs, y, n_resamples=50)
    assert isinstance(card, ModelCard)
    assert card.name == "SKDStudentClassifier"
    assert card.groups.index.tolist() == [("language", "English"), ("language", "Turkish")]
    assert card.facts["Parts"] == "FunctionTransformer → SKDStudentClassifier"
    assert card.sources["source"].tolist() == ["features"]
    proba = model.predict_proba(songs)
    assert card.metrics.loc["accuracy", "value"] == (model.classes_[proba.argmax(1)] == y).mean()
    text = Page(card.to_html()).all("main")[0]["text"]
    assert f"{student.n_parameters_:,} of the classifier" in text
    assert " ms, the median of 21 songs" in text


@pytest.mark.parametrize(
    "wrap",
    [
        TemperatureCalibratedClassifier,
        lambda model: AbstainingClassifier(FeedbackCalibrator(model), coverage=0.5),
    ],
)
def test_a_pipeline_inside_a_calibrator_or_rejector_is_described_as_by_itself(wrap):
    y = np.array(["calm", "sad"])[np.arange(40) % 2]
    style = np.where((y == "sad") ^ (np.arange(40) % 5 == 0), "folk", "pop")
    songs = pd.DataFrame({"style": style, "title": "Honey"})
    student = SKDStudentClassifier(strategy="student-only", max_epochs=2, random_state=0)
    model = make_pipeline(SongFeatures(columns={"culture": ["style"]}), student).fit(songs, y)
    wrapper = wrap(model)
    if isinstance(wrapper, AbstainingClassifier):
        wrapper.estimator.fit(songs, y)
    wrapper.fit(songs, y)
    bare, card = model_card(model, songs, y, **QUICK), model_card(wrapper, songs, y, n_resamples=50)
    assert card.groups.index.tolist() == [("style", "folk"), ("style", "pop")]
    pd.testing.assert_frame_equal(card.sources, bare.sources)
    assert card.facts["Parts"].startswith(bare.facts["Parts"] + " → ")
    for fact in ("Strategy", "Trained on"):
        assert card.facts[fact] == bare.facts[fact]
    assert {"SongFeatures", card.name} == set(card.parameters["part"])
    nll = log_loss(y, wrapper.predict_proba(songs))
    assert card.metrics.loc["NLL", "value"] == pytest.approx(nll)
    text = Page(card.to_html()).all("main")[0]["text"]
    assert f"{model[-1].n_parameters_:,} of the classifier" in text


def _numbers(songs):
    return songs[list("abc")].to_numpy()


def test_a_search_is_described_by_its_best_pipeline():
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.5]}, cv=2).fit(X, y)
    card = model_card(search, X, y, **QUICK)
    assert card.facts["Parts"] == "StandardScaler → LogisticRegression"
    assert card.parameters[["parameter", "value"]].to_numpy().tolist() == [["C", "0.5"]]
    nll = log_loss(y, search.predict_proba(X))
    assert card.metrics.loc["NLL", "value"] == pytest.approx(nll)


def test_an_unfitted_model_and_one_without_probabilities_are_refused():
    with pytest.raises(ValueError, match="LogisticRegression is no fitted classifier"):
        model_card(LogisticRegression(), [[0.0]], [0])


def test_an_unknown_and_a_missing_label_are_refused_by_row(draw_calibrated, prophet):
    proba, y, _ = draw_calibrated(20)
    y = y.astype(object)
    y[3] = "rage"
    with pytest.raises(ValueError, match=r"y_true\[3\] = 'rage' is not among the labels"):
        model_card(prophet, proba, y)
    y[3] = None
    with pytest.raises(ValueError, match="unlabelled songs cannot be scored"):
        model_card(prophet, proba, y)


def test_one_song_and_no_culture_make_a_card(draw_calibrated, prophet):
    proba, y, _ = draw_calibrated(1)
    card = model_card(prophet, proba, y, **QUICK)
    assert card.groups.empty
    text = Page(card.to_html()).all("main")[0]["text"]
    assert "No culture labels were given" in text
    assert "Neither the speed nor the number of parameters is known." in text
