"""What runs are compared: sessions, transcripts, turns and cells, read several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import InvalidRequestError
from ...ids import is_session_id
from ...models import ToolCallItem, UserMessageItem
from ..bulk.sources import entries_of
from ..sessions.session import Session, session_of
from ..sessions.transcript import Transcript
from ..sessions.turn import Turn
from .success import KnownRun, Success, read, scores_in, succeeded

if TYPE_CHECKING:
    from ...models import TimelineItem
    from ...render.trajectories.trajectories import Trajectories
    from ..connection import Link


class Entry(NamedTuple):
    """A run as it was given, and what was read of it.

    Attributes:
        source: What was given.
        transcript: Its transcript.
        items: Those of its items that count.
        told: What is known about it.
        label: What it is called, besides its number.
        task: What its source calls its task; empty where it does not say.
        asked: What was asked first.
    """

    source: Any
    transcript: Transcript
    items: Sequence[TimelineItem]
    known: KnownRun
    label: str
    task: str
    asked: str

    @property
    def session_id(self) -> str:
        """Its session."""
        return self.transcript.resource.session.id

    def html(self) -> str:
        """Return its transcript as sanitised HTML."""
        from ...render import timeline_html

        return timeline_html(self.items, self.transcript.head())


def entries(source: Any, link: Callable[[], Link] | None = None) -> list[Entry]:
    """Read runs.

    Args:
        source: The runs.
        link: Gives the connection that sessions are asked for by their ids.

    Raises:
        InvalidRequestError: There are fewer than two, or something is no run.
        DariError: A session cannot be read.
    """
    if isinstance(getattr(source, "cells", None), list):
        raise InvalidRequestError(
            "This holds many tasks: batch.trajectories(task) takes those of one.",
            code="missing_task",
        )
    given = list(entries_of(source))
    for each in given:
        _check(each)
    if len(given) < 2:
        raise InvalidRequestError(
            "Give two runs or more: sessions, transcripts, turns or cells.", code="too_few_runs"
        )
    asked = link() if link and any(isinstance(each, str) for each in given) else None
    with ThreadPoolExecutor(max_workers=8) as pool:
        runs = list(pool.map(lambda run: _held(run, asked), given))
        transcripts = list(pool.map(_transcript, runs))
    labels = _labels(runs, transcripts)
    return [_entry(*each) for each in zip(runs, transcripts, labels, strict=True)]


def trajectories_of(entries: Sequence[Entry], success: Success, title: str) -> Trajectories:
    """Align the calls of runs."""
    from ...render.trajectories.trajectories import Trajectories, Trajectory

    criterion, found = succeeded([entry.known for entry in entries], success)
    runs = [
        Trajectory(
            number,
            entry.label,
            entry.session_id,
            [item for item in entry.items if isinstance(item, ToolCallItem)],
            *came,
        )
        for number, (entry, came) in enumerate(zip(entries, found, strict=True), 1)
    ]
    # Some sources number their runs, others ask for one task in several ways.
    tasks = min(len({e.task for e in entries if e.task}), len({e.asked for e in entries}))
    return Trajectories(runs, title=title, criterion=criterion, tasks=max(1, tasks))


def _check(each: Any) -> None:
    is_id = isinstance(each, str) and is_session_id(each)
    if not (is_id or isinstance(each, Transcript | Session | Turn) or _is_cell(each)):
        raise InvalidRequestError(
            f"{each!r} is no run: give sessions or their ids, transcripts, turns or cells.",
            code="invalid_run",
        )


def _held(run: Any, link: Link | None) -> Any:
    return run if link is None or not isinstance(run, str) else session_of(link, run)


def _is_cell(each: Any) -> bool:
    return hasattr(each, "session_id") and hasattr(each, "scores")


def _transcript(run: Any) -> Transcript:
    if isinstance(run, Transcript):
        return run
    session = run if isinstance(run, Session) else run.session
    made: Transcript = session.transcript()
    return made


def _entry(run: Any, transcript: Transcript, label: str) -> Entry:
    metadata = {name: read(value) for name, value in transcript.metadata.items()}
    items: Sequence[TimelineItem] = transcript.items
    names = transcript.run.scores if transcript.run else ()
    scores = scores_in(metadata, names)
    state = transcript.head().state
    if isinstance(run, Turn):
        items = [item for item in items if item.message_id == run.id]
        state = run.status
    elif _is_cell(run):
        scores, state = {**scores, **run.scores}, run.state
    asked = next((item.text for item in items if isinstance(item, UserMessageItem)), "")
    scales = run.scales if _is_cell(run) else {}
    told = KnownRun(run, scores, metadata, state or "", scales)
    return Entry(run, transcript, items, told, label, _task(run, transcript), asked)


def _task(run: Any, transcript: Transcript) -> str:
    if _is_cell(run):
        return str(run.task.key)
    names = [transcript.run.task] if transcript.run else ["managed_run_id", "task_index"]
    return " ".join(str(transcript.metadata.get(name) or "") for name in names if name).strip()


def _labels(given: Sequence[Any], transcripts: Sequence[Transcript]) -> list[str]:
    """Say of each run what differs from the others: its LLM, its version, its repetition."""
    runs = list(zip(given, transcripts, strict=True))
    llms = _differing([_llm(run, made) for run, made in runs])
    # Texts may differ for one version: its number can come while transcripts are read in threads.
    ids = {made.resource.session.version_id for made in transcripts}
    versions = [made.head().version_text if len(ids) > 1 else "" for made in transcripts]
    repeats = _differing([_repeat(run, made) for run, made in runs])
    columns = [" @ ".join(filter(None, each)) for each in zip(llms, versions, strict=True)]
    return [" · ".join(filter(None, each)) for each in zip(columns, repeats, strict=True)]


def _differing(values: list[str]) -> list[str]:
    return values if len(set(values)) > 1 else [""] * len(values)


def _llm(run: Any, transcript: Transcript) -> str:
    column = getattr(run, "column", None)
    return column.label if column is not None else transcript.resource.session.llm_id or ""


def _repeat(run: Any, transcript: Transcript) -> str:
    if _is_cell(run):
        return f"repeat {run.repeat}"
    name = transcript.run.repeat if transcript.run else None
    value = transcript.metadata.get(name) if name else None
    return "" if value is None else f"{name} {value}"
