"""Song tables, extra sources and annotations: read, or refused with the column and the fix."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklearn_skd import SongFeatures, aggregate_annotations


@pytest.fixture
def songs():
    return pd.DataFrame(
        {"genre": ["rock", "folk", None], "era": [1990, 1970, 1990], "bpm": [90.0, 100.0, 110.0]}
    )


CODES = [[2, 2], [1, 1], [0, 2]]


def features(**parameters):
    return SongFeatures(**({"audio": None, "lyrics": None} | parameters))


def extra(function, columns="bpm"):
    transformer = FunctionTransformer(function) if callable(function) else function
    return features(culture=None, extra=[("odd", transformer, columns)])


# Tables


@pytest.mark.parametrize(
    "change",
    [
        lambda songs: songs.set_axis([5, 5, 5]),
        lambda songs: songs.set_axis(pd.MultiIndex.from_product([["a"], [1, 2, 3]])),
        lambda songs: songs.set_axis(["b", None, 3.5]),
        lambda songs: songs[["bpm", "era", "genre"]],
        lambda songs: songs.assign(more=[[1], {}, object()]),
        lambda songs: songs.set_axis(["genre", "era", 3], axis=1),
        lambda songs: songs.set_axis(["genre", "era", None], axis=1),
        lambda songs: songs.set_axis(pd.CategoricalIndex(songs.columns), axis=1),
        lambda songs: pd.concat([songs, songs[["bpm"]]], axis=1),
        lambda songs: songs.astype("category"),
        lambda songs: songs.astype(object),
        lambda songs: songs.astype({"genre": "string", "era": "Int64"}),
    ],
    ids=[
        *("equal row labels", "row labels of two levels", "odd row labels", "other order"),
        *("odd column", "number as name", "no name", "categorical names", "unread column twice"),
        *("categorical", "objects", "nullable"),
    ],
)
def test_what_does_not_matter_in_a_table_changes_nothing(songs, change):
    assert features().fit_transform(change(songs))["culture"].tolist() == CODES
    assert features().fit(songs).transform(change(songs))["culture"].tolist() == CODES


def test_a_table_of_one_song_is_read(songs):
    X = features(extra=[("tempo", StandardScaler(), ["bpm"])]).fit_transform(songs[:1])
    assert X["culture"].tolist() == [[1, 1]]
    assert X["tempo"].tolist() == [[0]]


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda songs: songs[:0], ValueError, "0 songs"),
        (lambda songs: pd.DataFrame(), ValueError, "0 songs"),
        (lambda songs: songs[[]], ValueError, r"no source in the columns \[\].*columns="),
        (lambda songs: songs[["bpm"]], ValueError, r"\['bpm'\].*columns=.*extra="),
        (lambda songs: songs.set_axis([0, 1, 2], axis=1), ValueError, r"columns \[0, 1, 2\]"),
        (
            lambda songs: pd.concat([songs, songs[["genre"]]], axis=1),
            ValueError,
            "several columns 'genre': keep one",
        ),
        (
            lambda songs: pd.concat({"genre": songs}, axis=1),
            ValueError,
            r"names of 2 levels.*get_level_values",
        ),
        (lambda songs: songs.to_dict("records"), TypeError, "DataFrame.*got list"),
        (lambda songs: songs.to_dict("list"), TypeError, "DataFrame.*got dict"),
        (lambda songs: songs.to_numpy(), TypeError, "DataFrame.*got ndarray"),
        (lambda songs: songs["genre"], TypeError, "DataFrame.*got Series"),
        (lambda songs: songs.to_records(), TypeError, "DataFrame.*got recarray"),
        (lambda songs: "songs.csv", TypeError, "DataFrame.*got str"),
        (lambda songs: None, TypeError, "DataFrame.*got NoneType"),
    ],
    ids=[
        *("no rows", "nothing", "no columns", "unknown columns", "numbered columns"),
        *("doubled column", "two levels", "records", "dict", "array", "series", "recarray"),
        *("path", "None"),
    ],
)
def test_what_is_no_song_table_is_refused_with_the_fix(songs, make, error, match):
    for call in (features().fit, features().fit_transform):
        with pytest.raises(error, match=match):
            call(make(songs))


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda songs: songs[["genre"]], ValueError, "'culture' needs the column 'era'.*Add it"),
        (lambda songs: songs[:0], ValueError, "0 songs"),
        (lambda songs: songs.to_numpy(), TypeError, "DataFrame"),
        (lambda songs: songs.rename(columns=str.upper), ValueError, "needs the column 'genre'"),
    ],
    ids=["missing column", "no rows", "array", "other case"],
)
def test_another_table_than_in_fit_is_refused_at_transform(songs, make, error, match):
    fitted = features().fit(songs)
    with pytest.raises(error, match=match):
        fitted.transform(make(songs))


@pytest.mark.parametrize("name", ["Genre", " genre", "GENRE ", "genre\n"])
def test_a_column_whose_name_is_nearly_known_is_warned_of(songs, name):
    with pytest.warns(UserWarning, match=r"is not read: .* 'genre'\. Rename"):
        X = features().fit_transform(songs.rename(columns={"genre": name}))
    assert X["culture"].shape == (3, 1)


@pytest.mark.parametrize("name", ["Singing Form", "singing-form"])
def test_a_name_of_two_words_is_recognised_however_it_is_joined(songs, name):
    with pytest.warns(UserWarning, match="'singing_form'"):
        features().fit(songs.rename(columns={"bpm": name}))


@pytest.mark.parametrize(
    ("parameters", "columns"),
    [
        ({"columns": {"culture": ["era"]}}, {"genre": "Genre"}),
        ({"culture": None, "extra": [("t", StandardScaler(), ["bpm"])]}, {"genre": "Genre"}),
        ({"columns": {"culture": ["Genre", "era"]}}, {"genre": "Genre"}),
        ({}, {"bpm": "Lyrics"}),
    ],
    ids=["columns named", "source left out", "column named", "lyrics left out"],
)
def test_nobody_is_warned_of_what_was_left_out_on_purpose(songs, parameters, columns, recwarn):
    features(**parameters).fit(songs.rename(columns=columns))
    assert [str(warning.message) for warning in recwarn if "not read" in str(warning.message)] == []


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"culture": [0]}, r"astype\(str\)"),
        ({"culture": []}, "a name or a list of names"),
        ({"culture": None}, "a name or a list of names"),
        ({"culture": ["genre", "genre"]}, "hold a name twice"),
        ({"culture": ["style"]}, "needs the column 'style'"),
        ({"culture": pd.Index(["genre"])}, "a name or a list of names"),
        ({"tempo": "bpm"}, "keys of columns are sources"),
        ("genre", "'columns' parameter"),
    ],
    ids=["number", "empty", "None", "twice", "unknown", "index", "unknown source", "text"],
)
def test_wrong_names_of_columns_are_refused(songs, columns, match):
    with pytest.raises(ValueError, match=match):
        features(columns=columns).fit(songs)


# Extra sources


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda bpm: np.ones((3, 2), np.float16), np.float32),
        (lambda bpm: np.ones((3, 2), np.longdouble), np.float32),
        (lambda bpm: np.full((3, 2), 1e30), np.float32),
        (lambda bpm: np.full((3, 2), 1e-320), np.float32),
        (lambda bpm: np.full((3, 2), np.nan), np.float32),
        (lambda bpm: [[1.0, 2.0]] * 3, np.float32),
        (lambda bpm: np.asfortranarray(np.ones((3, 2, 4))), np.float32),
        (lambda bpm: np.broadcast_to(np.float32(1), (3, 2)), np.float32),
        (lambda bpm: np.ones((3, 2), ">f8"), np.float32),
        (lambda bpm: scipy.sparse.csr_array(np.eye(3)), np.float32),
        (lambda bpm: scipy.sparse.coo_matrix(np.eye(3)), np.float32),
        (lambda bpm: pd.DataFrame({"a": [1, 2, 3], "b": [0.1, 0.2, 0.3]}), np.float32),
        (lambda bpm: pd.DataFrame({"a": pd.array([1, None, 2], dtype="Int64")}), np.float32),
        (lambda bpm: pd.DataFrame({"a": pd.Categorical([1, 2, 3])}), np.int64),
        (lambda bpm: np.ones((3, 2), np.uint8), np.int64),
        (lambda bpm: scipy.sparse.csr_array(np.eye(3, dtype=int)), np.int64),
    ],
    ids=[
        *("half", "long double", "huge", "tiny", "missing", "lists", "Fortran", "read-only"),
        *("big-endian", "sparse", "sparse matrix", "mixed frame", "gaps", "categorical"),
        *("bytes", "sparse integers"),
    ],
)
def test_outputs_of_every_kind_become_arrays_of_a_known_kind(songs, function, expected):
    array = extra(function).fit_transform(songs)["odd"]
    assert type(array) is np.ndarray
    assert array.dtype == expected
    assert len(array) == 3


def test_masked_values_of_an_output_are_missing(songs):
    masked = np.ma.array(np.ones((3, 2)), mask=[[True, True], [False, False], [False, False]])
    array = extra(lambda bpm: masked).fit_transform(songs)["odd"]
    assert np.isnan(array).tolist() == [[True, True], [False, False], [False, False]]


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda bpm: np.full((3, 2), 1e300), "1e\\+300 in row 0, .*beyond float32: rescale"),
        (lambda bpm: np.full((3, 2), 2**64 - 1, np.uint64), "in row 0.*cast to float"),
        (lambda bpm: np.array([[0], [1], [-1]]), "holds -1 in row 2.*cast to float"),
        (lambda bpm: np.ones((3, 2), complex), "dtype complex128"),
        (lambda bpm: np.full((3, 2), "a"), "dtype <U1"),
        (lambda bpm: np.full((3, 2), b"a"), r"dtype \|S1"),
        (lambda bpm: np.full((3, 1), "2020", dtype="M8[D]"), "dtype datetime64"),
        (lambda bpm: np.ones((3, 2), bool), "dtype bool"),
        (lambda bpm: pd.DataFrame({"a": ["x", 1, 2]}), "dtype object"),
        (lambda bpm: np.float64(1), "0 dimensions"),
        (lambda bpm: np.ones(3), "1 dimensions"),
        (lambda bpm: np.ones((3, 1, 1, 1)), "4 dimensions"),
        (lambda bpm: None, "0 dimensions"),
        (lambda bpm: {"a": 1}, "0 dimensions"),
        (lambda bpm: [[1.0], [1.0, 2.0], [3.0]], "rows of different lengths.*Cut or pad"),
        (lambda bpm: np.ones((3, 0)), r"nothing: an array of shape \(3, 0\)"),
        (lambda bpm: np.ones((3, 2, 0)), r"nothing: an array of shape \(3, 2, 0\)"),
        (lambda bpm: np.ones((2, 2)), "2 rows for 3 songs"),
        (lambda bpm: np.ones((4, 2)), "4 rows for 3 songs"),
    ],
    ids=[
        *("beyond float32", "beyond int64", "negative code", "complex", "text", "bytes", "dates"),
        *("booleans", "objects", "number", "one dimension", "four dimensions", "nothing", "dict"),
        *("ragged", "no columns", "no frames", "too short", "too long"),
    ],
)
def test_an_output_of_no_known_kind_is_refused_and_the_source_named(songs, function, match):
    with pytest.raises(ValueError, match=f"The source 'odd' [^!]*{match}"):
        extra(function).fit_transform(songs)


class Failing(BaseEstimator):
    def __init__(self, when="fit"):
        self.when = when

    def fit(self, X, y=None):
        if self.when == "fit":
            raise RuntimeError("no idea")
        return self

    def transform(self, X):
        raise KeyError("no idea")


@pytest.mark.parametrize(("when", "error"), [("fit", RuntimeError), ("transform", KeyError)])
def test_an_error_in_a_transformer_says_which_source_and_columns(songs, when, error):
    with pytest.raises(error) as caught:
        extra(Failing(when), ["bpm"]).fit_transform(songs)
    assert caught.value.__notes__ == ["(in the source 'odd', which reads ['bpm'])"]


@pytest.mark.parametrize(
    ("entries", "match"),
    [
        (None, "'extra' parameter"),
        ("abc", "'extra' parameter"),
        ({"a": 1}, "'extra' parameter"),
        (("a", StandardScaler(), "bpm"), "extra holds"),
        ([(1, StandardScaler(), ["bpm"])], "extra holds"),
        ([("a", None, ["bpm"])], "extra holds"),
        ([("a", StandardScaler(), slice(1))], "a name or a list of names"),
        ([("a", StandardScaler(), 0)], "a name or a list of names"),
        ([("a", StandardScaler(), ["bpm", "bpm"])], "hold a name twice"),
        ([("self", StandardScaler(), ["bpm"])], "'self' in extra is taken"),
        ([("", StandardScaler(), ["bpm"])], "empty"),
        ([("a", StandardScaler(), "bpm")], "2-dimensional"),
    ],
    ids=[
        *("None", "text", "dict", "no list", "number as name", "no transformer", "slice"),
        *("number as column", "column twice", "self", "no name", "series for a table"),
    ],
)
def test_wrong_entries_of_extra_are_refused(songs, entries, match):
    with pytest.raises(ValueError, match=match):
        features(extra=entries).fit(songs)


def test_categories_unseen_in_fit_pass_through_an_extra_source(songs):
    encoder = OneHotEncoder(handle_unknown="ignore")
    fitted = extra(encoder, ["genre"]).fit(songs)
    assert fitted.transform(songs.assign(genre="jazz"))["odd"].sum() == 0


# Annotations


@pytest.fixture
def votes():
    return pd.DataFrame(
        {
            "song": ["b", "b", "b", "a", "a"],
            "annotator": ["x", "y", "z", "x", "y"],
            "emotion": ["calm", "calm", "sad", "sad", "calm"],
        }
    )


@pytest.mark.parametrize(
    ("change", "arguments", "match"),
    [
        (lambda votes: votes[:0], {}, "votes has no rows"),
        (lambda votes: pd.DataFrame(), {}, "no column 'song'.*song="),
        (lambda votes: votes.drop(columns="emotion"), {}, "no column 'emotion'.*emotion="),
        (lambda votes: votes.set_index("song"), {}, "no column 'song'"),
        (lambda votes: pd.concat([votes, votes[["emotion"]]], axis=1), {}, "columns 'emotion'"),
        (lambda votes: pd.concat([votes, votes]), {}, r"in row 5.*drop_duplicates"),
        (lambda votes: votes.assign(song=None), {}, r"no song in rows \[0, 1, 2, 3, 4\]"),
        (lambda votes: votes.assign(song=["b", " ", "b", "a", "a"]), {}, r"no song in rows \[1\]"),
        (lambda votes: votes.assign(emotion=[["calm"]] * 5), {}, r"list in row 0.*explode"),
        (lambda votes: votes.assign(song=[["b", 1]] * 5), {}, "list in row 0"),
        (lambda votes: votes.assign(emotion=[b"calm"] * 5), {}, "bytes in row 0"),
        (lambda votes: votes.assign(annotator=[{}] * 5), {}, "'annotator'.*dict in row 0"),
        (lambda votes: votes.assign(emotion=None), {}, "no emotion"),
        (lambda votes: votes.assign(emotion=" "), {}, "no emotion"),
        (lambda votes: votes.assign(emotion=[1, "a", 1, 1, 1]), {}, "cannot be sorted"),
        (lambda votes: votes.replace("sad", "emotion"), {}, "names of columns"),
        (lambda votes: votes, {"song": "emotion"}, "name one column twice"),
        (lambda votes: votes, {"songs": "a"}, r"use \['a'\]"),
        (lambda votes: votes, {"songs": []}, "None of the 0 songs"),
        (lambda votes: votes, {"songs": ["a", None]}, "no id at position 1"),
        (lambda votes: votes, {"songs": [1, 2]}, "same kind"),
        (lambda votes: votes, {"ties": None}, "ties"),
        (lambda votes: votes, {"min_agreement": np.nan}, "min_agreement"),
        (lambda votes: votes, {"min_agreement": "0.5"}, "min_agreement"),
    ],
    ids=[
        *("no rows", "nothing", "no emotions column", "song as index", "column twice"),
        *("votes twice", "no songs", "blank song", "lists", "lists as songs", "bytes", "dicts"),
        *("all missing", "all blank", "mixed kinds", "name of a result", "one column twice"),
        *("songs a text", "songs empty", "songs with a gap", "other songs", "ties"),
        *("agreement NaN", "agreement text"),
    ],
)
def test_wrong_votes_are_refused_with_row_or_column(votes, change, arguments, match):
    with pytest.raises(ValueError, match=match):
        aggregate_annotations(change(votes), **arguments)


@pytest.mark.parametrize("votes", [None, [("a", "x", "calm")], {"song": ["a"]}, "votes.csv"])
def test_votes_that_are_no_table_are_refused(votes):
    with pytest.raises(TypeError, match="DataFrame"):
        aggregate_annotations(votes)


@pytest.mark.parametrize(
    "change",
    [
        lambda votes: votes.set_axis([0] * 5),
        lambda votes: votes.assign(annotator=None),
        lambda votes: votes.assign(annotator=pd.Series([1, "1", 2, 1, "1"], dtype=object)),
        lambda votes: votes.astype("string"),
        lambda votes: votes.astype("category"),
        lambda votes: votes.assign(
            emotion=votes["emotion"].astype(pd.CategoricalDtype(["zzz", "sad", "calm"]))
        ),
    ],
    ids=["row labels", "no annotators", "mixed annotators", "text", "categorical", "unused"],
)
def test_how_votes_are_stored_does_not_change_the_counts(votes, change):
    counts = aggregate_annotations(change(votes))[["calm", "sad"]]
    assert counts.to_numpy().tolist() == [[2, 1], [1, 1]]


def test_a_song_without_emotions_stays_in_the_table(votes):
    votes["emotion"] = ["calm", np.nan, pd.NA, " ", None]
    table = aggregate_annotations(votes)
    assert table["n_annotators"].tolist() == [1, 0]
    assert table["emotion"].isna().tolist() == [False, True]
    assert table.attrs["n_without_emotion"] == 4


VOTES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.sampled_from(["calm", "joy", "sad", None])),
    min_size=1,
    max_size=40,
    unique_by=lambda vote: vote[:2],
).filter(lambda votes: any(emotion for *_, emotion in votes))


@given(VOTES, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter_and_reliability_is_a_share(votes, random):
    votes = pd.DataFrame(votes, columns=["song", "annotator", "emotion"])
    order = random.sample(range(len(votes)), len(votes))
    table = aggregate_annotations(votes)
    again = aggregate_annotations(votes.iloc[order], songs=table.index)
    pd.testing.assert_frame_equal(table, again)
    reliability = table["annotation_reliability"]
    assert reliability.dropna().between(0, 1).all()
    assert_array_equal(reliability.isna(), table["n_annotators"] < 2)
