"""Units of work of the proof: a few arms on one fold, each kept on disk when it is finished."""

import os
import time
import warnings
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd
from _arms import Setting, make_arms
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.evaluation import compare_strategies, evaluate_low_label

__all__ = ["Unit", "collect", "count_fits", "keep", "make_units", "split", "work"]

LAST = (
    "SKD (search)",
)  # as dear as all other arms together: after them, so that tables fill early


@dataclass(frozen=True)
class Unit:
    """Some arms in one setting on one fold.

    Attributes
    ----------
    votes : bool
        Whether the annotators' votes are shown.

    setting : Setting
        See there.

    repeat, fold : int
        Which split.

    arms : tuple of str
        Names.
    """

    votes: bool
    setting: Setting
    repeat: int
    fold: int
    arms: tuple

    def path(self, output, arm):
        """Where the finished arm is kept."""
        known = "votes" if self.votes else "labels"
        return output / "folds" / known / self.setting.name / f"{self.repeat}-{self.fold} {arm}.pkl"


def make_units(task, tables, *, repeats, folds):
    """All work that the tables need, in the order in which they should fill.

    Parameters
    ----------
    task : Task
        Without votes there is no arm with votes.

    tables : list of Table
        To be filled; arms that they share are run once.

    repeats, folds : int
        Of the cross-validation.

    Returns
    -------
    units : list of Unit
    """
    arms = {}
    for table in tables:
        for arm in table.arms:
            arms.setdefault(table.setting, {})[arm] = None
    units = []
    for votes in (True, False) if task.votes is not None else (False,):
        for setting, names in arms.items():
            for is_last in (False, True):
                wave = tuple(name for name in names if (name in LAST) == is_last)
                units += [
                    Unit(votes, setting, repeat, fold, wave)
                    for repeat in range(repeats)
                    for fold in range(folds)
                    if wave
                ]
    return units


def split(task, repeat, fold, folds, songs=None):
    """Training and test songs, of `songs` or of all: stratified, whole groups."""
    songs = np.arange(len(task.y)) if songs is None else songs
    groups = None if task.groups is None else task.groups[songs]
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=repeat)
    train, test = list(splitter.split(songs, task.y[songs], groups))[fold]
    return songs[train], songs[test]


def work(task, unit, output, *, folds, student=None):
    """Run the arms of a unit that are not on disk yet.

    Parameters
    ----------
    task : Task
        The songs.

    unit : Unit
        What to do.

    output : Path
        Arms are kept in its ``folds``, teachers in its ``teachers``.

    folds : int
        Of the cross-validation.

    student : SKDStudentClassifier or None, default=None
        What all arms have in common; None means the defaults of the package.

    Returns
    -------
    seconds : dict of str to float
        Of the arms that were run.
    """
    base = SKDStudentClassifier(TeacherClassifier()) if student is None else clone(student)
    seed = unit.repeat * folds + unit.fold
    base.set_params(random_state=seed, memory=str(output / "teachers"))
    if unit.setting.is_privileged:
        base.set_params(sources=task.audio)
    arms, seconds = make_arms(base), {}
    fold = split(task, unit.repeat, unit.fold, folds)
    for name in unit.arms:
        kept = unit.path(output, name)
        if kept.exists():
            continue
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # such as rare classes where labels are few
            answer = _run(task, unit, {name: arms[name]}, fold)
        seconds[name] = time.perf_counter() - began
        keep({**answer, "seconds": seconds[name]}, kept)
    return seconds


def _run(task, unit, arms, fold):
    """Scores and predictions of one arm on one fold."""
    known = {
        "cv": [fold],
        "strategies": arms,
        "groups": task.groups,
        "annotation_votes": task.votes if unit.votes else None,
        "annotation_reliability": task.reliability,
        "return_predictions": True,
    }
    common = next(iter(arms.values()))
    if unit.setting.label_share == 1:
        scores, predictions = compare_strategies(common, task.X, task.y, **known)
    else:
        share = unit.setting.label_share
        known |= {"label_shares": [share], "random_state": common.random_state}
        scores, predictions = evaluate_low_label(common, task.X, task.y, **known)
        scores = scores[scores["fold"] >= 0]  # what is pooled over folds is made in the report
    place = {
        "votes": unit.votes,
        "setting": unit.setting.name,
        "repeat": unit.repeat,
        "fold": unit.fold,
    }
    return {"scores": scores.assign(**place), "predictions": predictions.assign(**place)}


def keep(answer, path):
    """Write a file with joblib that is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    joblib.dump(answer, part)
    os.replace(part, path)


def collect(output):
    """All that is on disk, as two tidy tables (scores, predictions); empty ones if nothing is."""
    answers = [joblib.load(path) for path in sorted((output / "folds").rglob("*.pkl"))]
    if not answers:
        return pd.DataFrame(), pd.DataFrame()
    return tuple(
        pd.concat([answer[part] for answer in answers], ignore_index=True)
        for part in ("scores", "predictions")
    )


def count_fits(units):
    """Fits of teachers and students that the units need, (teachers, students).

    A teacher is shared by all arms of a fold, setting of labels and votes that ask it the same way.
    """
    teachers, students = {}, 0
    for unit in units:
        arms = make_arms(SKDStudentClassifier())
        for name in unit.arms:
            arm = arms[name]
            validations = 1 if arm.calibration_cv == "hold-out" else arm.teacher_cv or 5
            candidates = 7 if arm.mean_weight == "search" else 1
            if name != "teacher":  # its student is trained for one epoch
                students += candidates * validations + 1
            if arm.strategy != "student-only":
                folds = arm.teacher_cv or 0
                where = (unit.votes, unit.setting.label_share, unit.repeat, unit.fold, folds)
                teachers[where] = folds * (folds - 1) // 2 + 1
    return sum(teachers.values()), students
