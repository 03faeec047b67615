"""The arms of the proof: what each claims to be, in parameters.

*Published* arms follow their authors: temperature 4, their own weights, and a teacher that is asked
about the songs it was trained on. *Matched* arms differ from the SKD default in the selection
alone: the same votes, cross-fitted knowledge, temperature and mean weight of the teacher.
"""

from dataclasses import dataclass, replace

import numpy as np
from emotify import regularized_logistic_regression
from scipy.special import expit, logit, softmax
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.distillation import fit_selective_weight, selective_weight
from sklearn_skd.distillation.weights import bias_for_mean

__all__ = ["TABLES", "Setting", "Table", "make_arms"]

MEAN_WEIGHT = 0.3  # of the SKD default
AS_PUBLISHED = {"temperature": 4.0, "teacher_cv": None}


class Reweighed(SKDStudentClassifier):
    """SKD with other weights, at the same mean."""

    def _take_lessons(self, *args):
        lesson, validations = super()._take_lessons(*args)
        return self._scale(lesson), [(songs, self._scale(one)) for songs, one in validations]

    def _scale(self, lesson):
        weight = self._weigh(lesson)
        return replace(lesson, credibility=lesson.credibility.assign(weight=weight))


class MatchedCKD(Reweighed):
    """Weights in proportion to the teacher's top probability, as CKD's, in the loss of SKD.

    The loss of CKD takes the top probability itself, whatever it is told.
    """

    def _weigh(self, lesson):
        top = softmax(lesson.logits, axis=1).max(axis=1)
        return top * (self.mean_weight / top.mean())


class ByCorrectness(Reweighed):
    """Songs on which the teacher is likely to be right, the certain ones that is, weigh more."""

    def _weigh(self, lesson):
        frame = lesson.credibility
        told = frame["credibility"], frame["consistency"], 1 - frame["certainty"]
        theta, bias = fit_selective_weight(
            *told, frame["teacher_correct"], mean_weight=self.mean_weight
        )
        return selective_weight(*told, theta=theta, bias=bias)


class Reversed(ByCorrectness):
    """Songs on which the teacher is likely to be wrong weigh more."""

    def _weigh(self, lesson):
        score = -logit(super()._weigh(lesson))
        return expit(score + bias_for_mean(score, self.mean_weight))


class ByLabelNoise(Reweighed):
    r"""Weights :math:`V / (V + D)`, V the variance of a label that the soft label expects.

    This mean of label and soft label has the least expected squared error if the soft labels
    are calibrated and their own error D is the same for all songs.
    """

    def _weigh(self, lesson):
        variance = 1 - (softmax(lesson.logits, axis=1) ** 2).sum(axis=1)
        score = np.log(np.maximum(variance, 1e-6))
        return expit(score + bias_for_mean(score, self.mean_weight))


class TeacherItself(SKDStudentClassifier):
    """The teacher of the cross-fitted students, asked directly; its student is of no interest."""

    def _keep(self, lesson):
        super()._keep(lesson)
        self.temperature_ = self.teacher_.temperature_  # by which the evaluation undoes it

    def decision_function(self, X):
        return self.teacher_.decision_function(X)

    def predict_proba(self, X):
        return self.teacher_.predict_proba(X)


def _vectors(songs):
    """All vectors of the songs, side by side, with the means of their time series."""
    arrays = [np.asarray(values) for values in songs.values()]
    parts = [array.mean(axis=2) if array.ndim == 3 else array for array in arrays]
    return np.hstack([part for part in parts if part.dtype.kind == "f"])


def linear_teacher():
    """Logistic regression on all vectors: no net at all."""
    return make_pipeline(
        FunctionTransformer(_vectors),
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        regularized_logistic_regression(),
    )


def make_arms(base):
    """Every arm by name.

    Parameters
    ----------
    base : SKDStudentClassifier
        What all have in common: teacher, sources, seed, memory.

    Returns
    -------
    arms : dict of str to SKDStudentClassifier
        Unfitted.
    """
    default, paper = SKDStudentClassifier(), SKDStudentClassifier.paper()
    literal = {
        name: value
        for name, value in paper.get_params(deep=False).items()
        if value != getattr(default, name)
    }
    # CE + beta (TCKD + NCKD) is in proportion to (1 - w) CE + w (TCKD + NCKD)
    decoupled = MEAN_WEIGHT / (1 - MEAN_WEIGHT)
    params = {
        "student-only": {"strategy": "student-only"},
        "KD (published)": {"strategy": "kd", "kd_weight": 0.9, **AS_PUBLISHED},
        "DKD (published)": {"strategy": "dkd", "dkd_alpha": 1.0, "dkd_beta": 8.0, **AS_PUBLISHED},
        "CKD (published)": {"strategy": "ckd", **AS_PUBLISHED},
        "SKD (paper)": literal,
        "KD (matched)": {"strategy": "kd", "kd_weight": MEAN_WEIGHT},
        "DKD (matched)": {"strategy": "dkd", "dkd_alpha": decoupled, "dkd_beta": decoupled},
        "SKD": {},
        "SKD (search)": {"mean_weight": "search"},
        "SKD, mean weight 0.6": {"mean_weight": 0.6},
        "SKD, linear teacher": {"teacher": linear_teacher()},
        "SKD, three nets a teacher": {"teacher": TeacherClassifier(n_members=3)},
    }
    arms = {name: clone(base).set_params(**changed) for name, changed in params.items()}
    shared = clone(base).get_params(deep=False)
    arms["CKD (matched)"] = MatchedCKD(**shared)
    arms["by correctness"] = ByCorrectness(**shared)
    arms["by correctness, reversed"] = Reversed(**shared)
    arms["by label noise"] = ByLabelNoise(**shared)
    arms["teacher"] = TeacherItself(**shared | {"strategy": "kd", "max_epochs": 1})
    return arms


@dataclass(frozen=True)
class Setting:
    """How much is known, and by whom.

    Attributes
    ----------
    name : str
        For folders.

    label_share : float
        Share of the training songs that keep their labels; the others are unlabelled.

    is_privileged : bool
        Whether the teacher sees all sources and the student only listens.
    """

    name: str
    label_share: float = 1.0
    is_privileged: bool = False


@dataclass(frozen=True)
class Table:
    """Arms that are shown together.

    Attributes
    ----------
    title : str
        Of the table.

    setting : Setting
        The same for all arms.

    arms : tuple of str
        Names, in order.
    """

    title: str
    setting: Setting
    arms: tuple


FULL = Setting("full")
PUBLISHED = (
    "student-only",
    "KD (published)",
    "DKD (published)",
    "CKD (published)",
    "SKD (paper)",
    "SKD",
    "teacher",
)
MATCHED = (
    "student-only",
    "KD (matched)",
    "CKD (matched)",
    "DKD (matched)",
    "SKD",
    "SKD (search)",
    "teacher",
)
SELECTIONS = (
    "KD (matched)",
    "SKD",
    "by correctness",
    "by correctness, reversed",
    "by label noise",
)
VARIANTS = ("SKD", "SKD, mean weight 0.6", "SKD, three nets a teacher", "SKD, linear teacher")
FEW = ("student-only", "KD (published)", "KD (matched)", "SKD", "teacher")
EVERY = (*PUBLISHED[:-2], *MATCHED[1:])

#: Tables by the name that the command line knows them under.
TABLES = {
    "published": [Table("published arms", FULL, PUBLISHED)],
    "matched": [Table("matched arms", FULL, MATCHED)],
    "variants": [Table("variants of SKD", FULL, VARIANTS)],
    "selection": [Table("ways to select", FULL, SELECTIONS)],
    "low-label": [
        Table("30 % of the labels", Setting("labels-30", 0.3), EVERY),
        Table("50 % of the labels", Setting("labels-50", 0.5), FEW),
        Table("70 % of the labels", Setting("labels-70", 0.7), FEW),
    ],
    "privileged": [Table("audio-only student", Setting("audio", is_privileged=True), FEW)],
}
