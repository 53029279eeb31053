"""The pictures of the README: made by `make pictures`, and held to what a page says today.

A picture is taken anew only when it is asked for; what the page says beside it is always compared,
so that a picture which no longer shows the product is noticed.
"""

import json
import os
import re

import pytest

from tests.jupyter import ROOT

PICTURES = ROOT / "notebooks" / "pictures"
IS_TAKEN = bool(os.environ.get("DARI_NB_TAKE_PICTURES"))
# What differs from run to run: times of day, how long something took, the ids of runs.
PASSING = re.compile(r"\d\d:\d\d:\d\d|\+?\d+(\.\d+)? m?s\b|run_[0-9a-f]+")
SLOW = re.compile(r"\d+ answers scored in …")

SETUP = """
import threading
import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult
%load_ext dari_nb
d = dari.connect("local")
gate = threading.Event()

def asking(month):
    sum = f"SELECT store, sum(amount) FROM sales\\nWHERE month = {month} GROUP BY store"
    return ToolCall("run_sql", {"query": sum})

@d.server.agent("analyst", llms=["small", "large"])
def analyst(prompt):
    yield "I add up the sales of May first."
    yield asking(5)
    yield ToolResult("store,sum\\nHarbour,48210\\nOld Town,39875\\nStation,51940")
    yield '''| store | sales in May |
| --- | ---: |
| Station | 51,940 |
| Harbour | 48,210 |
| Old Town | 39,875 |'''
    yield "**Station** sold the most, 3,730 more than Harbour. Was that so in April, too?"
    yield asking(4)
    gate.wait(60)
    yield ToolResult("store,sum\\nHarbour,47000\\nOld Town,40110\\nStation,46020")
"""
ASK = "%%dari_agent --bg analyst\nWhich of our stores sold the most in May?"
COMPARE = """tasks = ["2 / 3", "7 * 12.4", "15% of 86.8", "sqrt(2)", "3 / 8 - 1 / 7", "2 ** 10"]
batch = d.batches.run("calculator", tasks, llms=["small", "large"], repeats=3).wait()
batch.score("exact", lambda turn: "approx" not in turn.text)
batch.view()"""
# The same agent's turn as a teacher would have it on tape: it stops before the second call.
LESSON = [
    {"dari_tape": 1, "times": True},
    {"agent": "analyst", "llms": {"small": {}}},
    {
        "turn": "msg_1",
        "session": "sess_1",
        "key": "k1",
        "agent": "analyst",
        "llm": "small",
        "asked": "Which of our stores sold the most in May?",
    },
    {"after": 0.1, "event": "message.status_changed", "data": {"status": "running"}},
    {
        "after": 0.9,
        "event": "assistant.message_completed",
        "data": {"content": "I add up the sales of May first."},
    },
    {
        "after": 0.4,
        "event": "tool.call_requested",
        "data": {
            "tool_call_id": "call_1",
            "tool_name": "run_sql",
            "arguments": {"query": "SELECT store, sum(amount) FROM sales GROUP BY store"},
        },
    },
    {
        "after": 1.1,
        "event": "tool.call_completed",
        "data": {"tool_call_id": "call_1", "result": "store,sum\nHarbour,48210\nStation,51940"},
    },
    {"mark": "The sums of all months", "ask": "What did it forget, and will it notice?"},
    {
        "after": 1.6,
        "event": "assistant.message_completed",
        "data": {"content": "That was every month. I ask for May alone."},
    },
    {"after": 0.1, "event": "message.status_changed", "data": {"status": "completed"}},
]
PLAY = 'dari.Tape("lesson.tape").view(at=4)'


@pytest.fixture(scope="module")
def book(lab_server, browser):
    lab_server.look_with(browser)
    lesson = "".join(json.dumps(line) + "\n" for line in LESSON)
    (lab_server.notebooks / "lesson.tape").write_text(lesson, encoding="utf-8")
    book = lab_server.open_notebook([SETUP, ASK, COMPARE, PLAY], "tour.ipynb")
    book.run_all()
    book.page.set_viewport_size({"width": 1240, "height": 1000})
    book.page.locator(".jp-Cell").first.click()
    yield book
    book.execute("gate.set()")
    lab_server.clear()


def text_of(cell):
    lines = map(str.strip, PASSING.sub("…", cell.inner_text()).splitlines())
    # On a machine that is busy, what took longer than a second says so.
    return "\n".join(line for line in lines if line and not SLOW.fullmatch(line)) + "\n"


@pytest.mark.parametrize(
    ("name", "place", "sign"),
    [
        ("turn", 1, "WHERE month = 4"),
        ("matrix", 2, "is the same: 3"),
        ("player", 3, "will it notice?"),
    ],
)
def test_a_picture_shows_what_the_page_says(book, name, place, sign):
    page = book.page
    cell = page.locator(".jp-Notebook .jp-Cell").nth(place)
    cell.scroll_into_view_if_needed()
    # What is scrolled away or not drawn yet is no part of the text.
    shows = "([cell, sign]) => cell.innerText.includes(sign)"
    page.wait_for_function(shows, arg=[cell.element_handle(), sign])
    if IS_TAKEN:
        PICTURES.mkdir(exist_ok=True)
        for theme in ("dark", "light"):
            book.theme(theme)
            page.locator("#jupyterlab-splash").wait_for(state="detached")
            cell.screenshot(path=PICTURES / f"{name}-{theme}.png")
        (PICTURES / f"{name}.txt").write_text(text_of(cell), encoding="utf-8")
    assert text_of(cell) == (PICTURES / f"{name}.txt").read_text(encoding="utf-8")
    assert {path.name for path in PICTURES.glob(f"{name}-*.png")} == {
        f"{name}-dark.png",
        f"{name}-light.png",
    }
