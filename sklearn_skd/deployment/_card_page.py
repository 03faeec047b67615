"""The page of a model card, section by section."""

from sklearn_skd.deployment._card_figures import reliability_image, risk_coverage_image
from sklearn_skd.deployment._card_html import Markup, element
from sklearn_skd.deployment._card_style import STYLE
from sklearn_skd.deployment._card_tables import (
    class_table,
    group_table,
    metric_table,
    parameter_table,
    source_table,
)
from sklearn_skd.deployment._card_verdicts import FEWEST_JUDGED, FEWEST_TESTED
from sklearn_skd.deployment._card_words import average_text, is_alarm, percent

__all__ = ["page"]

# whatever else goes wrong: no script runs, and nothing is fetched
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(content, songs, verdicts, draws):
    """The whole page.

    Parameters
    ----------
    content : dict
        What :class:`sklearn_skd.deployment.ModelCard` holds, by attribute, and ``speed``.

    songs : Predictions
    verdicts : Verdicts

    draws : dict
        ``n_resamples`` and ``random_state`` of the figures.

    Returns
    -------
    html : str
    """
    sections = {
        "Data": _data(content, songs),
        "Model": _model(content),
        "Performance": _performance(songs, verdicts, draws),
        "Emotions": [class_table(verdicts.classes)],
        "Culture groups": _culture(verdicts),
        "Cost": _cost(content),
        "Limits": [element("ul", [element("li", text) for text in content["limits"]])],
    }
    links = [element("li", element("a", name, href=f"#{_id(name)}")) for name in sections]
    body = [
        element(
            "header",
            element("h1", f"Model card: {content['name']}"),
            _paragraph(content["description"], "lead"),
            _paragraph(content["date"], "quiet"),
        ),
        element(
            "main",
            _verdict(content["warnings"], verdicts),
            _tiles(songs, verdicts, content),
            element("nav", element("ul", links), aria_label="Contents"),
            [
                element("section", element("h2", name), parts, id=_id(name))
                for name, parts in sections.items()
            ],
        ),
        element("footer", "Written by sklearn_skd.deployment.model_card. Needs nothing else."),
    ]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"Model card: {content['name']}"),
        element("style", Markup(STYLE)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', body), lang='en')}\n"


def _id(name):
    return name.lower().replace(" ", "-")


def _paragraph(text, class_=None):
    return element("p", text, class_=class_) if text else None


def _verdict(warnings, verdicts):
    n = len(warnings)
    average = element("p", average_text(verdicts, n))
    if n:
        title = f"⚠ {n} warning" if n == 1 else f"⚠ {n} warnings"
        told = element("ul", [element("li", text) for text in warnings])
    else:
        title = "No warnings"
        told = element(
            "p",
            f"None of {verdicts.n_tests} tests, corrected together, finds an emotion or a group "
            "of songs for which the model is worse than can be chance. Small groups cannot be "
            "judged; the limits below name them.",
        )
    heading = element("h2", title, id="verdict")
    class_ = "verdict alarm" if n else "verdict"
    return element("section", heading, average, told, class_=class_, aria_labelledby="verdict")


def _tiles(songs, verdicts, content):
    metrics = verdicts.metrics
    accuracy, ece = metrics.loc["accuracy"], metrics.loc["ECE"]
    tiles = [
        ("Songs", f"{len(songs):,}", f"{len(songs.classes)} emotions"),
        (
            "Accuracy",
            percent(accuracy["value"]),
            f"95 % interval {percent(accuracy['low'])} to {percent(accuracy['high'])}",
        ),
        (
            "Calibration error (ECE)",
            f"{ece['value']:.3f}",
            f"if calibrated {ece['null_low']:.3f} to {ece['null_high']:.3f}",
        ),
        ("Groups with a warning", *_count_groups(verdicts.groups)),
    ]
    return element(
        "dl",
        [
            element("div", element("dt", name), element("dd", value, element("small", note)))
            for name, value, note in tiles
        ],
        class_="tiles",
    )


def _count_groups(groups):
    if groups.empty:
        return "–", "no culture labels given"
    return f"{groups['finding'].map(is_alarm).sum()}", f"of {len(groups)} groups"


def _data(content, songs):
    counts = ", ".join(f"{name} {n:,}" for name, n in content["class_counts"].items())
    told = f"{len(songs):,} songs on which the model was evaluated. Their emotions: {counts}."
    sources = content["sources"]
    return [
        _paragraph(told),
        None if sources.empty else source_table(sources, len(songs)),
    ]


def _model(content):
    parameters = content["parameters"]
    return [
        _facts(content["facts"]),
        _paragraph("All parameters are at their defaults.")
        if parameters.empty
        else parameter_table(parameters),
    ]


def _facts(facts):
    pairs = [(element("dt", name), element("dd", value)) for name, value in facts.items()]
    return element("dl", pairs, class_="facts")


def _performance(songs, verdicts, draws):
    metrics = verdicts.metrics["value"]
    reliability = reliability_image(
        songs,
        **draws,
        alt=f"Reliability diagram of {len(songs)} songs: accuracy over confidence, in bins. The "
        f"mean distance from the diagonal, the ECE, is {metrics['ECE']:.3f}.",
    )
    risk = risk_coverage_image(
        songs,
        **draws,
        alt=f"Risk-coverage curve of {len(songs)} songs: the share of errors among the most "
        f"confident songs, over the share of songs answered. It ends at "
        f"{percent(1 - metrics['accuracy'])} errors if all are answered; its area is "
        f"{metrics['AURC']:.3f}.",
    )
    return [
        metric_table(verdicts.metrics),
        element(
            "div",
            _figure(
                reliability,
                "Can its confidence be taken at its word? On the diagonal it can. Filled markers "
                "lie outside the band of a calibrated model.",
            ),
            _figure(
                risk,
                "What is gained by answering only where it is confident: the further left, the "
                "fewer songs are answered, and the fewer errors there should be.",
            ),
            class_="figures",
        ),
    ]


def _figure(image, caption):
    return element("figure", image, element("figcaption", caption))


def _culture(verdicts):
    if verdicts.groups.empty:
        return _paragraph("No culture labels were given, so that no group could be judged.")
    told = (
        f"Groups of {FEWEST_TESTED} songs and more are tested: whether the confidence is too high "
        "or too low, whether the calibration error is above that of a calibrated model, and "
        f"whether the accuracy is below that of the other songs. Below {FEWEST_JUDGED} songs only "
        "gross errors can be found. A finding with the sign ⚠ cannot well be chance."
    )
    parts = [_paragraph(told)]
    for field in verdicts.groups.index.unique("field"):
        groups = verdicts.groups.xs(field, level="field")
        parts += [element("h3", field[:1].upper() + field[1:]), group_table(field, groups)]
    return parts


def _cost(content):
    facts, speed = {}, content["speed"]
    if content["n_parameters"] is not None:
        facts["Parameters"] = f"{content['n_parameters']:,} of the classifier"
    if speed is not None:
        facts["Time a song"] = (
            f"{speed['median']:.3g} ms, the median of {speed['n']} songs, one at a time (half of "
            f"them between {speed['low']:.3g} and {speed['high']:.3g} ms, {speed['cores']} cores)"
        )
    if not facts:
        return _paragraph("Neither the speed nor the number of parameters is known.")
    return [
        _facts(facts),
        _paragraph(
            "For the classifier alone, its features ready: reading sound files and encoding "
            "lyrics come on top, in time and in parameters, and usually cost more.",
            "quiet",
        ),
    ]
