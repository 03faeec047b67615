"""Calibration temperature of the student's logits (paper section 3.4, eq. 9)."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from sklearn_skd._sklearn import _check_sample_weight
from sklearn_skd._warnings import warn_user
from sklearn_skd.calibration._checks import check_codes, check_shrinkage, two_dimensional

__all__ = ["fit_temperature", "temperature_softmax"]

# beyond these a temperature says that there is nothing to calibrate
LOWEST_TEMPERATURE = 0.01
HIGHEST_TEMPERATURE = 100.0


def temperature_softmax(logits, temperature):
    """Turn logits into probabilities at a calibration temperature (eq. 9).

    Parameters
    ----------
    logits : array-like of shape (n_samples, n_classes) or (n_samples,)
        Logits; one dimension means the margin z1 - z0 of a binary problem, as
        ``decision_function`` returns it.
    temperature : float
        tau_c of eq. 9, above 0. Above 1 the probabilities become flatter, below 1 more pointed;
        the predicted class stays the same.

    Returns
    -------
    proba : ndarray of float64 of shape (n_samples, n_classes)
        Two columns for margins: the second is sigmoid(margin / temperature).

    Raises
    ------
    ValueError
        If the temperature is not positive and finite, or the logits are not finite.

    Examples
    --------
    >>> from sklearn_skd.calibration import temperature_softmax
    >>> temperature_softmax([[2.0, 0.0, 0.0]], 2.0).round(3)
    array([[0.576, 0.212, 0.212]])
    >>> temperature_softmax([0.0], 2.0)
    array([[0.5, 0.5]])
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature must be positive and finite, got {temperature}")
    return softmax(two_dimensional(logits) / temperature, axis=1)


def fit_temperature(logits, y, *, sample_weight=None, shrinkage=0.0):
    """Find the temperature tau_c (eq. 9) with the least log-loss on these songs.

    The log-loss is convex in 1 / tau_c: its derivative is solved for zero by bracketed root
    finding over log(1 / tau_c), for temperatures between 0.01 and 100. The songs must not be
    those the logits' model was trained on: use out-of-fold logits or a hold-out.

    ``CalibratedClassifierCV(method="temperature")`` finds the same temperature for logits of
    shape (n_samples, n_classes). For binary margins its value is twice this one, since it reads
    a margin m as the logits (-m, m); the probabilities are the same.

    Parameters
    ----------
    logits : array-like of shape (n_samples, n_classes) or (n_samples,)
        Logits, or the margins z1 - z0 of a binary problem.
    y : array-like of int of shape (n_samples,)
        Column of each song's class, 0 to n_classes - 1.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.
    shrinkage : float, default=0.0
        Strength of a normal prior on log(tau_c) around 0, non-negative: ``shrinkage / 2 *
        log(tau_c) ** 2`` is added to the summed log-loss. A few held-out songs then do not move
        the temperature further from 1 than they can tell; many make the prior vanish. 5 expects
        temperatures from 0.6 to 1.6.

    Returns
    -------
    temperature : float
        tau_c, in [0.01, 100].

    Raises
    ------
    ValueError
        If logits are not finite, ``y`` holds a value that is no column, lengths differ, or
        `shrinkage` is below 0.

    Warns
    -----
    UserWarning
        If the temperature is at a bound (every song classified right by these logits, or
        logits that know nothing about the labels), or if it has no effect.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks, ICML.

    Examples
    --------
    Logits that are sure at odds of e^2 : 1 but right three times out of four:

    >>> from sklearn_skd.calibration import fit_temperature
    >>> round(fit_temperature([2.0, 2.0, 2.0, 2.0], [1, 1, 1, 0]), 3)
    1.82
    """
    check_shrinkage(shrinkage)
    logits = two_dimensional(logits)
    y = check_codes(y, logits)
    weight = _check_sample_weight(sample_weight, logits, dtype=np.float64, ensure_non_negative=True)
    # invariant under a shift of a song's logits; the largest at 0 keeps exp from overflowing
    logits = logits - logits.max(axis=1, keepdims=True)
    target = logits[np.arange(len(y)), y]
    if not logits[weight > 0].any():
        warn_user(
            "Each song has the same logit for all classes: a temperature has no effect, 1 is kept.",
            UserWarning,
        )
        return 1.0

    def slope(log_beta):
        proba = softmax(np.exp(log_beta) * logits, axis=1)
        return weight @ ((proba * logits).sum(axis=1) - target)

    if shrinkage > 0:
        return _shrunk_temperature(slope, shrinkage)
    flat, pointed = -np.log(HIGHEST_TEMPERATURE), -np.log(LOWEST_TEMPERATURE)
    if slope(flat) >= 0:
        return at_bound(HIGHEST_TEMPERATURE, "the logits know little about these labels")
    if slope(pointed) <= 0:
        return at_bound(LOWEST_TEMPERATURE, "the logits classify (nearly) all these songs right")
    return float(np.exp(-brentq(slope, flat, pointed, xtol=1e-12)))


def _shrunk_temperature(slope, shrinkage):
    """With the prior the minimum is never at a bound."""

    def penalised(log_beta):
        return np.exp(log_beta) * slope(log_beta) + shrinkage * log_beta

    low, high = -np.log(HIGHEST_TEMPERATURE), -np.log(LOWEST_TEMPERATURE)
    if penalised(low) >= 0 or penalised(high) <= 0:  # logits of an absurd scale
        return HIGHEST_TEMPERATURE if penalised(low) >= 0 else LOWEST_TEMPERATURE
    return float(np.exp(-brentq(penalised, low, high, xtol=1e-12)))


def at_bound(temperature, reason):
    """Return the temperature, with a warning that it is at its bound."""
    warn_user(
        f"The calibration temperature is at its bound, {temperature:g}: {reason}, so that the "
        "log-loss has no minimum inside. Calibrate on songs that the model was not trained on, "
        "and on more of them.",
        UserWarning,
    )
    return temperature
