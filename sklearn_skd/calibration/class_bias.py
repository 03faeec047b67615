"""A bias a class beside the temperature of eq. 9, for classes that are rarer than they were."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from sklearn_skd._sklearn import _check_sample_weight
from sklearn_skd.calibration._checks import check_codes, check_shrinkage, two_dimensional
from sklearn_skd.calibration.temperature import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    at_bound,
    fit_temperature,
)

__all__ = ["fit_temperature_and_bias"]

_FLAT, _POINTED = -np.log(HIGHEST_TEMPERATURE), -np.log(LOWEST_TEMPERATURE)


def fit_temperature_and_bias(
    logits, y, *, sample_weight=None, shrinkage=0.0, bias_shrinkage=1.0, prior_bias=None
):
    r"""Find the temperature and the class biases with the least log-loss on these songs.

    .. math:: \hat{p}_{ik} \propto \exp(o_{ik} / \tau_c + b_k)

    With the biases the classes may be predicted more or less often than by the logits alone,
    and the most probable class can change. The songs must not be those the logits' model was
    trained on.

    Parameters
    ----------
    logits : array-like of shape (n_samples, n_classes) or (n_samples,)
        Logits, or the margins z1 - z0 of a binary problem.
    y : array-like of int of shape (n_samples,)
        Column of each song's class, 0 to n_classes - 1. Classes may be missing.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.
    shrinkage : float, default=0.0
        Strength of the prior on log(tau_c) around 0, as in :func:`fit_temperature`.
    bias_shrinkage : float, default=1.0
        Strength of a normal prior on each bias around `prior_bias`, above 0:
        ``bias_shrinkage / 2 * sum((bias - prior_bias) ** 2)`` is added to the summed log-loss. It
        keeps the bias of a class finite that no song has, and vanishes with many songs.
    prior_bias : array-like of shape (n_classes,), default=None
        What the biases are shrunk towards; None means 0.

    Returns
    -------
    temperature : float
        tau_c, in [0.01, 100].
    bias : ndarray of float64 of shape (n_classes,)
        Their sum is that of `prior_bias`: one number for all classes would change nothing.

    Raises
    ------
    ValueError
        If logits are not finite, ``y`` holds a value that is no column, lengths differ,
        `shrinkage` is below 0, or `bias_shrinkage` is not above 0.

    Warns
    -----
    UserWarning
        As :func:`fit_temperature`.

    References
    ----------
    Alexandari, Kundaje, Shrikumar (2020), Maximum likelihood with bias-corrected calibration is
    hard-to-beat at label shift adaptation, ICML.

    Examples
    --------
    Logits that find both classes equally likely, while three songs in four are of the second:

    >>> from sklearn_skd.calibration import fit_temperature_and_bias
    >>> margins, y = [1.0, -1.0, 1.0, -1.0] * 25, [1, 0, 1, 1] * 25
    >>> temperature, bias = fit_temperature_and_bias(margins, y, shrinkage=1)
    >>> bias.round(1).tolist()
    [-1.1, 1.1]
    """
    check_shrinkage(shrinkage)
    logits = two_dimensional(logits)
    y = check_codes(y, logits)
    weight = _check_sample_weight(sample_weight, logits, dtype=np.float64, ensure_non_negative=True)
    if not bias_shrinkage > 0:
        raise ValueError(
            f"bias_shrinkage must be above 0, got {bias_shrinkage}: without it the bias of a class "
            "that no song has would be infinite"
        )
    n_classes = logits.shape[1]
    prior_bias = np.zeros(n_classes) if prior_bias is None else np.asarray(prior_bias, np.float64)
    if prior_bias.shape != (n_classes,):
        raise ValueError(f"prior_bias must have shape ({n_classes},), got {prior_bias.shape}")
    logits = logits - logits.max(axis=1, keepdims=True)
    loss = _penalised_loss(logits, y, weight, shrinkage, bias_shrinkage, prior_bias)
    found = _minimise(loss, n_classes)
    if logits[weight > 0].any():
        temperature = _temperature(loss, found, warn=shrinkage == 0)
    else:
        temperature = fit_temperature(logits, y, sample_weight=weight)  # 1, and says why
    return temperature, prior_bias + found[1:]


def _penalised_loss(logits, y, weight, shrinkage, bias_shrinkage, prior_bias):
    """Function of -log(temperature) and the biases' deviations: mean log-loss, and its slope."""
    one_hot = np.zeros(logits.shape)
    one_hot[np.arange(len(y)), y] = 1.0
    strength = np.r_[shrinkage, np.full(logits.shape[1], bias_shrinkage)]

    def loss(parameters):
        scaled = np.exp(parameters[0]) * logits
        log_proba = log_softmax(scaled + prior_bias + parameters[1:], axis=1)
        residual = weight[:, None] * (np.exp(log_proba) - one_hot)
        value = -weight @ log_proba[np.arange(len(y)), y] + strength @ parameters**2 / 2
        slope = np.r_[(residual * scaled).sum(), residual.sum(axis=0)] + strength * parameters
        return value / weight.sum(), slope / weight.sum()

    return loss


def _minimise(loss, n_classes):
    start = np.zeros(1 + n_classes)
    bounds = [(_FLAT, _POINTED)] + [(None, None)] * n_classes
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x


def _temperature(loss, found, *, warn):
    """The temperature, with a warning if the loss falls until its bound."""
    for bound, reason in (
        (_FLAT, "the logits know little about these labels"),
        (_POINTED, "the logits classify (nearly) all these songs right"),
    ):
        there = np.r_[bound, found[1:]]
        if warn and loss(there)[0] <= loss(found)[0] + 1e-9:
            return at_bound(float(np.exp(-bound)), reason)
    return float(np.exp(-found[0]))
