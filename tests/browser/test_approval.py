"""Calls of kernel tools in a real JupyterLab: asked about in a card, or at the input prompt."""

import re

import pytest

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import threading, time
import dari_nb as dari
%load_ext dari_nb
from dari_nb.local import ToolCall
d = dari.connect("local")
ran, gate = [], threading.Event()

@d.server.agent("keeper")
def keeper(prompt):
    for n in range(int(prompt)):
        result = yield ToolCall("remove_rows", {
            "table": "orders", "where": {"customer": ["Ada", "Grace"], "before": "2025-01-01"},
            "note": f"<img src=x onerror=alert({n})>"}, external=True)
        yield f"Call {n}: {result.result}"

@dari.tool
def remove_rows(table: str, where: dict, note: str = "") -> str:
    "Remove rows of a table."
    ran.append(table)
    gate.wait(60)
    return "removed"
"""
LIVE = "turn = d.agents.get('keeper').send('2', tools=[remove_rows]); turn"


@pytest.fixture
def opened(lab):
    def open_with(*cells):
        book = lab.open_notebook([SETUP, *cells])
        book.start_all()
        return book

    return open_with


def card(page):
    return page.get_by_role("group", name="remove_rows wants to run")


def test_a_card_shows_the_arguments_and_is_worked_by_keyboard(opened, axe):
    book = opened(LIVE)
    page = book.page
    card(page).get_by_text("2025-01-01").wait_for()
    assert axe(page, ".dari-live") == []
    book.shot("approval", width=1400)
    assert "<img src=x" in card(page).inner_text()
    assert "Remove rows of a table." in card(page).inner_text()
    assert book.execute("print(ran)").strip() == "[]"
    # By keyboard: past the arguments to the first choice.
    card(page).locator(".dari-given").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run it"
    page.keyboard.press("Enter")
    card(page).wait_for(state="detached")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "log"
    running = page.locator(".dari-live .dari-call[data-since] > summary > small")
    shown = running.inner_text()
    assert re.fullmatch(r".+ · \d+ s", shown)
    running.filter(has_not_text=shown).wait_for()
    page.locator(".dari-bar").get_by_text("remove_rows runs in this kernel").wait_for()
    book.shot("approval-running", selector=".dari-live")
    book.execute("gate.set()")
    page.locator(".dari-live .dari-answer").get_by_text("Call 0: removed").wait_for()
    card(page).get_by_role("textbox", name="Reason to refuse").fill("Grace is still a customer")
    page.keyboard.press("Enter")
    page.get_by_text(
        "was not run: refused by the user: Grace is still a customer."
    ).first.wait_for()
    book.shot("approval-decided", selector=".jp-Notebook")
    assert book.execute("print(ran)").strip() == "['orders']"
    assert not book.problems


def test_a_busy_cell_asks_at_the_input_prompt(opened):
    book = opened("%%dari_agent keeper --tools remove_rows\n2")
    page = book.page
    prompt = page.locator(".jp-Stdin-input")
    prompt.wait_for()
    assert "remove_rows wants to run" in page.locator(".jp-Stdin-prompt").inner_text()
    card(page).get_by_text("answer in the input field").wait_for()
    book.shot("approval-prompt")
    prompt.fill("n")
    prompt.press("Enter")
    page.get_by_text("was not run: refused by the user").first.wait_for()
    # An interrupt during a question refuses nothing: the call waits, and is asked about again.
    page.wait_for_function("document.querySelectorAll('.jp-Stdin-input').length === 1")
    book.shot("approval-prompt-again")
    book.command("notebook:interrupt-kernel")
    page.get_by_text("you stopped watching").wait_for()
    again = "print([c.status for c in dari.current().sessions.list()[0].pending_calls()])"
    assert book.execute(again).strip() == "['requested']"


def test_with_its_turn_a_question_at_the_input_prompt_ends(opened):
    book = opened("%%dari_agent keeper --tools remove_rows\n2", "print('goes', 'on')")
    page = book.page
    page.locator(".jp-Stdin-input").wait_for()
    page.locator(".dari-stop").click()
    static = page.locator(".jp-OutputArea-output .dari:not(.dari-view)")
    static.get_by_text("cancelled").first.wait_for()
    assert "stopped" not in static.inner_text()
    assert not page.locator(".jp-Stdin-input").is_visible()
    book.shot("approval-ended", selector=".jp-Cell:has(.dari)")
    # The notebook is free: no dialog says that an input is pending.
    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2 }")
    book.command("notebook:run-cell")
    page.get_by_text("goes on", exact=True).first.wait_for()
    assert page.locator(".jp-Dialog").count() == 0
    assert book.execute("print(ran)").strip() == "[]"
