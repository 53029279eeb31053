"""What the decoders of all wire protocols have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from .reply import Draft, Reply
from .sse import EventReader, SentEvent
from .trouble import BrokenStream, ProviderTrouble

_PASSING = {"rate_limit", "overloaded", "api_error", "server_error", "timeout", "unavailable"}
"""Words in the type or code of an error that passes by itself."""


class Decoder(ABC):
    """Makes one answer out of the bytes of a stream; the cuts between the bytes change nothing."""

    def __init__(self) -> None:
        self._reader = EventReader()
        self.draft = Draft()
        self.is_done = False

    def feed(self, data: bytes) -> None:
        """Take in the next bytes; what comes after the end of the answer is not looked at.

        Raises:
            ProviderTrouble: The stream tells of an error, or cannot be read.
        """
        self._take(self._reader.feed(data))

    def end(self) -> Reply:
        """Return the answer when all bytes are there.

        Raises:
            ProviderTrouble: The stream tells of an error, or ended before the answer did.
        """
        self._take(self._reader.end())
        if not self.is_complete:
            raise BrokenStream("its stream ended before the answer did")
        return self.draft.reply()

    def whole(self, body: bytes) -> Reply:
        """Read an answer that was not streamed after all.

        Raises:
            ProviderTrouble: It tells of an error, or is none.
        """
        self.take_object(_object(body.decode("utf-8", "replace")))
        return self.end()

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether what has come so far is a whole answer."""

    @abstractmethod
    def take_object(self, data: dict[str, Any]) -> None:
        """Take in the JSON object of one event."""

    def _take(self, events: list[SentEvent]) -> None:
        for event in events:
            if self.is_done:
                return
            if event.data.strip() == "[DONE]":
                self.is_done = True
            elif event.data.strip():
                self.take_object(_object(event.data))


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
