"""A recorded turn as it looks after each of its steps. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET

from ...models import TERMINAL, Event, TimelineItem, text_block
from ...models import events as ev
from ...render import Head, with_silence
from ...tapes import DraftLine, EventLine, Mark, Turn
from ...transcript import TurnState
from .steps import marked_steps, settles, steps_of, wait_of

PAUSE = 1.2
"""Seconds between two turns: how long people took to read is on no tape."""
_ENDINGS = (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED)


class Marked(NamedTuple):
    """A mark, and after how many steps of its turn it stands."""

    steps: int
    mark: Mark


class Plan(NamedTuple):
    """What is known of a turn's steps before any is looked into.

    Attributes:
        waits: Seconds before each step: the first is what was asked, then those of
            :func:`steps_of`.
        marks: The marks, those in front of the turn first.
        items: Steps with which something new is seen, and whether that is an error.
    """

    waits: list[float]
    marks: list[Marked]
    items: list[tuple[int, bool]]


def plan_of(turn: Turn) -> Plan:
    """Look through a turn once."""
    marks = [Marked(0, note) for note in turn.before if isinstance(note, Mark)]
    plan = Plan([0.0], marks, [])
    for step in marked_steps(turn):
        if isinstance(step, Mark):
            marks.append(Marked(len(plan.waits), step))
            continue
        if isinstance(step, EventLine) and (seen := _is_seen(step)):
            plan.items.append((len(plan.waits), seen == "error"))
        plan.waits.append(wait_of(step))
    return plan


def waits_of(turn: Turn) -> list[float]:
    """Seconds before each step of a turn."""
    return plan_of(turn).waits


def _is_seen(line: EventLine) -> str:
    """Whether something new is seen with an event: ``item`` or ``error``; empty for nothing."""
    if line.event in _ENDINGS:
        is_error = line.event == ev.TOOL_CALL_FAILED or line.data.get("is_error")
        return "error" if is_error else ""
    if line.event == ev.MESSAGE_STATUS_CHANGED:
        return "error" if line.data.get("status") == "failed" else ""
    return "item"


def scenes(turn: Turn, message_id: str) -> Iterator[Sequence[TimelineItem]]:
    """Give the items of a turn after each of its steps, in one list that goes on; see `growth`."""
    items: list[TimelineItem] = []
    for place, rest in growth(turn, message_id):
        items[place:] = rest
        yield items


def growth(turn: Turn, message_id: str) -> Iterator[tuple[int, Sequence[TimelineItem]]]:
    """Give after each step of a turn how many items stay as they are, and all behind those.

    The events are folded as those of a session are, so items are the same objects as long as they
    are the same. Times of day are on no tape; how long a call took is known from the steps.

    Args:
        turn: The turn.
        message_id: What it is called in the items.
    """
    state, drafts = TurnState(message_id), _Drafts()
    begun: dict[str, float] = {}
    at = 0.0
    asked = turn.line.asked
    content = [text_block(asked)] if isinstance(asked, str) else asked
    state.apply(_event(message_id, 0, ev.USER_MESSAGE, {"content": content}))
    yield 0, state.items
    for number, step in enumerate(steps_of(turn), 1):
        place = 0 if state.status in TERMINAL else state.settled
        at += wait_of(step, unknown=0.0)
        if isinstance(step, EventLine):
            data = _timed(step, at, begun)
            drafts.settle(step)
            state.apply(_event(message_id, number, step.event, data))
        else:
            for piece in step:
                state.write(drafts.piece(piece, state.attempt))
        if state.status in TERMINAL:
            yield 0, with_silence(state.items, Head(turn.line.agent, state=str(state.status)))
        else:
            yield place, state.items_from(place)


def _timed(line: EventLine, at: float, begun: dict[str, float]) -> dict[str, Any]:
    """The payload of an event; of the end of a call with the seconds that it took."""
    call = str(line.data.get("tool_call_id"))
    if line.event == ev.TOOL_CALL_REQUESTED:
        begun[call] = at
    elif line.event in _ENDINGS and call in begun and line.after is not UNSET:
        return {"seconds": round(at - begun[call], 3), **line.data}
    return line.data


def _event(message_id: str, number: int, kind: str, data: dict[str, Any]) -> Event:
    told = {name: value for name, value in data.items() if name != "message_id"}
    identity = f"{message_id}:{number}"
    return Event(
        id=identity, sequence_number=number + 1, message_id=message_id, type=kind, data=told
    )


class _Drafts:
    """Pieces of drafts as a stream tells them (contract, section 18.1)."""

    def __init__(self) -> None:
        self._number = 0
        self._written: dict[tuple[str, int | None], tuple[int, int]] = {}

    def piece(self, line: DraftLine, attempt: int) -> dict[str, Any]:
        block = (line.draft, line.call)
        if block not in self._written:
            self._written[block] = self._number, 0
            self._number += 1
        number, length = self._written[block]
        offset = 0 if line.anew else length
        self._written[block] = number, offset + len(line.text)
        told = {"draft": number, "offset": offset, "attempt": attempt}
        return {**told, "kind": line.draft, "text": line.text}

    def settle(self, line: EventLine) -> None:
        """Forget what is a draft no longer."""
        if settles(line):
            self._written.clear()
        if "attempt" in line.data:
            self._number = 0
