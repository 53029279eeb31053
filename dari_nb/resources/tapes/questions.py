"""Which question of a tape an answer was given to, also where the tape was changed since."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import DariError
from ...render.plain.visible import bounded_name, visible_name
from ...scores import Score
from ...tapes import Mark, Turn, read_tape
from ...widgets.player.passed import MOST
from ...widgets.player.places import places_of
from ...widgets.player.score import id_of

if TYPE_CHECKING:
    from ...widgets.player.score import Score as Played

OF = "mark:"
"""What stands in front of a question's id where answers name it."""
_MOST_MARKS = 64
"""Marks of a turn among which one is found that stood elsewhere before others came."""


class Saved(Score, frozen=True, kw_only=True, omit_defaults=True):
    """An answer.

    Attributes:
        reader: Who gave it: the name that they wrote on the page.
        page: What tells this reading of the page from all others, also where it was saved again
            with another name.
        saved: When the page was saved with it, which tells the last name of several.
        asked: What tells the turn of its question from others (``Place.asked``).
        answered: What was answered in that turn (``Place.answered``).
        tape: The path of the tape from the folder of the file, which may hold answers to others; of
            who read a page, the tape's name alone.
    """

    reader: str | None = None
    page: str | None = None
    saved: str | None = None
    asked: str | None = None
    answered: str | None = None
    tape: str | None = None


class GivenAnswer(NamedTuple):
    """What an answer tells of its question, and who gave it.

    Attributes:
        reader: Who gave it.
        mark_id: The question's id.
        note: Where it stands, what it is called and what it asks.
        asked: What tells its turn from others.
        answered: What was answered in its turn.
        tape: The file of its tape.
    """

    reader: str | None
    mark_id: str
    note: str
    asked: str | None
    answered: str | None
    tape: Path | None

    @classmethod
    def by(cls, answer: Saved, file: Path) -> GivenAnswer:
        """What an answer tells that is kept in a file."""
        mark_id = answer.run_id.removeprefix(OF)
        tape = _named(answer.tape, file.parent) if answer.tape else None
        told = answer.asked, answer.answered
        return cls(answer.reader, mark_id, answer.note or "", *told, tape)

    @property
    def where(self) -> str:
        """The session and the turn; some pages have told the session alone."""
        return self.note.partition(": ")[0]

    @property
    def words(self) -> str:
        """The name of the question and what it asked."""
        return self.note.partition(": ")[2]


class Questions:
    """The questions of a tape, also as they were before it was changed.

    An answer is one to the tape that it names as long as that is there. Where it is not, that may
    have another name or place by now, which may be those of this one: then it is an answer to this
    one if its turn is answered so here. So it is where another tape has got that name meanwhile.

    Args:
        played: Its turns.
        tape: Its file.
        is_shared: Whether answers to other tapes are among those that are read: then none is given
            to this one that names no tape, but by its question's id.
    """

    def __init__(self, played: Played, tape: Path | None, *, is_shared: bool) -> None:
        self._tape = tape
        self._is_there, self._answers_of = cache(_is_there), cache(_answers_of)
        self._is_shared = is_shared
        self._asked = played.questions
        self._places = places_of(played)
        self._by_id = dict[tuple[str, str], str | None]()
        self._answers: Iterable[GivenAnswer] = ()

    def of_each(self, answers: Iterable[GivenAnswer]) -> dict[GivenAnswer, str | None]:
        """Find the questions' ids by what answers tell.

        That is the id, else the words that the question had at its turn: its name or what it asks
        may be another one by now, not both. Where its turn is of another key by now, since another
        one is asked in front of it, that is found by what it asks. What is in doubt is not found.
        """
        found = dict[GivenAnswer, str | None]()
        for one in answers:
            found[one] = None if self.is_another(one) else self._with_id(one)
        self._answers = found.keys()
        strays = [one for one, mark_id in found.items() if mark_id is None and self._may_fit(one)]
        for one in strays:
            if one.asked is not None:
                found[one] = self._with_turn(one)
        older = [one for one in strays if one.asked is None]
        found |= self._with_numbers(older, found)
        return {one: mark_id and self._of_own(one, mark_id) for one, mark_id in found.items()}

    def is_another(self, answer: GivenAnswer) -> bool:
        """Whether an answer names another tape that is there, or beside this one."""
        if answer.tape is None or self._tape is None or answer.tape == self._tape:
            return False
        beside = self._tape.with_name(answer.tape.name)
        there = (one for one in (beside, answer.tape) if one != self._tape and self._is_there(one))
        other = next(there, None)
        # Another tape may have got its name.
        own = self._places.get(answer.mark_id)
        has_own = own is not None and own.answered == answer.answered
        return other is not None and not (
            has_own and answer.answered not in self._answers_of(other)
        )

    def is_former(self, answer: GivenAnswer, mark_id: str) -> bool:
        """Whether what a question's turn was answered was something else when this was expected."""
        return answer.answered not in (None, self._places[mark_id].answered)

    def concerns(self, answer: GivenAnswer) -> bool:
        """Whether what was answered may be a question of this tape, if not as it is now."""
        if self.is_another(answer):
            return False
        is_own = not self._is_shared or (answer.tape is not None and self._may_be(answer.tape))
        return is_own or any(_asks(answer.words, mark) for _, mark in self._asked.values())

    def _may_be(self, tape: Path) -> bool:
        """Whether a tape that is nowhere may be this one, by its name or by what was answered."""
        return self._is_named(tape) or tape in self._answered_alike

    @cached_property
    def _answered_alike(self) -> Set[Path | None]:
        """The tapes that answers name of which one is to a turn that is answered so here."""
        own = self._answers_of(self._tape) if self._tape else frozenset()
        return {one.tape for one in self._answers if one.answered in own}

    def _is_named(self, tape: Path) -> bool:
        """Whether a tape that is called so, and is nowhere else, may be this one."""
        return self._tape is not None and tape.name == self._tape.name

    def _of_own(self, answer: GivenAnswer, mark_id: str) -> str | None:
        """The question, where its tape may be this one."""
        is_told = answer.tape is not None and not self._is_named(answer.tape)
        return None if is_told and self.is_former(answer, mark_id) else mark_id

    def _may_fit(self, answer: GivenAnswer) -> bool:
        """Whether a question may be found by where it stood: on another tape it is another one."""
        return not self._is_shared if answer.tape is None else not self.is_another(answer)

    def _with_id(self, answer: GivenAnswer) -> str | None:
        key = answer.mark_id, answer.words
        if key not in self._by_id:
            self._by_id[key] = key[0] if key[0] in self._asked else self._changed(answer)
        return self._by_id[key]

    def _changed(self, answer: GivenAnswer) -> str | None:
        """Find a question that has other words by now; its id was made of the turn, too."""
        was_at = {
            mark_id
            for mark_id, mark in self._as_it_was(answer.words)
            if _was_at(self._asked[mark_id][0], mark, answer.mark_id)
        }
        return self._alone(answer.words, was_at)

    def _as_it_was(self, words: str) -> Iterator[tuple[str, Mark]]:
        for mark_id, (_, mark) in self._asked.items():
            name, ask = _before(words, mark), _question_in(words, mark)
            if name is not None:
                yield mark_id, Mark(name, mark.ask)
            if ask is not None:
                yield mark_id, Mark(mark.mark, ask)

    def _with_turn(self, answer: GivenAnswer) -> str | None:
        there = (mark_id for mark_id, place in self._places.items() if place.asked == answer.asked)
        return self._alone(answer.words, there)

    def _alone(self, words: str, among: Iterable[str]) -> str | None:
        """The only one of some questions that has these words, or asks this, or is called so."""
        marks = {mark_id: self._asked[mark_id][1] for mark_id in among}
        by_ask = [mark_id for mark_id, mark in marks.items() if _asks(words, mark)]
        by_name = [mark_id for mark_id, mark in marks.items() if _is_called(words, mark)]
        found = [mark_id for mark_id in by_ask if mark_id in by_name] or by_ask or by_name
        return found[0] if len(found) == 1 else None

    def _with_numbers(
        self, older: Iterable[GivenAnswer], found: dict[GivenAnswer, str | None]
    ) -> dict[GivenAnswer, str | None]:
        """Find the questions of answers that do not tell what their turns asked.

        They tell the turns' numbers, by which nothing is found where one of them is gone: then
        those behind it have other numbers. Where no number is told, a question is found that is
        alone in its session, but for those that the same reader has answered: what has another id
        is another question.
        """
        taken = {(one.reader, mark_id) for one, mark_id in found.items()}
        numbered, guessed = dict[GivenAnswer, str](), dict[GivenAnswer, str]()
        alike = {one: tuple(self._alike(one)) for one in older}
        moved = set[tuple[str, ...]]()
        for one, there in alike.items():
            in_turn = [mark_id for mark_id in there if self._places[mark_id].where == one.where]
            left = [mark_id for mark_id in there if (one.reader, mark_id) not in taken]
            if any(one.where in self._sessions(mark_id) for mark_id in there):
                guessed |= {one: left[0]} if len(left) == 1 else {}
            elif in_turn:
                numbered |= {one: in_turn[0]} if len(in_turn) == 1 else {}
            else:
                moved.add(there)
        counts = Counter((one.reader, mark_id) for one, mark_id in guessed.items())
        return {
            **{one: mark_id for one, mark_id in numbered.items() if alike[one] not in moved},
            **{one: id_ for one, id_ in guessed.items() if counts[one.reader, id_] == 1},
        }

    def _alike(self, answer: GivenAnswer) -> Iterator[str]:
        """The ids of the questions of a session that ask the same."""
        for mark_id, (_, mark) in self._asked.items():
            in_session = answer.where.startswith(f"{self._places[mark_id].session} ")
            is_there = in_session or answer.where in self._sessions(mark_id)
            if is_there and _asks(answer.words, mark):
                yield mark_id

    def _sessions(self, mark_id: str) -> tuple[str, str]:
        """The session of a question, and of one in front of a turn that before it, as told."""
        return self._places[mark_id].session, self._asked[mark_id][0].line.session


def path_from(file: Path, tape: Path) -> str:
    """The path of a tape as answers name it that are kept in a file.

    >>> path_from(Path("/class/dari-scores.jsonl"), Path("/class/tapes/lesson.tape"))
    'tapes/lesson.tape'
    """
    try:
        path = Path(os.path.relpath(tape, file.parent.resolve())).as_posix()
    except ValueError:  # it is on another drive
        path = tape.name
    return visible_name(path)


def _named(path: str, folder: Path) -> Path | None:
    """The tape that an answer names; ``None`` where nothing can be called so."""
    with suppress(OSError, RuntimeError, ValueError):
        return (folder / path).resolve()
    return None


def _answers_of(tape: Path) -> Set[str]:
    """What the turns of a tape are answered, as hashes; nothing where it cannot be read."""
    try:
        return {turn.own_answer for turn in read_tape(tape).turns}
    except DariError:
        return frozenset()


def _is_there(tape: Path) -> bool:
    with suppress(OSError):
        return tape.exists()
    return False


def asked_as(answer: Score, mark_id: str, mark: Mark) -> str | None:
    """What was asked when an answer was given; ``None`` where that is what is asked now."""
    words = (answer.note or "").partition(": ")[2]
    if answer.run_id == f"{OF}{mark_id}" or _asks(words, mark):
        return None
    return _question_in(words, mark)


def _asks(words: str, mark: Mark) -> bool:
    """Whether the words of an answer ask what a question asks."""
    return _before(words, mark) is not None


def _is_called(words: str, mark: Mark) -> bool:
    """Whether the words of an answer call its question what one is called."""
    return _question_in(words, mark) is not None


def _before(words: str, mark: Mark) -> str | None:
    """What a question was called in the words of an answer, if it asked what it asks now."""
    ends = (f": {form}" for form in _forms(str(mark.ask)))
    return next((words.removesuffix(end) for end in ends if words.endswith(end)), None)


def _question_in(words: str, mark: Mark) -> str | None:
    """What a question asked in the words of an answer, if it was called what it is called now."""
    begins = (f"{form}: " for form in _forms(mark.mark))
    return next((words.removeprefix(begin) for begin in begins if words.startswith(begin)), None)


def _forms(text: str) -> tuple[str, str]:
    """A text as it is, and as some pages tell it: on one line, and no longer than it is shown."""
    return text, bounded_name(text, MOST)


def _was_at(turn: Turn, mark: Mark, mark_id: str) -> bool:
    return any(id_of(turn, number, mark) == mark_id for number in range(_MOST_MARKS))
