"""All that is written follows the size that readers choose in JupyterLab for what cells show."""

import json

import pytest

from .test_player import LINES

START = """
import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult

d = dari.connect("local")

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt):
    yield ToolCall("read", {"path": "a.py"})
    yield ToolResult("one")
    yield "# Head\\n\\nSome `code`:\\n\\n| a | b |\\n|--|--|\\n| one | two |"

session = d.agents["helper"].start()
turn = session.send("Hello").wait()
batch = d.batches.run("helper", ["a task"], ["small", "large"]).wait()
"""
SHOWN = (
    *("turn", "session.chat()", "session.view()", "d.sessions.view()", "batch.view()", "batch"),
    "dari.Tape('shop.tape').view()",
)
KEY = "content-font-size1"
# What has words of its own or takes some, with the size that its letters have.
SIZES = """() => [...document.querySelectorAll(".dari, .dari *")].filter((element) =>
  element.checkVisibility() && (element.matches("input, select, textarea") ||
    [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim()))
).map((element) => [
  `${element.tagName} ${element.className} ${element.textContent.slice(0, 20)}`,
  ...["", "::before", "::after"].map((part) =>
    parseFloat(getComputedStyle(element, part).fontSize)),
])"""
CHOSEN = """(size) => getComputedStyle(document.querySelector(".dari-head"))
  .getPropertyValue("--jp-content-font-size1").trim() === `${size}px`"""


# How wide a player may be at the most.
WIDEST = """() => parseFloat(getComputedStyle(document.querySelector(".dari-player")).maxWidth)"""


def is_close(one, other):
    return one[0] == other[0] and one[1:] == pytest.approx(other[1:], abs=0.05)


def step(book, way, *sizes):
    for size in sizes:
        book.command(f"apputils:{way}-font-size", key=KEY)
        book.page.wait_for_function(CHOSEN, arg=size)
        # JupyterLab stumbles when it is told again before its curtain has gone.
        book.page.locator("#jupyterlab-splash").wait_for(state="detached")


def test_every_letter_grows_as_much_as_the_reader_wants(lab):
    (lab.notebooks / "shop.tape").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    book = lab.open_notebook([START, *SHOWN])
    book.run_all()
    page = book.page
    # Else JupyterLab draws only what is in sight.
    page.set_viewport_size({"width": 1280, "height": 5000})
    for view in (".dari-sessions td", ".dari-matrix td", ".dari-chat .dari-call", ".dari-player"):
        page.locator(view).first.wait_for()
    player = page.locator(".dari-player")
    player.get_by_role("button", name="Keys").click()
    player.locator(".dari-log").press("End")
    player.locator(".dari-question").wait_for()
    before = page.evaluate(SIZES)
    narrow = page.evaluate(WIDEST)
    step(book, "incr", 15, 16, 17, 18)
    after = page.evaluate(SIZES)
    assert page.evaluate(WIDEST) > 1.2 * narrow
    book.shot("sizes-18")
    step(book, "decr", 17, 16, 15, 14)
    assert len(before) > 100
    wanted = [[name, *(size * 18 / 14 for size in sizes)] for name, *sizes in before]
    assert [one for one, other in zip(after, wanted, strict=True) if not is_close(one, other)] == []
    assert {round(sizes[0], 1) for _, *sizes in before} <= {
        *(11.5, 12, 12.5, 13, 13.3, 13.5, 14, 14.5, 16, 18),
    }
    assert book.problems == []
