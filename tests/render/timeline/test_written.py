"""Markdown, plain text, the terminal, and the bundle of all forms."""

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console

from dari_nb.models import AssistantMessageItem, ToolCallItem, UserMessageItem, text_block
from dari_nb.render import (
    Head,
    duration_text,
    head_of,
    state_text,
    static_timeline,
    style,
    terminal,
    timeline_html,
)


def printed(width, conversation, **options):
    out = io.StringIO()
    console = Console(file=out, width=width, **options)
    console.print(terminal(conversation, head_of(conversation, "tour")))
    return out.getvalue()


@pytest.mark.parametrize("width", [60])
def test_the_terminal_shows_each_call_on_one_line(width, conversation):
    lines = [line.rstrip() for line in printed(width, conversation).splitlines()]
    assert max(map(len, lines)) <= width
    assert lines[0] == "tour  ● failed  2 turns · 2 calls · 5.0 s"
    end = min(width, 100)
    assert "\u203a search JFK · SEA".ljust(end - 14) + "1 item · 0.3 s" in lines
    assert "\u203a book HAT083".ljust(end - 14) + "failed · 2.0 s" in lines
    assert "  certificates cannot be split" in lines
    assert "Shall I use the card?" in lines
    assert lines[-1] == "Turn failed. provider returned 529"


def test_the_terminal_shows_links_formulas_and_images_as_text():
    content = [
        text_block(r"[a](http://x.org) http://y.org \(x^2\) ![b](http://z.org/i.png) <i>c</i>")
    ]
    item = AssistantMessageItem(id="1", status="completed", content=content)
    assert printed(120, [item]).splitlines()[-1].rstrip() == (
        "a (http://x.org) http://y.org $x^2$ image: b (http://z.org/i.png) <i>c</i>"
    )


def test_escape_codes_are_for_terminals_only(conversation):
    assert "\x1b" not in printed(80, conversation)
    assert "\x1b[" in printed(80, conversation, force_terminal=True, color_system="standard")


def test_a_bundle_holds_three_forms_and_no_more(conversation):
    bundle = static_timeline(conversation, head_of(conversation, "tour"))
    assert list(bundle) == ["text/html", "text/markdown", "text/plain"]
    assert bundle["text/html"].endswith(timeline_html(conversation, head_of(conversation, "tour")))


def test_only_html_tells_long_results_in_full_unless_everything_is_asked_for():
    item = ToolCallItem(id="1", tool_name="t", status="completed", result="x\n" * 50 + "end")
    forms = static_timeline([item])
    assert "end" in forms["text/html"]
    assert "48 more lines" in forms["text/markdown"]
    assert "48 more lines" in forms["text/plain"]
    assert all("more lines" not in form for form in static_timeline([item], limits=None).values())


def test_a_bundle_carries_only_the_rules_it_uses(conversation):
    small = static_timeline(conversation[4:5])["text/html"]
    assert ".dari-user" in small
    assert ".dari-call" not in small
    assert "blockquote:not" not in small
    assert "math{" not in small
    assert len(style()) <= 12_000


def test_a_prompt_with_a_short_answer_carries_little_style():
    ids = {"message_id": "m", "created_at": "2026-03-31T18:40:04Z"}
    asked = UserMessageItem(id="1", content=[text_block("What is 2 + 3?")], **ids)
    said = AssistantMessageItem(id="2", status="completed", content=[text_block("5")], **ids)
    html = timeline_html([asked, said], head_of([asked, said], "tour"))
    assert len(style(html)) < 1_900


@pytest.mark.parametrize(
    ("html", "part", "is_there"),
    [
        ('<span class="dari-state" data-state="failed">', "[data-state=failed]{", True),
        ('<blockquote class="dari-user">', "blockquote:not([class])", False),
        ('<a href="http://x" target="_blank">', "[target]", True),
    ],
)
def test_a_rule_comes_along_when_what_it_is_for_occurs(html, part, is_there):
    assert (part in style(html)) == is_there


def test_every_setting_a_rule_uses_is_there(conversation):
    for sheet in (style(), style(timeline_html(conversation, Head("tour"))), style("<p>")):
        used = set(re.findall(r"var\((--[a-z])\b", sheet))
        assert used <= set(re.findall(r"[{;](--[a-z]):", sheet))
        assert sheet.count("{") == sheet.count("}")


@pytest.mark.parametrize(
    ("state", "words"),
    [("waiting_for_tool", "waiting for a tool"), ("odd_one", "odd one")],
)
def test_states_are_said_in_words(state, words):
    assert state_text(state) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (-1, ""), (9.96, "10 s"), (59.7, "1 min 0 s")],
)
def test_durations_are_short_and_left_out_when_unknown(seconds, words):
    assert duration_text(seconds) == words


def test_importing_the_renderer_imports_none_of_its_engines():
    engines = ["markdown_it", "mdit_py_plugins", "pygments", "nh3", "latex2mathml", "rich"]
    found = f"[name for name in {engines} if name in sys.modules]"
    code = f"import sys, json, dari_nb.render; print(json.dumps({found}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(out.stdout) == []
