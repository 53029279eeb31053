"""Charts are as wide as their cell, wherever they are seen, and follow it."""

from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

START = """
import dari_nb as dari
from dari_nb.frames import BatchCell, batch_frame
names = ["small", "large", "a-rather-long-name-of-a-model"]
frame = batch_frame(
    BatchCell(
        task_index=task,
        llm_id=name,
        scores={"points": 1000.0 + 40 * task + 30 * place},
        cost_usd=f"0.00{3 - place}",
        latency_s=1 + place + task * 37 % 11 / 4,
    )
    for task in range(30)
    for place, name in enumerate(names)
)
"""
CELLS = ["dari.plot_scores(frame)", "dari.plot_cost(frame)", "dari.plot_latency(frame)"]
# Of each chart: the width that there is, that of what is drawn, the size of its letters, and by how
# much its words are cut off.
MEASURED = """() => [...document.querySelectorAll(".dari-plot")].map((plot) => {
  const [drawn] = [...plot.querySelectorAll("svg")].filter((each) => each.clientWidth > 0);
  const inner = getComputedStyle(plot.parentElement);
  // Narrow exported pages make rows of outputs, which have no padding.
  const padding = inner.display === "table-row" ? 0
    : parseFloat(inner.paddingLeft) + parseFloat(inner.paddingRight);
  const [box, texts] = [drawn.getBoundingClientRect(), [...drawn.querySelectorAll("text")]];
  const sides = texts.map((text) => text.getBoundingClientRect()).filter((side) => side.width > 0);
  return {
    room: plot.parentElement.clientWidth - padding,
    drawn: box.width,
    letters: 12 * box.width / drawn.viewBox.baseVal.width,
    cut: Math.max(...sides.map(({ left, right }) => Math.max(box.left - left, right - box.right))),
    shown: [...plot.querySelectorAll("svg")].filter((each) => each.clientWidth > 0).length,
  };
})"""


def fit(page, widths, least):
    """Look at all charts in windows of these widths."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"() => innerWidth === {width}")
        measured = page.evaluate(MEASURED)
        assert len(measured) == len(CELLS)
        for chart in measured:
            assert abs(chart["room"] - chart["drawn"]) < 2, (width, chart)
            assert chart["shown"] == 1
            assert chart["letters"] >= least, (width, chart)
            assert chart["cut"] < 1, (width, chart)


def test_charts_fill_their_cells_and_follow_the_window(lab):
    book = lab.open_notebook([START, *CELLS])
    book.run_all()
    book.page.locator(".dari-plot").nth(2).wait_for()
    book.command("application:toggle-left-area")
    fit(book.page, (1400, 900, 640, 400), least=9)
    book.shot("plots", width=1000)
    assert book.problems == []


def test_charts_of_an_exported_page_fill_it_and_ask_nobody(browser, tmp_path):
    book = new_notebook(cells=[new_code_cell(cell) for cell in (START, *CELLS)])
    NotebookClient(book, timeout=180, resources={"metadata": {"path": str(tmp_path)}}).execute()
    html, _ = HTMLExporter(widget_renderer_url="").from_notebook_node(book)
    file = tmp_path / "plots.html"
    file.write_text(html)
    page = browser.new_page()
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri())
    fit(page, (1400, 640, 400), least=9)
    page.screenshot(path=tmp_path / "plots.png")
    page.close()
