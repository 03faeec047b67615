"""Serve a student with ONNX Runtime alone: no torch, no scikit-learn, not even this package.

``python serve_onnx.py export BUNDLE`` trains a student and writes all that it needs into a folder.
``python serve_onnx.py answer BUNDLE SONGS.json`` runs anywhere with onnxruntime, numpy, tokenizers
and soundfile. A song there is an object with the columns of the song table: a sound file, lyrics
and culture labels. With your own songs, change `load_songs` alone.
"""

import argparse
import json
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np

STUDENT, TABLE, TOKENIZER = "student.onnx", "lyrics_table.npy", "lyrics_tokenizer.json"
NO_LYRICS = "[no lyrics]"  # what StaticLyricsEncoder encodes for a song without


# ---- where the student is trained -------------------------------------------------------------


def load_songs(n_songs):
    """Songs and their emotions."""
    from sklearn_skd import make_songs

    return make_songs(n_songs, random_state=0, return_X_y=True)


def train(songs, emotion, lyrics_model, epochs):
    """A teacher, and a student that reads a waveform, a table of token vectors, and codes."""
    from sklearn.pipeline import make_pipeline

    from sklearn_skd import (
        LogMelSpectrogram,
        SKDStudentClassifier,
        SongFeatures,
        StaticLyricsEncoder,
        TeacherClassifier,
    )

    features = SongFeatures(
        audio=LogMelSpectrogram(segment="start"),  # the server need not look for the loudest part
        lyrics=StaticLyricsEncoder(lyrics_model, clean=False),  # nor clean lyrics
    )
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=epochs), teacher_cv=2, max_epochs=epochs, random_state=0
    )
    return make_pipeline(features, student).fit(songs, emotion)


def write_bundle(model, folder):
    """Three files: the graph, the vectors of the tokens, and the tokenizer."""
    from sklearn_skd.deployment import export_onnx

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(model, folder / STUDENT, front_end=True)
    lyrics = model[0].transformers_["lyrics"]
    np.save(folder / TABLE, lyrics.table_)
    (folder / TOKENIZER).write_text(lyrics.tokenizer_, "utf8")


def write_songs(songs, folder, rate):
    """A request, as a client would send it; the table of the same songs is returned."""
    import librosa
    import soundfile

    from sklearn_skd.features.culture import CULTURE_FIELDS, _as_text

    songs = songs.copy()
    for row, path in enumerate(songs["audio"]):
        clip, _ = librosa.load(path, sr=rate, duration=30)
        songs.iloc[row, songs.columns.get_loc("audio")] = str(Path(folder) / f"clip_{row}.wav")
        soundfile.write(songs["audio"].iloc[row], clip, rate)
    request = songs.astype(object).where(songs.notna(), None)
    for field in request.columns.intersection(CULTURE_FIELDS):
        # as CultureEncoder reads them: JSON has no dates, and a year may be stored as 1990.0
        request[field] = request[field].map(_as_text).astype(object)
    request = request.where(request.notna(), None).to_dict("records")
    (Path(folder) / "songs.json").write_text(json.dumps(request, default=str), "utf8")
    return songs


def export(options):
    """Train, write, and say what the Pipeline itself answers."""
    songs, emotion = load_songs(options.n_songs)
    model = train(songs[3:], emotion[3:], options.lyrics_model, options.epochs)
    write_bundle(model, options.bundle)
    rate = model[0].transformers_["audio"].sr
    held_out = write_songs(songs[:3], options.bundle, rate)
    for row in model.predict_proba(held_out):
        print(json.dumps(dict(zip(model.classes_.tolist(), row.tolist(), strict=True))))


# ---- where it is served -----------------------------------------------------------------------


class Server:
    """A bundle, ready to answer."""

    def __init__(self, folder):
        import onnxruntime
        from tokenizers import Tokenizer

        folder = Path(folder)
        self.session = onnxruntime.InferenceSession(folder / STUDENT)
        # all that Python knew of the features is in the metadata of the graph
        self.facts = json.loads(self.session.get_modelmeta().custom_metadata_map["sklearn_skd"])
        self.table = np.load(folder / TABLE, mmap_mode="r")
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))

    def answer(self, songs):
        """Probabilities and credibility of each song."""
        read = {"waveform": self.waveforms, "vector": self.lyrics, "categories": self.codes}
        inputs = {
            source["name"]: read[source["kind"]](source, songs) for source in self.facts["sources"]
        }
        proba, credibility = self.session.run(["probabilities", "credibility"], inputs)
        names = [str(name) for name in self.facts["classes"]]
        return [
            {"probabilities": dict(zip(names, p, strict=True)), "credibility": r}
            for p, r in zip(proba.tolist(), credibility.tolist(), strict=True)
        ]

    def waveforms(self, source, songs):
        """The first seconds of each sound file, mono, then silence."""
        import soundfile

        (most,), rate = source["shape"], source["transformer"]["parameters"]["sr"]
        waveforms = np.zeros((len(songs), most), dtype=np.float32)
        for row, song in enumerate(songs):
            samples, its_rate = soundfile.read(song["audio"], most, dtype="float32", always_2d=True)
            if its_rate != rate:
                raise ValueError(f"{song['audio']} has {its_rate} Hz: resample it to {rate} Hz.")
            waveforms[row, : len(samples)] = samples.mean(axis=1)
        return waveforms

    def lyrics(self, source, songs):
        """The sum of the vectors of each song's tokens, at unit length; and if it has lyrics."""
        vectors = np.zeros((len(songs), *source["shape"]), dtype=np.float32)
        for row, song in enumerate(songs):
            text = (song.get("lyrics") or "").encode("utf8", "ignore").decode("utf8")
            sung = any(char.isalnum() for char in text)
            tokens = self.tokenizer.encode(text if sung else NO_LYRICS, add_special_tokens=False)
            total = self.table[tokens.ids].sum(axis=0)
            vectors[row, :-1] = total / max(np.linalg.norm(total), 1e-12)
            vectors[row, -1] = sung
        return vectors

    def codes(self, source, songs):
        """A code a field; 0 is unknown."""
        codes = np.zeros((len(songs), *source["shape"]), dtype=np.int64)
        fields = zip(source["columns"], source["transformer"]["categories"], strict=True)
        for column, (field, known) in enumerate(fields):
            for row, song in enumerate(songs):
                label = _plain(song.get(field))
                codes[row, column] = known.index(label) + 1 if label in known else 0
        return codes


# what CultureEncoder takes for blank around a label, characters without width included
BLANK = r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2060\ufeff]"
SURROUNDING = re.compile(rf"\A{BLANK}+|(?<!{BLANK}){BLANK}+\Z")


def _plain(label):
    """A label from JSON as CultureEncoder compares it; None if there is none."""
    if label is None or label != label:  # NaN
        return None
    if isinstance(label, float) and label.is_integer():
        label = int(label)  # a year from a column of floats
    return SURROUNDING.sub("", unicodedata.normalize("NFC", str(label)))


def answer(options):
    """Answer a request, one line of JSON a song."""
    songs = json.loads(Path(options.songs).read_text("utf8"))
    for told in Server(options.bundle).answer(songs):
        print(json.dumps(told))
    loaded = {name.partition(".")[0] for name in sys.modules}
    assert not loaded & {"torch", "sklearn", "sklearn_skd", "librosa", "pandas"}


def main(arguments=None):
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    exporting = commands.add_parser("export", help="train a student and write its bundle")
    exporting.add_argument("bundle")
    exporting.add_argument("--n-songs", type=int, default=120)
    exporting.add_argument("--epochs", type=int, default=20)
    exporting.add_argument("--lyrics-model", default="sentence-transformers/all-MiniLM-L6-v2")
    exporting.set_defaults(run=export)
    answering = commands.add_parser("answer", help="answer for songs, without torch")
    answering.add_argument("bundle")
    answering.add_argument("songs", help="JSON: a list of songs")
    answering.set_defaults(run=answer)
    options = parser.parse_args(arguments)
    options.run(options)


if __name__ == "__main__":
    main()
