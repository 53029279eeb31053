"""Rows of tool calls, folded from the ledgers of many sessions."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pandas as pd

from dari_nb.frames import events_frame, tool_calls_frame
from dari_nb.models import Event

EventMaker = Callable[..., Event]


def test_a_call_has_its_arguments_result_and_seconds(event: EventMaker) -> None:
    frame = tool_calls_frame(
        [
            event("user.message", {"content": [{"type": "text", "text": "Find it"}]}),
            event(
                "tool.call_requested",
                {"tool_call_id": "call_1", "tool_name": "search", "arguments": {"q": "x"}},
            ),
            event("tool.call_completed", {"tool_call_id": "call_1", "result": {"hits": 2}}),
        ]
    )
    [row] = frame.to_dict("records")
    assert row["session_id"], row["message_id"] == ("sess_1", "msg_1")
    assert (row["tool_call_id"], row["tool_name"], row["order"]) == ("call_1", "search", 1)
    assert json.loads(row["arguments"]) == {"q": "x"}
    assert json.loads(row["result"]) == {"hits": 2}
    assert row["ok"] is True
    assert row["status"] == "completed"
    assert pd.isna(row["error"])
    assert row["latency_s"] == 1.0
    assert str(row["requested_at"]) == "2026-05-18 12:00:02.250000+00:00"


def test_a_text_result_is_json_text_too(event: EventMaker) -> None:
    frame = tool_calls_frame(
        [event("tool.call_completed", {"tool_call_id": "call_1", "result": "plain"})]
    )
    assert frame["result"].tolist() == ['"plain"']


def test_failed_calls_say_why_and_open_calls_say_nothing(event: EventMaker) -> None:
    frame = tool_calls_frame(
        [
            event("tool.call_requested", {"tool_call_id": "a", "tool_name": "one"}),
            event("tool.call_failed", {"tool_call_id": "a", "error": {"message": "no such file"}}),
            event("tool.call_requested", {"tool_call_id": "b", "tool_name": "two"}),
        ]
    )
    assert frame["ok"].tolist() == [False, pd.NA]
    assert frame["error"][0] == "no such file"
    assert frame["error"].isna().tolist() == [False, True]
    assert frame["latency_s"].isna().tolist() == [False, True]


def test_a_call_left_open_by_a_failed_turn_carries_the_turns_cause(event: EventMaker) -> None:
    frame = tool_calls_frame(
        [
            event("tool.call_requested", {"tool_call_id": "a", "tool_name": "one"}),
            event("message.status_changed", {"status": "failed", "error": "out of memory"}),
        ]
    )
    assert frame["ok"].tolist() == [False]
    assert frame["error"].tolist() == ["out of memory"]


def test_order_counts_each_sessions_calls_across_its_messages(event: EventMaker) -> None:
    events = [
        event(
            "tool.call_requested",
            {"tool_call_id": f"{session}{n}", "tool_name": "t"},
            session=session,
            message=f"msg_{session}_{n // 2}",
        )
        for n in range(4)
        for session in ("sess_b", "sess_a")
    ]
    frame = tool_calls_frame(events)
    assert frame["session_id"].tolist() == ["sess_b"] * 4 + ["sess_a"] * 4
    assert frame["order"].tolist() == [1, 2, 3, 4] * 2
    assert frame["message_id"].nunique() == 4


def test_repeated_and_shuffled_events_give_the_same_calls(event: EventMaker) -> None:
    events = [
        event(kind, {"tool_call_id": str(n), "tool_name": "t", "arguments": n, "result": n})
        for n in range(30)
        for kind in ("tool.call_requested", "tool.call_completed")
    ]
    mixed = [*events, *events[:20]]
    random.Random(7).shuffle(mixed)
    pd.testing.assert_frame_equal(tool_calls_frame(mixed), tool_calls_frame(events))


def test_events_and_calls_join_on_their_ids(event: EventMaker) -> None:
    events = [
        event("tool.call_requested", {"tool_call_id": "call_1", "tool_name": "search"}),
        event("tool.call_completed", {"tool_call_id": "call_1", "result": 1}),
    ]
    keys = ["session_id", "message_id", "tool_call_id"]
    joined = events_frame(events).merge(tool_calls_frame(events), on=keys)
    assert len(joined) == 2
    assert joined["status"].tolist() == ["completed", "completed"]


def test_two_sessions_may_use_the_same_call_and_event_ids(event: EventMaker) -> None:
    events = [
        event("tool.call_requested", {"tool_call_id": "call_1"}, session=s, id="evt_1")
        for s in ("sess_1", "sess_2")
    ]
    assert len(tool_calls_frame(events)) == 2
