"""What a model thought is folded, open only while it is written, and never the answer."""

import json

import msgspec
import pytest

from dari_nb.models import AssistantMessageItem, UserMessageItem, reasoning_block, text_block
from dari_nb.render import (
    GrowingItems,
    head_of,
    item_html,
    markdown,
    static_timeline,
    terminal,
    text,
    timeline_html,
)
from dari_nb.render.timeline.ends import ends
from dari_nb.transcript.chat import to_chat

HOSTILE = "\x1b[31m<script>x</script> <details open> \u202e **bold** ![i](http://e.org/x.png)"
ASKED = UserMessageItem(id="1", message_id="m", content=[text_block("What is 6 * 7?")])
WRITTEN = AssistantMessageItem(
    id="2",
    message_id="m",
    status="completed",
    content=[reasoning_block("Six times seven is\n*forty-two*."), text_block("42")],
)
HEAD = head_of([ASKED, WRITTEN], "tour")


def with_thought(thought, *said, **more):
    return msgspec.structs.replace(WRITTEN, content=[thought, *said], **more)


def on_a_terminal(items, width=60):
    from rich.console import Console

    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(terminal(items, HEAD))
    return captured.get()


def test_a_page_has_it_folded_before_the_answer():
    for html in (timeline_html([ASKED, WRITTEN], HEAD), GrowingItems().html(WRITTEN)):
        assert '<details class="dari-thought"><summary>thought · 5 words</summary>' in html
        assert html.index("<em>forty-two</em>") < html.index("</details>") < html.index("<p>42</p>")


def test_a_terminal_has_it_on_one_dim_line_that_is_cut():
    long = with_thought(reasoning_block("word " * 500), text_block("42"))
    lines = [line.rstrip() for line in on_a_terminal([ASKED, long]).splitlines()]
    [line] = [line for line in lines if "thought" in line]
    assert line.startswith("\u203a thought word word")
    assert line.endswith("500 words")
    assert lines[lines.index(line) + 1 :] == ["42"]


@pytest.mark.parametrize("form", [markdown, text])
def test_text_forms_say_that_there_is_one_and_keep_to_the_answer(form):
    said = form([ASKED, WRITTEN], HEAD)
    assert "thought · 5 words" in said
    assert "forty-two" not in said
    assert said.rstrip().endswith("42")


def test_it_is_open_while_it_is_written_and_folded_when_the_text_begins():
    growing = GrowingItems()
    thought = reasoning_block("Six *tim")

    def html(*content):
        return growing.html(with_thought(*content, id="m:pending", status="running"), agent="tour")

    thinking = html(thought)
    assert '<details class="dari-thought" open><summary>thinking …</summary>' in thinking
    assert "<em>tim</em>" in thinking
    answering = html(thought, text_block("4"))
    assert '<details class="dari-thought"><summary>thought' in answering
    assert answering.endswith("<p>4</p></div>")
    done = growing.html(WRITTEN, agent="tour")
    assert done == GrowingItems().html(WRITTEN, agent="tour")


def test_alone_before_a_call_it_is_no_silence():
    alone = with_thought(reasoning_block("I look."))
    for form in (item_html(alone), GrowingItems().html(alone), text([alone], HEAD)):
        assert "thought" in form
        assert "no text" not in form
    assert "no text" not in on_a_terminal([ASKED, alone])
    assert to_chat([ASKED, alone]) == [{"role": "user", "content": "What is 6 * 7?"}]


def test_what_a_provider_hides_is_said_to_be_hidden():
    hidden = with_thought(reasoning_block("", {"redacted": "EmwK"}), text_block("42"))
    html = item_html(hidden)
    assert "<summary>thought</summary>" in html
    assert "provider keeps it hidden" in html
    assert "EmwK" not in str(static_timeline([ASKED, hidden], HEAD))
    assert "\u203a thought" in [line.strip() for line in on_a_terminal([hidden]).splitlines()]


def test_hostile_thoughts_are_escaped_and_bounded():
    for size in (1, 5_000):
        evil = with_thought(reasoning_block(HOSTILE * size), text_block("42"))
        bundle = ends([ASKED, evil], HEAD)
        html = bundle["text/html"]
        assert "<script" not in html
        assert "<img" not in html
        assert html.count("<details open") == 0
        assert "\x1b" not in str(on_a_terminal([evil])) + html + bundle["text/plain"]
        assert "\u202e" not in json.dumps(bundle, ensure_ascii=False)
        assert len(html) < 500_000


@pytest.mark.parametrize("odd", [None, ["x"]])
def test_thoughts_that_are_no_text_are_shown_as_what_they_are(odd):
    block = {"type": "reasoning", "reasoning": odd, "provider": odd}
    html = item_html(with_thought(block, text_block("42")))
    assert html.count("dari-thought") == 1
    assert "<p>42</p>" in html
