"""Questions to an agent as a batch: each is asked once, however often one comes back for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from ....errors import InvalidRequestError, TimedOutError
from ....models import as_content
from ...agents.agent import Agent, agent_named
from ...link.background import wait_for
from ...link.progress import Progress
from ...showing.words import Ending, StoppedWatching
from ..cells import Column
from ..following.spending import amount_of
from ..keys import digest
from ..sending.alone import sender_of
from ..sending.finding import Found, find_run
from ..sending.sending import ELSEWHERE, GIVEN_UP
from ..tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .... import models
    from ...link import Link
    from ..cells import Cell
    from .verdicts import Verdict

_LOOK = 0.25
"""Seconds between looks at how far it is."""
ASKING = "asking"


class Asked(Protocol):
    """The batch of questions."""

    run_id: str
    started: int

    @property
    def cells(self) -> Sequence[Cell]:
        """One each."""

    @property
    def is_done(self) -> bool:
        """Whether all have ended."""

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for them."""

    def _take_in(self, found: Sequence[Found]) -> None: ...

    def _allow(self, max_cost: float | Decimal | str | None) -> None: ...
    def _send_planned(self) -> Any: ...

    def _stopped(self) -> Ending: ...


class Judging(Protocol):
    """What is judged: :class:`Results` is one."""

    run_id: str
    _link: Link

    def _asks(
        self, agent: models.Agent, run_id: str, tasks: Sequence[Task], column: Column
    ) -> Any: ...


class Asking(Protocol):
    """How is asked: :class:`Wish` is one."""

    @property
    def seed(self) -> int:
        """Says the order."""

    @property
    def again(self) -> bool:
        """Whether what has no verdict is asked once more."""

    @property
    def max_cost(self) -> float | Decimal | str | None:
        """What all of it may cost, in US dollars."""


@dataclass(frozen=True)
class Question:
    """What is asked once.

    Attributes:
        id: Stands for it.
        text: What is asked.
        metadata: What its session is found by.
    """

    id: str
    text: str
    metadata: Mapping[str, str]

    def task(self, asking: int) -> Task:
        """Make a task of it, asked for the how-manieth time."""
        more = {ASKING: str(asking)} if asking > 1 else {}
        return Task(0, as_content(self.text), {**self.metadata, **more})


@dataclass
class Answers:
    """What was answered.

    Attributes:
        verdicts: By the questions' ids.
        batches: The batches that were asked.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    batches: list[Any] = field(default_factory=list)

    @property
    def cost(self) -> Decimal:
        """What the sessions are known to have cost, in US dollars."""
        return sum(self._known, Decimal(0))

    @property
    def cost_of_one(self) -> Decimal:
        """What one has cost on average, in US dollars; 0 where nothing is known."""
        return self.cost / max(1, len(self._known))

    @property
    def _cells(self) -> list[Cell]:
        return [cell for batch in self.batches for cell in batch.cells if cell.session_id]

    @property
    def _known(self) -> list[Decimal]:
        from ....render.matrix.figures import amount_of as known_amount

        found = (known_amount(cell.cost) for cell in self._cells)
        return [amount for amount in found if amount is not None]

    @property
    def cost_line(self) -> str:
        """Say what the sessions cost, those that were there before included."""
        from ....render import count_text
        from ....render.plain.words import cost_text

        cells, known = self._cells, self._known
        started = sum(batch.started for batch in self.batches)
        parts = [f"{count_text(started, 'session')} started, {len(cells) - started} there already"]
        parts += [f"{cost_text(self.cost)} in all"] if known else []
        missing = len(cells) - len(known)
        return " · ".join([*parts, *([f"{missing} costs are unknown"] if missing else [])])


class Judge:
    """An agent that is asked.

    Args:
        batch: What it is asked about.
        agent: The agent, by id or name.
        llm: One of its LLM options; its default when left out.
        about: What else makes these questions the same when they are asked again.
        noun: What is counted while it answers.

    Raises:
        NotFoundError: There is no such agent.
        InvalidRequestError: It has no such LLM option.
    """

    def __init__(
        self, batch: Judging, agent: str | Agent, llm: str | None, *about: Any, noun: str
    ) -> None:
        self._batch = batch
        self._agent = agent if isinstance(agent, Agent) else agent_named(batch._link, agent)
        # What a Dari elsewhere does not tell may be there all the same.
        is_told = self._agent.llms or batch._link.server is not None
        if llm is not None and is_told and llm not in self._agent.llms:
            known = ", ".join(self._agent.llms) or "none"
            raise InvalidRequestError(
                f"{self._agent.name} has no LLM option {llm!r}; it has: {known}."
            )
        version = self._agent.active_version_id
        self._column = Column(llm, version)
        self._noun = noun
        named = digest("judge", batch.run_id, self._agent.id, version, llm, *about)
        self._run_id = f"judge_{named[:20]}"

    def ask(
        self,
        questions: Iterable[Question],
        read: Callable[[str], Verdict],
        wish: Asking,
        answers: Answers,
    ) -> None:
        """Ask what was not asked before, in an order of its own, and read what is answered.

        Args:
            questions: What is asked.
            read: Reads an answer.
            wish: In which order, whether once more where there is no verdict, and for how much.
            answers: Takes what is answered, also before an interrupt.
        """
        all_ = list(questions)
        self._ask(all_, read, answers, 0, wish.seed, wish.max_cost)
        left = [one for one in all_ if answers.verdicts[one.id].value is None]
        rest = None if wish.max_cost is None else amount_of(wish.max_cost) - answers.cost
        if wish.again and left and (rest is None or rest >= answers.cost_of_one):
            self._ask(left, read, answers, 1, wish.seed, rest)

    def _ask(
        self,
        questions: Sequence[Question],
        read: Callable[[str], Verdict],
        answers: Answers,
        further: int,
        seed: int,
        max_cost: float | Decimal | str | None,
    ) -> None:
        link = self._batch._link
        sender = sender_of(link, self._run_id)
        with sender.alone:  # who asks the same at the same time asks for what is left then
            sender.take_over()
            found = wait_for(link.run(find_run(link.stream_client, self._run_id)))
            keys = {entry.task_key for entry in found}
            # Rows are the same whatever the seed, so that what two calls asked can be told.
            rows = placed([_task(one, keys, further) for one in questions], found)
            ids = {task.index: one.id for task, one in zip(rows, questions, strict=True)}
            tasks = sorted(rows, key=lambda task: digest("order", seed, ids[task.index]))
            asked = self._batch._asks(self._agent.resource, self._run_id, tasks, self._column)
            asked._take_in(found)
            answers.batches.append(asked)
            asked._allow(max_cost)
            asked._send_planned()
            try:
                _wait(asked, self._noun)
            finally:
                refused = _refused(asked.cells)
                told = {ids[cell.task_index]: _verdict(cell, read) for cell in asked.cells}
                answers.verdicts |= {} if refused else told
        if refused:
            raise InvalidRequestError(f"Nothing was asked: {refused}.")


def placed(tasks: Sequence[Task], found: Iterable[Found]) -> list[Task]:
    """Give each task its row: the one it had before, or its own, or the next that is free."""
    before = {entry.task_key: entry.task_index for entry in found}
    taken = set(before.values())
    made = []
    for place, task in enumerate(tasks):
        index = before.get(task.key, place)
        if task.key not in before and index in taken:
            index = 1 + max(max(taken), len(tasks) - 1)
        taken.add(index)
        made.append(replace(task, index=index))
    return made


def _task(question: Question, keys: set[str], further: int) -> Task:
    """Return a question as it was asked last, or so much further."""
    asking = 1
    while question.task(asking + 1).key in keys:
        asking += 1
    is_asked = question.task(asking).key in keys
    return question.task(asking + further if is_asked else asking)


def _wait(asked: Asked, noun: str) -> None:
    try:
        with Progress(len(asked.cells), noun) as progress:
            while not asked.is_done:
                with contextlib.suppress(TimedOutError):
                    asked.wait(_LOOK)
                done = sum(cell.has_ended for cell in asked.cells)
                progress.advance(done - progress.done)
        asked.wait()
    except StoppedWatching:
        raise
    except KeyboardInterrupt:  # between two looks
        raise StoppedWatching(asked._stopped(), is_said=False) from None


def _refused(cells: Sequence[Cell]) -> str | None:
    """Say why the server has made no session for any of them, if it has not."""
    if any(cell.session_id or cell.state != "failed" for cell in cells):
        return None
    return next((cell.error for cell in cells if cell.error), None)


def _verdict(cell: Cell, read: Callable[[str], Verdict]) -> Verdict:
    from .verdicts import Verdict

    if cell.state == "completed":
        return read(cell.answer or cell.text or "")
    if cell.state == "unsent":
        is_given_up = cell.held in (GIVEN_UP, ELSEWHERE)
        left = "the judging was cancelled before" if is_given_up else "max_cost left it out"
        return Verdict(error=f"not asked: {left}")
    return Verdict(
        error=f"the judge's turn is {cell.state}" + (f": {cell.error}" if cell.error else "")
    )
