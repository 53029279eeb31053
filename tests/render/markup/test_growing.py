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

ROW = (
    "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
    "<tbody><tr><td><strong>x</strong></td><td></td></tr></tbody></table>"
)


def shown(text):
    return GrowingProse().html(text, is_open=True)


@pytest.mark.parametrize("step", [1, 300])
def test_whatever_the_pieces_the_end_is_that_of_the_whole(step):
    prose = GrowingProse()
    for end in range(0, len(TEXT), step):
        prose.html(TEXT[:end], is_open=True)
    assert prose.html(TEXT, is_open=False) == sanitize(prose_html(TEXT))


def test_what_is_finished_is_final():
    prose = GrowingProse()
    steps = [prose.html(TEXT[:end], is_open=True) for end in range(0, len(TEXT) + 1, 3)]
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
        ("a **bold *and", "<p>a <strong>bold <em>and</em></strong></p>"),
        ("run `make te", "<p>run <code>make te</code></p>"),
        ("see [the docs](https://exa", "<p>see the docs</p>"),
        ("fish &am", "<p>fish</p>"),
        (r"so \(x^2 +", "<p>so <code>x^2 +</code></p>"),
        ("- one\n-", "<ul><li>one</li></ul>"),
        ("- [ ] task", "<ul><li>[ ] task</li></ul>"),
        ("snake_case and 2 * 3 < 7", "<p>snake_case and 2 * 3 &lt; 7</p>"),
        ("| city | pop", "<table><thead><tr><th>city</th><th>pop</th></tr></thead></table>"),
        (
            "| a | b |\n|---|---|\n| **x",
            ROW,
        ),
        ("a\n\n```\ncode <b", "<p>a</p><pre>code &lt;b</pre>"),
        ("<scr", "<p>&lt;scr</p>"),
    ],
)
def test_what_is_open_reads_as_what_it_will_be(written, html):
    assert shown(written) == html


def test_an_open_formula_is_its_source_and_a_closed_one_is_set():
    assert shown("$$\nx^2 +") == "<p><code> x^2 +</code></p>"
    assert "<math" in shown("$$\nx^2\n$$\n")


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


@pytest.mark.parametrize("texts", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_cut_anywhere_passes_the_gate_unchanged(texts):
    for text in texts:
        prose = GrowingProse()
        # An odd step meets both halves of a pair of marks that is repeated.
        for end in (*range(0, min(len(text), 3_000), 13), len(text)):
            html = prose.html(text[:end], is_open=True)
            assert sanitize(html) == html
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
