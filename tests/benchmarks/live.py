"""From the kernel to the DOM of JupyterLab: the delay of one item, and a burst of ten thousand."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright
from rows import Row, at_most, print_rows

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.jupyter import CHROMIUM_FLAGS, Jupyter, Notebook, chromium_path

SINGLES = 120
BURST = 10_000
PATIENCE = 30_000
ITEMS = "[data-item]"

CELL = f"""
import asyncio, json, threading, time
from dari_nb.models import AssistantMessageItem, ToolCallItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript

HEAD = Head("librarian", "small", "running")
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()

def call(n):
    return ToolCallItem(id=f"c{{n}}", message_id="m", tool_name="search", status="completed",
                        arguments={{"query": f"churn {{n}}"}}, result="ok")

def answer(n):
    text = f"Customer {{n}} left in **March**: see `churn.csv`, line {{n}}."
    return AssistantMessageItem(id=f"c{{n}}", message_id="m", status="completed",
                                content=[text_block(text)])

def one_by_one():
    sent, items = {{}}, []
    def add(n):
        items.append(call(n))
        sent[f"c{{n}}"] = time.time() * 1000
        live.update(list(items), HEAD)
    for n in range({SINGLES}):
        loop.call_soon_threadsafe(add, n)
        time.sleep(0.11)
    time.sleep(0.5)
    print(json.dumps(sent))

def burst(make):
    items = [make(n) for n in range({BURST})]
    start = time.time() * 1000
    loop.call_soon_threadsafe(live.update, items, HEAD)
    print(start)

live = LiveTranscript()
live
"""
WATCH = f"""() => {{
  window.seen = {{}};
  window.stalls = [];
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver(() => {{
    const items = document.querySelectorAll("{ITEMS}");
    window.last = now();
    for (let i = items.length - 1; i >= 0 && !(items[i].dataset.item in seen); i--)
      seen[items[i].dataset.item] = now();
  }}).observe(document.querySelector(".dari-log"), {{ childList: true, subtree: true }});
  new PerformanceObserver((list) => {{
    for (const entry of list.getEntries()) stalls.push(Math.round(entry.duration));
  }}).observe({{ entryTypes: ["longtask"] }});
}}"""
ARRIVED = """async ([count, patience]) => {
  const end = performance.now() + patience;
  while (Object.keys(window.seen).length < count && performance.now() < end)
    await new Promise((done) => setTimeout(done, 100));
}"""


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        lab = Jupyter("lab", Path(folder))
        lab.look_with(chromium.new_context(viewport={"width": 1280, "height": 900}))
        lab.start()
        try:
            rows = delays(lab.open_notebook([CELL], "delays.ipynb"))
            for kind in ("call", "answer"):
                rows += burst(lab.open_notebook([CELL], f"{kind}.ipynb"), kind)
            return rows
        finally:
            lab.stop()


def delays(book: Notebook) -> list[Row]:
    watch(book)
    sent = json.loads(book.execute("one_by_one()"))
    seen = book.page.evaluate("() => window.seen")
    times = sorted(seen[item] - at for item, at in sent.items())
    return [
        at_most("event to DOM, median", median(times), 25, "ms"),
        at_most("event to DOM, 95th percentile", times[int(len(times) * 0.95)], 80, "ms"),
    ]


def burst(book: Notebook, kind: str) -> list[Row]:
    watch(book)
    start = float(book.execute(f"burst({kind})"))
    book.page.evaluate(ARRIVED, [BURST, PATIENCE])
    lost = BURST - book.page.evaluate("() => Object.keys(window.seen).length")
    seconds = (book.page.evaluate("() => window.last") - start) / 1000
    messages = int(book.execute("print(live._outbox.n)"))
    stalls = book.page.evaluate("() => window.stalls")
    what = f"burst of {BURST:,} {kind}s"
    print(f"  {what}: {messages} messages, longest stall {max(stalls, default=0)} ms")
    return [at_most(what, seconds, 2, "s"), at_most(f"{what}, lost", lost, 0, "items")]


def watch(book: Notebook) -> None:
    book.run_all()
    book.page.locator(".dari-log").wait_for(state="attached")
    book.page.evaluate(WATCH)


if __name__ == "__main__":
    print_rows(measure())
