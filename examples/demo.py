"""The main job on the embedded songs: `make demo`.

Songs -> features -> teacher and students, cross-fitted by artist -> one table and two figures.
Every number is out of fold: each song is predicted by models that saw neither it nor its artist.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from tqdm.auto import tqdm

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs
from sklearn_skd.calibration import temperature_softmax
from sklearn_skd.display import EmotionTimelineDisplay, ReliabilityDisplay
from sklearn_skd.metrics import calibration_summary

STUDENTS = {"student-only": "student-only", "KD student": "kd", "SKD student": "skd"}


def fit_students(X, songs, train, memory):
    """Fit the students of one fold; they share their teachers through `memory`."""
    for name, strategy in STUDENTS.items():
        student = SKDStudentClassifier(
            TeacherClassifier(), strategy, memory=memory, n_jobs=2, random_state=0
        )
        yield (
            name,
            student.fit(
                X[train],
                songs.target[train],
                annotation_votes=songs.annotation_votes.iloc[train],
                annotation_reliability=songs.annotation_reliability[train],
                groups=songs.groups[train],
            ),
        )


def predict_all(X, songs, n_splits, memory):
    """Out-of-fold probabilities, raw and temperature-scaled, and the last fold's models."""
    shape = (len(songs.target), len(np.unique(songs.target)))
    raw, scaled, models = {}, {}, {}
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=0)
    folds = list(folds.split(songs.target, songs.target, songs.groups))
    bar = tqdm(total=n_splits * len(STUDENTS), desc="teacher and students", unit="fit")
    for train, test in folds:
        for name, student in fit_students(X, songs, train, memory):
            models[name] = student
            bar.update()
        models["teacher"] = models["SKD student"].teacher_
        for name, model in models.items():
            logits = model.decision_function(X[test]) * model.temperature_
            raw.setdefault(name, np.zeros(shape))[test] = temperature_softmax(logits, 1.0)
            scaled.setdefault(name, np.zeros(shape))[test] = model.predict_proba(X[test])
    bar.close()
    return raw, scaled, models, test


def milliseconds(model, X, repeats=50):
    """Median time to predict one song from its features."""
    times = []
    for row in range(min(repeats, len(X))):
        began = time.perf_counter()
        model.predict_proba(X[row : row + 1])
        times.append(time.perf_counter() - began)
    return 1000 * np.median(times)


def summarise(name, y, raw, scaled, model, X):
    """One row of the table."""
    classes = np.unique(y)
    guess = classes[scaled.argmax(axis=1)]
    before = calibration_summary(y, raw, labels=classes)
    after = calibration_summary(y, scaled, labels=classes)
    return {
        "model": name,
        "accuracy": f"{accuracy_score(y, guess):.3f}",
        "macro-F1": f"{f1_score(y, guess, average='macro'):.3f}",
        "AUROC": f"{roc_auc_score(y, scaled, multi_class='ovr'):.3f}",
        "NLL": f"{log_loss(y, raw):.3f}",
        "NLL +T": f"{log_loss(y, scaled):.3f}",
        "ECE": f"{before.ece:.3f}",
        "ECE +T [95 %]": f"{after.ece:.3f} [{after.ece_low:.3f}, {after.ece_high:.3f}]",
        "null floor": f"{after.floor:.3f}",
        "parameters": f"{model.n_parameters_:,}",
        "ms/song": f"{milliseconds(model, X):.1f}",
    }


def draw(y, scaled, songs, X, student, test, output):
    """Reliability of teacher and SKD student; timeline of the song the student is surest of."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 6.5), layout="constrained")
    for name in ("teacher", "SKD student"):
        ReliabilityDisplay.from_predictions(
            y, scaled[name], labels=np.unique(y), name=name, ax=axes
        )
    figure.savefig(output / "reliability.png", dpi=120)

    surest = int(student.predict_proba(X[test]).max(axis=1).argmax())
    display = EmotionTimelineDisplay.from_estimator(student, X[test], song=surest)
    row = test[surest]
    genre = songs.data["genre"].fillna("genre unknown")[row]
    display.figure_.suptitle(f"Song {row} ({genre}): annotators heard {songs.target[row]}")
    display.figure_.savefig(output / "timeline.png", dpi=120)


def main():
    """Parse the command line, do the job, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--n-songs", type=int, default=240)
    parser.add_argument("--n-splits", type=int, default=3)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    began = time.perf_counter()
    songs = make_songs(args.n_songs, random_state=0, data_home=args.output / "songs")
    print(f"{args.n_songs} songs rendered in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    features = SongFeatures(n_jobs=2).set_params(audio__verbose=1)
    X = features.fit_transform(songs.data)
    per_song = 1000 * (time.perf_counter() - began) / args.n_songs
    print(f"features of a song take {per_song:.0f} ms (decoding, log-mel, sentence encoder)")

    raw, scaled, models, test = predict_all(X, songs, args.n_splits, str(args.output / "memory"))
    rows = [
        summarise(name, songs.target, raw[name], scaled[name], models[name], X)
        for name in ("teacher", *STUDENTS)
    ]
    table = pd.DataFrame(rows).set_index("model")
    print(f"\nOut-of-fold, n = {args.n_songs} songs, {args.n_splits} folds by artist;")
    print("+T = after temperature scaling; ms from the features of one song:\n")
    print(table.to_string())
    table.to_csv(args.output / "table.csv")
    draw(songs.target, scaled, songs, X, models["SKD student"], test, args.output)
    print(f"\nFigures and table: {args.output}/reliability.png, timeline.png, table.csv")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=UserWarning)
    main()
