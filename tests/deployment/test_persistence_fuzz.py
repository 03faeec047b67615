"""Thousands of damaged and of malicious files: each is an error that names the file, or a model.

They are loaded in an arena: this file run as a program, whose memory, time and doings are watched.
Files of the first kind are damaged in their bytes, so that the checksum is wrong. Those of the
second kind lie under a right checksum.
"""

import copy
import faulthandler
import json
import os
import random
import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arena import run_in_arena

from sklearn_skd import (
    CultureEncoder,
    SKDStudentClassifier,
    SongFeatures,
    StaticLyricsEncoder,
    load,
    save,
)
from sklearn_skd.deployment._archive import read_archive, write_archive

N_DAMAGED, N_LYING = 3000, 1500
LONGEST = 60  # s that loading may take before it counts as hanging
MEGABYTE = 2**20

# what Python reports when code is run, made or fetched
FORBIDDEN = {
    *("exec", "compile", "import", "marshal.loads", "pickle.find_class", "ctypes.dlopen"),
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect"),
    *("os.remove", "os.rename", "os.mkdir", "shutil.rmtree"),
}


# ---- the file that is mutated ------------------------------------------------------------------


def make_songs(n=12, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "lyrics": [("still night", "dance day", None)[i % 3] for i in range(n)],
            "genre": rng.choice(["türkü", "pop", None], size=n),
            "era": rng.choice([1970, 1990], size=n),
        }
    )


def word_encoder():
    """A StaticLyricsEncoder of few words, as if it were distilled."""
    words = {"[UNK]": 0, "still": 1, "night": 2, "dance": 3, "day": 4}
    encoder = StaticLyricsEncoder(n_components=3)
    encoder.table_ = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    encoder.tokenizer_ = json.dumps(
        {
            "version": "1.0",
            "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"},
        }
    )
    encoder.embedding_dim_, encoder.n_parameters_, encoder.n_features_in_ = 3, 15, 1
    encoder.model_source_, encoder.revision_ = "folder", None
    return encoder


def make_model():
    from sklearn.frozen import FrozenEstimator
    from sklearn.pipeline import make_pipeline

    features = SongFeatures(None, FrozenEstimator(word_encoder()), CultureEncoder())
    student = SKDStudentClassifier(strategy="student-only", calibration=None, max_epochs=1)
    return make_pipeline(features, student).fit(make_songs(), ["calm", "sad"] * 6)


# ---- damage: the bytes -------------------------------------------------------------------------


def flip_a_bit(content, rng):
    position = rng.randrange(len(content))
    content[position] ^= 1 << rng.randrange(8)


def flip_a_bit_of_the_header(content, rng):
    length = int.from_bytes(content[:8], "little")
    content[rng.randrange(min(8 + length, len(content)))] ^= 1 << rng.randrange(8)


def cut_short(content, rng):
    del content[rng.randrange(len(content)) :]


def delete_a_piece(content, rng):
    start = rng.randrange(len(content))
    del content[start : start + rng.choice([1, 2, 8, 64, 4096])]


def repeat_a_piece(content, rng):
    start = rng.randrange(len(content))
    piece = content[start : start + rng.choice([1, 8, 64, 4096])]
    position = rng.randrange(len(content))
    content[position:position] = piece


def overwrite_a_piece(content, rng):
    start, size = rng.randrange(len(content)), rng.choice([1, 4, 16, 256])
    piece = content[start : start + size]
    content[start : start + size] = rng.choice(
        [rng.randbytes(len(piece)), bytes(len(piece)), b"\xff" * len(piece)]
    )


def change_the_length(content, rng):
    length = int.from_bytes(content[:8], "little")
    near, flipped = length + rng.randint(-9, 9), length ^ (1 << rng.randrange(64))
    told = rng.choice([0, 1, 2**63, 2**64 - 1, 2**31, len(content), near, flipped])
    content[:8] = (told % 2**64).to_bytes(8, "little")


def change_a_number(content, rng):
    """Digits of the header: sizes, offsets, versions, parameters."""
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length]
    position = 8 + rng.choice([i for i, byte in enumerate(header) if byte in b"0123456789"] or [0])
    replaced = rng.choice([b"9", b"0", b"9" * 30, b"-1", b"1e9", b"[1]", b'"x"'])
    content[position : position + 1] = replaced


DAMAGE = [
    flip_a_bit,
    flip_a_bit_of_the_header,
    cut_short,
    delete_a_piece,
    repeat_a_piece,
    overwrite_a_piece,
    change_the_length,
    change_a_number,
]


# ---- lies: header and arrays, under a right checksum -------------------------------------------

CODE = "__import__('os').system('touch executed')"


def lies():
    """What may stand anywhere in the header of a malicious file."""
    deep = None
    for _ in range(200):
        deep = [deep]
    unfitted = {"class": "LogMelSpectrogram", "parameters": {}, "fitted": None}
    return [
        *(None, True, -1, 0, 3, 2**31, 2**62, 2**70, 0.5, 1e308, "", "x" * 5000, CODE, deep),
        *("os.system", "builtins.eval", "../../etc/passwd", "/dev/zero", "passthrough", "self"),
        *([], {}, [[], {}], [0] * 2000, {"tuple": []}, {"dict": {}}, {"float": "nan"}),
        *({"float": "inf"}, {"range": [0, 2**62, 1]}, {"slice": [None, None, None]}),
        *({"array": "nowhere"}, {"text": "nowhere"}, {"objects": "nowhere"}, {"arrays": ""}),
        *({"frozen": 0}, {"frozen": 1}, {"frozen": -1}),
        *({"eval": CODE}, {"__reduce__": ["os.system", [CODE]]}, {"py/object": "os.system"}),
        {"frame": {"index": 2**60, "columns": {}}},
        *({"estimator": {**unfitted, "class": name}} for name in (CODE, "system", "Pipeline")),
        {"estimator": unfitted},
        {"estimator": {**unfitted, "parameters": {"n_mels": 2**40, "sr": 2**50}}},
        {"estimator": {**unfitted, "parameters": {"cache": "/tmp", "memmap": "/tmp"}}},
        {"estimator": {**unfitted, "class": "FrozenEstimator", "parameters": {"estimator": 1}}},
        {"estimator": {**unfitted, "class": "LyricsEncoder", "parameters": {"model": CODE}}},
        {"estimator": {**unfitted, "class": "LeftOutTeacher", "parameters": {"name": CODE}}},
    ]


def places(node, found):
    """All (container, key) of a tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in list(items):
        found.append((node, key))
        if isinstance(child, dict | list):
            places(child, found)
    return found


def lie_in_the_header(header, arrays, rng):
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        found = places({"": header["estimator"]}, [])[1:]
        if not found:
            return
        container, key = rng.choice(found)
        other, other_key = rng.choice(found)
        way = rng.randrange(6)
        if way < 3:
            container[key] = copy.deepcopy(rng.choice(lies()))
        elif way == 3:
            del container[key]
        elif way == 4 and isinstance(container, dict):
            container[rng.choice(["class", "x", "__class__", "tuple", "net_"])] = container.pop(key)
        else:
            container[key] = copy.deepcopy(other[other_key])


def lie_about_an_array(header, arrays, rng):
    name, other = rng.choice(sorted(arrays)), rng.choice(sorted(arrays))
    array = arrays[name]
    shapes = [(array.size,), (1, *array.shape), (*array.shape, 1), (array.size, 1)]
    changed = [
        *(lambda shape=shape: array.reshape(shape) for shape in shapes),
        *(lambda kind=kind: array.astype(kind) for kind in ("f4", "f8", "i8", "u1", "u4", "?")),
        lambda: array.reshape(-1)[:0],
        lambda: np.concatenate([array.reshape(-1)] * 2),
        lambda: np.frombuffer(rng.randbytes(array.nbytes), array.dtype).reshape(array.shape),
        lambda: np.full_like(array, rng.choice([0, 1, 99])),
        lambda: arrays[other],
    ]
    with np.errstate(all="ignore"):
        arrays[name] = rng.choice(changed)()


def lie_about_names(header, arrays, rng):
    name = rng.choice(sorted(arrays))
    array = arrays.pop(name)
    if rng.random() < 0.7:
        arrays[rng.choice(["x", f"{name}x", name.replace("0", "1"), "a.b"])] = array


LIES = [lie_in_the_header, lie_in_the_header, lie_about_an_array, lie_about_names]


# ---- the arena ---------------------------------------------------------------------------------


def arena(folder, kind, seed):
    """Load mutations of a saved model; returns what came of them."""
    from importlib import import_module

    from sklearn_skd.deployment._parts import PARTS

    model, path = make_model(), folder / "model.safetensors"
    content = save(model, path).read_bytes()
    songs = make_songs(5, seed=1)
    expected = load(path).predict_proba(songs)
    for part in PARTS.values():
        import_module(part.module)
    repr(model), repr(pd.DataFrame({"a": [1]}))  # imports what errors of scikit-learn need
    mutate = damage if kind == "damaged" else lie
    rng = random.Random(seed)
    os.fsync = lambda file: None  # the disk is not what is tested here
    watch = Watch(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    space = 512 * MEGABYTE + address_space()
    resource.setrlimit(resource.RLIMIT_AS, (space, resource.RLIM_INFINITY))
    counts = {}
    for _ in range(N_DAMAGED if kind == "damaged" else N_LYING):
        told = mutate(path, content, rng)
        result = outcome(path, told, songs, expected, kind, watch)
        counts[result] = counts.get(result, 0) + 1
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return {"counts": counts, "seen": sorted(watch.seen), "grown": grown, "size": len(content)}


class Watch:
    """Remembers what is done inside, beside reading the one file."""

    def __init__(self, path):
        self._on, self.seen, self._path = False, set(), str(path)
        sys.addaudithook(self._hook)

    def __enter__(self):
        self._on = True

    def __exit__(self, *error):
        self._on = False

    def _hook(self, event, arguments):
        if not self._on:
            return
        if event in FORBIDDEN or (event == "open" and str(arguments[0]) != self._path):
            self.seen.add(f"{event} {arguments[:1]!r:.200}")


def outcome(path, told, songs, expected, kind, watch):
    """Load once; anything but a ValueError with the name of the file, or a model, is raised."""
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    try:
        with watch:
            loaded = load(path)
    except ValueError as error:
        if path.name not in str(error):
            raise AssertionError(f"{told} gave no name: {error}") from error
        return "error"
    except BaseException as error:
        raise AssertionError(f"{told} gave a {type(error).__name__}") from error
    finally:
        faulthandler.cancel_dump_traceback_later()
    if kind == "damaged":
        np.testing.assert_array_equal(loaded.predict_proba(songs), expected, err_msg=told)
        return "model"
    try:
        loaded.predict(songs)
    except Exception as error:  # a model of other songs, as its file says
        return f"model, {type(error).__name__}"
    return "model"


def damage(path, content, rng):
    mutated, ways = bytearray(content), []
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        way = rng.choice(DAMAGE if len(mutated) == len(content) else DAMAGE[:1])
        if mutated:
            way(mutated, rng)
        ways.append(way.__name__)
    path.write_bytes(mutated)
    return ", ".join(ways)


def lie(path, content, rng):
    path.write_bytes(content)
    header, arrays = read_archive(path, check=lambda header: None)
    way = rng.choice(LIES)
    way(header, arrays, rng)
    write_archive(path, header, arrays)
    return f"{way.__name__}: {json.dumps(header['estimator'])}"


def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


# ---- the tests ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["damaged", "lying"])
def found(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    told = run_in_arena(__file__, folder, request.param, timeout=600)
    assert not (folder / "executed").exists()
    return {"kind": request.param, **told}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is watched as on Linux")
def test_every_mutated_file_is_an_error_or_a_model(found):
    counts = found["counts"]
    assert sum(counts.values()) == {"damaged": N_DAMAGED, "lying": N_LYING}[found["kind"]]
    assert counts["error"] > 0.7 * sum(counts.values())
    if found["kind"] == "damaged":  # the same model: a change of spaces, or in the way of writing
        assert counts.get("model", 0) < 0.01 * sum(counts.values())
    assert found["seen"] == []  # no code was run, no other file opened
    assert found["grown"] < 2 * found["size"] + 50 * MEGABYTE


if __name__ == "__main__":
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    os.chdir(folder)
    print(json.dumps(arena(folder, kind, seed=0)))
