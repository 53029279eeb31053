"""A turn that waits to be adopted, beside what it would take the place of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ...errors import InvalidRequestError
from ...printable import printable
from ..differences import is_same, text_asked, words_between
from ..recording import Recording, follows
from ..turns import Turn
from ..words import outcome_text
from .adopting import adopt_turn, adopting_of, reject_turn, rejecting_of
from .deciding import Change, Shown
from .falling_short import falls_short, why_not_with, why_short
from .replacing import Placing, beginning_of, names_of, placing_of, put_in_place, why_lost

_SAME = "The answer is the same."
_KEPT = 2000
"""Characters of what came of a turn that are shown."""
_PRINTED, _ENDS = 1000, (200, 80)
"""Characters of it, and of the two ends of each piece, that are printed."""
_PIECES = re.compile(r"(\[-.*?-\]|\{\+.*?\+\})", re.DOTALL)
_WAS = {"adopted": "was adopted already", "rejected": "is no longer on the tape"}
_NOTHING_LIKE_IT = "; nothing like it was recorded before"
_BESIDE = "{name} was adopted already, beside what it would replace: that is still on the tape."

_NOT_IN_PLACE = (
    "{old}, which is most like it, {why}, so that this replaces nothing: adopt() keeps both, and "
    "so does tape.review().replace().{cure}"
)
_CURE = (
    " To replace that one, reject this one, and ask it where that was asked: run the cells again "
    "from the first one of the session on."
)
_DELETE = (
    'from the file then, each from the line with "turn" to the one with "completed" or "failed" '
    "that ends it."
)
_CURE_FIRST = (
    " What leads to it, {first}, is like nothing that was asked there: adopt both. To have them in "
    "the place of {session}, delete its turns " + _DELETE
)
_ADDS = (
    "This conversation is like none that was recorded, so that it replaces nothing: adopt() adds "
    "it. To have it in the place of another one, delete the turns of that one " + _DELETE
)
_PUTS = "{way} puts {come} in the place of {gone}."
_PUTS_WITH = "{way} puts it there with {first}, in the place of {gone}."
_NOT_YET = (
    "No replace() yet: it is put in place with {first}, and {lost} would go; there it is said what "
    "helps."
)


class Proposal:
    """A turn that waits to be adopted, beside the recorded one that is nearest to it.

    Long texts are folded where it is printed; ``tape.review().view()`` has them whole.

    Attributes:
        new: The turn.
        old: The recorded one; ``None`` where nothing like it was recorded.

    >>> tape.review()
    Nothing on the tape is new.
    """

    def __init__(
        self,
        turn: Turn,
        old: Turn | None,
        shown: Shown,
        change: Change,
        replaced: Sequence[Turn] = (),
    ) -> None:
        self.new = turn
        self._replaced = {one.place: one for one in replaced}
        self.old = old
        self._shown = shown
        self._change = change
        self._became = ""

    @property
    def asked(self) -> str:
        """What was asked.

        >>> [proposal.asked for proposal in tape.review()]
        []
        """
        return text_asked(self.new.line.asked)

    @property
    def difference(self) -> str:
        """What was asked and answered, word by word against the nearest recorded turn.

        >>> [proposal.difference for proposal in tape.review()]
        []
        """
        return self._differs(_cut)

    def _differs(self, shorten: Callable[[str], str]) -> str:
        new = outcome_text(self.new)
        if self.old is None:
            return f"{shorten(self.asked)}\n\n{shorten(new)}"
        asked = words_between(text_asked(self.old.line.asked), self.asked)
        old = outcome_text(self.old)
        return f"{shorten(asked)}\n\n{shorten(words_between(old, new)) if old != new else _SAME}"

    def adopt(self) -> str:
        """Let the turn play, with those before it, beside all that was recorded.

        Of another answer to the same, it is a further one; see :meth:`replace`.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: That was said already, or it was rejected, or it goes on from a
                turn that is not on the tape, or a turn has changed since it was shown, or the file
                cannot be written.
            TapeError: It is broken.

        >>> for proposal in tape.review():
        ...     proposal.adopt()
        """
        return self._decide("adopted", adopt_turn)

    def replace(self, *, rest: bool = False) -> str:
        """Let the turn take the place of the recorded one, each with those that go on from it.

        It stands where that stood, in its session and with its marks, each behind the same call or
        event as before; what was recorded there is off the tape. :meth:`adopt` keeps both. Only
        what goes on from the same turn is in its place: the session is asked from its beginning.

        Args:
            rest: Whether turns go, too, in whose place nothing new stands, with their marks,
                whether they were recorded or wait: they went on from what is replaced, and cannot
                stay behind it.

        Returns:
            What became of how many turns, in a line, and which questions stand elsewhere now.

        Raises:
            InvalidRequestError: There is nothing in its place, or a turn would go in whose place
                nothing new stands, or one that it goes on from came to less than what is recorded
                and is to be decided on by itself, or that was said already, or it was rejected, or
                a turn has changed since it was shown, or the file cannot be written.
            TapeError: It is broken.

        >>> for proposal in tape.review():
        ...     proposal.replace()
        """

        def put(tape: Recording, turn: Turn) -> Placing:
            if why := why_not_with(tape, turn):
                raise InvalidRequestError(why, code="tape_conflict")
            return put_in_place(tape, turn, rest=rest, shown=self._replaced.keys())

        return self._decide("adopted", put, self._replaced.values())

    @property
    def adopts(self) -> int:
        """How many turns :meth:`adopt` lets play: it, and those before it that wait, too.

        >>> [proposal.adopts for proposal in tape.review()]
        []
        """
        return 0 if self.decided else len(adopting_of(self._shown.now, self.new).come)

    @property
    def rejects(self) -> int:
        """How many turns :meth:`reject` takes off: it, and those that go on from it.

        >>> [proposal.rejects for proposal in tape.review()]
        []
        """
        return 0 if self.decided else len(rejecting_of(self._shown.now, self.new).gone)

    @property
    def replaces(self) -> int:
        """How many recorded turns go when it is put in their place; 0 where there are none.

        >>> [proposal.replaces for proposal in tape.review()]
        []
        """
        return sum(not one.line.new for one in self._placing.gone)

    @property
    def loses(self) -> int:
        """How many turns, recorded or waiting, would go in whose place nothing new stands.

        >>> [proposal.loses for proposal in tape.review()]
        []
        """
        return len(self._placing.lost)

    @property
    def leads(self) -> bool:
        """Whether it is put in place as itself, and not with a turn that it goes on from.

        >>> [proposal.leads for proposal in tape.review()]
        []
        """
        return beginning_of(self._shown.now, self.new).place == self.new.place

    @property
    def falls_short(self) -> bool:
        """Whether it, or one that it belongs to, came to less than what was recorded there.

        >>> [proposal.falls_short for proposal in tape.review()]
        []
        """
        return not self.decided and bool(falls_short(self._shown.now, self.new))

    @property
    def effect(self) -> str:
        """What :meth:`replace` does, in a line, or what it would lose, or what was decided already.

        Where nothing was recorded in the place of the turn, it says so of the one beside it, and
        what puts it there; and of a turn that did not complete, where it waits on when all are
        decided on.

        >>> [proposal.effect for proposal in tape.review()]
        []
        """
        if self.decided:
            return f"{self.new.line.turn} of {self.new.line.session} was {self.decided}."
        tape = self._shown.now
        if why := why_lost(tape, [self.new]):
            return why
        short = why_short(falls_short(tape, self.new))
        return " ".join(filter(None, (self._effect, short)))

    @property
    def _effect(self) -> str:
        """What :meth:`replace` does while the turn waits, however far it came."""
        placing = self._placing
        if not placing.gone:
            return self._nothing_in_place()
        if why_not_with(self._shown.now, self.new):
            return "No replace() here."
        told = _PUTS if self.leads else _PUTS_WITH
        first = names_of([beginning_of(self._shown.now, self.new)])
        told = told.format(
            way="replace(rest=True)" if placing.lost else "replace()",
            come=names_of(one for one, _ in placing.come),
            first=first,
            gone=names_of(placing.gone),
        )
        if not placing.lost:
            return told
        if self.leads:
            return f"{told} No replace() yet: {placing.loss}"
        return f"{told} {_NOT_YET.format(first=first, lost=names_of(placing.lost))}"

    @property
    def decided(self) -> str:
        """What became of the turn, ``adopted`` or ``rejected``; empty while it waits.

        >>> [proposal.decided for proposal in tape.review()]
        []
        """
        if self._is_waiting(self._shown.now):
            return ""
        return self._became_on(self._shown.now)

    def _is_waiting(self, tape: Recording) -> bool:
        return any(one.line.new and one.place == self.new.place for one in tape.turns)

    def _became_on(self, tape: Recording) -> str:
        """What became of the turn, which waits no longer, as it was decided here or elsewhere."""
        line = self.new.line
        same = [one for one in tape.turns if one.line.key == line.key and not one.line.new]
        is_there = any(one.line.behind == line.behind and is_same(one, self.new) for one in same)
        was = "adopted" if is_there else "rejected"
        return self._shown.became.get(self.new.place, was)

    def _nothing_in_place(self) -> str:
        old = self.old
        if old is None:
            return _ADDS if self._ends_another else ""
        if old.line.key == self.new.line.key:
            return ""
        is_other = old.line.agent != self.new.line.agent
        why = f"is of another agent ({old.line.agent})" if is_other else "goes on from another turn"
        cure = "" if is_other else self._cure(old)
        return _NOT_IN_PLACE.format(old=names_of([old]), why=why, cure=cure)

    @property
    def _ends_another(self) -> bool:
        """Whether it is the last turn of a conversation in whose place another one may stand."""
        tape = self._shown.now
        of = self.new.line.agent
        others = any(not one.line.new and one.line.agent == of for one in tape.turns)
        is_last = not any(follows(one, self.new) for one in tape.turns)
        return others and is_last and beginning_of(tape, self.new).line.parent is None

    def _cure(self, old: Turn) -> str:
        """How to have the turn in the place of another one that it does not take."""
        tape = self._shown.now
        first = beginning_of(tape, self.new)
        if first.line.parent is not None or placing_of(tape, first).gone:
            return _CURE
        return _CURE_FIRST.format(first=names_of([first]), session=old.line.session)

    @property
    def _placing(self) -> Placing:
        if not self._replaced or self.decided:
            return Placing([], [], [])
        return placing_of(self._shown.now, self.new, self._replaced.keys())

    def reject(self) -> str:
        """Take the turn off the tape, with those that go on from it.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: That was said already, or it was adopted, or a turn has changed
                since it was shown, or the file cannot be written.
            TapeError: It is broken.

        >>> for proposal in tape.review():
        ...     proposal.reject()
        """
        return self._decide("rejected", reject_turn)

    def _decide(
        self,
        became: str,
        change: Callable[[Recording, Turn], Placing],
        replaced: Iterable[Turn] = (),
    ) -> str:
        line = self.new.line
        name = f"{line.turn} of {line.session}"
        if self._became:
            raise InvalidRequestError(f"{name} was {self._became} already.", code="tape_conflict")

        def decide(tape: Recording) -> str:
            if self._is_waiting(tape):
                return self._shown.decide(tape, lambda: [change(tape, self.new)])
            # Others may have taken it with them: turns are adopted with those before them.
            was = self._became_on(tape)
            if was != became:
                raise InvalidRequestError(
                    f"{name} {_WAS[was]}: review again.", code="tape_conflict"
                )
            there = {one.place: one for one in tape.turns if not one.line.new}
            if any((one := there.get(old.place)) and is_same(one, old) for old in replaced):
                raise InvalidRequestError(_BESIDE.format(name=name), code="tape_conflict")
            return f"{name} {_WAS[was]}."

        told = self._shown.change(self._change, decide)
        self._became = became
        return told

    def __repr__(self) -> str:
        line = self.new.line
        if self.decided:
            told = f"{line.turn} of {line.session}, {line.agent}: {self.asked}"
            return printable(f"{told}\n{self.effect}")
        behind = names_of(self._shown.going_on_from(self.new))
        beside = f"; {behind} goes on from it" if behind else _NOTHING_LIKE_IT
        if self.old is not None:
            by = f" by {self.old.line.agent}" if self.old.line.agent != line.agent else ""
            beside = f", beside {self.old.line.turn} of {self.old.line.session}{by}"
        head = f"{line.turn} of {line.session}, {line.agent}{beside}: {_folded(self.asked)}"
        parts = (head, self._differs(_folded), self.effect)
        return printable("\n".join(filter(None, parts)))


def _cut(text: str, most: int = _KEPT) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _folded(text: str) -> str:
    """A difference in which both ends of each long piece are left."""
    return _cut("".join(map(_ends, _PIECES.split(text))), _PRINTED)


def _ends(piece: str) -> str:
    return piece if len(piece) <= sum(_ENDS) else f"{piece[: _ENDS[0]]} … {piece[-_ENDS[1] :]}"
