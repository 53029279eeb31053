"""The live transcript in real front ends, fed by hand from a background thread."""

import pytest

FEEDER = """
import asyncio, itertools, threading, time
from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript

STAMP = "2026-03-31T18:40:04.120Z"
def user(text, n=0):
    return UserMessageItem(id=f"u{n}", message_id=f"m{n}", content=[text_block(text)],
                           created_at=STAMP)
def answer(text, n=0, status="completed"):
    return AssistantMessageItem(id=f"a{n}-{len(text)}", message_id=f"m{n}", status=status,
                                content=[text_block(text)], created_at=STAMP)
def call(n, status="completed", turn=0, result="ok"):
    return ToolCallItem(id=f"c{n}", message_id=f"m{turn}", tool_call_id=f"c{n}", tool_name="search",
                        arguments={"query": f"churn {n}"}, status=status, created_at=STAMP,
                        result=result if status == "completed" else None)

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
def feed(live, items, state="running"):
    loop.call_soon_threadsafe(live.update, list(items), Head("librarian", "small", state))
"""
SHOW = "live = LiveTranscript(); live"


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    yield lab_server.open_notebook([FEEDER, SHOW])
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook, run again: its ``live`` and the view of it are new."""
    notebook.problems.clear()
    notebook.run_all()
    return notebook


def test_the_log_follows_its_end_only_while_the_reader_is_there(book):
    grow = "feed(live, [user('Hello'), *(answer('word ' * n, 0) for n in range(1, {}))])"
    book.execute(grow.format(60))
    log = book.page.locator(".dari-log")
    at_end = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"
    book.page.locator("[data-item=a0-295]").wait_for()
    assert log.evaluate(at_end)
    log.hover()
    book.page.mouse.wheel(0, -600)
    book.page.locator(".dari-latest").wait_for()
    top = "log => [...log.querySelectorAll('[data-item]')].map(e => [e.dataset.item, \
        Math.round(e.getBoundingClientRect().top)]).find(([, top]) => top > 200)"
    seen = log.evaluate(top)
    book.execute(grow.format(80))
    book.page.locator("[data-item=a0-395]").wait_for(state="attached")
    assert log.evaluate(top) == seen
    book.page.locator(".dari-latest").click()
    book.page.locator(".dari-latest").wait_for(state="hidden")
    assert log.evaluate(at_end)
