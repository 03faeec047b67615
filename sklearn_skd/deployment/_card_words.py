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

__all__ = ["average_text", "limits", "warnings_of"]

_ALARMS = {OVER, UNDER, MISCALIBRATED, LESS_ACCURATE, OFTEN, RARELY}


def is_alarm(finding):
    """Whether a finding is one that cannot well be chance."""
    return not _ALARMS.isdisjoint(finding.split(", "))


def p_text(p):
    """A p-value in words."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def warnings_of(verdicts):
    """All alarms, one text a subject: first all songs, then groups, then classes.

    Parameters
    ----------
    verdicts : Verdicts

    Returns
    -------
    warnings : list of str
    """
    found = [_all_songs(verdicts.metrics)]
    for (field, group), row in zip(
        verdicts.groups.index, verdicts.groups.to_dict("records"), strict=True
    ):
        if is_alarm(row["finding"]):
            found.append(f"{field} = {group} ({_songs(row['songs'])}): {_group(row)}")
    for name, row in zip(verdicts.classes.index, verdicts.classes.to_dict("records"), strict=True):
        if is_alarm(row["finding"]):
            found.append(f"Emotion {name} ({_songs(row['songs'])}): {_class(row)}")
    return [text for text in found if text]


def _all_songs(metrics):
    gap, ece = metrics.loc["over-confidence"], metrics.loc["ECE"]
    if min(gap["p"], ece["p"]) > LEVEL:
        return ""
    accuracy = metrics.loc["accuracy", "value"]
    row = {"over-confidence": gap["value"], "accuracy": accuracy, "ECE": ece["value"]}
    row |= {"over-confidence_low": gap["low"], "over-confidence_high": gap["high"]}
    row |= {"null_high": ece["null_high"], "p_confidence": gap["p"], "p_calibration": ece["p"]}
    return f"All songs: {_calibration(row)}"


def _group(row):
    texts = []
    if min(row["p_confidence"], row["p_calibration"]) <= LEVEL:
        texts.append(_calibration(row))
    if row["p_accuracy"] <= LEVEL:
        texts.append(
            f"{LESS_ACCURATE.capitalize()}: {row['accuracy']:.0%} right "
            f"[{row['accuracy_low']:.0%}, {row['accuracy_high']:.0%}] against "
            f"{row['others']:.0%} of the other songs ({p_text(row['p_accuracy'])})."
        )
    return " ".join(texts)


def _calibration(row):
    if row["p_confidence"] > LEVEL:
        return (
            f"{MISCALIBRATED.capitalize()}: an ECE of {row['ECE']:.2f}, where a calibrated model "
            f"would stay below {row['null_high']:.2f} ({p_text(row['p_calibration'])})."
        )
    gap = row["over-confidence"]
    return (
        f"{(OVER if gap > 0 else UNDER).capitalize()}: it promises {row['accuracy'] + gap:.0%} "
        f"and is right in {row['accuracy']:.0%}, a difference of {gap:+.2f} "
        f"[{row['over-confidence_low']:+.2f}, {row['over-confidence_high']:+.2f}] "
        f"({p_text(row['p_confidence'])})."
    )


def _class(row):
    share = "more" if row["promised"] > 0 else "less"
    return (
        f"{row['finding'].capitalize()}: its mean probability is {abs(row['promised']):.2f} "
        f"{share} than the share of its songs ({p_text(row['p_promised'])})."
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
        f"sound everywhere, the chance of one warning or more would be at most {LEVEL:.0%}. "
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
