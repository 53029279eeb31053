"""Columns and dtypes of all frames, what is in them, and their empty forms."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.local import ToolCall, ToolResult, Usage

TASKS = ["2 / 3", "3 * 7"]
TIME = "datetime64[us, UTC]"
TEXT, NAME, COUNT, SECONDS, DOLLARS = "string", "category", "Int64", "float64", "float64"
SESSIONS = {
    "session_id": TEXT,
    "name": TEXT,
    "agent_id": TEXT,
    "version_id": TEXT,
    "llm_id": NAME,
    "status": NAME,
    "last_message_id": TEXT,
    "last_message_status": NAME,
    "last_message_stop_reason": NAME,
    "created_at": TIME,
    "forked_from": TEXT,
    "metadata": TEXT,
}
MESSAGES = {
    "message_id": TEXT,
    "session_id": TEXT,
    "sequence_number": COUNT,
    "status": NAME,
    "attempt": COUNT,
    "prompt": TEXT,
    "text": TEXT,
    "reasoning": TEXT,
    "error": TEXT,
    "stop_reason": NAME,
    "tool_calls": COUNT,
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "cached_input_tokens": COUNT,
    "reasoning_tokens": COUNT,
    "created_at": TIME,
    "completed_at": TIME,
    "latency_s": SECONDS,
    "copied_from": TEXT,
    "metadata": TEXT,
}
EVENTS = {
    "event_id": TEXT,
    "session_id": TEXT,
    "sequence_number": COUNT,
    "message_id": TEXT,
    "type": NAME,
    "source": NAME,
    "tool_call_id": TEXT,
    "tool_name": NAME,
    "text": TEXT,
    "data": TEXT,
    "created_at": TIME,
    "copied_from": TEXT,
}
TOOL_CALLS = {
    "session_id": TEXT,
    "message_id": TEXT,
    "tool_call_id": TEXT,
    "order": COUNT,
    "tool_name": NAME,
    "arguments": TEXT,
    "status": NAME,
    "ok": "boolean",
    "result": TEXT,
    "error": TEXT,
    "requested_at": TIME,
    "completed_at": TIME,
    "latency_s": SECONDS,
    "copied_from": TEXT,
}
COSTS = {"session_id": TEXT, "cost_usd": DOLLARS, "cost_exact": TEXT, "cost_events": COUNT}
CELLS = {
    "task_index": COUNT,
    "task": TEXT,
    "llm_id": NAME,
    "repeat": COUNT,
    "text": TEXT,
    "status": NAME,
    "error": TEXT,
    "stop_reason": NAME,
    "latency_s": SECONDS,
    "cost_usd": DOLLARS,
    "cost_exact": TEXT,
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "cached_input_tokens": COUNT,
    "reasoning_tokens": COUNT,
    "tool_calls": COUNT,
    "attempts": COUNT,
    "created_at": TIME,
    "completed_at": TIME,
    "version_id": TEXT,
    "session_id": TEXT,
    "message_id": TEXT,
    "run_id": TEXT,
    "batch_id": TEXT,
}
SUMMARY = {
    "llm_id": TEXT,
    "score": TEXT,
    "tasks": COUNT,
    "cells": COUNT,
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "method": TEXT,
    "failed": COUNT,
    "cost_usd": DOLLARS,
    "median_latency_s": SECONDS,
}
FRAMES = {
    "sessions": (dari.sessions_frame, SESSIONS),
    "messages": (dari.messages_frame, MESSAGES),
    "events": (dari.events_frame, EVENTS),
    "tool_calls": (dari.tool_calls_frame, TOOL_CALLS),
    "costs": (dari.costs_frame, COSTS),
}


def dtypes(frame):
    """Return dtypes by column, without those that metadata add."""
    columns = {column: str(dtype) for column, dtype in frame.dtypes.items()}
    return {name: dtype for name, dtype in columns.items() if not name.startswith("metadata.")}


@pytest.fixture(scope="module")
def session(module_server, module_d):
    """Return a session with a turn that calls two tools, and one that fails."""

    @module_server.agent("works", llms=["small", "large"])
    def works(prompt):
        if prompt == "fail":
            raise ValueError("no luck")
        yield Usage("0.25", input_tokens=20, output_tokens=5)
        yield ToolCall("look", {"where": prompt, "max": 3})
        yield ToolResult({"found": 2})
        yield ToolCall("write", {})
        yield ToolResult("disk full", is_error=True)
        yield "There it is."

    turn = module_d.agents["works"].send("attic", llm="small", metadata={"lesson": "1"})
    session = turn.wait().session
    session.send("fail").wait()
    return session


@pytest.fixture(scope="module")
def batch(module_server, module_d):
    """Return a batch in which only the small LLM rounds, and only the first task."""

    @module_server.agent("divides", llms=["small", "large"])
    def divides(prompt, turn):
        return "approx. 0.67" if (prompt, turn.llm_id) == ("2 / 3", "small") else prompt

    batch = module_d.batches.run("divides", TASKS, llms=["small", "large"], repeats=2)
    batch.wait().score("exact", lambda turn: "approx" not in turn.text)
    return batch


@pytest.mark.parametrize("name", FRAMES)
def test_frame_has_fixed_dtypes(module_d, session, name):
    make, expected = FRAMES[name]
    full, empty = make(session, dari=module_d), make([], dari=module_d)
    assert dtypes(full) == dtypes(empty) == expected
    assert len(full) > 0
    assert len(empty) == 0
    assert full.index.equals(pd.RangeIndex(len(full)))


@pytest.mark.parametrize("name", FRAMES)
def test_frame_takes_ids_lists_and_agents(module_d, session, name):
    make, _ = FRAMES[name]
    expected = make(session, dari=module_d)
    for source in (session.id, [session], module_d.agents["works"], {"lesson": "1"}):
        pd.testing.assert_frame_equal(make(source, dari=module_d), expected)


def test_messages_have_answers_tokens_and_errors(module_d, session):
    first, second = dari.messages_frame(session, dari=module_d).to_dict("records")
    assert (first["prompt"], first["text"]) == ("attic", "There it is.")
    assert (first["status"], first["tool_calls"]) == ("completed", 2)
    assert (first["input_tokens"], first["output_tokens"]) == (20, 5)
    assert 0 <= first["latency_s"] <= (first["completed_at"] - first["created_at"]).total_seconds()
    assert second["status"] == "failed"
    assert "no luck" in second["error"]
    assert pd.isna(second["input_tokens"])


def test_tool_calls_have_arguments_and_results(module_d, session):
    frame = dari.tool_calls_frame(session, dari=module_d)
    assert frame["tool_name"].to_list() == ["look", "write"]
    assert json.loads(frame["arguments"][0]) == {"where": "attic", "max": 3}
    assert json.loads(frame["result"][0]) == {"found": 2}
    assert frame["ok"].to_list() == [True, False]
    assert frame["status"].to_list() == ["completed", "failed"]
    assert frame["error"].to_list() == [pd.NA, "disk full"]
    assert (frame["completed_at"] >= frame["requested_at"]).all()


@settings(max_examples=20)
@given(data=st.data())
def test_tool_calls_ignore_order_of_events(module_d, session, data):
    events = module_d.client.sessions.events(session.id)
    shuffled = data.draw(st.permutations([*events, *events[:5]]))
    frame = dari.tool_calls_frame(shuffled, dari=module_d)
    expected = dari.tool_calls_frame(session, dari=module_d)
    pd.testing.assert_frame_equal(frame, expected, check_categorical=False)


def test_events_are_the_ledger(module_d, session):
    frame = dari.events_frame(session, dari=module_d)
    ledger = module_d.client.sessions.events(session.id)
    assert frame["event_id"].to_list() == [event.id for event in ledger]
    assert frame["type"].to_list() == [event.type for event in ledger]
    assert [json.loads(data) for data in frame["data"]] == [event.data for event in ledger]


def test_costs_are_exact(module_d, session):
    [row] = dari.costs_frame(session, dari=module_d, refresh=True).to_dict("records")
    assert (row["cost_usd"], row["cost_exact"], row["cost_events"]) == (0.25, "0.25", 1)


def test_sessions_have_metadata(module_d, session):
    [row] = dari.sessions_frame(session, dari=module_d).to_dict("records")
    assert (row["session_id"], row["llm_id"]) == (session.id, "small")
    assert row["last_message_status"] == "failed"
    assert json.loads(row["metadata"]) == session.metadata == {"lesson": "1"}
    assert row["metadata.lesson"] == "1"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"kinds": "user.message"}, 2),
        ({"kinds": "tool."}, 4),
        ({"kinds": ["user.message", "tool.call_failed"]}, 3),
        ({"tools": "look"}, 2),
        ({"since": "2100-01-01"}, 0),
        ({"since": "1d"}, 15),
    ],
)
def test_events_are_filtered(module_d, session, options, count):
    frame = dari.events_frame(session, dari=module_d, **options)
    assert len(frame) == count
    assert dtypes(frame) == EVENTS


def test_json_columns_are_expanded(module_d, session):
    frame = dari.tool_calls_frame(session, dari=module_d, expand="arguments")
    assert dtypes(frame) == TOOL_CALLS | {"arguments.where": TEXT, "arguments.max": COUNT}
    assert frame["arguments.where"].to_list() == ["attic", pd.NA]
    wanted = {"arguments": {"where": "string", "missing": "Int64"}}
    empty = dari.tool_calls_frame([], dari=module_d, expand=wanted)
    assert dtypes(empty) == TOOL_CALLS | {"arguments.where": TEXT, "arguments.missing": COUNT}


def test_frame_of_wrong_source_is_refused(module_d):
    with pytest.raises(InvalidRequestError):
        dari.messages_frame(7, dari=module_d)
    with pytest.raises(InvalidRequestError) as raised:
        dari.batch_frame([])
    assert raised.value.code == "invalid_batch"


def test_frames_survive_parquet(module_d, session, tmp_path):
    pytest.importorskip("pyarrow")
    for make, expected in FRAMES.values():
        frame = make(session, dari=module_d)
        frame.to_parquet(tmp_path / "frame.parquet")
        read = pd.read_parquet(tmp_path / "frame.parquet")
        pd.testing.assert_frame_equal(read, frame)
        frame.iloc[:0].to_parquet(tmp_path / "frame.parquet")
        assert dtypes(pd.read_parquet(tmp_path / "frame.parquet")) == expected


def test_batch_is_a_frame_of_cells(module_d, batch):
    frame = dari.batch_frame(batch)
    pd.testing.assert_frame_equal(frame, batch.to_frame())
    assert dtypes(frame) == CELLS | {"score.exact": "boolean"}
    assert len(frame) == len(batch) == 8
    assert set(frame["status"]) == {"completed"}
    exact = frame.groupby(["task", "llm_id"], observed=True)["score.exact"].sum()
    assert exact.to_dict() == {
        ("2 / 3", "small"): 0,
        ("2 / 3", "large"): 2,
        ("3 * 7", "small"): 2,
        ("3 * 7", "large"): 2,
    }
    sessions = dari.sessions_frame(batch, dari=module_d)
    assert set(sessions["session_id"]) == set(frame["session_id"])


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([True, False], "boolean"),
        ([1, 2], "Int64"),
        ([1, 0.5], "float64"),
        (["good", "bad"], "string"),
    ],
)
def test_score_column_has_dtype_of_values(module_d, batch, values, dtype):
    batch.score("typed", lambda turn: values["approx" in turn.text])
    assert str(batch.to_frame()["score.typed"].dtype) == dtype
    assert set(map(str, batch.pivot("typed").dtypes)) == {dtype}


def test_pivot_has_tasks_by_llms(batch):
    pivot = batch.pivot("text")
    assert pivot.index.get_level_values("task").to_list() == TASKS
    assert pivot.columns.get_level_values("llm_id").to_list() == ["small"] * 2 + ["large"] * 2
    frame = batch.to_frame()
    large = frame[(frame["llm_id"] == "large") & (frame["task"] == "3 * 7")]["text"]
    assert pivot.iloc[1, 2:].to_list() == large.to_list()
    with pytest.raises(InvalidRequestError) as raised:
        batch.pivot("exactt")
    assert raised.value.code == "column_not_found"


def test_summary_has_means_and_intervals(batch):
    summary = batch.summary("exact")
    assert SUMMARY.items() <= dtypes(summary).items()
    small, large = summary.to_dict("records")
    assert (small["llm_id"], small["mean"], small["tasks"], small["cells"]) == ("small", 0.5, 2, 4)
    assert large["mean"] == 1
    for row in (small, large):
        assert 0 <= row["low"] <= row["mean"] <= row["high"] <= 1
        assert row["method"]


LISTS = {
    "agents": {"agent_id": TEXT, "name": TEXT, "active_version_id": TEXT, "created_at": TIME},
    "sessions": SESSIONS
    | {"agent": NAME, "first_message": TEXT, "turns": COUNT, "cost_usd": DOLLARS},
    "batches": {"run_id": TEXT, "agent_name": NAME, "sessions": COUNT, "created_at": TIME},
}


@pytest.mark.usefixtures("session", "batch")
@pytest.mark.parametrize("name", LISTS)
def test_list_is_a_frame(module_d, name):
    things = getattr(module_d, name)
    frame = things.list().to_frame()
    assert dtypes(frame) == dtypes(things.to_frame()) == LISTS[name]
    assert len(frame) == len(list(things)) > 0


def test_empty_list_is_an_empty_frame(module_d):
    frame = module_d.sessions.list(text="nowhere said").to_frame()
    assert (len(frame), dtypes(frame)) == (0, LISTS["sessions"])


def test_frames_of_two_sources_are_joined(module_d, session):
    calls = dari.tool_calls_frame(session, dari=module_d)
    messages = dari.messages_frame(session, dari=module_d)
    joined = calls.merge(messages, on=["session_id", "message_id"])
    assert joined["prompt"].to_list() == ["attic", "attic"]


@pytest.mark.parametrize("name", FRAMES)
def test_dask_partitions_are_the_whole_frame(
    module_server, module_d, session, batch, monkeypatch, name
):
    pytest.importorskip("dask.dataframe")
    monkeypatch.setenv("DARI_API_KEY", module_server.api_key)
    make, expected = FRAMES[name]
    ids = [session.id, *(one.id for one in batch.sessions)]
    parts = dari.frames.dask(name, ids, base_url=module_server.url, slice_of=4)
    assert parts.npartitions == 3
    assert dtypes(parts) == expected
    made = parts.compute(scheduler="threads").reset_index(drop=True)
    whole = make(ids, dari=module_d)[list(parts)]
    pd.testing.assert_frame_equal(made, whole, check_categorical=False)
    assert module_server.api_key not in repr(parts)


def test_dask_refuses_api_key_itself(module_server, module_d):
    with pytest.raises(InvalidRequestError) as raised:
        dari.frames.dask("events", [], base_url=module_server.url, key=module_server.api_key)
    assert raised.value.code == "exposed_api_key"
    assert module_server.api_key not in str(raised.value)
