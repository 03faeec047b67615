"""How far sources keep emotions apart in the teacher's hidden space (paper section 4.2, Fig. 6)."""

from collections.abc import Mapping

import joblib
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import silhouette_score
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory

from sklearn_skd.classifiers._crossfit import songs_for
from sklearn_skd.classifiers._sources import PLAIN, select_sources
from sklearn_skd.evaluation._arms import fit_arm, recipe
from sklearn_skd.evaluation._runs import make_folds
from sklearn_skd.evaluation._songs import Songs

__all__ = ["source_separation"]

METRICS = (
    "intra-class distance",
    "inter-class distance",
    "silhouette",
    "silhouette (shuffled labels)",
)
N_SHUFFLES = 50  # of the labels; their mean is wanted, not their tails


def source_separation(
    teacher,
    X,
    y,
    *,
    subsets=None,
    cv=5,
    groups=None,
    annotation_votes=None,
    memory=None,
    n_jobs=None,
    verbose=0,
):
    r"""Separation of the emotions in the teacher's hidden space, for subsets of the sources.

    In each fold and for each subset, a teacher is fitted on that subset alone, and the hidden
    states (eq. 3) of the held-out songs are compared. The paper compares representations, one a
    combination of sources, so each combination gets a teacher of its own: one teacher of all
    sources, asked with some of them hidden, would answer in a space that was made for all. The
    price is a fit a subset and fold: 20 by default with three sources. Only held-out songs
    count: on those that a teacher was trained on, even random labels look well separated.

    Parameters
    ----------
    teacher : TeacherClassifier, or Pipeline that ends in one
        Cloned. With an integer `random_state`, subsets do not differ by their seeds. The steps
        before it are fitted once a fold.

    X : mapping of str to ndarray, DataFrame or array-like
        The songs. A mapping has a key a source; with a Pipeline, its first steps give one.

    y : array-like of shape (n_songs,)
        Emotions; unlabelled songs (None, NaN) are not looked at.

    subsets : sequence of (str or tuple of str), default=None
        Names of sources. None takes ``audio`` (or the first source, if there is none of that
        name), ``audio`` with each of the others, and all: with the sources of
        :class:`sklearn_skd.SongFeatures`, the four of the paper.

    cv : int, splitter or iterable of (train, test), default=5
        See :func:`compare_strategies`.

    groups : array-like of shape (n_songs,), default=None
        Songs of one group (an artist, versions of a work) are in one fold.

    annotation_votes : array-like, default=None
        Handed to the teacher's `fit`.

    memory, n_jobs, verbose : as in :func:`compare_strategies`
        Where finished folds are kept, how many run at once, what is shown.

    Returns
    -------
    table : DataFrame
        Tidy: ``repeat``, ``fold``, ``sources`` (such as "audio + lyrics"), ``metric``,
        ``value``, ``n_train`` and ``n_test`` (songs that were compared, the same for all
        subsets: the labelled ones that have a source of every subset). NaN where a fold has no
        two songs of one emotion, or no two emotions. The metrics are

        - ``intra-class distance``: mean Euclidean distance of two songs of the same emotion,
        - ``inter-class distance``: of two songs of different emotions; each emotion, or pair of
          emotions, counts equally,
        - ``silhouette``: mean of :math:`(b - a) / \max(a, b)` over the songs, with a the mean
          distance to songs of the same emotion and b to those of the nearest other one,
        - ``silhouette (shuffled labels)``: what labels that mean nothing would give, the mean of
          50 permutations. With more than two emotions it is below 0, because b is the smallest
          of several distances.

        Distances are divided by the mean distance of all pairs of compared songs, so that they
        do not depend on the scale of a hidden space: 1 is a pair at random, and where the labels
        mean nothing, both distances are about 1.

    Raises
    ------
    TypeError
        If `teacher` has no hidden states.

    ValueError
        If a subset is empty, occurs twice, or names a source that X does not have.

    See Also
    --------
    sklearn_skd.display.SourceSeparationDisplay : Plots the table.
    summarize : Paired differences to a subset: the example shows how.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import TeacherClassifier
    >>> from sklearn_skd.evaluation import source_separation, summarize
    >>> X, y = load_iris(return_X_y=True)
    >>> teacher = TeacherClassifier(max_epochs=5, random_state=0)
    >>> table = source_separation(teacher, {"sepal": X[:, :2], "petal": X[:, 2:]}, y, cv=2)
    >>> table["sources"].unique().tolist()
    ['sepal', 'sepal + petal']
    >>> named = table.rename(columns={"sources": "strategy"}).assign(calibration="-")
    >>> gain = summarize(named, reference="sepal")
    >>> bool(gain.loc[("silhouette", "sepal + petal", "-"), "difference"] > 0)
    True
    """
    _check_teacher(teacher)
    subsets = None if subsets is None else _check_subsets(subsets)
    songs = Songs(X, y, groups=groups, annotation_votes=annotation_votes)
    runs = make_folds(songs, cv)
    hidden_of = check_memory(memory).cache(
        _hidden_of, ignore=["teacher", "X_train", "X_test", "y", "fit_params"]
    )
    data = "" if memory is None else joblib.hash((songs.hash(), recipe(teacher)))
    jobs = (
        delayed(_compare_subsets)(hidden_of, teacher, subsets, songs, run, data) for run in runs
    )
    answers = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    if verbose:
        from tqdm.auto import tqdm

        answers = tqdm(answers, total=len(runs), desc="runs", unit="run")
    rows = []
    for run, told in zip(runs, answers, strict=True):
        rows += [{**run.place, **row} for row in told]
        if verbose > 1:
            answers.write(_so_far(rows))
    return pd.DataFrame(rows)


def class_separation(hidden, codes):
    """Distances within and between emotions, and silhouettes.

    Parameters
    ----------
    hidden : ndarray of shape (n_songs, n_hidden)
        Hidden states.

    codes : ndarray of int, shape (n_songs,)
        Emotions.

    Returns
    -------
    values : dict of str to float
        By the names in `METRICS`; see :func:`source_separation`.
    """
    pairs = pdist(np.asarray(hidden, dtype=np.float64)) if len(codes) > 1 else np.zeros(0)
    if not pairs.any():  # songs that all lie in one place have no distances to compare
        return dict.fromkeys(METRICS, np.nan)
    distance = squareform(pairs / pairs.mean())
    rng = np.random.RandomState(0)
    shuffled = [_silhouette(distance, rng.permutation(codes)) for _ in range(N_SHUFFLES)]
    values = (*_pair_means(distance, codes), _silhouette(distance, codes), np.mean(shuffled))
    return dict(zip(METRICS, map(float, values), strict=True))


def _pair_means(distance, codes):
    """Mean distance of pairs within the emotions, and of pairs between them."""
    member = np.eye(codes.max() + 1)[codes]
    member = member[:, member.any(axis=0)]
    count = member.sum(axis=0)
    pairs = np.outer(count, count) - np.diag(count)
    total = member.T @ distance @ member
    mean = np.divide(total, pairs, out=np.full_like(total, np.nan), where=pairs > 0)
    within, between = np.diag(mean), mean[~np.eye(len(mean), dtype=bool)]
    within = within[~np.isnan(within)]  # an emotion with a single song has no pairs
    return [part.mean() if len(part) else np.nan for part in (within, between)]


def _silhouette(distance, codes):
    if not 2 <= len(np.unique(codes)) < len(codes):
        return np.nan
    return silhouette_score(distance, codes, metric="precomputed")


def _compare_subsets(hidden_of, teacher, subsets, songs, run, data):
    """Rows of one fold."""
    test = run.tests[0].songs
    train = run.train[songs.targets.labelled[run.train]]
    y, fit_params = songs.labels(train, train[:0]), songs.annotations(train, train[:0])
    X_train, X_test = (songs_for(teacher, songs.X, rows) for rows in (train, test))
    if isinstance(teacher, Pipeline):
        if len(teacher) > 1:
            features = clone(teacher[:-1])
            X_train = features.fit_transform(X_train, np.array(y.tolist()))
            X_test = features.transform(X_test)
        teacher = teacher[-1]
    states, present = {}, np.ones(len(test), dtype=bool)
    for name, (part_train, part_test) in _parts(X_train, X_test, subsets).items():
        key = joblib.hash((data, name, train, test)) if data else ""
        states[name], has_source = hidden_of(
            key, teacher=teacher, X_train=part_train, X_test=part_test, y=y, fit_params=fit_params
        )
        present &= has_source
    codes = songs.targets.codes[test][present]
    sizes = {"n_train": len(train), "n_test": int(present.sum())}
    return [
        {"sources": name, "metric": metric, "value": value, **sizes}
        for name, hidden in states.items()
        for metric, value in class_separation(hidden[present], codes).items()
    ]


def _hidden_of(key, *, teacher, X_train, X_test, y, fit_params):
    """Hidden states of held-out songs, and whether each has a source; `key` stands for all else."""
    knowledge = fit_arm(teacher, X_train, y, fit_params).knowledge(X_test)
    return knowledge.hidden, knowledge.present.any(axis=1)


def _parts(X_train, X_test, subsets):
    """Training and test songs with the sources of each subset, by its name."""
    if not isinstance(X_train, Mapping):
        if subsets not in (None, [(PLAIN,)]):
            raise ValueError(
                f"subsets={subsets} cannot be told apart in a {type(X_train).__name__}, which is "
                "one source. Pass a mapping of str to ndarray, such as SongFeatures gives."
            )
        return {PLAIN: (X_train, X_test)}
    subsets = _default_subsets(list(X_train.keys())) if subsets is None else subsets
    return {
        " + ".join(subset): tuple(
            select_sources(X, subset, what=f"The subset {subset}") for X in (X_train, X_test)
        )
        for subset in subsets
    }


def _default_subsets(names):
    first = "audio" if "audio" in names else names[0]
    others = [name for name in names if name != first]
    subsets = [(first,), *((first, other) for other in others), (first, *others)]
    return list(dict.fromkeys(subsets))  # two sources: the pair is all


def _check_subsets(subsets):
    """A list of tuples of names."""
    if isinstance(subsets, str):
        raise ValueError(f"subsets is a sequence of tuples of names; got {subsets!r}.")
    subsets = [(one,) if isinstance(one, str) else tuple(one) for one in subsets]
    unordered = [frozenset(one) for one in subsets]
    for subset, names in zip(subsets, unordered, strict=True):
        if not names or len(names) < len(subset) or unordered.count(names) > 1:
            raise ValueError(
                f"The subset {subset} of sources is empty or occurs twice, or a name in it does; "
                f"got subsets={subsets}."
            )
    if not subsets:
        raise ValueError("subsets is empty: name at least one, or pass None for the paper's.")
    return subsets


def _check_teacher(teacher):
    last = teacher[-1] if isinstance(teacher, Pipeline) else teacher
    if isinstance(last, FrozenEstimator):
        raise TypeError(
            "source_separation fits a teacher for each subset of the sources, which a "
            "FrozenEstimator does not allow: pass the estimator itself."
        )
    if not hasattr(last, "knowledge"):
        raise TypeError(
            f"{type(last).__name__} has no hidden states to compare: source_separation takes a "
            "TeacherClassifier, or a Pipeline that ends in one."
        )


def _so_far(rows):
    wide = pd.DataFrame(rows).pivot_table(
        index="sources", columns="metric", values="value", sort=False
    )
    return wide.round(3).to_string()
