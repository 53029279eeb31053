"""Keys pressed in a view stay there: the notebook does nothing that is not meant for it."""

import json

import pytest

from .keys import FOCUS, STATE, opened, opened_notebook, run_cell

PLAIN = [
    *("x", "d d", "a", "b", "c", "v", "z", "m", "y", "r", "0 0", "i i", "j", "k", "h", "l", "o"),
    *("q", "s", "f", "n", "p", "e", "t", "u", "/", "?", "1", "2", "3", "4", "5", "6", ","),
    *("Shift+M", "Shift+Z", "Shift+A", "Shift+B", "Shift+V", "Shift+L", "Shift+R", "Shift+K"),
    *("Shift+J", "Shift+ArrowUp", "Shift+ArrowDown", "Shift+Home", "Shift+End", "Delete"),
    *("Backspace", "Shift+Backspace", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"),
    *("Home", "End", "PageUp", "PageDown", "Escape", "Shift+Escape"),
]
CHORDS = [
    *("Control+a", "Control+z", "Control+Shift+z", "Control+y", "Control+c", "Control+x"),
    *("Control+Backspace", "Control+Shift+M", "Control+m", "Control+Shift+ArrowUp"),
    *("Control+Shift+ArrowDown", "Control+Shift+ArrowLeft", "Control+Shift+ArrowRight"),
    *("Control+Shift+-", "Control+ArrowUp", "Alt+ArrowUp", "Control+d", "Control+Home"),
]
PRESSING = ["Space", "Enter"]
# What the notebook did since the last time, and then the focus at a place of the view.
RAN_AND_FOCUS = f"(at) => [window.ran.splice(0), ({FOCUS})(at)]"


@pytest.fixture(scope="module")
def notebook(request, browser):
    yield from opened_notebook(request, browser)


@pytest.fixture
def book(notebook, view):
    notebook.problems.clear()
    run_cell(notebook, view)
    return notebook


def pressed(book, view, keys):
    """Press keys at every place of a view; returns what the notebook did at each."""
    page, did = book.page, {}
    opened(book, view)
    page.evaluate("() => { window.ran = []; }")
    page.wait_for_function("(view) => window.places(view).size > 5", arg=view)
    places = page.evaluate("(view) => [...window.places(view).keys()]", view)
    last = ""
    for place in places:
        for key in keys:
            ran, focus = page.evaluate(RAN_AND_FOCUS, [view, place])
            if ran:
                return {last: ran}
            if focus == "gone":
                opened(book, view)
                page.evaluate("() => { window.ran = []; }")
                focus = page.evaluate(FOCUS, [view, place])
            if focus == "gone":
                continue
            if focus == "deaf":
                did[place] = ["takes no focus"]
                break
            for one in key.split():
                page.keyboard.press(one)
            last = f"{key} at {place}"
    ran = page.evaluate("() => window.ran")
    return {last: ran} if ran else did


@pytest.mark.parametrize(
    ("notebook", "view"), [("lab", "chat"), ("notebook7", "live")], indirect=["notebook"]
)
def test_no_key_of_the_notebook_acts_on_it_from_within_a_view(book, view):
    before = book.page.evaluate(STATE)
    asked = []
    book.page.on("request", lambda request: asked.append((request.method, request.url)))
    assert pressed(book, view, [*PLAIN, *CHORDS, *PRESSING]) == {}
    assert book.page.evaluate(STATE) == before
    assert not [url for method, url in asked if method == "POST" and "/kernels/" in url]
    assert not book.problems, json.dumps(book.problems)
