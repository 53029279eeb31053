"""What a session's feed costs: each event is folded once, and nothing is kept of past turns."""

import pytest

from dari_nb.models import Event
from dari_nb.resources import Dari, Turn
from dari_nb.transcript import TurnState

from ...waiting import until


@pytest.fixture
def again(server):
    """A new connection to the same server."""
    with Dari(server.url, server.api_key) as d:
        yield d


def test_first_send_from_a_new_connection_folds_each_event_once(d, again, monkeypatch):
    session = d.sessions.create("echo")
    for _ in range(20):
        session.send("Hi").wait()
    folded = []
    apply = TurnState.apply

    def counted(state, event):
        folded.append(event.id)
        apply(state, event)

    monkeypatch.setattr(TurnState, "apply", counted)
    turn = again.sessions.get(session.id).send("go").wait()
    assert turn.text.endswith("That is 1 word in 1 line.")
    assert len(folded) == len(set(folded))
    assert set(folded) >= {event.id for event in session.events() if event.message_id}


def test_message_beyond_a_gap_is_known_before_the_gap_closes(d):
    session = d.sessions.create("echo")
    sent = Event(
        id=f"{session.id}:evt_7",
        session_id=session.id,
        sequence_number=7,
        message_id="msg_7",
        type="user.message",
        data={"content": [{"type": "text", "text": "go"}]},
    )
    session._feed.add([sent])
    turn = Turn(session, "msg_7")
    assert (turn.status, [item.type for item in turn.items]) == (
        "queued",
        ["user_message", "assistant_message"],
    )
    assert session._feed.number("msg_7") is None
    assert session._feed.under_way() == "msg_7"


def test_resumed_streams_list_the_ledger_once(watched, streams, gate):
    turn = watched.agents.get("gated").send("Hi")
    session = turn.session
    until(lambda: "first" in [getattr(item, "text", "") for item in turn.items])
    gate.open()
    turn.wait()
    for _ in range(4):
        session.send("Hi").wait()
    listed = f"GET /v1/sessions/{session.id}/events"
    assert sum(line.startswith(listed) for line in streams.asked) == 1
    assert streams.opened[session.id] == 5
