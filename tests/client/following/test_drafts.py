"""Answers while they are written: asked for where they are offered, apart from the ledger."""

import json

import pytest
from starlette.responses import JSONResponse

from .streams import EVENTS, SESSION, chunks, frames

OFFERED = {"Dari-Extensions": "drafts, cancel"}


def delta(text, offset=0, draft=0, attempt=1, **more):
    piece = {"type": "assistant.message_delta", "session_id": SESSION, "message_id": "msg_1"}
    piece |= {"draft": draft, "attempt": attempt, "kind": "text", "offset": offset, "text": text}
    return f"event: {piece['type']}\ndata: {json.dumps(piece | more)}\n\n".encode()


@pytest.fixture
def turn(dari):
    """A server that offers drafts, with a turn in its ledger."""
    session = {"id": SESSION, "status": "running", "agent_id": "agt_1"}
    dari.answer("GET", f"/sessions/{SESSION}", JSONResponse(session, headers=OFFERED))
    dari.add("user.message", data={"content": [{"type": "text", "text": "Hi"}]})
    dari.add("message.status_changed", data={"status": "running"})
    dari.add(data={"content": [{"type": "text", "text": "Hello you"}]})
    dari.add("message.status_changed", data={"status": "completed"})
    dari.lists = False
    return dari


def texts(events):
    return [event.data.get("text") or event.sequence_number for event in events]


def test_drafts_come_between_the_events_in_their_order(turn, side):
    body = frames(turn, 1, 2) + delta("Hel") + delta("lo", 3) + frames(turn, 3) + delta("!", 0, 1)
    body += frames(turn, 4)
    turn.streams = [chunks(*(body[at : at + 7] for at in range(0, len(body), 7)))]
    events = side.follow(turn.url, until="msg_1", drafts=True)
    assert texts(events) == [1, 2, "Hel", "lo", 3, "!", 4]
    assert [event.id for event in events if event.type == "assistant.message_delta"] == [""] * 3
    assert events[3].data == {
        "draft": 0,
        "attempt": 1,
        "kind": "text",
        "offset": 3,
        "text": "lo",
    }
    assert [seen.query for seen in turn.asked(f"/sessions/{SESSION}/stream")] == [
        [("drafts", "true")]
    ]


def test_after_a_break_in_a_draft_the_ledger_goes_on_where_it_was(turn, sync_side):
    turn.streams = [
        chunks(frames(turn, 1, 2) + delta("Hel")),
        chunks(delta("Hello"), frames(turn, 3), frames(turn, 4)),
    ]
    events = sync_side.follow(turn.url, until="msg_1", drafts=True)
    assert texts(events) == [1, 2, "Hel", "Hello", 3, 4]
    again = turn.asked(f"/sessions/{SESSION}/stream")[1]
    assert again.headers["last-event-id"] == f"{SESSION}:evt_2"
    assert again.query == [("drafts", "true")]


@pytest.mark.parametrize(
    ("kind", "data", "comes"),
    [
        ("assistant.message_completed", {}, ["?"]),
        ("tool.call_requested", {}, ["?"]),
        ("message.status_changed", {"status": "running", "attempt": 2}, ["?"]),
        ("message.cancel_requested", {}, ["Hel", "lo", "?"]),
        ("tool.call_completed", {}, ["Hel", "lo", "?"]),
    ],
)
def test_a_draft_comes_only_while_no_listed_event_has_taken_its_place(
    turn, sync_side, kind, data, comes
):
    turn.ledger[2] |= {"type": kind, "data": data}
    turn.answer("GET", EVENTS, {"events": turn.ledger[:3]})
    late = delta("Hel") + delta("lo", 3)
    turn.streams = [chunks(frames(turn, 1, 2) + late, frames(turn, 3), delta("?"), frames(turn, 4))]
    assert texts(sync_side.follow(turn.url, until="msg_1", drafts=True)) == [1, 2, 3, *comes, 4]


def test_a_server_that_offers_none_is_not_asked(turn, sync_side):
    turn.answer("GET", f"/sessions/{SESSION}", {"id": SESSION, "status": "running"})
    turn.streams = [chunks(frames(turn, 1, 2, 3, 4))]
    assert texts(sync_side.follow(turn.url, until="msg_1", drafts=True)) == [1, 2, 3, 4]
    assert all(seen.query == [] for seen in turn.asked(f"/sessions/{SESSION}/stream"))


@pytest.mark.parametrize(
    "strange",
    [
        b'data: {"type": "assistant.message_delta"}\n\n',
    ],
)
def test_what_is_no_draft_is_passed_over(turn, sync_side, strange):
    turn.lists = True
    turn.streams = [chunks(frames(turn, 1, 2), strange, frames(turn, 3, 4))]
    assert texts(sync_side.follow(turn.url, until="msg_1", drafts=True)) == [1, 2, 3, 4]
