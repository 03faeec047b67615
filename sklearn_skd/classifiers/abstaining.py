"""Answering only where it is safe: a classifier that abstains (paper section 4.6)."""

from numbers import Real

import numpy as np
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import HasMethods, Interval, StrOptions, _fit_context
from sklearn_skd._warnings import warn_user
from sklearn_skd.classifiers._steps import check_prefit, split_steps, transform
from sklearn_skd.classifiers._working_point import at_coverage, at_risk, is_right
from sklearn_skd.distillation.weights import nonnegative_logistic

__all__ = ["AbstainingClassifier"]

# probabilities of exactly 0 and 1 have no logit
_SMALLEST = 1e-6


class AbstainingClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A fitted classifier that leaves songs it is unsure of to somebody else.

    `fit` trains nothing. It looks at songs that were held out, and finds the threshold of the
    score above which a wanted share of songs is answered (`coverage`), or as many as can be
    answered with no more than a share of errors (`max_risk`).

    Parameters
    ----------
    estimator : fitted classifier with `predict_proba`
        Also a Pipeline or search that ends in one. It is neither cloned nor fitted; wrap it in
        :class:`sklearn.frozen.FrozenEstimator` if this classifier is to be cloned itself.

    by : {"confidence", "credibility", "both"}, default="confidence"
        The score that decides: the probability of the most probable class; the credibility of the
        song as the student predicts it (`predict_credibility`); or the probability of being right
        that a logistic regression on both gives, which is learned from the held-out songs and
        rises with each.

    coverage : float or None, default=None
        Share of songs to answer, in (0, 1].

    max_risk : float or None, default=None
        Largest share of wrong predictions among the answered songs, in (0, 1). Set this or
        `coverage`, not both.

    confidence_level : float, default=0.95
        With which the risk of new songs like the held-out ones is no more than `risk_bound_`,
        and so, with `max_risk`, than that.

    reject_label : str, int, float or None, default=None
        What `predict` says of songs that it abstains from, such as ``"abstain"`` or -1. Of the
        kind of the classes and none of them. None: it answers all songs, and :meth:`abstains`
        says which answers not to use.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Of the estimator, without `reject_label`.

    threshold_ : float
        Songs whose score is no less are answered. Infinity if all are abstained from.

    coverage_ : float
        Share of the held-out songs that is answered.

    risk_ : float
        Share of wrong predictions among them; NaN if there are none.

    risk_bound_ : float
        Upper confidence bound of the risk.

    coef_ : ndarray of shape (2,)
        Weights of logit(confidence) and credibility, not negative. Only with ``by="both"``.

    intercept_ : float
        Only with ``by="both"``.

    See Also
    --------
    sklearn_skd.metrics.risk_coverage_curve : All thresholds at once.
    sklearn_skd.display.RiskCoverageDisplay : The same as a diagram.

    Notes
    -----
    **The risk target** is certified as in learn-then-test: from the most confident songs on, one
    more is accepted as long as the Clopper-Pearson bound is below the target, starting with the
    upper 10, 25 and 50 % of the songs, each at a third of ``1 - confidence_level``. For songs
    drawn like the held-out ones the risk is then no more than `max_risk` with `confidence_level`.
    This takes many songs: 39 answers, none of them wrong, certify a risk of 10 %. With
    ``by="both"`` the same songs rank and certify, so that the statement holds approximately. Where
    several held-out songs are of one artist, or new songs come from elsewhere, it does not hold.

    `score` and scikit-learn's scorers count a `reject_label` as a wrong answer.

    References
    ----------
    Geifman, El-Yaniv (2017), Selective classification for deep neural networks, NeurIPS.

    Angelopoulos et al. (2021), Learn then test: calibrating predictive algorithms to achieve risk
    control, arXiv:2110.01052.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_skd import AbstainingClassifier
    >>> X, y = make_classification(n_samples=300, flip_y=0.2, random_state=0)
    >>> model = GaussianNB().fit(X[:100], y[:100])
    >>> careful = AbstainingClassifier(model, coverage=0.6, reject_label=-1)
    >>> careful.fit(X[100:200], y[100:200]).predict(X[200:210])
    array([ 1,  1,  0,  0,  1, -1, -1, -1,  1,  0])
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["predict", "predict_proba"])],
        "by": [StrOptions({"confidence", "credibility", "both"})],
        "coverage": [Interval(Real, 0, 1, closed="right"), None],
        "max_risk": [Interval(Real, 0, 1, closed="neither"), None],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "reject_label": [str, Real, None],
    }

    def __init__(
        self,
        estimator,
        *,
        by="confidence",
        coverage=None,
        max_risk=None,
        confidence_level=0.95,
        reject_label=None,
    ):
        self.estimator = estimator
        self.by = by
        self.coverage = coverage
        self.max_risk = max_risk
        self.confidence_level = confidence_level
        self.reject_label = reject_label

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator is the user's
    def fit(self, X, y):
        """Find the threshold.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them. Songs that it was not fitted on.

        y : array-like of shape (n_songs,)
            Their labels.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If not exactly one of `coverage` and `max_risk` is set, if `reject_label` is a class
            or of another kind than the classes, if a song has no label, or if the classifier
            predicts no credibility that `by` asks for.

        Warns
        -----
        UserWarning
            If no risk as low as `max_risk` can be certified.
        """
        self._check_target()
        transformers, classifier = self._check_estimator()
        self.classes_ = np.asarray(classifier.classes_)
        self._check_reject_label()
        X = transform(transformers, X)
        right = is_right(y, classifier.predict(X), classes=self.classes_)
        for attribute in ("coef_", "intercept_"):
            self.__dict__.pop(attribute, None)
        if self.by == "both":
            self._learn_to_combine(classifier, X, right)
        score = self._score(classifier, X)
        if self.max_risk is None:
            point = at_coverage(right, score, self.coverage, level=self.confidence_level)
        else:
            point = at_risk(right, score, self.max_risk, level=self.confidence_level)
        self.threshold_, self.coverage_, self.risk_, self.risk_bound_ = point
        return self

    def predict(self, X):
        """The estimator's answer, or `reject_label` where that is set and the score too low.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        labels : ndarray of shape (n_songs,)
            From ``classes_``, or `reject_label`.
        """
        check_is_fitted(self)
        transformers, classifier = split_steps(self.estimator)
        X = transform(transformers, X)
        labels = np.asarray(classifier.predict(X))
        if self.reject_label is None:
            return labels
        reject = self._score(classifier, X) < self.threshold_
        if labels.dtype == object:
            labels = labels.copy()
            labels[reject] = self.reject_label
            return labels
        return np.where(reject, np.asarray(self.reject_label), labels)

    def abstains(self, X):
        """Whether the answer had better not be used.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        flag : ndarray of bool of shape (n_songs,)
        """
        return self.score_samples(X) < self.threshold_

    def score_samples(self, X):
        """The score that decides.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        score : ndarray of shape (n_songs,)
            In [0, 1]; see `by`.
        """
        check_is_fitted(self)
        transformers, classifier = split_steps(self.estimator)
        return self._score(classifier, transform(transformers, X))

    def predict_proba(self, X):
        """Probabilities of the classes, those of the estimator for all songs.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        proba : ndarray of shape (n_songs, n_classes)
            In the order of ``classes_``.
        """
        check_is_fitted(self)
        return self.estimator.predict_proba(X)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "threshold_")

    def _check_target(self):
        if (self.coverage is None) == (self.max_risk is None):
            given = "neither" if self.coverage is None else "both"
            raise ValueError(
                "Set coverage (the share of songs to answer) or max_risk (the share of errors "
                f"among the answers), one of them; got {given}."
            )

    def _check_estimator(self):
        transformers, classifier = split_steps(self.estimator)
        check_prefit(classifier, caller="AbstainingClassifier")
        if self.by != "confidence" and not hasattr(classifier, "predict_credibility"):
            raise ValueError(
                f"by={self.by!r} needs a classifier with predict_credibility, such as "
                f"SKDStudentClassifier; {type(classifier).__name__} has none. Use "
                'by="confidence".'
            )
        return transformers, classifier

    def _check_reject_label(self):
        if self.reject_label is None:
            return
        if self.reject_label in self.classes_.tolist():
            raise ValueError(
                f"reject_label={self.reject_label!r} is one of the classes "
                f"{self.classes_.tolist()}: choose a label that is none of them."
            )
        kind = self.classes_.dtype.kind
        fits = kind == "O" or np.asarray(self.reject_label).dtype.kind in {
            "U": "U",
            "i": "iu",
            "u": "iu",
            "f": "iuf",
        }.get(kind, "")
        if not fits:
            raise ValueError(
                f"reject_label={self.reject_label!r} cannot stand among the classes, which are "
                f"{self.classes_.dtype}: choose a label of their kind, or leave it out and use "
                "abstains(X)."
            )

    def _learn_to_combine(self, classifier, X, right):
        """Probability of being right, by the songs at hand; rises with either column."""
        columns = _columns(classifier, X)
        centre, scale = columns.mean(axis=0), columns.std(axis=0)
        scale[scale < 1e-8] = np.inf  # a constant column says nothing
        if 0 < right.mean() < 1:
            slope, offset = nonnegative_logistic((columns - centre) / scale, right, 1.0)
        else:
            warn_user(
                f'by="both" has nothing to learn from: all {len(right)} held-out songs are '
                f"predicted {'right' if right.all() else 'wrong'}. The confidence alone decides."
            )
            slope, offset = np.array([1.0, 0.0]), 0.0
        self.coef_ = slope / scale
        self.intercept_ = float(offset - centre @ self.coef_)

    def _score(self, classifier, X):
        if self.by == "confidence":
            return np.asarray(classifier.predict_proba(X)).max(axis=1)
        if self.by == "credibility":
            return np.asarray(classifier.predict_credibility(X))
        return expit(_columns(classifier, X) @ self.coef_ + self.intercept_)


def _columns(classifier, X):
    """What `by="both"` puts together: logit(confidence) and credibility."""
    confidence = np.asarray(classifier.predict_proba(X), dtype=float).max(axis=1)
    confidence = np.clip(confidence, _SMALLEST, 1 - _SMALLEST)
    return np.column_stack([logit(confidence), classifier.predict_credibility(X)])
