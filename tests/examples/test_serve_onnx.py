"""The example's own commands: a student is trained in one process, and served in another."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_skd import CultureEncoder

ROOT = Path(__file__).parents[2]
WORDS = ["love", "night", "heart", "rain", "dance", "no", "lyrics", "the", "and", "you", "[", "]"]


@pytest.fixture(scope="module")
def lyrics_model(tmp_path_factory):
    """Folder of an encoder that is static already: there is nothing to distil."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: row for row, word in enumerate(["[UNK]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = tmp_path_factory.mktemp("encoder")
    encoder = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)])
    encoder.save(str(folder))
    return folder


def run(*arguments):
    command = [sys.executable, "examples/serve_onnx.py", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def bundle(lyrics_model, tmp_path_factory):
    for package in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("served") / "bundle"
    few = ["--n-songs", 24, "--epochs", 2, "--lyrics-model", lyrics_model]
    return folder, run("export", folder, *few)


def test_the_server_says_what_the_pipeline_says(bundle):
    folder, expected = bundle
    answers = run("answer", folder, folder / "songs.json")  # asserts that torch is not loaded
    assert len(answers) == len(expected) == 3
    for told, proba in zip(answers, expected, strict=True):
        assert told["probabilities"] == pytest.approx(proba, abs=1e-4)
        assert 0 <= told["credibility"] <= 1


def test_a_song_may_lack_lyrics_and_labels(bundle):
    folder, expected = bundle
    songs = json.loads((folder / "songs.json").read_text("utf8"))
    request = folder / "bare.json"
    request.write_text(json.dumps([{"audio": songs[0]["audio"]}]), "utf8")
    (told,) = run("answer", folder, request)
    assert sum(told["probabilities"].values()) == pytest.approx(1)
    assert told["probabilities"] != pytest.approx(expected[0], abs=1e-4)


def test_the_bundle_is_three_files_without_pickle(bundle):
    folder, _ = bundle
    served = {path.name for path in folder.iterdir() if path.suffix in (".onnx", ".npy", ".json")}
    served -= {"songs.json", "bare.json"}
    assert served == {"student.onnx", "lyrics_table.npy", "lyrics_tokenizer.json"}


@pytest.mark.parametrize("cells", ["numbers", "dates", "text"])
def test_labels_get_the_codes_of_the_pipeline_however_they_are_stored(tmp_path, monkeypatch, cells):
    monkeypatch.syspath_prepend(ROOT / "examples")
    import serve_onnx

    songs = pd.DataFrame(
        {
            "audio": [str(tmp_path / "song.wav")] * 3,
            "era": {
                "numbers": [1990.0, 1980.5, np.nan],
                "dates": pd.to_datetime(["1990-01-01", "1991-07-01", None]),
                "text": ["None", "\u200bnan ", None],
            }[cells],
        }
    )
    soundfile.write(songs["audio"][0], np.zeros(100), 8000)
    encoder = CultureEncoder().fit(songs[["era"]])
    (known,) = encoder.categories_
    source = {"shape": [1], "columns": ["era"], "transformer": {"categories": [known.tolist()]}}
    serve_onnx.write_songs(songs, tmp_path, 8000)
    asked = json.loads((tmp_path / "songs.json").read_text("utf8"))
    server = object.__new__(serve_onnx.Server)
    assert server.codes(source, asked).tolist() == encoder.transform(songs[["era"]]).tolist()
    if cells != "dates":  # a client may send cells as they are
        raw = [{"era": cell} for cell in songs["era"].tolist()]
        assert server.codes(source, raw).tolist() == encoder.transform(songs[["era"]]).tolist()
