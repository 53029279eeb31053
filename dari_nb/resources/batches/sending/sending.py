"""Sends the cells of a batch, as API batches of at most 100 items."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .... import models
from ....errors import DariError, InvalidRequestError, PayloadTooLargeError, detail_text
from ....models import file_block
from ..cells import Attempt, Cell
from .chunks import MOST_ITEMS, Chunk, Job

if TYPE_CHECKING:
    from ....client import AsyncClient
    from ..tasks import Task

_AT_ONCE = 4
ITEMS_AT_ONCE = _AT_ONCE * MOST_ITEMS
"""Items that are on their way at once at most."""
GIVEN_UP = "the run was cancelled before; resume() sends what is missing"
LEFT_BEFORE = "left out before; resume() sends what is missing"
ELSEWHERE = "turns of it were cancelled from elsewhere; resume() sends what is missing"


class Sending:
    """Sends API batches of one run; each file is uploaded once.

    Attributes:
        errors: Why API batches could not be sent, in order.
        settled: Of how many items it is known what became of them.
    """

    def __init__(self, client: AsyncClient, agent_id: str, run_id: str) -> None:
        self._client = client
        self._agent_id = agent_id
        self._run_id = run_id
        self._file_ids: dict[str, str] = {}
        self._uploading = asyncio.Lock()
        self.errors: list[DariError] = []
        self.settled = 0
        self._is_stopped = False

    def stop(self) -> None:
        """Send no more of what is being sent; what is on its way arrives. From any thread."""
        self._is_stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether no more is sent."""
        return self._is_stopped

    async def send(self, chunks: Iterable[Chunk]) -> None:
        """Send all of them, a few at once; what cannot be sent is told by its cells."""
        self.begin()
        await self.go_on(chunks)

    def begin(self) -> None:
        """Forget what came of what was sent before."""
        self.errors, self.settled, self._is_stopped = [], 0, False

    async def go_on(self, chunks: Iterable[Chunk]) -> None:
        """Send these, too, unless it was stopped."""
        slots = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._send(chunk, slots) for chunk in chunks))

    async def _send(self, chunk: Chunk, slots: asyncio.Semaphore) -> None:
        async with slots:
            if self._is_stopped:
                for job in chunk.jobs:
                    job.cell.held = GIVEN_UP
                return
            try:
                items = [await self._item(job, chunk.key) for job in chunk.jobs]
                answer = await self._create(items, chunk)
            except DariError as error:
                self._cannot(chunk, error)
                return
        if answer is not None:
            self.settled += len(chunk.jobs)
            take_batch(answer, dict(enumerate(chunk.jobs)), chunk.key)
            return
        for half in chunk.halves(self._run_id):
            await self._send(half, slots)

    async def _create(self, items: list[dict[str, Any]], chunk: Chunk) -> models.Batch | None:
        """Return what the server says; ``None`` where it does not take as much at once."""
        try:
            return await self._client.batches.create(items, idempotency_key=chunk.key)
        except PayloadTooLargeError as error:
            if len(chunk.jobs) > 1:
                return None
            raise _too_large(chunk.jobs[0].cell.task, error) from error

    def _cannot(self, chunk: Chunk, error: DariError) -> None:
        self.errors.append(error)
        self.settled += len(chunk.jobs)
        for job in chunk.jobs:
            _mark_unsent(job, f"Not sent: {error}")

    async def _item(self, job: Job, key: str) -> dict[str, Any]:
        from ....client import batch_item

        cell = job.cell
        return batch_item(
            self._agent_id,
            [*cell.task.content, *await self._file_blocks(cell.task)],
            version_id=cell.version,
            llm_id=cell.llm,
            metadata=self._metadata(job, key),
        )

    def _metadata(self, job: Job, key: str) -> dict[str, str]:
        cell = job.cell
        where = {
            "managed_run_id": self._run_id,
            "task_index": str(cell.task.index),
            "llm_id": cell.llm,
            "version_id": cell.version,
            "repeat": str(cell.repeat),
            "attempt": str(job.number),
            "task_key": cell.task.key,
            "chunk_key": key,
        }
        return {**cell.metadata, **{k: v for k, v in where.items() if v is not None}}

    async def _file_blocks(self, task: Task) -> models.Content:
        return [file_block(await self._file_id(*file)) for file in task.files.items()]

    async def _file_id(self, path: str, digest: str) -> str:
        async with self._uploading:
            if digest not in self._file_ids:
                self._file_ids[digest] = (await self._client.files.upload(path)).id
        return self._file_ids[digest]


def _too_large(task: Task, error: DariError) -> InvalidRequestError:
    from ....render.files.files import size_text

    size = size_text(task.size)
    return InvalidRequestError(
        f"tasks[{task.index}] has {size}, more than is taken: {error}", code="too_large"
    )


def take_batch(answer: models.Batch, jobs: Mapping[int, Job], key: str | None = None) -> None:
    """Take in what the server says of an API batch, whose items stand for these jobs."""
    for item in answer.items:
        if item.index in jobs:
            _take_item(jobs[item.index], item, answer.id, key)


def _take_item(job: Job, item: models.BatchItem, batch_id: str, key: str | None) -> None:
    known = job.cell.attempt(job.number) or Attempt(job.number, sent_at=time.monotonic())
    if known.is_read:
        return
    job.cell.put(
        replace(
            known,
            state=_state(item),
            chunk_key=key or known.chunk_key,
            batch_id=batch_id,
            batch_index=item.index,
            session_id=item.session_id or known.session_id,
            error=detail_text(item.error) if item.error else None,
        )
    )


def _state(item: models.BatchItem) -> str:
    if item.session_id is None or item.is_failed:
        return "failed"
    if item.is_terminal:
        return item.status
    return item.last_message_status or item.status or "queued"


def _mark_unsent(job: Job, cause: str) -> None:
    cell: Cell = job.cell
    if cell.attempt(job.number) is None:
        cell.unsent, cell.held = cause, None
