"""Importing the package is cheap, and its names are those it promises."""

import operator
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_skd
import sklearn_skd.classifiers
import sklearn_skd.datasets
import sklearn_skd.display
import sklearn_skd.distillation
import sklearn_skd.features
import sklearn_skd.metrics

NAME = operator.attrgetter("__name__")
HEAVY = ["librosa", "matplotlib", "sentence_transformers", "skorch", "torch"]


@pytest.mark.parametrize(
    "module",
    ["sklearn_skd", "sklearn_skd.features", "sklearn_skd.metrics", "sklearn_skd.distillation"],
)
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_functions_of_arrays_do_not_load_torch():
    code = (
        "import sys; from sklearn_skd.distillation import credibility_score, selective_weight; "
        "print('torch' in sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "False"


@pytest.mark.parametrize(
    "module",
    [
        sklearn_skd,
        sklearn_skd.classifiers,
        sklearn_skd.datasets,
        sklearn_skd.display,
        sklearn_skd.distillation,
        sklearn_skd.features,
        sklearn_skd.metrics,
    ],
    ids=NAME,
)
def test_every_promised_name_resolves(module):
    assert module.__all__
    for name in module.__all__:
        assert callable(getattr(module, name)), name
        assert name in dir(module)


def test_the_names_of_the_main_job_are_at_the_top():
    promised = {
        "AudioStatistics",
        "CultureEncoder",
        "LogMelSpectrogram",
        "LyricsEncoder",
        "SKDStudentClassifier",
        "SongFeatures",
        "TeacherClassifier",
        "aggregate_annotations",
        "clean_lyrics",
        "make_songs",
    }
    assert promised <= set(sklearn_skd.__all__)


@pytest.mark.parametrize("module", [sklearn_skd, sklearn_skd.distillation], ids=NAME)
def test_an_unknown_name_is_an_attribute_error(module):
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


def test_private_names_of_scikit_learn_are_imported_in_one_file():
    package = Path(sklearn_skd.__file__).parent
    private = re.compile(r"from sklearn(\.\w+)*(\._\w+(\.\w+)* import| import (\w+, )*_)")
    found = {path.name for path in package.rglob("*.py") if private.search(path.read_text())}
    assert found == {"_sklearn.py"}
