"""Torch modules, and nothing but: they know neither scikit-learn nor the training."""

from sklearn_skd.networks.ensemble import Ensemble
from sklearn_skd.networks.source import Source
from sklearn_skd.networks.student import GuidedPooling, SelectiveWeight, StudentNet
from sklearn_skd.networks.teacher import TeacherNet

__all__ = ["Ensemble", "GuidedPooling", "SelectiveWeight", "Source", "StudentNet", "TeacherNet"]
