"""No value of a server or an agent breaks a frame or changes its dtypes."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dari_nb.frames import EVENTS, TOOL_CALLS, events_frame, messages_frame, tool_calls_frame
from dari_nb.frames.kinds import json_text
from dari_nb.models import Event, Message

EventMaker = Callable[..., Event]

STORAGES = ["python", "pyarrow"] if find_spec("pyarrow") else ["python"]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
keys = "tool_call_id id tool_name name arguments result error content message_id status attempt"
payloads = st.dictionaries(st.sampled_from(keys.split()), values, max_size=6)
types = st.sampled_from(
    ["user.message", "tool.call_requested", "tool.call_failed", "tool.", "", "new.type"]
)
events = st.builds(
    Event,
    id=st.text(),
    session_id=st.text(max_size=2),
    sequence_number=st.integers(),
    message_id=st.none() | st.text(max_size=2),
    type=types | st.text(),
    source=st.none() | st.text(),
    data=payloads,
    created_at=st.sampled_from(["2026-05-18T12:00:00Z", "now", "today", "-5"]) | st.text(),
)


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in frame.dtypes.items()}


@pytest.mark.parametrize("storage", STORAGES)
@settings(max_examples=60)
@given(some=st.lists(events, max_size=8))
def test_any_events_make_frames_of_the_same_dtypes(storage: str, some: list[Event]) -> None:
    with pd.option_context("mode.string_storage", storage):
        frame = events_frame(some)
        assert dtypes(frame) == EVENTS.dtypes
        assert len(frame) == len(some)
        assert dtypes(tool_calls_frame(some)) == TOOL_CALLS.dtypes


@pytest.mark.parametrize("word", ["now", "", "2026-13-40T99:00:00Z"])
def test_a_time_that_is_none_is_missing_and_never_the_clocks(word: str) -> None:
    frame = events_frame(
        [Event(id="1", created_at="2026-05-18T12:00:00Z"), Event(id="2", created_at=word)]
    )
    assert frame["created_at"].isna().tolist() == [False, True]


def test_what_is_no_whole_number_is_missing_whatever_stands_beside_it() -> None:
    told: list[Any] = [3, 2.0, 1.5, True, "4", 2**70, None, 5]
    events: Any = [Event(id="e", sequence_number=each) for each in told]
    together = events_frame(events)["sequence_number"]
    alone = [events_frame([each])["sequence_number"].to_list()[0] for each in events]
    assert together.isna().tolist() == [False, False, *[True] * 5, False]
    assert together.dropna().tolist() == [3, 2, 5]
    assert [*map(repr, alone)] == [*map(repr, together.to_list())]


def test_times_far_away_do_not_spoil_the_others() -> None:
    times = ["9999-12-31T23:59:59Z", "2026-05-18T12:00:00.123456789Z", "2026-05-18T14:00:00+02:00"]
    column = events_frame([Event(id=t, created_at=t) for t in times])["created_at"]
    assert str(column[1]) == "2026-05-18 12:00:00.123456+00:00"
    assert str(column[2]) == "2026-05-18 12:00:00+00:00"


def test_numbers_beyond_64_bits_are_missing() -> None:
    messages = [Message(id="1", attempt=2), Message(id="2", attempt=2**70), Message(id="3")]
    column = messages_frame(messages)["attempt"]
    assert column.isna().tolist() == [False, True, True]
    assert column[0] == 2


def test_a_tool_name_that_is_an_object_becomes_its_text(event: EventMaker) -> None:
    frame = events_frame(
        [
            event("tool.call_requested", {"tool_call_id": 7, "tool_name": {"a": [1]}}),
            event("tool.call_requested", {"tool_call_id": "8", "tool_name": "search"}),
        ]
    )
    assert frame["tool_call_id"].tolist() == ["7", "8"]
    assert frame["tool_name"].tolist() == ["{'a': [1]}", "search"]


@pytest.mark.parametrize("storage", STORAGES)
def test_texts_keep_everything_but_lone_surrogates(event: EventMaker, storage: str) -> None:
    text = "<script>\x00\u202e😀 ${x} =1+1"
    content = [[{"type": "text", "text": text}], [{"type": "text", "text": "a\ud800b"}]]
    events = [event("user.message", {"content": c}) for c in content]
    with pd.option_context("mode.string_storage", storage):
        frame = events_frame(events)
    assert frame["text"].tolist() == [text, "a?b"]
    assert [json.loads(data)["content"] for data in frame["data"]] == content


def test_unknown_types_and_fields_are_rows_like_any_other(event: EventMaker) -> None:
    frame = events_frame([event("llm.delta", {"tokens": 3}, message=None, region="eu")])
    assert frame["type"].tolist() == ["llm.delta"]
    assert json.loads(frame["data"][0]) == {"tokens": 3}
    assert frame["message_id"].isna().all()


def test_a_turn_named_only_in_the_payload_is_found(event: EventMaker) -> None:
    frame = events_frame([event("user.message", {"message_id": "msg_9"}, message=None)])
    assert frame["message_id"].tolist() == ["msg_9"]


def test_what_json_cannot_hold_is_written_as_its_text() -> None:
    def nested(depth: int) -> Any:
        return [nested(depth - 1)] if depth else 1

    assert json_text({"when": ValueError}) == '{"when": "<class \'ValueError\'>"}'
    assert json_text([2**80]) == f"[{2**80}]"
    assert json_text(nested(5)) == "[[[[[1]]]]]"
