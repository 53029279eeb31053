"""Whatever users, agents and tools write: no script, no loads, balanced tags, and all the text."""

from __future__ import annotations

import io
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from dari_nb.models import (
    AssistantMessageItem,
    ToolCallItem,
    UserMessageItem,
    item_from_dict,
    text_block,
)
from dari_nb.render import Head, item_html, markdown, paper, table, terminal, text, timeline_html
from dari_nb.render._visible import visible

CORPUS = [
    "<script>alert(1)</script>needle",
    "</details></blockquote></div></article><h1>needle</h1><script src=//evil.example/x></script>",
    "</style><img src=x onerror=alert(1)>needle",
    "<style>*{background:url(http://evil.example)}</style>needle",
    '"><svg/onload=alert(1)>needle',
    "' onmouseover=alert(1) x='needle",
    "<a href='javascript:alert(1)'>needle</a>",
    "[needle](javascript:alert(1))",
    "[needle](JaVaScRiPt:alert(1))",
    "[needle](java\nscript:alert(1))",
    "[needle](&#106;avascript:alert(1))",
    "[needle](data:text/html;base64,PHNjcmlwdD4=)",
    "[needle](vbscript:x) [b](file:///etc/passwd) [c](//evil.example/x)",
    "<javascript:alert(1)> needle",
    '[needle](http://example.org "x\\" onclick=alert(1)")',
    "![needle](http://evil.example/secret.png)",
    "![needle](data:image/svg+xml;base64,AAAA)",
    "[![needle](http://evil.example/a.png)](http://evil.example)",
    "[needle]: http://evil.example/definition",
    "```html onload=alert(1)\n<script>needle</script>\n```",
    "```<script>alert(1)</script>\nneedle\n```",
    "`` `<img src=x onerror=alert(1)> needle` ``",
    r"$\href{javascript:alert(1)}{needle}$",
    r"$\text{</mtext></math><script>alert(1)</script> needle}$",
    r"$\style{background:url(http://evil.example)}{needle}$",
    r"$\class{dari-user}{needle}$ and \(\unknown{x}\)",
    "$$\\begin{matrix}needle&<img src=x>\\\\\\end{matrix}$$",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1>'>needle",
    "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject>needle</svg>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>needle",
    "<!--><script>alert(1)</script>-->needle",
    "<![CDATA[<script>alert(1)</script>]]>needle",
    "<?php echo 1 ?>needle<!doctype html>",
    "&lt;script&gt;alert(1)&lt;/script&gt;needle",
    "&#x202e;&#0;&#x1b;[31mneedle",
    "\x00\x08\x1b[31mneedle\x1b[0m\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link\x9b31m",
    "file\u202egpj.exe needle \u2066isolate\u2069",
    "line\rneedle\r\nend\x0b\x0c\x85",
    "lone \ud800 surrogate needle \udfff",
    "| a | b |\n| - | :-: |\n| <script>needle</script> | x |",
    "> " * 60 + "needle",
    "- " * 60 + "needle",
    "needle " + "[" * 500,
    "needle " + "*_" * 500,
    '{"needle": "</pre><script>alert(1)</script>", "a": ["\\u202e", "\\u0000"]}',
    "[bold red]needle[/] [link=http://evil.example]x[/link]",
]
UNSAFE = {*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0))} - {"\n"}
OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize("hostile", CORPUS)
def test_html_of_every_item_is_one_harmless_element(hostile, items_with, read):
    for item in items_with(hostile):
        html = item_html(item, agent=hostile)
        page = read(html)
        assert page.roots == 1
        assert not UNSAFE & set(html)
        assert not OVERRIDES & set(html)


@pytest.mark.parametrize("hostile", CORPUS)
def test_no_text_is_swallowed(hostile, read):
    ids = {"id": "1", "message_id": "msg_1"}
    items = [
        UserMessageItem(content=[text_block(hostile)], **ids),
        UserMessageItem(content=[{"type": hostile}], **ids),
        UserMessageItem(content=[{"type": "file", "file_id": hostile}], **ids),
        AssistantMessageItem(status="completed", content=[text_block(hostile)], **ids),
        AssistantMessageItem(status="failed", error_message=hostile, **ids),
        ToolCallItem(tool_name=hostile, **ids),
        ToolCallItem(arguments=hostile, **ids),
        ToolCallItem(arguments={"key": {hostile: 1}}, **ids),
        ToolCallItem(status="completed", result=hostile, **ids),
        item_from_dict({"type": hostile, **ids}),
        item_from_dict({"type": "odd", "field": hostile, **ids}),
    ]
    for item in items:
        page = read(item_html(item))
        assert "needle" in page.text + page.hints
        assert "needle" in markdown([item])
        assert "needle" in text([item])


@pytest.mark.parametrize("hostile", CORPUS)
def test_a_timeline_with_a_hostile_head_stays_one_element(hostile, items_with, read):
    head = Head(title=hostile, llm=hostile, state=hostile, facts=(hostile,))
    page = read(timeline_html(items_with(hostile), head))
    assert page.roots == 1
    assert "needle" in page.text


@pytest.mark.parametrize("hostile", CORPUS)
def test_the_style_sheet_is_all_that_stands_before_the_timeline(hostile, items_with):
    html = paper(items_with(hostile), Head(title=hostile))["text/html"]
    assert html.count("<style>") == html.count("</style>") == 1
    assert html.partition("</style>")[2].startswith('<div class="dari ')


@pytest.mark.parametrize("hostile", CORPUS)
@pytest.mark.parametrize("width", [60, 200])
def test_no_escape_code_of_others_reaches_a_terminal(hostile, width, items_with):
    whole = items_with(hostile)
    head = Head(title=hostile, llm=hostile, state=hostile)
    out = io.StringIO()
    Console(file=out, width=width).print(terminal(whole, head))
    assert not UNSAFE & set(out.getvalue())
    assert "needle" in "".join(out.getvalue().split())

    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="standard").print(
        terminal(whole, head)
    )
    assert "\x1b]" not in out.getvalue()
    assert not (UNSAFE - {"\x1b"}) & set(out.getvalue())


@pytest.mark.parametrize("hostile", CORPUS)
def test_markdown_of_others_loads_nothing_and_closes_what_it_opens(hostile, items_with):
    from markdown_it import MarkdownIt

    written = markdown([*items_with(hostile), *items_with("plain")], Head(title=hostile))
    assert not UNSAFE & set(written)
    tokens = MarkdownIt("commonmark", {"maxNesting": 200}).parse(written)
    kinds = {token.type for outer in tokens for token in [outer, *(outer.children or [])]}
    assert not kinds & {"image", "html_inline", "html_block"}
    assert sum(token.content.startswith("**You**") for token in tokens) == 2


@pytest.mark.parametrize("hostile", CORPUS)
def test_a_table_of_names_is_harmless_too(hostile, read):
    forms = table(["id", hostile], [["1", hostile]], left_out=2)
    page = read(forms["text/html"].partition("</style>")[2])
    assert page.roots == 1
    assert "needle" in page.text
    assert forms["text/plain"].endswith("… 2 more rows not shown")


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


@settings(max_examples=300, deadline=None)
@given(pieces=MARKED)
def test_every_word_of_an_answer_survives_any_mix_of_marks(pieces, read):
    words = [f"w{index}q" for index in range(len(pieces) + 1)]
    source = "".join(f"{word}{piece}" for word, piece in zip(words, [*pieces, ""], strict=True))
    item = AssistantMessageItem(id="1", status="completed", content=[text_block(source)])
    page = read(item_html(item))
    assert page.roots == 1
    for word in words:
        assert word in page.text + page.hints


@settings(max_examples=200, deadline=None)
@given(result=st.text())
def test_a_result_is_shown_letter_by_letter(result, read):
    item = ToolCallItem(id="1", tool_name="t", status="completed", result=f"<{result}>")
    assert letters(visible(result)) in letters(read(item_html(item)).text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=40,
)


@settings(max_examples=100, deadline=None)
@given(value=JSON)
def test_json_is_shown_as_json_whatever_is_folded(value, read):
    item = ToolCallItem(id="1", tool_name="t", status="completed", result={"value": value})
    page = read(item_html(item, limits=None))
    wanted = json.dumps({"value": value}, ensure_ascii=False)
    assert letters(visible(wanted)) in letters(page.text)


@pytest.mark.parametrize(
    "mark", ["[", "![", "[[]", "[a](b", "<", "*a **", "`a``", "$a", "$$\n", "\\(", "\\[\n", "- a\n"]
)
def test_long_hostile_texts_are_not_worse_than_linear(mark):
    def seconds(length: int) -> float:
        content = [text_block(mark * (length // len(mark)))]
        item = AssistantMessageItem(id="1", status="completed", content=content)
        start = time.perf_counter()
        item_html(item)
        return time.perf_counter() - start

    assert seconds(20_000) < 1 or seconds(20_000) < 20 * seconds(4_000)


def test_values_nested_beyond_reason_are_shown_as_far_as_they_go(read):
    value: list = ["needle"]
    for _ in range(5_000):
        value = [value]
    page = read(item_html(ToolCallItem(id="1", tool_name="t", arguments=value, status="requested")))
    assert "nested too deeply" in page.text
