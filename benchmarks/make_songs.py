"""How hard are the embedded songs, and how long do they take to render?

    python benchmarks/make_songs.py --seeds 3

For each seed, new songs; for each source, out-of-fold predictions of a linear model (5 folds,
stratified). The table gives means over seeds with their standard error. The ceiling is what an
annotator reaches who is asked to predict the majority of the others.
"""

import argparse
import tempfile
import time

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_skd import AudioStatistics, LogMelSpectrogram, LyricsEncoder, make_songs

CULTURE = ["genre", "language", "region", "singing_form", "era", "scene"]

# The best of .0003, .001, .003, .01 for each source and for all: it flatters every row alike.
PENALTY = 0.01


def sources(songs, n_jobs):
    """Matrices of shape (n_songs, d) by name."""
    log_mel = LogMelSpectrogram(n_jobs=n_jobs).fit_transform(songs[["audio"]])
    lyrics = LyricsEncoder().fit_transform(songs[["lyrics"]])
    one_hot = OneHotEncoder(sparse_output=False, min_frequency=3, handle_unknown="ignore")
    culture = one_hot.fit_transform(songs[CULTURE].fillna("missing"))
    return {
        "mean log-mel": np.asarray(log_mel).mean(axis=2),
        "lyrics": np.asarray(lyrics),
        "culture": culture,
        "audio statistics": np.asarray(
            AudioStatistics(n_jobs=n_jobs).fit_transform(songs[["audio"]])
        ),
    }


def linear(X, y, cv, groups=None):
    """Out-of-fold probabilities of a logistic regression."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=3000))
    return cross_val_predict(model, X, y, cv=cv, groups=groups, method="predict_proba")


def agreement_ceiling(annotations, random_state):
    """Share of votes equal to the majority of the other annotators, ties drawn."""
    rng = np.random.default_rng(random_state)
    votes = annotations.pivot(index="song", columns="annotator", values="emotion").to_numpy()
    emotions = np.unique(votes)
    hits = []
    for j in range(votes.shape[1]):
        others = (np.delete(votes, j, axis=1)[:, :, None] == emotions).sum(axis=1)
        winner = np.argmax(others + 0.5 * rng.random(others.shape), axis=1)
        hits.append(np.mean(emotions[winner] == votes[:, j]))
    return float(np.mean(hits))


def scores(y, proba):
    classes = np.unique(y)
    auroc = roc_auc_score(y, proba if len(classes) > 2 else proba[:, 1], multi_class="ovr")
    return {"accuracy": accuracy_score(y, classes[proba.argmax(axis=1)]), "auroc": auroc}


def measure(seed, n_songs, data_home, n_jobs):
    """Rows of the table for one seed."""
    start = time.perf_counter()
    songs = make_songs(n_songs, random_state=seed, data_home=data_home)
    seconds = time.perf_counter() - start
    X, y = sources(songs.data, n_jobs), songs.target
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    proba = {name: linear(block, y, folds) for name, block in X.items()}
    words = [X["lyrics"], X["culture"]]
    three = np.hstack([X["mean log-mel"], *words])
    proba["log-mel + lyrics + culture"] = linear(three, y, folds)
    proba["the same, new artists"] = linear(three, y, GroupKFold(5), songs.groups)
    rich = np.hstack([X["audio statistics"], *words])
    proba["statistics + lyrics + culture"] = linear(rich, y, folds)
    rows = [{"source": name, **scores(y, p)} for name, p in proba.items()]
    rows.append(
        {"source": "annotators' agreement", "accuracy": agreement_ceiling(songs.annotations, seed)}
    )
    differ = proba["audio statistics"].argmax(axis=1) != proba["lyrics"].argmax(axis=1)
    sung = songs.data["lyrics"].notna().to_numpy()
    disagreement = differ[songs.conflict].mean(), differ[sung & ~songs.conflict].mean()
    return rows, seconds, disagreement


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-songs", type=int, default=240)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--data-home", help="keep the songs here; else a temporary folder")
    args = parser.parse_args()
    rows, seconds, disagreements = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(args.seeds):
            home = args.data_home or temporary
            new, rendering, disagreement = measure(seed, args.n_songs, home, args.n_jobs)
            rows += new
            seconds.append(rendering)
            disagreements.append(disagreement)
    table = pd.DataFrame(rows).groupby("source", sort=False).agg(["mean", "sem"])
    print(f"n = {args.n_songs} songs, {args.seeds} seeds")
    print("seconds for the songs:", ", ".join(f"{s:.1f}" for s in seconds))
    print(table.round(3).to_string())
    planted, others = np.mean(disagreements, axis=0)
    print(
        "audio statistics and lyrics predict different emotions: "
        f"{planted:.3f} of the planted conflicts, {others:.3f} of the other songs with lyrics"
    )


if __name__ == "__main__":
    main()
