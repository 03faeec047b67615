"""How the student learns: what it is told, what is decided on the way, what is kept."""

from functools import partial

import numpy as np
from sklearn.frozen import FrozenEstimator

from sklearn_skd._warnings import warn_user
from sklearn_skd.classifiers._consult import consult, is_decided_in_fit, plan_consultation
from sklearn_skd.classifiers._lesson import (
    check_credibility,
    jointly_weighted,
    loss_arrays,
    prepare_lesson,
    untaught,
)
from sklearn_skd.classifiers._rows import take_songs
from sklearn_skd.classifiers._search import is_searched, search_weight
from sklearn_skd.classifiers._selection import Split
from sklearn_skd.distillation.strategies import student_loss
from sklearn_skd.networks import StudentNet

__all__ = ["LearningMixin"]


class LearningMixin:
    """The training of a student: methods that its `fit` calls in this order."""

    def _report(self, message):
        if self.verbose:
            print(f"[SKDStudentClassifier] {message}")

    def _check_combination(self):
        """Parameters that are fine alone and make no sense together."""
        if is_searched(self) and self.weighting == "joint":
            raise ValueError(
                'weighting="joint" trains the mean weight: there is none to search for. Set '
                'mean_weight to a number, where training starts, or weighting to "held-out".'
            )
        if self.sources is not None and not len(self.sources):
            raise ValueError(
                "sources is empty: name what the student sees, or set it to None for all sources."
            )
        if self.strategy != "student-only" and not self.alpha + self.beta + self.gamma > 0:
            raise ValueError(
                "alpha, beta and gamma of eq. 4 must not all be 0: set one of them above 0."
            )

    def _check_shares(self, reliability):
        """What no teacher can make known; the rest is checked when the teachers have spoken."""
        if self.beta == 0:
            check_credibility(reliability, self)

    def _take_lessons(self, X, targets, fit_params, groups, rng, context):
        """One lesson for all songs, and (songs, lesson without their labels) to validate on."""
        for attribute in ("teacher_", "theta_", "bias_", "class_reliability_", "weight_search_"):
            self.__dict__.pop(attribute, None)
        plans, valid = plan_consultation(self, targets, groups, rng)
        if not valid and is_decided_in_fit(self):
            warn_user(
                "No song can be held out: a class (or group) would be lost, or every class has too "
                "few songs. The probabilities are not calibrated and temperature_ is 1. Add songs, "
                "or set calibration=None."
            )
        if self.strategy == "student-only":
            lesson = untaught(targets, gamma=self.gamma)
            return lesson, [(songs, lesson) for songs in valid]
        consultation = consult(self, X, targets, fit_params, plans, rng, context)
        self.teacher_ = consultation.teacher
        labelled = np.flatnonzero(targets.labelled)

        def teach(songs):
            told, known = consultation.knowledge(songs), np.setdiff1d(labelled, songs)
            as_told = consultation.in_sample
            return prepare_lesson(self, told, targets, known, calibrated=as_told)

        return teach(np.arange(0)), [(songs, teach(songs)) for songs in valid]

    def _learn(self, own, X, targets, lesson, validations, rng, context):
        """Decide on what is open by the validations, then train on all songs."""
        is_taught = self.strategy != "student-only"
        rows = np.arange(len(targets.codes)) if is_taught else np.flatnonzero(targets.labelled)
        hidden = self._teacher_hidden(X) if is_taught and self.mu > 0 else None
        self._hint_dim = 0 if hidden is None else hidden.shape[1]
        self._is_joint = self.strategy == "skd" and self.weighting == "joint"
        params = self.get_params(deep=False)
        loss = partial(student_loss, strategy=self.strategy, params=params)
        seeds = rng.randint(2**31 - 1, size=self.n_members)

        def arrays(lesson, songs, hidden):
            full = loss_arrays(self, lesson, targets, hidden)
            return {name: values[songs] for name, values in full.items()}

        unleaked = self._without_leak(hidden)

        def validate(lessons):
            splits = []
            for songs, one in lessons:
                train = np.setdiff1d(rows, songs)
                splits.append(Split(train, songs, arrays(one, train, unleaked)))
            return self._validate(own, loss, targets, splits, seeds, context)

        if is_searched(self):
            lesson, selection, self.weight_search_ = search_weight(
                self, lesson, validations, validate
            )
        else:
            selection = validate(validations) if validations else None
        songs = own if len(rows) == len(targets.codes) else take_songs(own, rows)
        self._fit_all(songs, arrays(lesson, rows, hidden), loss, selection, seeds, context)
        self._keep(lesson)

    def _keep(self, lesson):
        """Set what is reported, and drop what was of use in training only."""
        if self._is_joint:
            lesson = jointly_weighted(lesson, [net.selective for net in self.net_.members])
        mean = lesson.credibility["weight"].mean()
        if np.isfinite(mean):  # "dkd" weighs no songs
            self._report(f"the weights of the teacher have mean {mean:.2f}.")
        self.credibility_ = lesson.credibility
        # beside the table, which a saved student may lack
        self._knows_credibility = bool(lesson.credibility["credibility"].notna().any())
        for attribute in ("class_reliability", "theta", "bias"):
            if getattr(lesson, attribute) is not None:
                setattr(self, f"{attribute}_", getattr(lesson, attribute))
        for member in self.net_.members:
            member.hint = member.selective = None
        self._hint_dim, self._is_joint = 0, False
        if self.calibration is None:
            self.temperature_ = 1.0

    def _teacher_hidden(self, X):
        """Of the kept teacher, which saw all songs: hidden states of others are not aligned."""
        hidden = self.teacher_.knowledge(X).hidden if hasattr(self.teacher_, "knowledge") else None
        if hidden is None:
            raise ValueError(
                f"mu={self.mu} asks for the teacher's hidden representation, which "
                f"{type(self.teacher_).__name__} does not have. Set mu=0."
            )
        return hidden.astype(np.float32)

    def _without_leak(self, hidden):
        """The hidden states to validate with: NaN, which the loss passes over, if they leak.

        The kept teacher saw the songs that are validated on. A frozen one did not, and one that
        judges its own songs (`teacher_cv=None`) is wanted as it is.
        """
        if hidden is None or self.teacher_cv is None or isinstance(self.teacher, FrozenEstimator):
            return hidden
        return np.full_like(hidden, np.nan)

    def _make_net(self):
        mean_weight = self.mean_weight if self._is_joint else None
        return StudentNet(
            self.sources_, len(self.classes_), self.dropout, self._hint_dim, mean_weight
        )
