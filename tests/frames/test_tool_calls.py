"""Rows of tool calls, folded from the ledgers of many sessions."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from dari_nb.frames import tool_calls_frame
from dari_nb.models import Event

EventMaker = Callable[..., Event]


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


def test_two_sessions_may_use_the_same_call_and_event_ids(event: EventMaker) -> None:
    events = [
        event("tool.call_requested", {"tool_call_id": "call_1"}, session=s, id="evt_1")
        for s in ("sess_1", "sess_2")
    ]
    assert len(tool_calls_frame(events)) == 2
