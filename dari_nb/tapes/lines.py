"""The lines of a tape, as they are written and read (``FORMAT.md``)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

import msgspec

from .complaints import NO_UTF8, no_kind, no_line, no_object

VERSION = 1
"""The version of the format: another one for whatever changes what a line means or may hold."""

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
After = Seconds | msgspec.UnsetType
"""Seconds since the line before, where that is known."""
Name = Annotated[str, msgspec.Meta(max_length=100)]
"""An ordinal or a key."""
Ordinal = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A line that is a JSON object; its fields are written in their order."""


class Header(Line, kw_only=True):
    """The first line: the version of the format, and whether times are kept."""

    dari_tape: int
    times: bool


class AgentLine(Line, kw_only=True):
    """An agent as the turns below it knew it.

    Attributes:
        agent: Its name.
        description: What it says of itself.
        prompt: A hash of its prompt and tools; ``None`` where it is a function.
        llms: Its LLM options by name, as they are set.
        default: The option of sessions that choose none.
    """

    agent: str
    description: str = ""
    prompt: str | None = None
    llms: dict[str, dict[str, Any]] = {}
    default: str | None = None


class TurnLine(Line, kw_only=True):
    """What was asked; the lines below it are what came of it.

    Attributes:
        turn: Its ordinal in its session, such as ``msg_2``.
        session: The session's ordinal in the tape, such as ``sess_1``.
        key: What it is found by (``keys.py``).
        parent: The key of the turn before it; ``None`` for the first one of a session.
        behind: A hash of all that had been answered before it in its session (``Turn.answers`` of
            that turn); ``None`` for a first one, and where nobody knows.
        take: Which answer it is to the same key, from 1.
        agent: The agent's name.
        llm: The LLM option.
        asked: The text, or the content blocks.
        cost: US dollars as a decimal text, ``unknown`` where nobody knows; ``None`` where nothing
            was told of a cost.
        metadata: The message's own; on top of that of its session at the first turn of one.
        more: What else its event held, with references to what the turn has anyway (``repeats``).
    """

    turn: Name
    session: Name
    key: Name
    parent: Name | None = None
    behind: Name | None = None
    take: Ordinal = 1
    agent: str
    llm: str | None = None
    asked: str | list[dict[str, Any]]
    cost: str | None = None
    metadata: dict[str, Any] = {}
    more: dict[str, Any] = {}


class EventLine(Line, kw_only=True):
    """An event of the ledger, without the ids of its run."""

    after: After = msgspec.UNSET
    event: str
    data: dict[str, Any]


class DraftLine(Line, kw_only=True):
    """A piece of what was written before the ledger had it.

    Attributes:
        after: Seconds since the line before.
        draft: What is written: ``text``, ``reasoning``, or the ``arguments`` of a call.
        text: The piece.
        tool: The tool that is about to be called.
        call: Tells calls apart whose arguments are written side by side.
        anew: Whether it takes the place of the pieces before it.
    """

    after: After = msgspec.UNSET
    draft: str
    text: str
    tool: str | None = None
    call: int | None = None
    anew: bool = False


class FileLine(Line, kw_only=True):
    """A file that was attached to a turn, or that it left in its workspace.

    Attributes:
        file: The path in the workspace, a folder's with a slash at its end; or the ordinal of an
            attached file.
        attached: Whether it was attached.
        sha256: The hash of what is kept of it.
        size: The bytes of that.
        executable: Whether it may be run.
        gone: Whether the turn has taken it away.
        text: What is in it, where that is text.
        base64: What is in it, where it is not.
        beside: Whether it is in the folder beside the tape, by its hash.
    """

    file: str
    attached: bool = False
    sha256: str | None = None
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    executable: bool = False
    gone: bool = False
    text: str | None = None
    base64: str | None = None
    beside: bool = False


class Mark(Line):
    """A place that somebody marked, perhaps with a question to those who watch."""

    mark: str
    ask: str | None = None


class Closing(Line):
    """The last line: how many texts were scrubbed, by what gave them away."""

    scrubbed: dict[str, int]


class Comment(msgspec.Struct):
    """A line for people, which begins with ``#``, or is empty."""

    text: str


Note = Mark | Comment
"""What people put between lines."""
Entry = EventLine | DraftLine | FileLine | Mark | Comment
"""A line of a turn below the first."""
AnyLine = AgentLine | TurnLine | Entry | Closing

L = TypeVar("L", bound=Line)
_LINE_BREAKS = [(mark.encode(), rb"\u%04x" % ord(mark)) for mark in "\x85\u2028\u2029"]
"""What JSON leaves as it is, and ends a line for Python and for editors."""
_MOST_DIGITS = 30
"""Digits before or after the point of an amount of dollars."""
_KINDS: dict[
    str, type[AgentLine | TurnLine | EventLine | DraftLine | FileLine | Mark | Closing]
] = {
    "event": EventLine,
    "draft": DraftLine,
    "file": FileLine,
    "turn": TurnLine,
    "agent": AgentLine,
    "mark": Mark,
    "scrubbed": Closing,
}
"""The kinds of lines by the field that only they have; a turn has an agent, too."""


def dollars(cost: str | None) -> Decimal | None:
    """The cost of a turn in US dollars; ``None`` where it is unknown, or no amount.

    >>> dollars("0.01"), dollars("unknown"), dollars("1e999999")
    (Decimal('0.01'), None, None)
    """
    try:
        amount = Decimal(cost or "")
    except InvalidOperation:
        return None
    is_amount = amount.is_finite() and amount >= 0 and abs(amount.adjusted()) < _MOST_DIGITS
    return amount if is_amount else None


def encoded(line: Line | Comment) -> bytes:
    """Write a line, with its end."""
    if isinstance(line, Comment):
        return line.text.encode("utf-8", "replace") + b"\n"
    text = msgspec.json.encode(line)
    for mark, escaped in _LINE_BREAKS:
        text = text.replace(mark, escaped)
    return text + b"\n"


def decoded(line: bytes) -> AnyLine:
    """Read a line below the first.

    Raises:
        ValueError: It is none; the text says why, and what to do.
    """
    if not line.strip() or line.lstrip().startswith(b"#"):
        try:
            return Comment(line.strip().decode())
        except UnicodeDecodeError:
            raise ValueError(NO_UTF8) from None
    told = object_in(line)
    kind = next((kind for name, kind in _KINDS.items() if name in told), None)
    if kind is None:
        raise ValueError(no_kind(told, _KINDS))
    return as_line(told, kind)


def object_in(line: bytes) -> dict[str, Any]:
    """Decode a line that is a JSON object.

    Raises:
        ValueError: It is none.
    """
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(no_object(line, error)) from None


def as_line(decoded: dict[str, Any], kind: type[L]) -> L:
    """Take a decoded object for a line of a kind.

    Raises:
        ValueError: It is none.
    """
    try:
        return msgspec.convert(decoded, kind)
    except msgspec.ValidationError as error:
        raise ValueError(no_line(decoded, kind, str(error), _KINDS)) from None
