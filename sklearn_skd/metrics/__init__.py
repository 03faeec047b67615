"""Metrics of probabilities and scorers for model selection (paper section 4)."""

from sklearn_skd.metrics.agreement import (
    concordance_correlation_coefficient,
    inter_annotator_consistency,
)
from sklearn_skd.metrics.calibration import (
    NullFloor,
    calibration_null_floor,
    expected_calibration_error,
)
from sklearn_skd.metrics.intervals import CalibrationSummary, calibration_summary
from sklearn_skd.metrics.scorers import ProbabilityScorer, ece_scorer

__all__ = [
    "CalibrationSummary",
    "NullFloor",
    "ProbabilityScorer",
    "calibration_null_floor",
    "calibration_summary",
    "concordance_correlation_coefficient",
    "ece_scorer",
    "expected_calibration_error",
    "inter_annotator_consistency",
]
