"""Branches in a real page: asked again, switched and compared, by keyboard and by eye."""

import pytest

SETUP = """
import dari_nb as dari
from dari_nb.local import ToolCall, ToolResult
d = dari.connect("local")

@d.server.agent("guide", llms=("small", "large"))
def guide(prompt, turn):
    yield ToolCall("look", {"at": prompt})
    yield ToolResult(len(turn.history))
    yield f"About *{prompt}*, after {len(turn.history)} items. " + "It is so. " * 40

session = d.agents["guide"].send("What is a closure?").wait().session
for text in ("And in JavaScript?", "And in Rust?"):
    last = session.send(text).wait()
"""
CELLS = [SETUP, "view = session.view(height=420); view", "chat = session.chat(); chat"]
READER = ".jp-OutputArea .dari-reader:not(.dari-chat *)"


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    yield lab_server.open_notebook(CELLS)
    lab_server.clear()


@pytest.fixture
def book(notebook):
    notebook.problems.clear()
    notebook.run_all()
    notebook.page.locator(f"{READER} .dari-user").first.wait_for()
    return notebook


def asked(page, inside=READER):
    found = page.locator(f"{inside} .dari-user p").all_inner_texts()
    return [text for text in found if text]


def at(page, words, inside=READER):
    return page.locator(f"{inside} .dari-row", has=page.locator(".dari-user", has_text=words))


def edit(page, words, instead, inside=READER):
    """Edit a message and ask again, by keyboard alone."""
    row = at(page, words, inside)
    row.focus()
    page.keyboard.press("A")
    field = row.get_by_role("textbox", name="Ask instead")
    field.wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.type(instead)
    page.keyboard.press("Control+Enter")
    at(page, instead, inside).wait_for()
    # A session is forked where it rests.
    page.locator(f"{inside} .dari-answer em", has_text=instead).wait_for()
    page.locator(f"{inside} .dari-head .dari-state[data-state=completed]").wait_for()


def has_focus(page, words):
    """Wait until the focus is in the row of a message, where it was before."""
    page.wait_for_function(
        "words => document.activeElement.closest('.dari-row')?.textContent.includes(words)",
        arg=words,
    )


def test_a_message_is_asked_again_and_branches_are_switched_by_keyboard(book, axe):
    page = book.page
    edit(page, "And in JavaScript?", "And in Python?")
    group = page.locator(f"{READER} .dari-branch")
    group.get_by_text("2 / 2").wait_for()
    assert asked(page) == ["What is a closure?", "And in Python?"]
    edit(page, "And in Python?", "And in C?")
    group.get_by_text("3 / 3").wait_for()
    assert book.execute("print(view.session.forked_from != session.id)").strip() == "True"
    row = at(page, "And in C?")
    page.wait_for_function("document.activeElement.classList.contains('dari-row')")
    before = row.bounding_box()["y"]
    row.get_by_role("button", name="earlier").focus()
    page.keyboard.press("Enter")
    group.get_by_text("2 / 3").wait_for()
    at(page, "And in Python?").wait_for()
    has_focus(page, "And in Python?")
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'earlier'")
    assert abs(at(page, "And in Python?").bounding_box()["y"] - before) < 3
    page.keyboard.press("[")
    group.get_by_text("1 / 3").wait_for()
    at(page, "And in Rust?").wait_for()
    assert asked(page) == ["What is a closure?", "And in JavaScript?", "And in Rust?"]
    has_focus(page, "And in JavaScript?")
    page.keyboard.press("]")
    group.get_by_text("2 / 3").wait_for()
    assert axe(page, READER) == []
    # Static output says which of them it shows.
    book.execute("view.close()")
    saved = book.save().cells
    html = "".join(str(one.get("data", {}).get("text/html", "")) for one in saved[1].outputs)
    assert "branch 2 of 3 at turn 2" in html
    assert "And in Python?" in html
    assert "<button" not in html
    # No key of these was one of the notebook's: its cells are as they were.
    assert [cell.source for cell in saved] == CELLS
    assert not book.problems


def test_branches_are_compared_below_their_message(book, axe):
    page = book.page
    edit(page, "What is a closure?", "What is a class?")
    row = at(page, "What is a class?")
    row.locator(".dari-branch").get_by_text("2 / 2").wait_for()
    row.focus()
    page.keyboard.press("=")
    table = row.locator(".dari-compare")
    table.wait_for()
    assert table.locator("thead th").all_inner_texts()[1:] == [
        "branch 1 · small",
        "branch 2 · small",
    ]
    assert "closure" in table.inner_text()
    book.shot("branches-compared", selector=READER)
    assert axe(page, READER) == []
    page.keyboard.press("=")
    table.wait_for(state="detached")
    page.keyboard.press("=")
    table.wait_for()
    page.wait_for_function("document.activeElement.ariaLabel === 'Branches'")
    page.keyboard.press("Escape")
    table.wait_for(state="detached")
    has_focus(page, "What is a class?")
    page.keyboard.press("m")
    row.get_by_role("button", name="Edit and ask again").click()
    field = row.get_by_role("textbox", name="Ask instead")
    assert field.input_value() == "What is a class?"
    book.shot("branches-edit", selector=READER)
    field.focus()
    page.keyboard.press("Escape")
    field.wait_for(state="detached")
    assert page.evaluate("document.activeElement.className").startswith("dari-row")


def test_a_chat_goes_on_in_the_branch_that_is_shown(book, axe):
    page, chat = book.page, ".dari-chat"
    edit(page, "And in Rust?", "And in Go?", chat)
    page.locator(f"{chat} .dari-branch").get_by_text("2 / 2").wait_for()
    page.locator(f"{chat} .dari-composer:not(.dari-edit) textarea").fill("Why?")
    page.keyboard.press("Control+Enter")
    at(page, "Why?", chat).wait_for()
    told = "print([m.parts[0]['text'] for m in chat.session.messages()][2:])"
    assert book.execute(told).strip() == "['And in Go?', 'Why?']"
    assert book.execute("print(chat.session.forked_from == session.id)").strip() == "True"
    book.shot("branches-chat", selector=chat)
    page.locator(chat).evaluate("node => node.style.width = '250px'")
    book.shot("branches-narrow", selector=chat)
    wide = page.locator(chat).evaluate("node => node.scrollWidth - node.clientWidth")
    assert wide <= 0
    assert axe(page, chat) == []
