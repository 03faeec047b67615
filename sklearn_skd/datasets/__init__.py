"""Data sets (paper section 4.1).

Names are resolved on first use (PEP 562), so that importing the package stays cheap.
"""

from importlib import import_module

_HOME = {
    "make_songs": "_make_songs",
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
