"""Server-sent events out of bytes, whatever the cuts between them."""

from __future__ import annotations

import re
from typing import NamedTuple

from .trouble import BrokenStream

MAX_EVENT = 8 * 1024 * 1024
"""Most bytes that one event may take."""
_END_OF_LINE = re.compile(rb"\r\n|\n|\r")


class SentEvent(NamedTuple):
    """One event; ``name`` is empty when the server gave none."""

    name: str
    data: str


class EventReader:
    r"""Reads a stream of server-sent events; comments and fields without use are passed over.

    >>> reader = EventReader()
    >>> reader.feed(b": hello\n\ndata: [DO"), reader.feed(b"NE]\n\n")
    ([], [SentEvent(name='', data='[DONE]')])
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0
        self._begun = False
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[SentEvent]:
        """Take in the next bytes; returns the events that they complete.

        Raises:
            BrokenStream: An event is larger than `MAX_EVENT` bytes.
        """
        self._rest += data
        events = [event for line in self._lines() if (event := self._line(line))]
        if len(self._rest) + self._size > MAX_EVENT:
            raise BrokenStream("an event of its stream is too large")
        return events

    def end(self) -> list[SentEvent]:
        """Return the event that the end of the stream completes, if one was begun."""
        return [*self.feed(b"\n\n")] if self._rest or self._data else []

    def _lines(self) -> list[bytes]:
        lines, start = [], 0
        while match := _END_OF_LINE.search(self._rest, max(start, self._searched)):
            if match.end() == len(self._rest) and match[0] == b"\r":
                break  # the other half of \r\n may be in the next piece
            lines.append(bytes(self._rest[start : match.start()]))
            start = self._searched = match.end()
        del self._rest[:start]
        self._searched = max(0, len(self._rest) - 1)
        return lines

    def _line(self, raw: bytes) -> SentEvent | None:
        line = raw.decode("utf-8", "replace")
        if not self._begun:
            line, self._begun = line.removeprefix("\ufeff"), True
        if not line:
            return self._event()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
            self._size += len(raw)
        return None

    def _event(self) -> SentEvent | None:
        event = SentEvent(self._name, "\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event
