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
from .lines import DraftLine, EventLine, Mark, dollars
from .reading import close_to, differs_in_numbers, instead_of, read_tape, tapes_in
from .recording import Never, Recording, counting, parents_of, why_never
from .turns import Turn

_SHOWN = 60
"""Characters of what was asked that are shown."""
_MOST_NAMES = 5
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


def summary_of(tape: Recording) -> Iterator[str]:
    """Tell what is on a tape: a line for each session, turn, mark and question.

    Where a turn does not go on from the one above it, it is told from which it does.
    """
    never, parents = why_never(tape.turns), parents_of(counting(tape.turns))
    sessions = dict[str, list[Turn]]()
    for turn in tape.turns:
        sessions.setdefault(turn.line.session, []).append(turn)
    for session, turns in sessions.items():
        yield flat(session)
        above: Turn | None = None
        for turn in turns:
            yield f"  {_head(turn)}: {_shown(turn)}"
            yield f"      {_turn_text(turn)}"
            if why := never.get(id(turn)):
                yield f"      never plays: {_NEVER[why][0]}"
            else:
                before = parents.get(id(turn))
                if before and before is not above:
                    yield f"      goes on from {place_named(before)}"
                above = turn
            yield from _marks([*turn.before, *turn.body])
    yield from _marks(tape.tail)
    agents = flat(", ".join(tape.agents)) or "none"
    scrubbed = sum(tape.scrubbed.values())
    end = "" if tape.is_closed else "; it was cut off"
    count = count_of(len(tape.turns), "turn")
    yield f"{count}, agents: {agents}, {count_of(scrubbed, 'secret')} scrubbed{end}"


def count_of(number: int, noun: str) -> str:
    """Say how many there are of something.

    >>> count_of(1, "turn"), count_of(2, "turn")
    ('1 turn', '2 turns')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


class LeftOut(NamedTuple):
    """How many turns of a tape are not shown or given to others.

    Attributes:
        never: Those that no session gets to, by the reason.
    """

    never: Mapping[Never, int] = MappingProxyType({})

    @classmethod
    def of(cls, tape: Recording) -> LeftOut:
        """Count them."""
        return cls(Counter(why_never(tape.turns).values()))

    def sentences(self, where: str = "") -> list[str]:
        """Say the same in whole sentences.

        >>> LeftOut().sentences()
        []
        """
        return [f"{count}: {why}." for count, why in self.counted_never(where).items()]

    def counted_never(self, where: str = "") -> dict[str, str]:
        """Say how many of those that never play are left out, and why.

        >>> LeftOut().counted_never()
        {}
        """
        number = sum(self.never.values())
        never = "turn that never plays is" if number == 1 else "turns that never play are"
        reasons = ", or ".join(_NEVER[why][number > 1] for why in Never if self.never.get(why))
        return {f"{number} {never} left out{where}": f"{reasons}; {_WHERE}"} if number else {}


def tape_text(file: Path) -> str:
    """Say how many turns of which agents are on a tape, or what is there if it is not.

    >>> tape_text(Path("/nowhere/lesson.tape"))
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
    names = [f"{flat(name):.{_SHOWN}}" for name in tape.agents]
    agents = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    return f"{count_of(len(tape.turns), 'turn')}, of {agents}"


def names_of(turns: Sequence[Turn], most: int) -> str:
    """Name turns by their ordinals and what they ask, no more than so many.

    Args:
        turns: The turns.
        most: How many are named.

    >>> names_of([], 10)
    ''
    """
    names = [f"{turn.line.turn} of {turn.line.session}, {prompt_of(turn)}" for turn in turns[:most]]
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
    return f"{file.name} is {tape_text(file)}."


def place_named(turn: Turn) -> str:
    """Name a turn by its ordinals."""
    return flat(f"{turn.line.turn} of {turn.line.session}")


def _head(turn: Turn) -> str:
    line = turn.line
    llm = f" ({line.llm})" if line.llm else ""
    take = f", answer {line.take}" if line.take > 1 else ""
    return flat(f"{line.turn} {turn.agent.agent}{llm}{take}")


def _marks(notes: Iterable[object]) -> Iterator[str]:
    for note in notes:
        if isinstance(note, Mark):
            yield f"      mark: {flat(note.mark)}"
            if note.ask:
                yield f"      question: {flat(note.ask)}"


def flat(text: str) -> str:
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
    text = flat(text_asked(turn.line.asked))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _turn_text(turn: Turn) -> str:
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
