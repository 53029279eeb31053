"""What a batch is going to send, before anything is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property, partial
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING

from ...errors import InvalidRequestError
from ...models.events import CANCELLED
from ...render.plain.words import count_text, short_id
from ..connection.background import wait_for
from .cells import Column
from .following.cancelling import cancelled_in
from .following.countable import Countable, Pair
from .following.past_costs import PastCost, late_text, not_come_yet, past_costs, what_they_cost
from .following.past_scores import past_scores, run_of
from .following.precedents import Past, Precedent, named
from .following.spending import dollars
from .matrix.grid import size_text
from .matrix.picture import without_means
from .sending.chunks import chunks_to_send
from .sending.finding import found_in
from .sending.versions import rest_there

if TYPE_CHECKING:
    from ... import models
    from ...render.matrix.matrix import MatrixCell
    from ...scores import Detectable
    from ..connection import Link
    from .matrix.sheet import Sheet

_ASSUMED = "assumed, since no score tells yet how much values vary"


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
        shows: The smallest difference between two columns that all of it is likely to show, as the
            matrix tells it; ``None`` where none is told. Of three columns or more those two are
            told whose difference takes most to show; several columns, and several scores, are as
            many comparisons as the matrix judges together. Counted are whole tasks on which both
            columns have a score. What has ended counts as it is, and of what is to come past runs
            of the agent tell, the run itself before others. Those come first that have scores of
            the most of these LLMs, in these versions, and then of the most tasks; only scores of
            this name tell that may be on one scale. Where versions of one LLM are compared, other
            runs tell only that have scores of all of these.

            - How values vary: the first run tells in which both columns have scores of five same
              tasks or more. Else each one's first run tells in which it has scores of five tasks or
              more, and their values are taken as uncorrelated. What is of the versions that are
              compared comes first in both; what is not is said to be of another version. Else
              columns stand in, of a run that has one of them before one that has neither, and it is
              said of which nothing there tells how they vary. Where none varies, values are assumed
              to be 0 and 1, if no score is of another kind.
            - How many get no score: the first run that has both columns tells, or else each one's
              first run of its own; of versions as above. What no run has is taken to lose none.

            What failed, or could not be scored, has no score; of yes and no, and of shares, it is 0
            for whichever column is the better one, as it is where the matrix names that. Where
            shares were in steps, such as quarters, those to come are drawn in the same steps. What
            was answered can fail no more. More repeats than the run had get a score the more as
            those of their task did the more alike these were; after one repeat alone others are not
            known to differ, and show no more. See :func:`dari_nb.scores.detectable`.
        more: What else is told of it, as names and texts.

    >>> plan = d.batches.run("calculator", ["1 + 1"], ["small"], repeats=3, dry_run=True)
    >>> plan.sends, plan.to_send
    (3, {'small': 3})
    """

    def __init__(
        self,
        batch: Sheet,
        costs: Mapping[Column, PastCost | None],
        past: Past | None = None,
        elsewhere: tuple[str, int] = ("", 0),
        late: Mapping[str, int] | None = None,
    ) -> None:
        name = batch.grid.names.__getitem__
        chunks = list(chunks_to_send(batch.run_id, batch.grid.jobs()[0]))
        jobs = [job for chunk in chunks for job in chunk.jobs if job.sent_as is None]
        self.run_id = batch.run_id
        self.agent = batch.agent.name
        self._size = size_text(len(batch.tasks), batch.columns, batch.repeats)
        self.tasks = len(batch.tasks)
        self.repeats = batch.repeats
        self.items = len(batch.cells)
        self.found = self.items - len(jobs)
        self.failed = sum(cell.state == "failed" for cell in batch.cells)
        self.cancelled = sum(cell.state == CANCELLED for cell in batch.cells)
        self.max_cost: Decimal | None = None
        self.allowed: int | None = None
        self.more: Sequence[tuple[str, str]] = ()
        self.retry = "retry_failed()"
        self._left = [job.cell for job in jobs]
        self._there = [cell for cell in batch.cells if cell.history]
        self._order = [name(cell.column) for cell in self._left]
        self.to_send = dict(Counter(self._order))
        self.batches = len(chunks)
        known = {name(c): costs.get(c) for c in batch.columns}
        self.cost_per_item = {name: cost and cost.mean for name, cost in known.items()}
        self._costs = known
        self._columns = list(batch.columns)
        self._past = past or Past()
        matrix = without_means(batch)
        self._countable = Countable(matrix, self._past)
        self._seen = matrix.by_id
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

    @cached_property
    def shows(self) -> Detectable | None:
        """What all of it is likely to show; its drawing takes up to a second, or a few."""
        return self._shown_by([*self._seen.values()])

    @cached_property
    def shows_within(self) -> Detectable | None:
        """What the part is likely to show that is there or that ``max_cost`` allows.

        That are the tasks that each column has, as often as all of them, and of these what is
        counted of ``shows``; ``None`` where they are none, where nothing is left out, and where no
        difference is told.
        """
        return self._shown_by(self._part) if self._part else None

    @cached_property
    def _part(self) -> list[MatrixCell]:
        """What of it is in each column, of each task as often."""
        if not self._is_cut:
            return []
        found: dict[tuple[int, Column], list[MatrixCell]] = defaultdict(list)
        for cell in [*self._there, *self._left[: self.allowed]]:
            found[cell.task_index, cell.column].append(self._seen[cell.id])
        tasks = {task for task, _ in found}
        times = {t: min(len(found[t, column]) for column in self._columns) for t in tasks}
        least = min(filter(None, times.values()), default=0)
        return [
            cell
            for (task, _), cells in found.items()
            if times[task]
            for cell in sorted(cells, key=self._countable.has, reverse=True)[:least]
        ]

    @property
    def _is_cut(self) -> bool:
        return self.allowed is not None and self.allowed < self.sends

    def _shown_by(self, cells: Sequence[MatrixCell]) -> Detectable | None:
        from ...scores.power.detectable import planned

        past, countable = self._past, self._countable
        pairs = countable.pairs(cells)
        if past.untold or not pairs or not all(pair.tasks for pair in pairs):
            return None
        asked = [(pair.size, pair.precedent.known) for pair in pairs]
        found, place = planned(asked, countable.comparisons, past.limits)
        pair = pairs[place]
        told = self._supposed(pair, pairs, found.assumption)
        failed = self._failed_before(pairs) if self.sends else []
        parts = told, countable.report(cells, pair), *failed
        told = "; ".join(filter(None, parts))
        return replace(found, tasks=pair.tasks, repeats=int(pair.repeats), assumption=told)

    def _supposed(self, pair: Pair, pairs: Sequence[Pair], assumption: str) -> str:
        """Say in short what is supposed, and by which columns of how many."""
        past, two = self._past, pair.precedent
        if two.known is None:
            return assumption.replace("assumed", _ASSUMED, 1)
        names = self._names(two.whose)
        there = [each for each in pairs if each.precedent.run_ids == two.run_ids]
        told = self._names(column for each in there for column in each.precedent.whose)
        without = self._names(column for each in there for column in each.losing.of) - told
        are_several = len({frozenset(self._names(each.precedent.whose)) for each in pairs}) > 1
        of = f"variance of {two.name} {self._where(two)}"
        if (without or are_several) and len(two.run_ids) == 1:
            of += f" of {named(names)}"
        of += self._of_other_version(two)
        if are_several and not names <= (compared := self._names(pair.losing.of)):
            of += f", in place of {named(compared)}"
        if are_several:
            of += ", whose difference takes most to show"
        if without:
            vary = "varies" if len(without) == 1 else "vary"
            of += f", and nothing there tells how {named(without)} {vary}"
        for is_on, runs in (("is on", past.apart), ("seems to be on", past.far)):
            if runs:
                own = self.run_id
                where = named("this run" if run == own else f"run {short_id(run)}" for run in runs)
                of += f", while it {is_on} another scale in {where}"
        if self.run_id not in two.run_ids and past.has_own:
            is_own = past.telling[0].run_id == self.run_id
            known = self._names(past.telling[0].enough if is_own else ())
            lacking = f" of {named(names - known or names)}" if known else ""
            of += f", since this run's own scores tell nothing{lacking}"
        return assumption.replace("variance of earlier values", of)

    def _failed_before(self, pairs: Iterable[Pair]) -> list[str]:
        """Say of which columns cells failed last, where another run is told of, or none."""
        telling: dict[Column, set[str]] = defaultdict(set)
        for pair in pairs:
            for column, run_id in zip(pair.losing.of, pair.losing.run_ids, strict=True):
                telling[column].add(run_id)
        runs: dict[str, list[Column]] = defaultdict(list)
        for column, (*_, run_id) in self._past.failed.items():
            if column in telling and run_id not in telling[column]:
                runs[run_id].append(column)
        told = []
        for run_id, columns in runs.items():
            failed = sum(self._past.failed[column][0] for column in columns)
            of = sum(self._past.failed[column][1] for column in columns)
            many = f"all {of:,}" if failed == of else f"{failed:,} of {of:,}"
            whose = named(self._names(columns))
            told.append(f"{many} cells of {whose} failed in run {short_id(run_id)}")
        return told

    def _where(self, two: Precedent) -> str:
        """Say in which run values vary so, or in which runs, and on how many tasks."""
        if len(two.run_ids) == 1:
            tasks = two.known.tasks if two.known else 0
            return f"in run {short_id(two.run_ids[0])} on {count_text(tasks, 'task')}"
        each = (
            f"of {self._countable.name(column)} in run {short_id(run)} "
            f"on {count_text(len(values), 'task')}"
            for column, run, values in zip(two.whose, two.run_ids, two.values, strict=True)
        )
        return f"{' and '.join(each)}, taken as uncorrelated"

    def _of_other_version(self, two: Precedent) -> str:
        """Say whose other version tells, where none that is compared does."""
        llms = {column.llm for column in self._columns}
        other = [of for of in two.whose if of not in self._columns and of.llm in llms]
        if not other:
            return ""
        is_both = len(other) == len(two.whose)
        return (
            ", of another version"
            if is_both
            else f", {named(self._names(other))} in another version"
        )

    def _names(self, columns: Iterable[Column]) -> set[str]:
        return {*map(self._countable.name, columns)}

    def _shown_text(self, shown: Detectable | None) -> str:
        """Say what can be shown, or why nothing is told."""
        if shown is not None:
            return shown.found
        if self._past.untold:
            return f"unknown: {self._past.untold}"
        return f"unknown{self._countable.why_none([*self._seen.values()])}"

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
        columns = ", ".join(self.cost_per_item)
        many = "batch" if self.batches == 1 else "batches"
        sent = f"{self.sends:,} in {self.batches:,} API {many}" if self.sends else "nothing"
        retry = f"{self.retry} sends {self.failed:,} again that failed"
        sent += f"; {retry}" if self.failed and self.retry else ""
        sent += f"; {self._cancelled_text()}" if self.cancelled else ""
        cap = [("max_cost", self._cap_text())] if self.max_cost is not None and self.sends else []
        return [
            ("agent", self.agent),
            ("run", self.run_id),
            ("items", f"{self.items:,} ({self._size})"),
            ("LLMs", columns),
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
        sent = [attempt for cell in self._there for attempt in cell.sent]
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
        if len(self._columns) == 1:
            return []  # there is nothing that it could differ from
        everything = self._shown_text(self.shows)
        if not self._is_cut or self._past.untold:
            return [("can show", everything)]
        said = "no task is in each column with what max_cost allows"
        if self._part:
            part = self.shows_within
            size = f", {count_text(part.tasks, 'task')} x {part.repeats}" if part else ""
            said = f"with what max_cost allows{size}: {self._shown_text(part)}"
        return [("can show", said), ("all of it", everything)]

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
    tell = partial(past_scores, batch.book, batch.run_id, batch.columns)
    past = tell(sessions)
    telling = past.run_ids(batch.columns)
    there = [session for session in sessions if run_of(session) in telling]
    if cancelled := wait_for(link.run(cancelled_in(client, there))):
        past = tell([session for session in sessions if session.id not in cancelled])
    return Plan(batch, costs, past, sent_elsewhere(batch, sessions), late)


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
