"""Runs from elsewhere, as chat-completions messages, in the shape of sessions."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ... import models
from ...errors import InvalidRequestError
from ...models import events as ev
from ...transcript import Ledger
from ...transcript.chat import ChatTurn, chat_turns, system_prompt

Messages = Iterable[Mapping[str, Any]]


class Run(NamedTuple):
    """What a transcript is made of: its resource, its events, and the system prompt."""

    resource: models.Transcript
    events: Sequence[models.Event]
    instructions: str


def from_messages(
    messages: Messages, *, agent: str, llm: str | None, metadata: Mapping[str, Any] | None
) -> Run:
    """Make a run of messages; see :meth:`Transcript.from_messages`."""
    try:
        listed = [copy.deepcopy(dict(message)) for message in messages]
        turns, instructions = chat_turns(listed), system_prompt(listed)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"These are no chat-completions messages: {error}.") from None
    texts = {str(key): _text(value) for key, value in (metadata or {}).items()}
    return _run(turns, instructions, agent, llm, texts)


def from_file(path: str | Path, *, agent: str | None) -> list[Run]:
    """Read runs from a file; see :meth:`Transcript.from_file`."""
    from ...local.service.recordings import agent_name_of, read_runs

    path = Path(path).expanduser()
    name = agent or agent_name_of(path)
    return [
        _run(run.turns, run.instructions, name, run.metadata.get("model"), run.metadata)
        for run in read_runs(path)
    ]


def _run(
    turns: Sequence[ChatTurn],
    instructions: str,
    agent: str,
    llm: str | None,
    metadata: Mapping[str, str],
) -> Run:
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
    return Run(resource, ledger.events, instructions)


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
        opening, steps = turn.opening, list(turn.steps)
        if turn.content or not steps:
            steps.insert(0, (ev.USER_MESSAGE, {"content": turn.content}))
        for kind, data in steps:
            yield message_id, kind, {**data, **opening, "message_id": message_id}
            opening = {}
        status = {"status": "failed" if turn.error else "completed", "error": turn.error}
        yield message_id, ev.MESSAGE_STATUS_CHANGED, status


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
