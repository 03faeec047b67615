"""Sentence encoders are loaded once, fed in chunks, and remember what they have encoded."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_skd.features import _sentence_model
from sklearn_skd.features._sentence_model import SentenceModel


class Words:
    """A stand-in for a SentenceTransformer: a word is a token, a text a count of its letters."""

    device = SimpleNamespace(type="cpu")
    prompts, default_prompt_name = {}, None

    def __init__(self, max_seq_length=4):
        self.max_seq_length = max_seq_length
        self.calls = []

    def __getitem__(self, index):
        return SimpleNamespace()

    def tokenizer(self, texts, add_special_tokens=True, **kwargs):
        if isinstance(texts, str):
            return {"input_ids": [0] * (len(texts.split()) + add_special_tokens)}
        return {"input_ids": [[0] * len(text.split()) for text in texts]}

    def get_embedding_dimension(self):
        return 26

    def encode(self, texts, *, batch_size, show_progress_bar, normalize_embeddings):
        self.calls.append((list(texts), batch_size))
        vectors = np.array(
            [[text.count(chr(97 + i)) for i in range(26)] for text in texts], dtype=np.float64
        )
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(norms, 1e-12)


@pytest.fixture
def words():
    return Words()


@pytest.fixture
def model(words):
    return SentenceModel(words, "folder")  # three words a chunk


def test_special_tokens_do_not_count_for_the_window(model):
    assert model.window == 3


@pytest.mark.parametrize("limit", [None, 10**30])
def test_a_model_without_limit_gets_the_text_in_one_piece(limit):
    model = SentenceModel(Words(limit), "folder")
    assert model.window is None
    assert model.chunks("a b c d e f g") == [("a b c d e f g", 1)]


def test_a_tiny_window_still_takes_a_word():
    assert SentenceModel(Words(1), "folder").window == 1


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("a b c", [("a b c", 3)]),
        ("a\nb\nc\nd", [("a\nb\nc", 3), ("d", 1)]),
        ("a b\nc d", [("a b", 2), ("c d", 2)]),
        ("a b c d", [("a b", 2), ("c d", 2)]),
        ("a b c d\ne", [("a b", 2), ("c d", 2), ("e", 1)]),
        ("", [("", 1)]),
        ("\n\n", [("\n\n", 1)]),
    ],
    ids=["fits", "lines", "whole lines", "long line", "long line and short", "empty", "blank"],
)
def test_chunks_break_between_lines_then_words_and_lose_nothing(model, text, chunks):
    assert model.chunks(text) == chunks


def test_a_text_of_several_chunks_is_their_mean_by_number_of_words(model):
    (vector,) = model.encode(["a a a\nb"])
    expected = np.zeros(26)
    expected[:2] = np.array([3, 1]) / np.sqrt(10)
    assert_allclose(vector, expected, atol=1e-6)
    assert vector.dtype == np.float32


def test_chunks_that_cancel_out_are_no_division_by_zero():
    half = _sentence_model._pool([("a", 1), ("b", 1)], {"a": np.ones(2), "b": -np.ones(2)})
    assert half.tolist() == [0, 0]


def test_each_distinct_chunk_is_encoded_once(model, words):
    X = model.encode(["a b", "c", "a b", "c\na b"])
    assert words.calls == [(["a b", "c", "c\na b"], 1)]
    assert_array_equal(X[0], X[2])
    model.encode(["c", "d"])
    assert words.calls[1:] == [(["d"], 1)]


@pytest.mark.parametrize(("device", "size"), [("cpu", 1), ("cuda", 32)])
def test_batches_are_large_on_accelerators_alone(words, device, size):
    words.device = SimpleNamespace(type=device)
    SentenceModel(words, "folder").encode(["a"])
    assert words.calls[0][1] == size


def test_the_oldest_vectors_are_forgotten_first(model, words, monkeypatch):
    monkeypatch.setattr(_sentence_model, "_REMEMBERED_CHUNKS", 2)
    model.encode(["a", "b"])
    model.encode(["a", "c"])
    assert list(model._vectors) == ["a", "c"]


def test_a_model_is_loaded_once_a_process(monkeypatch, tmp_path):
    opened = []

    def open_(*arguments):
        opened.append(arguments)
        return Words()

    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    monkeypatch.setattr(_sentence_model, "_open", open_)
    first = _sentence_model.load_sentence_model(str(tmp_path))
    assert _sentence_model.load_sentence_model(str(tmp_path)) is first
    assert (first.source, first.revision, len(opened)) == ("folder", None, 1)


def test_tokenizers_run_serially_only_while_encoding(monkeypatch):
    name = "TOKENIZERS_PARALLELISM"
    monkeypatch.delenv(name, raising=False)
    with _sentence_model._serial_tokenizers():
        assert _sentence_model.os.environ[name] == "false"
    assert name not in _sentence_model.os.environ
    monkeypatch.setenv(name, "true")
    with _sentence_model._serial_tokenizers():
        assert _sentence_model.os.environ[name] == "true"
