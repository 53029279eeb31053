"""In which order the turns of a tape are asked again: each session from its beginning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from ..tapes import Recording, Turn
from ..tapes.keys import blocks_of
from ..tapes.lines import dollars
from ..tapes.recording import Never, parents_of, why_never
from ..tapes.redaction import SCRUBBED
from ..tapes.summary import count_of

NO_BEGINNING = "the turn before it is not on the tape"
OTHER_ANSWERS = "other answers stand before it on the tape than those that it was asked behind"
STANDS_TWICE = "it stands twice on the tape, and the later one is asked"
NO_FILES = "the tape does not hold the files that were attached"
LACKING = "what was asked held a secret, which the tape does not hold"
NAMELESS = "the name of its agent or LLM option held a secret, which the tape does not hold"
NO_ANSWER = "its recording was {}"
_PLAN = "Asks {turns} of {sessions} again{times}{cost}."
_TIMES = ", in {questions}, as a branch is asked from its beginning"
_NEVER = {
    Never.TWICE: STANDS_TWICE,
    Never.LOST: NO_BEGINNING,
    Never.BEHIND: OTHER_ANSWERS,
}

Chain = list[Turn]
"""The turns of a session from its first one on."""


class Plan:
    """What is asked again.

    Attributes:
        chains: Sessions with their turns; one that begins as another one asks the same first.
        unasked: Turns that cannot be asked, each with the reason.
    """

    def __init__(self, tape: Recording) -> None:
        recorded = tape.turns
        never = why_never(recorded)
        turns = [turn for turn in recorded if id(turn) not in never]
        parents = parents_of(turns)
        self.chains: list[Chain] = []
        self.unasked: list[tuple[Turn, str]] = [
            (turn, _NEVER[never[id(turn)]]) for turn in recorded if id(turn) in never
        ]
        planned: set[int] = set()
        for turn in _last_ones(turns):
            chain = _chain(turn, parents)
            good = chain[: next(_troubles(chain), (len(chain), ""))[0]]
            if not {*map(id, good)} <= planned:
                self.chains.append(good)
                planned |= {*map(id, good)}
            for at, why in _troubles(chain):
                self.unasked += [(each, why) for each in chain[at:] if id(each) not in planned]
                planned |= {*map(id, chain)}
                break

    @property
    def turns(self) -> int:
        """How many turns are asked, once or more often."""
        return len({id(turn) for chain in self.chains for turn in chain})

    def __str__(self) -> str:
        asked = [turn for chain in self.chains for turn in chain]
        is_once = len(asked) == self.turns
        return _PLAN.format(
            turns=count_of(self.turns, "turn"),
            sessions=count_of(len(self.chains), "session"),
            times="" if is_once else _TIMES.format(questions=count_of(len(asked), "question")),
            cost=_cost(asked),
        )


def _last_ones(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Give the turns that no other one of their session goes on from."""
    gone_on = {(turn.line.session, turn.line.parent) for turn in turns}
    return (turn for turn in turns if (turn.line.session, turn.line.key) not in gone_on)


def _chain(turn: Turn, parents: Mapping[int, Turn]) -> Chain:
    chain: Chain = []
    seen = set[int]()
    at: Turn | None = turn
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        chain.append(at)
        at = parents.get(id(at))
    return chain[::-1]


def _troubles(chain: Chain) -> Iterator[tuple[int, str]]:
    """Give the turns of a session that cannot be asked, by their places in it."""
    if chain[0].line.parent is not None:
        yield 0, NO_BEGINNING
    for at, turn in enumerate(chain):
        blocks = blocks_of(turn.line.asked)
        if any("sha256" in block or "file_id" in block for block in blocks):
            yield at, NO_FILES
        elif SCRUBBED in str(blocks):
            yield at, LACKING
        elif SCRUBBED in turn.line.agent + (turn.line.llm or ""):
            yield at, NAMELESS
        elif turn.status is None or turn.is_cancelled:
            yield at, NO_ANSWER.format(turn.outcome)


def _cost(turns: Iterable[Turn]) -> str:
    """Say what turns have cost when they were recorded, as far as that is known."""
    told = [turn.line.cost for turn in turns]
    known = [cost for cost in map(dollars, told) if cost is not None]
    lacking, amount = len(told) - len(known), sum(known, Decimal(0))
    if lacking and not amount:
        return "; what that costs is not known"
    rest = f", without {lacking} of them, whose cost is not known" if lacking else ""
    return f"; when they were recorded they cost {amount:f} US dollars{rest}" if known else ""
