"""Scores and verdicts: of all songs, of every class and of every culture group."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sklearn_skd.deployment._card_alarms import LEVEL, accuracy_p, calibration_p, confidence_p, holm
from sklearn_skd.deployment._card_scores import score_classes, score_songs
from sklearn_skd.metrics import risk_coverage_summary

__all__ = ["FEWEST_JUDGED", "FEWEST_TESTED", "Verdicts", "judge"]

#: A group of fewer songs is not tested: next to nothing could be found, and every further test
#: makes the others stricter.
FEWEST_TESTED = 10
#: In a group of fewer songs only gross errors can be found: no alarm says little.
FEWEST_JUDGED = 30

OVER, UNDER, MISCALIBRATED = "over-confident", "under-confident", "miscalibrated"
LESS_ACCURATE = "less accurate"
OFTEN, RARELY = "promised too often", "promised too rarely"
TOO_FEW, NOTHING = "too few songs to judge", "no evidence of a problem"
EVERY_SONG = "holds every song"


class Verdicts(NamedTuple):
    """Scores, tests and verdicts of a model's predictions.

    Attributes
    ----------
    metrics, classes, groups : DataFrame
        See :class:`sklearn_skd.deployment.ModelCard`.

    n_tests : int
        Size of the family that Holm's correction is over.
    """

    metrics: pd.DataFrame
    classes: pd.DataFrame
    groups: pd.DataFrame
    n_tests: int


def judge(songs, fields, *, n_resamples, random_state):
    """Score the predictions, test them, and say what was found.

    Parameters
    ----------
    songs : Predictions
        Of all songs.

    fields : list of CultureField
        The divisions into groups.

    n_resamples : int
        Bootstrap resamples, and draws for null bands.

    random_state : int
        Seed.

    Returns
    -------
    verdicts : Verdicts
    """
    draws = {"n_resamples": n_resamples, "random_state": random_state}
    classes = score_classes(songs, **draws)
    groups = _score_groups(songs, fields, draws)
    tests = _test(songs, fields, random_state)
    tests["p"] = holm(tests["p"])
    p = tests.set_index(["table", "row", "test"])["p"]

    metrics = _score_all(songs, draws)
    metrics["p"] = pd.Series(
        {"over-confidence": p["all", 0, "confidence"], "ECE": p["all", 0, "calibration"]}
    )
    classes["p_promised"] = [p["classes", row, "confidence"] for row in range(len(classes))]
    classes["finding"] = [_find_class(row) for _, row in classes.iterrows()]
    for test in ("confidence", "calibration", "accuracy"):
        keys = [("groups", row, test) for row in range(len(groups))]
        groups[f"p_{test}"] = [p.get(key, np.nan) for key in keys]
    groups["finding"] = [_find_group(row, len(songs)) for _, row in groups.iterrows()]
    return Verdicts(metrics, classes, groups, len(tests))


def _score_all(songs, draws):
    table = score_songs(songs, **draws)
    ranking = risk_coverage_summary(songs.labels, songs.proba, labels=songs.classes, **draws)
    table.loc["AURC", ["value", "low", "high"]] = (
        ranking.aurc,
        ranking.aurc_low,
        ranking.aurc_high,
    )
    return table


def _score_groups(songs, fields, draws):
    """One row a group, in the order of the fields; intervals in columns of their own."""
    rows, places = [], []
    for field in fields:
        for code, label in enumerate(field.labels):
            member = field.codes == code
            scores = score_songs(songs.take(member), **draws)
            row = {"songs": int(member.sum())}
            for name, score in scores.iterrows():
                row |= {name: score["value"], f"{name}_low": score["low"]}
                row[f"{name}_high"] = score["high"]
            row["null_low"], row["null_high"] = scores.loc["ECE", ["null_low", "null_high"]]
            row["others"] = songs.take(~member).top()[1].mean() if not member.all() else np.nan
            rows.append(row)
            places.append((field.name, label))
    index = pd.MultiIndex.from_tuples(places, names=["field", "group"]) if places else None
    return pd.DataFrame(rows, index=index)


def _test(songs, fields, random_state):
    """Tidy p-values of the whole family, not yet corrected."""
    rng = np.random.default_rng(random_state)
    n_groups = sum(len(field.labels) for field in fields)
    simulation = {"least": LEVEL / (2 + len(songs.classes) + 3 * n_groups), "rng": rng}

    tests = [
        ("all", 0, "confidence", confidence_p(*songs.top())),
        ("all", 0, "calibration", calibration_p(*songs.top(), **simulation)),
    ]
    for k, probability in enumerate(songs.proba.T):
        tests.append(("classes", k, "confidence", confidence_p(probability, songs.codes == k)))
    groups = (field.codes == code for field in fields for code in range(len(field.labels)))
    for row, member in enumerate(groups):
        n_members, n_others = member.sum(), (~member).sum()
        if n_members < FEWEST_TESTED or n_others == 0:
            continue
        some = songs.take(member)
        tests.append(("groups", row, "confidence", confidence_p(*some.top())))
        tests.append(("groups", row, "calibration", calibration_p(*some.top(), **simulation)))
        if n_others >= FEWEST_TESTED:
            others = songs.take(~member).top()[1]
            tests.append(("groups", row, "accuracy", accuracy_p(some.top()[1], others)))
    return pd.DataFrame(tests, columns=["table", "row", "test", "p"])


def _find_class(row):
    if row["p_promised"] > LEVEL:
        return NOTHING if row["songs"] >= FEWEST_JUDGED else TOO_FEW
    return OFTEN if row["promised"] > 0 else RARELY


def _find_group(row, n_songs):
    found = []
    if row["p_confidence"] <= LEVEL:
        found.append(OVER if row["over-confidence"] > 0 else UNDER)
    elif row["p_calibration"] <= LEVEL:
        found.append(MISCALIBRATED)
    if row["p_accuracy"] <= LEVEL:
        found.append(LESS_ACCURATE)
    if found:
        return ", ".join(found)
    if row["songs"] == n_songs:
        return EVERY_SONG
    return NOTHING if row["songs"] >= FEWEST_JUDGED else TOO_FEW
