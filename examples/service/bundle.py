"""The folder that is served: the student as ONNX, and the table of its lyrics.

Neither torch nor a pickle has a part in this: the graph runs in ONNX Runtime, and all else that the
service must know (classes, parameters of the features, culture labels, the rule of abstention) is
JSON in the metadata of the graph.
"""

import json
from pathlib import Path

import numpy as np
from uploads import Limits, Song, Window, decode

from sklearn_skd import LogMelSpectrogram, StaticLyricsEncoder
from sklearn_skd.features.culture import _as_text

STUDENT, TABLE, TOKENIZER = "student.onnx", "lyrics_table.npy", "lyrics_tokenizer.json"

# the threshold is the score of a song that was held out, and the graph computes in float32
ROUNDING = 1e-5

#: Transformers that the service computes.
KNOWN = ("LogMelSpectrogram", "StaticLyricsEncoder", "CultureEncoder")


class Bundle:
    """A student that is ready to answer.

    Parameters
    ----------
    folder : str or path-like
        As written by :func:`write_bundle`.
    limits : Limits, default=Limits()

    Attributes
    ----------
    facts : dict
        The metadata of the graph, see `sklearn_skd.deployment.export_onnx`.
    culture : dict of str to list of str
        The culture fields that the student reads, and the labels that it knows.
    """

    def __init__(self, folder, limits=None):
        import onnxruntime

        self._limits = limits or Limits()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the workers are several already
        self._session = onnxruntime.InferenceSession(
            Path(folder) / STUDENT, options, providers=["CPUExecutionProvider"]
        )
        self.facts = json.loads(self._session.get_modelmeta().custom_metadata_map["sklearn_skd"])
        self._sources = {source["transformer"]["class"]: source for source in self.facts["sources"]}
        self._log_mel = self._make_log_mel()
        self._lyrics = self._make_lyrics(Path(folder))
        fields = self._sources.get("CultureEncoder")
        self.culture = (
            dict(zip(fields["columns"], fields["transformer"]["categories"], strict=True))
            if fields
            else {}
        )

    def answer(self, song):
        """All that the student has to say about a song.

        Parameters
        ----------
        song : Song

        Returns
        -------
        answer : dict
            For JSON: ``emotion`` (None where the student abstains), ``probabilities``,
            ``credibility``, ``abstention``, ``window``, ``timeline`` and ``heard``.

        Raises
        ------
        Refused
            If the clip is no song, see `decode`.
        """
        window = decode(song.clip, duration=self._log_mel.duration, limits=self._limits)
        inputs = self._inputs(window, song)
        outputs = dict(zip(self.facts["outputs"], self._session.run(None, inputs), strict=True))
        found = {name: values[0].astype(float) for name, values in outputs.items()}
        proba = found["probabilities"]
        abstention = self._abstention(proba, found["credibility"])
        best = str(self.facts["classes"][proba.argmax()])
        return {
            "emotion": None if abstention["abstains"] else best,
            "probabilities": self._by_class(proba),
            "credibility": _number(found["credibility"]),
            "abstention": abstention,
            "window": {
                "start": _number(window.start),
                "end": _number(window.start + len(window.samples) / window.rate),
                "clip_seconds": _number(window.clip_seconds),
            },
            "timeline": self._timeline(window, found),
            "heard": self._heard(song, inputs),
        }

    def warm_up(self):
        """Import and compute once all that an answer needs, so that the first is not slow."""
        silence = Window(np.zeros(self._log_mel.sr, dtype=np.float32), self._log_mel.sr, 0.0, 1.0)
        self._session.run(None, self._inputs(silence, Song(b"", "", {})))

    def _inputs(self, window, song):
        """The arrays that the graph reads."""
        arrays = {
            "LogMelSpectrogram": lambda: self._log_mel.transform([(window.samples, window.rate)]),
            "StaticLyricsEncoder": lambda: self._lyrics.transform([song.lyrics]),
            "CultureEncoder": lambda: self._codes(song.culture),
        }
        return {source["name"]: arrays[name]() for name, source in self._sources.items()}

    def _codes(self, culture):
        """One code a field, 0 for what is unknown, as `CultureEncoder` has it."""
        codes = []
        for field, labels in self.culture.items():
            label = _as_text(culture.get(field))
            codes.append(labels.index(label) + 1 if label in labels else 0)
        return np.array([codes], dtype=np.int64)

    def _make_log_mel(self):
        parameters = self._sources["LogMelSpectrogram"]["transformer"]["parameters"]
        return LogMelSpectrogram(**{**parameters, "segment": "start"})  # `decode` chose already

    def _make_lyrics(self, folder):
        source = self._sources.get("StaticLyricsEncoder")
        if source is None:
            return None
        encoder = StaticLyricsEncoder(**source["transformer"]["parameters"])
        encoder.table_ = np.load(folder / TABLE, mmap_mode="r")
        encoder.tokenizer_ = (folder / TOKENIZER).read_text("utf8")
        encoder.embedding_dim_ = encoder.table_.shape[1]
        return encoder

    def _abstention(self, proba, credibility):
        """The rule of `AbstainingClassifier`, from the metadata."""
        rule = self.facts["abstention"]
        if rule is None:
            return {"abstains": False, "score": None, "threshold": None}
        score, threshold = _score(rule, proba.max(), credibility), rule["threshold"]
        return {
            "abstains": threshold is None or bool(score < threshold - ROUNDING),
            "score": _number(score),
            "threshold": threshold,
        }

    def _timeline(self, window, found):
        """Probabilities and attention at each step that holds sound, in seconds of the clip."""
        seconds = np.arange(len(found["timeline"])) * self.facts["step_seconds"]
        sounding = seconds < len(window.samples) / window.rate
        steps = found["timeline"][sounding]
        return {
            "seconds": _numbers(window.start + seconds[sounding]),
            "probabilities": self._by_class(steps.T),
            "attention": _numbers(found["attention"][sounding]),
        }

    def _heard(self, song, inputs):
        """What of the song's words the student could use."""
        heard = {"lyrics": False, "culture": [], "unknown_culture": []}
        if "StaticLyricsEncoder" in self._sources:
            vector = inputs[self._sources["StaticLyricsEncoder"]["name"]][0]
            heard["lyrics"] = bool(vector[-1])  # the flag has_lyrics
        for field, code in zip(self.culture, self._codes(song.culture)[0], strict=True):
            if code:
                heard["culture"].append(field)
            elif _as_text(song.culture.get(field)):
                heard["unknown_culture"].append(field)
        return heard

    def _by_class(self, values):
        return {
            str(name): _numbers(value)
            for name, value in zip(self.facts["classes"], values, strict=True)
        }


def answers(folder, limits):
    """What a worker does: load the model, then answer songs."""
    bundle = Bundle(folder, limits)
    bundle.warm_up()
    return bundle.answer


def write_bundle(model, folder):
    """Write what :class:`Bundle` reads.

    Parameters
    ----------
    model : AbstainingClassifier, search or Pipeline
        Fitted: a Pipeline of SongFeatures and SKDStudentClassifier, best inside an
        AbstainingClassifier, whose rule is then served.
    folder : str or path-like
        Made if needed.

    Raises
    ------
    ValueError
        If the student reads a source that the service cannot compute.
    """
    from sklearn_skd.deployment import export_onnx

    pipeline = model
    while not hasattr(pipeline, "steps"):  # of a search, the pipeline that won
        pipeline = getattr(pipeline, "best_estimator_", None) or pipeline.estimator
    features, student = pipeline[0], pipeline[-1]
    read = {source.name: features.transformers_[source.name] for source in student.sources_}
    kinds = {name: type(transformer).__name__ for name, transformer in read.items()}
    unknown = {name: kind for name, kind in kinds.items() if kind not in KNOWN}
    if unknown or len(set(kinds.values())) < len(kinds) or KNOWN[0] not in kinds.values():
        raise ValueError(
            f"This student reads {kinds}. The service computes a LogMelSpectrogram, and at most "
            f"one each of {KNOWN[1:]}: fit one with sources=(...) of these."
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for transformer in read.values():
        if isinstance(transformer, StaticLyricsEncoder):
            np.save(folder / TABLE, transformer.table_)
            (folder / TOKENIZER).write_text(transformer.tokenizer_, "utf8")
    export_onnx(model, folder / STUDENT, timeline=True)


def _score(rule, confidence, credibility):
    if rule["by"] == "confidence":
        return confidence
    if rule["by"] == "credibility":
        return credibility
    confidence = np.clip(confidence, 1e-6, 1 - 1e-6)
    logit = np.log(confidence / (1 - confidence))
    return 1 / (1 + np.exp(-(np.dot(rule["coef"], [logit, credibility]) + rule["intercept"])))


def _number(value):
    """A plain number, None where it is unknown: JSON has no NaN."""
    return round(float(value), 6) if np.isfinite(value) else None


def _numbers(values):
    return [_number(v) for v in values] if np.ndim(values) else _number(values)
