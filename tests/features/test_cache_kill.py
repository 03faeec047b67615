"""Processes that fill a cache are killed with SIGKILL, or meet each other there.

The processes are forks of an arena: this file run as a program, a process of one thread that has
imported what is needed and nothing else.
"""

import builtins
import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from arena import die, end_of, fork, run_in_arena

from sklearn_skd.features import FeatureCache, LogMelSpectrogram, _cache

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the arena forks")

SR = 8000
N_SONGS = 20
ENTRY_SIZE = 64 * 32 * 4 + 128 + 16


def songs(n=N_SONGS):
    rng = np.random.default_rng(0)
    return list(rng.uniform(-0.5, 0.5, size=(n, 2 * SR)).astype(np.float32))


def log_mel(cache=None, **parameters):
    return LogMelSpectrogram(sr=SR, duration=2.0, cache=cache, **parameters)


def whole(folder):
    """The number of entries; an error if one of them is damaged."""
    cache = FeatureCache(folder)
    paths = list(Path(folder).glob("??/*.npy"))
    assert all(cache.get(path.stem).shape == (64, 32) for path in paths)
    return len(paths)


def count_computed(folder, expected):
    """Compute the features of the first songs with the cache; how many were not there?"""
    computed, compute = [], LogMelSpectrogram._compute
    LogMelSpectrogram._compute = lambda self, song: computed.append(song) or compute(self, song)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no entry is damaged
            features = log_mel(folder).transform(songs(len(expected)))
            np.testing.assert_array_equal(features, expected)
    finally:
        LogMelSpectrogram._compute = compute
    return len(computed)


# ---- what happens in the arena, in an empty folder --------------------------------------------


def kills_at_random_moments(folder, rounds=40):
    """Kill a run, let the next one go on, until all is there; then start again."""
    expected, rng = log_mel().transform(songs()), random.Random(0)
    kept, killed = [], 0
    for number in range(rounds):
        cache = FeatureCache(folder / "cache")
        pid = fork(lambda cache=cache: log_mel(cache).transform(songs()))
        enough = rng.randint(whole(cache.folder), N_SONGS)
        while whole(cache.folder) < enough:  # not by the clock: the machine may be busy
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.005))
        os.kill(pid, signal.SIGKILL)
        killed += end_of(pid) == signal.SIGKILL
        kept.append(whole(cache.folder))
        if number % 4 == 3:
            assert count_computed(cache.folder, expected) == N_SONGS - kept[-1]
            cache.clear()
            assert not any(path.is_file() for path in cache.folder.rglob("*"))
    return {"kept": kept, "killed": killed}


def kills_at_every_line(folder, max_size=None):
    """Kill a run at each line of the cache that it comes to while it adds the fourth song."""
    expected, kept, leftovers = log_mel().transform(songs(4)), [], 0
    for line in range(1, 1000):
        cache = FeatureCache(folder / f"{line}", max_size=max_size)
        log_mel(cache).transform(songs()[:3])
        pid = fork(lambda cache=cache, line=line: run_to_line(cache, line))
        if end_of(pid) == 0:
            break
        kept.append(whole(cache.folder))
        leftovers += len(list(cache.folder.glob("unfinished/*.tmp")))
        if max_size is None:
            assert count_computed(cache.folder, expected) == 4 - kept[-1]
        else:
            np.testing.assert_array_equal(log_mel(cache).transform(songs(4)), expected)
            assert cache.size() <= max_size
    return {"kept": kept, "leftovers": leftovers}


def run_to_line(cache, last):
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename != _cache.__file__:
            return None
        lines += event == "line"
        if lines == last:
            die()
        return trace

    sys.settrace(trace)
    log_mel(cache).transform(songs()[3:4])


def kills_within_a_write(folder):
    """Kill runs when a share of an entry's bytes is on the disk."""
    expected, sizes = log_mel().transform(songs()), []
    for share in np.linspace(0, 1, 11):
        cache = FeatureCache(folder / f"{share}")
        assert end_of(fork(lambda c=cache, s=share: write_a_share(c, s))) == signal.SIGKILL
        (leftover,) = cache.folder.glob("unfinished/*.tmp")
        sizes.append(leftover.stat().st_size)
        assert whole(cache.folder) == 0
        os.utime(leftover, (time.time() - 7200,) * 2)
        assert end_of(fork(lambda c=cache: log_mel(c).transform(songs()))) == 0
        assert list(cache.folder.glob("unfinished/*")) == []
        assert count_computed(cache.folder, expected) == 0
    return sizes


def write_a_share(cache, share):
    def open_and_die(path, mode):
        assert (Path(path).suffix, mode) == (".tmp", "xb")
        with builtins.open(path, mode, buffering=0) as file:
            file.write(np.zeros(round(share * ENTRY_SIZE), dtype=np.uint8))
            die()

    _cache.open = open_and_die
    log_mel(cache).transform(songs())


def a_run_killed_after_60_percent(folder):
    expected = log_mel().transform(songs())
    assert end_of(fork(lambda: die_after(folder, 0.6 * N_SONGS))) == signal.SIGKILL
    return [count_computed(folder, expected), count_computed(folder, expected)]


def die_after(folder, n_kept):
    def compute(self, song):
        return die() if whole(folder) == n_kept else original(self, song)

    original, LogMelSpectrogram._compute = LogMelSpectrogram._compute, compute
    log_mel(folder).transform(songs())


def processes_that_share_a_folder(folder, max_size=None, clearing=False):
    """Four processes fill the same folder in different orders, three times over."""
    expected, cache = log_mel().transform(songs()), FeatureCache(folder, max_size=max_size)
    workers = [fork(lambda seed=seed: fill(cache, expected, seed)) for seed in range(4)]
    other = fork(lambda: clear_for_ever(cache)) if clearing else None
    ends = [end_of(pid) for pid in workers]
    if clearing:
        os.kill(other, signal.SIGKILL)
        assert end_of(other) == signal.SIGKILL  # it was still clearing
    assert list(folder.glob("unfinished/*")) == []
    return {"ends": ends, "kept": whole(folder), "size": cache.size()}


def fill(cache, expected, seed):
    rng, all_songs = np.random.default_rng(seed), songs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a torn read would be a damaged entry
        for _ in range(3):
            order = rng.permutation(N_SONGS)
            features = log_mel(cache).transform([all_songs[row] for row in order])
            np.testing.assert_array_equal(features, expected[order])


def clear_for_ever(cache):
    while True:
        cache.clear()


# ---- the tests --------------------------------------------------------------------------------


@pytest.fixture
def arena(tmp_path):
    def run(function, **parameters):
        return run_in_arena(__file__, function.__name__, tmp_path / "arena", json.dumps(parameters))

    return run


def test_kills_at_random_moments_leave_whole_entries_that_are_not_computed_again(arena):
    found = arena(kills_at_random_moments)
    assert found["killed"] >= 20  # the others had come to their end
    assert len(set(found["kept"])) >= 3  # the kills fell here and there, less so if all is slow


def test_a_kill_at_any_line_of_the_cache_leaves_whole_entries(arena):
    found = arena(kills_at_every_line)
    assert len(found["kept"]) >= 30  # lines
    assert sorted(set(found["kept"])) == [3, 4]  # before the move, and after it
    assert found["leftovers"] >= 3


def test_a_kill_at_any_line_of_a_cache_that_makes_room_leaves_whole_entries(arena):
    found = arena(kills_at_every_line, max_size=3 * ENTRY_SIZE)
    assert len(found["kept"]) >= 100
    assert sorted(set(found["kept"])) == [2, 3]  # the oldest is removed before the write


def test_a_kill_within_a_write_leaves_a_file_that_a_later_run_removes(arena):
    sizes = arena(kills_within_a_write)
    assert sizes[0] == 0
    assert sizes[-1] == ENTRY_SIZE
    assert len(set(sizes)) == len(sizes)


def test_a_run_killed_after_60_percent_computes_only_the_rest(arena):
    assert arena(a_run_killed_after_60_percent) == [0.4 * N_SONGS, 0]


def test_processes_that_fill_the_same_folder_get_right_features(arena):
    found = arena(processes_that_share_a_folder)
    assert found == {"ends": [0] * 4, "kept": N_SONGS, "size": N_SONGS * ENTRY_SIZE}


def test_processes_that_fill_a_folder_with_a_bound_get_right_features(arena):
    bound = 8 * ENTRY_SIZE
    found = arena(processes_that_share_a_folder, max_size=bound)
    assert found["ends"] == [0] * 4
    assert 0 < found["size"] <= bound + 3 * ENTRY_SIZE  # what the other three were writing


def test_one_process_clears_the_folder_while_others_fill_it(arena):
    found = arena(processes_that_share_a_folder, clearing=True)
    assert found["ends"] == [0] * 4


if __name__ == "__main__":
    name, folder, parameters = sys.argv[1:]
    print(json.dumps(globals()[name](Path(folder), **json.loads(parameters))))
