"""An answer that was cut off says so once, calmly, in each form."""

import msgspec
import pytest

from dari_nb.models import AssistantMessageItem, UserMessageItem, text_block
from dari_nb.render import head_of, item_html, markdown, terminal, text, timeline_html
from dari_nb.render.matrix.alike import groups_of
from dari_nb.render.matrix.compare import Compared, static_comparison
from dari_nb.render.matrix.figures import cell_facts
from dari_nb.render.matrix.matrix import MatrixCell
from dari_nb.render.timeline.growing import GrowingItems

LINE = "cut off at 1,024 tokens: the LLM's max_tokens sets it"
ASKED = UserMessageItem(id="1", message_id="m", content=[text_block("Which way?")])
WRITTEN = AssistantMessageItem(
    id="2",
    message_id="m",
    status="completed",
    content=[text_block("Turn left at")],
    stop_reason="max_tokens",
    max_tokens=1024,
)


def on_a_terminal(items, head):
    from rich.console import Console

    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(terminal(items, head))
    return captured.get()


def grown(items, head):
    growing = GrowingItems()
    draft = msgspec.structs.replace(items[-1], status="running", stop_reason=msgspec.UNSET)
    assert "cut off" not in growing.html(draft)
    return growing.html(items[-1])


@pytest.mark.parametrize("form", [timeline_html, markdown, text, on_a_terminal, grown])
def test_every_form_says_it_once_and_calls_it_no_failure(form):
    items = [ASKED, WRITTEN]
    head = head_of(items, "guide")
    assert head.state == "completed"
    said = form(items, head)
    assert said.count(LINE) == 1
    assert head.facts[0] == "cut off"
    assert said.index("Turn left at") < said.index(LINE)
    assert "failed" not in said


@pytest.mark.parametrize(
    "odd",
    [msgspec.UNSET, True, 10**5000, [1]],
    ids=["unset", "true", "huge", "list"],
)
def test_a_limit_that_is_none_is_not_told(odd):
    item = msgspec.structs.replace(WRITTEN, max_tokens=odd)
    assert "cut off: the LLM had no room for more tokens" in item_html(item)


@pytest.mark.parametrize("reason", [msgspec.UNSET, "end_turn", ["max_tokens"]])
def test_other_reasons_are_not_told(reason):
    assert "cut off" not in item_html(msgspec.structs.replace(WRITTEN, stop_reason=reason))


def test_a_comparison_has_it_in_place_of_done():
    cell = MatrixCell("a", "r", "l", state="completed", text="Turn", stop_reason="max_tokens")
    other = MatrixCell("b", "r", "m", state="completed", text="Turn")
    compared = [Compared("small", cell, [ASKED, WRITTEN]), Compared("large", other, [ASKED])]
    state = static_comparison(compared)["text/plain"].partition("State\n")[2].splitlines()[:2]
    assert state == ["  small: cut off", "  large: done"]


def test_a_cell_of_a_matrix_says_it_before_its_figures():
    cells = [
        MatrixCell("a", "r", "l", state="completed", text="Turn", stop_reason="max_tokens"),
        MatrixCell("b", "r", "l", 1, state="completed", text="Turn"),
    ]
    assert cell_facts(cells[0]) == ["cut off"]
    assert groups_of(cells) == [cells[:1], cells[1:]]
