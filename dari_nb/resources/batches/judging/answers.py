"""What came back for questions, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..cells import Cell
    from .verdicts import Verdict


@dataclass
class Answers:
    """What was answered.

    Attributes:
        verdicts: By the questions' ids.
        batches: The batches that were asked.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    batches: list[Any] = field(default_factory=list)

    def take(self, verdicts: Mapping[str, Verdict]) -> None:
        """Take verdicts in; what is open still takes none away that was there."""
        known = self.verdicts
        known |= {id_: v for id_, v in verdicts.items() if not v.is_open or id_ not in known}

    @property
    def cost(self) -> Decimal:
        """What the sessions are known to have cost, in US dollars."""
        return sum(self._known, Decimal(0))

    @property
    def cost_of_one(self) -> Decimal:
        """What one has cost on average, in US dollars; 0 where nothing is known."""
        return self.cost / max(1, len(self._known))

    def without_reason(self, of: int) -> list[str]:
        """Say how many verdicts gave none of the reasons that they were asked for, if any did."""
        bare = [v for v in self.verdicts.values() if v.value is not None and not v.reason]
        return [f"{len(bare)} of {of} came without a reason"] if bare else []

    @property
    def _cells(self) -> list[Cell]:
        cells = (cell for batch in self.batches for cell in batch.cells)
        return [*{cell.session_id: cell for cell in cells if cell.session_id}.values()]

    @property
    def _known(self) -> list[Decimal]:
        from ....render.matrix.figures import amount_of as known_amount

        found = (known_amount(cell.cost_usd) for cell in self._cells)
        return [amount for amount in found if amount is not None]

    @property
    def paid(self) -> list[str]:
        """Say what was paid twice, or beyond ``max_cost``, and what the sessions cost."""
        return [*self.batches[-1]._paid_notes, self._cost_line]

    @property
    def _cost_line(self) -> str:
        """Say what the sessions cost, those that were there before included."""
        from ....render import count_text
        from ....render.plain.words import cost_text

        cells, known = self._cells, self._known
        started = sum(batch.started for batch in self.batches)
        parts = [f"{count_text(started, 'session')} started, {len(cells) - started} there already"]
        parts += [f"{cost_text(self.cost)} in all"] if known else []
        missing = sum(
            cell.cost_usd is None and not all(attempt.is_free for attempt in cell.sent)
            for cell in cells
        )
        unknown = "1 cost is unknown" if missing == 1 else f"{missing} costs are unknown"
        return " · ".join([*parts, *([unknown] if missing else [])])
