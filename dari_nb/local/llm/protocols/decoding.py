"""What the decoders of all wire protocols have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from ...agents import Draft
from ..reply import OpenReply, Reply
from ..trouble import BrokenStream, ProviderTrouble

MAX_EVENT = 8 * 1024 * 1024
"""Most bytes that may come without completing an event."""
_PASSING = {"rate_limit", "overloaded", "api_error", "server_error", "timeout", "unavailable"}
"""Words in the type or code of an error that passes by itself."""
_EVENT_STREAM = {"Content-Type": "text/event-stream; charset=utf-8-sig"}  # without its mark


class Decoder(ABC):
    """Makes one answer out of the bytes of a stream; the cuts between the bytes change nothing."""

    def __init__(self) -> None:
        self._size = 0
        self.arriving = OpenReply()
        self.is_done = False

    async def read(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[Draft | Reply]:
        """Read a stream up to the end of its answer; what comes after it is left unread.

        Yields:
            The answer's pieces as they arrive, and at last all of it.

        Raises:
            ProviderTrouble: The stream tells of an error, cannot be read, or ended before the
                answer did.
        """
        import httpx
        from httpx_sse import EventSource

        # An answer of its own says what the stream is, whatever the server's header says.
        stream = httpx.Response(200, headers=_EVENT_STREAM, content=self._bounded(pieces))
        async with aclosing(EventSource(stream).aiter_sse()) as events:
            async for event in events:
                self._size = 0
                self._take(event.data)
                for piece in self.arriving.news():
                    yield piece
                if self.is_done:
                    break
        yield self._reply()

    def whole(self, body: bytes) -> Reply:
        """Read an answer that was not streamed after all.

        Raises:
            ProviderTrouble: It tells of an error, or is none.
        """
        self.take_object(_object(body.decode("utf-8", "replace")))
        return self._reply()

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether what has come so far is a whole answer."""

    @abstractmethod
    def take_object(self, data: dict[str, Any]) -> None:
        """Take in the JSON object of one event."""

    async def _bounded(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for data in pieces:
            self._size += len(data)
            if self._size > MAX_EVENT:
                raise BrokenStream("an event of its stream is too large")
            yield data
        # Some servers leave out the empty line that completes the last event.
        yield b"\n\n"

    def _take(self, data: str) -> None:
        if data.strip() == "[DONE]":
            self.is_done = True
        elif data.strip():
            self.take_object(_object(data))

    def _reply(self) -> Reply:
        if not self.is_complete:
            raise BrokenStream("its stream ended before the answer did")
        return self.arriving.reply()


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenStream("its stream holds what is no JSON") from None
    if not isinstance(data, dict):
        raise BrokenStream("its stream holds what is no JSON object")
    return data


def error_in(data: dict[str, Any]) -> ProviderTrouble | None:
    """The error that an object of a stream tells of, if it does."""
    if not data.get("error"):
        return None
    error = data["error"]
    return ProviderTrouble(f"it reported: {error_text(data)}", may_pass=may_pass(error), begun=True)


def error_text(data: Any) -> str:
    """The words of an error in any of the usual shapes, or an empty text."""
    if isinstance(data, dict):
        inner = data.get("error") or data.get("message") or data.get("detail")
        return error_text(inner) if inner else json.dumps(data) if data else ""
    return str(data or "")


def may_pass(error: Any) -> bool:
    """Whether an error of a provider passes by itself, by its code and type.

    >>> may_pass({"type": "overloaded_error"}), may_pass({"code": 502}), may_pass({"code": "x"})
    (True, True, False)
    """
    if not isinstance(error, dict):
        return False
    code = error.get("code")
    if isinstance(code, int):
        return code in (408, 409, 429) or code >= 500
    words = f"{code} {error.get('type')}"
    return "insufficient_quota" not in words and any(word in words for word in _PASSING)


def fields(value: Any) -> dict[str, Any]:
    """The fields of a part of an event; what is no object has none."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[dict[str, Any]]:
    """The objects of a list in an event; what is no list has none."""
    return [fields(each) for each in value] if isinstance(value, list) else []


def word(value: Any) -> str:
    """A text in an event; what is none is empty."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int:
    """Read a number of tokens; what is none counts as 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
