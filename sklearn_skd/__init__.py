"""Selective knowledge distillation for music emotion, the scikit-learn way.

Names are resolved on first use, so that ``import sklearn_skd`` loads neither torch nor librosa nor
sentence-transformers.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "annotations": ["aggregate_annotations"],
        "classifiers": [
            "AbstainingClassifier",
            "FeedbackCalibrator",
            "SKDStudentClassifier",
            "TeacherClassifier",
            "TemperatureCalibratedClassifier",
        ],
        "datasets": ["make_songs"],
        "deployment": ["load", "save", "student_pipeline"],
        "features": [
            "AudioStatistics",
            "CultureEncoder",
            "FeatureCache",
            "LogMelSpectrogram",
            "LyricsEncoder",
            "SongFeatures",
            "StaticLyricsEncoder",
            "clean_lyrics",
        ],
    },
)
