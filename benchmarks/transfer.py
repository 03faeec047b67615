"""Table 4: students trained on one data set and tested on the others, untouched.

    python benchmarks/transfer.py --merge PATH --trompa PATH --music4all PATH --emma PATH
    python benchmarks/transfer.py --embedded

The first set that is given, in this order, is the source; all others are targets. Before that the
songs are cleaned across the sets, as in 4.1: of each song and each recording one stays, that of the
set named first, so that no target holds a song of the source; poor audio goes. What goes is told,
step by step, with the files of the results. Songs without emotion train the student (only its
teacher speaks of them) and test nothing.

The embedded sets are two of make_songs: other artists, other cultures in the majority, fewer
annotators who see more conflict. They show that the experiment runs; they say nothing about music.

Means over repeats that differ in the seed alone. The ECE is that of the first repeat, over all
songs of the target, with its 95 % interval and where a perfectly calibrated model would lie.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from _report import markdown
from sklearn.utils import Bunch

import sklearn_skd.datasets
from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs
from sklearn_skd.datasets import (
    remove_near_copies,
    remove_poor_audio,
    remove_versions,
    to_quadrant,
)
from sklearn_skd.evaluation import evaluate_transfer, pooled_calibration, summarize
from sklearn_skd.evaluation.transfer import STRATEGIES
from sklearn_skd.features.culture import CULTURE_FIELDS

FEWEST = 20  # labelled songs that a target needs


def load(args):
    """The sets that are given, by name; the source first."""
    if args.embedded:
        return embedded(args.n_songs)
    given = {
        "MERGE": ("load_merge", args.merge, {}),
        "TROMPA-MER": ("load_trompa_mer", args.trompa, {"audio_dir": args.trompa_audio}),
        "Music4All-Onion": (
            "load_music4all_onion",
            args.music4all,
            {"onion_dir": args.onion, "label_from": args.label_from},
        ),
        "EMMA": ("load_emma", args.emma, {"audio_dir": args.emma_audio}),
    }
    return {
        name: getattr(sklearn_skd.datasets, reader)(path, **options)
        for name, (reader, path, options) in given.items()
        if path is not None
    }


def embedded(n_songs):
    """Two sets that differ in artists, cultures and annotators."""
    here = make_songs(n_songs, random_state=0)
    there = make_songs(n_songs, n_annotators=3, conflict=0.3, random_state=1)
    ours = here.data["region"].isin(sorted(here.data["region"].dropna().unique())[::2])
    theirs = ~there.data["region"].isin(here.data.loc[ours, "region"])
    return {
        "embedded": take(here, mostly(ours)),
        "embedded, elsewhere": take(there, mostly(theirs)),
    }


def mostly(chosen):
    """Rows that are chosen, and each fourth of the others."""
    return np.flatnonzero(chosen | (np.arange(len(chosen)) % 4 == 0))


def take(songs, rows):
    """The Bunch of some rows, with what the experiment reads."""
    taken = {"data": songs["data"].iloc[rows], "taxonomy": songs.get("taxonomy", "quadrants")}
    for name in ("target", "annotation_votes", "annotation_reliability", "groups"):
        values = songs.get(name)
        if isinstance(values, pd.DataFrame | pd.Series):
            values = values.iloc[rows]
        taken[name] = values[rows] if isinstance(values, np.ndarray) else values
    return Bunch(**taken)


def clean(sets, n_jobs):
    """The sets without copies and poor audio, and the report on what is gone."""
    songs = pd.concat({name: one["data"] for name, one in sets.items()})
    reports = []
    if {"artist", "title"} <= set(songs.columns):
        songs, report = remove_versions(songs)
        reports.append(report)
    for step in (remove_near_copies, remove_poor_audio):
        songs, report = step(songs, n_jobs=n_jobs)
        reports.append(report)
    left = {}
    for name, one in sets.items():
        ids = songs.index[songs.index.get_level_values(0) == name].droplevel(0)
        left[name] = take(one, np.flatnonzero(one["data"].index.isin(ids)))
    return left, pd.concat(reports)


def emotions(songs):
    """Quadrants as objects, None where unknown."""
    return to_quadrant(songs["target"], taxonomy=songs["taxonomy"]).to_numpy(dtype=object)


def features(sets, cache, n_jobs):
    """Sources of each set, learned from the first: those that it has."""
    source = next(iter(sets.values()))["data"]
    read = [name for name in ("audio", "lyrics", *CULTURE_FIELDS) if known(source, name)]
    extractor = SongFeatures(n_jobs=n_jobs)
    if "audio" in read:
        extractor.set_params(audio__cache=cache, audio__on_error="warn", audio__verbose=1)
    X = {"source": extractor.fit_transform(source[read])}
    for name, songs in list(sets.items())[1:]:
        X[name] = extractor.transform(songs["data"].reindex(columns=read))
    return X


def known(songs, column):
    return column in songs.columns and songs[column].notna().any()


def knowledge(songs):
    """What `fit` takes besides the labels, as far as the source has it."""
    votes = songs.get("annotation_votes")
    told = {"groups": songs.get("groups"), "annotation_votes": votes}
    if votes is not None:
        told["annotation_reliability"] = songs.get("annotation_reliability")
    return {
        name: values.to_numpy() if isinstance(values, pd.Series) else values
        for name, values in told.items()
        if values is not None
    }


def run(sets, args):
    """Tidy scores and predictions of every strategy on every target."""
    X = features(sets, str(args.output / "features"), args.n_jobs)
    names = list(sets)
    source = {"X": X["source"], "y": emotions(sets[names[0]]), **knowledge(sets[names[0]])}
    targets = {name: (X[name], emotions(sets[name])) for name in names[1:]}
    for name, (_, y) in list(targets.items()):
        if pd.notna(y).sum() < FEWEST:
            print(f"{name}: fewer than {FEWEST} labelled songs are left, so it tests nothing")
            del targets[name]
    student = SKDStudentClassifier(TeacherClassifier(**args.teacher), **args.student)
    return evaluate_transfer(
        student,
        source,
        targets,
        strategies=args.strategies,
        n_repeats=args.repeats,
        memory=str(args.output / "memory"),
        n_jobs=args.n_jobs,
        verbose=1,
        return_predictions=True,
    )


def report(table, predictions):
    """Table 4: one row a strategy and target, after temperature scaling, and raw beside it."""
    means = summarize(table)["mean"]
    ece = pooled_calibration(predictions)
    rows = {}
    for target, strategy in (
        table[["strategy", "target"]]
        .drop_duplicates()[["target", "strategy"]]
        .itertuples(index=False)
    ):
        scaled = ece.loc[(target, strategy, "temperature")]
        raw = ece.loc[(target, strategy, "raw")]
        rows[strategy, target] = {
            **{
                shown: f"{means.loc[(target, metric, strategy, 'temperature')]:.3f}"
                for shown, metric in {"AUROC": "AUROC", "Kappa": "kappa", "NLL": "NLL"}.items()
            },
            "ECE": f"{scaled['ece']:.3f} [{scaled['ece_low']:.3f}, {scaled['ece_high']:.3f}]",
            "null floor": f"{scaled['floor']:.3f}",
            "raw ECE": f"{raw['ece']:.3f}",
            "n": f"{scaled['n_samples']:.0f}",
        }
    shown = pd.DataFrame.from_dict(rows, orient="index")
    shown.insert(0, "Test domain", [target for _, target in shown.index])
    return shown.droplevel(1).rename_axis("Model")


def parse(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("merge", "trompa", "music4all", "emma"):
        parser.add_argument(f"--{name}", type=Path, help="folder or file of the set")
    parser.add_argument("--trompa-audio", type=Path, help="folder of the sound of TROMPA-MER")
    parser.add_argument("--emma-audio", type=Path, help="folder of the sound of EMMA")
    parser.add_argument("--onion", type=Path, help="folder of Onion's files")
    parser.add_argument("--label-from", default="tags", help="what labels Music4All-Onion")
    parser.add_argument("--embedded", action="store_true", help="two sets of make_songs instead")
    parser.add_argument("--n-songs", type=int, default=240, help="of each embedded set, at most")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/transfer"))
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few epochs, to see that it runs")
    parser.add_argument("--n-jobs", type=int, default=2)
    args = parser.parse_args(argv)
    args.teacher = {"max_epochs": 3} if args.quick else {}
    args.student = {"max_epochs": 3, "teacher_cv": 2} if args.quick else {}
    return args


def main(argv=None):
    args = parse(argv)
    sets = load(args)
    if len(sets) < 2:
        raise SystemExit("Give two sets at least, such as --merge PATH --emma PATH; or --embedded.")
    args.output.mkdir(parents=True, exist_ok=True)
    sets, removed = clean(sets, args.n_jobs)
    removed.to_csv(args.output / "removed.csv")
    print(removed.groupby("step").size().rename("songs removed").to_string())
    table, predictions = run(sets, args)
    table.to_csv(args.output / "scores.csv", index=False)
    text = markdown(report(table, predictions))
    (args.output / "table4.md").write_text(text + "\n", encoding="utf-8")
    print(f"source: {next(iter(sets))}, {table['n_train'].iloc[0]} songs\n\n{text}")


if __name__ == "__main__":
    main()
