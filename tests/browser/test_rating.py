"""Ratings by keyboard in a real front end, whatever becomes of the kernel meanwhile."""

import json
import re

import pytest
from playwright.sync_api import expect

from dari_nb.scores import Score, ScoreBook
from tests.jupyter import KERNEL

from .test_matrix import BOARD, cell, eventually

KEPT = (
    BOARD
    + """
import time
from pathlib import Path
from dari_nb.errors import DariError
from dari_nb.widgets.matrix.asked import Said

class Kept(Board):
    "Keeps ratings in a file, as a batch does; it is slow to say so, or to draw, as a test wishes."
    def __init__(self, rows):
        file = Path("kept.json")
        self.kept = json.loads(file.read_text()) if file.exists() else {}
        self.matrix, self.is_slow, self.is_drawing = matrix(rows), False, True
        self.notes = {}
        self.view = MatrixView(self.read, transcript=self.transcript, rate=self.keep,
                               said=lambda cell_id, name: Said(self.kept.get(cell_id)))
        for cell in self.matrix.cells:
            self.put(cell.id, state="completed", text=ANSWER[cell.column], scores=self.scores(cell))
    def scores(self, cell):
        return {"rating": self.kept[cell.id]} if self.kept.get(cell.id) else {}
    def read(self):
        while not self.is_drawing:
            time.sleep(0.01)
        cells = [dataclasses.replace(c, scores=self.scores(c)) for c in self.matrix.cells]
        return dataclasses.replace(self.matrix, cells=cells)
    def keep(self, cell_id, name, value, note):
        if cell_id == "3-small":
            raise DariError("It has no answer.")
        self.kept[cell_id], self.notes[cell_id] = value, note
        Path("kept.json").write_text(json.dumps(self.kept))
        while self.is_slow:
            time.sleep(0.01)
"""
)
SHOW = "board = Kept(6); board.view"
LONG = """
board = Kept(6)
rows = [dataclasses.replace(row, label=row.label + " And on any other day?" * (9 * n))
        for n, row in enumerate(board.matrix.rows)]
board.matrix = dataclasses.replace(board.matrix, rows=rows)
board.view
"""
SAID = "e => getComputedStyle(e, '::before').content"
# How far below its pane's top a rating stands, in each frame.
PLACES = """() => {
  const [pane, four] = [".dari-pane", '.dari-rate [value="4"]'].map((one) =>
    document.querySelector(one));
  window.places = [];
  (function look() {
    const tops = [four, pane].map((one) => one.getBoundingClientRect().top);
    window.places.push(tops[0] - tops[1]);
    if (pane.isConnected) requestAnimationFrame(look);
  })();
}"""
GONE = "The kernel is gone: run the cell again"


def opened(lab, cell=SHOW):
    book = lab.open_notebook([KEPT, cell])
    show(book)
    return book


def show(book, answer="closed on Monday"):
    """Run all, and open the first answer."""
    book.run_all()
    book.page.locator(".dari-matrix:not(.dari-gone) [data-cell='5-large']").wait_for()
    cell(book, "0-small").get_by_text(answer).wait_for()
    cell(book, "0-small").click()
    book.page.locator(".dari-pane .dari-answer").wait_for()


def rate(book, values):
    for value in values:
        book.page.keyboard.press("ArrowDown")
        book.page.keyboard.press(value)


def place_of_four(book):
    """Where a click rates the open cell 4."""
    box = book.page.locator('.dari-rate [value="4"]').bounding_box()
    return box["x"] + 5, box["y"] + 5


def is_open(book, task, answer):
    """Wait until a task is open and its answer is there."""
    log = book.page.locator(".dari-pane .dari-log")
    expect(log).to_have_attribute("aria-label", re.compile(f"^Task {task}"))
    expect(log.locator(".dari-answer")).to_contain_text(answer)


def rate_there(book, place, task, clicks=1, key="ArrowDown"):
    """Click at a place, see that this rates the task 4, and go on."""
    book.page.mouse.click(*place, click_count=clicks)
    said = book.page.locator(".dari-matrix > .dari-spoken")
    expect(said).to_have_text(f"Task {task}: saved: 4 of 5")
    # What is told of means and columns comes a moment later.
    book.page.wait_for_timeout(500)
    book.page.keyboard.press(key)


def test_whoever_gives_the_same_ratings_again_after_a_restart_loses_none(lab):
    book = opened(lab)
    told_there = book.page.locator(".dari-rate .dari-note")
    book.execute("board.is_slow = True")
    rate(book, "45")
    assert eventually(book, "board.kept", "{'1-small': 4}")
    book.page.evaluate(f"() => {KERNEL}.restart()")
    unknown = f"2 may not be kept, of tasks 1, 2: {GONE}, and look at them."
    expect(told_there).to_have_text(unknown)
    rate(book, "2")
    expect(told_there).to_have_text(f"{unknown} 1 not kept, of task 3: {GONE}.")
    book.shot("matrix-restarted", selector=".dari-matrix")
    show(book)
    cell(book, "1-small").get_by_text("rating 4").wait_for()
    rate(book, "45")
    expect(told_there).to_have_text("saved: 5 of 5")
    assert eventually(book, "board.kept", "{'1-small': 4, '2-small': 5}")
    book.page.keyboard.press("Backspace")
    expect(told_there).to_have_text("taken back")
    assert eventually(book, "board.kept", "{'1-small': 4, '2-small': None}")


@pytest.mark.parametrize("clicks", [2, 3])
def test_a_double_click_rates_and_one_click_more_takes_it_back(lab, clicks):
    book = opened(lab)
    told_there = book.page.locator(".dari-rate .dari-note")
    five = book.page.locator(".dari-rate button", has_text="5")
    five.click(click_count=clicks)
    expect(told_there).to_have_text("saved: 5 of 5")
    assert eventually(book, "board.kept", "{'0-small': 5}")
    five.click()
    expect(told_there).to_have_text("taken back")
    assert eventually(book, "board.kept", "{'0-small': None}")


@pytest.mark.parametrize("keys", [["ArrowDown", "3"], ["ArrowDown", "Enter", "3"]])
def test_who_has_clicked_a_number_goes_on_by_keys_from_that_cell(lab, keys):
    book = opened(lab)
    told_there = book.page.locator(".dari-rate .dari-note")
    book.page.locator(".dari-rate button", has_text="4").click()
    expect(told_there).to_have_text("saved: 4 of 5")
    for key in keys:
        book.page.keyboard.press(key)
    expect(told_there).to_have_text("saved: 3 of 5")
    assert eventually(book, "board.kept", "{'0-small': 4, '1-small': 3}")


def test_what_was_saved_is_in_its_cell_when_the_kernel_is_shut_down(lab):
    book = opened(lab)
    book.execute("board.is_drawing = False")
    rate(book, "45")
    expect(book.page.locator(".dari-rate .dari-note")).to_have_text("saved: 5 of 5")
    book.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    for place, value in (("1-small", 4), ("2-small", 5)):
        expect(cell(book, place)).to_contain_text(f"rating {value}")
    book.page.locator(".dari-matrix.dari-gone").wait_for()
    assert book.page.locator(".dari-matrix").evaluate(SAID) == f'"{GONE}."'


def test_what_was_not_taken_in_the_middle_of_others_is_told_after_them(lab):
    book = opened(lab)
    rate(book, "1234")
    said = book.page.locator(".dari-rate .dari-note")
    expect(said).to_have_text("saved: 4 of 5; 1 not kept, of task 3: It has no answer.")
    expect(cell(book, "4-small")).to_contain_text("rating 4")
    assert eventually(book, "board.kept", "{'1-small': 1, '2-small': 2, '4-small': 4}")
    book.page.wait_for_timeout(3500)
    rate(book, "5")
    expect(said).to_have_text("saved: 5 of 5")


def test_a_kernel_that_is_out_of_reach_is_not_said_to_be_busy(lab):
    book = opened(lab)
    note = book.page.locator(".dari-tools > .dari-note").first
    book.page.context.set_offline(True)
    try:
        book.page.locator("[name=where]").fill("tier = gold")
        expect(note).to_contain_text("The kernel does not answer yet")
    finally:
        book.page.context.set_offline(False)
    expect(note).to_have_text("3 of 6 tasks")


BATCH = """
import dari_nb as dari
batch = dari.connect().batches.run("calculator", ["1 + 1", "2 + 2"], ["small", "large"]).wait()
batch.rate((0, "small"), "rating", 2)
view = batch.view(); view
"""
PLACE = """
import json
import re
cell = batch[0, "small"]
print(json.dumps({"run_id": batch.run_id, "llm_id": cell.llm, "version_id": cell.version,
                  "session_id": cell.session_id}))
"""


def test_what_another_kernel_rates_comes_into_cells_and_heads_by_itself(lab):
    book = lab.open_notebook([BATCH])
    book.run_all()
    expect(cell(book, "0/small/0")).to_contain_text("rating 2")
    rated = {"name": "rating", "value": 5, "by": "person", "task_index": 0}
    place = json.loads(book.execute(PLACE))
    ScoreBook(lab.notebooks / "dari-scores.jsonl").add([Score(**place, **rated)])
    expect(cell(book, "0/small/0")).to_contain_text("rating 5")
    expect(book.page.locator(".dari-grid")).to_contain_text("rating 5 (1 of 2)")


def test_what_is_compared_follows_its_ratings_and_stays_where_it_is(lab):
    book = opened(lab)
    keys = book.page.keyboard
    for llm in ("medium", "large"):
        cell(book, f"0-{llm}").click(modifiers=["Control"])
    book.execute("board.is_slow = True")
    cell(book, "0-large").click()
    book.page.locator(".dari-pane .dari-answer", has_text="Sunday").wait_for()
    keys.press("4")
    keys.press("c")
    pane = book.page.locator(".dari-pane")
    pane.locator("tr", has_text="Answer").wait_for()
    book.execute("board.is_slow = False")
    row = pane.locator("tr", has=book.page.locator("th", has_text="rating"))
    expect(row.locator("td")).to_have_text(["—", "4"])
    pane.locator(".dari-log").focus()
    pane.evaluate("e => { e.style.maxHeight = '60px'; e.scrollTop = 40; }")
    book.execute("board.kept['0-medium'] = 2; board.view.changed()")
    expect(row.locator("td")).to_have_text(["2", "4"])
    assert pane.evaluate("e => e.scrollTop") == 40
    assert book.page.evaluate("() => document.activeElement.matches('.dari-log')")


def test_of_a_note_for_the_cell_before_nothing_is_said_beside_the_next_one(lab):
    book = opened(lab)
    pane, note = book.page.locator(".dari-pane"), book.page.get_by_label("Note", exact=True)
    book.page.keyboard.press("n")
    book.page.keyboard.type("for the first")
    cell(book, "0-large").click()
    pane.get_by_text("closed on Sunday").wait_for()
    assert eventually(book, "list(board.kept)", "['0-small']")
    spoken = book.page.locator(".dari-spoken")
    expect(spoken).to_have_text("Task 0: note saved")
    expect(pane.locator(".dari-rate .dari-note")).to_have_text("")
    expect(note).to_have_value("")


LINES = """
import dari_nb as dari
batch = dari.connect().batches.run("calculator", ["1 + 1", "2 + 2"], ["small"]).wait()
batch.rate((0, "small"), "rating", 3, "first,\\nsecond")
batch.view()
"""
NOTES = "batch.to_frame()['note.rating'].dropna().tolist()"


def test_who_only_looks_at_a_note_of_several_lines_leaves_it_as_it_is(lab):
    book = lab.open_notebook([LINES])
    book.run_all()
    page, note = book.page, book.page.locator(".dari-rate input")
    page.locator("[data-cell^='0/']").click()
    expect(note).to_have_value("first, second")
    note.focus()
    page.locator("[data-cell^='1/']").click()
    expect(note).to_have_value("")
    page.keyboard.press("4")
    expect(page.locator("[data-cell^='1/']")).to_contain_text("rating 4")
    assert book.execute(f"print({NOTES})").strip() == "['first,\\nsecond']"
    page.locator("[data-cell^='0/']").click()
    note.fill("first, second, third")
    note.press("Enter")
    expect(page.locator("[data-cell^='0/']")).to_contain_text("third")
    assert book.execute(f"print({NOTES})").strip() == "['first, second, third']"


def test_a_note_that_was_not_kept_stays_to_be_copied_when_the_kernel_is_gone(lab):
    book = opened(lab)
    note, keys = book.page.get_by_label("Note", exact=True), book.page.keyboard
    said = book.page.locator(".dari-rate .dari-note")
    keys.press("n")
    keys.type("half of")
    book.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    book.page.locator(".dari-matrix.dari-gone").wait_for()
    keys.type(" it")
    keys.press("Enter")
    expect(said).to_have_text(f"1 not kept, of task 0: {GONE}.")
    expect(note).to_have_value("half of it")
    keys.press("5")
    expect(said).to_have_text(f"2 not kept, of task 0: {GONE}.")
    expect(book.page.locator(".dari-rate [aria-pressed=true]")).to_have_count(0)
    cell(book, "1-small").click()
    expect(note).to_have_value("")
    cell(book, "0-small").click()
    expect(note).to_have_value("half of it")
    book.shot("matrix-gone", selector=".dari-matrix")


MENU = "select => [select.value, select.selectedIndex, select.options.length]"
SCORED = """
batch.score("right", lambda turn: turn.text != "2")
batch.view(score="right")
"""


def test_the_menu_of_scores_names_one_of_them_as_soon_as_there_are_two(lab):
    book = lab.open_notebook([BATCH.replace('batch.rate((0, "small"), "rating", 2)', ""), SCORED])
    book.run_all()
    book.page.locator(".dari-matrix").nth(1).locator("[data-cell='0/small/0']").click()
    book.page.keyboard.press("4")
    for place, name in enumerate(("rating", "right")):
        menu = book.page.locator(".dari-matrix").nth(place).locator("[name=score]")
        menu.wait_for()
        shown, index, size = menu.evaluate(MENU)
        assert (index >= 0, size, shown in ("right", "rating")) == (True, 2, True)
        assert name in menu.inner_text()
    assert book.execute("print(batch.view(score='right').score)").strip() == "right"


def test_who_points_at_a_number_and_goes_on_by_keys_loses_no_quick_click(lab):
    book = opened(lab)
    page = book.page
    # A browser counts clicks at one place, whatever keys are pressed in between.
    for count in (1, 2, 3):
        page.locator(".dari-pane header").get_by_text(f"Task {count - 1}").wait_for()
        page.locator(".dari-pane .dari-answer").wait_for()
        page.locator('.dari-rate [value="4"]').hover()
        page.mouse.down(click_count=count)
        page.mouse.up(click_count=count)
        page.keyboard.press("ArrowDown")
    assert eventually(book, "board.kept", "{'0-small': 4, '1-small': 4, '2-small': 4}")


def test_who_writes_in_one_page_is_not_led_away_from_another(lab):
    book = opened(lab)
    page = book.page
    book.save()
    other = page.context.new_page()
    other.goto(page.url)
    pane = other.locator(".dari-pane .dari-log")
    expect(pane).to_have_attribute("aria-label", re.compile("^Task 0"))
    page.bring_to_front()
    page.keyboard.press("n")
    page.keyboard.type("it says ")
    other.bring_to_front()
    other.locator("[data-cell='2-large']").click()
    assert eventually(book, "board.view.active", "2-large")
    page.bring_to_front()
    page.keyboard.type("when")
    expect(page.locator(".dari-pane .dari-log")).to_have_attribute(
        "aria-label", re.compile("^Task 0")
    )
    assert page.locator(".dari-rate input").input_value() == "it says when"
    page.keyboard.press("Enter")
    page.keyboard.press("5")
    assert eventually(book, "board.kept", "{'0-small': 5}")
    # Who has left the view goes along.
    page.locator(".jp-CodeCell .cm-content").first.click()
    other.bring_to_front()
    other.locator("[data-cell='1-large']").click()
    expect(page.locator(".dari-pane .dari-log")).to_have_attribute(
        "aria-label", re.compile("^Task 1")
    )
    other.close()


def test_who_rates_what_a_filter_hides_stays_at_it(lab):
    book = opened(lab)
    page = book.page
    page.get_by_role("combobox", name="Filter tasks").fill('"Task 2:"')
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator('.dari-rate [value="5"]').click()
    page.keyboard.press("4")
    assert eventually(book, "board.kept", "{'0-small': 4}")
    page.keyboard.press("n")
    page.keyboard.type("it says when")
    page.keyboard.press("Enter")
    page.keyboard.press("3")
    assert eventually(book, "board.kept", "{'0-small': 3}")
    expect(page.locator(".dari-pane .dari-log")).to_have_attribute(
        "aria-label", re.compile("^Task 0")
    )


@pytest.mark.parametrize("leave", ["reload", "goto", "close"])
def test_a_note_that_is_being_written_when_its_page_goes_is_kept(lab, leave):
    book = opened(lab)
    page = book.page
    book.save()
    page.keyboard.press("n")
    page.keyboard.type("it says when")
    if leave == "reload":
        book.reload()
    elif leave == "close":
        page.locator(".jp-mod-current .lm-TabBar-tabCloseIcon").first.click()
        book.open_in_place()
    else:
        page.goto("about:blank")
        book.open()
    assert eventually(book, "board.notes", "{'0-small': 'it says when'}")


@pytest.mark.parametrize("width", [700, 1400])
def test_what_a_cell_is_rated_by_stays_where_it_is_from_one_to_the_next(lab, width):
    book = opened(lab, LONG)
    page = book.page
    page.set_viewport_size({"width": width, "height": 900})
    page.locator('.dari-rate [value="4"]').wait_for()
    page.wait_for_timeout(500)
    page.evaluate(PLACES)
    opens = page.locator(".dari-pane .dari-log")
    for task in (1, 2, 3):
        page.keyboard.press("ArrowDown")
        expect(opens).to_have_attribute("aria-label", re.compile(f"^Task {task}"))
        opens.locator(".dari-answer").wait_for()
    places = page.evaluate("places")
    assert len(places) > 3
    assert max(places) - min(places) < 1, places


NAMED = """
names = [f"{llm}_with_a_name_as_long_as_those_of_models_are" for llm in ANSWER]
ANSWER = dict(zip(names, ANSWER.values()))
short = matrix
matrix = lambda rows: short(rows, llms=names)
board = Kept(6); board.view
"""


@pytest.mark.parametrize("width", [700, 1400])
def test_whoever_clicks_at_one_place_rates_each_cell_whatever_is_said_above(lab, width):
    book = lab.open_notebook([KEPT, NAMED])
    page = book.page
    book.run_all()
    page.set_viewport_size({"width": width, "height": 900})
    page.locator(".dari-matrix:not(.dari-gone) [data-cell^='0-small']").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    page.locator('.dari-rate [value="4"]').scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    place = place_of_four(book)
    for task in range(4):
        rate_there(book, place, task)
        expect(page.locator(".dari-pane .dari-log")).to_have_attribute(
            "aria-label", re.compile(f"^Task {task + 1}")
        )
    assert eventually(book, "len(board.kept)", "4")


SUMS = """
import dari_nb as dari
tasks = [f"{{n}} + {{n}}" for n in range({tasks})]
batch = dari.connect().batches.run("calculator", tasks, ["small", "large"]).wait()
view = batch.view(); view
"""
# Scrolls a notebook until an element in it ends so far above the end of what is seen.
TO_THE_END = """(element, room) => {
  const end = (element) => element.getBoundingClientRect().bottom;
  const box = element.closest(".jp-WindowedPanel-outer");
  box.scrollTop += end(element) + room - end(box);
}"""
SCROLLED = "() => document.querySelector('.jp-WindowedPanel-outer').scrollTop"


def sums(lab, tasks, width):
    """A batch with room above it and below."""
    book = lab.open_notebook(["\n" * 40, SUMS.format(tasks=tasks), "\n" * 60])
    book.run_all()
    book.page.set_viewport_size({"width": width, "height": 900})
    cell(book, "0/small/0").get_by_text("0 + 0 = 0").wait_for()
    return book


def opened_at(book, room):
    """Open the first cell, with its end so far above that of the window; returns where a 4 is."""
    cell(book, "0/small/0").click()
    book.page.locator(".dari-pane .dari-answer").wait_for()
    book.page.locator(".dari-pane").evaluate(TO_THE_END, room)
    book.page.wait_for_timeout(500)
    return place_of_four(book)


def all_are_rated(book, tasks, llm="small"):
    given = f"sum(batch[n, {llm!r}].scores.get('rating') == 4 for n in range({tasks}))"
    return eventually(book, given, str(tasks))


@pytest.mark.parametrize(("width", "tasks", "room"), [(1400, 4, 5), (640, 3, 40), (1280, 4, 10)])
@pytest.mark.parametrize("clicks", [1, 2])
def test_whoever_clicks_at_one_place_rates_each_cell_of_a_small_batch(
    lab, width, tasks, room, clicks
):
    book = sums(lab, tasks, width)
    place = opened_at(book, room)
    for task in range(tasks):
        rate_there(book, place, task, clicks)
    assert all_are_rated(book, tasks)


def test_a_cell_below_the_window_comes_into_sight_and_the_page_goes_no_further(lab):
    book = sums(lab, 8, 1400)
    cell(book, "0/small/0").focus()
    book.page.wait_for_timeout(500)
    cell(book, "3/small/0").evaluate(TO_THE_END, 0)
    before = book.page.evaluate(SCROLLED)
    for _ in range(4):
        book.page.keyboard.press("ArrowDown")
        book.page.wait_for_timeout(300)
    expect(cell(book, "4/small/0")).to_be_focused()
    expect(cell(book, "4/small/0")).to_be_in_viewport(ratio=0.3)
    assert 0 < book.page.evaluate(SCROLLED) - before < 80


@pytest.mark.parametrize(("llm", "note"), [("small", ""), ("large", ""), ("small", "adds up")])
def test_whoever_clicks_at_one_place_rates_cells_that_lie_below_the_window(lab, llm, note):
    book = sums(lab, 8, 1400)
    page = book.page
    cell(book, f"0/{llm}/0").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    cell(book, "3/small/0").evaluate(TO_THE_END, 0)
    page.wait_for_timeout(500)
    place, before = place_of_four(book), page.evaluate(SCROLLED)
    for task in range(8):
        if note:
            page.keyboard.press("n")
            page.keyboard.type(note)
            page.keyboard.press("Enter")
        rate_there(book, place, task)
    assert all_are_rated(book, 8, llm)
    expect(cell(book, f"7/{llm}/0")).to_be_in_viewport(ratio=0.5)
    assert abs(page.evaluate(SCROLLED) - before) < 3


# Scrolls a notebook until an element in it begins so far below the beginning of what is seen.
TO_THE_TOP = """(element, room) => {
  const top = (element) => element.getBoundingClientRect().top;
  const box = element.closest(".jp-WindowedPanel-outer");
  box.scrollTop += top(element) - top(box) - room;
}"""


def test_whoever_clicks_at_one_place_rates_cells_upwards_when_the_head_of_the_table_is_gone(lab):
    book = sums(lab, 30, 1400)
    page = book.page
    cell(book, "14/small/0").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    page.locator('.dari-rate [value="4"]').evaluate(TO_THE_TOP, 1)
    page.wait_for_timeout(500)
    place, before = place_of_four(book), page.evaluate(SCROLLED)
    for task in reversed(range(15)):
        rate_there(book, place, task, key="ArrowUp")
    assert all_are_rated(book, 15)
    expect(cell(book, "0/small/0")).to_be_in_viewport(ratio=0.9)
    assert abs(page.evaluate(SCROLLED) - before) < 3


@pytest.mark.parametrize("room", [200, 130])
def test_whoever_sees_the_end_of_a_narrow_table_alone_rates_cells_upwards_at_one_place(lab, room):
    book = sums(lab, 30, 640)
    page = book.page
    cell(book, "9/small/0").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    page.locator(".dari-pane").evaluate(TO_THE_TOP, room)
    page.wait_for_timeout(500)
    place = place_of_four(book)
    for task in reversed(range(10)):
        if 2 < task < 9:
            expect(cell(book, f"{task}/small/0")).to_be_in_viewport(ratio=0.9)
        rate_there(book, place, task, key="ArrowUp")
    assert all_are_rated(book, 10)
    assert place_of_four(book) == pytest.approx(place, abs=2)


@pytest.mark.parametrize("width", [640, 1400])
def test_keys_in_a_table_alone_bring_each_cell_into_sight_with_its_task(lab, width):
    book = sums(lab, 30, width)
    page, focused = book.page, book.page.locator("[data-cell]:focus")
    cell(book, "9/small/0").focus()
    page.wait_for_timeout(300)
    cell(book, "9/small/0").evaluate(TO_THE_TOP, 40)
    for key in [*["ArrowUp"] * 9, *["ArrowDown"] * 4, "Control+End", "PageUp", "Control+Home"]:
        page.keyboard.press(key)
        page.wait_for_timeout(250)
        expect(focused).to_be_in_viewport(ratio=0.9)
        task = page.locator("tbody", has=focused).locator("th")
        expect(task).to_be_in_viewport(ratio=0.9)


@pytest.mark.parametrize("way", ["page", "window", "close"])
def test_a_table_that_ended_with_the_window_goes_on_as_soon_as_there_is_room(lab, way):
    book = sums(lab, 12, 1400)
    page, table = book.page, book.page.locator(".dari-grid")
    cell(book, "0/small/0").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    page.wait_for_timeout(500)
    height = table.bounding_box()["height"]
    cell(book, "3/small/0").evaluate(TO_THE_END, 0)
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert table.bounding_box()["height"] < height - 100
    if way == "page":
        table.evaluate(TO_THE_END, 500)
    elif way == "window":
        page.set_viewport_size({"width": 1400, "height": 1400})
    else:
        page.get_by_role("button", name="Close").click()
    page.wait_for_function(f"() => document.querySelector('.dari-grid').offsetHeight >= {height}")


def test_whoever_turns_the_wheel_while_the_next_answer_is_read_scrolls_that_alone(lab):
    slow = SPOKEN.replace("board = Kept(6)", SLOW)
    book = lab.open_notebook(["\n" * 40, KEPT, slow, "\n" * 60])
    page = book.page
    page.set_viewport_size({"width": 1400, "height": 900})
    show(book, "small says 0")
    page.wait_for_timeout(500)
    x, y = place_of_four(book)
    page.mouse.move(x, y + 145)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(300)
    before = page.evaluate(SCROLLED)
    book.execute("board.is_late = True")
    page.keyboard.press("ArrowDown")
    log = page.locator(".dari-pane .dari-log")
    expect(log).to_have_attribute("aria-label", re.compile("^Task 1"))
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(300)
    assert page.evaluate(SCROLLED) == before
    book.execute("board.is_late = False")
    is_open(book, 1, "says 199")
    assert page.evaluate(SCROLLED) == before
    assert place_of_four(book) == (x, y)


@pytest.mark.parametrize("rating", ["rating", ""])
def test_what_opens_below_a_narrow_table_is_seen_to_its_end(lab, rating):
    book = sums(lab, 8, 640)
    book.execute(f"view.rating = {rating!r}")
    cell(book, "0/small/0").evaluate(TO_THE_END, 150)
    cell(book, "0/small/0").click()
    answer = book.page.locator(".dari-pane .dari-answer")
    expect(answer).to_be_in_viewport(ratio=1)
    if not rating:
        book.page.keyboard.press("ArrowDown")
        expect(answer).to_contain_text("2")
        expect(answer).to_be_in_viewport(ratio=1)


SPOKEN = """
ANSWER = {llm: "\\n\\n".join(f"{llm} says {n}" for n in range(200)) for llm in ANSWER}
board = Kept(6); board.view
"""
SLOW = """
class Late(Kept):
    is_late = False
    def transcript(self, cell_id):
        while self.is_late:
            time.sleep(0.01)
        return super().transcript(cell_id)
board = Late(6)"""


@pytest.mark.parametrize("width", [640, 1400])
def test_whoever_reads_a_long_answer_down_rates_it_where_they_did_before(lab, width):
    book = lab.open_notebook([KEPT, SPOKEN])
    page = book.page
    page.set_viewport_size({"width": width, "height": 900})
    show(book, "small says 0")
    page.wait_for_timeout(500)
    x, y = place_of_four(book)
    for task in range(3):
        is_open(book, task, "says 199")
        page.mouse.move(x, y + 145)
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(300)
        rate_there(book, (x, y), task)
    assert eventually(book, "len(board.kept)", "3")


@pytest.mark.parametrize("width", [640, 1280])
@pytest.mark.parametrize("key", ["Control+End", "PageDown", "End"])
def test_the_cell_that_a_key_leads_to_is_seen_in_the_table(lab, width, key):
    book = sums(lab, 30, width)
    cell(book, "0/small/0").focus()
    for _ in range(3):
        book.page.keyboard.press(key)
        book.page.wait_for_timeout(400)
    focused = book.page.locator("[data-cell]:focus")
    expect(focused).to_be_in_viewport(ratio=0.9)


WORDY = """
class Wordy(Kept):
    def transcript(self, cell_id):
        items, head = super().transcript(cell_id)
        facts = ["48 s", "1 turn", "12 calls", "31,415 tokens", "9,265 of them thought"]
        return items, dataclasses.replace(head, facts=facts[: 2 * int(cell_id[0])])
board = Wordy(6); board.view
"""


@pytest.mark.parametrize("width", [640, 1400])
def test_whoever_clicks_at_one_place_rates_each_cell_whatever_its_head_says(lab, width):
    book = lab.open_notebook(["\n" * 40, KEPT, WORDY, "\n" * 60])
    page = book.page
    page.set_viewport_size({"width": width, "height": 900})
    show(book)
    page.wait_for_timeout(500)
    x, y = place_of_four(book)
    for task in range(3):
        is_open(book, task, "No,")
        rate_there(book, (x, y), task)
    assert eventually(book, "len(board.kept)", "3")


HEIGHTS = "cells => cells.map((cell) => cell.getBoundingClientRect().height)"


def test_rows_are_as_high_with_a_rating_as_without(lab):
    book = sums(lab, 3, 1400)
    cells = book.page.locator("[data-cell]")
    book.execute("view.blind = True")
    expect(cells.first).to_have_text("0 + 0 = 0")
    before = cells.evaluate_all(HEIGHTS)
    cells.first.click()
    book.page.keyboard.press("4")
    expect(cells.first).to_contain_text("rating 4")
    assert cells.evaluate_all(HEIGHTS) == before
