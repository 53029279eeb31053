"""Sessions of one recording that ask the same in turns, some of which fail: no answer is lost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from dari_nb.local import LocalDari
from dari_nb.tapes import Recording, Tape, Turn, flaws_of, read_tape

from .conftest import Calling

PROMPTS = ("q", "r", "s")
_SAID = "assistant.message_completed"


class Moody:
    """An agent that numbers its answers, and fails as it is told."""

    def __init__(self) -> None:
        self.fails = False
        self.numbers = count(1)

    def __call__(self, prompt: str) -> str:
        number = next(self.numbers)
        if self.fails:
            raise RuntimeError(f"broken {number}")
        return f"answer {number} to {prompt}"


def recorded(
    path: Path,
    mode: str,
    agent: Moody,
    calling: Calling,
    dice: random.Random,
    prompts: Sequence[str] = PROMPTS,
) -> set[str]:
    """Let three sessions ask in turns; returns what completed."""
    came = set[str]()
    with LocalDari(tape=Tape(path, mode=mode)) as server:
        server.agent("moody")(agent)
        caller = calling(server)
        asked = [(caller.create("moody"), iter(prompts)) for _ in range(3)]
        while asked:
            session, left = dice.choice(asked)
            prompt = next(left, None)
            if prompt is None:
                asked.remove((session, left))
                continue
            agent.fails = dice.random() < 0.35
            before = len(list(caller.events(session)))
            caller.finished(caller.send(session, prompt)["message"]["id"])
            new = list(caller.events(session))[before:]
            came |= {one["data"]["content"][0]["text"] for one in new if one["type"] == _SAID}
    return came


def said_on(tape: Recording) -> dict[str, Turn]:
    """What completed on a tape, by its texts."""
    return {
        event.data["content"][0]["text"]: turn
        for turn in tape.turns
        for event in turn.events
        if event.event == _SAID
    }


@pytest.mark.parametrize("seed", range(24))
def test_what_completed_is_on_the_tape_and_plays(
    tmp_path: Path, calling: Calling, seed: int
) -> None:
    path, dice, agent = tmp_path / "lesson.tape", random.Random(seed), Moody()
    recorded(path, "auto", agent, calling, random.Random(0), prompts=PROMPTS[:1])
    before = said_on(read_tape(path))
    for mode in ("auto", "record", dice.choice(["auto", "record"])):
        came = recorded(path, mode, agent, calling, dice)
        tape = read_tape(path)
        now = said_on(tape)
        assert came <= now.keys(), f"{mode}: {came - now.keys()} are not on the tape"
        flawed = {flaw.line for flaw in flaws_of(tape)}
        stuck = {text for text in came if now[text].number in flawed}
        # In the mode record, a failure may take the place of what others went on from.
        assert mode == "record" or not stuck, f"{mode}: nobody gets to {stuck}"
        lost = set(before.keys() - now.keys())
        assert mode == "record" or not lost
        before = now
