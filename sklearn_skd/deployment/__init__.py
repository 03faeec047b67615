"""Bringing a fitted model to its users: its cost, its worth, and for whom (paper section 4.4)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "card": ["ModelCard", "model_card"],
        "cost": ["profile_cost"],
        "onnx": ["export_onnx"],
        "persistence": ["load", "save"],
        "pipeline": ["student_pipeline"],
    },
)
