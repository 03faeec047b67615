"""What a model card says in words: alarms, and limits."""

from sklearn_skd.deployment._card_alarms import LEVEL
from sklearn_skd.deployment._card_verdicts import (
    EVERY_SONG,
    FEWEST_JUDGED,
    LESS_ACCURATE,
    MISCALIBRATED,
    OFTEN,
    OVER,
    RARELY,
    TOO_FEW,
    UNDER,
)

__all__ = ["average_text", "is_alarm", "limits", "percent", "warnings_of"]

_ALARMS = {OVER, UNDER, MISCALIBRATED, LESS_ACCURATE, OFTEN, RARELY}


def is_alarm(finding):
    """Whether a finding is one that cannot well be chance."""
    return not _ALARMS.isdisjoint(finding.split(", "))


def percent(share):
    """A share in per cent."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def p_text(p):
    """A p-value, which no line break tears apart."""
    text = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def warnings_of(verdicts):
    """All alarms, one text a subject: all songs, then groups, then emotions.

    Parameters
    ----------
    verdicts : Verdicts

    Returns
    -------
    warnings : list of str
    """
    found = [_all_songs(verdicts.metrics)]
    groups, classes = verdicts.groups, verdicts.classes
    for (field, name), row in zip(groups.index, groups.to_dict("records"), strict=True):
        if is_alarm(row["finding"]):
            found.append(_group(f"{field} = {name} ({_songs(row['songs'])})", row))
    for name, row in zip(classes.index, classes.to_dict("records"), strict=True):
        if is_alarm(row["finding"]):
            found.append(_class(f"Emotion {name} ({_songs(row['songs'])})", row))
    return [text for text in found if text]


def _all_songs(metrics):
    gap, ece = metrics.loc["over-confidence"], metrics.loc["ECE"]
    if min(gap["p"], ece["p"]) > LEVEL:
        return ""
    finding = MISCALIBRATED if gap["p"] > LEVEL else OVER if gap["value"] > 0 else UNDER
    row = {
        "finding": finding,
        "accuracy": metrics.loc["accuracy", "value"],
        "over-confidence": gap["value"],
        "over-confidence_low": gap["low"],
        "over-confidence_high": gap["high"],
        "ECE": ece["value"],
        "null_high": ece["null_high"],
        "p_confidence": gap["p"],
        "p_calibration": ece["p"],
    }
    return _group("all songs together", row)


def _group(subject, row):
    """Finding, subject, and the numbers of each finding."""
    findings = row["finding"].split(", ")
    numbers = "; ".join(_NUMBERS[finding](row) for finding in findings)
    return f"{' and '.join(findings).capitalize()} for {subject}: {numbers}."


def _confidence_numbers(row):
    gap, low, high = (row[f"over-confidence{end}"] for end in ("", "_low", "_high"))
    promised, right = percent(row["accuracy"] + gap), percent(row["accuracy"])
    return (
        f"it promises {promised} and is right in {right}, a difference of {gap:+.2f} "
        f"[{low:+.2f}, {high:+.2f}] ({p_text(row['p_confidence'])})"
    )


def _calibration_numbers(row):
    return (
        f"an ECE of {row['ECE']:.3f}, where 97.5 % of calibrated models would stay below "
        f"{row['null_high']:.3f} ({p_text(row['p_calibration'])})"
    )


def _accuracy_numbers(row):
    return (
        f"{percent(row['accuracy'])} right [{percent(row['accuracy_low'])}, "
        f"{percent(row['accuracy_high'])}] against {percent(row['others'])} of the other songs "
        f"({p_text(row['p_accuracy'])})"
    )


_NUMBERS = {
    OVER: _confidence_numbers,
    UNDER: _confidence_numbers,
    MISCALIBRATED: _calibration_numbers,
    LESS_ACCURATE: _accuracy_numbers,
}


def _class(subject, row):
    share = "more" if row["promised"] > 0 else "less"
    return (
        f"{subject} is {row['finding']}: its mean probability is {abs(row['promised']):.2f} "
        f"{share} than its share of the songs ({p_text(row['p_promised'])})."
    )


def average_text(verdicts, n_warnings):
    """The sentence on calibration on average, beside the alarms."""
    ece = verdicts.metrics.loc["ECE"]
    band = f"[{ece['null_low']:.3f}, {ece['null_high']:.3f}]"
    if ece["p"] <= LEVEL or verdicts.metrics.loc["over-confidence", "p"] <= LEVEL:
        return f"On average over all songs the probabilities are off: ECE {ece['value']:.3f}."
    place = "inside" if ece["value"] <= ece["null_high"] else "near"
    text = (
        f"On average over all songs there is no evidence of miscalibration: ECE "
        f"{ece['value']:.3f}, {place} the band {band} of a calibrated model."
    )
    return text + (" The average hides what follows." if n_warnings else "")


def limits(verdicts, fields, n_songs):
    """What the card cannot tell.

    Parameters
    ----------
    verdicts : Verdicts
    fields : list of CultureField
    n_songs : int

    Returns
    -------
    texts : list of str
    """
    texts = [
        f"It was evaluated on {_songs(n_songs)}. Nothing is known about other emotions, and "
        "nothing about songs that were chosen or labelled in another way.",
        *_cultures(verdicts, fields),
        *_too_few(verdicts),
        "An ECE inside its null band says that this many songs show no miscalibration, not that "
        "there is none. With more songs the band becomes narrower.",
        f"{verdicts.n_tests} tests were made together, corrected after Holm: if the model were "
        f"sound everywhere, the chance of one warning or more would be at most {percent(LEVEL)}. "
        "A weakness that is real but small, or that few songs show, can stay unnoticed.",
        "Tests and intervals take songs as independent. Songs of one artist are not: intervals "
        "are then too narrow.",
        "A group may do worse because of its songs (their emotions, their recordings) and not "
        "because of its culture. The tables do not say why.",
    ]
    return texts


def _cultures(verdicts, fields):
    if not fields:
        return [
            "No culture labels were given: whether it works for one language or genre as for "
            "another is unknown, and an average can hide that it does not."
        ]
    names = ", ".join(field.name for field in fields)
    texts = [
        f"It is not known to work for values of {names} that are not in the tables above: do not "
        "use it there without an evaluation of its own."
    ]
    for (field, group), finding in verdicts.groups["finding"].items():
        if finding == EVERY_SONG:
            texts.append(f"Every song has {field} = {group}: nothing is known about others.")
    return texts


def _too_few(verdicts):
    if verdicts.groups.empty:
        return []
    few = verdicts.groups[verdicts.groups["finding"] == TOO_FEW]
    if few.empty:
        return []
    named = "; ".join(
        f"{field} = {group} ({count})" for (field, group), count in few["songs"].items()
    )
    return [
        f"Too few songs to judge (fewer than {FEWEST_JUDGED}), so that the absence of a warning "
        f"says little: {named}."
    ]


def _songs(n):
    return f"{n:,} song" if n == 1 else f"{n:,} songs"
