"""What nobody loses when a conflict in a tape is settled, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError, TapeError
from dari_nb.local import LocalDari
from dari_nb.tapes import (
    Comment,
    Mark,
    Recording,
    Turn,
    flaws_of,
    read_tape,
    renew_keys,
    settle,
    write_tape,
)
from dari_nb.tapes.lines import Note

from .branches import Change, asks, git, merged, texts
from .conftest import said, taken, tape_of

TAKE_OUT = (
    'take out what is not wanted: delete the lines of a turn, from the one with "turn" to the one '
    'with "completed" or "failed" that ends it, and of those that go on from it'
)
LEFT_ALONE = "*.tape text eol=lf -merge\n"


def recorded_later(path: Path) -> None:
    tape = read_tape(path)
    asks("Later?", "C.", session="later")(tape)
    write_tape(tape, path)


def noted_by_hand(path: Path) -> None:
    header, *lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([header, b"# by hand\n", *lines]))


def is_settled_for_good(path: Path) -> bool:
    """Whether settling a tape once more changes nothing."""
    before = path.read_bytes()
    settle(path)
    return path.read_bytes() == before


@pytest.mark.parametrize(
    ("edit", "more", "notes"),
    [(recorded_later, ["Later?"], []), (noted_by_hand, [], [Comment("# by hand")])],
)
def test_what_came_into_a_file_without_marks_is_settled_with_both_sides(
    edit: Callable[[Path], None],
    more: list[str],
    notes: list[Comment],
    lesson: Recording,
    tmp_path: Path,
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    edit(path)
    settle(path)
    tape = read_tape(path)
    assert texts(tape) == ["What is a closure?", "And in Go?", "Ours?", *more, "Theirs?"]
    assert tape.turns[0].before == notes
    assert flaws_of(tape) == []
    assert is_settled_for_good(path)


EDITS = {
    "a comment": (b'{"agent"', b'# by hand\n{"agent"'),
    "a turn outside": (b"A function.", b"A good function."),
    "a side": (b"Ours?", b"Ours, I think?"),
    "a line less": (b'{"after":0.25,"draft":"text","text":"A "}\n', b""),
}


@pytest.mark.parametrize("style", ["merge", "diff3"])
@pytest.mark.parametrize("what", EDITS)
def test_what_was_edited_between_the_marks_of_git_is_refused_with_a_way_out(
    what: str, style: str, lesson: Recording, tmp_path: Path
) -> None:
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    git(tmp_path, "checkout", f"--conflict={style}", "lesson.tape")
    whole = path.read_bytes()
    edited = whole.replace(*EDITS[what], 1)
    assert edited != whole
    path.write_bytes(edited)
    with pytest.raises(TapeError, match="was changed since git left its conflict") as refused:
        settle(path)
    pairs = zip(edited.split(b"\n"), whole.split(b"\n"), strict=False)
    first = next(number for number, (line, was) in enumerate(pairs, 1) if line != was)
    assert refused.value.line == first
    assert path.read_bytes() == edited
    assert f"git checkout --merge {path} write it anew" in str(refused.value)
    git(tmp_path, "checkout", "--merge", "lesson.tape")
    assert texts(settle(path))[2:] == ["Ours?", "Theirs?"]


@pytest.mark.parametrize("command", ["check", "settle"])
def test_no_program_that_a_folder_names_is_run(
    command: str, lesson: Recording, tmp_path: Path
) -> None:
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    program = tmp_path / "program.sh"
    program.write_text('#!/bin/sh\ntouch "$(dirname "$0")/was-run"\n')
    program.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(program))
    main(["tape", command, str(path)])
    assert not (tmp_path / "was-run").exists()


def test_check_says_that_git_waits_to_have_a_tape_settled(
    lesson: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    waits = f"{path}: git has a conflict in it until git add: before that, dari-local tape settle "
    assert main(["tape", "check", str(path)]) == 0
    assert waits in capsys.readouterr().out
    settle(path)
    assert main(["tape", "check", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: git has a conflict in it until git add, which tells git that it is settled\n"
        f"{path}: 4 turns, nothing is wrong\n"
    )
    git(tmp_path, "add", "lesson.tape")
    assert main(["tape", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 4 turns, nothing is wrong\n"


def settled(path: Path, **how: str) -> tuple[Recording, list[str]]:
    told: list[str] = []
    return settle(path, report=told.append, **how), told  # type: ignore[arg-type]


def test_a_file_that_somebody_settled_by_hand_stays_and_that_is_said(
    lesson: Recording, tmp_path: Path
) -> None:
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    by_hand = b"".join(
        line
        for line in path.read_bytes().splitlines(keepends=True)
        if not line.startswith((b"<", b"=", b">"))
    ).replace(b"Ours?", b"Ours, too?")
    path.write_bytes(by_hand)
    tape, told = settled(path)
    assert texts(tape)[2:] == ["Ours, too?", "Theirs?"]
    assert [text.partition(":")[0] for text in told] == [
        "this stands on neither side that git has, and goes where git writes the file anew",
        "this is on one side, and not in the file",
        "git has a conflict in it and there are none of its marks",
    ]
    assert told[1].endswith("file: msg_1 of sess_2, 'Ours?'")
    assert "msg_1 of sess_2, 'Ours, too?'; keep a copy of it before that" in told[0]


@pytest.mark.parametrize("attributes", ["", LEFT_ALONE])
@pytest.mark.parametrize("keeps", ["ours", "theirs"])
def test_what_git_would_write_over_is_named_before_it_is_advised(
    attributes: str, keeps: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(attributes)

    def ours(tape: Recording) -> None:
        asks("What is a closure?", "Ours.")(tape)
        asks("Ours?", "A.")(tape)

    def theirs(tape: Recording) -> None:
        asks("What is a closure?", "Theirs.")(tape)
        asks("Theirs?", "B.")(tape)

    path = merged(tmp_path, lesson, ours, theirs, fails=True)
    what = (
        "this stands on neither side that git has, and goes where git writes the file anew: msg_1 "
        "of sess_{}, 'Later?'; keep a copy of it before that"
    )
    told = settled(path, keeps=keeps)[1] if not attributes else []
    assert all("of which you keep a copy" in text for text in told)
    recorded_later(path)
    told = settled(path, keeps=keeps)[1]
    assert told[0] == what.format(3 if attributes else 4)
    assert "git checkout --merge" in told[1]
    assert "keep a copy" in told[1]
    told = settled(path, keeps=keeps)[1]
    assert told[0] == what.format(3 if attributes else 4)
    assert "Later?" in texts(read_tape(path))


@pytest.mark.parametrize(("text", "why"), [("", "is empty"), ("hi\n", "line 1")])
def test_what_is_no_tape_and_has_no_sides_is_called_by_its_name(
    text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q")
    path = tmp_path / "lesson.tape"
    path.write_text(text)
    assert main(["tape", "settle", str(path)]) == 1
    told = capsys.readouterr().out
    assert why in told
    assert " side " not in told
    assert path.read_text() == text


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_a_tape_that_one_side_took_out_is_said_to_be_taken_out(
    whose: str, lesson: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lesson.tape"
    git(tmp_path, "init", "-q")
    write_tape(lesson, path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "branch", "other")
    for branch, side in (("main", "ours"), ("other", "theirs")):
        git(tmp_path, "checkout", "-q", branch)
        if side == whose:
            git(tmp_path, "rm", "-q", "lesson.tape")
        else:
            recorded_later(path)
        git(tmp_path, "commit", "-qam", branch)
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "merge", "-q", "other", fails=True)
    before = path.read_bytes()
    assert main(["tape", "settle", str(path)]) == 0
    out = "ours" if whose == "ours" else "theirs, the branch that comes in,"
    assert capsys.readouterr().out.startswith(
        f"{path}: {out} took this tape out, and the other side changed it: it is as that side has "
        "it, and git rm takes it out\n"
    )
    assert path.read_bytes() == before


def test_who_took_both_sides_is_told_how_git_brings_them_back(
    lesson: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What "accept both" of an editor leaves where both sides recorded the same turn anew."""
    path = merged(tmp_path, lesson, answers("A.", 0.5), answers("B.", 0.75), fails=True)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if line[:7] not in ("<" * 7, "=" * 7, ">" * 7)))
    way = "git checkout --merge FILE and then dari-local tape settle FILE put it right"
    for command in ("check", "show"):
        assert main(["tape", command, str(path)]) == 2
        assert re.search(rf"line \d+: it belongs to no turn: .*{way}", capsys.readouterr().err)
    with pytest.raises(TapeError, match=way):
        LocalDari(tape=path).__enter__()
    git(tmp_path, "checkout", "--merge", "lesson.tape")
    assert main(["tape", "settle", str(path)]) == 0
    assert main(["tape", "check", str(path)]) == 0


def test_what_is_recorded_while_a_tape_is_settled_is_not_written_over(
    lesson: Recording, tmp_path: Path
) -> None:
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    write_tape(lesson, path)
    with pytest.raises(InvalidRequestError, match="was written meanwhile: settle it again"):
        settle(path, report=lambda _: recorded_later(path))
    assert texts(read_tape(path))[2:] == ["Later?"]


@pytest.mark.parametrize("attributes", ["", LEFT_ALONE])
@pytest.mark.parametrize("gone", ["Theirs?", "Theirs, too?", "Ours?"])
def test_what_was_taken_out_since_a_tape_was_settled_does_not_come_back(
    gone: str, attributes: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(attributes)

    def theirs(tape: Recording) -> None:
        asks("Theirs?", "B.")(tape)
        asks("Theirs, too?", "C.", session="last")(tape)

    path = merged(tmp_path, lesson, asks("Ours?", "A."), theirs, fails=True)
    settle(path)
    tape = read_tape(path)
    tape.turns = [turn for turn in tape.turns if turn.line.asked != gone]
    write_tape(tape, path)
    before = path.read_bytes()
    (told,) = settled(path)[1]
    assert path.read_bytes() == before
    assert told == (
        "git has a conflict in it and there are none of its marks: it is taken as settled, and "
        "what is in it stays; to begin anew, keep a copy of it, and then: git checkout --merge "
        f"{path}"
    )
    git(tmp_path, "checkout", "--merge", "lesson.tape")
    assert texts(settle(path))[2:] == ["Ours?", "Theirs?", "Theirs, too?"]


@pytest.mark.parametrize("attributes", ["", LEFT_ALONE])
def test_of_which_turns_two_answers_were_recorded_is_said_and_which_is_kept_is_chosen(
    attributes: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(attributes)

    def answers(text: str) -> Change:
        def change(tape: Recording) -> None:
            asks("What is a closure?", text)(tape)
            tape.turns[1].line.metadata = {"expects": text}

        return change

    path = merged(tmp_path, lesson, answers("Ours."), answers("Theirs."), fails=True)
    tape, told = settled(path)
    assert tape.turns[0].events[0].data == said("Theirs.")[1]  # type: ignore[index]
    assert tape.turns[1].line.metadata == {"expects": "Theirs."}
    kept = "kept is theirs, of the branch that comes in; for ours let git checkout --merge"
    assert [text[: text.index("--merge") + 7] for text in told] == [
        f"both sides have their own answer of msg_1 of sess_1, 'What is a closure?': {kept}",
        f"both sides have their own expects of msg_2 of sess_1, 'And in Go?': {kept}",
    ]
    assert told[0].endswith("settle with --ours")
    git(tmp_path, "checkout", "--merge", "lesson.tape")
    tape, told = settled(path, keeps="ours")
    assert tape.turns[0].events[0].data == said("Ours.")[1]  # type: ignore[index]
    assert tape.turns[1].line.metadata == {"expects": "Ours."}
    kept = "kept is ours; for theirs settle it again with --theirs"
    assert [text.partition("?': ")[2] for text in told[:2]] == [kept, kept]
    (as_left,) = told[2:]
    assert as_left == (
        "until git add, settling it without --ours takes theirs: nothing that only they recorded "
        "is in the file"
    )
    tape, told = settled(path, keeps="theirs")
    assert tape.turns[0].events[0].data == said("Theirs.")[1]  # type: ignore[index]
    assert tape.turns[1].line.metadata == {"expects": "Theirs."}


@pytest.mark.parametrize("attributes", ["", LEFT_ALONE])
@pytest.mark.parametrize("first", [0, 1])
def test_marks_that_stood_before_both_sides_asked_otherwise_stand_once(
    first: int, attributes: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(attributes)
    questions = [Mark("one", "What is it?"), Mark("two", "And then?")]
    for turn, mark in zip(lesson.turns, questions, strict=True):
        turn.body.insert(0, mark)

    def asks_instead(text: str) -> Change:
        def change(tape: Recording) -> None:
            parent = tape.turns[0].line.key if first else None
            for at in range(first, 2):
                old = tape.turns[at]
                about = {"number": at + 1, "parent": parent}
                new = taken(f"{text} {at}?", [said("So.")], session="sess_1", **about)
                tape.turns[at] = new.in_place_of(old)
                parent = new.line.key
            tape.turns[1].before.append(Mark(text))

        return change

    path = merged(tmp_path, lesson, asks_instead("Ours"), asks_instead("Theirs"), fails=True)
    tape, told = settled(path)
    notes = [note for turn in tape.turns for note in turn.notes]
    assert notes == [questions[0], Mark("Ours"), questions[1], Mark("Theirs")]
    place = f"msg_{first + 1}"
    assert " ".join(told) == (
        f"both sides asked something else as {place} of sess_1: it goes on with ours, "
        f"'Ours {first}?', which keeps the marks that stood there; theirs, 'Theirs {first}?', is "
        f"{place} of sess_2, a conversation of its own now; {TAKE_OUT}"
    )
    assert flaws_of(tape) == []
    assert is_settled_for_good(path)


@pytest.mark.parametrize("keeps", ["ours", "theirs"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_which_of_two_questions_of_one_mark_is_kept_is_chosen_and_said(
    is_replaced: bool, keeps: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    lesson.turns[1].before = [Mark("guess", "What?")]
    lesson.tail = [Mark("end", "Is it?")]

    def asks_of(text: str) -> Change:
        def change(tape: Recording) -> None:
            first, second = tape.turns
            second.before = [Mark("guess", text)]
            tape.tail = [Mark("end", text)]
            if is_replaced:
                new = taken(text, [said("So.")], number=2, parent=first.line.key)
                tape.turns[1] = new.in_place_of(second)

        return change

    path = merged(tmp_path, lesson, asks_of("Ours?"), asks_of("Theirs?"), fails=True)
    tape, told = settled(path, keeps=keeps)
    wording = {"ours": "Ours?", "theirs": "Theirs?"}[keeps]
    notes = {note.mark: turn for turn in tape.turns for note in turn.notes}
    assert [*notes] == ["guess"]
    assert notes["guess"].before == [Mark("guess", wording)]
    assert tape.tail == [Mark("end", wording)]
    assert not is_replaced or notes["guess"].line.asked == wording
    is_elsewhere = is_replaced and keeps == "theirs"
    assert ("that comes in, in msg_2 of sess_2; for ours" in " ".join(told)) == is_elsewhere
    assert flaws_of(tape) == []
    at = "'Ours?'" if is_replaced else "'And in Go?'"
    both = "(ours asks 'Ours?', theirs 'Theirs?')"
    assert [text.partition(": kept is ")[0] for text in told if ": kept is " in text] == [
        f"both sides have their own mark 'guess' {both} of msg_2 of sess_1, {at}",
        f"both sides have their own mark 'end' {both} at the end",
    ]


def test_a_tape_that_one_side_renamed_is_said_to_be_elsewhere(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    git(tmp_path, "init", "-q")
    path = tmp_path / "lesson.tape"
    write_tape(lesson, path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "branch", "other")
    tape = read_tape(path)
    asks("Ours?", "A.")(tape)
    write_tape(tape, path)
    git(tmp_path, "commit", "-qam", "ours")
    git(tmp_path, "checkout", "-q", "other")
    git(tmp_path, "mv", "lesson.tape", "tour.tape")
    tape = read_tape(tmp_path / "tour.tape")
    asks("Theirs?", "B.")(tape)
    write_tape(tape, tmp_path / "tour.tape")
    git(tmp_path, "commit", "-qam", "theirs")
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "merge", "-q", "other", fails=True)
    with pytest.raises(InvalidRequestError, match=r"Git has a conflict in tour\.tape: settle that"):
        settle(path)
    assert texts(settle(tmp_path / "tour.tape"))[2:] == ["Ours?", "Theirs?"]


def answers(text: str, after: float = 0.25) -> Change:
    def change(tape: Recording) -> None:
        anew = taken("What is a closure?", [said(text)])
        for event in anew.events:
            event.after = after
        tape.turns[0] = anew.in_place_of(tape.turns[0])

    return change


answers_anew = answers("Another one.")


def goes_on(tape: Recording) -> None:
    last = tape.turns[-1]
    about = {"parent": last.line.key, "after": last.answers}
    tape.add(taken("And in C?", [said("None.")], number=3, **about))


def takes_off(tape: Recording) -> None:
    del tape.turns[-1]


def asks_otherwise(tape: Recording) -> None:
    first, second, third = tape.turns
    about = {"parent": first.line.key, "after": first.answers}
    instead = taken("And in Rust?", [said("Closures.")], number=2, **about)
    about = {"parent": instead.line.key, "after": instead.answers}
    again = taken("And in C?", [said("None at all.")], number=3, **about)
    tape.turns[1:] = [instead.in_place_of(second), again.in_place_of(third)]


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_what_was_asked_anew_behind_another_turn_is_not_told_to_be_gone(
    side: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    goes_on(lesson)
    changes = [asks_otherwise, asks("Who?", "I.", session="other")]
    whose = "ours"
    if side == "theirs":
        changes.reverse()
        whose = "theirs, of the branch that comes in,"
    path = merged(tmp_path, lesson, *changes, fails=True)
    tape, told = settled(path)
    assert {*texts(tape)} == {"What is a closure?", "And in Rust?", "And in C?", "Who?"}
    names = [f"{turn.line.turn} of {turn.line.session}" for turn in tape.turns]
    now = names[texts(tape).index("And in C?")]
    again = "msg_3 of sess_1, 'And in C?'" + ("" if now == "msg_3 of sess_1" else f", now {now}")
    assert told == [
        f"{whose} took this out, and it is out: msg_2 of sess_1, 'And in Go?'",
        f"{whose} asked this anew, and it stands as it came out then: {again}",
    ]


def remarks(tape: Recording) -> None:
    tape.turns[-1].body.insert(0, Comment("# see there"))


def test_turns_that_come_to_stand_behind_other_answers_are_named(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    lesson.turns[1].line.behind = lesson.turns[0].answers
    told: list[str] = []
    settle(merged(tmp_path, lesson, answers_anew, goes_on, fails=True), report=told.append)
    (text,) = told
    assert text == (
        "this was recorded behind other answers than those that stand before it now: "
        "msg_3 of sess_2, 'And in C?'; ask it again in the mode auto, where "
        "tape.review().replace() puts it in place, or take it out"
    )


def adopts(tape: Recording) -> None:
    tape.turns[-1].line.new = False


@pytest.mark.parametrize("change", [remarks, adopts])
def test_what_one_side_took_out_and_the_other_changed_is_named(
    change: Change, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    told: list[str] = []
    lesson.turns[-1].line.new = True
    path = merged(tmp_path, lesson, change, takes_off, fails=True)
    settle(path, report=told.append)
    assert "And in Go?" in texts(read_tape(path))
    (text,) = told
    assert text == (
        "theirs, of the branch that comes in, took this out, and it stays, as the other side "
        "adopted or changed it, noted something in it, or goes on from it: "
        f"msg_2 of sess_1, 'And in Go?'; {TAKE_OUT}"
    )
    lines = path.read_text().splitlines(keepends=True)
    begins = next(at for at, line in enumerate(lines) if '"turn"' in line and "And in Go?" in line)
    ends = next(at for at, line in enumerate(lines) if at > begins and '"completed"' in line)
    path.write_text("".join([*lines[:begins], *lines[ends + 1 :]]))
    left = read_tape(path)
    assert "And in Go?" not in texts(left)
    assert flaws_of(left) == []


def test_of_what_stands_twice_the_one_that_counts_is_kept_and_that_is_said(
    lesson: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "lesson.tape"
    write_tape(lesson, path)
    before = path.read_bytes()
    lines = before.splitlines(keepends=True)
    [first, second] = [at for at, line in enumerate(lines) if line.startswith(b'{"turn"')]
    path.write_bytes(b"".join([*lines[:second], *lines[first:]]))
    tape, told = settled(path)
    assert path.read_bytes() == before
    assert flaws_of(tape) == []
    name = "msg_1 of sess_1, 'What is a closure?'"
    assert told == [f"this stood twice, and the later one is kept: {name}"]


def four() -> Recording:
    """Four turns of one session, each behind the answers before it."""
    turns = list[Turn]()
    for number, text in enumerate(("one", "two", "three", "four"), 1):
        last = turns[-1] if turns else None
        about = {"parent": last.line.key, "after": last.answers} if last else {}
        turns.append(taken(text, [said(f"{text}.")], session="sess_1", number=number, **about))
    return tape_of(*turns)


def rewords(text: str, at: int = 2) -> Change:
    """As in an editor, where nobody makes keys anew."""

    def change(tape: Recording) -> None:
        tape.turns[at].line.asked = text

    return change


def rewords_a_copy(text: str) -> Change:
    def change(tape: Recording) -> None:
        copy = deepcopy(tape.turns[3])
        copy.line.asked, copy.line.turn = text, "msg_5"
        tape.turns.append(copy)

    return change


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
@pytest.mark.parametrize(
    ("change", "number", "before", "after"),
    [
        (rewords, 3, ["one", "two"], ["four"]),
        (partial(rewords, at=3), 4, ["one", "two", "three"], []),
        (rewords_a_copy, 5, ["one", "two", "three", "four"], []),
    ],
)
def test_what_both_sides_reworded_in_an_editor_is_two_questions(
    change: Callable[[str], Change],
    number: int,
    before: list[str],
    after: list[str],
    side: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, four(), change("Ours?"), change("Theirs?"), fails=True)
    assert main(["tape", "settle", side, str(path)]) == 0
    told, tape = capsys.readouterr().out, read_tape(path)
    assert texts(tape) == [*before, "Ours?", *after, "Theirs?", *after]
    assert flaws_of(tape) == []
    place, other = f"msg_{number} of sess_1", f"msg_{number} of sess_2"
    assert f"both sides asked something else as {place}: it goes on with ours, 'Ours?'" in told
    keyed = "it has a key of its own now, as another question"
    assert f"{keyed}: {place}, 'Ours?'; {other}, 'Theirs?'\n" in told
    assert "it is out" not in told


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_what_one_side_reworded_and_the_other_recorded_anew_is_two_questions(
    is_ours: bool, side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def records(tape: Recording) -> None:
        old = tape.turns[3].line
        about = {"number": 4, "parent": old.parent, "after": old.behind}
        tape.add(taken("four", [said("Anew.")], **about))

    sides = [rewords("Four?", at=3), records]
    path = merged(tmp_path, four(), *(sides if is_ours else sides[::-1]), fails=True)
    assert main(["tape", "settle", side, str(path)]) == 0
    told, tape = capsys.readouterr().out, read_tape(path)
    answers = {str(turn.line.asked): turn.events[0].data for turn in tape.turns}
    assert answers["Four?"] == said("four.")[1]  # type: ignore[index]
    assert answers["four"] == said("Anew.")[1]  # type: ignore[index]
    assert len(tape.turns) == 5
    assert flaws_of(tape) == []
    assert "something else as msg_4 of sess_1" in told


def test_what_both_sides_reworded_alike_is_one_question_whoever_made_its_key_anew(
    tmp_path: Path,
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def with_keys(tape: Recording) -> None:
        rewords("Three?")(tape)
        renew_keys(tape)

    def with_a_mark(tape: Recording) -> None:
        rewords("Three?")(tape)
        tape.turns[3].before.append(Mark("four"))

    tape = settle(merged(tmp_path, four(), with_a_mark, with_keys, fails=True))
    assert texts(tape) == ["one", "two", "Three?", "four"]
    assert tape.turns[3].before == [Mark("four")]
    assert flaws_of(tape) == []


def test_what_was_reworded_before_both_is_one_question_beside_a_copy_on_one_side(
    tmp_path: Path,
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def marks(tape: Recording) -> None:
        tape.turns[3].before.append(Mark("four"))

    lesson = four()
    rewords("Four?", at=3)(lesson)
    path = merged(tmp_path, lesson, rewords_a_copy("Five?"), marks, fails=True)
    tape, told = settled(path)
    assert texts(tape) == ["one", "two", "three", "Four?", "Five?"]
    assert tape.turns[3].before == [Mark("four")]
    assert flaws_of(tape) == []
    assert [text.partition(": it has")[0] for text in told] == [
        "what this asks was changed, and its key was not"
    ]


def test_what_only_one_side_reworded_stays_in_its_conversation(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def goes_on_and_marks(tape: Recording) -> None:
        last = tape.turns[-1]
        about = {"parent": last.line.key, "after": last.answers}
        tape.add(taken("five", [said("five.")], session="sess_1", number=5, **about))
        tape.turns[2].before.append(Mark("three"))

    tape, told = settled(merged(tmp_path, four(), rewords("Three?"), goes_on_and_marks, fails=True))
    assert texts(tape) == ["one", "two", "Three?", "four", "five"]
    assert tape.turns[2].before == [Mark("three")]
    assert told == []
    renew_keys(tape)
    assert flaws_of(tape) == []


def asks_instead(mark: Mark | None, text: str = "And in Rust?") -> Change:
    """As where a prompt was changed, asked, and put in the place of what stood there."""

    def change(tape: Recording) -> None:
        first, second = tape.turns
        about = {"number": 2, "parent": first.line.key, "after": first.answers}
        tape.turns[1] = taken(text, [said("Not so.")], **about).in_place_of(second)
        if mark:
            tape.turns[1].body[0] = mark

    return change


def asks_of_it(mark: Mark) -> Change:
    def change(tape: Recording) -> None:
        tape.turns[1].body[0] = mark

    return change


WAS, REWORDED, ANOTHER = (Mark("guess", text) for text in ("What?", "What now?", "What then?"))


@pytest.mark.parametrize("attributes", ["", LEFT_ALONE])
@pytest.mark.parametrize("side", [None, "--ours", "--theirs"])
@pytest.mark.parametrize("is_ours", [True, False])
@pytest.mark.parametrize("also", [None, ANOTHER])
def test_a_mark_that_one_side_reworded_stays_where_the_conversation_goes_on(
    also: Mark | None,
    is_ours: bool,
    side: str | None,
    attributes: str,
    lesson: Recording,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".gitattributes").write_text(attributes)
    lesson.turns[1].body.insert(0, WAS)
    changes = [asks_instead(also), asks_of_it(REWORDED)]
    path = merged(tmp_path, lesson, *changes[:: 1 if is_ours else -1], fails=True)
    assert main(["tape", "settle", *([side] if side else []), str(path)]) == 0
    told, tape = capsys.readouterr().out, read_tape(path)
    _, ours, theirs = tape.turns
    asked = ["And in Rust?", "And in Go?"][:: 1 if is_ours else -1]
    assert [ours.line.asked, theirs.line.asked] == asked
    assert f"it goes on with ours, {asked[0]!r}, which keeps the marks that stood there" in told
    is_kept = side == "--ours"
    wording = ANOTHER if also and is_kept == is_ours else REWORDED
    assert [turn.notes for turn in tape.turns] == [[], [wording], []]
    assert ours.body[0] == wording
    assert ("mark 'guess' (ours asks" in told) == bool(also)
    assert flaws_of(tape) == []
    assert is_settled_for_good(path)


@pytest.mark.parametrize("keeps", ["ours", "theirs"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_mark_that_one_side_moved_and_the_other_reworded_is_both(
    is_ours: bool, keeps: str, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    lesson.turns[1].body.insert(0, WAS)

    def moves(tape: Recording) -> None:
        del tape.turns[1].body[0]
        tape.turns[0].before = [WAS]

    changes = [moves, asks_of_it(REWORDED)]
    path = merged(tmp_path, lesson, *changes[:: 1 if is_ours else -1], fails=True)
    tape, told = settled(path, keeps=keeps)
    assert [turn.notes for turn in tape.turns] == [[REWORDED], []]
    assert told == []


def names_it(name: str) -> Change:
    def change(tape: Recording) -> None:
        tape.turns[0].before = [Mark(name, "What?")]

    return change


def unmarks(tape: Recording) -> None:
    tape.turns[0].before = []


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
@pytest.mark.parametrize("is_ours", [True, False])
@pytest.mark.parametrize("ask", ["What?", None])
def test_a_mark_that_one_side_renamed_is_said_to_be_renamed(
    ask: str | None,
    is_ours: bool,
    side: str,
    lesson: Recording,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    lesson.turns[0].before = [Mark("guess", ask)]

    def renames(tape: Recording) -> None:
        tape.turns[0].before = [Mark("a guess", ask)]

    changes = [renames, answers_anew]
    path = merged(tmp_path, lesson, *changes[:: 1 if is_ours else -1], fails=True)
    assert main(["tape", "settle", side, str(path)]) == 0
    whose = "ours" if is_ours else "theirs, of the branch that comes in,"
    assert capsys.readouterr().out == (
        f"{path}: {whose} gave this another name: mark 'guess', now 'a guess'\n"
        f"{path}: 2 turns; git add tells git that it is settled\n"
    )
    assert read_tape(path).turns[0].notes == [Mark("a guess", ask)]


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
@pytest.mark.parametrize("change", [names_it("a guess"), unmarks, answers_anew])
def test_check_knows_that_a_tape_was_settled_whatever_theirs_changed(
    change: Change,
    side: str,
    lesson: Recording,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    names_it("guess")(lesson)
    ours = asks("Ours?", "A.") if change is answers_anew else answers("Ours anew.")
    path = merged(tmp_path, lesson, ours, change, fails=True)
    assert main(["tape", "check", str(path)]) == 0
    assert "before that, dari-local tape settle lesson.tape puts both" in capsys.readouterr().out
    for _ in range(2):
        assert main(["tape", "settle", side, str(path)]) == 0
        capsys.readouterr()
        assert main(["tape", "check", str(path)]) == 0
        assert capsys.readouterr().out.startswith(
            f"{path}: git has a conflict in it until git add, which tells git that it is settled\n"
        )


def answered_again(tape: Recording, text: str) -> None:
    asks("What is a closure?", text)(tape)


def expected(tape: Recording, text: str) -> None:
    tape.turns[0].line.metadata = {"expects": text}


def noted(tape: Recording, text: str) -> None:
    tape.turns[1].before = [Mark("guess", text)]


PUT_OTHERWISE: dict[str, tuple[Callable[[Recording, str], None], str]] = {
    "answer": (answered_again, "msg_1 of sess_1, 'What is a closure?'"),
    "metadata": (expected, "'expects' of msg_1 of sess_1, 'What is a closure?'"),
    "question": (noted, "mark 'guess', which asks 'Since?'"),
}


@pytest.mark.parametrize("first", [[], ["--ours"]])
@pytest.mark.parametrize("what", PUT_OTHERWISE)
def test_what_was_put_otherwise_since_the_conflict_is_not_written_over(
    what: str,
    first: list[str],
    lesson: Recording,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    put, name = PUT_OTHERWISE[what]
    put(lesson, "Before?")
    sides = (partial(put, text=text) for text in ("Ours?", "Theirs?"))
    path = merged(tmp_path, lesson, *sides, fails=True)
    if first:
        assert main(["tape", "settle", *first, str(path)]) == 0
    tape = read_tape(path)
    put(tape, "Since?")
    write_tape(tape, path)
    before = path.read_bytes()
    for keeps in ([], ["--theirs"]):
        capsys.readouterr()
        assert main(["tape", "settle", *keeps, str(path)]) == (0 if first else 1)
        told = capsys.readouterr().out
        loses = f"would lose it, as the other side has its own: {name}. Settle it with"
        assert ("it is taken as settled, and what is in it stays" if first else loses) in told
        assert path.read_bytes() == before
    assert main(["tape", "settle", "--ours", str(path)]) == 0
    assert b"Since?" in path.read_bytes()
    assert flaws_of(read_tape(path)) == []


def test_what_theirs_adds_beside_what_was_put_otherwise_since_is_settled(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    tape = read_tape(path)
    answered_again(tape, "Since.")
    expected(tape, "Since.")
    noted(tape, "Since?")
    write_tape(tape, path)
    tape = settle(path)
    assert texts(tape)[2:] == ["Ours?", "Theirs?"]
    assert path.read_text().count("Since.") == 2
    assert tape.turns[1].before == [Mark("guess", "Since?")]


@pytest.mark.parametrize("out", ["ours", "theirs"])
def test_a_mark_that_one_side_took_out_and_the_other_to_another_turn_is_named(
    out: str, lesson: Recording, tmp_path: Path
) -> None:
    noted(lesson, "What now?")

    def takes_out(tape: Recording) -> None:
        tape.turns[1].before = []
        asks("Out?", "A.")(tape)

    def moves(tape: Recording) -> None:
        tape.turns[0].before, tape.turns[1].before = tape.turns[1].before, []
        asks("Moved?", "B.")(tape)

    sides = (takes_out, moves) if out == "ours" else (moves, takes_out)
    path = merged(tmp_path, lesson, *sides, fails=True)
    tape, told = settled(path)
    assert tape.turns[0].before == [Mark("guess", "What now?")]
    whose = "ours" if out == "ours" else "theirs, of the branch that comes in,"
    stays = "took this out, and it stays, as the other side changed it: mark 'guess'"
    assert f"{whose} {stays}" in told


def one_more(tape: Recording) -> None:
    """Theirs: an answer, what is known of a turn, one more, a question and a comment."""
    answers_as_theirs(tape)
    tape.turns[1].line.metadata = {"expects": "Theirs"}
    asks("Theirs?", "B.")(tape)
    tape.turns[0].before = [Comment("# theirs"), Mark("of theirs", "How?")]


def has_all_of_theirs(tape: Recording) -> bool:
    """Whether a tape has what ``one_more`` makes."""
    notes = [note for note in noted_of(tape) if note != Comment("# ours")]
    return (
        texts(tape)[2:] == ["Theirs?"]
        and tape.turns[0].events[0].data == said("Theirs.")[1]
        and tape.turns[1].line.metadata == {"expects": "Theirs"}
        and notes == [Comment("# theirs"), Mark("of theirs", "How?")]
    )


def noted_of(tape: Recording) -> list[Note]:
    return [note for turn in tape.turns for note in turn.notes]


def answers_as_theirs(tape: Recording) -> None:
    asks("What is a closure?", "Theirs.")(tape)


def takes_one_turn_of_theirs(tape: Recording) -> None:
    asks("Theirs?", "B.")(tape)


def asks_as_before(tape: Recording) -> None:
    tape.turns[0].before = []


@pytest.mark.parametrize("edit", [answers_as_theirs, takes_one_turn_of_theirs, asks_as_before])
def test_what_was_made_as_theirs_by_hand_is_not_taken_as_settled(
    edit: Change, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def ours(tape: Recording) -> None:
        tape.turns[0].before = [Comment("# ours")]

    path = merged(tmp_path, lesson, ours, one_more, fails=True)
    tape = read_tape(path)
    edit(tape)
    write_tape(tape, path)
    settle(path)
    assert has_all_of_theirs(read_tape(path))
    assert is_settled_for_good(path)


def test_a_file_that_git_wrote_anew_is_settled_anew_with_what_came_since(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, lesson, asks("Ours?", "A."), one_more, fails=True)
    settle(path)
    git(tmp_path, "checkout", "--merge", "lesson.tape")
    recorded_later(path)
    settle(path)
    assert texts(read_tape(path))[2:] == ["Ours?", "Later?", "Theirs?"]


def renamed(tape: Recording) -> None:
    tape.turns[0].before = [Mark("by hand", "How?")]


def moved(tape: Recording) -> None:
    tape.turns[1].before, tape.turns[0].before = tape.turns[0].before, []


@pytest.mark.parametrize("edit", [renamed, moved])
def test_a_note_of_theirs_that_is_changed_once_settled_stays_as_it_is(
    edit: Change, lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def theirs(tape: Recording) -> None:
        tape.turns[0].before = [Mark("of theirs", "How?")]

    path = merged(tmp_path, lesson, asks("Ours?", "A."), theirs, fails=True)
    tape = settle(path)
    edit(tape)
    write_tape(tape, path)
    assert is_settled_for_good(path)
    assert len(noted_of(read_tape(path))) == 1


def test_who_takes_theirs_whole_is_told_what_is_gone_of_ours(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    git(tmp_path, "checkout", "--theirs", "lesson.tape")
    told = settled(path)[1]
    assert "this is on one side, and not in the file: msg_1 of sess_2, 'Ours?'" in told
    assert texts(read_tape(path))[2:] == ["Theirs?"]


@pytest.mark.parametrize("what", PUT_OTHERWISE)
def test_what_both_made_new_one_of_them_since_the_conflict_is_not_written_over(
    what: str, lesson: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)

    def puts(text: str) -> Change:
        def change(tape: Recording) -> None:
            asks("Theirs?", text if what == "answer" else "B.")(tape)
            turn = tape.turns[-1]
            turn.line.metadata = {"expects": text if what == "metadata" else "B."}
            turn.before = [Mark("guess", text if what == "question" else "B?")]

        return change

    path = merged(tmp_path, lesson, asks("Ours?", "A."), puts("Theirs."), fails=True)
    tape = read_tape(path)
    puts("Since.")(tape)
    write_tape(tape, path)
    before = path.read_bytes()
    assert main(["tape", "settle", str(path)]) == 1
    assert "would lose it, as the other side has its own: " in capsys.readouterr().out
    assert path.read_bytes() == before
    assert main(["tape", "settle", "--ours", str(path)]) == 0
    assert b"Since." in path.read_bytes()
    assert "Ours?" in texts(read_tape(path))


def test_what_is_cut_off_of_a_file_since_the_conflict_is_named(
    lesson: Recording, tmp_path: Path
) -> None:
    (tmp_path / ".gitattributes").write_text(LEFT_ALONE)
    path = merged(tmp_path, lesson, asks("Ours?", "A."), asks("Theirs?", "B."), fails=True)
    tape = read_tape(path)
    tape.turns.pop()
    write_tape(tape, path)
    told = settled(path)[1]
    assert "this is on one side, and not in the file: msg_1 of sess_2, 'Ours?'" in told
