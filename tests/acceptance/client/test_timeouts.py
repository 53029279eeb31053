"""Every verb takes a timeout of its own, and so does the client."""

from contextlib import ExitStack

import pytest

import dari_nb as dari
from dari_nb import errors

from .conftest import Side
from .proxy import Proxy, silent

CALLS = {
    "agents.list": (),
    "agents.get": ("agt_1",),
    "agents.send": ("agt_1", "Hi"),
    "sessions.create": ("agt_1",),
    "sessions.transcript": ("sess_1",),
    "sessions.submit_tool_result": ("sess_1", "msg_1", "call_1"),
    "messages.get": ("msg_1",),
    "files.upload": (b"x",),
    "webhooks.clear": ("agt_1",),
    "costs.session": ("sess_1",),
    "request": ("GET", "/sessions"),
}


@pytest.fixture(params=["sync", "async"])
def alone(request, server):
    """Return a client and its proxy, which no late request of another test reaches."""
    with Proxy(server.url) as proxy, ExitStack() as stack:
        yield Side(request.param, proxy.url, server.api_key, stack), proxy


@pytest.mark.parametrize("name", CALLS)
def test_call_ends_after_its_timeout(alone, name):
    side, proxy = alone
    proxy.expect(silent)
    with pytest.raises(errors.TimedOutError) as raised:
        side.call(name, *CALLS[name], timeout=0.05)
    assert isinstance(raised.value, TimeoutError)
    assert raised.value.code == "timed_out"
    # Sent once at most: on a busy machine, time may be up before the request is out.
    assert len(proxy.seen) <= 1


def test_timed_out_send_has_key(side, proxy, direct, session_id):
    proxy.expect(*[silent] * 9)
    with pytest.raises(errors.TimedOutError) as raised:
        side.call("sessions.send", session_id, "Hi", timeout=0.1)
    key = raised.value.idempotency_key
    proxy.expect()
    sent = side.call("sessions.send", session_id, "Hi", idempotency_key=key)
    assert [message.id for message in direct.sessions.messages(session_id)] == [sent.message.id]


def test_client_timeout_holds_for_calls(server, proxy):
    proxy.expect(silent)
    with (
        dari.Client(proxy.url, server.api_key, timeout=0.05) as client,
        pytest.raises(errors.TimedOutError),
    ):
        client.agents.list()


def test_call_timeout_overrides_client_timeout(server, proxy, session_id):
    with dari.Client(proxy.url, server.api_key, timeout=0.000_001) as client:
        assert client.sessions.get(session_id, timeout=60).id == session_id
        assert client.sessions.get(session_id, timeout=None).id == session_id


def test_unfinished_turn_raises_timed_out(server):
    with dari.Dari(server.url, server.api_key) as d:

        @server.agent("asks")
        def asks(prompt):
            yield dari.local.ToolCall("lookup", {}, external=True)

        turn = d.agents["asks"].send("Hi")
        with pytest.raises(errors.TimedOutError) as raised:
            turn.wait(timeout=0.05)
        assert raised.value.code == "timed_out"
        turn.cancel()
