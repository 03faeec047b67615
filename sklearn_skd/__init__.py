"""Selective knowledge distillation for music emotion, the scikit-learn way.

Names are resolved on first use (PEP 562), so that ``import sklearn_skd`` loads neither torch nor
librosa nor sentence-transformers.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "AudioStatistics": "features",
    "CultureEncoder": "features",
    "LogMelSpectrogram": "features",
    "LyricsEncoder": "features",
    "SKDStudentClassifier": "classifiers",
    "SongFeatures": "features",
    "TeacherClassifier": "classifiers",
    "aggregate_annotations": "annotations",
    "clean_lyrics": "features",
    "make_songs": "datasets",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
