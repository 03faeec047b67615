"""Torch modules, and nothing but: they know neither scikit-learn nor the training."""

from .ensemble import Ensemble
from .source import Source
from .student import GuidedPooling, StudentNet
from .teacher import TeacherNet

__all__ = ["Ensemble", "GuidedPooling", "Source", "StudentNet", "TeacherNet"]
