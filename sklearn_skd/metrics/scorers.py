"""Scorers of probabilities that know the estimator's classes."""

from copy import deepcopy

import numpy as np
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss

from sklearn_skd._sklearn import _Scorer
from sklearn_skd.metrics._validation import check_targets
from sklearn_skd.metrics.calibration import expected_calibration_error
from sklearn_skd.metrics.classwise import classwise_calibration_error
from sklearn_skd.metrics.debiased import debiased_calibration_error
from sklearn_skd.metrics.selective import (
    accuracy_at_coverage,
    area_under_generalized_risk_coverage,
    area_under_risk_coverage,
    check_working_point,
    coverage_at_risk,
)


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


def _log_loss(y_true, y_proba, *, labels, sample_weight=None):
    check_targets(y_true, y_proba, labels=labels)  # its messages name the row and the remedy
    return log_loss(y_true, y_proba, labels=labels, sample_weight=sample_weight)


def _brier_score(y_true, y_proba, *, labels, sample_weight=None):
    # two columns, so that no positive class need be named
    _, y_proba, _ = check_targets(y_true, y_proba, labels=labels)
    return brier_score_loss(y_true, y_proba, labels=labels, sample_weight=sample_weight)


def _accuracy(y_true, y_proba, *, labels, sample_weight=None):
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    return accuracy_score(codes, y_proba.argmax(axis=1), sample_weight=weight)


def _macro_f1(y_true, y_proba, *, labels, sample_weight=None):
    codes, y_proba, weight = check_targets(
        y_true, y_proba, labels=labels, sample_weight=sample_weight
    )
    # every class counts, also one that the fold lacks, so that folds and models compare
    return f1_score(
        codes,
        y_proba.argmax(axis=1),
        labels=np.arange(len(labels)),
        average="macro",
        sample_weight=weight,
        zero_division=0.0,
    )


#: Negative log-loss; as "neg_log_loss", but for folds that lack a class, too.
nll_scorer = ProbabilityScorer(_log_loss, -1, {})
#: Negative Brier score; as "neg_brier_score", but for two strings and folds that lack a class, too.
#: The sum over the classes, halved if there are only two.
brier_scorer = ProbabilityScorer(_brier_score, -1, {})
#: Negative expected calibration error (greater is better) with its defaults.
ece_scorer = ProbabilityScorer(expected_calibration_error, -1, {})
#: Negative class-wise expected calibration error with its defaults.
classwise_ece_scorer = ProbabilityScorer(classwise_calibration_error, -1, {})
#: Negative debiased squared calibration error with its defaults; NaN in folds of few songs.
debiased_ece_scorer = ProbabilityScorer(debiased_calibration_error, -1, {})
#: Negative area under the risk-coverage curve.
aurc_scorer = ProbabilityScorer(area_under_risk_coverage, -1, {})
#: Negative area under the generalized risk-coverage curve.
augrc_scorer = ProbabilityScorer(area_under_generalized_risk_coverage, -1, {})


def reliability_scorers(*, max_risk=0.1, coverage=0.8):
    """All scorers of this package by name, for searches and cross-validation over several.

    All of them are taken from one call of ``predict_proba``, and the predicted class is that of
    the greatest probability. Greater is better throughout: losses and errors are negative. To
    choose a model take a proper score, ``refit="nll"`` or ``"brier"``: a calibration error
    alone is content with a model that says the same of every song.

    Parameters
    ----------
    max_risk : float, default=0.1
        Share of wrong predictions allowed, for ``"coverage_at_risk"``.
    coverage : float, default=0.8
        Share of songs answered, for ``"accuracy_at_coverage"``.

    Returns
    -------
    scorers : dict of str to ProbabilityScorer
        ``nll``, ``brier``, ``accuracy``, ``macro_f1``, ``ece``, ``equal_mass_ece``,
        ``classwise_ece``, ``debiased_ece``, ``aurc``, ``augrc``, ``coverage_at_risk`` and
        ``accuracy_at_coverage``. A new dict: take out or add what you like.

    Raises
    ------
    ValueError
        If ``max_risk`` or ``coverage`` is no such share.

    See Also
    --------
    ProbabilityScorer : Makes a scorer with other options, such as fewer bins.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_skd.metrics import reliability_scorers
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     GaussianNB(),
    ...     {"var_smoothing": [1e-9, 0.1]},
    ...     scoring=reliability_scorers(coverage=0.9),
    ...     refit="nll",
    ... ).fit(X, y)
    >>> search.cv_results_["mean_test_accuracy_at_coverage"].round(2)
    array([0.98, 0.97])
    """
    check_working_point(max_risk=max_risk, coverage=coverage)
    return {
        "nll": nll_scorer,
        "brier": brier_scorer,
        "accuracy": ProbabilityScorer(_accuracy, 1, {}),
        "macro_f1": ProbabilityScorer(_macro_f1, 1, {}),
        "ece": ece_scorer,
        "equal_mass_ece": ProbabilityScorer(
            expected_calibration_error, -1, {"strategy": "quantile"}
        ),
        "classwise_ece": classwise_ece_scorer,
        "debiased_ece": debiased_ece_scorer,
        "aurc": aurc_scorer,
        "augrc": augrc_scorer,
        "coverage_at_risk": ProbabilityScorer(coverage_at_risk, 1, {"max_risk": max_risk}),
        "accuracy_at_coverage": ProbabilityScorer(accuracy_at_coverage, 1, {"coverage": coverage}),
    }
