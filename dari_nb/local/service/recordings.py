"""Recorded runs: chat-completions JSONL becomes finished sessions."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from ... import ids
from ...errors import InvalidRequestError
from ...models import UNKNOWN_TIME
from ...models import events as ev
from ...transcript.chat import ChatTurn, chat_turns, system_prompt
from ...transcript.nesting import is_nested_deeper
from ..runtime.recorder import message_status, session_status
from ..store import Store
from ..store.records import FIRST_ORG, RUNTIME, JsonObject, Payload, VersionRecord, manifest_of

_MAX_NESTING = 100
_AT_ONCE = 10
"""Runs that are added in one transaction."""


class Run(NamedTuple):
    """One line of a file: turns, the system prompt, and everything else as metadata."""

    turns: list[ChatTurn]
    instructions: str
    metadata: dict[str, str]


def load_runs(
    store: Store, path: str | Path, agent: str | None = None, org_id: str = FIRST_ORG
) -> list[str]:
    """Make each run of a file a finished session of an organization; all or, after an error, none.

    The file is read before anything is kept, and the sessions are added some at a time, so that
    nobody who uses the server meanwhile waits for long. Runs with the same system prompt share a
    version. The file has no times, so that the session and its events have :data:`UNKNOWN_TIME`.

    Returns:
        Ids of the new sessions, in the order of the file.

    Raises:
        InvalidRequestError: The file cannot be read; the text names the line.
    """
    name = agent or agent_name_of(Path(path))
    models = _models(read_runs(path))
    versions = _publish(store, name, org_id, models)
    added: list[str] = []
    runs = read_runs(path)
    try:
        while some := list(islice(runs, _AT_ONCE)):
            with store.transaction():
                added += [_add(store, run, versions[run.instructions], org_id) for run in some]
    except BaseException:
        store.forget_sessions(added)
        raise
    return added


def read_runs(path: str | Path) -> Iterator[Run]:
    """Read runs one by one from a plain or gzipped file.

    Raises:
        InvalidRequestError: The file cannot be read; the text names the line.
    """
    number = 0
    try:
        with _open(Path(path)) as lines:
            for number, line in enumerate(lines, 1):  # noqa: B007
                if line.strip():
                    yield _run(line)
    except (OSError, EOFError, zlib.error) as error:
        cause = getattr(error, "strerror", None) or error
        raise InvalidRequestError(f"{path} cannot be read: {cause}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"{path}, line {max(number, 1)}: {error}") from None


def _open(path: Path) -> IO[str]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    opener: Any = gzip.open if is_gzip else open
    lines: IO[str] = opener(path, "rt", encoding="utf-8-sig")
    return lines


def _run(line: str) -> Run:
    try:
        data = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON ({error})") from None
    if is_nested_deeper(data, _MAX_NESTING):
        raise ValueError(f"nested more than {_MAX_NESTING} levels deep")
    messages = data.get("messages") if isinstance(data, dict) else None
    if not isinstance(messages, list):
        raise ValueError('a run is a JSON object with a list "messages"')  # noqa: TRY004
    turns = chat_turns(messages)
    metadata = {key: _text(value) for key, value in data.items() if key != "messages"}
    known = {key: value for key, value in metadata.items() if value is not None}
    return Run(turns, system_prompt(messages), known)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def agent_name_of(path: Path) -> str:
    """The name that the agent of a recording gets when nobody says another."""
    return path.name.removesuffix(".gz").removesuffix(".jsonl") or path.name


def _models(runs: Iterator[Run]) -> dict[str, list[str]]:
    """The models seen with each system prompt."""
    models: dict[str, dict[str, None]] = {}
    for run in runs:
        seen = models.setdefault(run.instructions, {})
        seen |= {run.metadata["model"]: None} if run.metadata.get("model") else {}
    return {instructions: list(seen) for instructions, seen in models.items()}


def _publish(
    store: Store, name: str, org_id: str, models: dict[str, list[str]]
) -> dict[str, VersionRecord]:
    """Publish a version for each system prompt; its options are the models seen with it."""
    with store.transaction():
        return {
            instructions: store.publish(
                name, manifest_of(name, llms=seen, instructions=instructions), org_id
            )
            for instructions, seen in models.items()
        }


def _add(store: Store, run: Run, version: VersionRecord, org_id: str) -> str:
    session = store.add_session(
        version,
        llm_id=run.metadata.get("model"),
        name=_name(run.metadata),
        metadata=run.metadata,
        created_at=UNKNOWN_TIME,
    )
    store.add_events(session.id, _payloads(run.turns, org_id), at=session.created_at)
    return session.id


def _name(metadata: dict[str, str]) -> str | None:
    labels = {"task_id": "task", "trial": "trial"}
    parts = [f"{label} {metadata[key]}" for key, label in labels.items() if key in metadata]
    return ", ".join(parts) or None


def _payloads(turns: list[ChatTurn], org_id: str) -> Iterator[Payload]:
    user = {"type": "user", "id": org_id}
    for turn in turns:
        message_id = ids.new_id(ids.MESSAGE)
        data: JsonObject = {
            "content": turn.content,
            "metadata": None,
            "message_id": message_id,
            **turn.opening,
        }
        yield Payload(ev.USER_MESSAGE, data, message_id, "user", user)
        yield session_status("idle", "running")
        yield message_status(message_id, "queued", "running")
        for kind, step in turn.steps:
            yield _step(kind, step, message_id)
        status = "failed" if turn.error else "completed"
        yield message_status(message_id, "running", status, turn.error)
        yield session_status("running", "idle")


def _step(kind: str, data: JsonObject, message_id: str) -> Payload:
    if kind in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED):
        return Payload(kind, data, message_id)
    if kind == ev.TOOL_CALL_REQUESTED:
        data = {**data, "message_id": message_id}
    return Payload(kind, data, message_id, "runtime", RUNTIME)
