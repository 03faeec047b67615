"""Strategies against each other on the same folds (paper section 4.3, Fig. 7)."""

from sklearn_skd.evaluation._arms import make_arms
from sklearn_skd.evaluation._runs import Experiment, make_folds, scores

__all__ = ["compare_strategies"]

STRATEGIES = ("student-only", "kd", "dkd", "ckd", "skd")


def compare_strategies(
    estimator,
    X,
    y,
    *,
    strategies=STRATEGIES,
    cv=5,
    groups=None,
    annotation_votes=None,
    annotation_reliability=None,
    memory=None,
    n_jobs=None,
    verbose=0,
    return_predictions=False,
):
    """Cross-validate strategies on the same folds, before and after temperature scaling.

    Parameters
    ----------
    estimator : SKDStudentClassifier, or Pipeline that ends in one
        What all arms have in common. With an integer `random_state`, so that arms can share
        teachers.

    X : mapping of str to ndarray, DataFrame or array-like
        The songs.

    y : array-like of shape (n_songs,)
        Emotions; unlabelled songs (None, NaN) are in every training set and in no test set.

    strategies : sequence of str, or mapping of str to (dict or estimator), default=all five
        Names of strategies; or arms by name: parameters to set on the student, or any other
        classifier. For example
        ``{"KD": {"strategy": "kd", "temperature": 4.0}, "forest": RandomForestClassifier()}``.

    cv : int, splitter or iterable of (train, test), default=5
        A number means stratified folds, shuffled with seed 0; with `groups`, grouped as well.
        A repeated splitter gives more than one repeat.

    groups : array-like of shape (n_songs,), default=None
        Songs of one group are in one fold, and in one fold inside the training sets too.

    annotation_votes, annotation_reliability : array-like, default=None
        Handed to the `fit` of arms that take them.

    memory : str, joblib.Memory or None, default=None
        Keeps finished folds, so that an interrupted call goes on from there, and teachers, which
        the arms share.

    n_jobs : int or None, default=None
        Folds run in parallel, through joblib.

    verbose : int, default=0
        1 shows a progress bar over folds; 2 prints the table so far after every fold.

    return_predictions : bool, default=False
        Whether to return the predictions too.

    Returns
    -------
    table : DataFrame
        Tidy: ``repeat``, ``fold``, ``strategy``, ``calibration`` ("raw" or "temperature"),
        ``metric`` (accuracy, macro-F1, AUROC, kappa, NLL, Brier, ECE), ``value``, ``n_train``,
        ``n_test``. See :func:`summarize`.

    predictions : DataFrame
        Only with `return_predictions`: ``repeat``, ``fold``, ``strategy``, ``calibration``,
        ``song`` (row of X), ``label``, ``n_train``, and for each class a column of probabilities,
        ``proba_<class>``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import SKDStudentClassifier, TeacherClassifier
    >>> from sklearn_skd.evaluation import compare_strategies, summarize
    >>> X, y = load_iris(return_X_y=True)
    >>> student = SKDStudentClassifier(
    ...     TeacherClassifier(max_epochs=5), teacher_cv=2, max_epochs=10, random_state=0)
    >>> table = compare_strategies(student, X, y, strategies=["student-only", "skd"], cv=2)
    >>> len(table)  # 2 folds, 2 strategies, 2 calibrations, 7 metrics
    56
    >>> summarize(table).columns.tolist()
    ['mean', 'difference', 'error', 'n']
    """
    experiment = Experiment(
        X,
        y,
        groups=groups,
        annotation_votes=annotation_votes,
        annotation_reliability=annotation_reliability,
    )
    arms = make_arms(estimator, strategies, memory)
    runs = make_folds(experiment, cv)
    predictions = experiment.predictions(arms, runs, memory=memory, n_jobs=n_jobs, verbose=verbose)
    table = scores(predictions, experiment.targets.classes)
    return (table, predictions) if return_predictions else table
