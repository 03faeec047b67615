"""What a student is told: soft labels, how credible they are, how far to follow them.

Brings together paper sections 3.2.2 (credibility) and 3.3 (weights), on knowledge from teachers
that did not see the songs.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import log_softmax, logit, softmax

from sklearn_skd.calibration import fit_temperature
from sklearn_skd.classifiers._selection import SHRINKAGE
from sklearn_skd.distillation import (
    class_reliability,
    credibility_score,
    fit_selective_weight,
    normalized_entropy,
    selective_weight,
    source_consistency,
)
from sklearn_skd.distillation.weights import bias_for_mean, weight_columns

START_WEIGHT = 0.3  # mean weight where it is searched for or learnt

__all__ = [
    "Lesson",
    "calibrate",
    "check_credibility",
    "jointly_weighted",
    "loss_arrays",
    "prepare_lesson",
    "reweigh",
    "untaught",
]


@dataclass(frozen=True)
class Lesson:
    """All that the student's loss reads of a teacher, and what is reported of it.

    Attributes
    ----------
    credibility : DataFrame of shape (n_songs, 6)
        The student's ``credibility_``.

    logits : ndarray of shape (n_songs, n_classes) or None
        Calibrated soft labels; None without a teacher.

    class_reliability : ndarray of shape (n_classes,) or None
        :math:`u_k` of eq. 6.

    theta, bias : ndarray of shape (3,) and float, or None
        Of eq. 5; None where the weights do not follow it.

    sample_weight : ndarray of shape (n_songs,) or None
        By which theta is learnt.
    """

    credibility: pd.DataFrame
    logits: np.ndarray | None = None
    class_reliability: np.ndarray | None = None
    theta: np.ndarray | None = None
    bias: float | None = None
    sample_weight: np.ndarray | None = None

    @property
    def signals(self):
        """Columns (r, s, -e) of eq. 5, shape (n_songs, 3)."""
        frame = self.credibility
        return weight_columns(frame["credibility"], frame["consistency"], 1 - frame["certainty"])


def untaught(targets, *, gamma):
    """The lesson of a student that learns from labels alone.

    Parameters
    ----------
    targets : Targets
        Of all songs.

    gamma : float
        Share of the annotation reliability in eq. 4.

    Returns
    -------
    lesson : Lesson
    """
    unknown = np.full(len(targets.codes), np.nan)
    return Lesson(
        pd.DataFrame(
            {
                "certainty": unknown,
                "consistency": unknown,
                "annotation_reliability": targets.reliability,
                "credibility": targets.reliability if gamma > 0 else unknown,
                "weight": 0.0,
                "teacher_correct": unknown,
            }
        )
    )


def prepare_lesson(student, told, targets, known, *, calibrated=False):
    """Judge what teachers told.

    Parameters
    ----------
    student : SKDStudentClassifier
        For its parameters.

    told : TeacherKnowledge
        Of all songs, the classes in the student's order.

    targets : Targets
        Of all songs.

    known : ndarray of int
        Songs whose labels may be used: for a validation, those that are not validated on.

    calibrated : bool, default=False
        Whether to take the soft labels as they are: the teacher was trained on the known songs.

    Returns
    -------
    lesson : Lesson
    """
    skill = None
    if not calibrated:
        told, _, skill = calibrate(told, targets.codes, known, sample_weight=targets.sample_weight)
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
    check_credibility(r, student)
    correct = np.full(len(proba), np.nan)
    guess = proba.argmax(axis=1)
    correct[known] = guess[known] == targets.codes[known]
    frame = pd.DataFrame(
        {
            "certainty": 1 - entropy,
            "consistency": consistency,
            "annotation_reliability": targets.reliability,
            "credibility": r,
            "weight": np.nan,
            "teacher_correct": correct,
        }
    )
    reliability = class_reliability(
        targets.codes[known],
        guess[known],
        n_classes=len(targets.classes),
        sample_weight=targets.sample_weight[known],
    )
    lesson = Lesson(frame, told.logits, reliability, sample_weight=targets.sample_weight)
    return _weigh(lesson, student, proba)


def check_credibility(r, student):
    """ValueError that names a song whose r (eq. 4) is unknown, where the weights need it."""
    if student.strategy != "skd" or student.weighting == "fixed" or student.alpha > 0:
        return
    unknown = np.flatnonzero(np.isnan(r))
    if len(unknown):
        raise ValueError(
            f"The credibility of song {unknown[0]} is unknown: alpha={student.alpha}, "
            f"beta={student.beta} and gamma={student.gamma} give weight only to what nobody "
            "measured. The certainty (alpha) is always known, the consistency (beta) of a teacher "
            "with two branches or more, the reliability (gamma) where annotation_reliability is. "
            'Set alpha above 0, or weighting="fixed", which needs no credibility.'
        )


def _weigh(lesson, student, proba):
    """The weights by the student's strategy and weighting."""
    if student.strategy == "dkd":  # weighs no songs
        return lesson
    if student.strategy == "ckd":
        return replace(lesson, credibility=lesson.credibility.assign(weight=proba.max(axis=1)))
    mean_weight = student.kd_weight
    if student.strategy == "skd":
        searched = isinstance(student.mean_weight, str)  # each candidate weighs anew
        mean_weight = START_WEIGHT if searched else student.mean_weight
        if student.weighting == "held-out":
            return reweigh(lesson, mean_weight)
    return _weighted(lesson, np.zeros(3), float(logit(mean_weight)))


def reweigh(lesson, mean_weight, gain=1.0):
    """The lesson with other weights: their direction learnt from where the teacher was right.

    Parameters
    ----------
    lesson : Lesson
        Of a teacher.

    mean_weight : float
        Mean of omega, in [0, 1); 0 leaves the student alone.

    gain : float, default=1.0
        Multiplies the direction.

    Returns
    -------
    lesson : Lesson
    """
    if mean_weight == 0:
        return _weighted(lesson, np.zeros(3), -np.inf)
    if gain == 0:  # equal weights need no credibility
        bias = bias_for_mean(np.zeros(len(lesson.credibility)), mean_weight)
        return _weighted(lesson, np.zeros(3), bias)
    frame = lesson.credibility
    theta, bias = fit_selective_weight(
        frame["credibility"],
        frame["consistency"],
        1 - frame["certainty"],
        frame["teacher_correct"],
        confidence=softmax(lesson.logits, axis=1).max(axis=1),
        mean_weight=mean_weight,
        gain=gain,
        sample_weight=lesson.sample_weight,
    )
    return _weighted(lesson, theta, bias)


def _weighted(lesson, theta, bias):
    frame = lesson.credibility
    weight = selective_weight(
        frame["credibility"],
        frame["consistency"],
        1 - frame["certainty"],
        theta=theta,
        bias=bias,
    )
    return replace(lesson, credibility=frame.assign(weight=weight), theta=theta, bias=bias)


def jointly_weighted(lesson, modules):
    """The lesson with the mean theta and bias of what the members learnt (SelectiveWeight)."""
    theta = np.mean([module.theta.detach().cpu().numpy() for module in modules], axis=0)
    bias = np.mean([module.bias.item() for module in modules])
    return _weighted(lesson, theta, float(bias))


def loss_arrays(student, lesson, targets, hidden):
    """What the loss of the student reads, one row a song; see `distillation.strategies`.

    Parameters
    ----------
    student : SKDStudentClassifier
        For its parameters.

    lesson : Lesson
        Of all songs.

    targets : Targets
        Of all songs.

    hidden : ndarray of shape (n_songs, n_hidden) or None
        The teacher's hidden states, to be matched.

    Returns
    -------
    arrays : dict of ndarray
    """
    frame = lesson.credibility
    arrays = {
        "target": targets.distribution,
        "code": targets.codes,
        "sample_weight": targets.sample_weight,
        "credibility": frame["credibility"].to_numpy(np.float32),
    }
    if lesson.logits is None:
        return arrays
    arrays["teacher_logits"] = lesson.logits.astype(np.float32)
    arrays["weight"] = frame["weight"].to_numpy(np.float32)
    if student.weighting == "joint":
        arrays["signals"] = lesson.signals.astype(np.float32)
    if student.class_weighting:
        reliability = lesson.class_reliability.astype(np.float32)
        arrays["class_reliability"] = np.tile(reliability, (len(frame), 1))
    if hidden is not None:
        arrays["teacher_hidden"] = hidden
    return arrays


def calibrate(told, codes, known, *, sample_weight):
    """Scale soft labels and branches by temperatures fitted on the known labels, as they weigh.

    Returns the knowledge, the temperatures, and each branch's skill: the share of the prior's
    log-loss that it saves.
    """
    temperature = fit_temperature(
        told.logits[known],
        codes[known],
        sample_weight=sample_weight[known],
        shrinkage=SHRINKAGE,
    )
    logits = told.logits / temperature
    if told.branch_proba is None:
        return told._replace(logits=logits), (temperature, 1.0), None
    branch_logits = np.log(np.maximum(told.branch_proba, 1e-12))
    n_branches = branch_logits.shape[1]
    temperatures, skill = np.ones(n_branches), np.zeros(n_branches)
    for s in range(n_branches):
        rows = known[told.present[known, s] & (sample_weight[known] > 0)]
        if len(np.unique(codes[rows])) < 2:
            continue
        branch, truth, weight = branch_logits[rows, s], codes[rows], sample_weight[rows]
        temperatures[s] = fit_temperature(branch, truth, sample_weight=weight, shrinkage=SHRINKAGE)
        log_proba = log_softmax(branch / temperatures[s], axis=1)
        loss = -np.average(log_proba[np.arange(len(rows)), truth], weights=weight)
        share = np.bincount(truth, weights=weight) / weight.sum(dtype=float)
        skill[s] = max(0.0, 1 + loss / np.average(np.log(share[truth]), weights=weight))
    branch_proba = softmax(branch_logits / temperatures[:, None], axis=2)
    told = told._replace(logits=logits, branch_proba=branch_proba)
    return told, (temperature, temperatures), skill
