"""Which score should decide when to abstain: confidence, credibility, or both?

    python benchmarks/abstention.py --data emotify --data-root PATH --repeats 1

Repeated folds (stratified; whole artists where songs have one) of a student with default settings.
The songs of a test fold are halved twice over: on one half an `AbstainingClassifier` finds its
threshold, and with `by="both"` what to make of the two scores; on the other half it is judged, and
the other way round. All scores rank the same predictions of the same songs, so that differences
are paired. AURC, AUGRC: areas under the (generalised) risk-coverage curve, less is better. AUROC:
of the score as a detector of right predictions. Risk and coverage at 60 %: of the answers, with
the threshold of the other half. ± is the corrected standard error of Nadeau and Bengio (2003) of
the difference to the confidence. Finished folds are kept in the output folder.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _data import LOADERS
from _report import markdown
from _units import split
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from tqdm.auto import tqdm

from sklearn_skd import AbstainingClassifier, SKDStudentClassifier, TeacherClassifier
from sklearn_skd.evaluation import summarize
from sklearn_skd.metrics import area_under_generalized_risk_coverage, area_under_risk_coverage

FOLDS = 5
SCORES = ("confidence", "credibility", "both")
COVERAGE = 0.6


def fit_student(task, train, *, seed, memory):
    """A student with default settings; it is shown votes where there are any."""
    params = {"groups": None if task.groups is None else task.groups[train]}
    if task.votes is not None:
        params["annotation_votes"] = task.votes.iloc[train]
    if task.reliability is not None:
        params["annotation_reliability"] = task.reliability[train]
    student = SKDStudentClassifier(TeacherClassifier(), memory=memory, random_state=seed)
    return student.fit(task.X[train], task.y[train], **params)


def judge(student, X, y, *, by, seed):
    """Means over the two halves of every score of one way to abstain."""
    rows = []
    halves = StratifiedKFold(2, shuffle=True, random_state=seed)
    for held_out, judged in halves.split(np.zeros(len(y)), y):
        careful = AbstainingClassifier(student, by=by, coverage=COVERAGE)
        careful.fit(X[held_out], y[held_out])
        songs, truth = X[judged], y[judged]
        score, proba = careful.score_samples(songs), careful.predict_proba(songs)
        right = careful.predict(songs) == truth
        answered = score >= careful.threshold_
        told = {"confidence": score, "labels": careful.classes_}
        row = {
            "AURC": area_under_risk_coverage(truth, proba, **told),
            "AUGRC": area_under_generalized_risk_coverage(truth, proba, **told),
            "AUROC": roc_auc_score(right, score),
            "risk at 60 %": 1 - right[answered].mean(),
            "coverage at 60 %": answered.mean(),
        }
        if by == "both":
            names = ("weight of logit(confidence)", "weight of credibility")
            row |= dict(zip(names, careful.coef_, strict=True))
        rows.append(row)
    return pd.DataFrame(rows).mean()


def run_fold(task, repeat, fold, output):
    """One row a score and metric, from the disk if it is there."""
    kept = output / f"{repeat}-{fold}.csv"
    if kept.exists():
        return pd.read_csv(kept)
    train, test = split(task, repeat, fold, FOLDS)
    seed = repeat * FOLDS + fold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # such as rare classes
        student = fit_student(task, train, seed=seed, memory=str(output / "memory"))
    X, y = task.X[test], task.y[test]
    rows = [
        {"strategy": by, "metric": metric, "value": value}
        for by in SCORES
        for metric, value in judge(student, X, y, by=by, seed=seed).items()
    ]
    table = pd.DataFrame(rows).assign(
        repeat=repeat, fold=fold, calibration="-", n_train=len(train), n_test=len(test)
    )
    table.to_csv(kept, index=False)
    return table


def _cell(by, row):
    if np.isnan(row["mean"]):  # weights of one score alone
        return "-"
    if by == "confidence" or np.isnan(row["difference"]):
        return f"{row['mean']:.3f}"
    return f"{row['mean']:.3f} ({row['difference']:+.3f} ± {row['error']:.3f})"


def report(table):
    """A row a score: mean, and paired difference to the confidence."""
    told = summarize(table, reference="confidence").droplevel("calibration")
    shown = {}
    for metric in table["metric"].unique():
        one = told.loc[metric].reindex(SCORES)
        shown[metric] = [_cell(by, row) for by, row in one.iterrows()]
    return pd.DataFrame(shown, index=pd.Index(SCORES, name="ranked by"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=sorted(LOADERS), required=True)
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/abstention"))
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    output = args.output / args.data
    output.mkdir(parents=True, exist_ok=True)
    task = LOADERS[args.data](args.data_root, str(output / "features"), 1)
    folds = [(repeat, fold) for repeat in range(args.repeats) for fold in range(FOLDS)]
    table = pd.concat([run_fold(task, *place, output) for place in tqdm(folds, unit="fold")])
    n_folds = f"{args.data}, n = {len(task.y)}, {args.repeats} x {FOLDS} folds"
    text = f"{n_folds}\n\n{markdown(report(table))}\n"
    (output / "table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
