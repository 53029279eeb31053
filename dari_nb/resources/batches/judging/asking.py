"""Questions to an agent as a batch: each is asked once, however often one comes back for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ....errors import InvalidRequestError, TimedOutError
from ....models import as_content
from ....suggestions import no_llm_option
from ...agents.agent import Agent, agent_named
from ...connection.background import wait_for
from ...connection.progress import Progress
from ...display.words import StoppedWatching, judging_stopped
from ..cells import UNSENT, Column
from ..following.spending import INTERRUPTED, amount_of
from ..keys import digest
from ..sending.alone import sender_of
from ..sending.finding import Found, find_run
from ..sending.sending import ELSEWHERE, GIVEN_UP
from ..tasks import Task
from .answers import Answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..cells import Cell
    from ..plan import Plan
    from .roles import Asked, Asking, Judging
    from .verdicts import Verdict

_LOOK = 0.25
"""Seconds between looks at how far it is."""
ASKING = "asking"
_CANCELLED = "the judging was cancelled before"
_LEFT_OUT = {
    GIVEN_UP: _CANCELLED,
    ELSEWHERE: _CANCELLED,
    INTERRUPTED: "the judging was interrupted",
}
"""Why a question was not asked, by why its cell was left out; or else it is ``max_cost``."""


@dataclass(frozen=True)
class Question:
    """What is asked once.

    Attributes:
        id: Stands for it.
        text: What is asked.
        metadata: What its session is found by.
        about: Task and repetition that it is about; what has these in common is asked together.
    """

    id: str
    text: str
    metadata: Mapping[str, str]
    about: tuple[int, ...]

    def order(self, seed: int) -> list[str]:
        """Return what it is sorted by: task by task, so that a limit leaves whole ones."""
        places = [self.about[:count] for count in range(1, len(self.about) + 1)]
        return [digest("order", seed, *place) for place in (*places, [self.id])]

    def task(self, asking: int) -> Task:
        """Make a task of it, asked for the how-manieth time."""
        more = {ASKING: str(asking)} if asking > 1 else {}
        return Task(0, as_content(self.text), {**self.metadata, **more})


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
        self._agent = agent_named(batch._link, agent)
        # What a Dari elsewhere does not tell may be there all the same.
        is_told = self._agent.llms or batch._link.server is not None
        if llm is not None and is_told and llm not in self._agent.llms:
            raise InvalidRequestError(
                no_llm_option(self._agent.name, llm, self._agent.llms), code="llm_not_found"
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
        self._ask(all_, read, answers, (), wish.seed, wish.max_cost)
        left = {one.id for one in all_ if answers.verdicts[one.id].value is None}
        next_ = answers.cost + answers.cost_of_one
        if wish.again and left and (wish.max_cost is None or next_ <= amount_of(wish.max_cost)):
            self._ask(all_, read, answers, left, wish.seed, wish.max_cost)

    def plan(
        self, questions: Sequence[Question], read: Callable[[str], Verdict], wish: Asking
    ) -> tuple[Plan, int]:
        """Return what :meth:`ask` would send, and what that costs; nothing is sent.

        Beside it stands about how many tasks and repetitions will have all their answers.
        """
        found = self._find()
        asked, ids = self._made(questions, found, seed=wish.seed)
        spent = Answers(batches=[asked.refresh()])
        if wish.again:
            there = [c for c in asked.cells if c.history and c.task_index in ids]
            lacking = {ids[c.task_index] for c in there if _verdict(c, read).value is None}
            asked, ids = self._made(questions, _as_read(found, asked.cells), lacking, wish.seed)
        plan = asked.plan()
        plan.retry = "" if wish.again else "again=True"
        if wish.max_cost is not None:
            plan.limit(amount_of(wish.max_cost), spent.cost)
        about = {one.id: one.about for one in questions}
        left = [about[ids[cell.task_index]] for cell in asked.cells if not cell.history]
        cut = [] if plan.allowed is None else left[plan.allowed :]
        return plan, len({*about.values()} - {*cut})

    def _find(self) -> list[Found]:
        link = self._batch._link
        return wait_for(link.run(find_run(link.stream_client, self._run_id)))

    def _made(
        self,
        questions: Sequence[Question],
        found: Sequence[Found],
        further: Container[str] = (),
        seed: int = 0,
    ) -> tuple[Asked, dict[int, str]]:
        """Make the batch of questions, of which these ask further; and their ids by its rows.

        Earlier askings are rows of it, too, since they were paid; only the last one has an id.
        """
        keys = {entry.task_key for entry in found}
        askings = [(one, _askings(one, keys, one.id in further)) for one in questions]
        flat = [(one, task) for one, tasks in askings for task in tasks]
        # Rows are the same whatever the seed, so that what two calls asked can be told.
        rows = placed([task for _, task in flat], found)
        asks = {row.index: one for row, (one, _) in zip(rows, flat, strict=True)}
        last = {one.id: row.index for row, (one, _) in zip(rows, flat, strict=True)}
        ids = {index: id_ for id_, index in last.items()}
        tasks = sorted(rows, key=lambda task: asks[task.index].order(seed))
        asked = self._batch._asks(self._agent.resource, self._run_id, tasks, self._column)
        asked._take_in(found)
        return asked, ids

    def _ask(
        self,
        questions: Sequence[Question],
        read: Callable[[str], Verdict],
        answers: Answers,
        further: Container[str],
        seed: int,
        max_cost: float | Decimal | str | None,
    ) -> None:
        sender = sender_of(self._batch._link, self._run_id)
        with sender.alone:  # who asks the same at the same time asks for what is left then
            sender.take_over()
            asked, ids = self._made(questions, self._find(), further, seed)
            last = [cell for cell in asked.cells if cell.task_index in ids]
            answers.batches.append(asked)
            asked._allow(max_cost)
            with _stoppable(asked):
                asked._send_planned()
            try:
                with _stoppable(asked):
                    _wait(asked, last, self._noun)
            finally:
                refused = _refused(asked.cells)
                told = {ids[cell.task_index]: _verdict(cell, read) for cell in last}
                answers.take({} if refused else told)
        if refused:
            raise InvalidRequestError(f"Nothing was asked: {refused}.", code="nothing_sent")


def _as_read(found: Iterable[Found], cells: Iterable[Cell]) -> list[Found]:
    """Return sessions that were found with what was read of them since."""
    read = {attempt.session_id: attempt for cell in cells for attempt in cell.sent}
    there = ((entry, entry.attempt) for entry in found)
    return [replace(entry, attempt=read.get(known.session_id, known)) for entry, known in there]


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


def _askings(question: Question, keys: set[str], is_further: bool) -> list[Task]:
    """Return a question as often as it was asked, at least once, and once more."""
    made = [question.task(1)]
    while (task := question.task(len(made) + 1)).key in keys:
        made.append(task)
    is_asked = made[-1].key in keys
    return [*made, task] if is_asked and is_further else made


def _wait(asked: Asked, cells: Sequence[Cell], noun: str) -> None:
    with Progress(len(cells), noun) as progress:
        while not asked.is_done:
            with contextlib.suppress(TimedOutError):
                asked.wait(_LOOK)
            running = sum(cell.state == "running" for cell in cells)
            progress.at_once = max(progress.at_once, running)
            done = sum(cell.has_ended and cell.state != UNSENT for cell in cells)
            progress.advance(done - progress.done)
    if asked.started or any(cell.state == UNSENT for cell in cells):
        asked._look_at_others()
    asked.wait()


@contextlib.contextmanager
def _stoppable(asked: Asked) -> Iterator[None]:
    """Say of an interrupt what goes on, what takes it up, and what ends it."""
    try:
        yield
    except KeyboardInterrupt:
        asked._stop_following()
        unsent = [cell for cell in asked.cells if cell.state == UNSENT]
        left = f"{len(unsent)} of {len(asked.cells)} not sent: {unsent[0].held}" if unsent else ""
        ending = judging_stopped(asked.run_id, left, can_cancel=asked._can_cancel)
        raise StoppedWatching(ending, is_said=False) from None


def _refused(cells: Sequence[Cell]) -> str | None:
    """Say why the server has made no session for any of them, if it has not."""
    if any(cell.session_id or cell.state != "failed" for cell in cells):
        return None
    return next((cell.error for cell in cells if cell.error), None)


def _verdict(cell: Cell, read: Callable[[str], Verdict]) -> Verdict:
    from .verdicts import Verdict

    if cell.state == "completed" and cell.is_settled:
        return read(cell.answer or cell.text or "")
    if cell.state == UNSENT:
        left = _LEFT_OUT.get(cell.held or "", "max_cost left it out")
        return Verdict(error=f"not asked: {left}", is_open=True)
    why = f"the judge's turn is {cell.state}" + (f": {cell.error}" if cell.error else "")
    return Verdict(error=why, is_open=not cell.is_settled, has_failed=cell.is_settled)
