"""A conversation by magics, as a user meets it in JupyterLab and in Notebook 7."""

import re

import pytest

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


@pytest.fixture(params=["lab", "notebook7"])
def jupyter(request):
    return request.getfixturevalue(request.param)


def open_gate(jupyter):
    (jupyter.notebooks / "go").touch()


def shown(book):
    return book.page.locator(".jp-OutputArea-output .dari")


def test_a_turn_is_live_while_it_runs_and_static_output_when_it_has_ended(jupyter):
    book = jupyter.open_notebook([START, ASK])
    book.start_all()
    live = book.page.locator(".dari-live")
    live.get_by_text("the first part").wait_for()
    live.locator(".dari-call[data-state=running]").wait_for()
    assert "[*]" in book.page.locator(".jp-InputPrompt").nth(1).inner_text()
    assert live.get_by_text("the second part").count() == 0

    open_gate(jupyter)
    book.page.locator(".dari-live").wait_for(state="detached")
    shown(book).get_by_text("the second part").wait_for()
    saved = book.save()
    outputs = telling(saved.cells[1])
    assert [set(output.data) for output in outputs] == [STATIC]
    assert "widgets" not in saved.metadata

    jupyter.shutdown_kernels()
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


def test_the_page_does_not_overrule_the_look_of_static_output(jupyter):
    book = jupyter.open_notebook([START, LOOKS, "%%dari_agent looks\nHi"])
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


def test_an_interrupt_ends_the_cell_and_following_takes_it_up_again(lab):
    book = lab.open_notebook([START, ASK, "%dari_follow"])
    book.start_all()
    book.page.locator(".dari-live").get_by_text("the first part").wait_for()
    book.interrupt()
    book.page.get_by_text("The turn goes on in its session").wait_for()
    shown(book).get_by_text("the first part").wait_for()
    assert book.page.locator(".dari-live").count() == 0

    # The cells that were to run after it are taken back before anything else is run.
    book.page.locator(".jp-InputPrompt", has_text="[*]").first.wait_for(state="detached")
    open_gate(lab)
    book.run_all()
    shown(book).get_by_text("the second part").first.wait_for()


def test_a_turn_in_the_background_becomes_static_output_in_its_own_cell(lab):
    bg = ASK.replace("-o turn", "--bg -o turn")
    book = lab.open_notebook([START, bg, "print('other', 'work')"])
    book.run_all()
    book.page.locator(".dari-live").get_by_text("the first part").wait_for()
    open_gate(lab)
    book.page.locator(".dari-live").wait_for(state="detached")
    shown(book).get_by_text("the second part").wait_for()
    saved = book.save()
    assert [set(output.data) for output in telling(saved.cells[1])] == [STATIC]
    assert [output.output_type for output in saved.cells[2].outputs] == ["stream"]


def test_stop_of_a_background_turn_leaves_what_came(lab):
    book = lab.open_notebook([START, ASK.replace("-o turn", "--bg -o turn")])
    book.run_all()
    book.page.locator(".dari-live").get_by_text("the first part").wait_for()
    book.page.locator(".dari-stop").click()
    book.page.locator(".dari-live").wait_for(state="detached")
    assert "cancelled" in shown(book).inner_text()
    assert "the first part" in shown(book).inner_text()
    open_gate(lab)


HOSTILE = """
EVIL = [
    "<script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 2'>",
    "<svg onload='window.pwned = 3'></svg>", "[x](javascript:window.pwned=4)",
    "![x](http://127.0.0.1:9/leak.png)", "</details></article></div><iframe src='/lab'></iframe>",
    "<style>body { display: none }</style>", "$$\\\\href{javascript:window.pwned=5}{x}$$",
    "<math><mtext><table><mglyph><style><img src=x onerror='window.pwned=6'>",
    "\\x1b]8;;http://127.0.0.1:9\\x07link\\x1b]8;;\\x07 \\u202egnp.exe",
]
TEXT = "\\n\\n".join(EVIL)

@d.server.agent("<b onclick='window.pwned = 7'>evil</b>")
def evil(prompt):
    yield TEXT
    for text in EVIL:
        yield ToolCall(text, {text: [text, {text: text}]})
        yield ToolResult({text: text})
        yield ToolCall("tool", text)
        yield ToolResult(text, is_error=True)
    raise ValueError(TEXT)

hostile = d.agents.list()[-1]
"""


def test_hostile_text_in_every_field_stays_text(lab):
    asks = "turn = hostile.send(TEXT)\nturn.wait()\nturn"
    book = lab.open_notebook([START, HOSTILE, asks, "d.agents.list()", "d.sessions.list()"])
    requests = []
    book.page.on("request", lambda request: requests.append(request.url))
    book.run_all()
    live = "hostile.send(TEXT).follow()"
    book.execute(f"from IPython.display import display\n{live}")
    static = shown(book).first
    static.get_by_text("Turn failed").first.wait_for()
    for call in static.locator("details").all()[:6]:
        call.evaluate("element => element.open = true")
    assert book.page.evaluate("() => window.pwned") is None
    assert static.is_visible()
    assert [url for url in requests if not url.startswith((lab.url, "blob:", "data:"))] == []
    assert [url for url in requests if "leak" in url] == []
    assert not book.problems
    bad = "script, iframe, img, svg, object, embed, link, [onclick], [onerror], [onload], [style]"
    outputs = book.page.locator(".jp-OutputArea-output .dari")
    assert outputs.locator(bad).evaluate_all("all => all.map(e => e.outerHTML)") == []
    hrefs = outputs.locator("a").evaluate_all("all => all.map(a => a.href)")
    assert all(re.match(r"https?:|mailto:", href) for href in hrefs)
    assert "window.pwned = 1" in static.inner_text()
