"""Thoughts that a server leaves in the text of an answer, between ``<think>`` and ``</think>``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

_OPEN, _CLOSE, _FENCE = "<think>", "</think>", "```"
_MOST_BLANK = 100
"""Characters of empty lines before the opening tag."""

Part = tuple[Literal["text", "reasoning", "was reasoning"], str]
"""A piece of what was said or thought, or that all that was said before was thought."""


class ThinkTags:
    """Tells the thoughts of one answer from its text; the cuts between the pieces change nothing.

    Thoughts stand at the beginning. Templates that write the opening tag into the prompt leave only
    the closing one: it counts at the end or the beginning of a line, outside of code, so that one
    may still write about tags.

    >>> tags = ThinkTags()
    >>> [*tags.read("<thi"), *tags.read("nk>Hm.</think>"), *tags.read("A"), *tags.end()]
    [('reasoning', 'Hm.'), ('text', 'A')]
    """

    def __init__(self) -> None:
        self._read = self._begin
        self._held = ""
        self._said: list[str] = []

    def read(self, piece: str) -> Iterator[Part]:
        """Take in the next piece; what may still be a tag is held back."""
        self._held += piece
        yield from self._parts(is_end=False)

    def end(self) -> Iterator[Part]:
        """Take in that no more thoughts can come in the text; gives what was held back."""
        yield from self._parts(is_end=True)
        self._read = self._plain

    def _parts(self, *, is_end: bool) -> Iterator[Part]:
        before = None
        while before != self._read:
            before = self._read
            yield from self._read(is_end)

    def _begin(self, is_end: bool) -> Iterator[Part]:
        begun = self._held.lstrip()
        if len(self._held) - len(begun) > _MOST_BLANK:
            self._read = self._open
        elif begun.startswith(_OPEN):
            self._held, self._read = begun.removeprefix(_OPEN), self._thinking
        elif is_end or not _OPEN.startswith(begun):
            self._read = self._open
        yield from ()

    def _thinking(self, is_end: bool) -> Iterator[Part]:
        thought, tag, rest = self._held.partition(_CLOSE)
        if tag:
            self._held, self._read = rest, self._answering
        elif not is_end:
            thought, rest = _cut(thought, _CLOSE)
            self._held = rest
        else:
            self._held = ""
        if thought:
            yield "reasoning", thought

    def _open(self, is_end: bool) -> Iterator[Part]:
        """Read a text of which it is not known whether it is one."""
        text, tag, rest = self._held.partition(_CLOSE)
        if not tag:
            text, rest = (text, "") if is_end else _cut(text, _CLOSE)
        elif not rest and not is_end:
            return  # what follows the tag tells what it is
        self._held = rest
        self._said.append(text)
        if text:
            yield "text", text
        if not tag:
            return
        said, self._said = "".join(self._said), []
        if _is_tag(said, rest):
            self._read = self._answering
            yield "was reasoning", ""
        else:
            self._held, self._read = tag + rest, self._plain

    def _answering(self, is_end: bool) -> Iterator[Part]:
        """Leave out the empty lines between thoughts and text."""
        self._held = self._held.lstrip()
        if self._held:
            self._read = self._plain
        yield from ()

    def _plain(self, is_end: bool) -> Iterator[Part]:
        text, self._held = self._held, ""
        if text:
            yield "text", text


def _is_tag(before: str, after: str) -> bool:
    stands_apart = before[-1:] in ("", "\n") or after[:1] in ("", "\r", "\n")
    return stands_apart and before.count(_FENCE) % 2 == 0


def _cut(text: str, tag: str) -> tuple[str, str]:
    """Part a text from what may be the beginning of a tag at its end."""
    sizes = range(min(len(tag) - 1, len(text)), 0, -1)
    size = next((size for size in sizes if tag.startswith(text[-size:])), 0)
    return text[: len(text) - size], text[len(text) - size :]
