"""The reader keeps their place when what they read live becomes static output."""

SETUP = """
%load_ext dari_nb
import os, time
from pathlib import Path
import dari_nb
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
d = dari_nb.connect("local")
from dari_nb.local import ToolCall, ToolResult
FOX = "The quick brown fox jumps over the lazy dog. " * 6

def writer(parts, calls):
    def write(prompt):
        for n in range(parts):
            yield f"**Part {n}**\\n\\n{FOX}"
            for k in range(calls):
                yield ToolCall("note", {"n": n, "k": k})
                yield ToolResult({"ok": True})
        while prompt in ("Write.", "task 8") and not Path("go").exists():
            time.sleep(0.02)
    return write

d.server.agent("calls")(writer(2, 7))
d.server.agent("long")(writer(40, 1))
"""
AT_THE_END = """() => {
  const log = document.querySelector(".dari-live .dari-log");
  return log.scrollTop + log.clientHeight > log.scrollHeight - 2;
}"""
AFTER = "print('\\n'.join(f'line {n}' for n in range(90)))"
WRITE = "%%dari_agent {}\nWrite."
ASIDE = "%%dari_agent {} --bg\nWrite."
# Where a line is in every frame, until another one is watched.
WATCH = """([selector, words]) => {
  const line = () => [...document.querySelectorAll(selector)]
    .find((e) => e.textContent.includes(words));
  const seen = (window.seen = []);
  const note = () => {
    if (window.seen !== seen) return;
    seen.push(line()?.getBoundingClientRect().top ?? null);
    requestAnimationFrame(note);
  };
  note();
}"""
PART = ".jp-OutputArea-output .dari strong"


def read(page):
    """Have been there for as long as somebody who reads is."""
    page.wait_for_timeout(2500)


def open_gate(server):
    (server.notebooks / "go").touch()


def written(book):
    """Wait until all is there that comes before the gate, and the reader at its end."""
    calls = book.page.locator(".dari-live .dari-call[data-state=completed]")
    calls.filter(has_text="39 · 0").first.wait_for()
    book.page.wait_for_function(AT_THE_END)


def become_static_output(book, selector, words, live=".dari-live"):
    """Let live become static output.

    Returns how far a line moves in any frame, and by how much its cell grows.
    """
    page = book.page
    area = page.locator(".jp-OutputArea:has(.dari)").first
    before = area.bounding_box()["height"]
    page.evaluate(WATCH, [selector, words])
    open_gate(book.server)
    page.locator(live).wait_for(state="detached")
    page.locator(".jp-OutputArea-output .dari").first.wait_for(state="attached")
    frames = page.evaluate("window.seen.length")
    page.wait_for_function("(n) => window.seen.length > n + 5", arg=frames)
    seen = page.evaluate("window.seen")
    assert None not in seen
    return max(seen) - min(seen), area.bounding_box()["height"] - before


def test_what_is_read_at_the_end_stays_where_it_is(lab):
    book = lab.open_notebook([SETUP, WRITE.format("long")])
    book.start_all()
    written(book)
    moved, grown = become_static_output(book, PART, "Part 39")
    assert moved <= 40
    assert abs(grown) <= 40


def test_what_is_read_in_the_middle_stays_where_it_is(lab):
    book = lab.open_notebook([SETUP, WRITE.format("long")])
    book.start_all()
    page = book.page
    written(book)
    log = page.locator(".dari-live .dari-log")
    log.scroll_into_view_if_needed()
    log.hover()
    page.mouse.wheel(0, -3000)
    page.locator(".dari-latest").wait_for()
    call = log.locator(".dari-call").nth(15)
    call.scroll_into_view_if_needed()
    call.locator("summary").click()
    words = call.locator("xpath=preceding-sibling::*[1]").locator("strong").inner_text()
    moved, grown = become_static_output(book, PART, words)
    assert moved <= 40
    assert abs(grown) <= 40
    static = page.locator(".jp-OutputArea-output .dari")
    assert static.locator(".dari-call[open]").count() == 1
    assert page.evaluate("document.activeElement.textContent").startswith("note")
    static.get_by_text("show all: 1 message, 40 answers, 40 calls").click()
    assert static.bounding_box()["height"] > 3000
    static.get_by_text("show all").click()
    assert static.bounding_box()["height"] < 900


def test_what_is_read_below_a_turn_stays_where_it_is(lab):
    book = lab.open_notebook([SETUP, ASIDE.format("long"), AFTER, AFTER])
    book.run_all()
    page = book.page
    written(book)
    page.locator(".jp-Cell").nth(3).scroll_into_view_if_needed()
    moved, _ = become_static_output(book, ".jp-Cell:nth-child(4) pre", "line 0")
    assert moved <= 40


def test_rows_of_a_batch_stay_where_they_are(lab):
    batch = "batch = d.batches.run('calls', tasks=[f'task {n}' for n in range(9)])"
    book = lab.open_notebook([SETUP, f"{batch}\n_ = batch.follow()"])
    book.start_all()
    matrix = book.page.locator(".dari-matrix")
    matrix.get_by_text("8 done").wait_for()
    matrix.get_by_text("task 1").first.scroll_into_view_if_needed()
    read(book.page)
    cells = ".jp-OutputArea-output :is(th, td)"
    moved, grown = become_static_output(book, cells, "task 1", live=".dari-matrix")
    assert moved <= 40
    assert abs(grown) <= 450  # half of what is seen
    book.shot("place-batch")


MARK = """([first, last]) => {
  const words = (name) => [...document.querySelectorAll(".dari-live .dari-answer")]
    .find((answer) => answer.textContent.includes(name)).querySelectorAll("p")[1].firstChild;
  getSelection().setBaseAndExtent(words(first), 4, words(last), 19);
}"""
MARKED = """() => {
  const { anchorNode, focusNode } = getSelection();
  const inStaticOutput = (node) => node?.parentElement?.closest(".dari:not(.dari-view)") != null;
  return inStaticOutput(anchorNode) && inStaticOutput(focusNode) ? String(getSelection()) : null;
}"""


def test_what_is_marked_stays_marked(lab):
    book = lab.open_notebook([SETUP, ASIDE.format("calls")])
    book.run_all()
    page = book.page
    page.locator(".dari-live").get_by_text("Part 1", exact=True).wait_for()
    page.evaluate(MARK, ["Part 0", "Part 1"])
    open_gate(book.server)
    page.locator(".dari-live").wait_for(state="detached")
    page.wait_for_function(f"() => ({MARKED})() !== null")
    marked = page.evaluate(MARKED)
    assert marked.startswith("quick brown fox")
    assert marked.endswith("The quick brown fox")
    assert marked != "quick brown fox"
