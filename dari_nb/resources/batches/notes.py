"""What a batch says of itself beside its cells: what was left out, sent before, or paid twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.events import CANCELLED
from .cells import UNSENT
from .sending.versions import rest_there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cells import Cell
    from .results import Results


NOT_SENT, NOT_AGAIN = "not sent", "not sent again"
NO_LIMIT = "without max_cost, which a recovered run has only once a call gives it"
_CALLS = {"failed": "retry_failed()", CANCELLED: "retry_failed(cancelled=True)"}
"""What sends again what has ended so."""


def left_out(batch: Results) -> list[str]:
    """Say what was left out and why, if anything was."""
    unsent = [cell for cell in batch.cells if cell.state == UNSENT]
    again = [cell for cell in batch.cells if cell.history and cell.held is not None]
    return [
        f"{len(left):,} of {len(batch):,} {word}: {_why_left(left)}"
        for left, word in ((unsent, NOT_SENT), (again, NOT_AGAIN))
        if left
    ]


def _why_left(left: Sequence[Cell]) -> str:
    """Say why cells were left out; what has ended before another call sends again."""
    why, is_named, does = (left[0].held or "").rpartition("; resume()")
    states = {cell.state for cell in left if cell.history}
    # What sends those again that were cancelled sends what failed, too.
    call = next((call for state, call in reversed(_CALLS.items()) if state in states), "resume()")
    return f"{why}; {call}{does}" if is_named else does


def sent_twice(batch: Results) -> list[str]:
    """Say how many cells were sent twice, if any was."""
    twice = [cell for cell in batch.cells if cell.doubles]
    said = f"{len(twice):,} of {len(batch):,} sent twice, by two calls at the same moment"
    is_known = all(attempt.cost_usd is not None for cell in twice for attempt in cell.sent)
    cost = "the cost is that of both" if is_known else "what both have cost is not known yet"
    return [f"{said}: {cost}"] if twice else []


def from_before(batch: Results) -> str:
    """Say of when the answers are, where none was made now, and what was cancelled before."""
    from .matching import day_of

    day = day_of(batch, "%b %-d %H:%M")
    said = f"nothing sent, answers of {day}" if day else "nothing sent"
    return "; ".join([said, *_sent_again(batch, CANCELLED)])


def there(batch: Results, *, is_whole: bool) -> str:
    """Say what is there where nothing was sent, and which call sends what is not."""
    said = [*_sent_again(batch, "failed"), *_sent_again(batch, CANCELLED)]
    if not is_whole:
        rest = "d.batches.run() with all its tasks sends what is missing"
        said.append(f"a recovered run knows only what was sent: {rest}")
    return "; ".join(said) or "all is there already (--new-run or new_run=True runs it again)"


def _sent_again(batch: Results, state: str) -> list[str]:
    """Say which call sends again what has ended so, if anything has."""
    if not (count := batch.counts.get(state, 0)):
        return []
    call, them = _CALLS[state], "it" if count == 1 else "them"
    return [f"{count:,} of {len(batch):,} {state}: {call} sends {them} again"]


def sent_before(batch: Results, run_id: str, count: int) -> list[str]:
    """Say which run had most of these tasks before, where this one is new."""
    said = f"{count:,} of these tasks were sent before, in {run_id}"
    is_most = 2 * count > len(batch.tasks)
    return [f"{said}; {rest_there(batch.columns)}"] if is_most else []


def only_known(*, is_notified: bool) -> str:
    """Say what may go on after a cancel, where only what was sent is known."""
    then = "it stops soon" if is_notified else "it goes on: cancel it there"
    said = f"should another process be sending this run, {then}"
    return f"{said}; only what was sent is known here"


def cancelled_line(count: int) -> str:
    """Say how many cells were cancelled and are left alone; empty when none was."""
    if not count:
        return ""
    was, they = ("was", "it") if count == 1 else ("were", "them")
    return f"{count:,} {was} cancelled: retry_failed(cancelled=True) sends {they}, too."
