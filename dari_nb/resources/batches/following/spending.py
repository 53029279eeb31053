"""What a batch may cost: it is sent a turn at a time, as far as the money goes."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import Future
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import NamedTuple

from ....errors import DariError, InvalidRequestError
from ....models.events import CANCELLED
from ..cells import Cell, Column
from ..sending.chunks import Chunk
from ..sending.sending import ELSEWHERE, Sending
from .beside import Beside
from .late_costs import LateCosts

AT_ONCE = 8
"""Turns under way at once."""
_PAUSE = 0.25
_MOST_DIGITS = 15
_MOST_BITS = 64
_LEAST = Decimal("0.0001")
"""Smaller amounts are told as less than that, but not where they are a limit."""
_PLAIN = re.compile(r"\s*\+?(\d+\.?\d*|\.\d+)\s*", re.ASCII)
INTERRUPTED = "sending was interrupted"


class Spent(NamedTuple):
    """What has been spent, in US dollars.

    Attributes:
        known: What is known to have been spent.
        estimated: What turns may have cost, or will, of which that is not known.
    """

    known: Decimal
    estimated: Decimal

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.known + self.estimated


class Spending:
    """Sends what fits into a limit, which holds for all that a run has ever cost.

    A turn is sent when what was spent leaves enough for it, with estimates for the turns whose cost
    is not known yet, and at most eight are under way, also when they have ended, until their cost
    is known. What failed and shows nothing of an LLM is so for some seconds only, and free then,
    or at once where an earlier call has sent it; what was cancelled stays estimated.

    What other processes send of the run meanwhile counts the same, estimated while its cost is not
    known: it is looked for before more is sent. So the limit holds but for what is under way, which
    is at most eight turns of each process.

    Costs that come late are waited for, some seconds, before there is said to be no more to spend;
    those that come after that are told as well.

    Args:
        cells: Gives the cells as they are now, each time it is iterated.
        limit: US dollars.
        prices: What a turn of each column has cost in the past.
        costs: Knows which costs may still come.
        others: What the run has sent that is in none of the cells, such as another version.

    Attributes:
        why: Why some are left out; empty while none is.
        begun: Done when something was sent, or has to wait.
        is_over: Whether no more is sent.
    """

    def __init__(
        self,
        cells: Iterable[Cell],
        limit: Decimal,
        prices: Mapping[Column, Decimal],
        costs: LateCosts,
        others: Beside,
    ) -> None:
        self._cells = cells
        self._others = others
        self._prices = prices
        self._costs = costs
        self._news = asyncio.Event()
        self._left: deque[Chunk] = deque()
        self._before = {a.session_id for cell in self._all() for a in cell.history}
        self._over = {a.session_id for cell in cells for a in cell.history if a.has_ended}
        self._let_go = self._ended_without_cost()
        self._explain: Callable[[], str] | None = None
        self.limit = limit
        self._was_over = self.spent.total > limit
        self.why = ""
        self.begun: Future[None] = Future()
        self.is_over = False

    @property
    def spent(self) -> Spent:
        """What the run has cost until now."""
        return self._spent_on(self._all())

    @property
    def spent_on_others(self) -> Spent:
        """What of that is for what is in none of the cells."""
        return self._spent_on(self._others)

    def _spent_on(self, cells: Iterable[Cell]) -> Spent:
        prices = self.prices_now()
        # What nobody knows a price of costs what the others do.
        usual = sum(prices.values(), Decimal(0)) / max(1, len(prices))
        known = estimated = Decimal(0)
        soon = (self._costs.soon() | self._others.soon()) - self._before
        for cell in cells:
            for attempt in cell.sent:
                if attempt.cost_usd is not None:
                    known += Decimal(attempt.cost_usd)
                elif attempt.session_id in soon or not attempt.is_free:
                    estimated += prices.get(cell.column, usual)
        return Spent(known, estimated)

    def _all(self) -> list[Cell]:
        """Return the cells, and what the run has sent beside them."""
        return [*self._cells, *self._others]

    def look(self) -> None:
        """Something is new, such as a cost that is told with why some are left out.

        On the background loop.
        """
        self._news.set()
        if self._explain is not None:
            self._leave_out_rest(self._explain())

    def stop(self, why: str) -> None:
        """Send no more, and leave out the rest. From any thread."""
        if self.is_over or not self._left:
            return
        self._leave_out_rest(self.why or why)

    def _leave_out_rest(self, why: str) -> None:
        """Say why the rest is left out, in place of what was said of it before."""
        before, self.why = self.why, why
        for chunk in list(self._left):
            for job in chunk.jobs:
                if job.sent_as is None and (not before or job.cell.held == before):
                    job.cell.held = why

    def end(self) -> None:
        """It is over, however that came."""
        self.stop(INTERRUPTED)
        self.is_over = True
        self._notify()

    async def send(
        self,
        chunks: Iterable[Chunk],
        sending: Sending,
        follow: Callable[[], Future[None]],
        own: Container[str],
    ) -> None:
        """Send one after the other, as far as they fit; what does not is left out.

        Args:
            chunks: API batches of one item each.
            sending: Sends them.
            follow: Has all that was sent followed.
            own: Sessions whose turns this process itself has ended; when others are cancelled,
                somebody elsewhere wants no more of it.
        """
        self._left.extend(chunks)
        self._costs.probe_again()
        sending.begin()
        following: Future[None] | None = None
        while self._left and not self.why:
            if self._room() > 0:
                await self._look_at_others()
            if sending.is_stopped:
                await self._go_on(sending, len(self._left))
            elif reason := self._cannot(following, own):
                self.stop(reason)
            elif cell := self._never_paid():
                self._stop_for_money(partial(self._unknown_text, cell))
            elif count := self._fitting():
                await self._go_on(sending, count)
                self._notify()
            elif self._may_fit_later():
                self._notify()
                following = follow()
                await self._rest()
            else:
                self._stop_for_money(self._no_more_text)

    def _stop_for_money(self, explain: Callable[[], str]) -> None:
        """Leave out the rest for what was spent, which is told anew when more is known of it."""
        why = explain()
        self.stop(why)
        if self.why == why:
            self._explain = explain

    async def _look_at_others(self) -> None:
        try:
            await self._others.look_again()
        except DariError as error:
            self.stop(_cannot_ask(error))

    async def _go_on(self, sending: Sending, count: int) -> None:
        self._let_go |= self._ended_without_cost() - self._unpaid()
        await sending.go_on([self._left.popleft() for _ in range(count)])

    def _cannot(self, following: Future[None] | None, own: Container[str]) -> str:
        """Say why no more may be sent, whatever was spent; empty when nothing is wrong."""
        if following is not None and following.done() and not following.cancelled():
            error = following.exception()
            if error is not None:
                return _cannot_ask(error)
        return ELSEWHERE if self._is_cancelled_elsewhere(own) else ""

    def _never_paid(self) -> Cell | None:
        """Return a cell that was sent now, has cost something, and whose cost comes no more."""
        known = self._before | self._costs.awaited().keys()
        return next((cell for cell in self._cells if _lacks_cost(cell, known)), None)

    def _unknown_text(self, cell: Cell) -> str:
        is_unknown = _lacks_cost(cell, self._before)
        what = "stays unknown" if is_unknown else "came late"
        return f"what {cell.id} has cost {what}; {self._spent_text()}"

    def _no_more_text(self) -> str:
        spent, price = self._spent_text(), self._next_price
        if price <= self.limit - self.spent.total:
            return f"{spent}, as costs tell that came late; resume() sends more"
        return f"{spent}, and one more turn costs about {dollars(price)}"

    def _is_cancelled_elsewhere(self, own: Container[str]) -> bool:
        attempts = (attempt for cell in self._cells for attempt in cell.history)
        ended = {attempt.session_id for attempt in attempts if attempt.state == CANCELLED}
        return any(session_id not in own for session_id in ended - self._over)

    def _fitting(self) -> int:
        """Return how many may be sent now."""
        prices, room = self.prices_now(), self._room()
        rest, count = self.limit - self.spent.total, 0
        for chunk in self._left:
            rest -= prices[chunk.jobs[0].cell.column]
            if rest < 0 or count >= room:
                break
            count += 1
        return count

    def _room(self) -> int:
        """Return how many more may be under way."""
        return AT_ONCE - self._under_way() - len(self._unpaid())

    def _may_fit_later(self) -> bool:
        if self._under_way():
            return True
        if self._next_price <= self.limit - self.spent.total:
            return bool(self._costs.awaited())
        return bool(self._costs.soon() | self._others.soon())

    @property
    def beyond(self) -> str:
        """Say by how much more was spent than may be; empty while that is not so."""
        return self._spent_text() if self.spent.total > self.limit else ""

    def _spent_text(self) -> str:
        spent = self.spent
        estimated = f" ({dollars(spent.estimated)} of it estimated)" if spent.estimated else ""
        is_tiny = 0 < self.limit < _LEAST
        limit = f"${self.limit.normalize():f}" if is_tiny else dollars(self.limit)
        total, limit = dollars(spent.total), f"max_cost={limit}"
        if spent.total <= self.limit:
            return f"{total} of {limit} is spent{estimated}"
        over = dollars(spent.total - self.limit)
        return f"{total} is spent{estimated}, {over} more than {limit}{self._why_beyond()}"

    def _why_beyond(self) -> str:
        """Say which turns it was that went beyond the limit; empty where that was so before."""
        if self._was_over:
            return ""
        sent = (attempt for cell in self._cells for attempt in cell.sent)
        costs = (attempt.cost_usd for attempt in sent if attempt.session_id in self._let_go)
        late = sum((Decimal(cost) for cost in costs if cost is not None), Decimal(0))
        is_all_late = late >= self.spent.total - self.limit
        what = [] if is_all_late else ["that were under way"]
        what += ["whose costs came late"] if late else []
        return f", for turns {' or '.join(what)}"

    @property
    def _next_price(self) -> Decimal:
        """What the next turn costs, by what others of its column have cost."""
        return self.prices_now()[self._left[0].jobs[0].cell.column]

    def _under_way(self) -> int:
        attempts = (attempt for cell in self._cells for attempt in cell.history)
        return sum(
            attempt.session_id is not None and not attempt.is_settled for attempt in attempts
        )

    def prices_now(self) -> dict[Column, Decimal]:
        """Return what a turn costs: as here on average, or where none is known, as in the past."""
        return {**self._prices, **mean_costs(self._all())}

    def _unpaid(self) -> set[str | None]:
        """Return the sessions of turns that have ended and are under way until their cost comes.

        Of what had failed before it may never come, as of turns that a server was stopped in.
        """
        ended = [attempt for cell in self._cells for attempt in cell.history]
        free = {attempt.session_id for attempt in ended if not attempt.is_charged}
        free |= {a.session_id for a in ended if a.state == "failed"} & self._before
        return {*(self._costs.awaited().keys() - free), *self._costs.soon()}

    def _ended_without_cost(self) -> set[str | None]:
        ended = (a for cell in self._cells for a in cell.sent if a.is_settled)
        return {attempt.session_id for attempt in ended if attempt.cost_usd is None}

    async def _rest(self) -> None:
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), _PAUSE)

    def _notify(self) -> None:
        if not self.begun.done():
            self.begun.set_result(None)


def mean_costs(cells: Iterable[Cell]) -> dict[Column, Decimal]:
    """Return what a turn of each column costs on average, where that is known of any."""
    known: dict[Column, list[Decimal]] = defaultdict(list)
    for cell in cells:
        for attempt in cell.sent:
            if attempt.cost_usd is not None:
                known[cell.column].append(Decimal(attempt.cost_usd))
    return {column: sum(of, Decimal(0)) / len(of) for column, of in known.items()}


def _cannot_ask(error: BaseException) -> str:
    return f"the server cannot be asked: {error}"


def amount_of(max_cost: float | Decimal | str) -> Decimal:
    """Take an amount of US dollars; a text is a plain decimal number.

    Raises:
        InvalidRequestError: It is none.
    """
    is_long = isinstance(max_cost, int) and max_cost.bit_length() > _MOST_BITS
    text = "" if is_long else str(max_cost)
    is_plain = not isinstance(max_cost, str) or _PLAIN.fullmatch(text) is not None
    try:
        amount = Decimal(text if is_plain else "NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or abs(amount.adjusted()) > _MOST_DIGITS:
        told = "one of so many digits" if is_long else f"{max_cost!r:.80}"
        raise InvalidRequestError(
            f"max_cost is an amount of US dollars, not {told}.", code="invalid_max_cost"
        )
    return amount


def dollars(amount: Decimal) -> str:
    """Say an amount, such as $0.50."""
    from ....render.plain.words import cost_text

    return cost_text(amount)


def _lacks_cost(cell: Cell, but: Container[str | None]) -> bool:
    """Whether an attempt has a cost that nobody tells, but for some sessions."""
    ended = (a for a in cell.history if a.is_settled and a.session_id not in but)
    return any(attempt.is_charged and attempt.cost_usd is None for attempt in ended)
