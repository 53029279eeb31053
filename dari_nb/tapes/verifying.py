"""What is wrong with a tape that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..models import events as ev
from .keys import key_of
from .lines import encoded
from .recording import Recording
from .scrubbing import Scrubber
from .turns import Turn

_EDITED = "what is asked here, or before it, is not what its key {key} stands for"
_LOST = "the turn before it, {parent}, is not in the tape"
_TWICE = "the turn on line {other} is the same answer to the same: only this one plays"
_CUT = "it does not end: the recording was cut off here"
_NO_CALL = "{call} has a result, and nobody called it"
_UNSCRUBBED = "it holds what looks like a secret"


class Flaw(NamedTuple):
    """Something wrong with a turn.

    Attributes:
        line: Where the turn stands in its file, from 1; ``None`` when it was not read from one.
        turn: The turn, by its ordinals.
        text: What is wrong.
    """

    line: int | None
    turn: str
    text: str

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line else ""
        return f"{where}{self.turn}: {self.text}"


def flaws_of(tape: Recording, scrubber: Scrubber | None = None) -> list[Flaw]:
    """Find what is wrong with a tape: keys, parents, turns that do not end, secrets.

    Args:
        tape: The tape.
        scrubber: What finds secrets; keys of known providers and of this process by default.
    """
    scrubber = scrubber or Scrubber()
    keys = {turn.line.key for turn in tape.turns}
    seen: dict[tuple[str, int, bool], Turn] = {}
    flaws = []
    for turn in tape.turns:
        texts = list(_flaws(turn, keys))
        if other := seen.get((*turn.place, turn.line.new)):
            texts.append(_TWICE.format(other=other.number or "above"))
        seen[*turn.place, turn.line.new] = turn
        written = b"".join(map(encoded, (turn.agent, turn.line, *turn.body, *turn.before)))
        if scrubber.text(text := written.decode()) != text:
            texts.append(_UNSCRUBBED)
        name = f"{turn.line.turn} of {turn.line.session}"
        flaws += [Flaw(turn.number, name, text) for text in texts]
    return flaws


def _flaws(turn: Turn, keys: set[str]) -> Iterator[str]:
    line = turn.line
    if key_of(line.parent, turn.agent, line.llm, line.asked) != line.key:
        yield _EDITED.format(key=line.key)
    if line.parent is not None and line.parent not in keys:
        yield _LOST.format(parent=line.parent)
    if turn.status is None:
        yield _CUT
    called = set()
    for event in turn.events:
        call = str(event.data.get("tool_call_id"))
        if event.event == ev.TOOL_CALL_REQUESTED:
            called.add(call)
        elif event.event in (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED) and call not in called:
            yield _NO_CALL.format(call=call)
