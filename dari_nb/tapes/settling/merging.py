"""Tapes of two branches, merged by whole turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Set
from pathlib import Path
from typing import Any, get_args

from msgspec import UNSET
from msgspec.structs import replace

from ...errors import InvalidRequestError, TapeError
from ..differences import is_same
from ..growing import alone_with
from ..growing.sessions import Place, place_of
from ..lines import Mark, Note, TurnLine
from ..notes import with_notes
from ..reading import parsed, read_tape
from ..recording import Recording, counting, unreachable
from ..summary import prompt_of
from ..turns import Turn
from ..writing import put, tape_bytes
from .chains import Chains
from .changes import (
    IN_FRONT,
    Standing,
    ask_otherwise,
    is_changed,
    leave_out,
    marks_of,
    notes_of,
    now_of,
    recorded,
    shared,
    without_notes,
)
from .conflicts import Read, Sides, is_settled, refuse_loss, remember, report_others, sides_of
from .needed import by_place, places_needed
from .notes import Notes, Pair, notes_of_both
from .order import Side
from .reworded import part_reworded
from .taken_out import Content, Known, contents, name_of, note_named

_TWICE = "both sides have their own {what} {place}: kept is {kept}; for {other} {way} with --{side}"
_ANEW = "let git checkout --merge write the file anew, of which you keep a copy, and settle"
_AGAIN = "settle it again"
_AS_LEFT = (
    "until git add, settling it without --ours takes theirs: nothing that only they recorded is in "
    "the file"
)
_WORDS: dict[Side, str] = {"ours": "ours", "theirs": "theirs, of the branch that comes in"}
_TAKE_OUT = (
    'take out what is not wanted: delete the lines of a turn, from the one with "turn" to the one '
    'with "completed" or "failed" that ends it, and of those that go on from it'
)
_PARTED = (
    "{what} as {turn} of {session}: it goes on with ours, {asked}, which keeps the marks that "
    f"stood there; theirs, {{other}}, is {{place}}, a conversation of its own now; {_TAKE_OUT}"
)
_OUT = "{whose} took this out, and it is out: {what}"
_ASKED_ANEW = "{whose} asked this anew, and it stands as it came out then: {what}"
_RENAMED = "{whose} gave this another name: {what}"
_BACK = (
    "{whose} took this out, and it stays, as the other side adopted or changed it, noted something "
    f"in it, or goes on from it: {{what}}; {_TAKE_OUT}"
)
_NOTE_BACK = "{whose} took this out, and it stays, as the other side changed it: {what}"
_BEHIND = (
    "this was recorded behind other answers than those that stand before it now: {what}; ask it "
    "again in the mode auto, where tape.review().replace() puts it in place, or take it out"
)
_REWORDED = (
    "what this asks was changed, and its key was not: it has a key of its own now, as another "
    "question: {what}"
)
_DOUBLED = "this stood twice, and the later one is kept: {what}"
_MARK = "mark {name!r} (ours asks {ours!r}, theirs {theirs!r})"
_MARKS = "mark (ours {ours}; theirs {theirs})"
_NOTES = "{ours} (theirs {theirs})"
_ORDER = "order of {notes}"
_BOTH_ASKED = "both sides asked something else"
_ONE_ASKED = "where one side still needs what stood there, the other asked something else"


def settle(
    path: str | Path,
    *,
    keeps: Side = "theirs",
    report: Callable[[str], object] = lambda _: None,
) -> Recording:
    """Settle the conflicts that git left in a tape: the turns of both sides are kept.

    What only one side changed is as that side has it: what came of a turn, what is known of it, and
    the notes in it, each for itself. Of a turn that both sides recorded anew, one answer is kept,
    and the notes of both; of a note that both changed, one. Where one side replaced what
    the other changed or went on from, both conversations stay whole. What both changed, and one
    made ask something else by hand, are two questions, each with its key.

    Args:
        path: The file, which is written anew unless there is nothing to settle in it.
        keeps: Whose answer is kept: that of the branch that comes in, or of the one that is there.
        report: Is told of each turn that had two answers, of sessions that are two now, of what one
            side took out, and of turns that stand behind other answers than they did.

    Returns:
        What is in it now.

    Raises:
        InvalidRequestError: The file cannot be read or written, or somebody wrote it meanwhile.
        TapeError: One of both sides is no tape, git has both only in parts, or somebody changed the
            file since in what would be lost.
    """
    with alone_with(path):
        before = _state(path)
        sides, known = sides_of(path, _is_made, report)
        now = contents(sides.ours)
        merging = _Merging(sides, known, keeps)
        data = tape_bytes(merging.tape)
        tape = parsed(data, str(path))
        refuse_loss(path, known, now, tape)
        if _state(path) != before:
            raise InvalidRequestError(
                f"The tape {path} was written meanwhile: settle it again.", code="file_changed"
            )
        if not _holds(path, data):
            put(data, path)
        remember(path)
    for text in merging.report(tape, is_left=not (is_settled(path) or is_put_together(path))):
        report(text)
    return tape


def is_put_together(path: str | Path) -> bool:
    """Whether a file in which git has a conflict has both sides: settling it changes nothing.

    Raises:
        InvalidRequestError: The file cannot be read.
        TapeError: It is no tape.
    """
    read_tape(path)
    try:
        merging = _Merging(*sides_of(path, _is_made), "theirs")
    except TapeError:
        return False
    return _holds(path, tape_bytes(merging.tape))


def _holds(path: str | Path, data: bytes) -> bool:
    """Whether a file is the tape that these bytes are, however people have written it."""
    try:
        return tape_bytes(read_tape(path)) == data
    except TapeError:
        return False


def _is_made(now: Recording, read: Read) -> bool:
    """Whether a tape is rather what settling makes of both sides than what git left of ours."""
    there, left = contents(now).keys(), contents(read()[0].ours).keys()
    for keeps in get_args(Side):
        made = contents(_Merging(*read(), keeps).tape).keys()
        as_made = len((made - left) & there) + len((left - made) - there)
        if 2 * as_made >= len(made ^ left):
            return True
    return False


def _state(path: str | Path) -> tuple[int, ...] | None:
    """What shows that a file is another one; ``None`` where there is none."""
    try:
        found = Path(path).expanduser().stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class _Merging:
    """Both sides, put together.

    Args:
        sides: The tape before, ours, and theirs.
        known: What git has of both.
        keeps: Whose answer is kept of a turn that both recorded anew.

    Attributes:
        tape: What is on both.
    """

    def __init__(self, sides: Sides, known: Known, keeps: Side) -> None:
        base, ours, theirs = sides
        self._keeps, self._known = keeps, known
        self._reworded = part_reworded(sides)
        self._doubled = dict.fromkeys([*_doubled(ours), *_doubled(theirs)])
        self._had = Content(ours), Content(theirs)
        self._before = Content(base)
        self._chains = Chains(ours), Chains(theirs)
        self._twice: list[tuple[Turn | None, str, Turn | None]] = []
        self._noted_twice: list[Pair] = []
        self._otherwise: list[Pair] = []
        self._notes_back: list[tuple[Side, Note]] = []
        self._parted: list[tuple[Turn, Turn]] = []
        self._next_to: set[Place] = set()
        self._was, self._mine, self._other = map(by_place, sides)
        self._marks = [*map(marks_of, sides)]
        self._needed = places_needed(self._was, self._mine, self._other)
        turns = [
            self._of_both(self._was.get(place), turn, self._other[place])
            if place in self._other
            else turn
            for place, turn in self._mine.items()
            if place in self._other or self._stays(place, turn)
        ]
        self.tape = Recording(ours.times or theirs.times, turns, scrubbed=ours.scrubbed)
        self._add_theirs(base)
        self._leave_one_of_each()
        old, mine, other = ([(0, 0, None, note) for note in each.tail] for each in sides)
        tail = notes_of_both(old, mine, other, keeps)
        self.tape.tail = [note for *_, note in tail.placed]
        self._report_notes(None, tail)
        self.tape.note_scrubbed(Counter(theirs.scrubbed) - Counter(ours.scrubbed))

    @property
    def chose(self) -> Side | None:
        """Whose answer was kept where there were two; ``None`` where there were not."""
        return self._keeps if self._twice else None

    def report(self, written: Recording, *, is_left: bool) -> Iterable[str]:
        """Say what was left out, and what became two.

        Args:
            written: The tape as it is in the file, with the names that its sessions have there.
            is_left: Whether settling it again takes what was not kept.
        """
        now = {
            id(turn): other.line for turn, other in zip(self.tape.turns, written.turns, strict=True)
        }
        if self._doubled:
            yield _DOUBLED.format(what="; ".join(self._doubled))
        reworded = {*map(place_of, self._reworded)}
        if names := [name_of(turn) for turn in written.turns if place_of(turn) in reworded]:
            yield _REWORDED.format(what="; ".join(names))
        if self.chose and (what := report_others(self._known, contents(written))):
            yield what
        side: Side = "theirs" if self._keeps == "ours" else "ours"
        for turn, what, there in self._twice:
            place = "at the end"
            if turn:
                at = now[id(turn)]
                place = f"of {at.turn} of {at.session}, {prompt_of(turn)}"
            kept = _WORDS[self._keeps]
            if there is not turn and there is not None:
                kept += f", in {now[id(there)].turn} of {now[id(there)].session}"
            yield _TWICE.format(
                what=what,
                place=place,
                kept=kept,
                other=side,
                way=_AGAIN if is_left else _ANEW,
                side=side,
            )
        parted = list[TurnLine]()
        for turn, other in self._parted:
            line, its = now[id(turn)], now[id(other)]
            parted += [line, its]
            is_replaced = not {place_of(turn), place_of(other)}.isdisjoint(self._was)
            yield _PARTED.format(
                what=_ONE_ASKED if is_replaced else _BOTH_ASKED,
                turn=line.turn,
                session=line.session,
                asked=prompt_of(turn),
                other=prompt_of(other),
                place=f"{its.turn} of {its.session}",
            )
        yield from self._report_others(written, {line.session for line in parted})
        if is_left and self.chose == "ours":
            yield _AS_LEFT

    def _report_others(self, written: Recording, parted: Set[str]) -> Iterable[str]:
        """Say what one side took out, and what stands behind other answers than it did.

        Args:
            written: The tape as it is in the file.
            parted: The sessions in it that were told to be one of two now.
        """
        there = Content(written)
        words = f"{_WORDS['theirs']},", "ours"
        sides = zip(words, self._had, self._had[::-1], strict=True)
        for at, (whose, had, side) in enumerate(sides):
            known = [*self._otherwise, *self._noted_twice]
            if gone := had.without(there, side, [pair[at] for pair in known]):
                yield _OUT.format(whose=whose, what="; ".join(gone))
            if anew := had.asked_again_in(there, side):
                yield _ASKED_ANEW.format(whose=whose, what="; ".join(anew))
            pairs = [(note_named(pair[at]), pair.now) for pair in self._otherwise]
            if renamed := [
                f"{name}, now {now.mark!r}"
                for name, now in pairs
                if isinstance(now, Mark) and name != note_named(now)
            ]:
                yield _RENAMED.format(whose=whose, what="; ".join(renamed))
        for whose, had in zip(("ours", f"{_WORDS['theirs']},"), self._had, strict=True):
            back = self._before.back_in(had, written)
            if names := [name_of(turn) for turn in back if turn.line.session not in parted]:
                yield _BACK.format(whose=whose, what="; ".join(names))
        for side_out, whose in (("ours", "ours"), ("theirs", f"{_WORDS['theirs']},")):
            notes = [_name_of_note(note) for out, note in self._notes_back if out == side_out]
            if names := [*filter(None, notes)]:
                yield _NOTE_BACK.format(whose=whose, what="; ".join(names))
        kept = by_place(written)
        whole = self._chains[0].whole_in(kept) | self._chains[1].whole_in(kept)
        behind = unreachable(written.turns)
        if names := [name_of(turn) for turn in behind if place_of(turn) not in whole]:
            yield _BEHIND.format(what="; ".join(names))

    def _stays(self, place: Place, turn: Turn) -> bool:
        """Whether a turn that only one side has is no turn that the other took off."""
        return place in self._needed or is_changed(self._was.get(place), turn)

    def _add_theirs(self, base: Recording) -> None:
        """Put the turns that only they have at the end, in a session where their place is free."""
        taken = {_ordinals(turn): turn for turn in self.tape.turns}
        before = {_ordinals(turn): turn for turn in base.turns}
        moved = [note for turn in self.tape.turns for note in turn.before if note in base.tail]
        sessions: dict[str, str] = {}
        for place, turn in self._other.items():
            line = turn.line
            if place in self._mine:
                sessions[line.session] = self._mine[place].line.session
            elif self._stays(place, turn):
                theirs = line.session
                ours, old = taken.get(_ordinals(turn)), before.get(_ordinals(turn))
                if ours and old:
                    self._next_to.add(place)
                    if theirs not in sessions:
                        self._parted.append((ours, turn))
                line.session = sessions.setdefault(theirs, f"other {theirs}")
                other = taken.setdefault(_ordinals(turn), turn)
                if other is not turn:
                    line.session = sessions[theirs] = f"beside {theirs}"
                    self._parted.append((other, turn))
                leave_out(turn, [*moved, *(shared(old, ours) if ours else [])])
                self.tape.turns.append(turn)

    def _leave_one_of_each(self) -> None:
        """Of a mark that each side has in another turn now, keep one, as who changed it has it.

        It stands where it was moved to, and where a conversation goes on with ours.
        """
        turns = {place_of(turn): turn for turn in self.tape.turns}
        before, *sides = self._marks
        for was in before.values():
            mark, other = (now_of(was, marks, before) for marks in sides)
            if mark is None or other is None:
                self._report_if_moved(was, mark, other)
                continue
            if mark.place == other.place:
                continue
            ours, theirs = (turns.get(each.place) for each in (mark, other))
            if ours is None or theirs is None:
                continue
            if mark.note not in ours.notes or other.note not in theirs.notes:
                continue
            is_both = was.note not in (mark.note, other.note) and mark.note != other.note
            is_theirs = self._keeps == "theirs" if is_both else mark.note == was.note
            if mark.place == was.place:
                goes_theirs = other.place not in self._next_to
            else:
                goes_theirs = is_both and is_theirs and other.place != was.place
            left = mark.note, other.note
            self._notes_back = [each for each in self._notes_back if each[1] not in left]
            leave_out(*((ours, [mark.note]) if goes_theirs else (theirs, [other.note])))
            ask = other.note if is_theirs else mark.note
            ask_otherwise(*((theirs, other.note) if goes_theirs else (ours, mark.note)), ask)
            if is_both:
                what = _otherwise(mark.note, other.note)
                self._twice.append((ours, what, theirs if goes_theirs else ours))

    def _report_if_moved(
        self, was: Standing, mark: Standing | None, other: Standing | None
    ) -> None:
        """Say of a mark that one side took out, and the other to another turn, that it stays."""
        out: Side = "ours" if mark is None else "theirs"
        there = mark or other
        if there and there.place != was.place:
            self._notes_back.append((out, there.note))

    def _report_notes(self, turn: Turn | None, notes: Notes) -> None:
        self._otherwise += notes.otherwise
        self._noted_twice += notes.twice
        self._notes_back += notes.back
        self._twice += [(turn, _otherwise(pair.ours, pair.theirs), turn) for pair in notes.twice]
        if names := [*filter(None, map(_name_of_note, notes.moved))]:
            self._twice.append((turn, _ORDER.format(notes=", ".join(names)), turn))

    def _of_both(self, base: Turn | None, ours: Turn, theirs: Turn) -> Turn:
        """A turn that both sides have."""
        old = recorded(base) if base else None
        is_anew = recorded(ours) != old, recorded(theirs) != old
        turn = theirs if is_anew[1] and not (is_anew[0] and self._keeps == "ours") else ours
        notes = notes_of(base, ours, theirs, turn, self._keeps)
        metadata, twice = self._metadata(
            *(each.line.metadata if each else {} for each in (base, ours, theirs))
        )
        line = replace(turn.line, session=ours.line.session, turn=ours.line.turn, metadata=metadata)
        within = [placed for placed in notes.placed if placed[0] != IN_FRONT]
        body = with_notes(without_notes(turn), within, is_ended=turn.status is not None)
        front = [note for at, *_, note in notes.placed if at == IN_FRONT]
        made = Turn(turn.agent, line, body, front)
        if all(is_anew) and not is_same(ours, theirs):
            self._twice.append((made, "answer", made))
        self._twice += [(made, name, made) for name in twice]
        self._report_notes(made, notes)
        return made

    def _metadata(
        self, base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """What is known of a turn, and the names of what each side has put otherwise."""
        merged, twice = {}, []
        for name in {**ours, **theirs}:
            old, mine, other = (each.get(name, UNSET) for each in (base, ours, theirs))
            if old not in (mine, other) and mine != other:
                twice.append(name)
                merged[name] = mine if self._keeps == "ours" else other
            else:
                merged[name] = mine if other == old else other
        return {name: value for name, value in merged.items() if value is not UNSET}, twice


def _otherwise(ours: Note, theirs: Note) -> str:
    """Name a note that both sides have put otherwise."""
    if isinstance(ours, Mark) and isinstance(theirs, Mark):
        if ours.mark == theirs.mark:
            return _MARK.format(name=ours.mark, ours=ours.ask, theirs=theirs.ask)
        return _MARKS.format(ours=_asking(ours), theirs=_asking(theirs))
    return _NOTES.format(ours=note_named(ours), theirs=note_named(theirs))


def _name_of_note(note: Note) -> str:
    """The name of a note; empty of an empty line."""
    return note_named(note) if isinstance(note, Mark) or note.text.strip() else ""


def _asking(mark: Mark) -> str:
    return repr(mark.mark) + (f", which asks {mark.ask!r}" if mark.ask is not None else "")


def _doubled(side: Recording) -> list[str]:
    """The names of turns that do not count, as the same answer to the same stands below them."""
    counted = {*map(id, counting(side.turns))}
    return [name_of(turn) for turn in side.turns if id(turn) not in counted]


def _ordinals(turn: Turn) -> tuple[str, str, bool]:
    return turn.line.session, turn.line.turn, turn.line.new
