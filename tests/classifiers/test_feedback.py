"""Calibration that follows feedback: bounded, forgetful, near the population."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from told import Told

from sklearn_skd import FeedbackCalibrator, SKDStudentClassifier, TemperatureCalibratedClassifier
from sklearn_skd.calibration import fit_temperature, fit_temperature_and_bias

EMOTIONS = np.array(["calm", "joy", "sad"])


def draw(n, *, seed=0, temperature=1.0, bias=(0.0, 0.0, 0.0)):
    """Logits, and what a listener of this temperature and bias says."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, 3))
    proba = softmax(logits / temperature + np.array(bias), axis=1)
    codes = (rng.random((n, 1)) > proba.cumsum(axis=1)).sum(axis=1).clip(max=2)
    return logits, EMOTIONS[codes]


def calibrator(**params):
    return FeedbackCalibrator(Told(EMOTIONS), **params)


def place(told, group=None):
    """Log temperature and biases of a listener, read from what it predicts."""
    scores = told.decision_function(np.vstack([np.zeros(3), 3 * np.eye(3)]), groups=[group] * 4)
    bias = scores[0]
    return np.r_[-np.log((scores[1] - bias)[0] / 3), bias]


def test_a_prior_without_end_leaves_the_estimators_probabilities():
    logits, _ = draw(10)
    told = calibrator(class_bias=True, prior_strength=1e12).fit(*draw(50, temperature=3))
    told.partial_fit(*draw(50, bias=(2, 0, 0)), groups=["ann"] * 50)
    expected = softmax(logits, axis=1)
    np.testing.assert_allclose(told.predict_proba(logits), expected, rtol=1e-6)
    np.testing.assert_allclose(told.predict_proba(logits, ["ann"] * 10), expected, rtol=1e-6)


@pytest.mark.parametrize("class_bias", [False, True])
def test_fit_is_the_shrunk_calibration_of_the_held_out_songs(class_bias):
    logits, y = draw(100, temperature=2, bias=(1, 0, 0))
    told = calibrator(class_bias=class_bias, prior_strength=6).fit(logits, y)
    codes = np.searchsorted(EMOTIONS, y)
    if class_bias:
        expected = fit_temperature_and_bias(logits, codes, shrinkage=2, bias_shrinkage=2)
        np.testing.assert_allclose(told.bias_, expected[1])
    else:
        expected = (fit_temperature(logits, codes, shrinkage=2),)
        assert told.bias_.tolist() == [0, 0, 0]
    assert told.temperature_ == pytest.approx(expected[0])
    assert told.n_feedbacks_ == 0


def test_feedback_finds_the_temperature_and_bias_of_the_population():
    told = calibrator(class_bias=True, half_life=None)
    for part in range(4):
        told.partial_fit(*draw(500, seed=part, temperature=1.6, bias=(0.8, 0, -0.8)))
    assert told.temperature_ == pytest.approx(1.6, rel=0.15)
    np.testing.assert_allclose(told.bias_, [0.8, 0, -0.8], atol=0.2)


def test_each_listener_gets_a_calibration_of_his_or_her_own():
    bias = {"ann": (2, 0, 0), "bob": (0, 0, 2)}
    told = calibrator(class_bias=True)
    for seed, (name, own) in enumerate(bias.items()):
        told.partial_fit(*draw(200, seed=seed, bias=own), groups=[name] * 200)
    for seed, (name, own) in enumerate(bias.items()):
        logits, y = draw(400, seed=10 + seed, bias=own)
        own_loss = log_loss(y, told.predict_proba(logits, groups=[name] * 400))
        assert own_loss < log_loss(y, told.predict_proba(logits)) - 0.03


def test_a_listener_is_nearer_the_population_the_less_he_or_she_told():
    distance = []
    for n in (2, 20, 200):
        told = calibrator(class_bias=True, max_step=10).fit(*draw(300))
        told.partial_fit(*draw(n, seed=1, bias=(2, 0, 0)), groups=["ann"] * n)
        distance.append(np.abs(place(told, "ann") - place(told)).max())
    assert distance == sorted(distance)
    assert distance[0] < 0.2 * distance[2]


def test_a_stronger_prior_keeps_listeners_nearer():
    distance = []
    for strength in (1, 20, 400):
        told = calibrator(class_bias=True, max_step=10, prior_strength=strength)
        told.partial_fit(*draw(50, bias=(2, 0, 0)), groups=["ann"] * 50)
        distance.append(np.abs(place(told, "ann")).max())
    assert distance == sorted(distance, reverse=True)


def test_an_unknown_listener_and_nobody_get_the_populations_probabilities():
    told = calibrator(class_bias=True).fit(*draw(50))
    told.partial_fit(*draw(30, seed=1, bias=(2, 0, 0)), groups=["ann"] * 30)
    logits, _ = draw(4, seed=2)
    population = told.predict_proba(logits)
    assert (told.predict_proba(logits, groups=["eve", None, np.nan, 7]) == population).all()
    assert (told.predict_proba(logits, groups=["ann"] * 4) != population).any()


def test_feedback_of_nobody_in_particular_moves_the_population_alone():
    told = calibrator().partial_fit(*draw(30, temperature=3), groups=[None, np.nan] * 15)
    assert told.temperature_ > 1.1
    assert len(told.groups_) == 0


@pytest.mark.parametrize("weight", [1, 1e6])
@pytest.mark.parametrize("memory", [1, 2000])
def test_one_feedback_moves_nobody_further_than_the_bound(weight, memory):
    told = calibrator(class_bias=True, max_step=0.05, memory=memory).fit(*draw(20))
    told.partial_fit(*draw(5, seed=1), groups=["ann", "ann", "bob", "bob", "bob"])
    known = (None, "ann", "bob", "eve") if memory > 1 else (None,)
    for name in ("ann", "eve"):
        before = {who: place(told, who) for who in known}
        told.partial_fit([[9.0, -9.0, 0.0]], ["joy"], groups=[name], sample_weight=[weight])
        for who in known:
            step = np.abs(place(told, who) - before[who]).max()
            assert step <= 0.05 + 1e-9, (name, who)
    assert np.abs(place(told) - before[None]).max() > 0


def test_a_listener_is_not_left_behind_where_the_population_goes():
    told = calibrator(class_bias=True, max_step=0.02, prior_strength=1)
    told.partial_fit([[0.1, 0.0, 0.0]], ["calm"], groups=["ann"])
    told.partial_fit(*draw(200, bias=(2, 0, 0)), groups=["ann"] + ["bob"] * 199)
    assert np.abs(place(told, "ann") - place(told)).max() <= 0.04 + 1e-9  # her own two steps
    assert np.abs(place(told)).max() > 1


def test_n_feedbacks_in_one_call_move_n_times_as_far_at_most():
    told = calibrator(class_bias=True, max_step=0.01, prior_strength=0.1)
    told.partial_fit(np.tile([9.0, -9.0, 0.0], (7, 1)), ["joy"] * 7)
    assert np.abs(place(told)).max() == pytest.approx(0.07)


def test_old_feedback_fades():
    first, later = draw(300, bias=(2, 0, 0)), draw(300, seed=1, bias=(0, 0, 2))
    bias = {}
    for half_life in (50, None):
        told = calibrator(class_bias=True, half_life=half_life)
        told.partial_fit(*first, groups=["ann"] * 300)
        told.partial_fit(*later, groups=["ann"] * 300)
        bias[half_life] = place(told, "ann")[1:]
    assert bias[50][2] - bias[50][0] > 1
    assert abs(bias[None][2] - bias[None][0]) < 0.6


def test_a_quiet_listener_is_not_forgotten_because_others_speak():
    told = calibrator(class_bias=True, half_life=20).fit(*draw(100))
    told.partial_fit(*draw(60, seed=1, bias=(2, 0, 0)), groups=["ann"] * 60)
    before = place(told, "ann") - place(told)
    told.partial_fit(*draw(200, seed=2), groups=["bob"] * 200)
    np.testing.assert_allclose(place(told, "ann") - place(told), before)


def test_memory_is_bounded_however_many_listeners_there_are():
    told = calibrator(memory=50).fit(*draw(80))
    size = []
    for part in range(4):
        told.partial_fit(*draw(60, seed=part), groups=[f"{part}.{i}" for i in range(60)])
        size.append(len(pickle.dumps(told)))
        assert told.groups_["n_feedbacks"].sum() == len(told.groups_) == 50
    assert max(size) < 1.1 * min(size)
    assert told.n_feedbacks_ == 240


def test_a_listener_of_whom_nothing_is_remembered_is_unknown_again():
    told = calibrator(class_bias=True, memory=30)
    told.partial_fit(*draw(20, bias=(2, 0, 0)), groups=["ann"] * 20)
    assert told.groups_.index.tolist() == ["ann"]
    told.partial_fit(*draw(30, seed=1), groups=["bob"] * 30)
    assert told.groups_.index.tolist() == ["bob"]
    assert (place(told, "ann") == place(told)).all()


def test_the_last_row_of_a_call_is_the_newest():
    logits, _ = draw(60)
    shifted = np.r_[np.full(30, "calm"), np.full(30, "sad")]
    bias = [
        calibrator(class_bias=True, half_life=5).partial_fit(logits, order).bias_
        for order in (shifted, shifted[::-1])
    ]
    assert bias[0][2] > bias[0][0]
    assert bias[1][2] < bias[1][0]


def test_is_deterministic():
    def run():
        told = calibrator(class_bias=True).fit(*draw(50))
        told.partial_fit(*draw(40, seed=1), groups=list("abcd") * 10)
        return told.predict_proba(draw(9, seed=2)[0], groups=list("abcabcxyz"))

    assert (run() == run()).all()


def test_the_temperature_alone_never_changes_the_predicted_class():
    logits, y = draw(200, temperature=4)
    groups = list("abcd") * 50
    told = calibrator().fit(logits, y).partial_fit(logits, y, groups=groups)
    assert told.temperature_ > 1.5
    assert (told.predict(logits, groups=groups) == EMOTIONS[logits.argmax(axis=1)]).all()


def test_the_table_of_listeners_tells_what_is_predicted_for_them():
    told = calibrator(class_bias=True).fit(*draw(50))
    told.partial_fit(*draw(30, seed=1, bias=(1, 0, 0)), groups=["ann"] * 20 + [7] * 10)
    table = told.groups_
    assert table.columns.tolist() == [
        "n_feedbacks",
        "temperature",
        "bias_calm",
        "bias_joy",
        "bias_sad",
    ]
    assert table["n_feedbacks"].to_dict() == {"ann": 20, 7: 10}
    for name in ("ann", 7):
        row = table.loc[name]
        np.testing.assert_allclose(np.r_[np.log(row.iloc[1]), row.iloc[2:]], place(told, name))


def test_two_classes_give_a_margin():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), np.arange(80) % 2
    model = LogisticRegression().fit(X, y)
    told = FeedbackCalibrator(model, class_bias=True).fit(X, y)
    told.partial_fit(X[:20], np.ones(20, int), groups=["ann"] * 20)
    margin = told.decision_function(X, groups=["ann"] * 80)
    np.testing.assert_allclose(
        told.predict_proba(X, groups=["ann"] * 80)[:, 1], 1 / (1 + np.exp(-margin))
    )
    assert (told.predict(X, groups=["ann"] * 80) == (margin > 0)).all()


def test_learns_on_top_of_a_calibrated_classifier():
    songs = draw(500, temperature=2, bias=(1, 0, 0))
    once = TemperatureCalibratedClassifier(Told(EMOTIONS), class_bias=True).fit(*songs)
    told = FeedbackCalibrator(once, class_bias=True).fit(*songs)
    assert told.temperature_ == pytest.approx(1, abs=0.02)  # nothing is left to do
    np.testing.assert_allclose(told.bias_, 0, atol=0.02)


def test_a_row_of_weight_0_is_no_feedback():
    logits, y = draw(20)
    weight = np.arange(20) % 2
    some = calibrator(class_bias=True).partial_fit(logits, y, sample_weight=weight)
    odd = calibrator(class_bias=True).partial_fit(logits[1::2], y[1::2])
    assert some.n_feedbacks_ == odd.n_feedbacks_ == 10
    assert (some.predict_proba(logits) == odd.predict_proba(logits)).all()
    before = pickle.dumps(some)
    assert some.partial_fit(logits, y, groups=["ann"] * 20, sample_weight=np.zeros(20)) is some
    assert pickle.dumps(some) == before
    nobody_yet = calibrator().partial_fit(logits, y, sample_weight=np.zeros(20))
    assert (nobody_yet.n_feedbacks_, nobody_yet.temperature_) == (0, 1)


def test_survives_pickling_and_goes_on():
    told = calibrator(class_bias=True).fit(*draw(50))
    told.partial_fit(*draw(20, seed=1), groups=["ann"] * 20)
    again = pickle.loads(pickle.dumps(told))
    for one in (told, again):
        one.partial_fit(*draw(20, seed=2), groups=["ann", "bob"] * 10)
    pd.testing.assert_frame_equal(told.groups_, again.groups_)


def test_a_clone_knows_nobody_and_fit_starts_afresh():
    told = FeedbackCalibrator(FrozenEstimator(Told(EMOTIONS)), memory=7)
    told.partial_fit(*draw(20, temperature=3), groups=["ann"] * 20)
    again = clone(told)
    assert again.memory == 7
    with pytest.raises(NotFittedError):
        again.predict(draw(1)[0])
    again.fit(*draw(30))
    told.fit(*draw(30))
    assert told.temperature_ == again.temperature_
    assert len(told.groups_) == told.n_feedbacks_ == 0


def test_a_refused_call_teaches_nothing():
    told = calibrator().partial_fit(*draw(20), groups=["ann"] * 20)
    before = pickle.dumps(told)
    logits, y = draw(3, seed=1)
    y = y.astype(object)
    y[2] = "angry"
    with pytest.raises(ValueError, match=r"y\[2\] = 'angry' is no class"):
        told.partial_fit(logits, y, groups=["bob"] * 3)
    with pytest.raises(ValueError, match=r"groups has 2 names for 3 songs"):
        told.partial_fit(*draw(3), groups=["bob"] * 2)
    with pytest.raises(ValueError, match=r"text 'ann': pass a name a song.*\['ann'\] \* 3"):
        told.partial_fit(*draw(3), groups="ann")
    with pytest.raises(ValueError, match=r"groups\[1\] = \['b'\] is no name"):
        told.partial_fit(*draw(3), groups=["a", ["b"], "c"])
    assert pickle.dumps(told) == before


def test_a_first_call_that_is_refused_leaves_it_unfitted():
    told = calibrator()
    with pytest.raises(ValueError, match="no class"):
        told.partial_fit(draw(1)[0], ["angry"])
    with pytest.raises(NotFittedError):
        told.predict_proba(draw(1)[0])


def test_songs_of_named_sources_work_and_groups_can_be_requested(collection):
    student = SKDStudentClassifier(
        strategy="student-only", sources=("lyrics",), calibration=None, max_epochs=1
    )
    told = FeedbackCalibrator(student.fit(collection.X, collection.y), class_bias=True)
    listeners = np.array(["ann", "bob"])[collection.groups % 2]
    with sklearn.config_context(enable_metadata_routing=True):
        told.set_partial_fit_request(groups=True).set_predict_proba_request(groups=True)
    told.partial_fit(collection.X, collection.y, groups=listeners)
    proba = told.predict_proba(collection.X, groups=listeners)
    assert proba.shape == (len(collection.y), 3)
    assert told.groups_["n_feedbacks"].sum() == len(collection.y)


def test_a_listeners_feedback_fades_by_his_or_her_own_alone():
    def ann(others):
        told = calibrator(class_bias=True, half_life=5, max_step=10).fit(*draw(100))
        for part, bias in enumerate(((2, 0, 0), (0, 0, 2))):
            told.partial_fit(*draw(20, seed=part, bias=bias), groups=["ann"] * 20)
            told.partial_fit(*draw(others, seed=9), groups=["bob"] * others)
        return told._feedback.of("ann").faded(5)

    np.testing.assert_allclose(ann(40), ann(1))


def test_an_estimator_of_other_classes_needs_a_new_beginning():
    told = calibrator().fit(*draw(30))
    told.set_params(estimator=Told(["calm", "joy", "sad", "tender"]))
    logits = np.zeros((2, 4))
    with pytest.raises(ValueError, match=r"knows the classes.*tender.*call fit to begin anew"):
        told.partial_fit(logits, ["calm", "joy"])


def test_masked_labels_are_missing():
    logits, y = draw(20)
    masked = np.ma.array(y, mask=np.arange(20) == 3)
    with pytest.raises(ValueError, match=r"y\[3\] = None.*leave songs without a label out"):
        calibrator().fit(logits, masked)
