"""What a batch may cost: it is sent a turn at a time, as far as the money goes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import Future
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from ....errors import InvalidRequestError
from ....models.events import CANCELLED
from ..cells import Cell, Column
from ..sending.chunks import Chunk
from ..sending.sending import ELSEWHERE, Sending
from .late_costs import SOON, LateCosts

AT_ONCE = 8
"""Turns under way at once."""
_PAUSE = 0.25
_MOST_DIGITS = 15
_MOST_BITS = 64
_LEAST = Decimal("0.0001")
"""Smaller amounts are told as less than that, but not where they are a limit."""
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


NOTHING = Spent(Decimal(0), Decimal(0))


class Spending:
    """Sends what fits into a limit, which holds for all that a run has ever cost.

    A turn is sent when what was spent leaves enough for it, with estimates for the turns whose cost
    is not known yet. At most eight are under way, and those that have ended are until their cost
    is known; those that failed or were cancelled, which may cost nothing, only some seconds. Costs
    that come late are waited for, some seconds, before there is said to be no more to spend.

    Args:
        cells: Gives the cells as they are now, each time it is iterated.
        limit: US dollars.
        prices: What a turn of each column has cost in the past.
        beside: What the run has spent on what is in none of the cells, such as another version.

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
        beside: Spent = NOTHING,
    ) -> None:
        self._cells = cells
        self._beside = beside
        self._prices = prices
        self._news = asyncio.Event()
        self._left: deque[Chunk] = deque()
        self._before = {cell.session_id for cell in cells}
        self._over = {a.session_id for cell in cells for a in cell.history if a.has_ended}
        self.limit = limit
        self._was_over = self.spent.total > limit
        self.why = ""
        self.begun: Future[None] = Future()
        self.is_over = False

    @property
    def spent(self) -> Spent:
        """What the run has cost until now."""
        (known, estimated), prices = self._beside, self.prices_now()
        for cell in self._cells:
            for attempt in cell.sent:
                if attempt.cost is not None:
                    known += Decimal(attempt.cost)
                elif attempt.session_id is not None:
                    estimated += prices.get(cell.column, Decimal(0))
        return Spent(known, estimated)

    def look(self) -> None:
        """Something is new; on the background loop."""
        self._news.set()

    def stop(self, why: str) -> None:
        """Send no more, and leave out the rest. From any thread."""
        if self.is_over or not self._left:
            return
        self.why = self.why or why
        for chunk in list(self._left):
            for job in chunk.jobs:
                if job.sent_as is None:
                    job.cell.held = self.why

    def end(self) -> None:
        """It is over, however that came."""
        self.stop(INTERRUPTED)
        self.is_over = True
        self._tell()

    async def send(
        self,
        chunks: Iterable[Chunk],
        sending: Sending,
        costs: LateCosts,
        follow: Callable[[], Future[None]],
        own: Container[str],
    ) -> None:
        """Send one after the other, as far as they fit; what does not is left out.

        Args:
            chunks: API batches of one item each.
            sending: Sends them.
            costs: Knows which costs may still come.
            follow: Has all that was sent followed.
            own: Sessions whose turns this process itself has ended; when others are cancelled,
                somebody elsewhere wants no more of it.
        """
        self._left.extend(chunks)
        sending.begin()
        following: Future[None] | None = None
        while self._left and not self.why:
            if sending.is_stopped:
                await self._go_on(sending, len(self._left))
            elif reason := self._cannot(costs, following, own):
                self.stop(reason)
            elif count := self._fitting(costs):
                await self._go_on(sending, count)
                self._tell()
            elif self._may_fit_later(costs):
                self._tell()
                following = follow()
                await self._rest()
            else:
                price = dollars(self._next_price)
                self.stop(f"{self._spent_text()}, and one more turn costs about {price}")

    async def _go_on(self, sending: Sending, count: int) -> None:
        await sending.go_on([self._left.popleft() for _ in range(count)])

    def _cannot(self, costs: LateCosts, following: Future[None] | None, own: Container[str]) -> str:
        """Say why no more may be sent, whatever is left to spend; empty when nothing is wrong."""
        if following is not None and following.done() and not following.cancelled():
            error = following.exception()
            if error is not None:
                return f"the server cannot be asked: {error}"
        if self._is_cancelled_elsewhere(own):
            return ELSEWHERE
        awaited = costs.awaited()
        for cell in self._cells:
            is_new = cell.session_id not in self._before
            if is_new and _lacks_cost(cell) and cell.session_id not in awaited:
                return f"what {cell.id} has cost stays unknown; {self._spent_text()}"
        return ""

    def _is_cancelled_elsewhere(self, own: Container[str]) -> bool:
        attempts = (attempt for cell in self._cells for attempt in cell.history)
        ended = {attempt.session_id for attempt in attempts if attempt.state == CANCELLED}
        return any(session_id not in own for session_id in ended - self._over)

    def _fitting(self, costs: LateCosts) -> int:
        """Return how many may be sent now."""
        prices = self.prices_now()
        room = AT_ONCE - self._under_way() - self._unpaid(costs)
        rest, count = self.limit - self.spent.total, 0
        for chunk in self._left:
            rest -= prices[chunk.jobs[0].cell.column]
            if rest < 0 or count >= room:
                break
            count += 1
        return count

    def _may_fit_later(self, costs: LateCosts) -> bool:
        if self._under_way():
            return True
        tries = costs.awaited().values()
        if self._next_price <= self.limit - self.spent.total:
            return bool(tries)
        return any(count < SOON for count in tries)

    def _spent_text(self) -> str:
        spent = self.spent
        estimated = f" ({dollars(spent.estimated)} of it estimated)" if spent.estimated else ""
        is_tiny = 0 < self.limit < _LEAST
        limit = f"${self.limit.normalize():f}" if is_tiny else dollars(self.limit)
        total, limit = dollars(spent.total), f"max_cost={limit}"
        if spent.total <= self.limit:
            return f"{total} of {limit} is spent{estimated}"
        why = "" if self._was_over else ", for turns that were under way"
        over = dollars(spent.total - self.limit)
        return f"{total} is spent{estimated}, {over} more than {limit}{why}"

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
        known: dict[Column, list[Decimal]] = defaultdict(list)
        for cell in self._cells:
            for attempt in cell.sent:
                if attempt.cost is not None:
                    known[cell.column].append(Decimal(attempt.cost))
        means = {column: sum(of, Decimal(0)) / len(of) for column, of in known.items()}
        return {**self._prices, **means}

    def _unpaid(self, costs: LateCosts) -> int:
        """Count the turns that have ended and whose cost may come yet."""
        ended = (attempt for cell in self._cells for attempt in cell.history)
        broken_off = {a.session_id for a in ended if a.state in ("failed", CANCELLED)}
        tries = costs.awaited().items()
        return sum(session_id not in broken_off or count <= SOON for session_id, count in tries)

    async def _rest(self) -> None:
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), _PAUSE)

    def _tell(self) -> None:
        if not self.begun.done():
            self.begun.set_result(None)


def amount_of(max_cost: float | Decimal | str) -> Decimal:
    """Take an amount of US dollars.

    Raises:
        InvalidRequestError: It is none.
    """
    is_long = isinstance(max_cost, int) and max_cost.bit_length() > _MOST_BITS
    text = "" if is_long else str(max_cost)
    try:
        amount = Decimal(text) if text.isascii() else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or abs(amount.adjusted()) > _MOST_DIGITS:
        told = "one of so many digits" if is_long else f"{max_cost!r:.80}"
        raise InvalidRequestError(f"max_cost is an amount of US dollars, not {told}.")
    return amount


def dollars(amount: Decimal) -> str:
    """Say an amount, such as $0.50."""
    from ....render.plain.words import cost_text

    return cost_text(amount)


def _lacks_cost(cell: Cell) -> bool:
    """Whether it was answered, and nobody says what that cost; what failed may cost nothing."""
    return cell.state == "completed" and cell.is_settled and cell.cost is None
