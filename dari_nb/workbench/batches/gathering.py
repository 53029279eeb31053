"""Sessions that no batch has made, as a matrix: rows, repetitions and scores by their metadata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import models
from ...errors import InvalidRequestError
from .batch import Batch
from .cells import Attempt, Column
from .keys import digest
from .tasks import Task

if TYPE_CHECKING:
    from ..dari import Dari
    from ..session import Session


def gathered(
    dari: Dari,
    sessions: Iterable[Session],
    *,
    task: str,
    repeat: str | None,
    label: str | None,
    values: Iterable[str],
    name: str | None,
    scores: str | Path | None,
) -> Batch:
    """Make a batch of sessions; see :meth:`Batches.gather`."""
    sessions = list(sessions)
    resources = [session.resource for session in sessions]
    if not resources:
        raise InvalidRequestError("There is no session to gather.")
    rows, values = _by(resources, task), list(values)
    apart = {label or task, repeat, *values}
    tasks = [_task(n, title, rows[title], label, apart) for n, title in enumerate(rows)]
    places = _places(list(rows.values()), repeat)
    columns = list(dict.fromkeys(column for _, column, _ in places.values()))
    repeats = 1 + max(place[2] for place in places.values())
    agent = dari.client.agents.get(resources[0].agent_id or "")
    run_id = name or f"gathered_{digest(sorted(places))[:16]}"
    batch = Batch(dari, agent, run_id, tasks, columns, repeats, scores)
    batch.know(sessions)
    for resource in resources:
        cell = batch.grid.at(*places[resource.id])
        cell.put(_attempt(resource))
        cell.given = _values(resource.metadata or {}, values)
    batch.following()
    return batch


def _by(resources: Iterable[models.Session], key: str) -> dict[str, list[models.Session]]:
    rows: dict[str, list[models.Session]] = defaultdict(list)
    for resource in resources:
        value = (resource.metadata or {}).get(key)
        if value is None:
            raise InvalidRequestError(f"{resource.id} has no {key!r} in its metadata.")
        rows[str(value)].append(resource)
    return {value: rows[value] for value in sorted(rows, key=_natural)}


def _places(
    rows: Sequence[Sequence[models.Session]], repeat: str | None
) -> dict[str, tuple[int, Column, int]]:
    """Return the place of each session by its id; repetitions stand in the order of their name."""
    places: dict[str, tuple[int, Column, int]] = {}
    for index, row in enumerate(rows):
        seen: dict[Column, int] = defaultdict(int)
        for resource in sorted(row, key=lambda r: _natural(_text(r, repeat))):
            column = Column(resource.llm_id)
            places[resource.id] = (index, column, seen[column])
            seen[column] += 1
    return places


def _task(
    index: int,
    name: str,
    row: Sequence[models.Session],
    label: str | None,
    apart: Collection[str | None],
) -> Task:
    """Make the task of a row: what all its sessions have in common is known about it."""
    first = {str(key): str(value) for key, value in (row[0].metadata or {}).items()}
    common = {
        key: value
        for key, value in first.items()
        if key not in apart and all(_text(resource, key) == value for resource in row)
    }
    title = first.get(label, name) if label else name
    return Task(index, [], common, known_key=digest("row", name)[:16], title=title)


def _attempt(resource: models.Session) -> Attempt:
    return Attempt(
        1,
        state=resource.last_message_status or "queued",
        session_id=resource.id,
        created_at=resource.created_at,
        is_conversation=True,
        is_read=resource.last_message_id is None,
    )


def _values(metadata: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: _value(metadata[name]) for name in names if name in metadata}


def _value(value: Any) -> Any:
    """Read a value that metadata could keep only as text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return {"true": True, "false": False}.get(str(value).lower(), value)


def _text(resource: models.Session, key: str | None) -> str:
    return str((resource.metadata or {}).get(key, "")) if key else ""


def _natural(text: str) -> tuple[int, float, str]:
    """Sort numbers as numbers, before all else."""
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)
