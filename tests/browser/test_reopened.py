"""Every kind of output in a notebook that is saved, and opened again when its kernel is gone."""

import runpy
from pathlib import Path

import pytest
from nbconvert import HTMLExporter

KINDS = runpy.run_path(str(Path(__file__).with_name("kinds.py")))
START, CELLS = KINDS["START"], KINDS["CELLS"]


SAVES_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
"""Whether the widgets' state is saved with a notebook, which a reader may have set."""


@pytest.fixture
def opened(request):
    """A notebook of every kind, and whether the state of its widgets is saved with it."""
    front_end, saves_state = request.param
    book = request.getfixturevalue(front_end).open_notebook([START, *CELLS], "kinds.ipynb")
    if saves_state:
        book.command(SAVES_STATE)
    yield book, saves_state
    if saves_state:
        book.command(SAVES_STATE)


@pytest.mark.parametrize("opened", [("notebook7", False), ("lab", True)], indirect=True)
def test_all_that_was_shown_is_shown_again(opened):
    book, saves_state = opened
    server = book.server
    book.run_all()
    outputs = book.page.locator(".jp-Cell")
    for number, text in enumerate(CELLS.values(), 1):
        outputs.nth(number).get_by_text(text).first.wait_for(state="attached")
    book.page.locator(".dari-kept").get_by_text("large says").first.wait_for(state="attached")
    key = book.execute("print(d.server.api_key)").strip()
    saved = book.save()
    exported, _ = HTMLExporter().from_notebook_node(saved)
    assert "said in a turn" in exported
    assert "A view that lives" not in exported
    server.shutdown_kernels()
    errors = [o for cell in saved.cells for o in cell.outputs if o.output_type == "error"]
    assert errors == []
    assert ("widgets" in saved.metadata) == saves_state
    assert key
    assert key not in book.path.read_text()
    book.reload()
    for number, text in enumerate(CELLS.values(), 1):
        cell = outputs.nth(number)
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-OutputArea").get_by_text(text).filter(visible=True).first.wait_for()
    assert not book.page.get_by_text("model not found").first.is_visible()
    book.shot("reopened")
