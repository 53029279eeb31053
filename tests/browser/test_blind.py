"""Blind in a real front end: neither the page nor the saved notebook tells whose an answer is."""

import json
import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

BATCH = """
import os, tempfile
import dari_nb
from dari_nb.local import ToolCall, ToolResult

os.chdir(tempfile.mkdtemp())
d = dari_nb.connect("local")

@d.server.agent("vera", llms=["zephyrone", "quokkatwo"])
def vera(prompt, turn):
    if turn.llm_id == "quokkatwo" and "1" in prompt:
        raise RuntimeError("model quokkatwo overloaded")
    yield ToolCall("find", {"what": prompt})
    yield ToolResult("found")
    yield f"Answer {91 if turn.llm_id == 'zephyrone' else 27}."

tasks = [f"Task {n}?" for n in range(4)]
batch = d.batches.run("vera", tasks, ["zephyrone", "quokkatwo"], repeats=2).wait(60)
batch.score("qual", lambda t: "91" in t.text or "3" in t.session.metadata["task_index"])
_ = batch.rate((0, "zephyrone"), "rating", 2, "meh")
"""
NAMES = re.compile(r"zephyr|quokka|\bvera\b|\bqual\b|overloaded|\bmeh\b|rating 2", re.IGNORECASE)
SIGNS = re.compile(r"[✓✗◐]|<time|data-tint=\"(yes|no|part)|\b\d+ ms\b")
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
WIDGETS = "application/vnd.jupyter.widget-state+json"
SAVES_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    book = lab_server.open_notebook([BATCH, "view = batch.view(); view"])
    book.command(SAVES_STATE)
    yield book
    book.command(SAVES_STATE)
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The notebook, run again: its batch and the view of it are new."""
    notebook.problems.clear()
    notebook.run_all()
    notebook.page.locator("[data-cell='3/quokkatwo/0']").wait_for(state="attached")
    return notebook


def telling(html):
    """What in a text says whose an answer is, or what it is worth."""
    html = STYLE.sub("", html)
    return [found[0] for of in (NAMES, SIGNS) for found in of.finditer(html)]


def in_page(book):
    """All that the page has of the view and of its static output, seen or not."""
    output = book.page.locator(".jp-Cell").nth(1).locator(".jp-Cell-outputWrapper")
    return telling(output.evaluate("e => e.outerHTML"))


def comes_to_hide_all(book):
    """Whether the page tells nothing, once its static output is written anew."""
    for _ in range(100):
        if not in_page(book):
            return True
        book.page.wait_for_timeout(100)
    print(in_page(book))
    return False


def heads(book):
    return book.page.locator(".dari-matrix .dari-cells thead th")


def blind(book, *, is_on=True):
    """Press Blind, and wait until the page has what that shows."""
    book.page.locator("[name=blind]").set_checked(is_on)
    expect(heads(book).nth(1)).to_have_text(re.compile("^A" if is_on else "^(zephyr|quokka)"))


def saved(book, is_there):
    """The second cell of the saved notebook alone, once its static output is as it is to be."""
    for _ in range(200):
        made = book.save()
        del made.cells[0]
        if is_there("".join(o.data.get("text/html", "") for o in made.cells[0].outputs)):
            break
        book.page.wait_for_timeout(100)
    return made


def answers(book):
    """The cells of the first task, by what they say, and their letters."""
    first = book.page.locator("tbody[data-row='0'] [data-cell]")
    expect(first).to_have_count(2)
    return {
        text.split(".")[0].split()[1]: place for place, text in enumerate(first.all_inner_texts())
    }


def test_the_page_has_nothing_that_tells_whose_an_answer_is(book, axe):
    page = book.page
    assert in_page(book)
    page.locator("[data-cell='0/zephyrone/0']").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    blind(book)
    expect(page.locator(".dari-pane")).to_be_hidden()
    assert heads(book).all_inner_texts()[0] == "Task"
    rows = page.locator(".dari-cells tbody[data-row] th p")
    assert [row.split()[0] for row in rows.all_inner_texts()] == ["0", "1", "2", "3"]
    failed = page.locator("[data-state='failed'][data-cell]")
    first = page.locator("tbody[data-row='0'] [data-cell]").first
    for cell, said in ((first, ".dari-answer"), (failed.first, ".dari-error")):
        cell.click()
        page.locator(f".dari-pane .dari-log {said}").wait_for()
        assert comes_to_hide_all(book)
    assert axe(page, ".dari-matrix") == []
    page.keyboard.press("Escape")
    for cell in page.locator("tbody[data-row='0'] [data-cell]").all():
        cell.click(modifiers=["Control"])
    page.get_by_role("button", name="Compare 2").click()
    page.locator(".dari-pane .dari-compare").wait_for()
    assert comes_to_hide_all(book)
    assert not book.problems


def test_the_saved_notebook_its_widgets_and_a_page_made_of_it_tell_nothing(book, lab_server):
    before = saved(book, lambda html: "✓ qual" in html)
    assert telling(HTMLExporter().from_notebook_node(before)[0])
    blind(book)
    made = saved(book, lambda html: "Answer 91" in html and not telling(html))
    for cell in made.cells:
        for output in cell.outputs:
            for text in output.data.values():
                assert telling(str(text)) == []
    states = [w["state"] for w in made.metadata.widgets[WIDGETS]["state"].values()]
    told = [{n: v for n, v in state.items() if n not in ("_esm", "_css")} for state in states]
    assert any("dari-head" in str(state) for state in told)
    assert NAMES.findall(json.dumps([state for state in told if state.get("blind")])) == []
    exported, _ = HTMLExporter().from_notebook_node(
        nbformat.v4.new_notebook(cells=made.cells, metadata={})
    )
    body = exported.partition("<body")[2]
    assert "Answer 91" in body
    assert telling(body) == []


def test_answers_are_counted_and_found_in_the_order_of_the_letters(book):
    page = book.page
    blind(book)
    counts = page.locator("tbody[data-row='0'] th [data-where]")
    first = page.locator("tbody[data-row='0'] [data-cell]").first.inner_text().partition(".")[0]
    expect(counts.first).to_contain_text(first)
    counts.first.click()
    expect(page.locator(".dari-tools > .dari-note")).to_have_text("1 of 4 tasks")
    expect(page.locator("[name=where]")).to_be_visible()
    page.locator("[name=where]").fill("")
    page.get_by_role("button", name="2 failed").click()
    expect(page.locator("[name=where]")).to_have_value("state = failed")
    assert comes_to_hide_all(book)


def test_what_is_asked_for_from_python_finds_nothing_that_is_not_shown(book):
    blind(book)
    note = book.page.locator(".dari-tools > .dari-note")
    book.execute("view.where = 'qual = no column = zephyrone'")
    expect(note).to_contain_text("0 of 4 tasks")
    book.execute("view.where = ''; view.order = '-qual'; view.baseline = 'zephyrone'")
    expect(note).to_have_text("")
    rows = book.page.locator(".dari-cells tbody[data-row] th p")
    assert [row.split()[0] for row in rows.all_inner_texts()] == ["0", "1", "2", "3"]
    assert book.page.locator("[data-change]").count() == 0
    assert book.page.locator(".dari-seen").inner_text() == ""
    assert comes_to_hide_all(book)


def test_a_rating_lands_at_the_answer_that_was_read_and_the_filter_comes_back(book):
    page = book.page
    page.locator("[name=where]").fill("qual = yes")
    expect(page.locator(".dari-cells tbody[data-row]")).to_have_count(4)
    page.locator("[name=order]").select_option("-qual")
    for value in ("4", "5"):
        blind(book)
        expect(page.locator("[name=where]")).to_have_value("")
        page.locator("tbody[data-row='2'] [data-cell]", has_text="Answer 27").click()
        page.locator(".dari-pane .dari-answer").wait_for()
        page.keyboard.press(value)
        page.locator(".dari-pane").get_by_text(f"saved: {value} of 5").wait_for()
        rated = page.locator(".dari-cells td", has_text=f"rating {value}")
        expect(rated).to_have_count(1)
        expect(rated).to_contain_text("Answer 27")
        seen = "print([c.id for c in batch.cells if c.scores.get('rating') == %s], view.active.id)"
        assert book.execute(seen % value).strip() == "['2/quokkatwo/0'] 2/quokkatwo/0"
        assert comes_to_hide_all(book)
        page.keyboard.press("Escape")
        blind(book, is_on=False)
        expect(page.locator("[name=where]")).to_have_value("qual = yes")
        expect(page.locator("[name=order]")).to_have_value("-qual")
    expect(page.locator("[name=blind]")).to_be_focused()
    assert book.execute("print(view.where, view.order)").strip() == "qual = yes -qual"
    assert not book.problems


def test_a_rating_taken_back_leaves_what_another_gave_meanwhile(book):
    page = book.page
    blind(book)
    page.locator("tbody[data-row='2'] [data-cell]", has_text="Answer 27").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    told = page.locator(".dari-pane")
    page.keyboard.press("2")
    told.get_by_text("saved: 2 of 5").wait_for()
    book.execute("batch.rate((2, 'quokkatwo', 0), 'rating', 5, 'cn')")
    page.keyboard.press("4")
    told.get_by_text("saved: 4 of 5").wait_for()
    page.keyboard.press("Delete")
    told.get_by_text("taken back").wait_for()
    expect(page.get_by_label("Note", exact=True)).to_have_value("")
    blind(book, is_on=False)
    page.locator("[data-cell='2/quokkatwo/0']").click()
    expect(page.locator(".dari-rate [aria-pressed=true]")).to_have_text("5")
    expect(page.get_by_label("Note", exact=True)).to_have_value("cn")
    assert not book.problems


@pytest.mark.parametrize("is_blind", [True, False])
def test_what_is_being_written_when_names_come_or_go_is_kept_of_its_cell(book, is_blind):
    page = book.page
    if is_blind:
        blind(book)
    page.locator("tbody[data-row='2'] [data-cell]", has_text="Answer 27").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    page.keyboard.press("n")
    page.keyboard.type("so so")
    book.execute(f"view.blind = {not is_blind}")
    expect(heads(book).nth(1)).to_have_text(re.compile("^A" if not is_blind else "^(zeph|quokka)"))
    kept = """
rows = batch.to_frame().query("`note.rating` == 'so so'")
print(rows[["task_index", "llm_id", "repeat"]].values.tolist())
"""
    for _ in range(100):
        if (there := book.execute(kept).strip()) != "[]":
            break
        page.wait_for_timeout(100)
    assert there == "[[2, 'quokkatwo', 0]]"
    assert not book.problems


def test_the_order_of_columns_is_drawn_each_time(book):
    orders = set()
    for _ in range(24):
        blind(book)
        orders.add(tuple(sorted(answers(book).items())))
        blind(book, is_on=False)
    assert len(orders) == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_right(book, axe, theme):
    book.theme(theme)
    blind(book)
    book.page.locator("tbody[data-row='0'] [data-cell]").first.click()
    book.page.locator(".dari-pane .dari-answer").wait_for()
    assert axe(book.page, ".dari-matrix") == []
    book.shot(f"blind-{theme}", selector=".dari-matrix")
    book.theme("light")


RUNNING = (
    BATCH.partition("batch = d")[0]
    + """
import asyncio
from pathlib import Path

@d.server.agent("slow", llms=["zephyrone", "quokkatwo"])
async def slow(prompt, turn):
    while "1" in prompt and not Path("go").exists():
        await asyncio.sleep(0.05)
    yield "Answer 5"

batch = d.batches.run("slow", ["Task 0?", "Task 1?"], ["zephyrone", "quokkatwo"])
"""
)
STATIC_OUTPUTS = """() => {
  const areas = [...document.querySelectorAll(".jp-OutputArea:has(.dari-rows)")];
  const isWhole = document.querySelectorAll(".dari-rows td").length === 4;
  return isWhole && areas.map((area) => area.outerHTML).join();
}"""
"""What is around all static outputs once they have their four cells; read in one step."""


def test_what_still_runs_and_the_static_output_that_it_becomes_tell_nothing(lab):
    book = lab.open_notebook([RUNNING, "batch"])
    book.run_all()
    book.page.locator(".dari-matrix").get_by_text("2 done").wait_for()
    blind(book)
    made = saved(book, lambda html: "Answer 5" in html and not NAMES.search(html))
    assert NAMES.findall(str([o.data for o in made.cells[0].outputs])) == []
    book.execute("Path('go').touch()")
    assert not NAMES.search(book.page.wait_for_function(STATIC_OUTPUTS).json_value())
    assert "zephyrone" in book.execute("print(batch)")
