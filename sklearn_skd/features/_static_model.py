"""The table of token vectors inside a sentence encoder, found once a process or once a folder."""

import copy
import logging
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from weakref import WeakKeyDictionary

import joblib
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.utils.validation import check_memory

from sklearn_skd._random import TORCH_GENERATORS

# SentenceModel -> what `_whole_table` found
_FOUND = WeakKeyDictionary()

# What model2vec calls the poolings of sentence-transformers; the others are taken for means.
_POOLINGS = {"cls": "first", "lasttoken": "last"}

_PENALTIES = np.logspace(-4, 3, 15)
# Texts that the vocabulary counts as where the axes are chosen. With fewer, there are axes on which
# the training songs are all alike, and others are not, which upset whoever standardises them.
_VOCABULARY = 200


def static_table(model, *, memory=None, verbose=0):
    """Vector of each token of a sentence encoder.

    Parameters
    ----------
    model : SentenceModel
    memory : str, joblib.Memory or None
        Where the table is kept between processes, found again by the encoder's weights.
    verbose : int
        Above 0, a progress bar.

    Returns
    -------
    table : ndarray of shape (n_tokens, D), float32
        In the space of the encoder's own vectors; the weights of the tokens are in it.
    tokenizer : str
        JSON of the `tokenizers.Tokenizer` whose ids are the rows.

    Raises
    ------
    ImportError
        If model2vec is missing.
    ValueError
        If the encoder consists of other parts than a transformer or a static table.
    """
    memory = check_memory(memory)
    kept = "" if memory.location is None else _fingerprint(model)
    find = memory.cache(_whole_table, ignore=["model", "verbose"])
    return find(kept, model=model, verbose=verbose)


def _whole_table(fingerprint, *, model, verbose):
    with TORCH_GENERATORS:
        if model not in _FOUND:
            first = model.modules[0]
            if hasattr(first, "embedding") and hasattr(first, "tokenizer"):
                _FOUND[model] = _own_table(first)
            else:
                _FOUND[model] = _distilled(model, verbose)
        return _FOUND[model]


def _own_table(static):
    """The table of an encoder that is static already."""
    return static.embedding.weight.detach().cpu().numpy().copy(), _plain(static.tokenizer)


def _distilled(model, verbose):
    """Each token goes through the encoder alone, and is weighted by Zipf's law."""
    distill_from_model = _load_model2vec()
    transformer = getattr(model.modules[0], "auto_model", None)
    if transformer is None:
        parts = [type(module).__name__ for module in model.modules]
        raise ValueError(
            f"The encoder consists of {parts}: only one that starts with a Transformer or a "
            "StaticEmbedding can be distilled. Choose another model."
        )
    import torch

    transformer = copy.deepcopy(transformer)  # it is cut to the tokens that are kept
    transformer.name_or_path = "."  # for another name model2vec asks the hub for its card
    with torch.random.fork_rng(devices=[]), _quiet(verbose == 0):
        static = distill_from_model(
            transformer,
            model.modules.tokenizer,
            device=str(model.modules.device),
            pca_dims=None,
            quantize_to="float32",
            pooling=_POOLINGS.get(_pooling(model), "mean"),
        )
    table = static.embedding * static.weights[:, None]
    return table.astype(np.float32), _plain(static.tokenizer)


def _load_model2vec():
    try:
        from model2vec.distill import distill_from_model
    except ImportError as error:
        raise ImportError(
            "Distilling a sentence encoder needs model2vec: install it with "
            'pip install "sklearn-skd[static]". A fitted StaticLyricsEncoder does without.'
        ) from error
    return distill_from_model


def _pooling(model):
    for module in model.modules:
        mode = getattr(module, "pooling_mode", None)
        if mode is None and hasattr(module, "get_pooling_mode_str"):  # sentence-transformers 5
            mode = module.get_pooling_mode_str()
        if mode is not None:
            return mode
    return "mean"


@contextmanager
def _quiet(quiet):
    """Hide model2vec's progress bar and what it tells about tokenizers."""
    if not quiet:
        yield
        return
    from model2vec.distill import inference

    bar = inference.tqdm
    loggers = [logging.getLogger(name) for name in ("model2vec", "skeletoken")]
    levels = [logger.level for logger in loggers]
    inference.tqdm = partial(bar, disable=True)
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        inference.tqdm = bar
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _plain(tokenizer):
    """JSON of a tokenizer that neither pads nor cuts."""
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer.to_str()


@lru_cache(maxsize=8)
def _fingerprint(model):
    """Digest of what a table depends on: weights, tokenizer, pooling, and who distils."""
    try:
        distiller = version("model2vec")
    except PackageNotFoundError:
        distiller = None
    weights = {name: value.cpu().numpy() for name, value in model.modules.state_dict().items()}
    vocabulary = sorted(model.modules.tokenizer.get_vocab().items())
    return joblib.hash([weights, vocabulary, _pooling(model), distiller])


def adapt(table, tokenizer, texts, vectors, n_components):
    """Turn a table towards what the encoder says of whole texts, and keep what tells texts apart.

    With S the static vectors of the texts and F the encoder's, both of unit length, the table is
    multiplied by B = I + D, where D is the ridge regression of F - S on S (its penalty by
    leave-one-out): few texts leave the table as it is. Then by the principal axes of S B, to which
    the vocabulary itself is added as if it were further texts.

    Parameters
    ----------
    table, tokenizer
        Of `static_table`; D columns.
    texts : list of str
        Distinct ones.
    vectors : ndarray of shape (n_texts, D), float32
        The encoder's.
    n_components : int or None
        None keeps all.

    Returns
    -------
    ndarray of shape (n_tokens, d), float32
        Columns in descending order of importance.
    """
    static = mean_vectors(table, tokenizer, texts)
    if len(texts) > 1 and vectors.shape == static.shape:  # encoders may have further layers
        ridge = RidgeCV(alphas=_PENALTIES, fit_intercept=False).fit(static, vectors - static)
        table = table + table @ ridge.coef_.T.astype(np.float32)
        static = mean_vectors(table, tokenizer, texts)
    tokens = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    spread = static.T @ static + _VOCABULARY * (tokens.T @ tokens) / len(tokens)
    axes = np.linalg.eigh(spread.astype(np.float64))[1][:, ::-1].astype(np.float32)
    return np.ascontiguousarray(table @ axes[:, :n_components])


@lru_cache(maxsize=8)
def tokenizer_of(json):
    """The `tokenizers.Tokenizer` of a JSON text, made once a process."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json)


def mean_vectors(table, tokenizer, texts):
    """Mean of the vectors of each text's tokens, at unit length.

    Each text is a sum of its own, so that its vector does not depend on the other texts.

    Parameters
    ----------
    table : ndarray of shape (n_tokens, d), float32
    tokenizer : str
        As from `static_table`.
    texts : list of str

    Returns
    -------
    ndarray of shape (n_texts, d), float32
        Zeros for a text without any token.
    """
    encode = tokenizer_of(tokenizer).encode
    vectors = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    rows = {}
    for row, text in enumerate(texts):
        if text in rows:
            vectors[row] = vectors[rows[text]]
            continue
        rows[text] = row
        ids = encode(text, add_special_tokens=False).ids
        if ids:
            total = table[ids].sum(axis=0)
            vectors[row] = total / max(np.linalg.norm(total), 1e-12)
    return vectors
