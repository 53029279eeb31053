"""Runs from elsewhere on a tape, and back: nothing is lost, and a tape is read like any run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.resources import Dari
from dari_nb.tapes import Tape, flaws_of, read_tape
from dari_nb.transcript.formats import read_file

from ..recorded import FILES, OWN_RUNS
from ..transcript.formats.test_files import DOCUMENTS

MOST = 1.3
"""How much larger a tape may be than the runs that it was made of, both compressed."""
OVERHEAD = 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.tape"


def same(runs: Iterable[Any]) -> list[Any]:
    return [vars(run) for run in runs]


@pytest.mark.parametrize("source", FILES, ids=lambda file: file.name)
def test_real_runs_come_back_as_they_were(source: Path, path: Path) -> None:
    tape = Tape(path).add(dari.Transcript.from_file(source))
    assert flaws_of(read_tape(path)) == []
    assert same(read_file(path)) == same(read_file(source))
    with LocalDari() as server:
        first = server.load_runs(source, agent="same")
        again = server.load_runs(tape.path, agent="same")
        assert (list(again), again.again, again.formats) == (list(first), len(first), first.formats)


@pytest.mark.parametrize("source", FILES, ids=lambda file: file.name)
def test_a_tape_of_runs_with_all_that_is_known_of_them_is_small(source: Path, path: Path) -> None:
    Tape(path).add(dari.Transcript.from_file(source))
    data = source.read_bytes()
    whole = data if source.suffix == ".gz" else gzip.compress(data)
    assert len(gzip.compress(path.read_bytes())) < MOST * len(whole) + OVERHEAD


@pytest.mark.parametrize("name", DOCUMENTS)
def test_runs_of_each_format_come_back_as_they_were(name: str, path: Path, tmp_path: Path) -> None:
    source = tmp_path / "one.json"
    source.write_text(json.dumps(DOCUMENTS[name]))
    Tape(path).add(dari.Transcript.from_file(source))
    assert same(read_file(path)) == same(read_file(source))
    runs, before = dari.Transcript.from_file(path), dari.Transcript.from_file(source)
    assert {run.format for run in runs} == {name}
    assert [run.to_messages() for run in runs] == [run.to_messages() for run in before]


def test_a_tape_is_read_wherever_runs_are(path: Path) -> None:
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        session = d.agents["calculator"].send("6 * 7", llm="small").wait().session
        session.send("2 / 3").wait()
        turn = session.fork().send("1 + 1").wait()
        expected = session.transcript().to_messages()
        assert turn.status == "completed"
    runs = dari.Transcript.from_file(path)
    assert [run.format for run in runs] == ["tape", "tape"]
    assert [run.resource.agent.name for run in runs] == ["calculator", "calculator"]
    assert [run.resource.session.llm_id for run in runs] == ["small", "small"]
    assert without_ids(runs[0].to_messages()) == without_ids(expected)
    asked = [each["content"] for each in runs[1].to_messages() if each["role"] == "user"]
    assert asked == ["6 * 7", "2 / 3", "1 + 1"]
    with LocalDari() as server, Dari(server.url, server.api_key, server) as d:
        loaded = server.load_runs(path)
        assert loaded.formats == ["tape"]
        assert len(d.sessions.get(loaded[0]).transcript().items) == len(runs[0].items)
        matrix = d.batches.from_runs(path)
        assert len(matrix.to_frame()) == 2


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_ids(told) for name, told in value.items() if not name.endswith("id")}
    return [without_ids(one) for one in value] if isinstance(value, list) else value


def test_runs_play_and_the_same_again_are_further_answers(path: Path) -> None:
    runs = dari.Transcript.from_file(OWN_RUNS)
    tape = Tape(path, mode="play", speed="instant").add(runs[0], runs[1:2])
    asked = runs[0].items[0].content[0]["text"]
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        [name] = {run.resource.agent.name for run in runs}
        turn = d.agents[name].send(asked, llm=runs[0].resource.session.llm_id).wait()
        assert turn.status == "completed"
    turns = len(read_tape(path).turns)
    tape.add(runs[0])
    assert {turn.line.take for turn in read_tape(path).turns[turns:]} <= {2, 3}


def test_secrets_and_what_is_no_run_stay_off_the_tape(path: Path, tmp_path: Path) -> None:
    source = tmp_path / "one.jsonl"
    messages = [{"role": "user", "content": "My key is sk-proj-canary-0123456789"}]
    source.write_text(json.dumps({"messages": messages, "note": "sk-proj-canary-0123456789"}))
    Tape(path).add(dari.Transcript.from_file(source))
    assert b"canary" not in path.read_bytes()
    assert read_tape(path).scrubbed == {"providers": 2}
    with pytest.raises(InvalidRequestError, match="is no run: Transcript"):
        Tape(path).add("runs.jsonl")


LONG = "It is in the drawer of the old desk, where all the other keys are kept."
SECRET = "sk-proj-canary-0123456789"


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ({"where": f"{LONG} {SECRET}"}, LONG),
        ({SECRET: LONG, f"{SECRET}0": f"{LONG}!"}, LONG),
        ({"where": LONG}, json.dumps({SECRET: LONG, f"{SECRET}0": [f"{LONG}!", SECRET]})),
        ({"where": LONG}, f"{LONG} {SECRET}"),
        ({"where": f"\ud83d\ude00{LONG}"}, f"{LONG} {SECRET}"),
        ({"where": {"same": [1, "arguments"]}}, f"{LONG} {SECRET}"),
    ],
)
def test_messages_with_a_secret_are_on_the_tape_without_it(
    arguments: Any, result: str, path: Path, tmp_path: Path
) -> None:
    function = {"name": "look", "arguments": json.dumps(arguments)}
    call = {"id": "call_a", "type": "function", "function": function}
    messages = [
        {"role": "user", "content": f"Where is {SECRET}? {LONG}"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_a", "name": "look", "content": result},
        {"role": "assistant", "content": f"{LONG} {SECRET}"},
    ]
    source = tmp_path / "run.json"
    source.write_text(json.dumps({"messages": messages}))
    Tape(path).add(dari.Transcript.from_file(source))
    assert b"canary" not in path.read_bytes()
    [turn] = read_tape(path).turns
    assert turn.lost == []
    [run] = read_file(path)
    [told] = run.turns
    asked, called, gave, said = told.messages
    assert asked["content"] == f"Where is [scrubbed]? {LONG}"
    assert said["content"] == f"{LONG} [scrubbed]"
    given = called["tool_calls"][0]["function"]["arguments"]
    assert [len(json.loads(given)), LONG in given] == [len(arguments), LONG in str(arguments)]
    assert gave["content"].startswith(result[:1])
    assert (LONG in gave["content"], "[scrubbed]" in gave["content"]) == (True, SECRET in result)


def test_what_is_wrong_with_a_tape_has_its_line_as_elsewhere(path: Path) -> None:
    Tape(path).add(dari.Transcript.from_file(OWN_RUNS))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], '{"event":"x"}', *lines[4:]]))
    with pytest.raises(InvalidRequestError, match=r"runs\.tape, line 5: it has no field data"):
        dari.Transcript.from_file(path)
    path.write_text('{"dari_tape":9,"times":true}\n')
    with pytest.raises(InvalidRequestError, match="line 1: it is of version 9"):
        dari.Transcript.from_file(path)
    path.write_text('{"dari_tape":1,"times":true}\n{"scrubbed":{}}\n')
    assert len(dari.Transcript.from_file(path)) == 0
