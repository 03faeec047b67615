"""Tables of a model card: numbers with their intervals, in cells that anybody can read."""

import numpy as np
import pandas as pd

from sklearn_skd.deployment._card_figures import interval_mark
from sklearn_skd.deployment._card_html import element
from sklearn_skd.deployment._card_words import is_alarm, percent

__all__ = [
    "class_table",
    "group_table",
    "metric_table",
    "parameter_table",
    "source_table",
]

_SHARES = ("accuracy", "precision", "recall")


def metric_table(metrics):
    """Scores of all songs."""
    rows = []
    for name, row in metrics.iterrows():
        values = {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
        value = _error({**values, **row}) if name == "ECE" else _score(values, name)
        rows.append([name[:1].upper() + name[1:], value, _MEANINGS[name]])
    return table(
        "Scores of all songs, each with its 95 % interval. Calibrated: where 95 % of calibrated "
        "models with these probabilities would lie.",
        ["Score", "Value", "What it means"],
        rows,
        classes={2: "text"},
    )


_MEANINGS = {
    "accuracy": "share of songs whose most probable emotion is right",
    "macro-F1": "mean over the emotions of the harmonic mean of precision and recall",
    "NLL": "log-loss of the probabilities, in nats; less is better",
    "ECE": "distance between confidence and accuracy, 15 bins; less is better",
    "over-confidence": "mean confidence minus accuracy; above 0 it promises too much",
    "AURC": "share of errors among answered songs, over all thresholds; less is better",
}


def class_table(classes):
    """Scores of each emotion."""
    limit = _reach(classes, "promised")
    rows, alarms = [], []
    for name, row in zip(classes.index, classes.to_dict("records"), strict=True):
        alarm = is_alarm(row["finding"])
        alarms.append(alarm)
        rows.append(
            [
                name,
                f"{row['songs']:,}",
                f"{row['predicted']:,}",
                *(_score(row, key) for key in ("precision", "recall", "F1")),
                _difference(row, "promised", limit=limit, alarm=alarm),
                _finding(row["finding"], alarm),
            ]
        )
    header = ["Emotion", "Songs", "Predicted", "Precision", "Recall", "F1"]
    return table(
        "Scores of each emotion, with 95 % intervals. Over-promised: its mean probability "
        "minus its share of the songs, drawn on a line whose middle is 0.",
        [*header, "Over-promised", "Finding"],
        rows,
        alarms=alarms,
        classes={7: "finding"},
    )


def group_table(field, groups):
    """Scores of the groups of one culture field."""
    limit = _reach(groups, "over-confidence")
    rows, alarms = [], []
    for name, row in zip(groups.index, groups.to_dict("records"), strict=True):
        alarm = is_alarm(row["finding"])
        alarms.append(alarm)
        rows.append(
            [
                name,
                f"{row['songs']:,}",
                _finding(row["finding"], alarm),
                _difference(row, "over-confidence", limit=limit, alarm=alarm),
                _score(row, "accuracy"),
                _error(row),
                _score(row, "NLL"),
                _score(row, "macro-F1"),
            ]
        )
    header = ["Group", "Songs", "Finding", "Over-confidence", "Accuracy", "ECE"]
    return table(
        f"Scores by {field}, with 95 % intervals. Over-confidence: mean confidence minus accuracy, "
        "drawn on a line whose middle is 0.",
        [*header, "NLL", "Macro-F1"],
        rows,
        alarms=alarms,
        classes={2: "finding"},
    )


def source_table(sources, n_songs):
    """The sources, and how many songs lack them."""
    rows = []
    for row in sources.itertuples():
        lacking = "" if pd.isna(row.missing) else f"{row.missing:,.0f}"
        share = "" if pd.isna(row.missing) else percent(row.missing / n_songs)
        rows.append([row.source, row.kind, lacking, share])
    header = ["Source", "Kind and size", "Songs without", "Share"]
    return table("What the model is given, and how many songs lack it.", header, rows)


def parameter_table(parameters):
    """Parameters that are not at their defaults."""
    rows = [[row.parameter, row.part, row.value] for row in parameters.itertuples()]
    return table(
        "Parameters that differ from the defaults.",
        ["Parameter", "Part", "Value"],
        rows,
        classes={2: "code"},
    )


def table(caption, header, rows, *, alarms=None, classes=None):
    """A table in a box of its own, which scrolls where the screen is narrow.

    Parameters
    ----------
    caption : str
    header : list of str
    rows : list of list
        The first cell of a row names it.
    alarms : list of bool or None, default=None
        Rows to be marked.
    classes : dict of int to str or None, default=None
        CSS classes of the cells of a column.

    Returns
    -------
    table : Markup
    """
    classes, alarms = classes or {}, alarms or [False] * len(rows)
    head = element("tr", [element("th", name, scope="col") for name in header])
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            [element("td", cell, class_=classes.get(j)) for j, cell in enumerate(row[1:], 1)],
            class_="alarm" if alarm else None,
        )
        for row, alarm in zip(rows, alarms, strict=True)
    ]
    content = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", head),
        element("tbody", body),
    )
    # focusable, so that it can be scrolled with the keyboard
    return element("div", content, class_="scroll", role="region", aria_label=caption, tabindex=0)


def _score(row, name):
    return _value(name, row[name], row[f"{name}_low"], row[f"{name}_high"])


def _value(name, value, low, high):
    if np.isnan(value):
        return "–"
    digits = "+z.3f" if name == "over-confidence" else ".3f"
    show = percent if name in _SHARES else f"{{:{digits}}}".format
    return [show(value), _interval(show(low), show(high))]


def _error(row):
    """A calibration error with the band of a calibrated model."""
    band = _interval(f"{row['null_low']:.3f}", f"{row['null_high']:.3f}", "calibrated: ")
    return [*_score(row, "ECE"), band]


def _interval(low, high, before=""):
    return element("span", f"{before}[{low}, {high}]", class_="interval")


def _difference(row, name, *, limit, alarm):
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    picture = interval_mark(value, low, high, limit=limit, flagged=alarm)
    return [f"{value:+z.2f}", _interval(f"{low:+z.2f}", f"{high:+z.2f}"), picture]


def _reach(frame, name):
    """The farthest end of an interval: the edge of the small pictures."""
    ends = frame[[f"{name}_low", f"{name}_high"]].abs().to_numpy(float)
    return max(0.1, float(ends.max()))


def _finding(text, alarm):
    return f"⚠ {text}" if alarm else text
