"""Views beside each other: none changes how another looks, and every ring is seen whole."""

import pytest

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
from dari_nb.models import UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript
d = dari.connect("local")
session = d.agents.get("tour").send("Show me").wait().session
session.send("Again").wait()
batch = d.batches.run("echo", tasks=["one", "two"])
batch.wait()
batch.rate(batch.cells[0], "quality", 4)
"""
VIEWS = {
    "live": "live = LiveTranscript()\n"
    "live.show([UserMessageItem(id='u', message_id='m', content=[text_block('Hello')])],"
    " Head('tour', 'small', 'running'))\nlive",
    "reader": "session.view()",
    "chat": "chat = session.chat(); chat",
    "sessions": "d.sessions.view()",
    "matrix": "batch.view()",
    "player": "session.player()",
    "trajectories": "dari.trajectories([session, session]).view()",
}
# How a view looks beside the sheets of all views, where it differs from how it looks alone.
DIFFERENT = """async (name) => {
  const root = document.querySelector(`.dari-${name}`);
  root.scrollIntoView();  // rows of a matrix are laid out where they are seen
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  const sheets = [...document.styleSheets].filter((sheet) =>
    [...sheet.cssRules].some((rule) => rule.selectorText?.includes(".dari-view")));
  const own = sheets.filter((sheet) =>
    [...sheet.cssRules].some((rule) => rule.selectorText?.endsWith(`.dari-${name}`)));
  // One element of each tag and classes, in a parent of its classes, looks as others do.
  const names = ({ tagName, className, parentElement: { className: around } }) =>
    `${tagName} ${className} ${around}`;
  const kinds = new Map();
  for (const element of root.querySelectorAll("*")) kinds.set(names(element), element);
  const elements = [root, ...kinds.values()];
  const looks = () => elements.map((element) => {
    const style = getComputedStyle(element);
    return [...style].map((property) => `${property}: ${style.getPropertyValue(property)}`);
  });
  for (const sheet of sheets) sheet.disabled = !own.includes(sheet);
  const alone = looks();
  for (const sheet of sheets) sheet.disabled = false;
  const beside = looks();
  return [sheets.length, own.length, elements.flatMap((element, index) =>
    alone[index].flatMap((look, place) => look === beside[index][place] ? [] :
      [`${element.tagName}.${element.className} ${look} -> ${beside[index][place]}`]))];
}"""
# Whatever takes the focus by Tab, with a ring that a box around it cuts off.
CUT_OFF = """async (name) => {
  const root = document.querySelector(`.dari-${name}`);
  const places = "button, input, select, textarea, summary, a[href], [tabindex='0']";
  const cut = [];
  for (const element of root.querySelectorAll(places)) {
    if (!element.checkVisibility() || element.disabled) continue;
    element.focus({ focusVisible: true });
    if (document.activeElement !== element) continue;
    const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(element);
    const isField = element.matches(".dari-composer > textarea");
    if (outlineStyle !== "solid" && !isField) cut.push(`no ring of ours: ${element.outerHTML}`);
    const wide = isField ? 0 : parseFloat(outlineWidth) + parseFloat(outlineOffset);
    const { left, right, top, bottom } = element.getBoundingClientRect();
    let scrolls = false;
    for (let box = element.parentElement; box; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      const edge = box.getBoundingClientRect();
      if (overflowX === "visible" || edge.width === 0) continue;
      if (left - wide < edge.left - 0.5 || right + wide > edge.right + 0.5)
        cut.push(`cut off by ${box.className}: ${element.outerHTML.slice(0, 120)}`);
      // What a box scrolls away, it brings back; nothing around that box cuts it off.
      scrolls ||= box.scrollHeight > box.clientHeight;
      if (!scrolls && (top - wide < edge.top - 0.5 || bottom + wide > edge.bottom + 0.5))
        cut.push(`cut off above or below by ${box.className}: ${element.outerHTML.slice(0, 120)}`);
      if (box === root.parentElement) break;
    }
  }
  return cut;
}"""


@pytest.fixture(scope="module")
def book(lab_server, browser):
    lab_server.look_with(browser)
    book = lab_server.open_notebook([SETUP, *VIEWS.values()])
    book.run_all()
    for name in VIEWS:
        book.page.locator(f".dari-{name}").first.wait_for()
    yield book
    lab_server.clear()


def test_a_view_looks_beside_others_as_it_does_alone(book):
    for name in VIEWS:
        sheets, own, different = book.page.evaluate(DIFFERENT, name)
        assert sheets >= len(VIEWS)  # and those that other pages of the day left
        assert own > 0
        assert different == [], name


def test_every_ring_is_seen_whole(book):
    book.page.set_viewport_size({"width": 700, "height": 900})
    cut_off = {name: book.page.evaluate(CUT_OFF, name) for name in VIEWS}
    assert cut_off == {name: [] for name in VIEWS}
