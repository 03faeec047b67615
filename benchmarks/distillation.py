"""The proof: every strategy on real songs, published and matched, with its aims checked.

    python benchmarks/distillation.py --data emotify --data-root PATH --table published matched

Repeated folds (stratified; whole artists where songs have one). Every finished arm of every fold
is kept in the output folder, so that an interrupted run goes on from there; after each, the tables
so far are printed and written as Markdown and CSV (docs/results has copies). Remove the folder
after a change of the method. `--dry-run` times one fit and says what the whole would take.

Columns: means over the folds; Δ NLL is the paired difference to the SKD default
(temperature-scaled), positive where SKD is better, ± its corrected standard error (Nadeau and
Bengio, 2003); macro-F1 against the teacher's on the same folds; the ECE is that of the pooled
predictions of a repeat, with a 95 % bootstrap interval, beside the 95 % band that a perfectly
calibrated model would show (means over the repeats). "Labels and agreement" means that the targets
are the labels, and that of the votes only the annotators' agreement is known, as in the paper.
"+ T" is temperature-scaled; τ is the median of the calibration temperatures over the folds, beside
the one that is right for the test songs.
"""

import argparse
import re
import time
from pathlib import Path

import pandas as pd
from _arms import TABLES
from _data import LOADERS
from _proof import check_aims, each_once, make_table, shown
from _report import markdown
from _units import collect, count_fits, make_units, split, work
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from sklearn_skd import SKDStudentClassifier, TeacherClassifier

__all__ = ["estimate", "main", "report", "run"]


def run(task, wanted, tables, output, *, repeats, folds, n_jobs, student=None):
    """Do what is not done yet, with a report after every unit of work.

    Parameters
    ----------
    task : Task
        The songs.

    wanted, tables : list of Table
        To be filled, and to be shown as far as they are.

    output : Path
        Folder of this data set.

    repeats, folds, n_jobs : int
        Of the cross-validation; units at a time.

    student : SKDStudentClassifier or None, default=None
        What all arms have in common; None means the defaults of the package.

    Returns
    -------
    text : str
        The report.
    """
    kept = output / f"{folds}-fold"
    missing = [
        unit
        for unit in make_units(task, wanted, repeats=repeats, folds=folds)
        if not all(unit.path(kept, arm).exists() for arm in unit.arms)
    ]
    jobs = (delayed(work)(task, unit, kept, folds=folds, student=student) for unit in missing)
    done = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
    for _ in tqdm(done, total=len(missing), desc="units", unit="unit"):
        tqdm.write(report(task, tables, kept, output))
    return report(task, tables, kept, output)


def report(task, tables, kept, output):
    """Write all that is finished: ``tables.md``, ``tables.csv``, ``scores.csv``, a CSV a table.

    Parameters
    ----------
    task : Task
        The songs.

    tables : list of Table
        To be shown.

    kept, output : Path
        Where the arms are, and where the report goes.

    Returns
    -------
    text : str
        Content of ``tables.md``.
    """
    scores, predictions = collect(kept)
    if scores.empty:
        return "Nothing is finished yet."
    texts, frames, aims = [], [], []
    for votes in sorted(scores["votes"].unique(), reverse=True):
        of_votes = scores[scores["votes"] == votes], predictions[predictions["votes"] == votes]
        known = "with votes" if votes else _without_votes(task)
        for table in tables:
            numbers = make_table(table, *of_votes, task.shares)
            if numbers.empty:
                continue
            where = {"knowledge": known, "table": table.title}
            title = f"{table.title}, {known}"
            readable = shown(numbers, title, task.votes)
            texts.append(markdown(readable))
            name = "-".join(re.findall(r"\w+", title))
            readable.to_csv(output / f"{name}.csv")
            frames.append(numbers.reset_index().assign(**where))
            found = check_aims(numbers, table.setting)
            aims.append(found.assign(where=title, setting=table.setting.name, known=known))
    if aims:
        texts.append(markdown(each_once(pd.concat(aims)).set_index("where")))
        pd.concat(frames).to_csv(output / "tables.csv", index=False)
    scores.to_csv(output / "scores.csv", index=False)
    text = "\n\n".join(texts) + "\n"
    (output / "tables.md").write_text(text, encoding="utf-8")
    return text


def _without_votes(task):
    """Without votes the annotators' agreement is still known, as the paper has it (eq. 4)."""
    return "labels only" if task.reliability is None else "labels and agreement"


def estimate(task, tables, *, repeats, folds, n_jobs):
    """Time one fit of each kind, and say what all of them take.

    Parameters
    ----------
    task, tables, repeats, folds, n_jobs
        See `run`.

    Returns
    -------
    text : str
    """
    units = make_units(task, tables, repeats=repeats, folds=folds)
    teachers, students = count_fits(units)
    train, _ = split(task, 0, 0, folds)
    X, y = task.X[train], task.y[train].tolist()
    student = SKDStudentClassifier(strategy="student-only", calibration=None, random_state=0)
    seconds = []
    for net in (TeacherClassifier(random_state=0), student):
        began = time.perf_counter()
        net.fit(X, y)
        seconds.append(time.perf_counter() - began)
    hours = (teachers * seconds[0] + students * seconds[1]) / n_jobs / 3600
    return (
        f"{len(units)} units of work: {teachers} teacher fits of {seconds[0]:.1f} s and {students} "
        f"student fits of {seconds[1]:.1f} s, at most: {hours:.1f} h with n_jobs={n_jobs}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, help="folder of emotify and moodmsd")
    parser.add_argument("--data", choices=LOADERS, default="songs")
    parser.add_argument("--table", choices=[*TABLES, "all"], nargs="+", default=["all"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/output/distillation"))
    parser.add_argument("--dry-run", action="store_true", help="only estimate the hours")
    args = parser.parse_args()
    if args.data != "songs" and args.data_root is None:
        parser.error(f"--data {args.data} needs --data-root, the folder that holds it")
    output = args.output / args.data
    output.mkdir(parents=True, exist_ok=True)
    task = LOADERS[args.data](args.data_root, str(output / "features"), args.n_jobs)
    tables = [table for group in TABLES.values() for table in group]
    wanted = tables if "all" in args.table else [one for name in args.table for one in TABLES[name]]
    sizes = {"repeats": args.repeats, "folds": args.folds, "n_jobs": args.n_jobs}
    if args.dry_run:
        print(estimate(task, wanted, **sizes))
    else:
        print(run(task, wanted, tables, output, **sizes))


if __name__ == "__main__":
    main()
