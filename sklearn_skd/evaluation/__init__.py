"""The paper's experiments for anyone's data, as tidy tables (paper sections 4.2 to 4.6)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compare": ["compare_strategies"],
        "low_label": ["evaluate_low_label"],
        "mel_bands": ["mel_band_response"],
        "separation": ["source_separation"],
        "transfer": ["evaluate_transfer"],
        "summary": ["corrected_error", "pooled_calibration", "summarize"],
    },
)
