"""The teacher: what it knows, what its fit takes, songs that lack sources."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from skorch.helper import SliceDict

from sklearn_skd import TeacherClassifier
from sklearn_skd.classifiers._net import run_net
from sklearn_skd.classifiers.teacher import BRANCH_LOSS, teacher_loss
from sklearn_skd.distillation import cross_entropy


def make_teacher(**params):
    return TeacherClassifier(**{"max_epochs": 2, "batch_size": 16, "random_state": 0, **params})


def with_rows(X, name, rows, value):
    """A copy in which some songs have another value of one source."""
    changed = {key: values.copy() for key, values in X.items()}
    changed[name][rows] = value
    return SliceDict(**changed)


# Knowledge


def test_knowledge_has_a_row_a_song_and_a_branch_a_source(fitted_teacher, new_songs):
    told = fitted_teacher.knowledge(new_songs)
    assert told.logits.shape == (12, 3)
    assert told.hidden.shape == (12, 64)
    assert told.branch_proba.shape == (12, 3, 3)
    assert_allclose(told.branch_proba.sum(axis=2), 1)
    assert_allclose(softmax(told.logits, axis=1), fitted_teacher.predict_proba(new_songs))


def test_knowledge_says_which_sources_were_there(fitted_teacher, collection):
    present = fitted_teacher.knowledge(collection.X).present
    lyrics = [source.name for source in fitted_teacher.sources_].index("lyrics")
    assert_array_equal(np.flatnonzero(~present[:, lyrics]), np.arange(3, 9))


def test_branches_have_temperatures_of_their_own(fitted_teacher, new_songs):
    raw = run_net(fitted_teacher.net_, fitted_teacher._inputs(new_songs))["branch_logits"]
    warm = copy.deepcopy(fitted_teacher)
    warm.branch_temperature_ = np.array([1.0, 2.0, 4.0])
    told = warm.knowledge(new_songs).branch_proba
    assert_allclose(told, softmax(raw / np.array([1.0, 2.0, 4.0])[:, None], axis=2))


def test_source_attention_is_a_named_share(fitted_teacher, new_songs):
    attention = fitted_teacher.source_attention(new_songs)
    assert attention.columns.tolist() == ["audio", "lyrics", "culture"]
    assert_allclose(attention.sum(axis=1), 1)
    assert (attention[["audio", "lyrics"]] > 0).all(axis=None)
    unknown = (new_songs["culture"] == 0).all(axis=1)
    assert_array_equal(attention["culture"] == 0, unknown)


def test_it_learns_what_the_sources_betray(collection):
    teacher = make_teacher(max_epochs=30).fit(collection.X, collection.y)
    assert teacher.score(collection.X, collection.y) > 0.8


# The loss


def test_absent_branches_are_not_taught():
    outputs = {
        "logits": torch.randn(2, 3),
        "branch_logits": torch.randn(2, 2, 3, requires_grad=True),
        "present": torch.tensor([[True, False], [True, True]]),
    }
    target = torch.eye(3)[:2]
    weight = torch.tensor([1.0, 3.0])
    loss = teacher_loss(outputs, {"target": target, "sample_weight": weight})
    branches = torch.stack(
        [cross_entropy(outputs["branch_logits"][:, s], target) for s in (0, 1)], dim=1
    )
    each = cross_entropy(outputs["logits"], target)
    each = each + BRANCH_LOSS * (branches * outputs["present"]).sum(dim=1)
    assert_allclose(loss.detach(), ((each * weight).sum() / 2).detach(), rtol=1e-6)
    loss.backward()
    assert (outputs["branch_logits"].grad[0, 1] == 0).all()


# What fit takes


def test_unlabelled_songs_are_passed_over(collection):
    y = collection.y.astype(object)
    y[30:] = None
    known = np.arange(30)
    some = make_teacher().fit(collection.X, y)
    alone = make_teacher().fit(collection.X[known], collection.y[known])
    assert_array_equal(some.predict_proba(collection.X), alone.predict_proba(collection.X))


@pytest.mark.parametrize(
    "labels", [["calm", "sad", "tense"], [0, 1, 2], [True, False], [-1, 1]], ids=str
)
def test_labels_of_any_type_come_back_as_they_were(collection, labels):
    y = np.array(labels)[np.arange(48) % len(labels)]
    teacher = make_teacher().fit(collection.X, y)
    assert teacher.classes_.tolist() == sorted(labels)
    predicted = teacher.predict(collection.X)
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(labels)


def test_votes_are_part_of_the_target(collection):
    X, y, votes = collection.X, collection.y, collection.votes
    without = make_teacher().fit(X, y).predict_proba(X)
    plain = make_teacher().fit(X, y, annotation_votes=votes).predict_proba(X)
    assert np.abs(plain - without).max() > 1e-4
    names = pd.DataFrame(votes, columns=["calm", "happy", "sad"])[["sad", "calm", "happy"]]
    by_name = make_teacher().fit(X, y, annotation_votes=names).predict_proba(X)
    assert_array_equal(by_name, plain)
    shares = votes / votes.sum(axis=1, keepdims=True)
    assert_allclose(make_teacher().fit(X, y, annotation_votes=shares).predict_proba(X), plain)


def test_only_the_ratio_of_sample_weights_counts(collection):
    weight = np.random.RandomState(0).uniform(0.5, 2, size=48)
    one, eight = (
        make_teacher().fit(collection.X, collection.y, sample_weight=scale * weight)
        for scale in (1, 8)
    )
    assert_allclose(one.predict_proba(collection.X), eight.predict_proba(collection.X))
    none = make_teacher().fit(collection.X, collection.y)
    assert np.abs(none.predict_proba(collection.X) - one.predict_proba(collection.X)).max() > 1e-4


def test_with_patience_whole_groups_are_held_out(collection, monkeypatch):
    seen = []

    def remember(codes, groups, **kwargs):
        seen.append(groups)
        return np.arange(40), np.arange(40, 47)

    monkeypatch.setattr("sklearn_skd.classifiers.teacher.hold_out", remember)
    y = collection.y.astype(object)
    y[0] = None
    teacher = make_teacher(patience=1).fit(collection.X, y, groups=collection.groups)
    assert_array_equal(seen[0], collection.groups[1:])
    assert "valid_loss" in teacher.history_


@pytest.mark.parametrize("length", [47, 49])
def test_groups_of_a_wrong_length_are_refused(collection, length):
    with pytest.raises(ValueError, match="inconsistent"):
        make_teacher(patience=1).fit(collection.X, collection.y, groups=np.arange(length))


# Songs that lack a source


@pytest.mark.parametrize(("name", "value"), [("audio", np.nan), ("lyrics", np.nan), ("culture", 0)])
def test_any_source_may_be_missing_at_prediction(fitted_teacher, new_songs, name, value):
    whole = fitted_teacher.predict_proba(new_songs)
    proba = fitted_teacher.predict_proba(with_rows(new_songs, name, [0, 5], value))
    assert np.isfinite(proba).all()
    assert_allclose(proba.sum(axis=1), 1)
    others = np.setdiff1d(np.arange(12), [0, 5])
    assert_allclose(proba[others], whole[others], atol=1e-6)
    assert np.abs(proba[0] - whole[0]).max() > 1e-4


def test_what_stands_in_the_lyrics_of_a_song_without_any_does_not_matter(fitted_teacher, new_songs):
    nothing = with_rows(new_songs, "lyrics", 0, [*np.zeros(5), 0])
    garbage = with_rows(new_songs, "lyrics", 0, [*np.full(5, 1e3), 0])
    assert_allclose(
        fitted_teacher.predict_proba(garbage), fitted_teacher.predict_proba(nothing), atol=1e-7
    )


def test_a_source_that_no_training_song_has_does_no_harm(collection, new_songs):
    silent = with_rows(collection.X, "audio", slice(None), np.nan)
    wordless = with_rows(silent, "lyrics", slice(None), np.nan)
    teacher = make_teacher().fit(wordless, collection.y)
    assert np.isfinite(teacher.predict_proba(wordless)).all()
    assert np.isfinite(teacher.predict_proba(new_songs)).all()


def test_songs_without_any_source_are_predicted_too(fitted_teacher, new_songs):
    for name, value in (("audio", np.nan), ("lyrics", np.nan), ("culture", 0)):
        new_songs = with_rows(new_songs, name, 0, value)
    assert np.isfinite(fitted_teacher.predict_proba(new_songs)).all()
    assert (fitted_teacher.source_attention(new_songs).iloc[0] == 0).all()
