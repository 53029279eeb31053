"""Which recorded turn plays for what is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from ...models import Content
from ...models.events import CANCELLED
from ...tapes import Scrubber, Taking, Turn, key_of, nearest
from ...tapes.differences import gap_between, quoted, text_asked
from ...tapes.growing.sessions import Place
from ...tapes.recording import Recording, counting, follows, why_never
from ...tapes.turns import CUT_OFF
from ..store import Store
from ..store.records import SessionRecord
from .answers import Answers
from .chains import Chains
from .digests import Digests
from .known import agent_of

_EMPTY = "{tape} has no turn to play."
_REPEAT = "repeat"
"""The metadata in which a batch says which repetition of its task a session is."""
_NO_REPEAT = "{tape} has this only {number} times, and not as repetition {repeat}."
_BEHIND = (
    "{tape} has this only behind another answer than this session got: what comes before it has "
    "several there. Ask it all anew in a session of its own, which gets the next of them."
)
_STALE = (
    "{tape} has this only behind an answer that was replaced there since, so it never plays "
    "({turn}): ask it again in the mode auto."
)
_ASKED = "You have asked this in this session already; {next}"
_NEXT, _NO_NEXT = "next on {tape} is: {asked}", "nothing follows on {tape}."
_SHOWN = 60
"""Characters of what was asked that are shown."""
_BROKEN = "{tape} has this only as {turn}, which {became}; the mode auto asks that again. {plays}"
_BECAME = {"failed": "failed", CANCELLED: "was cancelled", CUT_OFF: "was cut off"}
_PLAYS = 'mode="play" (%dari tape {tape} --mode play) plays it as it was.'
_MISS = "{tape} has no such turn. The nearest is {turn}{place}; what differs:\n{gap}"


Asked = tuple[str, str | None]
"""A key, and what was answered before."""


class _Way(NamedTuple):
    """What played last in a session, and where."""

    asked: Asked
    turn: Turn


class Finder:
    """Finds turns on a tape by what is asked.

    Args:
        store: Where the ledgers are.
        scrubber: What takes the secrets out of what is asked.
        volatile: What does not count in texts.
        answers: What had been answered in the sessions.
        digests: Hashes of attached files.
        asks_live: Whether what is missing is asked live: then turns without an answer don't play.
        unasked: The messages that nobody could be asked, which count for nothing.
    """

    def __init__(
        self,
        store: Store,
        scrubber: Scrubber,
        volatile: Sequence[re.Pattern[str]],
        *,
        answers: Answers,
        digests: Digests,
        asks_live: bool,
        unasked: Container[str] = (),
    ) -> None:
        self._store = store
        self._scrubber = scrubber
        self._volatile = volatile
        self._answered = answers
        self._digests = digests
        self._chains = Chains(store, scrubber, digests, volatile, unasked)
        self._keys: dict[str, str] = {}
        self._found: dict[str, list[Turn]] = {}
        self._played: Counter[Place] = Counter()
        self._came: Counter[str | None] = Counter()
        self._given: dict[Asked, set[Place]] = {}
        self._ways: dict[str, _Way] = {}
        self._broken: dict[str, Turn] = {}
        self._asks_live = asks_live

    def load(self, tape: Recording) -> None:
        """Let the turns of a tape play, and no others."""
        self._keys.clear()
        self._found.clear()
        self._broken.clear()
        for turn in counting(tape.turns):
            self.add(turn)

    def add(self, turn: Turn) -> None:
        """Let a turn play from now on, if it may."""
        line = turn.line
        key = line.key
        if self._volatile:
            parent = self._keys.get(line.parent, line.parent) if line.parent else None
            key = key_of(parent, turn.agent, line.llm, line.asked, self._volatile)
        self._keys[line.key] = key
        if self._asks_live and not turn.is_answer:
            self._broken[key] = turn
            return
        turns = self._found.setdefault(key, [])
        turns[:] = [*(other for other in turns if other.place != turn.place), turn]

    def find(self, session: SessionRecord, content: Content) -> Turn | None:
        """The turn that plays for what is asked next in a session.

        Only what was asked behind the same answers does. Of several, a session goes on with that of
        the recorded one that its last turn was from; else the n-th asking has the n-th answer, and
        after the last the first one again. Of sessions that got to one place and go on from it side
        by side, each gets another one, as long as there are some; and so does, where nobody is
        asked, the next one after a session that got no further from there.
        """
        key, behind, turns = self._playing(session, content)
        way = self._ways.get(session.id)
        if not turns:
            if way is not None and not self._asks_live:
                self._given[way.asked].add(way.turn.place)
            return None
        if way is None:
            self._came[behind] += 1  # from a fork, with what was answered before that
        given = self._given.setdefault((key, behind), set())
        left = [turn for turn in turns if turn.place not in given]
        if not left:
            given.clear()
            left = turns
        nth = min(left, key=lambda turn: self._played[turn.place])
        own = way and way.turn.line.session
        turn = next((turn for turn in left if turn.line.session == own), nth)
        given.add(turn.place)
        self._played[turn.place] += 1
        self._ways[session.id] = _Way((key, behind), turn)
        self._came[behind] -= 1
        self._came[turn.answers] += 1
        if self._came[behind] <= 0:
            given.clear()
        return turn

    def has(self, session: SessionRecord, content: Content) -> bool:
        """Whether something plays for what would be asked next in a session."""
        return bool(self._playing(session, content)[-1])

    def _playing(
        self, session: SessionRecord, content: Content
    ) -> tuple[str, str | None, list[Turn]]:
        """The key of what would be asked next, what was answered before, and what may play for it.

        What came to nothing stands behind what answers. Of a batch's task, each repetition has
        answers of its own.
        """
        before = self._chains.before(session)
        key = str(self._chains.after(session, before, content).key)
        behind = self._answered.before(session, self._scrubber)
        turns = sorted(self._found.get(key, []), key=lambda one: one.line.take)
        turns = [turn for turn in turns if turn.line.behind in (None, behind)]
        wanted = session.metadata.get(_REPEAT) if before.key is None else None
        if wanted is not None:
            told = [turn.line.metadata.get(_REPEAT, str(n)) for n, turn in enumerate(turns)]
            turns = [turn for turn, repeat in zip(turns, told, strict=True) if repeat == wanted]
        return key, behind, sorted(turns, key=lambda one: not one.is_answer)

    def miss(self, tape: str, session: SessionRecord, content: Content, advice: str = "") -> str:
        """Say that nothing plays for what is asked, and what comes nearest.

        Args:
            tape: What the tape is called.
            session: Where it was asked.
            content: What was asked.
            advice: What helps, unless the tape has it already.
        """
        place = self._chains.before(session)
        asked = Taking(
            *(self._scrubber, agent_of(self._store, session), {"content": content}, None),
            session=session.id,
            number=place.number + 1,
            parent=place.key,
            llm=session.llm_id,
            digests=self._digests.of(content),
        ).turn
        key = self._chains.after(session, place, content).key or ""
        before = [one for turns in self._found.values() for one in turns]
        if answers := self._found.get(key):
            if place.key is not None:
                told = _BEHIND if any(_is_met(one, before) for one in answers) else _STALE
                return told.format(tape=tape, turn=_name(answers[0])) + advice
            repeat = session.metadata.get(_REPEAT)
            return _NO_REPEAT.format(tape=tape, number=len(answers), repeat=repeat) + advice
        if key in self._broken:
            return _report_of_broken(tape, self._broken[key]) + advice
        following = self._following(place.key)
        if content in self._chains.asked(session):
            told = self._next(tape, following)
            return _ASKED.format(next=told) + advice
        never = why_never(before)
        turn = nearest([one for one in before if id(one) not in never] or before, asked.line)
        if turn is None:
            return _EMPTY.format(tape=tape) + advice
        where = f" on line {turn.number}" if turn.number else ""
        name = f"{turn.line.turn} of {turn.line.session}"
        gap = gap_between(turn, asked, quoted)
        told = _MISS.format(tape=tape, turn=name, place=where, gap=gap)
        if following and turn not in following:
            told += f"\nHere the {self._next(tape, following)}"
        return told + advice

    def _following(self, key: str | None) -> list[Turn]:
        """The turns that go on from a key, in their order."""
        turns = (turn for turns in self._found.values() for turn in turns)
        return [
            turn
            for turn in turns
            if key and self._keys.get(turn.line.parent or "", turn.line.parent) == key
        ]

    def _next(self, tape: str, following: Sequence[Turn]) -> str:
        if not following:
            return _NO_NEXT.format(tape=tape)
        text = " ".join(text_asked(following[0].line.asked).split())
        return _NEXT.format(tape=tape, asked=text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _is_met(turn: Turn, before: Iterable[Turn]) -> bool:
    """Whether a session gets to what a turn was asked behind."""
    return turn.line.parent is None or any(follows(turn, one) for one in before)


def _report_of_broken(tape: str, turn: Turn) -> str:
    """What became of a turn that is asked again, and how it plays all the same."""
    plays = _PLAYS.format(tape=tape)
    became = _BECAME[turn.outcome]
    return _BROKEN.format(tape=tape, turn=_name(turn), became=became, plays=plays)


def _name(turn: Turn) -> str:
    return f"{turn.line.turn} of {turn.line.session}"
