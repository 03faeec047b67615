"""Metrics of probabilities and scorers for model selection (paper section 4)."""

from .calibration import NullFloor, calibration_null_floor, expected_calibration_error
from .intervals import CalibrationSummary, calibration_summary
from .scorers import ProbabilityScorer, ece_scorer

__all__ = [
    "CalibrationSummary",
    "NullFloor",
    "ProbabilityScorer",
    "calibration_null_floor",
    "calibration_summary",
    "ece_scorer",
    "expected_calibration_error",
]
