"""What a server must know of an exported student, beside its graph: plain JSON."""

import json
import os

import numpy as np

import sklearn_skd
from sklearn_skd.features import LogMelSpectrogram, SongFeatures

__all__ = ["KEY", "as_json", "describe", "song_features"]

KEY = "sklearn_skd"  # of the file's metadata
FORMAT = 1  # raise when the meaning of an entry changes

# parameters that say how features are computed on this machine, not what they are
_LOCAL = {"cache", "memmap", "n_jobs", "verbose", "device", "batch_size", "on_error"}


def describe(parts, outputs, *, credibility, waveforms):
    """Describe the student.

    Parameters
    ----------
    parts : Parts
        Of :func:`take_apart`.

    outputs : list of str
        Names of the outputs, in their order.

    credibility : bool
        Whether that output is known.

    waveforms : dict of str to int
        Sources that are read as waveforms, and their number of samples.

    Returns
    -------
    metadata : dict
        For :func:`as_json`.
    """
    student, features = parts.student, song_features(parts)
    names = getattr(student, "feature_names_in_", None)
    sources = [_source(source, features, waveforms) for source in student.sources_]
    return {
        "format": FORMAT,
        "package": f"sklearn-skd {sklearn_skd.__version__}",
        "classes": student.classes_.tolist(),
        "sources": sources,
        "feature_names": None if names is None else names.tolist(),
        "outputs": outputs,
        "has_credibility": credibility,
        "temperature": float(parts.temperature),
        "bias": parts.bias.tolist(),
        "abstention": _abstention(parts.abstention),
        **_steps(student, sources),
    }


def as_json(metadata):
    """The text of the metadata, in JSON that every language reads."""
    return json.dumps(metadata, allow_nan=False, ensure_ascii=False, default=str)


def song_features(parts):
    """The fitted SongFeatures whose sources the student reads, None if there is none."""
    last = parts.transformers[-1] if parts.transformers else None
    return last if isinstance(last, SongFeatures) else None


def _source(source, features, waveforms):
    """One input: its name, kind, dtype and shape of a song; and what makes it of a song table."""
    shape = {"series": [source.size, None]}.get(source.kind, [source.size])
    told = {
        "name": source.name,
        "kind": source.kind,
        "dtype": "int64" if source.kind == "categories" else "float32",
        "shape": shape,
    }
    transformer = None
    if features is not None:
        transformer = features.transformers_[source.name]
        told["columns"] = features.columns_[source.name]
        told["transformer"] = _transformer(transformer)
    if isinstance(transformer, LogMelSpectrogram) and source.kind == "series":
        told["shape"] = [int(size) for size in transformer._shape()]
        told["frame_seconds"] = float(transformer.hop_length / transformer.sr)
    if source.name in waveforms:
        told |= {"kind": "waveform", "shape": [waveforms[source.name]]}
    return told


def _transformer(transformer):
    """Its class, its parameters, and the learned tables that are small and plain."""
    told = {"class": type(transformer).__name__, "parameters": {}}
    if hasattr(transformer, "get_params"):
        for name, value in transformer.get_params(deep=False).items():
            value = _builtin(value)
            if name not in _LOCAL and isinstance(value, str | int | float | None):
                told["parameters"][name] = _no_path(value)
    categories = getattr(transformer, "categories_", None)  # CultureEncoder, OrdinalEncoder
    if isinstance(categories, list):
        told["categories"] = [_plain(field) for field in categories]
    return told


def _builtin(value):
    """A number or text of NumPy, as a search over an array sets them, as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _no_path(value):
    """A folder of this machine says nothing to others; its name may."""
    is_path = isinstance(value, str) and os.path.exists(value)
    return os.path.basename(os.path.normpath(value)) if is_path else value


def _plain(values):
    """A list; NaN, which JSON lacks, is None."""
    return [None if value != value else value for value in np.asarray(values).tolist()]


def _abstention(abstaining):
    """The rule by which answers are not used; a threshold of None answers no song."""
    if abstaining is None:
        return None
    told = {
        "by": abstaining.by,
        "threshold": _finite(abstaining.threshold_),
        "reject_label": _builtin(abstaining.reject_label),
        "coverage": _finite(abstaining.coverage_),
        "risk_bound": _finite(abstaining.risk_bound_),
        "confidence_level": float(abstaining.confidence_level),
    }
    if abstaining.by == "both":
        told["coef"] = abstaining.coef_.tolist()
        told["intercept"] = abstaining.intercept_
    return told


def _finite(value):
    return float(value) if np.isfinite(value) else None


def _steps(student, sources):
    """Frames and, where a frame's length is known, seconds from one step to the next."""
    series = next((told for told in sources if "frame_seconds" in told), None)
    first = next((source.name for source in student.sources_ if source.kind == "series"), None)
    if first is None:
        return {"step_frames": None, "step_seconds": None}
    encoder = next(e for e in student.net_.members[0].encoders if hasattr(e, "stride"))
    known = series is not None and series["name"] == first
    seconds = encoder.stride * series["frame_seconds"] if known else None
    return {"step_frames": encoder.stride, "step_seconds": seconds}
