"""Static outputs of hostile texts: nothing runs, nothing is loaded, and nothing is lost."""

import unicodedata
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter
from markdown_it import MarkdownIt
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

import dari_nb as dari

from .hostile import CORPUS, LONG

FORMS = {"text/html", "text/markdown", "text/plain"}
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# A reader of Markdown that trusts everything it is given.
TRUSTING = MarkdownIt("commonmark", {"html": True}).enable("table")
TRUSTING.validateLink = lambda url: True
NO_CDN = dict.fromkeys(("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url"), "")
# Each output in its place; what a page writes anew is parsed anew.
PAGE = """<!doctype html><meta charset=utf-8><body>{}
<script>for (const each of document.querySelectorAll("section")) each.innerHTML = each.innerHTML;
</script>"""


def shown(value: Any) -> dict[str, str]:
    """Return what a front end without live views gets for the object at the end of a cell."""
    formatter = DisplayFormatter()
    formatter.ipython_display_formatter.enabled = False
    bundle: dict[str, str] = formatter.format(value)[0]
    return bundle


@pytest.fixture(scope="module")
def outputs(hostile, tmp_path_factory):
    """Return all static outputs, by group of texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("ratings"))
        return {group: outputs_of(hostile.url(group), texts) for group, texts in CORPUS.items()}


def outputs_of(url, texts):
    with dari.Dari(url, "key") as d:
        session = d.sessions.get(LONG)
        sessions = d.sessions.list()
        batch = d.batches.from_runs(sessions, task="task", score_columns=["exact"])
        with session.workspace() as workspace:
            files = shown(workspace)
        return {
            "agents": shown(d.agents),
            "sessions": shown(sessions),
            "session": shown(session),
            "turn": shown(session.turn()),
            "batch": shown(batch),
            "comparison": shown(batch.compare(texts[0], texts[1])),
            "trajectories": shown(batch.trajectories()),
            "batches": shown(dari.compare_batches(batch, batch)),
            "files": files,
        }


every_group = pytest.mark.parametrize("group", CORPUS)


@every_group
def test_static_outputs_have_three_forms(outputs, group):
    bundles = outputs[group]
    assert {name: set(bundle) for name, bundle in bundles.items()} == dict.fromkeys(bundles, FORMS)


@pytest.mark.parametrize("form", ["text/html", "text/markdown"])
@every_group
def test_output_on_page_is_inert(outputs, open_page, group, form):
    texts = [bundle[form] for bundle in outputs[group].values()]
    htmls = texts if form == "text/html" else map(TRUSTING.render, texts)
    sections = "".join(f"<section>{html}</section>" for html in htmls)
    inert = open_page(PAGE.format(sections))
    inert.check()
    page = inert.page
    assert page.locator("section").count() == len(texts)
    assert page.locator("body > :not(section, script)").count() == 0
    assert page.locator("script").count() == 1


@every_group
def test_plain_text_has_no_control_characters(outputs, group):
    for bundle in outputs[group].values():
        controls = {c for c in bundle["text/plain"] if unicodedata.category(c) == "Cc"}
        assert controls <= {"\n", "\t"}
        assert not BIDI & set(bundle["text/plain"])


@pytest.mark.parametrize("form", sorted(FORMS))
@every_group
def test_every_text_is_shown(outputs, group, form):
    for name in ("agents", "sessions", "session", "batch"):
        shown = outputs[group][name][form].lower().count("needle")
        assert shown >= len(CORPUS[group]), name


def test_exported_notebook_is_inert(outputs, open_page):
    bundles = [group[name] for group in outputs.values() for name in ("session", "batch")]
    shown = [new_output("display_data", data=bundle) for bundle in bundles]
    notebook = new_notebook(cells=[new_code_cell("", outputs=shown)])
    html, _ = HTMLExporter(**NO_CDN).from_notebook_node(notebook)
    open_page(html).check()
