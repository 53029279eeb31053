"""A matrix in a real front end: it fills, and is worked by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

BOARD = """
import asyncio, dataclasses, json, threading
from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
from dari_nb.widgets import MatrixView

def matrix(rows, llms=("small", "medium", "large")):
    tiers = [{"tier": "gold"}, {"tier": "basic"}]
    tasks = [MatrixRow(str(n), f"Task {n}: is it open on Monday?", tiers[n % 2])
             for n in range(rows)]
    cells = [MatrixCell(f"{t.id}-{llm}", t.id, llm) for t in tasks for llm in llms]
    return Matrix("librarian", "run_1", tasks, [MatrixColumn(llm, llm, llm) for llm in llms], cells)

class Board:
    def __init__(self, rows, **options):
        self.matrix, self.ratings, self.watched = matrix(rows, **options), [], []
        self.view = MatrixView(lambda: self.matrix, transcript=self.transcript,
                               rate=lambda *r: self.rate(*r), watch=self.watched.append)
    def put(self, cell_id, **changes):
        cells = [dataclasses.replace(c, **changes) if c.id == cell_id else c
                 for c in self.matrix.cells]
        self.matrix = dataclasses.replace(self.matrix, cells=cells)
        loop.call_soon_threadsafe(self.view.changed)
    def rate(self, cell_id, name, value, note):
        self.ratings.append((cell_id, value, note))
        self.put(cell_id, scores={name: value} if value else {}, notes={name: note})
    def transcript(self, cell_id):
        task, llm = cell_id.split("-")
        ids = {"message_id": "m"}
        done = {"message_id": "m", "status": "completed"}
        call = ToolCallItem(id="c", tool_name="look", arguments={"day": ANSWER[llm][-7:]}, **done)
        asked = UserMessageItem(id="u", content=[text_block(f"Task {task}?")], **ids)
        said = AssistantMessageItem(id="a", content=[text_block(ANSWER[llm])], **done)
        return [asked, call, said], Head("librarian", llm, "completed")

ANSWER = {"small": "No, it is closed on Monday.", "medium": "No, it is closed then.",
          "large": "No, it is closed on Sunday."}
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
"""
FILL = """
for cell in board.matrix.cells[:-1]:
    board.put(cell.id, state="completed", text=ANSWER[cell.column], latency_s=3.2, cost_usd="0.02")
board.put("1-small", state="failed", error="provider returned 529", attempts=2)
"""

# What is drawn above a row moves it, so one goes on until one is there.
COME_NEAR = """row => {
  row.scrollIntoView({ block: "nearest" });
  return row.querySelector("[data-cell]");
}"""


@pytest.fixture(scope="module")
def notebook(lab_server, browser):
    lab_server.look_with(browser)
    yield lab_server.open_notebook([BOARD, "board = Board(4); board.view"])
    lab_server.clear()


@pytest.fixture
def book(notebook):
    """The same notebook, run again: its board and the view of it are new."""
    notebook.problems.clear()
    notebook.run_all()
    notebook.page.locator("[data-cell='3-large']").wait_for()
    return notebook


def focused(book):
    return book.page.evaluate("() => document.activeElement.dataset.cell")


def cell(book, cell_id):
    return book.page.locator(f"[data-cell='{cell_id}']")


def eventually(book, expression, expected):
    """Ask the kernel until it knows: a page sends changes one after another."""
    for _ in range(400):
        if book.execute(f"print(({expression}))").strip() == expected:
            return True
        book.page.wait_for_timeout(50)
    return False


def blind(book):
    """Press Blind, and return the cells by what they say once the page has what that shows."""
    book.page.locator("[name=blind]").check()
    expect(book.page.locator(".dari-cells thead th").nth(1)).to_contain_text(re.compile("^A"))
    return lambda said: book.page.locator(".dari-cells td", has_text=said)


def test_a_press_ends_where_it_began_though_rows_come_above(book):
    book.execute(FILL)
    cell(book, "2-large").get_by_text("on Sunday").wait_for()
    book.execute("board.view.where = 'tier=basic'")
    cell(book, "0-small").wait_for(state="hidden")
    cell(book, "3-small").hover()
    book.page.mouse.down()
    book.execute("board.view.where = ''")
    cell(book, "0-small").wait_for()
    cell(book, "3-small").hover()
    book.page.mouse.up()
    assert eventually(book, "board.view.active", "3-small")
    assert not book.problems


def test_blind_it_shows_no_llm_anywhere(book):
    book.execute(FILL)
    cell(book, "2-large").get_by_text("on Sunday").wait_for()
    said = blind(book)
    said("on Sunday").first.click()
    book.page.locator(".dari-pane .dari-answer").wait_for()
    heads = book.page.locator(".dari-cells thead th").all_inner_texts()
    assert [head.split()[0] for head in heads] == ["Task", "A", "B", "C"]
    shown = book.page.locator(".dari-matrix").inner_html()
    assert not any(
        llm in shown for llm in ("small<", "-small", "medium", "large", "$0.02", "3.2 s")
    )
    assert "529" not in shown


# Whether what is open is beside the table, or below it: both at one moment, once laid out.
PARTS = """(where) => {
  const [grid, pane] = [".dari-grid", ".dari-pane"].map((place) =>
    document.querySelector(place).getBoundingClientRect());
  return where === "below" ? grid.bottom <= pane.top : grid.top === pane.top;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_right_beside_a_transcript_and_narrow(book, axe, theme):
    book.theme(theme)
    book.page.set_viewport_size({"width": 1400, "height": 900})
    book.execute(FILL)
    cell(book, "2-large").get_by_text("on Sunday").wait_for()
    cell(book, "0-small").click()
    book.page.locator(".dari-pane .dari-answer").wait_for()
    book.page.wait_for_function(PARTS, arg="beside")
    assert axe(book.page, ".dari-matrix") == []
    book.shot(f"matrix-{theme}", selector=".dari-matrix")
    book.page.set_viewport_size({"width": 700, "height": 900})
    book.page.wait_for_function(PARTS, arg="below")
    boxes = [book.page.locator(place).bounding_box() for place in (".dari-grid", ".dari-pane")]
    bar = book.page.locator(".jp-Cell:has(.dari-matrix) .jp-OutputCollapser").bounding_box()
    assert all(box["x"] >= bar["x"] + bar["width"] + 5 for box in boxes)
    book.shot(f"matrix-{theme}-narrow", selector=".dari-matrix")
    book.page.set_viewport_size({"width": 1280, "height": 900})
    book.theme("light")


LOOK = """cell => {
  const { backgroundColor, borderTopStyle } = getComputedStyle(cell);
  return [backgroundColor, borderTopStyle];
}"""


def test_what_is_open_looks_otherwise_than_what_is_chosen_also_where_both_are_wrong(book):
    for place in ("0-small", "0-large", "1-small"):
        book.execute(f"board.put('{place}', state='completed', text='No', scores={{'right': 0}})")
        expect(cell(book, place)).to_have_attribute("data-tint", "no")
    cell(book, "0-large").click(modifiers=["Control"])
    cell(book, "0-small").click()
    expect(cell(book, "0-small")).to_have_attribute("data-open", "")
    book.page.mouse.move(0, 0)
    looks = [cell(book, place).evaluate(LOOK) for place in ("0-small", "0-large", "1-small")]
    (opened, frame), (chosen, of_chosen), (wrong, of_wrong) = looks
    assert opened not in (chosen, wrong)
    assert of_chosen not in (frame, of_wrong)
    book.shot("matrix-open-and-chosen", selector=".dari-matrix")


SCORED = (
    FILL
    + """
from dari_nb.resources.batches.matrix.means import with_means
board.put("3-large", state="completed", text=ANSWER["large"], latency_s=3.2, cost_usd="0.02")
for cell in board.matrix.cells:
    board.put(cell.id, scores={"right": cell.column > "m" if cell.row != "2" else True})
board.matrix = with_means(board.matrix)
board.put("0-small", latency_s=3.1)
"""
)
OVERFLOW = """(selector) => [...document.querySelectorAll(selector)]
  .map((e) => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth])"""


def test_nothing_overflows_and_what_is_open_stays_in_sight(book):
    book.page.set_viewport_size({"width": 640, "height": 900})
    book.execute(SCORED)
    sentence = book.page.locator(".dari-finding").first
    sentence.wait_for()
    ink = "(e) => getComputedStyle(e).color"
    expect(sentence).to_have_css("color", book.page.locator(".dari-matrix").evaluate(ink))
    output = ".jp-OutputArea-output:has(.dari-matrix)"
    assert book.page.evaluate(OVERFLOW, output) == [[0, 0]]
    [[_, across]] = book.page.evaluate(OVERFLOW, ".dari-grid")
    assert across == 0
    book.shot("matrix-scored", selector=".dari-matrix")
    cell(book, "3-small").click()
    book.page.locator(".dari-pane .dari-answer").wait_for()
    assert "Task 3" in book.page.locator(".dari-pane header").first.inner_text()
    seen = """(e) => { const b = e.getBoundingClientRect();
      return e.contains(document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2)); }"""
    # The page goes there a moment after the pane has come.
    book.page.wait_for_function(seen, arg=cell(book, "3-small").element_handle())
    book.shot("matrix-opened", selector=".dari-matrix")
    book.page.set_viewport_size({"width": 1280, "height": 900})


LONG = "a model with a name that takes more than a line of its column"
THREE_SCORES = (
    FILL
    + f"""
board.matrix = matrix(12, llms=("small", "large", {LONG!r}))
"""
    + """
for n, cell in enumerate(board.matrix.cells):
    scores = {"right": n % 3 > 0, "judge.sums": n % 4 / 4, "rating": 1 + n % 5}
    board.put(cell.id, state="completed", text="No. " * (1 + n % 30), latency_s=3.2, scores=scores)
board.matrix = with_means(board.matrix)
board.put("0-small", latency_s=3.1)
"""
)
# Of a cell with the focus: whether its corners are in sight, and what share the head takes.
IN_SIGHT = """() => {
  const [cell, grid] = [document.activeElement, document.querySelector(".dari-grid")];
  const { left, right, top, bottom } = cell.getBoundingClientRect();
  const corners = [left + 4, right - 4].flatMap(x => [top + 4, bottom - 4].map(y => [x, y]));
  const names = [...grid.querySelectorAll("thead th:not(:first-child) > span")];
  const low = Math.max(...names.map(name => name.getBoundingClientRect().bottom));
  const at = grid.getBoundingClientRect();
  const seen = names.filter(name => {
    const { x, y } = name.getBoundingClientRect();
    return name.contains(document.elementFromPoint(x + 2, y + 8));
  });
  return [corners.every(([x, y]) => cell.contains(document.elementFromPoint(x, y))),
    seen.length, (low - at.top) / at.height < 0.25];
}"""


def test_the_cell_with_the_focus_is_in_sight_below_the_names_of_the_columns(book):
    page, keys = book.page, book.page.keyboard
    page.set_viewport_size({"width": 880, "height": 1000})
    book.command("application:toggle-left-area")
    book.execute(SCORED + THREE_SCORES)
    cell(book, "0-large").get_by_text("rating").wait_for()
    expect(page.locator("thead th").nth(2).locator(".dari-mean")).to_have_count(3)
    cell(book, "0-large").click()
    page.locator(".dari-pane .dari-answer").wait_for()
    for key in ["ArrowDown"] * 7 + ["ArrowUp"] * 6 + ["End"]:
        keys.press(key)
        page.wait_for_timeout(250)  # what is open follows
        assert page.evaluate(IN_SIGHT) == [True, 3, True]
        if focused(book) == "5-large":
            book.shot("matrix-scrolled", selector=".dari-matrix")
    keys.press("Shift+Tab")
    figure = page.locator("thead [data-where]").first
    expect(figure).to_be_focused()
    assert page.evaluate(IN_SIGHT)[:2] == [True, 3]
    book.command("application:toggle-left-area")
    page.set_viewport_size({"width": 1280, "height": 900})


CHOSEN = """
board.put("3-large", state="completed", text=ANSWER["large"], latency_s=3.2, cost_usd="0.02")
rights = {"0-large", "0-medium", "1-small", "1-medium", "3-small", "3-medium", "3-large"}
for cell in board.matrix.cells:
    board.put(cell.id, scores={"right": cell.id in rights, "judge.helpful": 1 + len(cell.id) % 5})
board.matrix = with_means(board.matrix)
board.put("0-small", latency_s=3.1)
"""


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 420)])
def test_compared_and_sifted_it_is_read_in_any_width_and_light(book, axe, theme, width):
    book.theme(theme)
    book.page.set_viewport_size({"width": width, "height": 900})
    if width < 500:
        book.command("application:toggle-left-area")
    book.execute(SCORED + CHOSEN + "board.view.baseline = 'small'")
    book.page.locator(".dari-against").wait_for()
    book.shot(f"matrix-against-{theme}-{width}", selector=".dari-matrix")
    field = book.page.get_by_role("combobox", name="Filter tasks")
    field.fill("right = no")
    expect(book.page.locator(".dari-tools > .dari-note")).to_have_text("3 of 4 tasks")
    assert axe(book.page, ".dari-matrix") == []
    [[_, across]] = book.page.evaluate(OVERFLOW, ".dari-matrix")
    assert across == 0
    book.shot(f"matrix-sifted-{theme}-{width}", selector=".dari-matrix")
    if width < 500:
        book.command("application:toggle-left-area")
    book.page.set_viewport_size({"width": 1280, "height": 900})
    book.theme("light")


LONG = """
story = "Please change my flight. " * 40
rows = [dataclasses.replace(row, label=story) for row in board.matrix.rows]
board.matrix = dataclasses.replace(board.matrix, rows=rows)
loop.call_soon_threadsafe(board.view.changed)
"""


def test_a_long_task_takes_a_few_lines_and_its_whole_text_is_a_pointer_away(book):
    book.execute(LONG)
    head = book.page.locator("[data-row='0'] th")
    head.get_by_text("Please change my flight").wait_for()
    box = head.bounding_box()
    assert box["height"] < 100
    assert box["width"] >= 150
    assert head.locator("p").first.get_attribute("title").count("Please change my flight") > 10


@pytest.fixture(scope="module")
def large(notebook):
    board = "board = Board(500, llms=tuple('abcdef')); board.view"
    large = notebook.server.open_notebook([BOARD, board], "large.ipynb")
    large.run_all()
    large.page.locator("[data-row='499']").wait_for(state="attached")
    return large


def test_of_500_tasks_with_6_llms_only_what_is_seen_is_watched(large):
    grid = large.page.locator(".dari-grid")
    grid.evaluate("e => e.scrollIntoView()")
    for part in range(1, 11):
        grid.evaluate(f"e => e.scrollTop = e.scrollHeight * {part} / 10")
        large.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
    large.execute("board.put('499-f', state='running', text='Let me look')")
    cell(large, "499-f").get_by_text("Let me look").wait_for()
    assert eventually(large, "[cells[-1] for cells in board.watched[-1:]]", "['499-f']")
    assert 6 <= int(large.execute("print(len(board.watched[-1]))")) <= 300
    assert not large.problems


def test_of_500_tasks_every_one_is_reached_by_keys_by_words_and_from_the_kernel(large):
    page = large.page
    expect(page.locator("[data-row]")).to_have_count(500)
    page.locator(".dari-grid").evaluate("e => e.scrollTop = 0")
    cell(large, "0-b").focus()
    for key, reached in (
        ("PageDown", "8-b"),
        ("PageDown", "16-b"),
        ("Control+ArrowDown", "499-b"),
        ("ArrowUp", "498-b"),
        ("Control+Home", "0-a"),
    ):
        page.keyboard.press(key)
        assert focused(large) == reached
    large.execute("board.view.active = '250-c'")
    expect(cell(large, "250-c")).to_have_attribute("data-open", "")
    expect(cell(large, "250-c")).to_be_in_viewport()
    field = page.get_by_role("combobox", name="Filter tasks")
    field.fill('"Task 377:"')
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(cell(large, "377-f")).to_be_visible()
    field.fill("")
    expect(page.locator("[data-row]")).to_have_count(500)
    for far in (300, 444):
        row = page.locator(f"[data-row='{far}']").element_handle()
        page.wait_for_function(COME_NEAR, arg=row)
        expect(cell(large, f"{far}-f")).to_be_visible()
    assert not large.problems


def test_what_is_compared_comes_into_sight(lab):
    cells = [BOARD, "print('\\n' * 6)", "board = Board(12); board.view", FILL]
    book = lab.open_notebook(cells)
    book.run_all()
    cell(book, "0-large").scroll_into_view_if_needed()
    cell(book, "0-small").get_by_text("closed on Monday").wait_for()
    for llm in ("small", "large"):
        cell(book, f"0-{llm}").click(modifiers=["Control"])
    book.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    book.page.keyboard.press("c")
    answer = book.page.locator(".dari-compare tr", has_text="Answer")
    expect(answer).to_be_in_viewport(ratio=1)
    expect(book.page.locator(".dari-compare thead")).to_contain_text("task 0 · small")
    book.shot("matrix-compare-in-sight")
