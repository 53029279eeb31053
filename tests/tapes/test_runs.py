"""Real runs as tapes: nothing is lost on the way there and back, and they stay small."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from dari_nb.local import LocalDari
from dari_nb.models import Event
from dari_nb.tapes import AgentLine, Recording, Scrubber, flaws_of, parsed, tape_bytes, turns_of

from ..recorded import FILES

MOST = 1.3
"""How much larger a tape may be than the runs that it was made of, both compressed."""
KEYS = 1000
"""Bytes that a few turns take for what runs do not have: their keys, and a beginning and an end."""
_IDS = ("message_id", "tool_call_id")


def ledgers(path: Path) -> list[list[Event]]:
    server = LocalDari()
    ids = server.load_runs(path, agent="recorded")
    return [[row.to_event() for row in server._store.events(each)] for each in ids]


def tape_of(sessions: list[list[Event]]) -> Recording:
    tape, scrubber = Recording(), Scrubber(keys=list, variables={})
    for number, events in enumerate(sessions):
        agent = AgentLine(agent="recorded")
        tape.collect(turns_of(events, agent, scrubber, session=str(number)))
    return tape


def written(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in _IDS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_lost_on_the_way_there_and_back(path: Path) -> None:
    sessions = ledgers(path)
    tape = parsed(tape_bytes(tape_of(sessions)), "runs.tape")
    assert flaws_of(tape, Scrubber(keys=list, variables={})) == []
    events = [event for events in sessions for event in events if event.message_id]
    asked = [event for event in events if event.type == "user.message"]
    assert [turn.more for turn in tape.turns] == [
        {k: v for k, v in written(event.data).items() if k not in ("content", "metadata")}
        for event in asked
    ]
    rest = [(event.type, written(event.data)) for event in events if event.type != "user.message"]
    assert [(e.event, written(e.data)) for turn in tape.turns for e in turn.events] == rest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_tape_of_runs_is_small(path: Path) -> None:
    data = path.read_bytes()
    source = data if path.suffix == ".gz" else gzip.compress(data)
    size = len(gzip.compress(tape_bytes(tape_of(ledgers(path)))))
    assert size < MOST * len(source) + KEYS
