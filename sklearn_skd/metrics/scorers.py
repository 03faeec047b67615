"""Scorers of probabilities that know the estimator's classes."""

from copy import deepcopy

from sklearn_skd._sklearn import _Scorer
from sklearn_skd.metrics.calibration import expected_calibration_error


class ProbabilityScorer(_Scorer):
    """Scorer of a metric ``metric(y_true, y_proba, *, labels, sample_weight=None)``.

    ``make_scorer`` never tells the metric which class a column belongs to, and a test fold may
    lack a class: this scorer passes ``labels=estimator.classes_``. Otherwise it is a scorer
    like scikit-learn's: callable as ``scorer(estimator, X, y)``, usable in ``GridSearchCV``,
    ``cross_validate`` and dictionaries of scorers, where it shares one call of
    ``predict_proba`` with ``"neg_log_loss"`` and its kind.

    Parameters
    ----------
    score_func : callable
        The metric.
    sign : {1, -1}
        -1 for a metric of which less is better.
    kwargs : dict
        Further arguments of the metric.
    """

    def __init__(self, score_func, sign, kwargs):
        super().__init__(score_func, sign, kwargs, response_method="predict_proba")

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        classes = getattr(estimator, "classes_", None)
        if classes is None:
            raise ValueError(
                f"{type(estimator).__name__} has no attribute classes_, which says what the "
                "columns of predict_proba mean: score a fitted classifier, or a Pipeline or "
                "search that ends in one"
            )
        y_proba = method_caller(estimator, self._response_method, X)
        arguments = {**self._kwargs, "labels": classes, **kwargs}
        return self._sign * self._score_func(y_true, y_proba, **arguments)

    def set_score_request(self, **kwargs):
        """Return a copy of the scorer that requests this metadata, e.g. ``sample_weight=True``.

        A copy, since the scorers of this package are shared by the whole process.

        Parameters
        ----------
        **kwargs : dict
            ``sample_weight=True`` requests the weights, False refuses them.

        Returns
        -------
        scorer : ProbabilityScorer
        """
        scorer = deepcopy(self)
        return super(ProbabilityScorer, scorer).set_score_request(**kwargs)


#: Negative expected calibration error (greater is better) with its defaults.
ece_scorer = ProbabilityScorer(expected_calibration_error, -1, {})
