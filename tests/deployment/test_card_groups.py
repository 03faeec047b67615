"""How songs are divided into culture groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_skd import SongFeatures
from sklearn_skd.deployment._card_groups import NOT_STATED, culture_columns, culture_fields


def test_each_column_divides_the_songs_and_empty_cells_are_a_group():
    genre, era = ["pop", None, "folk", " pop "], [1990, 1970, 1990.0, None]
    culture = pd.DataFrame({"genre": genre, "era": era})
    genre, era = culture_fields(culture, 4)
    assert (genre.name, genre.labels) == ("genre", ["folk", "pop", NOT_STATED])
    assert genre.codes.tolist() == [1, 2, 0, 1]
    assert (era.name, era.labels) == ("era", ["1970", "1990", NOT_STATED])
    assert era.codes.tolist() == [1, 0, 1, 2]


def test_a_series_a_mapping_and_nothing_at_all():
    (field,) = culture_fields(pd.Series(["a", "b"], name="region", index=[7, 9]), 2)
    assert (field.name, field.labels) == ("region", ["a", "b"])
    (field,) = culture_fields({"language": np.array(["en", "tr"])}, 2)
    assert field.codes.tolist() == [0, 1]
    (field,) = culture_fields(pd.Series(["a", "b"]), 2)
    assert field.name == "group"
    assert culture_fields(None, 2) == []
    assert culture_fields(pd.DataFrame(index=[0, 1]), 2) == []


def test_series_of_a_mapping_keep_the_order_of_the_songs_whatever_their_index():
    later = pd.Series(["x", "y", "z"], index=[2, 0, 1])
    for field in culture_fields({"era": later, "genre": pd.Series(["x", "y", "z"])}, 3):
        assert field.codes.tolist() == [0, 1, 2]


def test_a_column_without_labels_is_left_out():
    assert culture_fields({"era": [None, None]}, 2) == []


def test_another_number_of_rows_is_refused():
    with pytest.raises(ValueError, match="culture has 3 rows for 2 songs"):
        culture_fields({"genre": ["a", "b", "c"]}, 2)


def test_a_cell_with_several_values_is_refused_by_name():
    with pytest.raises(TypeError, match="culture field 'genre' of row 1"):
        culture_fields({"genre": ["a", ["b", "c"]]}, 2)


def test_a_song_table_brings_its_culture():
    songs = pd.DataFrame({"language": ["en"], "tempo": [90], "genre": ["pop"]})
    assert culture_columns(songs, []).columns.tolist() == ["genre", "language"]
    assert culture_columns(songs[["tempo"]], []) is None
    assert culture_columns(np.zeros((2, 2)), []) is None


def test_a_song_table_brings_its_culture_under_the_names_it_was_fitted_with():
    songs = pd.DataFrame({"style": ["pop", "folk"], "genre": ["a", "b"], "title": ["x", "y"]})
    features = SongFeatures(columns={"culture": ["style"]}).fit(songs)
    steps = [step for _, step in make_pipeline(features).steps]
    assert culture_columns(songs, steps).columns.tolist() == ["genre", "style"]
