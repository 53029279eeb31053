"""Rebuilds a batch from what the server has: its sessions, or an API batch."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ... import models
from ...errors import NotFoundError
from ...models.batches import RUN_METADATA
from ..connection.background import wait_for
from ..listing import Listing
from .batch import Batch
from .cells import Column
from .following.following import AT_ONCE
from .following.reading import Read, read_messages, with_messages
from .sending.chunks import Job
from .sending.finding import Found, find_run, found_in
from .sending.sending import take_batch
from .tasks import Task

if TYPE_CHECKING:
    import pandas as pd

    from ...client import AsyncClient
    from ..connection import Link


NO_SESSION = "there is no session; resume() sends what is missing"


@dataclass(frozen=True)
class Run:
    """A run that can be recovered.

    Attributes:
        run_id: Its name.
        agent_name: The agent.
        sessions: How many sessions there are, retries included.
        created_at: When the first was made, ISO 8601 in UTC.

    >>> d.batches.list()[batch.run_id].agent_name
    'calculator'
    """

    run_id: str
    agent_name: str
    sessions: int
    created_at: str


def runs(link: Link) -> Listing[Run]:
    """Return the runs there are, the latest first."""
    by_name: dict[str, list[models.Session]] = defaultdict(list)
    for session in link.client.sessions.list():
        if found_in(session) is not None:
            by_name[str((session.metadata or {}).get("managed_run_id"))].append(session)
    made = [_run(link, run_id, sessions) for run_id, sessions in by_name.items()]
    made.sort(key=lambda run: run.created_at, reverse=True)
    return Listing(made, _RUN_COLUMNS, names=lambda run: (run.run_id,), frame=_frame)


def _frame(listed: Sequence[Run]) -> pd.DataFrame:
    from ...frames import RUNS

    return RUNS.frame(listed)


def _run(link: Link, run_id: str, sessions: Sequence[models.Session]) -> Run:
    created = min(session.created_at or "" for session in sessions)
    return Run(run_id, link.agent_name(sessions[0].agent_id), len(sessions), created)


_RUN_COLUMNS = {
    "run": lambda run: run.run_id,
    "agent": lambda run: run.agent_name,
    "sessions": lambda run: str(run.sessions),
    "created": lambda run: run.created_at[:19],
}


def recovered(link: Link, run_id: str, scores_path: str | Path | None = None) -> Batch:
    """Return a batch by its run id; see :meth:`Batches.recover`."""
    found = wait_for(link.run(find_run(link.stream_client, run_id)))
    if not found:
        raise NotFoundError(
            404,
            f"No session belongs to the run {run_id!r}.",
            "GET",
            "/v1/sessions",
            code="run_not_found",
        )
    return _from_found(link, run_id, found, scores_path)._recovered()


def batch_of(link: Link, batch_id: str, scores_path: str | Path | None = None) -> Batch:
    """Return the batch that an API batch belongs to; see :meth:`Batches.get`."""
    answer = link.client.batches.get(batch_id)
    run_ids = {str((item.metadata or {}).get("managed_run_id", "")) for item in answer.items}
    found = [entry for item in answer.items if (entry := _found_in_item(item)) is not None]
    if len(found) == len(answer.items) and len(run_ids) == 1:
        return _whole(link, run_ids.pop(), answer, found, scores_path)
    return _foreign(link, answer, scores_path)


def _from_found(
    link: Link, run_id: str, found: Sequence[Found], scores_path: str | Path | None
) -> Batch:
    """Build the matrix that these sessions make up."""
    samples = {entry.task_index: entry for entry in reversed(found) if entry.attempt.session_id}
    session_ids = {index: entry.attempt.session_id or "" for index, entry in samples.items()}
    read = wait_for(link.run(_read(link.stream_client, session_ids.values())))
    firsts = {entry.task_index: entry for entry in reversed(found)}
    tasks = [
        Task(
            index,
            _content(read.get(session_ids.get(index, ""))),
            entry.metadata,
            known_key=entry.task_key,
        )
        for index, entry in sorted(firsts.items())
    ]
    columns = list(dict.fromkeys(entry.column for entry in found))
    repeats = 1 + max(entry.repeat for entry in found)
    agent = link.client.agents.get(found[0].agent_id)
    batch = Batch(link, agent, run_id, tasks, columns, repeats, scores_path)
    if len({column.version for column in columns}) > 1:
        batch.grid.keep_to(_asked(found))
    batch._take_in(found)
    for cell in batch.cells:
        cell.held = None if cell.history else NO_SESSION
        for attempt in cell.history:
            if attempt.has_ended and attempt.session_id in read:
                cell.put(with_messages(attempt, *read[attempt.session_id]))
    return batch


def _asked(found: Sequence[Found]) -> dict[tuple[int, str | None], int]:
    """Return how often a task was to go to a version: as often as any, of those it was asked."""
    often: dict[str | None, int] = defaultdict(int)
    for entry in found:
        version = entry.column.version
        often[version] = max(often[version], 1 + entry.repeat)
    pairs = dict.fromkeys((entry.task_index, entry.column.version) for entry in found)
    return {(index, version): often[version] for index, version in pairs}


async def _read(client: AsyncClient, session_ids: Iterable[str]) -> dict[str, Read]:
    """Return what is read of each session."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def read(session_id: str) -> Read:
        async with slots:
            return await read_messages(client, session_id)

    wanted = list(session_ids)
    return dict(zip(wanted, await asyncio.gather(*map(read, wanted)), strict=True))


def _content(read: Read | None) -> models.Content:
    """Return what was sent first."""
    return read[0][0].parts if read and read[0] else []


def _found_in_item(item: models.BatchItem) -> Found | None:
    """Read an item as if it were its session, which may not have been created."""
    session = models.Session(
        id=item.session_id or "",
        agent_id=item.agent_id,
        last_message_status="queued" if item.session_id else "failed",
        metadata=item.metadata,
    )
    return found_in(session)


def _whole(
    link: Link,
    run_id: str,
    answer: models.Batch,
    items: Sequence[Found],
    scores_path: str | Path | None,
) -> Batch:
    """Return the run of an API batch, with its items that have no session."""
    sessions = wait_for(link.run(find_run(link.stream_client, run_id)))
    missing = [entry for entry in items if not entry.attempt.session_id]
    batch = _from_found(link, run_id, [*sessions, *missing], scores_path)
    jobs = {index: _job(batch, entry) for index, entry in enumerate(items)}
    take_batch(answer, jobs)
    return batch._recovered()


def _job(batch: Batch, entry: Found) -> Job:
    return Job(batch.grid.at(entry.task_index, entry.column, entry.repeat), entry.attempt.number)


def _foreign(link: Link, answer: models.Batch, scores_path: str | Path | None) -> Batch:
    """Make a matrix of an API batch that something else has started: rows by what was sent."""
    session_ids = [item.session_id for item in answer.items if item.session_id]
    read = wait_for(link.run(_read(link.stream_client, session_ids)))
    tasks: list[Task] = []
    places: list[tuple[int, Column, int]] = []
    for item in answer.items:
        content = _content(read.get(item.session_id or ""))
        task = next((task for task in tasks if content and task.content == content), None)
        if task is None:
            task = Task(len(tasks), content, _texts(item.metadata), known_key=None)
            tasks.append(task)
        column = Column(item.llm_id, item.version_id)
        repeat = sum(place[:2] == (task.index, column) for place in places)
        places.append((task.index, column, repeat))
    columns = list(dict.fromkeys(column for _, column, _ in places))
    agent = link.client.agents.get(answer.items[0].agent_id or "")
    repeats = 1 + max(place[2] for place in places)
    batch = Batch(link, agent, answer.id, tasks, columns, repeats, scores_path)
    take_batch(answer, {i: Job(batch.grid.at(*place)) for i, place in enumerate(places)})
    batch._look()
    return batch._recovered()


def _texts(metadata: dict[str, object] | None) -> dict[str, str]:
    return {str(k): str(v) for k, v in (metadata or {}).items() if k not in RUN_METADATA}
