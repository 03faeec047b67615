"""The documentation says what the code does: examples run, parameters match, texts are clean."""

import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc.validate import validate

import sklearn_skd

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "user_guide.rst").read_text(encoding="utf8")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(sklearn_skd.__path__, "sklearn_skd.")
)
NAMESPACES = (
    "sklearn_skd",
    "sklearn_skd.calibration",
    "sklearn_skd.datasets",
    "sklearn_skd.display",
    "sklearn_skd.distillation",
    "sklearn_skd.features",
    "sklearn_skd.metrics",
)
# Parameters undocumented, unknown, in another order than in the signature or without a type; no
# summary; no docstring.
NUMPYDOC_ERRORS = {"PR01", "PR02", "PR03", "PR04", "SS01", "GL08"}


def public_names(namespace):
    module = importlib.import_module(namespace)
    return list(getattr(module, "__all__", None) or ["fit_temperature", "temperature_softmax"])


def resolve(dotted):
    """The object of a dotted name, modules and attributes alike; LookupError if there is none."""
    try:
        return pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError) as error:
        raise LookupError(dotted) from error


def documented():
    """Dotted names of all public classes, functions and of the methods defined in this package."""
    found = set()
    for namespace in NAMESPACES:
        for name in public_names(namespace):
            thing = resolve(f"{namespace}.{name}")
            if not callable(thing) or not hasattr(thing, "__qualname__"):
                continue  # instances, such as ece_scorer
            found.add(f"{thing.__module__}.{thing.__qualname__}")
            if inspect.isclass(thing):
                found |= set(own_methods(thing))
    return sorted(found)


def own_methods(cls):
    for name, member in inspect.getmembers(cls, inspect.isroutine):
        ours = (getattr(member, "__module__", "") or "").startswith("sklearn_skd")
        if ours and not name.startswith("_"):
            yield f"{cls.__module__}.{cls.__qualname__}.{name}"


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    module = importlib.import_module(name)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, optionflags=options)
    assert result.failed == 0


def test_many_docstrings_have_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in tests) >= 15


@pytest.mark.parametrize("name", documented())
def test_docstrings_match_signatures(name):
    thing = resolve(name)
    ignored = set()
    if inspect.isclass(thing) and issubclass(thing, tuple):
        ignored.add("PR01")  # the fields of a named tuple are listed as its attributes
    found = validate(name)["errors"]
    assert [error for error in found if error[0] in NUMPYDOC_ERRORS - ignored] == []


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_public_name_is_in_the_api_reference(namespace):
    listed = set(re.findall(r"^   (\w+)$", (ROOT / "docs/api.rst").read_text("utf8"), re.M))
    assert set(public_names(namespace)) <= listed


@pytest.mark.parametrize("number", range(1, 10))
def test_every_equation_stands_beside_a_function_and_a_test_that_exist(number):
    row = re.search(rf"   \* - \\\({number}\)\n(.*?)(?=\n   \* - |\n\n)", GUIDE, re.S).group(1)
    names = re.findall(r"`~?(sklearn_skd[\w.]+)`", row)
    assert names
    for name in names:
        resolve(name)
    (test,) = re.findall(r"``(tests/[\w/]+\.py)``", row)
    assert (ROOT / test).is_file(), test
    assert rf"\qquad ({number})" in GUIDE  # and is written out


def test_references_in_the_guide_resolve():
    for name in re.findall(r":(?:func|class|data):`~?([\w.]+)`", GUIDE):
        resolve(name)


def tracked_texts():
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("no git checkout")
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".rst", ".toml", ".cfg", ".txt", ".yaml", ".css", ""}:
            yield name, path


def test_texts_name_no_package_index_and_no_path_of_a_machine():
    # spelled in pieces, so that this file passes its own test
    forbidden = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "/wo" + r"rk/"]))
    found = [
        name
        for name, path in tracked_texts()
        if path.is_file() and forbidden.search(path.read_text("utf8"))
    ]
    assert found == []


def test_the_site_needs_no_remote_script_or_image():
    sources = [*(ROOT / "docs").glob("*.rst"), ROOT / "docs" / "conf.py"]
    for path in sources:
        text = path.read_text("utf8")
        assert "mathjax" not in text.lower(), path
        assert not re.search(r"(image|figure):: *https?:", text), path


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_compile_and_open_with_a_text(path):
    source = path.read_text("utf8")
    code = compile(source, str(path), "exec")
    assert code.co_consts[0].strip()
    if path.name.startswith("plot_"):
        assert "\n# %%\n" in source
        _, title, rule = source.splitlines()[:3]
        assert rule == "=" * len(title)


def test_the_quickstart_runs(tmp_path):
    environment = {
        **os.environ,
        "SKD_EXAMPLE_SONGS": "24",
        "SKLEARN_SKD_DATA": str(tmp_path),
        "MPLBACKEND": "Agg",
    }
    command = [sys.executable, str(ROOT / "examples" / "plot_quickstart.py")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "nll" in run.stdout
