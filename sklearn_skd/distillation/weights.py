"""How far each song follows the teacher: selective weights (paper section 3.3, eq. 5 and 6)."""

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit, softmax
from sklearn.metrics import f1_score

__all__ = [
    "class_coefficients",
    "class_reliability",
    "fit_selective_weight",
    "selective_weight",
]


def selective_weight(credibility, consistency, entropy, *, theta, bias):
    r"""Distillation weight of each song (eq. 5).

    .. math:: \omega_i = \sigma(\theta_1 r_i + \theta_2 s_i - \theta_3 e_i + b_\omega)

    Parameters
    ----------
    credibility : array-like of shape (n_songs,)
        :math:`r_i` of eq. 4.

    consistency : array-like of shape (n_songs,)
        :math:`s_i`. Where it is unknown (NaN), :math:`r_i`, which then rests on the other
        components, stands in for it. What :math:`\theta` gives no weight need not be known.

    entropy : array-like of shape (n_songs,)
        :math:`e_i`, the normalised entropy of the teacher's prediction.

    theta : array-like of shape (3,)
        :math:`\theta_1, \theta_2, \theta_3`.

    bias : float
        :math:`b_\omega`.

    Returns
    -------
    weight : ndarray of shape (n_songs,)
        :math:`\omega_i`, in (0, 1).

    Examples
    --------
    >>> from sklearn_skd.distillation import selective_weight
    >>> selective_weight([0.5], [0.5], [0.5], theta=[2, 0, 2], bias=0).tolist()
    [0.5]
    """
    theta = np.asarray(theta, float)
    columns = np.where(theta == 0, 0.0, weight_columns(credibility, consistency, entropy))
    return expit(columns @ theta + bias)


def weight_columns(credibility, consistency, entropy):
    """The columns (r, s, -e) that theta multiplies in eq. 5; r where s is unknown (NaN)."""
    r, s, e = (np.asarray(a, dtype=float) for a in (credibility, consistency, entropy))
    return np.stack([r, np.where(np.isnan(s), r, s), -e], axis=-1)


def fit_selective_weight(
    credibility,
    consistency,
    entropy,
    teacher_correct,
    *,
    confidence=None,
    mean_weight=0.3,
    gain=1.0,
    ridge=1.0,
    sample_weight=None,
):
    r"""Learn theta and bias of eq. 5 from where the teacher was right.

    Joint descent on eq. 7 is ill-posed: the minimum over the student is concave in
    :math:`\omega` and zero at both ends. Instead, the direction is a ridge-penalised logistic
    regression of the out-of-fold correctness of the teacher on the standardised columns
    :math:`(r, s, -e)` with :math:`\theta \ge 0`; the bias is then solved so that the mean of
    :math:`\omega` over all songs is `mean_weight`.

    Parameters
    ----------
    credibility, consistency, entropy : array-like of shape (n_songs,)
        The arguments of :func:`selective_weight`, all out of fold.

    teacher_correct : array-like of shape (n_songs,)
        1 where the teacher's out-of-fold prediction equals the label, 0 where not, NaN where
        there is no label.

    confidence : array-like of shape (n_songs,) or None, default=None
        The teacher's calibrated probability of its own answer. Its log-odds are then a term of
        the regression that is not fitted, so that theta learns what the columns say beyond it:
        whether the teacher is right more often than it claims. With None being certain counts as
        being credible.

    mean_weight : float, default=0.3
        Mean of :math:`\omega`, in (0, 1).

    gain : float, default=1.0
        Multiplies the fitted direction: 0 gives every song the same weight.

    ridge : float, default=1.0
        Penalty :math:`\frac{1}{2} \mathrm{ridge} \lVert\theta\rVert^2` on the standardised scale.

    sample_weight : array-like of shape (n_songs,) or None, default=None
        How much each song counts in the regression; the mean of :math:`\omega` is over all songs
        alike.

    Returns
    -------
    theta : ndarray of shape (3,)
        Non-negative, in eq. 5's own units.

    bias : float
        :math:`b_\omega`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd.distillation import fit_selective_weight, selective_weight
    >>> r, s, e = np.array([[0.9, 0.8, 0.2, 0.1], [0.8, 0.9, 0.3, 0.2], [0.1, 0.2, 0.9, 0.8]])
    >>> theta, bias = fit_selective_weight(r, s, e, [1, 1, 0, 0], mean_weight=0.3)
    >>> weight = selective_weight(r, s, e, theta=theta, bias=bias)
    >>> float(weight.mean().round(6)), bool(weight[0] > weight[3])
    (0.3, True)
    """
    columns = weight_columns(credibility, consistency, entropy)
    if not 0 < mean_weight < 1:
        raise ValueError(f"mean_weight must be between 0 and 1, both excluded, got {mean_weight}.")
    unknown = np.flatnonzero(np.isnan(columns).any(axis=1))
    if len(unknown):
        raise ValueError(
            f"credibility or entropy is NaN in row {unknown[0]}: a weight needs both. Give every "
            "song a prediction of the teacher."
        )
    correct = np.asarray(teacher_correct, dtype=float)
    centre, scale = columns.mean(axis=0), columns.std(axis=0)
    if np.isnan(np.asarray(consistency, dtype=float)).all():
        scale[1] = 0.0  # nobody knows s: it would only double r
    usable = scale > 1e-8  # a constant column says nothing and stays out
    theta = np.zeros(3)
    labelled = ~np.isnan(correct)
    if usable.any() and np.unique(correct[labelled]).size == 2:
        standardised = (columns[:, usable] - centre[usable]) / scale[usable]
        claimed = _log_odds(confidence, len(correct))
        slope, _ = nonnegative_logistic(
            standardised[labelled],
            correct[labelled],
            ridge,
            offset=claimed[labelled],
            sample_weight=1.0 if sample_weight is None else np.asarray(sample_weight)[labelled],
        )
        theta[usable] = gain * slope / scale[usable]
    return theta, bias_for_mean(columns @ theta, mean_weight)


def _log_odds(confidence, n_songs):
    """Of what the teacher claims, zeros if that is not asked for."""
    if confidence is None:
        return np.zeros(n_songs)
    return logit(np.clip(np.asarray(confidence, dtype=float), 1e-6, 1 - 1e-6))


def nonnegative_logistic(columns, target, ridge, *, offset=0.0, sample_weight=1.0):
    """Slopes of a logistic regression, each bounded below by 0, and its free intercept.

    `offset` is a term of the log-odds that is not fitted.
    """

    def objective(parameters):
        slope, intercept = parameters[:-1], parameters[-1]
        margin = columns @ slope + intercept + offset
        losses = sample_weight * np.logaddexp(0, margin)
        loss = losses.sum() - (sample_weight * target) @ margin + ridge / 2 * slope @ slope
        residual = sample_weight * (expit(margin) - target)
        return loss, np.append(columns.T @ residual + ridge * slope, residual.sum())

    n_columns = columns.shape[1]
    bounds = [(0, None)] * n_columns + [(None, None)]
    start = np.zeros(n_columns + 1)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1], found[-1]


def bias_for_mean(score, mean_weight):
    """The offset o with mean(sigmoid(score + o)) = mean_weight."""
    centre = np.log(mean_weight / (1 - mean_weight))
    low, high = centre - score.max() - 1e-6, centre - score.min() + 1e-6
    return float(brentq(lambda o: expit(score + o).mean() - mean_weight, low, high, xtol=1e-12))


def class_reliability(y_true, y_pred, *, n_classes, pseudo_songs=10, sample_weight=None):
    r"""Reliability prior :math:`u_k` of each class (eq. 6).

    The teacher's out-of-fold F1 on class k, shrunk towards the macro F1 as if `pseudo_songs`
    more songs of the class had been judged with it.

    Parameters
    ----------
    y_true, y_pred : array-like of int, shape (n_songs,)
        Class codes 0 .. n_classes - 1 of the labelled songs.

    n_classes : int
        Number of classes K.

    pseudo_songs : int, default=10
        Strength of the shrinkage, in songs.

    sample_weight : array-like of shape (n_songs,) or None, default=None
        How much each song counts.

    Returns
    -------
    reliability : ndarray of shape (n_classes,)
        In [0, 1].

    Examples
    --------
    >>> from sklearn_skd.distillation import class_reliability
    >>> class_reliability([0, 0, 1, 1], [0, 0, 1, 1], n_classes=2).tolist()
    [1.0, 1.0]
    """
    f1 = f1_score(
        y_true,
        y_pred,
        labels=np.arange(n_classes),
        average=None,
        sample_weight=sample_weight,
        zero_division=0.0,
    )
    count = np.bincount(np.asarray(y_true, dtype=int), weights=sample_weight, minlength=n_classes)
    return (count * f1 + pseudo_songs * f1.mean()) / (count + pseudo_songs)


def class_coefficients(weight, teacher_proba, class_reliability):
    r"""Class-level distillation coefficients (eq. 6).

    .. math:: \lambda_{ik} = \frac{\exp(\omega_i p_{ik}^T u_k)}
                                  {\sum_{j=1}^{K} \exp(\omega_i p_{ij}^T u_j)}

    Parameters
    ----------
    weight : array-like of shape (n_songs,)
        :math:`\omega_i` of eq. 5.

    teacher_proba : array-like of shape (n_songs, n_classes)
        :math:`p_{ik}^T`.

    class_reliability : array-like of shape (n_classes,)
        :math:`u_k`; see :func:`sklearn_skd.distillation.class_reliability`.

    Returns
    -------
    coefficients : ndarray of shape (n_songs, n_classes)
        :math:`\lambda_{ik}`; each row sums to 1.

    Examples
    --------
    >>> from sklearn_skd.distillation import class_coefficients
    >>> class_coefficients([0.0], [[0.9, 0.1]], [1.0, 1.0]).tolist()
    [[0.5, 0.5]]
    """
    weight = np.asarray(weight, dtype=float)[:, None]
    product = weight * np.asarray(teacher_proba, dtype=float) * np.asarray(class_reliability, float)
    return softmax(product, axis=1)
