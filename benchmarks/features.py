"""Features against the floors below which no implementation can go, in one run.

    python benchmarks/features.py [--repeats 5] [--only SECTION ...]

Every line is a ratio of two measurements made alternately, so that it holds on other machines;
the aim stands beside it. Sound files are 44.1 kHz stereo.

- files: a 30 s file against soundfile's decoding plus soxr's resampling of the same samples; a
  4-minute file against `librosa.load`, `melspectrogram` and the logarithm;
- clips: features of decoded samples against the bare real FFT of the same frames;
- workers: songs a second of two workers against one;
- memory: peak of a process, a 3-hour file against one minute, and 10 x songs against 1 x;
- lyrics: `LyricsEncoder` against `SentenceTransformer.encode` on the same chunks, and lyrics that
  occur ten times against once.

All but the workers are timed in processor time, which other programs on the machine disturb least;
the best of the repeats counts. One thread everywhere but in "workers".
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import joblib
import librosa
import numpy as np
import scipy.fft
import soundfile
import soxr
from _memory import peak_memory
from threadpoolctl import threadpool_limits

from sklearn_skd import LyricsEncoder
from sklearn_skd.features import AudioStatistics, LogMelSpectrogram
from sklearn_skd.features._decode import load_window

SR, FILE_RATE = 22050, 44100
FORMATS = ("wav", "flac", "mp3", "ogg")


def write_song(path, seconds, **options):
    """Stereo at 44.1 kHz whose loudness swells, block by block (long OGG files need it)."""
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.03, size=(FILE_RATE, 2)).astype(np.float32)
    with soundfile.SoundFile(path, "w", FILE_RATE, 2, **options) as file:
        for second in range(seconds):
            at = second + np.arange(FILE_RATE) / FILE_RATE
            loudness = 0.1 + 0.1 * (1 + np.sin(2 * np.pi * second / 37))
            tone = (loudness * np.sin(2 * np.pi * 220 * at)).astype(np.float32)
            file.write(np.roll(noise, 997 * second, axis=0) + tone[:, None] * np.float32([1, 0.8]))
    return str(path)


def measure(ours, floor, repeats, clock=time.process_time):
    """Best time of both in seconds, measured in turns after one call to warm up."""
    times = {ours: [], floor: []}
    for repeat in range(repeats + 1):
        for function, measured in times.items():
            start = clock()
            function()
            if repeat:
                measured.append(clock() - start)
    return min(times[ours]), min(times[floor])


def report(name, ours, floor, ratio, aim, unit="ms"):
    """Print one line; `aim` is like "<= 1.2" or "" for a figure that has none."""
    met = ""
    if aim:
        relation, bound = aim.split()
        met = (
            "yes"
            if (ratio <= float(bound) if relation == "<=" else ratio >= float(bound))
            else "NO"
        )
    print(f"{name:34}{ours:10.1f}{floor:10.1f} {unit:4}{ratio:7.2f}  {aim:8}{met}", flush=True)


def compare(name, ours, floor, aim, repeats):
    """Measure and print the ratio of two functions' processor times."""
    a, b = measure(ours, floor, repeats)
    report(name, 1000 * a, 1000 * b, a / b, aim)


# ---- the sections -----------------------------------------------------------------------------


def decode_and_resample(path):
    """The floor of every feature: all samples of the file, in mono, at the lower rate."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples @ np.float32([0.5, 0.5]), rate, SR)


def librosa_log_mel(path):
    """What a user would write with librosa."""
    samples, rate = librosa.load(path, sr=SR)
    return np.log(librosa.feature.melspectrogram(y=samples, sr=rate, n_fft=1024, n_mels=64) + 1e-6)


def files(folder, repeats):
    """Whole files."""
    log_mel = LogMelSpectrogram()
    for suffix in FORMATS:
        path = write_song(folder / f"30.{suffix}", 30)
        window = partial(load_window, path, sr=SR, duration=30.0, segment="energy")
        floor = partial(decode_and_resample, path)
        compare(f"decode 30 s {suffix}", window, floor, "<= 1.2", repeats)
        songs = [path] * 4  # a small collection: what a call costs once is shared
        compare(
            f"log-mel of four 30 s {suffix}",
            partial(log_mel.transform, songs),
            lambda songs=songs: [decode_and_resample(path) for path in songs],
            "<= 1.2",
            repeats,
        )
    for suffix, aim in (("mp3", "<= 0.6"), ("flac", "<= 0.7")):
        path = write_song(folder / f"240.{suffix}", 240)
        compare(
            f"log-mel 4 min {suffix} / librosa",
            partial(log_mel.transform, [path]),
            partial(librosa_log_mel, path),
            aim,
            repeats,
        )


def clips(folder, repeats):
    """Decoded samples; `folder` is not used."""
    samples = np.random.default_rng(0).normal(scale=0.1, size=30 * SR).astype(np.float32)
    for name, transformer, aim in (
        ("log-mel", LogMelSpectrogram(), "<= 2.0"),
        ("statistics", AudioStatistics(), ""),
    ):
        n_fft = transformer.n_fft
        padded = np.pad(samples, n_fft // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::512].copy()
        compare(
            f"{name} of a clip / bare FFT",
            partial(transformer._extract, samples),
            partial(scipy.fft.rfft, frames),
            aim,
            4 * repeats,
        )


def workers(folder, repeats, n_songs=16):
    """Two workers against one, in wall time and short bursts: this needs two idle cores."""
    songs = [write_song(folder / f"song.{suffix}", 30) for suffix in FORMATS] * (n_songs // 4)
    for name, backend, aim in (("threads", "threading", ">= 1.8"), ("processes", "loky", "")):
        with joblib.parallel_config(backend=backend):
            two, one = measure(
                partial(LogMelSpectrogram(n_jobs=2).transform, songs),
                partial(LogMelSpectrogram(n_jobs=1).transform, songs),
                4 * repeats,
                clock=time.perf_counter,
            )
        report(f"two workers ({name})", 1000 * two, 1000 * one, one / two, aim)


def memory(folder, repeats):
    """Peak of a process in MB, imports included; `repeats` is not used."""
    minute = write_song(folder / "minute.flac", 60)
    hours = write_song(folder / "hours.flac", 3 * 3600, compression_level=0.0)
    short = peak_memory(folder, [minute])
    long = peak_memory(folder, [hours])
    report("peak, 3 hours / 1 minute", long, short, long / short, "<= 1.05", "MB")
    report("peak, 3 hours / 500 MB", long, 500, long / 500, "<= 1.0", "MB")
    few, many = (peak_memory(folder, [minute] * n) for n in (10, 100))
    report("peak, 100 songs / 10 songs", many, few, many / few, "<= 1.05", "MB")


def lyrics(folder, repeats, n_songs=24):
    """The sentence encoder; `folder` is not used."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    words = ["love", "night", "heart", "dance", "tonight", "forever", "rain", "fire", "home"]
    texts = [
        "\n".join(" ".join(rng.choice(words, 6)) for _ in range(lines))
        for lines in rng.integers(5, 41, n_songs)
    ]
    ours = LyricsEncoder(clean=False).fit(texts)
    encoder = ours._encoder()
    bare = encoder._model  # the SentenceTransformer
    chunks = [chunk for text in texts for chunk, _ in encoder.chunks(text)]

    def encode(texts):
        encoder._vectors.clear()  # or the second call would find everything remembered
        ours.transform(texts)

    compare(
        f"lyrics of {n_songs} songs / encode",
        partial(encode, texts),
        partial(bare.encode, chunks, show_progress_bar=False),
        "<= 1.0",
        repeats,
    )
    compare(
        "  the same, batch_size=1 for both",
        partial(encode, texts),
        partial(bare.encode, chunks, batch_size=1, show_progress_bar=False),
        "",
        repeats,
    )
    compare(
        "each lyrics ten times / once",
        partial(encode, 10 * texts),
        partial(encode, texts),
        "<= 1.05",
        repeats,
    )


SECTIONS = {section.__name__: section for section in (files, clips, workers, memory, lyrics)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    arguments = parser.parse_args()
    print(f"{'':34}{'ours':>10}{'floor':>10} unit  ratio  aim     met")
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        for name in arguments.only:
            print(f"-- {name}")
            SECTIONS[name](Path(folder), arguments.repeats)


if __name__ == "__main__":
    main()
