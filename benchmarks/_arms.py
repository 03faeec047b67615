"""The arms of the proof: what each claims to be, in parameters.

*Published* arms follow their authors: temperature 4, their own weights, and a teacher that is asked
about the songs it was trained on. *Matched* arms differ from the SKD default in the selection
alone: the same votes, cross-fitted knowledge, temperature and mean weight of the teacher.
"""

from dataclasses import dataclass, replace

from sklearn.base import clone

from sklearn_skd import SKDStudentClassifier

__all__ = ["TABLES", "Setting", "Table", "make_arms"]

MEAN_WEIGHT = 0.3  # of the SKD default
AS_PUBLISHED = {"temperature": 4.0, "teacher_cv": None}


class MatchedCKD(SKDStudentClassifier):
    """CKD at a chosen mean weight: in proportion to the teacher's top probability, as ever."""

    def _take_lessons(self, *args):
        lesson, validations = super()._take_lessons(*args)
        return self._scale(lesson), [(songs, self._scale(one)) for songs, one in validations]

    def _scale(self, lesson):
        weight = lesson.credibility["weight"]
        weight = weight * (self.mean_weight / weight.mean())
        return replace(lesson, credibility=lesson.credibility.assign(weight=weight))


class TeacherItself(SKDStudentClassifier):
    """The teacher of the cross-fitted students, asked directly; its student is of no interest."""

    def _keep(self, lesson):
        super()._keep(lesson)
        self.temperature_ = self.teacher_.temperature_  # by which the evaluation undoes it

    def decision_function(self, X):
        return self.teacher_.decision_function(X)

    def predict_proba(self, X):
        return self.teacher_.predict_proba(X)


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
    }
    arms = {name: clone(base).set_params(**changed) for name, changed in params.items()}
    shared = clone(base).get_params(deep=False)
    arms["CKD (matched)"] = MatchedCKD(**shared | {"strategy": "ckd", "mean_weight": MEAN_WEIGHT})
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
FEW = ("student-only", "KD (matched)", "SKD", "teacher")
EVERY = (*PUBLISHED[:-2], *MATCHED[1:])

#: Tables by the name that the command line knows them under.
TABLES = {
    "published": [Table("published arms", FULL, PUBLISHED)],
    "matched": [Table("matched arms", FULL, MATCHED)],
    "low-label": [
        Table("30 % of the labels", Setting("labels-30", 0.3), EVERY),
        Table("50 % of the labels", Setting("labels-50", 0.5), FEW),
        Table("70 % of the labels", Setting("labels-70", 0.7), FEW),
    ],
    "privileged": [Table("audio-only student", Setting("audio", is_privileged=True), FEW)],
}
