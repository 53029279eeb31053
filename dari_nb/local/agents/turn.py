"""What an agent is given for one message, and what it can yield besides text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from ...models import Content, TimelineItem


@dataclass(frozen=True)
class ToolCall:
    """A tool call that an agent makes; yielding it gives back the call's id.

    With ``external=True`` the caller of the API has to answer: the message waits for the tool,
    and yielding the call gives back the :class:`ToolResult` that was submitted. An answer that does
    not fit ``output_schema``, a JSON Schema, is refused and the call stays open. When
    ``timeout_seconds`` have passed without one, an error is given back, and the turn goes on.
    A tool that a published version declares as external needs none of the three: its calls are
    external, with the schema and the time of its declaration.

    A tuple of calls, each external or with ``run``, is worked off side by side: yielding it gives
    back the list of their :class:`ToolResult`, in the order of the calls.

    Attributes:
        name: The tool.
        arguments: What it is called with; any JSON value.
        external: Whether the caller of the API answers.
        output_schema: The JSON Schema of an external call's answer.
        timeout_seconds: Seconds that the caller has, without end by default.
        run: Runs the call, when it is one of a tuple and not external.

    >>> def agent(prompt):
    ...     yield ToolCall("count_words", {"text": prompt})
    ...     yield ToolResult(len(prompt.split()))
    ...     yield "Counted."
    """

    name: str
    arguments: Any = field(default_factory=dict)
    external: bool = False
    output_schema: Any = None
    timeout_seconds: float | None = None
    run: Callable[[], Awaitable[ToolResult]] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ToolResult:
    """The result of a tool call: any JSON value, or what went wrong.

    ``tool_call_id`` is needed only when several calls are open; without it the result belongs to
    the call that was made last.
    """

    result: Any = None
    is_error: bool = False
    tool_call_id: str | None = None


@dataclass(frozen=True)
class Usage:
    """What a step has cost, in US dollars; ``None`` when that is not known.

    Yielding it counts towards the session's cost. Its tokens are added up, and stand in the event
    that ends the turn.

    Attributes:
        cost_usd: US dollars, or ``None``.
        input_tokens: Tokens that were read.
        output_tokens: Tokens that were written.
        cached_input_tokens: How many of the input tokens came from a cache.

    Raises:
        ValueError: The cost is no finite ``Decimal``, or negative.
    """

    cost_usd: Decimal | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0

    def __post_init__(self) -> None:
        cost = self.cost_usd
        if cost is not None and not (isinstance(cost, Decimal) and cost.is_finite() and cost >= 0):
            raise ValueError(f"cost_usd is a Decimal from 0, or None, not {cost!r}")


@dataclass(frozen=True)
class NewAttempt:
    """What an agent yields before it tries again what failed in passing.

    The message's ``attempt`` goes up by one; the reason stands in the ledger.
    """

    reason: str


@dataclass(frozen=True)
class Attachment:
    """A file that was attached to a message of the session."""

    id: str
    name: str
    read: Callable[[], bytes] = field(repr=False)

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.read()

    @property
    def text(self) -> str:
        """The file as UTF-8 text; undecodable bytes become replacement characters."""
        return self.data.decode("utf-8", errors="replace")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message that an agent has to answer.

    Attributes:
        prompt: The text of the message.
        content: Its content blocks.
        llm_id: The session's LLM option, if the agent has any.
        history: The session's timeline items before this message.
        files: The files attached to this message and the earlier ones, oldest first.
        metadata: The session's metadata, with the message's own on top.
        pace: Seconds that the server waits before each step.
        workspace: The session's own folder, with the attached files in it; what is in it can be
            downloaded.
    """

    prompt: str
    session_id: str
    message_id: str
    content: Content = field(default_factory=list)
    llm_id: str | None = None
    history: list[TimelineItem] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    pace: float = 0.0
    workspace: Path = field(default_factory=Path.cwd)


class TurnFailure(Exception):  # noqa: N818
    """Raised by an agent to end its turn as failed; the text is the cause, as it is."""
