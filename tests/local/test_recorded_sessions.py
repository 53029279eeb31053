"""In which sessions of a tape turns stand that are recorded: each is one that took place."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from dari_nb.errors import TapeMissError
from dari_nb.local import LocalDari
from dari_nb.resources import Dari
from dari_nb.tapes import Tape, flaws_of, read_tape
from dari_nb.tapes.tape import Mode

from .test_recording import killed

Told = list[tuple[str, str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


def ask(path: Path, prompts: str, mode: Mode | None = None, agent: str = "shop") -> None:
    """Ask one prompt a letter in one session, and look whether the tape is sound."""
    with LocalDari(tape=Tape(path, mode=mode)) as server:
        server.agent(agent)(lambda prompt: f"{prompt}!")
        with Dari(server.url, server.api_key, server) as d:
            session = d.agents[agent].start()
            for prompt in prompts.split():
                session.send(prompt).wait()
    assert [str(flaw) for flaw in flaws_of(read_tape(path))] == []


def on(path: Path) -> Told:
    lines = [turn.line for turn in read_tape(path).turns]
    return [(str(line.asked), line.session, line.turn) for line in lines]


ABC: Told = [
    ("a", "sess_1", "msg_1"),
    ("b", "sess_1", "msg_2"),
    ("c", "sess_1", "msg_3"),
]


def test_another_end_is_another_session_in_the_mode_record(path: Path) -> None:
    ask(path, "a b c")
    for _ in range(2):
        ask(path, "a b d e", "record")
        assert on(path) == [
            *ABC,
            ("d", "sess_2", "msg_3"),
            ("e", "sess_2", "msg_4"),
        ]
    ask(path, "a b c", "play")
    ask(path, "a b d e", "play")
    ask(path, "a b d e f", "record")
    assert on(path)[-1] == ("f", "sess_2", "msg_5")


def test_an_answer_beside_one_that_came_meanwhile_is_in_a_session_of_its_own(path: Path) -> None:
    ask(path, "a")
    before = path.read_bytes()
    ask(path, "z1 z2 z3")
    theirs = path.read_bytes()
    path.write_bytes(before)
    with LocalDari(tape=Tape(path)) as server:

        @server.agent("shop")
        def shop(prompt: str) -> str:
            if prompt == "z2":
                path.write_bytes(theirs)
            return f"{prompt}!"

        with Dari(server.url, server.api_key, server) as d:
            session = d.agents["shop"].start()
            for prompt in ("z1", "z2", "z3"):
                session.send(prompt).wait()
    assert flaws_of(read_tape(path)) == []
    assert [(asked, session) for asked, session, *_ in on(path)] == [
        ("a", "sess_1"),
        *((asked, "sess_2") for asked in ("z1", "z2", "z3")),
        ("z2", "sess_3"),
    ]


def test_a_recording_that_was_cut_off_goes_on_as_one(path: Path) -> None:
    with killed(path):
        pass
    ask(path, "one die then more", agent="slow")
    wanted = [(asked, f"msg_{n}") for n, asked in enumerate(("one", "die", "then", "more"), 1)]
    assert on(path) == [(asked, "sess_1", turn) for asked, turn in wanted]
    ask(path, "one die otherwise", agent="slow")
    assert on(path)[4:] == [("otherwise", "sess_2", "msg_3")]


@pytest.mark.parametrize("when", ["between turns", "while one runs"])
def test_a_session_whose_tape_was_deleted_is_written_again_as_a_whole(
    path: Path, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    ask(path, "other")
    with LocalDari(tape=Tape(path, mode="record")) as server:

        @server.agent("shop")
        def shop(prompt: str) -> str:
            if prompt == "c" and when == "while one runs":
                path.unlink()
            return f"{prompt}!"

        with Dari(server.url, server.api_key, server) as d, caplog.at_level(logging.WARNING):
            session = d.agents["shop"].start()
            for prompt in ("a", "b"):
                session.send(prompt).wait()
            if when == "between turns":
                path.unlink()
            for prompt in ("c", "d"):
                session.send(prompt).wait()
    [warned] = caplog.records
    assert warned.getMessage() == (
        "lesson.tape is no longer there, nor are 2 turns recorded here: the next turn that is "
        "recorded makes a new one, with those that it goes on from."
    )
    assert flaws_of(read_tape(path)) == []
    assert on(path) == [*ABC, ("d", "sess_1", "msg_4")]
    ask(path, "a b c d", "play")
    with pytest.raises(TapeMissError):
        ask(path, "other", "play")


def test_each_session_of_a_tape_that_was_deleted_is_written_again(path: Path) -> None:
    with LocalDari(tape=Tape(path)) as server:
        server.agent("shop")(lambda prompt: f"{prompt}!")
        with Dari(server.url, server.api_key, server) as d:
            sessions = [d.agents["shop"].start() for _ in range(2)]
            for prompts in ("ab", "cd", "ef"):
                for session, prompt in zip(sessions, prompts, strict=True):
                    session.send(prompt).wait()
                if prompts == "cd":
                    path.unlink()
    assert flaws_of(read_tape(path)) == []
    assert [(asked, session) for asked, session, *_ in on(path)] == [
        *((asked, "sess_1") for asked in "ace"),
        *((asked, "sess_2") for asked in "bdf"),
    ]
