"""A turn that was cancelled says so above and where it ended, calmly, and keeps what was said."""

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import head_of, item_html, markdown, terminal, text, timeline_html

ASKED = UserMessageItem(id="1", message_id="m", content=[text_block("Which way?")])
WRITTEN = AssistantMessageItem(
    id="2", message_id="m", status="completed", content=[text_block("Turn left at")]
)
END = AssistantMessageItem(id="3", message_id="m", status="failed", error_message="cancelled")
CALL = ToolCallItem(
    id="4", message_id="m", tool_name="map", status="failed", is_error=True, result="cancelled"
)


def on_a_terminal(items, head):
    from rich.console import Console

    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(terminal(items, head))
    return captured.get()


@pytest.mark.parametrize("form", [timeline_html, markdown, text, on_a_terminal])
def test_every_form_says_it_in_the_head_and_at_the_end_and_calls_it_no_failure(form):
    items = [ASKED, WRITTEN, END]
    head = head_of(items, "guide")
    assert head.state == "cancelled"
    said = form(items, head).replace('data-state="cancelled"', "")
    above, _, end = said.partition("Turn left at")
    assert (above.count("cancelled"), end.count("cancelled")) == (1, 1)
    assert "failed" not in said
    assert form(items, None).replace('data-state="cancelled"', "").count("cancelled") == 1


def test_its_place_in_a_page_is_no_error():
    assert item_html(END) == '<div class="dari-pending" data-state="cancelled">cancelled</div>'


@pytest.mark.parametrize("form", [timeline_html, markdown, text, on_a_terminal])
def test_a_call_that_was_open_then_was_cancelled_and_did_not_fail(form):
    said = form([CALL], None).replace('data-state="cancelled"', "")
    assert said.count("cancelled") == 1
    assert "failed" not in said


def test_an_error_that_only_has_the_word_in_it_is_a_failure():
    failed = AssistantMessageItem(id="3", status="failed", error_message="cancelled by the bank")
    assert "Turn failed." in item_html(failed)
    assert head_of([failed], "guide").state == "failed"
