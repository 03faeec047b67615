"""What a user may pass as X, and what is learnt of each source."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from sklearn_skd import TeacherClassifier
from sklearn_skd.classifiers._sources import (
    PLAIN,
    check_sources,
    describe_sources,
    select_sources,
)


def check(X, estimator=None):
    return check_sources(estimator or TeacherClassifier(), X, reset=True)


def describe(values, name="source"):
    (source,) = describe_sources(check({name: values}))
    return source


@pytest.fixture
def rng():
    return np.random.RandomState(0)


# Kinds


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        (np.ones((3, 4, 5)), np.float32, "series"),
        (np.ones((3, 4, 5), np.float16), np.float32, "series"),
        (np.ones((3, 4)), np.float32, "vector"),
        (np.ones((3, 4), bool), np.float32, "vector"),
        (np.ones((3, 4), np.int32), np.int64, "categories"),
        (np.ones((3, 4), np.uint8), np.int64, "categories"),
        (pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 0.0, 1.0]}), np.float32, "vector"),
    ],
)
def test_kind_follows_from_dtype_and_dimensions(values, dtype, kind):
    sources = check({"source": values})
    assert sources["source"].dtype == dtype
    (described,) = describe_sources(sources)
    assert (described.name, described.kind) == ("source", kind)
    assert described.size == values.shape[1]


def test_float32_is_not_copied():
    values = np.ones((3, 4, 5), np.float32)
    assert np.shares_memory(check({"audio": values})["audio"], values)


def test_the_order_of_the_sources_is_kept():
    sources = check({"z": np.ones((2, 1)), "a": np.ones((2, 1))})
    assert [source.name for source in describe_sources(sources)] == ["z", "a"]


def test_plain_array_is_one_vector_source_with_counted_features():
    teacher = TeacherClassifier()
    sources = check(pd.DataFrame({"tempo": [90, 120], "mode": [0, 1]}), teacher)
    assert list(sources) == [PLAIN]
    assert sources[PLAIN].dtype == np.float32
    assert teacher.n_features_in_ == 2
    assert teacher.feature_names_in_.tolist() == ["tempo", "mode"]


def test_refit_on_a_mapping_forgets_the_features_of_the_plain_array():
    teacher = TeacherClassifier()
    check(pd.DataFrame({"tempo": [90, 120]}), teacher)
    check({"audio": np.ones((2, 3))}, teacher)
    assert not hasattr(teacher, "n_features_in_")
    assert not hasattr(teacher, "feature_names_in_")


def test_dictionary_of_keys_sparse_matrix_is_no_mapping_of_sources():
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        check(sparse.dok_array(np.eye(3)))


# Errors


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.ones(3), "dtype float64 and shape \\(3,\\)"),
        (np.ones((3, 2, 2, 2)), "shape \\(3, 2, 2, 2\\)"),
        (np.array([["happy"], ["sad"], ["calm"]]), "dtype <U5"),
        (np.array([[None], [1.0], [2.0]], dtype=object), "dtype object"),
        (np.ones((3, 2, 2), int), "integers of shape \\(3, 2, 2\\)"),
        (np.ones(3, int), "integers of shape \\(3,\\)"),
    ],
)
def test_what_is_no_source_is_named_with_its_dtype_and_shape(values, error):
    with pytest.raises(ValueError, match=f"'lyrics'.*{error}"):
        check({"audio": np.ones((3, 2)), "lyrics": values})


def test_negative_code_is_named_with_its_row_and_field():
    codes = np.zeros((4, 3), int)
    codes[2, 1] = -7
    with pytest.raises(ValueError, match=r"'culture'.*negative code -7 in row 2, field 1"):
        check({"culture": codes})


@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 6)])
@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinity_is_named_with_its_row(shape, bad):
    values = np.ones(shape)
    values[3, 1] = bad
    with pytest.raises(ValueError, match="'audio' contains infinity in row 3"):
        check({"audio": values})


def test_infinity_beside_missing_songs_is_found():
    values = np.ones((5, 3))
    values[0] = np.nan
    values[4, 2] = np.inf
    with pytest.raises(ValueError, match="infinity in row 4"):
        check({"audio": values})


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_opposite_infinities_do_not_cancel():
    values = np.ones((5, 3))
    values[2] = np.inf, -np.inf, 0
    with pytest.raises(ValueError, match="infinity in row 2"):
        check({"audio": values})


@pytest.mark.parametrize("place", [(3, 1), (3, 1, 2)])
def test_nan_in_a_part_of_a_row_or_frame_is_named_with_the_row(place):
    values = np.ones((5, 3, 6)[: len(place)])
    values[place] = np.nan
    with pytest.raises(ValueError, match="'audio' contains NaN in a part of row 3"):
        check({"audio": values})


def test_nan_may_fill_a_row_or_whole_frames():
    vector, series = np.ones((4, 3)), np.ones((4, 3, 6))
    vector[1], series[1], series[2, :, 4:] = np.nan, np.nan, np.nan
    sources = check({"lyrics": vector, "audio": series})
    assert np.isnan(sources["lyrics"]).all(axis=1).tolist() == [False, True, False, False]


def test_sources_of_different_lengths_are_named_with_their_lengths():
    with pytest.raises(ValueError, match=r"'audio': 3.*'lyrics': 4"):
        check({"audio": np.ones((3, 2)), "lyrics": np.ones((4, 2))})


def test_empty_mapping_is_an_error():
    with pytest.raises(ValueError, match="X has no sources"):
        check({})


def test_no_songs_are_an_error():
    with pytest.raises(ValueError, match="X has no songs"):
        check({"audio": np.ones((0, 2)), "culture": np.ones((0, 1), int)})


def test_plain_array_for_an_estimator_of_named_sources_is_explained():
    teacher = TeacherClassifier()
    teacher.sources_ = describe_sources(check({"audio": np.ones((2, 3))}, teacher))
    with pytest.raises(ValueError, match=r"fitted on named sources \['audio'\].*ndarray"):
        check_sources(teacher, np.ones((2, 3)), reset=False)


def test_select_sources_keeps_the_asked_order_and_names_what_is_missing():
    sources = {"audio": 1, "lyrics": 2, "culture": 3}
    assert list(select_sources(sources, ["culture", "audio"], what="It")) == ["culture", "audio"]
    with pytest.raises(ValueError, match=r"It needs the sources \['tags'\].*'culture'"):
        select_sources(sources, ["audio", "tags"], what="It")


# Statistics (eq. 2)


def test_vector_statistics_are_those_of_the_songs_that_have_the_source(rng):
    values = rng.normal(5, 3, (20, 4)).astype(np.float32)
    missing = values.copy()
    missing[[3, 11]] = np.nan
    source = describe(missing)
    known = np.delete(values, [3, 11], axis=0)
    assert_allclose(source.mean, known.mean(axis=0), rtol=1e-5)
    assert_allclose(source.scale, known.std(axis=0), rtol=1e-5)
    assert not source.flagged


def test_series_statistics_leave_out_padded_frames_and_missing_songs(rng):
    values = rng.normal(-4, 2, (6, 3, 10)).astype(np.float32)
    values[:, 1] += 20
    sound = np.concatenate([values[0], values[1, :, :7], *values[3:5], values[5, :, :4]], axis=1)
    values[1, :, 7:] = -80  # silence appended to a short clip
    values[2] = np.nan
    values[5, :, 4:] = np.nan
    source = describe(values)
    assert_allclose(source.mean, sound.mean(axis=1), rtol=1e-5)
    assert_allclose(source.scale, sound.std(axis=1), rtol=1e-5)


def test_constant_columns_get_scale_one(rng):
    values = rng.normal(size=(30, 3))
    values[:, 1] = 0.1  # not a binary fraction: its deviation is rounding noise
    values[:, 2] = 1e6 + 0.1
    assert describe(values).scale[1:] == (1, 1)
    series = rng.normal(size=(4, 3, 9))
    series[:, 2] = 0.1
    assert describe(series).scale[2] == 1


def test_small_but_real_deviations_are_kept(rng):
    values = 1e-4 * rng.normal(size=(30, 1))
    assert_allclose(describe(values).scale, values.std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 5)])
def test_a_source_that_no_song_has_gets_harmless_statistics(shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = describe(np.full(shape, np.nan))
    assert source.mean == (0, 0)
    assert source.scale == (1, 1)


def test_categories_have_a_code_for_unknown_and_each_value():
    source = describe(np.array([[0, 3], [2, 0], [1, 1]]))
    assert source.n_codes == (3, 4)
    assert source.mean == source.scale == ()


# The presence flag


def flagged(rng, n_absent, *, n=12, tag=0.5):
    values = rng.normal(size=(n, 4))
    values[:, -1] = 1
    values[:n_absent] = tag
    values[:n_absent, -1] = 0
    return values


def test_flag_column_with_one_tag_for_absent_songs_is_recognised(rng):
    values = flagged(rng, 5)
    source = describe(values)
    assert source.flagged
    assert_allclose(source.mean, values[5:].mean(axis=0), rtol=1e-5)
    assert_allclose(source.scale[:3], values[5:, :3].std(axis=0), rtol=1e-5)
    assert source.scale[3] == 1


def test_column_of_ones_is_a_flag_of_songs_that_all_have_the_source(rng):
    assert describe(flagged(rng, 0)).flagged


def test_flag_of_a_source_that_no_song_has_uses_the_tag(rng):
    source = describe(flagged(rng, 12))
    assert source.flagged
    assert_allclose(source.mean, [0.5, 0.5, 0.5, 0])


def test_one_absent_song_does_not_make_a_flag(rng):
    assert not describe(flagged(rng, 1)).flagged


def test_ordinary_binary_column_is_no_flag(rng):
    values = rng.normal(size=(12, 4))
    values[:, -1] = np.arange(12) % 2
    assert not describe(values).flagged


def test_the_last_column_of_a_plain_array_is_no_flag(rng):
    (source,) = describe_sources(check(flagged(rng, 5)))
    assert not source.flagged


def test_two_columns_are_too_few_for_a_flag(rng):
    assert not describe(flagged(rng, 5)[:, -2:]).flagged


@pytest.mark.parametrize("shape", [(3, 0), (3, 2, 0)])
def test_a_source_without_content_is_refused(shape):
    with pytest.raises(ValueError, match="'a' is empty"):
        check_sources(TeacherClassifier(), {"a": np.ones(shape)}, reset=True)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ({1: np.ones((4, 2))}, "name of a source is a str"),
        ({"self": np.ones((4, 2))}, "name of a source is a str other than 'self'"),
        (
            {"text": sparse.csr_array(np.eye(4))},
            r"'text' is sparse: convert it with .toarray",
        ),
        ({"text": np.ma.masked_less(np.eye(4), 0.5)}, r"'text' is a masked array: .*filled"),
        ({"plays": np.array([[3], [300_000]])}, "'plays' has the code 300000 in row 1, field 0"),
        ({"plays": np.array([[3], [2**62]])}, "Cast to float if these are measurements"),
        ({"loud": np.array([[1.0], [1e300]])}, "row 1, or a number too large for float32"),
    ],
)
def test_containers_and_values_that_would_be_misread_are_refused(X, message):
    with pytest.raises((TypeError, ValueError), match=message):
        check(X)
