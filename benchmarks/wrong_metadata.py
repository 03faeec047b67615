"""Does selection help where it should? A finished teacher meets songs with the metadata of others.

    python benchmarks/wrong_metadata.py --data moodmsd --data-root PATH

A control: sources that mislead the teacher on songs that one could recognise. A teacher is trained
on half of the training songs and frozen. The student only listens, and learns on the other half,
where a share of the songs carries all but the sound from another song of another emotion, as after
a join on wrong identifiers. Test songs and labels are right. "oracle" knows which songs these are
and gives them a weight of nearly 0, at the same mean weight: what a perfect selection would gain.
KD gives all songs that weight. Soft labels and temperature are the same for all.

Temperature-scaled. Gain is the paired difference in log-loss to KD of the same mean weight (for
student-only and teacher: the first), positive where the arm is better, ± its corrected standard
error (Nadeau and Bengio, 2003). Finished folds are kept in the output folder.
"""

import argparse
import itertools
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from _arms import Reweighed, TeacherItself
from _data import LOADERS
from _report import markdown
from _units import keep, split
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split
from tqdm.auto import tqdm

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.evaluation import compare_strategies, summarize

MEAN_WEIGHTS = (0.3, 0.5)  # the default, and one at which soft labels do harm if they are wrong
FOLDS = 5
NEARLY_ZERO = 1e-3
TIDY = ["repeat", "fold", "strategy", "calibration", "metric", "value", "n_train", "n_test"]
EXPLAINED = [
    f"{name}, {kind}"
    for name in ("weight", "consistency", "teacher_correct")
    for kind in ("wrong", "right")
]


def mislead(task, songs, share, rng):
    """Mix up metadata.

    Parameters
    ----------
    task : Task
        All songs.

    songs : ndarray of int
        Among which metadata are mixed up.

    share : float
        Of `songs` that get them from a song of another emotion, in [0, 1].

    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    X : SliceDict
        As ``task.X``; what the student reads is left alone.

    wrong : ndarray of bool, shape (n_songs,)
        True where the metadata are those of another song.
    """
    chosen = rng.choice(songs, round(share * len(songs)), replace=False)
    donors = [rng.choice(songs[task.y[songs] != task.y[song]]) for song in chosen]
    X = type(task.X)(**{name: np.array(values) for name, values in task.X.items()})
    for name in set(X) - set(task.audio):
        X[name][chosen] = task.X[name][donors]
    return X, np.isin(np.arange(len(task.y)), chosen)


def hide(y, songs, share, rng):
    """The emotions, those of `songs` left to a share of them."""
    kept, _ = train_test_split(
        songs, train_size=share, stratify=y[songs], random_state=int(rng.integers(2**31))
    )
    y = y.copy()
    y[np.setdiff1d(songs, kept)] = None
    return y


def oracle(wrong):
    """A class: SKD that knows on which training songs the teacher is misled."""

    class Oracle(Reweighed):
        def _weigh(self, lesson):
            others = (self.mean_weight - NEARLY_ZERO * wrong.mean()) / (1 - wrong.mean())
            return np.where(wrong, NEARLY_ZERO, others)

    return Oracle


def make_arms(base, wrong):
    """Every arm by name; `wrong` tells which training songs the oracle knows."""
    params = base.get_params(deep=False)
    alone = {**params, "strategy": "student-only"}
    asked = {**params, "strategy": "kd", "max_epochs": 1}  # its student is of no interest
    arms = {"student-only": SKDStudentClassifier(**alone), "teacher": TeacherItself(**asked)}
    for mean_weight in MEAN_WEIGHTS:
        same, selective = {"strategy": "kd", "kd_weight": mean_weight}, {"mean_weight": mean_weight}
        arms[f"KD, {mean_weight}"] = SKDStudentClassifier(**params | same)
        arms[f"SKD, {mean_weight}"] = SKDStudentClassifier(**params | selective)
        arms[f"oracle, {mean_weight}"] = oracle(wrong)(**params | selective)
    return arms


def explain(student, wrong):
    """What the student is told of songs with wrong metadata and of the others, on average."""
    told = student.credibility_[["weight", "consistency", "teacher_correct"]]
    kinds = {"wrong": told[wrong].mean(), "right": told[~wrong].mean()}
    return {f"{name}, {kind}": means[name] for kind, means in kinds.items() for name in told}


def run(task, repeat, fold, *, share, label_share):
    """Scores of all arms on one fold, and what SKD was told."""
    train, test = split(task, repeat, fold, FOLDS)
    seed = repeat * FOLDS + fold
    rng = np.random.default_rng(seed)
    first, second = split(task, seed, 0, 2, train)  # the teacher's half and the student's
    X, wrong = mislead(task, second, share, rng)
    y = task.y if label_share == 1 else hide(task.y, second, label_share, rng)
    teacher = FrozenEstimator(TeacherClassifier(random_state=seed).fit(task.X[first], y[first]))
    base = SKDStudentClassifier(teacher, sources=task.audio, random_state=seed)
    scores = compare_strategies(
        base,
        X,
        y,
        strategies=make_arms(base, wrong[second]),
        cv=[(second, test)],
        groups=task.groups,
    )
    one_epoch = base.set_params(max_epochs=1).fit(X[second], y[second])
    place = {"repeat": repeat, "fold": fold, "label_share": label_share}
    # the corrected error is about overlapping training sets, however few of the labels are shown
    place["n_train"] = len(train)
    return scores.assign(**place, **explain(one_epoch, wrong[second]))


def report(scores):
    """Two tables: a row a share of labels and arm; what SKD is told, a row a share."""
    rows, told = {}, {}
    for share, part in scores.groupby("label_share"):
        tidy = part[part["calibration"] == "temperature"][TIDY]
        for arm in tidy["strategy"].unique():
            weight = arm.partition(", ")[2] or MEAN_WEIGHTS[0]
            means = summarize(tidy, reference=(f"KD, {weight}", "temperature"))
            nll, f1 = (means.loc[(metric, arm, "temperature")] for metric in ("NLL", "macro-F1"))
            rows[f"{share:.0%} of the labels: {arm}"] = {
                "macro-F1": f"{f1['mean']:.3f}",
                "NLL + T": f"{nll['mean']:.3f}",
                "gain": f"{0 - nll['difference']:+.3f} ± {nll['error']:.3f}",
                "folds": f"{nll['n']:.0f}",
            }
        one_a_fold = part.drop_duplicates(["repeat", "fold"])
        told[f"{share:.0%} of the labels"] = one_a_fold[EXPLAINED].mean().map("{:.3f}".format)
    arms = pd.DataFrame(rows).T.rename_axis("arm, mean weight")
    return arms, pd.DataFrame(told).T.rename_axis("mean over songs with wrong or right metadata")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, help="folder of moodmsd")
    parser.add_argument("--data", choices=("moodmsd", "songs"), default="songs")
    parser.add_argument("--share", type=float, default=0.4, help="of songs with wrong metadata")
    parser.add_argument("--label-shares", type=float, nargs="+", default=[1.0, 0.3])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/wrong_metadata"))
    args = parser.parse_args()
    output = args.output / args.data
    output.mkdir(parents=True, exist_ok=True)
    task = LOADERS[args.data](args.data_root, str(output / "features"), 1)
    folds = itertools.product(range(args.repeats), range(FOLDS), args.label_shares)
    done = []
    for repeat, fold, label_share in tqdm(list(folds), unit="fold"):
        kept = output / f"{args.share}-{label_share}-{repeat}-{fold}.pkl"
        if not kept.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                scores = run(task, repeat, fold, share=args.share, label_share=label_share)
            keep(scores, kept)
        done.append(joblib.load(kept))
    arms, told = report(pd.concat(done))
    arms.to_csv(output / "arms.csv")
    told.to_csv(output / "told.csv")
    print(markdown(arms), markdown(told), sep="\n\n")


if __name__ == "__main__":
    main()
