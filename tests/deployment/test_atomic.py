"""A file is the old one or the new one, whatever happens on the way."""

import os
import stat
import subprocess
import sys

import pytest

from sklearn_skd.deployment._atomic import replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_written(tmp_path):
    path = tmp_path / "model.bin"
    with replacing(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".bin"
        assert not path.exists()
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["model.bin"]


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    with replacing(str(path)) as temporary:
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def fail(temporary, error):
    temporary.write_bytes(b"half")
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as temporary:
        fail(temporary, error)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.bin"]


def test_an_error_of_the_last_step_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")

    def refuse(*args):
        raise PermissionError("refused")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError, match="refused"), replacing(path) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["model.bin"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "models").mkdir()
    target, link = tmp_path / "models" / "v1.bin", tmp_path / "current.bin"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with replacing(link) as temporary:
        assert temporary.parent == target.parent
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_an_existing_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with replacing(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        temporary.write_bytes(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    with replacing(tmp_path / "model.bin"):
        pass
    assert (tmp_path / "model.bin").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder .*nowhere does not exist: create it"):
        replacing(tmp_path / "nowhere" / "model.bin").__enter__()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder: name a file in it"):
        replacing(tmp_path).__enter__()
    assert names(tmp_path) == []


def test_a_kill_leaves_the_old_file_and_one_of_a_recognisable_name(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    code = (
        "import os, sys; from sklearn_skd.deployment._atomic import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == 9
    assert path.read_bytes() == b"old"
    leftover, kept = names(tmp_path)
    assert leftover.startswith(".unfinished-")
    assert kept == "model.bin"
