"""What is new on a tape, beside what was there, adopted or taken off."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from dari_nb.errors import InvalidRequestError
from dari_nb.tapes import AgentLine, Mark, Recording, Tape, flaws_of, read_tape, write_tape
from dari_nb.tapes.lines import EventLine

from .conftest import said, taken


@pytest.fixture
def tape(lesson: Recording, tmp_path: Path) -> Tape:
    """A lesson whose second prompt was changed, and went on from there."""
    first = lesson.turns[0].line.key
    about = {"session": "sess_2"}
    other = taken("And in Rust?", [said("Not quite the same.")], number=2, parent=first, **about)
    after = taken("Why?", [said("It borrows.")], number=3, parent=other.line.key, **about)
    for turn in (other, after):
        turn.line.new = True
    lesson.add(other, after)
    write_tape(lesson, tmp_path / "lesson.tape")
    return Tape(tmp_path / "lesson.tape")


def now(tape: Tape) -> list[tuple[object, bool]]:
    return [(turn.line.asked, turn.line.new) for turn in read_tape(tape.path).turns]


OLD = [("What is a closure?", False), ("And in Go?", False)]


def test_each_new_turn_stands_beside_the_nearest_old_one(tape: Tape) -> None:
    review = tape.review()
    assert [proposal.asked for proposal in review] == ["And in Rust?", "Why?"]
    assert "And in[- Go-]{+ Rust+}?" in review[0].difference
    assert repr(review).startswith("msg_2 of sess_2, tour, beside msg_2 of sess_1: And in Rust?\n")
    assert review[:1][0].asked == "And in Rust?"


def test_a_turn_is_adopted_with_those_before_it(tape: Tape) -> None:
    tape.review()[1].adopt()
    assert now(tape) == [*OLD, ("And in Rust?", False), ("Why?", False)]
    assert flaws_of(read_tape(tape.path)) == []
    assert repr(tape.review()) == "Nothing on the tape is new."


def test_a_turn_is_rejected_with_those_that_go_on_from_it(tape: Tape) -> None:
    tape.review()[0].reject()
    assert now(tape) == OLD


def test_only_the_last_turn_is_rejected(tape: Tape) -> None:
    tape.review()[1].reject()
    assert now(tape) == [*OLD, ("And in Rust?", True)]


def test_all_are_adopted_or_rejected_at_once(tape: Tape) -> None:
    before = Path(tape.path).read_bytes()
    tape.review().adopt()
    assert [new for _, new in now(tape)] == [False] * 4
    Path(tape.path).write_bytes(before)
    tape.review().reject()
    assert now(tape) == OLD


@pytest.mark.parametrize("of_all", [True, False])
@pytest.mark.parametrize(
    ("way", "told", "takes"),
    [("adopt", "1 turn adopted.", [1, 2]), ("replace", "1 turn replaced.", [1])],
)
def test_another_answer_to_the_same_stands_beside_it_or_in_its_place_with_its_notes(
    lesson: Recording, tmp_path: Path, *, of_all: bool, way: str, told: str, takes: list[int]
) -> None:
    first, second = lesson.turns
    second.before.append(Mark("Guess"))
    again = taken("And in Go?", [said("Another.")], number=2, parent=first.line.key, session="s")
    again.line.new = True
    lesson.add(again)
    write_tape(lesson, tmp_path / "x.tape")
    review = Tape(tmp_path / "x.tape").review()
    assert review[0].replaces == 1
    assert review[0].effect == "replace() puts msg_2 of sess_2 in the place of msg_2 of sess_1."
    assert getattr(review if of_all else review[0], way)() == told
    assert review[0].decided == "adopted"
    kept, *beside = read_tape(tmp_path / "x.tape").turns[1:]
    assert [turn.line.take for turn in (kept, *beside)] == takes
    assert kept.before == [Mark("Guess")]
    was_replaced = kept.events[0].data == said("Another.")[1]  # type: ignore[index]
    assert was_replaced == (way == "replace")


def test_turns_that_share_a_question_count_those_that_went_on_from_their_own_answers(
    tmp_path: Path,
) -> None:
    tape = Recording()
    tape.add(taken("Which?", [said("None.")]))
    for number in (1, 2):
        about = {"session": f"new_{number}"}
        one = taken("Which?", [said(f"The one {number}.")], **about)
        one.line.take = number
        then = taken(f"Why {number}?", [said("So.")], number=2, parent=one.line.key, **about)
        then.line.behind = one.answers
        one.line.new = then.line.new = True
        tape.add(one, then)
    path = tmp_path / "x.tape"
    write_tape(tape, path)
    whole = path.read_bytes()
    review = Tape(path).review()
    assert [one.adopts for one in review] == [1, 2, 1, 2]
    assert [one.rejects for one in review] == [2, 1, 2, 1]
    for at, (adopts, rejects) in enumerate(((1, 2), (2, 1)) * 2):
        for way, count in (("adopt", adopts), ("reject", rejects)):
            path.write_bytes(whole)
            told = getattr(Tape(path).review()[at], way)()
            assert told == f"{count} turn{'s' * (count > 1)} {way}ed."
            left = [one for one in read_tape(path).turns if not one.line.new]
            assert left[0].events[0].data == said("None.")[1]  # type: ignore[index]


def test_what_was_said_already_is_said_to_be_done(tape: Tape) -> None:
    review = tape.review()
    review[0].adopt()
    with pytest.raises(InvalidRequestError, match=r"^msg_2 of sess_2 was adopted already\.$"):
        review[0].adopt()
    with pytest.raises(InvalidRequestError, match="was adopted already"):
        review[0].reject()
    review[1].reject()
    with pytest.raises(InvalidRequestError, match=r"^msg_3 of sess_2 was rejected already\.$"):
        review[1].reject()
    assert now(tape) == [*OLD, ("And in Rust?", False)]


def test_what_went_with_another_turn_can_be_said_of_it_as_well(tape: Tape) -> None:
    before = Path(tape.path).read_bytes()
    for proposal in tape.review():
        proposal.reject()
    assert now(tape) == OLD
    Path(tape.path).write_bytes(before)
    review = tape.review()
    for proposal in reversed(review):
        proposal.adopt()
    assert [new for _, new in now(tape)] == [False] * 4
    Path(tape.path).write_bytes(before)
    first, second = tape.review()
    first.reject()
    with pytest.raises(
        InvalidRequestError, match="msg_3 of sess_2 is no longer on the tape: review"
    ):
        second.adopt()


def test_what_was_adopted_with_another_turn_replaces_nothing_any_more(tape: Tape) -> None:
    before = Path(tape.path).read_bytes()
    first, second = tape.review()
    second.adopt()
    with pytest.raises(InvalidRequestError, match="msg_2 of sess_2 was adopted already, beside"):
        first.replace()
    assert len(now(tape)) == 4
    Path(tape.path).write_bytes(before)
    first, second = tape.review()
    first.replace()
    assert second.replace() == "msg_3 of sess_2 was adopted already."


def test_a_turn_takes_the_place_of_the_recorded_one_with_its_marks(
    lesson: Recording, tmp_path: Path
) -> None:
    first, second = lesson.turns
    third = taken("And in C?", [said("By hand.")], number=3, parent=second.line.key)
    second.before.append(Mark("Guess", ask="Does Go have them?"))
    third.before.append(Mark("Guess again"))
    elsewhere = taken("Something else.", [said("Yes.")], session="sess_2")
    other = taken("And in Rust?", [said("Not quite.")], number=2, parent=first.line.key)
    after = taken("Why?", [said("It borrows.")], number=3, parent=other.line.key)
    for turn in (other, after):
        turn.line.new = True
        turn.line.session = "sess_9"
    lesson.add(third, elsewhere, other, after)
    write_tape(lesson, tmp_path / "x.tape")
    tape = Tape(tmp_path / "x.tape")
    assert [proposal.replaces for proposal in tape.review()] == [2, 2]
    tape.review()[1].replace()
    told = read_tape(tape.path)
    assert [(turn.line.asked, turn.line.session, turn.line.turn) for turn in told.turns] == [
        ("What is a closure?", "sess_1", "msg_1"),
        ("And in Rust?", "sess_1", "msg_2"),
        ("Why?", "sess_1", "msg_3"),
        ("Something else.", "sess_2", "msg_1"),
    ]
    assert Mark("Guess", ask="Does Go have them?") in told.turns[1].before
    assert Mark("Guess again") in told.turns[2].before
    assert flaws_of(told) == []
    assert len(tape.review()) == 0


def test_of_several_prompts_in_one_place_the_first_replaces_and_the_others_stay_beside_it(
    lesson: Recording, tmp_path: Path
) -> None:
    first = lesson.turns[0].line.key
    for prompt in ("And in Rust?", "And in C?"):
        other = taken(prompt, [said("No.")], number=2, parent=first)
        other.line.new = True
        lesson.add(other)
    unlike = taken("2 + 2", [said("4")], session="sess_3")
    unlike.line.new = True
    lesson.add(unlike)
    write_tape(lesson, tmp_path / "x.tape")
    Tape(tmp_path / "x.tape").review().replace()
    assert now(Tape(tmp_path / "x.tape")) == [
        ("What is a closure?", False),
        ("And in Rust?", False),
        ("And in C?", False),
        ("2 + 2", False),
    ]


def test_a_first_prompt_changed_twice_takes_nothing_new_away(
    lesson: Recording, tmp_path: Path
) -> None:
    for prompt in ("1a", "1b"):
        other = taken(prompt, [said("Yes.")], session=f"sess_{prompt}")
        after = taken("And in Go?", [said("Too.")], number=2, parent=other.line.key)
        for turn in (other, after):
            turn.line.new = True
            turn.line.session = f"sess_{prompt}"
        lesson.add(other, after)
    write_tape(lesson, tmp_path / "x.tape")
    Tape(tmp_path / "x.tape").review().replace()
    assert sorted(now(Tape(tmp_path / "x.tape"))) == sorted(
        [*OLD, ("1a", False), ("And in Go?", False), ("1b", False), ("And in Go?", False)]
    )


def test_a_turn_with_nothing_in_its_place_replaces_nothing(
    lesson: Recording, tmp_path: Path
) -> None:
    unlike = taken("2 + 2", [said("4")], session="sess_3")
    unlike.line.new = True
    lesson.add(unlike)
    write_tape(lesson, tmp_path / "x.tape")
    [proposal] = Tape(tmp_path / "x.tape").review()
    assert proposal.replaces == 0
    with pytest.raises(InvalidRequestError, match="in the place of msg_1 of sess_2: adopt it"):
        proposal.replace()


@pytest.mark.parametrize("way", ["adopt", "replace", "reject"])
def test_nobody_decides_on_what_was_not_shown(tape: Tape, way: str) -> None:
    review = tape.review()
    path = Path(tape.path)
    path.write_text(path.read_text().replace("Not quite the same.", "Something else."))
    before = path.read_bytes()
    for decide in (getattr(review[0], way), getattr(review, way)):
        with pytest.raises(
            InvalidRequestError, match=r"^msg_2 of sess_2 has changed since: review again\.$"
        ):
            decide()
    assert path.read_bytes() == before
    assert "turn" in getattr(tape.review(), way)()


def test_what_came_since_is_not_rejected_with_the_turn_before_it(tape: Tape) -> None:
    review = tape.review()
    now = read_tape(tape.path)
    more = taken("And how?", [said("Slowly.")], number=4, parent=now.turns[-1].line.key)
    more.line.new = True
    now.add(more)
    write_tape(now, tape.path)
    with pytest.raises(InvalidRequestError, match="msg_4 of sess_3 has come since: review again"):
        review[0].reject()
    assert tape.review()[0].reject() == "3 turns rejected."


def test_a_recorded_turn_that_changed_meanwhile_is_not_replaced(tape: Tape) -> None:
    review = tape.review()
    path = Path(tape.path)
    path.write_text(path.read_text().replace("The same.", "Others have mended this."))
    with pytest.raises(InvalidRequestError, match="msg_2 of sess_1 has changed since"):
        review[0].replace()
    assert tape.review()[0].replace() == "1 turn replaced, 1 turn adopted."
    assert "Others have mended this." not in path.read_text()


def test_what_became_of_the_turns_is_said(tape: Tape) -> None:
    before = Path(tape.path).read_bytes()
    assert tape.review().adopt() == "2 turns adopted."
    assert tape.review().adopt() == "Nothing on the tape is new."
    Path(tape.path).write_bytes(before)
    review = tape.review()
    assert review[1].replace() == "1 turn replaced, 1 turn adopted."
    assert review[0].replace() == "msg_2 of sess_2 was adopted already."
    Path(tape.path).write_bytes(before)
    review = tape.review()
    assert review[0].adopt() == "1 turn adopted."
    with pytest.raises(
        InvalidRequestError,
        match="in the place of msg_3 of sess_2, which goes on from msg_2 of sess_2: adopt it",
    ):
        review[1].replace()


def test_what_was_done_stands_in_a_cell_as_it_is(tape: Tape) -> None:
    for told in (
        tape.review()[1].adopt(),
        tape.review().replace(),
        tape.review().reject(),
        tape.review().adopt(),
    ):
        assert isinstance(told, str)
        assert pretty(told) == repr(told) == f"{told}"
        assert json.loads(json.dumps([told])) == [f"{told}"]


def test_the_review_is_told_in_words(tape: Tape) -> None:
    first, second = tape.review()
    assert first.difference == "And in[- Go-]{+ Rust+}?\n\n[-The-]{+Not quite the+} same."
    assert second.old is None
    assert repr(second) == (
        "msg_3 of sess_2, tour; nothing like it was recorded before: Why?\nWhy?\n\nIt borrows.\n"
        "replace() puts it there with msg_2 of sess_2, in the place of msg_2 of sess_1."
    )
    assert first.effect == (
        "replace() puts msg_2, msg_3 of sess_2 in the place of msg_2 of sess_1."
    )


@pytest.fixture
def course(tmp_path: Path) -> Tape:
    """Five turns with a question in the last, and the third asked otherwise with two behind it."""
    course, before = Recording(), None
    for number in range(1, 6):
        turn = taken(f"q{number}", [said("Yes.")], number=number, parent=before)
        before = turn.line.key
        course.add(turn)
    course.turns[4].body.insert(0, Mark("bye", ask="What now?"))
    before = course.turns[1].line.key
    for number in range(3, 6):
        about = {"session": "sess_2"}
        turn = taken(f"q{number}, but so", [said("No.")], number=number, parent=before, **about)
        before = turn.line.key
        turn.line.new = True
        course.add(turn)
    write_tape(course, tmp_path / "course.tape")
    return Tape(tmp_path / "course.tape")


def test_no_recorded_turn_goes_whose_new_version_was_rejected_unless_told_so(course: Tape) -> None:
    review = course.review()
    assert review[0].effect == (
        "replace() puts msg_3, msg_4, msg_5 of sess_2 in the place of msg_3, msg_4, msg_5 of "
        "sess_1."
    )
    assert review[2].reject() == "1 turn rejected."
    assert repr(review[2]) == "msg_5 of sess_2, tour: q5, but so\nmsg_5 of sess_2 was rejected."
    before = Path(course.path).read_bytes()
    loses = (
        "msg_5 of sess_1 would go with 1 question, and nothing new stands in its place: ask it "
        "anew first, or let it go with replace(rest=True)."
    )
    assert repr(review[0]).endswith(f"No replace() yet: {loses}")
    assert repr(review[1]).endswith(
        "No replace() yet: it is put in place with msg_3 of sess_2, and msg_5 of sess_1 would go; "
        "there it is said what helps."
    )
    for refuses in (review[0].replace, review[1].replace, review.replace, course.review().replace):
        with pytest.raises(InvalidRequestError) as refused:
            refuses()
        assert str(refused.value) == loses
    assert Path(course.path).read_bytes() == before
    told = review[0].replace(rest=True)
    assert told == "2 turns replaced, 1 turn taken off; 1 question went with them."
    tape = read_tape(course.path)
    assert [turn.line.asked for turn in tape.turns] == ["q1", "q2", "q3, but so", "q4, but so"]
    assert [*tape.tail, *(note for turn in tape.turns for note in turn.notes)] == []
    assert flaws_of(tape) == []


def test_a_new_version_of_one_turn_does_not_take_the_rest_of_the_lesson_away(
    course: Tape,
) -> None:
    course.review()[1].reject()
    with pytest.raises(
        InvalidRequestError, match=r"^msg_4, msg_5 of sess_1 would go with 1 question"
    ):
        course.review()[0].replace()
    told = course.review()[0].replace(rest=True)
    assert told == "1 turn replaced, 2 turns taken off; 1 question went with them."


def test_behind_a_turn_of_which_both_are_kept_nothing_is_replaced_and_why_is_said(
    course: Tape,
) -> None:
    course.review()[0].adopt()
    after = course.review()[0]
    assert after.effect == (
        "msg_3 of sess_2, which is most like it, goes on from another turn, so that this replaces "
        "nothing: adopt() keeps both, and so does tape.review().replace(). To replace that "
        "one, reject this one, and ask it where that was asked: run the cells again from the first "
        "one of the session on."
    )
    assert after.adopt() == "1 turn adopted."
    asked = [turn.line.asked for turn in read_tape(course.path).turns]
    assert {"q4", "q4, but so"} <= {*asked}


def test_a_mark_stays_with_the_new_version_of_its_turn(course: Tape) -> None:
    assert course.review()[1].replace() == "3 turns replaced."
    assert Mark("bye", ask="What now?") in read_tape(course.path).turns[4].body


def test_new_turns_of_several_days_take_the_places_of_one_recorded_session(course: Tape) -> None:
    tape = read_tape(course.path)
    for day, turn in enumerate(tape.turns[6:], 3):
        turn.line.session = f"sess_{day}"
    last = tape.turns[-1].line
    more = taken("And?", [said("No.")], number=6, parent=last.key, session="sess_5")
    more.line.new = True
    tape.add(more)
    write_tape(tape, course.path)
    assert course.review().replace() == "3 turns replaced, 1 turn adopted."
    lines = [turn.line for turn in read_tape(course.path).turns]
    assert [(line.session, line.turn) for line in lines] == [
        ("sess_1", f"msg_{number}") for number in range(1, 7)
    ]


def test_repetitions_of_a_changed_prompt_take_the_places_of_those_recorded(
    tmp_path: Path,
) -> None:
    tape = Recording()
    for at, prompt in enumerate(("How long?", "How long is it?")):
        for take in (1, 2):
            session = f"sess_{2 * at + take}"
            turn = taken(prompt, [said(f"{take} km")], session=session)
            turn.line.take, turn.line.new = take, at == 1
            tape.add(turn)
    write_tape(tape, tmp_path / "x.tape")
    told = Tape(tmp_path / "x.tape").review().replace()
    assert told == "2 turns replaced."
    turns = read_tape(tmp_path / "x.tape").turns
    assert [(turn.line.asked, turn.line.take, turn.line.session) for turn in turns] == [
        *(("How long is it?", 1, "sess_1"), ("How long is it?", 2, "sess_2"))
    ]


def test_calls_results_and_failures_are_told_as_people_read_them(
    lesson: Recording, tmp_path: Path
) -> None:
    def looked(where: str, answer: str) -> list[tuple[str, dict[str, object]]]:
        call = {"tool_call_id": "call_1", "tool_name": "search", "arguments": {"query": where}}
        ended = {"tool_call_id": "call_1", "tool_name": "search", "result": {"km": 1230}}
        return [
            ("tool.call_requested", call),
            ("tool.call_completed", ended),
            said(answer),  # type: ignore[list-item]
        ]

    lesson.add(taken("How long is the Rhine?", looked("Rhine", "Long."), session="b"))
    same = taken("How long is the Po?", looked("Rhine", "Long."), session="c")
    other = taken("How long is the Loire?", looked("Loire", "Longer."), session="d")
    for turn in (same, other):
        turn.line.new = True
    lesson.add(same, other)
    write_tape(lesson, tmp_path / "x.tape")
    one, two = Tape(tmp_path / "x.tape").review()
    assert one.difference.endswith("Po+}?\n\nThe answer is the same.")
    assert two.difference == (
        "How long is the[- Rhine-]{+ Loire+}?\n\n"
        'search(query:[- Rhine-]{+ Loire+})\n→ {"km":1230}[-\nLong-]{+\nLonger+}.'
    )


def test_prompts_that_have_nothing_to_do_with_each_other_are_not_compared(
    tmp_path: Path,
) -> None:
    tape = Recording()
    tape.add(taken("q0", [said("a0")]))
    new = taken("q2", [said("a2")], session="sess_2")
    new.line.new = True
    tape.add(new)
    write_tape(tape, tmp_path / "x.tape")
    [proposal] = Tape(tmp_path / "x.tape").review()
    assert (proposal.old, proposal.replaces) == (None, 0)
    assert "nothing like it was recorded before: q2" in repr(proposal)


def test_what_is_shown_moves_no_cursor_and_no_answer_is_said_to_be_none(tmp_path: Path) -> None:
    tape = Recording()
    for prompt, steps in (("red", [said("\x1b[31mRed.\tYes.")]), ("nothing", [])):
        new = taken(prompt, steps, session=prompt)
        new.line.new = True
        tape.add(new)
    write_tape(tape, tmp_path / "x.tape")
    red, nothing = Tape(tmp_path / "x.tape").review()
    assert repr(red).endswith("\\x1b[31mRed.\tYes.")
    assert repr(nothing).endswith("\n\nNo answer.")


@pytest.mark.parametrize("way", ["adopt", "replace", "reject"])
def test_a_tape_that_may_only_be_read_is_not_changed(
    tape: Tape, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(tape.path).chmod(0o444)
    if os.access(tape.path, os.W_OK):  # root may write all that there is
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    before = Path(tape.path).read_bytes()
    review = tape.review()
    with pytest.raises(InvalidRequestError, match=r"cannot be written: the file may only be read"):
        getattr(review, way)()
    assert Path(tape.path).read_bytes() == before
    assert review[0].decided == ""


def test_what_another_agent_answered_is_said_to_be_that_and_stays(tmp_path: Path) -> None:
    tape, asked = Recording(), "What marks has Anna?"
    tape.add(taken(asked, [said("Two.")]))
    new = taken(asked, [said("Three.")], agent=AgentLine(agent="gradebook"), session="sess_2")
    new.line.new = True
    tape.add(new)
    write_tape(tape, tmp_path / "x.tape")
    review = Tape(tmp_path / "x.tape").review()
    assert repr(review[0]) == (
        f"msg_1 of sess_2, gradebook, beside msg_1 of sess_1 by tour: {asked}\n{asked}\n\n"
        "[-Two-]{+Three+}.\n"
        "msg_1 of sess_1, which is most like it, is of another agent (tour), so that this replaces "
        "nothing: adopt() keeps both, and so does tape.review().replace()."
    )
    assert review.replace() == "1 turn adopted."
    assert len(read_tape(tmp_path / "x.tape").turns) == 2


def test_long_answers_are_folded_where_they_are_printed(tmp_path: Path) -> None:
    tape = Recording()
    old, new = (f"{word} " * 500 for word in ("yes", "no"))
    tape.add(taken("Is it?", [said(old)]))
    turn = taken("Is it so?", [said(new)], session="sess_2")
    turn.line.new = True
    tape.add(turn)
    write_tape(tape, tmp_path / "x.tape")
    [proposal] = Tape(tmp_path / "x.tape").review()
    assert len(repr(proposal)) < 1500
    for left in ("[-yes yes", "{+no no", "replace() puts msg_1 of sess_2"):
        assert left in repr(proposal)


def test_what_is_put_in_place_stands_behind_what_it_goes_on_from(tmp_path: Path) -> None:
    tape = Recording()
    old = (("sess_1", "ab", 1), ("sess_2", "aBcde", 2))
    new = (("sess_3", "aBcD", 1), ("sess_4", "aBxyz", 3))
    for session, prompts, first in (*old, *new):
        before = None
        for number, asked in enumerate(prompts, 1):
            about = {"session": session, "number": number, "parent": before}
            turn = taken(asked, [said(f"{asked} in {session}")], **about)
            turn.line.new = session in ("sess_3", "sess_4")
            before = turn.line.key
            if number >= first:
                tape.add(turn)
    write_tape(tape, tmp_path / "x.tape")
    Tape(tmp_path / "x.tape").review()[0].replace(rest=True)
    tape, seen = read_tape(tmp_path / "x.tape"), dict[str, list[str]]()
    for turn in tape.turns:
        seen.setdefault(turn.line.session, []).append(turn.line.turn)
    assert list(seen.values()) == [
        ["msg_1", "msg_2", "msg_3", "msg_4"],
        ["msg_3", "msg_4", "msg_5"],
    ]
    assert [str(flaw) for flaw in flaws_of(tape)] == []


LOOK = "; look at 1 question: “How many plums?” stands behind stock(item: fig) in msg_1 of sess_1"


@pytest.mark.parametrize(
    ("items", "behind", "look"),
    [
        ("fig plum", "plum", ""),
        ("plum fig", "plum", ""),
        ("fig pear", "fig", LOOK),
    ],
)
def test_a_question_stays_behind_the_call_that_it_stood_behind(
    tmp_path: Path, items: str, behind: str, look: str
) -> None:
    def looked(items: str) -> list[Any]:
        made: list[Any] = [said("Let me look.")]
        for number, item in enumerate(items.split(), 1):
            call = {"tool_call_id": f"call_{number}", "tool_name": "stock"}
            made.append(("tool.call_requested", {**call, "arguments": {"item": item}}))
            made.append(("tool.call_completed", {**call, "result": 3}))
        return [*made, said("That is all.")]

    new = taken("And figs and plums?", looked(items), session="sess_2")
    new.line.new = True
    path = tmp_path / "x.tape"
    write_tape(Recording(turns=[taken("And plums?", looked("plum")), new]), path)
    lines = path.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if "tool.call_requested" in line)
    lines.insert(at + 1, '{"mark": "None.", "ask": "How many plums?"}')
    path.write_text("\n".join([*lines, ""]))
    assert Tape(path).review().replace() == f"1 turn replaced{look}."
    [turn] = read_tape(path).turns
    before = turn.body[turn.body.index(Mark("None.", ask="How many plums?")) - 1]
    assert isinstance(before, EventLine)
    assert (before.event, before.data["arguments"]) == ("tool.call_requested", {"item": behind})
