"""Tables of the proof, and whether its aims are met."""

from functools import cache

import numpy as np
import pandas as pd

from sklearn_skd.calibration import fit_temperature
from sklearn_skd.evaluation import summarize
from sklearn_skd.metrics import (
    calibration_summary,
    concordance_correlation_coefficient,
    inter_annotator_consistency,
)

__all__ = ["check_aims", "each_once", "make_table", "pool", "shown"]

SKD = ("SKD", "temperature")
TEACHER = ("teacher", "temperature")
METRICS = ("accuracy", "macro-F1", "AUROC", "kappa", "NLL", "Brier", "ECE")
MARGIN = 0.015  # of macro-F1 below the teacher
PLACE = ["repeat", "fold"]
TIDY = [*PLACE, "strategy", "calibration", "metric", "value", "n_train", "n_test"]


def make_table(table, scores, predictions, shares):
    """Every number of one table, one row an arm and calibration.

    Parameters
    ----------
    table : Table
        Which arms.

    scores, predictions : DataFrame
        All that is finished, see `collect`.

    shares : DataFrame of shape (n_songs, n_classes)
        What the predictions are compared with where labels are few, see `Task`.

    Returns
    -------
    numbers : DataFrame
        Index (strategy, calibration); means of the metrics over ``folds``; ``NLL difference`` to
        the SKD default on the same folds and its corrected ``NLL error``; ``F1 difference``,
        ``F1 error`` and ``F1 ratio`` to the teacher; ECE of pooled predictions; ``tau``, the median
        of the calibration temperatures, and ``right tau``, that of the test songs. Empty as long as
        the SKD default has no fold.
    """
    rows = (scores["setting"] == table.setting.name) & scores["strategy"].isin(table.arms)
    scores = scores.loc[rows, TIDY]
    if not _has(scores, SKD):
        return pd.DataFrame()
    means = summarize(scores, reference=SKD)
    numbers = means["mean"].unstack("metric")[list(METRICS)]
    nll = _paired(scores, SKD, "NLL")
    numbers = numbers.assign(
        **{"NLL difference": nll["difference"], "NLL error": nll["error"], "folds": nll["n"]}
    )
    if _has(scores, TEACHER):
        f1 = _paired(scores, TEACHER, "macro-F1")
        numbers["F1 difference"], numbers["F1 error"] = f1["difference"], f1["error"]
        numbers["F1 ratio"] = f1["mean"] / (f1["mean"] - f1["difference"])
    predictions = predictions[predictions["setting"] == table.setting.name]
    compared = shares if table.setting.label_share < 1 else None
    pooled = {
        arm: pool(_of(predictions, arm), compared) | _temperatures(predictions, arm)
        for arm in numbers.index
    }
    numbers = numbers.join(pd.DataFrame(pooled).T.rename_axis(numbers.index.names))
    order = {arm: place for place, arm in enumerate(table.arms)}
    return numbers.sort_index(key=lambda level: level.map(lambda name: order.get(name, name)))


def _paired(scores, reference, metric):
    """Difference of one metric on the folds that the reference has, too."""
    scores = scores[scores["metric"] == metric]
    known = _of(scores, reference).set_index(PLACE).index
    both = scores[pd.MultiIndex.from_frame(scores[PLACE]).isin(known)]
    return summarize(both, reference=reference).droplevel("metric")


def _of(frame, arm):
    return frame[(frame["strategy"] == arm[0]) & (frame["calibration"] == arm[1])]


def _has(frame, arm):
    return len(frame) > 0 and len(_of(frame, arm)) > 0


def pool(predictions, shares=None):
    """ECE of the predictions of all folds of a repeat taken together; means over the repeats.

    Parameters
    ----------
    predictions : DataFrame
        Of one arm.

    shares : DataFrame of shape (n_songs, n_classes) or None, default=None
        Where given, ``CCC`` of the probabilities with these.

    Returns
    -------
    pooled : dict of str to float
        ``ece``, its interval ``ece_low`` and ``ece_high``, ``floor`` of a calibrated model with
        its band ``floor_low`` and ``floor_high``, ``n`` songs, ``inside``: share of the repeats
        whose ECE is in the band.
    """
    columns, labels = _classes(predictions)
    rows = []
    for _, part in predictions.groupby("repeat"):
        proba = part[columns].to_numpy()
        proba = proba / proba.sum(axis=1, keepdims=True)
        row = _calibration(tuple(part["label"].astype(str)), proba.tobytes(), labels)
        if shares is not None:
            truth = shares.iloc[part["song"]].to_numpy()
            row = {**row, "CCC": concordance_correlation_coefficient(truth, proba)}
        rows.append(row)
    return pd.DataFrame(rows).astype(float).mean().to_dict()


def _classes(predictions):
    """Columns of the probabilities, and the label of each."""
    columns = [name for name in predictions if name.startswith("proba_")]
    return columns, tuple(name.removeprefix("proba_") for name in columns)


def _temperatures(predictions, arm):
    """Median of tau_c over the folds, and the one that would fit the test songs of all folds."""
    if arm[1] != "temperature":
        return {"tau": np.nan, "right tau": np.nan}
    columns, labels = _classes(predictions)
    raw, scaled = (
        _of(predictions, (arm[0], kind)).sort_values([*PLACE, "song"])
        for kind in ("raw", "temperature")
    )
    logits = [np.log(np.maximum(one[columns].to_numpy(), 1e-12)) for one in (raw, scaled)]
    size = [((one - one.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) for one in logits]
    sizes = pd.DataFrame(np.transpose(size)).groupby([raw[name].to_numpy() for name in PLACE]).sum()
    codes = raw["label"].astype(str).map(labels.index).to_numpy()
    with np.errstate(invalid="ignore"):  # a student that says the same of all emotions
        tau = np.sqrt(sizes[0] / sizes[1]).median()
    return {"tau": tau, "right tau": fit_temperature(logits[0], codes)}


@cache  # a report follows every unit of work, which changes few of these
def _calibration(truth, proba, labels):
    proba = np.frombuffer(proba).reshape(len(truth), len(labels))
    told = calibration_summary(np.array(truth), proba, labels=labels)._asdict()
    return {**told, "n": told.pop("n_samples"), "inside": told["ece"] <= told["floor_high"]}


def shown(numbers, title, votes=None):
    """A table to read: strings, the arms as index.

    Parameters
    ----------
    numbers : DataFrame
        Of `make_table`.

    title : str
        Above the arms.

    votes : DataFrame or None
        Where CCC is shown, the agreement of the annotators is a row of its own.

    Returns
    -------
    table : DataFrame of str
    """
    table = pd.DataFrame(index=numbers.index)
    for metric in METRICS[:-1]:
        table[metric] = numbers[metric].map("{:.3f}".format)
    table["Δ NLL to SKD + T"] = _plus_minus(numbers, "NLL")
    if "F1 difference" in numbers:
        table["Δ macro-F1 to teacher"] = _plus_minus(numbers, "F1")
        table["ratio"] = numbers["F1 ratio"].map("{:.1%}".format)
    n = int(numbers["n"].max())
    table[f"ECE (n = {n})"] = numbers.apply(
        lambda row: f"{row['ece']:.3f} [{row['ece_low']:.3f}, {row['ece_high']:.3f}]", axis=1
    )
    table["null band"] = numbers.apply(
        lambda row: f"{row['floor_low']:.3f} – {row['floor_high']:.3f}", axis=1
    )
    table["τ (right)"] = [
        "" if np.isnan(right) else f"{tau:.2f} ({right:.2f})"
        for tau, right in zip(numbers["tau"], numbers["right tau"], strict=True)
    ]
    if "CCC" in numbers:
        table["CCC"] = numbers["CCC"].map("{:.3f}".format)
    table["folds"] = numbers["folds"].map("{:.0f}".format)
    table.index = [_name(arm) for arm in table.index]
    if "CCC" in numbers and votes is not None:
        consistency = inter_annotator_consistency(votes, random_state=0)
        table.loc["annotators (ICR)"] = ""
        table.loc["annotators (ICR)", "CCC"] = f"{consistency:.3f}"
    return table.rename_axis(title)


def _plus_minus(numbers, name):
    parts = zip(numbers[f"{name} difference"], numbers[f"{name} error"], strict=True)
    return [f"{difference:+.3f} ± {error:.3f}" for difference, error in parts]


def check_aims(numbers, setting):
    """The aims of the proof, one by one.

    Parameters
    ----------
    numbers : DataFrame
        Of `make_table`.

    setting : Setting
        Of the table. The aims ask for a gain over published arms where student and teacher see
        the same, with all labels and with 30 % of them.

    Returns
    -------
    aims : DataFrame
        Columns ``aim``, ``arm``, ``measured``, ``verdict``: "met", "missed", "open" with fewer
        than two folds, "reported" for what has no threshold. The matched differences are the
        paper's claim. Arms without a fold are left out.
    """
    is_asked = not setting.is_privileged and setting.label_share in (1.0, 0.3)
    rows = []
    for arm, row in numbers.iterrows():
        name = _name(arm)
        gain, error = row["NLL difference"], row["NLL error"]
        told = f"{gain:+.3f} ± {error:.3f}"
        rival = arm[0].endswith("(published)") or arm == ("student-only", "temperature")
        if rival and is_asked:
            met = _verdict(gain > 2 * error, error)
            rows.append(("SKD better in NLL by more than 2 errors", name, told, met))
        if arm == ("KD (matched)", "temperature"):
            met = _verdict(gain >= -error, error)
            rows.append(("SKD not worse in NLL by more than 1 error", name, told, met))
        if arm[0].endswith("(matched)") and arm[1] == "temperature":
            rows.append(("what the selection gains in NLL", name, told, "reported"))
    rows += _own_aims(numbers)
    return pd.DataFrame(rows, columns=["aim", "arm", "measured", "verdict"])


def each_once(aims):
    """Verdicts without those that tables of one setting share, and without ``setting, known``."""
    same = ["aim", "arm", "measured", "setting", "known"]
    return aims.drop_duplicates(same).drop(columns=same[3:])


def _name(arm):
    return arm[0] + " + T" * (arm[1] == "temperature")


def _verdict(met, error):
    """An error that is not known yet leaves an aim open."""
    return "open" if np.isnan(error) else "met" if met else "missed"


def _own_aims(numbers):
    """Yield the aims of the SKD default that need no other student."""
    if SKD not in numbers.index:
        return
    row = numbers.loc[SKD]
    band = f"{row['ece']:.3f} in {row['floor_low']:.3f} – {row['floor_high']:.3f}"
    band += f", {row['inside']:.0%} of the repeats"
    met = _verdict(row["ece"] <= row["floor_high"], 0.0 if row["folds"] > 1 else np.nan)
    yield "pooled ECE in the 95 % null band", _name(SKD), band, met
    if np.isfinite(row.get("F1 difference", np.nan)):
        told = f"{row['F1 difference']:+.3f} ± {row['F1 error']:.3f} ({row['F1 ratio']:.1%})"
        met = _verdict(row["F1 difference"] >= -MARGIN, row["F1 error"])
        yield f"macro-F1 at most {MARGIN} below the teacher", _name(SKD), told, met
