"""The key of kept teacher knowledge: sensitive to the data, cheap for audio."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_skd
from sklearn_skd.classifiers._fingerprint import SAMPLED, _sampled, fingerprint, own_code
from sklearn_skd.classifiers._targets import check_targets

LABELS = ["a", "b"] * 5


@pytest.fixture
def songs():
    rng = np.random.RandomState(0)
    return {
        "audio": rng.normal(size=(10, 3, 20)).astype(np.float32),
        "culture": rng.randint(4, size=(10, 2)),
    }


def copied(songs):
    return {name: values.copy() for name, values in songs.items()}


def test_equal_data_have_equal_fingerprints(songs):
    first = fingerprint(songs, check_targets(10, LABELS), {"groups": np.arange(10)})
    again = fingerprint(copied(songs), check_targets(10, LABELS), {"groups": np.arange(10)})
    assert first == again


@pytest.mark.parametrize("row", [0, 4, 9])
@pytest.mark.parametrize("name", ["audio", "culture"])
def test_a_changed_value_of_any_song_changes_it(songs, name, row):
    changed = copied(songs)
    changed[name][row, -1] += 1
    assert fingerprint(changed) != fingerprint(songs)


def test_dtype_shape_and_name_change_it(songs):
    reference = fingerprint(songs)
    assert fingerprint({**songs, "audio": songs["audio"].astype(float)}) != reference
    assert fingerprint({**songs, "audio": songs["audio"].reshape(10, 20, 3)}) != reference
    assert fingerprint({"sound": songs["audio"], "culture": songs["culture"]}) != reference
    assert fingerprint({"audio": songs["audio"]}) != reference


def test_labels_votes_weights_and_reliability_change_it(songs):
    votes = np.tile([[2, 1], [1, 2]], (5, 1))
    variants = [
        check_targets(10, LABELS),
        check_targets(10, LABELS[::-1]),
        check_targets(10, ["a", "c"] * 5),
        check_targets(10, LABELS, annotation_votes=votes),
        check_targets(10, LABELS, sample_weight=np.arange(10)),
        check_targets(10, LABELS, annotation_reliability=np.linspace(0, 1, 10)),
    ]
    assert len({fingerprint(songs, targets) for targets in variants}) == len(variants)


def test_plain_arrays_are_taken_too(songs):
    plain = songs["audio"].reshape(10, -1)
    assert fingerprint(plain) == fingerprint(plain.copy())
    assert fingerprint(plain) != fingerprint(plain + 1)


def test_names_and_types_of_columns_change_it():
    frame = pd.DataFrame({"tempo": [90.0, 100.0], "loud": [1.0, 0.0]})
    variants = [
        frame,
        frame.rename(columns={"tempo": "loud", "loud": "tempo"}),
        frame.astype({"loud": bool}),
        frame.astype({"tempo": "Float64"}),
        frame.to_numpy(),
        frame + 1,
    ]
    assert len({fingerprint(one) for one in variants}) == len(variants)


@pytest.mark.parametrize("dtype", [bool, int, "Int64", "boolean"])
def test_tables_of_mixed_types_are_hashed_by_their_values(dtype):
    def make():
        return pd.DataFrame({"tempo": [90.5, 100.5], "loud": pd.array([1, 0]).astype(dtype)})

    assert fingerprint(make()) == fingerprint(make())


@pytest.mark.parametrize("factor", [1, 3, 8])
def test_about_a_million_elements_are_looked_at(factor):
    values = np.zeros((64, factor * SAMPLED // 64), np.float32)
    looked_at = sum(part.size for part in _sampled(values))
    assert 0.9 * SAMPLED <= looked_at <= 1.1 * SAMPLED


def test_every_song_of_a_large_source_is_looked_at():
    values = np.zeros((64, 4 * SAMPLED // 64), np.float32)
    parts = list(_sampled(values))
    assert len(parts) == 64
    assert min(part.size for part in parts) > 0.9 * SAMPLED / 64


def test_another_song_in_a_large_source_changes_it():
    values = np.zeros((64, 4 * SAMPLED // 64), np.float32)
    reference = fingerprint({"audio": values})
    for row in (0, 33, 63):
        values[row] = 1
        assert fingerprint({"audio": values}) != reference
        values[row] = 0


def test_small_sources_are_looked_at_as_a_whole():
    values = np.arange(60.0).reshape(5, 3, 4)
    assert np.concatenate(list(_sampled(values))).tolist() == list(range(60))


def test_the_code_of_functions_and_the_versions_tell_estimators_apart(monkeypatch):
    def step(X):
        return X

    before = own_code(make_pipeline(FunctionTransformer(step), GaussianNB()))

    def step(X):
        return 2 * X

    assert own_code(make_pipeline(FunctionTransformer(step), GaussianNB())) != before
    known = own_code(GaussianNB())
    monkeypatch.setattr(sklearn_skd, "__version__", "0.0.0")
    assert own_code(GaussianNB()) != known
