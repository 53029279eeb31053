"""Runs from elsewhere on a tape, and back: nothing is lost, and a tape is read like any run."""

from __future__ import annotations

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

from ..recorded import FILES


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


def test_secrets_and_what_is_no_run_stay_off_the_tape(path: Path, tmp_path: Path) -> None:
    source = tmp_path / "one.jsonl"
    messages = [{"role": "user", "content": "My key is sk-proj-canary-0123456789"}]
    source.write_text(json.dumps({"messages": messages, "note": "sk-proj-canary-0123456789"}))
    Tape(path).add(dari.Transcript.from_file(source))
    assert b"canary" not in path.read_bytes()
    assert read_tape(path).scrubbed == {"providers": 2}
    with pytest.raises(InvalidRequestError, match="is no run: Transcript"):
        Tape(path).add("runs.jsonl")
