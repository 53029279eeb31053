"""The cells of a batch: a task with an LLM, once; and each time that it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import DariError
from ...models.events import CANCELLED
from ...models.resources import TERMINAL

if TYPE_CHECKING:
    from ..sessions.session import Session
    from ..sessions.turn import Turn
    from .tasks import Task

ENDED = frozenset({*TERMINAL, CANCELLED})
"""States after which nothing more happens: those of a message, and that somebody ended it."""
UNSENT = "unsent"
"""The state of a cell that is left out: by what may be spent, or by a cancel."""
DEFAULT = "default"
"""What the column is called that leaves the LLM to the agent."""


@dataclass(frozen=True)
class Column:
    """What tasks are given to: an LLM option of a version; ``None`` is the agent's default.

    Attributes:
        llm: The LLM option; ``None`` leaves it to the agent.
        version: Id of the version.

    >>> [column.label for column in batch.columns]
    ['small', 'large']
    """

    llm: str | None
    version: str | None = None

    @property
    def label(self) -> str:
        """The LLM option."""
        return self.llm or DEFAULT


@dataclass(frozen=True)
class Attempt:
    """One time that a cell was sent.

    Attributes:
        number: From 1.
        state: A status word of the API (``queued``, ``running``, ``completed``, ``failed``), or
            ``cancelled``.
        chunk_key: Idempotency key of the API batch it was sent in.
        batch_id: Id of that batch; ``None`` when the session was found without it.
        batch_index: Place among the items of that batch, from 0.
        session_id: ``None`` when the session could not be created; ``error`` says why.
        message_id: Known once details were read.
        text: The answer.
        answer: What was said last, after all tool calls; ``None`` when nothing tells.
        error: Why it failed.
        stop_reason: ``max_tokens`` when the answer was cut off.
        tools: Names of the tools called, in order.
        created_at: When the message was sent, ISO 8601.
        completed_at: When it ended, ISO 8601.
        latency_s: Seconds that it was worked on, without waiting in a queue before.
        cost_usd: US dollars as the API's decimal text; ``None`` while unknown.
        usage: The tokens that it took, as :attr:`Turn.usage` has them.
        sent_at: When this process sent it, on the monotonic clock.
        is_conversation: Whether all messages of the session count, and not only the first.
        shows_llm: Whether the server tells of usage, also without tokens, or of anything that it
            said, thought or called, so that an LLM was asked.
        is_read: Whether all that is known of its end was read.

    >>> batch[0, "small"].last.number
    1
    """

    number: int
    state: str = "queued"
    chunk_key: str | None = None
    batch_id: str | None = None
    batch_index: int | None = None
    session_id: str | None = None
    message_id: str | None = None
    text: str | None = None
    answer: str | None = None
    error: str | None = None
    stop_reason: str | None = None
    tools: tuple[str, ...] | None = None
    created_at: str | None = None
    completed_at: str | None = None
    latency_s: float | None = None
    cost_usd: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    sent_at: float | None = None
    is_conversation: bool = False
    shows_llm: bool = False
    is_read: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ENDED

    @property
    def is_settled(self) -> bool:
        """Whether it has ended and its end was read."""
        return self.has_ended and (self.is_read or self.session_id is None)

    @property
    def has_asked(self) -> bool:
        """Whether it has ended and has asked an LLM, as far as anything shows."""
        return self.state == "completed" or (self.has_ended and self.shows_llm)

    @property
    def lacks_cost(self) -> bool:
        """Whether it has cost something that is unknown; what never asked an LLM is free."""
        return self.cost_usd is None and self.has_asked

    @property
    def is_charged(self) -> bool:
        """Whether its cost is to come: that of what was cancelled may never be told."""
        return self.has_asked and self.state != CANCELLED

    @property
    def is_free(self) -> bool:
        """Whether it never ran, or failed and neither a cost nor anything else shows an LLM."""
        failed = self.is_settled and self.state == "failed" and not self.has_asked
        return self.cost_usd is None and (failed or self.session_id is None)


def cost_of(attempts: Sequence[Attempt]) -> str | None:
    """Return what attempts have cost together, as text; ``None`` while that is unknown."""
    is_unknown = any(attempt.lacks_cost for attempt in attempts)
    return None if is_unknown else known_cost_of(attempts)


def known_cost_of(attempts: Sequence[Attempt]) -> str | None:
    """Return what those attempts have cost together that tell it; ``None`` when none does."""
    known = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
    if not known:
        return None
    return known[0] if len(known) == 1 else f"{sum(map(Decimal, known), Decimal(0)):f}"


class Holder(Protocol):
    """What a cell asks of the matrix that it is in."""

    def _live_text(self, cell: Cell) -> str | None:
        """Return the answer as far as it came; ``None`` when nobody watches."""

    def _marks(self, cells: Sequence[Cell]) -> Mapping[str, Any]:
        """Return scores, ratings and notes by the cells' ids."""

    def _session_of(self, session_id: str) -> Session:
        """Return one of its sessions."""


class Cell:
    """A task with an LLM, once; what it shows is its last attempt.

    Attributes:
        id: Stands for the cell in its batch.
        task: The task.
        column: The LLM option and version it is given to.
        repeat: Which repetition, from 0.
        history: All attempts, oldest first; empty before it was sent.
        doubles: What was sent beside one of them, by two calls at the same moment; it counts
            in what the cell has cost.
        unsent: Why it could not be sent, if it could not.
        held: Why it was left out, if it was; sending the rest takes it up again.
        given: Scores that came with the session.
        carried: Metadata that came with the session; empty where the batch has sent it.

    >>> cell = batch.wait(timeout=60)[1, "large"]
    >>> cell.text, cell.state
    ('$$3 ... = 21$$', 'completed')
    """

    def __init__(
        self, batch: Holder, cell_id: str, task: Task, column: Column, repeat: int
    ) -> None:
        self._batch = batch
        self.id = cell_id
        self.task = task
        self.column = column
        self.repeat = repeat
        self.history: list[Attempt] = []
        self.doubles: list[Attempt] = []
        self.unsent: str | None = None
        self.held: str | None = None
        self.given: Mapping[str, Any] = {}
        self.carried: Mapping[str, str] = {}

    @property
    def last(self) -> Attempt | None:
        """The last attempt."""
        return self.history[-1] if self.history else None

    def attempt(self, number: int) -> Attempt | None:
        """One attempt, by its number."""
        return next((a for a in self.history if a.number == number), None)

    def put(self, attempt: Attempt) -> None:
        """Take in an attempt, or what is newly known of it."""
        others = [a for a in self.history if a.number != attempt.number]
        if len(others) == len(self.history):
            self.unsent = self.held = None
        self.history = sorted([*others, attempt], key=lambda a: a.number)

    def add_double(self, attempt: Attempt) -> None:
        """Take in what was sent beside an attempt that is known."""
        if all(attempt.session_id != known.session_id for known in self.sent):
            self.doubles.append(attempt)

    def set_cost(self, session_id: str, cost: str) -> None:
        """Take in what one of its sessions has cost."""
        for attempts in (self.history, self.doubles):
            attempts[:] = [
                replace(a, cost_usd=cost) if a.session_id == session_id else a for a in attempts
            ]

    @property
    def sent(self) -> list[Attempt]:
        """All that was sent of it, what was sent twice included."""
        return [*self.history, *self.doubles]

    @property
    def task_index(self) -> int:
        """The task's place, from 0."""
        return self.task.index

    @property
    def llm(self) -> str | None:
        """The LLM option; ``None`` is the agent's default."""
        return self.column.llm

    @property
    def version(self) -> str | None:
        """The agent's version."""
        return self.column.version

    @property
    def metadata(self) -> Mapping[str, str]:
        """The task's metadata; of a session that was there before, what that carries, too."""
        return {**self.task.metadata, **self.carried}

    @property
    def attempts(self) -> int:
        """How often it was sent."""
        return self.last.number if self.last else 0

    @property
    def state(self) -> str:
        """``planned`` before it is sent, then a status word of the API, or ``cancelled``.

        It is ``unsent`` where ``max_cost`` left it out, or the run was cancelled before.
        """
        if self.unsent is not None:
            return "failed"
        if self.last is None:
            return "planned" if self.held is None else UNSENT
        # Only its end, once that is read, tells what failed from what was cancelled.
        is_known = self.last.state != "failed" or self.last.is_settled
        return self.last.state if is_known else "running"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in ENDED or self.state == UNSENT

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens to it, and its end was read; its cost may still come."""
        return self.last is None or self.last.is_settled

    @property
    def session_id(self) -> str | None:
        """Id of the session of the last attempt."""
        return self.last.session_id if self.last else None

    @property
    def message_id(self) -> str | None:
        """Id of the message of the last attempt, once it is known."""
        return self.last.message_id if self.last else None

    @property
    def batch_id(self) -> str | None:
        """Id of the API batch of the last attempt, when it is known."""
        return self.last.batch_id if self.last else None

    @property
    def text(self) -> str | None:
        """The answer; its beginning while somebody watches the cell run."""
        live = self._batch._live_text(self)
        return live if live is not None else self.last.text if self.last else None

    @property
    def answer(self) -> str | None:
        """What it said last, after all its tool calls; ``None`` while it runs."""
        return self.last.answer if self.last else None

    @property
    def error(self) -> str | None:
        """Why it failed, if it did."""
        if self.unsent is None and self.last is None and self.held is not None:
            return f"Not sent: {self.held}."
        return self.unsent or (self.last.error if self.last else None)

    @property
    def stop_reason(self) -> str | None:
        """``max_tokens`` when the answer was cut off; ``None`` when it ended by itself."""
        return self.last.stop_reason if self.last else None

    @property
    def latency_s(self) -> float | None:
        """How long it was worked on: waiting in the queue of the batch does not count."""
        return self.last.latency_s if self.last else None

    @property
    def cost_usd(self) -> Decimal | None:
        """What all its attempts have cost, in US dollars; ``None`` while that is unknown.

        What failed before anything shows that an LLM was asked is free, unless its cost is known.

        >>> sum(cell.cost_usd or 0 for cell in batch.cells)  # nothing has a price
        0
        """
        cost = cost_of(self.sent)
        return None if cost is None else Decimal(cost)

    @property
    def usage(self) -> Mapping[str, int]:
        """The tokens that it took, as :attr:`Turn.usage` has them; empty where nobody told."""
        return self.last.usage if self.last else {}

    @property
    def tool_calls(self) -> int | None:
        """How many tools were called; ``None`` before it is known."""
        return None if self.tools is None else len(self.tools)

    @property
    def created_at(self) -> str | None:
        """When it was sent, ISO 8601."""
        return self.last.created_at if self.last else None

    @property
    def completed_at(self) -> str | None:
        """When it ended, ISO 8601."""
        return self.last.completed_at if self.last else None

    @property
    def scores(self) -> Mapping[str, Any]:
        """Values by name, from functions and from people."""
        scores: Mapping[str, Any] = self._batch._marks([self])[self.id].scores
        return scores

    @property
    def scales(self) -> Mapping[str, tuple[int, int]]:
        """The worst and the best that its scores could be, by name, where that was told."""
        scales: Mapping[str, tuple[int, int]] = self._batch._marks([self])[self.id].scales
        return scales

    @property
    def tools(self) -> tuple[str, ...] | None:
        """Names of the tools called, in order; ``None`` before they are known."""
        return self.last.tools if self.last else None

    @property
    def session(self) -> Session:
        """The session that runs it.

        Raises:
            DariError: It has none: it was not sent, or could not be created.
        """
        if self.session_id is None:
            raise DariError(
                f"Cell {self.id} has no session: {self.error or 'it was not sent yet'}.",
                code="cell_not_sent",
            )
        return self._batch._session_of(self.session_id)

    @property
    def turn(self) -> Turn:
        """Its turn, with all its events once it has ended; its session may hold later ones.

        Raises:
            DariError: It has no session.
        """
        session = self.session
        return session.turn(self.message_id or session.messages()[0].id)

    def __repr__(self) -> str:
        from ...render.plain.visible import visible_name

        return visible_name(f"<Cell {self.id} {self.state}>")
