"""What the teacher and the student have in common: parameters, prediction, persistence."""

from collections.abc import Mapping
from dataclasses import asdict
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import Interval
from sklearn_skd.calibration import temperature_softmax
from sklearn_skd.classifiers._net import TrainingPlan, exact_inference, run_net, train_net
from sklearn_skd.classifiers._rows import take_songs
from sklearn_skd.classifiers._selection import select
from sklearn_skd.classifiers._sources import check_sources, select_sources

__all__ = ["NetClassifier"]


class NetClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Base of the classifiers whose fitted part is an ensemble of nets.

    Subclasses set ``sources_`` (tuple of Source), ``net_`` (Ensemble), ``classes_`` and
    ``temperature_``, and define ``_make_net``.
    """

    _parameter_constraints = {
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _fit_net(self, sources, arrays, loss, targets, splits, seeds, context):
        """Decide on the splits, then train the members on all songs.

        Parameters
        ----------
        sources, arrays : dict of ndarray
            What the net and the loss read, one row a song.

        loss : callable
            See :func:`train_net`; picklable.

        targets : Targets
            Of the same songs.

        splits : list of Split
            Empty: train for `max_epochs`, leave the temperature at 1.

        seeds : sequence of int
            One a member.

        context : CallbackContext
            Gets one subtask a split and one for the final training.
        """
        selection = None
        if splits:
            selection = self._validate(sources, loss, targets, splits, seeds, context)
        self._fit_all(sources, arrays, loss, selection, seeds, context)

    def _validate(self, sources, loss, targets, splits, seeds, context):
        """Train on each split; see :meth:`_fit_net`. Returns the Selection."""
        jobs = []
        for split in splits:
            train = take_songs(sources, split.train)
            valid = (
                take_songs(sources, split.valid),
                targets.distribution[split.valid],
                targets.sample_weight[split.valid],
            )
            jobs += [(train, split.arrays, seed, self.max_epochs, valid) for seed in seeds]
        curves = [curve for _, curve in self._train_nets(jobs, loss, context, "validation")]
        runs = [curves[i : i + len(seeds)] for i in range(0, len(curves), len(seeds))]
        return select(runs, splits, targets, choose_epoch=self.patience is not None)

    def _fit_all(self, sources, arrays, loss, selection, seeds, context):
        """Train the members on all songs, as long as was decided."""
        n_epochs = self.max_epochs if selection is None else selection.n_epochs
        self.temperature_ = 1.0 if selection is None else selection.temperature
        jobs = [(sources, arrays, seed, n_epochs, None) for seed in seeds]
        members = self._train_nets(jobs, loss, context, "all songs")
        self.net_ = exact_inference([net for net, _ in members])
        self.n_iter_ = len(members[0][1].train_loss)
        if selection is not None:
            self.history_ = selection.history
        else:
            # a callback may have ended one earlier than another
            n_epochs = min(len(curve.train_loss) for _, curve in members)
            losses = [curve.train_loss[:n_epochs] for _, curve in members]
            train_loss, epoch = np.mean(losses, axis=0), np.arange(1, n_epochs + 1)
            self.history_ = pd.DataFrame({"epoch": epoch, "train_loss": train_loss})

    def _train_nets(self, jobs, loss, context, task):
        """Train one net a job of (sources, arrays, seed, epochs, validation songs or None)."""
        task = context.subcontext(task_name=task, max_subtasks=len(jobs))
        task.call_on_fit_task_begin(estimator=self)
        calls = []
        for sources, arrays, seed, max_epochs, valid in jobs:
            plan = TrainingPlan(
                max_epochs=max_epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                device=self.device,
                seed=int(seed),
                patience=None if valid is None else self.patience,
            )
            epochs = task.subcontext(task_name="epochs", max_subtasks=self.max_epochs)
            calls.append((self, sources, arrays, loss, plan, valid, epochs))
        if len(calls) == 1:  # here: n_jobs=None can be all workers of a cluster
            trained = [_train_member(*calls[0])]
        else:
            trained = Parallel(n_jobs=self.n_jobs)(delayed(_train_member)(*call) for call in calls)
        task.call_on_fit_task_end(estimator=self)
        return trained

    def _inputs(self, X):
        """The arrays that the net reads, of songs to predict."""
        names = [source.name for source in self.sources_]
        if isinstance(X, Mapping) and not issparse(X):  # sources it does not use stay unread
            X = select_sources(X, names, what=f"This {type(self).__name__}")
        sources = check_sources(self, X, reset=False)
        for source in self.sources_:
            values = sources[source.name]
            kind = {3: "series", 2: "categories" if values.dtype.kind == "i" else "vector"}
            if kind[values.ndim] != source.kind or values.shape[1] != source.size:
                raise ValueError(
                    f"Source {source.name!r} has {values.shape[1]} columns of kind "
                    f"{kind[values.ndim]}; this {type(self).__name__} was fitted with "
                    f"{source.size} of kind {source.kind}."
                )
        return sources

    def _run(self, X, method="__call__"):
        return run_net(self.net_, self._inputs(X), method=method)

    def _calibrated_logits(self, logits):
        return logits / self.temperature_

    def decision_function(self, X):
        """Calibrated logits.

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            The songs.

        Returns
        -------
        scores : ndarray of shape (n_songs, n_classes), or (n_songs,) for two classes
            Logits divided by the calibration temperature, so that their softmax is
            :meth:`predict_proba`; for two classes the margin, whose sigmoid is the probability
            of ``classes_[1]``.
        """
        check_is_fitted(self)
        scores = self._calibrated_logits(self._run(X)["logits"])
        return scores if len(self.classes_) > 2 else scores[:, 1] - scores[:, 0]

    def predict_proba(self, X):
        """Calibrated probabilities of the emotions (eq. 9).

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            The songs.

        Returns
        -------
        proba : ndarray of shape (n_songs, n_classes)
            In the order of ``classes_``; rows sum to 1.
        """
        check_is_fitted(self)
        return temperature_softmax(self._run(X)["logits"], self.temperature_)

    def predict(self, X):
        """The most probable emotion.

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            The songs.

        Returns
        -------
        labels : ndarray of shape (n_songs,)
            From ``classes_``.
        """
        check_is_fitted(self)
        return self.classes_[np.argmax(self._run(X)["logits"], axis=1)]

    @property
    def n_parameters_(self):
        """Number of parameters of the fitted net."""
        check_is_fitted(self)
        return sum(parameter.numel() for parameter in self.net_.parameters())

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def __getstate__(self):
        state = dict(super().__getstate__())
        if "sources_" in state:
            state["sources_"] = [asdict(source) for source in self.sources_]
        if "net_" in state:
            tensors = self.net_.state_dict()
            state["net_"] = {key: value.numpy() for key, value in tensors.items()}
        return state

    def __setstate__(self, state):
        import torch

        from sklearn_skd.networks import Source
        from sklearn_skd.networks.skeleton import skeleton

        state = dict(state)
        arrays = state.pop("net_", None)
        if "sources_" in state:
            state["sources_"] = tuple(Source(**source) for source in state["sources_"])
        super().__setstate__(state)
        if arrays is not None:
            with skeleton():
                members = [self._make_net() for _ in range(self._count_members(arrays))]
            self.net_ = exact_inference(members).to_empty(device="cpu")
            tensors = {key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}
            self.net_.load_state_dict(tensors)

    @staticmethod
    def _count_members(arrays):
        return 1 + max(int(key.split(".")[1]) for key in arrays)


def _train_member(estimator, sources, arrays, loss, plan, valid, context):
    context.call_on_fit_task_begin(estimator=estimator)
    trained = train_net(
        estimator._make_net,
        loss,
        sources,
        arrays,
        plan,
        valid=valid,
        progress=(estimator, context),
    )
    context.call_on_fit_task_end(estimator=estimator)
    return trained
