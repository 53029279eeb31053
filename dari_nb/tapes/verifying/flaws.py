"""What is wrong with a tape that can be read."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ...models import events as ev
from ..keys import is_keyed
from ..lines import DraftLine, EventLine, FileLine, encoded
from ..recording import Never, Recording, counting, parents_of, why_parted
from ..redaction import Scrubber
from ..summary import prompt_of
from ..turns import Turn, drafted_in
from .left_files import LeftFiles
from .payloads import entry_troubles, note_troubles, turn_troubles

_EDITED = (
    "its prompt or agent was edited, so it no longer matches its key: ask it again, or restore "
    "what was recorded"
)
_WHY = {
    Never.LOST: "goes on from a turn that is not in the tape ({parent})",
    Never.BEHIND: "goes on from another answer than those that stand before it",
}
_NEVER = "{asked} {why}, so it never plays: take {lines} out{rest}, and ask it again{where}"
_WHERE = {
    Never.LOST: " where it belongs",
    Never.BEHIND: "",
}
_REST = ", with what goes on from it ({lines})"
_TWICE = (
    "the turn on line {other} is the same answer to the same: only this one plays; take one of "
    "both out"
)
_SAME_PLACE = (
    "the turn on line {other} is {turn} of {session}, too: take one of both out, with those that "
    "go on from it"
)
_CUT = (
    "it does not end: the recording of {asked} was cut off here: ask it again, or take {lines} out"
)
_CUT_NEVER = (
    "it does not end: the recording of {asked} was cut off here, and it {why}, so it never plays: "
    "take {lines} out{rest}"
)
_NO_CALL = "{call} has a result, and nobody called it"
_CALLED_TWICE = "{call} is called twice before it has a result: name one anew"
_TWO_RESULTS = "{call} has a result already: take one of both out"
_CALL = "tool_call_id"
_ANSWERS = (ev.TOOL_CALL_COMPLETED, ev.TOOL_CALL_FAILED, ev.TOOL_RESULT_SUBMITTED)
_CIRCLE = "its parents lead back to it: no turn is before itself"
_NO_TEXT = "more: {place} is no place in this turn where a text is"
_UNSCRUBBED = "it holds what looks like a secret"


class Flaw(NamedTuple):
    """Something wrong with a turn.

    Attributes:
        line: Where it stands in its file, from 1; ``None`` when it was not read from one.
        turn: The turn, by its ordinals; empty where it is a matter of no turn.
        text: What is wrong.
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
    """Find what is wrong with a tape: keys, parents, places, turns that do not end, secrets, edits.

    Args:
        tape: The tape.
        scrubber: What finds secrets; keys of known providers and of this process by default.
        folder: The one beside its file, with its larger files; they are not looked at without it.
    """
    scrubber = scrubber or Scrubber()

    secrets = _Secrets(scrubber)
    following = _following(tape.turns)
    circles = _circles(tape.turns)
    parents = parents_of(counted := counting(tape.turns))
    counts = {*map(id, counted)}
    seen: dict[tuple[str, int], Turn] = {}
    places: dict[tuple[str, str], Turn] = {}
    flaws = []
    for turn in tape.turns:
        line = turn.line
        why = why_parted(turn, parents.get(id(turn))) if id(turn) in counts else None
        where = _WHERE[why] if why else ""
        texts = [(turn.number, text) for text in _flaws(turn, why, where, following, circles)]
        if other := seen.get(turn.place):
            texts.append((turn.number, _TWICE.format(other=other.number or "above")))
        seen[turn.place] = turn
        other = places.setdefault((line.session, line.turn), turn)
        if other.place != turn.place:
            place = {"turn": line.turn, "session": line.session}
            text = _SAME_PLACE.format(other=other.number or "above", **place)
            texts.append((turn.number, text))
        texts += _flaws_below(turn, times=tape.times, folder=folder)
        if secrets.are_in(turn):
            texts.append((turn.number, _UNSCRUBBED))
        flaws += [Flaw(number, _name(turn), text) for number, text in texts]
    return flaws


class _Secrets:
    """Looks for secrets in turns.

    Args:
        scrubber: What finds them.
    """

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._agents: dict[bytes, bool] = {}

    def are_in(self, turn: Turn) -> bool:
        """Whether a turn holds what looks like one."""
        agent = encoded(turn.agent)
        if agent not in self._agents:
            self._agents[agent] = self._is_in(agent.decode())
        # Keys look as random as secrets, and a look at a long text that holds none takes long.
        asked = msgspec.structs.replace(turn.line, key="", parent=None, behind=None)
        keys = msgspec.structs.replace(turn.line, asked="", metadata={}, more={})
        # Where a piece begins, no word does: pieces are looked at as the texts that they are of.
        body = (
            msgspec.structs.replace(line, text="") if isinstance(line, DraftLine) else line
            for line in turn.body
        )
        came = b"".join(map(encoded, (*body, *turn.before)))
        drafted = ("".join(each.text for each in pieces) for pieces in drafted_in(turn.body))
        told = (each.decode() for each in (encoded(asked), encoded(keys), came))
        return self._agents[agent] or any(map(self._is_in, (*told, *drafted)))

    def _is_in(self, text: str) -> bool:
        return self._scrubber.text(text) != text


def _name(turn: Turn) -> str:
    return f"{turn.line.turn} of {turn.line.session}"


def _circles(turns: Iterable[Turn]) -> set[str]:
    """The keys of turns that come before themselves."""
    parents = {turn.line.key: turn.line.parent for turn in turns}
    circles: set[str] = set()
    seen: set[str] = set()
    for key in parents:
        way: list[str] = []
        at: str | None = key
        while at is not None and at not in seen:
            seen.add(at)
            way.append(at)
            at = parents.get(at)
        if at in way:
            circles |= {*way[way.index(at) :]}
    return circles


def _following(turns: Iterable[Turn]) -> dict[int, list[Turn]]:
    """The turns that go on from each, by its ``id()``."""
    turns = [*turns]
    found = dict[int, list[Turn]]()
    parents = parents_of(turns)
    for turn in turns:
        if (before := parents.get(id(turn))) is not None:
            found.setdefault(id(before), []).append(turn)
    return found


def _after(turn: Turn, following: Mapping[int, Sequence[Turn]]) -> list[Turn]:
    """All turns that go on from one, in the order of their lines."""
    found, seen = list[Turn](), {id(turn)}
    for at in (way := [turn]):
        more = [one for one in following.get(id(at), ()) if id(one) not in seen]
        seen |= {*map(id, more)}
        found += more
        way += more
    return sorted(found, key=lambda one: one.number or 0)


def _flaws(
    turn: Turn,
    why: Never | None,
    where: str,
    following: Mapping[int, Sequence[Turn]],
    circles: Container[str],
) -> Iterator[str]:
    line = turn.line
    if not is_keyed(turn.line, turn.agent):
        yield _EDITED
    told = {"asked": prompt_of(turn), "lines": _lines(turn)}
    if why is not None and line.parent != line.key:
        text = _NEVER if turn.status is not None else _CUT_NEVER
        behind = _after(turn, following)
        rest = _REST.format(lines=_lines(*behind)) if behind else ""
        reason = _WHY[why].format(parent=line.parent)
        yield text.format(**told, why=reason, rest=rest, where=where)
    elif turn.status is None:
        yield _CUT.format(**told)
    if line.key in circles:
        yield _CIRCLE
    yield from (_NO_TEXT.format(place=repr(place)[:40]) for place in turn.lost)
    yield from turn_troubles(line)


def _lines(*turns: Turn) -> str:
    """The lines of turns, which stand in their order."""
    runs = list[list[int]]()
    for turn in turns:
        if (first := turn.number) is None:
            return "its lines"
        last = turn.numbers[-1] if turn.numbers else first
        if runs and runs[-1][1] == first - 1:
            runs[-1][1] = last
        else:
            runs.append([first, last])
    if len(runs) == 1 and runs[0][0] == runs[0][1]:
        return f"line {runs[0][0]}"
    told = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    return f"lines {' and '.join(filter(None, [', '.join(told[:-1]), told[-1]]))}"


def _flaws_below(
    turn: Turn, *, times: bool, folder: Path | None
) -> Iterator[tuple[int | None, str]]:
    """Give what is wrong with the lines of a turn below its first, each with its number."""
    results, files, named = dict[str, set[bool]](), LeftFiles(folder), dict[str, bool]()
    numbers = (
        turn.numbers if len(turn.numbers) == len(turn.body) else [turn.number] * len(turn.body)
    )
    numbered = [
        *((note, turn.number) for note in turn.before),
        *zip(turn.body, numbers, strict=True),
    ]
    for entry, number in numbered:
        if isinstance(entry, FileLine):
            texts = files.troubles(entry)
        elif isinstance(entry, EventLine | DraftLine):
            texts = entry_troubles(entry, times=times)
        else:
            texts = note_troubles(entry, named)
        yield from ((number, text) for text in texts)
        if isinstance(entry, EventLine):
            yield from ((number, text) for text in _call_troubles(entry, results))


def _call_troubles(entry: EventLine, results: dict[str, set[bool]]) -> Iterator[str]:
    """Say what is wrong with a call or its result.

    Args:
        entry: The event.
        results: What each call before it has since it was last called: a result that was submitted,
            one that the agent got, or both.
    """
    call = entry.data.get(_CALL)
    if not isinstance(call, str):
        return
    if entry.event == ev.TOOL_CALL_REQUESTED:
        if results.get(call) == set():
            yield _CALLED_TWICE.format(call=call)
        results[call] = set()
    elif entry.event in _ANSWERS:
        is_submitted = entry.event == ev.TOOL_RESULT_SUBMITTED
        if call not in results:
            yield _NO_CALL.format(call=call)
        elif is_submitted in results[call]:
            yield _TWO_RESULTS.format(call=call)
        results.setdefault(call, set()).add(is_submitted)
