"""A fitted model in one safe file: numbers and a header, never code (paper section 4.4)."""

import re
from importlib.metadata import version

from sklearn.utils.validation import check_is_fitted

__all__ = ["load", "save"]

FORMAT, FORMAT_VERSION = "sklearn-skd model", 1
_LIBRARIES = ("numpy", "scikit-learn", "torch")
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})(?!\d)")


def save(estimator, path, *, include_teacher=False):
    """Write a fitted model to one file.

    The file is a safetensors file: arrays, and a header in JSON with the classes, parameters and
    fitted attributes. It holds no code and no pickle. It is written beside an old one of the same
    name and replaces it in one step, so that a process killed meanwhile leaves the old file or
    the new one.

    Parameters
    ----------
    estimator : estimator
        Fitted: a student, a teacher, another estimator of this package, or a Pipeline of such.
        In practice ``student_pipeline(fitted)``.

    path : str or path-like
        The file; by convention its name ends in ``.safetensors``.

    include_teacher : bool, default=False
        Whether students keep ``teacher_`` and ``credibility_``, of which their predictions need
        nothing, and a frozen `teacher`.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If a part of it cannot be stored; the message says which, and what to do.
    ValueError
        If it could not be loaded again, for example because a parameter is out of its range; or
        if `include_teacher` asks for a teacher that a student no longer has.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Read the file.
    student_pipeline : Reduce a Pipeline to what the student reads.
    export_onnx : For where there is no Python.

    Notes
    -----
    Not stored are parameters about the machine at hand (`cache`, `memmap`, `memory`, `device`,
    `n_jobs`), callbacks, routing requests, and a `random_state` that is a generator. A
    :class:`LyricsEncoder` is stored by name and revision, without its weights.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_skd import SKDStudentClassifier, load, save
    >>> X, y = load_iris(return_X_y=True)
    >>> student = SKDStudentClassifier(strategy="student-only", max_epochs=5, random_state=0)
    >>> student = student.fit(X, y)
    >>> scratch = tempfile.TemporaryDirectory()
    >>> path = save(student, Path(scratch.name) / "student.safetensors")
    >>> bool((load(path).predict_proba(X) == student.predict_proba(X)).all())
    True
    >>> scratch.cleanup()
    """
    from sklearn_skd.deployment._archive import write_archive
    from sklearn_skd.deployment._estimators import pack, unpack

    check_is_fitted(estimator)
    node, arrays = pack(estimator, include_teacher=include_teacher)
    try:
        check_is_fitted(unpack(node, arrays))
    except ValueError as error:
        raise ValueError(f"{estimator!r:.80} cannot be saved: {error}") from error
    header = {"format": FORMAT, "format_version": FORMAT_VERSION, "versions": _versions()}
    return write_archive(path, {**header, "estimator": node}, arrays)


def load(path):
    """Read a model that :func:`save` wrote.

    Reading executes nothing of the file: classes come from a list, arrays are compared with what
    the nets need before they are used, and a checksum finds every changed bit.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator : estimator
        Fitted; its predictions equal those of the one that was saved. A student that was saved
        without its teacher predicts and explains itself as before.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no file of :func:`save`, is damaged, or was written by a newer version of this
        package; the message names the file.

    See Also
    --------
    save : Write the file.

    Notes
    -----
    A file takes memory of no more than twice its size and 50 MB while it is loaded.

    Whoever can write the file can change what the model says, as with any model: the checksum
    finds accidents, not intent. What is loaded is data all the same. Only a
    :class:`LyricsEncoder` will later open the sentence encoder that the file names.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_skd import SKDStudentClassifier, SongFeatures, load, save
    >>> songs = pd.DataFrame({"genre": ["folk", "rock"] * 10, "era": [1970, 1990] * 10})
    >>> student = SKDStudentClassifier(strategy="student-only", calibration=None, max_epochs=20)
    >>> model = make_pipeline(SongFeatures(), student).fit(songs, ["calm", "tense"] * 10)
    >>> scratch = tempfile.TemporaryDirectory()
    >>> loaded = load(save(model, Path(scratch.name) / "model.safetensors"))
    >>> loaded.predict(songs[:2])
    array(['calm', 'tense'], dtype='<U5')
    >>> scratch.cleanup()
    """
    from sklearn_skd.deployment._archive import blaming, read_archive
    from sklearn_skd.deployment._estimators import unpack

    with blaming(path):
        header, arrays = read_archive(path, check=_check_versions)
        estimator = unpack(header.get("estimator"), arrays)
        check_is_fitted(estimator)
    return estimator


def _versions():
    import sklearn_skd

    versions = {name: version(name) for name in _LIBRARIES}
    return {"sklearn-skd": sklearn_skd.__version__, **versions}


def _check_versions(header):
    """Raise if the file is of another format, or of a later version than this one."""
    import sklearn_skd

    if header.get("format") != FORMAT:
        raise ValueError("it was not written by sklearn_skd.save.")
    versions, number = header.get("versions"), header.get("format_version")
    writer = versions.get("sklearn-skd") if isinstance(versions, dict) else None
    if not isinstance(writer, str) or not _VERSION.match(writer) or type(number) is not int:
        raise ValueError("its header does not say which version wrote it.")
    if number > FORMAT_VERSION or _minor(writer) > _minor(sklearn_skd.__version__):
        series = ".".join(map(str, _minor(writer)))
        raise ValueError(
            f"it was written by sklearn-skd {writer[:20]} (format {number}); this is sklearn-skd "
            f"{sklearn_skd.__version__}, which reads formats up to {FORMAT_VERSION}: pip install "
            f'"sklearn-skd>={series}".'
        )
    if number < 1:
        raise ValueError(f"its format {number} is not known.")


def _minor(text):
    major, minor = _VERSION.match(text).groups()
    return int(major), int(minor)
