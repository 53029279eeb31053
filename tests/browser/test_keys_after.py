"""Keys pressed where a view has just become static: the notebook does nothing by them."""

import pytest

from .keys import PLACES, STATE

START = """
%load_ext dari_nb
import os, time
from pathlib import Path
import dari_nb
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
d = dari_nb.connect("local")

@d.server.agent("gated")
def gated(prompt):
    yield dari_nb.local.Draft("the first ")
    while not Path("go").exists():
        time.sleep(0.02)
    yield "the first part"
"""
CELLS = {
    "waiting": ("%%dari_agent gated\nWhat?", ".dari-live"),
    "beside": ("turn = d.agents['gated'].send('What?'); turn", ".dari-live"),
    "batch": ("%%dari_batch gated\nWhat?", ".dari-matrix"),
}
STATIC = ".jp-OutputArea-output .dari:not(.dari-view)"
# Someone who presses a key again and again, also at the very moment when the view goes.
PRESSED = ("x", "d", "d", "a", "0", "0", "ArrowDown", "Shift+M", "x")


@pytest.fixture(params=["lab", "notebook7"])
def jupyter(request):
    return request.getfixturevalue(request.param)


def ended(jupyter, cell):
    """Click into what is written live in a cell, and press keys while it becomes static output."""
    code, live = CELLS[cell]
    book = jupyter.open_notebook([START, code, "after = 1"])
    page = book.page
    page.evaluate(PLACES)
    book.start_all()
    page.locator(live).get_by_text("What?").first.click()
    before = page.evaluate(STATE)
    page.evaluate("() => { window.ran = []; }")
    (jupyter.notebooks / "go").touch()
    while page.locator(live).count():
        page.keyboard.press("x")
    page.locator(STATIC).get_by_text("What?").first.wait_for()
    for key in PRESSED:
        page.keyboard.press(key)
    assert page.evaluate(STATE) == before
    assert page.evaluate("() => window.ran") == []
    return book


def left(book):
    """How many cells the notebook has."""
    return len(book.page.evaluate(STATE)["cells"])


@pytest.mark.parametrize("cell", CELLS)
def test_keys_pressed_in_a_view_do_nothing_to_the_notebook_when_it_has_become_static_output(
    jupyter, cell
):
    book = ended(jupyter, cell)
    page = book.page
    page.keyboard.press("Control+s")
    page.wait_for_function("() => window.ran.includes('docmanager:save')")
    assert left(book) == 3
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.wait_for_function("() => window.ran.includes('notebook:cut-cell')")
    assert left(book) == 2
    assert book.problems == []


def test_who_selects_the_cell_has_the_keys_of_the_notebook_again(jupyter):
    book = ended(jupyter, "waiting")
    page = book.page
    page.locator(".jp-InputPrompt").nth(1).click()
    page.keyboard.press("x")
    page.wait_for_function("() => window.ran.includes('notebook:cut-cell')")
    assert left(book) == 2
    assert book.problems == []


def test_keys_that_run_a_cell_run_it_from_what_it_has_saved(jupyter):
    book = ended(jupyter, "waiting")
    page = book.page
    book.save()
    book.reload()
    page.evaluate(PLACES)
    page.locator(STATIC).get_by_text("What?").first.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => window.ran.includes('notebook:run-cell')")
