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
from sklearn_skd.metrics.classwise import classwise_calibration_error
from sklearn_skd.metrics.debiased import debiased_calibration_error
from sklearn_skd.metrics.intervals import CalibrationSummary, calibration_summary
from sklearn_skd.metrics.scorers import ProbabilityScorer, ece_scorer
from sklearn_skd.metrics.selective import (
    accuracy_at_coverage,
    area_under_generalized_risk_coverage,
    area_under_risk_coverage,
    coverage_at_risk,
    risk_coverage_curve,
)
from sklearn_skd.metrics.signed import overconfidence

__all__ = [
    "CalibrationSummary",
    "NullFloor",
    "ProbabilityScorer",
    "accuracy_at_coverage",
    "area_under_generalized_risk_coverage",
    "area_under_risk_coverage",
    "calibration_null_floor",
    "calibration_summary",
    "classwise_calibration_error",
    "concordance_correlation_coefficient",
    "coverage_at_risk",
    "debiased_calibration_error",
    "ece_scorer",
    "expected_calibration_error",
    "inter_annotator_consistency",
    "overconfidence",
    "risk_coverage_curve",
]
