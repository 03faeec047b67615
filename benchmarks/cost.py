"""What the student costs beside its teacher: the speed goals, and the ratios of the paper's Fig. 8.

    python benchmarks/cost.py [--songs 48] [--repeats 40] [--output docs/results/cost.csv]

Everything runs on one thread and is timed in processor time, which other programs on the machine
disturb least. Both sides of a ratio take turns on the same song; the table has the median of the
ratios and its standard error. Goals:

- the whole student (decoded 30 s waveform, lyrics and culture to calibrated probabilities) within
  1.3 times `librosa.feature.melspectrogram` of that clip, with the same parameters, for lyrics of
  140 and of 300 words (all distinct songs: nothing is remembered);
- the student at least 20 times as fast as the teacher, both from log-mel and codes that are ready
  and from lyrics as text, of both lengths;
- at most 10 million parameters, the table of the lyrics included;
- songs a second in batches at least 0.9 of the net's own forward pass on ready tensors;
- the paper's ratios of teacher to student, to be beaten: 7.7 in parameters, 4.7 in latency, 4.9 in
  memory. Latency is told from the decoded waveform (the paper's stage) and from a WAV file, whose
  decoding both share. Memory is the peak of a fresh process that loads the model and answers the
  songs one after the other, all libraries included: teacher and student as Pipelines from
  `sklearn_skd.load`, and the student in ONNX Runtime without torch.

Songs are rendered by `make_songs`, so accuracy is no matter here. Peaks are read from /proc, which
Linux has.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soundfile
import torch
from _report import markdown
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    SKDStudentClassifier,
    SongFeatures,
    StaticLyricsEncoder,
    TeacherClassifier,
    make_songs,
    save,
    student_pipeline,
)
from sklearn_skd.classifiers._crossfit import songs_for
from sklearn_skd.deployment import export_onnx
from sklearn_skd.deployment._cost_clock import n_threads_inside, nothing_remembered
from sklearn_skd.deployment._cost_parts import classifier_parameters, transformer_parameters
from sklearn_skd.features._decode import load_window

SR, SECONDS = 22050, 30
CULTURE = ["genre", "language", "region", "singing_form", "era", "scene"]
WORDS = (140, 300)
BATCH = 64
N_SERVED = 16
COLUMNS = ["what", "ours", "against", "unit", "ratio", "error", "n", "aim", "met"]


# ---- models and songs -------------------------------------------------------------------------


def train(songs, y):
    """Teacher and student as they would be served: two Pipelines."""
    features = SongFeatures(extra=[("light", StaticLyricsEncoder(), "lyrics")])
    X = features.fit_transform(songs)
    teacher = TeacherClassifier(max_epochs=4, random_state=0)
    teacher.fit({name: X[name] for name in ("audio", "lyrics", "culture")}, y)
    student = SKDStudentClassifier(
        FrozenEstimator(teacher),
        sources=("audio", "light", "culture"),
        max_epochs=4,
        random_state=0,
    )
    student.fit(X, y)
    student = student_pipeline(make_pipeline(features, student))
    return make_pipeline(SongFeatures().fit(songs), teacher), student


def decoded(songs, n_words, rng):
    """The same songs as 30 s waveforms, with lyrics of so many words, no two alike."""
    window = partial(load_window, sr=SR, duration=SECONDS, segment="energy")
    waves = [(np.resize(window(path), SR * SECONDS), SR) for path in songs["audio"]]
    words = " ".join(songs["lyrics"].dropna()).split()
    lyrics = []
    for _ in waves:
        chosen = rng.choice(words, n_words)
        lyrics.append("\n".join(" ".join(chosen[i : i + 7]) for i in range(0, n_words, 7)))
    return songs.assign(audio=pd.Series(waves, dtype=object, index=songs.index), lyrics=lyrics)


def parameters(model):
    """All that a Pipeline holds or needs, the lyrics encoder included."""
    encoders = sum(map(transformer_parameters, model[0].transformers_.values()))
    return encoders + sum(classifier_parameters(model[-1]).values())


# ---- time -------------------------------------------------------------------------------------


def seconds(call):
    """Processor time of one call: on one thread that of the clock, less what others take."""
    began = time.process_time()
    call()
    return time.process_time() - began


def in_turns(ours, against, n_songs, repeats):
    """Seconds of both for each repeat, on one song after the other, after three to warm up."""
    pairs = []
    for repeat in range(-3, repeats):
        calls = [partial(ours, repeat % n_songs), partial(against, repeat % n_songs)]
        order = calls if repeat % 2 else calls[::-1]  # who comes second finds a warmer cache
        took = {call: seconds(call) for call in order}
        if repeat >= 0:
            pairs.append([took[call] for call in calls])
    return np.array(pairs).T


def one_song(model, table):
    """Call that takes a song by its number."""
    rows = [table.iloc[[row]] for row in range(len(table))]
    return lambda row: model.predict_proba(rows[row])


def from_features(model, table):
    """Call from ready log-mel and codes, and lyrics as text."""
    features, classifier = model[0], model[-1]
    X = features.transform(table)
    ready = [songs_for(classifier, X, np.array([row])) for row in range(len(table))]
    (name,) = [source for source in features.transformers_ if source in ("lyrics", "light")]
    encoder, texts = (
        features.transformers_[name],
        [table["lyrics"].iloc[[i]] for i in range(len(X))],
    )

    def call(row):
        vector = encoder.transform(texts[row])
        classifier.predict_proba({**ready[row], name: vector})

    return call


def batches(student, table):
    """Calls for a batch: our predict_proba, and the net alone."""
    X = student[0].transform(table)
    rows = np.resize(np.arange(len(table)), BATCH)
    arrays = {name: values[rows] for name, values in X.items()}
    tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}

    def bare(_):
        with torch.inference_mode():
            student[-1].net_(**tensors)

    return lambda _: student[-1].predict_proba(arrays), bare


# ---- memory -----------------------------------------------------------------------------------


def write_models(teacher, student, songs, folder):
    """What the servers read; returns the songs as files."""
    save(teacher, folder / "teacher.safetensors")
    save(student, folder / "student.safetensors")
    export_onnx(student, folder / "student.onnx", front_end=True)
    encoder = student[0].transformers_["light"]
    np.save(folder / "table.npy", encoder.table_)
    (folder / "tokenizer.json").write_text(encoder.tokenizer_)
    served = songs.iloc[:N_SERVED]
    paths = [str(folder / f"{row}.wav") for row in range(len(served))]
    for path, (samples, rate) in zip(paths, served["audio"], strict=True):
        soundfile.write(path, samples, rate, subtype="FLOAT")
    served = served.assign(audio=paths)
    plain = served[["audio", "lyrics", *(name for name in CULTURE if name in served)]]
    plain = plain.astype(object).where(plain.notna(), None)
    (folder / "songs.json").write_text(json.dumps(plain.to_dict("list")))
    return served


def serve(kind, folder):
    """Peak in MB of a server's process, and what it answered."""
    command = [sys.executable, str(Path(__file__).with_name("_cost_server.py")), kind, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the server of the {kind} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def memory(teacher, student, folder, served):
    """Rows of the table, after a check that all servers answer alike."""
    told = {kind: serve(kind, folder) for kind in ("teacher", "student", "onnx")}
    for kind, model in (("teacher", teacher), ("student", student), ("onnx", student)):
        error = np.abs(model.predict_proba(served) - told[kind]["probabilities"]).max()
        print(f"server of {kind}: imports {told[kind]['imported']}, off by {error:.1e}", flush=True)
    peak = {kind: answer["peak"] for kind, answer in told.items()}
    for kind, name in (("student", "student from load"), ("onnx", "student in ONNX Runtime")):
        ratio = peak["teacher"] / peak[kind]
        what = f"memory, teacher / {name}"
        yield row(what, peak[kind], peak["teacher"], "MB", ratio, np.nan, 1, "> 4.9")


# ---- the table --------------------------------------------------------------------------------


def row(what, ours, against, unit, ratio, error, n, aim):
    """One line of the table; `aim` is like "<= 1.3"."""
    relation, bound = aim.split()
    met = {"<=": ratio <= float(bound), ">=": ratio >= float(bound), ">": ratio > float(bound)}
    values = (what, ours, against, unit, ratio, error, n, aim, met[relation])
    return dict(zip(COLUMNS, values, strict=True))


def timed(what, times, aim, *, ours_over=True):
    """A line of times in turns; the ratio is ours / against, or the other way round."""
    ours, against = times
    ratios = ours / against if ours_over else against / ours
    error = ratios.std(ddof=1) / np.sqrt(len(ratios))
    ours, against = 1e3 * np.median(ours), 1e3 * np.median(against)
    return row(what, ours, against, "ms", np.median(ratios), error, len(ratios), aim)


def measure(songs, y, repeats, folder):
    """Yield the lines."""
    teacher, student = train(songs, y)
    rng = np.random.default_rng(0)
    heard = {n_words: decoded(songs, n_words, rng) for n_words in WORDS}
    table, n = heard[WORDS[-1]], len(songs)
    log_mel = student[0].transformers_["audio"]
    same = {name: getattr(log_mel, name) for name in ("sr", "n_fft", "hop_length", "n_mels")}

    def floor(song):
        librosa.feature.melspectrogram(y=table["audio"].iloc[song][0], **same)

    for n_words, part in heard.items():
        times = in_turns(one_song(student, part), floor, n, repeats)
        yield timed(f"whole student, {n_words} words / librosa's mel", times, "<= 1.3")
    for n_words, part in heard.items():
        calls = from_features(student, part), from_features(teacher, part)
        what = f"log-mel ready, {n_words} words, teacher / student"
        yield timed(what, in_turns(*calls, n, repeats), ">= 20", ours_over=False)
    counts = parameters(student), parameters(teacher)
    yield row(
        "student's parameters", counts[0] / 1e6, 10.0, "M", counts[0] / 1e6, np.nan, 1, "<= 10"
    )
    times = in_turns(*batches(student, table), 1, repeats)
    yield timed(f"batches of {BATCH}, predict_proba / net", times, ">= 0.9", ours_over=False)
    ratio = counts[1] / counts[0]
    what = "parameters, teacher / student"
    yield row(what, counts[0] / 1e6, counts[1] / 1e6, "M", ratio, np.nan, 1, "> 7.7")
    whole, taught = one_song(student, table), one_song(teacher, table)
    times = in_turns(whole, taught, n, repeats)
    yield timed("latency from waveforms, teacher / student", times, "> 4.7", ours_over=False)
    served = write_models(teacher, student, table, folder)
    calls = one_song(student, served), one_song(teacher, served)
    times = in_turns(*calls, len(served), repeats)
    yield timed("latency from WAV files, teacher / student", times, "> 4.7", ours_over=False)
    yield from memory(teacher, student, folder, served)


def shown(line):
    """A line as text."""
    digits = {name: f"{line[name]:.3g}" for name in ("ours", "against", "ratio")}
    error = "" if np.isnan(line["error"]) else f" ± {line['error']:.2g}"
    return {
        "ours": f"{digits['ours']} {line['unit']}",
        "against": f"{digits['against']} {line['unit']}",
        "ratio": digits["ratio"] + error,
        "aim": line["aim"],
        "met": "yes" if line["met"] else "NO",
    }


def rounded(line):
    """A line for the file: three digits, nothing for what is not known."""
    told = {name: value for name, value in line.items() if value == value}
    for name, digits in (("ours", 3), ("against", 3), ("ratio", 3), ("error", 1)):
        if name in told:
            told[name] = f"{told[name]:.{digits}g}"
    return told | {"met": "yes" if line["met"] else "no"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--output", help="CSV file to write")
    args = parser.parse_args()
    songs, y = make_songs(args.songs, return_X_y=True, random_state=0)
    lines = []
    with tempfile.TemporaryDirectory() as folder, n_threads_inside(1):
        encoder = SongFeatures().fit(songs).transformers_["lyrics"]
        with nothing_remembered([encoder]):
            for line in measure(songs, y, args.repeats, Path(folder)):
                lines.append(line)
                print(line["what"], shown(line), flush=True)
    table = pd.DataFrame(map(shown, lines), index=[line["what"] for line in lines])
    table.index.name = f"{args.songs} songs, one thread"
    print(markdown(table))
    if args.output:
        with open(args.output, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(map(rounded, lines))


if __name__ == "__main__":
    main()
