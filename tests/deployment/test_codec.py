"""Values survive the way through JSON and arrays; what is none of ours raises ValueError."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.deployment import _codec
from sklearn_skd.deployment._codec import LONG, Decoder, Encoder


def refuse(value, path):
    raise TypeError(f"{path} is a {type(value).__name__}")


def unknown(key, content):
    raise ValueError(f"{key} is not known")


def there_and_back(value):
    encoder = Encoder(refuse)
    node = json.loads(json.dumps(encoder.encode(value, "model.value"), allow_nan=False))
    decoder = Decoder(encoder.arrays, unknown)
    back = decoder.decode(node)
    decoder.finish()
    return back


def decode(node, **arrays):
    decoder = Decoder(arrays, unknown)
    value = decoder.decode(node)
    decoder.finish()
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**70),
        0.1,
        math.inf,
        -math.inf,
        "",
        "café \u2028 \ud800",
        "long " * LONG,
        [],
        [1, [2.5, None]],
        (),
        (1, ("a", [])),
        {},
        {"a": {"tuple": (1,)}, "array": "x", "": None},
        slice(1, None, -2),
        range(0, 10, 3),
    ],
)
def test_plain_values_come_back_with_their_types(value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_nan_comes_back():
    assert math.isnan(there_and_back(math.nan))


@pytest.mark.parametrize(
    ("value", "plain"), [(np.int64(5), 5), (np.float32(0.5), 0.5), (np.bool_(True), True)]
)
def test_numpy_scalars_become_plain_numbers(value, plain):
    assert there_and_back(value) == plain
    assert type(there_and_back(value)) is type(plain)


def test_a_numpy_text_becomes_a_plain_one():
    assert type(there_and_back(np.str_("a"))) is str


ARRAYS = {
    "floats": np.linspace(0, 1, 6).reshape(2, 3),
    "half": np.ones(3, dtype=np.float16),
    "not finite": np.array([np.nan, np.inf]),
    "integers": np.array([[1, -2]], dtype=np.int8),
    "no rows": np.empty((0, 4), dtype=np.float32),
    "no axes": np.array(3.0),
    "booleans": np.array([True, False]),
    "texts": np.array(["calm", "tension", ""]),
    "no texts": np.array([], dtype="<U3"),
    "table of texts": np.array([["a", "bé"], ["\U0001f3b5", ""]]),
    "texts, other byte order": np.array(["calm", "sad"], dtype=">U4"),
    "every second text": np.array(["a", "b", "c"])[::2],
    "objects": np.array(["folk", None, 3, 0.5, True, -math.inf], dtype=object),
    "no objects": np.array([], dtype=object),
    "broken text": np.array(["\ud800"], dtype=object),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_with_type_and_shape(name):
    array, back = ARRAYS[name], there_and_back(ARRAYS[name])
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.shape == array.shape
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("index", [None, ["x", "y"], [5, 7]])
def test_tables_come_back(index):
    frame = pd.DataFrame({"epoch": [1, 2], "loss": [0.5, np.nan]}, index=index)
    pd.testing.assert_frame_equal(there_and_back(frame), frame)


def test_a_table_without_columns_comes_back():
    frame = pd.DataFrame(index=range(3))
    pd.testing.assert_frame_equal(there_and_back(frame), frame)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1: 2}, r"model\.value has the key 1: only text"),
        (np.array([1j]), r"model\.value is an array of complex128"),
        (np.array(["2020-01-01"], dtype="M8[D]"), r"model\.value is an array of datetime64"),
        (np.array([{}], dtype=object), r"model\.value holds \{\}, a dict"),
        (np.empty((1, 1), dtype=object), r"model\.value is an array of object"),
        ([("tfidf", object())], r"model\.value\.tfidf\.1 is a object"),
        ({"a": {1, 2}}, r"model\.value\.a is a set"),
        (print, r"model\.value is a builtin"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(value, message):
    with pytest.raises(TypeError, match=message):
        Encoder(refuse).encode(value, "model.value")


def test_names_of_arrays_are_ascii_and_tell_the_place():
    encoder = Encoder(refuse)
    encoder.encode({"göç": np.zeros(1), "a b": np.zeros(1)}, "model")
    assert list(encoder.arrays) == ["model.g%C3%B6%C3%A7", "model.a%20b"]


def test_places_of_one_name_keep_their_arrays_apart():
    value = {"a.b": np.zeros(1), "a": {"b": np.ones(1)}}
    back = there_and_back(value)
    assert (back["a.b"][0], back["a"]["b"][0]) == (0, 1)


def test_groups_of_arrays_come_back():
    encoder = Encoder(refuse)
    arrays = {"members.0.a b.weight": np.zeros(2), "members.0.count": np.array(1)}
    node = encoder.keep_all(arrays, "student.net_")
    decoder = Decoder(encoder.arrays, unknown)
    back = decoder.take_all(node["arrays"])
    decoder.finish()
    assert back.keys() == arrays.keys()
    with pytest.raises(ValueError, match="rename one"):
        encoder.keep_all(arrays, "student.net_")


TEXT = np.frombuffer(b"[1]", dtype=np.uint8)

BAD = [
    ({}, "has the keys"),
    ({"tuple": [], "dict": {}}, "has the keys"),
    ({"os.system": "ls"}, "not known"),
    ({"tuple": {}}, "where a list"),
    ({"dict": []}, "where a dict"),
    ({"float": "1e9"}, "no number"),
    ({"float": []}, "no number"),
    ({"slice": [1]}, "three whole numbers"),
    ({"slice": "abc"}, "where a list"),
    ({"range": [1, "x", 2]}, "three whole numbers"),
    ({"array": "missing"}, "missing, or used twice"),
    ({"array": ["text"]}, "where a str"),
    ([{"array": "numbers"}, {"array": "numbers"}], "missing, or used twice"),
    ({"text": "numbers"}, "is no text"),
    ({"objects": "numbers"}, "is no text"),
    ({"characters": "numbers"}, "holds no texts"),
    ({"characters": "surplus"}, "no character"),
    ({"objects": "object"}, "where a list"),
    ({"objects": "nested"}, "other things than texts"),
    ({"frame": {}}, "other parts"),
    ({"frame": {"index": 3, "columns": {"a": {"array": "numbers"}}}}, "is no column"),
    ({"frame": {"index": 2, "columns": {"a": [1, 2]}}}, "where a ndarray"),
    ({"frame": {"index": "x", "columns": {}}}, "where a ndarray"),
    (1, "belongs to nothing"),
]


@pytest.mark.parametrize(("node", "message"), BAD)
def test_what_is_none_of_ours_is_an_error(node, message):
    arrays = {
        "numbers": np.zeros(2),
        "surplus": np.array([[0x110000]], dtype=np.uint32),
        "object": np.frombuffer(b"{}", dtype=np.uint8),
        "nested": np.frombuffer(b"[[1]]", dtype=np.uint8),
    }
    with pytest.raises(ValueError, match=message):
        decode(node, **arrays)


def test_texts_are_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(_codec, "FREE_TEXT", 10)
    text = np.full(20, ord("a"), dtype=np.uint8)
    with pytest.raises(ValueError, match="more text"):
        decode({"text": "t"}, t=text)
    rest = np.zeros(40, dtype=np.uint8)
    assert decode([{"text": "t"}, {"array": "r"}], t=text, r=rest)[0] == "a" * 20


def test_texts_are_bounded_in_number(monkeypatch):
    monkeypatch.setattr(_codec, "MAX_TEXTS", 100)
    many = np.array(["a"] * 60, dtype=object)
    assert len(there_and_back(many)) == 60
    with pytest.raises(ValueError, match="more than 100 texts"):
        there_and_back([many, many])


def test_a_range_of_rows_without_end_takes_no_memory():
    frame = decode({"frame": {"index": 2**60, "columns": {}}})
    assert frame.shape == (2**60, 0)
