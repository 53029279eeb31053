"""Files with answers to the questions of a tape, as readers of its page have saved them."""

from __future__ import annotations

import codecs
import glob
import warnings
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ...errors import InvalidRequestError
from ...render.plain.visible import bounded_name, visible_name
from ...scores import Score
from ...tapes.reading import close_to, differs_in_numbers, is_tape
from .questions import Questions

if TYPE_CHECKING:
    from ...widgets.player.score import Score as Played

NAME = "answer"
"""What an answer is called among scores and ratings."""
FILES = "*answers*.jsonl"
"""The files with answers in a folder."""
_MOST_NAMED = 3
_SHOWN = 100


class Saved(Score, frozen=True, kw_only=True, omit_defaults=True):
    """An answer, and who gave it: the name that they wrote on the page."""

    reader: str | None = None


class Told(NamedTuple):
    """What an answer tells of its question, and who gave it."""

    reader: str | None
    run_id: str
    note: str


class Reading:
    """Reads answers from files, and says in one warning what of them belongs to no question.

    Args:
        played: The recording with the questions.
        paths: The file or several, each read once; all that a pattern finds, and of a folder all
            whose names say so.
        begun: The files in which views keep answers: nobody may have answered yet.

    Raises:
        InvalidRequestError: No file is named, or a folder has none.
    """

    def __init__(
        self,
        played: Played,
        paths: Iterable[str | Path] | str | Path,
        begun: Container[Path] = (),
    ) -> None:
        is_one = isinstance(paths, str | Path) or not isinstance(paths, Iterable)
        given: Any = [paths] if is_one else paths
        places = [*map(_place, given)]
        found = [*map(_files_at, places)]
        files = [file for there in found for file in there]
        if not places:
            raise InvalidRequestError("Name a file with answers, or a folder that has some.")
        if not files:
            raise InvalidRequestError(_none_at(places[0]))
        self._played = played
        self._questions = Questions(played.questions)
        self._begun = begun
        empty = [place for place, there in zip(places, found, strict=True) if not there]
        self._files = list({file.absolute(): file for file in files}.values())
        self._is_one = len(places) == 1 and self._files == places
        self._taken = set[bytes]()
        self._untaken = [*map(_none_at, empty)]

    def answers(self) -> Iterator[tuple[str, Saved, str]]:
        """Give the answers, each once, with its question's id and the name of its file.

        Raises:
            InvalidRequestError: The only file cannot be read, or no line of it can, or its name is
                perhaps a slip for one that is there.
        """
        for file in self._files:
            name = visible_name(file.name)
            try:
                answers = self._in(file, name)
            except InvalidRequestError as error:
                if self._is_one and not self._may_come(file):
                    raise
                self._untaken.append(str(error))
                continue
            strange, found = [], self._questions_of(answers)
            for answer in self._new(answers):
                mark_id = found[_told(answer)]
                if mark_id is None:
                    strange.append(answer)
                else:
                    yield mark_id, answer, name
            if strange:
                self._untaken.append(_no_question(strange, name))

    def say(self, stacklevel: int) -> None:
        """Warn of what was not taken."""
        if self._untaken:
            warnings.warn("\n".join(self._untaken), stacklevel=stacklevel + 1)

    def _may_come(self, file: Path) -> bool:
        """Whether a file is not there since nobody has answered yet."""
        if file.exists() or file.is_symlink():
            return False
        return file.absolute() in self._begun or (file.parent.is_dir() and not _meant(file))

    def _in(self, file: Path, name: str) -> list[Saved]:
        """The answers of a file in order of time."""
        answers, broken = _read(file)
        self._untaken += [f"Line {n} of {name} cannot be read." for n in broken]
        if not answers:
            self._untaken.append(f"{name} holds no answers.")
        return answers

    def _new(self, answers: Iterable[Saved]) -> list[Saved]:
        """Those answers of a file that were in none before it."""
        lines = {msgspec.json.encode(answer): answer for answer in answers}
        new = [answer for line, answer in lines.items() if line not in self._taken]
        self._taken |= lines.keys()
        return new

    def _questions_of(self, answers: Iterable[Saved]) -> dict[Told, str | None]:
        """The questions' ids, found by place and words where their turns are of another key by now.

        A page names the turn where a session has several questions with the same words. Where a
        note names none, a question is found that is alone in its session, but for those that the
        same reader has answered: what has another id is another question.
        """
        told = {_told(answer): answer for answer in answers}
        found = {one: self._questions.of(answer) for one, answer in told.items()}
        taken = {(one.reader, mark_id) for one, mark_id in found.items()}
        guessed = dict[Told, str]()
        for one in [one for one, mark_id in found.items() if mark_id is None]:
            in_turn, in_session = self._alike(one.note)
            if len(in_turn) == 1:
                found[one] = in_turn[0]
            left = [mark_id for mark_id in in_session if (one.reader, mark_id) not in taken]
            if len(left) == 1:
                guessed[one] = left[0]
        counts = Counter((one.reader, mark_id) for one, mark_id in guessed.items())
        alone = {one: id_ for one, id_ in guessed.items() if counts[one.reader, id_] == 1}
        return {**found, **alone}

    def _alike(self, note: str) -> tuple[list[str], list[str]]:
        """The ids of the questions that a note asks, where it names their turn or session alone."""
        in_turn, in_session = list[str](), list[str]()
        for mark_id, (turn, mark) in self._questions.asked.items():
            if not note.endswith(f": {mark.ask}"):
                continue
            own = self._played.turn_with(mark, turn).line
            if note.startswith(f"{own.session} {own.turn}: "):
                in_turn.append(mark_id)
            elif note.startswith((f"{own.session}: ", f"{turn.line.session}: ")):
                in_session.append(mark_id)
        return in_turn, in_session


def _told(answer: Saved) -> Told:
    return Told(answer.reader, answer.run_id, answer.note or "")


def _place(path: Any) -> Path:
    if not isinstance(path, str | Path):
        raise InvalidRequestError(f"Answers are in a file or several, not in {path!r}.")
    return Path(path).expanduser()


def _files_at(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(place.glob(FILES))
    if place.exists() or not glob.has_magic(str(place)):
        return [place]
    return sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))))


def _none_at(place: Path) -> str:
    where = f"{FILES} in the folder" if place.is_dir() else "file"
    return f"There is no {where} {visible_name(str(place))}."


def _read(file: Path) -> tuple[list[Saved], list[int]]:
    """The answers of a file in order of time, and the numbers of the lines that are broken."""
    lines = _lines(file)
    answers: dict[tuple[Any, ...], Saved] = {}
    broken = []
    for number, line in enumerate(lines, 1):
        try:
            answer = msgspec.json.decode(line, type=Saved) if line.strip() else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            broken.append(number)
            continue
        if answer and answer.name == NAME and answer.value is not None:
            reader = bounded_name(answer.reader or "") or None
            answers[answer.key] = msgspec.structs.replace(answer, reader=reader)
    if broken and len(broken) == sum(map(bool, map(bytes.strip, lines))):
        name = visible_name(file.name)
        raise InvalidRequestError(f"{name} holds no answers: no line of it can be read.")
    return sorted(answers.values(), key=lambda answer: answer.at), broken


def _lines(file: Path) -> list[bytes]:
    name = visible_name(str(file))
    if file.is_dir():
        raise InvalidRequestError(f"{name} is a folder, not a file with answers.")
    if not file.is_file():
        instead = f"; there is {meant}" if (meant := _meant(file)) else ""
        raise InvalidRequestError(f"There is no file {name} with answers{instead}.")
    if is_tape(file):
        raise InvalidRequestError(f"{name} is a tape: answers are in another file.")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidRequestError(f"{name} cannot be read: {error.strerror or error}.") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8).splitlines()


def _meant(file: Path) -> str:
    """The name beside a file that is not there for which its own is perhaps a slip, or nothing."""
    others = {
        other.stem: visible_name(other.name)
        for other in sorted(file.parent.glob("*.jsonl"))
        if not differs_in_numbers(other.name, file.name)
    }
    return next((others[stem] for stem in close_to(file.stem, [*others])), "")


def _no_question(answers: list[Saved], file: str) -> str:
    notes = dict.fromkeys(answer.note for answer in answers if answer.note)
    named = ", ".join(f"“{visible_name(note[:_SHOWN])}”" for note in list(notes)[:_MOST_NAMED])
    more = ", …" if len(notes) > _MOST_NAMED else ""
    is_one = len(answers) == 1
    count, belong = ("1 answer", "belongs") if is_one else (f"{len(answers)} answers", "belong")
    told = f": {named}{more}" if named else ""
    return f"{count} of {file} {belong} to no question of this tape{told}."
