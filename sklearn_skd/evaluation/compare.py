"""Strategies against each other on the same folds (paper section 4.3, Fig. 7)."""

from sklearn_skd.evaluation._arms import STRATEGIES, make_arms
from sklearn_skd.evaluation._runs import make_folds, run_arms
from sklearn_skd.evaluation._songs import Songs

__all__ = ["compare_strategies"]


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
        Emotions. Unlabelled songs (None, NaN) are in every training set and in no test set; with
        `groups`, in no training set whose test set has songs of their group.

    strategies : sequence of str, or mapping of str to (dict or estimator), default=all five
        Names of strategies; or arms by name: parameters to set on the student, or any other
        classifier with probabilities, which is trained on the labelled songs. For example
        ``{"KD": {"strategy": "kd", "temperature": 4.0}, "forest": RandomForestClassifier()}``.

    cv : int, splitter or iterable of (train, test) rows, default=5
        A number (None means 5) gives stratified folds, shuffled with seed 0; with `groups`,
        grouped as well. A song that is tested again begins another repeat.

    groups : array-like of shape (n_songs,), default=None
        Songs of one group are in one fold, and in one fold inside the training sets too. A song
        without one (None, NaN) is a group of its own.

    annotation_votes, annotation_reliability : array-like, default=None
        Handed to the `fit` of arms that take them; votes in the order of the sorted classes, or
        a DataFrame with the classes as columns.

    memory : str, joblib.Memory or None, default=None
        Keeps every finished arm of every fold, so that an interrupted call goes on from there
        and further arms cost only themselves; and teachers, which the arms of a fold share. Songs
        are told apart by their values, audio files by their paths.

    n_jobs : int or None, default=None
        Folds run in parallel, through joblib. The numbers do not depend on it.

    verbose : int, default=0
        1 shows a progress bar over folds; 2 prints the means so far after every fold.

    return_predictions : bool, default=False
        Whether to return the predictions too.

    Returns
    -------
    table : DataFrame
        Tidy: ``repeat``, ``fold``, ``strategy``, ``calibration`` ("raw" or "temperature"),
        ``metric`` (accuracy, macro-F1, AUROC, kappa, NLL, Brier, ECE), ``value``, ``n_train``
        (labelled training songs), ``n_test``. Arms that are no net of this package, nor a
        Pipeline or search that ends in one, are "raw". ``Brier`` is the sum over the classes, in
        [0, 2].

    predictions : DataFrame
        Only with `return_predictions`: ``repeat``, ``fold``, ``strategy``, ``calibration``,
        ``song`` (row of X), ``label``, ``n_train``, and for each class a column of probabilities,
        ``proba_<class>``.

    Raises
    ------
    ValueError
        If a strategy or a parameter of an arm does not exist, an arm has no probabilities, songs
        and labels differ in number, or a class has no song to train on in some fold.

    See Also
    --------
    summarize : Means and paired differences with corrected standard errors.
    pooled_calibration : ECE of the predictions with interval and null floor.
    sklearn_skd.display.StrategyComparisonDisplay : The table as a figure.

    Notes
    -----
    Each fold's ECE is inflated by the few songs of the fold. Judge calibration by
    :func:`pooled_calibration`.

    With ``random_state=None``, students draw new random numbers in every call, but what `memory`
    has kept is not drawn again; a warning says so.

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
    songs = Songs(
        X,
        y,
        groups=groups,
        annotation_votes=annotation_votes,
        annotation_reliability=annotation_reliability,
    )
    arms = make_arms(estimator, strategies, memory)
    data = "" if memory is None else songs.hash()
    table, predictions = run_arms(
        arms,
        songs,
        make_folds(songs, cv),
        data=data,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    return (table, predictions) if return_predictions else table
