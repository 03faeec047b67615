"""Culture fields become codes, 0 for whatever is unknown."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    check_set_output_transform,
    check_transformer_get_feature_names_out,
    parametrize_with_checks,
)

from sklearn_skd import CultureEncoder


@pytest.fixture
def songs():
    return pd.DataFrame(
        {
            "genre": ["rock", "folk", None, "rock"],
            "era": [1990, np.nan, 1990.0, 1970],
            "scene": ["club", " ", pd.NA, ""],
        }
    )


@parametrize_with_checks([CultureEncoder()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_dataframe_column_names_consistency,
        check_param_validation,
        check_set_output_transform,
        check_transformer_get_feature_names_out,
    ],
)
def test_further_scikit_learn_checks(check):
    check("CultureEncoder", CultureEncoder())


def test_categories_count_from_one_in_sorted_order_and_missing_is_zero(songs):
    codes = CultureEncoder().fit_transform(songs)
    assert codes.dtype == np.int64
    assert codes.tolist() == [[2, 2, 1], [1, 0, 0], [0, 2, 0], [2, 1, 0]]


def test_a_code_leads_back_to_its_category(songs):
    encoder = CultureEncoder().fit(songs)
    codes = encoder.transform(songs)
    assert encoder.categories_[0][codes[0, 0] - 1] == "rock"
    assert encoder.categories_[1].tolist() == ["1970", "1990"]


def test_new_categories_become_zero(songs):
    encoder = CultureEncoder().fit(songs)
    new = pd.DataFrame({"genre": ["jazz"], "era": [2020], "scene": ["club"]})
    assert encoder.transform(new).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("era", [1990, 1990.0, np.float32(1990), "1990", " 1990 ", np.int64(1990)])
def test_a_year_is_the_same_however_it_is_stored(songs, era):
    encoder = CultureEncoder().fit(songs[["era"]])
    table = pd.DataFrame({"era": pd.Series([era], dtype=object)})
    assert encoder.transform(table).tolist() == [[2]]


@pytest.mark.parametrize("dtype", [object, "str", "category", "string"])
def test_pandas_kinds_of_text_give_the_same_codes(songs, dtype):
    genre = songs[["genre"]]
    codes = CultureEncoder().fit_transform(genre.astype({"genre": dtype}))
    assert codes.ravel().tolist() == [2, 1, 0, 2]


def test_mixed_kinds_in_one_field_are_compared_as_text():
    X = np.array([[1990, "a"], ["1990", True], [2.5, "True"]], dtype=object)
    assert CultureEncoder().fit_transform(X).tolist() == [[1, 2], [1, 1], [2, 1]]


def test_a_field_without_any_value_is_all_zero():
    X = pd.DataFrame({"genre": [None, None], "era": ["80s", "90s"]})
    encoder = CultureEncoder().fit(X)
    assert encoder.transform(X).tolist() == [[0, 1], [0, 2]]
    assert encoder.transform(X.assign(genre="pop"))[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize("min_frequency", [2, 0.5])
def test_rare_categories_become_zero_and_are_listed(songs, min_frequency):
    encoder = CultureEncoder(min_frequency=min_frequency).fit(songs)
    assert encoder.transform(songs)[:, 0].tolist() == [1, 0, 0, 1]
    assert encoder.infrequent_categories_[0].tolist() == ["folk"]
    assert encoder.infrequent_categories_[2].tolist() == ["club"]


@pytest.mark.parametrize("min_frequency", [0, -1, 1.5, "2"])
def test_min_frequency_out_of_range_raises(songs, min_frequency):
    with pytest.raises(ValueError, match="min_frequency"):
        CultureEncoder(min_frequency=min_frequency).fit(songs)


@pytest.mark.parametrize("cell", [["rock", "pop"], ("rock",), {"rock"}, np.array(["rock"])])
def test_several_values_in_a_cell_raise_and_name_row_and_field(cell):
    X = pd.DataFrame({"genre": pd.Series(["folk", cell], index=["x", "y"], dtype=object)})
    with pytest.raises(TypeError, match=r"'genre' of row 1 \(label 'y'\).*str\.join"):
        CultureEncoder().fit(X)


def test_bytes_raise_and_say_how_to_decode():
    with pytest.raises(TypeError, match=r"row 0.*decode"):
        CultureEncoder().fit(np.array([[b"rock"]], dtype=object))


def test_several_values_raise_at_transform_too(songs):
    encoder = CultureEncoder().fit(songs)
    songs["genre"] = pd.Series([["rock"], "a", "b", "c"], dtype=object)
    with pytest.raises(TypeError, match="row 0"):
        encoder.transform(songs)


def test_tables_of_any_form_give_the_codes_of_the_plain_one(songs):
    encoder = CultureEncoder().fit(songs)
    codes = encoder.transform(songs)
    one_by_one = [encoder.transform(songs.iloc[[row]]) for row in range(len(songs))]
    np.testing.assert_array_equal(np.concatenate(one_by_one), codes)
    np.testing.assert_array_equal(encoder.transform(songs.astype("category")), codes)
    assert codes.dtype == np.int64
    assert codes.flags["C_CONTIGUOUS"]
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(songs[songs.columns[::-1]])
    with pytest.raises(ValueError, match="0 sample"):
        encoder.transform(songs.iloc[:0])


def test_names_and_frames_come_out_as_they_went_in(songs):
    songs.index = list("abcd")
    frame = CultureEncoder().set_output(transform="pandas").fit_transform(songs)
    assert list(frame.columns) == ["genre", "era", "scene"]
    assert list(frame.index) == list("abcd")
    assert (frame.dtypes == np.int64).all()


def test_works_in_a_column_transformer(songs):
    both = make_column_transformer((CultureEncoder(), ["genre", "scene"]))
    assert clone(both).fit_transform(songs).tolist() == [[2, 1], [1, 0], [0, 0], [2, 0]]
