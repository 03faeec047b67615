"""What ONNX Runtime saves: time of a song, songs a second, memory of a server, size of the file.

    python benchmarks/onnx_runtime.py [--repeats 40] [--output docs/results/onnx.csv]

The default student (log-mel of 30 s, 64-d lyrics, culture) on one thread: `predict_proba` of a
fitted estimator, the bare forward of its net, and the exported graph, in turn. Medians over the
repeats; ratios are medians of the paired ratios (torch over ONNX, above 1: ONNX is better) with
their standard error. Random weights and songs: neither changes the cost.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import torch
from sklearn.pipeline import make_pipeline

from sklearn_skd import LogMelSpectrogram, SKDStudentClassifier, SongFeatures, save
from sklearn_skd.deployment import export_onnx

BATCH = 64
RATE, SECONDS = 22050, 30

# what a server does, in a process of its own; its peak is read from /proc (a child takes
# `resource.getrusage` over from its parent)
SERVERS = {
    "torch": """
import sys
import numpy as np
from sklearn_skd import load
model = load(sys.argv[1])
with np.load(sys.argv[2]) as X:
    model.predict_proba(dict(X))
""",
    "ONNX Runtime": """
import sys
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
with np.load(sys.argv[2]) as X:
    session.run(None, dict(X))
""",
}
PEAK = """
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
"""


def make_arrays(n_songs, rng):
    """Random sources of the usual sizes."""
    return {
        "audio": rng.normal(-8, 3, size=(n_songs, 64, 1292)).astype(np.float32),
        "lyrics": rng.normal(size=(n_songs, 65)).astype(np.float32),
        "culture": rng.integers(0, 5, size=(n_songs, 6)),
    }


def one_thread(path):
    """An ONNX session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def seconds(call):
    """Time of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def row(what, unit, torch_side, onnx_side, *, digits=2):
    """One line of the table; both sides measured in turn, the first fifth to warm up."""
    ours, theirs = (np.array(side)[len(side) // 5 :] for side in (torch_side, onnx_side))
    ratio = ours / theirs
    return {
        "what": what,
        "unit": unit,
        "torch": round(float(np.median(ours)), digits),
        "onnx": round(float(np.median(theirs)), digits),
        "ratio": round(float(np.median(ratio)), 2),
        "error": round(float(ratio.std(ddof=1) / np.sqrt(len(ratio))), 2) if len(ratio) > 1 else "",
        "n": len(ratio),
    }


def timed(what, unit, torch_call, onnx_call, repeats, scale):
    """Measure two calls in turn."""
    pairs = [(seconds(torch_call), seconds(onnx_call)) for _ in range(repeats)]
    return row(what, unit, *(np.array(side) * scale for side in zip(*pairs, strict=True)))


def from_features(student, path, X, repeats):
    """Latency of a song and of a batch, against `predict_proba` and against the bare net."""
    session = one_thread(path)
    song = {name: values[:1] for name, values in X.items()}
    for name, songs, times in (("a song", song, 5 * repeats), (f"{BATCH} songs", X, repeats)):
        tensors = {key: torch.from_numpy(values) for key, values in songs.items()}

        def bare(tensors=tensors):
            with torch.inference_mode():
                student.net_(**tensors)

        def graph(songs=songs):
            session.run(None, songs)

        def whole(songs=songs):
            student.predict_proba(songs)

        yield timed(f"{name} from features, predict_proba", "ms", whole, graph, times, 1000)
        yield timed(f"{name} from features, bare net", "ms", bare, graph, times, 1000)


def from_waveform(repeats, rng, folder):
    """Latency of a decoded waveform of 30 s, log-mel included, and how close the answers are."""
    waveforms = [rng.normal(0, 0.1, RATE * SECONDS).astype(np.float32) for _ in range(8)]
    table = pd.DataFrame({"audio": [(waveform, RATE) for waveform in waveforms]})
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)
    model = make_pipeline(SongFeatures(audio=LogMelSpectrogram()), student)
    model.fit(table, [0, 1] * 4)
    path = export_onnx(model, Path(folder) / "waveform.onnx", front_end=True)
    session = one_thread(path)
    song, waveform = table[:1], waveforms[0][None]
    found = session.run(["probabilities"], {"audio": waveform})[0]
    print(
        f"largest difference, from a waveform: {abs(found - model.predict_proba(song)).max():.1e}"
    )
    return timed(
        "a song from its waveform, Pipeline",
        "ms",
        lambda: model.predict_proba(song),
        lambda: session.run(None, {"audio": waveform}),
        repeats,
        1000,
    )


def memory(files, songs, repeats):
    """Peak of a process that loads the student and answers for a song."""
    peaks = {name: [] for name in SERVERS}
    for _ in range(repeats):
        for name, code in SERVERS.items():
            command = [sys.executable, "-c", code + PEAK, str(files[name]), str(songs)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks[name].append(float(done.stdout))
    return row("peak memory of a serving process", "MB", *peaks.values(), digits=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--output", default="docs/results/onnx.csv")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    X = make_arrays(BATCH, rng)
    y = rng.integers(0, 4, BATCH)
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)
    student.fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "torch": save(student, Path(folder) / "student.safetensors"),
            "ONNX Runtime": export_onnx(student, Path(folder) / "student.onnx"),
        }
        found = one_thread(files["ONNX Runtime"]).run(["probabilities"], X)[0]
        print(
            f"largest difference, from features: {abs(found - student.predict_proba(X)).max():.1e}"
        )
        rows = list(from_features(student, files["ONNX Runtime"], X, args.repeats))
        rows.append(from_waveform(args.repeats, rng, folder))
        songs = Path(folder) / "song.npz"
        np.savez(songs, **{name: values[:1] for name, values in X.items()})
        rows.append(memory(files, songs, max(1, args.repeats // 8)))
        sizes = [[path.stat().st_size / 1e6] for path in files.values()]
        rows.append(row("file (safetensors, ONNX)", "MB", *sizes, digits=3))
    table = pd.DataFrame(rows)
    table.to_csv(args.output, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
