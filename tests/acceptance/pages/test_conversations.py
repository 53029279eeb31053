"""Turns and chats in JupyterLab: live, worked by keyboard, saved and reopened."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.pages.conftest import SETUP, check_reopened, output, selector
from tests.jupyter import serious_findings

AGENTS = """
from dari_nb.local import Draft, ToolCall, ToolResult

gates = {name: threading.Event() for name in ("first", "second")}

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt, turn):
    if prompt in gates:
        yield Draft("It begins")
        gates[prompt].wait(120)
        yield f"The {prompt} has ended."
    elif prompt == "ask":
        answer = yield ToolCall("look", {"where": "in the box"}, external=True)
        yield f"Found {answer.result}."
    else:
        yield ToolCall("count", {"text": prompt})
        yield ToolResult(len(prompt))
        yield f"{turn.llm_id} read **{prompt}**."

@dari.tool
def look(where: str) -> str:
    "Look somewhere."
    return f"nothing {where}"
"""
CELLS = [
    SETUP + AGENTS,
    "%dari_agent helper one",
    "%dari_agent --bg helper first",
    "%dari_agent --bg helper second",
    "turn = d.agents['helper'].send('ask', tools=[look]); turn",
    "chat = d.agents['helper'].chat(tools=[look]); chat",
]
DONE, FIRST, SECOND, APPROVAL, CHAT = range(1, 6)


@pytest.fixture(scope="module")
def book(lab):
    """A notebook whose cells have run; its tests go on from one another's state."""
    book = lab.open_notebook(CELLS, "conversations.ipynb")
    book.run_all()
    return book


def send(book, text):
    """Write to the chat by keyboard."""
    box = output(book, CHAT).get_by_role("textbox", name=re.compile("message", re.I))
    box.focus()
    book.page.keyboard.type(text)
    book.page.keyboard.press("Control+Enter")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_outputs_have_no_serious_findings(book, theme):
    book.theme(theme)
    output(book, CHAT).get_by_role("textbox").first.wait_for()
    for number in (DONE, FIRST, APPROVAL, CHAT):
        assert serious_findings(book.page, selector(number)) == []
    book.theme("light")


def test_finished_turn_shows_its_steps(book):
    turn = output(book, DONE)
    expect(turn.get_by_role("article")).to_contain_text("one")
    expect(turn.get_by_role("group")).to_contain_text("count")
    expect(turn.locator("strong", has_text="one")).to_be_visible()
    expect(turn.get_by_role("button", name=re.compile("stop", re.I))).to_have_count(0)


def test_running_turn_is_live_and_ends(book):
    expect(output(book, FIRST)).to_contain_text("It begins")
    book.execute("gates['first'].set()")
    expect(output(book, FIRST)).to_contain_text("The first has ended.")
    expect(output(book, FIRST).get_by_role("button")).to_have_count(0)


def test_stop_ends_turn(book):
    button = output(book, SECOND).get_by_role("button", name=re.compile("stop", re.I))
    button.focus()
    book.page.keyboard.press("Enter")
    expect(output(book, SECOND)).to_contain_text(re.compile("cancelled|stopped", re.I))
    book.execute("gates['second'].set()")
    expect(output(book, SECOND)).not_to_contain_text("The second has ended.")


def test_tool_call_waits_for_approval(book, eventually):
    card = output(book, APPROVAL).get_by_role("group", name=re.compile("look"))
    expect(card).to_contain_text("in the box")
    card.get_by_role("button", name=re.compile("always", re.I)).focus()
    book.page.keyboard.press("Enter")
    expect(output(book, APPROVAL)).to_contain_text("Found nothing in the box.")
    eventually(book, "turn.status", "completed")


def test_chat_is_worked_by_keyboard(book, eventually):
    output(book, CHAT).get_by_role("combobox").select_option("large")
    send(book, "hello")
    expect(output(book, CHAT)).to_contain_text("large read hello.")
    send(book, "again")
    expect(output(book, CHAT)).to_contain_text("large read again.")
    eventually(book, "len(chat.session.messages())", 2)


def test_chat_asks_for_approval(book):
    # What was always allowed in another session is asked about here.
    send(book, "ask")
    card = output(book, CHAT).get_by_role("group", name=re.compile("look"))
    card.get_by_role("button").first.click()
    expect(output(book, CHAT)).to_contain_text("Found nothing in the box.")


def test_reopened_notebook_shows_everything(lab, book):
    texts = {
        DONE: "one",
        FIRST: "The first has ended.",
        APPROVAL: "Found nothing in the box.",
        CHAT: "Found nothing in the box.",
    }
    check_reopened(lab, book, texts)


def test_chat_goes_on_after_reload(book):
    book.save()
    book.reload()
    expect(output(book, CHAT)).to_contain_text("large read again.")
    send(book, "after the reload")
    expect(output(book, CHAT)).to_contain_text("large read after the reload.")


def test_pages_report_no_problem(book):
    assert book.problems == []
