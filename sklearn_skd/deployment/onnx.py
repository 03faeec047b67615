"""The student as one ONNX file, to be served without torch (paper section 4.4)."""

import contextlib
import importlib.util
import logging
import warnings
from pathlib import Path

from sklearn_skd._warnings import warn_user
from sklearn_skd.deployment._atomic import replacing

__all__ = ["export_onnx"]

OPSET = 20  # the first with GELU as one operator
TOLERANCE = 1e-4  # of the probabilities

_OUTPUTS = ("probabilities", "credibility", "attention", "timeline")


def export_onnx(estimator, path, *, front_end=False, timeline=False):
    r"""Write a fitted student to an ONNX file.

    The graph holds the standardisation (eq. 2), the net, guided pooling (eq. 8), and all
    calibration (eq. 9). Its probabilities are those of `predict_proba`, to rounding in float32.

    Parameters
    ----------
    estimator : fitted SKDStudentClassifier, Pipeline or search
        A student, or a Pipeline or search that ends in one. Also inside
        :class:`~sklearn_skd.TemperatureCalibratedClassifier` and
        :class:`~sklearn_skd.FeedbackCalibrator`, whose temperature and biases (of the population)
        become part of the graph, or inside :class:`~sklearn_skd.AbstainingClassifier`, whose rule
        is told in the metadata.

    path : str or path-like
        The file to write, whole or not at all.

    front_end : bool, default=False
        Whether the log-mel spectrogram is computed in the graph too. The Pipeline then holds
        :class:`~sklearn_skd.SongFeatures` with a :class:`~sklearn_skd.LogMelSpectrogram` that the
        student reads, and that source is the mono waveform of the window, at the rate `sr`.

    timeline : bool, default=False
        Whether the probabilities at each step (`emotion_timeline`) are a further output.

    Returns
    -------
    path : pathlib.Path
        The file.

    Raises
    ------
    TypeError
        If the model does not end in a student.

    NotFittedError
        If it is not fitted.

    ValueError
        If there is no time series for a timeline, no log-mel spectrogram for a front end, or a
        source has the name of an output.

    ImportError
        If the extra ``onnx`` is not installed.

    RuntimeError
        If ONNX Runtime, asked about made-up songs, does not answer as the student does. This is
        checked before anything is written.

    Warns
    -----
    UserWarning
        If something of the model stays outside: other steps of a Pipeline than SongFeatures, or
        the listeners' own calibrations.

    See Also
    --------
    sklearn_skd.save : A file for Python, which holds the features as well.

    Notes
    -----
    **Inputs** have the names of the student's sources: float32 (n, channels, frames) and
    (n, features), int64 (n, fields), and with `front_end` float32 (n, samples). The numbers of
    songs and of frames are free. A source that a song lacks is NaN (0 for categories).

    **Outputs**, in this order: ``probabilities`` (n, K) in the order of the classes,
    ``credibility`` (n,), ``attention`` (n, T) of the first time series, ``timeline`` (n, T, K).
    A student without a time series has no attention. One that learned no credibility (such as
    "student-only") gives NaN.

    **Metadata**: the file's entry ``sklearn_skd`` is a JSON object with the classes, the sources,
    the parameters and categories of their transformers, the rule of abstention, and the seconds
    between two steps: all that a server needs, and no pickle.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import SKDStudentClassifier
    >>> from sklearn_skd.deployment import export_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> student = SKDStudentClassifier(strategy="student-only", max_epochs=5, random_state=0)
    >>> student = student.fit(X, y)
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = export_onnx(student, folder.name + "/student.onnx")

    Elsewhere, without torch:

    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(path)
    >>> proba = session.run(["probabilities"], {"features": X.astype(np.float32)})[0]
    >>> bool(np.allclose(proba, student.predict_proba(X), atol=1e-4))
    True
    >>> folder.cleanup()
    """
    from sklearn_skd.deployment._onnx_parts import take_apart

    parts = take_apart(estimator)
    _check_extra()
    _check_names(parts, timeline)
    _tell_what_stays_outside(parts)
    with replacing(path) as temporary:  # a path that cannot be written to is told before the work
        model = _build(parts, front_end=front_end, timeline=timeline)
        temporary.write_bytes(model.SerializeToString())
    return Path(path)


def _build(parts, *, front_end, timeline):
    """The ONNX model, with its metadata."""
    from sklearn_skd.deployment._onnx_metadata import KEY, as_json, describe
    from sklearn_skd.deployment._onnx_module import (
        ExportedStudent,
        example_inputs,
        typical_inputs,
    )

    student = parts.student
    front_ends = _front_ends(parts) if front_end else {}
    credibility = student._knows_credibility  # whether predict_credibility answers
    has_series = any(source.kind == "series" for source in student.sources_)
    outputs = [*_OUTPUTS[: 2 + has_series], *_OUTPUTS[3 : 3 + timeline]]
    waveforms = {name: module.n_samples for name, module in front_ends.items()}
    told = describe(parts, outputs, credibility=credibility, waveforms=waveforms)
    text = as_json(told)  # before the work, in case it fails
    module = ExportedStudent(
        parts, credibility=credibility, timeline=timeline, front_ends=front_ends
    )
    inputs, dynamic = example_inputs(student.sources_, front_ends)
    model = _trace(module, inputs, dynamic, outputs)
    _name_steps(model)
    model.producer_name = told["package"]
    model.metadata_props.add(key=KEY, value=text)
    _check(model, module, typical_inputs(student.sources_, front_ends))
    return model


def _front_ends(parts):
    """The module of each source that is a log-mel spectrogram."""
    from sklearn_skd.deployment._onnx_front_end import LogMelFrontEnd
    from sklearn_skd.deployment._onnx_metadata import song_features
    from sklearn_skd.features import LogMelSpectrogram

    features = song_features(parts)
    made_by = {} if features is None else features.transformers_
    read = [source.name for source in parts.student.sources_ if source.name in made_by]
    # a subclass may compute something else
    log_mel = [name for name in read if type(made_by[name]) is LogMelSpectrogram]
    if not log_mel:
        raise ValueError(
            "front_end=True needs a Pipeline of SongFeatures, with a LogMelSpectrogram that the "
            f"student reads, and the student; its sources are "
            f"{ {name: type(made_by[name]).__name__ for name in read} or 'not made in a Pipeline' }"
            ". Leave it out."
        )
    return {name: LogMelFrontEnd(made_by[name]) for name in log_mel}


def _trace(module, inputs, dynamic, outputs):
    """Export a torch module; returns the bare model, without notes on where it was made."""
    import torch

    sizes = {dim for free in dynamic for dim in free.values()}
    dims = {dim: torch.export.Dim(dim[0], max=dim[1]) for dim in sizes}
    shapes = tuple({axis: dims[dim] for axis, dim in free.items()} for free in dynamic)
    with _quiet():
        program = torch.onnx.export(
            module,
            inputs,
            input_names=module.names,
            output_names=outputs,
            dynamic_shapes=(shapes,),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    # the exporter notes paths and lines of the source code with each node
    for things in (model.graph.node, model.graph.value_info, model.graph.input, model.graph.output):
        for thing in things:
            thing.ClearField("metadata_props")
            thing.ClearField("doc_string")
    for holder in (model.graph, model):
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")
    model.graph.ClearField("value_info")
    return model


def _name_steps(model):
    """Give the number of steps a name, where the exporter has a formula."""
    for output in model.graph.output:
        dims = output.type.tensor_type.shape.dim
        if output.name in _OUTPUTS[2:] and dims[1].dim_param:
            dims[1].dim_param = "steps"


def _check(model, module, inputs):
    """ValueError or RuntimeError unless the graph is valid and gives what the module gives."""
    import onnx
    import onnxruntime
    import torch

    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    arrays = [values.numpy() for values in inputs]
    found = session.run(["probabilities"], dict(zip(module.names, arrays, strict=True)))[0]
    with torch.inference_mode():
        expected = module(*inputs)[0].numpy()
    difference = float(abs(found - expected).max())
    if not difference < TOLERANCE:  # NaN too
        raise RuntimeError(
            f"The exported graph gives other probabilities than the student, by {difference:.1e}: "
            f"nothing was written. The exporter of torch {torch.__version__} is at fault; try "
            "another version of torch or onnxscript."
        )


def _check_extra():
    needed = ("onnx", "onnxscript", "onnxruntime")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"export_onnx needs {' and '.join(missing)}, which the extra installs: "
            "pip install 'sklearn-skd[onnx]'"
        )


def _check_names(parts, timeline):
    kinds = {source.name: source.kind for source in parts.student.sources_}
    taken = sorted(set(kinds) & set(_OUTPUTS))
    if taken:
        raise ValueError(
            f"The sources {taken} have names of outputs of the ONNX graph, {list(_OUTPUTS)}: fit "
            "the student on sources of other names."
        )
    if timeline and "series" not in kinds.values():
        raise ValueError(
            f"timeline=True needs a time series, and this student reads only {kinds}: leave it out."
        )


def _tell_what_stays_outside(parts):
    from sklearn_skd.features import SongFeatures

    outside = [type(t).__name__ for t in parts.transformers if not isinstance(t, SongFeatures)]
    if outside:
        warn_user(
            f"The steps {outside} of the Pipeline are not in the ONNX file, which begins where "
            "the student reads: apply them to its inputs."
        )
    if parts.n_listeners:
        warn_user(
            f"The calibrations of {parts.n_listeners} listeners are not in the ONNX file: its "
            "probabilities are those of the population."
        )


@contextlib.contextmanager
def _quiet():
    """Silence the exporter, which warns of packages and names that have no part in this."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
