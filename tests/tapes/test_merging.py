"""Tapes of two branches, merged by git itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import TapeError
from dari_nb.tapes import (
    Comment,
    Mark,
    Recording,
    Turn,
    flaws_of,
    read_tape,
    settle,
    tape_bytes,
    write_tape,
)

from .branches import Change, asks, git, merged, texts
from .conftest import Step, said, taken, tape_of


def test_turns_that_two_branches_added_are_both_kept(lesson: Recording, tmp_path: Path) -> None:
    path = merged(
        *(tmp_path, lesson, asks("Ours?", "Yes."), asks("Theirs?", "Yes, too.")), fails=True
    )
    with pytest.raises(
        TapeError, match="line 11: git left a conflict here: dari-local tape settle"
    ) as told:
        read_tape(path)
    assert texts(told.value.so_far) == texts(lesson)
    settle(path)
    tape = read_tape(path)
    assert texts(tape) == ["What is a closure?", "And in Go?", "Ours?", "Theirs?"]
    assert [turn.line.session for turn in tape.turns] == ["sess_1", "sess_1", "sess_2", "sess_3"]
    assert flaws_of(tape) == []


def test_settling_is_the_same_with_the_common_lines_in_between(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    path = merged(tmp_path / "a", lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    git(tmp_path / "a", "checkout", "--conflict=diff3", "lesson.tape")
    assert b"|||||||" in path.read_bytes()
    assert texts(settle(path))[2:] == ["Ours?", "Theirs?"]


def test_of_a_turn_that_both_recorded_anew_the_other_answer_is_kept_with_all_notes(
    lesson: Recording, tmp_path: Path
) -> None:
    def answers(text: str, mark: str) -> Change:
        def change(tape: Recording) -> None:
            asks("What is a closure?", text)(tape)
            tape.turns[0].before.append(Mark(mark))

        return change

    path = merged(
        *(tmp_path, lesson, answers("Ours.", "our mark"), answers("Theirs.", "their mark")),
        fails=True,
    )
    tape = settle(path)
    assert tape.turns[0].events[0].data == said("Theirs.")[1]  # type: ignore[index]
    assert tape.turns[0].before == [Mark("our mark"), Mark("their mark")]
    assert [turn.line.session for turn in read_tape(path).turns] == ["sess_1", "sess_1"]


def test_notes_stay_between_the_drafts_of_turns_that_neither_side_asked_again(
    lesson: Recording, tmp_path: Path
) -> None:
    lesson.turns[0].body.insert(1, Mark("half", "What is it?"))

    def asks_otherwise(text: str) -> Change:
        def change(tape: Recording) -> None:
            tape.turns[0].body[1] = Mark(text, "What?")
            tape.turns[1].before = [Mark(f"between {text}")]

        return change

    path = merged(tmp_path, lesson, asks_otherwise("A?"), asks_otherwise("B?"), fails=True)
    first, second = settle(path).turns
    kinds = [type(entry).__name__ for entry in first.body]
    assert kinds == ["DraftLine", "Mark", "Mark", "DraftLine", "EventLine", "EventLine"]
    assert first.notes == [Mark("A?", "What?"), Mark("B?", "What?")]
    assert second.before == [Mark("between A?"), Mark("between B?")]


def test_what_git_can_merge_by_itself_is_a_tape(lesson: Recording, tmp_path: Path) -> None:
    def mark_first(tape: Recording) -> None:
        tape.turns[0].before.append(Mark("the beginning"))

    path = merged(tmp_path, lesson, mark_first, asks("Theirs?", "Yes."), fails=False)
    tape = read_tape(path)
    assert tape.turns[0].before == [Mark("the beginning")]
    assert texts(tape)[-1] == "Theirs?"
    assert tape_bytes(tape) == path.read_bytes()


CALL: Step = (
    "tool.call_requested",
    {"tool_call_id": "call_1", "tool_name": "temp", "arguments": []},
)


def warm(result: str, answer: str) -> Turn:
    """A turn of which git merges the result by itself, and the answer not, or the reverse."""
    between: list[Step] = [("message.status_changed", {"status": "waiting_for_tool"})] * 3
    given: Step = ("tool.call_completed", {"tool_call_id": "call_1", "result": result})
    return taken("How warm?", [CALL, given, *between, said(answer)], times=False)


def puts(*turns: Turn) -> Change:
    return lambda tape: tape.add(*turns)


def _data(turn: Turn) -> list[object]:
    return [event.data for event in turn.events]


def without_times(*turns: Turn) -> Recording:
    tape = tape_of(*turns)
    tape.times = False
    return tape


def test_a_turn_that_both_recorded_anew_is_whole_as_one_side_has_it(tmp_path: Path) -> None:
    theirs = warm("1", "about 1.")
    path = merged(
        *(tmp_path, without_times(warm("1", "1.")), puts(warm("30", "30.")), puts(theirs)),
        fails=True,
    )
    assert _data(settle(path).turns[0]) == _data(theirs)
    assert flaws_of(read_tape(path)) == []


def test_where_git_merges_no_tapes_both_sides_are_settled_without_marks(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("*.tape text eol=lf -merge\n")
    theirs = warm("1", "about 1.")
    path = merged(
        *(tmp_path, without_times(warm("1", "1.")), puts(warm("30", "1.")), puts(theirs)),
        fails=True,
    )
    assert b"<<<<<<<" not in path.read_bytes()
    assert _data(settle(path).turns[0]) == _data(theirs)


def test_what_was_mended_since_settling_stays(lesson: Recording, tmp_path: Path) -> None:
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    tape = settle(path)
    tape.tail.append(Mark("by hand"))
    write_tape(tape, path)
    assert settle(path).tail == [Mark("by hand")]


def test_without_what_git_knows_a_part_of_a_turn_is_refused(tmp_path: Path) -> None:
    path = merged(
        tmp_path,
        *(without_times(warm("1", "1.")), puts(warm("30", "30.")), puts(warm("1", "about 1."))),
        fails=True,
    )
    before = path.read_bytes()
    git(tmp_path, "add", ".")
    with pytest.raises(TapeError, match="merged a part of msg_1 of sess_1 by itself"):
        settle(path)
    assert path.read_bytes() == before
    git(tmp_path, "checkout", "--merge", "lesson.tape")
    assert _data(settle(path).turns[0]) == _data(warm("1", "about 1."))


def test_what_one_side_changed_stays_beside_what_the_other_recorded(
    lesson: Recording, tmp_path: Path
) -> None:
    lesson.turns[0].body.insert(1, Mark("guess", "What?"))

    def says_what_is_expected(tape: Recording) -> None:
        turn = tape.turns[0]
        turn.line.metadata = {"expects": "Ours"}
        turn.body[1] = Mark("a guess", "What?")

    path = merged(
        *(tmp_path, lesson, asks("What is a closure?", "Ours."), says_what_is_expected), fails=True
    )
    turn = settle(path).turns[0]
    assert turn.events[0].data == said("Ours.")[1]  # type: ignore[index]
    assert turn.line.metadata == {"expects": "Ours"}
    assert turn.notes == [Mark("a guess", "What?")]


def test_what_one_side_took_off_is_off(lesson: Recording, tmp_path: Path) -> None:
    def takes_one_off(tape: Recording) -> None:
        del tape.turns[1]

    lesson.turns[1].before = [Mark("guess", "What?"), Comment("# so it is")]
    path = merged(tmp_path, lesson, takes_one_off, asks("Theirs?", "Yes."), fails=True)
    told: list[str] = []
    assert texts(settle(path, report=told.append)) == ["What is a closure?", "Theirs?"]
    out = "msg_2 of sess_1, 'And in Go?'; mark 'guess'; comment '# so it is'"
    assert told == [f"ours took this out, and it is out: {out}"]


def test_sessions_that_begin_alike_and_part_are_two(lesson: Recording, tmp_path: Path) -> None:
    def session_of(second: str) -> Change:
        first = taken("Hello?", [said("Yes.")], session="new")
        parent = first.line.key
        later = taken(second, [said("So.")], session="new", number=2, parent=parent)
        last = taken("Why?", [said("So.")], session="new", number=3, parent=later.line.key)
        return puts(first, later, last)

    path = merged(tmp_path, lesson, session_of("Ours?"), session_of("Theirs?"), fails=True)
    settle(path)
    tape = read_tape(path)
    places = [(turn.line.session, turn.line.turn) for turn in tape.turns[2:]]
    assert places == [
        *(("sess_2", "msg_1"), ("sess_2", "msg_2"), ("sess_2", "msg_3")),
        *(("sess_3", "msg_2"), ("sess_3", "msg_3")),
    ]
    assert flaws_of(tape) == []


ALONE = "*.tape text eol=lf -merge\n"


def course() -> Recording:
    """Four turns of one session; the third and the fourth have a mark."""
    return tape_of(*going_on(None, "one", "two", "three", "four"))


def going_on(before: Turn | None, *questions: str) -> list[Turn]:
    turns = list[Turn]()
    number = int(before.line.turn.removeprefix("msg_")) if before else 0
    for at, text in enumerate(questions, number + 1):
        about = {"number": at, "parent": before.line.key if before else None}
        before = taken(text, [said(f"{text}.")], session="sess_1", **about)
        before.body.insert(0, Mark(text, f"What is {text}?"))
        turns.append(before)
    return turns


def replaces_the_rest(tape: Recording) -> None:
    (new,) = going_on(tape.turns[1], "instead")
    new.body.pop(0)
    tape.turns[2:] = [new.in_place_of(tape.turns[2])]


def goes_on(tape: Recording) -> None:
    (new,) = going_on(tape.turns[3], "six")
    new.line.new = True
    tape.turns.append(new)


def goes_on_from_the_third(tape: Recording) -> None:
    (new,) = going_on(tape.turns[2], "six")
    new.line.new = True
    tape.turns.append(new)


def records_the_third_again(tape: Recording) -> None:
    tape.add(taken("three", [said("3.")], number=3, parent=tape.turns[1].line.key))


def marks_the_last(tape: Recording) -> None:
    tape.turns[3].before.append(Mark("more"))


@pytest.mark.parametrize(
    ("change", "attributes"),
    [
        (goes_on, ALONE),
        (goes_on_from_the_third, ALONE),
        (records_the_third_again, ALONE),
        (marks_the_last, ALONE),
        (marks_the_last, ""),
    ],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_what_one_side_replaced_and_the_other_went_on_from_is_two_conversations(
    change: Change, attributes: str, is_ours: bool, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(attributes)
    sides = [replaces_the_rest, change] if is_ours else [change, replaces_the_rest]
    path = merged(tmp_path, course(), *sides, fails=True)
    told: list[str] = []
    settle(path, report=told.append)
    tape = read_tape(path)
    assert flaws_of(tape) == []
    goes = change in (goes_on, goes_on_from_the_third)
    last = ["three", "four", *(["six"] if goes else [])]
    ours, theirs = (["instead"], last) if is_ours else (last, ["instead"])
    assert texts(tape) == ["one", "two", *ours, *theirs]
    old = [turn for turn in tape.turns if not turn.line.new]
    assert [turn.line.session for turn in old[2:]] == [
        *["sess_1"] * min(2, len(ours)),
        *["sess_2"] * min(2, len(theirs)),
    ]
    assert sum(note == Mark("three", "What is three?") for t in tape.turns for note in t.notes) == 1
    expected = (
        "where one side still needs what stood there, the other asked something else as msg_3 of "
        f"sess_1: it goes on with ours, {ours[0]!r}, which keeps the marks that stood there; "
        f"theirs, {theirs[0]!r}, is msg_3 of sess_2, a conversation of its own now; take out what "
        'is not wanted: delete the lines of a turn, from the one with "turn" to the one with '
        '"completed" or "failed" that ends it, and of those that go on from it'
    )
    assert told == [expected]


def has_another_result(turn: Turn) -> None:
    turn.events[0].data = {**turn.events[0].data, "by": "hand"}


TOUCHES: dict[str, Callable[[Turn], object]] = {
    "a mark": lambda turn: turn.body.insert(0, Mark("guess", "What?")),
    "a comment": lambda turn: turn.body.insert(0, Comment("# looks wrong")),
    "a corrected event": has_another_result,
    "what is expected": lambda turn: turn.line.metadata.update(expects="three"),
}


def takes_off_the_rest(tape: Recording) -> None:
    del tape.turns[2:]


@pytest.mark.parametrize("other", [replaces_the_rest, takes_off_the_rest])
@pytest.mark.parametrize("touch", TOUCHES)
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_turn_that_one_side_touched_stays_with_what_goes_on_from_it_to_the_end(
    is_ours: bool, touch: str, other: Change, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def touches_the_third(tape: Recording) -> None:
        TOUCHES[touch](tape.turns[2])

    (tmp_path / ".gitattributes").write_text(ALONE)
    sides = [touches_the_third, other] if is_ours else [other, touches_the_third]
    course = tape_of(*going_on(None, "one", "two", "three", "four", "five", "six"))
    path = merged(tmp_path, course, *sides, fails=True)
    assert main(["tape", "settle", str(path)]) == 0
    told, tape = capsys.readouterr().out, read_tape(path)
    rest = ["three", "four", "five", "six"]
    instead = ["instead"] if other is replaces_the_rest else []
    assert texts(tape) == ["one", "two", *(rest + instead if is_ours else instead + rest)]
    assert flaws_of(tape) == []
    assert "it is out" not in told
    if other is takes_off_the_rest:
        names = [f"msg_{at} of sess_1, {text!r}" for at, text in enumerate(rest, 3)]
        assert f"or goes on from it: {'; '.join(names)}; take out" in told
    else:
        assert "the other asked something else as msg_3 of sess_1" in told
