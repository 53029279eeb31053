"""In which order notes stand that both sides of a conflict changed, and which of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from dari_nb.cli.cli import main
from dari_nb.tapes import Comment, Mark, Recording, Turn, flaws_of, read_tape

from .branches import Change, merged
from .conftest import said, taken, tape_of

LEFT_ALONE = "*.tape text eol=lf -merge\n"
Note = Mark | Comment
Putting = Callable[[Recording, Sequence[Note]], None]


def in_front(tape: Recording, notes: Sequence[Note]) -> None:
    tape.turns[0].before = [*notes]


def within(tape: Recording, notes: Sequence[Note]) -> None:
    body = tape.turns[0].body
    recorded = [entry for entry in body if not isinstance(entry, Note)]
    body[:] = [recorded[0], *notes, *recorded[1:]]


def at_the_end(tape: Recording, notes: Sequence[Note]) -> None:
    tape.tail = [*notes]


TITLE, CHAPTER, SOLUTION, MINE, OTHER, SUB = map(
    Mark, ("Title", "Chapter", "So it is", "So it is mine", "So it is theirs", "Subtitle")
)
ASKS, REWORDED, RENAMED, ANOTHER, MORE = (
    Mark(*each)
    for each in (
        ("guess", "What?"),
        ("guess", "What now?"),
        ("my guess", "What?"),
        ("another", "And that?"),
        ("more", "And then?"),
    )
)
BOTH = Mark("my guess", "What now?")
REMARK, MY_REMARK, THEIR_REMARK = map(Comment, ("# so", "# mine", "# theirs"))
TWICE = "both sides have their own "


class Row(NamedTuple):
    was: list[Note]
    ours: list[Note]
    theirs: list[Note]
    kept: list[Note]
    named: str = ""
    kept_of_ours: list[Note] | None = None


ROWS = {
    "title renamed, question reworded": Row(
        [ASKS, SOLUTION], [ASKS, MINE], [REWORDED, SOLUTION], [REWORDED, MINE]
    ),
    "title renamed, question renamed": Row(
        [ASKS, SOLUTION], [ASKS, MINE], [RENAMED, SOLUTION], [RENAMED, MINE]
    ),
    "title renamed, question another": Row(
        [ASKS, SOLUTION], [ASKS, MINE], [ANOTHER, SOLUTION], [ANOTHER, MINE]
    ),
    "a second question, the first another": Row(
        [ASKS, SOLUTION],
        [ASKS, MORE, SOLUTION],
        [ANOTHER, SOLUTION],
        [ANOTHER, MORE, SOLUTION],
    ),
    "question another, title renamed": Row(
        [TITLE, ASKS], [TITLE, ANOTHER], [OTHER, ASKS], [OTHER, ANOTHER]
    ),
    "title renamed by both": Row(
        [TITLE, ASKS],
        [MINE, ASKS],
        [OTHER, ASKS],
        [OTHER, ASKS],
        "mark (ours 'So it is mine'; theirs 'So it is theirs')",
        [MINE, ASKS],
    ),
    "a second question, a subtitle": Row(
        [TITLE, ASKS], [TITLE, ASKS, MORE], [TITLE, SUB, ASKS], [TITLE, SUB, ASKS, MORE]
    ),
    "question another, question reworded": Row(
        [TITLE, ASKS],
        [TITLE, ANOTHER],
        [TITLE, REWORDED],
        [TITLE, REWORDED],
        "mark (ours 'another', which asks 'And that?'; theirs 'guess', which asks 'What now?')",
        [TITLE, ANOTHER],
    ),
    "question renamed, question reworded": Row(
        [TITLE, ASKS], [TITLE, RENAMED], [TITLE, REWORDED], [TITLE, BOTH]
    ),
    "question renamed, and taken out": Row(
        [ASKS, SOLUTION], [RENAMED, SOLUTION], [MINE], [RENAMED, MINE]
    ),
    "title put in front, question reworded": Row(
        [ASKS, CHAPTER, SOLUTION],
        [CHAPTER, ASKS, SOLUTION],
        [REWORDED, CHAPTER, MINE],
        [CHAPTER, REWORDED, MINE],
    ),
    "another title in front, the title renamed": Row(
        [ASKS, SOLUTION],
        [SUB, ASKS, MINE],
        [ASKS, OTHER],
        [SUB, ASKS, OTHER],
        "mark (",
        [SUB, ASKS, MINE],
    ),
    "a title in front of the renamed one, renamed by the other": Row(
        [TITLE, ASKS],
        [SUB, MINE, ASKS],
        [OTHER, REWORDED],
        [OTHER, SUB, MINE, REWORDED],
    ),
    "a title in front of the renamed one by both": Row(
        [TITLE, ASKS],
        [SUB, MINE, ASKS],
        [SUB, OTHER, REWORDED],
        [SUB, OTHER, REWORDED],
        "mark (ours 'So it is mine'; theirs 'So it is theirs')",
        [SUB, MINE, REWORDED],
    ),
    "comment reworded by both": Row(
        [ASKS, REMARK],
        [ASKS, MY_REMARK],
        [REWORDED, THEIR_REMARK],
        [REWORDED, THEIR_REMARK],
        "comment '# mine' (theirs comment '# theirs')",
        [REWORDED, MY_REMARK],
    ),
    "comment reworded, question another": Row(
        [ASKS, REMARK, SOLUTION],
        [ASKS, MY_REMARK, SOLUTION],
        [ANOTHER, REMARK, SOLUTION],
        [ANOTHER, MY_REMARK, SOLUTION],
    ),
}


def putting(puts: Putting, notes: Sequence[Note], answer: str = "") -> Change:
    def change(tape: Recording) -> None:
        if answer:
            turn = taken("What is it?", [said(answer)], session="sess_1")
            tape.turns[0] = turn
        puts(tape, notes)

    return change


def settled(path: Path, *how: str) -> Recording:
    """Settle a tape, and once more, which changes nothing."""
    made = list[bytes]()
    for _ in range(2):
        assert main(["tape", "settle", *how, str(path)]) == 0
        made.append(path.read_bytes())
    assert made[0] == made[1]
    return read_tape(path)


@pytest.mark.parametrize(
    ("puts", "side", "answer"),
    [
        (in_front, "theirs", ""),
        (within, "theirs", "It is that."),
        (within, "ours", ""),
        (at_the_end, "ours", ""),
    ],
)
@pytest.mark.parametrize("row", ROWS)
def test_notes_of_both_sides_stand_in_their_order_and_what_both_changed_is_named(
    row: str,
    puts: Putting,
    side: str,
    answer: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    was, ours, theirs, kept, named, kept_of_ours = ROWS[row]
    lesson = tape_of(taken("What is it?", [said("This.")], session="sess_1"))
    puts(lesson, was)
    changes = putting(puts, ours), putting(puts, theirs, answer)
    tape = settled(merged(tmp_path, lesson, *changes, fails=True), f"--{side}")
    wanted = kept if side == "theirs" or kept_of_ours is None else kept_of_ours
    assert [*tape.turns[0].notes, *tape.tail] == wanted
    assert flaws_of(tape) == []
    told = capsys.readouterr().out
    assert (TWICE in told) == bool(named)
    assert named in told
    assert "it is out" not in told


EVENT = None
Layout = list[Note | None]


class Placing(NamedTuple):
    """Notes among the events of a turn, and what is told."""

    was: Layout
    ours: Layout
    theirs: Layout
    kept: Layout
    told: str = ""
    kept_of_ours: Layout | None = None


PLACINGS = {
    "swapped, and moved behind the answer": Placing(
        [ASKS, CHAPTER, EVENT],
        [CHAPTER, ASKS, EVENT],
        [ASKS, EVENT, CHAPTER],
        [ASKS, EVENT, CHAPTER],
        "their own order of mark 'guess', mark 'Chapter'",
        [CHAPTER, ASKS, EVENT],
    ),
    "moved by both": Placing(
        [ASKS, EVENT, EVENT],
        [EVENT, ASKS, EVENT],
        [EVENT, EVENT, REWORDED],
        [EVENT, EVENT, REWORDED],
        "their own order of mark 'guess'",
        [EVENT, REWORDED, EVENT],
    ),
    "moved by both, with what each added": Placing(
        [ASKS, EVENT, EVENT],
        [EVENT, ASKS, SUB, EVENT],
        [EVENT, EVENT, ASKS, CHAPTER],
        [EVENT, EVENT, ASKS, CHAPTER, SUB],
        "their own order of mark 'guess'",
        [EVENT, ASKS, SUB, CHAPTER, EVENT],
    ),
    "each moved another": Placing(
        [ASKS, EVENT, CHAPTER, EVENT],
        [EVENT, CHAPTER, ASKS, EVENT],
        [ASKS, EVENT, EVENT, CHAPTER],
        [ASKS, EVENT, EVENT, CHAPTER],
        "their own order of mark 'guess', mark 'Chapter'",
        [EVENT, CHAPTER, ASKS, EVENT],
    ),
    "moved, and renamed": Placing([ASKS, EVENT], [EVENT, ASKS], [RENAMED, EVENT], [EVENT, RENAMED]),
    "renamed, and taken out": Placing(
        [ASKS, EVENT],
        [RENAMED, EVENT],
        [EVENT],
        [RENAMED, EVENT],
        "theirs, of the branch that comes in, took this out, and it stays, as the other side "
        "changed it: mark 'my guess'",
    ),
    "taken out, and reworded": Placing(
        [ASKS, EVENT],
        [EVENT],
        [REWORDED, EVENT],
        [REWORDED, EVENT],
        "ours took this out, and it stays, as the other side changed it: mark 'guess'",
    ),
    "moved, and a chapter added behind it": Placing(
        [ASKS, EVENT], [EVENT, ASKS], [ASKS, CHAPTER, EVENT], [EVENT, ASKS, CHAPTER]
    ),
    "moved, and a question added behind it": Placing(
        [ASKS, EVENT], [EVENT, ASKS], [ASKS, MORE, EVENT], [MORE, EVENT, ASKS]
    ),
    "one added in front and reworded, and renamed": Placing(
        [ASKS, EVENT], [MORE, REWORDED, EVENT], [RENAMED, EVENT], [MORE, BOTH, EVENT]
    ),
}


def laid_out(turn: Turn, layout: Layout) -> None:
    """Put notes behind the first event of a turn, and behind those that follow it."""
    first, *events = (entry for entry in turn.body if not isinstance(entry, Note))
    left = iter(events)
    turn.body[:] = [first, *(next(left) if note is EVENT else note for note in layout), *left]


def layout_of(turn: Turn) -> Layout:
    return [entry if isinstance(entry, Note) else EVENT for entry in turn.body[1:]]


def laying(*layouts: Layout) -> Change:
    def change(tape: Recording) -> None:
        for turn, layout in zip(tape.turns, layouts, strict=True):
            laid_out(turn, layout)

    return change


ANSWERS = [said("This."), said("That."), said("Else.")]


@pytest.mark.parametrize("side", ["theirs", "ours"])
@pytest.mark.parametrize("row", PLACINGS)
def test_a_note_stands_at_the_place_among_the_events_where_it_was_moved(
    row: str, side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    was, ours, theirs, kept, told, kept_of_ours = PLACINGS[row]
    lesson = tape_of(taken("What is it?", ANSWERS, session="sess_1"))
    laid_out(lesson.turns[0], was)
    path = merged(tmp_path, lesson, laying(ours), laying(theirs), fails=True)
    tape = settled(path, f"--{side}")
    wanted = kept if side == "theirs" or kept_of_ours is None else kept_of_ours
    there = layout_of(tape.turns[0])
    assert there[: len(wanted)] == wanted
    assert {*there[len(wanted) :]} <= {EVENT}
    said_so = capsys.readouterr().out
    assert told in said_so
    assert bool(told) or ("both sides have" not in said_so and "took this out" not in said_so)


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_question_moved_to_another_turn_and_renamed_is_there_once(
    is_ours: bool, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    lesson = tape_of(*(taken(f"{at}?", [said("!")], session=f"s{at}") for at in range(2)))
    laying([ASKS], [])(lesson)
    changes = [laying([], [ASKS]), laying([RENAMED], [])]
    path = merged(tmp_path, lesson, *changes[:: 1 if is_ours else -1], fails=True)
    assert [turn.notes for turn in settled(path).turns] == [[], [RENAMED]]


def number_of(note: Note) -> str:
    return (note.mark if isinstance(note, Mark) else note.text).split()[1]


def a_note(random: Random, number: str, kind: int | None = None) -> Note:
    """A note with a number that it keeps whatever it is called."""
    kind = random.randrange(3) if kind is None else kind
    if kind == 0:
        return Comment(f"# {number}")
    return Mark(f"mark {number}", f"What is {number}?" if kind == 1 else None)


def otherwise(random: Random, note: Note, side: str) -> Note:
    """Another name or other words; both only of ours, or else nobody could tell what it was."""
    if isinstance(note, Comment):
        return Comment(f"{note.text} {side}")
    renamed, asked = f"{note.mark} {side}", f"{note.ask} {side}"
    if note.ask is None:
        return Mark(renamed)
    both = [Mark(renamed, asked)] if side == "ours" else []
    return random.choice([Mark(renamed, note.ask), Mark(note.mark, asked), *both])


def edited(random: Random, notes: Sequence[Note], side: str, *, moves: bool) -> list[Note]:
    """A list where some notes are otherwise, or some are new, or some are gone."""
    made, how = [*notes], random.choice(["puts", "adds", "takes out"])
    for count in range(random.randrange(4)):
        if how == "adds":
            made.insert(random.randint(0, len(made)), a_note(random, f"{side}{count}"))
        elif made and how == "takes out":
            made.pop(random.randrange(len(made)))
    if how == "puts":
        made = [otherwise(random, one, side) if random.random() < 0.5 else one for one in made]
    elif moves and made:
        made.insert(random.randrange(len(made)), made.pop(random.randrange(len(made))))
    return made


Orders = set[tuple[str, str]]


def orders_of(notes: Sequence[Note]) -> Orders:
    return {(number_of(one), number_of(other)) for one, other in combinations(notes, 2)}


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_both_sides_do_to_notes_their_order_holds_and_none_is_lost(
    seed: int, moves: bool, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    random = Random(seed)
    was, ours, theirs = list[list[Note]](), list[list[Note]](), list[list[Note]]()
    for _ in range(100):
        was.append([a_note(random, str(number)) for number in range(random.randrange(6))])
        ours.append(edited(random, was[-1], "ours", moves=moves))
        theirs.append(edited(random, was[-1], "theirs", moves=moves))

    def noting(lists: Sequence[list[Note]]) -> Change:
        def change(tape: Recording) -> None:
            for turn, notes in zip(tape.turns, lists, strict=True):
                turn.before = notes

        return change

    lesson = tape_of(*(taken(f"{at}?", [said("!")], session=f"s{at}") for at in range(len(was))))
    noting(was)(lesson)
    tape = settled(merged(tmp_path, lesson, noting(ours), noting(theirs), fails=True))
    for old, mine, other, turn in zip(was, ours, theirs, tape.turns, strict=True):
        both = [number_of(note) for note in turn.before]
        here = orders_of(turn.before)
        had, mines, others, made = (
            {number_of(note): note for note in each} for each in (old, mine, other, turn.before)
        )
        one, two = orders_of(mine), orders_of(other)
        assert len(both) == len({*both})
        assert {*both} >= (mines.keys() & others) | ((mines.keys() | others) - had.keys())
        for number in mines.keys() & others.keys() & had.keys():
            sides = mines[number], others[number]
            changed = [note for note in sides if note != had[number]]
            assert made[number] in changed or len(changed) != 1
        assert here >= {order for order in one & two if {*order} <= {*both}}
        if not moves:
            assert here >= {order for order in one | two if {*order} <= {*both}}


def moved(random: Random, layout: Layout, side: str) -> Layout:
    """A layout where notes stand elsewhere among the events, or are otherwise, new or gone."""
    made, or_else = [*layout], random.choice(["adds", "takes out"])
    for count in range(random.randrange(1, 4)):
        notes = [at for at, note in enumerate(made) if note is not EVENT]
        how = random.choice(["moves", "moves", "puts", or_else])
        if how == "adds":
            made.insert(random.randint(0, len(made)), a_note(random, f"{side}{count}"))
        if how == "adds" or not notes:
            continue
        note = made.pop(at := random.choice(notes))
        if how == "moves":
            made.insert(random.randint(0, len(made)), note)
        elif how == "puts" and note in layout and isinstance(note, Mark):
            made.insert(at, Mark(f"{note.mark} {side}", note.ask) if note.ask else note)
        elif how == "puts":
            made.insert(at, note)
    return made


def events_before(layout: Layout) -> dict[str, int]:
    return {
        number_of(note): layout[:at].count(EVENT)
        for at, note in enumerate(layout)
        if note is not EVENT
    }


@pytest.mark.parametrize("side", ["theirs", "ours"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_both_sides_move_over_events_no_question_goes_behind_what_it_stood_in_front_of(
    seed: int, side: str, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    random = Random(seed)
    was, ours, theirs = list[Layout](), list[Layout](), list[Layout]()
    for _ in range(100):
        layout: Layout = [EVENT, EVENT]
        for number in range(random.randrange(1, 5)):
            layout.insert(random.randint(0, len(layout)), a_note(random, str(number)))
        was.append(layout)
        ours.append(moved(random, layout, "ours"))
        theirs.append(moved(random, layout, "theirs"))
    lesson = tape_of(*(taken(f"{at}?", ANSWERS, session=f"s{at}") for at in range(len(was))))
    laying(*was)(lesson)
    path = merged(tmp_path, lesson, laying(*ours), laying(*theirs), fails=True)
    for old, mine, other, turn in zip(
        was, ours, theirs, settled(path, f"--{side}").turns, strict=True
    ):
        numbers = [number_of(note) for note in turn.notes]
        had, mines, others, made = map(events_before, (old, mine, other, layout_of(turn)))
        assert len(numbers) == len({*numbers})
        assert {*numbers} >= (mines.keys() & others) | ((mines.keys() | others) - had.keys())
        for note in turn.notes:
            name = number_of(note)
            places = [each[name] for each in (mines, others) if name in each]
            if isinstance(note, Mark) and note.ask is not None:
                assert made[name] <= max(places)
            if len(places) == 2:
                assert made[name] in places
