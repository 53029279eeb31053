"""Tapes that people edited, with what ``dari-local tape`` says of them and does about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import TapeMissError
from dari_nb.local import Draft, LocalDari, NewAttempt, ToolCall, ToolResult
from dari_nb.resources import Dari
from dari_nb.tapes import Tape

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
Run = Callable[..., tuple[int, str]]
GONE = (
    "what it was asked behind is gone from its session, or has another answer in another one, and "
    "nothing tells which"
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def typed(*words: str) -> tuple[int, str]:
        # What took long before was told, too.
        capsys.readouterr()
        status = main(["tape", *words])
        told = capsys.readouterr()
        return status, told.out + told.err

    return typed


class Edited:
    """A tape as an editor has it: turns by their session and place in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        parts = list[list[str]]([[]])
        for line in path.read_text().splitlines(keepends=True):
            if line.startswith(('{"turn"', '{"scrubbed"')):
                parts.append([])
            parts[-1].append(line)
        self.head, *self.turns, self.tail = parts

    def __getitem__(self, place: tuple[int, int]) -> list[str]:
        session, turn = (f'"{kind}_{n}"' for kind, n in zip(("sess", "msg"), place, strict=True))
        [found] = [one for one in self.turns if turn in one[0] and f'"session":{session}' in one[0]]
        return found

    def change(self, place: tuple[int, int], old: str, new: str) -> None:
        turn = self[place]
        assert old in "".join(turn)
        turn[:] = [line.replace(old, new) for line in turn]

    def take_out(self, place: tuple[int, int]) -> None:
        turn = self[place]
        self.turns = [one for one in self.turns if one is not turn]

    def write(self) -> None:
        turns = [line for turn in self.turns for line in turn]
        self.path.write_text("".join([*self.head, *turns, *self.tail]))


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edited:
    """Two sessions that begin alike: the first goes on, and a fork goes on from that."""
    monkeypatch.chdir(tmp_path)
    path, begun, gate, numbers = tmp_path / "lesson.tape", Event(), Event(), count(1)

    def together(prompt: str) -> str:
        number = next(numbers)
        begun.set()
        if number == 1:
            gate.wait()
        return f"A{number} to {prompt}"

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("helper")(together)
        turn = d.agents["helper"].send("q1")
        begun.wait()
        second = d.agents["helper"].send("q1").wait().session
        gate.set()
        first = turn.wait().session
        for session, prompt in ((first, "q2"), (second, "q2"), (first, "q3")):
            session.send(prompt).wait()
        first.fork().send("q4").wait()
    return Edited(path)


def played(path: Path, *conversations: Iterable[str]) -> list[list[str]]:
    """What is answered to each conversation, one after another, up to what is missing."""
    answers = list[list[str]]()
    tape = Tape(path, mode="play", speed="instant")
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        for prompts in conversations:
            answers.append([])
            at = d.agents["helper"]
            for prompt in prompts:
                try:
                    turn = at.send(prompt).wait()
                except TapeMissError:
                    answers[-1].append("missing")
                    break
                answers[-1].append(turn.text)
                at = turn.session
    return answers


def runs_of(text: str) -> list[list[str]]:
    lines = [json.loads(line) for line in text.split("\n") if line.startswith("{")]
    return [[message["content"] for message in line["messages"]] for line in lines]


def test_what_was_asked_behind_a_turn_that_was_taken_out_goes_on_from_no_other_conversation(
    lesson: Edited, run: Run
) -> None:
    lesson.take_out((1, 2))
    lesson.write()
    status, told = run("check", "lesson.tape")
    assert status == 1
    assert "'q3' goes on from another answer than those that stand before it" in told
    assert f"and ask it again; {GONE}\n" in told
    assert "keys --answers" not in told
    before = lesson.path.read_bytes()
    status, told = run("keys", "--answers", "lesson.tape")
    assert status == 0
    assert told == (
        "lesson.tape: all keys are right\n"
        "lesson.tape: 1 turn goes on from what is gone from its session, or has another answer in "
        "another one, and nothing tells which: msg_3 of sess_1, 'q3'; take it out, or ask it again "
        "behind the right one\n"
    )
    assert lesson.path.read_bytes() == before
    assert all("q3" not in run for run in runs_of(run("runs", "lesson.tape")[1]))
    lesson.take_out((1, 3))
    lesson.take_out((3, 4))
    lesson.write()
    assert run("check", "lesson.tape")[0] == 0


def test_what_was_asked_behind_an_opening_that_was_taken_out_is_left_alone_too(
    lesson: Edited, run: Run
) -> None:
    lesson.take_out((1, 1))
    lesson.write()
    told = run("check", "lesson.tape")[1]
    assert GONE in told
    assert "keys --answers" not in told
    told = run("keys", "--answers", "lesson.tape")[1]
    assert "nothing tells which: msg_2 of sess_1, 'q2'; take it out" in told
    assert "count from now on" not in told
    assert run("check", "lesson.tape")[0] == 1


def test_behind_what_turns_count_after_an_answer_was_changed_is_told_with_each(
    lesson: Edited, run: Run
) -> None:
    lesson.change((1, 1), "A1 to", "A better one to")
    lesson.write()
    status, told = run("check", "lesson.tape")
    assert status == 1
    assert "has dari-local tape keys --answers take what stands there now" in told
    assert GONE not in told
    expected = (
        "lesson.tape: 3 turns had been recorded behind other answers than those that stand there "
        "now, which count from now on: msg_2 of sess_1, 'q2' behind msg_1 of sess_1; msg_3 of "
        "sess_1, 'q3' behind msg_2 of sess_1; msg_4 of sess_3, 'q4' behind msg_3 of sess_1"
    )
    assert run("keys", "--answers", "lesson.tape")[1].splitlines()[1:] == [expected]
    assert run("check", "lesson.tape")[0] == 0
    [answers] = played(lesson.path, ["q1", "q2", "q3", "q4"])
    assert answers[0] == "A better one to q1"
    assert answers[3].endswith("to q4")


def test_turns_are_named_as_the_tape_names_them_afterwards(lesson: Edited, run: Run) -> None:
    lesson.turns = [
        lesson[2, 1],
        lesson[2, 2],
        *(one for one in lesson.turns if "sess_2" not in one[0]),
    ]
    lesson.change((2, 1), " to q1", ", better, to q1")
    lesson.write()
    told = run("keys", "--answers", "lesson.tape")[1]
    assert "count from now on: msg_2 of sess_1, 'q2' behind msg_1 of sess_1\n" in told
    assert "  msg_2 helper, answer 2: q2" in run("show", "lesson.tape")[1].split("sess_2")[0]


def saying(steps: Iterable[object], prompt: str) -> Generator[object, object, None]:
    for step in steps:
        _ = yield step  # which is sent back for a call


def drafting(path: Path, **agents: Iterable[object]) -> Edited:
    """A tape of agents that say these steps."""
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        for name, steps in agents.items():
            server.agent(name)(partial(saying, steps))
            d.agents[name].send("Where is it?").wait()
    return Edited(path)


def test_drafts_of_an_answer_that_was_changed_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    pieces = [Draft("It is in the shop of "), Draft("Ann Bee."), "It is in the shop of Ann Bee."]
    edited = drafting(tmp_path / "drafts.tape", shop=pieces)
    whole = "drafts.tape: 1 turn, nothing is wrong\n"
    assert run("check", "drafts.tape") == (0, whole)
    edited.change((1, 1), "in the shop of Ann Bee.", "in the shop.")
    edited.write()
    remark = (
        "drafts.tape: msg_1 of sess_1, 'Where is it?': its drafts on lines 5 to 6 say something "
        "else than its answer, and are shown while it plays; who has changed the answer by hand "
        "takes them out\n"
    )
    assert run("check", "drafts.tape") == (0, remark + whole)
    [turn] = edited.turns
    turn[:] = [line for line in turn if '"draft"' not in line]
    edited.write()
    assert run("check", "drafts.tape") == (0, whole)
    assert "Ann Bee" not in edited.path.read_text()


def test_drafts_are_named_of_an_answer_without_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    said = "首都是悉尼而且它非常大"
    edited = drafting(tmp_path / "drafts.tape", shop=[*map(Draft, said), said])
    edited.change((1, 1), "悉尼而且", "堪培拉而且")
    edited.write()
    assert "its drafts on lines 5 to 15 say something else" in run("check", "drafts.tape")[1]


def test_no_drafts_are_named_as_agents_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    secret = "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4"
    told = drafting(
        tmp_path / "drafts.tape",
        begins=[Draft("It is "), "It is here, I think."],
        spaced=[Draft("one "), Draft("two "), "one two"],
        another=[Draft("Let me look in the shop first. "), "It is not there."],
        again=[Draft("It is h"), NewAttempt("busy"), Draft("It is here"), ".", "It is here."],
        anew=[Draft("It was"), Draft("It is", restart=True), Draft(" here"), "It is here"],
        calls=[
            Draft("I look for it"),
            ToolCall("look", {}),
            ToolResult(1),
            Draft("It is"),
            "It is here.",
        ],
        tells=[
            Draft(f"It is {secret[:9]}"),
            Draft(f"{secret[9:]} so far"),
            f"It is {secret} so far",
        ],
        stays=[Draft("It is "), Draft("here")],
    )
    assert '"failed"' not in told.path.read_text()
    assert run("check", "drafts.tape") == (0, "drafts.tape: 8 turns, nothing is wrong\n")


@pytest.mark.parametrize("tape", sorted(NOTEBOOKS.glob("*.tape")), ids=lambda tape: tape.name)
def test_no_drafts_of_the_recordings_in_notebooks_are_named(tape: Path, run: Run) -> None:
    assert "drafts on" not in run("check", str(tape))[1]


def swap(edited: Edited) -> None:
    """The answers to the same question of two sessions, one for the other."""
    for place, old, new in (((1, 1), "A1", "A-"), ((2, 1), "A2", "A1"), ((1, 1), "A-", "A2")):
        edited.change(place, f"{old} to q1", f"{new} to q1")


def test_what_a_whole_lesson_does_not_come_to_is_named(lesson: Edited, run: Run) -> None:
    whole = "lesson.tape: 6 turns, nothing is wrong\n"
    assert run("check", "lesson.tape") == (0, whole)
    swap(lesson)
    lesson.write()
    told = run("check", "lesson.tape")[1]
    assert (
        "lesson.tape: msg_3 of sess_1, 'q3', plays only for who asks 'q1' again: who asks it once "
        "gets msg_1 of sess_1 on line 3, from which it does not come to that; take that out, with "
        "what goes on from it, if it is not wanted\n"
    ) in told
    way = ["q1", "q2", "q3", "q4"]
    first, again = played(lesson.path, way, way)
    assert first == ["A2 to q1", "A4 to q2", "missing"]
    assert [answer[:2] for answer in again] == ["A1", "A3", "A5", "A6"]
    lesson.take_out((1, 1))
    lesson.take_out((2, 2))
    lesson.write()
    assert "plays only" not in run("check", "lesson.tape")[1]
    assert "missing" not in played(lesson.path, way)[0]


def test_what_no_asking_again_comes_to_is_named_with_what_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    path, begun, gate, numbers = tmp_path / "fork.tape", Event(), Event(), count(1)

    def helper(prompt: str) -> str:
        number = next(numbers)
        if number == 2:
            begun.set()
            gate.wait()
        return f"A{number} to {prompt}"

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("helper")(helper)
        session = d.agents["helper"].send("q1").wait().session
        fork = session.fork()
        turn = session.send("q2")
        begun.wait()
        fork.send("q2").wait()
        gate.set()
        turn.wait()
        fork.send("q3").wait()
    remark = (
        "fork.tape: msg_3 of sess_2, 'q3', does not play for who asks all in one session, and asks "
        "'q2' in no fork(), too: that gets msg_2 of sess_1 on line 7, from which nothing goes on; "
        "take that out if it is not wanted\n"
    )
    assert run("check", "fork.tape") == (0, f"{remark}fork.tape: 4 turns, nothing is wrong\n")
    assert played(path, ["q1", "q2"], ["q1", "q2"]) == [["A1 to q1", "A2 to q2"]] * 2
    tape = Tape(path, mode="play", speed="instant")
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        session = d.agents["helper"].send("q1").wait().session
        fork = session.fork()
        session.send("q2").wait()
        assert fork.send("q2").wait().session.send("q3").wait().text == "A4 to q3"
    edited = Edited(path)
    edited.take_out((1, 2))
    edited.write()
    assert "does not play" not in run("check", "fork.tape")[1]
    assert played(path, ["q1", "q2", "q3"]) == [["A1 to q1", "A3 to q2", "A4 to q3"]]


def test_nothing_that_was_just_corrected_is_named_to_be_taken_out(lesson: Edited, run: Run) -> None:
    lesson.change((1, 1), "A1 to", "A better one to")
    lesson.write()
    [told] = run("check", "lesson.tape")[1].splitlines()
    assert "keys --answers" in told
    assert run("keys", "--answers", "lesson.tape")[0] == 0
    assert run("check", "lesson.tape") == (0, "lesson.tape: 6 turns, nothing is wrong\n")


def test_a_turn_that_stands_twice_has_no_session_of_its_own(lesson: Edited, run: Run) -> None:
    copy = lesson[1, 2]
    lesson.turns.append([copy[0].replace("sess_1", "sess_2").replace("msg_2", "msg_3"), *copy[1:]])
    lesson.write()
    status, told = run("check", "lesson.tape")
    assert status == 1
    assert "is the same answer to the same: only this one plays; take one of both out" in told
    assert "begins anew" not in told


def test_what_closes_a_tape_that_was_cut_off_is_said(lesson: Edited, run: Run) -> None:
    tail, lesson.tail = lesson.tail, []
    lesson.write()
    status, told = run("check", "lesson.tape")
    assert status == 1
    assert "or put " + "".join(tail).strip() + " there" in told
    lesson.tail = tail
    lesson.write()
    assert run("check", "lesson.tape")[0] == 0


def test_a_repetition_of_a_batch_that_was_taken_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "batch.tape"
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        d.batches.run("echo", ["one", "two"], repeats=2).wait()
    assert run("check", "batch.tape") == (0, "batch.tape: 4 turns, nothing is wrong\n")
    edited = Edited(path)
    [first] = [
        one for one in edited.turns if '"asked":"one"' in one[0] and '"repeat":"0"' in one[0]
    ]
    edited.turns = [one for one in edited.turns if one is not first]
    edited.write()
    status, told = run("check", "batch.tape")
    assert status == 0
    assert (
        "'one', is repetition 1 of a batch, and of repetition 0 there is none, which is missing "
        "where a batch asks it: ask it again, or take that out\n"
    ) in told
    assert "'two'" not in told
