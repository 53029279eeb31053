"""What was shown is there in print: nothing scrolls there, so nothing may be cut off."""

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import Head, static_timeline
from dari_nb.render.matrix.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow, Mean
from dari_nb.render.matrix.static import static_matrix

PAGE = "<!doctype html><meta charset=utf-8><title>static output</title><body>"
# Elements with text that a box around them cuts off.
CUT_OFF = """() => {
  const cut = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || node.parentElement.closest("style, title, header > b")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const { bottom, right, height } = range.getBoundingClientRect();
    if (!height) continue;
    for (let box = node.parentElement; box; box = box.parentElement) {
      const style = getComputedStyle(box);
      const edge = box.getBoundingClientRect();
      const clips = style.overflowX !== "visible" || box === document.documentElement;
      const isLine = style.textOverflow === "ellipsis";
      if (clips && !isLine && (bottom > edge.bottom + 1 || right > edge.right + 1))
        cut.push(node.data.slice(0, 40));
    }
  }
  return cut;
}"""


def conversation():
    ids = {"created_at": "2026-03-31T18:40:00Z", "status": "completed"}
    code = "\n".join(f"line_{n} = 'code of many lines'" for n in range(60))
    wide = "wide = " + " + ".join(f"column_{n}" for n in range(40))
    head = " | ".join(f"column {n}" for n in range(14))
    rows = "\n".join(" | ".join(f"cell {r}.{n}" for n in range(14)) for r in range(40))
    table = f"{head}\n{'|'.join(['---'] * 14)}\n{rows}"
    for n in range(30):
        ids["message_id"] = f"m{n}"
        asked = text_block(f"Question {n}?")
        yield UserMessageItem(id=f"u{n}", message_id=f"m{n}", content=[asked])
        yield ToolCallItem(id=f"c{n}", tool_name="look", arguments={"n": n}, result=code, **ids)
        said = f"Answer {n}.\n\n```python\n{wide}\n{code}\n```\n\n{table}\n\nEnd of {n}."
        yield AssistantMessageItem(id=f"a{n}", content=[text_block(said)], **ids)


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


def test_nothing_of_a_long_conversation_is_cut_off_in_print(page):
    page.set_content(PAGE + static_timeline(list(conversation()), Head("tour"))["text/html"])
    page.locator(".dari-call").first.evaluate("call => { call.open = true; }")
    assert page.evaluate(CUT_OFF) != []
    page.set_viewport_size({"width": 720, "height": 1000})  # about a sheet of A4
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []
    assert not page.get_by_text("show all").is_visible()


def test_no_column_of_a_matrix_is_cut_off_in_print(page):
    names = ["small @ v1", "large @ v1", "small @ v2", "large @ v2"]
    figures = {
        "state": "completed",
        "text": "urgency: medium",
        "latency_s": 0.062,
        "cost_usd": "0.0129",
    }
    rows = [MatrixRow(str(n), f"Task {n}") for n in range(4)]
    cells = [MatrixCell(f"{r.id}/{c}", r.id, c, **figures) for r in rows for c in names]
    matrix = Matrix("triage", "run", rows, [MatrixColumn(c, c) for c in names], cells)
    page.set_content(PAGE + static_matrix(matrix)["text/html"])
    page.set_viewport_size({"width": 640, "height": 1000})
    assert page.evaluate(CUT_OFF) != []
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []


# Text that reaches beyond its own cell of a table, where it lies on that of its neighbour.
OVER = """() => [...document.querySelectorAll(".dari-rows :is(th, td)")].filter((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return range.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1;
}).map((cell) => cell.textContent.slice(0, 40))"""


def wide_matrix(count=8):
    names = [f"a-vendor/a-rather-long-name-of-an-llm-{n}-2026-11-20" for n in range(count)]
    means = [Mean("right", 0.537, 0.331, 0.734), Mean("judge.helpfulness", 3.07, 2.42, 3.72)]
    figures = {"state": "completed", "text": "A long answer. " * 30, "latency_s": 0.062}
    rows = [MatrixRow(str(n), f"Task {n}, told in some more words") for n in range(4)]
    cells = [MatrixCell(f"{r.id}/{c}", r.id, c, **figures) for r in rows for c in names]
    return Matrix("triage", "run", rows, [MatrixColumn(c, c, means=means) for c in names], cells)


def test_eight_columns_with_long_names_fit_on_a_page_and_none_lies_on_another(page):
    page.set_content(PAGE + static_matrix(wide_matrix())["text/html"])
    page.set_viewport_size({"width": 717, "height": 1000})  # A4, upright
    page.emulate_media(media="print")
    assert page.evaluate(OVER) == []
    assert page.evaluate(CUT_OFF) == []
