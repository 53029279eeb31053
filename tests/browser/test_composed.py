"""Views in boxes, tabs and accordions of ipywidgets: linked, laid out, let go, saved."""

import pytest

SETUP = """
import os
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
import dari_nb as dari, ipywidgets as w
from traitlets import link
d = dari.connect("local")

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt, turn):
    yield f"**{turn.llm_id}** read: {prompt}"

agent = d.agents["helper"]
first, second = [agent.send(f"{n}.", name=n).wait().session for n in ("the first", "the second")]
batch = d.batches.run("helper", ["task one", "task two"], llms=["small", "large"]).wait()
seen = []
"""
DASHBOARD = """
table = d.sessions.view(preview=False, layout={"width": "40%"})
reader = first.view(layout={"height": "320px"})
joined = link((reader, "session"), (table, "active"))
table.observe(lambda change: seen.append(change.new and change.new.id), "active")
said = w.interactive_output(lambda to: print("to read:", to and to.name), {"to": table})
box = w.VBox([w.HBox([table, reader], layout={"width": "90%"}), said])
"""
BOX = "box"
TABS = """
matrix, chat = batch.view(), agent.chat()
tab = w.Tab([w.IntSlider(), matrix, w.Accordion([chat], selected_index=0)]); tab
"""


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    book = lab_server.open_notebook([SETUP, DASHBOARD, BOX, TABS])
    book.run_all()
    yield book
    lab_server.clear()


@pytest.fixture
def book(notebook):
    notebook.problems.clear()
    yield notebook
    assert notebook.problems == []


def eventually(book, expression, expected):
    """Wait until the kernel comes to know it: a page's news are on their way for a while."""
    for _ in range(200):
        told = book.execute(f"print(({expression}))").strip()
        if told == expected:
            return
        book.page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {told}, not {expected}")


def test_a_row_that_is_clicked_is_observed_and_the_linked_reader_follows(book):
    page = book.page
    page.locator(".widget-hbox .dari-reader").get_by_text("small read: the first").wait_for()
    row = page.locator(".dari-sessions tr[aria-current]")
    row.get_by_role("button", name="the first").wait_for()
    page.locator(".dari-sessions").get_by_role("button", name="the second").click()
    page.locator(".widget-hbox .dari-reader").get_by_text("small read: the second").wait_for()
    page.get_by_text("to read: the second").wait_for()
    eventually(book, "seen[-1] == second.id == reader.session.id == table.value.id", "True")
    assert page.locator(".dari-beside").is_hidden()
    book.execute("table.active = first.id")
    page.locator(".widget-hbox .dari-reader").get_by_text("small read: the first").wait_for()
    row.get_by_role("button", name="the first").wait_for()
    book.execute("reader.session = second")
    row.get_by_role("button", name="the second").wait_for()
    page.locator(".dari-sessions tr[aria-current]").press("Escape")
    page.locator(".widget-hbox .dari-reader").get_by_text("Nothing is here yet.").wait_for()
    eventually(book, "table.active, reader.session, seen[-1]", "(None, None, None)")
    book.execute("reader.session = first")


def test_layouts_are_kept_and_what_is_in_them_fits(book):
    page = book.page
    box, table, reader = (
        page.locator(selector).first.bounding_box()
        for selector in (
            ".widget-hbox:has(.dari-view)",
            ".dari-sessions",
            ".widget-hbox .dari-reader",
        )
    )
    assert abs(table["width"] - 0.4 * box["width"]) < 2
    assert reader["height"] == 320
    assert reader["x"] > table["x"] + table["width"] + 8
    assert reader["x"] + reader["width"] <= box["x"] + box["width"] + 1
    book.execute("for n in range(9): first.send(f'more {n}').wait()")
    page.locator(".widget-hbox .dari-reader").get_by_text("10 turns").wait_for()
    log = page.locator(".widget-hbox .dari-reader .dari-log")
    inner = log.bounding_box()
    assert inner["y"] + inner["height"] <= reader["y"] + 320 + 1
    assert log.evaluate("log => log.scrollHeight > log.clientHeight + 200")


def test_a_matrix_in_a_tab_and_a_chat_in_an_accordion_are_worked(book):
    page = book.page
    tabs = page.locator(".widget-tab .lm-TabBar-tab")
    tabs.nth(1).click()
    cell = page.locator(".dari-matrix [data-cell]").filter(has_text="large read: task two")
    cell.click()
    page.locator(".dari-pane .dari-answer").get_by_text("task two").wait_for()
    eventually(book, "matrix.active is batch[1, 'large']", "True")
    book.execute("matrix.active = (0, 'small')")
    page.locator(".dari-pane .dari-answer").get_by_text("small read: task one").wait_for()
    book.execute("matrix.active = None")
    page.locator(".dari-pane").wait_for(state="hidden")
    tabs.nth(2).click()
    page.locator(".dari-chat textarea").fill("from a tab")
    page.locator(".dari-chat textarea").press("Control+Enter")
    page.locator(".dari-chat .dari-answer").get_by_text("from a tab").wait_for()
    eventually(book, "chat.session.id == chat.value.id, chat.status", "(True, 'completed')")


FOLLOWED = "len(first._feed._followers), len(chat.session._feed._followers)"
SELECT = "place => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = place }"


def test_what_a_box_shows_is_let_go_with_its_output_and_shown_again(book):
    page = book.page
    book.execute("reader.session = first; chat._send_message('key', 'Hi', [], '').result(20)")
    eventually(book, FOLLOWED, "(1, 1)")
    book.command("editmenu:clear-all")
    eventually(book, FOLLOWED, "(0, 0)")
    book.execute("first.send('while nobody looked').wait()")
    page.evaluate(SELECT, 2)
    book.command("notebook:run-cell")
    page.locator(".widget-hbox .dari-reader [role=log]").press("End")
    page.locator(".widget-hbox .dari-reader").get_by_text(
        "small read: while nobody looked"
    ).wait_for()
    eventually(book, FOLLOWED, "(1, 0)")
    book.execute("reader.close()")
    page.locator(".widget-hbox .dari-reader").wait_for(state="detached")
    eventually(book, FOLLOWED, "(0, 0)")
    assert page.locator(".widget-hbox .dari-sessions").is_visible()


def test_a_reopened_notebook_shows_static_output_in_place_of_what_is_gone(notebook7):
    book = notebook7.open_notebook([SETUP, DASHBOARD, BOX], "boxes.ipynb")
    book.run_all()
    page = book.page
    page.locator(".dari-sessions").get_by_role("button", name="the second").click()
    page.locator(".widget-hbox .dari-reader").get_by_text("small read: the second").wait_for()
    page.locator(".dari-kept").get_by_text("small read: the second").wait_for(state="attached")
    saved = book.save()
    assert "widgets" not in saved.metadata
    notebook7.shutdown_kernels()
    book.reload()
    kept = page.locator(".jp-Cell").nth(2).locator(".dari-kept")
    kept.get_by_text("small read: the second").wait_for()
    assert kept.get_by_text("the first").first.is_visible()
    assert not page.get_by_text("model not found").is_visible()
