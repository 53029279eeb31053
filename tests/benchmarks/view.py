"""The view for reading in JupyterLab: 10,000 items, an item of 1 MB, ten views in one notebook."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from rows import Row, at_most, print_rows

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.browser.test_matrix import BOARD
from tests.jupyter import CHROMIUM_FLAGS, Jupyter, Notebook, chromium_path

ITEMS = """
import random
from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import TranscriptView

random.seed(1)
WORDS = "alpha beta gamma delta epsilon zeta eta theta".split()

def turn(n):
    text = " ".join(random.choices(WORDS, k=random.randint(3, 300)))
    asked = [text_block(f"Question {n}: {text[:80]}")]
    yield UserMessageItem(id=f"u{n}", message_id=f"m{n}", content=asked)
    for letter in "cd":
        yield ToolCallItem(id=f"{letter}{n}", message_id=f"m{n}", tool_call_id=f"{letter}{n}",
                           tool_name=f"tool_{n % 5}", arguments={"n": n}, status="completed",
                           result={"ok": n})
    yield AssistantMessageItem(id=f"a{n}", message_id=f"m{n}", status="completed",
                               content=[text_block(text)])

def shown(items):
    view = TranscriptView()
    view.show(items, Head("librarian", "small", "completed"))
    return view

items = [item for n in range(2500) for item in turn(n)]
huge = AssistantMessageItem(id="huge", message_id="m", status="completed",
                            content=[text_block("Some words, and some more. " * 40_000)])
"""
CELLS = """
import random
random.seed(1)
words = "alpha beta gamma delta epsilon zeta eta theta".split()
made = matrix(1000, llms="abcdef")
cells = [
    dataclasses.replace(
        cell, id=f"{cell.id}-{repeat}", repeat=repeat, state="completed", latency_s=random.random(),
        text=" ".join(random.choices(words, k=random.randint(3, 60))), cost_usd="0.02",
        scores={"right": random.random() < 0.7}, tools=[], tool_calls=0)
    for cell in made.cells for repeat in range(3)
]
whole = dataclasses.replace(made, cells=cells)
nothing = lambda *_: None
view = MatrixView(lambda: whole, transcript=nothing, rate=nothing, watch=nothing)
view
"""
WATCH = """() => {
  const first = async (selector) => {
    while (!document.querySelector(selector)) await new Promise(requestAnimationFrame);
    return performance.now();
  };
  const begun = first(".dari-reader");
  const drawn = first(".dari-reader .dari-row:not([data-rev=''])");
  window.paint = Promise.all([begun, drawn]).then(([from, to]) => to - from);
}"""
SCROLL = """async () => {
  const log = document.querySelector(".dari-reader [role=log]");
  const frame = () => new Promise(requestAnimationFrame);
  const complete = () => {
    const box = log.getBoundingClientRect();
    const rows = [...log.querySelectorAll(".dari-row")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > box.top && top < box.bottom;
    });
    return rows.length > 0 && rows.every((row) => row.dataset.rev !== "");
  };
  const blank = async () => {
    const begun = performance.now();
    await frame();
    while (!complete()) await frame();
    return performance.now() - begun;
  };
  let stall = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) stall = Math.max(stall, duration);
  }).observe({ entryTypes: ["longtask"] });
  let steady = 0;
  for (let step = 0; step < 240; step++) {
    log.scrollTop += 120;
    steady = Math.max(steady, await blank());
  }
  const jumps = [];
  for (const part of [0.5, 0.1, 0.9, 0.3]) {
    log.scrollTop = part * log.scrollHeight;
    jumps.push(await blank());
  }
  const rows = log.querySelectorAll(".dari-row").length;
  return { steady, jump: Math.max(...jumps), stall, rows };
}"""
# The view waits 120 ms for further keys before it looks; the time for a reader includes them.
FIND = """async (query) => {
  const [field, count] = [".dari-tools input", ".dari-find .dari-count"].map((one) =>
    document.querySelector(".dari-reader").querySelector(one));
  const before = count.textContent;
  field.value = query;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const begun = performance.now() + 120;
  while (count.textContent === before) await new Promise((done) => setTimeout(done, 2));
  return [performance.now() - begun, count.textContent];
}"""
# A key is done with when the page has drawn what it asks for.
TYPE = """async (query) => {
  const field = document.querySelector(".dari-matrix [name=where]");
  const taken = [];
  for (let end = 1; end <= query.length; end++) {
    field.value = query.slice(0, end);
    const begun = performance.now();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    taken.push(performance.now() - begun);
  }
  return taken;
}"""
# The kernel finds the tasks; its answer is there when their count is.
ASK = """async (query) => {
  const [field, note] = ["[name=where]", ".dari-tools > .dari-note"].map((one) =>
    document.querySelector(".dari-matrix").querySelector(one));
  const ask = async (words, isThere) => {
    field.value = words;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    while (!isThere(note.textContent)) await new Promise(requestAnimationFrame);
  };
  await ask("", (text) => !text);
  await new Promise((done) => setTimeout(done, 1000));
  const begun = performance.now();
  await ask(query, (text) => text.includes(" of "));
  return performance.now() - begun;
}"""
LONGEST_TASK = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
}).observe({ entryTypes: ["longtask"] });
"""
IDLE = "() => new Promise((done) => requestIdleCallback(() => done(true)))"
HEAP = "() => performance.memory.usedJSHeapSize / 1e6"


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, "--enable-precise-memory-info", "--js-flags=--expose-gc"]
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        lab = Jupyter("lab", Path(folder))
        lab.look_with(chromium.new_context(viewport={"width": 1280, "height": 900}))
        lab.start()
        try:
            rows = many(lab.open_notebook([ITEMS, "shown(items)"], "many.ipynb"))
            large(lab.open_notebook([ITEMS, "shown([huge])"], "large.ipynb"))
            for count in (1, 10):
                cells = [ITEMS, *["shown(items)"] * count]
                several(lab.open_notebook(cells, f"{count}.ipynb"), count)
            return rows + matrix(lab.open_notebook([BOARD, CELLS], "matrix.ipynb"))
        finally:
            lab.stop()


def many(book: Notebook) -> list[Row]:
    paint = first_paint(book)
    scroll: dict[str, Any] = book.page.evaluate(SCROLL)
    print(
        f"  scrolling          {scroll['steady']:5.0f} ms longest without all rows, "
        f"longest task {scroll['stall']:.0f} ms, {scroll['rows']} rows in the document"
    )
    finds = []
    for query in ("question 24", "zeta eta"):
        ms, words = book.page.evaluate(FIND, query)
        print(f"  find {query!r:13s} {ms:5.0f} ms after the last key settled: {words}")
        finds.append(ms)
    return [
        at_most("10,000 items: first paint", paint, 100, "ms"),
        at_most("10,000 items: jump", scroll["jump"], 100, "ms"),
        at_most("10,000 items: find", max(finds), 200, "ms"),
    ]


def matrix(book: Notebook) -> list[Row]:
    """1,000 tasks, 6 LLMs, 3 repeats: the page's longest task as it comes, and in use."""
    book.page.evaluate(LONGEST_TASK)
    book.run_all()
    book.page.locator("[data-row='999']").wait_for(state="attached")
    grid = book.page.locator(".dari-grid")
    grid.evaluate("e => e.scrollIntoView()")
    book.page.wait_for_function(IDLE)
    first = book.page.evaluate("() => window.longest")
    book.page.evaluate("() => window.longest = 0")
    for part in range(1, 11):
        grid.evaluate(f"e => e.scrollTop = e.scrollHeight * {part} / 10")
        book.page.wait_for_function(IDLE)
    scrolled = book.page.evaluate("() => window.longest")
    typed = {query: book.page.evaluate(TYPE, query) for query in ("right = no", "alpha zeta")}
    keys = ", ".join(f"{max(ms):.0f} in {query!r}" for query, ms in typed.items())
    asked = {query: book.page.evaluate(ASK, query) for query in ("right = no", '"task 9" zeta')}
    answers = ", ".join(f"{ms:.0f} to {query!r}" for query, ms in asked.items())
    print(
        f"  18,000 cells       {first:5.0f} ms longest task as they come, {scrolled:.0f} scrolled, "
        f"longest key {keys}; answer after {answers}"
    )
    return [
        at_most("18,000 cells: longest task", max(first, scrolled), 100, "ms"),
        at_most("18,000 cells: longest key", max(max(ms) for ms in typed.values()), 100, "ms"),
    ]


def first_paint(book: Notebook) -> float:
    """Milliseconds from the first view's element to its first items."""
    book.page.evaluate(WATCH)
    book.start_all()
    return float(book.page.evaluate("() => window.paint"))


def large(book: Notebook) -> None:
    paint = first_paint(book)
    print(f"  an item of 1 MB    {paint:5.0f} ms to its first paint")


def several(book: Notebook, count: int) -> None:
    book.run_all()
    book.page.locator(".dari-reader .dari-row").first.wait_for()
    book.page.evaluate("() => window.gc()")
    heap = book.page.evaluate(HEAP)
    book.save()
    size = book.path.stat().st_size / 1000
    print(f"  {count:2d} views of them   {heap:5.0f} MB of the page's heap, {size:.0f} kB saved")


if __name__ == "__main__":
    print_rows(measure())
