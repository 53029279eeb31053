"""Recorded runs: what was done elsewhere becomes finished sessions."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec

from ... import ids
from ...errors import StorageError
from ...models import UNKNOWN_TIME
from ...models import events as ev
from ...transcript.formats import Run, agent_name_of, read_file
from ...transcript.turns import RecordedTurn
from ..runtime.recorder import message_status, session_status
from ..store import Store
from ..store.records import (
    FIRST_ORG,
    RUNTIME,
    Copy,
    JsonObject,
    Payload,
    VersionRecord,
    manifest_of,
)

_AT_ONCE = 10
"""Runs that are added in one transaction."""
_Place = tuple[str, str]
"""The name of an agent and its instructions, which make a version."""


class LoadedRuns(list[str]):
    """Ids of the sessions of a file, in its order.

    Attributes:
        formats: What the runs were read as, such as ``["Anthropic messages"]``.
        lost: What these formats lose here, a sentence each.
        notes: What is to be known of the whole, such as a log that was not finished.
        again: How many of the sessions were there already, from loading the same before.

    >>> server.load_runs("runs.jsonl").formats
    ['chat completions']
    """

    def __init__(self) -> None:
        super().__init__()
        self.formats: list[str] = []
        self.lost: list[str] = []
        self.notes: list[str] = []
        self.again = 0


def load_runs(
    store: Store, path: str | Path, agent: str | None = None, org_id: str = FIRST_ORG
) -> LoadedRuns:
    """Make each run of a file a finished session of an organization; all or, after an error, none.

    The file is read before anything is kept, and the sessions are added some at a time, so that
    nobody who uses the server meanwhile waits for long. Runs with the same system prompt share a
    version. What the file has no times for has :data:`UNKNOWN_TIME`. A run that was loaded before
    is not added again: its session comes back.

    Returns:
        Ids of the sessions, in the order of the file.

    Raises:
        InvalidRequestError: The file cannot be read; the text names the line or the place.
        StorageError: The disk is full or does not work; where runs that were added could not be
            taken back either, the text says how many were kept. Loading again adds the rest.
    """
    path = Path(path)
    names = _Names(path, agent, org_id)
    versions = _publish(store, org_id, _models(names, read_file(path)))
    loaded = LoadedRuns()
    added: list[str] = []
    runs = read_file(path)
    try:
        while some := list(islice(runs, _AT_ONCE)):
            with store.transaction():
                for run in some:
                    session_id = names.session_id(run)
                    if store.session(session_id) is None:
                        version = versions[names.place(run)]
                        _add(store, session_id, run, version, org_id)
                        added.append(session_id)
                    loaded.append(session_id)
                    _note(loaded, run)
    except BaseException:
        _forget(store, added, path)
        raise
    loaded.again = len(loaded) - len(added)
    return loaded


def _forget(store: Store, added: list[str], path: Path) -> None:
    """Take back what was added; a disk that is full may not even let that happen."""
    try:
        store.forget_sessions(added)
    except StorageError as error:
        kept = sum(store.session(session_id) is not None for session_id in added)
        if not kept:
            raise
        reason = str(error).partition(";")[0]
        raise StorageError(
            f"{reason}; {kept:,} runs of {path} were kept all the same. "
            "Loading it again adds the rest.",
            is_full=error.is_full,
            code=error.code,
        ) from error


def _note(loaded: LoadedRuns, run: Run) -> None:
    """Take down what a run was read as."""
    if run.format not in loaded.formats:
        loaded.formats.append(run.format)
        loaded.lost += run.lost
    loaded.notes += [note for note in run.notes if note not in loaded.notes]


class _Names:
    """What the runs of a file are called here: the same whenever the file is read."""

    def __init__(self, path: Path, agent: str | None, org_id: str) -> None:
        self._file = agent_name_of(path)
        self._agent = agent
        self._org_id = org_id
        self._seen: Counter[str] = Counter()

    def agent(self, run: Run) -> str:
        return self._agent or run.agent or self._file

    def place(self, run: Run) -> _Place:
        return self.agent(run), run.instructions

    def session_id(self, run: Run) -> str:
        """Name a run by its content; the second of two that are equal by its number, too."""
        content = [
            [turn.content, turn.steps, turn.times, turn.asked_at, turn.messages]
            for turn in run.turns
        ]
        told = [self._org_id, *self.place(run), run.metadata, run.model, run.format, content]
        digest = hashlib.sha256(msgspec.json.encode(told)).hexdigest()
        number = self._seen[digest]
        self._seen[digest] += 1
        own = hashlib.sha256(f"{digest} {number}".encode()).hexdigest() if number else digest
        return f"{ids.SESSION}{own[:16]}"


def _models(names: _Names, runs: Iterator[Run]) -> dict[_Place, list[str]]:
    """The models seen with each agent and system prompt."""
    models: dict[_Place, dict[str, None]] = {}
    for run in runs:
        seen = models.setdefault(names.place(run), {})
        seen |= {run.model: None} if run.model else {}
    return {place: list(seen) for place, seen in models.items()}


def _publish(
    store: Store, org_id: str, models: dict[_Place, list[str]]
) -> dict[_Place, VersionRecord]:
    """Publish a version for each system prompt; its options are the models seen with it."""
    with store.transaction():
        return {
            (name, instructions): store.publish(
                name, manifest_of(name, llms=seen, instructions=instructions), org_id
            )
            for (name, instructions), seen in models.items()
        }


def _add(store: Store, session_id: str, run: Run, version: VersionRecord, org_id: str) -> None:
    store.add_session(
        version,
        llm_id=run.model,
        name=_name(run),
        metadata=run.metadata,
        created_at=run.created_at or UNKNOWN_TIME,
        session_id=session_id,
    )
    store.begin_with(session_id, [Copy(*dated) for dated in _payloads(run.turns, org_id)])
    if run.cost is not None:
        store.add_recorded_cost(session_id, Decimal(run.cost))


def _name(run: Run) -> str | None:
    labels = {run.task: "task", run.repeat: "trial" if run.repeat == "trial" else "repeat"}
    known = run.metadata
    parts = [f"{label} {known[key]}" for key, label in labels.items() if key in known]
    return ", ".join(parts) or None


def _payloads(turns: list[RecordedTurn], org_id: str) -> Iterator[tuple[Payload, str]]:
    """Give the events of turns with their times."""
    user = {"type": "user", "id": org_id}
    for turn in turns:
        message_id = ids.new_id(ids.MESSAGE)
        data: JsonObject = {
            "content": turn.content,
            "metadata": None,
            "message_id": message_id,
            **turn.opening,
        }
        asked = turn.asked_at or UNKNOWN_TIME
        yield Payload(ev.USER_MESSAGE, data, message_id, "user", user), asked
        yield session_status("idle", "running"), asked
        yield message_status(message_id, "queued", "running"), asked
        for (kind, step), at in zip(turn.steps, turn.times, strict=True):
            yield _step(kind, step, message_id), at or UNKNOWN_TIME
        status = "failed" if turn.error else "completed"
        ended = turn.ended_at or UNKNOWN_TIME
        yield message_status(message_id, "running", status, turn.error, turn.usage or None), ended
        yield session_status("running", "idle"), ended


def _step(kind: str, data: JsonObject, message_id: str) -> Payload:
    if kind in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED):
        return Payload(kind, data, message_id)
    if kind == ev.TOOL_CALL_REQUESTED:
        data = {**data, "message_id": message_id}
    return Payload(kind, data, message_id, "runtime", RUNTIME)
