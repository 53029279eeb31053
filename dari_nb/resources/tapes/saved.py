"""Files with answers to the questions of a tape, as a kernel or readers of its page kept them."""

from __future__ import annotations

import codecs
import glob
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ...descriptors import is_no_file
from ...errors import InvalidRequestError
from ...render.plain.visible import bounded_name, visible_name
from ...scores.book import FILE
from ...tapes.reading import close_to, differs_in_numbers, is_tape, refuse_no_name
from ...tapes.summary import count_of
from .questions import GivenAnswer, Questions, Saved

if TYPE_CHECKING:
    from ...widgets.player.score import Score as Played

NAME = "answer"
"""What an answer is called among scores and ratings."""
_ENDS = (".jsonl", ".jsonl.txt")
"""How files in a folder end in which answers may be, in any case; some programs add a .txt."""
_MOST_NAMED = 3
_SHOWN = 100


@dataclass
class _SortedOut:
    """Answers of which there is something to be told."""

    former: list[Saved] = field(default_factory=list)
    strange: list[Saved] = field(default_factory=list)
    others: list[Saved] = field(default_factory=list)
    unnamed: list[Saved] = field(default_factory=list)

    def report(self, file: str) -> Iterator[str]:
        """Say what there is of each kind in a file."""
        for tell, answers in (
            (_of_former, self.former),
            (_no_question, self.strange),
            (_to_others, self.others),
            (_no_tape, self.unnamed),
        ):
            if answers:
                yield tell(answers, file)


class Reading:
    """Reads answers from files, and says in one warning what of them belongs to no question.

    Args:
        played: The recording with the questions.
        tape: Its file.
        paths: The file or several, each read once; all that a pattern finds, and all ``.jsonl`` of
            a folder and of those in it. ``dari-scores.jsonl`` in the working folder when left out,
            which may not be there, and of which nothing is said that is of no concern to the tape.
        begun: The files in which views keep answers: nobody may have answered yet.

    Raises:
        InvalidRequestError: No file is named, or a folder has none.
    """

    def __init__(
        self,
        played: Played,
        tape: Path,
        paths: Iterable[str | Path] | str | Path | None,
        begun: Container[Path] = (),
    ) -> None:
        self._questions = Questions(played, tape, is_shared=paths is None)
        self._is_shared = paths is None
        if paths is None:
            own = Path(FILE).absolute()
            paths = [own] if own.exists() else []
        is_one = isinstance(paths, str | Path) or not isinstance(paths, Iterable)
        given: Any = [paths] if is_one else paths
        places = [*map(_place, given)]
        found = [*map(_files_at, places)]
        files = [file for there in found for file in there]
        if not places and not self._is_shared:
            raise InvalidRequestError(
                "Name a file with answers, or a folder that has some.", code="invalid_path"
            )
        if places and not files:
            raise InvalidRequestError(_none_at(places[0]), code="file_not_found")
        self._begun = begun
        empty = [place for place, there in zip(places, found, strict=True) if not there]
        self._files = list({file.absolute(): file for file in files}.values())
        self._is_one = not self._is_shared and len(places) == 1 and self._files == places
        self._taken = set[bytes]()
        self._untaken = [*map(_none_at, empty)]

    def answers(self) -> Iterator[tuple[str, Saved, str]]:
        """Give the answers, each once, with its question's id and the name of its file.

        Raises:
            InvalidRequestError: The only file cannot be read, or no line of it can, or its name is
                perhaps a slip for one that is there.
        """
        read = _with_names({file: self._in(file) for file in self._files})
        found = self._questions.of_each(
            GivenAnswer.by(answer, file) for file, answers in read.items() for answer in answers
        )
        for file, answers in read.items():
            name, sorted_out = visible_name(file.name), _SortedOut()
            for answer in self._new(answers):
                told = GivenAnswer.by(answer, file)
                if mark_id := found[told]:
                    if self._questions.is_former(told, mark_id):
                        sorted_out.former.append(answer)
                    yield mark_id, answer, name
                elif self._questions.concerns(told):
                    is_unnamed = self._is_shared and not told.tape
                    (sorted_out.unnamed if is_unnamed else sorted_out.strange).append(answer)
                elif not self._is_shared:
                    sorted_out.others.append(answer)
            self._untaken += sorted_out.report(name)

    def say(self, stacklevel: int) -> None:
        """Warn of what was not taken."""
        if self._untaken:
            warnings.warn("\n".join(self._untaken), stacklevel=stacklevel + 1)

    def _may_come(self, file: Path) -> bool:
        """Whether a file is not there since nobody has answered yet."""
        if file.exists() or file.is_symlink():
            return False
        return file.absolute() in self._begun or (file.parent.is_dir() and not _suggested(file))

    def _in(self, file: Path) -> list[Saved]:
        """The answers of a file in order of time."""
        try:
            answers, broken = _read(file)
        except InvalidRequestError as error:
            if self._is_one and not self._may_come(file):
                raise
            self._untaken.append(str(error))
            return []
        name = visible_name(file.name)
        self._untaken += [f"Line {n} of {name} cannot be read." for n in broken]
        if not answers and not self._is_shared:
            self._untaken.append(f"{name} holds no answers.")
        return answers

    def _new(self, answers: Iterable[Saved]) -> list[Saved]:
        """Those answers of a file that were in none before it."""
        lines = {msgspec.json.encode(_apart_from_name(answer)): answer for answer in answers}
        new = [answer for line, answer in lines.items() if line not in self._taken]
        self._taken |= lines.keys()
        return new


def _place(path: Any) -> Path:
    if not isinstance(path, str | Path):
        raise InvalidRequestError(
            f"Answers are in a file or several, not in {path!r}.", code="invalid_path"
        )
    refuse_no_name(path)
    return Path(path).expanduser()


def _files_at(place: Path) -> list[Path]:
    if place.is_dir():
        found = (file for depth in ("*", "*/*") for file in place.glob(depth))
        return sorted(file for file in found if _may_have_answers(file.relative_to(place)))
    if place.exists() or not glob.has_magic(str(place)):
        return [place]
    return sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))))


def _may_have_answers(file: Path) -> bool:
    """Whether answers may be in a file of a folder, which is not hidden."""
    return file.name.lower().endswith(_ENDS) and not any(part[0] == "." for part in file.parts)


def _none_at(place: Path) -> str:
    where = "*.jsonl in the folder" if place.is_dir() else "file"
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
        raise InvalidRequestError(
            f"{name} holds no answers: no line of it can be read.", code="invalid_file"
        )
    return sorted(answers.values(), key=lambda answer: answer.at), broken


def _lines(file: Path) -> list[bytes]:
    name = visible_name(str(file))
    if is_no_file(file):
        what = "a folder" if file.is_dir() else "a pipe or a device"
        raise InvalidRequestError(
            f"{name} is {what}, not a file with answers.", code="invalid_path"
        )
    if not file.exists():
        instead = f"; there is {meant}" if (meant := _suggested(file)) else ""
        raise InvalidRequestError(
            f"There is no file {name} with answers{instead}.", code="file_not_found"
        )
    if is_tape(file):
        raise InvalidRequestError(
            f"{name} is a tape: answers are in another file.", code="invalid_path"
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidRequestError(
            f"{name} cannot be read: {error.strerror or error}.", code="file_unreadable"
        ) from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8).splitlines()


def _suggested(file: Path) -> str:
    """What is beside a file that is not there, whose name is perhaps a slip for that; or nothing.

    A name that ends as files do is none for a folder.
    """
    files = [(other.stem, other) for other in sorted(file.parent.glob("*.jsonl"))]
    if not file.suffix:
        files += [(other.name, other) for other in sorted(file.parent.glob("*/"))]
    others = {
        name: f"the folder {visible_name(other.name)}"
        if other.is_dir()
        else visible_name(other.name)
        for name, other in files
        if not (other.name.startswith(".") or differs_in_numbers(other.name, file.name))
    }
    return next((others[name] for name in close_to(file.stem, [*others])), "")


def _no_question(answers: list[Saved], file: str) -> str:
    is_one = len(answers) == 1
    count, belong = count_of(len(answers), "answer"), "belongs" if is_one else "belong"
    return f"{count} of {file} {belong} to no question of this tape{_noted(answers)}."


def _with_names(read: Mapping[Path, Sequence[Saved]]) -> dict[Path, list[Saved]]:
    """Give what one reading of a page has saved several times the name that was told last."""
    told = [one for answers in read.values() for one in answers if one.reader != one.page]
    told.sort(key=lambda one: one.saved or "")
    names = {one.page: one.reader for one in told if one.page and one.reader}
    return {
        file: [
            msgspec.structs.replace(one, reader=names.get(one.page or "", one.reader))
            for one in answers
        ]
        for file, answers in read.items()
    }


def _apart_from_name(answer: Saved) -> Saved:
    """What tells an answer from others, however often and by whichever name it was saved."""
    return msgspec.structs.replace(answer, reader=None, saved=None) if answer.page else answer


def _of_former(answers: list[Saved], file: str) -> str:
    is_one = len(answers) == 1
    count, was = count_of(len(answers), "answer"), "was" if is_one else "were"
    turn = "its turn was" if is_one else "their turns were"
    return f"{count} of {file} {was} given when {turn} answered otherwise{_noted(answers)}."


def _to_others(answers: list[Saved], file: str) -> str:
    count, are = count_of(len(answers), "answer"), "is" if len(answers) == 1 else "are"
    tapes = [visible_name(tape) for tape in dict.fromkeys(one.tape for one in answers if one.tape)]
    more = ", …" if len(tapes) > _MOST_NAMED else ""
    return f"{count} of {file} {are} to another tape: {', '.join(tapes[:_MOST_NAMED])}{more}."


def _no_tape(answers: list[Saved], file: str) -> str:
    is_one = len(answers) == 1
    count, name = count_of(len(answers), "answer"), "names" if is_one else "name"
    told = f"{count} of {file} {name} no tape, and may belong to this one{_noted(answers)}"
    return f"{told}. answers({file!r}) takes those that fit."


def _noted(answers: list[Saved]) -> str:
    """What is told of the questions of answers, the first ones of many."""
    notes = dict.fromkeys(answer.note for answer in answers if answer.note)
    named = ", ".join(f"“{visible_name(note[:_SHOWN])}”" for note in list(notes)[:_MOST_NAMED])
    more = ", …" if len(notes) > _MOST_NAMED else ""
    return f": {named}{more}" if named else ""
