"""Markdown while it is written: it reads well at every moment, and ends as what it is at once."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dari_nb.render.markup.growing import GrowingProse
from dari_nb.render.markup.prose import prose_html
from dari_nb.render.markup.sanitize import sanitize

TEXT = (Path(__file__).parents[1] / "written.md").read_text()
HOSTILE = json.loads((Path(__file__).parents[1] / "hostile.json").read_text())
SHORT = [text for texts in HOSTILE.values() for text in texts if len(text) < 3_000]

ROW = (
    "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
    "<tbody><tr><td><strong>x</strong></td><td></td></tr></tbody></table>"
)


def shown(text):
    return GrowingProse().html(text, is_open=True)


@pytest.mark.parametrize("step", [1, 7, 300])
def test_whatever_the_pieces_the_end_is_that_of_the_whole(step):
    prose = GrowingProse()
    for end in range(0, len(TEXT), step):
        prose.html(TEXT[:end], is_open=True)
    assert prose.html(TEXT, is_open=False) == sanitize(prose_html(TEXT))


def test_what_is_finished_is_final():
    prose = GrowingProse()
    steps = [prose.html(TEXT[:end], is_open=True) for end in range(len(TEXT) + 1)]
    finished = []
    for before, after in pairwise(steps):
        same = next(
            (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
            min(len(before), len(after)),
        )
        finished.append(len(before) - same)
    # What is shown anew lies in the blocks at the end, never in the first half of a long text.
    assert max(finished) < 2_500
    assert len(steps[-1]) > 4 * max(finished)


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("It is **bo", "<p>It is <strong>bo</strong></p>"),
        ("It is **", "<p>It is</p>"),
        ("a **bold *and", "<p>a <strong>bold <em>and</em></strong></p>"),
        ("run `make te", "<p>run <code>make te</code></p>"),
        ("see [the docs](https://exa", "<p>see the docs</p>"),
        ("see [the do", "<p>see the do</p>"),
        ("see ![a chart](http://x.y/z.p", "<p>see a chart</p>"),
        ("at https://exa", "<p>at https://exa</p>"),
        ("fish &am", "<p>fish</p>"),
        ("so $x^2 +", "<p>so <code>x^2 +</code></p>"),
        (r"so \(x^2 +", "<p>so <code>x^2 +</code></p>"),
        ("it costs $5 a", "<p>it costs $5 a</p>"),
        ("- one\n-", "<ul><li>one</li></ul>"),
        ("1. one\n2", "<ol><li>one</li></ol>"),
        ("Yes\n-", "<p>Yes</p>"),
        ("42", "<p>42</p>"),
        ("- [ ] task", "<ul><li>[ ] task</li></ul>"),
        ("xs[", "<p>xs[</p>"),
        ("snake_case and 2 * 3 < 7", "<p>snake_case and 2 * 3 &lt; 7</p>"),
        ("| city | pop", "<table><thead><tr><th>city</th><th>pop</th></tr></thead></table>"),
        ("| city |\n|--", "<table><thead><tr><th>city</th></tr></thead></table>"),
        (
            "| a | b |\n|---|---|\n| **x",
            ROW,
        ),
        ("a\n\n```\ncode <b", "<p>a</p><pre>code &lt;b</pre>"),
        ("a\n\n```\ncode\n``", "<p>a</p><pre>code</pre>"),
        ("<scr", "<p>&lt;scr</p>"),
    ],
)
def test_what_is_open_reads_as_what_it_will_be(written, html):
    assert shown(written) == html


def test_an_open_formula_is_its_source_and_a_closed_one_is_set():
    assert shown("$$\nx^2 +") == "<p><code> x^2 +</code></p>"
    assert "<math" in shown("$$\nx^2\n$$\n")


def test_long_code_is_marked_at_its_beginning_only_until_it_is_finished():
    code = "```py\n" + "def f(x): return x\n" * 1_000
    prose = GrowingProse()
    assert 100 < prose.html(code, is_open=True).count("<span") < 1_000
    assert prose.html(f"{code}```\n", is_open=False).count("<span") > 2_000


def test_another_text_begins_anew():
    prose = GrowingProse()
    prose.html("one\n\ntwo\n\nthree", is_open=True)
    assert prose.html("another", is_open=True) == "<p>another</p>"


def test_finished_blocks_cost_nothing_more(lines_run):
    def cost(size):
        prose = GrowingProse()
        text = TEXT * size
        prose.html(text, is_open=True)
        return lines_run(lambda: prose.html(f"{text}word", is_open=True))

    assert cost(8) < 1.5 * cost(2)


@pytest.mark.parametrize("text", SHORT)
def test_hostile_text_cut_anywhere_passes_the_gate_unchanged(text):
    prose = GrowingProse()
    # What is longer is one pair of marks again and again: an odd step meets both halves of it.
    for end in (*range(min(len(text), 620)), *range(620, len(text), 13), len(text)):
        html = prose.html(text[:end], is_open=True)
        assert sanitize(html) == html
        assert shown(text[:end]) == html
    assert prose.html(text, is_open=False) == sanitize(prose_html(text))


PIECES = [
    "# a",
    "b",
    "- ",
    "1. ",
    "\n",
    "\n\n",
    "  ",
    "    ",
    "> ",
    "```",
    "`",
    "$$",
    "$",
    "|",
    "*",
]
PIECES += ["**", "[x](", "https://a.b", ")", "---", "===", "\\", "&amp", "\u05d0", "\r", "\t", "~~"]


@example(["```", "\n", "\n\n", "# a"])
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_text_in_any_pieces_ends_as_the_whole(pieces):
    prose, text = GrowingProse(), ""
    for piece in pieces:
        text += piece
        html = prose.html(text, is_open=True)
        assert sanitize(html) == html
    assert prose.html(text, is_open=False) == sanitize(prose_html(text))
