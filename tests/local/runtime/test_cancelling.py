"""A turn that is cancelled ends at once, keeps what was written, and its session goes on."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dari_nb.local import Draft, LocalDari


def cancel(api, message):
    body = {"type": "message.cancel_requested", "message_id": message["id"]}
    return api.http.post(f"/sessions/{message['session_id']}/events", json=body)


def ended(api, message):
    """The finished message, with its events that follow on the wish to cancel."""
    message = api.finished(message["id"])
    api.rests(message["session_id"])
    own = [e for e in api.events(message["session_id"]) if e["message_id"] == message["id"]]
    kinds = [event["type"] for event in own]
    return message, own[kinds.index("message.cancel_requested") + 1 :]


@pytest.fixture
def begun(server, api):
    """Start a turn of an agent; returns its message once it has come so far."""

    def begin(function, reached):
        server.agent("hangs")(function)
        message_id = api.send(api.create("hangs"), "x")["message"]["id"]
        message = api.get(f"/messages/{message_id}")
        if isinstance(reached, str):
            return api.reaches(message_id, reached)
        assert reached.wait(120)
        return message

    return begin


def test_a_running_turn_ends_and_the_session_goes_on(api, begun):
    reached, go_on = threading.Event(), threading.Event()

    def hangs(prompt):
        if prompt != "x":
            return "here"
        return stuck()

    def stuck():
        yield "first"
        yield Draft("second, unfi")
        reached.set()
        go_on.wait(120)
        yield "never"

    message = begun(hangs, reached)
    sent = cancel(api, message)
    assert sent.status_code == 202
    assert sent.json()["event"]["type"] == "message.cancel_requested"
    message, events = ended(api, message)
    go_on.set()
    assert message["status"] == "failed"
    assert events[-1]["data"]["error"] == "cancelled"
    assert [event["type"] for event in events] == [
        *("assistant.message_completed", "message.status_changed"),
    ]
    assert events[0]["data"]["content"] == [{"type": "text", "text": "second, unfi"}]
    assert events[1]["data"]["previous_status"] == "running"
    again = api.send(message["session_id"], "again")["message"]["id"]
    assert api.finished(again)["output"]["parts"][-1]["text"] == "here"
    assert "never" not in str(api.events(message["session_id"]))


def test_a_queued_turn_ends_at_once_and_those_around_it_run(api, begun):
    reached, go_on = threading.Event(), threading.Event()

    def hangs(prompt):
        reached.set()
        go_on.wait(120)
        return prompt

    first = begun(hangs, reached)
    second, third = (api.send(first["session_id"], text)["message"]["id"] for text in "yz")
    second = api.get(f"/messages/{second}")
    assert cancel(api, second).status_code == 202
    assert api.finished(second["id"])["status"] == "failed"
    assert api.get(f"/messages/{first['id']}")["status"] == "running"
    go_on.set()
    assert api.finished(third)["status"] == "completed"


def test_asked_twice_gives_the_first_event_and_what_has_ended_is_refused(api, begun):
    reached = threading.Event()

    async def hangs(prompt):
        reached.set()
        await asyncio.sleep(60)

    message = begun(hangs, reached)
    first = cancel(api, message).json()["event"]
    ended(api, message)
    assert cancel(api, message).json()["event"] == first
    done = api.ask("echo", "Hi")
    assert cancel(api, done).status_code == 409
    elsewhere = {**message, "session_id": done["session_id"]}
    assert cancel(api, elsewhere).status_code == 404


class Model(BaseHTTPRequestHandler):
    """A model that writes a word and then for ever nothing; it notices who hangs up."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b'data: {"choices":[{"index":0,"delta":{"content":"Half a "}}]}\n\n')
        self.wfile.flush()
        self.server.asked.set()
        self.connection.recv(1)
        self.server.hung_up.set()

    def log_message(self, *_):
        pass


@pytest.fixture
def model():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.asked, server.hung_up = threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_models_request_is_closed_and_its_words_stay(call, model, stream_of):
    llms = {"m": {"model": "m", "base_url": f"http://127.0.0.1:{model.server_port}/v1"}}
    with LocalDari(llms=llms) as server, call(server) as api:
        message = api.send(api.create("assistant", llm_id="m"), "Hi")["message"]
        message = api.get(f"/messages/{message['id']}")
        stream_of(api, message["session_id"], "Half a ")
        assert cancel(api, message).status_code == 202
        assert model.hung_up.wait(120)
        message, events = ended(api, message)
        assert events[-1]["data"]["error"] == "cancelled"
        assert events[0]["data"]["content"] == [{"type": "text", "text": "Half a "}]


@pytest.fixture
def stream_of():
    """Wait until a session's stream shows a draft."""

    def waiting(api, session_id, text):
        with api.http.stream("GET", f"/sessions/{session_id}/stream?drafts=true") as answer:
            next(line for line in answer.iter_lines() if "message_delta" in line and text in line)

    return waiting
