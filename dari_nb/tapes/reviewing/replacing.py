"""Turns that were asked otherwise, put where the recorded ones stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count

from ...errors import InvalidRequestError
from ..differences import is_alike, nearest
from ..lines import TurnLine
from ..recording import (
    Never,
    Recording,
    are_apart,
    counting,
    follows,
    leave_notes,
    parents_first,
    parents_of,
    why_never,
)
from ..summary import notes_text
from ..turns import Turn

_NAMED = 4
"""Turns of a session that are named."""
_LOSES = (
    "{turns} would go{notes}, and nothing new stands in {its} place: ask {it} anew first, or let "
    "{it} go with replace(rest=True)."
)
_LOSES_WAITING = (
    "{turns} {waits} to be adopted and would go{notes}: adopt or reject {it} first, or let {it} "
    "go with replace(rest=True)."
)
_NEVER = {
    Never.LOST: "{turns} {go} on from a turn that is not on the tape",
    Never.BEHIND: "{turns} {go} on from another answer than those on the tape",
}
_REJECT = ", so {it} would never play: reject {them}, and ask {them} again where {it} {belong}."


@dataclass
class Placing:
    """What becomes of which turns when it is decided on a new one.

    Attributes:
        come: The new turns that play then, each with the recorded one that it takes the place of,
            if there is one.
        gone: The turns that go: the recorded ones, and those that wait behind them.
        lost: Those of them in whose place nothing new stands.
    """

    come: list[tuple[Turn, Turn | None]]
    gone: list[Turn]
    lost: list[Turn]

    @property
    def loss(self) -> str:
        """What would be lost, and what to do about it; empty where nothing is."""
        waiting = [one for one in self.lost if one.line.new]
        recorded = [one for one in self.lost if not one.line.new]
        told = ((_LOSES, recorded), (_LOSES_WAITING, waiting))
        return " ".join(_lost(text, turns) for text, turns in told if turns)


def _lost(text: str, turns: Sequence[Turn]) -> str:
    it, its, waits = ("it", "its", "waits") if len(turns) == 1 else ("them", "their", "wait")
    notes = notes_text(note for turn in turns for note in turn.notes)
    notes = f" with {notes}" if notes else ""
    return text.format(turns=names_of(turns), it=it, its=its, waits=waits, notes=notes)


def placing_of(tape: Recording, turn: Turn, shown: Set[tuple[str, int]] = frozenset()) -> Placing:
    """See which turns go when a new one is put in place: a recorded one, and those behind it.

    Args:
        tape: The tape.
        turn: A turn on it that waits to be adopted.
        shown: The places of those that it was shown to replace: they come first.
    """
    beginning = beginning_of(tape, turn)
    line = beginning.line
    there = [one for one in _replaceable(tape, beginning) if _is_in_place(one, line)]
    found = nearest([one for one in there if one.place in shown] or there, line)
    if found is None:
        return Placing([], [], [])
    news = _coming(tape, beginning)
    answers = [one for one in there if one.line.key == found.line.key]
    # Of several answers to the same, one goes in whose place another was recorded as the same one.
    again = {one.place for one in news}
    answers = [one for one in answers if one.place in again] or answers
    gone = [*answers, *_going(tape, answers, news)]
    come, left, homes = list[tuple[Turn, Turn | None]](), list(gone), _Homes()
    for one in news:
        old = homes.counterpart(one, left)
        come.append((one, old))
        if old is not None:
            homes.note(one, old.line.session)
            left = [other for other in left if other is not old]
    return Placing(come, gone, left)


def put_in_place(
    tape: Recording,
    turn: Turn,
    *,
    rest: bool = False,
    shown: Set[tuple[str, int]] = frozenset(),
) -> Placing:
    """Let a new turn, and those it belongs to, take the place of what was recorded there.

    Args:
        tape: The tape.
        turn: A turn on it that waits to be adopted.
        rest: Whether turns go, too, in whose place nothing new stands.
        shown: The places of those that it was shown to replace: they come first.

    Returns:
        What became of which turns.

    Raises:
        InvalidRequestError: Nothing was recorded there, or something would be lost, or it goes on
            from a turn that is not on the tape.
    """
    refuse_lost(tape, turn)
    placing = placing_of(tape, turn, shown)
    if not placing.gone:
        raise InvalidRequestError(_nothing_there(tape, turn), code="turn_not_found")
    if placing.lost and not rest:
        raise InvalidRequestError(placing.loss, code="tape_conflict")
    homes, stands, further = _Homes(), dict[int, Turn](), list[Turn]()
    gone = {id(one) for one in placing.gone}
    come = {id(one) for one, _ in placing.come}
    moved = gone | come
    tape.tail = [*leave_notes(tape.turns, come, {*map(id, placing.lost)}), *tape.tail]
    taken = {(one.line.session, one.line.turn) for one in tape.turns if id(one) not in moved}
    let_play(tape, [one for one, _ in placing.come], gone)
    for one, old in placing.come:
        wanted = [*homes.of(one), *([old.line.session] if old is not None else [])]
        free = (home for home in wanted if (home, one.line.turn) not in taken)
        session = next(free, one.line.session)
        taken.add((session, one.line.turn))
        homes.note(one, session)
        if old is None:
            further.append(one)
        else:
            stands[id(old)] = one = one.in_place_of(old)
        one.line.session = session
    last = [one for one in tape.turns if id(one) in gone and not one.line.new][-1]
    made = list[Turn]()
    for one in tape.turns:
        if id(one) not in moved or id(one) in stands:
            made.append(stands.get(id(one), one))
        if one is last:
            made += further
    tape.turns = _in_order(made, {one.line.session for one in (*stands.values(), *further)})
    return placing


def let_play(tape: Recording, turns: Sequence[Turn], gone: Set[int] = frozenset()) -> None:
    """Let new turns play: as further answers where others stay that are recorded as the same ones.

    Args:
        tape: The tape.
        turns: The turns.
        gone: The turns that do not stay, by their ``id()``.
    """
    stay = {one.place for one in tape.turns if not one.line.new and id(one) not in gone}
    takes = dict[tuple[str, int], int]()
    for key, take in {one.place: None for one in turns if one.place in stay}:
        taken = {one.line.take for one in tape.turns if one.line.key == key}
        taken |= {given for (other, _), given in takes.items() if other == key}
        takes[key, take] = next(free for free in count(1) if free not in taken)
    for one in turns:
        one.line.take = takes.get(one.place, one.line.take)
        one.line.new = False


def _in_order(turns: Sequence[Turn], sessions: Set[str]) -> list[Turn]:
    """Let no turn of these sessions stand before one that it goes on from."""
    before = {one.line.key: one.line.parent or "" for one in turns}
    made = list(turns)
    for session in sessions:
        at = [number for number, one in enumerate(turns) if one.line.session == session]
        own = sorted((turns[number] for number in at), key=lambda one: depth_of(one, before))
        for number, one in zip(at, own, strict=True):
            made[number] = one
    return made


def depth_of(turn: Turn, before: Mapping[str, str]) -> int:
    """How many turns of the tape stand before one in its session.

    Args:
        turn: The turn.
        before: The key of the turn before each, by its own.
    """
    seen, key = set[str](), turn.line.parent or ""
    while key in before and key not in seen:
        seen.add(key)
        key = before[key]
    return len(seen)


def refuse_lost(tape: Recording, turn: Turn) -> None:
    """Refuse to let a turn play that goes on from none of the tape.

    Raises:
        InvalidRequestError: It does.
    """
    if why := why_lost(tape, [turn]):
        raise InvalidRequestError(why, code="tape_conflict")


def why_lost(tape: Recording, turns: Iterable[Turn]) -> str:
    """Name the first of those new turns that go on from none of the tape; or nothing."""
    never, parents = why_never(tape.turns), parents_of(counting(tape.turns))
    places = {turn.place for turn in turns}
    found = dict[Never, dict[int, Turn]]()
    for at in tape.turns:
        why = never.get(id(at)) if at.line.new and at.place in places else None
        if why in _NEVER:
            while (before := parents.get(id(at))) and before.line.new and id(before) in never:
                at = before
            found.setdefault(why, {})[id(at)] = at
    return " ".join(_report_lost(why, [*lost.values()]) for why, lost in found.items())


def _report_lost(why: Never, turns: Sequence[Turn]) -> str:
    is_one = len(turns) == 1
    go, it, belong = ("goes", "it", "belongs") if is_one else ("go", "they", "belong")
    told = _NEVER[why].format(turns=names_of(turns), go=go)
    return told + _REJECT.format(it=it, them="it" if is_one else "them", belong=belong)


def names_of(turns: Iterable[Turn]) -> str:
    """Name turns by their ordinals.

    >>> names_of([])
    ''
    """
    by_session: dict[str, list[str]] = {}
    for turn in turns:
        by_session.setdefault(turn.line.session, []).append(turn.line.turn)
    return " and ".join(f"{_few(names)} of {session}" for session, names in by_session.items())


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


class _Homes:
    """The recorded sessions in which new turns are put, by their sessions and keys."""

    def __init__(self) -> None:
        self._sessions: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def note(self, one: Turn, session: str) -> None:
        """Take note of where a turn is put: there its session goes on."""
        self._sessions[one.line.session] = session
        self._keys.setdefault(one.line.key, session)

    def of(self, one: Turn) -> list[str]:
        """The sessions where a turn goes on, the likeliest first."""
        found = self._sessions.get(one.line.session), self._keys.get(one.line.parent or "")
        return [session for session in found if session is not None]

    def counterpart(self, one: Turn, left: Iterable[Turn]) -> Turn | None:
        """The recorded turn in whose place a new one stands: its session goes on in one session."""
        own = self.of(one)
        others = {*self._sessions.values()}.difference(own)
        free = [old for old in left if old.line.turn == one.line.turn and not old.line.new]
        free = [old for old in free if old.line.session not in others]
        return min(free, key=lambda old: old.line.session not in own[:1], default=None)


def _nothing_there(tape: Recording, turn: Turn) -> str:
    line = turn.line
    before = next((one.line for one in tape.turns if one.line.key == line.parent), None)
    behind = f", which goes on from {before.turn} of {before.session}" if before else ""
    return f"Nothing was recorded in the place of {line.turn} of {line.session}{behind}: adopt it."


def new_up_to(tape: Recording, turn: Turn) -> list[Turn]:
    """A new turn and the new ones that lead to it, the last one first."""
    counted = counting(tape.turns)
    parents, way = parents_of(counted), dict[int, Turn]()
    # The one that is on this tape now, which was perhaps read anew since.
    at: Turn | None = next((o for o in counted if o.line.new and o.place == turn.place), turn)
    while at is not None and (at.line.new or not way) and id(at) not in way:
        way[id(at)] = at
        at = parents.get(id(at))
    return [*way.values()]


def beginning_of(tape: Recording, turn: Turn) -> Turn:
    """The first new turn of those that lead to a new one."""
    return new_up_to(tape, turn)[-1]


def _coming(tape: Recording, beginning: Turn) -> list[Turn]:
    """The new answers to what a first new turn asks, and then what goes on from them."""
    counted = counting(tape.turns)
    parents, never = parents_of(counted), why_never(counted)
    coming, further, by_key = list[Turn](), list[Turn](), dict[str, list[Turn]]()
    for one in parents_first(counted, parents):
        if not one.line.new or id(one) in never:
            continue
        before, parent = parents.get(id(one)), by_key.get(one.line.parent or "", ())
        is_same = one.line.key == beginning.line.key
        is_first = one is beginning or (is_same and not (before and before.line.new))
        if is_first or any(follows(one, other) for other in parent):
            (coming if is_first else further).append(one)
            by_key.setdefault(one.line.key, []).append(one)
    at = {id(one): number for number, one in enumerate(counted)}
    return [*coming, *sorted(further, key=lambda one: at[id(one)])]


def _going(tape: Recording, answers: Sequence[Turn], coming: Iterable[Turn]) -> list[Turn]:
    """Those that went on from answers that are replaced: what goes on from one that stays does so.

    Args:
        tape: The tape.
        answers: The recorded answers to one question that go.
        coming: What comes in their place.
    """
    counted = counting(tape.turns)
    parents, come = parents_of(counted), {*map(id, coming)}
    behind = [one for one in _after(tape.turns, answers[0]) if id(one) not in come]
    keys = {one.line.key: one.line.parent or "" for one in tape.turns}
    by_key = dict[str, list[Turn]]()
    for one in counted:
        by_key.setdefault(one.line.key, []).append(one)
    going = {*map(id, answers), *map(id, behind)}
    for one in sorted(behind, key=lambda one: depth_of(one, keys)):
        others = by_key.get(one.line.parent or "", ())
        left = [other for other in others if id(other) not in going | come]
        is_behind_left = any(follows(one, other) for other in left)
        # What goes on from no answer any more stays with the one that stands before it.
        was_lost = not any(follows(one, other) for other in others)
        if is_behind_left or (was_lost and any(parents.get(id(one)) is other for other in left)):
            going.discard(id(one))
    return [one for one in behind if id(one) in going]


def _replaceable(tape: Recording, beginning: Turn) -> list[Turn]:
    """The recorded turns of the conversation of a new one, and those that belong to none."""
    old = [one for one in tape.turns if not one.line.new]
    never = why_never(old)
    return [one for one in old if id(one) in never or not are_apart(one, beginning)]


def _is_in_place(one: Turn, line: TurnLine) -> bool:
    """Whether a turn was asked of the same agent after the same; a first one must be alike."""
    if (one.line.parent, one.line.agent) != (line.parent, line.agent):
        return False
    return line.parent is not None or is_alike(one.line, line)


def _after(turns: Sequence[Turn], turn: Turn) -> list[Turn]:
    """Those turns that go on from one, in their order."""
    keys, count = {turn.line.key}, 0
    while count < len(keys):
        count = len(keys)
        keys |= {one.line.key for one in turns if one.line.parent in keys}
    return [one for one in turns if one.line.parent in keys and one is not turn]
