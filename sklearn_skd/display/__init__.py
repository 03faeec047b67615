"""Displays in scikit-learn's form; matplotlib is imported when one is drawn."""

from sklearn_skd.display.contribution import SourceContributionDisplay
from sklearn_skd.display.cost import CostDisplay
from sklearn_skd.display.credibility import CredibilityDisplay
from sklearn_skd.display.low_label import LowLabelDisplay
from sklearn_skd.display.mel_bands import MelBandResponseDisplay
from sklearn_skd.display.reliability import ReliabilityDisplay
from sklearn_skd.display.risk_coverage import RiskCoverageDisplay
from sklearn_skd.display.separation import SourceSeparationDisplay
from sklearn_skd.display.strategies import StrategyComparisonDisplay
from sklearn_skd.display.timeline import EmotionTimelineDisplay
from sklearn_skd.display.transfer import TransferDisplay

__all__ = [
    "CostDisplay",
    "CredibilityDisplay",
    "EmotionTimelineDisplay",
    "LowLabelDisplay",
    "MelBandResponseDisplay",
    "ReliabilityDisplay",
    "RiskCoverageDisplay",
    "SourceContributionDisplay",
    "SourceSeparationDisplay",
    "StrategyComparisonDisplay",
    "TransferDisplay",
]
