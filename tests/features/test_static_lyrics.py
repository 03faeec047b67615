"""Light lyrics: a table of token vectors that travels with the student."""

import json
import logging
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_param_validation
from tokenizers import Tokenizer

from sklearn_skd import LyricsEncoder, SongFeatures, StaticLyricsEncoder
from sklearn_skd.datasets._lyrics import write_lyrics
from sklearn_skd.features import _sentence_model, _static_model, static_lyrics

WORDS = ["dance", "with", "me", "all", "night", "my", "heart", "is", "broken", "love", "hate"]
WORDS += ["[", "]", "no", "lyrics", "##s"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folder of a sentence encoder with a transformer of 12 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    raw, folder = tmp_path_factory.mktemp("bert"), tmp_path_factory.mktemp("encoder")
    (raw / "vocab.txt").write_text("\n".join(SPECIAL + WORDS))
    tokenizer = BertTokenizerFast(vocab=str(raw / "vocab.txt"), model_max_length=16)
    tokenizer.save_pretrained(raw)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            max_position_embeddings=16,
        )
        BertModel(config).save_pretrained(raw)
    transformer = Transformer(str(raw), max_seq_length=16)
    SentenceTransformer(modules=[transformer, Pooling(12)], device="cpu").save(str(folder))
    return str(folder)


@pytest.fixture(scope="session")
def encoder(tiny):
    return StaticLyricsEncoder(tiny, n_components=8).fit(["anything"])


@pytest.fixture
def songs():
    texts = ["Dance with me all night", None, "My heart is broken", "Dance with me all night"]
    return pd.DataFrame({"lyrics": texts}, index=list("abcd"))


@pytest.fixture
def forgotten(monkeypatch):
    """As in another process: no table is known. Lists the encoders that are distilled."""
    from sklearn_skd.features._static_model import WeakKeyDictionary, _distilled

    asked = []
    monkeypatch.setattr(_static_model, "_FOUND", WeakKeyDictionary())
    monkeypatch.setattr(
        _static_model, "_distilled", lambda *args: asked.append(args) or _distilled(*args)
    )
    return asked


def tokens(encoder, text):
    return Tokenizer.from_str(encoder.tokenizer_).encode(text, add_special_tokens=False)


def test_a_song_is_the_sum_of_its_tokens_at_unit_length(encoder, songs):
    X = encoder.transform(songs)
    assert X.shape == (4, 9)
    assert X.dtype == encoder.table_.dtype == np.float32
    assert X[:, -1].tolist() == [1, 0, 1, 1]
    found = tokens(encoder, "dance with me all night")
    assert found.tokens == ["dance", "with", "me", "all", "night"]
    total = encoder.table_[found.ids].sum(axis=0)
    assert_allclose(X[0, :-1], total / np.linalg.norm(total), atol=1e-6)
    assert_allclose(np.linalg.norm(X[:, :-1], axis=1), 1, atol=1e-6)


def test_the_table_holds_what_the_encoder_says_of_each_token(tiny):
    """Up to a rotation, a shift and the weight of each token, whose ranks follow Zipf's law."""
    encoder = StaticLyricsEncoder(tiny, n_components=None).fit(["x"])
    vocabulary = Tokenizer.from_str(encoder.tokenizer_).get_vocab()
    rank = np.arange(2, len(vocabulary) + 2)
    share = 1 / rank / (1 / rank).sum()
    table = encoder.table_ / (1e-4 / (1e-4 + share))[:, None]
    words = [word for word in WORDS if not word.startswith("##")]
    own = table[[vocabulary[word] for word in words]]
    full = _sentence_model.load_sentence_model(tiny).modules.encode(words)

    def distances(vectors):
        return np.linalg.norm(vectors[:, None] - vectors, axis=2)

    assert_allclose(distances(own), distances(full), atol=1e-4)


def test_fewer_components_are_the_first_ones(tiny, encoder):
    fewer = StaticLyricsEncoder(tiny, n_components=3).fit(["anything"])
    assert_array_equal(fewer.table_, encoder.table_[:, :3])
    assert fewer.embedding_dim_ == 3
    assert fewer.n_parameters_ == fewer.table_.size == 3 * len(encoder.table_)


@pytest.mark.parametrize("n_components", [None, 12, 500])
def test_no_more_components_than_the_encoder_has(tiny, n_components):
    assert StaticLyricsEncoder(tiny, n_components=n_components).fit(["x"]).embedding_dim_ == 12


def test_the_axes_kept_are_those_that_tell_songs_apart(tiny):
    texts = ["love love", "hate hate", "love", "hate", "love me", "hate me"] * 20
    texts = [f"{text} {'night ' * n}" for n, text in enumerate(texts)]
    encoder = StaticLyricsEncoder(tiny, n_components=None).fit(texts)
    X = _static_model.mean_vectors(encoder.table_, encoder.tokenizer_, texts)
    power = (X**2).mean(axis=0)
    assert power[:3].sum() > 0.9
    assert power[0] == power.max()


def test_songs_turn_the_vectors_towards_what_the_encoder_says_of_them(tiny):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS[:11], size=rng.integers(2, 9))) for _ in range(120)]
    full = LyricsEncoder(tiny).fit_transform(texts)[80:, :-1]

    def error(encoder):
        vectors = encoder.transform(texts[80:])[:, :-1]
        return np.square(vectors @ vectors.T - full @ full.T).mean()

    few = StaticLyricsEncoder(tiny).fit(texts[:1])
    many = StaticLyricsEncoder(tiny).fit(texts[:80])
    assert error(many) < 0.8 * error(few)


def test_songs_without_lyrics_and_copies_teach_nothing(tiny):
    texts = ["love me", "dance all night", "my heart"]
    once = StaticLyricsEncoder(tiny).fit(texts)
    again = StaticLyricsEncoder(tiny).fit([*texts, None, "", *texts])
    assert_array_equal(again.table_, once.table_)
    assert StaticLyricsEncoder(tiny).fit([None]).transform(["love"]).shape == (1, 13)


def test_of_very_many_songs_evenly_spaced_ones_are_read(tiny, monkeypatch):
    read = []
    monkeypatch.setattr(static_lyrics, "_MOST_SONGS", 4)
    adapt = static_lyrics.adapt
    monkeypatch.setattr(static_lyrics, "adapt", lambda *args: read.extend(args[2]) or adapt(*args))
    StaticLyricsEncoder(tiny).fit([f"love {i}" for i in range(9)])
    assert read == ["love 0", "love 3", "love 6"]


def test_an_encoder_with_further_layers_is_distilled_without_them(tiny, tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    modules = [*SentenceTransformer(tiny, device="cpu"), Dense(12, 5)]
    SentenceTransformer(modules=modules, device="cpu").save(str(tmp_path))
    encoder = StaticLyricsEncoder(str(tmp_path)).fit(["love me", "hate me"])
    assert encoder.embedding_dim_ == 12


@pytest.mark.parametrize(
    "nothing", [None, np.nan, pd.NA, pd.NaT, "", "  ", "...!?", "[Instrumental]", "La la la"]
)
def test_all_songs_without_lyrics_share_the_vector_of_the_tag(encoder, tiny, nothing):
    X = encoder.transform(["Dance with me", nothing])
    assert X[:, -1].tolist() == [1, 0]
    plain = StaticLyricsEncoder(tiny, n_components=8, clean=False).fit(["x"])
    assert_array_equal(X[1, :-1], plain.transform(["[no lyrics]"])[0, :-1])


def test_without_cleaning_the_text_is_encoded_as_it_is(tiny):
    X = StaticLyricsEncoder(tiny, clean=False).fit_transform(["La la la", "?!"])
    assert X[:, -1].tolist() == [1, 0]


def test_the_end_of_long_lyrics_counts(encoder):
    start = "dance with me\n" * 200
    X = encoder.transform([start + "my love", start + "my hate"])
    assert len(tokens(encoder, start).ids) == 600
    assert (X[0] != X[1]).any()


def test_unknown_words_have_a_vector_too(encoder):
    X = encoder.transform(["xylophone", "愛"])
    assert_allclose(np.linalg.norm(X[:, :-1], axis=1), 1, atol=1e-6)


def test_a_text_without_any_token_is_no_division_by_zero():
    tokenizer = '{"version":"1.0","model":{"type":"BPE","vocab":{"a":0},"merges":[]}}'
    X = _static_model.mean_vectors(np.ones((1, 2), np.float32), tokenizer, ["b", "a"])
    assert_allclose(X, [[0, 0], [0.5**0.5, 0.5**0.5]])


def test_vectors_do_not_depend_on_the_other_songs(encoder):
    texts = ["love", "hate me all night", "dance\n" * 999, "love"]
    together = encoder.transform(texts)
    for text, row in zip(texts, together, strict=True):
        assert_array_equal(encoder.transform([text])[0], row)


@pytest.mark.parametrize(
    "make", [list, tuple, np.array, pd.Series, pd.DataFrame, lambda x: np.array(x)[:, None]]
)
def test_every_form_of_a_column_is_read(encoder, make):
    texts = ["Dance with me", "Broken heart"]
    assert_array_equal(encoder.transform(make(texts)), encoder.transform(texts))


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_pandas_kinds_of_text_are_read(encoder, songs, dtype):
    assert encoder.transform(songs["lyrics"].astype(dtype))[:, -1].tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("wrong", [3, 2.5, b"bytes", ["a", "b"]])
def test_other_things_than_text_raise_and_name_the_row(encoder, wrong):
    column = pd.Series(["text", wrong], index=["first", "second"], dtype=object)
    for call in (clone(encoder).fit, encoder.transform):
        with pytest.raises(TypeError, match=r"row 1 \(label 'second'\)"):
            call(column)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("one text", r"StaticLyricsEncoder expects one text .* pass \[text\]"),
        ([["a", "b"]], "StaticLyricsEncoder expects one column .* 2 columns"),
        (np.full((1, 1, 1), "a"), "StaticLyricsEncoder .* 3 dimensions"),
        ([], "StaticLyricsEncoder got 0 songs"),
    ],
)
def test_wrong_shapes_raise(wrong, message):
    with pytest.raises(ValueError, match=message):
        StaticLyricsEncoder().fit(wrong)


def test_parameters_are_validated(tiny):
    check_param_validation("StaticLyricsEncoder", StaticLyricsEncoder(tiny))


def test_names_and_frames(tiny, songs):
    encoder = StaticLyricsEncoder(tiny, n_components=2).set_output(transform="pandas")
    frame = encoder.fit_transform(songs)
    assert list(frame.columns) == ["lyrics_0", "lyrics_1", "has_lyrics"]
    assert list(frame.index) == list("abcd")
    assert encoder.feature_names_in_.tolist() == ["lyrics"]
    assert encoder.n_features_in_ == 1
    encoder.fit(songs["lyrics"].tolist())
    assert not hasattr(encoder, "feature_names_in_")


def test_works_beside_the_full_encoder(tiny, songs):
    light = StaticLyricsEncoder(tiny)
    features = SongFeatures(lyrics=LyricsEncoder(tiny), extra=[("light", light, "lyrics")])
    X = features.set_params(light__n_components=5).fit_transform(songs)
    assert {name: array.shape for name, array in X.items()} == {"lyrics": (4, 13), "light": (4, 6)}
    both = make_column_transformer((light.set_params(n_components=5), ["lyrics"]))
    assert_array_equal(both.fit_transform(songs), X["light"])


def test_a_pickle_holds_the_table_and_needs_no_encoder(encoder, songs, tmp_path):
    data = pickle.dumps(encoder)
    assert encoder.table_.nbytes < len(data) < encoder.table_.nbytes + 5_000
    (tmp_path / "encoder.pkl").write_bytes(data)
    code = (
        "import pickle, sys\n"
        f"encoder = pickle.load(open({str(tmp_path / 'encoder.pkl')!r}, 'rb'))\n"
        "X = encoder.transform(['Dance with me all night', None])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'model2vec'}\n"
        "assert not heavy & set(sys.modules)\n"
        "sys.stdout.write(X.tobytes().hex())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == encoder.transform(songs)[:2].tobytes().hex()


def test_an_encoder_is_distilled_once_a_process(forgotten, tiny):
    first = StaticLyricsEncoder(tiny).fit(["x"])
    clone(first).set_params(n_components=3).fit(["y"])
    assert len(forgotten) == 1


def test_a_folder_remembers_it_for_other_processes(forgotten, tiny, tmp_path, monkeypatch):
    first = StaticLyricsEncoder(tiny, memory=str(tmp_path)).fit(["x"])
    _static_model._FOUND.clear()
    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    again = StaticLyricsEncoder(tiny, memory=joblib.Memory(str(tmp_path), verbose=0)).fit(["x"])
    assert len(forgotten) == 1
    assert_array_equal(again.table_, first.table_)
    assert again.tokenizer_ == first.tokenizer_


def test_a_folder_does_not_take_one_encoder_for_another(forgotten, tiny, tmp_path, monkeypatch):
    first = StaticLyricsEncoder(tiny, memory=str(tmp_path)).fit(["x"])
    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    model = _sentence_model.load_sentence_model(tiny).modules
    with torch.no_grad():  # as if it had been trained further, in the same place
        model[0].auto_model.embeddings.word_embeddings.weight.mul_(2)
    other = StaticLyricsEncoder(tiny, memory=str(tmp_path)).fit(["x"])
    assert len(forgotten) == 2
    assert (other.table_ != first.table_).any()


def test_the_sentence_encoder_stays_as_it_was(forgotten, tiny):
    model = _sentence_model.load_sentence_model(tiny).modules
    before = model.encode(["dance with me"]), len(model.tokenizer), model[0].auto_model.training
    StaticLyricsEncoder(tiny).fit(["x"])
    assert_array_equal(model.encode(["dance with me"]), before[0])
    assert (len(model.tokenizer), model[0].auto_model.training) == before[1:]


def test_global_generators_stay_untouched(forgotten, tiny):
    torch.manual_seed(0), np.random.seed(0)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    StaticLyricsEncoder(tiny).fit(["x"])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002


def test_distilling_is_silent_unless_asked(forgotten, tiny, capfd, caplog):
    levels = [logging.getLogger(name).level for name in ("model2vec", "skeletoken")]
    StaticLyricsEncoder(tiny).fit(["x"])
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""
    assert [logging.getLogger(name).level for name in ("model2vec", "skeletoken")] == levels
    _static_model._FOUND.clear()
    StaticLyricsEncoder(tiny, verbose=1).fit(["x"])
    assert "Encoding tokens" in capfd.readouterr().err


def test_an_encoder_that_is_static_already_gives_its_own_table(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "love": 1, "me": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    static = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[static], device="cpu").save(str(tmp_path))

    encoder = StaticLyricsEncoder(str(tmp_path)).fit(["x"])
    assert_allclose(encoder.table_ @ encoder.table_.T, weights @ weights.T, atol=1e-5)
    full = LyricsEncoder(str(tmp_path)).fit_transform(["love me", "love", None])
    light = encoder.transform(["love me", "love", None])
    assert_allclose(light[:, :-1] @ light[:, :-1].T, full[:, :-1] @ full[:, :-1].T, atol=1e-5)


def test_the_pooling_of_the_encoder_is_used(tiny, forgotten, monkeypatch):
    mean = StaticLyricsEncoder(tiny).fit(["x"]).table_
    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    model = _sentence_model.load_sentence_model(tiny)
    monkeypatch.setattr(model.modules[1], "pooling_mode", "cls")
    assert np.abs(StaticLyricsEncoder(tiny).fit(["x"]).table_ - mean).max() > 1e-3


def test_what_cannot_be_distilled_says_why(tiny, monkeypatch):
    monkeypatch.setattr(_sentence_model, "_LOADED", {})
    model = _sentence_model.load_sentence_model(tiny)
    monkeypatch.setattr(model, "_model", [model.modules[1]])
    with pytest.raises(ValueError, match=r"\['Pooling'\].*Choose another"):
        StaticLyricsEncoder(tiny).fit(["x"])


def test_without_model2vec_the_error_says_what_to_install(encoder, forgotten, monkeypatch, songs):
    monkeypatch.setitem(sys.modules, "model2vec.distill", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn-skd\[static\]"'):
        clone(encoder).fit(["x"])
    assert encoder.transform(songs).shape == (4, 9)


def test_a_missing_encoder_raises_and_says_what_to_do(monkeypatch):
    monkeypatch.setenv("HF_HOME", "/nonexistent")
    with pytest.raises(OSError, match="someone/unknown-model"):
        StaticLyricsEncoder("someone/unknown-model").fit(["x"])


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, sklearn_skd.features.static_lyrics\n"
        "print({'torch', 'model2vec', 'sentence_transformers', 'tokenizers'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    out = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment)
    assert out.strip() == "set()"


@pytest.fixture(scope="session")
def lyrics():
    """Lyrics in English, and the emotion that each speaks of."""
    rng = np.random.default_rng(0)
    emotions = np.tile(["sadness", "pleasure"], 40)
    return [write_lyrics(rng, "english", emotion, "calm") for emotion in emotions], emotions


@pytest.fixture(scope="session")
def light(lyrics):
    """The default encoder: one real distillation, of about a minute."""
    return StaticLyricsEncoder().fit(lyrics[0][:40])


def test_the_default_encoder_is_small_and_knows_its_tokens(light):
    assert light.table_.shape == (29_525, 64)
    assert light.model_source_ == "offline"
    assert len(json.loads(light.tokenizer_)["model"]["vocab"]) == 29_525
    assert len(pickle.dumps(light)) < 9_000_000


def test_the_default_encoder_keeps_what_lyrics_mean(light):
    """Love is nearer to love than to war, as the full encoder has it."""
    love = ["I love you with all my heart", "kiss me, my darling, tonight"]
    war = ["the soldiers fight and die in battle", "guns and bombs destroy the city"]
    X = light.transform(love + war)[:, :-1]
    near = X @ X.T
    assert min(near[0, 1], near[2, 3]) > near[:2, 2:].max() + 0.1


def test_the_default_encoder_tells_new_songs_apart(light, lyrics):
    texts, emotions = lyrics
    X = light.transform(texts)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(X[:40], emotions[:40])
    assert model.score(X[40:], emotions[40:]) > 0.7
