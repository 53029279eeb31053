"""Tapes: recorded turns, those of other formats that were put on one included.

A run is a session of the tape; one that begins as another one has the turns of that first. Turns
that never play are left out, and the notes of the runs say so. A run of another format comes back
as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...errors import TapeError
from ...models import events as ev
from ...models import text_of
from ...tapes import Recording, Turn, parsed
from ...tapes.differences import text_asked
from ...tapes.keys import blocks_of
from ...tapes.recording import parents_of
from ...tapes.runs import ABOUT, CONTENT_FIRST, INSTRUCTIONS, LISTS, RUN, TIMES
from ...tapes.summary import LeftOut
from .._turn import error_text
from ..json_text import text_of_json
from ..said import Said
from ..turns import RECORDED, RECORDED_DOCUMENT, RECORDED_FORMAT, RecordedTurn, Step
from . import chat_completions
from .metadata import run_metadata
from .registry import FORMATS
from .runs import Run, dollars_of, list_of, name_of, part_of, sum_of

NAME = "tape"
LOST: tuple[str, ...] = (
    "Drafts, attempts that failed, and times of day.",
    "Turns that never play: that stand twice, or go on from what is not on the tape.",
)
_CALL = "tool_call_id"
_ASKED = "asked"
"""The metadata that tells the task of a session which names none: what was asked first."""


def is_tape(line: bytes) -> bool:
    """Whether a first line is that of a tape."""
    if b'"dari_tape"' not in line[:64]:
        return False
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and "dari_tape" in told


def read_tape(data: bytes, place: list[str]) -> Iterator[Run]:
    """Read the runs of a tape; ``place`` says where it is.

    Raises:
        ValueError: A line is broken.
    """
    try:
        tape = parsed(data, "")
    except TapeError as error:
        place[0] = f"line {error.line}"
        raise ValueError(str(error).partition(": ")[2].rstrip(".")) from None
    yield from runs_of(tape)


def runs_of(tape: Recording) -> Iterator[Run]:
    """Give the runs of a tape, in its order."""
    told = tape.for_others()
    never = LeftOut.of(tape).counted_never()
    notes = [f"{count}: {why}".replace("`", "") for count, why in never.items()]
    parents = parents_of(told.turns)
    sessions: dict[str, list[Turn]] = {}
    for turn in told.turns:
        sessions.setdefault(turn.line.session, []).append(turn)
    for own in sessions.values():
        run = _run([*_beginning(own[0], parents), *own])
        run.notes = (*run.notes, *notes)
        yield run


def _beginning(turn: Turn, parents: Mapping[int, Turn]) -> list[Turn]:
    """The turns before the first one of a session, where it begins as another one."""
    found: list[Turn] = []
    seen = {id(turn)}
    at = parents.get(id(turn))
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        found.append(at)
        at = parents.get(id(at))
    return found[::-1]


def _run(turns: Sequence[Turn]) -> Run:
    line = turns[0].line
    more = [turn.more for turn in turns]
    told = more[0].get(RUN)
    metadata = {name: text_of_json(value) for name, value in line.metadata.items()}
    beside = run_metadata(metadata, lambda _: {})
    if beside["task"] is None and not isinstance(told, dict):
        metadata.setdefault(_ASKED, text_asked(line.asked))
    recorded = [_turn(*one, number) for number, one in enumerate(zip(turns, more, strict=True), 1)]
    run = Run(
        NAME,
        recorded,
        metadata=metadata,
        model=line.llm,
        agent=line.agent,
        cost=sum_of(turn.line.cost for turn in turns),
        task=beside["task"] or _ASKED,
        repeat=beside["repeat"],
        scores=beside["scores"],
        lost=LOST,
    )
    if isinstance(told, dict):
        run.model = run.agent = run.cost = run.task = run.repeat = None
        for name in ABOUT:
            if isinstance(value := told.get(name), _KINDS.get(name, str)):
                setattr(run, name, value)
        run.scores, run.notes = (
            tuple(filter(None, map(name_of, list_of(told.get(name))))) for name in LISTS
        )
        run.instructions = _instructions(told.get(INSTRUCTIONS), recorded[0].messages)
        form = FORMATS.get(run.format)
        if form is chat_completions:
            for turn in recorded:
                turn.messages = turn.messages or [
                    *_plain_messages(turn, list_of(told.get(CONTENT_FIRST)))
                ]
        run.format, run.lost = (form.NAME, form.LOST) if form else (NAME, LOST)
        run.cost = dollars_of(run.cost)
    return run


_KINDS = {"usage": dict}
"""What is known of a run and is no text."""


def _instructions(instructions: Any, messages: Sequence[Any]) -> str:
    if isinstance(instructions, int) and 0 <= instructions < len(messages):
        instructions = part_of(messages[instructions]).get("content")
    return instructions if isinstance(instructions, str) else ""


def _turn(turn: Turn, more: Mapping[str, Any], number: int) -> RecordedTurn:
    times = [name_of(time) for time in list_of(more.get(TIMES))]
    steps: list[Step] = []
    for event in turn.events:
        if event.event != ev.MESSAGE_STATUS_CHANGED:
            steps.append((event.event, dict(event.data)))
        elif "attempt" in event.data:
            steps.clear()
    end = turn.events[-1].data if turn.status else {}
    form = name_of(more.get(RECORDED_FORMAT))
    messages = list_of(more.get(RECORDED))
    document = more.get(RECORDED_DOCUMENT)
    names = _ids(steps, messages, form, number)
    for _, data in steps:
        if isinstance(call := data.get(_CALL), str):
            data[_CALL] = names[call]
    given: list[str | None] = [None] * len(steps)
    given = times[1:] if len(times) == len(steps) + 1 else given
    return RecordedTurn(
        [*blocks_of(turn.line.asked)],
        steps,
        given,
        times[0] if times else None,
        error_text(end.get("error")) if turn.status == "failed" else None,
        messages,
        form if form in FORMATS else None,
        document if isinstance(document, dict) else None,
        {name: n for name, n in part_of(end.get("usage")).items() if type(n) is int},
    )


def _plain_messages(turn: RecordedTurn, content_first: Sequence[Any]) -> Iterator[dict[str, str]]:
    """The messages of a turn of nothing but texts, which no tape holds twice."""
    said = [("user", turn.content)] if turn.content else []
    said += [("assistant", list_of(data.get("content"))) for _, data in turn.steps]
    for role, content in said:
        message = {"role": role, "content": text_of(content)}
        yield dict(reversed(message.items())) if role in content_first else message


def _ids(
    steps: Iterable[Step], messages: Sequence[Any], form: str | None, number: int
) -> dict[str, str]:
    """The ids of calls: those of the messages that they were recorded as, or else some."""
    calls = (data.get(_CALL) for _, data in steps)
    ordinals = list(dict.fromkeys(call for call in calls if isinstance(call, str)))
    told = _call_ids(messages, form)
    if len(told) != len(ordinals):
        told = [f"call_{number}_{place}" for place in range(1, len(ordinals) + 1)]
    return dict(zip(ordinals, told, strict=True))


def _call_ids(messages: Sequence[Any], form: str | None) -> list[str]:
    known = FORMATS.get(form or chat_completions.NAME, chat_completions)
    found: dict[str, None] = {}
    try:
        for entry in (one for _, said in known.entries(messages) for one in said):
            ids = [call.id for call in entry.calls] if isinstance(entry, Said) else [entry.call_id]
            found |= {one: None for one in ids if one is not None}
    except ValueError:
        return []
    return list(found)
