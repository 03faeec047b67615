"""Any cell of a culture field becomes a code, 0 if unknown, or is refused by row and field."""

import collections
import datetime
import enum
import fractions
import pathlib
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_skd import CultureEncoder


def codes_of(cells):
    table = pd.DataFrame({"genre": pd.Series(list(cells), dtype=object)})
    return CultureEncoder().fit_transform(table).ravel().tolist()


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ([1, "a", None], [1, 2, 0]),
        ([True, False, None], [2, 1, 0]),
        ([np.True_, True, "True"], [1, 1, 1]),
        ([1.0, 2.5, np.nan, 1], [1, 2, 0, 1]),
        ([0.0, -0.0, 0, "0"], [1, 1, 1, 1]),
        ([np.float32(0.1), 0.1], [1, 1]),
        ([np.inf, -np.inf, None], [2, 1, 0]),
        ([10**30, 1], [2, 1]),
        ([np.uint8(3), np.int64(3), 3.0], [1, 1, 1]),
        ([fractions.Fraction(4, 2), 2], [1, 1]),
        ([Decimal("1990"), Decimal("1990.0"), 1990, Decimal("NaN")], [1, 1, 1, 0]),
        ([Decimal("sNaN"), Decimal("Infinity")], [0, 1]),
        ([pd.Timestamp("1990"), datetime.date(1990, 1, 1), "1990-01-01", pd.NaT], [1, 1, 1, 0]),
        ([np.datetime64("1990-01-01"), np.datetime64("NaT")], [1, 0]),
        ([pd.Timestamp("1990-01-01 12:00"), pd.Timestamp("1990")], [2, 1]),
        ([datetime.timedelta(1), pd.Timedelta(1, "D")], [1, 2]),
        ([pd.Period("1990"), 1990], [1, 1]),
        ([pd.Interval(1980, 1990), None], [1, 0]),
        (["Rock", "rock", "ROCK"], [2, 3, 1]),
        ([" rock", "rock\n", "\u00a0rock\u3000", "\ufeffrock\u200b", "\x00rock"], [1] * 5),
        (["folk rock", "folk  rock"], [2, 1]),
        (["é", "e\u0301"], [1, 1]),
        (["", " ", "\t", "\u200b", "\x00"], [0] * 5),
        (["nan", "None", "NaN", None], [3, 2, 1, 0]),
        (["\ud800", "a"], [2, 1]),
        (["🎸", "موسيقى", "音楽"], [3, 1, 2]),
        (["x" * 100_000, "x"], [2, 1]),
        ([np.str_("a"), "a"], [1, 1]),
        ([None, np.nan, pd.NA, pd.NaT, np.ma.masked], [0] * 5),
        (["same"] * 3, [1, 1, 1]),
    ],
    ids=[
        *("numbers and text", "booleans", "NumPy booleans", "floats", "zeros", "float32"),
        *("infinities", "huge number", "kinds of integers", "fractions", "decimals"),
        *("odd decimals", "dates", "NumPy dates", "times", "durations", "periods", "intervals"),
        *("case", "blanks around", "blanks within", "composed accents", "blank", "text nan"),
        *("broken character", "scripts", "long", "NumPy text", "missing", "constant"),
    ],
)
def test_cells_of_every_kind_have_the_codes_of_their_texts(cells, codes):
    assert codes_of(cells) == codes


class Genre(enum.Enum):
    ROCK = 1


@pytest.mark.parametrize(
    ("cell", "fix"),
    [
        *[(cell, r"str\.join") for cell in (["a"], [], ("a",), {"a"}, frozenset("a"), {"a": 1})],
        *[(cell, r"str\.join") for cell in (np.array(["a"]), np.array("a"), range(3), [["a"]])],
        *[(cell, r"str\.join") for cell in (collections.deque("a"), {}.keys(), iter("a"))],
        *[(cell, "decode the column") for cell in (b"rock", bytearray(b"rock"))],
        *[(cell, "convert the column") for cell in (object(), len, Genre.ROCK, pathlib.Path("a"))],
    ],
    ids=lambda cell: "" if isinstance(cell, str) else type(cell).__name__,
)
def test_a_cell_without_a_text_of_its_own_is_refused_by_row_and_field(cell, fix):
    table = pd.DataFrame(
        {"era": [1990, 1990], "genre": pd.Series(["a", cell], index=["x", "y"], dtype=object)},
        index=["x", "y"],
    )
    match = rf"'genre' of row 1 \(label 'y'\)[\s\S]*{fix}"
    with pytest.raises(TypeError, match=match):
        CultureEncoder().fit(table)
    encoder = CultureEncoder().fit(pd.DataFrame({"era": [1], "genre": ["a"]}))
    with pytest.raises(TypeError, match=match):
        encoder.transform(table)


def test_complex_numbers_are_refused_by_row_and_field():
    with pytest.raises(ValueError, match=r"'genre' of row 1 .*Complex data not supported"):
        CultureEncoder().fit(pd.DataFrame({"genre": pd.Series(["a", 1j], dtype=object)}))


@pytest.mark.parametrize("kind", [uuid.UUID(int=1), np.str_("a"), 3, True, "a"], ids=repr)
def test_a_scalar_keeps_its_code_when_it_comes_back_as_text(kind):
    table = pd.DataFrame({"genre": pd.Series([kind, "z"], dtype=object)})
    encoder = CultureEncoder().fit(table)
    assert_array_equal(encoder.transform(table.astype(str)), encoder.transform(table))


@pytest.mark.parametrize(
    "dtype",
    ["Int64", "Float64", "float64", "float32", "object", "string", "str", "category", "Int16"],
)
def test_a_column_of_years_with_gaps_has_the_same_codes_in_every_dtype(dtype):
    years = pd.Series([1990, None, 1970, 1990], dtype="Int64")
    encoder = CultureEncoder().fit(years.to_frame("era"))
    assert encoder.transform(years.astype(dtype).to_frame("era")).ravel().tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize("dtype", ["boolean", "object", "string", "category"])
def test_booleans_with_gaps_have_the_same_codes_in_every_dtype(dtype):
    values = pd.Series([True, None, False], dtype="boolean")
    encoder = CultureEncoder().fit(values.to_frame("scene"))
    assert encoder.transform(values.astype(dtype).to_frame("scene")).ravel().tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    "dates",
    [
        pd.Series(pd.to_datetime(["1990", None, "1970"])),
        pd.Series(["1990-01-01", None, "1970-01-01"]),
        pd.Series([datetime.date(1990, 1, 1), None, datetime.date(1970, 1, 1)]),
    ],
    ids=["timestamps", "text", "dates"],
)
def test_dates_have_the_same_codes_however_they_are_stored(dates):
    assert CultureEncoder().fit_transform(dates.to_frame("era")).ravel().tolist() == [2, 0, 1]


def test_arrays_of_dates_and_masked_arrays_lose_nothing():
    dates = np.array([["1990-01-01"], ["NaT"]], dtype="M8[ns]")
    assert CultureEncoder().fit_transform(dates).tolist() == [[1], [0]]
    masked = np.ma.array([["a"], ["b"]], mask=[[True], [False]])
    assert CultureEncoder().fit_transform(masked).tolist() == [[0], [1]]


def test_unused_categories_have_no_code():
    genre = pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["z", "b", "a"]))
    encoder = CultureEncoder().fit(genre.to_frame("genre"))
    assert encoder.categories_[0].tolist() == ["a", "b"]


def test_as_many_categories_as_songs_all_have_codes():
    table = pd.DataFrame({"artist": [f"artist {number}" for number in range(20_000)]})
    codes = CultureEncoder().fit_transform(table).ravel()
    assert sorted(codes) == list(range(1, 20_001))


@pytest.mark.parametrize(
    ("table", "match"),
    [
        (pd.DataFrame(index=[0, 1]), r"0 feature\(s\).*select the culture fields"),
        (pd.DataFrame({"genre": []}), r"0 sample\(s\)"),
        (pd.DataFrame([["a", "b"]], columns=["genre", "genre"]), "unique column names"),
        (pd.DataFrame([["a", "b"]], columns=["genre", 1]), "convert them all to strings"),
        (pd.Series(["a"]), "2-dimensional"),
        (["a", "b"], "Expected 2D array, got 1D array"),
        ([{"genre": "a"}], "Expected 2D array, got 1D array"),
        ({"genre": ["a"]}, "Expected 2D array, got scalar"),
        (None, "Expected 2D array, got scalar"),
        (np.full((1, 1, 1), "a"), "dim 3"),
        (scipy.sparse.csr_array(np.eye(2)), "Sparse data was passed"),
    ],
    ids=[
        *("no fields", "no songs", "doubled field", "mixed names", "series", "list", "records"),
        *("dict", "nothing", "three dimensions", "sparse"),
    ],
)
def test_what_is_no_table_is_refused(table, match):
    with pytest.raises((ValueError, TypeError), match=match):
        CultureEncoder().fit(table)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table[["era", "genre"]], "same order"),
        (lambda table: table[["genre"]], "yet now missing"),
        (lambda table: table.assign(scene="x"), "unseen at fit time"),
        (lambda table: table[:0], r"0 sample\(s\)"),
    ],
    ids=["another order", "a field fewer", "a field more", "no songs"],
)
def test_other_fields_than_in_fit_are_refused_and_named(change, match):
    table = pd.DataFrame({"genre": ["a", "b"], "era": [1990, 1970]})
    encoder = CultureEncoder().fit(table)
    with pytest.raises(ValueError, match=match):
        encoder.transform(change(table))


CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.dates()
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=9)
)


@given(TABLES)
def test_codes_are_whole_numbers_in_range(rows):
    table = pd.DataFrame(rows, dtype=object)
    encoder = CultureEncoder()
    codes = encoder.fit_transform(table)
    assert codes.shape == table.shape
    assert codes.dtype == np.int64
    assert codes.min() >= 0
    assert (codes.max(axis=0) == [len(names) for names in encoder.categories_]).all()


@given(TABLES, st.randoms(use_true_random=False))
def test_songs_in_another_order_have_the_same_codes(rows, random):
    table = pd.DataFrame(rows, dtype=object)
    order = random.sample(range(len(table)), len(table))
    shuffled = table.iloc[order]
    codes = CultureEncoder().fit_transform(table)
    assert_array_equal(CultureEncoder().fit_transform(shuffled), codes[order])


@given(st.lists(st.none() | st.integers(-(2**31), 2**31), min_size=1, max_size=9))
def test_codes_do_not_depend_on_how_a_column_is_stored(numbers):
    stored = pd.Series(numbers, dtype="Int64")
    expected = CultureEncoder().fit_transform(stored.to_frame("era"))
    for dtype in ("float64", "string", "object"):
        assert_array_equal(
            CultureEncoder().fit_transform(stored.astype(dtype).to_frame("era")), expected
        )
