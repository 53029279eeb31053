"""What an agent is given for one message, and what it can yield besides text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ...models import Content, TimelineItem

_NO_ERROR = "is_error is True or False, not {!r:.60}: ToolResult(result, tool_call_id=call)"
_NOT_EXTERNAL = (
    "external is True or False, not {!r:.60}: ToolCall(name, arguments), and yielding it gives back"
    " the call's id"
)


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
        run: Runs the call, when it is one of a tuple and not external; a call by itself has none.

    Raises:
        TypeError: ``name`` is no text, ``external`` is neither true nor false, or
            ``timeout_seconds`` or ``run`` is of another kind.
        ValueError: ``timeout_seconds`` is not above 0.

    >>> @server.agent("counter")
    ... def counter(prompt):
    ...     yield dari.local.ToolCall("count_words", {"text": prompt})
    ...     yield dari.local.ToolResult(len(prompt.split()))
    ...     yield "Counted."
    """

    name: str
    arguments: Any = field(default_factory=dict)
    external: bool = False
    output_schema: Any = None
    timeout_seconds: float | None = None
    run: Callable[[], Awaitable[ToolResult]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name is a tool's name, not {self.name!r:.60}")
        if not isinstance(self.external, bool):
            raise TypeError(_NOT_EXTERNAL.format(self.external))
        seconds = self.timeout_seconds
        if not isinstance(seconds, int | float | None) or isinstance(seconds, bool):
            raise TypeError(f"timeout_seconds is a number, or None, not {seconds!r:.60}")
        if seconds is not None and not seconds > 0:
            raise ValueError(f"timeout_seconds is above 0, or None, not {seconds!r}")
        if self.run is not None and not callable(self.run):
            raise TypeError(f"run is an async function without arguments, not {self.run!r:.60}")


@dataclass(frozen=True)
class ToolResult:
    """The result of a tool call: any JSON value, or what went wrong.

    ``tool_call_id`` is needed only when several calls are open; without it the result belongs to
    the call that was made last.

    Attributes:
        result: Any JSON value.
        is_error: Whether the tool failed; ``result`` is the cause then.
        tool_call_id: The call's id, where it is needed.

    Raises:
        TypeError: ``is_error`` is neither true nor false, or ``tool_call_id`` is no text.

    >>> @server.agent("counter")
    ... def counter(prompt):
    ...     yield dari.local.ToolCall("count_words", {"text": prompt})
    ...     yield dari.local.ToolResult(len(prompt.split()))
    ...     yield "Counted."
    >>> d.agents["counter"].send("one two").tool_calls[0].result
    2
    """

    result: Any = None
    is_error: bool = False
    tool_call_id: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.is_error, bool):
            raise TypeError(_NO_ERROR.format(self.is_error))
        if not isinstance(self.tool_call_id, str | None):
            raise TypeError(f"tool_call_id is a call's id, or None, not {self.tool_call_id!r:.60}")


@dataclass(frozen=True)
class Usage:
    """What a step has cost, in US dollars; ``None`` when that is not known.

    Yielding it counts towards the session's cost. Its tokens are added up, stand in the event that
    ends the turn (contract, section 18.6), and are its ``usage``.

    Attributes:
        cost_usd: US dollars, or ``None``. A number or text is taken as it is written, and kept as a
            ``Decimal``.
        input_tokens: Tokens that were read.
        output_tokens: Tokens that were written.
        cached_input_tokens: How many of the input tokens came from a cache.
        reasoning_tokens: How many of the output tokens were thoughts.

    Raises:
        TypeError: A number of tokens is no whole number.
        ValueError: The cost is no amount, not finite, or negative, or a number of tokens is
            negative.

    >>> @server.agent("paid")
    ... def paid(prompt):
    ...     yield dari.local.Usage(cost_usd=0.01, input_tokens=20, output_tokens=5)
    ...     yield "Done."
    >>> d.agents["paid"].send("Hi").wait().status
    'completed'
    """

    cost_usd: Decimal | float | str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost_usd", _amount(self.cost_usd))
        for name in ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"):
            tokens = getattr(self, name)
            if not isinstance(tokens, int) or isinstance(tokens, bool):
                raise TypeError(f"{name} is a whole number, not {tokens!r:.60}")
            if tokens < 0:
                raise ValueError(f"{name} is 0 or more, not {tokens}")


def _amount(cost: Decimal | float | str | None) -> Decimal | None:
    """Take an amount of US dollars as it is written: the float 0.1 is no other than "0.1"."""
    if cost is None:
        return None
    text = str(cost)
    try:
        amount = Decimal(text) if text.isascii() else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0):
        raise ValueError(f"cost_usd is an amount of US dollars from 0, or None, not {cost!r:.80}")
    return amount


@dataclass(frozen=True)
class Reasoning:
    """What the agent's model thought; it is told apart from what it says.

    It is kept with the text that is yielded next, or before a tool call (contract, section 18.2),
    and takes the place of what was drafted of it.

    Attributes:
        text: The thoughts; empty where the model's provider keeps them hidden.
        provider: What the model's protocol wants to be handed back with them, such as a signature.

    >>> @server.agent("thoughtful")
    ... def thoughtful(prompt):
    ...     yield dari.local.Reasoning("Six times seven: forty-two.")
    ...     yield "42"
    >>> turn = d.agents["thoughtful"].send("What is 6 * 7?")
    >>> turn.text, turn.reasoning
    ('42', 'Six times seven: forty-two.')
    """

    text: str
    provider: dict[str, Any] | None = field(default=None, repr=False)


DraftKind = Literal["text", "reasoning", "arguments"]


@dataclass(frozen=True)
class Draft:
    """A piece of a text while it is written; whoever watches sees it at once.

    Pieces are put together, and the next text that is yielded takes their place. What is still a
    draft when the agent goes on to a tool call, returns, or is cancelled, stays as what was said;
    when the agent fails, or begins a :class:`NewAttempt`, it goes away (contract, section 18.1).

    Attributes:
        text: The piece, as it follows on the one before it.
        kind: What is written: ``text``, ``reasoning``, or the ``arguments`` of a call.
        tool_name: The tool that is about to be called, for its arguments.
        call: Tells calls of one tool apart whose arguments are written side by side.
        restart: Whether the piece replaces the ones before it instead of following on them.

    >>> @server.agent("counting")
    ... def counting(prompt):
    ...     for word in ("one", " two", " three"):
    ...         yield dari.local.Draft(word)
    >>> d.agents["counting"].send("Hi").text
    'one two three'
    """

    text: str
    kind: DraftKind = "text"
    tool_name: str | None = None
    call: str | int | None = None
    restart: bool = False


@dataclass(frozen=True)
class CutOff:
    """A text that ends where its model had to stop (contract, section 18.5).

    Attributes:
        said: What it had written, as text or blocks.
        max_tokens: The limit of tokens that it reached, where that is known.
    """

    said: str | Content
    max_tokens: int | None = None


@dataclass(frozen=True)
class NewAttempt:
    """What an agent yields before it tries again what failed in passing.

    The message's ``attempt`` goes up by one; the reason stands in the ledger.

    Attributes:
        reason: What failed, for the ledger.

    Raises:
        TypeError: The reason is no text.

    >>> @server.agent("patient")
    ... def patient(prompt):
    ...     yield dari.local.NewAttempt("the line was busy")
    ...     yield "Here I am."
    >>> turn = d.agents["patient"].send("Hello?").wait()
    >>> client.messages.get(turn.id).attempt
    2
    """

    reason: str

    def __post_init__(self) -> None:
        if not isinstance(self.reason, str):
            raise TypeError(f"reason is a text, not {self.reason!r:.60}: NewAttempt(str(error))")


@dataclass(frozen=True)
class Attachment:
    """A file that was attached to a message of the session.

    Attributes:
        id: The file's id.
        name: Its name when it was uploaded.
        read: Reads its bytes.
        place: The name that it was given in the workspace, or ``None`` where there is none.

    >>> @server.agent("reader")
    ... def reader(prompt, turn):
    ...     return f"{turn.files[0].name}: {len(turn.files[0].text.split())} words"
    >>> d.agents["reader"].send("How long is it?", files=["ticket.txt"]).text
    'ticket.txt: 4 words'
    """

    id: str
    name: str
    read: Callable[[], bytes] = field(repr=False)
    place: str | None = None

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.read()

    @property
    def text(self) -> str:
        """The file as UTF-8 text; undecodable bytes become replacement characters."""
        return self.data.decode("utf-8", errors="replace")


async def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message that an agent has to answer.

    Attributes:
        prompt: The text of the message.
        session_id: The session's id.
        message_id: The message's id.
        content: Its content blocks.
        llm_id: The session's LLM option, if the agent has any.
        metadata: The session's metadata, with the message's own on top.
        step_delay: Seconds that the server waits before each step.
        workspace: The session's own folder, with the attached files in it; what is in it can be
            downloaded.
        load_history: Reads :attr:`history`.
        load_files: Reads :attr:`files`.
        begin: Notes that the message is worked on from now, and no longer waits.

    >>> @server.agent("names")
    ... def names(prompt, turn):
    ...     return f"{turn.llm_id}, {len(turn.history)} items before"
    >>> d.agents["names"].send("Hi").text
    'None, 0 items before'
    """

    prompt: str
    session_id: str
    message_id: str
    content: Content = field(default_factory=list)
    llm_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    step_delay: float = 0.0
    workspace: Path = field(default_factory=Path.cwd)
    load_history: Callable[[], list[TimelineItem]] = field(default=list, repr=False)
    load_files: Callable[[], list[Attachment]] = field(default=list, repr=False)
    begin: Callable[[], Awaitable[None]] = field(default_factory=lambda: _nothing, repr=False)

    @cached_property
    def history(self) -> list[TimelineItem]:
        """The session's timeline items before this message; read when it is first asked for."""
        return self.load_history()

    @cached_property
    def files(self) -> list[Attachment]:
        """The files attached to this message and the earlier ones, oldest first."""
        return self.load_files()


class TurnFailure(Exception):  # noqa: N818
    """Raised by an agent to end its turn as failed; the text is the cause, as it is."""


class Unasked(TurnFailure):
    """Raised where whoever was to answer could not be asked: no tape keeps that as an answer."""
