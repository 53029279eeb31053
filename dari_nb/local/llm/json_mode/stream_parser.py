"""Reading a step while it is written: the answer's text as it grows, or a call's arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator
from typing import Literal

from .schema import ANSWER, ARGUMENTS, TOOL

Part = tuple[Literal["text", "call", "arguments"], str]
"""A piece of the answer, the name of the tool that is called, or a piece of its arguments."""
_Parts = Generator[Part | None, None, None]
"""Parts as they come; ``None`` where the next one needs more of the text."""
_Read = Generator[None, None, str]
"""Something that is read as a whole."""

_PLAIN = re.compile(r'[^"\\]+')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_BLANK = " \t\r\n"
_SHOWN = 60
"""Characters of what does not fit that are shown."""


class _Misfit(Exception):  # noqa: N818
    """The text is no step; it says why."""


class StreamParser:
    """Reads the text of one step; the cuts between its pieces change nothing.

    Args:
        names: The tools that may be called.

    >>> reader = StreamParser(["now"])
    >>> [*reader.read('{"answ'), *reader.read('er": "It is '), *reader.read('ten."}')]
    [('text', 'It is '), ('text', 'ten.')]
    >>> reader.flaw
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._text, self._at = "", 0
        self._start = ""
        self._parts = self._step()
        self._has_ended = False
        self.misfit: str | None = None
        """Why what was read cannot become a step, whatever follows."""

    @property
    def flaw(self) -> str | None:
        """Why what was read is no whole step, or ``None`` when it is one."""
        return self.misfit or (None if self._has_ended else "it ends in the middle")

    def fresh(self) -> StreamParser:
        """A reader that has read nothing."""
        return StreamParser(self._names)

    def read(self, piece: str) -> Iterator[Part]:
        """Take in the next piece; nothing is given of what does not fit."""
        self._start += piece[: max(0, _SHOWN - len(self._start))]
        if self.misfit is not None:
            return
        self._text, self._at = self._text[self._at :] + piece, 0
        try:
            for part in self._parts:
                if part is None:
                    return
                yield part
        except _Misfit as misfit:
            self.misfit = f"{misfit}; it begins with {self._start!r}"

    def _step(self) -> _Parts:
        yield from self._mark("{", "it is no JSON object")
        key = yield from self._word()
        yield from self._mark(":")
        if key == ANSWER:
            yield from self._mark('"', "its answer is no text")
            for piece in self._string():
                yield None if piece is None else ("text", piece)
        elif key == TOOL:
            yield from self._call()
        else:
            raise _Misfit("it is neither a call nor an answer")
        yield from self._mark("}", "it is more than one call or one answer")
        self._has_ended = True
        yield from self._next()
        raise _Misfit("something follows its end")

    def _call(self) -> _Parts:
        name = yield from self._word()
        if name not in self._names:
            raise _Misfit(f"there is no tool {name[:_SHOWN]!r}")
        yield "call", name
        yield from self._mark(",", "its call has no arguments")
        if (yield from self._word()) != ARGUMENTS:
            raise _Misfit("its call has no arguments")
        yield from self._mark(":")
        yield from self._mark("{", "its arguments are no object")
        yield "arguments", "{"
        yield from self._object()

    def _object(self) -> _Parts:
        """Give the text of an object that has begun, up to its end."""
        depth, in_string, is_escaped = 1, False, False
        while depth:
            rest = self._text[self._at :]
            for place, character in enumerate(rest):
                if is_escaped:
                    is_escaped = False
                elif in_string:
                    in_string, is_escaped = character != '"', character == "\\"
                elif character == '"':
                    in_string = True
                elif character in "{[":
                    depth += 1
                elif character in "}]":
                    depth -= 1
                    if not depth:
                        rest = rest[: place + 1]
                        break
            self._at += len(rest)
            yield ("arguments", rest) if rest else None

    def _string(self) -> Generator[str | None, None, None]:
        """Give the text of a string that has begun, and take its closing quote."""
        while True:
            if plain := _PLAIN.match(self._text, self._at):
                self._at = plain.end()
                yield plain[0]
                continue
            mark = self._text[self._at : self._at + 2]
            size = 6 if mark == "\\u" else 2
            if mark[:1] == '"':
                self._at += 1
                return
            if len(self._text) < self._at + size:
                yield None
                continue
            escape = _ESCAPE.match(self._text, self._at)
            if escape is None:
                raise _Misfit("it is no JSON")
            self._at = escape.end()
            yield json.loads(f'"{escape[0]}"')

    def _word(self) -> _Read:
        yield from self._mark('"')
        word = []
        for piece in self._string():
            if piece is None:
                yield None
            else:
                word.append(piece)
        return "".join(word)

    def _mark(self, mark: str, otherwise: str = "it is no JSON") -> Generator[None, None, None]:
        if (yield from self._next()) != mark:
            raise _Misfit(otherwise)

    def _next(self) -> _Read:
        """Take the next character that is not blank."""
        while True:
            for character in self._text[self._at :]:
                self._at += 1
                if character not in _BLANK:
                    return character
            yield None
