"""Markdown, plain text, the terminal, and the bundle of all forms."""

import base64
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
    markdown,
    state_text,
    static_timeline,
    style,
    terminal,
    text,
    timeline_html,
)


def test_markdown_says_who_said_what(conversation):
    assert markdown(conversation, head_of(conversation, "tour")) == (
        "**tour** · failed · 2 turns · 2 calls · 5.0 s\n\n"
        "> **You** 18:40:04\n> \n> Book **HAT083**\n> \n> Attached: `file_7`\n\n"
        "`search JFK · SEA` · 1 item · 0.3 s\n"
        'Arguments\n```\n{"origin": "JFK", "destination": "SEA"}\n```\n'
        'Result\n```\n[{"flight": "HAT083"}]\n```\n\n'
        "`book HAT083` · failed · 2.0 s\n"
        'Arguments\n```\n{"flight": "HAT083"}\n```\n'
        "Error\n```\ncertificates cannot be split\n```\n\n"
        "**tour** 18:40:09\n\nShall I use the *card*?\n\n"
        "> **You** 18:41:00\n> \n> Yes\n\n"
        "**tour** 18:41:00\n\nTurn failed. provider returned 529\n"
    )


def test_plain_text_says_the_same_without_marks(conversation):
    written = text(conversation)
    assert written.startswith(
        "You 18:40:04\nBook **HAT083**\n\nAttached: file_7\n\nsearch JFK · SEA · "
    )
    assert written.endswith("Agent 18:41:00\nTurn failed. provider returned 529\n")


def printed(width, conversation, **options):
    out = io.StringIO()
    console = Console(file=out, width=width, **options)
    console.print(terminal(conversation, head_of(conversation, "tour")))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
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


def test_forms_without_markup_show_commands_changes_and_pictures_as_such():
    picture = {"type": "image", "data": base64.b64encode(b"GIF89a" + b"x" * 94).decode()}
    picture["mimeType"] = "image/gif"
    calls = [
        ("bash", {"command": "make"}, {"stdout": "\x1b[31mno\x1b[0m", "exit_code": 2}),
        ("edit", {"path": "a.py", "old": "x = 1", "new": "x = 2"}, None),
        ("read", {"path": "a.py"}, "x = 2"),
        ("plot", None, [{"type": "text", "text": "done"}, picture]),
    ]
    items = [
        ToolCallItem(id="1", tool_name=n, arguments=a, result=r, status="completed")
        for n, a, r in calls
    ]
    assert markdown(items) == (
        "`bash make` · exit 2\n```console\n$ make\n```\n"
        "Output · exit code 2\n```\nno\n```\n\n"
        "`edit a.py` · +1 \u22121\nChange\n```diff\n-x = 1\n+x = 2\n```\n\n"
        "`read a.py` · x = 2\nContent\n```py\nx = 2\n```\n\n"
        "`plot` · 2 items\nResult\n```\ndone\n[image/gif, 102 bytes]\n```\n"
    )
    assert text(items).startswith("bash make · exit 2\n  $ make\nOutput · exit code 2\n  no\n")


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
        ('<span class="dari-state" data-state="failed">', "[data-state=completed]", False),
        ("<blockquote>", "blockquote:not([class])", True),
        ('<blockquote class="dari-user">', "blockquote:not([class])", False),
        ('<a href="#x">', "[target]", False),
        ('<a href="http://x" target="_blank">', "[target]", True),
        ('<details class="dari-rest">', ".dari-rest[open]", True),
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
    [("completed", "done"), ("waiting_for_tool", "waiting for a tool"), ("odd_one", "odd one")],
)
def test_states_are_said_in_words(state, words):
    assert state_text(state) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0, ""), (-1, ""), (0.0004, ""), (9.96, "10 s"), (59.7, "1 min 0 s")],
)
def test_durations_are_short_and_left_out_when_unknown(seconds, words):
    assert duration_text(seconds) == words


def test_importing_the_renderer_imports_none_of_its_engines():
    engines = ["markdown_it", "mdit_py_plugins", "pygments", "nh3", "latex2mathml", "rich"]
    found = f"[name for name in {engines} if name in sys.modules]"
    code = f"import sys, json, dari_nb.render; print(json.dumps({found}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(out.stdout) == []
