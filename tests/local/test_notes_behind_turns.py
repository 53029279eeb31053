"""What people note behind a turn stays there, whatever is recorded anew or put in its place."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from dari_nb.cli.cli import main
from dari_nb.local import LocalDari
from dari_nb.resources import Tape as Shown
from dari_nb.tapes import Tape, flaws_of, read_tape
from dari_nb.tapes.tape import Mode

from .conftest import Calling, killed_after

NOTED = ["Title", "one", "# Then", "Between?", "two", "Within", "three", "# Over", "At the end?"]
"""What stands on the tape."""


@pytest.fixture
def path(tmp_path: Path, calling: Calling) -> Path:
    """A tape that somebody noted something on by hand: in front, between, within and behind."""
    path = tmp_path / "lesson.tape"
    record(path, calling, ["one", "two", "three"], answer="{}, at first")
    lines = list[str]()
    for line in path.read_text().splitlines():
        asked = json.loads(line).get("asked")
        if "scrubbed" in line:
            lines += ["# Over", '{"mark":"end","ask":"At the end?"}']
        if asked == "two":
            lines += ["# Then", '{"mark":"between","ask":"Between?"}']
        lines.append(line)
        if asked == "two":
            lines.append('{"mark":"Within"}')
        if "dari_tape" in line:
            lines.append('{"mark":"Title"}')
    path.write_text("".join(f"{line}\n" for line in lines))
    assert noted(path) == NOTED
    return path


def record(
    path: Path,
    calling: Calling,
    prompts: Sequence[str],
    mode: Mode = "record",
    answer: str = "{}, anew",
) -> None:
    """Ask prompts in a session; one that cannot be answered ends with ``fails``."""
    with LocalDari(tape=Tape(path, mode=mode, speed="instant")) as server:

        @server.agent("teach")
        def teach(prompt: str) -> str:
            if answer == "fails":
                raise RuntimeError(prompt)
            return answer.format(prompt)

        caller = calling(server)
        session = caller.create("teach")
        for prompt in prompts:
            caller.finished(caller.send(session, prompt)["message"]["id"])


def noted(path: Path) -> list[str]:
    """What was asked on a tape, and what people noted there, in the order of its lines."""
    told = list[str]()
    for line in path.read_text().splitlines():
        about = {"asked": line} if line.startswith("#") else json.loads(line)
        told += filter(None, [about.get("asked") or about.get("ask") or about.get("mark")])
    return told


def stops(path: Path) -> list[tuple[str, list[str]]]:
    """The questions that readers come to, each with the answers that they have seen by then."""
    file, told = path.with_name(f"answers {uuid4()}.jsonl"), list[tuple[str, list[str]]]()
    with warnings.catch_warnings(action="ignore"):  # of turns that stand twice meanwhile
        player = Shown(path).view(answers=file)
    player.send = lambda message, buffers=None: None
    for mark_id, (_, mark) in player._score.questions.items():
        seen = player._presentation.subject.static_output()["text/plain"]
        told.append((str(mark.ask), re.findall(r"\w+, (?:at first|anew)", seen)))
        body = {"id": mark_id, "text": "I do not know."}
        request = {"kind": "request", "id": 1, "what": "reply", "body": body}
        player._on_custom_message(None, request, [])
    player.close()
    assert [*Shown(path).answers(file)["ask"]] == [ask for ask, _ in told]
    return told


@pytest.mark.parametrize(
    "asked",
    [["one"], ["one", "two"], ["one", "two", "three"], ["one", "two", "three", "four"]],
    ids=len,
)
def test_what_is_recorded_anew_stands_before_what_was_noted_behind_it(
    path: Path, calling: Calling, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    record(path, calling, asked)
    assert noted(path) == [*NOTED, *asked[3:]]
    if len(asked) < 3:
        return
    record(path, calling, asked)
    assert noted(path) == [*NOTED, *asked[3:]]
    assert flaws_of(read_tape(path)) == []
    first, three = ["one, anew"], [f"{text}, anew" for text in asked[:3]]
    assert stops(path) == [("Between?", first), ("At the end?", three)]
    assert main(["tape", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("msg_2") < shown.index("Between?") < shown.index("msg_3")
    assert shown.index("msg_3") < shown.index("At the end?")


def test_notes_stand_before_all_that_is_recorded_behind_them_whichever_ends_first(
    path: Path, calling: Calling
) -> None:
    may_end = Event()
    with LocalDari(tape=path) as server:
        server.agent("teach")(lambda prompt: prompt != "slow" or may_end.wait())
        caller = calling(server)
        slow = caller.send(caller.create("teach"), "slow")["message"]["id"]
        caller.finished(caller.send(caller.create("teach"), "fast")["message"]["id"])
        may_end.set()
        caller.finished(slow)
    assert noted(path) == [*NOTED, "slow", "fast"]


KILLED = """
import sys, time
from dari_nb.local import LocalDari
from dari_nb.tapes import Tape
from conftest import Caller
with LocalDari(tape=Tape(sys.argv[1], mode="record")) as server:
    @server.agent("teach")
    def teach(prompt):
        if prompt == "runs":
            time.sleep(600)
        return f"{prompt}, anew"
    caller = Caller(server)
    caller.send(caller.create("teach"), "runs")
    session = caller.create("teach")
    for prompt in sys.argv[2:]:
        caller.finished(caller.send(session, prompt)["message"]["id"])
    print("there", flush=True)
    sys.stdin.read()
"""


def record_and_die(path: Path, *prompts: str) -> None:
    """Ask prompts in a process that is killed while something else runs there."""
    with killed_after(KILLED, path, *prompts):
        pass


def test_who_is_killed_meanwhile_moves_no_note(path: Path, calling: Calling) -> None:
    record_and_die(path, "one", "two", "three")
    first, three = ["one, anew"], [f"{text}, anew" for text in ("one", "two", "three")]
    assert stops(path) == [("Between?", first), ("At the end?", three)]
    record_and_die(path, "one")
    assert [ask for ask, _ in stops(path)] == ["Between?", "At the end?"]
    record(path, calling, ["one", "two", "three"])
    assert [each for each in noted(path) if each != "runs"] == NOTED
    assert stops(path) == [("Between?", first), ("At the end?", three)]
