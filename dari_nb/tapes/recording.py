"""What a tape holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import count

import msgspec

from .lines import VERSION, AgentLine, Closing, Comment, Header, Line, Note
from .redaction import KINDS
from .turns import Turn


@dataclass
class Recording:
    """The turns of a tape with what people noted between them.

    Attributes:
        times: Whether intervals and drafts are kept.
        turns: The turns in their order.
        tail: The notes after the last turn.
        scrubbed: How many secrets were taken out, by kind.
        is_closed: Whether it has its last line: else it was cut off.
    """

    times: bool = True
    turns: list[Turn] = field(default_factory=list)
    tail: list[Note] = field(default_factory=list)
    scrubbed: dict[str, int] = field(default_factory=dict)
    is_closed: bool = False

    @property
    def agents(self) -> dict[str, AgentLine]:
        """The agents by name, as they were last."""
        return {turn.agent.agent: turn.agent for turn in self.turns}

    @property
    def by_place(self) -> dict[tuple[str, int], Turn]:
        """The turns by key and take."""
        return {turn.place: turn for turn in self.turns}

    def for_others(self) -> Recording:
        """Return what is shown and given to others: the turns that play, and all notes.

        Turns that no session gets to are left out. A turn comes after the one that it continues,
        wherever that stands, and what continues another session begins one of its own.
        """
        told, tape = self._empty(), self.each_once()
        never = why_never(tape.turns)
        notes: list[Note] = []
        for turn in tape.turns:
            notes += turn.before
            if id(turn) not in never:
                told.turns.append(replace(turn, before=notes))
                notes = []
        told.tail = [*notes, *tape.tail]
        told.turns = _by_conversation(told.turns)
        return told

    def each_once(self) -> Recording:
        """Give it with each turn once: as it was recorded last, where it stood first."""
        first = dict[tuple[str, int], Turn]()
        again = {id(turn) for turn in self.turns if first.setdefault(turn.place, turn) is not turn}
        if not again:
            return self
        made, turns = self._empty(), [replace(turn) for turn in self.turns]
        moved = {id(turn) for turn, was in zip(turns, self.turns, strict=True) if id(was) in again}
        tail = leave_notes(turns, moved)
        made.add(*turns)
        made.tail = [*tail, *self.tail]
        return made

    def _empty(self) -> Recording:
        return Recording(self.times, [], [], self.scrubbed, self.is_closed)

    def add(self, *turns: Turn) -> None:
        """Put turns at the end, or in the place of those that they replace, whose notes stay."""
        places = {turn.place: at for at, turn in enumerate(self.turns)}
        for turn in turns:
            at = places.setdefault(turn.place, len(self.turns))
            if at < len(self.turns):
                self.turns[at] = turn.in_place_of(self.turns[at])
            else:
                self.append(turn)

    def append(self, turn: Turn) -> None:
        """Put a turn at the end that is not on it yet."""
        turn.before = [*self.tail, *turn.before]
        self.turns.append(turn)
        self.tail = []

    def collect(self, turns: Iterable[Turn]) -> None:
        """Put turns at the end, each as a further answer to what it asks."""
        takes = Counter(turn.line.key for turn in self.turns)
        for turn in turns:
            takes[turn.line.key] += 1
            turn.line.take = takes[turn.line.key]
            self.turns.append(turn)

    def note_scrubbed(self, counts: Mapping[str, int]) -> None:
        """Count what was scrubbed besides."""
        self.scrubbed = _counted(Counter(self.scrubbed) + Counter(counts))

    def written(self) -> Iterator[Line | Comment]:
        """Give the lines in which it is written, but for the last."""
        writer = Writer()
        yield Header(dari_tape=VERSION, times=self.times)
        for turn in self.turns:
            yield from writer.turn(turn)
        yield from self.tail

    @property
    def closing(self) -> Closing:
        """Its last line."""
        return Closing(_counted(self.scrubbed))


def leave_notes(turns: Iterable[Turn], moved: Set[int], gone: Set[int] = frozenset()) -> list[Note]:
    """Leave what people noted in front of turns where it is, as these are put elsewhere or go.

    It stood behind a turn that stays. What stands between two of those that move goes with them.

    Args:
        turns: The turns in their order.
        moved: Those that are put elsewhere, or taken off, by their ``id()``.
        gone: Those that go, with their notes.

    Returns:
        The notes behind which no turn stays.

    >>> leave_notes([], set())
    []
    """
    left, is_between = list[Note](), False
    for turn in turns:
        if id(turn) not in moved | gone:
            turn.before, left = [*left, *turn.before], []
        elif id(turn) in moved and not is_between:
            left += turn.before
            turn.before = []
        is_between = id(turn) in moved
    return left


class Writer:
    """Gives turns their lines one after another: sessions by ordinals, agents before their use.

    Args:
        before: The turns that are written already, behind which sessions keep their names.
    """

    def __init__(self, before: Iterable[Turn] | None = None) -> None:
        self._sessions: dict[str, str] = {}
        self._keeps_names = before is not None
        self._agents = {turn.agent.agent: turn.agent for turn in before or ()}

    def turn(self, turn: Turn) -> Iterator[Line | Comment]:
        """Give the lines of a turn."""
        yield from turn.before
        if self._agents.get(turn.agent.agent) != turn.agent:
            self._agents[turn.agent.agent] = turn.agent
            yield turn.agent
        yield self.opening(turn)
        yield from turn.body

    def opening(self, turn: Turn) -> Line:
        """The first line of a turn itself."""
        return msgspec.structs.replace(turn.line, session=self.session_of(turn))

    def session_of(self, turn: Turn) -> str:
        """What the session of a turn is called."""
        name = turn.line.session
        if self._keeps_names:
            return name
        return self._sessions.setdefault(name, f"sess_{len(self._sessions) + 1}")


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind: counts[kind] for kind in KINDS if counts.get(kind)}


def parents_of(turns: Iterable[Turn]) -> dict[int, Turn]:
    """The turn before each, by its ``id()``.

    Where several could be, it is one behind whose answer the turn was asked, if there is such a
    one, and among these that of its own session. Where there is none, since an answer has been
    changed, it is that of its own session, or the one from which others go on in their session that
    were asked behind the same, or any.

    >>> parents_of([])
    {}
    """
    by_key: dict[str, list[Turn]] = {}
    for turn in (turns := [*turns]):
        by_key.setdefault(turn.line.key, []).append(turn)
    by_answers: dict[str, dict[str | None, list[Turn]]] = {}
    found, left = dict[int, Turn](), list[tuple[Turn, list[Turn]]]()
    in_session = dict[tuple[str, str | None], list[Turn]]()
    for turn in turns:
        key, behind = turn.line.parent or "", turn.line.behind
        others = [one for one in by_key.get(key, []) if one is not turn]
        if len(others) == 1:
            found[id(turn)] = others[0]
            continue
        if others and key not in by_answers:
            by_answers[key] = _by_answers(by_key[key])
        exact = [one for one in by_answers.get(key, {}).get(behind, []) if one is not turn]
        own = next((one for one in exact or others if one.line.session == turn.line.session), None)
        if own or exact:
            found[id(turn)] = own or exact[0]
            if own and not exact:
                in_session.setdefault((key, behind), []).append(own)
        elif others:
            left.append((turn, others))
    for turn, others in left:
        kin = in_session.get((turn.line.parent or "", turn.line.behind), [])
        is_told = bool(kin) and all(one is kin[0] for one in kin)
        found[id(turn)] = kin[0] if is_told else others[0]
    return found


def _by_conversation(turns: Sequence[Turn]) -> list[Turn]:
    """The turns behind those that they go on from, but else in their order.

    Those that do not go on from the one before them in their session are in sessions of their own.
    """
    turns = parents_first(turns, parents := parents_of(turns))
    ends_of, names = dict[str, set[int]](), count(1)
    used = {turn.line.session for turn in turns}
    session_of = dict[int, str]()
    for turn in turns:
        ends, before = ends_of.setdefault(turn.line.session, set()), id(parents.get(id(turn)))
        if before in ends:
            ends.remove(before)
            session_of[id(turn)] = session_of[before]
        else:
            free = (name for name in map("sess_{}".format, names) if name not in used)
            session_of[id(turn)] = next(free) if ends else turn.line.session
        ends.add(id(turn))
    return [
        turn
        if (session := session_of[id(turn)]) == turn.line.session
        else replace(turn, line=msgspec.structs.replace(turn.line, session=session))
        for turn in turns
    ]


def parents_first(turns: Iterable[Turn], parents: Mapping[int, Turn]) -> list[Turn]:
    """Put each turn behind the one before it, wherever that stands.

    Args:
        turns: The turns.
        parents: The turn before each, by its ``id()``.

    >>> parents_first([], {})
    []
    """
    placed = dict[int, Turn]()
    for turn in turns:
        way = dict[int, Turn]()
        at: Turn | None = turn
        while at is not None and id(at) not in placed and id(at) not in way:
            way[id(at)] = at
            at = parents.get(id(at))
        placed.update(reversed(way.items()))
    return [*placed.values()]


def _by_answers(turns: Iterable[Turn]) -> dict[str | None, list[Turn]]:
    found: dict[str | None, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.answers, []).append(turn)
    return found


def follows(turn: Turn, before: Turn) -> bool:
    """Whether a turn was asked behind another one, with all that had been answered up to there."""
    line = turn.line
    return line.parent == before.line.key and line.behind in (None, before.answers)


def repeats_ended(turn: Turn, before: Turn) -> bool:
    """Whether a turn asks the same as the one before it, which somebody had ended."""
    # All turns of a tape are asked for each question: what takes long to tell comes last.
    return turn.line.asked == before.line.asked and follows(turn, before) and before.is_cancelled


def are_apart(turn: Turn, other: Turn) -> bool:
    """Whether two turns were asked behind different answers: in two conversations, not in one."""
    behind = turn.line.behind, other.line.behind
    return None not in behind and behind[0] != behind[1]


class Never(Enum):
    """Why no session gets to a turn.

    Attributes:
        TWICE: Another one, which stands below it, is the same answer to the same.
        LOST: What it goes on from is not on the tape.
        BEHIND: What it goes on from has another answer on the tape.
    """

    TWICE = auto()
    LOST = auto()
    BEHIND = auto()


def counting(turns: Iterable[Turn]) -> list[Turn]:
    """Those turns that count, in order: the last of those that are the same answer to the same.

    >>> counting([])
    []
    """
    turns = [*turns]
    last = {turn.place: turn for turn in turns}
    return [turn for turn in turns if last[turn.place] is turn]


def why_never(turns: Iterable[Turn]) -> dict[int, Never]:
    """Why no session gets to a turn, by its ``id()``: for those to which none does.

    What goes on from such a turn has its reason.

    >>> why_never([])
    {}
    """
    counted = counting(turns := [*turns])
    parents = parents_of(counted)
    found = dict[int, Never | None]()
    for turn in counted:
        way = list[Turn]()
        at: Turn | None = turn
        while at is not None and id(at) not in found:
            # Parents that lead in a circle lead back to here.
            found[id(at)] = None
            way.append(at)
            at = parents.get(id(at))
        why = None if at is None else found[id(at)]
        for each in reversed(way):
            why = why or why_parted(each, parents.get(id(each)))
            found[id(each)] = why
    told = {id(turn): found.get(id(turn), Never.TWICE) for turn in turns}
    return {turn: why for turn, why in told.items() if why is not None}


def why_parted(turn: Turn, before: Turn | None) -> Never | None:
    """Why a turn does not go on from the one before it, if it does not.

    Args:
        turn: The turn.
        before: The one before it, as :func:`parents_of` finds it among those that count.
    """
    if before is not None:
        return None if follows(turn, before) else Never.BEHIND
    is_first = turn.line.parent is None
    if is_first and turn.line.behind is None:
        return None
    return Never.BEHIND if is_first else Never.LOST
