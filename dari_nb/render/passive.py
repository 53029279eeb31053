"""Markdown of others made passive: no raw HTML, no images, no fence left open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SUSPECT = re.compile(r"<[a-zA-Z/!?]|!\[|```|~~~")
_ACTIVE = {"html_inline", "html_block", "image"}
_CODE_SPAN_OR_SUSPECT = re.compile(r"((?<!`)(`+)(?!`).*?(?<!`)\2(?!`))|!\[|<(?=[a-zA-Z/!?])")


def passive(source: str) -> str:
    """Return Markdown that reads the same, loads nothing, and ends where it ends.

    >>> passive("![a](http://x/y.png) <b>`<b>`")
    '[image: a](http://x/y.png) &lt;b>`<b>`'
    """
    if not _SUSPECT.search(source):
        return source
    tokens = _parser().parse(source)
    if _is_active(tokens):
        source = _disarmed(source, tokens)
        tokens = _parser().parse(source)
    return _closed(source, tokens)


def _disarmed(source: str, tokens: Sequence[Token]) -> str:
    """Write images as links and tags as text; in code only when nothing less helps."""
    lines = source.split("\n")
    code = {n for token in tokens if token.type in ("fence", "code_block") for n in _lines(token)}
    gentle = "\n".join(
        line if number in code else _CODE_SPAN_OR_SUSPECT.sub(_written, line)
        for number, line in enumerate(lines)
    )
    if not _is_active(_parser().parse(gentle)):
        return gentle
    return re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", source.replace("![", "[image: "))


def _written(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    return "[image: " if match[0] == "![" else "&lt;"


def _closed(source: str, tokens: Sequence[Token]) -> str:
    last = tokens[-1] if tokens else None
    if last is None or last.type != "fence":
        return source
    end = source.rstrip("\n").rpartition("\n")[2].strip()
    is_closed = len(_lines(last)) > 1 and end.startswith(last.markup) and not end.strip(end[0])
    return source if is_closed else f"{source}\n{last.markup}"


def _lines(token: Token) -> range:
    return range(*(token.map or (0, 0)))


def _is_active(tokens: Sequence[Token]) -> bool:
    # What is no image here may become one by a definition that stands elsewhere.
    return any(
        token.type in _ACTIVE or (token.type == "text" and "![" in token.content)
        for token in _all(tokens)
    )


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
