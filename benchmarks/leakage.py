"""What goes wrong when `fit` validates in ordinary folds, on songs made to show it.

    python benchmarks/leakage.py --seeds 20

The songs come in pairs that sound nearly alike. The teacher answers with the label of the nearest
song it knows: of each song it tells the label of the twin. That is right more often than not, and
blind to a quiet feature that the labels hang on as well. The search for the mean weight may follow
this teacher, at the weights named, or leave the student alone (0).

"Ordinary folds" cross-fit the teachers, and hold one fold out of the student's training: its soft
labels may come from teachers that saw the songs held out. "Pairs of folds" is what `fit` does. For
each draw of songs, the first table has the mean weight that either chose, the log-loss that it
promised, and the one that came true on new songs. Errors are standard errors over the draws.
"""

import argparse
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd
from _report import markdown
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from tqdm.auto import tqdm

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.classifiers import _consult, _search
from sklearn_skd.classifiers._consult import Consultation
from sklearn_skd.classifiers._crossfit import plan_fits

WEIGHTS = (0.7,)


class Outcome(NamedTuple):
    """Mean weight chosen in `fit`, the log-loss that it saw, and the one on new songs."""

    weight: float
    promised: float
    true: float


def twins(n_songs, rng):
    """Songs in pairs that sound alike but for one quiet feature, and their labels (0 or 1)."""
    loud = np.tile(rng.normal(size=(n_songs // 2, 5)), (2, 1))
    loud += 0.001 * rng.normal(size=loud.shape)
    quiet, noise = rng.normal(size=(2, len(loud)))
    return np.column_stack([loud, 0.01 * quiet]), (loud[:, 0] + quiet + 0.7 * noise > 0).astype(int)


@contextmanager
def ordinary_folds():
    """Let `fit` validate in the folds of the teachers, whatever songs these saw."""
    knowledge, nobody = Consultation.knowledge, np.arange(0)

    def plan(targets, groups, *, n_splits, random_state):
        plans = plan_fits(targets, groups, nobody, n_splits=n_splits, random_state=random_state)
        return plans, [one.asked for one in plans]

    def ask_all(consultation, valid):
        return knowledge(consultation, nobody)

    with (
        patch.object(_consult, "plan_pairs", plan),
        patch.object(Consultation, "knowledge", ask_all),
    ):
        yield


def search(songs, new, *, weights, random_state):
    """The Outcome of a fit that chooses its mean weight among some, and 0."""
    student = SKDStudentClassifier(
        KNeighborsClassifier(1),
        weighting="fixed",
        mean_weight="search",
        temperature=1.0,
        learning_rate=0.01,
        weight_decay=0.0,
        dropout=0.0,
        random_state=random_state,
    )
    with patch.object(_search, "MEAN_WEIGHTS", weights):
        student.fit(*songs)
    return Outcome(
        weight=float(student.credibility_["weight"].mean()),
        promised=float(student.weight_search_["valid_loss"].min()),
        true=log_loss(new[1], student.predict_proba(new[0])),
    )


def measure(seed, *, n_songs=120, n_new=600, weights=WEIGHTS):
    """Outcomes of ordinary folds, and of pairs of folds, on one draw of songs."""
    rng = np.random.default_rng(seed)
    songs, new = twins(n_songs, rng), twins(n_new, rng)
    with ordinary_folds():
        ordinary = search(songs, new, weights=weights, random_state=seed)
    return ordinary, search(songs, new, weights=weights, random_state=seed)


def mean_and_error(values, form=".2f"):
    """Over the draws."""
    return f"{values.mean():{form}} ± {values.sem():{form.strip('+')}}"


def report(outcomes):
    """Both tables, of [(ordinary, pairs)] of each draw."""
    ordinary, pairs = (pd.DataFrame(column) for column in zip(*outcomes, strict=True))
    table = pd.concat([ordinary.add_prefix("ordinary: "), pairs.add_prefix("pairs: ")], axis=1)
    rows = table.map("{:.2f}".format)
    rows.index = [str(draw) for draw in rows.index]
    rows.loc["mean"] = table.apply(mean_and_error)
    differences = {
        "came true - promised, ordinary": ordinary["true"] - ordinary["promised"],
        "came true - promised, pairs": pairs["true"] - pairs["promised"],
        "came true, ordinary - pairs": ordinary["true"] - pairs["true"],
    }
    paired = pd.DataFrame(
        {"log-loss": [mean_and_error(values, "+.3f") for values in differences.values()]},
        index=pd.Index(differences, name="paired difference"),
    )
    return f"{markdown(rows.rename_axis('draw'))}\n\n{markdown(paired)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="draws of songs")
    parser.add_argument("--n-songs", type=int, default=120)
    parser.add_argument("--n-new", type=int, default=600, help="new songs of a draw")
    parser.add_argument(
        "--weights", type=float, nargs="+", default=WEIGHTS, help="mean weights beside 0"
    )
    args = parser.parse_args()
    sizes = {"n_songs": args.n_songs, "n_new": args.n_new, "weights": tuple(args.weights)}
    outcomes = [measure(seed, **sizes) for seed in tqdm(range(args.seeds), desc="draws")]
    print(f"{args.n_songs} songs, {args.n_new} new ones, mean weight of {[0, *args.weights]}\n")
    print(report(outcomes))


if __name__ == "__main__":
    main()
