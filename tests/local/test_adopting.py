"""What was recorded, and what became of it when it was adopted, in whichever order."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

import dari_nb as dari
from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError, TurnFailedError
from dari_nb.local import LocalDari
from dari_nb.models import UserMessageItem
from dari_nb.resources import Dari
from dari_nb.tapes import Mark, Tape, flaws_of, read_tape
from dari_nb.tapes.tape import Mode
from dari_nb.tapes.words import outcome_text

WAITS = (
    r"^msg_6 of sess_2 waits to be adopted and would go: adopt or reject it first, or let it go "
    r"with replace\(rest=True\)\.$"
)


def record(path: Path, prompts: str, answer: str = "{}!", mode: Mode | None = None) -> None:
    """Ask prompts in a session."""
    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:
        server.agent("shop")(lambda prompt: answer.format(prompt))
        with Dari(server.url, server.api_key, server) as d:
            session = d.agents["shop"].start()
            for prompt in prompts.split():
                session.send(prompt).wait()


def on(path: Path, *, after: Sequence[str] = ()) -> list[str]:
    """The sessions of a sound tape, with what was asked in each; what waits has a question mark.

    Those named by ``after`` go on from answers that were replaced.
    """
    tape = read_tape(path)
    flaws = [str(flaw) for flaw in flaws_of(tape)]
    assert all("goes on from another answer" in flaw for flaw in flaws)
    assert len(flaws) == len(after)
    assert all(name in flaw for name, flaw in zip(after, flaws, strict=True))
    sessions: dict[str, list[str]] = {}
    for turn in tape.turns:
        asked = f"{turn.line.asked}{'?' * turn.line.new}"
        sessions.setdefault(turn.line.session, []).append(asked)
    return [" ".join(asked) for asked in sessions.values()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.tape"
    record(path, "one two three four five")
    return path


def test_what_waits_behind_a_turn_that_is_replaced_goes_only_when_told_so(path: Path) -> None:
    record(path, "one two three four five six")
    record(path, "one two THREE four five")
    before = path.read_bytes()
    review = Tape(path).review()
    assert review[1].replaces == 3
    refusals: list[Callable[[], str]] = [review[1].replace, review[3].replace, review.replace]
    for replace in refusals:
        with pytest.raises(InvalidRequestError, match=WAITS):
            replace()
    assert path.read_bytes() == before
    said = "3 turns replaced, 1 turn rejected."
    assert review.replace(rest=True) == said
    assert on(path) == ["one two THREE four five"]
    path.write_bytes(before)
    assert Tape(path).review()[1].replace(rest=True) == said
    assert on(path) == ["one two THREE four five"]


def test_what_goes_on_from_nothing_is_not_adopted(path: Path) -> None:
    record(path, "one two three four five six")
    lines = path.read_bytes().splitlines(keepends=True)
    fifth = next(n for n, line in enumerate(lines) if b'"turn":"msg_5"' in line)
    sixth = next(n for n, line in enumerate(lines) if b'"turn":"msg_6"' in line)
    path.write_bytes(b"".join([*lines[:fifth], *lines[sixth:]]))
    review = Tape(path).review()
    for adopt in (review.adopt, review[0].adopt, review.replace, review[0].replace):
        with pytest.raises(
            InvalidRequestError,
            match=r"^msg_6 of sess_2 goes on from a turn that is not on the tape, so it would",
        ):
            adopt()
    assert review[0].reject() == "1 turn rejected."
    assert on(path) == ["one two three four"]


def test_of_two_versions_the_second_replaces_what_it_was_shown_beside(path: Path) -> None:
    record(path, "one two THREE four five")
    record(path, "one two THIRD four five")
    review = Tape(path).review()
    assert review[0].adopt() == "1 turn adopted."
    before = path.read_bytes()
    assert review[3].replace() == "3 turns replaced."
    assert on(path) == ["one two THIRD four five", "THREE four? five?"]
    path.write_bytes(before)
    third = Tape(path).review()[2]
    with pytest.raises(
        InvalidRequestError, match=r"^msg_4, msg_5 of sess_2 wait to be adopted and"
    ):
        third.replace()
    assert third.replace(rest=True) == "1 turn replaced, 2 turns adopted, 2 turns rejected."
    assert on(path) == ["one two three four five", "THIRD four five"]


def test_of_two_that_go_on_from_each_other_the_first_is_put_in_place_first(path: Path) -> None:
    record(path, "one two three FOUR")
    record(path, "one two THREE four five")
    with pytest.raises(InvalidRequestError, match=r"^msg_4 of sess_2 waits to be adopted"):
        Tape(path).review().replace()
    review = Tape(path).review()
    assert review.replace(rest=True) == "3 turns replaced, 1 turn rejected."
    assert on(path) == ["one two THREE four five"]


def test_what_is_recorded_again_is_not_adopted_as_it_was_before(path: Path) -> None:
    record(path, "one TWO three", "{} of yesterday")
    written = path.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(written) if '"asked":"TWO"' in line)
    written.insert(at, '{"mark":"guess","ask":"What now?"}\n')
    path.write_text("".join(written))
    record(path, "zero", mode="record")
    for _ in range(2):
        record(path, "one TWO", "{} of today", mode="record")
        stale = ["'two'", "'three'"]
        assert on(path, after=stale) == ["one two three four five", "TWO three?", "zero"]
    with pytest.raises(InvalidRequestError, match="msg_3 of sess_2 goes on from another answer"):
        Tape(path).review().adopt()
    assert Tape(path).review().reject() == "1 turn rejected."
    tape = read_tape(path)
    turn = next(turn for turn in tape.turns if turn.line.asked == "TWO")
    assert outcome_text(turn) == "TWO of today"
    assert turn.notes == [Mark("guess", ask="What now?")]


def without(path: Path, *asked: str) -> None:
    """Take turns out of the file, as people do by hand."""
    lines, kept = path.read_text().splitlines(keepends=True), True
    left = []
    for line in lines:
        if line.startswith('{"turn"'):
            kept = not any(f'"asked":"{one}"' in line for one in asked)
        if kept or line.startswith('{"scrubbed"'):
            left.append(line)
    path.write_text("".join(left))


def asked_in(path: Path) -> list[str]:
    """What was asked in each run of a tape, and in each conversation of its player."""
    runs = [
        [one.text for one in run.items if isinstance(one, UserMessageItem)]
        for run in dari.Transcript.from_file(path)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        player = dari.Tape(path).view()
    static = player._presentation.subject.static_output()["text/plain"]
    player.close()
    parts = re.split(r"(?m)^.*recorded · session.*$", static)[1:]
    shown = [re.findall(r"(?m)^(one|two|three|four|five)$", part) for part in parts]
    return [" ".join(asked) for asked in [*runs, *shown]]


@pytest.mark.parametrize("gone", [["two"], ["three", "four"]])
def test_a_turn_that_was_taken_out_and_asked_again_makes_its_conversation_whole(
    path: Path, gone: list[str]
) -> None:
    without(path, *gone)
    record(path, "one two three four five")
    review = Tape(path).review()
    after = {"two": "msg_3", "four": "msg_5"}[gone[-1]]
    assert f"; {after} of sess_1 goes on from it: {gone[-1]}" in repr(review[-1])
    review.adopt()
    assert on(path) == ["one two three four five"]
    assert asked_in(path) == ["one two three four five"] * 2


def test_what_goes_on_from_another_session_is_shown_as_no_conversation_that_never_was(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without(path, "three")
    record(path, "one two three")
    path.write_text(path.read_text().replace('"new":true,', ""))
    assert on(path) == ["one two four five", "three"]
    runs = ["one two", "one two three", "one two three four five"]
    assert asked_in(path) == [*runs, "one two", "three", "four five"]
    assert main(["tape", "show", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [lines[at - 2] for at, line in enumerate(lines) if "goes on from msg_3" in line]
    assert found == ["  msg_4 shop: four"]


FALLS_SHORT = (
    "msg_2 of sess_2 did not complete, and msg_2 of sess_1 came further: what decides on all "
    "at once leaves it waiting, with what belongs to it. Adopt, replace or reject it by itself."
)


def record_short(path: Path, prompts: str, short: str, how: str, mode: Mode = "record") -> None:
    """Ask prompts in a session, of which one fails, is cancelled or is cut off."""
    begun, goes_on = Event(), Event()

    def shop(prompt: str) -> str:
        if prompt == short:
            begun.set()
            if how == "failed":
                raise RuntimeError("boom")
            goes_on.wait(30)
        return f"{prompt}!"

    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:
        server.agent("shop")(shop)
        with Dari(server.url, server.api_key, server) as d:
            session = d.agents["shop"].start()
            for prompt in prompts.split():
                turn = session.send(prompt)
                if prompt == short:
                    begun.wait(30)
                    if how == "cut off":
                        server.eject()
                    elif how == "cancelled":
                        turn.cancel()
                    goes_on.set()
                turn.wait()


@pytest.mark.parametrize("decision", ["adopt", "replace"])
@pytest.mark.parametrize("how", ["failed", "cancelled", "cut off"])
def test_deciding_on_all_at_once_loses_no_answer_for_one_that_came_to_less(
    path: Path, how: str, decision: str, caplog: pytest.LogCaptureFixture
) -> None:
    record_short(path, "one two three four five", "two", how)
    assert "so what was recorded stays: msg_2 of sess_1, 'two'." in caplog.text
    record(path, "one two three FOUR")
    review = Tape(path).review()
    assert review[0].effect.endswith(FALLS_SHORT)
    left = len(review) - 1
    told = getattr(review, decision)(**({"rest": True} if decision == "replace" else {}))
    done = "1 turn replaced, 1 turn taken off" if decision == "replace" else "1 turn adopted"
    assert told.startswith(f"{done}. ")
    waiting = "1 turn" if left == 1 else f"{left} turns"
    assert told.endswith(f" {waiting} left waiting: {FALLS_SHORT}")
    tape = read_tape(path)
    kept = [outcome_text(turn) for turn in tape.turns if not turn.line.new][:3]
    assert kept == ["one!", "two!", "three!"]
    before = path.read_bytes()
    with pytest.raises(InvalidRequestError, match=f"^{re.escape(FALLS_SHORT)}$"):
        getattr(Tape(path).review(), decision)()
    assert path.read_bytes() == before


def test_what_failed_again_and_again_takes_no_answer_along(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for how in ("failed", "cancelled", "cut off"):
        caplog.clear()
        record_short(path, "one two three", "two", how)
        assert "so what was recorded stays: msg_2 of sess_1, 'two'." in caplog.text
    asked: list[str] = []
    with LocalDari(tape=Tape(path, speed="instant")) as server:
        server.agent("shop")(asked.append)
        with Dari(server.url, server.api_key, server) as d:
            session = d.agents["shop"].start()
            texts = [
                session.send(prompt).text for prompt in ["one", "two", "three", "four", "five"]
            ]
    assert (texts, asked) == (["one!", "two!", "three!", "four!", "five!"], [])
    before = path.read_bytes()
    with pytest.raises(InvalidRequestError, match="msg_2 of sess_1 came further"):
        Tape(path).review().replace()
    assert path.read_bytes() == before


def test_what_goes_on_from_the_recorded_answer_is_put_in_place_without_one_that_waits(
    path: Path,
) -> None:
    record_short(path, "one two three four five", "two", "failed")
    record(path, "one two THREE four five")
    (changed,) = [one for one in Tape(path).review() if one.asked == "THREE"]
    assert changed.effect == (
        "replace() puts msg_3, msg_4, msg_5 of sess_3 in the place of msg_3, msg_4, msg_5 of "
        "sess_1."
    )


def test_one_that_came_to_less_takes_the_place_by_itself_with_what_goes_on_from_it(
    path: Path,
) -> None:
    record_short(path, "one two three four five", "two", "failed")
    whole = path.read_bytes()
    review = Tape(path).review()
    assert review[0].effect.startswith(
        "replace() puts msg_2, msg_3, msg_4, msg_5 of sess_2 in the place of msg_2, msg_3, msg_4, "
        "msg_5 of sess_1. "
    )
    assert (review[0].replaces, review[0].loses) == (4, 0)
    assert review[0].replace() == "4 turns replaced."
    assert on(path) == ["one two three four five"]
    assert outcome_text(read_tape(path).turns[1]) == "failed: RuntimeError: boom"
    path.write_bytes(whole)
    review = Tape(path).review()
    assert review[0].reject() == "4 turns rejected."
    assert [one.decided for one in review] == ["rejected"] * 4
    assert on(path) == ["one two three four five"]
    assert outcome_text(read_tape(path).turns[1]) == "two!"


def playing(path: Path, *conversations: str) -> list[list[str]]:
    """What plays for prompts, each conversation in a session of its own."""
    told = []
    with LocalDari(tape=Tape(path, mode="play", speed="instant")) as server:
        server.agent("shop")(lambda prompt: f"asked live: {prompt}")
        with Dari(server.url, server.api_key, server) as d:
            for prompts in conversations:
                session, answers = d.agents["shop"].start(), list[str]()
                for prompt in prompts.split():
                    turn = session.send(prompt)
                    with suppress(TurnFailedError):
                        turn.wait()
                    is_answered = turn.status == "completed"
                    answers.append(turn.text if is_answered else str(turn.status))
                told.append(answers)
    return told


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_who_keeps_both_keeps_the_answer_beside_the_failure_that_others_go_on_from(
    tmp_path: Path, how: str, at: int
) -> None:
    path = tmp_path / "v.tape"
    record(path, "v")
    record_short(path, "v w", "v", how)
    review = Tape(path).review()
    count = at + 1
    assert [one.adopts for one in review] == [1, 2]
    assert review[at].adopt() == f"{count} turn{'s' * at} adopted."
    assert review[at].decided == review[0].decided == "adopted"
    assert on(path) == ["v", "v w" if at else "v w?"]
    tape = read_tape(path)
    assert (outcome_text(tape.turns[0]), tape.turns[0].line.take) == ("v!", 1)
    assert tape.turns[1].line.take == 2
    assert playing(path, "v", *["v w"] * at)[0] == ["v!"]
    if at:
        assert playing(path, "v", "v w")[1] == [how, "w!"]


def test_no_failure_takes_an_answers_place_by_a_turn_that_goes_on_from_it(path: Path) -> None:
    record_short(path, "one two three", "two", "failed")
    whole = path.read_bytes()
    review = Tape(path).review()
    assert review[1].effect == f"No replace() here. {FALLS_SHORT}"
    with pytest.raises(InvalidRequestError, match=f"^{re.escape(FALLS_SHORT)}$"):
        review[1].replace(rest=True)
    assert path.read_bytes() == whole


def test_what_a_cancelled_turn_replaces_is_said_before_as_it_is_done(path: Path) -> None:
    """The first answer is another now, so that the recorded ones behind it play no more."""
    without(path, "four", "five")
    begun, goes_on = Event(), Event()

    def shop(prompt: str) -> str:
        if prompt == "two":
            begun.set()
            goes_on.wait(30)
        return f"{prompt} anew"

    with LocalDari(tape=Tape(path, mode="record", speed="instant")) as server:
        server.agent("shop")(shop)
        with Dari(server.url, server.api_key, server) as d:
            session = d.agents["shop"].start()
            session.send("one").wait()
            turn = session.send("two")
            begun.wait(30)
            turn.cancel()
            goes_on.set()
            turn.wait()
            session.send("so").wait()
    before = path.read_bytes()
    cancelled, _ = review = Tape(path).review()
    assert (cancelled.replaces, cancelled.loses, cancelled.adopts) == (2, 0, 1)
    assert cancelled.effect.startswith(
        "replace() puts msg_2, msg_3 of sess_2 in the place of msg_2, msg_3 of sess_1."
    )
    assert cancelled.replace() == "2 turns replaced."
    assert on(path) == ["one two so"]
    path.write_bytes(before)
    review = Tape(path).review()
    assert review[1].adopt() == "2 turns adopted."
    assert playing(path, "one two so") == [["one anew", "cancelled", "so anew"]]
    asked = [(turn.line.asked, turn.line.take) for turn in read_tape(path).turns]
    assert asked == [("one", 1), ("two", 1), ("three", 1), ("two", 2), ("so", 1)]
