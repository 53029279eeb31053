"""Find what is wrong with a tape that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from ..models import events as ev
from .files import content_of
from .keys import is_keyed
from .lines import DraftLine, EventLine, FileLine, encoded
from .recording import Never, Recording, why_never
from .redaction import Scrubber
from .turns import Turn, drafted_in

_EDITED = (
    "its prompt or agent was edited, so it no longer matches its key: ask it again, or restore "
    "what was recorded"
)
_NEVER = {
    Never.TWICE: "it stands twice on the tape, and only the later one plays: delete one of them",
    Never.LOST: (
        "it never plays, because a turn that it continues isn't on the tape: delete it, or ask the "
        "session again"
    ),
    Never.BEHIND: (
        "it never plays, because a turn that it continues has another answer now: delete it, or "
        "ask the session again"
    ),
}
_SAME_PLACE = "the turn on line {other} is also {turn} of {session}: delete one of them"
_INCOMPLETE = "its recording was cut off: ask it again, or delete it"
_NO_CALL = "{call} has a result, but wasn't called: delete the result"
_TWO_RESULTS = "{call} has two results: delete one of them"
_SECRET = "it contains what looks like a secret"  # noqa: S105
_RESULTS = (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED)


class Flaw(NamedTuple):
    """Something wrong with a turn.

    Attributes:
        line: Its line in the file, from 1; ``None`` if the turn wasn't read from a file.
        turn: The turn, by its ordinals.
        text: The problem, and how to fix it.
    """

    line: int | None
    turn: str
    text: str

    def __str__(self) -> str:
        where = ", ".join(filter(None, (f"line {self.line}" if self.line else "", self.turn)))
        return f"{where}: {self.text}"


def flaws_of(
    tape: Recording, scrubber: Scrubber | None = None, *, folder: Path | None = None
) -> list[Flaw]:
    """Find turns that never play or were cut off, two answers to one step, and secrets.

    Args:
        tape: The tape.
        scrubber: Finds secrets; by default keys of providers and of this process.
        folder: The folder of the tape's larger files, which aren't checked without it.

    >>> flaws_of(Recording())
    []
    """
    scrubber = scrubber or Scrubber()
    never = why_never(tape.turns)
    places: dict[tuple[str, str], Turn] = {}
    flaws = []
    for turn in tape.turns:
        line, texts = turn.line, list[tuple[int | None, str]]()
        if not is_keyed(line, turn.agent):
            texts.append((turn.number, _EDITED))
        if why := never.get(id(turn)):
            texts.append((turn.number, _NEVER[why]))
        if turn.status is None:
            texts.append((turn.number, _INCOMPLETE))
        other = places.setdefault((line.session, line.turn), turn)
        if other.place != turn.place:
            told = {"turn": line.turn, "session": line.session, "other": other.number or "above"}
            texts.append((turn.number, _SAME_PLACE.format(**told)))
        texts += _step_flaws(turn, folder)
        if _holds_secret(turn, scrubber):
            texts.append((turn.number, _SECRET))
        flaws += [Flaw(number, f"{line.turn} of {line.session}", text) for number, text in texts]
    return flaws


def _step_flaws(turn: Turn, folder: Path | None) -> Iterator[tuple[int | None, str]]:
    """Yield what is wrong with the lines below the first line of a turn, with their numbers."""
    results: dict[str, int] = {}
    numbers = (
        turn.numbers if len(turn.numbers) == len(turn.body) else [turn.number] * len(turn.body)
    )
    for entry, number in zip(turn.body, numbers, strict=True):
        if isinstance(entry, FileLine) and not entry.gone and (folder or not entry.beside):
            try:
                content_of(entry, folder or Path())
            except ValueError as error:
                yield number, str(error)
        call = entry.data.get("tool_call_id") if isinstance(entry, EventLine) else None
        if not isinstance(entry, EventLine) or not isinstance(call, str):
            continue
        if entry.event == ev.TOOL_CALL_REQUESTED:
            results[call] = 0
        elif entry.event in _RESULTS and call not in results:
            yield number, _NO_CALL.format(call=call)
        elif entry.event in _RESULTS:
            results[call] += 1
            if results[call] > 1:
                yield number, _TWO_RESULTS.format(call=call)


def _holds_secret(turn: Turn, scrubber: Scrubber) -> bool:
    # Keys look as random as secrets. Pieces of drafts are searched as the text that they make.
    line = replace(turn.line, key="", parent=None, behind=None)
    body = (replace(each, text="") if isinstance(each, DraftLine) else each for each in turn.body)
    drafts = ("".join(piece.text for piece in pieces) for pieces in drafted_in(turn.body))
    lines = (turn.agent, line, *body, *turn.before)
    texts = (*(encoded(each).decode() for each in lines), *drafts)
    return any(scrubber.text(text) != text for text in texts)
