"""Sessions that no batch has made, as a matrix: rows, columns and scores by their metadata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .... import models
from ....errors import InvalidRequestError
from ....transcript.formats import FILE, SCORES
from ...bulk.loading import EVENTS, MESSAGES, SESSIONS, Loading
from ...bulk.sources import Source, entries_of, parts_of
from ...connection.progress import Progress
from ...sessions.recorded import RecordedSession
from ...sessions.session import Session, sessions_of
from ...sessions.transcript import Transcript
from ..about_tasks import about_tasks
from ..cells import Attempt, Column
from ..following.reading import have_start_times, with_messages
from ..keys import digest
from ..tasks import Task
from .gathered import Gathered

if TYPE_CHECKING:
    from ...connection import Link

_MOST_PLACES = 50
"""Places for each session; a matrix that is so empty is a mistake, and would fill the memory."""


class Wish(NamedTuple):
    """What was said of metadata; what was not said follows from the runs."""

    task: str | None
    group: str | None
    repeat: str | None
    label: str | None
    score_columns: tuple[str, ...]


class Keys(NamedTuple):
    """Which metadata tells what of a session; see :meth:`Batches.from_runs`."""

    task: str
    group: str | None
    repeat: str | None
    label: str | None
    score_columns: tuple[str, ...]

    @property
    def needed(self) -> list[str]:
        """What every session has to tell."""
        return [key for key in (self.task, self.group, self.repeat) if key is not None]


@dataclass(frozen=True)
class Member:
    """A session, and where it belongs.

    Attributes:
        session: The session.
        row: The name of its task.
        column: The name of its column; ``None`` is the agent's default LLM.
        repeat: Tells it from others at the same place.
        metadata: What is known about it, as texts.
    """

    session: Session
    row: str
    column: str | None
    repeat: str
    metadata: Mapping[str, str]


def gathered(
    link: Link,
    source: Source,
    wish: Wish,
    *,
    title: str | None,
    run_id: str | None,
    scores_path: str | Path | None,
) -> Gathered:
    """Make a matrix of sessions; see :meth:`Batches.from_runs`."""
    sessions = _sessions(link, source)
    keys = _keys(sessions, wish)
    members = _members(sessions, keys)
    rows = _numbered(member.row for member in members)
    columns = list(dict.fromkeys(member.column for member in members))
    repeats = _numbered(member.repeat for member in members)
    _check(members, len(rows) * len(columns) * len(repeats))
    attempts = _read(link, [member.session for member in members])
    made = Gathered(
        link,
        _agent(members),
        run_id or _run_id(members, attempts),
        _tasks(rows, members, keys),
        [Column(name) for name in columns],
        len(repeats),
        scores_path,
        title=title,
        is_named=run_id is not None,
    )
    for member, attempt in zip(members, attempts, strict=True):
        place = (rows[member.row], Column(member.column), repeats[member.repeat])
        made.put(place, member.session, attempt, _scores(member, keys), member.metadata)
    made.words = [] if wish.score_columns else _words(members, keys)
    made.look_for_costs()
    return made


def _keys(sessions: Sequence[Session], wish: Wish) -> Keys:
    """Take what was said, or else what the format of the runs says.

    Raises:
        InvalidRequestError: Nothing tells what the runs are about.
    """
    if wish.task is not None:
        return Keys(wish.task, *wish[1:])
    runs = [s.recording.run for s in sessions if isinstance(s, RecordedSession) and s.recording.run]
    task = next((run.task for run in runs if run.task), None)
    if task is None:
        there = _listed(dict.fromkeys(key for session in sessions for key in session.metadata))
        raise InvalidRequestError(
            f"Say with task= which metadata tells the task of a session; there is: {there}.",
            code="missing_task",
        )
    repeat = next((run.repeat for run in runs if run.repeat), None)
    scores = tuple(dict.fromkeys(name for run in runs for name in run.scores))
    return Keys(task, wish.group, wish.repeat or repeat, wish.label, wish.score_columns or scores)


def _sessions(link: Link, source: Source) -> list[Session]:
    """Resolve a source, several requests at once; recordings stay what they are."""
    entries = list(entries_of(source))
    held = {session.id: session for entry in entries for session in _held(link, entry)}
    loading = Loading(SESSIONS, parts_of(entries, lambda: link, SESSIONS))
    told = {resource.id: resource for resource in loading}
    loading.conclude()
    if not told:
        raise InvalidRequestError("There is no session to make a matrix of.", code="too_few_runs")
    others = sessions_of(link, (r for name, r in told.items() if name not in held))
    found = held | {session.id: session for session in others}
    return [found[name] for name in told]


def _held(link: Link, entry: Any) -> list[Session]:
    if isinstance(entry, Session):
        return [entry]
    is_recording = isinstance(entry, Transcript) and entry.is_recording
    return [RecordedSession(link, entry)] if is_recording else []


def _members(sessions: Iterable[Session], keys: Keys) -> list[Member]:
    counts: dict[tuple[str, str | None], int] = defaultdict(int)
    members = []
    for session in sessions:
        known = {key: _known(session, key) for key in keys.needed}
        row = known[keys.task]
        column = known[keys.group] if keys.group else session.llm_id
        repeat = known[keys.repeat] if keys.repeat else str(counts[row, column])
        counts[row, column] += 1
        metadata = {str(key): str(value) for key, value in session.metadata.items()}
        members.append(Member(session, row, column, repeat, metadata))
    known_scores = {key for member in members for key in member.metadata}
    for name in keys.score_columns:
        if name not in known_scores:
            raise InvalidRequestError(
                f"No session has {name!r} in its metadata; there is: {_listed(known_scores)}.",
                code="score_not_found",
            )
    return members


def _known(session: Session, key: str) -> str:
    value = session.metadata.get(key)
    if value is None:
        there = _listed(session.metadata)
        raise InvalidRequestError(
            f"{session.id} has no {key!r} in its metadata; it has: {there}.",
            code="metadata_not_found",
        )
    return str(value)


def _check(members: Sequence[Member], places: int) -> None:
    """Check that members make up a matrix.

    Raises:
        InvalidRequestError: Two belong to one place, or hardly any place would be filled.
    """
    taken: dict[tuple[str, str | None, str], str] = {}
    for member in members:
        place = (member.row, member.column, member.repeat)
        other = taken.setdefault(place, member.session.id)
        if other != member.session.id:
            hint = f", such as group={FILE!r}" if FILE in member.metadata else ""
            raise InvalidRequestError(
                f"{other} and {member.session.id} belong to the same place, "
                f"{' · '.join(filter(None, place))}: tell them apart with repeat= or group={hint}.",
                code="duplicate_entry",
            )
    if places > _MOST_PLACES * len(members):
        raise InvalidRequestError(
            f"{len(members)} sessions would lie in a matrix of {places:,} places: "
            "choose other metadata for task=, group= and repeat=.",
            code="too_large",
        )


def _read(link: Link, sessions: Sequence[Session]) -> list[Attempt]:
    """Read what came of sessions, several at once."""
    messages: dict[str, list[models.Message]] = defaultdict(list)
    with Progress(len(sessions), "runs placed") as progress:
        loading = Loading(MESSAGES, parts_of(progress.over(sessions), lambda: link, MESSAGES))
    for message in loading:
        messages[str(message.session_id)].append(message)
    loading.conclude()
    events = _events(link, [s for s in sessions if not have_start_times(messages[s.id])])
    found = [
        with_messages(_attempt(session), messages[session.id], events[session.id])
        for session in sessions
    ]
    return list(map(_with_total, found, sessions))


def _events(link: Link, sessions: Sequence[Session]) -> dict[str, list[models.Event]]:
    """Read the ledgers, which tell when messages began, of sessions that are no recordings."""
    events: dict[str, list[models.Event]] = defaultdict(list)
    live = [session for session in sessions if not isinstance(session, RecordedSession)]
    for event in Loading(EVENTS, parts_of(live, lambda: link, EVENTS), progress=False):
        events[str(event.session_id)].append(event)
    return events


def _with_total(attempt: Attempt, session: Session) -> Attempt:
    """Take the tokens of a run from elsewhere for its own, where its source tells them."""
    run = session.recording.run if isinstance(session, RecordedSession) else None
    return replace(attempt, usage={**attempt.usage, **run.usage}) if run else attempt


def _attempt(session: Session) -> Attempt:
    cost = session.cost_usd if isinstance(session, RecordedSession) else None
    return Attempt(
        1,
        state=session.resource.last_message_status or "planned",
        session_id=session.id,
        created_at=session.resource.created_at,
        cost_usd=None if cost is None else str(cost),
        is_conversation=True,
    )


def _agent(members: Sequence[Member]) -> models.Agent:
    by_id = {member.session.agent_id: member.session for member in members}
    names = dict.fromkeys(session.agent_name for session in by_id.values())
    only = next(iter(by_id)) if len(by_id) == 1 else None
    return models.Agent(id=only or "", name=_listed(names))


def _run_id(members: Sequence[Member], attempts: Sequence[Attempt]) -> str:
    """Name a matrix by what is in it, so that the same runs, loaded again, find their ratings."""
    content = [
        (member.row, member.column, member.repeat, attempt.text, attempt.tools, attempt.error)
        for member, attempt in zip(members, attempts, strict=True)
    ]
    return f"runs_{digest('of', sorted(content, key=digest))[:20]}"


def _tasks(rows: Mapping[str, int], members: Sequence[Member], keys: Keys) -> list[Task]:
    """Make the task of each row, of what its sessions say of it."""
    told: dict[str, list[Mapping[str, str]]] = {row: [] for row in rows}
    for member in members:
        told[member.row].append(member.metadata)
    about, placed = about_tasks(told, keys.score_columns), {*keys.needed, keys.label}
    return [
        Task(
            *(index, [], {k: v for k, v in about[row].items() if k not in placed}),
            known_key=digest("row", row)[:16],
            title=told[row][0].get(keys.label, row) if keys.label else row,
        )
        for row, index in rows.items()
    ]


def _scores(member: Member, keys: Keys) -> dict[str, Any]:
    metadata = member.metadata
    return {name: _value(metadata[name]) for name in keys.score_columns if name in metadata}


def _value(text: str) -> Any:
    """Read a value that metadata could keep only as text."""
    try:
        return float(text)
    except ValueError:
        return {"true": True, "false": False}.get(text.lower(), text)


def _words(members: Sequence[Member], keys: Keys) -> list[str]:
    """Name the metadata that are called like scores and hold words alone, which are none."""
    there = {key for member in members for key, value in member.metadata.items() if value.strip()}
    return [
        name for name in SCORES if name in there and name not in (*keys.score_columns, *keys.needed)
    ]


def _numbered(names: Iterable[str]) -> dict[str, int]:
    """Number names from 0, in their natural order."""
    return {name: number for number, name in enumerate(sorted(set(names), key=_natural))}


def _natural(text: str) -> tuple[int, float, str]:
    """Sort numbers as numbers, before all else."""
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(str, list(names)[:8])) or "nothing"
