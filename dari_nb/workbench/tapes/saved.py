"""Files with answers to the questions of a tape, as readers of its page have saved them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ...errors import InvalidRequestError
from ...render.plain.visible import visible_name
from ...scores import Score
from ...tapes.reading import is_tape

if TYPE_CHECKING:
    from ...widgets.player.score import Score as Played

NAME = "answer"
"""What an answer is called among scores and ratings."""
OF = "mark:"
"""What stands in front of a question's id where answers name it."""
FILES = "*answers*.jsonl"
"""The files with answers in a folder."""
_MOST_NAMED = 3
_SHOWN = 100


class Saved(Score, frozen=True, kw_only=True, omit_defaults=True):
    """An answer, and who gave it: the name that they wrote on the page."""

    reader: str | None = None


def files_of(paths: Iterable[str | Path] | str | Path) -> list[Path]:
    """Name the files with answers, of a folder all whose names say so.

    Raises:
        InvalidRequestError: A file is not there, or none is named.
    """
    given = [paths] if isinstance(paths, str | Path) or not isinstance(paths, Iterable) else paths
    files = [file for path in given for file in _files_at(path)]
    if not files:
        raise InvalidRequestError("Name a file with answers, or a folder that has some.")
    return files


def _files_at(path: Any) -> list[Path]:
    if not isinstance(path, str | Path):
        raise InvalidRequestError(f"Answers are in a file or several, not in {path!r}.")
    place = Path(path).expanduser()
    if place.is_dir():
        files = sorted(place.glob(FILES))
        if not files:
            raise InvalidRequestError(f"There is no {FILES} in the folder {str(path)!r}.")
        return files
    if not place.is_file():
        several = f" Of a folder all {FILES} are read." if "*" in str(path) else ""
        raise InvalidRequestError(f"There is no file {path} with answers.{several}")
    if is_tape(place):
        raise InvalidRequestError(f"{path} is a tape: answers are in another file.")
    return [place]


class Reading:
    """Reads answers from files, and says in one warning what of them belongs to no question.

    Args:
        played: The recording with the questions.
    """

    def __init__(self, played: Played) -> None:
        self._questions = played.questions
        self._untaken: list[str] = []

    def read(self, file: Path) -> Iterator[tuple[str, Saved]]:
        """Give the answers of a file, each with its question's id.

        Raises:
            InvalidRequestError: It cannot be read, or no line of it can.
        """
        answers, broken = _read(file)
        strange = []
        for answer in answers:
            mark_id = self._question_of(answer)
            if mark_id is None:
                strange.append(answer)
            else:
                yield mark_id, answer
        self._untaken += [f"Line {n} of {file.name} cannot be read." for n in broken]
        if not answers:
            self._untaken.append(f"{file.name} holds no answers.")
        if strange:
            self._untaken.append(_no_question(strange, file))

    def say(self, stacklevel: int) -> None:
        """Warn of what was not taken."""
        if self._untaken:
            warnings.warn("\n".join(self._untaken), stacklevel=stacklevel + 1)

    def _question_of(self, answer: Saved) -> str | None:
        """The question's id, found by its words where the mark has another name now."""
        mark_id, note = answer.run_id.removeprefix(OF), answer.note or ""
        if mark_id in self._questions:
            return mark_id
        session = note.partition(" ")[0].rstrip(":")
        alike = [
            mark_id
            for mark_id, (turn, mark) in self._questions.items()
            if turn.line.session == session and note.endswith(f": {mark.ask}")
        ]
        return alike[0] if len(alike) == 1 else None


def _read(file: Path) -> tuple[list[Saved], list[int]]:
    """The answers of a file in order of time, and the numbers of the lines that are broken."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise InvalidRequestError(f"{file} cannot be read: {error.strerror or error}.") from error
    answers: dict[tuple[Any, ...], Saved] = {}
    broken = []
    for number, line in enumerate(lines, 1):
        try:
            answer = msgspec.json.decode(line, type=Saved) if line.strip() else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            broken.append(number)
            continue
        if answer and answer.name == NAME and answer.value is not None:
            answers[answer.key] = answer
    if broken and len(broken) == sum(map(bool, map(bytes.strip, lines))):
        raise InvalidRequestError(f"{file} holds no answers: no line of it can be read.")
    return sorted(answers.values(), key=lambda answer: answer.at), broken


def _no_question(answers: list[Saved], file: Path) -> str:
    notes = dict.fromkeys(answer.note for answer in answers if answer.note)
    named = ", ".join(f"“{visible_name(note[:_SHOWN])}”" for note in list(notes)[:_MOST_NAMED])
    more = ", …" if len(notes) > _MOST_NAMED else ""
    is_one = len(answers) == 1
    count, belong = ("1 answer", "belongs") if is_one else (f"{len(answers)} answers", "belong")
    told = f": {named}{more}" if named else ""
    return f"{count} of {file.name} {belong} to no question of this tape{told}."
