"""Knowledge about a song comes only from teachers that never saw it."""

import contextlib

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.helper import SliceDict

from sklearn_skd import TeacherClassifier
from sklearn_skd.classifiers._crossfit import (
    FitPlan,
    _rows,
    accepted_params,
    ask,
    cross_fit,
    merge,
    plan_fits,
    plan_pairs,
    seeded_clone,
)
from sklearn_skd.classifiers._targets import check_targets
from sklearn_skd.distillation import TeacherKnowledge


class Context:
    """Stands for scikit-learn's callback context, and counts."""

    def __init__(self):
        self.tasks, self.begun, self.ended = 0, 0, 0

    def subcontext(self, task_name):
        assert task_name == "teacher"
        self.tasks += 1
        return self

    def propagate_callback_context(self, estimator):
        return contextlib.nullcontext()

    def call_on_fit_task_begin(self, estimator):
        self.begun += 1

    def call_on_fit_task_end(self, estimator):
        self.ended += 1


class Remembering(ClassifierMixin, BaseEstimator):
    """A teacher that tells which songs (first column) it saw, and how many, by its knowledge."""

    def __init__(self, random_state=None, branches=False):
        self.random_state = random_state
        self.branches = branches

    def fit(self, X, y, sample_weight=None):
        self.seen_, self.labels_, self.weight_ = X[:, 0].astype(int), y, sample_weight
        self.classes_ = np.unique(y)
        return self

    def knowledge(self, X):
        seen = np.isin(X[:, 0].astype(int), self.seen_).astype(float)
        logits = np.column_stack([seen, np.full(len(X), float(len(self.seen_)))])
        if not self.branches:
            return TeacherKnowledge(logits)
        proba = np.stack([logits, logits + 1], axis=1)
        present = np.column_stack([np.ones(len(X), bool), X[:, 0] % 2 == 0])
        return TeacherKnowledge(logits, np.ones((len(X), 5)), proba, present)


@pytest.fixture
def songs():
    X = np.column_stack([np.arange(30.0), np.zeros(30)])
    y = np.array(["a", "b"] * 15, dtype=object)
    y[[3, 17, 22]] = None
    return X, check_targets(30, y)


HELD = np.array([0, 9, 20])
UNLABELLED = [3, 17, 22]


@pytest.fixture
def plans(songs):
    return plan_fits(songs[1], None, HELD, n_splits=4, random_state=0)


def fit(plans, songs, teacher=None, n_jobs=None, context=None, **fit_params):
    X, targets = songs
    y = targets.classes[np.maximum(targets.codes, 0)]
    context = context or Context()
    teacher = Remembering() if teacher is None else teacher
    seeds = list(range(len(plans)))
    told, *rest = cross_fit(teacher, plans, seeds, "", X, y, fit_params, n_jobs, context)
    answers = [(plan.asked, one) for plan, one in zip(plans, told, strict=True) if one is not None]
    return merge(len(y), answers), *rest


# Plans


def test_one_plan_a_fold(plans):
    assert len(plans) == 4


def test_no_teacher_sees_held_out_or_unlabelled_songs(plans):
    for plan in plans:
        assert not np.intersect1d(plan.train, np.r_[HELD, UNLABELLED]).size


def test_no_teacher_is_asked_about_songs_it_saw(plans):
    for plan in plans:
        assert not np.intersect1d(plan.train, plan.asked).size


def test_pool_songs_are_asked_about_once_and_all_others_at_every_fold(plans):
    times = np.bincount(np.concatenate([plan.asked for plan in plans]), minlength=30)
    others = np.r_[HELD, UNLABELLED]
    assert (times[others] == 4).all()
    assert (np.delete(times, others) == 1).all()


def test_plans_do_not_split_groups(songs):
    groups = np.arange(30) // 2
    pool = np.setdiff1d(np.arange(30), np.r_[HELD, UNLABELLED])
    for plan in plan_fits(songs[1], groups, HELD, n_splits=3, random_state=0):
        asked = np.intersect1d(plan.asked, pool)
        assert not np.intersect1d(groups[plan.train], groups[asked]).size


# Pairs of folds


@pytest.fixture
def pairs(songs):
    return plan_pairs(songs[1], None, n_splits=4, random_state=0)


def test_one_teacher_a_pair_of_folds(pairs):
    plans, folds = pairs
    assert (len(plans), len(folds)) == (6, 4)
    assert_array_equal(np.sort(np.concatenate(folds)), np.setdiff1d(np.arange(30), UNLABELLED))


def test_for_every_two_songs_of_different_folds_some_teacher_saw_neither(pairs):
    plans, folds = pairs
    for number, fold in enumerate(folds):
        unseen = [plan for plan in plans if not np.isin(fold, plan.train).any()]
        assert len(unseen) == 3
        others = np.concatenate([other for k, other in enumerate(folds) if k != number])
        for song in others:  # told by exactly one teacher that may speak
            assert sum(song in plan.asked for plan in unseen) == 1


def test_no_teacher_of_a_pair_is_asked_about_songs_it_saw(pairs):
    for plan in pairs[0]:
        assert not np.intersect1d(plan.train, plan.asked).size
        assert np.isin(UNLABELLED, plan.asked).all()


def test_two_folds_have_no_third_to_train_on(songs):
    assert plan_pairs(songs[1], None, n_splits=2, random_state=0) == ([], [])


def test_pairs_do_not_split_groups(songs):
    groups = np.arange(30) // 2
    plans, folds = plan_pairs(songs[1], groups, n_splits=3, random_state=0)
    for plan in plans:
        asked = np.setdiff1d(plan.asked, UNLABELLED)
        assert not np.intersect1d(groups[plan.train], groups[asked]).size
    assert not np.intersect1d(groups[folds[0]], groups[folds[1]]).size


# Fitting and asking


class Forgetful(Remembering):
    """Every teacher but the first has its classes in the other order."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.classes_ = self.classes_[:: -1 if self.random_state else 1]
        return self


def test_every_teacher_is_read_by_its_own_classes(songs, plans):
    straight, turned = (fit(plans, songs, teacher)[0] for teacher in (Remembering(), Forgetful()))
    alone = np.setdiff1d(plans[1].asked, np.r_[HELD, UNLABELLED])
    assert_array_equal(turned.logits[alone], straight.logits[alone, ::-1])
    alone = np.setdiff1d(plans[0].asked, np.r_[HELD, UNLABELLED])
    assert_array_equal(turned.logits[alone], straight.logits[alone])


def test_a_teacher_that_missed_a_class_is_not_believed(songs, plans):
    codes = songs[1].codes
    only_a = FitPlan(np.flatnonzero(codes == 0), np.flatnonzero(codes == 1))
    with pytest.raises(ValueError, match=r"does not know the classes \['b'\]"):
        fit([only_a, *plans], songs)


def test_knowledge_comes_from_teachers_that_did_not_see_the_song(songs, plans):
    knowledge, _ = fit(plans, songs)
    assert (knowledge.logits[:, 0] == 0).all()


def test_knowledge_is_the_mean_over_the_teachers_asked(songs, plans):
    knowledge, _ = fit(plans, songs)
    sizes = np.array([len(plan.train) for plan in plans])
    assert_allclose(knowledge.logits[np.r_[HELD, UNLABELLED], 1], sizes.mean())
    for plan, size in zip(plans, sizes, strict=True):
        alone = np.setdiff1d(plan.asked, np.r_[HELD, UNLABELLED])
        assert_allclose(knowledge.logits[alone, 1], size)


def test_the_last_teacher_is_kept_though_nobody_asks_it(songs, plans):
    labelled = np.flatnonzero(songs[1].labelled)
    knowledge, kept = fit([*plans, FitPlan(labelled, np.arange(0))], songs)
    assert_array_equal(kept.seen_, labelled)
    assert np.isfinite(knowledge.logits).all()


def test_songs_that_no_teacher_was_asked_about_are_nan(songs):
    knowledge, _ = fit([FitPlan(np.arange(1, 30), np.array([0]))], songs)
    assert np.isfinite(knowledge.logits[0]).all()
    assert np.isnan(knowledge.logits[1:]).all()


def test_branches_are_averaged_presence_kept_and_hidden_states_dropped(songs, plans):
    knowledge, _ = fit(plans, songs, Remembering(branches=True))
    assert_allclose(knowledge.branch_proba[:, 0], knowledge.logits)
    assert_allclose(knowledge.branch_proba[:, 1], knowledge.logits + 1)
    assert knowledge.present[:, 0].all()
    assert_array_equal(knowledge.present[:, 1], np.arange(30) % 2 == 0)
    assert knowledge.hidden is None


def test_labels_and_fit_params_follow_the_songs(songs, plans):
    _, targets = songs
    weight = np.arange(30.0)
    _, kept = fit(plans, songs, sample_weight=weight)
    assert_array_equal(kept.weight_, kept.seen_)
    assert_array_equal(kept.labels_, targets.classes[targets.codes[kept.seen_]])


def test_every_teacher_has_a_task_and_a_seed_of_its_own(songs, plans):
    context = Context()
    _, kept = fit(plans, songs, context=context)
    assert (context.tasks, context.begun, context.ended) == (4, 4, 4)
    assert kept.random_state == 3  # the last seed


def test_parallel_teachers_tell_the_same(songs, plans):
    alone, _ = fit(plans, songs, KNeighborsClassifier(1))
    with parallel_config("threading"):  # spares the start of processes
        together, _ = fit(plans, songs, KNeighborsClassifier(1), n_jobs=2)
    assert_array_equal(alone.logits, together.logits)


def test_the_users_teacher_is_not_fitted(songs, plans):
    teacher = Remembering()
    fit(plans, songs, teacher)
    assert not hasattr(teacher, "seen_")


# Asking


def test_a_classifier_without_knowledge_tells_its_log_probabilities():
    X, y = np.array([[0.0], [1.0], [5.0]]), ["a", "a", "b"]
    told = ask(KNeighborsClassifier(2).fit(X, y), X)
    assert_allclose(np.exp(told.logits), [[1, 1e-7], [1, 1e-7], [0.5, 0.5]])
    assert told.hidden is told.branch_proba is told.present is None


# Seeds


def test_seeded_clone_seeds_only_what_was_left_open():
    assert seeded_clone(RandomForestClassifier(), 7).random_state == 7
    assert seeded_clone(RandomForestClassifier(random_state=3), 7).random_state == 3
    assert seeded_clone(KNeighborsClassifier(4), 7).n_neighbors == 4


def test_seeded_clone_reaches_nested_estimators():
    original = make_pipeline(StandardScaler(), RandomForestClassifier())
    seeded = seeded_clone(original, 7)
    assert seeded[-1].random_state == 7
    assert original[-1].random_state is None
    fixed = make_pipeline(StandardScaler(), RandomForestClassifier(random_state=3))
    assert seeded_clone(fixed, 7)[-1].random_state == 3


# Parameters of fit


def test_only_what_the_teacher_takes_and_the_user_gave_is_passed_on():
    params = {"sample_weight": [1, 2], "annotation_votes": np.eye(2), "groups": None}
    assert list(accepted_params(KNeighborsClassifier(), params)) == []
    assert list(accepted_params(LogisticRegression(), params)) == ["sample_weight"]
    assert list(accepted_params(TeacherClassifier(), params)) == [
        "sample_weight",
        "annotation_votes",
    ]


def test_the_last_step_of_a_pipeline_gets_what_it_takes():
    params = {"sample_weight": [1, 2], "annotation_votes": np.eye(2)}
    pipeline = make_pipeline(StandardScaler(), make_pipeline(LogisticRegression()))
    assert accepted_params(pipeline, params) == {
        "pipeline__logisticregression__sample_weight": [1, 2]
    }
    assert accepted_params(make_pipeline(KNeighborsClassifier()), params) == {}
    with config_context(enable_metadata_routing=True):  # there the steps request
        assert accepted_params(pipeline, params) == {}


def test_a_search_hands_on_what_its_estimator_takes_and_gives_groups_to_its_folds():
    params = {"sample_weight": [1, 2], "annotation_votes": np.eye(2), "groups": [0, 1]}
    search = GridSearchCV(make_pipeline(LogisticRegression()), {}, cv=2)
    weights = {"logisticregression__sample_weight": [1, 2]}
    assert accepted_params(search, params) == weights
    grouped = search.set_params(cv=GroupKFold(2))
    assert accepted_params(grouped, params) == weights | {"groups": [0, 1]}
    assert accepted_params(grouped, params | {"groups": None}) == weights
    with config_context(enable_metadata_routing=True):
        assert accepted_params(grouped, params) == {"groups": [0, 1]}  # GroupKFold asks for them
        search.estimator[-1].set_fit_request(sample_weight=True)
        assert set(accepted_params(grouped, params)) == {"groups", "sample_weight"}


def test_a_frozen_teacher_takes_nothing():
    frozen = FrozenEstimator(LogisticRegression())
    assert accepted_params(frozen, {"sample_weight": [1, 2]}) == {}


# Rows of any container


@pytest.mark.parametrize("container", [dict, SliceDict])
def test_rows_of_mappings(container):
    values = container(audio=np.arange(12.0).reshape(4, 3), culture=np.arange(4).reshape(4, 1))
    taken = _rows(values, np.array([2, 0]))
    assert type(taken) is container
    assert taken["culture"].tolist() == [[2], [0]]
    assert taken["audio"].tolist() == [[6, 7, 8], [0, 1, 2]]


def test_rows_of_frames_keep_names_and_rows_of_arrays_are_rows():
    frame = pd.DataFrame({"tempo": [90, 100, 110]}, index=[7, 8, 9])
    taken = _rows(frame, np.array([2, 0]))
    assert taken["tempo"].tolist() == [110, 90]
    assert _rows(np.arange(6).reshape(3, 2), np.array([2, 0])).tolist() == [[4, 5], [0, 1]]
    assert _rows([5, 6, 7], np.array([2, 0])) == [7, 5]
