from .teacher import TeacherClassifier

__all__ = ["TeacherClassifier"]
