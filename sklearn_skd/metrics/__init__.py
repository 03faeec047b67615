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
from sklearn_skd.metrics.scorers import (
    ProbabilityScorer,
    augrc_scorer,
    aurc_scorer,
    brier_scorer,
    classwise_ece_scorer,
    debiased_ece_scorer,
    ece_scorer,
    nll_scorer,
    reliability_scorers,
)
from sklearn_skd.metrics.selective import (
    accuracy_at_coverage,
    area_under_generalized_risk_coverage,
    area_under_risk_coverage,
    coverage_at_risk,
    risk_coverage_curve,
)
from sklearn_skd.metrics.selective_intervals import RiskCoverageSummary, risk_coverage_summary
from sklearn_skd.metrics.signed import overconfidence

__all__ = [
    "CalibrationSummary",
    "NullFloor",
    "ProbabilityScorer",
    "RiskCoverageSummary",
    "accuracy_at_coverage",
    "area_under_generalized_risk_coverage",
    "area_under_risk_coverage",
    "augrc_scorer",
    "aurc_scorer",
    "brier_scorer",
    "calibration_null_floor",
    "calibration_summary",
    "classwise_calibration_error",
    "classwise_ece_scorer",
    "concordance_correlation_coefficient",
    "coverage_at_risk",
    "debiased_calibration_error",
    "debiased_ece_scorer",
    "ece_scorer",
    "expected_calibration_error",
    "inter_annotator_consistency",
    "nll_scorer",
    "overconfidence",
    "reliability_scorers",
    "risk_coverage_curve",
    "risk_coverage_summary",
]
