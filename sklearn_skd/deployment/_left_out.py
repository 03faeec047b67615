"""What stands in a saved student for a teacher that was not saved with it."""

from sklearn.base import BaseEstimator, ClassifierMixin

__all__ = ["LeftOutTeacher"]


class LeftOutTeacher(ClassifierMixin, BaseEstimator):
    """The `teacher` of a loaded student whose teacher was left out of the file.

    The student predicts without it. To fit the student again, give it a teacher:
    ``student.set_params(teacher=...)``.

    Parameters
    ----------
    name : str
        What the teacher was.
    """

    def __init__(self, name):
        self.name = name

    def fit(self, X, y):
        """Raise ValueError."""
        raise self._complaint()

    def predict_proba(self, X):
        """Raise ValueError."""
        raise self._complaint()

    def _complaint(self):
        return ValueError(
            f"The teacher ({self.name}) was not saved with the student. To fit the student again, "
            "give it one, student.set_params(teacher=...), or save it with include_teacher=True."
        )
