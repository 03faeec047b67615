"""Multiply-adds of a static table, counted by hand."""

import numpy as np
import pandas as pd
import pytest
from word_encoder import word_encoder

from sklearn_skd.deployment._cost_parts import transformer_multiply_adds, transformer_parameters


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_table_adds_one_row_a_token_and_songs_without_lyrics_have_a_tag(clean, missing):
    songs = pd.Series(["still night", "dance", missing], dtype=object, name="lyrics")
    n_tokens = 2 + 1 + 4  # the tag is "[no lyrics]": a word for each bracket
    encoder = word_encoder(clean=clean)
    assert transformer_multiply_adds(encoder, songs) == pytest.approx(n_tokens * 3 / 3)


def test_its_parameters_are_its_values():
    assert transformer_parameters(word_encoder()) == 7 * 3
