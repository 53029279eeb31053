"""Runs from elsewhere, as chat-completions messages, in the shape of sessions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import models
from ..errors import InvalidRequestError
from ..models import events as ev
from ..transcript import Ledger
from ..transcript.chat import ChatTurn, chat_turns, system_prompt
from .listing import Listing
from .transcript import Transcript

Messages = Iterable[Mapping[str, Any]]


def from_messages(
    messages: Messages, *, agent: str, llm: str | None, metadata: Mapping[str, Any] | None
) -> Transcript:
    """Make a transcript of messages; see :meth:`Transcript.from_messages`."""
    listed = [dict(message) for message in messages]
    try:
        turns, instructions = chat_turns(listed), system_prompt(listed)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"These are no chat-completions messages: {error}.") from None
    texts = {str(key): _text(value) for key, value in (metadata or {}).items()}
    return _transcript(turns, instructions, agent, llm, texts)


def from_file(path: str | Path, *, agent: str | None) -> Listing[Transcript]:
    """Read transcripts from a file; see :meth:`Transcript.from_file`."""
    from ..local.recordings import agent_name_of, read_runs

    path = Path(path).expanduser()
    name = agent or agent_name_of(path)
    runs = (
        _transcript(run.turns, run.instructions, name, run.metadata.get("model"), run.metadata)
        for run in read_runs(path)
    )
    return Listing(runs, _COLUMNS)


def _transcript(
    turns: Sequence[ChatTurn],
    instructions: str,
    agent: str,
    llm: str | None,
    metadata: Mapping[str, str],
) -> Transcript:
    # Named by content, so that frames of the same file can be joined whenever they are made.
    content = [[turn.content, turn.steps] for turn in turns]
    text = json.dumps([content, instructions, agent, llm, dict(metadata)], default=str)
    session_id = f"chat_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    ledger = Ledger(_events(session_id, turns))
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
            metadata=dict(metadata),
        ),
        items=ledger.items,
    )
    return Transcript(resource, ledger.events, instructions)


def _events(session_id: str, turns: Iterable[ChatTurn]) -> Iterator[models.Event]:
    for number, (message_id, kind, data) in enumerate(_steps(session_id, turns), 1):
        yield models.Event(
            id=f"{session_id}:evt_{number}",
            session_id=session_id,
            sequence_number=number,
            message_id=message_id,
            type=kind,
            data=data,
        )


def _steps(session_id: str, turns: Iterable[ChatTurn]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for number, turn in enumerate(turns, 1):
        message_id = f"{session_id}:msg_{number}"
        if turn.content:
            yield message_id, ev.USER_MESSAGE, {"content": turn.content, "message_id": message_id}
        for kind, data in turn.steps:
            yield message_id, kind, {**data, "message_id": message_id}
        status = {"status": "failed" if turn.error else "completed", "error": turn.error}
        yield message_id, ev.MESSAGE_STATUS_CHANGED, status


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


_COLUMNS = {
    "id": lambda run: run.resource.session.id,
    "model": lambda run: run.resource.session.llm_id or "",
    "status": lambda run: run.resource.session.last_message_status or "",
    "items": lambda run: str(len(run.items)),
    "metadata": lambda run: ", ".join(f"{k}={v:.40}" for k, v in run.metadata.items()),
}
