"""JSON columns taken apart, and objects left out before they are rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.frames import events_frame, events_of, expanded, later, tool_calls_frame
from dari_nb.models import Event

EventMaker = Callable[..., Event]


@pytest.fixture
def calls(event: EventMaker) -> list[Event]:
    arguments = [
        {"to": "ZRH", "max": 3, "direct": True, "price": 1, "tags": ["a"]},
        {"to": "GVA", "price": 0.5, "tags": {"b": 1}},
        "no object",
        None,
    ]
    return [
        event("tool.call_requested", {"tool_call_id": f"c{n}", "tool_name": "s", "arguments": some})
        for n, some in enumerate(arguments)
    ]


def test_each_argument_has_a_column_of_the_narrowest_dtype(calls: list[Event]) -> None:
    frame = expanded(tool_calls_frame(calls), "arguments")
    names = ["to", "max", "direct", "price", "tags"]
    assert [str(frame[f"arguments.{name}"].dtype) for name in names] == [
        "string",
        "Int64",
        "boolean",
        "float64",
        "string",
    ]
    assert frame["arguments.to"].dropna().tolist() == ["ZRH", "GVA"]
    assert frame["arguments.tags"].dropna().tolist() == ['["a"]', '{"b":1}']
    assert frame["arguments.price"].dropna().tolist() == [1.0, 0.5]
    assert list(frame.columns[: len(tool_calls_frame([]).columns)]) == list(
        tool_calls_frame([]).columns
    )


def test_given_dtypes_hold_also_when_nothing_fits_or_nothing_is_there(calls: list[Event]) -> None:
    wanted = {"arguments": {"to": "Int64", "max": "float64", "price": "boolean", "new": "string"}}
    for events in (calls, []):
        frame = expanded(tool_calls_frame(events), wanted)
        added = frame.columns[-4:]
        assert list(added) == [f"arguments.{name}" for name in wanted["arguments"]]
        assert [str(frame[name].dtype) for name in added] == list(wanted["arguments"].values())
        assert frame["arguments.to"].isna().all()
        assert frame["arguments.price"].isna().all()
    assert expanded(tool_calls_frame(calls), wanted)["arguments.max"].tolist()[0] == 3.0


def test_yes_and_no_are_not_taken_for_numbers(event: EventMaker) -> None:
    events = [event("custom", {"n": 1}), event("custom", {"n": True})]
    assert str(expanded(events_frame(events), "data")["data.n"].dtype) == "string"
    pinned = expanded(events_frame(events), {"data": {"n": "Int64"}})
    assert pinned["data.n"].isna().tolist() == [False, True]


def test_a_column_that_is_not_there_and_a_dtype_that_is_none_are_refused(calls) -> None:
    frame = tool_calls_frame(calls)
    with pytest.raises(InvalidRequestError):
        expanded(frame, "argument")
    with pytest.raises(InvalidRequestError):
        expanded(frame, {"arguments": {"max": "int"}})


def test_nothing_to_expand_changes_nothing(calls: list[Event]) -> None:
    assert expanded(tool_calls_frame(calls), None).equals(tool_calls_frame(calls))
    assert expanded(tool_calls_frame([]), "arguments").equals(tool_calls_frame([]))


@pytest.fixture
def ledger(event: EventMaker) -> list[Event]:
    call = {"tool_call_id": "c1", "tool_name": "search"}
    return [
        event("user.message"),
        event("tool.call_requested", call),
        event("tool.call_requested", {"id": "c2", "name": "read"}),
        event("tool.call_completed", {"tool_call_id": "c1", "result": 1}),
        event("tool.call_failed", {"tool_call_id": "c2", "tool_name": "read"}),
        event("tool.call_failed", {"tool_call_id": "c1"}, session="sess_2"),
        event("session.status_changed", {"status": "idle"}),
    ]


def numbers(events) -> list[int]:
    return [event.sequence_number for event in events]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, [1, 2, 3, 4, 5, 1, 6]),
        ({"kinds": []}, []),
        ({"kinds": "tool"}, []),
        ({"tools": {"search", "read"}}, [2, 3, 4, 5]),
        ({"tools": "read", "kinds": "tool.call_failed"}, [5]),
        ({"since": "2026-05-18T12:00:05Z"}, [5, 6]),
    ],
)
def test_events_are_left_out_by_type_tool_and_time(ledger, options, kept) -> None:
    assert numbers(events_of(ledger, **options)) == kept


@pytest.mark.parametrize(
    "since",
    [
        "2026-05-18T12:00:05.250Z",
        "2026-05-18T14:00:05.250+02:00",
        datetime(2026, 5, 18, 12, 0, 5, 250_000),
        datetime(2026, 5, 18, 14, 0, 5, 250_000, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_times_are_texts_or_datetimes_and_in_utc_without_an_offset(ledger, since) -> None:
    assert numbers(later(ledger, since)) == [5, 6]


def test_what_has_no_readable_time_is_not_later_than_any() -> None:
    assert list(later([Event(id="1"), Event(id="2", created_at="now")], "2000-01-01")) == []


@pytest.mark.parametrize("since", ["", "2026-13-01"])
def test_what_is_no_time_is_refused(since: str) -> None:
    with pytest.raises(InvalidRequestError):
        later([], since)


def test_calls_are_left_out_by_tool_and_time_but_counted_on(ledger: list[Event]) -> None:
    frame = tool_calls_frame(ledger, tools="read")
    assert frame[["tool_call_id", "order"]].to_numpy().tolist() == [["c2", 2]]
    assert tool_calls_frame(ledger, since="2026-05-18T12:00:03Z")["tool_call_id"].tolist() == ["c2"]
