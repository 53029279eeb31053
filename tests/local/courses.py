"""Somebody who works on a tape: records, marks, and decides what becomes of what is new."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from dari_nb import local
from dari_nb.errors import InvalidRequestError, TapeMissError, TurnFailedError
from dari_nb.local import LocalDari
from dari_nb.models import AssistantMessageItem
from dari_nb.resources import Dari
from dari_nb.tapes import Mark, Recording, Tape, Turn, flaws_of, read_tape, write_tape
from dari_nb.tapes.tape import Mode


class Course:
    """A tape that somebody works on, and what was decided in the last step.

    Args:
        path: The tape's file.
        seed: Says what is done.
        ends: How often, of all turns, one is cancelled while it is answered.
    """

    def __init__(self, path: Path, seed: int, ends: float = 0) -> None:
        self.path = path
        self.draw = random.Random(seed)
        self.asked = 0
        self.is_of_all = False
        self.way = ""
        self.words: list[str] = []
        self.ends = ends
        self.server = LocalDari().start()
        self.server.agent("shop")(self.answer)
        self.d = Dari(self.server.url, self.server.api_key, self.server)

    def close(self) -> None:
        self.d.close()
        self.server.stop()

    def answer(self, prompt: str, turn: local.Turn) -> Iterator[str]:
        self.asked += 1
        if self.draw.random() < 0.1:
            raise RuntimeError(f"{prompt} {self.asked}")
        yield f"{prompt} {self.asked}"
        if self.ends and self.draw.random() < self.ends:
            self.d.client.sessions.cancel(turn.session_id, turn.message_id)

    def record(self, mode: Mode) -> None:
        self.server.insert(Tape(self.path, mode=mode, speed="instant"))
        session = self.d.agents["shop"].start()
        for number in range(1, self.draw.randint(3, 6)):
            variant = self.draw.choice(("", "", "", " then", " so"))
            session.send(f"step {number}{variant}").wait()
        self.server.eject()

    def played(self, conversations: Iterable[Iterable[str]]) -> set[str]:
        """What plays for prompts, each conversation in a session of its own."""
        self.server.insert(Tape(self.path, mode="play", speed="instant"))
        told = set[str]()
        for prompts in conversations:
            session = self.d.agents["shop"].start()
            with suppress(TapeMissError):
                for prompt in prompts:
                    turn = session.send(prompt)
                    with suppress(TurnFailedError):
                        turn.wait()
                    items = (one for one in turn.items if isinstance(one, AssistantMessageItem))
                    told |= {one.text or "" for one in items}
        self.server.eject()
        return told

    def mark(self) -> None:
        now = read_tape(self.path)
        turn = self.draw.choice(now.turns)
        mark = Mark(f"mark {self.draw.random()}", ask=self.draw.choice((None, "What now?")))
        if self.draw.random() < 0.5:
            turn.before.append(mark)
        else:
            turn.body.insert(0, mark)
        write_tape(now, self.path)

    def decide(self) -> str:
        """Adopt, replace or reject something, or all; returns what was said of that."""
        review = Tape(self.path).review()
        among = [*review, review] if len(review) else [review]
        one, rest = self.draw.choice(among), self.draw.random() < 0.5
        self.is_of_all = one is review
        ways: dict[str, Callable[[], str]] = {
            "adopt": one.adopt,
            "reject": one.reject,
            "replace": lambda: one.replace(rest=rest),
        }
        self.words = [each.effect for each in (review if one is review else [one])]
        before = self.path.read_bytes()
        self.way = self.draw.choice([*ways, "replace", "replace"])
        try:
            return ways[self.way]()
        except InvalidRequestError:
            assert self.path.read_bytes() == before
            return ""


def before(tape: Recording, turn: Turn) -> Turn | None:
    """The turn that one goes on from: of several, one with the answers that it was asked behind."""
    found = [one for one in tape.turns if one.line.key == turn.line.parent]
    found = [one for one in found if one.answers == turn.line.behind] or found
    own = (one for one in found if one.line.session == turn.line.session)
    return next(own, found[0] if found else None)


def answer_of(turn: Turn) -> object:
    """What came of a turn."""
    return [(event.event, event.data) for event in turn.events]


def words_of(turn: Turn) -> object:
    """What a conversation goes on from: what was said and called, and how it ended."""
    fields = ("content", "tool_name", "arguments", "status")
    return [(event.event, *map(event.data.get, fields)) for event in turn.events]


def asked_after_others(tape: Recording) -> set[tuple[str, object]]:
    """The turns whose answers before are others now, each with what it was answered."""
    found = {flaw.turn for flaw in flaws_of(tape) if "goes on from another answer" in flaw.text}
    turns = [one for one in tape.turns if f"{one.line.turn} of {one.line.session}" in found]
    return {(turn.line.key, str(answer_of(turn))) for turn in turns}


def assert_no_other_flaw(tape: Recording) -> None:
    """None but turns behind other answers, which are named when that comes about."""
    flaws = [str(flaw) for flaw in flaws_of(tape)]
    assert [flaw for flaw in flaws if "goes on from another answer" not in flaw] == []


def assert_sound(tape: Recording) -> None:
    assert_no_other_flaw(tape)
    sessions: dict[str, list[str]] = {}
    numbers: dict[str, list[int]] = {}
    for turn in tape.turns:
        numbers.setdefault(turn.line.session, []).append(int(turn.line.turn.removeprefix("msg_")))
        if not turn.line.new:
            before = sessions.setdefault(turn.line.session, [])
            assert not before or turn.line.parent == before[-1]
            before.append(turn.line.key)
    assert all(own == sorted(own) for own in numbers.values())
