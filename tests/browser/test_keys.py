"""Keys pressed in a view stay there: the notebook hears what is meant for it, and nothing else."""

import json

import pytest

SETUP = """
import os
os.environ["DARI_LOCAL_PACE"] = "0"
import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult
d = dari.connect("local")

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt, turn):
    yield ToolCall("look", {"where": "in the box"})
    yield ToolResult("found it")
    if prompt == "ask":
        yield ToolCall("remove_rows", {"table": "orders"}, external=True)
    yield f"**{turn.llm_id}** says: {prompt}, see [the manual](https://example.com)"

@dari.tool
def remove_rows(table: str) -> str:
    "Remove rows of a table."
    return "removed"

helper = d.agents.get("helper")
told = helper.send("first", llm="small").wait()
batch = d.batches.run("helper", ["one", "two"], llms=["small", "large"])
batch.wait()
"""
CELLS = {
    "live": "turn = helper.send('ask', tools=[remove_rows]); turn",
    "reader": "told.session.view()",
    "chat": "told.session.chat()",
    "matrix": "matrix = batch.view(); matrix",
    "sessions": "browser = d.sessions.view(); browser",
    "player": "player = told.session.player(); player",
    "parting": "paths = batch.paths(0); paths",
}
# What opens as much as there is: menus, a transcript beside, folds.
OPENED = {
    "live": ".dari-live .dari-question",
    "reader": ".dari-reader .dari-answer",
    "chat": ".dari-chat .dari-answer",
    "matrix": ".dari-pane .dari-answer",
    "sessions": ".dari-beside details",
    "player": ".dari-player .dari-user",
    "parting": ".dari-parting .dari-log details, .dari-parting .dari-log .dari-answer",
}
OPENING = {
    "matrix": ".dari-matrix [data-cell]",
    "sessions": ".dari-sessions tbody button",
    "parting": ".dari-parting [name=run]",
}
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
FOCUSABLE = "a[href], button, input:not([type=file]), select, textarea, summary, [tabindex]"
# The first of each kind of place that can have the focus, and the ground of the view itself.
PLACES = f"""() => {{
  const deep = (root) => [...root.querySelectorAll("*")].flatMap((e) =>
    e.shadowRoot ? [e, ...deep(e.shadowRoot)] : [e]);
  const isOpen = (e) => e.isConnected && e.checkVisibility({{ visibilityProperty: true }}) &&
    !e.disabled && !e.closest("[inert]");
  window.places = (view) => {{
    const root = deep(document).find((e) => e.matches(`.dari-view.dari-${{view}}`));
    const places = new Map(root ? [["ground", root]] : []);
    if (!root) return places;
    for (const e of root.querySelectorAll("{FOCUSABLE}")) {{
      if (!isOpen(e)) continue;
      const around = e.parentElement.closest("[class]").className;
      const name = `${{e.localName}} ${{e.type ?? ""}} in ${{around}}`;
      if (!places.has(name)) places.set(name, e);
    }}
    return places;
  }};
  // To look for all of them at each key would take longer than all the keys.
  const known = {{}};
  window.at = (view, place) => {{
    if (!known[view]?.has(place) || !isOpen(known[view].get(place)))
      known[view] = window.places(view);
    return known[view].get(place);
  }};
  window.ran = [];
  window.jupyterapp?.commands.commandExecuted.connect((_, {{ id }}) => void window.ran.push(id));
}}"""
FOCUS = """([view, place]) => {
  const element = window.at(view, place);
  element?.focus({ preventScroll: true });
  const active = element?.getRootNode().activeElement;
  return active === element ? "there" : element ? "deaf" : "gone";
}"""
# What the notebook did since the last time, and then the focus at a place of the view.
RAN_AND_FOCUS = f"(at) => [window.ran.splice(0), ({FOCUS})(at)]"
# Views are built as the reader comes near.
HAS_PLACE = "([view, place]) => [...window.places(view).keys()].some((n) => n.startsWith(place))"
STATE = """() => {
  const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
  return {
    cells: content.widgets.map(({ model }) => [model.id, model.type, model.sharedModel.source]),
    kernel: sessionContext.session.kernel.id,
    dialogs: document.querySelectorAll(".jp-Dialog").length,
    selected: content.selectedCells.length,
  };
}"""


@pytest.fixture(scope="module", params=["lab", "notebook7"])
def notebook(request, browser):
    server = request.getfixturevalue(f"{request.param}_server")
    server.look_with(browser)
    book = server.open_notebook([*CELLS.values(), "counted = 1"], "keys.ipynb")
    book.execute(SETUP)
    book.page.evaluate(PLACES)
    book.page.on("filechooser", lambda _: None)
    yield book
    server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook, run again: its views are new."""
    notebook.problems.clear()
    notebook.run_all()
    for view in CELLS:
        notebook.page.locator(f".dari-view.dari-{view}").first.wait_for()
    return notebook


def opened(book, view):
    """Have everything of a view on the page that it can show."""
    page = book.page
    for field in page.locator(f".dari-{view} input[type=search]:visible").all():
        field.fill("")
    if view == "live" and not page.locator(OPENED[view]).first.is_visible():
        book.run_all()  # its question was answered, and its turn has ended
    if view in OPENING and not page.locator(OPENED[view]).first.is_visible():
        page.locator(OPENING[view]).first.click()
    page.locator(OPENED[view]).first.wait_for()
    page.evaluate(
        "(view) => window.places(view).get('ground')"
        ".querySelectorAll('details').forEach((e) => { e.open = true; })",
        view,
    )


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


@pytest.mark.parametrize("view", CELLS)
def test_no_key_of_the_notebook_acts_on_it_from_within_a_view(book, view):
    before = book.page.evaluate(STATE)
    asked = []
    book.page.on("request", lambda request: asked.append((request.method, request.url)))
    assert pressed(book, view, [*PLAIN, *CHORDS, *PRESSING]) == {}
    assert book.page.evaluate(STATE) == before
    assert not [url for method, url in asked if method == "POST" and "/kernels/" in url]
    assert not book.problems, json.dumps(book.problems)


RUNNING = {
    "Shift+Enter": "runmenu:run",
    "Control+Enter": "notebook:run-cell",
    "Alt+Enter": "notebook:run-cell-and-insert-below",
}


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


@pytest.mark.parametrize(
    ("view", "place"),
    [
        ("live", "ground"),
        ("reader", "summary"),
        ("matrix", "td"),
        ("sessions", "tr"),
        ("chat", "button"),
    ],
)
@pytest.mark.parametrize("key", RUNNING)
def test_keys_that_run_the_cell_run_it(book, view, place, key):
    page = book.page
    opened(book, view)
    page.wait_for_function(HAS_PLACE, arg=[view, place])
    places = page.evaluate("(view) => [...window.places(view).keys()]", view)
    named = next(name for name in places if name.startswith(place))
    assert page.evaluate(FOCUS, [view, named]) == "there"
    page.evaluate("() => { window.ran = []; }")
    page.keyboard.press(key)
    heard(book, RUNNING[key])


@pytest.mark.parametrize("view", CELLS)
def test_who_clicks_on_the_ground_of_a_view_is_in_it(book, view):
    page = book.page
    opened(book, view)
    before = page.evaluate(STATE)
    page.evaluate("() => { window.ran = []; }")
    page.locator(f".dari-view.dari-{view}").first.click(position={"x": 2, "y": 2})
    for key in ("x", "d", "d", "m", "Shift+M", "Control+Backspace"):
        page.keyboard.press(key)
    assert page.evaluate("() => window.ran") == []
    assert page.evaluate(STATE) == before


@pytest.mark.parametrize("view", CELLS)
def test_a_sequence_of_keys_does_not_cross_the_border(book, view):
    page = book.page
    before = page.evaluate(STATE)
    opened(book, view)
    in_the_notebook = "() => document.querySelector('.jp-Notebook .jp-Cell').focus()"
    for key in ("d", "0", "i"):
        page.evaluate(in_the_notebook)
        page.keyboard.press(key)
        page.evaluate(FOCUS, [view, "ground"])
        page.keyboard.press(key)
        page.keyboard.press(key)
        page.evaluate(in_the_notebook)
        page.keyboard.press("Escape")
        page.evaluate(FOCUS, [view, "ground"])
        page.keyboard.press(key)
        page.evaluate(in_the_notebook)
        page.keyboard.press(key)
        page.keyboard.press("Escape")
    assert page.evaluate(STATE) == before


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
