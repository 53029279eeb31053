"""From a token that a model writes to the DOM of JupyterLab, and a long answer on the wire."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from struct import unpack

from playwright.sync_api import WebSocket, sync_playwright
from rows import Row, at_most, print_rows

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.jupyter import CHROMIUM_FLAGS, Jupyter, Notebook, chromium_path

arrived: Counter[str] = Counter()
"""Bytes of all that the kernel sent over the wire, by what they are for."""

RATE = 200
WORDS = 1_500
SIZE = 80_000
TOKEN = 4
WRITTEN = (Path(__file__).parents[1] / "render" / "written.md").read_text()

CELL = f"""
import json, time
import dari_nb
from dari_nb.local import Draft

d = dari_nb.connect("local")
written = {{}}
text = (json.loads({json.dumps(json.dumps(WRITTEN))}) * 99)[:{SIZE}]

def at_pace(tokens):
    start = time.monotonic()
    for number, token in enumerate(tokens):
        time.sleep(max(0, start + number / {RATE} - time.monotonic()))
        written[number] = time.time() * 1000
        yield Draft(token)

@d.server.agent("words")
def words(prompt):
    yield from at_pace(f"w{{n}}{{'.' if n % 40 else chr(10) * 2}} " for n in range({WORDS}))

@d.server.agent("long")
def long(prompt):
    yield from at_pace(text[at:at + {TOKEN}] for at in range(0, {SIZE}, {TOKEN}))
"""
ASK = "turn = d.agents['{name}'].send('Write.').follow(wait=False)"
WATCH = """() => {
  window.seen = [];
  window.stalls = [];
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver(() => {
    const answer = document.querySelector(".dari-live .dari-answer");
    const word = answer?.lastElementChild?.textContent.match(/w(\\d+)(?!.*w\\d)/s);
    const last = word ? Number(word[1]) : -1;
    for (let n = window.seen.length; n <= last; n++) window.seen.push(now());
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
  new PerformanceObserver((list) => {
    const isWritten = document.querySelector(".dari-view .dari-answer[data-state]") !== null;
    for (const { duration } of list.getEntries())
      window.stalls.push([isWritten, Math.round(duration)]);
  }).observe({ entryTypes: ["longtask"] });
}"""
# Below the view that lives lies static output from the start.
ENDED = """() => document.querySelector(".dari-live") === null
  && document.querySelector(".dari:not(.dari-view) .dari-answer") !== null"""


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        lab = Jupyter("lab", Path(folder))
        browser = chromium.new_context(viewport={"width": 1280, "height": 900})
        browser.on("page", lambda page: page.on("websocket", count))
        lab.look_with(browser)
        lab.start()
        try:
            return [*delays(asked(lab, "words")), long_answer(asked(lab, "long"))]
        finally:
            lab.stop()


def count(socket: WebSocket) -> None:
    """Count what comes in by this socket."""
    socket.on("framereceived", lambda frame: isinstance(frame, bytes) and take(frame))


def take(frame: bytes) -> None:
    """Count a message of Jupyter's: numbers of bytes, channel, four parts of JSON, buffers."""
    [number] = unpack("<Q", frame[:8])
    ends = unpack(f"<{number}Q", frame[8 : 8 * (1 + number)])
    kind = json.loads(frame[ends[1] : ends[2]])["msg_type"]
    is_view, is_static = kind.startswith("comm"), kind.endswith("display_data")
    around = ends[4] if is_view else 0
    arrived["heads"] += around
    arrived["view" if is_view else "static" if is_static else "rest"] += len(frame) - around


def asked(lab: Jupyter, name: str) -> Notebook:
    """Have an agent write in a cell, and wait until it has."""
    book = lab.open_notebook([CELL, ASK.format(name=name)], f"{name}.ipynb")
    book.page.evaluate(WATCH)
    arrived.clear()
    book.run_all()
    book.page.locator(".dari-live").wait_for()
    book.page.wait_for_function(ENDED, timeout=300_000, polling=200)
    return book


def delays(book: Notebook) -> list[Row]:
    written = json.loads(book.execute("print(json.dumps(list(written.values())))"))
    seen = book.page.evaluate("() => window.seen")
    times = sorted(there - here for here, there in zip(written, seen, strict=False))
    print_stalls(book, f"{WORDS:,} tokens, {RATE} a second")
    return [
        at_most("token to DOM, median", median(times), 60, "ms"),
        at_most("token to DOM, 95th percentile", times[int(len(times) * 0.95)], 120, "ms"),
    ]


def long_answer(book: Notebook) -> Row:
    what = f"an answer of {SIZE // 1000} kB on the wire"
    print(
        f"  {what}: {arrived['view']:,} bytes for the view, {arrived['heads']:,} around its"
        f" messages, {arrived['static']:,} of static output"
    )
    print_stalls(book, what)
    return at_most(what, arrived.total() / 1e6, 1, "MB")


def print_stalls(book: Notebook, what: str) -> None:
    stalls = book.page.evaluate("() => window.stalls")
    meanwhile, after = (
        max((ms for written, ms in stalls if written is when), default=0) for when in (True, False)
    )
    print(f"  {what}: longest stall {meanwhile} ms, as it begins and ends {after} ms")


if __name__ == "__main__":
    print_rows(measure())
