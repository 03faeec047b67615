"""The teacher and the student, with scikit-learn's face."""

from sklearn_skd.classifiers.abstaining import AbstainingClassifier
from sklearn_skd.classifiers.calibrated import TemperatureCalibratedClassifier
from sklearn_skd.classifiers.feedback import FeedbackCalibrator
from sklearn_skd.classifiers.student import SKDStudentClassifier
from sklearn_skd.classifiers.teacher import TeacherClassifier

__all__ = [
    "AbstainingClassifier",
    "FeedbackCalibrator",
    "SKDStudentClassifier",
    "TeacherClassifier",
    "TemperatureCalibratedClassifier",
]
