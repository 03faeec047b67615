"""A fitted model taken apart into stages that can be timed one by one."""

import copy
from contextlib import contextmanager
from functools import partial

from sklearn.pipeline import Pipeline

from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._steps import check_prefit
from sklearn_skd.deployment._cost_parts import flat, leaves
from sklearn_skd.deployment._wrapped import WRAPPERS, layers, take_apart
from sklearn_skd.features.lyrics import LyricsEncoder
from sklearn_skd.features.songs import SongFeatures, _slice_dict

__all__ = ["StagedModel"]


class StagedModel:
    """The model as it would serve: without caches, progress bars and the student's teacher.

    Parameters
    ----------
    model : fitted classifier, Pipeline or search
        Left as it is: a copy is taken apart.

    Attributes
    ----------
    estimator : Pipeline or classifier
        The copy, whose ``predict_proba`` is the whole way of a song.

    steps : list of (str, transformer)
        What songs go through before the classifier.

    classifier : classifier
    """

    def __init__(self, model):
        transformers, classifier = take_apart(model)
        for layer in layers(classifier):
            check_prefit(layer, caller="profile_cost")
        if not (hasattr(classifier, "predict_proba") and hasattr(classifier, "classes_")):
            raise ValueError(
                f"{type(classifier).__name__} is no classifier with predict_proba: wrap it, for "
                "example in sklearn.calibration.CalibratedClassifierCV."
            )
        self.steps = _named(
            (name, copy.deepcopy(step))
            for pipeline in transformers
            for name, step in flat(pipeline.steps)
        )
        self.classifier = _without_teacher(classifier)
        for transformer in self._transformers():
            _quiet(transformer)
        self.estimator = self.classifier
        if self.steps:
            self.estimator = Pipeline([*self.steps, ("classifier", self.classifier)])

    def walk(self, songs, visit):
        """Take songs through the stages, one by one.

        Parameters
        ----------
        songs : songs
            As the model takes them.

        visit : callable
            Called as ``visit(name, step, songs, call)``, and returns what ``call()`` returned:
            the name is ``features_{source}`` for each source of `SongFeatures`, that of any other
            step, and ``classifier`` at last; the songs are those that this step reads.

        Returns
        -------
        proba : ndarray of shape (n_songs, n_classes)
        """
        for name, step in self.steps:
            if isinstance(step, SongFeatures):
                arrays = {}
                for source, transformer in step.transformers_.items():
                    column = step._select(songs, source)
                    call = partial(transformer.transform, column)
                    arrays[source] = visit(f"features_{source}", transformer, column, call)
                songs = _slice_dict(arrays, len(songs))
            else:
                songs = visit(name, step, songs, partial(step.transform, songs))
        call = partial(self.classifier.predict_proba, songs)
        return visit("classifier", self.classifier, songs, call)

    def encoders(self):
        """The sentence encoders among the transformers."""
        return [step for step in self._transformers() if isinstance(step, LyricsEncoder)]

    @contextmanager
    def one_job(self):
        """Inside, no transformer spreads songs over workers."""
        parallel = [step for step in self._transformers() if _param(step, "n_jobs") is not None]
        before = [step.n_jobs for step in parallel]
        for step in parallel:
            step.set_params(n_jobs=1)
        try:
            yield
        finally:
            for step, n_jobs in zip(parallel, before, strict=True):
                step.set_params(n_jobs=n_jobs)

    def _transformers(self):
        for _, step in self.steps:
            yield from leaves(step)


def _named(steps):
    """Steps of nested Pipelines in one row, with names of their own."""
    named = {}
    for name, step in steps:
        unique, count = name, 1
        while unique in named or unique == "classifier":
            count += 1
            unique = f"{name}_{count}"
        named[unique] = step
    return list(named.items())


def _without_teacher(classifier):
    """The student alone, or in a copy of what holds it; what else there is, as it is."""
    if isinstance(classifier, WRAPPERS):
        classifier = copy.copy(classifier)
        classifier.estimator = _without_teacher(classifier.estimator)
        return classifier
    if not isinstance(classifier, NetClassifier) or not hasattr(classifier, "teacher_"):
        return classifier
    student = object.__new__(type(classifier))  # shares the net: it is read only
    student.__dict__.update(vars(classifier))
    del student.teacher_
    return student


def _quiet(transformer):
    for name in ("cache", "verbose"):
        if _param(transformer, name) is not None:
            transformer.set_params(**{name: None if name == "cache" else 0})


def _param(transformer, name):
    known = transformer.get_params(deep=False) if hasattr(transformer, "get_params") else {}
    return known.get(name)
