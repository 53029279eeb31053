"""Conversations that begin alike and part: on a tape, none has the places of another's turns."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from dari_nb.local import LocalDari
from dari_nb.tapes import Tape, flaws_of, read_tape

from .conftest import Caller, Calling, until

_SAID = "assistant.message_completed"


class Moody:
    """An agent that numbers its answers, repeats one, fails or hangs as it is told.

    It waits at its gate.
    """

    def __init__(self) -> None:
        self.does, self.gate = "answer", Event()
        self.gate.set()
        self.began: list[str] = []
        self.numbers = count(1)

    async def __call__(self, prompt: str) -> str:
        does, number = self.does, next(self.numbers)
        self.began.append(prompt)
        while does == "hang" or not self.gate.is_set():
            await asyncio.sleep(0.002)
        if does == "fail":
            raise RuntimeError(f"broken {number}")
        if does == "repeat":
            return f"{prompt} again"
        return f"{prompt} {number}"


def answer(caller: Caller, session: str) -> str:
    """What a session was answered last; how its last turn ended, if with no answer."""
    last = caller.messages(session)[-1]
    is_answered = last["status"] == "completed"
    return str(last["output"]["parts"][0]["text"] if is_answered else last["status"])


class Course:
    """Sessions on a server with a tape.

    Args:
        server: The server.
        agent: Who is asked.
        caller: Calls the server.
    """

    def __init__(self, server: LocalDari, agent: Moody, caller: Caller) -> None:
        server.agent("moody")(agent)
        self.server, self.agent, self.caller = server, agent, caller

    def begin(self) -> str:
        return self.caller.create("moody")

    def ask(self, session: str, prompt: str, does: str = "answer") -> str:
        """Ask, and wait for the end; who hangs is cancelled."""
        self.agent.does = does
        before = len(self.agent.began)
        message = self.caller.send(session, prompt)["message"]["id"]
        if does == "hang":
            self._begins_or_plays(before, message)
            body = {"type": "message.cancel_requested", "message_id": message}
            self.caller.http.post(f"/sessions/{session}/events", json=body)
        self.caller.finished(message)
        return answer(self.caller, session)

    def _begins_or_plays(self, before: int, message: str) -> None:
        ended = ("completed", "failed")
        until(
            lambda: self.caller.get(f"/messages/{message}")["status"],
            lambda status: len(self.agent.began) > before or status in ended,
        )

    def starts(self, session: str, prompt: str) -> str:
        """Ask, and let it run; returns the message."""
        self.agent.does = "answer"
        self.agent.gate.clear()
        before = len(self.agent.began)
        message = str(self.caller.send(session, prompt)["message"]["id"])
        until(lambda: len(self.agent.began), lambda began: began > before)
        return message

    def ends(self, message: str) -> None:
        self.agent.gate.set()
        self.caller.finished(message)

    def two(self, prompt: str = "x") -> list[str]:
        """Two sessions that ask the same at once, and get two answers."""
        sessions = [self.begin(), self.begin()]
        for message in [self.starts(session, prompt) for session in sessions]:
            self.ends(message)
        return sessions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


@pytest.fixture
def course(calling: Calling) -> Callable[[LocalDari], Course]:
    return lambda server: Course(server, Moody(), calling(server))


def said(path: Path) -> set[str]:
    """What completed on a tape."""
    events = (event for turn in read_tape(path).turns for event in turn.events)
    return {event.data["content"][0]["text"] for event in events if event.event == _SAID}


def is_whole(path: Path) -> bool:
    """Whether a session gets to each turn of a tape."""
    return not flaws_of(read_tape(path))


@pytest.mark.parametrize("mode", ["auto", "record"])
def test_what_completed_behind_a_cancelled_turn_stays_when_that_is_asked_again(
    path: Path, calling: Calling, course: Callable[[LocalDari], Course], mode: str
) -> None:
    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:
        one = course(server)
        first, second = one.begin(), one.begin()
        one.ask(first, "x", "hang")
        behind, again = one.ask(first, "y"), one.ask(second, "x")
    assert said(path) == {behind, again}
    assert is_whole(path)


@pytest.mark.parametrize("does", ["fail", "hang"])
@pytest.mark.parametrize("mode", ["auto", "record"])
def test_what_completed_behind_several_failures_stays_when_the_first_is_asked_again(
    path: Path, course: Callable[[LocalDari], Course], mode: str, does: str
) -> None:
    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:
        course(server).ask(course(server).begin(), "x")
    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:
        one = course(server)
        first, second = one.begin(), one.begin()
        one.agent.numbers = count(11)
        told = {one.ask(first, "x"), one.ask(second, "x")}
        one.ask(first, "y", does)
        one.ask(first, "z", does)
        told |= {one.ask(first, "w"), one.ask(second, "y")}
    assert said(path) >= told
    assert is_whole(path)


@pytest.mark.parametrize("kernels", [1, 2], ids=["in one recording", "in the next"])
@pytest.mark.parametrize("last", ["fail", "hang"])
def test_what_came_to_nothing_behind_a_cancelled_turn_goes_with_it(
    path: Path, course: Callable[[LocalDari], Course], kernels: int, last: str
) -> None:
    def talks(one: Course, *ends: str) -> str:
        session = one.begin()
        answers = [
            one.ask(session, prompt, does) for prompt, does in zip("yxz", ends, strict=False)
        ]
        return answers[-1]

    with LocalDari(tape=Tape(path, speed="instant")) as server:
        one = course(server)
        talks(one, "answer", "hang", last)
        told = talks(one, "answer", "answer") if kernels == 1 else ""
    if kernels == 2:
        with LocalDari(tape=Tape(path, speed="instant")) as server:
            told = talks(course(server), "answer", "answer")
    assert said(path) == {"y 1", told}
    assert kernels == 2 or len(read_tape(path).turns) == 2
    assert is_whole(path)


@pytest.mark.parametrize("mode", ["auto", "record"])
@pytest.mark.parametrize("order", ["zy", "yz"])
def test_a_cancelled_turn_leaves_its_place_to_no_other_conversation(
    path: Path,
    calling: Calling,
    course: Callable[[LocalDari], Course],
    mode: str,
    order: str,
) -> None:
    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:
        one = course(server)
        first, second = one.two()
        one.ask(first, "y", "hang")
        told = {prompt: one.ask(first if prompt == "z" else second, prompt) for prompt in order}
    assert said(path) == {"x 1", "x 2", *told.values()}
    assert is_whole(path)


@pytest.mark.parametrize("seed", range(16))
def test_kernels_that_record_side_by_side_lose_nothing_that_completed(
    path: Path, calling: Calling, course: Callable[[LocalDari], Course], seed: int
) -> None:
    dice, came = random.Random(seed), set[str]()
    with LocalDari(tape=Tape(path, speed="instant")) as server:
        course(server).two()
        came |= {"x 1", "x 2"}
    for part in range(2):
        tapes = [Tape(path, speed="instant") for _ in range(2)]
        with LocalDari(tape=tapes[0]) as mine, LocalDari(tape=tapes[1]) as theirs:
            courses = [course(mine), course(theirs)]
            asked = []
            for number, one in enumerate(courses):
                one.agent.numbers = count(100 * (2 * part + number + 1))
                asked += [(one, one.begin(), iter("xyz")) for _ in range(2)]
            while asked:
                one, session, left = dice.choice(asked)
                prompt = next(left, None)
                if prompt is None:
                    asked.remove((one, session, left))
                    continue
                one.ask(session, prompt, dice.choice(["answer", "answer", "fail", "hang"]))
                if one.caller.messages(session)[-1]["status"] == "completed":
                    came.add(answer(one.caller, session))
        assert came <= said(path), f"{came - said(path)} are not on the tape"
        assert is_whole(path)
