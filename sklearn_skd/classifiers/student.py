"""The student: light, guided by credible knowledge, calibrated (paper sections 3.3 and 3.4)."""

from numbers import Integral, Real

from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._random import own_random_state
from sklearn_skd._sklearn import HasMethods, Interval, StrOptions, _fit_context
from sklearn_skd._warnings import warn_user
from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._learning import LearningMixin
from sklearn_skd.classifiers._sources import (
    check_sources,
    describe_sources,
    select_sources,
    songs_to_teach,
)
from sklearn_skd.classifiers._targets import check_groups, check_targets, sliceable
from sklearn_skd.classifiers._timeline import TimelineMixin
from sklearn_skd.distillation.strategies import STRATEGIES

__all__ = ["SKDStudentClassifier"]


class SKDStudentClassifier(LearningMixin, TimelineMixin, NetClassifier):
    r"""Light emotion classifier that learns from a teacher as far as it is credible.

    The teacher is cross-fitted: what it says about a song comes from fits that did not see the
    song. Its certainty, the agreement of its branches and that of the annotators give the
    credibility :math:`r_i` (eq. 4) and the weight :math:`\omega_i` (eq. 5) of the loss

    .. math:: \omega_i \tau^2 \mathrm{KL}(p_i^{T,\tau} \| p_i^{S,\tau})
              + (1 - \omega_i) \mathrm{CE}(y_i, p_i^S) \qquad (7)

    The student pools time series guided by the credibility that it predicts itself (eq. 8) and
    gives calibrated probabilities (eq. 9).

    Parameters
    ----------
    teacher : estimator or None, default=None
        Any classifier with `predict_proba`; None means ``TeacherClassifier()``. It is cloned and
        fitted, or taken as it is when wrapped in :class:`sklearn.frozen.FrozenEstimator` (trained
        on other songs). Not fitted for ``strategy="student-only"``.

    strategy : {"student-only", "kd", "dkd", "ckd", "skd"}, default="skd"
        Labels alone (no teacher is fitted); distillation with one weight for all songs
        (`kd_weight`), decoupled into target class and others (`dkd_alpha`, `dkd_beta`), or
        weighted by the teacher's top probability; or selective distillation.

    sources : tuple of str or None, default=None
        The sources that the student sees; None means all. The teacher sees all in any case.

    temperature : float, default=2.0
        :math:`\tau` of eq. 7. Not the calibration temperature.

    alpha, beta, gamma : float, default=0.5, 0.3, 0.2
        Shares of certainty, consistency and annotation reliability in eq. 4.

    weighting : {"held-out", "joint", "fixed"}, default="held-out"
        For "skd", how :math:`\theta` of eq. 5 is found: from where the teacher is right, out of
        fold, more often than it claims; by descent on eq. 7 together with the student, which is
        the paper's way and ill-posed; or not at all (every song gets the same weight).

    mean_weight : float or "search", default=0.3
        For "skd", the mean of :math:`\omega_i`, in (0, 1); for "joint", where training starts.
        "search" chooses by the validation log-loss among seven candidates: the student alone,
        and means of 0.1, 0.3 and 0.6, each with equal weights and with the regression's. It
        cannot be combined with "joint".

    class_weighting : bool, default=False
        For "skd", whether the classes of a soft label are weighted by :math:`\lambda_{ik}`
        (eq. 6), which the paper computes and leaves out of eq. 7; see
        :func:`sklearn_skd.distillation.soft_kl` for the form that keeps the teacher's
        distribution the optimum.

    mu : float, default=0.0
        For "skd", the weight of the hidden representation in eq. 7; the student's is projected
        to the teacher's size. Above 0, the teacher needs a `knowledge` with hidden states. Without
        effect while validating (see Notes).

    teacher_cv : int or None, default=5
        Folds of the cross-fitting; see Notes for the number of fits. Fewer, with a warning, when
        a class has too few songs. 2 means a hold-out: nobody could be asked about a pair of two
        folds. None is the paper's literal way: the teacher is asked about songs that it was
        trained on.

    kd_weight : float, default=0.9
        Weight of the teacher for ``strategy="kd"``, in (0, 1).

    dkd_alpha, dkd_beta : float, default=1.0, 8.0
        Weights of target class and other classes for ``strategy="dkd"``, which both grow from 0
        over the first twelfth of the epochs. The published values, tuned for 100 classes.

    calibration : {"temperature"} or None, default="temperature"
        How the probabilities are calibrated on songs not trained on (eq. 9).

    calibration_cv : {"auto", "folds", "hold-out"}, default="auto"
        Which songs calibrate, and decide on epochs and mean weight: every labelled song once, in
        the folds of the teachers, or 15 % of the songs. "auto" takes folds up to 2,000 labelled
        songs.

    memory : str, joblib.Memory or None, default=None
        Where teacher knowledge is kept, so that a search over student parameters or a
        comparison of strategies pays for the teachers once per fold. It takes effect with an
        integer `random_state` (and the teacher's, if set).

    max_epochs : int, default=40
        Passes over the songs; the learning rate follows one cycle over them.

    batch_size : int, default=32
        Songs a step, at most.

    learning_rate : float, default=3e-3
        Peak of the cycle (AdamW).

    weight_decay : float, default=0.01
        Of AdamW.

    dropout : float, default=0.3
        In [0, 1).

    patience : int or None, default=None
        With a number, the final training is as long as the validation took to its lowest loss,
        pooled over its songs; each of its runs ends after `patience` epochs without a better
        one. None trains for `max_epochs`: with the falling learning rate, more epochs rarely
        hurt.

    n_members : int, default=1
        Nets whose logits are averaged.

    device : str, default="cpu"
        Where to train; predictions are made on the CPU.

    n_jobs : int or None, default=None
        Teachers, validation folds and members fitted in parallel through joblib.

    random_state : int, RandomState instance or None, default=None
        Seeds everything, the teacher included where its own is None. The global generators are
        left alone.

    verbose : int, default=0
        1 prints what was decided; for progress bars see scikit-learn's callbacks.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The emotions, sorted.

    teacher_ : estimator
        The teacher fitted on all labelled songs (calibrated by its out-of-fold knowledge), or
        the frozen one. Not set for ``strategy="student-only"``.

    credibility_ : DataFrame of shape (n_songs, 6)
        Columns ``certainty``, ``consistency``, ``annotation_reliability``, ``credibility``,
        ``weight``, ``teacher_correct``, one row a training song; NaN where unknown. ``weight``
        is that of the strategy: `kd_weight`, the top probability for "ckd",
        :math:`\omega_i` for "skd", 0 for "student-only", NaN for "dkd", which weighs no songs.

    class_reliability_ : ndarray of shape (n_classes,)
        :math:`u_k` of eq. 6: shrunk out-of-fold F1 of the teacher. Not set for
        ``strategy="student-only"``.

    theta_ : ndarray of shape (3,)
        :math:`\theta` of eq. 5, in its own units; zeros where all songs weigh the same. Set for
        "kd" and "skd" only.

    bias_ : float
        :math:`b_\omega` of eq. 5; ``-inf`` where the search chose the student alone. Set for "kd"
        and "skd" only.

    weight_search_ : DataFrame
        Columns ``mean_weight``, ``gain`` (0 = equal weights), ``valid_loss``, one row a
        candidate. Set for ``mean_weight="search"`` only.

    temperature_ : float
        :math:`\tau_c` of eq. 9, fitted to the pooled predictions of the validation; 1 without.

    sources_ : tuple of Source
        The sources that the student reads, with their statistics (eq. 2).

    history_ : DataFrame
        Columns ``epoch``, ``train_loss``, ``valid_loss`` of the validation (of the weights
        chosen): means over the runs, and the log-loss pooled over all songs validated on. Where
        nothing is validated, ``epoch`` and ``train_loss`` of the final training.

    n_iter_ : int
        Epochs of the final training, on all songs.

    n_parameters_ : int
        Number of parameters.

    n_features_in_, feature_names_in_
        Set when fitted on a plain 2-D array or DataFrame.

    See Also
    --------
    TeacherClassifier : The default teacher.

    Notes
    -----
    **Nothing leaks.** What `fit` decides (:math:`\tau_c`, with `patience` the number of epochs,
    with "search" the weights) it decides on songs that neither the student nor any teacher that
    taught it has seen. A soft label of song j usually comes from a teacher that saw song i, so a
    student of such labels cannot be validated on i. Therefore each teacher leaves out a pair of
    folds. For the validation fold f, the songs of fold g are taught by the teacher that saw
    neither; for the final training, which uses all songs, a soft label is the mean over the
    teachers that did not see its song. :math:`\tau_c` is shrunk towards 1 as far as the songs are
    few.

    Hidden states (`mu`) are those of the teacher fitted on all songs, since those of different
    teachers are not aligned: validations do without them, unless the teacher is frozen. The
    exception is ``teacher_cv=None``: its teacher saw every song that is validated on.

    **Number of fits** with K = `teacher_cv`:

    ================================== ================ ================
    Validated on                       teachers         students
    ================================== ================ ================
    K folds (default, K = 5: 11 and 6) K(K-1)/2 + 1     K + 1
    a hold-out                         K + 1            2
    nothing (``calibration=None``)     K + 1            1
    ================================== ================ ================

    ``mean_weight="search"`` fits 7 times as many students to validate. "student-only" and a
    frozen teacher need no teacher fits, ``teacher_cv=None`` one, and the student is still
    validated in folds (5, if `teacher_cv` is None). Members multiply the student fits.

    A hold-out is 15 % of the labelled songs (whole groups, if given). It is taken for more than
    2,000 of them, for ``calibration_cv="hold-out"``, and, with teachers to cross-fit, for
    ``teacher_cv=2`` or where a class has too few songs for three folds.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import SKDStudentClassifier, TeacherClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> teacher = TeacherClassifier(max_epochs=10)
    >>> student = SKDStudentClassifier(teacher, teacher_cv=2, max_epochs=20, random_state=0)
    >>> student.fit(X, y).predict_proba(X[:2]).shape
    (2, 3)
    >>> student.credibility_.columns.tolist()[:3]
    ['certainty', 'consistency', 'annotation_reliability']
    """

    _parameter_constraints = {
        **NetClassifier._parameter_constraints,
        "teacher": [HasMethods(["fit", "predict_proba"]), None],
        "strategy": [StrOptions(STRATEGIES.keys())],  # one that is added later is known too
        "sources": [tuple, list, None],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "beta": [Interval(Real, 0, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="left")],
        "weighting": [StrOptions({"held-out", "joint", "fixed"})],
        "mean_weight": [Interval(Real, 0, 1, closed="neither"), StrOptions({"search"})],
        "class_weighting": ["boolean"],
        "mu": [Interval(Real, 0, None, closed="left")],
        "teacher_cv": [Interval(Integral, 2, None, closed="left"), None],
        "kd_weight": [Interval(Real, 0, 1, closed="neither")],
        "dkd_alpha": [Interval(Real, 0, None, closed="left")],
        "dkd_beta": [Interval(Real, 0, None, closed="left")],
        "calibration": [StrOptions({"temperature"}), None],
        "calibration_cv": [StrOptions({"auto", "folds", "hold-out"})],
        "memory": [str, HasMethods(["cache"]), None],
    }

    def __init__(
        self,
        teacher=None,
        strategy="skd",
        sources=None,
        *,
        temperature=2.0,
        alpha=0.5,
        beta=0.3,
        gamma=0.2,
        weighting="held-out",
        mean_weight=0.3,
        class_weighting=False,
        mu=0.0,
        teacher_cv=5,
        kd_weight=0.9,
        dkd_alpha=1.0,
        dkd_beta=8.0,
        calibration="temperature",
        calibration_cv="auto",
        memory=None,
        max_epochs=40,
        batch_size=32,
        learning_rate=3e-3,
        weight_decay=0.01,
        dropout=0.3,
        patience=None,
        n_members=1,
        device="cpu",
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.teacher = teacher
        self.strategy = strategy
        self.sources = sources
        self.temperature = temperature
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.weighting = weighting
        self.mean_weight = mean_weight
        self.class_weighting = class_weighting
        self.mu = mu
        self.teacher_cv = teacher_cv
        self.kd_weight = kd_weight
        self.dkd_alpha = dkd_alpha
        self.dkd_beta = dkd_beta
        self.calibration = calibration
        self.calibration_cv = calibration_cv
        self.memory = memory
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
    @_fit_context(prefer_skip_nested_validation=False)  # the teacher is the user's
    def fit(
        self,
        X,
        y,
        *,
        sample_weight=None,
        annotation_reliability=None,
        annotation_votes=None,
        groups=None,
    ):
        r"""Consult the teacher, weigh what it says, learn.

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            Named sources, such as the output of :class:`sklearn_skd.SongFeatures`: float
            (n, channels, frames) is a time series, float (n, features) a vector, integer
            (n, fields) are categories with 0 = unknown. A row of NaN is a source that the song
            lacks. A plain 2-D array is one vector source.

        y : array-like of shape (n_songs,)
            Emotions. None and NaN mark unlabelled songs, about which only the teacher speaks;
            so does the integer -1 if at least two other labels are present.

        sample_weight : array-like of shape (n_songs,), default=None
            Non-negative weights, of the losses and of all that is decided on songs: epochs,
            :math:`\tau_c`, :math:`\theta`. A song of weight 0 is as one without a label that nobody
            learns from.

        annotation_reliability : array-like of shape (n_songs,), default=None
            Agreement of the annotators in [0, 1]; NaN = unknown.

        annotation_votes : array-like or DataFrame of shape (n_songs, n_classes), default=None
            Votes of the annotators, as counts or shares in the order of the sorted classes; a
            DataFrame is aligned by its column names. The target of a song is then half its
            label and half its vote shares.

        groups : array-like of shape (n_songs,), default=None
            Songs of one group (an artist, versions of a work) are not split by the hold-out
            or by the teachers' folds.

        Returns
        -------
        self : object
        """
        self._check_combination()
        every_source = check_sources(self, X, reset=True)
        n_songs = len(next(iter(every_source.values())))
        targets = check_targets(
            n_songs,
            y,
            sample_weight=sample_weight,
            annotation_votes=annotation_votes,
            annotation_reliability=annotation_reliability,
        )
        names = list(every_source) if self.sources is None else list(self.sources)
        own = select_sources(every_source, names, what="The student (parameter `sources`)")
        self._check_shares(targets.reliability)
        groups = check_groups(groups, n_songs)
        self.__dict__.pop("net_", None)  # until there is a new one, this is not fitted
        self.classes_ = targets.classes
        self.sources_ = describe_sources(own)
        self._report(
            f"{(~targets.labelled).sum()} of {n_songs} songs are unlabelled, or of weight 0."
        )

        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        if self.strategy == "dkd" and len(self.classes_) == 2:
            warn_user("With two classes no others are left to decouple: dkd_beta has no effect.")
        rng = own_random_state(self.random_state)
        fit_params = {
            "sample_weight": sliceable(sample_weight, n_songs),
            "annotation_votes": sliceable(annotation_votes, n_songs),
            "groups": groups,
        }
        X = songs_to_teach(X, every_source)
        lessons = self._take_lessons(X, targets, fit_params, groups, rng, context)
        self._learn(own, X, targets, *lessons, rng, context)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @classmethod
    def paper(cls, teacher=None, **params):
        r"""The literal method of the paper, to be shown beside the default.

        The teacher judges the songs that it was trained on, :math:`\theta` is trained jointly
        with the student, the classes are weighted by :math:`\lambda` and the hidden
        representation is matched; 15 % of the songs calibrate.

        Parameters
        ----------
        teacher : estimator or None, default=None
            See above.

        **params : dict
            Other parameters than these.

        Returns
        -------
        student : SKDStudentClassifier

        Examples
        --------
        >>> from sklearn_skd import SKDStudentClassifier
        >>> student = SKDStudentClassifier.paper(random_state=0)
        >>> student.weighting, student.teacher_cv, student.class_weighting
        ('joint', None, True)
        """
        literal = {
            "weighting": "joint",
            "class_weighting": True,
            "mu": 0.1,
            "teacher_cv": None,
            "calibration_cv": "hold-out",
        }
        return cls(teacher, **{**literal, **params})

    def predict_credibility(self, X):
        """Credibility of what the teacher would say (r of eq. 4), predicted by the student.

        Parameters
        ----------
        X : mapping of str to ndarray, or array-like of shape (n_songs, n_features)
            The songs.

        Returns
        -------
        credibility : ndarray of shape (n_songs,)
            In [0, 1].
        """
        check_is_fitted(self)
        if not self._knows_credibility:
            raise ValueError(
                f"strategy={self.strategy!r} without annotation_reliability knows no credibility "
                "to learn from. Use strategy='skd' or 'kd', or pass annotation_reliability to fit."
            )
        return self._run(X)["credibility"]
