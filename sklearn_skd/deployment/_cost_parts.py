"""What the parts of a model hold and do: parameters, and multiply-adds a song (section 4.4)."""

import math

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sklearn_skd.classifiers._base import NetClassifier
from sklearn_skd.classifiers._net import run_net
from sklearn_skd.deployment._wrapped import layers
from sklearn_skd.features._static_model import tokenizer_of
from sklearn_skd.features.audio import LogMelSpectrogram, mel_blocks, n_frames
from sklearn_skd.features.culture import CultureEncoder
from sklearn_skd.features.lyrics import LyricsEncoder
from sklearn_skd.features.songs import SongFeatures
from sklearn_skd.features.static_lyrics import StaticLyricsEncoder
from sklearn_skd.features.statistics import AudioStatistics

__all__ = [
    "classifier_multiply_adds",
    "classifier_parameters",
    "flat",
    "leaves",
    "transformer_multiply_adds",
    "transformer_parameters",
]

_WITHOUT_PARAMETERS = (AudioStatistics, CultureEncoder, LogMelSpectrogram)


# ---- what a step consists of ------------------------------------------------------------------


def flat(steps):
    """Steps in one row: those of Pipelines, and what is frozen, without those that do nothing.

    Parameters
    ----------
    steps : iterable of (str, transformer)

    Yields
    ------
    step : (str, transformer)
    """
    for name, step in steps:
        if isinstance(step, FrozenEstimator):
            yield from flat([(name, step.estimator)])
        elif isinstance(step, Pipeline):
            yield from flat(step.steps)
        elif step is not None and step != "passthrough":
            yield name, step


def leaves(transformer):
    """The transformers that compute: those of a Pipeline, of `SongFeatures`, or that are frozen.

    Parameters
    ----------
    transformer : fitted transformer

    Yields
    ------
    leaf : transformer
    """
    for _, step in flat([("", transformer)]):
        if isinstance(step, SongFeatures):
            for source in step.transformers_.values():
                yield from leaves(source)
        else:
            yield step


# ---- parameters -------------------------------------------------------------------------------


def transformer_parameters(transformer):
    """Number of weights that a fitted transformer needs.

    Parameters
    ----------
    transformer : fitted transformer

    Returns
    -------
    count : int or NaN
        Of the sentence model, which the transformer does not store, but cannot do without; of
        the static table; 0 for what is computed by formula. NaN for others.
    """
    return sum(map(_weights, leaves(transformer)))


def _weights(transformer):
    if isinstance(transformer, LyricsEncoder):
        return _count(transformer._encoder().modules)
    if isinstance(transformer, _WITHOUT_PARAMETERS):
        return 0
    return getattr(transformer, "n_parameters_", math.nan)


def classifier_parameters(classifier):
    """Number of parameters of a fitted classifier, by part.

    Parameters
    ----------
    classifier : fitted classifier

    Returns
    -------
    counts : dict of str to (int or NaN)
        ``branch_{source}`` for each source and ``fusion`` for the rest, all members together; a
        classifier that is no net of this package has the one part ``classifier``, NaN.
    """
    classifier = layers(classifier)[-1]
    if not isinstance(classifier, NetClassifier):
        return {"classifier": math.nan}
    counts = {f"branch_{source.name}": 0 for source in classifier.sources_}
    for net in classifier.net_.members:
        for position, source in enumerate(classifier.sources_):
            counts[f"branch_{source.name}"] += sum(map(_count, _branch(net, position, source)))
    return counts | {"fusion": classifier.n_parameters_ - sum(counts.values())}


def _branch(net, position, source):
    """The modules of a net that see one source only."""
    if hasattr(net, "encoders"):  # a student
        pool = [net.pools[str(position)]] if source.kind == "series" else []
        return [net.encoders[position], *pool]
    return [net.branches[position], net.projections[position], net.branch_outputs[position]]


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


# ---- multiply-adds ----------------------------------------------------------------------------


def transformer_multiply_adds(transformer, songs):
    """Multiply-adds of a transformer, mean over songs.

    Parameters
    ----------
    transformer : fitted transformer
    songs : Series or DataFrame of shape (n_songs, ...)
        Its input.

    Returns
    -------
    count : float
        NaN where unknown.
    """
    count = 0.0
    for _, step in flat([("", transformer)]):
        count += _of_transformer(step, songs)
        if step is not transformer:  # the next one of a Pipeline reads what this one makes
            songs = step.transform(songs)
    return count


def _of_transformer(transformer, songs):
    if isinstance(transformer, LogMelSpectrogram):
        return float(_of_log_mel(transformer))
    if isinstance(transformer, LyricsEncoder):
        return _of_nets(lambda: transformer.transform(songs)) / len(songs)
    if isinstance(transformer, StaticLyricsEncoder):
        return _of_static_table(transformer, songs)
    return 0.0 if isinstance(transformer, CultureEncoder) else math.nan


def classifier_multiply_adds(classifier, features):
    """Multiply-adds of a classifier for one song.

    Parameters
    ----------
    classifier : fitted classifier
    features : songs
        As it reads them; one song.

    Returns
    -------
    count : float
        NaN for those that are no nets of this package.
    """
    classifier = layers(classifier)[-1]
    if not isinstance(classifier, NetClassifier):
        return math.nan
    sources = classifier._inputs(features)
    return _of_nets(lambda: run_net(classifier.net_, sources))


def _of_nets(call):
    """Multiply-adds of all products and convolutions that torch makes during a call."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

    def attention(query, key, value, *args, **kwargs):
        return sdpa_flop_count(query, key, value)

    # the one operation of these nets that torch has no count for
    own = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention}
    with FlopCounterMode(display=False, custom_mapping=own) as counter:
        call()
    return counter.get_total_flops() / 2


def _of_log_mel(transformer):
    """By formula: window, real FFT (2.5 N log2 N flops), squares, filters as they are applied."""
    n_fft = transformer.n_fft
    filters = mel_blocks(
        transformer.sr, n_fft, transformer.n_mels, transformer.fmin, transformer.fmax
    )
    a_frame = n_fft + 1.25 * n_fft * np.log2(n_fft) + (n_fft // 2 + 1)
    a_frame += sum(weights.size for _, _, weights in filters)
    length = transformer._n_samples()
    emphasis = length if transformer.pre_emphasis else 0
    return emphasis + a_frame * n_frames(length, n_fft, transformer.hop_length)


def _of_static_table(transformer, songs):
    """One addition for each token and dimension."""
    encode = tokenizer_of(transformer.tokenizer_).encode
    texts, _ = transformer._texts(songs)
    n_tokens = sum(len(encode(text, add_special_tokens=False).ids) for text in texts)
    return n_tokens * transformer.embedding_dim_ / len(texts)
