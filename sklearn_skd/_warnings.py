"""Warnings that point at the user's line, however deep in `fit` they arise."""

import sys
import warnings

# frames between the user's call and the warning
_PASSED = {"sklearn_skd", "sklearn", "skorch", "joblib", "contextlib"}

__all__ = ["warn_user"]


def warn_user(message, category=UserWarning):
    """Warn from the first line outside this package and those that call it.

    Parameters
    ----------
    message : str
        What happened, and what to do about it.

    category : type, default=UserWarning
        Of the warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame) in _PASSED:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]
