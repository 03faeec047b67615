"""Does augmentation help beyond the random crop that all nets train on? Student and SKD, by kind.

    python benchmarks/augmentation.py --data emotify --data-root PATH

"shipped" cuts a quarter of the frames out of each song, at random, in every step. "no crop" takes
that away. SpecAugment (Park et al., 2019) also hides one stretch of at most a quarter of the bands
and one of at most a quarter of the frames. Mixup (Zhang et al., 2018; shares of Beta(0.2, 0.2))
mixes songs two by two, with all that their losses read. Teachers are trained in the same way as
their students. Temperature-scaled; Δ is the paired difference in log-loss to "shipped" on the same
folds, negative where the augmentation is better, ± its corrected standard error. The folds are
others than those of the proof.
"""

import argparse
import warnings
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from _arms import make_arms
from _data import LOADERS
from _report import markdown
from _units import split
from tqdm.auto import tqdm

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.classifiers import _net
from sklearn_skd.evaluation import compare_strategies, summarize
from sklearn_skd.networks import temporal

FIRST_REPEAT = 100  # the proof has the first ones
LARGEST_MASK = 0.25  # share of the bands, and of the frames
BETA = 0.2


def spec_augment():
    """Hide bands and frames of the crop: they say what their band says on average."""
    crop = temporal._random_crop

    def hide(x, sound):
        x, sound = crop(x, sound)
        n, n_bands, n_frames = x.shape
        bands, frames = stretches(n, n_bands), stretches(n, n_frames)
        mean = x.nanmean(dim=2, keepdim=True)
        return torch.where(bands.unsqueeze(2) | frames.unsqueeze(1), mean, x), sound

    return patch.object(temporal, "_random_crop", hide)


def stretches(n, length):
    """One stretch a row, at most a quarter long: bool of shape (n, length)."""
    width = torch.rand(n, 1) * LARGEST_MASK * length
    start = torch.rand(n, 1) * (length - width)
    place = torch.arange(length)
    return (place >= start) & (place < start + width)


class _Mixed(_net._SongDataset):
    """Songs mixed two by two; codes and flags are those of the larger share."""

    def batch(self, rows):
        n = len(rows)
        share = torch.distributions.Beta(BETA, BETA).sample((n,))
        share = torch.maximum(share, 1 - share)
        other = torch.randperm(n)
        return tuple(
            {name: mix(values, share, other) for name, values in part.items()}
            for part in super().batch(rows)
        )


def mix(values, share, other):
    if not values.is_floating_point():
        return values
    share = share.to(values.dtype).view(-1, *[1] * (values.ndim - 1))
    mixed = share * values + (1 - share) * values[other]
    return torch.where(values[other].isnan(), values, mixed)


AUGMENTATIONS = {
    "shipped": nullcontext,
    "no crop": lambda: patch.object(temporal, "CROP", 1.0),
    "SpecAugment": spec_augment,
    "mixup": lambda: patch.object(_net, "_SongDataset", _Mixed),
}


def run(task, repeat, fold, folds, kind, memory):
    """Scores of student and SKD on one fold."""
    base = SKDStudentClassifier(TeacherClassifier())
    # the teachers of each kind apart: they are kept by their songs and parameters
    base.set_params(random_state=repeat * folds + fold, memory=str(memory / kind))
    arms = make_arms(base)
    with AUGMENTATIONS[kind](), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        scores = compare_strategies(
            base,
            task.X,
            task.y,
            strategies={name: arms[name] for name in ("student-only", "SKD")},
            cv=[split(task, repeat, fold, folds)],
            groups=task.groups,
            annotation_votes=task.votes,
            annotation_reliability=task.reliability,
        )
    scores["augmentation"], scores["repeat"], scores["fold"] = kind, repeat, fold
    return scores


def report(scores):
    """One row a strategy and kind."""
    scores = scores[scores["calibration"] == "temperature"]
    rows = {}
    for strategy, part in scores.groupby("strategy", sort=False):
        tidy = part.assign(strategy=part["augmentation"]).drop(columns="augmentation")
        table = summarize(tidy, reference=("shipped", "temperature"))
        nll, f1, auc = (table.loc[metric] for metric in ("NLL", "macro-F1", "AUROC"))
        for kind, row in nll.droplevel("calibration").iterrows():
            rows[f"{strategy}, {kind}"] = {
                "macro-F1": f"{f1.droplevel('calibration').loc[kind, 'mean']:.3f}",
                "AUROC": f"{auc.droplevel('calibration').loc[kind, 'mean']:.3f}",
                "NLL + T": f"{row['mean']:.3f}",
                "Δ NLL to shipped": f"{row['difference']:+.3f} ± {row['error']:.3f}",
                "folds": f"{row['n']:.0f}",
            }
    return pd.DataFrame(rows).T.rename_axis("student, augmentation")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, help="folder of emotify and moodmsd")
    parser.add_argument("--data", choices=LOADERS, default="songs")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", choices=AUGMENTATIONS, default=list(AUGMENTATIONS))
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/augmentation"))
    args = parser.parse_args()
    output = args.output / args.data
    output.mkdir(parents=True, exist_ok=True)
    task = LOADERS[args.data](args.data_root, str(output / "features"), 1)
    places = np.ndindex(args.repeats, args.folds)
    units = [(FIRST_REPEAT + repeat, fold, kind) for repeat, fold in places for kind in args.kinds]
    done = []
    for repeat, fold, kind in tqdm(units, unit="fold"):
        kept = output / f"{repeat}-{fold}-{kind}.csv"
        if not kept.exists():
            scores = run(task, repeat, fold, args.folds, kind, output / "teachers")
            scores.to_csv(kept, index=False)
        done.append(pd.read_csv(kept))
    table = report(pd.concat(done))
    table.to_csv(output / "augmentation.csv")
    print(markdown(table))


if __name__ == "__main__":
    main()
