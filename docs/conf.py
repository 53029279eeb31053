"""Settings of the documentation site; `make docs` builds it into `docs/_build/html`."""

import sys
from pathlib import Path

from sphinx_markdown_builder.translator import MarkdownTranslator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = "dari_nb"
html_show_copyright = False
html_title = "dari_nb"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_llm.txt",
]
exclude_patterns = [
    "_build",
    "lessons/pictures",
    "lessons/packing.md",
    "lessons/.ipynb_checkpoints",
]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["outputs.css"]
myst_heading_anchors = 3
# No page has formulas. The default would load MathJax from another host.
mathjax_path = "none.js"

autodoc_typehints = "none"
autodoc_member_order = "bysource"

nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True
# No widget scripts from another host, and static HTML instead of live views.
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("*", "text/html", 1)]

suppress_warnings = ["misc.highlighting_failure"]  # magics aren't Python

# Both builders would execute the lessons at the same time.
llms_txt_build_parallel = False

# The Markdown builder doesn't know the node of `*` in signatures.
MarkdownTranslator.visit_abbreviation = lambda self, node: None
MarkdownTranslator.depart_abbreviation = lambda self, node: None
