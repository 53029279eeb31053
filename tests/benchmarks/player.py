"""The player: 1,000 turns and 100,000 events, from the first paint to any place of them."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import sync_playwright

from dari_nb.resources import Tape
from dari_nb.tapes import Recording, read_tape
from dari_nb.widgets.packing import packed
from dari_nb.widgets.player.score import Score

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.jupyter import CHROMIUM_FLAGS, chromium_path

TURNS, CALLS, PIECES = 1000, 15, 67
ROUNDS = 7
PLACES = [0.1, 0.5, 0.93, 0.2, 0.999, 0.7, 0.701, 0.0, 0.45, 0.85]
# To a place, until its last turn is drawn and a frame has gone by.
GO = """async ([part, turns]) => {
  const frame = () => new Promise(requestAnimationFrame);
  const track = document.querySelector(".dari-track input");
  const begun = performance.now();
  track.value = String(Number(track.max) * part);
  track.dispatchEvent(new Event("input"));
  const wanted = Math.floor(part * turns);
  for (;;) {
    const scenes = document.querySelectorAll(".dari-scene");
    const isThere = Math.abs(scenes.length - 1 - wanted) < 3;
    if (isThere && scenes[scenes.length - 1].querySelector("[data-item]")) break;
    await frame();
  }
  await frame();
  return performance.now() - begun;
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def lines() -> Iterator[dict[str, Any]]:
    def event(kind: str, **data: Any) -> dict[str, Any]:
        return {"after": 0.1, "event": kind, "data": data}

    yield {"dari_tape": 1, "times": True}
    yield {"agent": "many"}
    for number in range(1, TURNS + 1):
        parent = {"parent": f"{number - 1:016x}"} if number > 1 else {}
        asked = {"agent": "many", "asked": f"Question {number}?", "cost": "0.0004"}
        ordinal = {"turn": f"msg_{number}", "session": "sess_1", "key": f"{number:016x}"}
        yield {**ordinal, **parent, **asked}
        yield event("message.status_changed", status="running", previous_status="queued")
        for call in range(1, CALLS + 1):
            name = {"tool_call_id": f"call_{call}", "tool_name": "read"}
            yield event("tool.call_requested", **name, arguments={"path": f"{call}.txt"})
            yield event("tool.call_completed", **name, result="word " * 40, is_error=call == 7)
        for _ in range(PIECES):
            yield {"after": 0.03, "draft": "text", "text": "some words "}
        yield event("assistant.message_completed", content="some words " * PIECES)
        yield event("message.status_changed", status="completed", previous_status="running")
    yield {"scrubbed": {}}


def in_the_kernel(tape: Recording) -> None:
    begun = time.perf_counter()
    score = Score.of(tape)
    packed(score.outline({})[1])
    outline = time.perf_counter() - begun
    turns = []
    for number in range(0, TURNS, TURNS // 10):
        begun = time.perf_counter()
        packed(score.steps(number, {}))
        turns.append(time.perf_counter() - begun)
    print(f"what a page knows beforehand: {outline * 1000:.0f} ms")
    print(
        f"a turn of 100 steps that nobody has looked at: {statistics.median(turns) * 1000:.0f} ms"
    )


def in_a_page(page_file: Path) -> None:
    empty = page_file.with_name("empty.html")
    empty.write_text("<!doctype html><title>Empty</title><p>Nothing.</p>")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        own, bare = [], []
        for _ in range(ROUNDS):
            for times, file, seen in (own, page_file, ".dari-user"), (bare, empty, "p"):
                page = chromium.new_page()
                page.goto(file.as_uri(), wait_until="commit")
                page.locator(seen).first.wait_for()
                page.wait_for_load_state()
                times.append(page.wait_for_function(PAINT).json_value())
                page.close()
        print(
            f"first paint of the page: {statistics.median(own):.0f} ms, "
            f"of an empty one {statistics.median(bare):.0f} ms"
        )
        page = chromium.new_page()
        page.goto(page_file.as_uri())
        page.locator("#dari-player[tabindex]").wait_for()
        took = [page.evaluate(GO, [place, TURNS]) for place in PLACES]
        print(f"to any place: {statistics.median(took):.0f} ms, at most {max(took):.0f} ms")
        chromium.close()


def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.tape"
        file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines()))
        tape = read_tape(file)
        events = sum(len(turn.body) for turn in tape.turns)
        print(f"{len(tape.turns):,} turns, {events:,} events and pieces of drafts")
        in_the_kernel(tape)
        begun = time.perf_counter()
        page = Tape(file).to_html(Path(folder) / "many.html")
        seconds = time.perf_counter() - begun
        print(f"as a page: {page.stat().st_size / 1e6:.0f} MB, written in {seconds:.0f} s")
        in_a_page(page)


if __name__ == "__main__":
    measure()
