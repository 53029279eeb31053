"""A conversation by magics, as a user meets it in JupyterLab and in Notebook 7."""

from .conftest import telling

START = """
%load_ext dari_nb
import os, time
from pathlib import Path
import dari_nb
os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
d = dari_nb.connect("local")
from dari_nb.local import ToolCall, ToolResult

@d.server.agent("gated")
def gated(prompt):
    yield "the first part"
    yield ToolCall("look", {"where": "in the box"})
    while not Path("go").exists():
        time.sleep(0.02)
    yield ToolResult("found it")
    yield "the second part"
"""
ASK = "%%dari_agent gated -o turn\nWhat is in the box?"
STATIC = {"text/html", "text/markdown", "text/plain"}


def shown(book):
    return book.page.locator(".jp-OutputArea-output .dari")


def test_a_turn_is_live_while_it_runs_and_static_output_when_it_has_ended(notebook7):
    book = notebook7.open_notebook([START, ASK])
    book.start_all()
    live = book.page.locator(".dari-live")
    live.get_by_text("the first part").wait_for()
    live.locator(".dari-call[data-state=running]").wait_for()
    assert "[*]" in book.page.locator(".jp-InputPrompt").nth(1).inner_text()
    assert live.get_by_text("the second part").count() == 0

    (notebook7.notebooks / "go").touch()
    book.page.locator(".dari-live").wait_for(state="detached")
    shown(book).get_by_text("the second part").wait_for()
    saved = book.save()
    outputs = telling(saved.cells[1])
    assert [set(output.data) for output in outputs] == [STATIC]
    assert "widgets" not in saved.metadata

    notebook7.shutdown_kernels()
    book.reload()
    for text in ("What is in the box?", "the first part", "look", "the second part"):
        shown(book).get_by_text(text).first.wait_for()
    assert not book.problems


CLEAR = "rgba(0, 0, 0, 0)"
LOOKS = """
LOOKS = "```python\\nx = 1\\n```\\n\\nand `code`\\n\\n| a |\\n|---|\\n| 1 |\\n| 2 |"

@d.server.agent("looks")
def looks(prompt):
    yield ToolCall("look", {})
    yield ToolResult("nice")
    yield LOOKS
"""


def test_the_page_does_not_overrule_the_look_of_static_output(lab):
    book = lab.open_notebook([START, LOOKS, "%%dari_agent looks\nHi"])
    book.run_all()
    static = shown(book).last
    static.locator("pre").last.wait_for()

    def look(selector):
        found = static.locator(selector).last.evaluate(
            "e => (s => [s.paddingLeft, s.backgroundColor, s.whiteSpace])(getComputedStyle(e))"
        )
        return found if all(found) else look(selector)  # it was taken out that moment

    padding, background, white_space = look("pre")
    assert (padding, white_space) == ("12px", "pre")
    assert background != CLEAR
    assert look("p > code")[:2] == ["5px", background]
    assert look("summary > code")[:2] == ["0px", CLEAR]
    assert look("tbody tr:nth-child(2)")[1] == CLEAR
    assert look("tbody tr:nth-child(2) td")[:2] == ["0px", CLEAR]
