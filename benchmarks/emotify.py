"""Real music: students against what a user would do instead, on Emotify.

    python benchmarks/emotify.py --data PATH_TO_EMOTIFY --output benchmarks/output/emotify

Repeated stratified folds over the songs. The teacher hears log-mel, statistics and genre; the
students log-mel alone, or log-mel and genre. The baselines are logistic regression (its strength
chosen by an inner cross-validation) and a random forest on statistics and genre. Everything is
run with and without the annotators' votes. Each finished fold is kept in the output folder: a run
that was interrupted goes on from there.

The four emotions are the largest vote shares of joy (joyful activation + amazement), tension
(tension + power), sadness (sadness + nostalgia) and calm (calmness + tenderness + solemnity).
"""

import argparse
import itertools
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _report import markdown
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tqdm.auto import tqdm

from sklearn_skd import (
    AudioStatistics,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    aggregate_annotations,
)
from sklearn_skd.calibration import temperature_softmax
from sklearn_skd.evaluation import summarize
from sklearn_skd.metrics import calibration_summary

EMOTIONS = {
    "calm": ["calmness", "tenderness", "solemnity"],
    "joy": ["joyful_activation", "amazement"],
    "sadness": ["sadness", "nostalgia"],
    "tension": ["tension", "power"],
}
STRATEGIES = ("student-only", "kd", "skd")
STUDENTS = {"log-mel": ("audio",), "log-mel + genre": ("audio", "culture")}
N_SPLITS = 5


def load(data):
    """Song table (audio, genre) and the aggregated votes, both in the order of the track ids."""
    ticks = pd.read_csv(data / "annotations.csv")
    votes = pd.concat(
        ticks.loc[ticks[column] == 1, ["track id"]].assign(emotion=emotion)
        for emotion, columns in EMOTIONS.items()
        for column in columns
    )
    genre = ticks.groupby("track id")["genre"].first()
    audio = {track: data / "audio" / f"{track:03d}.ogg" for track in genre.index}
    songs = pd.DataFrame({"audio": audio, "genre": genre})
    songs = songs[[path.exists() for path in songs["audio"]]].astype({"audio": str})
    labels = aggregate_annotations(
        votes, song="track id", annotator=None, songs=songs.index, ties="first"
    )
    return songs, labels


def features(songs, cache, n_jobs):
    """Sources of the nets, and the matrix of the baselines."""
    statistics = AudioStatistics(duration=60, cache=cache, n_jobs=n_jobs, verbose=1)
    extractor = SongFeatures(extra=[("statistics", statistics, "audio")], n_jobs=n_jobs)
    extractor.set_params(audio__cache=cache, audio__verbose=1)
    X = extractor.fit_transform(songs)
    genre = OneHotEncoder(sparse_output=False).fit_transform(songs[["genre"]])
    return X, np.hstack([X["statistics"], genre])


def regularized_logistic_regression():
    """Logistic regression, its strength cross-validated."""
    return LogisticRegressionCV(
        Cs=np.logspace(-4, 0, 9),
        scoring="neg_log_loss",
        max_iter=2000,
        l1_ratios=(0,),
        use_legacy_attributes=False,
    )


def baselines(flat, y, shares, with_votes, train, test, seed):
    """Probabilities of what a user would do instead; votes enter as weighted copies of songs."""
    models = {
        "logistic regression": make_pipeline(StandardScaler(), regularized_logistic_regression()),
        "random forest": RandomForestClassifier(500, min_samples_leaf=2, random_state=seed),
    }
    rows, label, weight = train, y[train], np.ones(len(train))
    if with_votes:
        classes = np.unique(y)
        target = (shares[train] + (y[train, None] == classes)) / 2
        rows, label = np.repeat(train, len(classes)), np.tile(classes, len(train))
        weight = target.ravel()
        rows, label, weight = (array[weight > 0] for array in (rows, label, weight))
    for name, model in models.items():
        step = model.steps[-1][0] if hasattr(model, "steps") else None
        model.fit(
            flat[rows], label, **{f"{step}__sample_weight" if step else "sample_weight": weight}
        )
        yield name, model.predict_proba(flat[test])


def students(X, y, labels, with_votes, train, test, seed, args):
    """Probabilities of the teacher and all students, raw and temperature-scaled."""
    params = {"annotation_reliability": labels["annotation_reliability"].to_numpy()[train]}
    if with_votes:
        params["annotation_votes"] = labels[labels.attrs["emotions"]].iloc[train]
    for (seen, sources), strategy in itertools.product(STUDENTS.items(), STRATEGIES):
        student = SKDStudentClassifier(
            TeacherClassifier(),
            strategy,
            sources,
            memory=str(args.output / "memory"),
            n_jobs=args.n_jobs,
            random_state=seed,
        )
        student.fit(X[train], y[train], **params)
        logits = student.decision_function(X[test]) * student.temperature_
        yield f"{strategy} ({seen})", temperature_softmax(logits, 1.0)
        yield f"{strategy} ({seen}) + T", student.predict_proba(X[test])
    yield "teacher + T", student.teacher_.predict_proba(X[test])


def run(X, flat, y, labels, args):
    """Probabilities of every arm for every fold: {(votes, arm, repeat): (n_songs, K)}."""
    shares = labels[labels.attrs["emotions"]].to_numpy(float)
    shares = shares / shares.sum(axis=1, keepdims=True)
    splitter = RepeatedStratifiedKFold(n_splits=N_SPLITS, n_repeats=args.repeats, random_state=0)
    folds = list(splitter.split(flat, y))
    proba = {}
    tasks = list(itertools.product((True, False), range(len(folds))))
    for with_votes, fold in tqdm(tasks, desc="folds", unit="fold"):
        train, test = folds[fold]
        kept = args.output / f"{'votes' if with_votes else 'labels'}_{fold}.npz"
        if not kept.exists():
            arms = dict(baselines(flat, y, shares, with_votes, train, test, fold))
            arms.update(students(X, y, labels, with_votes, train, test, fold, args))
            np.savez(kept, test=test, **arms)
        stored = np.load(kept)
        for arm in set(stored.files) - {"test"}:
            proba[with_votes, arm, fold] = stored["test"], stored[arm]
    return proba


def scores(proba, y):
    """One row a fold, arm and metric."""
    rows = []
    for (with_votes, arm, fold), (test, p) in proba.items():
        p = p / p.sum(axis=1, keepdims=True)
        guess = np.unique(y)[p.argmax(axis=1)]
        values = {
            "accuracy": accuracy_score(y[test], guess),
            "macro-F1": f1_score(y[test], guess, average="macro"),
            "AUROC": roc_auc_score(y[test], p, multi_class="ovr"),
            "NLL": log_loss(y[test], p),
        }
        place = {"votes": with_votes, "repeat": fold // N_SPLITS, "fold": fold % N_SPLITS}
        sizes = {"n_train": len(y) - len(test), "n_test": len(test)}
        rows += [
            {
                **place,
                "strategy": arm,
                "calibration": "-",
                "metric": metric,
                "value": value,
                **sizes,
            }
            for metric, value in values.items()
        ]
    return pd.DataFrame(rows)


def calibration(proba, y, with_votes, arm):
    """ECE of the first repeat's pooled predictions, with n, interval and null floor."""
    parts = [proba[with_votes, arm, fold] for fold in range(N_SPLITS)]
    test, p = (np.concatenate(part) for part in zip(*parts, strict=True))
    p = p / p.sum(axis=1, keepdims=True)
    ece = calibration_summary(y[test], p, labels=np.unique(y))
    return f"{ece.ece:.3f} [{ece.ece_low:.3f}, {ece.ece_high:.3f}]", f"{ece.floor:.3f}"


def report(table, proba, y, with_votes):
    """Means, and paired differences to logistic regression trained on the same targets."""
    told = summarize(table[table["votes"] == with_votes], reference="logistic regression")
    told = told.droplevel(["votes", "calibration"])
    shown = {}
    for metric in ("accuracy", "macro-F1", "AUROC", "NLL"):
        paired = told.loc[metric].sort_index()
        shown[metric] = paired["mean"].map("{:.3f}".format)
        if metric in ("AUROC", "NLL"):
            shown[f"Δ {metric}"] = paired.apply(
                lambda row: f"{row['difference']:+.3f} ± {row['error']:.3f}", axis=1
            )
    shown = pd.DataFrame(shown)
    ece = {arm: calibration(proba, y, with_votes, arm) for arm in shown.index}
    shown[f"ECE (n = {len(y)})"] = pd.Series({arm: value for arm, (value, _) in ece.items()})
    shown["null floor"] = pd.Series({arm: floor for arm, (_, floor) in ece.items()})
    return shown.rename_axis("with votes" if with_votes else "labels only")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of annotations.csv")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/emotify"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    songs, labels = load(args.data)
    y = labels["emotion"].to_numpy(dtype=object)
    X, flat = features(songs, str(args.output / "features"), args.n_jobs)
    proba = run(X, flat, y, labels, args)
    table = scores(proba, y)
    table.to_csv(args.output / "scores.csv", index=False)
    text = "\n\n".join(markdown(report(table, proba, y, votes)) for votes in (True, False))
    (args.output / "table.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=UserWarning)
    main()
