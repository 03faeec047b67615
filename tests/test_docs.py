"""The documentation says what the code does: examples run, parameters match, texts are clean."""

import ast
import dataclasses
import doctest
import importlib.util
import inspect
import pkgutil
import re
import subprocess
import textwrap
from pathlib import Path

import pytest
from numpydoc.validate import validate

import sklearn_skd

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CHAPTERS = sorted((DOCS / "guide").glob("*.rst"))
GUIDE = "\n".join(path.read_text("utf8") for path in [DOCS / "user_guide.rst", *CHAPTERS])
PAGES = sorted(DOCS.glob("*.rst")) + CHAPTERS
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(sklearn_skd.__path__, "sklearn_skd.")
)
# what users import from: the package, its subpackages, and its modules without an underscore
NAMESPACES = [
    "sklearn_skd",
    *(name for name in MODULES if name.count(".") == 1 and "._" not in name),
]
# whose names the code of the pages calls without a prefix
CALLED = ("sklearn_skd", "sklearn_skd.distillation", "sklearn_skd.evaluation")
DOCTEST_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# Parameters undocumented, unknown, in another order than in the signature or without a type; no
# summary; no docstring.
NUMPYDOC_ERRORS = {"PR01", "PR02", "PR03", "PR04", "SS01", "GL08"}


def public_names(namespace):
    """``__all__``, or what a module without it defines under a name without an underscore."""
    module = importlib.import_module(namespace)
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == namespace
    ]


def resolve(dotted):
    """The object of a dotted name, modules and attributes alike; LookupError if there is none."""
    try:
        return pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError) as error:
        raise LookupError(dotted) from error


def exported(namespace):
    return {name: resolve(f"{namespace}.{name}") for name in public_names(namespace)}


def listed_in_api_reference():
    """The objects in ``api.rst`` by their dotted names there."""
    found, module = {}, None
    for line in (DOCS / "api.rst").read_text("utf8").splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif re.fullmatch(r"   \w+", line):
            found[f"{module}.{line.strip()}"] = resolve(f"{module}.{line.strip()}")
    return found


def documented():
    """Dotted names of all public classes, functions and of the methods defined in this package."""
    found = set()
    for namespace in NAMESPACES:
        for thing in exported(namespace).values():
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
    result = doctest.testmod(module, optionflags=DOCTEST_OPTIONS)
    assert result.failed == 0


def test_many_docstrings_have_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in tests) >= 15


@pytest.mark.parametrize("name", documented())
def test_docstrings_match_signatures(name):
    assert docstring_errors(name, NUMPYDOC_ERRORS) == []


def docstring_errors(name, codes):
    thing = resolve(name)
    if inspect.isclass(thing) and (issubclass(thing, tuple) or dataclasses.is_dataclass(thing)):
        codes = codes - {"PR01"}  # the fields of a record are listed as its attributes
    return [error for error in validate(name)["errors"] if error[0] in codes]


def test_docstrings_within_the_package_list_no_parameter_that_is_gone():
    private = [name for name in described() if name not in documented()]
    assert len(private) > 30
    assert [name for name in private if docstring_errors(name, {"PR02", "PR03"})] == []


def described():
    """Dotted names of everything, private or not, whose docstring has a list of parameters."""
    for name in MODULES:
        for thing in own_things(importlib.import_module(name)):
            if "\nParameters\n---" in (inspect.getdoc(thing) or ""):
                yield f"{thing.__module__}.{thing.__qualname__}"


def own_things(module):
    """Functions and classes that a module defines, and the methods of these classes."""
    for thing in vars(module).values():
        is_code = inspect.isroutine(thing) or inspect.isclass(thing)
        if is_code and thing.__module__ == module.__name__:
            yield thing
            yield from filter(inspect.isfunction, vars(thing).values())


def test_a_new_name_without_documentation_is_noticed(monkeypatch):
    def made_up(what):
        """Do it.

        Parameters
        ----------
        that : int
            Of another function.
        """

    made_up.__module__ = "sklearn_skd.calibration"
    monkeypatch.setattr(sklearn_skd.calibration, "made_up", made_up, raising=False)
    public = [*sklearn_skd.calibration.__all__, "made_up"]
    monkeypatch.setattr(sklearn_skd.calibration, "__all__", public)
    assert missing_in_api_reference("sklearn_skd.calibration") == ["made_up"]
    found = docstring_errors("sklearn_skd.calibration.made_up", NUMPYDOC_ERRORS)
    assert {code for code, _ in found} == {"PR01", "PR02"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_examples_of_the_pages_run(path):
    result = doctest.testfile(str(path), module_relative=False, optionflags=DOCTEST_OPTIONS)
    assert result.failed == 0


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_code_of_the_pages_compiles(path):
    for block in code_blocks(path.read_text("utf8")):
        compile(block, str(path), "exec")


def code_blocks(text):
    """The Python in ``code-block`` directives, without its indentation."""
    for block in re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", text):
        yield textwrap.dedent(block)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_public_name_is_in_the_api_reference(namespace):
    assert missing_in_api_reference(namespace) == []


def missing_in_api_reference(namespace):
    listed = {id(thing) for thing in listed_in_api_reference().values()}
    return [name for name, thing in exported(namespace).items() if id(thing) not in listed]


def test_the_api_reference_lists_public_names_only_and_each_once():
    listed = list(listed_in_api_reference().items())
    public = {id(thing) for namespace in NAMESPACES for thing in exported(namespace).values()}
    assert [name for name, thing in listed if id(thing) not in public] == []
    assert len({id(thing) for _, thing in listed}) == len(listed)


@pytest.mark.parametrize("number", range(1, 10))
def test_every_equation_stands_beside_a_function_and_a_test_that_exist(number):
    row = re.search(rf"   \* - \\\({number}\)\n(.*?)(?=\n   \* - |\n\n\S)", GUIDE, re.S).group(1)
    names = re.findall(r"`~?(sklearn_skd[\w.]+)`", row)
    assert names
    for name in names:
        resolve(name)
    (test,) = re.findall(r"``(tests/[\w/]+\.py)``", row)
    assert (ROOT / test).is_file(), test
    assert rf"\qquad ({number})" in GUIDE  # and is written out


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_references_to_objects_resolve(path):
    role = r":(?:func|class|data|meth|attr):`(?:[^<`]+<|~)?([\w.]+)>?`"
    for name in re.findall(role, path.read_text("utf8")):
        resolve(name)


def test_parameters_named_in_code_of_the_pages_exist():
    ours = {name: thing for namespace in CALLED for name, thing in exported(namespace).items()}
    checked = 0
    for call in nodes_of_the_pages(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id in ours:
            unknown = {keyword.arg for keyword in call.keywords} - set(
                inspect.signature(ours[call.func.id]).parameters
            )
            assert not unknown, f"{call.func.id}({unknown})"
            checked += len(call.keywords)
    assert checked > 15


def test_arms_in_code_of_the_pages_are_valid_students():
    checked = 0
    for node in nodes_of_the_pages(ast.Dict):
        if any(getattr(key, "value", None) == "strategy" for key in node.keys):
            sklearn_skd.SKDStudentClassifier(**ast.literal_eval(node))._validate_params()
            checked += 1
    assert checked >= 5


def nodes_of_the_pages(kind):
    for path in PAGES:
        for block in code_blocks(path.read_text("utf8")):
            yield from (node for node in ast.walk(ast.parse(block)) if isinstance(node, kind))


def test_the_guide_has_a_row_for_every_strategy():
    page = (DOCS / "guide" / "strategies.rst").read_text("utf8")
    rows = re.findall(r'^   \* - ``"([\w-]+)"``$', page, re.M)
    assert rows == list(resolve("sklearn_skd.distillation.strategies.STRATEGIES"))


def test_every_chapter_is_in_the_guide_and_every_page_in_the_site():
    guide = (DOCS / "user_guide.rst").read_text("utf8")
    assert [path.stem for path in CHAPTERS if f"\n   guide/{path.stem}\n" not in guide] == []
    listed = (DOCS / "index.rst").read_text("utf8") + guide
    pages = [path.stem for path in DOCS.glob("*.rst") if path.stem != "index"]
    assert [page for page in pages if not re.search(rf"^   (.+ <)?{page}>?$", listed, re.M)] == []


def test_the_citation_names_this_version_and_the_paper_as_the_page_does():
    citation = (ROOT / "CITATION.cff").read_text("utf8")
    page = (DOCS / "citing.rst").read_text("utf8")
    assert f"\nversion: {sklearn_skd.__version__}\n" in citation
    (doi,) = re.findall(r"\n  doi: (\S+)", citation)
    assert page.count(doi) == 3  # link, its text, BibTeX
    paper = citation.split("preferred-citation:")[1]
    title = re.search(r'title: "(.+)"', paper).group(1)
    assert title in " ".join(page.replace("*", "").split())
    for name in re.findall(r"family-names: (\w+)\n      given-names: (\w+)", paper):
        assert "{1} {0}".format(*name) in page
        assert "{}, {}".format(*name) in page


def tracked_texts():
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("no git checkout")
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {
            ".py",
            ".md",
            ".rst",
            ".toml",
            ".cfg",
            ".cff",
            ".txt",
            ".yaml",
            ".css",
            "",
        }:
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
    for path in [*PAGES, DOCS / "conf.py"]:
        text = path.read_text("utf8")
        assert "mathjax" not in text.lower(), path
        assert not re.search(r"(image|figure):: *https?:", text), path


def test_an_index_stands_beside_its_letter_and_an_accent_above():
    pytest.importorskip("docutils")
    place = DOCS / "_ext" / "mathml.py"
    spec = importlib.util.spec_from_file_location("mathml", place)
    mathml = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mathml)

    def shape(formula):
        formula = mathml.to_mathml(formula, as_block=True)
        return re.sub(r' (xmlns|stretchy)="[^"]+"|\s', "", formula)

    hat = "<mover><mi>p</mi><mo>^</mo></mover>"
    assert f"<msubsup>{hat}<mi>i</mi><mi>T</mi></msubsup>" in shape(r"\hat p_i^T")
    assert f"<msub>{hat}<mi>i</mi></msub>" in shape(r"\hat p_i")
    assert "<mo>\N{MACRON}</mo>" in shape(r"\bar x")
    assert "<munderover>" in shape(r"\sum_{i=1}^n i")
