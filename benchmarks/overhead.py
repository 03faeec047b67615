"""What our code costs above bare PyTorch.

    python benchmarks/overhead.py

Predicting one song: `predict_proba` against the net's own forward pass on ready tensors. Training:
`fit` (student-only, no hold-out) against a plain loop with the same net, loss, optimiser, schedule
and batches. Both sides take turns in one run; the figures are medians of paired measurements.
"""

import argparse
import time

import numpy as np
import torch

from sklearn_skd import SKDStudentClassifier
from sklearn_skd.classifiers._sources import describe_sources
from sklearn_skd.distillation.strategies import student_loss
from sklearn_skd.networks import StudentNet

PARAMS = {"temperature": 2.0, "kd_weight": 0.9, "mu": 0.0}


def songs(n_songs, rng):
    """Random sources of the usual sizes, and labels."""
    X = {
        "audio": rng.normal(size=(n_songs, 64, 1292)).astype(np.float32),
        "lyrics": rng.normal(size=(n_songs, 385)).astype(np.float32),
        "culture": rng.integers(0, 5, size=(n_songs, 6)),
    }
    return X, rng.integers(0, 4, n_songs)


def seconds(call):
    """Time of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def report(name, ours, bare, unit):
    """Print medians, their difference and ratio, with the standard error of the ratio."""
    ours, bare = np.array(ours), np.array(bare)
    ratio = ours / bare
    error = ratio.std(ddof=1) / np.sqrt(len(ratio))
    print(
        f"{name}: {np.median(ours) * unit:.2f} against {np.median(bare) * unit:.2f} ms, "
        f"overhead {np.median(ours - bare) * unit:+.2f} ms, ratio {np.median(ratio):.2f} "
        f"± {error:.2f} (n = {len(ratio)})"
    )


def prediction(repeats, rng):
    """One song through predict_proba and through the net alone."""
    X, y = songs(64, rng)
    student = SKDStudentClassifier(strategy="student-only", max_epochs=1, random_state=0)
    student.fit(X, y)
    song = {name: values[:1] for name, values in X.items()}
    tensors = {name: torch.from_numpy(values) for name, values in song.items()}

    def bare():
        with torch.inference_mode():
            student.net_(**tensors)

    pairs = [(seconds(lambda: student.predict_proba(song)), seconds(bare)) for _ in range(repeats)]
    report("one song", *zip(*pairs[repeats // 5 :], strict=True), 1000)


def bare_loop(X, y, n_epochs, batch_size=32):
    """The same training, by hand."""
    torch.manual_seed(0)
    net = StudentNet(describe_sources(X), 4, 0.3)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01, fused=True)
    n_batches = -(-len(y) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=n_epochs * n_batches + 1, pct_start=0.15
    )
    arrays = {
        "target": np.eye(4, dtype=np.float32)[y],
        "credibility": np.full(len(y), np.nan, np.float32),
        "sample_weight": np.ones(len(y), np.float32),
    }
    for _ in range(n_epochs):
        for rows in np.array_split(torch.randperm(len(y)).numpy(), n_batches):
            sources = {name: torch.from_numpy(values[rows]) for name, values in X.items()}
            batch = {name: torch.from_numpy(values[rows]) for name, values in arrays.items()}
            loss = student_loss(net(**sources), batch, strategy="student-only", params=PARAMS)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def training(repeats, rng, n_epochs=10):
    """Whole fits, ours and by hand."""
    X, y = songs(192, rng)
    student = SKDStudentClassifier(
        strategy="student-only", max_epochs=n_epochs, calibration=None, random_state=0
    )
    bare_loop(X, y, 1)
    pairs = [
        (seconds(lambda: student.fit(X, y)), seconds(lambda: bare_loop(X, y, n_epochs)))
        for _ in range(repeats)
    ]
    report(f"{n_epochs} epochs of 192 songs", *zip(*pairs, strict=True), 1000)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    prediction(50 * args.repeats, rng)
    training(args.repeats, rng)


if __name__ == "__main__":
    main()
