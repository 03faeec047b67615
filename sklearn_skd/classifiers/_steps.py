"""The classifier inside a Pipeline, a search or a frozen estimator, and what it reads."""

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

__all__ = ["check_prefit", "split_steps", "transform"]


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


def check_prefit(classifier, *, caller):
    """NotFittedError unless the classifier is fitted; `caller` is the name of who needs it so."""
    try:
        check_is_fitted(classifier)
    except NotFittedError:
        raise NotFittedError(
            f"{caller} takes a fitted classifier, and this {type(classifier).__name__} is not: fit "
            "it first, on other songs. If it was fitted and then cloned (by a search or "
            "cross_val_score), wrap it in sklearn.frozen.FrozenEstimator."
        ) from None
