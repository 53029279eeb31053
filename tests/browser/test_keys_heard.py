"""Keys that are meant for the notebook reach it from within a view: saving, leaving."""

import pytest

from .keys import CELLS, FOCUS, opened, opened_notebook, run_cell


@pytest.fixture(scope="module", params=["lab", "notebook7"])
def notebook(request, browser):
    yield from opened_notebook(request, browser)


@pytest.fixture
def book(notebook, view):
    notebook.problems.clear()
    run_cell(notebook, view)
    return notebook


def heard(book, command):
    """Wait until the notebook has executed a command."""
    book.page.wait_for_function("(id) => window.ran.includes(id)", arg=command)


@pytest.mark.parametrize("view", CELLS)
def test_a_notebook_is_saved_from_any_place_of_a_view(book, view):
    page = book.page
    opened(book, view)
    for place in page.evaluate("(view) => [...window.places(view).keys()]", view):
        page.evaluate("() => { window.ran = []; }")
        assert page.evaluate(FOCUS, [view, place]) == "there"
        page.keyboard.press("Control+s")
        heard(book, "docmanager:save")
    assert not book.problems


@pytest.mark.parametrize("view", CELLS)
def test_tab_leads_from_the_cell_into_a_view_and_back(book, view):
    page = book.page
    opened(book, view)
    within = "(view) => window.places(view).get('ground').contains(document.activeElement)"
    page.evaluate("(view) => window.places(view).get('ground').closest('.jp-Cell').focus()", view)
    for key, inside in (("Tab", True), ("Shift+Tab", False)):
        for _ in range(60):
            page.keyboard.press(key)
            if page.evaluate(within, view) == inside:
                break
        assert page.evaluate(within, view) == inside


FIELDS = """(view) => [...window.places(view)].filter(([, e]) =>
  e.matches("textarea, input:not([type=checkbox], [type=number])") && !e.value).map(([n]) => n)"""
VALUE = "([view, place]) => window.at(view, place).value"


@pytest.mark.parametrize("view", ["live", "reader", "chat", "matrix", "sessions"])
def test_what_is_typed_in_a_field_is_undone_there(book, view):
    page = book.page
    opened(book, view)
    fields = page.evaluate(FIELDS, view)
    assert fields
    for place in fields:
        assert page.evaluate(FOCUS, [view, place]) == "there"
        page.keyboard.type("ab")
        assert page.evaluate(VALUE, [view, place]) == "ab"
        page.keyboard.press("Control+z")
        # It is undone at once or letter by letter; what more is undone was typed elsewhere.
        if page.evaluate(VALUE, [view, place]):
            page.keyboard.press("Control+z")
        assert page.evaluate(VALUE, [view, place]) == ""
        page.keyboard.press("Control+Shift+z")
        assert page.evaluate(VALUE, [view, place]).startswith("a")
