"""The classifier inside a Pipeline, a search or a frozen estimator, and what it reads."""

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

__all__ = ["split_steps", "transform"]


def split_steps(estimator):
    """Take a model apart.

    Parameters
    ----------
    estimator : estimator
        A classifier, or a Pipeline, search or FrozenEstimator, also nested, that ends in one.

    Returns
    -------
    transformers : list of Pipeline
        What songs go through before the classifier reads them; empty if it reads them as they are.

    classifier : estimator
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, FrozenEstimator):
        return split_steps(estimator.estimator)
    if not isinstance(estimator, Pipeline):
        return [], estimator
    transformers, classifier = split_steps(estimator.steps[-1][1])
    own = [estimator[:-1]] if len(estimator.steps) > 1 else []
    return own + transformers, classifier


def transform(transformers, X):
    """Songs as the classifier reads them.

    Parameters
    ----------
    transformers : list of Pipeline
        Of :func:`split_steps`.

    X : array-like, DataFrame or mapping
        The songs.

    Returns
    -------
    X : array-like, DataFrame or mapping
    """
    for transformer in transformers:
        X = transformer.transform(X)
    return X
