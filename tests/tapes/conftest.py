"""Turns made by hand, without any server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from dari_nb.tapes import AgentLine, DraftLine, Recording, Scrubber, Taking, Turn

TOUR = AgentLine(agent="tour", llms={"small": {"model": "small"}})
DONE = ("message.status_changed", {"status": "completed", "previous_status": "running"})

Step = tuple[str, dict[str, Any]] | DraftLine


def said(text: str) -> Step:
    return "assistant.message_completed", {"content": [{"type": "text", "text": text}]}


def piece(text: str, draft: str = "text", **more: Any) -> DraftLine:
    return DraftLine(draft=draft, text=text, **more)


def taken(
    asked: str,
    steps: Iterable[Step] = (),
    *,
    ends: bool = True,
    scrubber: Scrubber | None = None,
    agent: AgentLine = TOUR,
    times: bool = True,
    opening: dict[str, Any] | None = None,
    **about: Any,
) -> Turn:
    """A turn whose steps come a quarter of a second apart."""
    event = {
        "content": [{"type": "text", "text": asked}],
        "message_id": "msg_9f",
        **(opening or {}),
    }
    at = 100.0
    told = {"session": "sess_a1", "number": 1, **about}
    taking = Taking(scrubber or Scrubber(), agent, event, at if times else None, **told)
    for step in (*steps, *([DONE] if ends else [])):
        at += 0.25
        if isinstance(step, DraftLine):
            more = {"tool": step.tool, "call": step.call, "restart": step.anew}
            taking.draft(step.draft, step.text, at, **more)
        else:
            taking.event(*step, at)
    taking.also(event)
    return taking.turn


def tape_of(*turns: Turn) -> Recording:
    tape = Recording()
    tape.add(*turns)
    return tape


@pytest.fixture
def lesson() -> Recording:
    """Two turns of one session."""
    first = taken("What is a closure?", [piece("A "), piece("function."), said("A function.")])
    second = taken("And in Go?", [said("The same.")], number=2, parent=first.line.key)
    return tape_of(first, second)
