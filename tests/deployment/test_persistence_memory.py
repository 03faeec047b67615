"""Loading takes no more than twice the size of the file and 50 MB, whatever the file says.

Each file is loaded in a fork of its own, whose peak is compared with what it had before.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from arena import run_in_arena

from sklearn_skd import SKDStudentClassifier, StaticLyricsEncoder, load, save
from sklearn_skd.deployment._archive import MAX_HEADER, MAX_PARTS, write_archive
from sklearn_skd.deployment._codec import FREE_TEXT, MAX_TEXTS
from sklearn_skd.deployment.persistence import FORMAT, FORMAT_VERSION, _versions

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is watched as on Linux"
)

HEADER = {"format": FORMAT, "format_version": FORMAT_VERSION, "versions": _versions()}


# ---- files that take much when they are loaded -------------------------------------------------


def a_large_table(path):
    encoder = StaticLyricsEncoder()
    encoder.table_ = np.ones((200_000, 64), dtype=np.float32)
    encoder.embedding_dim_, encoder.n_parameters_ = 64, encoder.table_.size
    encoder.tokenizer_ = json.dumps({f"wörd{i}": i for i in range(150_000)}, ensure_ascii=False)
    encoder.model_source_, encoder.revision_, encoder.n_features_in_ = "folder", None, 1
    save(encoder, path)


def a_wide_student(path):
    X = np.random.default_rng(0).normal(size=(6, 100_000)).astype(np.float32)
    student = SKDStudentClassifier(strategy="student-only", calibration=None, max_epochs=1)
    save(student.fit(X, ["a", "b"] * 3), path)


def empty_lists(path):
    lie(path, {"tuple": [[] for _ in range(MAX_PARTS // 2 - 50)]})


def small_objects(path):
    lie(path, {"tuple": [{"dict": {}} for _ in range(MAX_PARTS // 3 - 50)]})


def one_long_text(path):
    lie(path, "\U0001f3b5" * ((MAX_HEADER - 2000) // 14))


def names_of_one_object(path):
    lie(path, {"dict": {f"{i}": 0.5 for i in range(MAX_PARTS - 50)}})


def texts_of_wide_characters(path):
    text = ("a" * (FREE_TEXT - 10) + "\U0001f3b5").encode()
    lie(path, {"text": "t"}, t=np.frombuffer(text, np.uint8))


def many_texts(path):
    text = json.dumps(["ab\u0142"] * (MAX_TEXTS - 10), ensure_ascii=False, separators=(",", ":"))
    lie(path, {"objects": "t"}, t=np.frombuffer(text.encode(), np.uint8))


def a_long_text_of_bytes_that_are_none(path):
    lie(path, {"text": "t"}, t=np.zeros(30 * 2**20, np.uint8))


def many_arrays(path):
    lie(path, [], **{f"a{i}": np.zeros(1, np.uint8) for i in range(MAX_PARTS // 7 - 50)})


def one_column_of_a_table(path):
    column = {"frame": {"index": 4 * 10**6, "columns": {"a": {"array": "t"}}}}
    lie(path, column, t=np.zeros(4 * 10**6))


def many_features(path):
    """Of a net that is not there, in a file with just enough of something else."""
    n = 200_000
    source = {"name": "x", "kind": "vector", "size": n, "flagged": False}
    source |= {"mean": {"array": "mean"}, "scale": {"array": "scale"}}
    fitted = {
        **{"classes_": {"array": "classes"}, "temperature_": 1, "_knows_credibility": False},
        **{"sources_": [{"dict": source}], "net_": {"arrays": "net"}},
    }
    student = {"class": "SKDStudentClassifier", "parameters": {}, "fitted": fitted}
    arrays = {"mean": np.zeros(n), "scale": np.ones(n), "classes": np.arange(2)}
    arrays["net.members.0.x"] = np.zeros(14 * n)
    lie(path, {"estimator": student}, **arrays)


def lie(path, node, **arrays):
    write_archive(path, {**HEADER, "estimator": node}, arrays)


FILES = [
    a_large_table,
    a_wide_student,
    empty_lists,
    small_objects,
    one_long_text,
    names_of_one_object,
    texts_of_wide_characters,
    many_texts,
    a_long_text_of_bytes_that_are_none,
    many_arrays,
    one_column_of_a_table,
    many_features,
]


# ---- the arena ---------------------------------------------------------------------------------


def peak():
    """Most memory this process has had, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def measure(path):
    """Load the file in a fork; how much memory that took, and what came of it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is now what there is
        before = peak()
        try:
            result = type(load(path)).__name__
        except ValueError as error:
            result = str(error)[:300]
        os.write(writing, json.dumps([peak() - before, result]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(told)


def main(folder):
    small = folder / "small.safetensors"
    student = SKDStudentClassifier(strategy="student-only", calibration=None, max_epochs=1)
    load(save(student.fit(np.eye(6), ["a", "b"] * 3), small))  # imports what loading needs
    results = {}
    for make in FILES:
        path = folder / f"{make.__name__}.safetensors"
        if os.fork() == 0:  # making them takes memory, which this process might reuse
            make(path)
            os._exit(0)
        assert os.wait()[1] == 0, make.__name__
        results[make.__name__] = [path.stat().st_size, *measure(path)]
    print(json.dumps(results))


# ---- the tests ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return run_in_arena(__file__, tmp_path_factory.mktemp("arena"))


@pytest.mark.parametrize("make", FILES)
def test_loading_takes_no_more_than_twice_the_file_and_50_megabytes(found, make):
    size, taken, result = found[make.__name__]
    assert taken < 2 * size + 50 * 10**6, f"{taken} bytes for a file of {size}: {result}"
    honest = {"a_large_table": "StaticLyricsEncoder", "a_wide_student": "SKDStudentClassifier"}
    expected = honest.get(make.__name__, "cannot be loaded")
    assert expected in result


if __name__ == "__main__":
    main(Path(sys.argv[1]))
