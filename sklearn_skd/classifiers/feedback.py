"""Learning from feedback after deployment: the student stays, its calibration moves (section 5)."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import Interval, _fit_context
from sklearn_skd.calibration import fit_temperature, fit_temperature_and_bias
from sklearn_skd.classifiers._feedback import FeedbackMemory, check_listeners
from sklearn_skd.classifiers._prefit import PrefitCalibrator

__all__ = ["FeedbackCalibrator"]


class FeedbackCalibrator(PrefitCalibrator):
    r"""A fitted classifier whose calibration follows the feedback that arrives.

    The classifier is frozen. What moves is the temperature :math:`\tau_c` of eq. 9 and, with
    `class_bias`, a bias a class: those of the population from all feedback, and those of each
    listener (or group of listeners) from his or her own:

    .. math:: \hat{p}_{ik} \propto \exp(o_{ik} / \tau_g + b_{gk})

    Listeners are kept near the population, the more the less they have told; an unknown one gets
    the population's probabilities.

    Parameters
    ----------
    estimator : fitted classifier
        As in :class:`TemperatureCalibratedClassifier`, which it may be.

    class_bias : bool, default=False
        Whether the classes have biases, so that feedback can change the predicted class. Without,
        only how sure the probabilities are.

    prior_strength : float, default=80.0
        How much a prior counts, in feedbacks, above 0: a listener is kept near the population and
        the population near the estimator, as if each had that many feedbacks that agree. Each
        bias and the logarithm of the temperature have a normal prior with a variance of
        ``n_classes / prior_strength``.

    half_life : float or None, default=1000.0
        Number of later feedbacks after which one counts half: of all of them for the population,
        of the listener's own for a listener. None: none fades.

    max_step : float, default=0.1
        How far one feedback may move the logarithm of a temperature, or a bias, of anybody; n
        feedbacks in one call together n times as far.

    memory : int, default=2000
        Number of feedbacks that are remembered, of all listeners together. The oldest is
        forgotten first, and a listener of whom nothing is remembered is unknown again.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Of the estimator.

    temperature_ : float
        :math:`\tau_c` of the population.

    bias_ : ndarray of shape (n_classes,)
        Biases of the population; zeros without `class_bias`.

    groups_ : DataFrame of shape (n_groups, 2 + n_classes)
        Columns ``n_feedbacks`` (remembered), ``temperature`` and ``bias_<class>``, one row a known
        listener.

    n_feedbacks_ : int
        Number of feedbacks so far, the forgotten included.

    n_features_in_, feature_names_in_
        Of the estimator, if it has them.

    See Also
    --------
    TemperatureCalibratedClassifier : Calibrated once.

    Notes
    -----
    **Each update** finds the temperature and biases with the least penalised log-loss on the
    remembered feedback, each weighted by its age, and goes there no further than `max_step`
    allows: one wrong or malicious feedback does little, many that agree have their way. First
    the population is updated, then the listeners who told something. The others keep their
    distance to the population. As in the calibrators, the first fit may be on held-out songs:
    they are the population's first feedbacks, of nobody in particular and without a bound on the
    step.

    **Order.** Rows of one call arrive in their order, the last is the newest. The result is
    deterministic. A call with many rows is one step, and not the same as many calls.

    **Bounded.** Memory and cost of an update do not grow beyond `memory` feedbacks, however many
    arrive from however many listeners. One busy listener can displace the others: ask for
    `sample_weight` or leave some of the feedback out if that matters.

    **A caveat.** Feedback is seldom a fair sample: people answer where they disagree. The
    calibration then follows those who answer.

    References
    ----------
    The paper's outlook: calibration that follows the listeners.

    Efron, Morris (1975), Data analysis using Stein's estimator and its generalizations, Journal of
    the American Statistical Association 70, 311-319. Shrinkage towards what all have in common.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_skd import FeedbackCalibrator
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=500).fit(X[::2], y[::2])
    >>> calibrated = FeedbackCalibrator(model, class_bias=True).fit(X[1::4], y[1::4])

    Ann agrees with the labels; what is class 1 for her is class 2 for Eve:

    >>> songs, ann = X[3::4], y[3::4]
    >>> eve = np.where(ann == 1, 2, ann)
    >>> calibrated = calibrated.partial_fit(
    ...     np.r_[songs, songs], np.r_[ann, eve], groups=["ann"] * 37 + ["eve"] * 37
    ... )
    >>> calibrated.predict(X[[50, 50]], groups=["ann", "eve"])
    array([1, 2])
    """

    _parameter_constraints = {
        **PrefitCalibrator._parameter_constraints,
        "prior_strength": [Interval(Real, 0, None, closed="neither")],
        "half_life": [Interval(Real, 0, None, closed="neither"), None],
        "max_step": [Interval(Real, 0, None, closed="neither")],
        "memory": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator,
        *,
        class_bias=False,
        prior_strength=80.0,
        half_life=1000.0,
        max_step=0.1,
        memory=2000,
    ):
        self.estimator = estimator
        self.class_bias = class_bias
        self.prior_strength = prior_strength
        self.half_life = half_life
        self.max_step = max_step
        self.memory = memory

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator is the user's
    def fit(self, X, y, sample_weight=None):
        """Forget all feedback, and calibrate the population on held-out songs.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them. Songs that it was not fitted on. Of more than `memory`
            the last are remembered.

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
        """
        self._adopt_classes()
        logits, codes, weight = self._labelled_logits(X, y, sample_weight)
        self._start()
        nobody = check_listeners(None, len(codes))
        arrival = np.zeros(len(codes), dtype=int)
        songs = FeedbackMemory(logits, codes, weight, nobody, arrival)
        self._feedback = self._feedback.then(songs.take(weight > 0), at_most=self.memory)
        self._update_population(np.inf)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, *, groups=None, sample_weight=None):
        """Learn from feedback.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them, in the order of the feedback: the newest last.

        y : array-like of shape (n_songs,)
            What the listeners said, from the estimator's classes.

        groups : array-like of shape (n_songs,), default=None
            The listener of each row, or a group of listeners; None and NaN: nobody in particular,
            for the population alone.

        sample_weight : array-like of shape (n_songs,), default=None
            Non-negative weights; a row of weight 0 is ignored. A weight does not widen the bound
            on the step.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a label is missing or no class of the estimator, or a group is no name. Nothing is
            learned then from any row.
        """
        if not hasattr(self, "temperature_"):
            self._adopt_classes()
        elif list(self.estimator.classes_) != self.classes_.tolist():
            raise ValueError(
                f"The estimator knows the classes {list(self.estimator.classes_)}, the feedback so "
                f"far was about {self.classes_.tolist()}: call fit to begin anew."
            )
        logits, codes, weight = self._labelled_logits(X, y, sample_weight, allow_none=True)
        names = check_listeners(groups, len(codes))
        if not hasattr(self, "temperature_"):
            self._start()
        arrival = self.n_feedbacks_ + np.cumsum(weight > 0)
        newer = FeedbackMemory(logits, codes, weight, names, arrival)
        if (weight > 0).any():
            self._learn(newer.take(weight > 0))
        return self

    def decision_function(self, X, groups=None):
        """Calibrated logits.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        groups : array-like of shape (n_songs,), default=None
            For whom: the listener of each row. None, NaN and unknown ones are the population.

        Returns
        -------
        scores : ndarray of shape (n_songs, n_classes), or (n_songs,) for two classes
            Their softmax is :meth:`predict_proba`; for two classes the margin.
        """
        return self._scores(*self._calibration(X, groups))

    def predict_proba(self, X, groups=None):
        """Calibrated probabilities.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        groups : array-like of shape (n_songs,), default=None
            For whom: the listener of each row. None, NaN and unknown ones are the population.

        Returns
        -------
        proba : ndarray of shape (n_songs, n_classes)
            In the order of ``classes_``; rows sum to 1.
        """
        return self._proba(*self._calibration(X, groups))

    def predict(self, X, groups=None):
        """The most probable class.

        Parameters
        ----------
        X : array-like, DataFrame or mapping of n_songs songs
            As the estimator reads them.

        groups : array-like of shape (n_songs,), default=None
            For whom: the listener of each row. None, NaN and unknown ones are the population.

        Returns
        -------
        labels : ndarray of shape (n_songs,)
            From ``classes_``; those of the estimator's logits without `class_bias`.
        """
        return self._labels(*self._calibration(X, groups))

    @property
    def groups_(self):
        """What is known of each listener, one row each."""
        check_is_fitted(self)
        columns = ["n_feedbacks", "temperature", *(f"bias_{label}" for label in self.classes_)]
        names = list(self._deviation)
        rows = []
        for name in names:
            place = self._place(name)
            told = len(self._feedback.of(name))
            rows.append((told, np.exp(place[0]), *place[1:]))
        index = pd.Index(names, dtype=object, name="group", tupleize_cols=False)
        return pd.DataFrame(rows, index=index, columns=columns)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "temperature_")

    # A place is an array of 1 + n_classes numbers: log temperature and biases.

    def _start(self):
        n_classes = len(self.classes_)
        self.n_feedbacks_ = 0
        self._feedback = FeedbackMemory.empty(n_classes)
        self._deviation = {}  # of each listener from the population
        self._move_population(np.zeros(1 + n_classes))

    def _learn(self, newer):
        told = {name: list(newer.group).count(name) for name in dict.fromkeys(newer.group)}
        told.pop(None, None)
        before = {name: self._place(name) for name in told}
        self.n_feedbacks_ += len(newer)
        self._feedback = self._feedback.then(newer, at_most=self.memory)
        self._update_population(len(newer) * self.max_step)
        remembered = set(self._feedback.group)
        for name, count in told.items():
            if name in remembered:
                target = self._best_place(self._feedback.of(name), self._population())
                # own steps from where the population took the listener, all steps from before
                place = _towards(self._place(name), target, count * self.max_step)
                place = _towards(before[name], place, len(newer) * self.max_step)
                self._deviation[name] = place - self._population()
        self._deviation = {
            name: kept for name, kept in self._deviation.items() if name in remembered
        }

    def _update_population(self, furthest):
        target = self._best_place(self._feedback, np.zeros(1 + len(self.classes_)))
        self._move_population(_towards(self._population(), target, furthest))

    def _move_population(self, place):
        self.temperature_, self.bias_ = float(np.exp(place[0])), place[1:]

    def _population(self):
        return np.r_[np.log(self.temperature_), self.bias_]

    def _place(self, name):
        return self._population() + self._deviation.get(name, 0.0)

    def _best_place(self, feedback, prior):
        """Where the penalised log-loss of this feedback is least."""
        strength = self.prior_strength / len(self.classes_)
        told = {"sample_weight": feedback.faded(self.half_life), "shrinkage": strength}
        logits = feedback.logits / np.exp(prior[0])  # the prior on log(tau) is around 0
        if self.class_bias:
            temperature, bias = fit_temperature_and_bias(
                logits, feedback.codes, bias_shrinkage=strength, prior_bias=prior[1:], **told
            )
        else:
            temperature, bias = fit_temperature(logits, feedback.codes, **told), prior[1:]
        return np.r_[np.log(temperature) + prior[0], bias]

    def _calibration(self, X, groups):
        """Logits, and the temperature and biases of each song's listener."""
        check_is_fitted(self)
        logits = self._logits(X)
        names = check_listeners(groups, len(logits))
        known = {name: self._place(name) for name in {None, *names}}
        places = np.array([known[name] for name in names]).reshape(len(names), -1)
        return logits, np.exp(places[:, :1]), places[:, 1:]


def _towards(place, target, furthest):
    """From `place` to `target`, in no coordinate further than `furthest`."""
    return place + np.clip(target - place, -furthest, furthest)
