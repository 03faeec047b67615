"""Bringing a fitted model to its users: what it can do, and for whom (paper section 4.4)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"card": ["ModelCard", "model_card"]}
)
