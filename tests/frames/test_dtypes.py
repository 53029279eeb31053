"""Every frame has the dtypes of its table, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import pandas as pd
import pytest

from dari_nb.frames import (
    EVENTS,
    MESSAGES,
    SESSIONS,
    TOOL_CALLS,
    events_frame,
    messages_frame,
    sessions_frame,
    tool_calls_frame,
)
from dari_nb.models import EVENT_TYPES, Event, Message, Session

Frame = Callable[[Iterable[Any]], pd.DataFrame]

TIME = "datetime64[us, UTC]"
EXPECTED: dict[str, dict[str, str]] = {
    "sessions": {
        "session_id": "string",
        "name": "string",
        "agent_id": "string",
        "version_id": "string",
        "llm_id": "category",
        "status": "category",
        "last_message_id": "string",
        "last_message_status": "category",
        "last_message_stop_reason": "category",
        "created_at": TIME,
        "forked_from": "string",
        "metadata": "string",
    },
    "messages": {
        "message_id": "string",
        "session_id": "string",
        "sequence_number": "Int64",
        "status": "category",
        "attempt": "Int64",
        "prompt": "string",
        "text": "string",
        "reasoning": "string",
        "error": "string",
        "stop_reason": "category",
        "tool_calls": "Int64",
        "input_tokens": "Int64",
        "output_tokens": "Int64",
        "cached_input_tokens": "Int64",
        "reasoning_tokens": "Int64",
        "created_at": TIME,
        "completed_at": TIME,
        "latency_s": "float64",
        "copied_from": "string",
        "metadata": "string",
    },
    "events": {
        "event_id": "string",
        "session_id": "string",
        "sequence_number": "Int64",
        "message_id": "string",
        "type": "category",
        "source": "category",
        "tool_call_id": "string",
        "tool_name": "category",
        "text": "string",
        "data": "string",
        "created_at": TIME,
        "copied_from": "string",
    },
    "tool_calls": {
        "session_id": "string",
        "message_id": "string",
        "tool_call_id": "string",
        "order": "Int64",
        "tool_name": "category",
        "arguments": "string",
        "status": "category",
        "ok": "boolean",
        "result": "string",
        "error": "string",
        "requested_at": TIME,
        "completed_at": TIME,
        "latency_s": "float64",
        "copied_from": "string",
    },
}

BARE_CALL = Event(id="e", type="tool.call_requested", message_id="msg_1")
FULL_CALL = Event(
    id="sess_1:evt_1",
    session_id="sess_1",
    sequence_number=1,
    message_id="msg_1",
    type="tool.call_failed",
    source="platform",
    data={"tool_call_id": "call_1", "tool_name": "search", "arguments": {}, "error": "no"},
    created_at="2026-05-18T12:00:00Z",
)
SESSION = Session(
    id="sess_1",
    name="A",
    agent_id="agt_1",
    version_id="ver_1",
    llm_id="small",
    status="idle",
    last_message_id="msg_1",
    last_message_status="completed",
    created_at="2026-05-18T12:00:00Z",
    metadata={},
)
MESSAGE = Message(
    id="msg_1",
    session_id="sess_1",
    sequence_number=1,
    parts=[{"type": "text", "text": "Hi"}],
    status="completed",
    attempt=1,
    created_at="2026-05-18T12:00:00Z",
    completed_at="2026-05-18T12:00:01Z",
    metadata={},
    usage={"input_tokens": 20},
)

CASES = [
    ("sessions", sessions_frame, []),
    ("sessions", sessions_frame, [Session(id="sess_1")]),
    ("sessions", sessions_frame, [SESSION, Session(id="sess_2")]),
    ("messages", messages_frame, []),
    ("messages", messages_frame, [Message(id="msg_1")]),
    ("messages", messages_frame, [MESSAGE, Message(id="msg_2")]),
    ("events", events_frame, []),
    ("events", events_frame, [Event(id="e")]),
    ("events", events_frame, [FULL_CALL, Event(id="e")]),
    ("tool_calls", tool_calls_frame, []),
    ("tool_calls", tool_calls_frame, [BARE_CALL]),
    ("tool_calls", tool_calls_frame, [FULL_CALL, BARE_CALL]),
]


@pytest.fixture(params=["python", "pyarrow"] if find_spec("pyarrow") else ["python"])
def string_storage(request: pytest.FixtureRequest) -> Any:
    with pd.option_context("mode.string_storage", request.param):
        yield request.param


@pytest.mark.usefixtures("string_storage")
@pytest.mark.parametrize(("name", "frame", "things"), CASES)
def test_dtypes_are_the_same_for_empty_bare_and_full_input(
    name: str, frame: Frame, things: list[Any]
) -> None:
    made = frame(things)
    assert {column: str(dtype) for column, dtype in made.dtypes.items()} == EXPECTED[name]
    assert made.index.equals(pd.RangeIndex(len(things)))


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("sessions", SESSIONS),
        ("messages", MESSAGES),
        ("events", EVENTS),
        ("tool_calls", TOOL_CALLS),
    ],
)
def test_each_table_tells_its_dtypes(name: str, table: Any) -> None:
    assert table.dtypes == EXPECTED[name]


# pandas 2 tells that it will look at empty frames, too; here that changes nothing.
@pytest.mark.filterwarnings("ignore:The behavior of DataFrame concatenation:FutureWarning")
def test_frames_of_two_queries_join_without_a_change_of_dtypes() -> None:
    frames = [events_frame([]), events_frame([FULL_CALL]), events_frame([FULL_CALL, FULL_CALL])]
    joined = pd.concat(frames, ignore_index=True)
    assert str(joined["type"].dtype) == "category"
    assert str(joined["created_at"].dtype) == TIME
    assert len(joined) == 3


def test_documented_types_are_categories_and_others_follow_in_order() -> None:
    events = [Event(id="1", type="zeta.new"), Event(id="2", type="alpha.new")]
    categories = list(events_frame(events)["type"].cat.categories)
    assert categories == [*EVENT_TYPES, "alpha.new", "zeta.new"]


def test_message_statuses_sort_in_the_order_of_a_turn() -> None:
    messages = [Message(id=s, status=s) for s in ("failed", "completed", "running", "queued")]
    frame = messages_frame(messages).sort_values("status")
    assert frame["message_id"].tolist() == ["queued", "running", "completed", "failed"]


def test_many_pieces_give_the_same_as_one() -> None:
    events = [
        Event(id=str(n), sequence_number=n, type=f"kind.{n % 7}", source=("a", None)[n % 2])
        for n in range(1_234)
    ]
    frame = events_frame(events)
    assert frame["event_id"].tolist() == [str(n) for n in range(1_234)]
    assert frame["type"].tolist() == [f"kind.{n % 7}" for n in range(1_234)]
    assert frame["source"].isna().sum() == 617
