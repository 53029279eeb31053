"""A notebook with a turn and a chat, and the places of a view that can have the focus."""

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
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
"""
CELLS = {
    "live": "turn = helper.send('ask', tools=[remove_rows]); turn",
    "chat": "told.session.chat()",
}
OPENED = {"live": ".dari-live .dari-question", "chat": ".dari-chat .dari-answer"}
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
STATE = """() => {
  const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
  return {
    cells: content.widgets.map(({ model }) => [model.id, model.type, model.sharedModel.source]),
    kernel: sessionContext.session.kernel.id,
    dialogs: document.querySelectorAll(".jp-Dialog").length,
    selected: content.selectedCells.length,
  };
}"""

RUN = """async (cell) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.deselectAll();
  content.activeCellIndex = cell;
  await window.jupyterapp.commands.execute("notebook:run-cell");
}"""


def opened_notebook(request, browser):
    """Open it in a host, and close it when its tests have ended."""
    server = request.getfixturevalue(f"{request.param}_server")
    server.look_with(browser)
    book = server.open_notebook([*CELLS.values(), "counted = 1"], "keys.ipynb")
    book.execute(SETUP)
    book.page.evaluate(PLACES)
    book.page.on("filechooser", lambda _: None)
    # Behind a page that a link opened this one would be drawn once a second.
    book.page.on("popup", lambda opened: opened.close())
    book.run_all()
    yield book
    server.clear()


def run_cell(book, view):
    """Have a new view in its cell."""
    book.page.evaluate(RUN, list(CELLS).index(view))
    book.page.locator(f".dari-view.dari-{view}").first.wait_for()


def opened(book, view):
    """Have everything of a view on the page that it can show."""
    page = book.page
    # Views are built as the reader comes near.
    page.locator(f".dari-view.dari-{view}").first.scroll_into_view_if_needed()
    for field in page.locator(f".dari-{view} input[type=search]:visible").all():
        field.fill("")
    if view == "live" and not page.locator(OPENED[view]).first.is_visible():
        run_cell(book, view)  # its question was answered, and its turn has ended
    page.locator(OPENED[view]).first.wait_for()
    page.evaluate(
        "(view) => window.places(view).get('ground')"
        ".querySelectorAll('details').forEach((e) => { e.open = true; })",
        view,
    )
