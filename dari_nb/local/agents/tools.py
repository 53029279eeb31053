"""What a tool is, what came out of a call, and the trouble that a call can end in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from ..store.records import JsonObject

Kind = Literal["built_in", "main", "external"]
"""Who runs a tool: the server itself, its sandbox, or the caller of the API."""


@dataclass(frozen=True)
class ToolSpec:
    """A tool as a model is told of it.

    Attributes:
        name: Its name, unique in a toolbox.
        description: What it does, for the model.
        input_schema: The JSON Schema of its arguments.
        kind: Who runs it.
        output_schema: The JSON Schema of its result, or ``None`` when any value is right.
        timeout_seconds: Seconds that a call may take, or ``None`` for the default of its kind.
    """

    name: str
    description: str
    input_schema: JsonObject
    kind: Kind
    output_schema: JsonObject | None = None
    timeout_seconds: float | None = None


@dataclass(frozen=True)
class ToolOutcome:
    """What a call came to.

    Attributes:
        result: A JSON value; for the built-in tools and for errors a text.
        is_error: Whether the call failed; the result then says why.
    """

    result: Any
    is_error: bool = False


class ToolTrouble(Exception):  # noqa: N818
    """A call cannot be done; the text says why, and is meant for the model."""


Run = Callable[[dict[str, Any]], Awaitable[ToolOutcome]]
"""Runs one call with arguments that fit the tool's schema; may raise `ToolTrouble`."""
