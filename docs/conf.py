"""How the site is built: ``make docs``. Nothing is fetched from the network."""

import sys
from pathlib import Path

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
    "mathml",
]
exclude_patterns = ["_build"]
default_role = "literal"
html_math_renderer = "mathml"
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = True
numpydoc_class_members_toctree = False
numpydoc_show_inherited_class_members = True

html_theme = "pydata_sphinx_theme"
html_title = "sklearn-skd"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "user_guide": [], "examples": [], "references": []}
