"""Declared patterns take out what somebody wrote, and leave the format's own words alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari, ToolCall, ToolResult
from dari_nb.resources import Dari
from dari_nb.tapes import Recording, Scrubber, Tape, flaws_of, parsed, read_tape, tape_bytes
from dari_nb.tapes.tape import Mode
from dari_nb.tapes.turns import Turn
from dari_nb.transcript.formats import FORMATS

from ..recorded import OWN_RUNS
from ..transcript.formats.test_files import DOCUMENTS
from .canaries import scrubber
from .conftest import piece, said, taken, tape_of

PATTERNS = ["[a-z]+ed", "text", "complete", r"\w+", "type|status|role", "user|assistant|tool", ".+"]
CALL = {"tool_call_id": "call_9f", "tool_name": "typed", "arguments": {"status": "completed"}}
RESULT = {"tool_call_id": "call_9f", "result": "a completed text", "is_error": False}


def turn_with(pattern: str) -> Turn:
    return taken(
        "Is the typed text completed?",
        [
            ("tool.call_requested", CALL),
            ("tool.call_completed", RESULT),
            piece("It is completed."),
            said("It is completed."),
        ],
        scrubber=scrubber_of(pattern),
        metadata={"expects": "completed"},
    )


def scrubber_of(*patterns: str) -> Scrubber:
    return Scrubber(patterns, keys=list, variables={"DB_PASSWORD": "completed"})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_turn_means_what_it_meant(pattern: str) -> None:
    turn = parsed(tape_bytes(tape_of(turn_with(pattern))), "x.tape").turns[0]
    whole = turn_with("(?!)")
    assert turn.status == "completed"
    assert flaws_of(Recording(turns=[turn]), scrubber()) == []
    assert [list(event.data) for event in turn.events] == [
        list(event.data) for event in whole.events
    ]
    assert [event.data.get("tool_call_id") for event in turn.events[:2]] == ["call_1", "call_1"]
    assert isinstance(turn.line.asked, str)
    assert "expects" in turn.line.metadata


def test_what_agents_tools_and_people_wrote_goes() -> None:
    turn = turn_with("[a-z]+ed")
    assert turn.line.asked == "Is the [scrubbed] text [scrubbed]?"
    call, result, answer, _ = turn.events
    assert (call.data["tool_name"], call.data["arguments"]) == (
        *("[scrubbed]", {"status": "[scrubbed]"}),
    )
    assert result.data["result"] == "a [scrubbed] text"
    assert answer.data["content"] == [{"type": "text", "text": "It is [scrubbed]."}]
    assert turn.line.metadata == {"expects": "[scrubbed]"}


def test_a_word_is_the_formats_own_only_where_that_has_it() -> None:
    secret = {"status": "CASE-20417", "tool_call_id": 7, "content": [{"type": "CASE-20417"}]}
    turn = taken("Hi", [("x", {"CASE-20417": 1, **secret})], scrubber=scrubber())
    assert turn.events[0].data == {
        "[scrubbed]": 1,
        "status": "[scrubbed]",
        "tool_call_id": 7,
        "content": [{"type": "[scrubbed]"}],
    }


@pytest.mark.parametrize("pattern", ["complete", ".+"])
def test_what_is_recorded_with_a_pattern_plays(pattern: str, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    answers = []
    with LocalDari() as server, Dari(server.url, server.api_key, server) as d:
        server.agent("echo")(lambda prompt: f"typed and completed: {prompt}")
        modes: tuple[Mode, ...] = ("record", "play")
        for mode in modes:
            d.insert(Tape(path, mode=mode, secrets=[pattern], speed="instant"))
            answers.append(d.agents["echo"].send("a text").wait())
            d.eject()
    assert answers[1].status == "completed"
    assert "[scrubbed]" in answers[1].text


def test_a_name_that_is_not_whole_on_the_tape_is_said_once_and_plays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Tape(tmp_path / "x.tape", secrets=["acme", "[Ss]mall|large"], speed="instant")

    def desk(prompt: str) -> Iterator[Any]:
        yield ToolCall("acme_lookup", {"of": prompt})
        yield ToolResult("found")
        yield f"{prompt}!"

    for is_played in (False, True):
        with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
            server.agent("acme-desk", llms=["small", "large"])(desk)
            session = d.agents["acme-desk"].start(llm="small")
            turns = [session.send(text).wait() for text in ("one", "two")]
            assert [server.has_played(turn.id) for turn in turns] == [is_played] * 2
        what = "on the tape, without what a declared pattern matches"
        agent, llm, *tool = (each.getMessage() for each in caplog.records)
        assert agent.startswith(f"The name of the agent is “[scrubbed]-desk” {what}: agents that")
        assert llm.startswith(f"The name of the LLM option is “[scrubbed]” {what}: options whose")
        lookup = (
            f"The name of the tool is “[scrubbed]_lookup” {what}: its calls cannot be run again."
        )
        assert tool == ([] if is_played else [lookup])
        assert "acme" not in caplog.text
        caplog.clear()
    with LocalDari(tape=tape) as server, Dari(server.url, server.api_key, server) as d:
        turn = d.agents["[scrubbed]-desk"].start(llm="[scrubbed]").send("one").wait()
        assert (turn.text, server.has_played(turn.id)) == ("one!", True)
    assert caplog.records == []


@pytest.mark.parametrize("pattern", ["type|status|role", ".+"])
def test_runs_come_back_with_all_their_items(pattern: str, tmp_path: Path) -> None:
    assert set(FORMATS) == set(DOCUMENTS)
    for number, document in enumerate(DOCUMENTS.values()):
        (tmp_path / f"{number}.json").write_text(json.dumps(document))
    for source in (OWN_RUNS, *sorted(tmp_path.glob("*.json"))):
        runs = dari.Transcript.from_file(source)
        path = tmp_path / f"{source.name}.tape"
        Tape(path, secrets=[pattern]).add(runs)
        assert flaws_of(read_tape(path)) == []
        back = dari.Transcript.from_file(path)
        assert [run.format for run in back] == [run.format for run in runs]
        for run, other in zip(runs, back, strict=True):
            kinds = [type(item) for item in run.items]
            assert [type(item) for item in other.items] == kinds
