"""One answer of a model, put together from the pieces in which it arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from ...transcript.nesting import is_nested_deeper
from .trouble import ProviderTrouble

MAX_CHARACTERS = 4 * 1024 * 1024
"""Most characters that one answer may have, tool arguments included."""

_MAX_NESTING = 100

Stop = Literal["end", "length", "refusal"]
"""Why a model stopped; whether it waits for tools is seen by its calls."""


@dataclass(frozen=True)
class Tokens:
    """How many tokens a request took; ``cached`` ones are among the input."""

    input: int = 0
    output: int = 0
    cached: int = 0


@dataclass(frozen=True)
class AskedCall:
    """A tool call as a model asked for it; ``arguments`` is the text that it wrote.

    The provider's own id is not kept: the ledger gives each call one.
    """

    name: str
    arguments: str

    def parsed(self) -> dict[str, Any]:
        """Read the arguments; none at all count as an empty object.

        Raises:
            ValueError: They are no JSON object; the text is meant for the model.
        """
        if not self.arguments.strip():
            return {}
        try:
            value = msgspec.json.decode(self.arguments)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise ValueError(f"The arguments are not valid JSON: {error}") from None
        if not isinstance(value, dict) or is_nested_deeper(value, _MAX_NESTING):
            raise ValueError(
                f"The arguments must be a JSON object of at most {_MAX_NESTING} levels."
            )
        return value


@dataclass(frozen=True)
class Reply:
    """A complete answer.

    Attributes:
        text: What the model said; of a refusal, its reason.
        calls: The tools that it wants, in its order.
        stop: Why it stopped.
        tokens: What the request took, or ``None`` when the provider did not say.
    """

    text: str
    calls: tuple[AskedCall, ...]
    stop: Stop
    tokens: Tokens | None


@dataclass
class OpenCall:
    """A tool call whose arguments still arrive; ``key`` is what later pieces name it by."""

    key: object
    id: str
    name: str
    pieces: list[str] = field(default_factory=list)


class Draft:
    """An answer that is still arriving."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._calls: list[OpenCall] = []
        self._size = 0
        self.stop: Stop | None = None
        self.refused = False
        self.tokens: Tokens | None = None

    def add_text(self, piece: str) -> None:
        """Take in a piece of text."""
        self._count(piece)
        self._text.append(piece)

    def open_call(self, key: object, call_id: str, name: str) -> OpenCall:
        """Begin a tool call."""
        self._count(call_id + name)
        call = OpenCall(key, call_id, name)
        self._calls.append(call)
        return call

    def last_call(self, key: object) -> OpenCall | None:
        """The call that was last begun under this key."""
        return next((call for call in reversed(self._calls) if call.key == key), None)

    def add_arguments(self, call: OpenCall, piece: str) -> None:
        """Take in a piece of a call's arguments."""
        self._count(piece)
        call.pieces.append(piece)

    def reply(self) -> Reply:
        """Return the answer as it is now."""
        calls = tuple(AskedCall(call.name, _joined(call.pieces)) for call in self._calls)
        stop: Stop = "refusal" if self.refused else self.stop or "end"
        return Reply(_joined(self._text), calls, stop, self.tokens)

    def _count(self, piece: str) -> None:
        # A piece without characters counts as well, so that calls without end have one.
        self._size += len(piece) + 1
        if self._size > MAX_CHARACTERS:
            raise ProviderTrouble(f"its answer has more than {MAX_CHARACTERS} characters")


def _joined(pieces: list[str]) -> str:
    """Join pieces, of which two may hold half of a character each."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
