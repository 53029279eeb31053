"""Whatever users, agents and tools write: no script, no loads, balanced tags, and all the text."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from dari_nb.models import AssistantMessageItem, ToolCallItem, text_block
from dari_nb.render import (
    Head,
    item_html,
    markdown,
    terminal,
    text,
)
from dari_nb.render.plain.visible import visible

CORPUS = json.loads((Path(__file__).parent / "hostile.json").read_text("utf-8"))
"""Texts by what they try; each holds the word that must not get lost."""
UNSAFE = {*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0))} - {"\n", "\t"}
OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


every_attack = pytest.mark.parametrize("texts", CORPUS.values(), ids=CORPUS)


def harmless(html, read):
    """Read the HTML of an item, which is one element with no character that shows nothing."""
    page = read(html)
    assert page.roots == 1
    assert not (UNSAFE | OVERRIDES) & set(html)
    return page


@every_attack
def test_html_of_every_item_is_one_harmless_element(texts, items_with, fields_with, read):
    for hostile in texts:
        told = [each for each in fields_with(hostile) if not isinstance(each, ToolCallItem)]
        for item in (*items_with(hostile), *told):
            harmless(item_html(item, agent=hostile), read)


def test_a_call_is_shown_alike_whatever_its_agent_is_called(items_with, fields_with):
    for item in (*items_with("needle"), *fields_with("needle")):
        if isinstance(item, ToolCallItem):
            assert item_html(item, agent="<b>") == item_html(item)


@every_attack
def test_no_text_is_swallowed_and_each_field_is_one_harmless_element(texts, fields_with, read):
    for hostile in texts:
        for item in fields_with(hostile):
            page = harmless(item_html(item), read)
            assert "needle" in page.text + page.hints, (hostile, item)
            assert "needle" in markdown([item]), (hostile, item)
            assert "needle" in text([item]), (hostile, item)


@every_attack
def test_no_escape_code_of_others_reaches_a_terminal(texts, items_with):
    for hostile in texts:
        head = Head(title=hostile, llm=hostile, state=hostile, version=hostile)
        laid_out = terminal(items_with(hostile), head)
        for width in (60, 200):
            plain = printed(laid_out, width=width)
            assert not UNSAFE & set(plain)
            assert "needle" in "".join(plain.split())
            coloured = printed(laid_out, width=width, force_terminal=True, color_system="standard")
            assert not UNSAFE & set(re.sub(r"\x1b\[[\d;]*m", "", coloured))


def printed(laid_out, **options):
    out = io.StringIO()
    Console(file=out, **options).print(laid_out)
    return out.getvalue()


@every_attack
def test_markdown_of_others_loads_nothing_and_closes_what_it_opens(texts, items_with):
    from markdown_it import MarkdownIt

    for hostile in texts:
        written = markdown([*items_with(hostile), *items_with("plain")], Head(title=hostile))
        assert not UNSAFE & set(written)
        tokens = MarkdownIt("commonmark", {"maxNesting": 200}).parse(written)
        kinds = {token.type for outer in tokens for token in [outer, *(outer.children or [])]}
        assert not kinds & {"image", "html_inline", "html_block"}, hostile
        assert sum(token.content.startswith("**You**") for token in tokens) == 2, hostile


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


MARKED = st.lists(
    st.sampled_from(
        ["*", "**", "`", "```\n", "$", "$$", "[", "](", ")", "![", "<", ">", "</", "\n", "\n\n",
         "# ", "- ", "1. ", "> ", "|", "\n|-|\n", "\\", "\\(", "\\)", "\\[", "\\]", "~~", "&", ";",
         "http://", "www.", "@", ":", '"', "'", "{", "}", "^", "_", "\t", "    ", "<b>", "<!--",
         "-->", "\x00", "\u202e", "---", "\\frac", "\\begin{matrix}", "\\end{matrix}", "0", " "]
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=100)
@given(pieces=MARKED)
def test_every_word_of_an_answer_survives_any_mix_of_marks(pieces, read):
    words = [f"w{index}q" for index in range(len(pieces) + 1)]
    source = "".join(f"{word}{piece}" for word, piece in zip(words, [*pieces, ""], strict=True))
    item = AssistantMessageItem(id="1", status="completed", content=[text_block(source)])
    page = read(item_html(item))
    assert page.roots == 1
    for word in words:
        assert word in page.text + page.hints


@settings(max_examples=50)
@given(result=st.text())
def test_a_result_is_shown_letter_by_letter(result, read):
    item = ToolCallItem(id="1", tool_name="t", status="completed", result=f"<{result}>")
    assert letters(visible(result)) in letters(read(item_html(item)).text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=40,
)


@settings(max_examples=50)
@given(value=JSON)
def test_json_is_shown_as_json_whatever_is_folded(value, read):
    item = ToolCallItem(id="1", tool_name="t", status="completed", result={"value": value})
    page = read(item_html(item, limits=None))
    wanted = json.dumps({"value": value}, ensure_ascii=False)
    assert letters(visible(wanted)) in letters(page.text)


@pytest.mark.parametrize(
    "mark",
    [
        "[",
        "![",
        "[x](<",
        "*a **",
        "$a",
        "\\[\n",
        "- a\n",
    ],
)
def test_long_hostile_texts_are_not_worse_than_linear(mark, lines_run):
    def work(length: int) -> int:
        content = [text_block(mark * (length // len(mark)))]
        item = AssistantMessageItem(id="1", status="completed", content=content)
        return lines_run(lambda: item_html(item))

    work(400)  # what is kept between calls is kept before the two that count
    assert work(10_000) < 6 * work(2_000)


def test_links_that_open_brackets_and_never_close_them_cost_little_each(lines_run):
    content = [text_block("![x](" * 6_000)]
    item = AssistantMessageItem(id="1", status="completed", content=content)
    assert lines_run(lambda: item_html(item)) < 6_000 * 900


def test_an_address_may_have_brackets_in_it(read):
    text = "[x](https://a.example/b_(c_(d))) " + "![x](" * 3
    item = AssistantMessageItem(id="1", status="completed", content=[text_block(text)])
    page = read(item_html(item))
    assert "![x](![x](![x](" in page.text
    assert 'href="https://a.example/b_(c_(d))"' in item_html(item)


@pytest.mark.parametrize(("levels", "said"), [(500, "needle"), (100_000, "nested too deeply")])
def test_values_nested_beyond_reason_are_shown_as_far_as_they_go(read, levels, said):
    value: list = ["needle"]
    for _ in range(levels):
        value = [value]
    page = read(item_html(ToolCallItem(id="1", tool_name="t", arguments=value, status="requested")))
    assert said in page.text


ODD_LINKS = [
    "[needle][a]\n\n[a]: {}",
    "[a]:\n{}\n\n[a] needle",
    "> [a]: {} 'needle'\n> [a]",
    "[needle]({})",
    "[needle](\n{} 'title')",
    "[needle](<{}>) and [needle](https://example.org)",
    "[a\\](needle]({}) [b\\\\]({})",
    "[![needle]({})]({})",
    "<{}> needle",
    "- [needle]({}) `[code]({})`",
]
ODD_ADDRESSES = [
    "javascript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    "JaVaScRiPt:1",
    "javascript&colon;1",
    "java&#115;cript:1",
    "data:text/html,1",
    "vbscript:1",
    "/api/shutdown",
    "//evil.example/x",
]


TRUSTING = MarkdownIt("commonmark").enable("table")
TRUSTING.validateLink = lambda url: True


def led_to(source):
    """Where a reader of Markdown leads who trusts everything."""
    blocks = TRUSTING.parse(source)
    for token in (*blocks, *(one for block in blocks for one in block.children or ())):
        yield from (value for name, value in token.attrs.items() if name in ("href", "src"))


@pytest.mark.parametrize("form", ODD_LINKS)
def test_markdown_leads_nowhere_that_html_would_not(form, fields_with):
    for address in ODD_ADDRESSES:
        hostile = form.replace("{}", address)
        for item in fields_with(hostile):
            written = markdown([item], Head(hostile, llm=hostile))
            assert "needle" in written
            odd = [url for url in led_to(written) if not re.match("https?://|mailto:", url)]
            assert odd == [], (hostile, written)


@every_attack
def test_markdown_of_hostile_texts_leads_to_the_web_alone(texts, fields_with):
    for hostile in texts:
        for item in fields_with(hostile):
            written = markdown([item], Head(hostile))
            assert [url for url in led_to(written) if not re.match("https?://|mailto:", url)] == []


def test_links_that_lead_to_the_web_stay_links():
    answer = text_block("See [one](https://a.example/x?y=1), <https://b.example> and `[c](d)`.")
    assert markdown([AssistantMessageItem(status="completed", content=[answer])]).endswith(
        "See [one](https://a.example/x?y=1), <https://b.example> and `[c](d)`.\n"
    )
