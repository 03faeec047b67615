"""Estimators of the allow-list <-> their class, parameters and fitted attributes."""

import contextlib
import inspect
from importlib import import_module
from numbers import Integral

from sklearn.frozen import FrozenEstimator

from sklearn_skd.deployment._codec import Decoder, Encoder, check
from sklearn_skd.deployment._left_out import LeftOutTeacher
from sklearn_skd.deployment._nets import pack_net, unpack_net
from sklearn_skd.deployment._parts import PARTS, part_of

__all__ = ["pack", "unpack"]


def pack(estimator, *, include_teacher):
    """What is stored of an estimator.

    Parameters
    ----------
    estimator : estimator
        Of the allow-list.

    include_teacher : bool
        Whether students keep `teacher_`, `credibility_` and a teacher that is no mere recipe.

    Returns
    -------
    node : dict
        For JSON.

    arrays : dict of str to ndarray

    Raises
    ------
    TypeError
        If it holds what cannot be stored; the message says where.
    """
    writer = _Writer(include_teacher)
    node = writer.codec.encode(estimator, _name(estimator))
    return node, writer.codec.arrays


def unpack(node, arrays):
    """Rebuild an estimator.

    Parameters
    ----------
    node : object
        Of :func:`pack`, as read from a file.

    arrays : dict of str to ndarray
        They become part of the estimator.

    Returns
    -------
    estimator : estimator

    Raises
    ------
    ValueError
        If that is not what :func:`pack` gives.
    """
    reader = _Reader(arrays)
    estimator = reader.codec.decode(node)
    if not hasattr(estimator, "get_params"):
        raise ValueError("it holds no estimator.")
    reader.codec.finish()
    return estimator


class _Writer:
    def __init__(self, include_teacher):
        self.codec = Encoder(self._estimator)
        self._include_teacher = include_teacher
        self._learned = True  # or only parameters, as `clone` would copy them
        self._frozen = {}  # numbers by id: what is shared is stored once

    def _estimator(self, estimator, path):
        if id(estimator) in self._frozen:
            return {"frozen": self._frozen[id(estimator)]}
        name, part = part_of(estimator)
        if part is None:
            raise TypeError(_refusal(estimator, path))
        parameters = {}
        for key, value in estimator.get_params(deep=False).items():
            if key in part.local:
                continue
            if name == "SKDStudentClassifier" and key == "teacher":
                value = self._teacher(value)
            if key == "random_state":  # a generator's state is no part of the model
                value = int(value) if isinstance(value, Integral) else None
            with self._what_was_learned(key in part.prefit):
                parameters[key] = self.codec.encode(value, f"{path}.{key}")
        fitted = None
        if self._learned and part.is_fitted(estimator):
            with self._what_was_learned(True):
                fitted = self._fitted(estimator, part, path)
        if isinstance(estimator, FrozenEstimator):
            self._frozen[id(estimator)] = len(self._frozen)
        return {"estimator": {"class": name, "parameters": parameters, "fitted": fitted}}

    def _fitted(self, estimator, part, path):
        nodes = {}
        for key, field in part.fitted.items():
            if field.of_teacher and not self._include_teacher:
                continue
            if key not in vars(estimator):
                self._check_absence(estimator, key)
                continue
            value, place = getattr(estimator, key), f"{path}.{key}"
            if key == "net_":
                nodes[key] = self.codec.keep_all(pack_net(value), place)
            else:
                nodes[key] = self.codec.encode(field.pack(value), place)
        return nodes

    def _check_absence(self, estimator, key):
        if key == "teacher_" and estimator.strategy != "student-only":
            raise ValueError(
                "The student has no teacher_ any more, it was saved or reduced without: save it "
                "with include_teacher=False."
            )

    def _teacher(self, teacher):
        """The parameter `teacher`: a recipe is kept, what was trained on request only."""
        recipe = teacher is None or part_of(teacher)[0] in ("TeacherClassifier", "LeftOutTeacher")
        if recipe or self._include_teacher:
            return teacher
        frozen = isinstance(teacher, FrozenEstimator)
        return LeftOutTeacher(_name(teacher.estimator if frozen else teacher))

    @contextlib.contextmanager
    def _what_was_learned(self, learned):
        before, self._learned = self._learned, learned
        try:
            yield
        finally:
            self._learned = before


class _Reader:
    def __init__(self, arrays):
        self.codec = Decoder(arrays, self._other)
        self._frozen = []
        # features of all sources: nets take more bytes for each, the description takes memory first
        self._room = sum(array.nbytes for array in arrays.values()) // 128

    def _other(self, key, content):
        if key == "frozen" and type(content) is int and 0 <= content < len(self._frozen):
            return self._frozen[content]
        if key != "estimator":
            raise ValueError(f"its header has a {key[:40]!r}, which this version does not know.")
        if set(check(content, dict)) != {"class", "parameters", "fitted"}:
            raise ValueError("an estimator has other parts than class, parameters and fitted.")
        name = content["class"]
        part = PARTS.get(check(name, str))
        if part is None:
            raise ValueError(
                f"it holds a {name[:40]!r}, which is not on the list of what is loaded."
            )
        cls = getattr(import_module(part.module), name)
        estimator = self._make(cls, name, part, content["parameters"])
        if content["fitted"] is not None:
            self._restore(estimator, name, part, check(content["fitted"], dict))
        if name == "FrozenEstimator":
            self._frozen.append(estimator)
        return estimator

    def _make(self, cls, name, part, parameters):
        parameters = self.codec.mapping(parameters)
        known = set(inspect.signature(cls.__init__).parameters) - {"self", *part.local}
        if not set(parameters) <= known:
            unknown = min(set(parameters) - known)
            raise ValueError(f"{name} has no parameter {unknown[:40]!r} that is stored.")
        estimator = cls(**parameters)
        if name == "Pipeline":
            _check_steps(estimator.steps)
        if name == "FrozenEstimator" and not hasattr(estimator.estimator, "get_params"):
            raise ValueError("a FrozenEstimator holds no estimator.")
        if hasattr(cls, "_parameter_constraints"):
            estimator._validate_params()
        return estimator

    def _restore(self, estimator, name, part, nodes):
        unknown = set(nodes) - set(part.fitted)
        missing = {key for key, field in part.fitted.items() if field.required} - set(nodes)
        if unknown or missing:
            key = min(unknown or missing)
            told = "no" if key in missing else "an unknown"
            raise ValueError(f"a fitted {name} has {told} attribute {key[:40]!r}.")
        vars(estimator).update(part.constant)
        for key, field in part.fitted.items():
            if key not in nodes:
                continue
            if key == "net_":
                arrays = self._net_arrays(nodes[key])
                value = unpack_net(estimator._make_net, arrays)
            else:
                value = self.codec.decode(nodes[key])
                if key == "sources_":
                    self._check_room(value)
                value = field.unpack(value)
            if not field.valid(value):
                plain = value is None or isinstance(value, bool | int | float | str)
                told = repr(value)[:40] if plain else f"such a {_name(value)}"
                raise ValueError(f"{name}.{key} cannot be {told}.")
            setattr(estimator, key, value)
        _check_agreement(estimator, name)

    def _check_room(self, described):
        for one in check(described, list):
            size = check(one, dict).get("size")
            self._room -= size if isinstance(size, int) else 0
        if self._room < 0:
            raise ValueError("it has no arrays that are large enough for nets of its sources.")

    def _net_arrays(self, node):
        if set(check(node, dict)) != {"arrays"}:
            raise ValueError("a net is not given by its arrays.")
        return self.codec.take_all(node["arrays"])


def _check_steps(steps):
    """That a Pipeline has named steps: it looks at them in `fit` only."""
    check(steps, list)
    for step in steps:
        if not (isinstance(step, tuple) and len(step) == 2 and isinstance(step[0], str)):
            raise ValueError("a step of a Pipeline is no pair of a name and an estimator.")
        if not (hasattr(step[1], "get_params") or step[1] in ("passthrough", None)):
            raise ValueError(f"the step {step[0][:40]!r} of a Pipeline is no estimator.")
    if not steps or len({step[0] for step in steps}) < len(steps):
        raise ValueError("a Pipeline has no steps, or two of one name.")


def _check_agreement(estimator, name):
    """That the fitted attributes fit each other, as far as prediction would not notice."""
    sizes = {}
    if name == "TeacherClassifier":
        sizes = {"branch_temperature_": (len(estimator.sources_),)}
    elif name in ("TemperatureCalibratedClassifier", "FeedbackCalibrator"):
        sizes = {"bias_": (len(estimator.classes_),)}
    elif name == "StaticLyricsEncoder":
        sizes = {"table_": (len(estimator.table_), estimator.embedding_dim_)}
    for key, shape in sizes.items():
        if getattr(estimator, key).shape != shape:
            raise ValueError(f"{name}.{key} has not the shape {shape}.")
    agrees = True
    if name == "SongFeatures":
        agrees = estimator.columns_.keys() == estimator.transformers_.keys()
    elif name == "CultureEncoder":
        agrees = len(estimator.categories_) == estimator.n_features_in_
    elif name == "FeedbackCalibrator":
        n_classes = len(estimator.classes_)
        agrees = estimator._feedback.logits.shape[1] == n_classes and all(
            len(place) == 1 + n_classes for place in estimator._deviation.values()
        )
    if not agrees:
        raise ValueError(f"the fitted attributes of a {name} do not fit each other.")


def _name(estimator):
    return type(estimator).__name__


def _refusal(value, path):
    """Why something cannot be stored, and what to do."""
    if not hasattr(value, "get_params"):
        return f"{path} is a {_name(value)}, which cannot be stored: {value!r:.60}"
    if hasattr(value, "best_estimator_"):
        return f"{path} is a {_name(value)}, of which the best model can be saved: best_estimator_."
    if ".teacher" in path:
        return (
            f"{path} is a {_name(value)}, which cannot be stored with the student: save it with "
            "include_teacher=False; the student does not need it to predict."
        )
    return (
        f"{path} is a {_name(value)}. Only estimators of sklearn_skd, Pipeline and FrozenEstimator "
        "are stored, without pickle. Keep your own parts out of the Pipeline that you save, or "
        "store the whole with skops, or with joblib if nobody else can write the file."
    )
