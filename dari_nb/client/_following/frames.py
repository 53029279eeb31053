"""The frames of one event stream, decoded by httpx-sse."""

from __future__ import annotations

import codecs
import re

from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from ...errors import UnexpectedAnswerError

MOST_BYTES = 64 * 1024 * 1024
"""Bytes that may come without completing an event."""
_RETRY = re.compile(r"retry: ?[0-9]+")


class Frames:
    r"""Cuts a byte stream into the ``data`` of its events, as the web platform's standard says.

    httpx-sse's ``EventSource`` gives one event at a time; its decoders give all of a chunk, which
    can then be put in order. The text is UTF-8 whatever its header says, without a byte order
    mark, and bytes that are none come out as they went in. A carriage return ends its line at
    once. Events without data are left out: the payload of every event of the API holds its id and
    type.

    Attributes:
        retry: Milliseconds to wait before a reconnect, when the server has said so.

    >>> frames = Frames()
    >>> frames.feed(b"id: 1\r\ndata: a\r\n"), frames.feed(b"data: b\r\n\r\n: end")
    ([], [b'a\nb'])
    """

    def __init__(self) -> None:
        self.retry: int | None = None
        self._text = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._after_cr = False
        self._lines = SSELineDecoder()
        self._events = SSEDecoder()
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; returns the payloads of the events that they complete.

        Raises:
            UnexpectedAnswerError: An event does not end.
        """
        payloads = []
        self._size += len(chunk)
        for line in self._lines.decode(self._with_line_feeds(self._text.decode(chunk))):
            # What int() takes beyond digits, such as a sign, is no time to wait.
            if line.startswith("retry") and not _RETRY.fullmatch(line):
                continue
            if not line:
                self._size = 0
            event = self._events.decode(line)
            if event is None:
                continue
            if event.retry is not None:
                self.retry = event.retry
            if event.data:
                payloads.append(event.data.encode("utf-8", "surrogateescape"))
        if self._size > MOST_BYTES:
            raise UnexpectedAnswerError(
                f"An event of the stream is longer than {MOST_BYTES // 2**20} MiB."
            )
        return payloads

    def _with_line_feeds(self, text: str) -> str:
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        if "\r" not in text:
            return text
        self._after_cr = text.endswith("\r")
        return text.replace("\r\n", "\n").replace("\r", "\n")
