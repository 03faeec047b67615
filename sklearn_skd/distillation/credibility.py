"""Credibility of the teacher's knowledge, song by song (paper section 3.2.2, eq. 4)."""

import numpy as np
from scipy.special import entr

__all__ = ["credibility_score", "normalized_entropy", "source_consistency"]


def normalized_entropy(proba):
    r"""Entropy of each row, divided by its maximum.

    .. math:: H(p) = -\frac{1}{\log K} \sum_{k=1}^{K} p_k \log p_k

    Parameters
    ----------
    proba : array-like of shape (n_songs, n_classes) or (..., n_classes)
        Probabilities; each row sums to 1.

    Returns
    -------
    entropy : ndarray of shape (n_songs,) or (...)
        In [0, 1]: 0 for a one-hot row, 1 for the uniform one. With a single class it is 0.

    References
    ----------
    The paper's :math:`H(p_i^T)` in eq. 4 and :math:`e_i` in eq. 5.

    Examples
    --------
    >>> from sklearn_skd.distillation import normalized_entropy
    >>> normalized_entropy([[1, 0], [0.5, 0.5]]).round(6).tolist()
    [0.0, 1.0]
    """
    proba = np.asarray(proba, dtype=float)
    n_classes = proba.shape[-1]
    if n_classes < 2:
        return np.zeros(proba.shape[:-1])
    return np.clip(entr(proba).sum(axis=-1) / np.log(n_classes), 0.0, 1.0)


def source_consistency(branch_proba, *, weights=None, present=None):
    r"""Agreement of the sources on a song's emotion.

    The weighted mean, over all pairs of sources that are present, of one minus their
    Jensen-Shannon divergence in bits:

    .. math:: s_i = \frac{\sum_{a<b} w_a w_b (1 - \mathrm{JS}(p_{ia}, p_{ib}))}
                         {\sum_{a<b} w_a w_b}

    The paper leaves :math:`S(a_i, l_i, c_i)` of eq. 4 open. This form is bounded, symmetric,
    takes any number of sources, and needs no common support.

    Parameters
    ----------
    branch_proba : array-like of shape (n_songs, n_sources, n_classes)
        Each branch's (calibrated) probabilities. Rows of absent sources are ignored and may
        be NaN if `present` says so.

    weights : array-like of shape (n_sources,) or None, default=None
        Non-negative skill of each source; None weighs all alike. Where the weights of all pairs
        present are 0, the pairs are weighed alike.

    present : array-like of bool, shape (n_songs, n_sources), or None, default=None
        Which sources a song has; None means all.

    Returns
    -------
    consistency : ndarray of shape (n_songs,)
        In [0, 1]: 1 if all sources agree exactly, 0 if they exclude each other, NaN (unknown)
        with fewer than two sources.

    Examples
    --------
    >>> from sklearn_skd.distillation import source_consistency
    >>> agree, clash = [[0.9, 0.1], [0.9, 0.1]], [[1.0, 0.0], [0.0, 1.0]]
    >>> source_consistency([agree, clash]).tolist()
    [1.0, 0.0]
    """
    proba = np.asarray(branch_proba, dtype=float)
    if proba.ndim != 3:
        raise ValueError(
            f"branch_proba must have shape (n_songs, n_sources, n_classes), got {proba.shape}."
        )
    n_songs, n_sources, _ = proba.shape
    present = np.ones((n_songs, n_sources), bool) if present is None else np.asarray(present, bool)
    weights = np.ones(n_sources) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (n_sources,) or not np.all(weights >= 0):
        raise ValueError(f"weights must be {n_sources} non-negative numbers, got {weights}.")

    first, second = np.triu_indices(n_sources, k=1)
    pair_present = present[:, first] & present[:, second]
    pair_weight = pair_present * (weights[first] * weights[second])
    alike = pair_weight.sum(axis=1) == 0
    pair_weight[alike] = pair_present[alike]

    proba = np.where(present[:, :, None], proba, 0.0)
    agreement = 1 - _jensen_shannon_bits(proba[:, first], proba[:, second])
    total = pair_weight.sum(axis=1)
    consistency = np.full(n_songs, np.nan)
    known = total > 0
    consistency[known] = (pair_weight * agreement)[known].sum(axis=1) / total[known]
    return consistency


def _jensen_shannon_bits(p, q):
    mixture = (p + q) / 2
    divergence = entr(mixture).sum(-1) - (entr(p).sum(-1) + entr(q).sum(-1)) / 2
    return np.clip(divergence / np.log(2), 0.0, 1.0)


def credibility_score(certainty, consistency, reliability, *, alpha=0.5, beta=0.3, gamma=0.2):
    r"""Credibility of the teacher's knowledge about each song (eq. 4).

    .. math:: r_i = \alpha (1 - H(p_i^T)) + \beta S(a_i, l_i, c_i) + \gamma q_i

    A component that is unknown (NaN) gives its share to the others in proportion to theirs, so
    that a song is not punished for what nobody measured.

    Parameters
    ----------
    certainty : array-like of shape (n_songs,)
        :math:`1 - H(p_i^T)`, in [0, 1]; see :func:`normalized_entropy`.

    consistency : array-like of shape (n_songs,)
        :math:`S(a_i, l_i, c_i)`, in [0, 1] or NaN; see :func:`source_consistency`.

    reliability : array-like of shape (n_songs,)
        :math:`q_i`, the annotators' agreement, in [0, 1] or NaN.

    alpha, beta, gamma : float, default=0.5, 0.3, 0.2
        Non-negative weights of the three components, with a positive sum. With a sum of 1 the
        score is in [0, 1].

    Returns
    -------
    credibility : ndarray of shape (n_songs,)
        :math:`r_i`; NaN only where every component with a positive weight is unknown.

    Examples
    --------
    >>> from sklearn_skd.distillation import credibility_score
    >>> float(credibility_score([0.8], [0.5], [1.0])[0])
    0.75
    >>> float(credibility_score([0.8], [0.5], [float("nan")])[0].round(4))  # .55 / .8
    0.6875
    """
    shares = np.array([alpha, beta, gamma], dtype=float)
    if not (np.all(shares >= 0) and shares.sum() > 0):
        raise ValueError(
            "alpha, beta and gamma must be non-negative with a positive sum, got "
            f"alpha={alpha}, beta={beta}, gamma={gamma}."
        )
    columns = np.broadcast_arrays(certainty, consistency, reliability)
    values = np.stack([np.asarray(column, dtype=float) for column in columns], axis=-1)
    known = ~np.isnan(values)
    known_share = (known * shares).sum(axis=-1)
    total = np.where(known, values, 0.0) @ shares
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known_share > 0, total / known_share * shares.sum(), np.nan)
