"""What a batch is going to send, before anything is sent."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, NamedTuple

from ...errors import InvalidRequestError
from ...models.events import CANCELLED
from ...render.plain.words import count_text
from ...score_kinds import is_number
from ..connection.background import wait_for
from .cells import Column
from .following.past_costs import PastCost, late_text, not_come_yet, past_costs, what_they_cost
from .following.spending import dollars
from .matrix.grid import size_text
from .sending.chunks import chunks_to_send
from .sending.finding import found_in
from .sending.versions import rest_there

if TYPE_CHECKING:
    from ... import models
    from ...scores import Detectable, Score, ScoreBook
    from ..connection import Link
    from .matrix.sheet import Sheet


class Spread(NamedTuple):
    """How much the differences of tasks varied in a past run.

    Attributes:
        run_id: The run.
        score: The name of the score.
        sd: Pooled standard deviation of the tasks' differences, over all pairs of columns.
        largest: The largest difference that is possible; ``None`` if unknown.
    """

    run_id: str
    score: str
    sd: float
    largest: float | None


class Plan:
    """What would be sent; shown in a notebook, it is a small table.

    Attributes:
        run_id: The run.
        agent: The agent's name.
        tasks: How many tasks there are.
        repeats: How often each goes to each column.
        items: How many cells there are in all.
        found: How many are there already and are not sent.
        to_send: How many would be sent, by the column's name.
        batches: How many API batches that takes; with a cap each item is one.
        cost_per_item: What one item of a column cost in the past, in US dollars, by the column's
            name; ``None`` where nothing is known.
        failed: How many have failed, which are not sent but by ``retry``.
        retry: What sends those again, as one types it; empty where they are sent anyway.
        cancelled: How many were cancelled, which ``retry_failed(cancelled=True)`` sends again, too.
        max_cost: What the whole run may cost, in US dollars; ``None`` without a cap.
        allowed: How many of those to send that is enough for, by ``cost_per_item``; ``None`` where
            there is no cap, or nobody knows what they cost.
        spread: How much the differences of tasks varied in the past; ``None`` if unknown.
        more: What else is told of it, as names and texts.

    >>> plan = d.batches.run("calculator", ["1 + 1"], ["small"], repeats=3, dry_run=True)
    >>> plan.sends, plan.to_send
    (3, {'small': 3})
    """

    def __init__(
        self,
        batch: Sheet,
        costs: Mapping[Column, PastCost | None],
        spread: Spread | None = None,
        elsewhere: tuple[str, int] = ("", 0),
        late: Mapping[str, int] | None = None,
    ) -> None:
        name = batch.grid.names.__getitem__
        chunks = list(chunks_to_send(batch.run_id, batch.grid.jobs()[0]))
        left = [job.cell for chunk in chunks for job in chunk.jobs if job.sent_as is None]
        self.run_id = batch.run_id
        self.agent = batch.agent.name
        self._size = size_text(len(batch.tasks), batch.columns, batch.repeats)
        self.tasks = len(batch.tasks)
        self.repeats = batch.repeats
        self.items = len(batch.cells)
        self.found = self.items - len(left)
        self.failed = sum(cell.state == "failed" for cell in batch.cells)
        self.cancelled = sum(cell.state == CANCELLED for cell in batch.cells)
        self.max_cost: Decimal | None = None
        self.allowed: int | None = None
        self.spread = spread
        self.more: Sequence[tuple[str, str]] = ()
        self.retry = "retry_failed()"
        self._sent = [attempt for cell in batch.cells if cell.history for attempt in cell.sent]
        self._order = [name(cell.column) for cell in left]
        self.to_send = dict(Counter(self._order))
        self.batches = len(chunks)
        known = {name(c): costs.get(c) for c in batch.columns}
        self.cost_per_item = {name: cost and cost.mean for name, cost in known.items()}
        self._costs = known
        self._columns = list(batch.columns)
        self._elsewhere = elsewhere
        self._late = late or {}
        self._llms = {name(column): column.label for column in batch.columns}

    @property
    def sends(self) -> int:
        """How many items would be sent."""
        return sum(self.to_send.values())

    @property
    def unknown(self) -> list[str]:
        """The columns that would be sent to and whose cost nobody knows."""
        return [name for name in self.to_send if self.cost_per_item[name] is None]

    @property
    def cost_usd(self) -> Decimal | None:
        """The estimated cost of what would be sent, in US dollars; ``None`` when it is unknown."""
        if self.unknown:
            return None
        known = ((self.cost_per_item[name], count) for name, count in self.to_send.items())
        return sum((cost * count for cost, count in known if cost is not None), Decimal(0))

    @property
    def shows(self) -> Detectable | None:
        """The smallest difference of two columns that all tasks can show; ``None`` of one column.

        It is computed from ``spread``, else from the assumption of
        :func:`dari_nb.scores.detectable`. All pairs of columns are one family of comparisons.
        """
        from ...scores import detectable

        if len(self._columns) == 1:
            return None
        return detectable(
            self.tasks,
            self.repeats,
            comparisons=math.comb(len(self._columns), 2),
            sd_of_differences=self.spread and self.spread.sd,
            largest=self.spread and self.spread.largest,
        )

    def check(self, max_items: int) -> None:
        """Hold the cap.

        Raises:
            InvalidRequestError: It would be exceeded.
        """
        if not isinstance(max_items, int) or isinstance(max_items, bool):
            raise InvalidRequestError(
                f"max_items is a number, not {max_items!r}.", code="invalid_max_items"
            )
        if self.sends > max_items:
            raise InvalidRequestError(
                f"{count_text(self.sends, 'item')} would be sent, more than max_items={max_items}. "
                "Nothing was sent.",
                code="too_many_items",
            )

    def limit(self, max_cost: Decimal, spent: Decimal) -> None:
        """Tell how many of those to send a cap allows.

        Args:
            max_cost: The cap, in US dollars.
            spent: What of it is spent.

        >>> from decimal import Decimal
        >>> plan = batch.plan()
        >>> plan.limit(Decimal(1), Decimal(0))
        >>> plan.max_cost
        Decimal('1')
        """
        self.max_cost, self.batches = max_cost, self.sends
        if self.unknown:
            return
        prices = (self.cost_per_item[name] or Decimal(0) for name in self._order)
        sums = accumulate(prices, initial=spent)
        next(sums)
        self.allowed = sum(1 for _ in takewhile(lambda total: total <= max_cost, sums))

    def rows(self) -> list[tuple[str, str]]:
        """Return what the plan says, as names and texts."""
        many = "batch" if self.batches == 1 else "batches"
        sent = f"{self.sends:,} in {self.batches:,} API {many}" if self.sends else "nothing"
        retry = f"{self.retry} sends {self.failed:,} again that failed"
        sent += f"; {retry}" if self.failed and self.retry else ""
        sent += f"; {self._cancelled_text()}" if self.cancelled else ""
        cap = [("max_cost", self._cap_text())] if self.max_cost is not None and self.sends else []
        return [
            ("items", f"{self.items:,} ({self._size})"),
            ("there already", f"{self.found:,}"),
            ("to send", sent),
            ("estimated cost", self._cost_text()),
            *self._spent_rows(),
            *cap,
            *self.more,
            *self._elsewhere_rows(),
            *self._shows_rows(),
        ]

    def _cancelled_text(self) -> str:
        was = "was" if self.cancelled == 1 else "were"
        too = ", too" if self.failed else ""
        call = "retry_failed(cancelled=True)"
        return f"{call} sends {self.cancelled:,} again that {was} cancelled{too}"

    def _spent_rows(self) -> list[tuple[str, str]]:
        sent = self._sent
        known = [Decimal(attempt.cost_usd) for attempt in sent if attempt.cost_usd is not None]
        if not sent:
            return []
        said = dollars(sum(known, Decimal(0))) if known else "unknown"
        lacking = sum(attempt.cost_usd is None and not attempt.is_free for attempt in sent)
        if known and lacking:
            said += f"; the cost of {count_text(lacking, 'turn')} is not known"
        return [("spent so far", said)]

    def _elsewhere_rows(self) -> list[tuple[str, str]]:
        run_id, count = self._elsewhere
        said = f"{count:,} of these tasks, in {run_id}; {rest_there(self._columns)}"
        return [("sent before", said)] if count and self.sends else []

    def _shows_rows(self) -> list[tuple[str, str]]:
        if (shows := self.shows) is None:
            return []
        spread = self.spread
        of = f", as {spread.score} in {spread.run_id}" if spread else ""
        return [("can show", f"{shows.found}{of}")]

    def _cost_text(self) -> str:
        if self.cost_usd is not None:
            return f"{dollars(self.cost_usd)}, {self._by_text()}" if self.sends else "nothing"
        llms = {name: self._llms[name] for name in self.unknown}
        late = {llm: self._late[llm] for llm in llms.values() if llm in self._late}
        never = [name for name, llm in llms.items() if llm not in late]
        told = [f"{late_text(late)}, or never will"] if late else []
        told += [f"no past session tells {what_they_cost(never)}"] if never else []
        return f"unknown: {', and '.join(told)}"

    def _by_text(self) -> str:
        """Say by how many sessions the cost is estimated."""
        found = [cost.sessions for name in self.to_send if (cost := self._costs[name])]
        least, most = min(found), max(found)
        said = f"by {f'{least} to ' if least < most else ''}{count_text(most, 'past session')}"
        return f"{said} of each LLM" if len(found) > 1 else said

    def _cap_text(self) -> str:
        cap = dollars(self.max_cost or Decimal(0))
        if self.allowed is None:
            return f"{cap} allows nothing while the cost is unknown"
        over = "; turns under way may go over it" if self.allowed else ""
        return f"{cap} allows about {self.allowed:,} of {self.sends:,}{over}"

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from ...render import facts

        return facts(self.rows())


def plan_of(batch: Sheet, link: Link) -> Plan:
    """Return the plan of what is left to send, with what the past tells."""
    client, agent_id = link.stream_client, batch.agent.id
    sessions = wait_for(link.run(client.sessions.list(agent_id=agent_id)))
    costs = wait_for(link.run(past_costs(client, sessions, batch.columns)))
    unknown = [column for column in batch.columns if costs[column] is None]
    late = wait_for(link.run(not_come_yet(client, sessions, unknown)))
    spread = past_spread(batch.book, [batch.run_id, *_runs(sessions)])
    return Plan(batch, costs, spread, sent_elsewhere(batch, sessions), late)


def past_spread(book: ScoreBook, run_ids: Iterable[str]) -> Spread | None:
    """Return how differences varied in the first of these runs that has scores of two columns."""
    from ...scores.detectable import sd_of_differences

    given: dict[str, list[Score]] = defaultdict(list)
    for score in book.scores():
        given[score.run_id].append(score)
    for run_id in run_ids:
        for name, columns in _values_by_score(given[run_id]).items():
            if (sd := sd_of_differences(columns.values())) is not None:
                values = [v for of in columns.values() for task in of.values() for v in task]
                are_shares = min(values) >= 0 and max(values) <= 1
                return Spread(run_id, name, sd, 1.0 if are_shares else None)
    return None


def _values_by_score(scores: Iterable[Score]) -> dict[str, dict[Column, dict[int, list[float]]]]:
    """Return the numbers of a run by score, column and task."""
    found: dict[str, dict[Column, dict[int, list[float]]]] = {}
    for score in scores:
        task, llm, version, _ = score.spot
        parts = score.value if isinstance(score.value, dict) else {"": score.value}
        for part, value in parts.items():
            if is_number(value):
                columns = found.setdefault(f"{score.name}.{part}" if part else score.name, {})
                columns.setdefault(Column(llm, version), {}).setdefault(task, []).append(value)
    return found


def _runs(sessions: Iterable[models.Session]) -> list[str]:
    """Return the runs that sessions belong to, the latest first."""
    latest = sorted(sessions, key=lambda session: session.created_at or "", reverse=True)
    found = ((session.metadata or {}).get("managed_run_id") for session in latest)
    return list(dict.fromkeys(run_id for run_id in found if isinstance(run_id, str)))


def sent_elsewhere(batch: Sheet, sessions: Iterable[models.Session]) -> tuple[str, int]:
    """Return which other run has most of what is not sent yet, and how many tasks of it."""
    left = {(cell.task.key, cell.column) for cell in batch.cells if not cell.history}
    found: dict[str, set[tuple[str, Column]]] = defaultdict(set)
    for session in sessions:
        entry = found_in(session)
        if entry is not None and (entry.task_key, entry.column) in left:
            found[str((session.metadata or {})["managed_run_id"])].add(
                (entry.task_key, entry.column)
            )
    found.pop(batch.run_id, None)
    run_id, cells = max(found.items(), key=lambda run: len(run[1]), default=("", set()))
    return run_id, len({key for key, _ in cells})
