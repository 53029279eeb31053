"""The view for reading in real front ends, worked by keyboard alone."""

import re

import pytest

LONG = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
from dari_nb.local import LocalDari, ToolCall, ToolResult
d = dari.connect("local")

@d.server.agent("worker")
def worker(prompt):
    for n in range(20):
        result = yield ToolCall(f"look_{n % 3}", {"step": n})
        yield ToolResult({"found": n} if n != 13 else "needle is not here", is_error=n == 13)
    yield f"Done with **{prompt}**. " + "All is well. " * 40

session = d.agents.get("worker").start()
for n in range(12):
    session.send(f"Task number {n}").wait()
"""

SHORT = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
session = dari.connect("local").agents.get("tour").send("Show me").wait().session
session.send("Again").wait()
"""


# What the reader sees, and where; after rows that were just drawn have been measured.
SEEN = """async () => {
  for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame);
  const edge = document.querySelector(".dari-reader [role=log]").getBoundingClientRect().top;
  return [...document.querySelectorAll(".dari-reader .dari-row")]
    .map((row) => [row.innerText, Math.round(row.getBoundingClientRect().top - edge)])
    .filter(([, top]) => top >= 0 && top < 200);
}"""


# Each drawn row begins where the one before it ends, or after it.
STACKED = """() => {
  const rows = [...document.querySelectorAll(".dari-reader .dari-row")];
  const boxes = rows.map((row) => [Number(row.dataset.place), row.getBoundingClientRect()]);
  boxes.sort(([one], [other]) => one - other);
  return boxes.every(([, box], n) => n === 0 || box.top > boxes[n - 1][1].bottom - 0.5);
}"""


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    book = lab_server.open_notebook(["shown = 1", "view = session.view(); view"])
    book.execute(LONG)
    yield book
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook, run again: its session is the same, its view is new."""
    notebook.page.set_viewport_size({"width": 1280, "height": 900})
    notebook.problems.clear()
    notebook.run_all()
    notebook.page.locator(".dari-reader .dari-row .dari-user").first.wait_for()
    return notebook


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_rows_stand_below_each_other_whatever_is_shown(notebook):
    short = notebook.server.open_notebook([SHORT, "session.view()"], "short.ipynb")
    short.run_all()
    short.page.locator(".dari-reader .dari-row .dari-user").first.wait_for()
    for name in ("tools", "tools", "answers", "tools"):
        short.page.locator(".dari-tools button", has_text=name).first.click()
        short.page.evaluate(SEEN)
        short.page.wait_for_function(STACKED)
    short.close()


def test_the_view_goes_on_with_its_session_without_moving_what_is_read(notebook):
    book = notebook.server.open_notebook([LONG, "session.view()"], "on.ipynb")
    page = book.page
    book.run_all()
    page.locator(".dari-reader .dari-row .dari-user").first.wait_for()
    scrolled = page.locator(".dari-reader [role=log]").evaluate(
        "e => { e.scrollTop = 300; return e.scrollTop }"
    )
    assert scrolled == 300
    before = page.evaluate(SEEN)
    book.execute("session.send('And one more').wait()")
    page.wait_for_function(
        "() => document.querySelector('.dari-kinds').textContent.includes('you 13')"
    )
    assert page.evaluate(SEEN) == before
    page.locator(".dari-reader [role=log]").focus()
    press(page, "End")
    page.locator(".dari-reader").get_by_text("Done with And one more").wait_for()
    book.close()


def test_a_view_prints_as_the_static_output_that_it_leaves(book):
    page = book.page
    kept = page.locator(".dari-kept .dari-answer").first
    kept.wait_for(state="attached")
    assert kept.is_hidden()
    page.emulate_media(media="print")
    kept.wait_for()
    assert page.locator(".dari-reader").is_hidden()
    page.emulate_media(media="screen")
    page.locator(".dari-reader").wait_for()


# Where the match is at which the reader stands, seen from the box and from the page.
IN_SIGHT = """() => {
  const [match] = CSS.highlights.get("dari-current");
  if (!match) return false;
  const { top, bottom } = match.getBoundingClientRect();
  let box = match.startContainer.parentElement;
  for (; box; box = box.parentElement) {
    const edge = box.getBoundingClientRect();
    if (!["auto", "scroll"].includes(getComputedStyle(box).overflowY)) continue;
    if (top < edge.top || bottom > edge.bottom) return false;
  }
  return bottom > top;
}"""
DEEP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari
d = dari.connect("local")

@d.server.agent("deep")
def deep(prompt):
    result = yield dari.local.ToolCall("read", {"n": prompt})
    lines = [f"line {n}" for n in range(14)] + [f"the needle of {prompt}"]
    yield dari.local.ToolResult("\\n".join(lines))
    yield "\\n\\n".join(f"Paragraph {n}. " + "All is well. " * 20 for n in range(12))

session = d.agents.get("deep").start()
for n in range(30):
    session.send(f"{n}").wait()
"""


def test_a_match_is_in_sight_wherever_it_is(lab):
    book = lab.open_notebook([DEEP, "session.view()"])
    book.run_all()
    page = book.page
    page.locator(".dari-reader .dari-row").first.wait_for()
    page.get_by_role("searchbox").fill("the needle")
    found = page.locator(".dari-count")
    found.filter(has_text=re.compile("^1 of 30 items$")).wait_for()
    for n in range(2, 12):
        page.wait_for_function(IN_SIGHT)
        page.get_by_role("button", name="Next match").click()
        found.filter(has_text=f"{n} of 30 items").wait_for()
    page.get_by_role("button", name="Previous match").click()
    page.wait_for_function(IN_SIGHT)
    page.get_by_role("searchbox").fill("needle of 17")
    found.filter(has_text=re.compile("^1 of 1 item$")).wait_for()
    page.wait_for_function(IN_SIGHT)


def test_views_on_one_page_keep_their_marks(lab):
    book = lab.open_notebook([DEEP, "session.view()", "session.view()"])
    book.run_all()
    page = book.page
    counts = "() => ['found', 'current'].map((name) => CSS.highlights.get(`dari-${name}`).size)"
    fields = page.get_by_role("searchbox")
    fields.nth(1).wait_for()
    found = page.locator(".dari-count")
    fields.nth(0).fill("needle of 3")
    found.nth(0).filter(has_text="1 of 1 item").wait_for()
    assert page.evaluate(counts) == [0, 1]
    fields.nth(1).fill("needle of 5")
    found.nth(1).filter(has_text="1 of 1 item").wait_for()
    assert page.evaluate(counts) == [0, 2]
    fields.nth(1).fill("")
    found.nth(1).filter(has_text="1 of 1 item").wait_for(state="detached")
    assert page.evaluate(counts) == [0, 1]
