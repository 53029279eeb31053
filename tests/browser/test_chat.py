"""A chat in real front ends: written, attached, answered, saved and reopened."""

import pytest

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import threading
import dari_nb as dari
from dari_nb.local import ToolCall
d = dari.connect("local")
gate = threading.Event()

@d.server.agent("helper", llms=("small", "large"))
def helper(prompt, turn):
    if prompt == "ask":
        result = yield ToolCall("look", {"q": 1}, external=True)
        yield f"You said {result.result}."
    elif prompt == "wait":
        gate.wait(60)
        yield "Waited."
    else:
        names = ", ".join(file.name for file in turn.files)
        yield f"{turn.llm_id} read *{prompt}* {names}"
"""
CELLS = [SETUP, "chat = d.agents.get('helper').chat(); chat"]


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    yield lab_server.open_notebook(CELLS)
    lab_server.clear()


@pytest.fixture
def book(notebook):
    notebook.problems.clear()
    notebook.run_all()
    notebook.page.locator(".dari-composer").wait_for()
    return notebook


def write(page, text):
    page.locator(".dari-composer textarea").click()
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")


def test_messages_that_wait_are_shown_as_queued(book):
    page = book.page
    write(page, "wait")
    write(page, "next")
    page.locator(".dari-chat .dari-pending").get_by_text("queued").wait_for()
    book.execute("gate.set()")
    page.locator(".dari-chat .dari-answer em").get_by_text("next").wait_for()
    book.execute("gate.clear()")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(book, axe, theme):
    book.theme(theme)
    page = book.page
    write(page, "ask")
    page.get_by_role("form", name="Answer look").wait_for()
    page.keyboard.type("a draft")
    assert axe(page, ".dari-chat") == []
    for width in (700, 1400):
        book.shot(f"chat-{theme}-{width}", width=width)


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_a_reopened_notebook_shows_what_was_said(request, front_end):
    server = request.getfixturevalue(front_end)
    book = server.open_notebook(CELLS, "chat.ipynb")
    book.run_all()
    write(book.page, "hello")
    book.page.locator(".dari-kept .dari-answer").wait_for(state="attached")
    saved = book.save()
    assert "widgets" not in saved.metadata
    assert "dari_local_" not in book.path.read_text()
    server.shutdown_kernels()
    book.reload()
    book.page.locator(".dari-kept .dari-answer").wait_for()
    assert not book.page.get_by_text("model not found").is_visible()
