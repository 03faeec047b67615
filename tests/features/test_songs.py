"""A song table becomes one array per source, whatever it holds and however it is sliced."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.utils.estimator_checks import check_param_validation
from skorch.helper import SliceDict

from sklearn_skd import CultureEncoder, LogMelSpectrogram, LyricsEncoder, SongFeatures

RATE = 8_000
N_SONGS = 12


@pytest.fixture
def songs():
    rng = np.random.default_rng(0)
    sounds = [(rng.normal(scale=0.1, size=RATE).astype(np.float32), RATE) for _ in range(N_SONGS)]
    return pd.DataFrame(
        {
            "audio": pd.Series(sounds, dtype=object),
            "lyrics": ["love me", None, "leave me", "la la la"] * 3,
            "genre": ["rock", "folk", None, "rock"] * 3,
            "era": [1990, 1970, np.nan, 1990] * 3,
            "bpm": rng.uniform(60, 180, N_SONGS),
            "title": [f"song {i}" for i in range(N_SONGS)],
        }
    )


@pytest.fixture
def text_songs(songs):
    return songs.drop(columns="audio")


def short_audio(**params):
    return LogMelSpectrogram(sr=RATE, duration=1.0, **params)


class Nearest(ClassifierMixin, BaseEstimator):
    """Smallest classifier of SliceDicts: predicts the first class, remembers its input."""

    def fit(self, X, y, sample_weight=None):
        assert isinstance(X, SliceDict)
        assert all(len(array) == len(y) for array in X.values())
        self.classes_ = np.unique(y)
        self.shapes_ = {name: array.shape for name, array in X.items()}
        self.sample_weight_ = sample_weight
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def to(function):
    """Transformer of a column by a function of it."""
    return FunctionTransformer(function)


def test_auto_makes_an_array_for_each_source_of_the_table(songs):
    X = SongFeatures(audio=short_audio()).fit_transform(songs)
    assert isinstance(X, SliceDict)
    assert list(X) == ["audio", "lyrics", "culture"]
    assert {name: array.dtype.name for name, array in X.items()} == {
        "audio": "float32",
        "lyrics": "float32",
        "culture": "int64",
    }
    assert X["audio"].shape[:2] == (N_SONGS, 64)
    assert X["audio"].ndim == 3
    assert X["lyrics"].shape == (N_SONGS, 385)
    assert X["culture"].shape == (N_SONGS, 2)


def test_auto_audio_is_the_default_log_mel_spectrogram(songs):
    features = SongFeatures(lyrics=None, culture=None).fit(songs[:2])
    assert repr(features.transformers_["audio"]) == "LogMelSpectrogram()"
    assert features.transform(songs[:2])["audio"].shape == (2, 64, 1292)


def test_sources_equal_their_transformers_alone(songs):
    X = SongFeatures(audio=short_audio()).fit_transform(songs)
    assert_array_equal(X["audio"], short_audio().fit_transform(songs["audio"]))
    assert_array_equal(X["lyrics"], LyricsEncoder().fit_transform(songs["lyrics"]))
    assert_array_equal(X["culture"], CultureEncoder().fit_transform(songs[["genre", "era"]]))


def test_fit_transform_equals_fit_then_transform(text_songs):
    together = SongFeatures().fit_transform(text_songs)
    assert SongFeatures().fit(text_songs).transform(text_songs) == together


def test_fitted_attributes_say_what_is_read(text_songs):
    features = SongFeatures().fit(text_songs)
    assert features.columns_ == {"lyrics": "lyrics", "culture": ["genre", "era"]}
    assert list(features.transformers_) == ["lyrics", "culture"]
    assert features.feature_names_in_.tolist() == ["lyrics", "genre", "era"]
    assert features.n_features_in_ == 3


def test_none_leaves_a_source_out(songs):
    assert list(SongFeatures(None, None).fit_transform(songs)) == ["culture"]


def test_the_given_transformers_are_not_fitted_themselves(text_songs):
    culture = CultureEncoder()
    SongFeatures(lyrics=None, culture=culture).fit(text_songs)
    assert not hasattr(culture, "categories_")


def test_columns_rename(text_songs):
    renamed = text_songs.rename(columns={"lyrics": "text", "genre": "style", "era": "decade"})
    names = {"lyrics": "text", "culture": ["style", "decade"]}
    X = SongFeatures(columns=names).fit_transform(renamed)
    assert SongFeatures().fit_transform(text_songs) == X
    one = SongFeatures(lyrics=None, columns={"culture": "style"}).fit_transform(renamed)
    assert one["culture"].shape == (N_SONGS, 1)


def test_extra_adds_sources_of_every_kind(text_songs):
    extra = [
        ("tempo", StandardScaler(), ["bpm"]),
        ("style", OneHotEncoder(handle_unknown="ignore"), ["genre"]),
        (
            "series",
            to(lambda bpm: np.ones((len(bpm), 2, 3)) * bpm.to_numpy()[:, None, None]),
            "bpm",
        ),
        ("words", to(lambda text: np.array([[len(str(t).split())] for t in text])), "lyrics"),
    ]
    X = SongFeatures(lyrics=None, extra=extra).fit_transform(text_songs)
    assert list(X) == ["culture", "tempo", "style", "series", "words"]
    assert {name: (array.dtype.name, array.ndim) for name, array in X.items()} == {
        "culture": ("int64", 2),
        "tempo": ("float32", 2),
        "style": ("float32", 2),
        "series": ("float32", 3),
        "words": ("int64", 2),
    }


def test_extra_sees_the_target_and_its_own_fit_transform(text_songs):
    y = np.array([0, 1] * 6)
    encoder = TargetEncoder(cv=StratifiedKFold(2), target_type="binary")
    extra = [("target", encoder, ["genre"])]
    features = SongFeatures(None, None, None, extra=extra)
    assert (
        features.fit_transform(text_songs, y)["target"]
        != features.fit(text_songs, y).transform(text_songs)["target"]
    ).any()


def test_a_transformer_without_fit_transform_works(text_songs):
    class Plain(BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X.to_numpy()

    X = SongFeatures(None, None, None, extra=[("bpm", Plain(), ["bpm"])]).fit_transform(text_songs)
    assert X["bpm"].shape == (N_SONGS, 1)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda column: np.array(column, dtype=object)[:, None], "dtype object"),
        (lambda column: column.to_numpy(), "1 dimensions"),
        (lambda column: np.ones((len(column), 2), dtype=bool), "dtype bool"),
        (lambda column: np.ones((len(column), 2, 2), dtype=int), "3 dimensions"),
        (lambda column: np.ones((1, 2)), "1 rows for 12 songs"),
    ],
)
def test_an_output_of_no_known_kind_raises_and_names_the_source(text_songs, function, message):
    features = SongFeatures(lyrics=None, extra=[("odd", to(function), "bpm")])
    with pytest.raises(ValueError, match=rf"'odd'.*{message}"):
        features.fit_transform(text_songs)


def test_nested_parameters_of_a_transformer_can_be_set(songs):
    features = SongFeatures(audio=short_audio()).set_params(audio__n_mels=16)
    assert features.get_params()["audio__n_mels"] == 16
    assert features.fit_transform(songs)["audio"].shape[1] == 16


def test_setting_a_nested_parameter_puts_the_default_in_the_place_of_auto():
    features = clone(SongFeatures().set_params(audio__n_mels=32, culture__min_frequency=2))
    assert isinstance(features.audio, LogMelSpectrogram)
    assert features.audio.n_mels == 32
    assert features.culture.min_frequency == 2
    assert features.lyrics == "auto"
    features.set_params(audio="auto", audio__n_mels=8)
    assert features.audio.n_mels == 8
    features.set_params(audio=short_audio(), audio__n_mels=9)
    assert (features.audio.sr, features.audio.n_mels) == (RATE, 9)


def test_sources_in_extra_have_parameters_and_can_be_replaced():
    extra = [("tempo", StandardScaler(), ["bpm"])]
    features = SongFeatures(extra=extra)
    assert features.get_params()["tempo__with_mean"] is True
    features = clone(features).set_params(tempo__with_mean=False)
    assert features.extra[0][1].with_mean is False
    assert extra[0][1].with_mean is True
    features.set_params(tempo=CultureEncoder(), tempo__min_frequency=3)
    assert features.extra[0][1].min_frequency == 3
    features.set_params(extra=extra)
    assert features.extra is extra


def test_unknown_parameters_raise():
    with pytest.raises(ValueError, match="Invalid parameter 'video'"):
        SongFeatures().set_params(video=1)
    with pytest.raises(ValueError, match="Invalid parameter 'n_bands'"):
        SongFeatures().set_params(audio__n_bands=1)
    with pytest.raises(ValueError, match=r"'lyrics__clean'.*lyrics=None"):
        SongFeatures(lyrics=None).set_params(lyrics__clean=False)


def test_grid_search_reaches_the_parameters_of_auto_sources(text_songs):
    y = np.array(["joy", "sad"] * 6)
    model = make_pipeline(SongFeatures(lyrics=None), Nearest())
    grid = {"songfeatures__culture__min_frequency": [1, 2], "songfeatures__lyrics": [None, "auto"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(text_songs, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.predict(text_songs[:3]).shape == (3,)
    assert model[0].culture == "auto"


def test_its_output_goes_through_splitters_and_searches(text_songs):
    y = np.array([0, 1] * 6)
    X = SongFeatures().fit_transform(text_songs)
    train, test, _, _ = train_test_split(X, y, stratify=y, random_state=0)
    assert (len(train), len(test)) == (9, 3)
    assert set(train) == {"lyrics", "culture"}
    assert cross_val_predict(Nearest(), X, y, cv=3).shape == (N_SONGS,)
    assert GridSearchCV(Nearest(), {}, cv=3, error_score="raise").fit(X, y).n_splits_ == 3


def test_metadata_passes_by_to_the_classifier(text_songs):
    y, weight = np.array([0, 1] * 6), np.arange(12.0)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = Nearest().set_fit_request(sample_weight=True)
        model = make_pipeline(SongFeatures(lyrics=None), classifier)
        model.fit(text_songs, y, sample_weight=weight)
    assert_array_equal(model[-1].sample_weight_, weight)


def test_pandas_output_of_the_transformers_is_no_obstacle(text_songs):
    expected = SongFeatures().fit_transform(text_songs)
    with sklearn.config_context(transform_output="pandas"):
        assert SongFeatures().fit_transform(text_songs) == expected


def test_n_jobs_reaches_transformers_that_leave_it_open(songs):
    features = SongFeatures(audio=short_audio(), n_jobs=2).fit(songs)
    assert features.transformers_["audio"].n_jobs == 2
    features = SongFeatures(audio=short_audio(n_jobs=1), n_jobs=2).fit(songs)
    assert features.transformers_["audio"].n_jobs == 1


def test_html_repr_shows_the_transformers():
    assert "LogMelSpectrogram" in SongFeatures(audio=short_audio())._repr_html_()


def test_columns_may_come_in_another_order_and_with_others(text_songs):
    features = SongFeatures().fit(text_songs)
    X = features.transform(text_songs[["era", "lyrics", "genre"]].assign(more=1))
    assert features.transform(text_songs) == X


def test_a_column_missing_at_transform_raises_and_is_named(text_songs):
    features = SongFeatures().fit(text_songs)
    with pytest.raises(ValueError, match=r"'culture' needs the column 'era'.*student_pipeline"):
        features.transform(text_songs.drop(columns="era"))


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (SongFeatures(audio=short_audio()), "'audio' needs the column 'audio'"),
        (SongFeatures(columns={"lyrics": "text"}), "'lyrics' needs the column 'text'"),
        (SongFeatures(columns={"culture": ["genre", "decade"]}), "'culture' needs .* 'decade'"),
        (SongFeatures(extra=[("x", StandardScaler(), ["energy"])]), "'x' needs .* 'energy'"),
        (SongFeatures(columns={"video": "a"}), "keys of columns.*video"),
        (SongFeatures(columns={"audio": 3}), "'audio' are a name or a list"),
        (SongFeatures(extra=[("x", StandardScaler(), [])]), "'x' are a name or a list"),
        (SongFeatures(extra=[("audio", StandardScaler(), "bpm")]), "'audio' in extra is taken"),
        (SongFeatures(extra=[("n_jobs", StandardScaler(), "bpm")]), "'n_jobs' in extra is taken"),
        (SongFeatures(extra=[("a__b", StandardScaler(), "bpm")]), "'a__b' in extra"),
        (SongFeatures(extra=[("x", StandardScaler(), "bpm")] * 2), "'x' in extra is taken"),
        (SongFeatures(extra=[("x", StandardScaler())]), "extra holds"),
        (SongFeatures(extra=[("x", "passthrough", "bpm")]), "extra holds"),
        (SongFeatures(extra=[("x", StandardScaler, "bpm")]), "extra holds"),
        (SongFeatures(None, None, None), "no source"),
    ],
)
def test_what_cannot_work_raises_and_says_why(text_songs, features, message):
    for method in (features.fit, features.fit_transform):
        with pytest.raises(ValueError, match=message):
            method(text_songs)


def test_a_broken_extra_can_still_be_shown_and_cloned():
    features = SongFeatures(extra=[("x", StandardScaler())])
    assert "StandardScaler" in repr(clone(features))
    assert features.get_params()["extra"] is features.extra


def test_culture_without_any_field_raises(text_songs):
    with pytest.raises(ValueError, match="'culture' needs the column one of"):
        SongFeatures(culture=CultureEncoder()).fit(text_songs[["lyrics"]])


def test_a_table_without_known_columns_raises_and_proposes_columns(songs):
    with pytest.raises(ValueError, match=r"\['title'\].*columns=.*extra="):
        SongFeatures().fit(songs[["title"]])


def test_a_doubled_column_raises(text_songs):
    doubled = pd.concat([text_songs, text_songs[["lyrics"]]], axis=1)
    with pytest.raises(ValueError, match="several columns 'lyrics'"):
        SongFeatures().fit(doubled)


@pytest.mark.parametrize("wrong", [np.ones((2, 2)), [["a"]], {"lyrics": ["a"]}])
def test_anything_but_a_data_frame_raises(text_songs, wrong):
    with pytest.raises(TypeError, match="DataFrame"):
        SongFeatures().fit(wrong)
    with pytest.raises(TypeError, match="DataFrame"):
        SongFeatures().fit(text_songs).transform(wrong)


def test_an_empty_table_raises(text_songs):
    with pytest.raises(ValueError, match="0 songs"):
        SongFeatures().fit(text_songs[:0])


def test_parameters_are_validated():
    check_param_validation("SongFeatures", SongFeatures())


def test_a_pipeline_can_still_be_fitted_after_clone(text_songs):
    model = clone(make_pipeline(SongFeatures(), Nearest()))
    assert "lyrics" in model.fit(text_songs, np.array([0, 1] * 6))[-1].shapes_
