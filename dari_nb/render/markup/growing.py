"""Prose that grows at its end: what is finished is converted once, what is open reads well."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ..plain.visible import visible
from .prose import block_tokens, is_too_deep, part_html
from .sanitize import sanitize
from .unfinished import finished

if TYPE_CHECKING:
    from markdown_it.token import Token


class GrowingProse:
    """One text while it is written, as sanitised HTML.

    A block is finished when an empty line and the first line of another one follow it: nothing
    that comes later changes what it is.

    >>> prose = GrowingProse()
    >>> prose.html("It is **bo", is_open=True)
    '<p>It is <strong>bo</strong></p>'
    >>> prose.html("It is **bold**.", is_open=False)
    '<p>It is <strong>bold</strong>.</p>'
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._source = ""
        self._html = ""
        self._env: dict[str, int] = {}

    def html(self, text: str, *, is_open: bool) -> str:
        """Convert the text as it is now; one that is no longer open is what it would be at once.

        Args:
            text: All of it. Another text than the one before with more at its end begins anew.
            is_open: Whether more is to come.
        """
        text = visible(text)
        if not text.startswith(self._source):
            self._forget()
        if is_too_deep(text, len(self._source)):
            return sanitize(f"<pre>{escape(text, quote=False)}</pre>")
        self._finish(text)
        rest, env = text[len(self._source) :], dict(self._env)
        if is_open:
            rest = part_html(finished(rest), env, change=_leave_open)
        else:
            rest = part_html(rest, env)
        return self._html + sanitize(rest)

    def _finish(self, text: str) -> None:
        """Convert for good what nothing can change any more."""
        rest = text[len(self._source) :]
        size = _finished_size(rest)
        if size:
            self._source += rest[:size]
            self._html += sanitize(part_html(rest[:size], self._env))


def _finished_size(text: str) -> int:
    """Characters of the blocks at the beginning that are finished."""
    # The line that is being written may become anything.
    lines = text[: text.rfind("\n") + 1].split("\n")
    if "" not in map(str.strip, lines[1:-1]):
        return 0
    starts = [
        token.map[0]
        for token in block_tokens("\n".join(lines))
        if token.level == 0 and token.map and token.nesting >= 0
    ]
    ends = (start for start in reversed(starts[1:]) if not lines[start - 1].strip())
    return len("\n".join(lines[:end])) + 1 if (end := next(ends, 0)) else 0


def _leave_open(tokens: Sequence[Token]) -> None:
    """Mark code that goes on in part only, and let an address that goes on lead nowhere yet."""
    if tokens and tokens[-1].type == "fence":
        tokens[-1].meta["open"] = True
    last = next((token for token in reversed(tokens) if token.nesting == 0), None)
    parts = last.children if last is not None else None
    if parts and parts[-1].type == "link_close" and parts[-1].info == "auto":
        del parts[-1], parts[-2]
