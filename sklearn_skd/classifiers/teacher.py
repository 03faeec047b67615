"""The teacher: a multi-branch net with attention fusion (paper section 3.2.1)."""

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._random import own_random_state
from sklearn_skd._sklearn import _fit_context
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._rows import take_songs
from sklearn_skd.classifiers._selection import Split
from sklearn_skd.classifiers._sources import check_sources, describe_sources
from sklearn_skd.classifiers._splits import hold_out
from sklearn_skd.classifiers._targets import check_groups, check_targets
from sklearn_skd.distillation import cross_entropy
from sklearn_skd.distillation.knowledge import TeacherKnowledge
from sklearn_skd.networks import TeacherNet

__all__ = ["TeacherClassifier"]

BRANCH_LOSS = 0.3  # weight of the branches' own cross-entropies


class TeacherClassifier(NetClassifier):
    r"""Multi-source emotion classifier whose knowledge can be distilled.

    One branch a source (strided convolutions and temporal attention for time series, a layer for
    vectors, 32-d embeddings for categories), linear projections into a shared space, attention
    over the sources that a song has:

    .. math:: h_i^T = \mathrm{Attn}(W_a a_i, W_l l_i, W_c c_i) \qquad (3)

    Each branch also has an output of its own, so that the agreement of the sources can be
    measured. In training, sources are hidden at random, so that any may be missing later; the
    culture vector stands in for those that a song lacks.

    Parameters
    ----------
    max_epochs : int, default=40
        Passes over the songs; the learning rate follows one cycle over them.

    batch_size : int, default=32
        Songs a step, at most.

    learning_rate : float, default=3e-3
        Peak of the cycle (AdamW).

    weight_decay : float, default=0.01
        Of AdamW.

    dropout : float, default=0.5
        In [0, 1).

    patience : int or None, default=None
        With a number, 15 % of the songs are held out first: the final training, on all songs,
        is as long as a first run took to their lowest loss, and they calibrate the
        probabilities. That run ends after `patience` epochs without a better loss. None trains
        for `max_epochs` on all songs and leaves the probabilities as they are.

    n_members : int, default=1
        Nets whose logits are averaged.

    device : str, default="cpu"
        Where to train, such as "cuda"; predictions are made on the CPU.

    n_jobs : int or None, default=None
        Members trained in parallel, through joblib.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches and dropout. The global generators are left alone.

    verbose : int, default=0
        1 prints what was decided; for progress bars see scikit-learn's callbacks.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The emotions, sorted.

    sources_ : tuple of Source
        The sources it was fitted on, with their statistics (eq. 2).

    temperature_ : float
        Calibration temperature; 1 unless calibrated.

    branch_temperature_ : ndarray of shape (n_sources,)
        The same for each branch.

    history_ : DataFrame
        Columns ``epoch``, ``train_loss`` and, with `patience`, ``valid_loss``, of the run that
        chose the number of epochs (the only one without `patience`).

    n_iter_ : int
        Epochs trained.

    n_parameters_ : int
        Number of parameters.

    n_features_in_, feature_names_in_
        Set when fitted on a plain 2-D array or DataFrame.

    See Also
    --------
    SKDStudentClassifier : The student that learns from it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import TeacherClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> teacher = TeacherClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> teacher.predict_proba(X[:2]).shape
    (2, 3)
    >>> bool(teacher.score(X, y) > 0.8)
    True
    """

    _parameter_constraints = NetClassifier._parameter_constraints

    def __init__(
        self,
        *,
        max_epochs=40,
        batch_size=32,
        learning_rate=3e-3,
        weight_decay=0.01,
        dropout=0.5,
        patience=None,
        n_members=1,
        device="cpu",
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.patience = patience
        self.n_members = n_members
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, sample_weight=None, annotation_votes=None, groups=None):
        """Train on labelled songs; unlabelled ones are passed over.

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            Named sources, such as the output of :class:`sklearn_skd.SongFeatures`: float
            (n, channels, frames) is a time series, float (n, features) a vector, integer
            (n, fields) are categories with 0 = unknown. A row of NaN is a source that the song
            lacks. A plain 2-D array is one vector source.

        y : array-like of shape (n_songs,)
            Emotions. None and NaN mark unlabelled songs; so does the integer -1 if at least two
            other labels are present.

        sample_weight : array-like of shape (n_songs,), default=None
            Non-negative weights, also of the songs that choose the epoch. Songs of weight 0 are
            passed over.

        annotation_votes : array-like or DataFrame of shape (n_songs, n_classes), default=None
            Votes of the annotators, as counts or shares in the order of the sorted classes; a
            DataFrame is aligned by its column names. The target of a song is then half its
            label and half its vote shares.

        groups : array-like of shape (n_songs,), default=None
            Songs of one group (an artist, versions of a work) are not split by the hold-out.

        Returns
        -------
        self : object
        """
        sources = check_sources(self, X, reset=True)
        n_songs = len(next(iter(sources.values())))
        targets = check_targets(
            n_songs, y, sample_weight=sample_weight, annotation_votes=annotation_votes
        )
        labelled = np.flatnonzero(targets.labelled)
        if self.verbose and len(labelled) < n_songs:
            print(f"[TeacherClassifier] {n_songs - len(labelled)} unlabelled songs passed over.")
        if len(labelled) < n_songs:
            sources = take_songs(sources, labelled)
        groups = check_groups(groups, n_songs)
        groups = None if groups is None else groups[labelled]
        self.__dict__.pop("net_", None)  # until there is a new one, this is not fitted
        self.classes_ = targets.classes
        self.sources_ = describe_sources(sources)
        self.branch_temperature_ = np.ones(len(self.sources_))
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        self._train(sources, targets.take(labelled), groups, context)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _train(self, sources, targets, groups, context):
        seeds = own_random_state(self.random_state).randint(2**31 - 1, size=self.n_members + 1)
        arrays = {"target": targets.distribution, "sample_weight": targets.sample_weight}
        splits = []
        if self.patience is not None:
            train, valid = hold_out(targets.codes, groups, random_state=int(seeds[0]))
            if len(valid):
                part = {name: values[train] for name, values in arrays.items()}
                splits.append(Split(train, valid, part))
        self._fit_net(sources, arrays, teacher_loss, targets, splits, seeds[1:], context)

    def _make_net(self):
        return TeacherNet(self.sources_, len(self.classes_), self.dropout)

    def knowledge(self, X):
        """What the teacher knows about songs: the two kinds of Fig. 2, and how it came by them.

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            The songs.

        Returns
        -------
        knowledge : TeacherKnowledge
            Named tuple of ``logits`` (n_songs, n_classes), calibrated; ``hidden`` (n_songs,
            n_hidden), eq. 3; ``branch_proba`` (n_songs, n_sources, n_classes), in the order of
            ``sources_``; ``present`` (n_songs, n_sources).
        """
        check_is_fitted(self)
        out = self._run(X)
        branch_logits = out["branch_logits"] / self.branch_temperature_[:, None]
        return TeacherKnowledge(
            logits=self._calibrated_logits(out["logits"]),
            hidden=out["hidden"],
            branch_proba=softmax(branch_logits, axis=2),
            present=out["present"],
        )

    def source_attention(self, X):
        """How much each source contributes to a song's hidden state (the weights of eq. 3).

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            The songs.

        Returns
        -------
        attention : DataFrame of shape (n_songs, n_sources)
            Columns named by the sources; rows sum to 1. A source that the song lacks has a
            share only if the culture vector stands in for it.
        """
        check_is_fitted(self)
        names = [source.name for source in self.sources_]
        return pd.DataFrame(self._run(X)["source_attention"], columns=names)


def teacher_loss(outputs, targets):
    """Cross-entropy of the fused output, and with a smaller weight of each branch that spoke.

    Parameters
    ----------
    outputs : dict of torch.Tensor
        Of :class:`TeacherNet`.

    targets : dict of torch.Tensor
        ``target`` (n, K) and ``sample_weight`` (n,).

    Returns
    -------
    loss : torch.Tensor
        A scalar.
    """
    target, present = targets["target"], outputs["present"]
    loss = cross_entropy(outputs["logits"], target)
    for s in range(present.shape[1]):
        branch = cross_entropy(outputs["branch_logits"][:, s], target)
        loss = loss + BRANCH_LOSS * branch * present[:, s]
    return (loss * targets["sample_weight"]).mean()
