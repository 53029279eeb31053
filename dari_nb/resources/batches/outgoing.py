"""A batch as it is sent and followed; what people call is in ``batch``."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ... import models
from ...errors import DariError, InvalidRequestError
from ..agents.versions import changes_of_versions
from ..connection.background import awaited, wait_for
from ..connection.progress import Progress
from .cells import UNSENT, Cell, Column
from .following.beside import Beside
from .following.cancelling import Cancelling
from .following.following import AT_ONCE, Following
from .following.late_costs import LateCosts
from .following.past_costs import past_prices
from .following.spending import INTERRUPTED, Spending, amount_of, mean_costs
from .matrix.marks import lost_ratings
from .notes import left_out
from .results import Results
from .sending.alone import sender_of
from .sending.chunks import Chunk, Job, chunks_to_send
from .sending.finding import Found, find_run
from .sending.sending import ITEMS_AT_ONCE, LEFT_BEFORE, Sending
from .sending.serving import Serving
from .sending.versions import asked_otherwise, asked_still, refusal, versions_on_server
from .tasks import Task

if TYPE_CHECKING:
    from ..connection import Link


class Outgoing(Results):
    """What a batch has to be sent and followed, whoever asks for it."""

    def __init__(
        self,
        link: Link,
        agent: models.Agent,
        run_id: str,
        tasks: Iterable[Task],
        columns: Iterable[Column],
        repeats: int,
        scores_path: str | Path | None = None,
        max_cost: float | Decimal | str | None = None,
    ) -> None:
        super().__init__(link, agent, run_id, tasks, columns, repeats, scores_path)
        client = link.stream_client
        self.started = self.found = 0
        self._is_whole, self._is_doubted = True, False
        self._sent_before = ("", 0)
        self._following: concurrent.futures.Future[None] | None = None
        self._costs: concurrent.futures.Future[None] | None = None
        self._limit: Decimal | None = None
        self._lost = self._asked_still = ""
        self._versions_there: set[str | None] = set()
        self._others = Beside(client, run_id, self.grid, partial(Cell, self))
        self._allow(max_cost)
        self._spending: Spending | None = None
        self._outlay: concurrent.futures.Future[None] | None = None
        self._sending = Sending(client, agent.id, run_id)
        self._sender = sender_of(link, run_id)
        self._followed = Following(client, run_id, self.grid, self._changed)
        self._late_costs = LateCosts(client, self.grid, self._changed)
        self._cancelling = Cancelling(link, run_id, self.grid)
        self._serving = Serving(link, agent.name, self.grid)
        self._version_changes = changes_of_versions(
            link, agent, (column.version for column in self.columns)
        )

    @property
    def unsent(self) -> list[Cell]:
        """The cells that ``max_cost`` or a cancel left out; :meth:`resume` sends them."""
        return [cell for cell in self.cells if cell.state == UNSENT]

    @property
    def is_done(self) -> bool:
        """Whether all has ended and was read that is sent; costs may still come."""
        return not self._is_sending and super().is_done

    def _recovered(self) -> Self:
        """Read what has ended, and what it has cost, and follow the rest."""
        self._is_whole = False
        self._read_ends(self._late_costs.if_there_are_any)
        self._begin_following()
        return self

    def _read_ends(self, ask_costs: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._read(self._followed.once(), "cells read", lambda cell: cell.is_settled)
        self._read(ask_costs(), "costs read", lambda cell: cell.cost_usd is not None)

    def _read(
        self, work: Coroutine[Any, Any, None], noun: str, is_read: Callable[[Cell], bool]
    ) -> None:
        """Wait for what is read of all cells, and tell how many are."""
        with Progress(len(self), noun, at_once=AT_ONCE) as progress:

            def advance() -> None:
                progress.advance(sum(map(is_read, self.cells)) - progress.done)

            wait_for(self._link.run(work), tick=advance)
            advance()

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
                "choose another name. Nothing was sent.",
                code="name_taken",
            )
        self._versions_there = {entry.column.version for entry in found}
        self._others.take(found)
        there = {entry.attempt.session_id for entry in found}
        self._lost = lost_ratings(self, there, ends_with_kernel=self._link.ends_with_kernel)

    def _find(self) -> list[Found]:
        return wait_for(self._link.run(find_run(self._link.stream_client, self.run_id)))

    def _look_at_others(self) -> None:
        """Find what other calls have sent at the same moment, also of what was left out here."""
        found = self._find()
        self.grid.take(found)
        self._others.take(found)

    async def _wait_for_costs(self) -> None:
        """Wait a moment for those that are to come, and see what others have spent meanwhile."""
        await self._late_costs.catch_up()
        with contextlib.suppress(DariError):  # what was seen before is told
            await self._see_spent_on_others()

    async def _ask_costs(self) -> None:
        await self._late_costs.once()
        await self._see_spent_on_others()

    async def _see_spent_on_others(self) -> None:
        if self._spending is not None:
            await self._others.look()
            await self._others.know_costs()
            self._changed()

    def _ask(self) -> None:
        wait_for(self._link.run(self._followed.once()))

    def _changed(self) -> None:
        if self._spending is not None:
            self._spending.look()
        super()._changed()
        self._cancelling.look()
        self._serving.look()

    async def _ended(self) -> Self:
        while not self.is_done:
            if self._outlay is not None:
                with contextlib.suppress(concurrent.futures.CancelledError):
                    await awaited(self._outlay)
            with contextlib.suppress(concurrent.futures.CancelledError):  # a view was stopped
                await awaited(self._begin_following())
        return self

    @property
    def _is_sending(self) -> bool:
        return self._spending is not None and not self._spending.is_over

    def _check_rest(self) -> None:
        """Raise ``InvalidRequestError`` while it is sent as ``max_cost`` allows."""
        if self._is_sending:
            raise InvalidRequestError(
                f"{self.run_id} is being sent still: wait() for it first.", code="still_running"
            )

    def _allow(self, max_cost: float | Decimal | str | None) -> None:
        """Take what the whole run may cost; ``None`` leaves that as it is."""
        if max_cost is not None:
            self._limit = amount_of(max_cost)

    def _send_planned(self) -> Self:
        """Send what was planned and not sent, and go on following; as :meth:`add` without more."""
        return self._send(self.grid.jobs())

    def _send(self, jobs: Iterable[Sequence[Job]]) -> Self:
        """Send what is missing, and go on following.

        Raises:
            DariError: Nothing could be sent; the error is that of the first API batch.
        """
        chunks = self._cut(jobs)
        self._check_versions(chunks)
        self._cancelling.end()
        self._is_doubted = False
        prices = {} if self._limit is None else self._prices(chunks)
        if self._sender.take_over():
            self._look()
            chunks = self._cut(jobs)
        self._forget_reasons(chunks)
        before = self._session_ids()
        if self._limit is None:
            self._send_all(chunks)
        else:
            self._send_within(self._spending_within(self._limit, prices), chunks)
        now = self._session_ids()
        self.started, self.found = len(now - before), len(before)
        if self._sending.errors and not now:
            raise self._sending.errors[0]
        if self.unsent and not now:
            raise InvalidRequestError(
                f"{left_out(self)[0]}. Nothing was sent.", code="nothing_sent"
            )
        self._begin_following()
        self._link.run(self._followed.nudge())
        return self

    def _check_planned(self) -> None:
        """Raise ``InvalidRequestError`` where what is planned and not sent cannot be asked."""
        self._check_versions(self._cut(self.grid.jobs()))

    def _check_versions(self, chunks: Sequence[Chunk]) -> None:
        """See to it that all can be asked that is to be, and note what is asked but not active.

        Raises:
            InvalidRequestError: A version takes no new session.
        """
        left = [job for chunk in chunks for job in chunk.jobs if job.sent_as is None]
        for version in self._note_versions({job.cell.version for job in left}):
            if version.refused:
                name = self._version_name(version.id)
                raise refusal(self.agent.name, name, version.refused)

    def _look_for_other_version(self) -> None:
        """Note whether what the columns ask is active."""
        self._note_versions({column.version for column in self.columns})

    def _note_versions(self, wanted: Iterable[str | None]) -> Sequence[models.AgentVersion]:
        """Note which of some versions is asked and not active; returns what the server tells."""
        client, agent = self._link.stream_client, self.agent
        asked = sorted(filter(None, wanted))
        told = wait_for(self._link.run(versions_on_server(client, agent.id, asked)))
        # Who compares versions knows that one of them is not active.
        is_one = len({column.version for column in self.columns}) == 1
        inactive = (version.id for version in told if is_one and version.is_active is False)
        self._asked_still = next(map(self._version_name, inactive), "")
        return told

    def _version_name(self, version: str | None) -> str:
        if version:
            self._link.learn_versions(self.agent.id, version)
        return self.grid.version_name(version)

    def _asked_still_text(self, call: str = "") -> str:
        """Say that an older version is asked, where the last call has found that; else nothing."""
        version = self._asked_still
        return asked_still(self.agent.name, version, call) if version else ""

    def _report(self, *lines: str, call: str = "") -> None:
        """Print what people should know of what was sent; ``call`` asks the version of now."""
        for line in filter(None, (self._asked_still_text(call), *lines)):
            print(line)  # noqa: T201

    def _report_other_versions(self) -> None:
        """Print that the run has other versions only, before this one is sent."""
        own = {column.version for column in self.columns}
        is_new = not any(cell.history for cell in self.cells)
        if is_new and (others := self._versions_there - own - {None}):
            before, now = (
                " and ".join(sorted(map(self._version_name, filter(None, versions))))
                for versions in (others, own)
            )
            print(asked_otherwise(self.run_id, before, now))  # noqa: T201

    def _forget_reasons(self, chunks: Sequence[Chunk]) -> None:
        """Say no more why cells were left out before that are not to be sent now, either."""
        wanted = {job.cell.id for chunk in chunks for job in chunk.jobs}
        for cell in self.cells:
            if cell.held is not None and cell.id not in wanted:
                cell.held = None if cell.history else LEFT_BEFORE

    def _cut(self, jobs: Iterable[Sequence[Job]]) -> list[Chunk]:
        """Return what is left to send; one each where every turn is counted."""
        most = None if self._limit is None else 1
        return [chunk for group in jobs for chunk in chunks_to_send(self.run_id, group, most)]

    def _prices(self, chunks: Sequence[Chunk]) -> Mapping[Column, Decimal]:
        """Return what a turn has cost in each column that is to be sent to."""
        columns = {chunk.jobs[0].cell.column for chunk in chunks}
        # What was spent before is not to be taken for what is spent now, and comes late.
        self._read_ends(self._late_costs.once)
        own = mean_costs(self.grid)
        client = self._link.stream_client
        return wait_for(
            self._link.run(past_prices(client, self.agent, columns, own, self._link.server))
        )

    def _spending_within(self, limit: Decimal, prices: Mapping[Column, Decimal]) -> Spending:
        wait_for(self._link.run(self._others.know_costs()))
        return Spending(self.grid, limit, prices, self._late_costs, self._others)

    def _send_all(self, chunks: Sequence[Chunk]) -> None:
        sending = self._link.run(self._sending.send(chunks))
        self._sender.goes_on(sending, lambda _: self._sending.stop(), self._give_up)
        total = sum(len(chunk.jobs) for chunk in chunks)
        try:
            with Progress(total, "sessions sent", at_once=ITEMS_AT_ONCE) as progress:
                wait_for(sending, tick=lambda: self._report_sent(progress))
                self._report_sent(progress)
        finally:
            sending.cancel()  # after an interrupt nothing more is to be paid for

    def _report_sent(self, progress: Progress) -> None:
        progress.advance(self._sending.settled - progress.done)

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

    async def _spend(self, spending: Spending, chunks: Sequence[Chunk]) -> None:
        before = self._session_ids()
        try:
            follow = self._begin_following
            own = self._link.ended_here
            await spending.send(chunks, self._sending, follow, own)
        finally:
            spending.end()
            self.started = len(self._session_ids() - before)
            self._changed()

    @contextlib.contextmanager
    def _as_it_was_if_refused(self) -> Iterator[None]:
        """Undo what was done to the cells where nothing could be sent."""
        kept, limit, sent = self.grid.state(), self._limit, self._session_ids()
        spending = self._spending
        try:
            yield
        except DariError:
            if self._session_ids() <= sent:
                self.grid.restore(kept)
                self._limit, self._spending = limit, spending or self._spending
            raise

    def _check_some_sent(self, word: str) -> None:
        """Raise ``InvalidRequestError`` where the last call has left out all there was to send."""
        left = next((said for said in left_out(self) if f" {word}: " in said), "")
        if left and not self.started and not self._is_sending:
            raise InvalidRequestError(f"{left}. Nothing was sent.", code="nothing_sent")

    def _session_ids(self) -> set[str]:
        return set(self._paid_session_ids())

    def _paid_session_ids(self) -> list[str]:
        """Return the sessions of all attempts, cell by cell."""
        return [a.session_id for cell in self.cells for a in cell.sent if a.session_id]


def _is_over(following: concurrent.futures.Future[None], is_done: bool) -> bool:
    if not following.done():
        return False
    return following.cancelled() or following.exception() is not None or not is_done
