"""Markdown of others made passive: no raw HTML, no images, no odd links, no fence left open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

from .sanitize import is_link

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SUSPECT = re.compile(r"<[a-zA-Z/!?]|!\[|\][(:]|```|~~~")
_ACTIVE = {"html_inline", "html_block", "image"}
_CODE_SPAN_OR_SUSPECT = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))|!\[|<(?=[a-zA-Z/!?])"
    r"|\](?=[(:]\s*<?(?P<address>[^\s>)]*))"
)


def passive(source: str) -> str:
    """Return Markdown that reads the same, loads nothing, and ends where it ends.

    >>> passive("![a](http://x/y.png) <b>`<b>`")
    '[image: a](http://x/y.png) &lt;b>`<b>`'
    """
    if not _SUSPECT.search(source):
        return source
    tokens: Sequence[Token] = _parser().parse(source)
    if _is_active(tokens):
        source, tokens = _disarmed(source, tokens)
    return _closed(source, tokens)


def _disarmed(source: str, tokens: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """Write images as links, tags and odd links as text; in code only when nothing less helps."""
    lines = source.split("\n")
    code = {n for token in tokens if token.type in ("fence", "code_block") for n in _lines(token)}
    gentle = "\n".join(
        line if number in code else _CODE_SPAN_OR_SUSPECT.sub(_written, line)
        for number, line in enumerate(lines)
    )
    if not _is_active(tokens := _parser().parse(gentle)):
        return gentle, tokens
    plain = re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", source.replace("![", "[image: "))
    if not _is_active(tokens := _parser().parse(plain)):
        return plain, tokens
    plain = re.sub(r"\](?=[(:])", _escaped, plain)
    return plain, _parser().parse(plain)


def _written(match: re.Match[str]) -> str:
    if match["code"]:
        return match["code"]
    if match[0] == "]":
        return "]" if is_link(unescape(match["address"])) else _escaped(match)
    return "[image: " if match[0] == "![" else "&lt;"


def _escaped(match: re.Match[str]) -> str:
    """Say that a bracket is a bracket; a backslash before it would undo another backslash."""
    return "&#93;" if match.string[: match.start()].endswith("\\") else f"\\{match[0]}"


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
        token.type in _ACTIVE
        or (token.type == "text" and "![" in token.content)
        or (token.type == "link_open" and not is_link(str(token.attrGet("href"))))
        for token in _all(tokens)
    )


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    # Whoever shows it may be less strict: all that could be a link is looked at.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser
