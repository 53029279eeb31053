"""A batch: tasks with LLMs, as one object however many API batches it takes."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import DariError, InvalidRequestError
from ...models.events import CANCELLED
from ..agents.agent import Agent
from ..agents.versions import gists_of
from ..link import host
from ..link.background import awaited, wait_for
from ..sessions.arguments import several
from ..showing.words import Ending, StoppedWatching, batch_stopped
from .cells import UNSENT, Cell, Column
from .following.cancelling import Cancelling
from .following.following import Following
from .following.late_costs import LateCosts
from .following.past_costs import past_prices
from .following.spending import INTERRUPTED, Spending, amount_of
from .matrix.grid import size_text
from .matrix.marks import lost_ratings
from .results import Results
from .sending.alone import sender_of
from .sending.chunks import Chunk, Job, chunks_to_send
from .sending.finding import MOST_REPEATS, Found, find_run
from .sending.sending import LEFT_BEFORE, Sending
from .sending.serving import Serving
from .tasks import Task, Tasks, read_tasks

if TYPE_CHECKING:
    from ...render.matrix.matrix import Matrix
    from ..kernel_tools.tool import Approve, Given
    from ..link import Link
    from .plan import Plan


NOT_SENT, NOT_AGAIN = "not sent", "not sent again"


class Batch(Results):
    """Tasks with LLMs, some number of times; shown in a notebook, it is a live matrix.

    >>> batch = d.batches.run("calculator", ["2 + 2"], ["small", "large"])
    >>> batch.wait()[0, "small"].text
    '$$2 + 2 = 4$$'

    Attributes:
        started: How many sessions the last call has started: making it, adding, or retrying.
        found: How many sessions were there before that call, and so were not paid for again.
    """

    def __init__(
        self,
        link: Link,
        agent: models.Agent,
        run_id: str,
        tasks: Iterable[Task],
        columns: Iterable[Column],
        repeats: int,
        scores: str | Path | None = None,
        max_cost: float | Decimal | str | None = None,
    ) -> None:
        super().__init__(link, agent, run_id, tasks, columns, repeats, scores)
        client = link.stream_client
        self.started = self.found = 0
        self._is_whole = True
        self._is_doubted = False
        self._sent_before = ("", 0)
        self._following: concurrent.futures.Future[None] | None = None
        self._costs: concurrent.futures.Future[None] | None = None
        self._limit: Decimal | None = None
        self._lost = ""
        self._allow(max_cost)
        self._spending: Spending | None = None
        self._outlay: concurrent.futures.Future[None] | None = None
        self._sending = Sending(client, agent.id, run_id)
        self._sender = sender_of(link, run_id)
        self._followed = Following(client, run_id, self.grid, self._changed)
        self._late_costs = LateCosts(client, self.grid, self._changed)
        self._cancelling = Cancelling(link, run_id, self.grid)
        self._serving = Serving(link, agent.name, self.grid)
        self._gists = gists_of(link, agent, (column.version for column in self.columns))

    @property
    def is_new(self) -> bool:
        """Whether the last call has started sessions; ``False`` when all were there already."""
        return self.started > 0

    @property
    def unsent(self) -> list[Cell]:
        """The cells that ``max_cost`` or a cancel left out; :meth:`resume` sends them."""
        return [cell for cell in self.cells if cell.state == UNSENT]

    @property
    def is_done(self) -> bool:
        """Whether all has ended and was read that is sent; costs may still come."""
        return not self._is_sending and super().is_done

    @property
    def outcome(self) -> str:
        """What the last call has done, in a line.

        >>> d.batches.run("echo", ["Hi"], fresh=True).outcome
        'run_...: 1 session started'
        """
        from ...render import count_text

        if self._from_before():
            return f"{self.run_id}: nothing sent, {self._there()}"
        said = [f"{self.run_id}: {count_text(self.started, 'session')} started"]
        said += [f"{self.found} there already"] if self.found else []
        said += ["more as max_cost allows"] if self._is_sending else self._left_out()
        return ", ".join([*said, *self._again()])

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
        wait_for(self._link.run(self._late_costs.catch_up()))
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
        from ..showing.passing import Passing
        from .subject import BatchSubject

        if self.is_done:
            self._costs_come()
        elif not wait and not host.in_kernel():
            print(repr(self))  # noqa: T201
            return self
        Passing(BatchSubject(self)).follow(timeout, wait=wait)
        return self

    def answer_tools(self, tools: Given, *, approve: Approve | None = None) -> Batch:
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
        >>> batch.answer_tools(stock, approve="always").wait(60)[1, None].text
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
        wait_for(self._link.run(self._late_costs.once()))
        return self

    def cancel(self) -> Batch:
        """End all its turns on the server, wait until they have, and return the batch.

        Those that wait end, too, and what is not sent yet is not sent (contract, section 18.3),
        whichever object of this run is sending it in this process: :meth:`resume` does. Another
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
        left alone, and a line says how many that are.

        Each time counts as one more attempt; the older ones stay in ``cell.history``. To call it
        again is safe, here or in another process: what was sent again already is left alone, and
        goes out once more only when that has failed, too.

        Args:
            cancelled: Send again what was cancelled, too, as far as it had been sent.
            max_cost: As for :meth:`resume`.

        Raises:
            InvalidRequestError: Nothing has failed, or ``max_cost`` allows none of it.
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
            left = "" if cancelled else cancelled_line(self.counts.get(CANCELLED, 0))
            if not known | (wanted & self.counts.keys()):
                nothing = f"Nothing of {self.run_id} has failed: nothing was sent."
                raise InvalidRequestError(f"{nothing} {left}".strip())
            self._allow(max_cost)
            self._send(self.grid.jobs(again=wanted))
        self._check_some_sent(NOT_AGAIN)
        if left:
            print(left)  # noqa: T201
        return self

    def resume(self, *, max_cost: float | Decimal | str | None = None) -> Batch:
        """Send what ``max_cost``, an interrupt or a cancel has left out, and return the batch.

        To call it again is safe: what was sent is left alone.

        Args:
            max_cost: What the whole run may cost, in US dollars, with all that it has cost already;
                as before when left out. A batch that was recovered has none before it is told.

        Raises:
            InvalidRequestError: It is no amount, or less than one more turn takes; or what one
                costs is not known. Nothing was sent.

        >>> batch.resume().unsent
        []
        """
        self._check_rest()
        with self._sender.alone:
            self._look()
            self._ask()
            self._allow(max_cost)
            self._send_planned()
        self._check_some_sent(NOT_SENT)
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

        Without arguments it sends what was planned and not sent. Running it again is safe.

        Args:
            tasks: Further tasks, in any form that :meth:`Batches.run` takes.
            llms: Further LLM options.
            repeats: How many repetitions there are to be in all.
            prompt: As for :meth:`Batches.run`.
            max_cost: As for :meth:`resume`.

        Raises:
            InvalidRequestError: A task or a number is malformed, what a turn costs is not known,
                or ``max_cost`` allows none of it; nothing was sent, and the batch is as it was.
            DariError: Nothing could be sent; the batch is as it was.

        >>> batch = d.batches.run("echo", ["Hi"], ["small"])
        >>> batch.add(tasks=["Ho"], llms=["large"], repeats=2).wait(60).counts
        {'completed': 8}
        """
        self._check_rest()
        check_repeats(repeats or self.repeats, least=self.repeats)
        further = [] if _is_empty(tasks) else read_tasks(tasks, prompt=prompt)
        options = several(llms)
        check_llms(Agent(self._link, self.agent), options, [c.version for c in self.columns])
        with self._sender.alone:
            self._sender.take_over()
            found = self._find()
            with self._as_it_was_if_refused():
                self._allow(max_cost)
                self.grid.extend(further, options, repeats or self.repeats, found)
                self._take_in(found)
                self._ask()
                self._send_planned()
                self._check_some_sent(NOT_SENT)
        return self

    def plan(self) -> Plan:
        """Return what is left to send, what that costs, and what the whole can show.

        Raises:
            DariError: The server refused, or could not be reached.

        >>> batch.plan().sends
        0
        """
        from .plan import plan_of

        plan = plan_of(self, self._link)
        if self._limit is not None:
            self._ask()
            wait_for(self._link.run(self._late_costs.once()))
            told = {c: plan.cost_per_item[self.grid.names[c]] for c in self.columns}
            prices = {column: price for column, price in told.items() if price is not None}
            plan.hold(self._limit, Spending(self.grid, self._limit, prices).spent.total)
        return plan

    def _settle(self) -> None:
        self.wait()

    def _asks(
        self, agent: models.Agent, run_id: str, tasks: Sequence[Task], column: Column
    ) -> Batch:
        return Batch(self._link, agent, run_id, tasks, [column], 1, self.book.path)

    def _recovered(self) -> Batch:
        """Read what has ended, and what it has cost, and follow the rest."""
        self._is_whole = False
        self._ask()
        wait_for(self._link.run(self._late_costs.if_there_are_any()))
        self._begin_following()
        return self

    def _begin_following(self) -> concurrent.futures.Future[None]:
        """Return the future of the end; starts, or takes up again, what was stopped."""
        if self._following is None or _is_over(self._following, self.is_done):
            self._following = self._link.run(self._followed.to_the_end())
        self._costs_come()
        return self._following

    def _costs_come(self) -> concurrent.futures.Future[None]:
        """Return the future of the last costs, which come some seconds after the end."""
        if self._costs is None or (self._costs.done() and not self.is_done):
            self._costs = self._link.run(self._late_costs.to_the_last())
        return self._costs

    def _stop_following(self) -> None:
        """Ask for nothing any more, until somebody waits or looks again; the batch goes on."""
        if self._spending is not None:
            self._spending.stop(INTERRUPTED)
        if self._following is not None:
            self._following.cancel()

    def _stopped(self) -> Ending:
        """Stop following, as the user wished; returns what to say."""
        self._stop_following()
        ending = batch_stopped(self.run_id, self._name, can_cancel=self._can_cancel)
        call = "resume" if self.unsent else "retry_failed"
        left = [f" {said}; `{self._name}.{call}()` sends them." for said in self._left_out()]
        return ending._replace(line="".join([ending.line, *left]))

    @property
    def _name(self) -> str:
        """How Python calls it; a script knows its own name for it."""
        if host.shell() is None:
            return "batch"
        return host.name_of(self) or f'd.batches.recover("{self.run_id}")'

    @property
    def _can_cancel(self) -> bool:  # type: ignore[override]
        return self._link.offers("cancel")

    def _end_turns(self) -> concurrent.futures.Future[None]:
        if not self._can_cancel:
            return super()._end_turns()
        was_sent_here = self._sender.give_up(self._give_up)
        self._is_doubted = not self._is_whole and not was_sent_here
        return self._give_up()

    def _give_up(self) -> concurrent.futures.Future[None]:
        self._sending.stop()
        self._begin_following()
        return self._cancelling.begin(is_whole=self._is_whole)

    def _look(self) -> None:
        """Find what was sent of it before.

        Raises:
            InvalidRequestError: The run is about other tasks, or another agent.
        """
        self._take_in(self._find())

    def _take_in(self, found: Sequence[Found]) -> None:
        """Take in sessions that are there; errors as of :meth:`_look`."""
        others = (entry.agent_id not in ("", self.agent.id) for entry in found)
        what = "its agent" if any(others) else self.grid.take(found)
        if what is not None:
            raise InvalidRequestError(
                f"There is a run {self.run_id!r} already, and {what} is another one there: "
                "choose another name. Nothing was sent."
            )
        there = {entry.attempt.session_id for entry in found}
        self._lost = lost_ratings(self, there, ends_with_kernel=self._link.ends_with_kernel)

    def _send_planned(self) -> Batch:
        """Send what was planned and not sent, and go on following; as :meth:`add` without more."""
        return self._send(self.grid.jobs())

    def _allow(self, max_cost: float | Decimal | str | None) -> None:
        """Take what the whole run may cost; ``None`` leaves that as it is."""
        if max_cost is not None:
            self._limit = amount_of(max_cost)

    @contextlib.contextmanager
    def _as_it_was_if_refused(self) -> Iterator[None]:
        """Undo what was done to the cells where nothing could be sent."""
        kept, limit, sent = self.grid.kept(), self._limit, self._session_ids()
        try:
            yield
        except DariError:
            if self._session_ids() <= sent:
                self.grid.restore(kept)
                self._limit = limit
            raise

    def _check_some_sent(self, word: str) -> None:
        """Raise ``InvalidRequestError`` where the last call has left out all there was to send."""
        left = next((said for said in self._left_out() if f" {word}: " in said), "")
        if left and not self.started and not self._is_sending:
            raise InvalidRequestError(f"{left}. Nothing was sent.")

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._ended().__await__()

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def __repr__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.counts.items()))
        size = size_text(len(self.tasks), self.columns, self.repeats)
        return f"<Batch {self.run_id}: {size}; {states}>"

    def _ipython_display_(self) -> None:
        self.follow(wait=False)

    @property
    def _is_sending(self) -> bool:
        return self._spending is not None and not self._spending.is_over

    def _left_out(self) -> list[str]:
        """Say what was left out and why, if anything was."""
        again = [cell for cell in self.cells if cell.history and cell.held is not None]
        return [
            f"{len(left)} of {len(self)} {word}: {left[0].held}"
            for left, word in ((self.unsent, NOT_SENT), (again, NOT_AGAIN))
            if left
        ]

    def _twice(self) -> list[str]:
        """Say how many cells were sent twice, if any was."""
        count = sum(bool(cell.doubles) for cell in self.cells)
        said = f"{count} of {len(self)} sent twice, by two calls at the same moment"
        return [f"{said}: the cost is that of both"] if count else []

    def _from_before(self) -> list[str]:
        """Say of when the answers are, where the last call was to make some and has sent none."""
        from .matching import day_of

        is_limited = self._is_sending or self._left_out()
        if self.started or not self.found or is_limited:
            return []
        day = day_of(self, "%b %-d %H:%M")
        return [f"nothing sent, answers of {day}" if day else "nothing sent"]

    def _there(self) -> str:
        """Say what is there where nothing was sent, and which call sends what is not."""
        calls = {"failed": "", CANCELLED: "cancelled=True"}
        broken = {state: count for state in calls if (count := self.counts.get(state, 0))}
        said = [
            f"{count} of {len(self)} {state}: retry_failed({calls[state]}) sends "
            f"{'it' if count == 1 else 'them'} again"
            for state, count in broken.items()
        ]
        if not self._is_whole:
            rest = "d.batches.run() with all its tasks sends what is missing"
            said.append(f"a recovered run knows only what was sent: {rest}")
        return "; ".join(said) or "all is there already (--fresh or fresh=True runs it again)"

    def _again(self) -> list[str]:
        """Say which run had most of these tasks before, where this one is new."""
        run_id, count = self._sent_before
        said = f"{count} of these tasks were sent before, in {run_id}"
        is_most = 2 * count > len(self.tasks)
        return [f"{said}; its add() sends only what is missing there"] if is_most else []

    def _known(self) -> list[str]:
        """Say what may go on after a cancel, where only what was sent is known."""
        if not self._is_doubted:
            return []
        then = "it stops soon" if self._cancelling.has_told else "it goes on: cancel it there"
        said = f"should another process be sending this run, {then}"
        return [f"{said}; only what was sent is known here"]

    def _snapshot(self) -> Matrix:
        """Return what a view shows, as it is known now; asks the server nothing."""
        notes = [
            *self._left_out(),
            *self._twice(),
            *self._again(),
            *self._from_before(),
            *self._known(),
            *([self._lost] if self._lost else []),
        ]
        return replace(super()._snapshot(), notes=notes)

    async def _ended(self) -> Batch:
        while not self.is_done:
            if self._outlay is not None:
                with contextlib.suppress(concurrent.futures.CancelledError):
                    await awaited(self._outlay)
            with contextlib.suppress(concurrent.futures.CancelledError):  # a view was stopped
                await awaited(self._begin_following())
        return self

    def _changed(self) -> None:
        super()._changed()
        if self._spending is not None:
            self._spending.look()
        self._cancelling.look()
        self._serving.look()

    def _ask(self) -> None:
        wait_for(self._link.run(self._followed.once()))

    def _find(self) -> list[Found]:
        return wait_for(self._link.run(find_run(self._link.stream_client, self.run_id)))

    def _send(self, jobs: Iterable[Sequence[Job]]) -> Batch:
        """Send what is missing, and go on following.

        Raises:
            DariError: Nothing could be sent; the error is that of the first API batch.
        """
        self._cancelling.end()
        self._is_doubted = False
        chunks = self._cut(jobs)
        prices = {} if self._limit is None else self._prices(chunks)
        if self._sender.take_over():
            self._look()
            chunks = self._cut(jobs)
        self._forget_reasons(chunks)
        before = self._session_ids()
        if self._limit is None:
            self._send_all(chunks)
        else:
            self._send_within(Spending(self.grid, self._limit, prices), chunks)
        now = self._session_ids()
        self.started, self.found = len(now - before), len(before)
        if self._sending.errors and not now:
            raise self._sending.errors[0]
        if self.unsent and not now:
            raise InvalidRequestError(f"{self._left_out()[0]}. Nothing was sent.")
        self._begin_following()
        self._link.run(self._followed.nudge())
        return self

    def _forget_reasons(self, chunks: Sequence[Chunk]) -> None:
        """Say no more why cells were left out before that are not to be sent now, either."""
        wanted = {job.cell.id for chunk in chunks for job in chunk.jobs}
        for cell in self.cells:
            if cell.held is not None and cell.id not in wanted:
                cell.held = None if cell.history else LEFT_BEFORE

    def _send_all(self, chunks: Sequence[Chunk]) -> None:
        sending = self._link.run(self._sending.send(chunks))
        self._sender.goes_on(sending, lambda _: self._sending.stop(), self._give_up)
        try:
            wait_for(sending)
        finally:
            sending.cancel()  # after an interrupt nothing more is to be paid for

    def _cut(self, jobs: Iterable[Sequence[Job]]) -> list[Chunk]:
        """Return what is left to send; one each where every turn is counted."""
        most = None if self._limit is None else 1
        return [chunk for group in jobs for chunk in chunks_to_send(self.run_id, group, most)]

    def _prices(self, chunks: Sequence[Chunk]) -> Mapping[Column, Decimal]:
        """Return what a turn has cost in each column that is to be sent to."""
        columns = {chunk.jobs[0].cell.column for chunk in chunks}
        names = {self.grid.names[column]: column for column in columns}
        own = Spending(self.grid, Decimal(0), {}).prices_now()
        if not columns <= own.keys():
            wait_for(self._link.run(self._late_costs.once()))
            own = Spending(self.grid, Decimal(0), {}).prices_now()
        client = self._link.stream_client
        return wait_for(
            self._link.run(past_prices(client, self.agent, names, own, self._link.server))
        )

    def _send_within(self, spending: Spending, chunks: Sequence[Chunk]) -> None:
        """Begin to send what a limit allows; the rest follows while it is followed."""
        for chunk in chunks:
            chunk.jobs[0].cell.held = None
        self._spending = spending
        self._outlay = self._link.run(self._spend(spending, chunks))
        self._outlay.add_done_callback(lambda _: spending.end())
        self._sender.goes_on(self._outlay, spending.stop, self._give_up)
        try:
            wait_for(spending.begun)
        except BaseException:
            self._outlay.cancel()
            raise

    def _check_rest(self) -> None:
        """Raise ``InvalidRequestError`` while it is sent as ``max_cost`` allows."""
        if self._is_sending:
            raise InvalidRequestError(f"{self.run_id} is being sent still: wait() for it first.")

    async def _spend(self, spending: Spending, chunks: Sequence[Chunk]) -> None:
        before = self._session_ids()
        try:
            follow = self._begin_following
            own = self._link.ended_here
            await spending.send(chunks, self._sending, self._late_costs, follow, own)
        finally:
            spending.end()
            self.started = len(self._session_ids() - before)
            self._changed()

    def _session_ids(self) -> set[str]:
        return set(self._paid_session_ids())

    def _paid_session_ids(self) -> list[str]:
        """Return the sessions of all attempts, cell by cell."""
        return [a.session_id for cell in self.cells for a in cell.sent if a.session_id]


def cancelled_line(count: int) -> str:
    """Say how many cells were cancelled and are left alone; empty when none was."""
    if not count:
        return ""
    was, they = ("was", "it") if count == 1 else ("were", "them")
    return f"{count} {was} cancelled: retry_failed(cancelled=True) sends {they}, too."


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
