"""A tape in a few lines, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import UNSET

from .differences import text_asked
from .lines import DraftLine, EventLine, Mark, dollars
from .recording import Recording
from .turns import Turn

_SHOWN = 60
"""Characters of what was asked that are shown."""


def summary_of(tape: Recording) -> Iterator[str]:
    """Tell what is on a tape: a line for each session, turn and mark."""
    session = None
    for turn in tape.turns:
        if turn.line.session != session:
            session = turn.line.session
            yield _flat(session)
        yield f"  {_head(turn)}: {_asked(turn)}"
        yield f"      {_told(turn)}"
        yield from _marks([*turn.before, *turn.body])
    yield from _marks(tape.tail)
    agents = _flat(", ".join(tape.agents)) or "none"
    scrubbed = sum(tape.scrubbed.values())
    end = "" if tape.is_closed else "; it was cut off"
    turns = count_of(len(tape.turns), "turn")
    yield f"{turns}, agents: {agents}, {count_of(scrubbed, 'secret')} scrubbed{end}"


def count_of(number: int, noun: str) -> str:
    """Say how many there are of something.

    >>> count_of(1, "turn"), count_of(2, "turn")
    ('1 turn', '2 turns')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


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


def _asked(turn: Turn) -> str:
    text = _flat(text_asked(turn.line.asked))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _told(turn: Turn) -> str:
    lines = [each for each in turn.body if isinstance(each, EventLine | DraftLine)]
    drafts = sum(isinstance(each, DraftLine) for each in lines)
    seconds = sum(each.after for each in lines if each.after is not UNSET)
    parts = [
        turn.status or "cut off",
        count_of(len(lines) - drafts, "event"),
        *([count_of(drafts, "draft")] if drafts else []),
        *([f"{seconds:.1f} s"] if seconds else []),
        *([_cost(turn.line.cost)] if turn.line.cost else []),
    ]
    return ", ".join(parts)


def _cost(cost: str) -> str:
    return "cost unknown" if dollars(cost) is None else f"{cost} US dollars"
