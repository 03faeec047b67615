"""Multiply-adds of a static table, counted by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from word_encoder import word_encoder

from sklearn_skd import LogMelSpectrogram, SongFeatures
from sklearn_skd.deployment._cost_parts import transformer_multiply_adds, transformer_parameters
from sklearn_skd.deployment._cost_stages import StagedModel


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_table_adds_one_row_a_token_and_songs_without_lyrics_have_a_tag(clean, missing):
    songs = pd.Series(["still night", "dance", missing], dtype=object, name="lyrics")
    n_tokens = 2 + 1 + 4  # the tag is "[no lyrics]": a word for each bracket
    encoder = word_encoder(clean=clean)
    assert transformer_multiply_adds(encoder, songs) == pytest.approx(n_tokens * 3 / 3)


def test_its_parameters_are_its_values():
    assert transformer_parameters(word_encoder()) == 7 * 3


WRAPPED = {
    "frozen": FrozenEstimator,
    "pipeline": make_pipeline,
    "frozen pipeline": lambda one: FrozenEstimator(make_pipeline("passthrough", one)),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_transformer_counts_as_itself(wrap):
    songs = pd.Series(["still night", "dance"], dtype=object, name="lyrics")
    encoder = word_encoder()
    wrapped = wrap(encoder)
    assert transformer_multiply_adds(wrapped, songs) == transformer_multiply_adds(encoder, songs)
    assert transformer_parameters(wrapped) == transformer_parameters(encoder)
    assert np.isnan(transformer_parameters(make_pipeline(encoder, FunctionTransformer())))


@pytest.mark.parametrize("whole", [False, True], ids=["a source", "all features"])
@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_caches_and_jobs_of_wrapped_transformers_are_off(tmp_path, wrap, whole):
    audio = LogMelSpectrogram(sr=4000, duration=1.0, cache=tmp_path, n_jobs=2, verbose=1)
    songs = pd.DataFrame({"audio": [np.ones(4000), np.zeros(4000)]})
    features = wrap(SongFeatures(audio).fit(songs)) if whole else SongFeatures(wrap(audio.fit([])))
    model = make_pipeline(features, DummyClassifier()).fit(songs, ["a", "b"])
    staged = StagedModel(model)
    (quiet,) = staged._transformers()
    assert (quiet.cache, quiet.verbose, quiet.n_jobs) == (None, 0, 2)
    with staged.one_job():
        assert quiet.n_jobs == 1
    told = []
    staged.walk(songs, lambda name, step, songs, call: told.append(name) or call())
    assert told == ["features_audio", "classifier"]
    assert (audio.cache, audio.verbose) == (tmp_path, 1)
