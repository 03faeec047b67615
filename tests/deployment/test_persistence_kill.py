"""A process that saves is killed: the old file is there, or the new one, and it can be loaded.

The processes are forks of an arena: this file run as a program, whose torch runs on one thread.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from arena import die, end_of, fork, run_in_arena

from sklearn_skd import SKDStudentClassifier, load, save
from sklearn_skd.deployment import _archive, _atomic

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the arena forks")

X = np.random.default_rng(0).normal(size=(12, 300)).astype(np.float32)


def make_students():
    """Two that are told apart by their classes."""
    student = SKDStudentClassifier(strategy="student-only", calibration=None, max_epochs=1)
    y = np.arange(12) % 2
    return [SKDStudentClassifier(**student.get_params()).fit(X, y + shift) for shift in (0, 2)]


def found_in(path):
    """0 for the old student, 1 for the new one; an error if there is neither."""
    return int(load(path).classes_[0]) // 2


def leftovers(folder):
    """Number of unfinished files, all of which are removed; an error if there is another file."""
    unfinished = list(folder.glob(".unfinished-*"))
    for path in unfinished:
        path.unlink()
    assert [path.name for path in folder.iterdir()] == ["student.safetensors"]
    return len(unfinished)


# ---- what happens in the arena -----------------------------------------------------------------


def kills_at_every_line(folder):
    """Kill a process at each line of the two files that write, in turn."""
    (old, new), path = make_students(), folder / "student.safetensors"
    found, left = [], 0
    for line in range(1, 2000):
        save(old, path)
        pid = fork(lambda line=line: run_to_line(line, new, path))
        if end_of(pid) == 0:
            break
        found.append(found_in(path))
        left += leftovers(folder)
    return {"found": found, "left": left, "last": found_in(path)}


def run_to_line(last, model, path):
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        name = frame.f_code.co_filename
        counted = name == _atomic.__file__ or frame.f_code.co_name == "write_archive"
        if name not in (_atomic.__file__, _archive.__file__) or not counted:
            return None
        lines += event == "line"
        if lines == last:
            die()
        return trace

    sys.settrace(trace)
    save(model, path)


def kills_within_the_write(folder):
    """Kill a process when a share of the bytes is on the disk."""
    (old, new), path = make_students(), folder / "student.safetensors"
    write, shares = Path.write_bytes, []
    for share in np.linspace(0, 1, 11):

        def write_a_share(path, content, share=share):
            write(path, content[: round(share * len(content))])
            die()

        save(old, path)
        Path.write_bytes = write_a_share
        assert end_of(fork(lambda: save(new, path))) == signal.SIGKILL
        Path.write_bytes = write
        (leftover,) = folder.glob(".unfinished-*.safetensors")
        shares.append(leftover.stat().st_size)
        assert found_in(path) == 0
        leftovers(folder)
    return shares


def kills_at_random_moments(folder, rounds=40):
    """Kill processes that replace one student by the other, for ever."""
    students, path = make_students(), folder / "student.safetensors"
    save(students[0], path)
    rng, found = random.Random(0), []
    for _ in range(rounds):
        before = path.stat().st_mtime_ns, path.stat().st_ino
        students = students[::-1]
        pid = fork(lambda students=students: save_for_ever(students, path))
        while (path.stat().st_mtime_ns, path.stat().st_ino) == before:
            time.sleep(0.001)  # until the process saves: the machine may be busy
        time.sleep(rng.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        assert end_of(pid) == signal.SIGKILL
        found.append(found_in(path))
        leftovers(folder)
    return found


def save_for_ever(students, path):
    while True:
        for student in students:
            save(student, path)


def readers_beside_a_writer(folder, rounds=100):
    """Load while another process replaces the file all the time."""
    students, path = make_students(), folder / "student.safetensors"
    save(students[0], path)
    pid = fork(lambda: save_for_ever(students, path))
    found = [found_in(path) for _ in range(rounds)]
    os.kill(pid, signal.SIGKILL)
    assert end_of(pid) == signal.SIGKILL
    return found


# ---- the tests ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return run_in_arena(__file__, tmp_path_factory.mktemp("arena"))


def test_a_kill_at_any_line_leaves_the_old_file_or_the_new_one(found):
    found = found["kills_at_every_line"]
    assert len(found["found"]) >= 20  # lines
    assert found["found"] == sorted(found["found"])  # the old one before the move, then the new
    assert set(found["found"]) == {0, 1}
    assert found["left"] >= 3
    assert found["last"] == 1


def test_a_kill_within_the_write_leaves_the_old_file(found):
    sizes = found["kills_within_the_write"]
    assert sizes[0] == 0
    assert len(set(sizes)) == len(sizes)


def test_kills_at_random_moments_leave_a_whole_file(found):
    assert set(found["kills_at_random_moments"]) == {0, 1}


def test_a_reader_beside_a_writer_sees_whole_files(found):
    assert set(found["readers_beside_a_writer"]) == {0, 1}


def main(folder):
    import torch

    torch.set_num_threads(1)
    results = {}
    for function in (
        kills_at_every_line,
        kills_within_the_write,
        kills_at_random_moments,
        readers_beside_a_writer,
    ):
        (folder / function.__name__).mkdir()
        results[function.__name__] = function(folder / function.__name__)
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
