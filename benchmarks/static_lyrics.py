"""What do light lyrics cost, and what do they save?

    python benchmarks/static_lyrics.py [--seeds 3] [--student-seeds 1] [--songs 240]

New songs for each seed, in stratified folds of whole artists. Two judges of each way to encode the
lyrics: a logistic regression on the lyrics alone (penalty chosen by inner folds), and the student
on audio, lyrics and culture, whose teacher always reads the full encoder's vectors; the teacher's
knowledge is the same for every student of a fold. Differences are paired, log-loss in nats, ± is
the corrected standard error of Nadeau and Bengio (2003); the first reference is the full encoder,
the second `StaticLyricsEncoder` with 256 components. Times are medians over songs, one at a time,
on one thread, both encoders in turns, cleaning included. Finished folds are kept in the output
folder; the table is also written to docs/results/static_lyrics.csv.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from _report import markdown
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.helper import SliceDict
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from sklearn_skd import (
    LyricsEncoder,
    SKDStudentClassifier,
    SongFeatures,
    StaticLyricsEncoder,
    TeacherClassifier,
    make_songs,
)
from sklearn_skd.evaluation import summarize

FOLDS = 5
COMPONENTS = (32, 64, 128, 256)
FULL, WIDEST = "LyricsEncoder", "static 256"
SOURCES = {FULL: "lyrics", **{f"static {d}": f"light{d}" for d in COMPONENTS}}
STUDENTS = (FULL, "static 64", WIDEST)
PENALTIES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
RESULTS = Path(__file__).parents[1] / "docs" / "results" / "static_lyrics.csv"


class FullTeacher(TeacherClassifier):
    """Reads the full encoder's lyrics, whatever else there is."""

    def fit(self, X, y, *, sample_weight=None, annotation_votes=None, groups=None):
        own = {name: X[name] for name in ("audio", "lyrics", "culture")}
        return super().fit(
            own, y, sample_weight=sample_weight, annotation_votes=annotation_votes, groups=groups
        )


def load(seed, n_songs, output):
    """New songs, and every source of theirs that needs no training songs."""
    songs = make_songs(n_songs, random_state=seed)
    features = SongFeatures().set_params(audio__cache=str(output / "features"))
    return songs, features.fit_transform(songs.data)


def with_light_lyrics(X, songs, train, output):
    """`X` and the light lyrics, learned from the training songs alone."""
    lyrics = songs.data["lyrics"]
    light = {}
    for d in COMPONENTS:
        encoder = StaticLyricsEncoder(n_components=d, memory=str(output / "memory"))
        light[f"light{d}"] = encoder.fit(lyrics.iloc[train]).transform(lyrics)
    return SliceDict(**dict(X.items()), **light)


def linear(X, y, train, test):
    """Log-loss and accuracy of a logistic regression on one source."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    grid = {"logisticregression__C": PENALTIES}
    model = GridSearchCV(model, grid, scoring="neg_log_loss", cv=4).fit(X[train], y[train])
    return judge(model, X[test], y[test])


def student(X, songs, source, train, test, *, seed, memory):
    """Log-loss and accuracy of a student with default settings."""
    model = SKDStudentClassifier(
        FullTeacher(), sources=("audio", source, "culture"), memory=memory, random_state=seed
    )
    told = {
        "annotation_votes": songs.annotation_votes.iloc[train],
        "annotation_reliability": songs.annotation_reliability[train],
        "groups": songs.groups[train],
    }
    model.fit(X[train], songs.target[train], **told)
    return judge(model, X[test], songs.target[test])


def judge(model, X, y):
    """Two scores by name."""
    proba = model.predict_proba(X)
    return {
        "NLL": log_loss(y, proba, labels=model.classes_),
        "accuracy": accuracy_score(y, model.predict(X)),
    }


def run_fold(songs, X, seed, fold, output, students):
    """One row a judge, encoder and metric, from the disk if it is there."""
    kept = output / f"{len(songs.target)}-{len(students)}-{seed}-{fold}.csv"
    if kept.exists():
        return pd.read_csv(kept)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    train, test = list(splitter.split(songs.data, songs.target, songs.groups))[fold]
    X = with_light_lyrics(X, songs, train, output)
    rows = []
    for arm, source in SOURCES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # such as rare classes
            scores = {"logistic regression": linear(X[source], songs.target, train, test)}
            if arm in students:
                known = {"seed": seed, "memory": str(output / "memory")}
                scores["student"] = student(X, songs, source, train, test, **known)
        rows += [
            {"judge": name, "strategy": arm, "metric": metric, "value": value}
            for name, told in scores.items()
            for metric, value in told.items()
        ]
    table = pd.DataFrame(rows).assign(
        repeat=seed, fold=fold, calibration="-", n_train=len(train), n_test=len(test)
    )
    table.to_csv(kept, index=False)
    return table


def measure(n_songs=60):
    """Milliseconds a song and parameters of each encoder."""
    texts = list(make_songs(random_state=0).data["lyrics"].dropna())[: n_songs + 1]
    encoders = {FULL: LyricsEncoder(device="cpu").fit(texts)}
    encoders |= {f"static {d}": StaticLyricsEncoder(n_components=d).fit(texts) for d in COMPONENTS}
    sentence_model = encoders[FULL]._encoder()
    times = {name: [] for name in encoders}
    torch.set_num_threads(1)
    with threadpool_limits(1):
        for text in tqdm(texts, unit="song"):
            for name, encoder in encoders.items():
                sentence_model._vectors.clear()  # it remembers what it has encoded
                start = time.perf_counter()
                encoder.transform([text])
                times[name].append(time.perf_counter() - start)
    transformer = sum(weights.numel() for weights in sentence_model.modules.parameters())
    return pd.DataFrame(
        {
            "ms a song": {name: 1e3 * np.median(measured[1:]) for name, measured in times.items()},
            "parameters": {
                n: getattr(e, "n_parameters_", transformer) for n, e in encoders.items()
            },
        }
    )


def report(table):
    """A row a judge and encoder: means, and paired differences of the log-loss."""
    rows = []
    for judged_by, part in table.groupby("judge", sort=False):
        part = part.drop(columns="judge")
        to_full, to_widest = (
            summarize(part, reference=reference).droplevel("calibration")
            for reference in (FULL, WIDEST)
        )
        for encoder, row in to_full.loc["NLL"].iterrows():
            rows.append(
                {
                    "judge": judged_by,
                    "lyrics": encoder,
                    "NLL": f"{row['mean']:.3f}",
                    "Δ to the full encoder": _difference(row),
                    "Δ to 256 components": _difference(to_widest.loc[("NLL", encoder)]),
                    "accuracy": f"{to_full.loc[('accuracy', encoder), 'mean']:.3f}",
                    "folds": int(row["n"]),
                }
            )
    return pd.DataFrame(rows)


def _difference(row):
    return f"{row['difference']:+.3f} ± {row['error']:.3f}" if row["error"] else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--songs", type=int, default=240)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/static_lyrics"))
    parser.add_argument("--csv", type=Path, default=RESULTS)
    parser.add_argument(
        "--student-seeds",
        type=int,
        default=1,
        help="with students: 15 minutes each",
    )
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    tables = []
    with tqdm(total=args.seeds * FOLDS, unit="fold") as bar:
        for seed in range(args.seeds):
            songs, X = load(seed, args.songs, args.output)
            students = STUDENTS if seed < args.student_seeds else ()
            for fold in range(FOLDS):
                tables.append(run_fold(songs, X, seed, fold, args.output, students))
                bar.update()
    table = report(pd.concat(tables, ignore_index=True)).join(measure(), on="lyrics")
    table["ms a song"] = table["ms a song"].map("{:.2f}".format)
    table["parameters"] = table["parameters"].map("{:,}".format)
    table.to_csv(args.csv, index=False)
    print(markdown(table.set_index("judge")))


if __name__ == "__main__":
    main()
