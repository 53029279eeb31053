"""Branches in a real page: asked again, switched and compared, by keyboard and by eye."""

import pytest
from playwright.sync_api import expect

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

# Notes what a page had just drawn whenever a key would have gone to no view at all.
LOST = """selector => {
    window.lost = [];
    const note = (changes) => {
        if (document.activeElement !== document.body) return;
        for (const change of changes) window.lost.push(change.target.className);
    };
    const log = document.querySelector(selector + " .dari-log");
    new MutationObserver(note).observe(log, { childList: true, subtree: true });
}"""


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
    # No key of these was one of the notebook's: its cells are as they were.
    assert [cell.source for cell in book.save().cells] == CELLS
    assert not book.problems


def test_a_key_is_heard_at_any_moment_while_branches_are_drawn(book):
    page = book.page
    edit(page, "And in JavaScript?", "And in Python?")
    group = page.locator(f"{READER} .dari-branch")
    group.get_by_text("2 / 2").wait_for()
    at(page, "And in Python?").get_by_role("button", name="earlier").focus()
    page.evaluate(LOST, READER)
    for step in range(6):
        page.keyboard.press("[")
        group.get_by_text(f"{1 + step % 2} / 2").wait_for()
        has_focus(page, ("And in JavaScript?", "And in Python?")[step % 2])
    assert page.evaluate("window.lost") == []
    # Where nothing is chosen, keys go to what has the focus; a choice may be on its way still.
    for _ in range(100):
        book.execute("view.active = None")
        page.wait_for_timeout(100)
        if page.locator(f"{READER} .dari-here").count() == 0:
            break
    expect(page.locator(f"{READER} .dari-here")).to_have_count(0)
    page.keyboard.press("[")
    group.get_by_text("1 / 2").wait_for()
    has_focus(page, "And in JavaScript?")


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
    book.theme("dark")
    book.shot("branches-edit-dark", selector=READER)
    book.theme("light")
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


def test_what_is_refused_is_said_and_nothing_that_was_written_is_lost(book):
    page = book.page
    row = at(page, "And in Rust?")
    row.focus()
    page.keyboard.press("A")
    row.get_by_role("textbox", name="Ask instead").fill("  ")
    row.get_by_role("button", name="Ask again").click()
    row.locator(".dari-edit .dari-note").get_by_text("empty").wait_for()
    row.get_by_role("textbox", name="Ask instead").fill("Half a thou")
    page.locator(f"{READER} .dari-log").evaluate("log => { log.scrollTop = 0; }")
    page.locator(f"{READER} .dari-log").evaluate("log => { log.scrollTop = log.scrollHeight; }")
    assert row.get_by_role("textbox", name="Ask instead").input_value() == "Half a thou"


def test_a_saved_notebook_says_which_branch_it_shows(book):
    page = book.page
    edit(page, "And in JavaScript?", "And in Python?")
    page.locator(f"{READER} .dari-branch").get_by_text("2 / 2").wait_for()
    book.execute("view.close()")
    html = "".join(
        str(output.get("data", {}).get("text/html", "")) for output in book.save().cells[1].outputs
    )
    assert "branch 2 of 2 at turn 2" in html
    assert "And in Python?" in html
    assert "<button" not in html


def test_what_is_asked_elsewhere_is_a_branch_in_views_that_are_open(book):
    page, chat = book.page, ".dari-chat"
    book.execute("elsewhere = session.turn().again('And in Zig?').wait()")
    for inside in (READER, chat):
        row = at(page, "And in Rust?", inside)
        row.locator(".dari-branch").get_by_text("1 / 2").wait_for()
    book.execute("fork = session.fork(); fork.send('On?').wait()")
    page.locator(f"{chat} .dari-composer:not(.dari-edit) textarea").fill("And here?")
    page.keyboard.press("Control+Enter")
    for inside in (READER, chat):
        at(page, "And here?", inside).locator(".dari-branch").get_by_text("1 / 2").wait_for()
