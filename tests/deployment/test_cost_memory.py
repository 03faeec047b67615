"""The peak of a process of its own."""

import math
import threading
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier

from sklearn_skd import TeacherClassifier
from sklearn_skd.deployment import profile_cost
from sklearn_skd.deployment._cost_memory import own_peak, peak_memory


def test_the_songs_count_and_a_net_needs_what_torch_takes():
    X, y = np.random.default_rng(0).normal(size=(20, 4)), np.tile([0, 1], 10)
    constant = DummyClassifier().fit(X, y)
    few = peak_memory(constant, X, name="few")
    many = peak_memory(constant, np.ones((1_000_000, 10)), name="many")
    assert few + 75 < many < few + 300
    net = peak_memory(TeacherClassifier(max_epochs=1).fit(X, y), X, name="net")
    assert few + 75 < net < 3000


def test_the_peak_stays_after_the_memory_is_given_back():
    before = own_peak()
    held = np.ones(25_000_000)
    peak = own_peak()
    assert peak >= before - 1
    assert peak > held.nbytes / 1e6
    del held
    assert own_peak() >= peak - 1  # the system counts in portions


class Held(ClassifierMixin, BaseEstimator):
    """Cannot be pickled."""

    def fit(self, X, y):
        self.classes_, self.lock_ = np.unique(y), threading.Lock()
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_a_model_that_cannot_travel_has_no_memory_and_a_warning():
    X, y = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    with pytest.warns(UserWarning, match="peak memory of 'held' is not known") as caught:
        table = profile_cost({"held": Held().fit(X, y)}, X, n_repeats=1)
    assert math.isnan(table.loc["held", "peak_memory_mb"])
    assert Path(caught[0].filename).name == Path(__file__).name


def test_what_fails_there_is_told(monkeypatch):
    with pytest.warns(UserWarning, match="'unfitted' is not known .*not fitted yet"):
        assert math.isnan(peak_memory(DummyClassifier(), np.zeros((2, 2)), name="unfitted"))
    monkeypatch.setattr("sys.executable", "/no/such/interpreter")
    with pytest.warns(UserWarning, match="/no/such/interpreter"):
        assert math.isnan(peak_memory(DummyClassifier(), None, name="any"))
