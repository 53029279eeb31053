"""Which cells go into which API batch, so that nothing is sent twice, in whatever order it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..cells import Cell
from ..keys import chunk_key

MOST_ITEMS = 100
"""Items of one API batch (contract, section 11)."""
MOST_BYTES = 8_000_000
"""Of what is sent with one API batch, unless one item has more; a server may take less."""


@dataclass(frozen=True)
class Job:
    """A cell to be sent, and for the how-manieth time."""

    cell: Cell
    number: int = 1

    @property
    def sent_as(self) -> str | None:
        """Key of the API batch in which this was sent already; ``""`` when it is not known."""
        attempt = self.cell.attempt(self.number)
        return None if attempt is None else attempt.chunk_key or ""

    @property
    def identity(self) -> list[Any]:
        """What makes it this job and no other."""
        cell = self.cell
        column = [cell.column.version, cell.column.llm]
        return [cell.task.index, cell.task.key, *column, cell.repeat, self.number]


@dataclass(frozen=True)
class Chunk:
    """One API batch: its idempotency key, and its items in order."""

    key: str
    jobs: Sequence[Job]

    def halves(self, run_id: str) -> list[Chunk]:
        """Cut it in two, for a server that does not take as much at once."""
        middle = len(self.jobs) // 2
        return [_chunk(run_id, jobs) for jobs in (self.jobs[:middle], self.jobs[middle:])]


def chunks_to_send(run_id: str, jobs: Sequence[Job], most: int | None = None) -> Iterator[Chunk]:
    """Cut jobs into API batches, leaving out what was sent.

    An API batch of which only some items are known is sent whole, under the key it had: the server
    then answers with the original. So it does not matter where a process was killed, or that items
    without a session cannot be found. Two processes that send the same at the same time make the
    same cuts; other columns, repeats or ``most`` make others.

    Args:
        run_id: The run they belong to.
        jobs: All jobs in their order, those that were sent included.
        most: How many there are in an API batch; as many as it takes when left out.
    """
    for cut in _cuts(jobs, most or MOST_ITEMS):
        chunk = _unsent(run_id, cut)
        if chunk is not None:
            yield chunk


def _cuts(jobs: Sequence[Job], most: int) -> Iterator[list[Job]]:
    cut: list[Job] = []
    size = 0
    for job in jobs:
        if cut and (len(cut) == most or size + job.cell.task.size > MOST_BYTES):
            yield cut
            cut, size = [], 0
        cut.append(job)
        size += job.cell.task.size
    if cut:
        yield cut


def _chunk(run_id: str, jobs: Sequence[Job]) -> Chunk:
    return Chunk(chunk_key(run_id, [job.identity for job in jobs]), jobs)


def _unsent(run_id: str, jobs: Sequence[Job]) -> Chunk | None:
    """Leave out what was sent in other API batches, one after the other, until a key fits."""
    while any(job.sent_as is None for job in jobs):
        chunk = _chunk(run_id, jobs)
        other = next((job.sent_as for job in jobs if job.sent_as not in (None, chunk.key)), None)
        if other is None:
            return chunk
        jobs = [job for job in jobs if job.sent_as != other]
    return None
