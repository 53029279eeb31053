"""Reader, sessions, views linked in a box and player in JupyterLab, worked by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.pages.conftest import SETUP, check_reopened, output, selector
from tests.jupyter import serious_findings

SESSIONS = """
import json
import time
from pathlib import Path
from dari_nb.local import ToolCall, ToolResult

@d.server.agent("helper")
def helper(prompt):
    yield ToolCall("count", {"text": prompt})
    time.sleep(0.2)
    yield ToolResult("No such file.", is_error=True)
    yield f"Read **{prompt}**."

def ask(name):
    return d.agents["helper"].send(f"the {name}", name=f"the {name}").wait().session

sessions = [ask(name) for name in ("first", "second", "third")]
messages = [
    {"role": role, "content": f"{role} says {n}"}
    for n in range(5_000) for role in ("user", "assistant")
]
Path("long.jsonl").write_text(json.dumps({"messages": messages}))
long = d.sessions.get(d.server.load_runs("long.jsonl")[0])
"""
LINKED = """
import ipywidgets
table = d.sessions.view(preview=False)
reader = sessions[0].view(layout={"height": "320px"})
link = ipywidgets.link((reader, "session"), (table, "active"))
ipywidgets.HBox([table, reader])
"""
CELLS = [SETUP + SESSIONS, "long.view()", "d.sessions.view()", LINKED, "sessions[0].player()"]
READER, TABLE, BOX, PLAYER = range(1, 5)


@pytest.fixture(scope="module")
def book(lab):
    """A notebook whose cells have run; its tests go on from one another's state."""
    book = lab.open_notebook(CELLS, "looking.ipynb")
    book.run_all()
    return book


@pytest.fixture
def press(book):
    """Press keys one after another."""

    def press(*keys):
        for key in keys:
            book.page.keyboard.press(key)

    return press


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_outputs_have_no_serious_findings(book, theme):
    book.theme(theme)
    output(book, PLAYER).get_by_role("slider").wait_for()
    for number in (TABLE, BOX, PLAYER):  # The box has a reader, too.
        assert serious_findings(book.page, selector(number)) == []
    book.theme("light")


def test_reader_draws_few_of_many_items(book, press):
    reader = output(book, READER)
    expect(reader.get_by_role("article").first).to_contain_text("user says 0")
    reader.get_by_role("log").focus()
    press("End")
    expect(reader.get_by_role("article").last).to_contain_text("assistant says 4999")
    assert reader.get_by_role("article").count() < 200


def test_reader_finds_text_by_keyboard(book, press):
    reader = output(book, READER)
    reader.get_by_role("log").focus()
    press("/")
    expect(reader.get_by_role("searchbox")).to_be_focused()
    book.page.keyboard.type("User SAYS 4321")
    found = reader.get_by_role("article").filter(has_text="user says 4321")
    expect(found).to_be_in_viewport()


def test_reader_goes_from_item_to_item(book, press):
    reader = output(book, BOX)
    reader.get_by_role("log").focus()
    press("Home", "e", "Enter")
    group = reader.get_by_role("article", name=re.compile("count")).locator("details")
    expect(group.first).to_have_attribute("open", "")


def test_sessions_are_found_sorted_and_opened(book, press):
    table = output(book, TABLE)
    rows = table.get_by_role("treegrid").get_by_role("row")
    expect(rows).to_have_count(5)
    table.get_by_role("searchbox").first.fill("second")
    expect(rows).to_have_count(2)
    rows.nth(1).get_by_role("button").first.focus()
    press("Enter")
    expect(table.get_by_role("article")).to_contain_text("Read the second.")
    table.get_by_role("searchbox").first.fill("")
    expect(rows).to_have_count(5)
    by_turns = table.get_by_role("columnheader", name="turns").get_by_role("button")
    by_turns.focus()
    press("Enter")
    expect(table.locator("[aria-sort=ascending], [aria-sort=descending]")).to_contain_text("turns")
    first, last = (rows.nth(place).inner_text() for place in (1, 4))
    assert ("5000" in first) != ("5000" in last)


def test_linked_views_follow_each_other(book, eventually):
    box = output(book, BOX)
    box.get_by_role("button", name="the second").click()
    expect(box.get_by_role("log")).to_contain_text("Read the second.")
    eventually(book, "reader.session.id == table.active.id == sessions[1].id", True)
    book.execute("table.active = sessions[2]")
    expect(box.get_by_role("log")).to_contain_text("Read the third.")
    book.execute("reader.session = sessions[0]")
    expect(box.get_by_role("log")).to_contain_text("Read the first.")
    eventually(book, "table.active.id == sessions[0].id", True)


def test_player_plays_and_seeks_by_keyboard(book, press):
    player = output(book, PLAYER)
    track = player.get_by_role("slider")
    track.focus()
    press("End")
    expect(player.get_by_role("log")).to_contain_text("Read the first.")
    press("Home")
    expect(player.get_by_role("log")).not_to_contain_text("Read the first.")
    press(" ")
    expect(player.get_by_role("log")).to_contain_text("Read the first.")
    press("Home", "ArrowRight")
    expect(track).not_to_have_value("0")


@pytest.mark.parametrize("number", [READER, PLAYER, TABLE])
def test_list_of_shortcuts_opens_and_closes(book, press, number):
    view = output(book, number)
    view.get_by_role("button", name=re.compile("keys|shortcuts", re.I)).first.focus()
    shortcuts = view.get_by_role("term")
    press("Enter")
    expect(shortcuts.first).to_be_visible()
    press("Escape")
    expect(shortcuts.first).to_be_hidden()


def test_keys_leave_the_notebook_alone(book, press):
    output(book, READER).get_by_role("log").focus()
    press("d", "d", "x", "a", "b", "m", "Escape")
    assert len(book.save().cells) == len(CELLS)
    assert {cell.cell_type for cell in book.save().cells} == {"code"}


def test_reopened_notebook_shows_everything(lab, book):
    texts = {
        READER: "assistant says 4999",
        TABLE: "the third",
        BOX: "the third",
        PLAYER: "the first",
    }
    check_reopened(lab, book, texts)


def test_views_go_on_after_reload(book, press):
    book.save()
    book.reload()
    reader = output(book, READER)
    expect(reader.get_by_role("article").first).to_be_visible()
    reader.get_by_role("log").focus()
    press("End")
    expect(reader.get_by_role("article").last).to_contain_text("assistant says 4999")


def test_pages_report_no_problem(book):
    assert book.problems == []
