"""Temperature, and biases if wanted, around a fitted classifier (paper section 3.4, eq. 9)."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import Interval, _fit_context
from sklearn_skd.calibration import fit_temperature, fit_temperature_and_bias
from sklearn_skd.classifiers._prefit import PrefitCalibrator

__all__ = ["TemperatureCalibratedClassifier"]


class TemperatureCalibratedClassifier(PrefitCalibrator):
    r"""A fitted classifier with calibrated probabilities.

    .. math:: \hat{p}_{ik} = \frac{\exp(o_{ik} / \tau_c + b_k)}
              {\sum_{j=1}^{K} \exp(o_{ij} / \tau_c + b_j)} \qquad (9)

    with :math:`b = 0` unless `class_bias` is set. `fit` trains the estimator no further; it looks
    at songs that were held out. The temperature alone never changes the predicted class.

    Parameters
    ----------
    estimator : fitted classifier
        With `decision_function` or `predict_proba`; also a Pipeline or search that ends in one.
        It is neither cloned nor fitted; wrap it in :class:`sklearn.frozen.FrozenEstimator` if
        this classifier is to be cloned itself. Where `decision_function` gives a logit a class
        (a margin for two classes), it is read; else the logarithm of the probabilities.

    class_bias : bool, default=False
        Whether each class also gets a bias :math:`b_k`: for data whose classes are rarer or more
        frequent than in the estimator's training, or which it saw balanced. Predicted classes
        can then change.

    shrinkage : float, default=0.0
        Strength of a prior that keeps the temperature near 1 where few songs were held out; see
        :func:`~sklearn_skd.calibration.fit_temperature`. 0 agrees with scikit-learn; 5 suits a
        few dozen songs.

    bias_shrinkage : float, default=1.0
        Strength of a prior that keeps the biases near 0 where few songs were held out, above 0;
        see :func:`~sklearn_skd.calibration.fit_temperature_and_bias`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Of the estimator.

    temperature_ : float
        :math:`\tau_c`, in [0.01, 100]; beside a temperature that the estimator has already.

    bias_ : ndarray of shape (n_classes,)
        :math:`b`; zeros without `class_bias`.

    n_features_in_, feature_names_in_
        Of the estimator, if it has them.

    See Also
    --------
    FeedbackCalibrator : Goes on learning from feedback, for each listener if wanted.
    sklearn.calibration.CalibratedClassifierCV : With ``method="temperature"`` around a frozen
        estimator it gives the same probabilities as this class without `class_bias`.

    Notes
    -----
    :class:`SKDStudentClassifier` calibrates itself by default, on pooled predictions of its inner
    folds. This class is for any other classifier, and for songs that came later.

    scikit-learn's temperature of a binary margin is twice this one, since it reads a margin m as
    the logits (-m, m); the probabilities are the same.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks, ICML.

    Alexandari, Kundaje, Shrikumar (2020), Maximum likelihood with bias-corrected calibration is
    hard-to-beat at label shift adaptation, ICML.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_skd import TemperatureCalibratedClassifier
    >>> X, y = make_classification(n_samples=300, n_redundant=10, flip_y=0.2, random_state=0)
    >>> model = GaussianNB().fit(X[:100], y[:100])
    >>> calibrated = TemperatureCalibratedClassifier(model).fit(X[100:], y[100:])
    >>> calibrated.temperature_ > 2  # dependent columns make naive Bayes far too sure
    True
    """

    _parameter_constraints = {
        **PrefitCalibrator._parameter_constraints,
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "bias_shrinkage": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, estimator, *, class_bias=False, shrinkage=0.0, bias_shrinkage=1.0):
        self.estimator = estimator
        self.class_bias = class_bias
        self.shrinkage = shrinkage
        self.bias_shrinkage = bias_shrinkage

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator is the user's
    def fit(self, X, y, sample_weight=None):
        """Find the temperature, and the biases if wanted.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them. Songs that it was not fitted on.

        y : array-like of shape (n_songs,)
            Their labels, from the estimator's classes.

        sample_weight : array-like of shape (n_songs,), default=None
            Non-negative weights.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a label is missing or no class of the estimator.

        Warns
        -----
        UserWarning
            If the temperature is at a bound, or has no effect.
        """
        self._adopt_classes()
        logits, codes, weight = self._labelled_logits(X, y, sample_weight)
        strength = {"sample_weight": weight, "shrinkage": self.shrinkage}
        if self.class_bias:
            self.temperature_, self.bias_ = fit_temperature_and_bias(
                logits, codes, bias_shrinkage=self.bias_shrinkage, **strength
            )
        else:
            self.temperature_ = fit_temperature(logits, codes, **strength)
            self.bias_ = np.zeros(len(self.classes_))
        return self

    def decision_function(self, X):
        """Calibrated logits.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        scores : ndarray of shape (n_songs, n_classes), or (n_songs,) for two classes
            Their softmax is :meth:`predict_proba`; for two classes the margin.
        """
        check_is_fitted(self)
        return self._scores(self._logits(X), self.temperature_, self.bias_)

    def predict_proba(self, X):
        """Calibrated probabilities (eq. 9).

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        proba : ndarray of shape (n_songs, n_classes)
            In the order of ``classes_``; rows sum to 1.
        """
        check_is_fitted(self)
        return self._proba(self._logits(X), self.temperature_, self.bias_)

    def predict(self, X):
        """The most probable class.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        Returns
        -------
        labels : ndarray of shape (n_songs,)
            From ``classes_``; those of the estimator's logits without `class_bias`.
        """
        check_is_fitted(self)
        return self._labels(self._logits(X), self.temperature_, self.bias_)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "temperature_")
