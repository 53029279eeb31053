"""Matrix, comparison and trajectories in JupyterLab, worked by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.pages.conftest import SETUP, check_reopened, output, selector
from tests.jupyter import serious_findings

BATCH = """
from dari_nb.local import ToolCall, ToolResult
gate = threading.Event()

@d.server.agent("helper", llms=["small", "large"])
def helper(prompt, turn):
    if prompt == "later":
        gate.wait(120)
    if turn.llm_id == "large":
        yield ToolCall("look", {"for": prompt})
        yield ToolResult("found")
    yield f"{turn.llm_id} answers {prompt}."

batch = d.batches.run("helper", ["one", "two", "three"], llms=["small", "large"], repeats=2).wait()
batch.score("exact", lambda turn: "large" in turn.text)
running = d.batches.run("helper", ["now", "later"], llms=["small"])

def ratings(batch):
    first = min(cell.repeat for cell in batch.cells)
    rated = [cell for cell in batch.cells if cell.scores.get("rating") is not None]
    return sorted((c.task.text, c.llm, c.repeat - first, float(c.scores["rating"])) for c in rated)
"""
CELLS = [
    SETUP + BATCH,
    "running.view()",
    "view = batch.view(); view",
    'batch.compare("small", "large")',
    "batch.trajectories(0)",
]
RUNNING, MATRIX, COMPARISON, TRAJECTORIES = range(1, 5)


@pytest.fixture(scope="module")
def book(lab):
    """A notebook whose cells have run; its tests go on from one another's state."""
    book = lab.open_notebook(CELLS, "comparing.ipynb")
    book.run_all()
    return book


@pytest.fixture
def press(book):
    """Press keys one after another."""

    def press(*keys):
        for key in keys:
            book.page.keyboard.press(key)

    return press


def cell(book, text):
    """Find a cell of the matrix by its answer."""
    return output(book, MATRIX).get_by_role("gridcell").filter(has_text=text).first


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_outputs_have_no_serious_findings(book, theme):
    book.theme(theme)
    output(book, TRAJECTORIES).get_by_role("table").wait_for()
    for number in (MATRIX, COMPARISON, TRAJECTORIES):
        assert serious_findings(book.page, selector(number)) == []
    book.theme("light")


def test_matrix_fills_while_sessions_run(book):
    matrix = output(book, RUNNING)
    expect(matrix.get_by_role("grid")).to_contain_text("small answers now.")
    expect(matrix.get_by_role("grid")).not_to_contain_text("small answers later.")
    book.execute("gate.set()")
    expect(matrix.get_by_role("grid")).to_contain_text("small answers later.")


def test_matrix_shows_columns_with_scores(book):
    matrix = output(book, MATRIX)
    heads = matrix.get_by_role("columnheader")
    expect(heads.filter(has_text="small")).to_contain_text("0")
    expect(heads.filter(has_text="large")).to_contain_text("1")
    expect(matrix.get_by_role("gridcell")).to_have_count(6)


def test_rating_by_key_is_in_its_cell(book, press, eventually):
    cell(book, "small answers two.").click()
    expect(output(book, MATRIX).get_by_role("article")).to_contain_text("small answers two.")
    press("ArrowRight", "ArrowDown")
    expect(output(book, MATRIX).get_by_role("article")).to_contain_text("large answers three.")
    press("4")
    eventually(book, "ratings(batch)", "[('three', 'large', 0, 4.0)]")
    press("ArrowLeft", "2")
    eventually(book, "ratings(batch)", "[('three', 'large', 0, 4.0), ('three', 'small', 0, 2.0)]")
    press("0")
    eventually(book, "ratings(batch)", "[('three', 'large', 0, 4.0)]")
    press("Escape")
    expect(output(book, MATRIX).get_by_role("article")).to_be_hidden()


def test_note_is_saved_when_its_field_is_left(book, press, eventually):
    cell(book, "large answers three.").click()
    expect(output(book, MATRIX).get_by_role("article")).to_contain_text("large answers three.")
    press("n")
    book.page.keyboard.type("a bit short")
    press("Tab")
    eventually(book, "'a bit short' in str(batch.to_frame().to_dict())", True)
    press("Escape", "Escape")


def test_selection_arrives_in_python(book, press, eventually):
    cell(book, "small answers one.").click(modifiers=["Control"])
    cell(book, "large answers one.").click(modifiers=["Control"])
    eventually(book, "sorted(cell.llm for cell in batch.selection)", "['large', 'small']")
    eventually(book, "{cell.task.text for cell in batch.selection}", "{'one'}")


def test_filter_shows_matching_tasks(book, press):
    matrix = output(book, MATRIX)
    box = matrix.get_by_role("combobox").first
    box.fill("three")
    press("Enter")
    expect(matrix.get_by_role("rowheader")).to_have_count(1)
    box.fill("")
    press("Enter")
    expect(matrix.get_by_role("rowheader")).to_have_count(3)


def test_comparison_marks_what_differs(book):
    table = output(book, COMPARISON).get_by_role("table")
    expect(table.get_by_role("deletion")).to_contain_text("small")
    expect(table.get_by_role("insertion")).to_contain_text("large")
    expect(table.get_by_role("row").filter(has_text="look")).to_have_count(1)


def test_trajectories_open_a_step_by_keyboard(book, press):
    view = output(book, TRAJECTORIES)
    expect(view.get_by_role("columnheader")).to_have_count(3)
    view.get_by_role("cell").get_by_role("button").first.focus()
    press("Enter")
    expect(view.get_by_role("article").filter(has_text="look").first).to_be_visible()


def test_reopened_notebook_shows_everything(lab, book):
    texts = {
        RUNNING: "small answers later.",
        MATRIX: "large answers two.",
        COMPARISON: "large",
        TRAJECTORIES: "look",
    }
    check_reopened(lab, book, texts)


def test_views_go_on_after_reload(book, press, eventually):
    book.save()
    book.reload()
    cell(book, "large answers one.").click()
    expect(output(book, MATRIX).get_by_role("article")).to_contain_text("large answers one.")
    press("5")
    eventually(book, "ratings(batch)", "[('one', 'large', 0, 5.0), ('three', 'large', 0, 4.0)]")


def test_pages_report_no_problem(book):
    assert book.problems == []
