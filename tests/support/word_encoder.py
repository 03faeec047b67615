"""Light lyrics without a sentence encoder."""

import numpy as np

from sklearn_skd import StaticLyricsEncoder

__all__ = ["word_encoder"]


def word_encoder(**params):
    """A StaticLyricsEncoder of six words, as if it were distilled."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {"[UNK]": 0, "still": 1, "night": 2, "dance": 3, "day": 4, "lyrics": 5, "no": 6}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    encoder = StaticLyricsEncoder(n_components=3, **params)
    rng = np.random.default_rng(0)
    encoder.table_ = rng.normal(size=(len(words), 3)).astype(np.float32)
    encoder.tokenizer_ = tokenizer.to_str()
    encoder.embedding_dim_, encoder.n_parameters_ = 3, encoder.table_.size
    encoder.model_source_, encoder.revision_, encoder.n_features_in_ = "folder", None, 1
    return encoder
