"""Calibration of the student's logits: temperature (paper section 3.4, eq. 9) and class biases."""

from sklearn_skd.calibration.class_bias import fit_temperature_and_bias
from sklearn_skd.calibration.temperature import fit_temperature, temperature_softmax

__all__ = ["fit_temperature", "fit_temperature_and_bias", "temperature_softmax"]
