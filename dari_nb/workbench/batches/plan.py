"""What a batch is going to send, before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from ...errors import InvalidRequestError
from .cells import Column
from .sending.chunks import chunks_to_send
from .tasks import size_text

if TYPE_CHECKING:
    from .batch import Batch


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
        batches: How many API batches that takes.
        cost_per_item: What one item of a column cost in the past, in US dollars, by the column's
            name; ``None`` where nothing is known.

    >>> plan = d.batches.run("calculator", ["1 + 1"], ["small"], repeats=3, dry_run=True)
    >>> plan.sends, plan.to_send
    (3, {'small': 3})
    """

    def __init__(self, batch: Batch, costs: Mapping[Column, Decimal | None]) -> None:
        name = batch.grid.column_id
        chunks = list(chunks_to_send(batch.run_id, batch.grid.jobs()[0]))
        jobs = [job for chunk in chunks for job in chunk.jobs if job.sent_as is None]
        self.run_id = batch.run_id
        self.agent = batch.agent.name
        self.tasks = len(batch.tasks)
        self.repeats = batch.repeats
        self.items = len(batch.cells)
        self.found = self.items - len(jobs)
        self.to_send = dict(Counter(name(job.cell.column) for job in jobs))
        self.batches = len(chunks)
        self.cost_per_item = {name(c): costs.get(c) for c in batch.columns}

    @property
    def sends(self) -> int:
        """How many items would be sent."""
        return sum(self.to_send.values())

    @property
    def unknown(self) -> list[str]:
        """The columns that would be sent to and whose cost nobody knows."""
        return [name for name in self.to_send if self.cost_per_item[name] is None]

    @property
    def cost(self) -> Decimal | None:
        """The estimated cost of what would be sent, in US dollars; ``None`` when it is unknown."""
        if self.unknown:
            return None
        known = ((self.cost_per_item[name], count) for name, count in self.to_send.items())
        return sum((cost * count for cost, count in known if cost is not None), Decimal(0))

    def check(self, max_items: int | None, max_cost: float | Decimal | str | None) -> None:
        """Hold the caps; a cost that is not known does not pass ``max_cost``.

        Raises:
            InvalidRequestError: A cap would be exceeded.
        """
        if max_items is not None and not isinstance(max_items, int):
            raise InvalidRequestError(f"max_items is a number, not {max_items!r}.")
        if max_items is not None and self.sends > max_items:
            from ...render import count_text

            raise InvalidRequestError(
                f"{count_text(self.sends, 'item')} would be sent, more than max_items={max_items}. "
                "Nothing was sent."
            )
        if max_cost is None or not self.sends:
            return
        if self.cost is None:
            raise InvalidRequestError(
                f"No past session tells what {', '.join(self.unknown)} costs, so max_cost cannot "
                "be held: run one task first, or leave it out. Nothing was sent."
            )
        if self.cost > _amount(max_cost):
            raise InvalidRequestError(
                f"It would cost about {_dollars(self.cost)}, more than max_cost={max_cost}. "
                "Nothing was sent."
            )

    def rows(self) -> list[tuple[str, str]]:
        """Return what the plan says, as names and texts."""
        columns = ", ".join(self.cost_per_item)
        size = size_text(self.tasks, len(self.cost_per_item), self.repeats)
        many = "batch" if self.batches == 1 else "batches"
        sent = f"{self.sends} in {self.batches} API {many}" if self.sends else "nothing"
        return [
            ("agent", self.agent),
            ("run", self.run_id),
            ("items", f"{self.items} ({size})"),
            ("LLMs", columns),
            ("there already", str(self.found)),
            ("to send", sent),
            ("estimated cost", self._cost_text()),
        ]

    def _cost_text(self) -> str:
        if self.cost is not None:
            return f"{_dollars(self.cost)}, by past sessions" if self.sends else "nothing"
        return f"unknown: no past session tells what {', '.join(self.unknown)} costs"

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from ...render import facts

        return facts(self.rows())


def _amount(max_cost: float | Decimal | str) -> Decimal:
    try:
        amount = Decimal(str(max_cost))
    except InvalidOperation:
        amount = Decimal("NaN")
    if amount.is_nan():
        raise InvalidRequestError(f"max_cost is an amount of US dollars, not {max_cost!r}.")
    return amount


def _dollars(amount: Decimal) -> str:
    return f"${amount:.4f}" if amount < 1 else f"${amount:.2f}"
