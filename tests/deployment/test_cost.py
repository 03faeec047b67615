"""What profile_cost says of models whose cost can be told by hand."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd import (
    AbstainingClassifier,
    CultureEncoder,
    LogMelSpectrogram,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    student_pipeline,
)
from sklearn_skd.deployment import cost, profile_cost

N_SONGS, SR = 16, 4000
FAST = {"batch_size": 4, "n_repeats": 1}


@pytest.fixture(scope="module")
def songs():
    rng = np.random.default_rng(0)
    waves = [(rng.normal(scale=0.1, size=SR * 2).astype(np.float32), SR) for _ in range(N_SONGS)]
    return pd.DataFrame(
        {
            "audio": pd.Series(waves, dtype=object),
            "genre": ["folk", "pop"] * (N_SONGS // 2),
            "era": ["1960s", "1990s", None, "1990s"] * (N_SONGS // 4),
        }
    )


@pytest.fixture(scope="module")
def y():
    return np.array(["calm", "tense", "sad", "calm"] * (N_SONGS // 4))


@pytest.fixture(scope="module")
def pipeline(songs, y):
    """A student of audio and genre whose teacher reads the era as well."""
    features = SongFeatures(
        LogMelSpectrogram(sr=SR, duration=2.0, n_fft=256, hop_length=128, n_mels=8, fmax=2000),
        culture=None,
        extra=[("genre", CultureEncoder(), ["genre"]), ("era", CultureEncoder(), ["era"])],
    )
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=1),
        sources=("audio", "genre"),
        teacher_cv=2,
        max_epochs=1,
        calibration=None,
        random_state=0,
    )
    return make_pipeline(features, student).fit(songs, y)


@pytest.fixture
def without_process(monkeypatch):
    """No process for the memory, which takes seconds to start."""
    monkeypatch.setattr(cost, "peak_memory", lambda model, songs, *, name: math.nan)


@pytest.fixture(scope="module")
def table(pipeline, songs, y):
    """Of the student, of the one that is shipped, and of the teacher."""
    teacher = make_pipeline(pipeline[0], pipeline[-1].teacher_)
    models = {"teacher": teacher, "student": pipeline, "shipped": student_pipeline(pipeline)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "peak_memory", lambda model, songs, *, name: len(name))
        return profile_cost(models, songs, y, batch_size=4, n_repeats=2)


# ---- the table --------------------------------------------------------------------------------


def test_there_is_one_row_a_model_in_the_order_given(table):
    assert table.index.tolist() == ["teacher", "student", "shipped"]
    assert table.index.name == "model"
    assert table.attrs["batch_size"] == 4
    assert table.attrs["n_repeats"] == 2
    assert table.attrs["n_threads"] >= 1
    assert all(dtype.kind in "if" for dtype in table.dtypes)


def test_stages_lead_from_the_waveform_to_the_probabilities(table):
    stages = [
        name
        for name in table
        if name.startswith("latency_ms_") and "_q" not in name and "threads" not in name
    ]
    parts = ["features_audio", "features_genre", "features_era", "classifier"]
    assert stages == [f"latency_ms_{part}" for part in parts]
    assert (table.loc[["teacher", "student"], stages] > 0).all(axis=None)
    assert np.isnan(table.loc["shipped", "latency_ms_features_era"])


def test_the_median_lies_between_its_quantiles(table):
    for what in ("latency_ms", "throughput"):
        for suffix in ("", "_all_threads"):
            name = what + suffix
            assert (table[f"{name}_q05"] <= table[name]).all()
            assert (table[name] <= table[f"{name}_q95"]).all()
            assert (table[f"{name}_q05"] > 0).all()


def test_each_model_has_its_own_memory(table):
    assert table["peak_memory_mb"].tolist() == [len(name) for name in table.index]


def test_scores_are_those_of_scikit_learn(table, pipeline, songs, y):
    predicted = pipeline.predict(songs)
    assert table.loc["student", "accuracy"] == accuracy_score(y, predicted)
    assert table.loc["student", "macro_f1"] == f1_score(y, predicted, average="macro")
    assert table.loc["shipped", "accuracy"] == table.loc["student", "accuracy"]


@pytest.mark.parametrize("reject_label", [None, "?"])
def test_a_rejector_is_scored_on_all_songs_as_the_model_inside(
    table, without_process, pipeline, songs, y, reject_label
):
    rejector = AbstainingClassifier(pipeline, coverage=0.5, reject_label=reject_label).fit(songs, y)
    scores = profile_cost({"student": rejector}, songs, y, **FAST)[["accuracy", "macro_f1"]]
    pd.testing.assert_frame_equal(scores, table.loc[["student"], ["accuracy", "macro_f1"]])


# ---- parameters -------------------------------------------------------------------------------


def test_parameters_of_the_parts_add_up_to_those_of_the_net(table, pipeline):
    student, teacher = pipeline[-1], pipeline[-1].teacher_
    assert table.loc["student", "parameters"] == student.n_parameters_
    assert table.loc["teacher", "parameters"] == teacher.n_parameters_
    parts = [name for name in table if name.startswith("parameters_")]
    assert (table[parts].sum(axis=1) == table["parameters"]).all()


def test_parameters_of_a_branch_are_those_counted_by_hand(table):
    # a code for each of two genres and one for unknown, in 32 dimensions
    assert table.loc["student", "parameters_branch_genre"] == 3 * 32
    layers = [(8, 9, 64), (64, 5, 64), (64, 5, 64)]  # channels in, kernel, channels out
    convolutions = sum(n * k + n + n * out + out + 2 * out for n, k, out in layers)
    pooling = 64 * 32 + 32 + 32 + 32
    assert table.loc["student", "parameters_branch_audio"] == convolutions + pooling
    size = 64 + 32
    fusion = size * 48 + 48 + 48 * 3 + 3
    credibility = size * 16 + 16 + 16 + 1
    assert table.loc["student", "parameters_fusion"] == fusion + credibility
    assert table.loc["student", "parameters_features_audio"] == 0


def test_members_count_as_often_as_they_are(without_process, songs, y):
    X = np.random.default_rng(0).normal(size=(N_SONGS, 5))
    two = TeacherClassifier(max_epochs=1, n_members=2, random_state=0).fit(X, y)
    table = profile_cost({"two": two}, X, **FAST)
    assert table.loc["two", "parameters"] == two.n_parameters_
    assert table.loc["two", "parameters_branch_features"] % 2 == 0


def test_models_of_other_libraries_are_timed_and_their_parameters_not_known(without_process, y):
    X = np.random.default_rng(0).normal(size=(N_SONGS, 5))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    table = profile_cost({"logistic": model, "dummy": DummyClassifier().fit(X, y)}, X, y, **FAST)
    assert table["parameters"].isna().all()
    assert table["multiply_adds"].isna().all()
    assert table.loc["logistic", "latency_ms_standardscaler"] > 0
    assert (table["latency_ms_classifier"] > 0).all()
    assert table.loc["logistic", "accuracy"] == model.score(X, y)


# ---- multiply-adds ----------------------------------------------------------------------------


def test_multiply_adds_of_the_log_mel_are_those_of_the_formula(table):
    # 63 frames of 256 samples; the filters as they are applied: 8 bands in one block of 129 bins
    import librosa

    filters = librosa.filters.mel(sr=SR, n_fft=256, n_mels=8, fmin=0, fmax=2000)
    seen = np.flatnonzero(filters.any(axis=0))
    frame = 256 + 1.25 * 256 * 8 + 129 + 8 * (seen[-1] - seen[0] + 1)
    expected = 2 * SR + 63 * frame
    assert table.loc["student", "multiply_adds_features_audio"] == expected
    assert table.loc["student", "multiply_adds_features_genre"] == 0


def test_multiply_adds_of_the_student_are_those_counted_by_hand(table):
    steps, n_in, total = [16, 8, 4], [8, 64, 64], 0  # 63 frames, strides 4, 2, 2
    for n_steps, n, kernel in zip(steps, n_in, (9, 5, 5), strict=True):
        total += n_steps * (n * kernel + n * 64)
    total += 4 * (64 * 32 + 32) + 32  # guided pooling: steps, scores, credibility
    total += 96 * 16 + 16 + 96 * 48 + 48 * 3
    assert table.loc["student", "multiply_adds_classifier"] == total


def test_multiply_adds_do_not_depend_on_the_number_of_songs(without_process, pipeline, songs):
    few = profile_cost({"student": pipeline}, songs.iloc[:1], **FAST)
    many = profile_cost({"student": pipeline}, songs, batch_size=8, n_repeats=1)
    assert few.loc["student", "multiply_adds"] == many.loc["student", "multiply_adds"]


# ---- all kinds of models ----------------------------------------------------------------------


def test_searches_wrappers_and_nested_pipelines_are_taken_apart(
    without_process, pipeline, songs, y
):
    search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=2)
    search = make_pipeline(SongFeatures(audio=None), search).fit(songs, y)
    rejector = AbstainingClassifier(pipeline, coverage=0.5).fit(songs, y)
    nested = make_pipeline(pipeline)
    models = {"search": search, "rejector": rejector, "nested": nested}
    table = profile_cost(models, songs, **FAST)
    assert table.loc["search", "latency_ms_features_culture"] > 0
    for name in ("rejector", "nested"):
        assert table.loc[name, "parameters"] == pipeline[-1].n_parameters_
        assert table.loc[name, "latency_ms_features_audio"] > 0
    assert rejector.estimator is pipeline


def test_named_sources_are_songs_as_well(without_process, pipeline, songs, y):
    X = pipeline[0].transform(songs)
    for features in (X, dict(X)):
        table = profile_cost({"student": pipeline[-1]}, features, y, **FAST)
        assert table.loc["student", "accuracy"] == pipeline.score(songs, y)
        assert "parameters_features_audio" not in table


def test_a_batch_is_no_larger_than_there_are_songs(without_process, pipeline, songs):
    table = profile_cost({"student": pipeline}, songs.iloc[:3], batch_size=100, n_repeats=1)
    assert table.loc["student", "throughput"] > 0
    assert "accuracy" not in table


# ---- nothing is changed -----------------------------------------------------------------------


class Witness(TransformerMixin, BaseEstimator):
    """Remembers how many threads there were when songs came by."""

    seen = []

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        self.seen.append(torch.get_num_threads())
        return X


def test_threads_are_set_as_said_and_put_back(without_process, monkeypatch, y):
    monkeypatch.setattr(cost.joblib, "cpu_count", lambda: 2)
    X = np.random.default_rng(0).normal(size=(N_SONGS, 5))
    model = make_pipeline(Witness(), DummyClassifier()).fit(X, y)
    Witness.seen.clear()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        profile_cost({"model": model}, X, **FAST)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert {1, 2} <= set(Witness.seen)
    first_of_all_threads = Witness.seen.index(2)
    assert set(Witness.seen[first_of_all_threads:]) == {2}


def test_threads_are_put_back_after_an_error(without_process, y):
    class Failing(Witness):
        def transform(self, X):
            if len(self.seen) > 4:
                raise RuntimeError("tired")
            return super().transform(X)

    Witness.seen.clear()
    X = np.random.default_rng(0).normal(size=(N_SONGS, 5))
    model = make_pipeline(Failing(), DummyClassifier()).fit(X, y)
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="tired"):
        profile_cost({"model": model}, X, batch_size=4, n_repeats=20)
    assert torch.get_num_threads() == before


def test_the_global_generators_and_the_models_stay_as_they_are(
    without_process, pipeline, songs, tmp_path
):
    audio = pipeline[0].transformers_["audio"].set_params(cache=str(tmp_path / "cache"), n_jobs=2)
    try:
        proba, teacher = pipeline.predict_proba(songs), pipeline[-1].teacher_
        held = sorted(path.name for path in tmp_path.rglob("*.npy"))
        states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
        profile_cost({"student": pipeline}, songs, **FAST)
        np.testing.assert_array_equal(np.random.get_state()[1], states[0])  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), states[1])
        assert audio.cache == str(tmp_path / "cache")
        assert audio.n_jobs == 2
        assert pipeline[-1].teacher_ is teacher
        np.testing.assert_array_equal(pipeline.predict_proba(songs), proba)
        assert sorted(path.name for path in tmp_path.rglob("*.npy")) == held
    finally:
        audio.set_params(cache=None, n_jobs=None)


# ---- errors -----------------------------------------------------------------------------------


def notes(caught):
    return getattr(caught.value, "__notes__", [])


def test_what_are_no_models_is_said(pipeline, songs):
    with pytest.raises(TypeError, match="dict of names"):
        profile_cost(pipeline, songs)
    with pytest.raises(ValueError, match="models is empty"):
        profile_cost({}, songs)
    with pytest.raises(ValueError, match="n_repeats"):
        profile_cost({"student": pipeline}, songs, n_repeats=0)


def test_an_unfitted_model_is_named(songs):
    model = make_pipeline(SongFeatures(), SKDStudentClassifier())
    with pytest.raises(NotFittedError, match="SKDStudentClassifier is not") as caught:
        profile_cost({"light": model}, songs)
    assert any("'light'" in note for note in notes(caught))


def test_a_model_without_probabilities_is_refused(y):
    from sklearn.svm import LinearSVC

    X = np.random.default_rng(0).normal(size=(N_SONGS, 5))
    with pytest.raises(ValueError, match="LinearSVC is no classifier with predict_proba"):
        profile_cost({"svm": LinearSVC().fit(X, y)}, X)


def test_no_songs_and_missing_columns_are_said(pipeline, songs):
    with pytest.raises(ValueError, match="0 songs"):
        profile_cost({"student": pipeline}, songs.iloc[:0])
    with pytest.raises(ValueError, match="0 songs"):
        profile_cost({"student": pipeline[-1]}, {})
    with pytest.raises(ValueError, match="needs the column 'genre'") as caught:
        profile_cost({"student": pipeline}, songs.drop(columns="genre"))
    assert any("'student'" in note for note in notes(caught))


def test_labels_that_cannot_be_scored_are_said(pipeline, songs, y):
    with pytest.raises(ValueError, match=r"shape \(3,\) for 16 songs"):
        profile_cost({"student": pipeline}, songs, y[:3])
    with pytest.raises(ValueError, match="row 2 is missing"):
        profile_cost({"student": pipeline}, songs, ["calm", "calm", None, *y[3:]])
    with pytest.raises(ValueError, match="does not know the label 'angry'"):
        profile_cost({"student": pipeline}, songs, ["angry", *y[1:]])
