"""What waits to be adopted on a tape, beside what it would take the place of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from ...errors import InvalidRequestError
from ..differences import is_same, nearest, text_asked, words_between
from ..recording import Recording
from ..turns import Turn
from ..words import printable, told_of
from .adopting import adopt_turn, reject_turn
from .deciding import Change, Shown
from .replacing import is_alike, put_in_place, replaced_by

_NOTHING = "Nothing on the tape is new."
_SAME = "The answer is the same."
_KEPT = 2000
"""Characters of what came of a turn that are shown."""

_WAS = {"adopted": "was adopted already", "rejected": "is no longer on the tape"}
_BESIDE = "{name} was adopted already, beside what it would replace: that is still on the tape."


class Proposal:
    """A turn that waits to be adopted, beside the recorded one that is nearest to it.

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
        self._replaced = {one.place for one in replaced}
        self._replaces = len(replaced)
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
        new = told_of(self.new)
        if self.old is None:
            return f"{self.asked}\n\n{_cut(new)}"
        asked = words_between(text_asked(self.old.line.asked), self.asked)
        old = told_of(self.old)
        return f"{asked}\n\n{_cut(words_between(old, new)) if old != new else _SAME}"

    def adopt(self) -> str:
        """Let the turn play, with those before it, in place of another answer to the same.

        Where another prompt was asked, what was recorded stays beside it; see :meth:`replace`.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: That was said already, or it was rejected, or a turn has changed
                since it was shown, or the file cannot be written.
            TapeError: It is broken.

        >>> for proposal in tape.review():
        ...     proposal.adopt()
        """
        return self._decide("adopted", adopt_turn)

    def replace(self) -> str:
        """Let the turn take the place of the recorded one, each with those that go on from it.

        It stands where that stood, in its session and with its marks; what was recorded there is
        off the tape. :meth:`adopt` keeps both.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: There is nothing in its place, or that was said already, or it was
                rejected, or a turn has changed since it was shown, or the file cannot be written.
            TapeError: It is broken.

        >>> for proposal in tape.review():
        ...     proposal.replace()
        """
        return self._decide("adopted", put_in_place)

    @property
    def replaces(self) -> int:
        """How many recorded turns go when it is put in their place; 0 where there are none.

        >>> [proposal.replaces for proposal in tape.review()]
        []
        """
        return self._replaces

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

    def _decide(self, became: str, change: Callable[[Recording, Turn], object]) -> str:
        line = self.new.line
        name = f"{line.turn} of {line.session}"
        if self._became:
            raise InvalidRequestError(f"{name} was {self._became} already.")

        def decide(tape: Recording) -> str:
            same = [turn for turn in tape.turns if turn.place == self.new.place]
            if any(turn.line.new for turn in same):
                return self._shown.decide(tape, lambda: change(tape, self.new))
            # Others may have taken it with them: turns are adopted with those before them.
            was = "adopted" if any(is_same(turn, self.new) for turn in same) else "rejected"
            if was != became:
                raise InvalidRequestError(f"{name} {_WAS[was]}: review again.")
            there = {turn.place for turn in tape.turns}
            if change is put_in_place and there & self._replaced:
                raise InvalidRequestError(_BESIDE.format(name=name))
            return f"{name} {_WAS[was]}."

        told = self._change(decide)
        self._became = became
        return told

    def __repr__(self) -> str:
        line = self.new.line
        beside = "; nothing like it was recorded before"
        if self.old is not None:
            beside = f", beside {self.old.line.turn} of {self.old.line.session}"
        head = f"{line.turn} of {line.session}, {line.agent}{beside}: {self.asked}"
        return printable(f"{head}\n{self.difference}")


class Review(Sequence[Proposal]):
    """All turns of a tape that wait to be adopted.

    >>> len(tape.review())
    0
    """

    def __init__(self, tape: Recording, change: Change) -> None:
        self._change = change
        self._shown = Shown(tape)
        old = [turn for turn in tape.turns if not turn.line.new]
        by_place = {turn.place: turn for turn in old}
        self.news = [turn for turn in tape.turns if turn.line.new]
        self._proposals = [
            self._proposal(tape, turn, by_place.get(turn.place)) for turn in self.news
        ]

    def adopt(self) -> str:
        """Let all of them play, beside what was recorded.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: A turn has changed since it was shown, or the file cannot be
                written.
            TapeError: It is broken.

        >>> tape.review().adopt()
        'Nothing on the tape is new.'
        """
        return self._change_all(adopt_turn)

    def replace(self) -> str:
        """Let all of them play, those that have one in the place of a recorded turn.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: A turn has changed since it was shown, or the file cannot be
                written.
            TapeError: It is broken.

        >>> tape.review().replace()
        'Nothing on the tape is new.'
        """
        own = {turn.place for turn in self.news}

        def put_or_adopt(tape: Recording, turn: Turn) -> None:
            # Of several that were asked in one place the first is put there, the others beside it.
            gone = replaced_by(tape, turn)
            if gone and not own & {one.place for one in gone}:
                put_in_place(tape, turn)
            else:
                adopt_turn(tape, turn)

        return self._change_all(put_or_adopt)

    def reject(self) -> str:
        """Take all of them off the tape.

        Returns:
            What became of how many turns, in a line.

        Raises:
            InvalidRequestError: A turn has changed since it was shown, or the file cannot be
                written.
            TapeError: It is broken.

        >>> tape.review().reject()
        'Nothing on the tape is new.'
        """
        return self._change_all(reject_turn)

    def _proposal(self, tape: Recording, turn: Turn, same: Turn | None) -> Proposal:
        """A turn beside another answer to the same, what it may replace, or the nearest."""
        if same is not None:
            return Proposal(turn, same, self._shown, self._change)
        gone = replaced_by(tape, turn)
        in_place = next((old for old in gone if old.line.turn == turn.line.turn), None)
        old = in_place or nearest((one for one in tape.turns if not one.line.new), turn.line)
        if old is not in_place and old is not None and not is_alike(old.line, turn.line):
            old = None
        return Proposal(turn, old, self._shown, self._change, gone)

    def _change_all(self, change: Callable[[Recording, Turn], None]) -> str:
        """Change the tape once for all that still wait on it."""

        def decide(tape: Recording) -> str:
            places = {turn.place for turn in tape.turns if turn.line.new}
            if not places & {turn.place for turn in self.news}:
                return _NOTHING
            return self._shown.decide(tape, lambda: change_all(tape))

        def change_all(tape: Recording) -> None:
            for turn in self.news:
                if any(one.line.new and one.place == turn.place for one in tape.turns):
                    change(tape, turn)

        return self._change(decide) if self.news else _NOTHING

    @overload
    def __getitem__(self, place: int) -> Proposal: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Proposal]: ...

    def __getitem__(self, place: int | slice) -> Proposal | Sequence[Proposal]:
        return self._proposals[place]

    def __len__(self) -> int:
        return len(self._proposals)

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self)) or _NOTHING


def _cut(text: str) -> str:
    return text if len(text) <= _KEPT else f"{text[:_KEPT]}…"
