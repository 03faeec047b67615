"""What the teacher and the student share: inputs, prediction, persistence."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from skorch.helper import SliceDict

from sklearn_skd import TeacherClassifier


def make_songs(n=24, seed=0):
    rng = np.random.RandomState(seed)
    return SliceDict(
        audio=rng.normal(size=(n, 3, 32)).astype(np.float32),
        lyrics=rng.normal(size=(n, 4)).astype(np.float32),
        culture=rng.randint(3, size=(n, 2)),
    )


LABELS = np.array(["calm", "happy", "sad"] * 8)


@pytest.fixture(scope="module")
def songs():
    return make_songs()


@pytest.fixture(scope="module")
def teacher(songs):
    return TeacherClassifier(max_epochs=1, random_state=0).fit(songs, LABELS)


# Prediction


def test_scores_probabilities_and_labels_agree(teacher, songs):
    scores, proba = teacher.decision_function(songs), teacher.predict_proba(songs)
    assert scores.shape == proba.shape == (24, 3)
    assert_allclose(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), proba)
    assert_array_equal(teacher.classes_[proba.argmax(axis=1)], teacher.predict(songs))


def test_scores_of_two_classes_are_the_margin_of_the_second(songs):
    teacher = TeacherClassifier(max_epochs=1, random_state=0).fit(songs, LABELS == "sad")
    scores, proba = teacher.decision_function(songs), teacher.predict_proba(songs)
    assert scores.shape == (24,)
    assert_allclose(1 / (1 + np.exp(-scores)), proba[:, 1])


def test_the_temperature_flattens_probabilities_and_keeps_labels(teacher, songs):
    warm = pickle.loads(pickle.dumps(teacher))
    warm.temperature_ = 3.0
    assert_allclose(warm.decision_function(songs), teacher.decision_function(songs) / 3)
    assert (warm.predict_proba(songs).max(axis=1) < teacher.predict_proba(songs).max(axis=1)).all()
    assert_array_equal(warm.predict(songs), teacher.predict(songs))


def test_one_song_is_predicted_as_among_others(teacher, songs):
    alone = teacher.predict_proba({name: values[5:6] for name, values in songs.items()})
    assert_allclose(alone[0], teacher.predict_proba(songs)[5], rtol=1e-5)


def test_sources_it_does_not_use_stay_unread(teacher, songs):
    more = {"tags": np.array([["rock"]] * 24), **dict(songs)}
    assert_array_equal(teacher.predict_proba(more), teacher.predict_proba(songs))


def test_the_order_of_the_sources_does_not_matter(teacher, songs):
    turned = dict(reversed(list(songs.items())))
    assert_array_equal(teacher.predict_proba(turned), teacher.predict_proba(songs))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_unfitted_classifiers_say_so(method, songs):
    with pytest.raises(NotFittedError):
        getattr(TeacherClassifier(), method)(songs)
    with pytest.raises(NotFittedError):
        _ = TeacherClassifier().n_parameters_


# Inputs that do not fit


def test_a_missing_source_is_named(teacher, songs):
    rest = {name: values for name, values in songs.items() if name != "lyrics"}
    with pytest.raises(ValueError, match=r"TeacherClassifier needs the sources \['lyrics'\]"):
        teacher.predict(rest)


@pytest.mark.parametrize(
    ("name", "values", "error"),
    [
        ("lyrics", np.ones((24, 5)), "5 columns of kind vector.* 4 of kind vector"),
        ("audio", np.ones((24, 2, 32)), "2 columns of kind series.* 3 of kind series"),
        ("lyrics", np.ones((24, 4), int), "4 columns of kind categories.* 4 of kind vector"),
        ("audio", np.ones((24, 3)), "3 columns of kind vector.* 3 of kind series"),
        ("culture", np.ones((24, 3), int), "3 columns of kind categories.* 2 of kind categories"),
    ],
)
def test_a_source_of_another_size_or_kind_is_named(teacher, songs, name, values, error):
    with pytest.raises(ValueError, match=f"Source '{name}' has {error}"):
        teacher.predict({**dict(songs), name: values})


def test_clips_may_be_of_another_length(teacher, songs):
    longer = {**dict(songs), "audio": np.tile(songs["audio"], (1, 1, 3))}
    assert np.isfinite(teacher.predict_proba(longer)).all()


def test_unseen_codes_are_predicted_as_unknown(teacher, songs):
    unseen = {**dict(songs), "culture": np.full((24, 2), 99)}
    unknown = {**dict(songs), "culture": np.zeros((24, 2), int)}
    assert np.isfinite(teacher.predict_proba(unseen)).all()
    assert teacher.predict_proba(unseen).shape == teacher.predict_proba(unknown).shape


# Fitting


def test_without_splits_the_history_is_the_training(teacher):
    assert teacher.history_.columns.tolist() == ["epoch", "train_loss"]
    assert teacher.history_["epoch"].tolist() == [1]
    assert teacher.n_iter_ == 1
    assert teacher.temperature_ == 1


def test_with_patience_the_final_training_is_as_long_as_the_best_epoch(songs):
    teacher = TeacherClassifier(max_epochs=4, patience=1, random_state=0).fit(songs, LABELS)
    assert teacher.history_.columns.tolist() == ["epoch", "train_loss", "valid_loss"]
    best = teacher.history_["valid_loss"].argmin() + 1
    assert teacher.n_iter_ == best
    assert teacher.temperature_ != 1


def test_members_multiply_the_parameters_and_average_the_logits(songs, teacher):
    pair = TeacherClassifier(max_epochs=1, n_members=2, random_state=0).fit(songs, LABELS)
    assert len(pair.net_.members) == 2
    assert pair.n_parameters_ == 2 * teacher.n_parameters_
    first, second = (
        type(pair.net_)([member])(**{n: torch.from_numpy(v) for n, v in songs.items()})["logits"]
        for member in pair.net_.members
    )
    expected = (first + second).detach().numpy() / 2
    assert_allclose(pair.decision_function(songs), expected, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(first, second)


def test_fits_are_reproducible_and_leave_the_global_generators_alone(songs, teacher):
    numpy_state, torch_state = pickle.dumps(np.random.get_state()), torch.get_rng_state()  # noqa: NPY002
    again = TeacherClassifier(max_epochs=1, random_state=0).fit(songs, LABELS)
    assert pickle.dumps(np.random.get_state()) == numpy_state  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert_array_equal(again.predict_proba(songs), teacher.predict_proba(songs))


# Persistence


def test_the_state_holds_arrays_and_no_torch_objects(teacher):
    state = teacher.__getstate__()
    assert all(isinstance(values, np.ndarray) for values in state["net_"].values())
    assert all(isinstance(source, dict) for source in state["sources_"])
    assert b"torch" not in pickle.dumps(teacher)
    assert isinstance(teacher.net_, torch.nn.Module)  # the estimator itself is as before


@pytest.mark.parametrize("n_members", [1, 2])
def test_a_copy_predicts_the_same_and_torchs_generator_stays(songs, n_members):
    teacher = TeacherClassifier(max_epochs=1, n_members=n_members, random_state=0)
    teacher.fit(songs, LABELS)
    before = torch.get_rng_state()
    copy = pickle.loads(pickle.dumps(teacher))
    assert torch.equal(torch.get_rng_state(), before)
    assert len(copy.net_.members) == n_members
    assert copy.sources_ == teacher.sources_
    assert_array_equal(copy.predict_proba(songs), teacher.predict_proba(songs))


def test_an_unfitted_classifier_is_copied_too():
    copy = pickle.loads(pickle.dumps(TeacherClassifier(max_epochs=3)))
    assert copy.max_epochs == 3
    assert not hasattr(copy, "net_")


def test_the_state_is_a_copy_that_loading_does_not_consume(teacher, songs):
    state = teacher.__getstate__()
    for _ in range(2):
        copy = TeacherClassifier()
        copy.__setstate__(state)
        assert_array_equal(copy.predict_proba(songs), teacher.predict_proba(songs))
