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


def test_a_conversation_by_keyboard(book):
    page = book.page
    page.get_by_role("combobox", name="LLM").select_option("large")
    page.locator(".dari-composer textarea").focus()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Control+Enter")
    page.locator(".dari-chat .dari-answer").get_by_text("large read").wait_for()
    assert page.get_by_role("combobox", name="LLM").is_hidden()
    write(page, "again")
    page.locator(".dari-chat .dari-answer em").get_by_text("again").wait_for()
    assert book.execute("print(len(chat.session.messages()))").strip() == "2"
    # Shift+Enter did not run the cell, and no key moved or cut one.
    assert len(book.save().cells) == 2
    assert not book.problems


def test_tools_for_finding_come_when_they_are_asked_for(book):
    page = book.page
    for n in range(6):
        write(page, f"number {n}")
        page.locator(".dari-chat .dari-answer em").get_by_text(f"number {n}").wait_for()
    tools = page.get_by_role("toolbar", name="Transcript")
    assert tools.is_hidden()
    composer = page.locator(".dari-composer").bounding_box()
    log = page.locator(".dari-chat .dari-log").bounding_box()
    assert composer["y"] + composer["height"] - log["y"] < page.viewport_size["height"] - 150
    page.get_by_role("button", name="Find").click()
    page.get_by_role("searchbox").fill("number 1")
    page.locator(".dari-count").filter(has_text="2 items").wait_for()
    page.keyboard.press("Escape")
    tools.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "log"


def test_messages_that_wait_are_shown_as_queued(book):
    page = book.page
    write(page, "wait")
    write(page, "next")
    page.locator(".dari-chat .dari-pending").get_by_text("queued").wait_for()
    book.execute("gate.set()")
    page.locator(".dari-chat .dari-answer em").get_by_text("next").wait_for()
    book.execute("gate.clear()")


def test_a_file_is_attached_and_reaches_the_agent(book):
    page = book.page
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x" * 1_200_000}
    page.locator(".dari-composer input[type=file]").set_input_files(file)
    page.get_by_text("notes.txt · 1.2 MB").wait_for()
    write(page, "read")
    page.locator(".dari-chat .dari-answer").get_by_text("notes.txt").wait_for()


def test_an_open_call_is_answered_in_place(book):
    page = book.page
    write(page, "ask")
    form = page.get_by_role("form", name="Answer look")
    form.get_by_role("textbox").fill("[1,")
    form.get_by_role("button", name="Answer").click()
    form.get_by_text("is no JSON").wait_for()
    form.get_by_role("textbox").fill("42")
    form.get_by_role("button", name="Answer").click()
    page.locator(".dari-chat .dari-answer").get_by_text("You said 42.").wait_for()
    form.wait_for(state="detached")


def test_what_could_not_be_sent_is_kept_and_sent_again(book):
    page = book.page
    write(page, "hello")
    page.locator(".dari-chat .dari-answer").wait_for()
    book.execute("d.server.stop()")
    write(page, "lost?")
    refused = page.locator(".dari-outbox [data-state=failed]")
    refused.wait_for()
    assert "lost?" in page.locator(".dari-outbox").inner_text()
    assert page.get_by_role("button", name="Send again").is_visible()
    for width in (850, 560, 250):
        page.locator(".dari-chat").evaluate("(e, width) => { e.style.width = `${width}px` }", width)
        text, why, again, edit, discard = (
            part.bounding_box() for part in refused.locator("span, small, button").all()
        )
        assert text["width"] > width - 60
        assert text["height"] < 30
        assert why["y"] >= text["y"] + text["height"]
        assert why["width"] > min(200, width - 60)
        # Their words are in one line.
        assert again["height"] == edit["height"] == discard["height"] < 30
        is_beside = again["y"] < why["y"] + why["height"]
        assert is_beside == (width > 500)
        book.shot(f"chat-refused-{width}", selector=".dari-chat")
    page.get_by_role("button", name="Edit").click()
    assert page.locator(".dari-composer textarea").input_value() == "lost?"
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Discard").press("Enter")
    assert page.locator(".dari-outbox").inner_text() == ""


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
