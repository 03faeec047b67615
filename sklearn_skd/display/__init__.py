"""Displays in scikit-learn's form; matplotlib is imported when one is drawn."""

from sklearn_skd.display.mel_bands import MelBandResponseDisplay
from sklearn_skd.display.reliability import ReliabilityDisplay
from sklearn_skd.display.separation import SourceSeparationDisplay
from sklearn_skd.display.timeline import EmotionTimelineDisplay

__all__ = [
    "EmotionTimelineDisplay",
    "MelBandResponseDisplay",
    "ReliabilityDisplay",
    "SourceSeparationDisplay",
]
