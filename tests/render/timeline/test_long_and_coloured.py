"""Coloured output, times and large texts."""

import re

import pytest

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import item_html, timeline_html
from dari_nb.render.markup.runs import ansi_runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("\x1b[31mred\x1b[0m plain", [("r", "red"), ("", " plain")]),
        ("\x1b[1m\x1b[92mok\x1b[22m still\x1b[39m", [("s", "ok"), ("s", " still")]),
        ("\x1b[38;5;9mred\x1b[38;5;46mgreen\x1b[m", [("r", "red"), ("s", "green")]),
        ("\x1b[38;2;20;30;250mblue\x1b[38;2;90;90;90mgrey", [("f", "blue"), ("", "grey")]),
        ("\x1b[35ma\x1b[36mb\x1b[33mc", [("k", "a"), ("q", "b"), ("y", "c")]),
        ("\x1b[999mx", [("", "x")]),
        ("\x1b[K\x1b[2Kx\x1b[?25l", [("", "x")]),
        ("\x1b]0;t\x07x", [("", "\u241b]0;t\u2407x")]),
    ],
)
def test_colours_of_a_terminal_become_classes(text, runs):
    assert [run for run in ansi_runs(text) if run[1]] == runs


def test_times_are_told_from_the_start_of_the_turn_with_the_exact_time_behind(read):
    at = "2026-03-31T18:40:0{}.500Z".format
    items = [
        UserMessageItem(id="1", message_id="m", created_at=at(1), content=[text_block("Hi")]),
        ToolCallItem(id="2", message_id="m", created_at=at(2), status="running", tool_name="t"),
        AssistantMessageItem(
            id="3",
            message_id="m",
            created_at=at(4),
            status="completed",
            content=[text_block("Yes")],
        ),
    ]
    html = timeline_html(items)
    exact = '<time datetime="2026-03-31T18:40:0{0}Z" title="2026-03-31 18:40:0{0} UTC">{1}</time>'
    assert exact.format(1, "18:40:01") in html
    assert exact.format(2, "+1.0 s") in html
    assert exact.format(4, "+3.0 s") in html
    assert "18:40:04</time>" in item_html(items[2])
    assert "<time" not in item_html(items[1])


LONG = 1_000_000
LARGE = {
    "prose": AssistantMessageItem(
        id="1", status="completed", content=[text_block("A *few* words. " * (LONG // 15))]
    ),
    "lines": ToolCallItem(id="1", status="completed", result="a line\n" * (LONG // 7)),
    "one line": ToolCallItem(id="1", status="completed", result="x" * LONG),
    "rows": ToolCallItem(id="1", status="completed", result=[{"a": 1, "b": 2}] * (LONG // 18)),
    "code": ToolCallItem(
        id="1",
        tool_name="read",
        arguments={"path": "a.py"},
        status="completed",
        result="def f(x): return 1\n" * (LONG // 19),
    ),
    "edit": ToolCallItem(
        id="1",
        tool_name="edit",
        arguments={"path": "a", "old": "x\ny\n" * (LONG // 8), "new": "y\nx\n" * (LONG // 8)},
        status="completed",
    ),
}


@pytest.mark.parametrize("item", LARGE.values(), ids=LARGE)
def test_a_megabyte_in_one_item_is_shown_with_bounded_work_and_kept_small(item, lines_run):
    shown = []
    assert lines_run(lambda: shown.append(item_html(item))) < 12 * LONG
    [html] = shown
    assert len(html) < 700_000
    assert "more " in html


def test_names_that_nobody_reads_to_their_end_are_cut() -> None:
    name = "name " * 100
    call = item_html(ToolCallItem(tool_name=name))
    waits = item_html(AssistantMessageItem(status="running"), agent=name)
    for html in (call, waits):
        seen = re.sub(r"<[^>]*>", "", html)
        assert 20 < seen.count("name") < 30
        assert "…" in html
