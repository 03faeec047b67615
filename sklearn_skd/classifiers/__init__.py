"""The teacher and the student, with scikit-learn's face."""

from .student import SKDStudentClassifier
from .teacher import TeacherClassifier

__all__ = ["SKDStudentClassifier", "TeacherClassifier"]
