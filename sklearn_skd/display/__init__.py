"""Displays in scikit-learn's form; matplotlib is imported when one is drawn."""

from .reliability import ReliabilityDisplay
from .timeline import EmotionTimelineDisplay

__all__ = ["EmotionTimelineDisplay", "ReliabilityDisplay"]
