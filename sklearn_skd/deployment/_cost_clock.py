"""Seconds of fitted models, measured in turns, on a given number of threads."""

from collections import OrderedDict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from sklearn_skd.classifiers._crossfit import songs_for

__all__ = ["Times", "measure", "n_threads_inside", "nothing_remembered"]

_BATCHES = 5  # one batch for so many single songs
_FEWEST_BATCHES = 3


@dataclass
class Times:
    """What was measured of one model.

    Attributes
    ----------
    latency : list of float
        Seconds from one song to its probabilities, one value a repeat.

    stages : dict of str to list of float
        The same, of each stage alone.

    throughput : list of float
        Songs a second, one value a batch.
    """

    latency: list = field(default_factory=list)
    stages: dict = field(default_factory=dict)
    throughput: list = field(default_factory=list)


def measure(staged, songs, n_songs, *, batch_size, n_repeats, with_stages):
    """Time each model on the same songs, in turns, so that a ratio is one of the same moment.

    Parameters
    ----------
    staged : dict of str to StagedModel

    songs : songs
        As the models take them.

    n_songs : int
        Their number.

    batch_size : int
        Songs a batch, at most.

    n_repeats : int
        Single songs that are timed, after one to warm up.

    with_stages : bool
        Whether each stage is timed as well.

    Returns
    -------
    times : dict of str to Times
    """
    times = {name: Times() for name in staged}
    n_batches = max(_FEWEST_BATCHES, n_repeats // _BATCHES)
    for repeat in range(-1, n_repeats):
        for name, model in staged.items():
            song = songs_for(model.estimator, songs, np.array([repeat % n_songs]))
            seconds = _seconds(model, song)
            stages = _stage_seconds(model, song) if with_stages else {}
            if repeat >= 0:
                times[name].latency.append(seconds)
                for stage, value in stages.items():
                    times[name].stages.setdefault(stage, []).append(value)
    size = min(batch_size, n_songs)
    for batch in range(-1, n_batches):
        rows = np.arange(batch * size, (batch + 1) * size) % n_songs
        for name, model in staged.items():
            seconds = _seconds(model, songs_for(model.estimator, songs, rows))
            if batch >= 0:
                times[name].throughput.append(size / seconds)
    return times


def _seconds(model, songs):
    began = perf_counter()
    model.estimator.predict_proba(songs)
    return perf_counter() - began


def _stage_seconds(model, songs):
    seconds = {}

    def visit(name, step, songs, call):
        began = perf_counter()
        result = call()
        seconds[name] = perf_counter() - began
        return result

    model.walk(songs, visit)
    return seconds


@contextmanager
def n_threads_inside(n_threads):
    """Give torch and the libraries of linear algebra so many threads; put them back after."""
    import torch

    before = torch.get_num_threads()
    with threadpool_limits(n_threads):
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def nothing_remembered(encoders):
    """Inside, every text is encoded anew, as if no song had come before.

    Parameters
    ----------
    encoders : iterable of LyricsEncoder
    """
    with ExitStack() as stack:
        for model in {id(model): model for model in (e._encoder() for e in encoders)}.values():
            stack.callback(setattr, model, "_vectors", model._vectors)
            model._vectors = _Forgetful()
        yield


class _Forgetful(OrderedDict):
    """A memory that keeps nothing."""

    def __setitem__(self, key, value):
        pass

    def move_to_end(self, key, last=True):
        pass
