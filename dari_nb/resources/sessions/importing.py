"""Runs from elsewhere, in the shape of sessions."""

from __future__ import annotations

import copy
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ... import models
from ...errors import InvalidRequestError
from ...models import UNKNOWN_TIME
from ...models import events as ev
from ...transcript import Ledger, formats
from ...transcript.turns import RecordedTurn

Messages = Iterable[Mapping[str, Any]] | Mapping[str, Any]


class Made(NamedTuple):
    """What a transcript is made of: its resource, its events, and the run it was made of."""

    resource: models.Transcript
    events: Sequence[models.Event]
    run: formats.Run

    @property
    def cost_usd(self) -> Decimal | None:
        """What the run has cost, in US dollars, where its source says so."""
        return None if self.run.cost is None else Decimal(self.run.cost)


def from_messages(
    messages: Messages, *, agent: str | None, llm: str | None, metadata: Mapping[str, Any] | None
) -> Made:
    """Make a run of messages; see :meth:`Transcript.from_messages`."""
    try:
        run = _only(_document(messages))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidRequestError(
            f"This cannot be read as a run: {error}.", code="invalid_run"
        ) from None
    texts = {str(key): _text(value) for key, value in (metadata or {}).items()}
    run.metadata |= texts
    return _made(run, agent or run.agent or "Agent", llm or run.model)


def from_file(source: formats.Paths, *, agent: str | None) -> Iterator[Made]:
    """Read runs from files; see :meth:`Transcript.from_file`."""
    paths = formats.paths_of(source)
    names = formats.names_of(paths) if len(paths) > 1 else [None]
    seen: Counter[str] = Counter()
    for path, file in zip(paths, names, strict=True):
        for run in formats.read_file(path):
            name = agent or run.agent or formats.agent_name_of(path)
            own = _digest(run, name, run.model)
            seen[own] += 1
            if file is not None:
                run.metadata.setdefault(formats.FILE, file)
            yield _made(run, name, run.model, own if seen[own] == 1 else _again(own, seen[own]))


def _document(messages: Messages) -> Any:
    """Copy what was given, so that nobody changes it later."""
    if isinstance(messages, Mapping):
        return copy.deepcopy(dict(messages))
    given = list(messages)
    for number, message in enumerate(given, 1):
        if not isinstance(message, Mapping):
            raise TypeError(f"message {number} is no object: {message!r:.80}")
    return copy.deepcopy([dict(message) for message in given])


def _only(document: Any) -> formats.Run:
    if document == []:
        return formats.Run("chat completions", [])
    runs = list(formats.read_runs(document))
    if len(runs) != 1:
        raise ValueError(f"there are {len(runs)} runs, which from_file() reads")
    return runs[0]


def _made(run: formats.Run, agent: str, llm: str | None, digest: str | None = None) -> Made:
    # Named by content, so that frames of the same file can be joined whenever they are made.
    session_id = f"chat_{(digest or _digest(run, agent, llm))[:16]}"
    ledger = Ledger(_events(session_id, run.turns))
    states = list(ledger.turns.values())
    last = states[-1] if states else None
    resource = models.Transcript(
        agent=models.Agent(id="", name=agent),
        session=models.Session(
            id=session_id,
            llm_id=llm,
            status="idle",
            last_message_id=last.message_id if last else None,
            last_message_status=last.status if last else None,
            created_at=run.created_at,
            metadata=dict(run.metadata),
        ),
        items=ledger.items,
    )
    return Made(resource, ledger.events, run)


def _digest(run: formats.Run, agent: str, llm: str | None) -> str:
    content = [[turn.content, turn.steps] for turn in run.turns]
    told = [content, run.instructions, agent, llm, run.metadata]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def _again(digest: str, number: int) -> str:
    """Name one of several equal runs in a file."""
    return hashlib.sha256(f"{digest} {number}".encode()).hexdigest()


def _events(session_id: str, turns: Iterable[RecordedTurn]) -> Iterator[models.Event]:
    for number, (message_id, kind, data, at) in enumerate(_steps(session_id, turns), 1):
        yield models.Event(
            id=f"{session_id}:evt_{number}",
            session_id=session_id,
            sequence_number=number,
            message_id=message_id,
            type=kind,
            data=data,
            created_at=at or UNKNOWN_TIME,
        )


def _steps(
    session_id: str, turns: Iterable[RecordedTurn]
) -> Iterator[tuple[str, str, dict[str, Any], str | None]]:
    for number, turn in enumerate(turns, 1):
        message_id = f"{session_id}:msg_{number}"
        opening = turn.opening
        steps = list(zip(turn.steps, turn.times, strict=True))
        if turn.content or not steps:
            steps.insert(0, ((ev.USER_MESSAGE, {"content": turn.content}), turn.asked_at))
        for (kind, data), at in steps:
            yield message_id, kind, {**data, **opening, "message_id": message_id}, at
            opening = {}
        status = {"status": "failed" if turn.error else "completed", "error": turn.error}
        used = {"usage": turn.usage} if turn.usage else {}
        yield message_id, ev.MESSAGE_STATUS_CHANGED, {**status, **used}, turn.ended_at


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
