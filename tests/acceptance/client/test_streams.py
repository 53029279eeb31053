"""Event streams: they resume after breaks, and neither lose nor double an event."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dari_nb import errors
from dari_nb.local import Draft

from .proxy import cut_before, cut_stream, says

DOWN = says(503, Retry_After="0")
STEPS = 6


class Live:
    """A turn of six texts, each of which is written when the one before has been read.

    Attributes:
        agent_id: The agent.
        read: To be called with each event that has been read.
    """

    def __init__(self, server, direct):
        self._direct = direct
        self._permits = threading.Semaphore(0)

        @server.agent("steps")
        def steps(prompt):
            for number in range(STEPS):
                assert self._permits.acquire(timeout=60)
                yield f"Grüße \u2028 😀 {number}"

        self.agent_id = next(agent.id for agent in direct.agents.list() if agent.name == "steps")

    def read(self, event):
        # The first text waits for the event that says that the turn runs.
        if event.type == "assistant.message_completed" or event.data.get("status") == "running":
            self._permits.release()

    def follow(self, side, **options):
        """Start a turn, and return the events of its stream and those of the ledger."""
        sent = self._direct.agents.send(self.agent_id, "Go.")
        events = side.stream(sent.session.id, until=sent.message.id, each=self.read, **options)
        ledger = self._direct.sessions.events(sent.session.id)[: len(events)]
        assert (events[-1].message_id, events[-1].data["status"]) == (sent.message.id, "completed")
        return plain(events), plain(ledger)


@pytest.fixture
def live(server, direct):
    return Live(server, direct)


def plain(events):
    return [event.to_dict() for event in events]


def last_ids(proxy):
    streams = [exchange for exchange in proxy.seen if "/stream" in exchange.line]
    return [exchange.header("Last-Event-ID") for exchange in streams]


@pytest.mark.parametrize("fault", [cut_before, DOWN, cut_stream(0)])
def test_unopened_stream_is_opened_again(side, proxy, live, fault):
    proxy.expect(fault, fault, on="/stream")
    events, ledger = live.follow(side)
    assert events == ledger
    assert len(last_ids(proxy)) == 3


@pytest.mark.parametrize("faults", [[cut_stream(5)], [cut_stream(5), cut_before, DOWN]])
def test_broken_stream_resumes_after_last_event(side, proxy, live, faults):
    proxy.expect(*faults, on="/stream")
    events, ledger = live.follow(side)
    assert events == ledger
    first, *later = last_ids(proxy)
    assert first is None
    assert later[0] == events[4]["id"]
    assert len(later) == len(faults)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 4), max_size=4))
def test_stream_cut_anywhere_is_whole(side, proxy, live, cuts):
    proxy.expect(*map(cut_stream, cuts), on="/stream")
    events, ledger = live.follow(side)
    assert events == ledger


def test_stream_begins_after_a_given_event(side, proxy, live):
    session = live.follow(side)[1][0]["session_id"]
    ledger = side.call("sessions.events", session)
    proxy.expect(cut_stream(1), on="/stream")
    found = side.stream(session, len(ledger) - 5, last_event_id=ledger[4].id)
    assert plain(found) == plain(ledger[5:])
    assert last_ids(proxy)[0] == ledger[4].id


def test_stream_reports_breaks(side, proxy, live):
    states = []
    proxy.expect(cut_stream(5), cut_stream(1), on="/stream")
    live.follow(side, on_state=states.append)
    assert states == ["live", "reconnecting", "live", "reconnecting", "live"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refused_stream_raises(side, proxy, status):
    proxy.expect(says(status, {"detail": "no"}))
    with pytest.raises(errors.ApiError) as raised:
        side.stream("sess_1")
    assert raised.value.status == status
    assert len(proxy.seen) == 1


def test_stream_without_more_events_ends(side, proxy, session_id):
    proxy.expect(says(204), says(204), on="/stream")
    assert side.stream(session_id) == []
    with pytest.raises(errors.StreamInterruptedError) as raised:
        side.stream(session_id, until="msg_1")
    assert raised.value.code == "stream_interrupted"


def test_unreadable_frames_are_passed_over(side, proxy, session_id, direct):
    sent = direct.sessions.send(session_id, "Hi")
    frames = b": hello\n\nevent: ping\ndata: {}\n\ndata: no JSON\n\n\xff\n\n"
    proxy.expect(says(200, frames, Content_Type="text/event-stream"), on="/stream")
    events = side.stream(session_id, until=sent.message.id)
    numbers = [event.sequence_number for event in events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


@pytest.mark.parametrize("drafts", [True, False])
def test_drafts_are_given_when_asked_for(server, side, direct, drafts):
    gate = threading.Event()

    @server.agent("writes")
    def writes(prompt):
        yield Draft("a cl")
        gate.wait(60)
        yield "a closure"

    agent_id = next(agent.id for agent in direct.agents.list() if agent.name == "writes")
    sent = side.call("agents.send", agent_id, "x")
    # The text comes once the draft has arrived, or at once if nobody reads it.
    count = 4 if drafts else 3
    events = side.stream(sent.session.id, count, drafts=drafts)
    gate.set()
    kinds = [event.type for event in events]
    assert ("assistant.message_delta" in kinds) is drafts
    if drafts:
        data = events[-1].data
        assert (data["kind"], data["offset"], data["text"]) == ("text", 0, "a cl")
