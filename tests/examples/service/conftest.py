"""One small bundle for all tests; the service is imported as its own scripts import each other."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).parent
SERVICE = HERE.parents[2] / "examples" / "service"
sys.path[:0] = [str(SERVICE), str(HERE)]


class Served(NamedTuple):
    """A bundle, the model that it was made of, and songs."""

    folder: Path
    model: Any
    songs: Any
    printed: str


@pytest.fixture(scope="session")
def lyrics_model(tmp_path_factory):
    """Folder of a static sentence encoder with few words."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = ["[UNK]", "love", "night", "alone", "dance", "dark", "sun", "the", "you", "no"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.random.default_rng(0).normal(size=(len(words), 8)).astype(np.float32)
    folder = tmp_path_factory.mktemp("lyrics_model")
    static = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[static], device="cpu").save(str(folder))
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory, lyrics_model):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    import contextlib
    import io

    import make_bundle
    from service_clips import song_table

    songs = song_table(tmp_path_factory.mktemp("songs"))
    folder = tmp_path_factory.mktemp("service") / "bundle"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setattr(make_bundle, "load_songs", lambda n_songs: songs)  # the real are rendered
        model = make_bundle.main(
            [str(folder), "--epochs", "2", "--lyrics-model", str(lyrics_model)]
        )
    return Served(folder, model, songs[0], out.getvalue())


@pytest.fixture(scope="session")
def bombs():
    from service_clips import hour_of_silence

    honest, hidden = hour_of_silence()
    assert len(honest) < 100_000, "so small that no limit on bytes would stop it"
    return {"honest": honest, "hidden": hidden}
