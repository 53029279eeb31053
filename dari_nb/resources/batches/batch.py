"""A batch: tasks with LLMs, as one object however many API batches it takes."""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import InvalidRequestError
from ...models.events import CANCELLED
from ...suggestions import no_llm_option
from ..agents.agent import Agent
from ..connection import host
from ..connection.background import wait_for
from ..display.words import Ending, StoppedWatching, batch_stopped
from ..sessions.arguments import several
from .cells import Column
from .following.spending import dollars
from .matrix.grid import size_text
from .notes import (
    NO_LIMIT,
    NOT_AGAIN,
    NOT_SENT,
    cancelled_line,
    from_before,
    left_out,
    only_known,
    sent_before,
    sent_twice,
    there,
)
from .outgoing import Outgoing
from .sending.finding import MOST_REPEATS
from .tasks import Task, Tasks, read_tasks

if TYPE_CHECKING:
    from ...render.matrix.matrix import Matrix
    from ..tools.tool import Approve, Given
    from .plan import Plan

_MOST_NAMED = 50
"""Tasks that a call names each; more would be no line to read."""


class Batch(Outgoing):
    """Tasks with LLMs, some number of times; shown in a notebook, it is a live matrix.

    >>> batch = d.batches.run("calculator", ["2 + 2"], ["small", "large"])
    >>> batch.wait()[0, "small"].text
    '$$2 + 2 = 4$$'

    Attributes:
        started: How many sessions the last call has started: making it, adding, or retrying.
        found: How many sessions were there before that call, and so were not paid for again.
    """

    @property
    def is_new(self) -> bool:
        """Whether the last call has started sessions; ``False`` when all were there already."""
        return self.started > 0

    @property
    def outcome(self) -> str:
        """What the last call has done, in a line.

        >>> d.batches.run("echo", ["Hi"], new_run=True).outcome
        'run_...: 1 session started'
        """
        from ...render import count_text

        if self._sent_nothing:
            return f"{self.run_id}: nothing sent, {there(self, is_whole=self._is_whole)}"
        said = [f"{self.run_id}: {count_text(self.started, 'session')} started"]
        said += [f"{self.found} there already"] if self.found else []
        said += ["more as max_cost allows"] if self._is_sending else left_out(self)
        if self.started and self._limit is None and not self._is_whole:
            said.append(NO_LIMIT)
        return ", ".join([*said, *sent_before(self, *self._sent_before)])

    @property
    def _sent_nothing(self) -> bool:
        """Whether the last call was to make answers and all there was to make was there."""
        is_limited = self._is_sending or bool(left_out(self))
        return not self.started and self.found > 0 and not is_limited

    def wait(self, timeout: float | None = None) -> Batch:
        """Wait until everything that was sent has ended, well or not, and return the batch.

        Args:
            timeout: Seconds; ``None`` waits without limit.

        Raises:
            TimedOutError: It has not ended in time. It goes on; wait again.
            KeyboardInterrupt: The user stopped waiting. It goes on; wait again.
            DariError: The server refused, or could not be reached for long.

        >>> batch.wait(timeout=60).counts
        {'completed': 4}
        >>> (await batch).is_done
        True
        """
        ended = self._link.run(self._ended())
        try:
            wait_for(ended, timeout)
        except KeyboardInterrupt:
            raise StoppedWatching(self._stopped(), is_said=False) from None
        finally:
            ended.cancel()
        wait_for(self._link.run(self._wait_for_costs()))
        return self

    def follow(self, timeout: float | None = None, *, wait: bool = True) -> Batch:
        """Show the batch live, in a notebook or a terminal, and return it when it has ended.

        Args:
            timeout: Seconds to wait at most; ``None`` waits without limit.
            wait: ``False`` returns at once, and the output goes on by itself.

        Raises:
            TimedOutError: It has not ended in time; what had come stays shown.
            KeyboardInterrupt: The user stopped following; the batch goes on.

        >>> batch = batch.wait().follow(timeout=60)
        4 of 4 done
        ...
        """
        from ..display.passing import Passing
        from .subject import BatchSubject

        if self.is_done:
            self._costs_come()
        elif not wait and not host.in_kernel():
            print(repr(self))  # noqa: T201
            return self
        Passing(BatchSubject(self)).follow(timeout, wait=wait)
        return self

    def use_tools(self, tools: Given, *, approve: Approve | None = None) -> Batch:
        """Answer the external tool calls of all its sessions, and return it.

        Args:
            tools: Functions, plain or made by :func:`dari_nb.tool`.
            approve: ``"always"``, or a function that decides; needed where the tools do not say
                it.

        Raises:
            InvalidRequestError: Something cannot be a tool, or would ask before each call.

        >>> @server.agent("shop")
        ... def shop(prompt):
        ...     answer = yield dari.local.ToolCall("stock", {"item": prompt}, external=True)
        ...     yield f"{answer.result} left"
        >>> def stock(item: str) -> int:
        ...     "How many packets there are."
        ...     return len(item)
        >>> batch = d.batches.run("shop", ["tea", "sugar"])
        >>> batch.use_tools(stock, approve="always").wait(60)[1, None].text
        '5 left'
        """
        self._serving.give(tools, approve)
        return self

    def refresh(self) -> Batch:
        """Ask once for everything that has not ended and for missing costs, and return the batch.

        Raises:
            DariError: The server refused, or could not be reached.

        >>> batch.refresh().is_done
        True
        """
        self._ask()
        wait_for(self._link.run(self._ask_costs()))
        return self

    def cancel(self) -> Batch:
        """End all its turns on the server, wait until they have, and return the batch.

        Those that wait end, too, and what is not sent yet is not sent (contract, section 18.3),
        whichever object of this run is sending it in this process: :meth:`resume` sends that, and
        ``retry_failed(cancelled=True)`` what was sent and cancelled. Another
        process that sends it within a ``max_cost`` stops when it sees turns that were cancelled
        here; a batch that was recovered knows only what was sent, and says so.
        What was written stays, and cells that had ended stay as they are.

        Raises:
            InvalidRequestError: The server cannot end turns: it goes on.

        >>> @server.agent("slow")
        ... def slow(prompt):
        ...     yield "So far so good."
        ...     yield dari.local.ToolCall("ask", external=True)
        >>> batch = d.batches.run("slow", ["Take your time.", "You too."])
        >>> batch.cancel().counts
        {'cancelled': 2}
        """
        wait_for(self._end_turns())
        return self.wait()

    def retry_failed(
        self, *, cancelled: bool = False, max_cost: float | Decimal | str | None = None
    ) -> Batch:
        """Send again what failed, and only that, and return the batch.

        What failed was not created, could not be sent, or its turn failed. What was cancelled is
        left alone, and a line says how many that are. A run asks the version that it began with;
        where the agent has another one since, a line says so and which call asks that one the same,
        and nothing else.

        Each time counts as one more attempt; the older ones stay in ``cell.history``. To call it
        again is safe, here or in another process: what was sent again already is left alone, and
        goes out once more only when that has failed, too.

        Args:
            cancelled: Send again what was cancelled, too, as far as it had been sent.
            max_cost: As for :meth:`resume`.

        Raises:
            InvalidRequestError: Nothing has failed, ``max_cost`` allows none of it, or its version
                is a function that is gone; nothing was sent, and what failed can be sent later.
            DariError: Nothing could be sent.

        >>> @server.agent("moody")
        ... def moody(prompt, turn):
        ...     if len(d.sessions.list(agent="moody")) < 2:
        ...         raise ValueError("Not today.")
        ...     return "Fine."
        >>> batch = d.batches.run("moody", ["How are you?"]).wait(60)
        >>> batch.retry_failed().wait(60)[0, None].text
        'Fine.'
        """
        self._check_rest()
        wanted = {"failed", CANCELLED} if cancelled else {"failed"}
        with self._sender.alone:
            known = wanted & self.counts.keys()
            self._look()
            self._ask()
            left = "" if cancelled else self._cancelled_line
            if not known | (wanted & self.counts.keys()):
                nothing = f"Nothing of {self.run_id} has failed: nothing was sent."
                raise InvalidRequestError(f"{nothing} {left}".strip(), code="nothing_to_retry")
            call = self._call_for_now(wanted)
            with self._as_it_was_if_refused():
                self._allow(max_cost)
                self._send(self.grid.jobs(again=wanted))
                self._check_some_sent(NOT_AGAIN)
        self._report(left, call=call)
        return self

    def resume(self, *, max_cost: float | Decimal | str | None = None) -> Batch:
        """Send what ``max_cost``, an interrupt or a cancel kept from being sent; returns the batch.

        To call it again is safe: what was sent is left alone. So is what was cancelled after it
        was sent; a line says how many that are, and that ``retry_failed(cancelled=True)`` sends
        them.

        Args:
            max_cost: What the whole run may cost, in US dollars, with all that it has cost already,
                and what other processes spend on it meanwhile, as for :meth:`Batches.run`; as
                before when left out. A batch that was recovered has none before it is told.

        Raises:
            InvalidRequestError: It is no amount, or less than one more turn takes; or what one
                costs is not known; or the version is a function that is gone. Nothing was sent.

        >>> batch.resume().unsent
        []
        """
        self._check_rest()
        with self._sender.alone:
            self._look()
            self._ask()
            with self._as_it_was_if_refused():
                self._allow(max_cost)
                self._send_planned()
                self._check_some_sent(NOT_SENT)
        self._report(self._cancelled_line)
        return self

    def add(
        self,
        *,
        tasks: Tasks = (),
        llms: Iterable[str] = (),
        repeats: int | None = None,
        prompt: str = "prompt",
        max_cost: float | Decimal | str | None = None,
    ) -> Batch:
        """Extend the matrix, run the missing cells, and return the batch.

        What is there already is left alone.

        Without arguments it sends what was planned and not sent, and says what was cancelled, as
        :meth:`resume` does. Running it again is safe.

        Args:
            tasks: Further tasks, in any form that :meth:`Batches.run` takes.
            llms: Further LLM options.
            repeats: How many repetitions there are to be in all.
            prompt: As for :meth:`Batches.run`.
            max_cost: As for :meth:`resume`.

        Raises:
            InvalidRequestError: A task or a number is malformed, what a turn costs is not known,
                ``max_cost`` allows none of it, or the version is a function that is gone; nothing
                was sent, and the batch is as it was.
            DariError: Nothing could be sent; the batch is as it was.

        >>> batch = d.batches.run("echo", ["Hi"], ["small"])
        >>> batch.add(tasks=["Ho"], llms=["large"], repeats=2).wait(60).counts
        {'completed': 8}
        """
        self._check_rest()
        repeats = self.repeats if repeats is None else repeats
        check_repeats(repeats, least=self.repeats)
        further = [] if _is_empty(tasks) else read_tasks(tasks, prompt=prompt)
        options = several(llms)
        check_llms(Agent(self._link, self.agent), options, [c.version for c in self.columns])
        with self._sender.alone:
            self._sender.take_over()
            found = self._find()
            with self._as_it_was_if_refused():
                self._allow(max_cost)
                self.grid.extend(further, options, repeats, found)
                self._take_in(found)
                self._ask()
                self._send_planned()
                self._check_some_sent(NOT_SENT)
        self._report(self._cancelled_line)
        return self

    def plan(self) -> Plan:
        """Return what is left to send, what that costs, and what the whole can show.

        :attr:`Plan.shows` is the smallest difference that all tasks can show.

        Raises:
            DariError: The server refused, or could not be reached.

        >>> batch.plan().sends
        0
        """
        from .plan import plan_of

        if self._session_ids():
            self._ask()
            capped, costs = self._limit is not None, self._late_costs
            wait_for(self._link.run(costs.once() if capped else costs.if_there_are_any()))
        plan = plan_of(self, self._link)
        if plan.sends or plan.failed:
            plan.more = self._version_rows(is_for_failed=not plan.sends)
        if self._limit is not None:
            told = {c: plan.cost_per_item[self.grid.names[c]] for c in self.columns}
            prices = {column: price for column, price in told.items() if price is not None}
            spending = self._spending_within(self._limit, prices)
            plan.limit(self._limit, spending.spent.total)
            if beside := spending.spent_on_others.total:
                said = f"{dollars(beside)} for what is not in this plan; max_cost counts it"
                plan.more = [*plan.more, ("spent beside", said)]
        return plan

    def _version_rows(self, *, is_for_failed: bool) -> list[tuple[str, str]]:
        """Return a row of the plan where what is asked has a newer version."""
        self._look_for_other_version()
        call = self._call_for_now({"failed"}) if is_for_failed else ""
        return [("version", said)] if (said := self._asked_still_text(call)) else []

    def _call_for_now(self, states: Container[str]) -> str:
        """Return the call that asks the agent of now what has ended so; empty for none or many."""
        ended = [cell for cell in self.cells if cell.state in states]
        indices = {cell.task_index for cell in ended}
        places = [n for n, task in enumerate(self.tasks) if task.index in indices]
        if not 0 < len(places) <= _MOST_NAMED:
            return ""
        name = self._name
        tasks = (
            f"[{name}.tasks[n] for n in {places}]" if places[1:] else f"[{name}.tasks[{places[0]}]]"
        )
        asked = {cell.llm for cell in ended}
        llms = [c.llm for c in self.columns if c.llm is not None and c.llm in asked]
        more = f", {list(dict.fromkeys(llms))}" if llms else ""
        more += f", repeats={self.repeats}" if self.repeats > 1 else ""
        return f"d.batches.run({self.agent.name!r}, {tasks}{more})"

    @property
    def _cancelled_line(self) -> str:
        return cancelled_line(self.counts.get(CANCELLED, 0))

    def _settle(self) -> None:
        self.wait()

    def _asks(
        self, agent: models.Agent, run_id: str, tasks: Sequence[Task], column: Column
    ) -> Batch:
        return Batch(self._link, agent, run_id, tasks, [column], 1, self.book.path)

    def _stopped(self) -> Ending:
        """Stop following, as the user wished; returns what to say."""
        self._stop_following()
        ending = batch_stopped(self.run_id, self._name, can_cancel=self._can_cancel)
        call = "resume" if self.unsent else "retry_failed"
        left = [f" {said}; `{self._name}.{call}()` sends them." for said in left_out(self)]
        return ending._replace(line="".join([ending.line, *left]))

    @property
    def _name(self) -> str:
        """How Python calls it; a script knows its own name for it."""
        if host.shell() is None:
            return "batch"
        return host.name_of(self) or f'd.batches.recover("{self.run_id}")'

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._ended().__await__()

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(self.counts.items()))
        size = size_text(len(self.tasks), self.columns, self.repeats)
        return f"<Batch {self.run_id}: {size}; {states}>"

    def _ipython_display_(self) -> None:
        self.follow(wait=False)

    @property
    def _paid_notes(self) -> list[str]:
        """Say what was paid twice, and by how much more than ``max_cost`` all has cost."""
        beyond = "" if self._spending is None else self._spending.beyond
        return [*sent_twice(self), *([beyond] if beyond else [])]

    def _snapshot(self) -> Matrix:
        """Return what a view shows, as it is known now; asks the server nothing."""
        left = left_out(self)
        notes = [
            *left,
            *(note for note in self._paid_notes if not any(note in said for said in left)),
            *sent_before(self, *self._sent_before),
            *([from_before(self)] if self._sent_nothing else []),
            *([only_known(is_notified=self._cancelling.has_notified)] if self._is_doubted else []),
            *([self._lost] if self._lost else []),
        ]
        return replace(super()._snapshot(), notes=notes)


def check_llms(agent: Agent, llms: Iterable[str | None], versions: Iterable[str | None]) -> None:
    """Check LLM options, as far as the server tells which there are.

    Raises:
        InvalidRequestError: The active version lacks one.
    """
    if set(versions) != {agent.active_version_id}:
        return  # only the options of the active version are known
    for llm in llms:
        if llm is not None and agent.llms and llm not in agent.llms:
            raise InvalidRequestError(
                no_llm_option(agent.name, llm, agent.llms), code="llm_not_found"
            )


def check_repeats(repeats: int, *, least: int = 1) -> None:
    """Check how many repetitions there are to be in all.

    Raises:
        InvalidRequestError: It is no number from ``least`` to 1,000.
    """
    is_number = isinstance(repeats, int) and not isinstance(repeats, bool)
    if not (is_number and least <= repeats <= MOST_REPEATS):
        raise InvalidRequestError(
            f"repeats is how many there are to be in all, from {least} to {MOST_REPEATS:,}, "
            f"not {repeats!r}.",
            code="invalid_repeats",
        )


def _is_empty(tasks: Tasks) -> bool:
    return isinstance(tasks, tuple | list) and not tasks
