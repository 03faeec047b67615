"""The estimators that can be saved, and what of each is stored: the allow-list."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
import pandas as pd

from sklearn_skd.deployment._feedback_state import (
    pack_deviation,
    pack_feedback,
    unpack_deviation,
    unpack_feedback,
)
from sklearn_skd.deployment._nets import pack_sources, unpack_sources

__all__ = ["PARTS", "Field", "Part", "part_of"]


def _same(value):
    return value


@dataclass(frozen=True)
class Field:
    """A fitted attribute.

    Attributes
    ----------
    valid : callable
        Whether a value from a file can be one.

    pack, unpack : callable
        To what the codec can store, and back.

    required : bool
        Without it, the estimator counts as not fitted.

    of_teacher : bool
        Stored on request only.
    """

    valid: Callable
    pack: Callable = _same
    unpack: Callable = _same
    required: bool = True
    of_teacher: bool = False


@dataclass(frozen=True)
class Part:
    """What is stored of a class.

    Attributes
    ----------
    module : str
        Where it is imported from; its name is the key in `PARTS`.

    fitted : dict of str to Field
        Its fitted attributes, in the order in which they are set.

    local : tuple of str
        Parameters about the machine at hand, which are not stored.

    prefit : tuple of str
        Parameters whose estimators are stored with what they have learned; others are stored
        as `clone` would copy them.

    constant : dict
        Attributes that every fitted estimator has, with the same value.
    """

    module: str
    fitted: dict = field(default_factory=dict)
    local: tuple = ()
    prefit: tuple = ()
    constant: dict = field(default_factory=dict)

    def is_fitted(self, estimator):
        """Whether all is there that prediction needs."""
        needed = [name for name, one in self.fitted.items() if one.required]
        return all(name in vars(estimator) for name in needed)


def part_of(estimator):
    """Name and Part of an estimator's class; (None, None) if it is not on the list."""
    name = type(estimator).__name__
    part = PARTS.get(name)
    if part is None or getattr(import_module(part.module), name) is not type(estimator):
        return None, None
    return name, part


# ---- whether a value from a file can be that of an attribute -----------------------------------


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_positive(value):
    return _is_number(value) and 0 < value < math.inf


def _is_count(value):
    return type(value) is int and value >= 0


def _is_text(value):
    return isinstance(value, str)


def _is_vector(value):
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "f"


def _is_classes(value):
    return isinstance(value, np.ndarray) and value.ndim == 1 and len(value) > 0


def _is_names(value):
    texts = isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype == object
    return texts and all(isinstance(name, str) for name in value)


def _is_table(value):
    return isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype == np.float32


def _is_list_of_names(value):
    return isinstance(value, list) and all(_is_names(names) for names in value)


def _is_frame(value):
    return isinstance(value, pd.DataFrame)


def _is_transformers(value):
    return isinstance(value, dict) and all(hasattr(one, "transform") for one in value.values())


def _is_columns(value):
    return isinstance(value, dict) and all(
        isinstance(names, str)
        or (isinstance(names, list | tuple) and all(isinstance(name, str) for name in names))
        for names in value.values()
    )


def _is_teacher(value):
    return hasattr(value, "predict_proba")


def _is_anything(value):
    return True


def _is_optional_text(value):
    return value is None or isinstance(value, str)


# ---- the list ----------------------------------------------------------------------------------

_CLASSES = {"classes_": Field(_is_classes)}

# of input that is a plain table
_COLUMNS = {
    "n_features_in_": Field(_is_count, required=False),
    "feature_names_in_": Field(_is_names, required=False),
}

_NET_START = {
    **_CLASSES,
    "sources_": Field(_is_anything, pack_sources, unpack_sources),
    "temperature_": Field(_is_positive),
}
_NET_END = {
    "history_": Field(_is_frame, required=False),
    "n_iter_": Field(_is_count, required=False),
    **_COLUMNS,
    "net_": Field(_is_anything),  # packed beside the header, and rebuilt after all the others
}

_LYRICS = {
    "embedding_dim_": Field(_is_count),
    "model_source_": Field(_is_text),
    "revision_": Field(_is_optional_text),
    **_COLUMNS,
}

_CALIBRATION = {
    **_CLASSES,
    **_COLUMNS,
    "temperature_": Field(_is_positive),
    "bias_": Field(_is_vector),
}

_AUDIO = "cache", "memmap", "n_jobs"

PARTS = {
    "SKDStudentClassifier": Part(
        "sklearn_skd.classifiers.student",
        fitted={
            **_NET_START,
            "teacher_": Field(_is_teacher, required=False, of_teacher=True),
            "credibility_": Field(_is_frame, required=False, of_teacher=True),
            "class_reliability_": Field(_is_vector, required=False),
            "theta_": Field(_is_vector, required=False),
            "bias_": Field(_is_number, required=False),
            "weight_search_": Field(_is_frame, required=False),
            "_knows_credibility": Field(lambda value: isinstance(value, bool)),
            **_NET_END,
        },
        local=("device", "n_jobs", "memory"),
        constant={"_hint_dim": 0, "_is_joint": False},
    ),
    "TeacherClassifier": Part(
        "sklearn_skd.classifiers.teacher",
        fitted={**_NET_START, "branch_temperature_": Field(_is_vector), **_NET_END},
        local=("device", "n_jobs"),
    ),
    "LeftOutTeacher": Part("sklearn_skd.deployment._left_out"),
    "AbstainingClassifier": Part(
        "sklearn_skd.classifiers.abstaining",
        fitted={
            **_CLASSES,
            "threshold_": Field(_is_number),
            "coverage_": Field(_is_number),
            "risk_": Field(_is_number),
            "risk_bound_": Field(_is_number),
            "coef_": Field(_is_vector, required=False),
            "intercept_": Field(_is_number, required=False),
        },
        prefit=("estimator",),
    ),
    "TemperatureCalibratedClassifier": Part(
        "sklearn_skd.classifiers.calibrated",
        fitted=_CALIBRATION,
        prefit=("estimator",),
    ),
    "FeedbackCalibrator": Part(
        "sklearn_skd.classifiers.feedback",
        fitted={
            **_CALIBRATION,
            "n_feedbacks_": Field(_is_count),
            "_feedback": Field(_is_anything, pack_feedback, unpack_feedback),
            "_deviation": Field(_is_anything, pack_deviation, unpack_deviation),
        },
        prefit=("estimator",),
    ),
    "SongFeatures": Part(
        "sklearn_skd.features.songs",
        fitted={
            "columns_": Field(_is_columns),
            "feature_names_in_": Field(_is_names),
            "n_features_in_": Field(_is_count),
            "transformers_": Field(_is_transformers),
        },
        local=("n_jobs",),
    ),
    "LogMelSpectrogram": Part("sklearn_skd.features.audio", local=_AUDIO),
    "AudioStatistics": Part("sklearn_skd.features.statistics", local=("cache", "n_jobs")),
    "LyricsEncoder": Part("sklearn_skd.features.lyrics", fitted=_LYRICS, local=("device",)),
    "StaticLyricsEncoder": Part(
        "sklearn_skd.features.static_lyrics",
        fitted={
            **_LYRICS,
            "n_parameters_": Field(_is_count),
            "tokenizer_": Field(_is_text),
            "table_": Field(_is_table),
        },
        local=("memory",),
    ),
    "CultureEncoder": Part(
        "sklearn_skd.features.culture",
        fitted={
            "categories_": Field(_is_list_of_names),
            "infrequent_categories_": Field(_is_list_of_names),
            "n_features_in_": Field(_is_count),
            "feature_names_in_": Field(_is_names, required=False),
        },
    ),
    "Pipeline": Part("sklearn.pipeline", local=("memory",), prefit=("steps",)),
    "FrozenEstimator": Part("sklearn.frozen", prefit=("estimator",)),
}
