"""How the site is built: ``make docs``. Nothing is fetched from the network."""

import sys
from pathlib import Path

from docutils.nodes import reference
from sphinx.ext import autosummary
from sphinx.pycode import ModuleAnalyzer

import sklearn_skd

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "sklearn-skd"
author = "The sklearn-skd developers"
copyright = author
version = release = sklearn_skd.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]  # short titles, which fit on a phone
default_role = "literal"
html_math_renderer = "mathml"
autosummary_generate = True
autodoc_typehints = "none"
autodoc_preserve_defaults = True  # 512 / 22050 as a name, not as 0.023219954648526078
toc_object_entries_show_parents = "hide"  # fit, not SKDStudentClassifier.fit: it fits
numpydoc_show_class_members = False  # the template of a class lists them in full

# Summaries in the API reference end with their sentence, not with "(eq.".
autosummary.WELL_KNOWN_ABBREVIATIONS += ("eq.",)

# The gallery: plot_*.py is run and shown; demo.py (`make demo`), serve_*.py and service/ are not.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(demo|serve_\w+)\.py|service",
    "within_subsection_order": "gallery.story_order",
    "minigallery_sort_order": "gallery.story_order",
    "nested_sections": False,
    "backreferences_dir": "generated/backreferences",  # for `minigallery` on the API pages
    "doc_module": ("sklearn_skd",),
    "capture_repr": ("_repr_html_",),  # tables and diagrams; the rest is printed
    "reset_modules": ("matplotlib", "gallery.reset_sklearn"),
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 3600,  # times of the machine that built the site tell a reader nothing
    "image_srcset": ["2x"],
    "download_all_examples": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn-skd"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages without chapters need no list of them.
ALONE = ("index", "auto_examples/index", "open_questions", "glossary", "references", "citing")
html_sidebars = {page: [] for page in ALONE}

# Labels of scikit-learn's own pages that its docstrings, inherited here, refer to.
SCIKIT_LEARN_PAGES = {
    "accuracy_score": "modules/model_evaluation.html#accuracy-score",
    "metadata_routing": "metadata_routing.html",
}


def link_to_scikit_learn(app, env, node, contnode):
    """Resolve such a label to an ordinary link; nothing is fetched to build it."""
    page = SCIKIT_LEARN_PAGES.get(node.get("reftarget"))
    if page is None:
        return None
    return reference("", "", contnode, refuri=f"https://scikit-learn.org/stable/{page}")


def quote_trailing_underscores(app, what, name, obj, options, lines):
    """Keep ``shape (n_features_in_,)`` from being read as a link, which a trailing _ makes."""
    lines[:] = [line.replace("(n_features_in_,)", "(`n_features_in_`,)") for line in lines]


def describe_instances(app, what, name, obj, options, lines):
    """Of an instance, such as ece_scorer, print the comment above it, not its class's text."""
    if what == "data":
        comments = ModuleAnalyzer.for_module(type(obj).__module__).find_attr_docs()
        lines[:] = comments.get(("", name.rpartition(".")[2]), lines)


def setup(app):
    """Connect the hooks above; the docstrings' before numpydoc's own, which has priority 500."""
    app.connect("missing-reference", link_to_scikit_learn)
    app.connect("autodoc-process-docstring", quote_trailing_underscores, priority=100)
    app.connect("autodoc-process-docstring", describe_instances, priority=100)
