"""Songs into arrays (paper section 3.1).

Names are resolved on first use (PEP 562), so that ``import sklearn_skd.features`` loads neither
librosa nor sentence-transformers.
"""

from importlib import import_module

_HOME = {
    "AudioStatistics": "statistics",
    "CultureEncoder": "culture",
    "LogMelSpectrogram": "audio",
    "LyricsEncoder": "lyrics",
    "SongFeatures": "songs",
    "clean_lyrics": "lyrics",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
