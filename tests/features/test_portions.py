"""Songs are decoded a portion at a time, however slowly the results are taken."""

import threading
import time
import warnings

import numpy as np
import pytest

from sklearn_skd.features import LogMelSpectrogram, _base


class Counting(LogMelSpectrogram):
    """Counts the songs that were decoded."""

    decoded = 0
    lock = threading.Lock()

    def _extract(self, window):
        time.sleep(0.003)  # so that some songs are under way when another fails
        with self.lock:
            type(self).decoded += 1
        return np.full(self._shape(), window[0], dtype=np.float32)


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr(Counting, "decoded", 0)
    monkeypatch.setattr(_base, "_PORTION", 8)
    return Counting(sr=1000, duration=0.1, n_fft=64, n_mels=4, n_jobs=2, verbose=0)


def waveforms(n_songs):
    return [np.full(100, 1e-3 * number, dtype=np.float32) for number in range(n_songs)]


def test_no_more_than_a_portion_is_decoded_ahead(counting):
    for taken, _ in enumerate(counting._results(waveforms(100))):
        assert counting.decoded <= taken + 2 * 8
    assert counting.decoded == 100


def test_the_last_portion_may_be_smaller_and_rows_keep_their_order(counting):
    features = counting.transform(waveforms(37))
    np.testing.assert_allclose(features[:, 0, 0], 1e-3 * np.arange(37), rtol=1e-6)


def test_one_bar_counts_all_portions(counting, capsys):
    counting.set_params(verbose=1).transform(waveforms(37))
    assert "37/37" in capsys.readouterr().err


def test_an_error_ends_the_work_without_a_word_from_joblib(counting):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="Row 3: no audio") as caught:
            counting.transform([*waveforms(3), None, *waveforms(96)])
    assert caught.value.__traceback__ is not None  # held on to, as a notebook does
    assert counting.decoded <= 2 * 8
    assert not heard
