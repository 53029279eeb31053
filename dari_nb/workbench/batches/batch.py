"""A batch: tasks with LLMs, as one object however many API batches it takes."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import InvalidRequestError
from .._background import wait_for
from ..agent import Agent
from .cells import Column
from .chunks import Job, chunks_to_send
from .finding import MOST_REPEATS, Found, find_run
from .following import Following
from .late_costs import LateCosts
from .results import Results
from .sending import Sending
from .serving import Serving
from .tasks import Task, Tasks, read_tasks

if TYPE_CHECKING:
    from ...scores import Score
    from ..dari import Dari
    from ..tools.tool import Approve, Given
    from ..turn import Turn


class Batch(Results):
    """Tasks with LLMs, some number of times; shown in a notebook, it is a live matrix.

    >>> batch = d.batches.run("calculator", ["2 + 2"], ["small", "large"])  # doctest: +SKIP
    >>> batch.wait()[0, "small"].text  # doctest: +SKIP
    '4'

    Attributes:
        started: How many sessions the last call has started: making it, adding, or retrying.
        found: How many sessions were there before that call, and so were not paid for again.
    """

    def __init__(
        self,
        dari: Dari,
        agent: models.Agent,
        run_id: str,
        tasks: Iterable[Task],
        columns: Iterable[Column],
        repeats: int,
        scores: str | Path | None = None,
    ) -> None:
        super().__init__(dari, agent, run_id, tasks, columns, repeats, scores)
        client = dari.stream_client
        self.started = self.found = 0
        self._following: concurrent.futures.Future[None] | None = None
        self._costs: concurrent.futures.Future[None] | None = None
        self._sending = Sending(client, agent.id, run_id)
        self._followed = Following(client, run_id, self.grid, self._changed)
        self._late_costs = LateCosts(client, self.grid, self._changed)
        self._serving = Serving(dari, self.grid)

    @property
    def is_new(self) -> bool:
        """Whether the last call has started sessions; ``False`` when all were there already."""
        return self.started > 0

    @property
    def outcome(self) -> str:
        """What the last call has done, in a line.

        >>> d.batches.run("echo", ["Hi"]).outcome  # doctest: +SKIP
        'run_0123456789abcdef0123: 1 session started'
        """
        from ...render import count_text

        if not self.found:
            return f"{self.run_id}: {count_text(self.started, 'session')} started"
        if not self.started:
            return f"{self.run_id}: nothing sent, all is there already (fresh runs it again)"
        started = count_text(self.started, "session")
        return f"{self.run_id}: {started} started, {self.found} there already"

    def wait(self, timeout: float | None = None) -> Batch:
        """Wait until everything that was sent has ended, well or not, and return the batch.

        Args:
            timeout: Seconds; ``None`` waits without limit.

        Raises:
            TimedOutError: It has not ended in time. It goes on; wait again.
            KeyboardInterrupt: The user stopped waiting. It goes on; wait again.
            DariError: The server refused, or could not be reached for long.
        """
        from .showing import wait

        wait(self, timeout)
        return self

    def follow(self, timeout: float | None = None, *, wait: bool = True) -> Batch:
        """Show the batch live, in a notebook or a terminal, and what it came to when it ends.

        Args:
            timeout: Seconds to wait at most; ``None`` waits without limit.
            wait: ``False`` returns at once, and the output goes on by itself.

        Raises:
            TimedOutError: It has not ended in time; what had come stays shown.
            KeyboardInterrupt: The user stopped following; the batch goes on.
        """
        from .showing import show

        show(self, timeout, waits=wait)
        return self

    def answer_tools(self, tools: Given, *, approve: Approve | None = None) -> Batch:
        """Answer the external tool calls of all its sessions; as ``tools`` of :meth:`Batches.run`.

        Raises:
            InvalidRequestError: Something cannot be a tool, or would ask before each call.
        """
        self._serving.give(tools, approve)
        return self

    def refresh(self) -> Batch:
        """Ask once for everything that has not ended, and for missing costs."""
        self._ask()
        wait_for(self.dari.run(self._late_costs.once()))
        return self

    def retry_failed(self) -> Batch:
        """Send again what failed, and only that: not created, not sent, or its turn failed.

        Each time counts as one more attempt; the older ones stay in ``cell.history``. To call it
        again is safe: what was sent again already is left alone.

        Raises:
            InvalidRequestError: Nothing has failed.
            DariError: Nothing could be sent.
        """
        self._ask()
        if not any(cell.state == "failed" for cell in self.cells):
            raise InvalidRequestError(f"Nothing of {self.run_id} has failed: nothing was sent.")
        self.look()
        return self._send(self.grid.jobs(again=True))

    def add(
        self,
        *,
        tasks: Tasks = (),
        llms: Iterable[str] = (),
        repeats: int | None = None,
        prompt: str = "prompt",
    ) -> Batch:
        """Extend the matrix and run the missing cells; what is there already is left alone.

        Without arguments it sends what was planned and not sent. Running it again is safe.

        Args:
            tasks: Further tasks, in any form that :meth:`Batches.run` takes.
            llms: Further LLM options.
            repeats: How many repetitions there are to be in all.
            prompt: As for :meth:`Batches.run`.

        Raises:
            InvalidRequestError: A task or the number is malformed; nothing was sent.
            DariError: Nothing could be sent.
        """
        check_repeats(repeats or self.repeats, least=self.repeats)
        further = [] if _is_empty(tasks) else read_tasks(tasks, prompt=prompt)
        options = [llms] if isinstance(llms, str) else list(llms)
        check_llms(Agent(self.dari, self.agent), options, [c.version for c in self.columns])
        found = self._find()
        self.grid.extend(further, options, repeats or self.repeats, found)
        self.take(found)
        return self.send()

    def score(self, name: str, function: Callable[[Turn], Any]) -> list[Score]:
        """Wait for the batch, and score all answers; see :meth:`Results.score`."""
        self.wait()
        return super().score(name, function)

    def following(self) -> concurrent.futures.Future[None]:
        """Return the future of the end; starts, or takes up again, what was stopped."""
        if self._following is None or _is_over(self._following, self.is_done):
            self._following = self.dari.run(self._followed.to_the_end())
        self.costs_come()
        return self._following

    def costs_come(self) -> concurrent.futures.Future[None]:
        """Return the future of the last costs, which come some seconds after the end."""
        if self._costs is None or (self._costs.done() and not self.is_done):
            self._costs = self.dari.run(self._late_costs.to_the_last())
        return self._costs

    def stop_following(self) -> None:
        """Ask for nothing any more, until somebody waits or looks again; the batch goes on."""
        if self._following is not None:
            self._following.cancel()

    def look(self) -> None:
        """Find what was sent of it before.

        Raises:
            InvalidRequestError: The run is about other tasks, or another agent.
        """
        self.take(self._find())

    def take(self, found: Sequence[Found]) -> None:
        """Take in sessions that are there; errors as of :meth:`look`."""
        others = (entry.agent_id not in ("", self.agent.id) for entry in found)
        what = "its agent" if any(others) else self.grid.take(found)
        if what is not None:
            raise InvalidRequestError(
                f"There is a run {self.run_id!r} already, and {what} is another one there: "
                "choose another name. Nothing was sent."
            )

    def send(self) -> Batch:
        """Send what was planned and not sent, and go on following; as :meth:`add` without more."""
        return self._send(self.grid.jobs(again=False))

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._ended().__await__()

    def __repr__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.counts.items()))
        size = f"{len(self.tasks)} tasks x {len(self.columns)} LLMs x {self.repeats}"
        return f"<Batch {self.run_id}: {size}; {states}>"

    def _ipython_display_(self) -> None:
        self.follow(wait=False)

    async def _ended(self) -> Batch:
        while not self.is_done:
            try:
                await asyncio.shield(asyncio.wrap_future(self.following()))
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
        return self

    def _changed(self) -> None:
        super()._changed()
        self._serving.look()

    def _ask(self) -> None:
        wait_for(self.dari.run(self._followed.once()))

    def _find(self) -> list[Found]:
        return wait_for(self.dari.run(find_run(self.dari.stream_client, self.run_id)))

    def _send(self, jobs: Iterable[Sequence[Job]]) -> Batch:
        """Send what is missing, and go on following.

        Raises:
            DariError: Nothing could be sent; the error is that of the first API batch.
        """
        before = self._session_ids()
        chunks = [chunk for group in jobs for chunk in chunks_to_send(self.run_id, group)]
        sending = self.dari.run(self._sending.send(chunks))
        try:
            wait_for(sending)
        finally:
            sending.cancel()  # after an interrupt nothing more is to be paid for
        now = self._session_ids()
        self.started, self.found = len(now - before), len(before)
        if self._sending.errors and not now:
            raise self._sending.errors[0]
        self.following()
        self.dari.run(self._followed.nudge())
        return self

    def _session_ids(self) -> set[str]:
        return {a.session_id for cell in self.cells for a in cell.history if a.session_id}


def check_llms(agent: Agent, llms: Iterable[str | None], versions: Iterable[str | None]) -> None:
    """Check LLM options, as far as the server tells which there are.

    Raises:
        InvalidRequestError: The active version lacks one.
    """
    if set(versions) != {agent.active_version_id}:
        return  # only the options of the active version are known
    for llm in llms:
        if llm is not None and agent.llms and llm not in agent.llms:
            known = ", ".join(agent.llms)
            raise InvalidRequestError(f"{agent.name} has no LLM option {llm!r}; it has: {known}.")


def check_repeats(repeats: int, *, least: int = 1) -> None:
    """Check how many repetitions there are to be in all.

    Raises:
        InvalidRequestError: It is no number from ``least`` to 1,000.
    """
    is_number = isinstance(repeats, int) and not isinstance(repeats, bool)
    if not (is_number and least <= repeats <= MOST_REPEATS):
        raise InvalidRequestError(
            f"repeats is how many there are to be in all, from {least} to {MOST_REPEATS:,}, "
            f"not {repeats!r}."
        )


def _is_over(following: concurrent.futures.Future[None], is_done: bool) -> bool:
    if not following.done():
        return False
    return following.cancelled() or following.exception() is not None or not is_done


def _is_empty(tasks: Tasks) -> bool:
    return isinstance(tasks, tuple | list) and not tasks
