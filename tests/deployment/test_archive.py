"""A safetensors file with a header, and what it does about bad bytes."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sklearn_skd.deployment._archive import (
    MAX_HEADER,
    MAX_PARTS,
    blaming,
    read_archive,
    write_archive,
)

HEADER = {"name": "café", "parts": [1, 2.5, None, True, {"a": "b"}]}
ARRAYS = {
    "table": np.arange(12, dtype=np.float32).reshape(3, 4),
    "wide": np.linspace(0, 1, 5),
    "count": np.array(7),
    "flags": np.array([True, False]),
    "nothing": np.empty((0, 3), dtype=np.int64),
}


def read(path, check=lambda header: None):
    with blaming(path):
        return read_archive(path, check=check)


@pytest.fixture
def path(tmp_path):
    return write_archive(tmp_path / "model.safetensors", HEADER, ARRAYS)


def raw_header(path):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put(path, header, payload=b""):
    """Write a safetensors file by hand; `header` is a dict or text."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + payload)


def test_header_and_arrays_come_back(path):
    header, arrays = read(path)
    assert header == HEADER
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrays[name], array)


def test_the_safetensors_library_reads_it_too(path):
    arrays = load_file(path)
    np.testing.assert_array_equal(arrays["table"], ARRAYS["table"])
    assert arrays["count"].shape == ()


def test_arrays_may_be_views_or_of_the_other_byte_order(tmp_path):
    whole = np.arange(12.0).reshape(3, 4)
    given = {"t": whole.T, "every_second": whole[:, ::2], "big": whole.astype(">f8")}
    _, arrays = read(write_archive(tmp_path / "m", {}, given))
    for name, array in given.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == np.float64


def test_there_may_be_no_arrays(tmp_path):
    assert read(write_archive(tmp_path / "m", {"a": 1}, {})) == ({"a": 1}, {})


def test_arrays_that_are_read_can_be_written_to(path):
    _, arrays = read(path)
    arrays["table"] += 1


def test_the_header_is_checked_before_arrays_are_read(path):
    def refuse(header):
        raise ValueError("not this one")

    path.write_bytes(path.read_bytes()[:-1] + b"\xff")  # the checksum would be wrong
    with pytest.raises(ValueError, match=r"model\.safetensors cannot be loaded: not this one"):
        read(path, check=refuse)


def test_a_flipped_bit_in_any_array_is_found(path):
    content = path.read_bytes()
    start = len(content) - sum(array.nbytes for array in ARRAYS.values())
    for position in range(start, len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"model\.safetensors .*checksum is wrong"):
            read(path)


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.7, 0.999])
def test_a_file_cut_short_is_bad(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"model\.safetensors cannot be loaded: .*cut short"):
        read(path)


def test_a_file_with_something_added_is_bad(path):
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ValueError, match="something was added"):
        read(path)


def test_swapped_arrays_of_equal_size_are_found(tmp_path):
    path = write_archive(tmp_path / "m", {}, {"a": np.zeros(2), "b": np.ones(2)})
    header, payload = raw_header(path)
    header["a"], header["b"] = header["b"], header["a"]
    put(path, header, payload)
    with pytest.raises(ValueError, match="checksum"):
        read(path)


def change(entry, **changes):
    return {**entry, **changes}


BAD_ENTRIES = {
    "another size": lambda e: change(e, shape=[3, 5]),
    "size of -3": lambda e: change(e, shape=[-3, -4]),
    "size of 1152921504606846976": lambda e: change(e, shape=[2**60]),
    "size of True": lambda e: change(e, shape=[True, 12]),
    "size of 3.0": lambda e: change(e, shape=[3.0, 4]),
    "another size than": lambda e: change(e, shape=[2**40, 2**40, 2**40]),
    "not known": lambda e: change(e, shape=[1] * 9),
    "way that is": lambda e: change(e, dtype="BF16"),
    "in a way": lambda e: change(e, dtype=["F32"]),
    "array in": lambda e: change(e, data_offsets=[0]),
    "describes an": lambda e: change(e, more=1),
    "header describes": lambda e: 5,
    "overlap or leave gaps": lambda e: change(e, data_offsets=[x + 8 for x in e["data_offsets"]]),
}


@pytest.mark.parametrize("message", BAD_ENTRIES)
def test_a_bad_description_of_an_array_is_an_error(path, message):
    header, payload = raw_header(path)
    header["table"] = BAD_ENTRIES[message](header["table"])
    put(path, header, payload)
    with pytest.raises(ValueError, match=rf"model\.safetensors cannot be loaded: .*{message}"):
        read(path)


BAD_HEADERS = {
    "not written by sklearn_skd.save": "{}",
    "no entry of sklearn-skd": '{"__metadata__":{"format":"pt"}}',
    "name twice": '{"a":1,"a":2}',
    "holds NaN": '{"__metadata__":{"sklearn_skd":NaN}}',
    "nested too deeply": '{"a":' + "[" * 50_000 + "]" * 50_000 + "}",
    "no safetensors file of sklearn-skd": '{"café":1}',
    "Expecting": "{'a':1}",
    "more than 100000 parts": '{"a":[' + "1," * MAX_PARTS + "1]}",
    f"at most {MAX_HEADER}": "{" + " " * MAX_HEADER + "}",
}


@pytest.mark.parametrize("message", BAD_HEADERS)
def test_a_bad_header_is_an_error(tmp_path, message):
    path = tmp_path / "model.safetensors"
    text = BAD_HEADERS[message]
    put(path, text)
    with pytest.raises(ValueError, match=rf"model\.safetensors cannot be loaded: .*{message}"):
        read(path)


def test_a_header_within_the_header_is_checked_too(path):
    header, payload = raw_header(path)
    for text, message in [("[" * 9000, "too deeply"), ('{"a":1,"a":2}', "twice"), ("5", "object")]:
        header["__metadata__"]["sklearn_skd"] = text
        put(path, header, payload)
        with pytest.raises(ValueError, match=message):
            read(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95", b"PK\x03\x04" + b"\x00" * 60, b"\xff" * 100]
)
def test_other_files_are_no_safetensors_files(tmp_path, content):
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pkl cannot be loaded: it is no safetensors file"):
        read(path)


def test_safetensors_files_of_others_are_told_so(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file({"w": np.zeros(3)}, path)
    with pytest.raises(ValueError, match=r"weights.*not written by sklearn_skd\.save"):
        read(path)


def test_bytes_that_are_no_booleans_are_found_whatever_the_checksum(tmp_path):
    flags = np.array([2, 1], dtype=np.uint8).view(bool)
    path = write_archive(tmp_path / "m", {}, {"flags": flags})
    with pytest.raises(ValueError, match="boolean array"):
        read(path)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing.safetensors")


def test_a_folder_is_a_folder(tmp_path):
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no ordinary file"):
        read(tmp_path / "pipe")


def test_what_no_reader_would_take_is_not_written(tmp_path):
    path = write_archive(tmp_path / "m", {"old": True}, {})
    with pytest.raises(ValueError, match="parts"):
        write_archive(path, {"a": [1] * 200_000}, {})
    assert read(path) == ({"old": True}, {})
    assert len(list(tmp_path.iterdir())) == 1


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "other").touch()
    path = write_archive(tmp_path / "m", {}, ARRAYS)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_file_keeps_its_permissions(tmp_path):
    path = write_archive(tmp_path / "m", {}, {})
    path.chmod(0o600)
    write_archive(path, {}, ARRAYS)
    assert path.stat().st_mode & 0o777 == 0o600
