"""Asking teachers: which are fitted, what they say, and who may speak about which songs."""

import time
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_memory

from sklearn_skd.classifiers._crossfit import (
    FitPlan,
    accepted_params,
    align_classes,
    ask,
    cross_fit,
    merge,
    plan_fits,
    plan_pairs,
    songs_for,
)
from sklearn_skd.classifiers._fingerprint import fingerprint, own_code
from sklearn_skd.classifiers._lesson import calibrate
from sklearn_skd.classifiers._search import is_searched
from sklearn_skd.classifiers._splits import hold_out, validation_folds
from sklearn_skd.classifiers.teacher import TeacherClassifier
from sklearn_skd.distillation import TeacherKnowledge

__all__ = ["Consultation", "consult", "is_decided_in_fit", "plan_consultation"]

FOLDS_UP_TO = 2000  # labelled songs; a hold-out of more says enough, and costs far less
DEFAULT_FOLDS = 5  # of a student whose teacher, if any, is not cross-fitted


@dataclass(frozen=True)
class Consultation:
    """What the teachers told, one by one.

    Attributes
    ----------
    teacher : estimator
        The one to keep: fitted on all labelled songs, or frozen.

    plans : list of FitPlan
        Songs that each teacher was trained on and asked about.

    answers : list of TeacherKnowledge
        One a plan, in the order of the student's classes.

    n_songs : int
        Number of all songs.

    in_sample : bool
        Whether the teacher was trained on the songs that it was asked about.
    """

    teacher: BaseEstimator
    plans: list
    answers: list
    n_songs: int
    in_sample: bool

    def knowledge(self, valid):
        """What teachers say that did not see the songs `valid`; all teachers, if all saw them."""
        unseen = [
            (plan.asked, told)
            for plan, told in zip(self.plans, self.answers, strict=True)
            if self.in_sample or not np.isin(valid, plan.train).any()
        ]
        return merge(self.n_songs, unseen)


def is_decided_in_fit(student):
    """Whether the student decides on anything by songs that it does not train on."""
    return bool(student.patience or student.calibration or is_searched(student))


def plan_consultation(student, targets, groups, rng):
    """Decide which teachers to fit and which songs to validate the student on.

    Parameters
    ----------
    student : SKDStudentClassifier
        For its parameters.

    targets : Targets
        Of all songs.

    groups : ndarray of shape (n_songs,) or None
        On one side of every split.

    rng : RandomState
        For the folds.

    Returns
    -------
    plans : list of FitPlan
        Empty if no teacher is to be cross-fitted.

    valid : list of ndarray of int
        Labelled songs, for each validation; empty if nothing is to be decided, or no song can
        be spared.
    """
    seed = int(rng.randint(2**31 - 1))
    labelled = np.flatnonzero(targets.labelled)
    is_decided = is_decided_in_fit(student)
    crossed = (
        student.strategy != "student-only"
        and student.teacher_cv is not None
        and not isinstance(student.teacher, FrozenEstimator)
    )
    in_folds = student.calibration_cv == "folds" or (
        student.calibration_cv == "auto" and len(labelled) <= FOLDS_UP_TO
    )
    if is_decided and in_folds:
        if crossed:
            cv = student.teacher_cv
            plans, valid = plan_pairs(targets, groups, n_splits=cv, random_state=seed)
        else:
            cv = student.teacher_cv or DEFAULT_FOLDS
            plans, valid = [], validation_folds(targets, groups, n_splits=cv, random_state=seed)
        if valid:
            return plans, valid
        student._report("no three folds to validate in: songs are held out instead.")
    held = np.arange(0)
    if is_decided:
        codes = targets.codes[labelled]
        groups_of = None if groups is None else groups[labelled]
        n_left = 2 if crossed else 1
        held = labelled[hold_out(codes, groups_of, random_state=seed, n_left=n_left)[1]]
    plans = []
    if crossed:
        cv = student.teacher_cv
        plans = plan_fits(targets, groups, held, n_splits=cv, random_state=seed)
    return plans, [held] if len(held) else []


def consult(student, X, targets, fit_params, plans, rng, context):
    """Fit the teachers and ask them, or ask a frozen one.

    Parameters
    ----------
    student : SKDStudentClassifier
        For its parameters.

    X : as passed to `fit`
        All songs.

    targets : Targets
        Of all songs.

    fit_params : dict
        Of the student's `fit`; the teacher gets those that it takes.

    plans : list of FitPlan
        See :func:`plan_consultation`.

    rng : RandomState
        For the teachers.

    context : CallbackContext
        Gets one subtask.

    Returns
    -------
    consultation : Consultation
    """
    teacher = TeacherClassifier() if student.teacher is None else student.teacher
    n_songs, every = len(targets.codes), np.flatnonzero(targets.labelled)
    seed = int(rng.randint(2**31 - 1))
    in_sample = False
    if isinstance(teacher, FrozenEstimator):
        plans = [FitPlan(np.arange(0), np.arange(n_songs))]
        told = ask(teacher, songs_for(teacher.estimator, X, plans[0].asked))
        answers = [align_classes(teacher, told, targets.classes)]
    else:
        in_sample = student.teacher_cv is None
        # the one to keep; asked only where the paper's literal way is wanted
        last = FitPlan(every, np.arange(n_songs if in_sample else 0))
        plans = [*plans, last]
        answers, teacher = _fit(student, teacher, X, targets, fit_params, plans, seed, context)
        if not in_sample:
            plans, answers = plans[:-1], answers[:-1]
    if not in_sample and isinstance(teacher, TeacherClassifier):
        _calibrate_teacher(teacher, plans, answers, targets)
    return Consultation(teacher, plans, answers, n_songs, in_sample)


def _fit(student, teacher, X, targets, fit_params, plans, seed, context):
    """Cross-fit; what is in `memory` is not fitted again."""
    fit_params = accepted_params(teacher, fit_params)
    task = context.subcontext(task_name="teachers", max_subtasks=len(plans))
    task.call_on_fit_task_begin(estimator=student)
    memory = check_memory(student.memory)
    run = memory.cache(cross_fit, ignore=["plans", "X", "y", "fit_params", "n_jobs", "context"])
    taught = [(plan.train, plan.asked) for plan in plans]
    key = ""
    if getattr(memory, "location", "") is not None:
        known = (targets.classes, targets.codes, fit_params, taught, own_code(teacher))
        key = fingerprint(X, *known)
    seeds = np.random.RandomState(seed).randint(2**31 - 1, size=len(plans))
    began = time.perf_counter()
    answers, teacher = run(
        teacher,
        plans,
        [int(one) for one in seeds],
        key,
        X,
        targets.classes[np.maximum(targets.codes, 0)],
        fit_params,
        student.n_jobs,
        task,
    )
    task.call_on_fit_task_end(estimator=student)
    if student.verbose:
        seconds = time.perf_counter() - began  # next to none where they were kept
        print(f"[SKDStudentClassifier] {len(plans)} teacher fits took {seconds:.1f} s.")
    return answers, teacher


def _calibrate_teacher(teacher, plans, answers, targets):
    """Calibrate the kept teacher as its single fits need it: their mean is less over-confident."""
    rows = np.concatenate([plan.asked for plan in plans])
    parts = zip(*answers, strict=True)
    logits, _, branch_proba, present = (
        None if part[0] is None else np.concatenate(part) for part in parts
    )
    told = TeacherKnowledge(logits=logits, branch_proba=branch_proba, present=present)
    codes = targets.codes[rows]
    _, (temperature, branch_temperature), _ = calibrate(
        told, codes, np.flatnonzero(codes >= 0), sample_weight=targets.sample_weight[rows]
    )
    teacher.temperature_ *= temperature
    teacher.branch_temperature_ = teacher.branch_temperature_ * branch_temperature
