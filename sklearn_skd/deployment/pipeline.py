"""The student without its teacher, and without what only the teacher reads (section 4.4)."""

import copy

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._warnings import warn_user
from sklearn_skd.classifiers.student import SKDStudentClassifier
from sklearn_skd.deployment._wrapped import WRAPPERS
from sklearn_skd.features._table import as_list
from sklearn_skd.features.songs import SongFeatures

__all__ = ["student_pipeline"]


def student_pipeline(fitted):
    """Reduce a fitted Pipeline to what the student needs: the model that is shipped.

    :class:`SongFeatures` keeps the sources that the student reads, and no longer asks for the
    columns of the others. The student loses its teacher (``teacher_``) and the table of its
    training songs (``credibility_``). What is left predicts the same, bit for bit.

    Parameters
    ----------
    fitted : Pipeline
        Fitted, ends in an :class:`SKDStudentClassifier`, or in an :class:`AbstainingClassifier`, a
        :class:`TemperatureCalibratedClassifier` or a :class:`FeedbackCalibrator` around one. Also
        such a classifier around a Pipeline, a search whose ``best_estimator_`` is taken, a
        `FrozenEstimator` around any of these, or a student alone.

    Returns
    -------
    Pipeline
        A reduced copy; `fitted` is not changed. For another estimator than a Pipeline one of its
        class; for a search that of its ``best_estimator_``.

    Raises
    ------
    NotFittedError
        If `fitted`, or the student in it, is not fitted.
    ValueError
        If there is no student where one is looked for.

    Warns
    -----
    UserWarning
        If a step between :class:`SongFeatures` and the student may read any source, so that all
        are kept.

    See Also
    --------
    save : Writes it to one file.
    export_onnx : Takes the student out of Python.
    profile_cost : What it costs, beside its teacher.

    Notes
    -----
    The parameters follow: sources that are dropped are None in the new :class:`SongFeatures`, and
    the student's parameter `teacher` becomes an unfitted clone. The result can be fitted again
    where its teacher may see the same sources as the student.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_skd import CultureEncoder, SKDStudentClassifier, SongFeatures
    >>> from sklearn_skd import student_pipeline
    >>> songs = pd.DataFrame({"genre": ["folk", "pop"] * 10, "era": ["1960s", "1990s"] * 10})
    >>> features = SongFeatures(culture=None, extra=[
    ...     ("genre", CultureEncoder(), ["genre"]), ("era", CultureEncoder(), ["era"])])
    >>> student = SKDStudentClassifier(sources=("genre",), max_epochs=2, teacher_cv=2)
    >>> model = make_pipeline(features, student).fit(songs, ["calm", "tense"] * 10)
    >>> shipped = student_pipeline(model)
    >>> shipped.feature_names_in_
    array(['genre'], dtype=object)
    >>> np.array_equal(shipped.predict_proba(songs[["genre"]]), model.predict_proba(songs))
    True
    """
    return _reduce(fitted)[0]


def _reduce(model):
    """A reduced copy of a model that ends in a student, and the sources it needs of its input.

    None instead of the sources: all that the input has.
    """
    model = getattr(model, "best_estimator_", model)
    if isinstance(model, SKDStudentClassifier):
        return _without_teacher(model), _sources_read(model)
    if isinstance(model, Pipeline):
        last, needed = _reduce(model.steps[-1][1])
        return _reduce_steps(model, needed, last=[last])
    if isinstance(model, FrozenEstimator):
        estimator, needed = _reduce(model.estimator)
        return FrozenEstimator(estimator), needed
    if isinstance(model, WRAPPERS):
        _check_fitted(model)
        estimator, needed = _reduce(model.estimator)
        return _wrapped_around(model, estimator), needed
    raise _no_student(model)


def _without_teacher(student):
    _check_fitted(student)
    reduced = copy.copy(student)
    for attribute in ("teacher_", "credibility_"):
        reduced.__dict__.pop(attribute, None)
    teacher = student.teacher
    while isinstance(teacher, FrozenEstimator):
        teacher = teacher.estimator
    reduced.teacher = None if teacher is None else clone(teacher)
    return copy.deepcopy(reduced)


def _sources_read(student):
    """None for a student that reads a plain array."""
    is_plain = hasattr(student, "n_features_in_")
    return None if is_plain else [source.name for source in student.sources_]


def _wrapped_around(wrapper, estimator):
    shell = copy.copy(wrapper)
    shell.estimator = None
    reduced = copy.deepcopy(shell)
    reduced.estimator = estimator
    for attribute in ("n_features_in_", "feature_names_in_"):
        if hasattr(wrapper, attribute) and hasattr(estimator, attribute):
            setattr(reduced, attribute, getattr(estimator, attribute))
    return reduced


def _reduce_steps(pipeline, needed, *, last):
    """As `_reduce`, for the steps of a Pipeline before those in `last`, which need `needed`."""
    steps = list(last)
    for _, step in reversed(pipeline.steps[: len(pipeline.steps) - len(last)]):
        step, needed = _reduce_transformer(step, needed)
        steps.insert(0, step)
    reduced = copy.copy(pipeline)
    names = [name for name, _ in pipeline.steps]
    reduced.steps = list(zip(names, steps, strict=True))
    return reduced, needed


def _reduce_transformer(step, needed):
    if step is None or isinstance(step, str):  # "passthrough"
        return step, needed
    if isinstance(step, SongFeatures):
        return _narrow(step, needed), None
    if isinstance(step, Pipeline):
        return _reduce_steps(step, needed, last=[])
    if isinstance(step, FrozenEstimator):
        estimator, needed = _reduce_transformer(step.estimator, needed)
        return FrozenEstimator(estimator), needed
    return copy.deepcopy(step), None


def _narrow(features, names):
    """A SongFeatures that gives the named sources only."""
    if names is None:
        warn_user(
            "All sources of SongFeatures are kept: a step between it and the student may read any "
            "of them. Without that step the sources that the student does not read are dropped."
        )
        return copy.deepcopy(features)
    reduced = clone(features)
    for source in ("audio", "lyrics", "culture"):
        if source not in names:
            setattr(reduced, source, None)
    reduced.extra = [item for item in reduced.extra if item[0] in names]
    if reduced.columns is not None:
        reduced.columns = {s: read for s, read in reduced.columns.items() if s in names}
    kept = [source for source in features.transformers_ if source in names]
    reduced.transformers_ = {s: copy.deepcopy(features.transformers_[s]) for s in kept}
    reduced.columns_ = {s: copy.copy(features.columns_[s]) for s in kept}
    read = {column for s in kept for column in as_list(features.columns_[s])}
    reduced.feature_names_in_ = np.array(
        [column for column in features.feature_names_in_ if column in read], dtype=object
    )
    reduced.n_features_in_ = len(reduced.feature_names_in_)
    return reduced


def _check_fitted(model):
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise NotFittedError(
            f"student_pipeline takes a fitted model, and this {type(model).__name__} is not: call "
            "its fit first. Of a search, pass the search or its best_estimator_."
        ) from None


def _no_student(model):
    if isinstance(model, BaseEstimator):
        _check_fitted(model)
    return ValueError(
        f"student_pipeline finds no student in a {type(model).__name__}. It takes a Pipeline that "
        "ends in an SKDStudentClassifier, or in a wrapper around one (AbstainingClassifier, "
        "TemperatureCalibratedClassifier, FeedbackCalibrator, FrozenEstimator), or a search over "
        "such a Pipeline with refit."
    )
