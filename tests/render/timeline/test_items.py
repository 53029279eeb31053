"""Each kind of item as HTML."""

import json
import re

import msgspec
import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import (
    Cap,
    Head,
    Limits,
    head_of,
    item_html,
    markdown,
    text,
    timeline_html,
)


def call(**fields):
    return ToolCallItem(**{"id": "1", "tool_name": "t", "status": "completed"} | fields)


def summary(item):
    html = re.search(r"<summary>(.*?)</summary>", item_html(item))[1]
    return re.sub(r"<[^>]*>", "", html)


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (call(arguments={"path": "notes.md"}, result="a\nb\nc"), "t notes.md 3 lines"),
        (call(arguments={"n": 1, "deep": {"x": 2}}, result=[1, 2]), "t 1 2 items"),
        (call(result={"a": 1}), "t done"),
        (call(status="resting_a_while"), "t resting a while"),
        (call(status="failed", result="no such file"), "t failed no such file"),
        (call(status="failed", result={"message": "denied"}), "t failed denied"),
        (call(is_error=True, result="bad"), "t failed bad"),
        (call(tool_name=""), "tool done"),
        (
            call(created_at="2026-03-31T18:40:00Z", completed_at="2026-03-31T18:40:02.100Z"),
            "t done · 2.1 s",
        ),
        (
            call(created_at="2026-03-31T18:40:00Z", completed_at="2026-03-31T18:40:00Z"),
            "t done",
        ),
    ],
)
def test_a_call_is_told_on_one_line(item, line):
    assert summary(item) == line


def test_a_failed_call_is_marked_even_when_only_its_result_says_so():
    assert 'data-state="failed"' in item_html(call(is_error=True))
    assert "<dt>Error</dt>" in item_html(call(status="failed", result="no"))


@pytest.mark.parametrize(
    ("form", "end"),
    [(timeline_html, "completed"), (markdown, "cancelled"), (text, "completed")],
)
def test_an_answer_is_stamped_with_its_end_and_with_nothing_before(form, end):
    asked = UserMessageItem(id="1", message_id="m", created_at="2026-03-31T18:40:00Z")
    begun = AssistantMessageItem(
        id="2",
        message_id="m",
        status="running",
        content=[text_block("Left")],
        created_at="2026-03-31T18:40:01Z",
    )
    said = msgspec.structs.replace(begun, status="completed", created_at="2026-03-31T18:40:09Z")
    stops = AssistantMessageItem(
        id="3",
        message_id="m",
        status="failed",
        error_message="cancelled",
        created_at=said.created_at,
    )
    ended = [asked, said, *([stops] if end == "cancelled" else [])]
    times = ("18:40:01", "+1.0 s"), ("18:40:09", "+9.0 s")
    head = head_of(ended, "guide")
    assert not any(time in form([asked, begun], head) for time in (*times[0], *times[1]))
    assert any(time in form(ended, head) for time in times[1])


def test_a_user_message_shows_who_when_and_what_is_attached(conversation, read):
    html = item_html(conversation[0])
    exact = 'datetime="2026-03-31T18:40:04Z" title="2026-03-31 18:40:04 UTC"'
    assert f"<time {exact}>18:40:04</time>" in html
    assert read(html).text == "You 18:40:04Book HAT083Attached: file_7"


def test_line_ends_of_a_prompt_show_and_those_of_an_answer_flow():
    content = [text_block("one\ntwo")]
    assert "<br>" in item_html(UserMessageItem(id="1", content=content))
    answer = AssistantMessageItem(id="1", status="completed", content=content)
    assert "<br>" not in item_html(answer)


@pytest.mark.parametrize("status", ["queued", "waiting_for_tool"])
def test_a_message_that_has_not_ended_is_one_quiet_line(status, read):
    html = item_html(AssistantMessageItem(id="1", status=status), agent="tour")
    assert html.startswith(f'<div class="dari-pending" data-state="{status}">')
    assert read(html).text.startswith("tour ")


def test_an_answer_without_text_says_so(read):
    assert "(no text)" in read(item_html(AssistantMessageItem(id="1", status="completed"))).text


def test_long_results_say_how_much_is_left_out_and_can_be_had_whole(read):
    item = call(result="\n".join(f"line {n}" for n in range(700)))
    assert "… 300 more lines (2,699 characters) not shown" in read(item_html(item)).text
    assert "line 699" not in item_html(item)
    whole = read(item_html(item, limits=None)).text
    assert "line 699" in whole
    assert "not shown" not in whole
    short = item_html(item, limits=Limits(data=Cap(lines=2, chars=100)))
    assert "… 698 more lines" in short


def test_long_parts_of_json_are_folded_and_the_text_stays_json(read):
    value = [{"name": f"flight {n}", "seats": {"economy": n, "text": "x" * 150}} for n in range(9)]
    page = read(item_html(call(result=value)))
    assert page.tags >= {"details", "summary", "pre"}
    assert json.loads(page.text[page.text.index("[") :]) == value


def test_articles_have_an_anchor_and_hold_the_items_flat(conversation):
    html = timeline_html(conversation, Head("tour"))
    assert re.findall(r'<article class="dari-turn" id="([^"]*)">', html) == [
        "dari-msg_1",
        "dari-msg_2",
    ]
    assert html.index("dari-user") < html.index("dari-call") < html.index("dari-answer")
    start = conversation[0].created_at
    assert "".join(item_html(i, agent="tour", start=start) for i in conversation[:4]) in html


def test_a_head_is_made_from_the_items(conversation):
    head = head_of(conversation, "tour", llm="small")
    assert head == Head("tour", "small", "failed", ("2 turns", "2 calls", "5.0 s"))
    assert head_of([], "tour") == Head("tour")
    assert head_of(conversation, "tour", state="stopped").state == "stopped"


def test_the_head_of_a_turn_that_runs_has_no_duration_yet():
    asked = UserMessageItem(id="1", message_id="m", created_at="2026-03-31T18:40:00Z")
    pending = AssistantMessageItem(
        id="m:pending", message_id="m", status="running", created_at="2026-03-31T18:40:05Z"
    )
    assert head_of([asked, pending], "tour").facts == ("1 turn",)
