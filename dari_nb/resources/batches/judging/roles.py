"""What takes part where an agent is asked: what is judged, how, and the batch of questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from decimal import Decimal

    from .... import models
    from ...connection import Link
    from ..cells import Cell, Column
    from ..plan import Plan
    from ..sending.finding import Found
    from ..tasks import Task


class Asked(Protocol):
    """The batch of questions."""

    run_id: str
    started: int

    @property
    def cells(self) -> Sequence[Cell]:
        """One each."""

    @property
    def is_done(self) -> bool:
        """Whether all have ended."""

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for them."""

    def refresh(self) -> Any:
        """Ask once for what is not known of them."""

    def plan(self) -> Plan:
        """Return what is left to send."""

    def _look_at_others(self) -> None: ...

    def _take_in(self, found: Sequence[Found]) -> None: ...

    def _allow(self, max_cost: float | Decimal | str | None) -> None: ...
    def _send_planned(self) -> Any: ...

    def _stop_following(self) -> None: ...

    @property
    def _can_cancel(self) -> bool: ...


class Judging(Protocol):
    """What is judged: :class:`Results` is one."""

    run_id: str
    _link: Link

    def _asks(
        self, agent: models.Agent, run_id: str, tasks: Sequence[Task], column: Column
    ) -> Any: ...


class Asking(Protocol):
    """How is asked: :class:`Wish` is one."""

    @property
    def seed(self) -> int:
        """Says the order."""

    @property
    def again(self) -> bool:
        """Whether what has no verdict is asked once more."""

    @property
    def max_cost(self) -> float | Decimal | str | None:
        """What all of it may cost, in US dollars."""
