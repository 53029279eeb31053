"""A notebook with every kind of output, executed without a page and exported to HTML."""

import runpy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

HERE = Path(__file__).parent
KINDS = runpy.run_path(str(HERE / "kinds.py"))
GitHub = runpy.run_path(str(HERE.parent / "render" / "test_github.py"))["GitHub"]
START, CELLS = KINDS["START"], KINDS["CELLS"]
# What nbconvert's own template asks for, and its pages of text do without.
NOT_NEEDED = ("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    book = new_notebook(cells=[new_code_cell(cell) for cell in (START, *CELLS)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    folder = tmp_path_factory.mktemp("exported")
    NotebookClient(book, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
    return book


def html_of(cell):
    bundles = [output.get("data", {}) for output in cell.outputs]
    return [bundle["text/html"] for bundle in bundles if "text/html" in bundle]


def shown(page, text):
    page.get_by_text(text).first.wait_for(state="attached")


def test_an_exported_page_shows_all_and_asks_nobody(notebook, browser, tmp_path):
    for name, value in {"as it is": {}, "alone": dict.fromkeys(NOT_NEEDED, "")}.items():
        html, _ = HTMLExporter(widget_renderer_url="", **value).from_notebook_node(notebook)
        file = tmp_path / f"{name}.html"
        file.write_text(html)
        page = browser.new_page()
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.route("http*://**", lambda route: route.abort())
        page.goto(file.as_uri())
        cells = page.locator(".jp-Cell")
        for number, text in enumerate(CELLS.values(), 1):
            shown(cells.nth(number), text)
        own = [url for url in asked if "/cdnjs.cloudflare.com/" not in url]
        assert own == [file.as_uri()]
        if value:
            assert asked == own
        page.screenshot(path=HERE / "shots" / "exported.png")
        page.close()


def test_outputs_hold_neither_widgets_nor_the_key(notebook):
    saved = nbformat.writes(notebook)
    assert "widget-view" not in saved
    assert "dari_local_" not in saved
    assert "widgets" not in notebook.metadata


def test_with_all_style_stripped_every_output_reads_in_order(notebook):
    texts = []
    for cell, expected in zip(notebook.cells[1:], CELLS.values(), strict=True):
        pages = [GitHub(html) for html in html_of(cell)]
        text = " ".join(" ".join(page.text for page in pages).split())
        assert expected in text, cell.source
        assert "style" not in "".join(page.html for page in pages)
        texts.append(text)
    for text in texts[:4]:
        order = ("You", "said in a turn", "look in the box", "found it", "helper", "small says")
        places = [text.index(words, text.index("You")) for words in order]
        assert places == sorted(places)
