"""The metrics of one set of predictions."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, log_loss, roc_auc_score

from sklearn_skd.evaluation._scores import score

NAMES = ["accuracy", "macro-F1", "AUROC", "kappa", "NLL", "Brier", "ECE"]


def test_by_hand():
    y = np.array(["calm", "sad", "sad", "calm"])
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2]])
    told = score(y, p, np.array(["calm", "sad"]))
    assert list(told) == NAMES
    assert told["accuracy"] == 0.75
    assert told["macro-F1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert told["AUROC"] == 1.0
    assert told["kappa"] == pytest.approx(0.5)
    assert told["NLL"] == pytest.approx(-np.log([0.9, 0.6, 0.3, 0.8]).mean())
    # the sum over classes, in [0, 2]
    assert told["Brier"] == pytest.approx(2 * np.mean([0.01, 0.16, 0.49, 0.04]))
    assert told["ECE"] == pytest.approx(np.mean([0.1, 0.4, 0.7, 0.2]))


@pytest.mark.parametrize("labels", [["a", "b", "c"], [3, 5, 9], [0.0, 1.0, 2.0]])
def test_whatever_the_labels_are(labels):
    rng = np.random.RandomState(0)
    labels = np.array(labels)
    y, p = rng.choice(labels, 60), rng.dirichlet(np.ones(3), 60)
    told = score(y, p, labels)
    assert told["NLL"] == pytest.approx(log_loss(y, p))
    assert told["AUROC"] == pytest.approx(roc_auc_score(y, p, multi_class="ovr"))
    assert told["kappa"] == pytest.approx(cohen_kappa_score(y, labels[p.argmax(axis=1)]))


def test_booleans():
    y, p = np.array([True, False, True]), np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    assert score(y, p, np.array([False, True]))["accuracy"] == 1.0


def test_a_class_that_no_test_song_has_is_left_out_of_the_auroc():
    y = np.array(["a", "b", "a"])
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    told = score(y, p, np.array(["a", "b", "c"]))
    assert told["AUROC"] == pytest.approx((0.5 + 1.0) / 2)
    assert np.isfinite(list(told.values())).all()


def test_songs_of_one_class_have_no_auroc():
    p = np.array([[0.6, 0.4], [0.2, 0.8]])
    told = score(np.array(["a", "a"]), p, np.array(["a", "b"]))
    assert np.isnan(told["AUROC"])
    assert told["accuracy"] == 0.5
