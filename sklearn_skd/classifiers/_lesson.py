"""What a student is told: soft labels, how credible they are, how far to follow them.

Brings together paper sections 3.2.2 (credibility) and 3.3 (weights), on knowledge from teachers
that did not see the songs.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_softmax, logit, softmax
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_memory

from sklearn_skd.calibration import fit_temperature
from sklearn_skd.classifiers._crossfit import FitPlan, accepted_params, ask, cross_fit, plan_fits
from sklearn_skd.classifiers._fingerprint import fingerprint
from sklearn_skd.classifiers._selection import SHRINKAGE
from sklearn_skd.classifiers.teacher import TeacherClassifier
from sklearn_skd.distillation import (
    TeacherKnowledge,
    class_reliability,
    credibility_score,
    fit_selective_weight,
    normalized_entropy,
    selective_weight,
    source_consistency,
)

__all__ = ["Lesson", "prepare_lesson"]


@dataclass(frozen=True)
class Lesson:
    """All that the student's loss reads, and what is reported of it.

    Attributes
    ----------
    teacher : estimator
        Fitted on all labelled songs, or the frozen one.

    knowledge : TeacherKnowledge
        Of all songs, calibrated.

    credibility : DataFrame of shape (n_songs, 6)
        The student's ``credibility_``.

    class_reliability : ndarray of shape (n_classes,)
        :math:`u_k` of eq. 6.

    theta, bias : ndarray of shape (3,), float
        Of eq. 5.
    """

    teacher: BaseEstimator
    knowledge: TeacherKnowledge
    credibility: pd.DataFrame
    class_reliability: np.ndarray
    theta: np.ndarray
    bias: float


def prepare_lesson(student, X, targets, fit_params, groups, held, rng, context):
    """Consult the teacher and judge what it says.

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

    groups : ndarray of shape (n_songs,) or None
        Not split between teachers.

    held : ndarray of int
        Songs that the student will be validated on.

    rng : RandomState
        For folds and teachers.

    context : CallbackContext
        Gets one subtask.

    Returns
    -------
    lesson : Lesson
    """
    teacher, told = _consult(student, X, targets, fit_params, groups, held, rng, context)
    told = _align_classes(teacher, told, targets.classes)
    in_sample = student.teacher_cv is None and not isinstance(teacher, FrozenEstimator)
    known = np.setdiff1d(np.flatnonzero(targets.labelled), held)
    skill = None
    if not in_sample:
        told, temperatures, skill = _calibrate(told, targets.codes, known)
        if isinstance(teacher, TeacherClassifier):
            teacher.temperature_ *= temperatures[0]
            teacher.branch_temperature_ = teacher.branch_temperature_ * temperatures[1]
    return _judge(student, teacher, told, targets, skill)


def _consult(student, X, targets, fit_params, groups, held, rng, context):
    """Fit the teachers, or take a frozen one as it is; raw knowledge about all songs."""
    teacher = TeacherClassifier() if student.teacher is None else student.teacher
    seeds = rng.randint(2**31 - 1, size=2)
    if isinstance(teacher, FrozenEstimator):
        return teacher, ask(teacher, X)
    every = np.flatnonzero(targets.labelled)
    if student.teacher_cv is None:
        plans = [FitPlan(every, np.arange(len(targets.codes)))]
    else:
        cv, seed = student.teacher_cv, int(seeds[0])
        plans = plan_fits(targets, groups, held, n_splits=cv, random_state=seed)
        plans.append(FitPlan(every, np.arange(0)))
    fit_params = accepted_params(teacher, fit_params)
    task = context.subcontext(task_name="teachers", max_subtasks=len(plans))
    task.call_on_fit_task_begin(estimator=student)
    memory = check_memory(student.memory)
    run = memory.cache(cross_fit, ignore=["plans", "X", "y", "fit_params", "n_jobs", "context"])
    taught = [(plan.train, plan.asked) for plan in plans]
    known = (targets.classes, targets.codes, fit_params, taught)
    told, teacher, seconds = run(
        teacher,
        plans,
        [int(seed) for seed in np.random.RandomState(seeds[1]).randint(2**31 - 1, size=len(plans))],
        "" if memory.location is None else fingerprint(X, *known),
        X,
        targets.classes[np.maximum(targets.codes, 0)],
        fit_params,
        student.n_jobs,
        task,
    )
    task.call_on_fit_task_end(estimator=student)
    if student.verbose:
        print(f"[SKDStudentClassifier] {len(plans)} teacher fits took {seconds:.1f} s.")
    return teacher, told


def _align_classes(teacher, told, classes):
    """The teacher's classes in the order of the student's."""
    theirs = list(teacher.classes_)
    missing = [name for name in classes.tolist() if name not in theirs]
    if missing:
        raise ValueError(
            f"The teacher does not know the classes {missing}; it was fitted on {theirs}. Map the "
            "labels of the songs to the teacher's."
        )
    order = [theirs.index(name) for name in classes.tolist()]
    if order == list(range(len(theirs))):
        return told
    branches = told.branch_proba
    if branches is not None:
        branches = branches[:, :, order]
        branches = branches / branches.sum(axis=2, keepdims=True)
    return told._replace(logits=told.logits[:, order], branch_proba=branches)


def _calibrate(told, codes, known):
    """Scale soft labels and branches by temperatures fitted on the known labels.

    Returns the knowledge, the temperatures, and each branch's skill: the share of the prior's
    log-loss that it saves.
    """
    temperature = fit_temperature(told.logits[known], codes[known], shrinkage=SHRINKAGE)
    logits = told.logits / temperature
    if told.branch_proba is None:
        return told._replace(logits=logits), (temperature, 1.0), None
    branch_logits = np.log(np.maximum(told.branch_proba, 1e-12))
    n_branches = branch_logits.shape[1]
    temperatures, skill = np.ones(n_branches), np.zeros(n_branches)
    for s in range(n_branches):
        rows = known[told.present[known, s]]
        if len(np.unique(codes[rows])) < 2:
            continue
        branch, truth = branch_logits[rows, s], codes[rows]
        temperatures[s] = fit_temperature(branch, truth, shrinkage=SHRINKAGE)
        log_proba = log_softmax(branch / temperatures[s], axis=1)
        loss = -log_proba[np.arange(len(rows)), truth].mean()
        share = np.bincount(truth) / len(rows)
        skill[s] = max(0.0, 1 + loss / np.log(share[truth]).mean())
    branch_proba = softmax(branch_logits / temperatures[:, None], axis=2)
    told = told._replace(logits=logits, branch_proba=branch_proba)
    return told, (temperature, temperatures), skill


def _judge(student, teacher, told, targets, skill):
    """Credibility (eq. 4), weights (eq. 5) and class reliability of what was told."""
    proba = softmax(told.logits, axis=1)
    entropy = normalized_entropy(proba)
    consistency = np.full(len(proba), np.nan)
    if told.branch_proba is not None:
        consistency = source_consistency(told.branch_proba, weights=skill, present=told.present)
    r = credibility_score(
        1 - entropy,
        consistency,
        targets.reliability,
        alpha=student.alpha,
        beta=student.beta,
        gamma=student.gamma,
    )
    guess = proba.argmax(axis=1)
    correct = np.where(targets.labelled, guess == targets.codes, np.nan)
    theta, bias = _weighting(student, r, consistency, entropy, correct)
    frame = pd.DataFrame(
        {
            "certainty": 1 - entropy,
            "consistency": consistency,
            "annotation_reliability": targets.reliability,
            "credibility": r,
            "weight": selective_weight(r, consistency, entropy, theta=theta, bias=bias),
            "teacher_correct": correct,
        }
    )
    labelled = targets.labelled
    reliability = class_reliability(
        targets.codes[labelled], guess[labelled], n_classes=len(targets.classes)
    )
    return Lesson(teacher, told, frame, reliability, theta, bias)


def _weighting(student, credibility, consistency, entropy, correct):
    """theta and bias of eq. 5 by the student's strategy and weighting."""
    if student.strategy == "skd" and student.weighting == "held-out":
        return fit_selective_weight(
            credibility, consistency, entropy, correct, mean_weight=student.mean_weight
        )
    weight = student.mean_weight if student.strategy == "skd" else student.kd_weight
    return np.zeros(3), float(logit(weight))
