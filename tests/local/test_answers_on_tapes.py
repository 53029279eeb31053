"""A conversation that plays is one that happened: what was asked behind an answer plays there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from dari_nb.local import LocalDari
from dari_nb.tapes import Tape, flaws_of, read_tape

from .conftest import Caller, Calling


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


class Counting:
    """An agent of whose answers no two are the same."""

    def __init__(self, name: str = "answer") -> None:
        self._name, self._numbers = name, count(1)

    def __call__(self, prompt: str) -> str:
        return f"{self._name} {next(self._numbers)} to {prompt}"


def server_for(tape: Path | Tape, agent: Any = None) -> LocalDari:
    server = LocalDari(tape=tape)
    if agent is not None:
        server.agent("one")(agent)
    return server


def answer(caller: Caller, session: str, text: str) -> str:
    message = caller.finished(caller.send(session, text)["message"]["id"])
    items = caller.get(f"/sessions/{session}/transcript")

    assert message["status"] == "completed"
    return str([one for one in _texts(items) if one.endswith(f" to {text}")][-1])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def refused(caller: Caller, session: str, text: str) -> int:
    body = {"type": "user.message", "content": [{"type": "text", "text": text}]}
    return caller.refused(f"/sessions/{session}/events", body)[0]


def test_what_was_asked_behind_a_second_answer_plays_behind_that_one(
    path: Path, calling: Calling
) -> None:
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        answer(caller, caller.create("one"), "one")
        second = caller.create("one")
        assert answer(caller, second, "one") == "answer 2 to one"
        assert answer(caller, second, "two") == "answer 3 to two"
    assert flaws_of(read_tape(path)) == []
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        first, second = caller.create("one"), caller.create("one")
        assert answer(caller, first, "one") == "answer 1 to one"
        assert refused(caller, first, "two") == 409
        assert answer(caller, second, "one") == "answer 2 to one"
        assert answer(caller, second, "two") == "answer 3 to two"


def test_of_several_conversations_each_plays_as_it_was(path: Path, calling: Calling) -> None:
    """Also where what was said last is the same, and only what was said before it is not."""
    told = count(1)

    def agent(prompt: str) -> str:
        return f"fine to {prompt}" if prompt == "well?" else f"answer {next(told)} to {prompt}"

    with server_for(Tape(path, mode="record"), agent) as server:
        caller = calling(server)
        for _ in range(3):
            session = caller.create("one")
            for prompt in ("one", "well?", "and?"):
                answer(caller, session, prompt)
    assert flaws_of(read_tape(path)) == []
    expected = [["answer 1 to one", "fine to well?", "answer 2 to and?"]]
    expected += [["answer 3 to one", "fine to well?", "answer 4 to and?"]]
    expected += [["answer 5 to one", "fine to well?", "answer 6 to and?"]]
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        sessions = [caller.create("one") for _ in range(3)]
        rows = [[answer(caller, one, prompt) for one in sessions] for prompt in ("one",)]
        for prompt in ("well?", "and?"):
            # In whichever order they go on.
            back = [answer(caller, one, prompt) for one in reversed(sessions)]
            rows.append([*reversed(back)])
    assert [list(row) for row in zip(*rows, strict=True)] == expected


def test_two_questions_sent_at_once_play_and_are_recorded_in_their_order(
    path: Path, calling: Calling
) -> None:
    for mode, agent in (("record", Counting()), ("auto", None), ("play", None)):
        with server_for(Tape(path, mode=mode), agent) as server:  # type: ignore[arg-type]
            caller = calling(server)
            session = caller.create("one")
            sent = [caller.send(session, text)["message"]["id"] for text in ("one", "two", "three")]
            ended = [caller.finished(one)["status"] for one in sent]
        assert ended == ["completed"] * 3
        assert flaws_of(read_tape(path)) == []
