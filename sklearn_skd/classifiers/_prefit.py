"""What the calibrators around a fitted classifier share: its logits, its classes, its songs."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils.validation import check_consistent_length, column_or_1d

from sklearn_skd._sklearn import HasMethods, _check_sample_weight
from sklearn_skd.calibration import temperature_softmax
from sklearn_skd.calibration._checks import class_columns
from sklearn_skd.classifiers._steps import check_prefit, split_steps
from sklearn_skd.metrics._validation import unmasked

__all__ = ["PrefitCalibrator"]

# probabilities of exactly 0 have no logarithm; scikit-learn's calibrator adds as much
_SMALLEST = 1e-12


class PrefitCalibrator(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Base of the calibrators whose `estimator` is fitted already and stays as it is."""

    _parameter_constraints = {
        "estimator": [HasMethods(["predict_proba"]), HasMethods(["decision_function"])],
        "class_bias": ["boolean"],
    }

    def _adopt_classes(self):
        """Set what is known of the estimator; NotFittedError if it is not fitted."""
        check_prefit(self.estimator, caller=type(self).__name__)
        self.classes_ = np.asarray(self.estimator.classes_)
        for attribute in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(attribute, None)
            if hasattr(self.estimator, attribute):
                setattr(self, attribute, getattr(self.estimator, attribute))

    def _labelled_logits(self, X, y, sample_weight, *, allow_none=False):
        """Logits, codes of the labels and weights of songs to learn from, if there are any."""
        codes = _encode(y, self.classes_)
        logits = self._logits(X)
        check_consistent_length(logits, codes)
        weight = _check_sample_weight(
            sample_weight,
            logits,
            dtype=np.float64,
            ensure_non_negative=True,
            allow_all_zero_weights=allow_none,
        )
        return logits, codes, weight

    def _logits(self, X):
        """The estimator's logits, with a column a class.

        As scikit-learn's calibrator reads them: the decision function first, then log(p).
        """
        n_classes = len(self.classes_)
        if hasattr(self.estimator, "decision_function"):
            scores = np.asarray(self.estimator.decision_function(X), dtype=np.float64)
            _, last = split_steps(self.estimator)
            # a column a pair of classes, which are as many as three classes
            pairs = n_classes > 2 and getattr(last, "decision_function_shape", None) == "ovo"
            if scores.shape[1:] == ((n_classes,) if n_classes > 2 else ()) and not pairs:
                return class_columns(scores)
        if not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"The decision function of this {type(self.estimator).__name__} has shape "
                f"{scores.shape}, which are no logits of {n_classes} classes, and it has no "
                "predict_proba: wrap it in sklearn.calibration.CalibratedClassifierCV first."
            )
        proba = np.asarray(self.estimator.predict_proba(X), dtype=np.float64)
        return np.log(proba + _SMALLEST)

    def _scores(self, logits, temperature, bias):
        scores = logits / temperature + bias
        return scores if len(self.classes_) > 2 else scores[:, 1] - scores[:, 0]

    def _proba(self, logits, temperature, bias):
        return temperature_softmax(logits / temperature + bias, 1.0)

    def _labels(self, logits, temperature, bias):
        """The most probable class; without bias exactly that of the logits, rounding or not."""
        return self.classes_[np.argmax(logits + temperature * bias, axis=1)]


def _encode(y, classes):
    """Index into `classes` of each label; ValueError names the row of one that is not there."""
    y = column_or_1d(np.array(y, dtype=object) if isinstance(y, list | tuple) else unmasked(y))
    column = {label: index for index, label in enumerate(classes.tolist())}
    labels = y.tolist()
    codes = np.array([column.get(label, -1) for label in labels], dtype=int)
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        advice = (
            "leave songs without a label out"
            if pd.isna(labels[row])
            else "leave this song out, or fit the estimator on songs of this class first"
        )
        raise ValueError(
            f"y[{row}] = {labels[row]!r} is no class of the estimator, which knows "
            f"{classes.tolist()}: {advice}."
        )
    return codes
