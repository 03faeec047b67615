"""Audio features against the floors below which no implementation can go, in one run.

Every line is a ratio of two times measured alternately, so that it holds on other machines:

- a 30 s file against soundfile's decoding plus soxr's resampling of the same samples;
- a 4-minute file against `librosa.load`, `melspectrogram` and the logarithm;
- log-mel of a decoded clip against the bare real FFT of the same frames.

Usage: ``OMP_NUM_THREADS=1 python benchmarks/features.py [--repeats 5]``
"""

import argparse
import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import scipy.fft
import soundfile
import soxr

from sklearn_skd.features import AudioStatistics, LogMelSpectrogram
from sklearn_skd.features._decode import load_window

SR, FILE_RATE = 22050, 44100


def write_song(path, seconds):
    """Stereo at 44.1 kHz whose loudness swells, block by block (long OGG files need it)."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", FILE_RATE, 2) as file:
        for second in range(seconds):
            at = second + np.arange(FILE_RATE) / FILE_RATE
            loudness = 0.1 + 0.1 * (1 + np.sin(2 * np.pi * at / 37))
            tone = loudness * np.sin(2 * np.pi * 220 * at)
            noise = 0.03 * rng.normal(size=(FILE_RATE, 2))
            file.write((np.outer(tone, [1.0, 0.8]) + noise).astype(np.float32))
    return path


def decode_and_resample(path):
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples @ np.float32([0.5, 0.5]), rate, SR)


def librosa_log_mel(path):
    samples, rate = librosa.load(path, sr=SR)
    return np.log(librosa.feature.melspectrogram(y=samples, sr=rate, n_fft=1024, n_mels=64) + 1e-6)


def compare(ours, floor, repeats):
    """Best time of both in seconds, measured in turns after one call to warm up."""
    times = {ours: [], floor: []}
    for repeat in range(repeats + 1):
        for function, measured in times.items():
            start = time.perf_counter()
            function()
            if repeat:
                measured.append(time.perf_counter() - start)
    return min(times[ours]), min(times[floor])


def cases(folder):
    """Yield (name, ours, floor, the ratio aimed at or None)."""
    log_mel, statistics = LogMelSpectrogram(), AudioStatistics()
    window = {"sr": SR, "duration": 30.0, "segment": "energy"}
    for suffix in ("wav", "flac", "mp3", "ogg"):
        path = str(write_song(folder / f"30.{suffix}", 30))
        yield (
            f"decode 30 s {suffix}",
            lambda path=path: load_window(path, **window),
            lambda path=path: decode_and_resample(path),
            1.2,
        )
        yield (
            f"log-mel 30 s {suffix}",
            lambda path=path: log_mel.transform([path]),
            lambda path=path: decode_and_resample(path),
            None,
        )
    for suffix, aim in (("mp3", 0.6), ("flac", 0.7)):
        path = str(write_song(folder / f"240.{suffix}", 240))
        yield (
            f"log-mel 4 min {suffix}",
            lambda path=path: log_mel.transform([path]),
            lambda path=path: librosa_log_mel(path),
            aim,
        )
    samples = np.random.default_rng(0).normal(scale=0.1, size=30 * SR).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 512), 1024)[::512].copy()
    yield (
        "log-mel of a clip",
        lambda: log_mel._extract(samples),
        lambda: scipy.fft.rfft(frames),
        2.0,
    )
    yield (
        "statistics of a clip",
        lambda: statistics._extract(samples),
        lambda: scipy.fft.rfft(frames),
        None,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"{'case':24}{'ours ms':>10}{'floor ms':>10}{'ratio':>8}{'aim':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for name, ours, floor, aim in cases(Path(folder)):
            a, b = (1000 * seconds for seconds in compare(ours, floor, repeats))
            print(f"{name:24}{a:10.1f}{b:10.1f}{a / b:8.2f}{aim or '':>6}", flush=True)


if __name__ == "__main__":
    main()
