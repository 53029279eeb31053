"""Runs from elsewhere as turns of a tape, with all that is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..models import events as ev
from ..models import parse_time
from .keys import digest_of
from .lines import AgentLine
from .redaction import Scrubber
from .turns import Taking, Turn

RUN = "run"
"""What else is known of a run, in the first turn's ``more``."""
TIMES = "times"
"""When a turn was asked, and when each of its steps was, in its ``more``."""
INSTRUCTIONS = "instructions"
"""The system prompt, or the place of the recorded message that is it."""
ABOUT = ("format", "model", "agent", "cost", "usage", "created_at", "task", "repeat", "named")
"""What is known of a run as it is; ``scores`` and ``notes`` are lists."""
LISTS = ("scores", "notes")


CONTENT_FIRST = "content_first"
"""The roles whose messages, where they are nothing but a text, have that in front."""
_CONTENT_FIRST = ["content", "role"]


class RunTurn(Protocol):
    """A turn of a run: what was asked, and the events that came of it."""

    content: list[dict[str, Any]]
    steps: list[tuple[str, dict[str, Any]]]
    times: list[str | None]
    asked_at: str | None
    error: str | None
    messages: list[Any]
    usage: dict[str, int]

    @property
    def opening(self) -> dict[str, Any]:
        """What else its first event holds."""

    @property
    def ended_at(self) -> str | None:
        """When its last step was."""


class AnyRun(Protocol):
    """A run, as ``dari_nb.Transcript.from_file`` reads them."""

    instructions: str
    metadata: dict[str, str]
    model: str | None

    @property
    def turns(self) -> Sequence[RunTurn]:
        """Its turns."""


def turns_of_run(run: AnyRun, agent: str, scrubber: Scrubber, session: str) -> list[Turn]:
    """Make turns of a run.

    Args:
        run: The run.
        agent: Who answered.
        scrubber: What takes the secrets out.
        session: The session, by whichever name.
    """
    line = AgentLine(
        agent=agent,
        prompt=digest_of(run.instructions) if run.instructions else None,
        llms={run.model: {"model": run.model}} if run.model else {},
    )
    made: list[Turn] = []
    for number, turn in enumerate(run.turns, 1):
        taking = Taking(
            *(scrubber, line, {"content": turn.content}, _seconds(turn.asked_at)),
            session=session,
            number=number,
            parent=made[-1].line.key if made else None,
            after=made[-1].answers if made else None,
            llm=run.model,
            metadata=run.metadata if number == 1 else None,
        )
        for (kind, data), at in zip(turn.steps, turn.times, strict=True):
            taking.event(kind, data, _seconds(at))
        taking.event(ev.MESSAGE_STATUS_CHANGED, _ending(turn), _seconds(turn.ended_at))
        taking.also(_metadata(run, turn, is_first=number == 1))
        made.append(taking.turn)
    return made


def _metadata(run: AnyRun, turn: RunTurn, *, is_first: bool) -> dict[str, Any]:
    told = {**turn.opening}
    if turn.asked_at or any(turn.times):
        told[TIMES] = [turn.asked_at, *turn.times]
    if is_first:
        told[RUN] = _about(run)
    return told


def _about(run: AnyRun) -> dict[str, Any]:
    about: dict[str, Any] = {name: getattr(run, name) for name in ABOUT if getattr(run, name)}
    about |= {name: list(getattr(run, name)) for name in LISTS if getattr(run, name)}
    messages = [one for turn in run.turns for one in turn.messages if isinstance(one, Mapping)]
    if roles := {str(one["role"]) for one in messages if list(one) == _CONTENT_FIRST}:
        about[CONTENT_FIRST] = sorted(roles)
    if run.instructions:
        texts = [message.get("content") for message in messages[:1]]
        about[INSTRUCTIONS] = 0 if texts == [run.instructions] else run.instructions
    return about


def _ending(turn: RunTurn) -> dict[str, Any]:
    told: dict[str, Any] = {"status": "completed", "previous_status": "running"}
    if turn.error:
        told |= {"status": "failed", "error": turn.error}
    return {**told, "usage": turn.usage} if turn.usage else told


def _seconds(at: str | None) -> float | None:
    time = parse_time(at) if at else None
    return time.timestamp() if time else None
