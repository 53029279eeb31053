"""Both sides of a tape that two branches have changed, as git has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import NamedTuple

from ...errors import InvalidRequestError, TapeError
from ..lines import Comment, Mark
from ..reading import CONFLICT, bytes_of, file_of, parsed
from ..recording import Recording
from .git import in_conflict, is_left_alone, note_settled, place_of_edit, staged, was_settled
from .taken_out import Contents, Known, contents

_OURS, _THEIRS = "our side of {}", "their side of {}"
_IN_PART = (
    "{path}: git merged a part of {turn} of {session} by itself, and what belongs together cannot "
    "be told from the file. Keep a copy of it, for what was recorded or written there since: while "
    "git knows of the conflict, git checkout --merge {name} makes it anew; else merge again. Then "
    "settle it before git add."
)
_EDITED = (
    "{name}, line {line}: this was changed since git left its conflict, and settling, which takes "
    "both sides as git has them, would lose it. Keep a copy of the file, let git checkout --merge "
    "{name} write it anew, settle it, and make your changes then."
)
_NO_MARKS = (
    "git has a conflict in it and there are none of its marks: it is taken as settled, and what is "
    "in it stays; to begin anew, keep a copy of it, and then: git checkout --merge {name}"
)
_OVERWRITES = (
    "{path}: this was changed since git left its conflict, and settling would lose it, as the "
    "other side has its own: {what}. Settle it with --ours, which keeps it; or keep a copy of the "
    "file, let git checkout --merge {path} write it anew, settle it, and make your changes then."
)
_BESIDES = (
    "this stands on neither side that git has, and goes where git writes the file anew: {what}; "
    "keep a copy of it before that"
)
_LACKS = "this is on one side, and not in the file: {what}"
_TAKEN_OUT = (
    "{whose} took this tape out, and the other side changed it: it is as that side has it, and git "
    "rm takes it out"
)
_ELSEWHERE = "The tape {path} is not there. Git has a conflict in {names}: settle that."


class Sides(NamedTuple):
    """A tape before two branches changed it, and as each has it."""

    base: Recording
    ours: Recording
    theirs: Recording


Read = Callable[[], tuple[Sides, Known]]
"""Reads both sides anew: settling changes them."""
IsMade = Callable[[Recording, Read], bool]
"""Tells whether a tape is rather what settling makes of both sides than what git left of ours."""


def sides_of(
    path: str | Path, is_made: IsMade, report: Callable[[str], object] = lambda _: None
) -> tuple[Sides, Known]:
    """Read both sides of a tape where git left a conflict.

    They are the whole files that git keeps until the conflict is settled; where it has none, what
    is told apart in the file. Where git merges no tapes, our side is the file, with what was
    recorded or written in it since, unless it was settled here. Of a file without a conflict, or
    one that is settled, both sides are what is there.

    Args:
        path: The file.
        is_made: Tells of a file that was settled here whether it was made anew by git since.
        report: Is told what it is taken as where that may surprise.

    Returns:
        Both sides, and what git has of them, or else the file.

    Raises:
        InvalidRequestError: The file cannot be read.
        TapeError: One of both sides is no tape, they cannot be told apart by turns, or the file was
            changed between the marks of git.
    """
    file = file_of(path)
    if not file.exists() and (names := in_conflict(file)):
        raise InvalidRequestError(
            _ELSEWHERE.format(path=path, names=" and ".join(names)), code="tape_not_found"
        )
    data = bytes_of(path)
    base, ours, theirs = (staged(file, number) for number in (1, 2, 3))
    if ours is None or theirs is None:
        if base is not None and ours is not theirs:
            whose = "ours" if ours is None else "theirs, the branch that comes in,"
            report(_TAKEN_OUT.format(whose=whose))
        return _separated(data, file)

    def read() -> tuple[Sides, Known]:
        before = parsed(base, f"{file.name} before both") if base is not None else Recording()
        both = parsed(ours, _OURS.format(file.name)), parsed(theirs, _THEIRS.format(file.name))
        return Sides(before, *both), Known(*both)

    if _has_conflict(data):
        _refuse_edits(path, data, (base, ours, theirs))
        return read()
    if _is_same(data, ours):
        return read()
    now = parsed(data, str(path))
    if _is_put_together(data, file, ours, theirs, lambda: is_made(now, read)):
        sides = [_so_far(side) for side in (ours, theirs)]
        there = contents(now)
        is_known = was_settled(file, ours, theirs)
        lacks = "" if is_known else _lacking(there, _so_far(base or b""), *sides)
        for what in filter(None, (report_others(Known(*sides), there), lacks)):
            report(what)
        report(_NO_MARKS.format(name=path))
        return _separated(data, file)
    left, known = read()
    if what := _lacking(contents(now) | contents(left.theirs), left.base, left.ours):
        report(what)
    return left._replace(ours=now), known


def _is_put_together(
    data: bytes, file: Path, ours: bytes, theirs: bytes, is_made: Callable[[], bool]
) -> bool:
    """Whether a file without marks, which is another one than ours, has both sides."""
    if _is_same(data, theirs) or not is_left_alone(file):
        return True
    return was_settled(file, ours, theirs) and is_made()


def _lacking(there: Contents, base: Recording, *sides: Recording) -> str:
    """Say what a side has made anew that is not in the file; empty where there is nothing."""
    old, new = contents(base), dict[bytes, str]()
    for side in sides:
        new |= contents(side)
    names = [name for one, name in new.items() if one not in there and one not in old]
    return _LACKS.format(what="; ".join(dict.fromkeys(names))) if names else ""


def report_others(known: Known, now: Contents) -> str:
    """Say what goes where git makes a conflict anew; empty where nothing does.

    Args:
        known: What git has of both sides.
        now: What is in the file.
    """
    names = known.besides(now)
    return _BESIDES.format(what="; ".join(names)) if names else ""


def refuse_loss(path: str | Path, known: Known, now: Contents, made: Recording) -> None:
    """Refuse to write over what stands in the file alone.

    Args:
        path: The file.
        known: What git has of both sides.
        now: What is in the file.
        made: What it is to be.

    Raises:
        TapeError: Something is in the file, on neither side, and not in what is made of them.
    """
    there = contents(made)
    alone = known.besides({one: name for one, name in now.items() if one not in there})
    if alone:
        raise TapeError(_OVERWRITES.format(path=path, what="; ".join(alone)), code="tape_conflict")


def remember(path: str | Path) -> None:
    """Remember that a conflict is settled, until git knows nothing of it."""
    file = file_of(path)
    ours, theirs = (staged(file, number) for number in (2, 3))
    if ours is not None and theirs is not None:
        note_settled(file, ours, theirs)


def is_settled(path: str | Path) -> bool:
    """Whether there is no conflict in a file: neither marks of git, nor two sides that it keeps.

    Raises:
        InvalidRequestError: The file is there and cannot be read.
    """
    file = file_of(path)
    if not file.exists() or _has_conflict(bytes_of(path)):
        return False
    return all(staged(file, number) is None for number in (2, 3))


def _so_far(side: bytes) -> Recording:
    """A side as far as it is a tape."""
    try:
        return parsed(side, "")
    except TapeError as error:
        so_far: Recording = error.so_far or Recording()
        return so_far


def _refuse_edits(path: str | Path, data: bytes, sides: tuple[bytes | None, bytes, bytes]) -> None:
    line = place_of_edit(data, *sides)
    if line is not None:
        raise TapeError(
            _EDITED.format(name=path, line=line), line, Recording(), code="tape_conflict"
        )


def _has_conflict(data: bytes) -> bool:
    return any(line.startswith(CONFLICT) for line in data.split(b"\n"))


def _is_same(data: bytes, other: bytes) -> bool:
    return data.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")


def _separated(data: bytes, file: Path) -> tuple[Sides, Known]:
    told = []
    names = (_OURS, _THEIRS) if _has_conflict(data) else ("{}", "{}")
    for name, (side, changed) in zip(names, _sides(data), strict=True):
        tape = parsed(side, name.format(file.name))
        _refuse_parts(tape, changed, file)
        told.append(tape)
    return Sides(Recording(), *told), Known(*told)


def _refuse_parts(tape: Recording, changed: Set[int], file: Path) -> None:
    """Refuse turns of which only a part is in a conflict: notes may be."""
    for turn in tape.turns:
        entries = zip(turn.body, turn.numbers, strict=True)
        numbers = {n for entry, n in entries if not isinstance(entry, Mark | Comment)}
        numbers |= {turn.number or 0}
        if numbers & changed and numbers - changed:
            place = {"turn": turn.line.turn, "session": turn.line.session}
            text = _IN_PART.format(path=file.name, name=file.name, **place)
            raise TapeError(text, turn.number or 0, tape, code="tape_conflict")


def _sides(data: bytes) -> Iterator[tuple[bytes, set[int]]]:
    """Give a file as each side had it, with the numbers of the lines that were in conflict."""
    for keeps in (b"<<<<<<<", b">>>>>>>"):
        kept, changed, part = list[bytes](), set[int](), b""
        for line in data.splitlines(keepends=True):
            if line.startswith(CONFLICT) or (part and line.rstrip() == b"======="):
                part = _part_after(line[:7])
            elif part in (b"", keeps):
                kept.append(line)
                changed |= {len(kept)} if part else set()
        yield b"".join(kept), changed


def _part_after(mark: bytes) -> bytes:
    """Which part of a conflict begins after a mark, by the mark of its side."""
    return {b"<<<<<<<": mark, b"|||||||": mark, b"=======": b">>>>>>>"}.get(mark, b"")
