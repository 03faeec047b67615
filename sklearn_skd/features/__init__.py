"""Songs into arrays (paper section 3.1).

Names are resolved on first use, so that ``import sklearn_skd.features`` loads neither librosa nor
sentence-transformers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_cache": ["FeatureCache"],
        "audio": ["LogMelSpectrogram"],
        "culture": ["CultureEncoder"],
        "lyrics": ["LyricsEncoder", "clean_lyrics"],
        "songs": ["SongFeatures"],
        "static_lyrics": ["StaticLyricsEncoder"],
        "statistics": ["AudioStatistics"],
    },
)
