"""Parts of the sentences above a matrix, and how each form sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from ..plain.inert import inert
from ..plain.visible import visible_name

MOST_NAMED = 4
"""Things that are named beside each other; of more the rest is counted."""
_LONGEST_CAUSE = 120  # characters


class Part(NamedTuple):
    """A part of the sentence; names stand out, and figures stand back."""

    text: str
    tag: str = ""


def html_of(part: Part) -> str:
    """Set a part as HTML."""
    return f"<{part.tag}>{_safe(part.text)}</{part.tag}>" if part.tag else _safe(part.text)


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
        yield Part(f" and {left_out} more")


def _visible(text: str, harmless: Callable[[str], str] = visible_name) -> str:
    # Only names have to be made harmless; the spaces around them stay.
    lead, tail = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{lead}{harmless(text)}{tail}" if text.strip() else text


def _safe(text: str) -> str:
    return escape(_visible(text), quote=False)
