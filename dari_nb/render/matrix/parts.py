"""Parts of the sentences above a matrix, and how each form sets them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from ..plain.inert import inert
from ..plain.visible import visible_name

MOST_NAMED = 4
"""Things that are named beside each other; of more the rest is counted."""
_LONGEST_CAUSE = 120  # characters
_PERCENT = re.compile(r"(?<=\d) %")
_BUTTON = re.compile(r"<button[^>]*>|</button>")


class Part(NamedTuple):
    """A part of the sentence; names stand out, and figures stand back.

    ``where`` is the condition that the cells meet which a figure comes from.
    """

    text: str
    tag: str = ""
    where: str = ""


def html_of(part: Part) -> str:
    """Set a part as HTML, where lines break: no number stands without its %."""
    html = number_html(_PERCENT.sub("\N{NO-BREAK SPACE}%", _safe(part.text)), part.where)
    return f"<{part.tag}>{html}</{part.tag}>" if part.tag else html


def number_html(html: str, where: str, *, tab: bool = True) -> str:
    """Make a figure a button that shows the cells it comes from; without any it is left alone."""
    if not (html and where):
        return html
    told = f'data-where="{escape(visible_name(where))}"{"" if tab else " tabindex=-1"}'
    return f'<button type="button" {told}>{html}</button>'


def without_buttons(html: str) -> str:
    """Leave of buttons what they say: nobody answers in static output."""
    return _BUTTON.sub("", html)


def markdown_of(part: Part) -> str:
    """Set a part as Markdown."""
    return f"**{inert(part.text)}**" if part.tag == "b" else _visible(part.text, inert)


def text_of(part: Part) -> str:
    """Set a part as plain text."""
    return _visible(part.text)


def score_part(name: str) -> Part:
    """Name a score."""
    return Part(f"“{visible_name(name)}”", "em")


def short_text(text: str) -> str:
    """Say a cause, or its beginning."""
    return text if len(text) <= _LONGEST_CAUSE else f"{text[: _LONGEST_CAUSE - 1].rstrip()}…"


def listed(things: Sequence[Sequence[Part]], most: int = MOST_NAMED) -> Iterator[Part]:
    """Put things beside each other; of many the first few."""
    shown = things[:most]
    left_out = len(things) - len(shown)
    for place, thing in enumerate(shown):
        is_last = place == len(shown) - 1 and not left_out
        yield Part("" if not place else " and " if is_last else ", ")
        yield from thing
    if left_out:
        yield Part(f" and {left_out:,} more")


def _visible(text: str, harmless: Callable[[str], str] = visible_name) -> str:
    # Only names have to be made harmless; the spaces around them stay.
    lead, tail = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{lead}{harmless(text)}{tail}" if text.strip() else text


def _safe(text: str) -> str:
    return escape(_visible(text), quote=False)
