"""What a model costs, from a song to its probabilities (paper section 4.4, Fig. 8)."""

from collections.abc import Mapping
from contextlib import ExitStack
from numbers import Integral

import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from sklearn_skd._sklearn import Interval, _num_samples, validate_params
from sklearn_skd.classifiers._crossfit import songs_for
from sklearn_skd.deployment._cost_clock import measure, n_threads_inside, nothing_remembered
from sklearn_skd.deployment._cost_memory import peak_memory
from sklearn_skd.deployment._cost_parts import (
    classifier_multiply_adds,
    classifier_parameters,
    transformer_multiply_adds,
    transformer_parameters,
)
from sklearn_skd.deployment._cost_stages import StagedModel

__all__ = ["profile_cost"]

_GROUPS = ("parameters", "latency_ms", "throughput", "peak_memory_mb", "multiply_adds")


@validate_params(
    {
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def profile_cost(models, songs, y=None, *, batch_size=32, n_repeats=20):
    """Measure what fitted models cost, from songs as they come to calibrated probabilities.

    The models take turns on the same songs, so that ratios between rows hold on a machine that is
    busy with other things. Each call is warmed up. What a server of new songs could not know is
    switched off: caches of features, and vectors of lyrics that were encoded before. A student is
    measured without its `teacher_`. Models and settings are left as they were.

    Parameters
    ----------
    models : dict of str to fitted estimator
        Classifiers with `predict_proba`, or Pipelines or searches that end in one. A student whose
        Pipeline computes sources that only its teacher reads is best reduced first, by
        :func:`sklearn_skd.student_pipeline`.

    songs : DataFrame, array-like or mapping of n_songs songs
        As all the models take them. Cells of audio may be paths, whose decoding then counts, or
        pairs (waveform, rate).

    y : array-like of shape (n_songs,), default=None
        Labels, for accuracy and macro-F1. The songs should not be those of the training.

    batch_size : int, default=32
        Songs a batch, at most, for throughput and memory.

    n_repeats : int, default=20
        Single songs timed; a fifth as many batches are, at least 3.

    Returns
    -------
    table : DataFrame
        One row a model, named in the index. `part` stands for ``features_{source}`` of each source
        of :class:`~sklearn_skd.SongFeatures`, the names of other steps, and the ``classifier``; of
        the parameters of a net, ``branch_{source}`` and ``fusion`` stand for the classifier. What
        is not known, such as parameters of other libraries' models, is NaN, and a total with it.

        - ``parameters``, ``parameters_{part}``: their number, that of the sentence model and of
          the static table of lyrics included.
        - ``latency_ms``, ``latency_ms_q05``, ``latency_ms_q95``: from one song to its
          probabilities on one thread, in milliseconds; median and quantiles.
        - ``latency_ms_{part}``: the median of each stage.
        - ``latency_ms_all_threads`` with quantiles: the same on all cores that the process may use.
        - ``throughput``, ``throughput_all_threads`` with quantiles: songs a second, in batches.
          On one thread transformers work with ``n_jobs=1``, on all with their own.
        - ``peak_memory_mb``: the highest resident memory (10^6 bytes) of a fresh process that
          loads the model and predicts one batch on one thread. It includes the interpreter, the
          libraries that the model needs, and the songs of the batch: what a machine must have.
        - ``multiply_adds``, ``multiply_adds_{part}``: of one song, the mean over a batch. Those of
          nets are counted by torch (products and convolutions). The log-mel is counted by formula:
          a real Fourier transform of N samples as 1.25 N log2 N, with the window, the squares, and
          the mel filters as they are applied. A static table adds one row a token. Decoding,
          resampling and text cleaning are not counted.
        - ``accuracy``, ``macro_f1``: with `y` only, of the most probable class of every song. An
          :class:`~sklearn_skd.AbstainingClassifier` is scored as the model inside, without its
          abstentions.

        ``table.attrs`` holds ``batch_size``, ``n_repeats`` and ``n_threads``, the number of all.

    Raises
    ------
    TypeError
        If `models` is no mapping.

    ValueError
        If there is no model or no song, a model is no classifier with probabilities, or a label
        is missing or unknown to a model.

    sklearn.exceptions.NotFittedError
        If a model is not fitted.

    Warns
    -----
    UserWarning
        If the memory of a model cannot be measured in another process (NaN).

    See Also
    --------
    sklearn_skd.display.CostDisplay : The figure of this table.

    Notes
    -----
    A peak in a process of its own is the only figure that includes what torch and its libraries
    allocate, which Python's tracemalloc does not see, and excludes what other models left behind.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_skd import TeacherClassifier
    >>> from sklearn_skd.deployment import profile_cost
    >>> X, y = np.random.RandomState(0).normal(size=(20, 4)), np.tile([0, 1], 10)
    >>> teacher = TeacherClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> table = profile_cost({"teacher": teacher}, X, y, n_repeats=3)
    >>> int(table.loc["teacher", "parameters"]) == teacher.n_parameters_
    True
    >>> bool(table.loc["teacher", "latency_ms"] > 0)
    True
    """
    n_songs = _check_songs(songs)
    staged = _check_models(models)
    scores = {name: _score(name, model, songs, y, n_songs) for name, model in models.items()}
    options = {"batch_size": batch_size, "n_repeats": n_repeats}
    n_threads = joblib.cpu_count()
    rows = {name: {} for name in models}
    with nothing_remembered(e for model in staged.values() for e in model.encoders()):
        batch = np.arange(min(batch_size, n_songs))
        for name, model in staged.items():
            rows[name] |= _count(model, songs_for(model.estimator, songs, batch))
        with ExitStack() as stack, n_threads_inside(1):
            for model in staged.values():
                stack.enter_context(model.one_job())
            one = measure(staged, songs, n_songs, with_stages=True, **options)
        with n_threads_inside(n_threads):
            many = measure(staged, songs, n_songs, with_stages=False, **options)
    for name, model in staged.items():
        rows[name] |= _summary(one[name]) | _summary(many[name], "_all_threads")
        songs_sent = songs_for(model.estimator, songs, batch)
        rows[name]["peak_memory_mb"] = peak_memory(model.estimator, songs_sent, name=name)
        rows[name] |= scores[name]
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "model"
    table = table[_in_order(table.columns)]
    table.attrs = options | {"n_threads": n_threads}
    return table


def _check_songs(songs):
    n_songs = _num_samples(next(iter(songs.values()), ()) if isinstance(songs, Mapping) else songs)
    if n_songs == 0:
        raise ValueError("There are 0 songs to measure with: pass at least one.")
    return n_songs


def _check_models(models):
    """Each model, taken apart; errors name it."""
    if not isinstance(models, Mapping):
        raise TypeError(
            f"models is a dict of names and fitted models, got {type(models).__name__}: pass, for "
            "example, {'student': model}."
        )
    if not models:
        raise ValueError("models is empty: pass at least one, {'student': model}.")
    staged = {}
    for name, model in models.items():
        with _naming(name):
            staged[name] = StagedModel(model)
    return staged


class _naming:
    """Say of an error which model it is about."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if error is not None:
            error.add_note(f"(in the model {self.name!r})")


def _score(name, model, songs, y, n_songs):
    """Accuracy and macro-F1; without labels only a check that the model takes these songs."""
    with _naming(name):
        if y is None:
            model.predict_proba(songs_for(model, songs, np.arange(1)))
            return {}
        labels = _check_labels(y, n_songs, model.classes_)
        predicted = np.asarray(model.classes_)[model.predict_proba(songs).argmax(axis=1)]
    return {
        "accuracy": accuracy_score(labels, predicted),
        "macro_f1": f1_score(labels, predicted, average="macro"),
    }


def _check_labels(y, n_songs, classes):
    labels = np.asarray(y)
    if labels.shape != (n_songs,):
        raise ValueError(f"y has the shape {labels.shape} for {n_songs} songs: one label a song.")
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise ValueError(f"The label of row {missing[0]} is missing: leave such songs out.")
    unknown = [label for label in labels.tolist() if label not in set(np.asarray(classes).tolist())]
    if unknown:
        raise ValueError(
            f"The model does not know the label {unknown[0]!r}, only {np.asarray(classes).tolist()}"
            ": map the labels, or leave such songs out."
        )
    return labels.astype(np.asarray(classes).dtype)


def _count(model, songs):
    """Parameters and multiply-adds, by part and in total."""
    parameters, operations = {}, {}

    def visit(name, step, songs, call):
        if step is model.classifier:
            parameters.update(classifier_parameters(step))
            operations[name] = classifier_multiply_adds(step, songs) / _n_rows(songs)
        else:
            parameters[name] = transformer_parameters(step)
            operations[name] = transformer_multiply_adds(step, songs)
        return call()

    model.walk(songs, visit)
    row = {"parameters": sum(parameters.values())}
    row |= {f"parameters_{part}": count for part, count in parameters.items()}
    row |= {"multiply_adds": sum(operations.values())}
    return row | {f"multiply_adds_{part}": count for part, count in operations.items()}


def _n_rows(songs):
    return _num_samples(next(iter(songs.values())) if isinstance(songs, Mapping) else songs)


def _summary(times, suffix=""):
    """Medians and quantiles of what was measured."""
    milliseconds = 1e3 * np.array(times.latency)
    row = {}
    for what, values in (("latency_ms", milliseconds), ("throughput", times.throughput)):
        low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
        name = what + suffix
        row |= {name: median, f"{name}_q05": low, f"{name}_q95": high}
    stages = {stage: 1e3 * np.median(seconds) for stage, seconds in times.stages.items()}
    return row | {f"latency_ms_{stage}": value for stage, value in stages.items()}


def _in_order(columns):
    """What belongs together side by side: stages of all models, then threads, then scores."""
    known = [name for group in _GROUPS for name in columns if name.startswith(group)]
    return known + [name for name in columns if name not in known]
