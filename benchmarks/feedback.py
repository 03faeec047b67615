"""Does calibration that follows its listeners pay? Log-loss against the number of feedbacks.

    python benchmarks/feedback.py --data-root FOLDER_OF_EMOTIFY --output benchmarks/output/feedback

Two populations: the real votes of Emotify, whose listeners are known by their mother tongue only
(a group each), and the simulated annotators of `make_songs`, each with a taste. A logistic
regression gives logits of each song out of fold: on statistics of the sound and genre, or on lyrics
and culture fields. In each repeat half of the songs, by lot, are heard: their majority labels
calibrate the population, and then feedback arrives on them, in random order, as many from each
group as the axis says. The loss is that of single votes on the other half of the songs, for whom
they are from, the mean over groups. Nothing is tuned: the parameters are the defaults.

Arms: "nobody" learns no feedback; "population" learns it without names; "listeners" with them; each
with the temperature alone and with class biases. Errors are those of paired differences over the
repeats, corrected after Nadeau and Bengio for the songs that repeats share.
"""

import argparse
import itertools
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _report import markdown
from emotify import EMOTIONS, features
from emotify import load as load_emotify
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tqdm.auto import tqdm

from sklearn_skd import FeedbackCalibrator, make_songs
from sklearn_skd.evaluation import corrected_error

NUMBERS = (0, 5, 10, 20, 40, 80)
FEWEST_VOTES = 180  # of a group on all songs: half are feedback
ARMS = ("nobody", "population", "listeners")


class Told(ClassifierMixin, BaseEstimator):
    """A frozen classifier whose logits are known already: songs are their logits."""

    def __init__(self, classes):
        self.classes = classes
        self.classes_ = np.asarray(classes)

    def fit(self, X, y):
        return self

    def decision_function(self, X):
        return X


def out_of_fold(X, y, groups=None):
    """Logits of songs that the model did not see; its strength by an inner cross-validation."""
    model = make_pipeline(
        StandardScaler(with_mean=not issparse(X)),
        LogisticRegressionCV(
            Cs=np.logspace(-4, 0, 5),
            cv=3,
            scoring="neg_log_loss",
            max_iter=500,
            l1_ratios=(0,),
            use_legacy_attributes=False,
        ),
    )
    cv = StratifiedKFold(5, shuffle=True, random_state=0) if groups is None else GroupKFold(5)
    return cross_val_predict(model, X, y, groups=groups, cv=cv, method="decision_function")


def emotify(args):
    """Logits, majority labels and votes (song, group, emotion); a vote is a listener's top tick."""
    songs, labels = load_emotify(args.data_root / "emotify")
    cache = str(args.features or args.output / "features")
    _, flat = features(songs, cache, args.n_jobs)
    y = labels["emotion"].to_numpy(dtype=object).astype(str)
    ticks = pd.read_csv(args.data_root / "emotify" / "annotations.csv")
    ticks = ticks[ticks["track id"].isin(songs.index)]
    count = np.column_stack([ticks[columns].sum(axis=1) for columns in EMOTIONS.values()])
    lot = np.random.default_rng(0).random(count.shape)  # of emotions with as many ticks
    votes = pd.DataFrame(
        {
            "song": songs.index.get_indexer(ticks["track id"]),
            "group": ticks["mother tongue"].str.strip().to_numpy(),
            "emotion": np.array(list(EMOTIONS))[(count + lot).argmax(axis=1)],
        }
    )[count.sum(axis=1) > 0]
    size = votes["group"].value_counts()
    votes = votes[votes["group"].isin(size.index[size >= FEWEST_VOTES])]
    return out_of_fold(flat, y), y, votes


def simulated(args):
    """The same of `make_songs`; the model reads lyrics and culture fields."""
    made = make_songs(n_annotators=args.listeners, random_state=args.seed)
    text = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2)
    words = text.fit_transform(made.data["lyrics"].fillna(""))  # looks at no labels
    fields = OneHotEncoder().fit_transform(made.data.iloc[:, 2:].fillna("?"))
    y = made.target.astype(str)
    votes = made.annotations.rename(columns={"annotator": "group"})
    X = csr_matrix(hstack([words, fields]))
    return out_of_fold(X, y, made.groups), y, votes


def curves(logits, y, votes, repeats, params):
    """Log-loss of each arm, repeat and number of feedbacks: a tidy table."""
    rows = []
    for repeat in tqdm(range(repeats), desc=str(params), unit="repeat"):
        rng = np.random.default_rng(repeat)
        heard = np.zeros(len(y), dtype=bool)
        heard[rng.permutation(len(y))[: len(y) // 2]] = True
        order = votes.iloc[rng.permutation(len(votes))]
        feedback, test = order[heard[order["song"]]], order[~heard[order["song"]]]
        number = feedback.groupby("group").cumcount()
        for class_bias, arm in itertools.product((False, True), ARMS):
            told = FeedbackCalibrator(Told(sorted(set(y))), class_bias=class_bias, **params)
            told.fit(logits[heard], y[heard])
            for since, now in zip((0, *NUMBERS), NUMBERS, strict=False):
                new = feedback[(number >= since) & (number < now)]
                if arm != "nobody" and len(new):
                    names = new["group"] if arm == "listeners" else None
                    told.partial_fit(logits[new["song"]], new["emotion"], groups=names)
                loss = test_loss(told, logits, test)
                rows.append((arm, class_bias, repeat, now, loss))
    columns = ["arm", "class_bias", "repeat", "feedbacks", "loss"]
    return pd.DataFrame(rows, columns=columns)


def test_loss(told, logits, test):
    """Mean over the groups of their votes' log-loss."""
    proba = told.predict_proba(logits[test["song"]], groups=test["group"])
    column = np.searchsorted(told.classes_, test["emotion"])
    loss = -np.log(proba[np.arange(len(test)), column])
    return pd.Series(loss).groupby(test["group"].to_numpy()).mean().mean()


def report(table):
    """The loss of "nobody", and the paired differences between arms with their errors."""
    wide = table.pivot(index="repeat", columns=["class_bias", "arm", "feedbacks"], values="loss")
    told = {}
    for class_bias in (False, True):
        what = "temperature and biases" if class_bias else "temperature"
        losses = wide[class_bias]
        told[f"nobody, {what}"] = losses["nobody"].mean().map("{:.3f}".format)
        for arm, reference in itertools.combinations(reversed(ARMS), 2):
            difference = losses[arm] - losses[reference]
            error = difference.apply(corrected_error, n_train=1, n_test=1)  # halves
            told[f"{arm} - {reference}, {what}"] = [
                f"{mean:+.3f} ± {off:.3f}"
                for mean, off in zip(difference.mean(), error, strict=True)
            ]
    return pd.DataFrame(told, index=pd.Index(NUMBERS)).T.rename_axis("feedbacks per group")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, help="folder that holds emotify/")
    parser.add_argument("--features", type=Path, help="cache of emotify's features")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/feedback"))
    parser.add_argument("--listeners", type=int, default=12, help="simulated ones")
    parser.add_argument("--seed", type=int, default=0, help="of the simulated songs")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--prior-strength", type=float, nargs="+", default=[80.0])
    parser.add_argument("--n-jobs", type=int, default=1)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    loaders = {"make_songs": simulated}
    if args.data_root:
        loaders["emotify"] = emotify
    text = []
    for name, load in loaders.items():
        logits, y, votes = load(args)
        groups = votes["group"].value_counts()
        print(f"{name}: {len(y)} songs, votes per group: {groups.to_dict()}")
        for strength in args.prior_strength:
            table = curves(logits, y, votes, args.repeats, {"prior_strength": strength})
            table.to_csv(args.output / f"{name}_{strength:g}.csv", index=False)
            head = f"{name}, {len(groups)} groups, prior_strength={strength:g}"
            text.append(f"{head}\n\n{markdown(report(table))}")
    (args.output / "table.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")
    print("\n\n".join(text))


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=UserWarning)
    main()
