"""A tape in a few lines, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from msgspec import UNSET

from ..errors import DariError
from .differences import text_asked
from .lines import DraftLine, EventLine, Mark, Note, dollars
from .reading import close_to, differs_in_numbers, instead_of, read_tape, tapes_in
from .recording import Never, Recording, counting, parents_of, repeats_ended, why_never
from .turns import Turn

_SHOWN = 60
"""Characters of what was asked that are shown."""
_MOST_NAMES = 5
_REVIEWED = "`tape.review()` shows what is new, to adopt or to reject it"
_NEVER = {
    Never.TWICE: (
        "it stands twice, and the later one counts",
        "they stand twice, and the later ones count",
    ),
    Never.LOST: (
        "what it goes on from is not on the tape",
        "what they go on from is not on the tape",
    ),
    Never.BEHIND: (
        "what it goes on from is answered otherwise on the tape",
        "what they go on from is answered otherwise on the tape",
    ),
}
"""Why a turn never plays, and why several do not."""
_WHERE = "`dari-local tape check` says where"
_ONLY_AGAIN = (
    "{turn}, {asked}, plays only for who asks {before} again: who asks it once gets {first}{line}, "
    "from which nothing goes on; take that out if it is not wanted"
)
_BEHIND_ENDED = (
    "{turn}, {asked}, stands behind the same, {ended}, which was ended: who asks once gets that. "
    "Ask it all in a new session, in the mode auto, and adopt what is answered"
)
_SEEN_BEFORE = (
    "the question {mark} in {turn} stands behind the pieces of the answer, which is read before it "
    "is asked; put it in front of the first of them"
)
_ANSWERED = "assistant.message_completed"
_REPEAT = "repeat"
"""The metadata in which a batch says which of several answers a turn is."""
_NONE: Mapping[int, Turn] = MappingProxyType({})
_OWN_SESSION = "runs, players and pages have it in a session of its own"


def summary_of(tape: Recording) -> Iterator[str]:
    """Tell what is on a tape: a line for each session, turn and mark.

    Where a turn does not go on from the one above it, it is told from which it does.
    """
    never, parents = why_never(tape.turns), parents_of(counting(tape.turns))
    sessions = dict[str, list[Turn]]()
    for turn in tape.turns:
        sessions.setdefault(turn.line.session, []).append(turn)
    for session, turns in sessions.items():
        yield _flat(session)
        # What waits to be adopted stands behind all, and what plays behind what plays.
        above = dict[bool, Turn]()
        for turn in turns:
            yield f"  {_head(turn)}: {_shown(turn)}"
            yield f"      {_told(turn)}"
            if why := never.get(id(turn)):
                yield f"      never plays: {_NEVER[why][0]}"
            else:
                before = parents.get(id(turn))
                if before and before is not above.get(turn.line.new):
                    yield f"      goes on from {_place(before)}"
                above |= {True: turn} if turn.line.new else {True: turn, False: turn}
            yield from _marks([*turn.before, *turn.body])
    yield from _marks(tape.tail)
    agents = _flat(", ".join(tape.agents)) or "none"
    scrubbed = sum(tape.scrubbed.values())
    end = "" if tape.is_closed else "; it was cut off"
    count = count_of(len(tape.turns), "turn")
    yield f"{count}, agents: {agents}, {count_of(scrubbed, 'secret')} scrubbed{end}"


def remarks_on(tape: Recording) -> Iterator[str]:
    """Say what is no flaw of a tape, and not what everybody expects of it.

    >>> [*remarks_on(Recording())]
    []
    """
    yield from split_in(tape)
    yield from only_again_in(tape)
    yield from behind_ended_in(tape)
    yield from seen_before_in(tape)


def split_in(tape: Recording) -> Iterator[str]:
    """Say which turns begin a session of their own in runs, players and pages, and none here.

    >>> [*split_in(Recording())]
    []
    """
    sessions = {turn.place: turn.line.session for turn in tape.for_others().turns}
    parents = parents_of(counting(tape.turns))
    for turn in tape.turns:
        session = turn.line.session
        if turn.line.new or sessions.get(turn.place, session) == session:
            continue
        before = parents.get(id(turn))
        if before is None or sessions.get(before.place) != sessions[turn.place]:
            goes_on = f"goes on from {_place(before)}" if before else "begins anew"
            yield f"{_place(turn)}, {prompt_of(turn)}, {goes_on}: {_OWN_SESSION}"


def only_again_in(tape: Recording) -> Iterator[str]:
    """Say what goes on from a later answer alone, so that who asks once gets no further.

    >>> [*only_again_in(Recording())]
    []
    """
    counted = [turn for turn in counting(tape.turns) if not turn.line.new]
    never, parents = why_never(counted), parents_of(counted)
    played = [turn for turn in counted if id(turn) not in never]
    firsts, leads_to = dict[tuple[str, str | None], Turn](), dict[int, Turn]()
    for turn in sorted(played, key=lambda one: (not one.is_answer, one.line.take)):
        firsts.setdefault((turn.line.key, turn.line.behind), turn)
    for turn in played:
        if before := parents.get(id(turn)):
            leads_to.setdefault(id(before), turn)
    for before in played:
        first, behind = firsts[before.line.key, before.line.behind], leads_to.get(id(before))
        if behind is None or _REPEAT in before.line.metadata:
            continue
        if id(first) not in leads_to and first.answers != before.answers:
            told = {"asked": prompt_of(behind), "before": prompt_of(before)}
            line = f" on line {first.number}" if first.number else ""
            yield _ONLY_AGAIN.format(turn=_place(behind), first=_place(first), line=line, **told)


def behind_ended_in(tape: Recording) -> Iterator[str]:
    """Say what stands behind the same that was ended, so that who asks once gets no answer.

    >>> [*behind_ended_in(Recording())]
    []
    """
    counted = [turn for turn in counting(tape.turns) if not turn.line.new]
    parents = parents_of(counted)
    for turn in counted:
        before = parents.get(id(turn))
        if before is not None and repeats_ended(turn, before) and _is_first(before, counted):
            yield _BEHIND_ENDED.format(
                turn=_place(turn), asked=prompt_of(turn), ended=_place(before)
            )


def seen_before_in(tape: Recording) -> Iterator[str]:
    """Say which questions are asked when the answer has been written and is only not complete.

    >>> [*seen_before_in(Recording())]
    []
    """
    for turn in tape.turns:
        is_written, asking = False, list[Mark]()
        for line in turn.body:
            if isinstance(line, DraftLine):
                is_written, asking = is_written or line.draft == "text", []
            elif isinstance(line, Mark) and line.ask and is_written:
                asking.append(line)
            elif isinstance(line, EventLine):
                if line.event == _ANSWERED:
                    for mark in asking:
                        name = _flat(mark.mark)
                        yield _SEEN_BEFORE.format(mark=repr(name), turn=_place(turn))
                is_written, asking = False, []


def _is_first(turn: Turn, turns: Iterable[Turn]) -> bool:
    """Whether nothing answers what a turn asks where it was asked."""
    place = turn.line.key, turn.line.behind
    return not any(one.is_answer and (one.line.key, one.line.behind) == place for one in turns)


def count_of(number: int, noun: str) -> str:
    """Say how many there are of something.

    >>> count_of(1, "turn"), count_of(2, "turn")
    ('1 turn', '2 turns')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


class LeftOut(NamedTuple):
    """How many turns of a tape are not shown or given to others.

    Attributes:
        new: Those that wait to be adopted.
        never: Those that no session gets to, by the reason.
    """

    new: int = 0
    never: Mapping[Never, int] = MappingProxyType({})

    @classmethod
    def of(cls, tape: Recording) -> LeftOut:
        """Count them."""
        old = [turn for turn in tape.turns if not turn.line.new]
        return cls(len(tape.turns) - len(old), Counter(why_never(old).values()))

    def counted(self, where: str = "") -> dict[str, str]:
        """Say how many are left out, each time with the reason or what helps.

        >>> from dari_nb.tapes.recording import Never
        >>> [*LeftOut(new=2, never={Never.LOST: 1}).counted(" of x.html")]
        ['2 new turns are left out of x.html', '1 turn that never plays is left out of x.html']
        """
        new = "new turn is" if self.new == 1 else "new turns are"
        told = {f"{self.new} {new} left out{where}": _REVIEWED} if self.new else {}
        return told | self.counted_never(where)

    def sentences(self, where: str = "") -> list[str]:
        """Say the same in whole sentences.

        >>> LeftOut().sentences()
        []
        """
        return [f"{count}: {why}." for count, why in self.counted(where).items()]

    def counted_never(self, where: str = "") -> dict[str, str]:
        """Say how many of those that never play are left out, and why.

        >>> LeftOut().counted_never()
        {}
        """
        number = sum(self.never.values())
        never = "turn that never plays is" if number == 1 else "turns that never play are"
        reasons = ", or ".join(_NEVER[why][number > 1] for why in Never if self.never.get(why))
        return {f"{number} {never} left out{where}": f"{reasons}; {_WHERE}"} if number else {}


def told_of_notes(notes: Iterable[Note]) -> str:
    """Say how many marks, questions and comments there are; empty lines count for nothing.

    >>> told_of_notes([Mark("here"), Mark("guess", ask="What now?")])
    '1 mark and 1 question'
    """
    counts = Counter(
        ("question" if note.ask else "mark") if isinstance(note, Mark) else "comment"
        for note in notes
        if isinstance(note, Mark) or note.text.strip()
    )
    kinds = ("mark", "question", "comment")
    return " and ".join(count_of(counts[kind], kind) for kind in kinds if counts[kind])


def told_of(file: Path) -> str:
    """Say how many turns of which agents are on a tape, or what is there if it is not.

    >>> told_of(Path("/nowhere/lesson.tape"))
    'new: nothing is on it yet; in the folder nowhere there is no other'
    """
    if not file.exists():
        return f"new: nothing is on it yet; {instead_of(file, 'there is no other')}"
    try:
        tape = read_tape(file)
    except DariError:
        return "it cannot be read any more"
    if not tape.turns:
        return "nothing is on it yet"
    new = sum(turn.line.new for turn in tape.turns)
    names = [f"{_flat(name):.{_SHOWN}}" for name in tape.agents]
    agents = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    return f"{count_of(len(tape.turns), 'turn')}, of {agents}" + (f", {new} new" if new else "")


def names_of(turns: Sequence[Turn], most: int, parents: Mapping[int, Turn] = _NONE) -> str:
    """Name turns by their ordinals and what they ask, no more than so many.

    Args:
        turns: The turns.
        most: How many are named.
        parents: Those behind which they are named to be, by their ``id()``.

    >>> names_of([], 10)
    ''
    """
    names = [f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}" for turn in turns[:most]]
    for at, turn in enumerate(turns[:most]):
        if before := parents.get(id(turn)):
            names[at] += f" behind {_place(before)}"
    return "; ".join([*names, *and_more(len(turns), most)])


def and_more(count: int, most: int) -> list[str]:
    """Say how many there are beside those that are named, if there are.

    >>> and_more(4, 4), and_more(1_004, 4)
    ([], ['and 1,000 more'])
    """
    return [f"and {count - most:,} more"] if count > most else []


def slip_of(file: Path) -> str:
    """Say that a tape is new, where its name is perhaps a slip for one that is there; or nothing.

    Names that differ only in their numbers are not taken for slips.

    >>> slip_of(Path("/nowhere/lesson.tape"))
    ''
    """
    names = tapes_in(file.parent)
    if file.exists() or not close_to(
        file.name, [n for n in names if not differs_in_numbers(n, file.name)]
    ):
        return ""
    return f"{file.name} is {told_of(file)}."


def _place(turn: Turn) -> str:
    return _flat(f"{turn.line.turn} of {turn.line.session}")


def _head(turn: Turn) -> str:
    line = turn.line
    llm = f" ({line.llm})" if line.llm else ""
    take = f", answer {line.take}" if line.take > 1 else ""
    return _flat(f"{line.turn} {turn.agent.agent}{llm}{take}{', new' if line.new else ''}")


def _marks(notes: Iterable[object]) -> Iterator[str]:
    for note in notes:
        if isinstance(note, Mark):
            told = _flat(" ".join((note.mark, note.ask or "")))
            yield f"      mark: {told}"


def _flat(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def prompt_of(turn: Turn) -> str:
    """What a turn asks, in quotes: its beginning where it is long.

    >>> from dari_nb.tapes import AgentLine, TurnLine
    >>> line = TurnLine(turn="msg_1", session="sess_1", key="0", agent="a", asked="Who is it?")
    >>> prompt_of(Turn(AgentLine(agent="a"), line))
    "'Who is it?'"
    """
    return repr(_shown(turn))


def _shown(turn: Turn) -> str:
    text = _flat(text_asked(turn.line.asked))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _told(turn: Turn) -> str:
    lines = [each for each in turn.body if isinstance(each, EventLine | DraftLine)]
    drafts = sum(isinstance(each, DraftLine) for each in lines)
    seconds = sum(each.after for each in lines if each.after is not UNSET)
    parts = [
        turn.outcome,
        count_of(len(lines) - drafts, "event"),
        *([count_of(drafts, "draft")] if drafts else []),
        *([f"{seconds:.1f} s"] if seconds else []),
        *([_cost(turn.line.cost)] if turn.line.cost else []),
    ]
    return ", ".join(parts)


def _cost(cost: str) -> str:
    return "cost unknown" if dollars(cost) is None else f"{cost} US dollars"
