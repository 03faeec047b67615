"""How cost grows with the number of songs: seconds and peak memory at 1, 3 and 10 times as many.

    OMP_NUM_THREADS=1 python benchmarks/scaling.py [--songs 120] [--output scaling.csv]

Each line of the table is one step, each size of it a fresh process with one thread. Seconds are
processor time, which other programs on the machine disturb least; at 3 x and 10 x they are given
as ratios to 1 x. A step of linear cost stays near or below 3 and 10: some of it is fixed. Memory
is the growth of the process's anonymous pages (RssAnon, Linux) above what it holds after a warm-up
on four songs, sampled every two milliseconds. Pages of a mapped file are not counted: the kernel
may drop them whenever it needs the room, so they press on nobody; heap it can only swap.

The songs are synthetic, in FLAC at 22,050 Hz, mono; their features have the true shape of a 30 s
window, 64 bands by 1,292 frames of float32, 331 kB a song. Nets are trained for two epochs, the
teacher of the student in two folds, which is enough to see how cost grows. From 112 songs at 1 x
on, every prediction inside the fits fills the batch of 64 songs that bounds its memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

TIMES = (1, 3, 10)
RATE, SECONDS, BANDS, FRAMES = 22050, 30, 64, 1292
MANY = 20  # songs without audio that stand for one with audio


class PeakMemory:
    """Peak of the anonymous memory of this process within a block, in bytes above its start."""

    def __enter__(self):
        self._over, self._start = threading.Event(), anonymous_memory()
        self.peak = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        while not self._over.is_set():
            self.peak = max(self.peak, anonymous_memory() - self._start)
            time.sleep(0.002)

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()


def anonymous_memory():
    """Bytes of heap and stack that are in memory; files, mapped or cached, are not in it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return 1024 * int(line.split()[1])
    raise OSError("This kernel does not report RssAnon; run the benchmark on Linux.")


def write_songs(folder, n_songs):
    """A decaying chord for each song, each different."""
    import soundfile

    rng = np.random.default_rng(0)
    at = np.arange(RATE * SECONDS) / RATE
    noise = 0.003 * rng.normal(size=len(at))
    folder.mkdir()
    for number in range(n_songs):
        chord = sum(np.sin(2 * np.pi * f * at) for f in rng.uniform(100, 2000, size=2))
        sound = 0.2 * chord * np.exp(-(at % 2)) + np.roll(noise, number)
        soundfile.write(folder / f"{number:06d}.flac", sound.astype(np.float32), RATE)


def write_features(path, n_songs):
    """Random spectrograms, written in pieces."""
    rng = np.random.default_rng(0)
    shape = (n_songs, BANDS, FRAMES)
    features = np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=shape)
    for start in range(0, n_songs, 64):
        part = features[start : start + 64]
        part[...] = rng.standard_normal(part.shape, dtype=np.float32)
    features.flush()


def song_files(folder, n_songs):
    return sorted(str(path) for path in (folder / "songs").iterdir())[:n_songs]


def emotions(n_songs):
    return np.array(["calm", "happy", "sad", "tense"])[np.arange(n_songs) % 4]


def log_mel(folder, n_songs, *, memmap=False, cache=None):
    """The call that computes the spectrograms of so many songs."""
    from sklearn_skd.features import LogMelSpectrogram

    transformer = LogMelSpectrogram(
        memmap=folder / "memmap" if memmap else None,
        cache=None if cache is None else folder / cache,
    )
    return lambda: transformer.transform(song_files(folder, n_songs))


def sources(folder, n_songs, *, memmap=True):
    from skorch.helper import SliceDict

    audio = np.load(folder / "features.npy", mmap_mode="r")[:n_songs]
    culture = np.random.default_rng(0).integers(0, 5, size=(n_songs, 6))
    return SliceDict(audio=audio if memmap else np.array(audio), culture=culture)


def estimator(kind):
    from sklearn_skd import SKDStudentClassifier, TeacherClassifier

    teacher = TeacherClassifier(max_epochs=2, random_state=0)
    if kind == "teacher":
        return teacher
    return SKDStudentClassifier(teacher, teacher_cv=2, max_epochs=2, random_state=0)


def fit(folder, n_songs, *, kind, memmap):
    X = sources(folder, n_songs, memmap=memmap)
    return lambda: estimator(kind).fit(X, emotions(n_songs))


def predict(folder, n_songs, *, memmap):
    X = sources(folder, n_songs, memmap=memmap)
    student = estimator("student").set_params(strategy="student-only", max_epochs=1)
    student.fit(sources(folder, 16), emotions(16))
    return lambda: student.predict_proba(X)


def fit_vectors(folder, n_songs):
    """Many songs of little data: what is done song by song besides the nets shows here."""
    from skorch.helper import SliceDict

    n_songs *= MANY
    rng = np.random.default_rng(0)
    X = SliceDict(vector=rng.normal(size=(n_songs, 8)).astype(np.float32))
    groups = np.arange(n_songs) // 3  # artists
    student = estimator("student").set_params(batch_size=512, teacher__batch_size=512)
    student.set_params(memory=str(folder / f"memory-{n_songs}"))
    return lambda: student.fit(X, emotions(n_songs), groups=groups)


STEPS = {
    "log-mel, array": lambda *at: log_mel(*at),
    "log-mel, memmap": lambda *at: log_mel(*at, memmap=True),
    "log-mel, memmap, cache filled": lambda *at: log_mel(*at, memmap=True, cache=f"cache-{at[1]}"),
    "log-mel, memmap, cache read": lambda *at: log_mel(*at, memmap=True, cache=f"cache-{at[1]}"),
    "teacher fit, array": lambda *at: fit(*at, kind="teacher", memmap=False),
    "teacher fit, memmap": lambda *at: fit(*at, kind="teacher", memmap=True),
    "student fit, array": lambda *at: fit(*at, kind="student", memmap=False),
    "student fit, memmap": lambda *at: fit(*at, kind="student", memmap=True),
    "predict, array": lambda *at: predict(*at, memmap=False),
    "predict, memmap": lambda *at: predict(*at, memmap=True),
    f"student fit, {MANY} x vectors": fit_vectors,
}


def run_step(name, folder, n_songs):
    """Do one step in this process; print its seconds and peak memory as JSON."""
    warm_up = "log-mel, array" if name.startswith("log-mel") else "teacher fit, memmap"
    STEPS[warm_up](folder, 4)()
    with PeakMemory() as memory:  # an array to fit on belongs to the cost
        step = STEPS[name](folder, n_songs)
        began = time.process_time()
        step()
        seconds = time.process_time() - began
    print(json.dumps({"seconds": seconds, "bytes": memory.peak}))


def measure(name, folder, n_songs):
    command = [sys.executable, __file__, "--step", name, "--folder", folder, "--songs", n_songs]
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    done = subprocess.run(
        [str(part) for part in command], env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def report(n_songs, steps):
    """Measure and print line by line; returns the lines as dicts."""
    header = "".join(f"{f'{k} x':>9}" for k in TIMES)
    print(f"{n_songs} songs at 1 x{'seconds':>24}{'':15}{'MB above the start':>27}")
    print(f"{'':30}{header}{header}")
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if any(step.startswith("log-mel") for step in steps):
            write_songs(folder / "songs", TIMES[-1] * n_songs)
        write_features(folder / "features.npy", TIMES[-1] * n_songs)
        for step in steps:
            runs = [measure(step, folder, k * n_songs) for k in TIMES]
            seconds, memory = ([run[key] for run in runs] for key in ("seconds", "bytes"))
            growth = "".join(f"{f'x {s / seconds[0]:.1f}':>9}" for s in seconds[1:])
            megabytes = "".join(f"{value / 1e6:9.0f}" for value in memory)
            print(f"{step:30}{seconds[0]:9.2f}{growth}{megabytes}", flush=True)
            lines += [{"step": step, "times": k, **run} for k, run in zip(TIMES, runs, strict=True)]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=120, help="number of songs at 1 x")
    parser.add_argument("--only", default="", help="steps whose name holds this")
    parser.add_argument("--output", type=Path, help="CSV file for the measurements")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        run_step(args.step, args.folder, args.songs)
        return
    lines = report(args.songs, [step for step in STEPS if args.only in step])
    if args.output:
        import pandas as pd

        pd.DataFrame(lines).to_csv(args.output, index=False)


if __name__ == "__main__":
    main()
