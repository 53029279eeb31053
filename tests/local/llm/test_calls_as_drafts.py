"""The arguments of a model's parallel calls are seen apart while they are written."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from . import streams

ARGUMENTS = ['{"a": 1, "b": 2}', '{"a": 3}']


def called(index, text, **more):
    return streams.delta(tool_calls=[streams.tool(index, text, **more)])


WRITTEN = (
    streams.delta(role="assistant", content="I add.")
    + called(0, '{"a": 1', id="call_a", type="function", name="add")
    + called(1, '{"a"', id="call_b", type="function", name="add")
    + called(0, ', "b": 2}')
    + called(1, ": 3}")
)


@pytest.fixture
def model():
    """A model that writes two calls of one tool, and ends when it is told to."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(WRITTEN.encode())
            self.wfile.flush()
            self.server.may_end.wait(60)
            self.wfile.write((streams.delta("length") + streams.DONE).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.may_end = threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.may_end.set()
    server.shutdown()
    server.server_close()


def test_each_is_a_draft_of_its_own(serve, model):
    url = f"http://127.0.0.1:{model.server_port}/v1"
    api = serve(llms={"small": {"model": "small", "base_url": url}})
    message = api.send(session_id := api.create("assistant"), "hi")["message"]
    seen = {}
    with api.http.stream("GET", f"/sessions/{session_id}/stream?drafts=true") as answer:
        for line in answer.iter_lines():
            data = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if data.get("type") == "assistant.message_delta":
                place = (data["draft"], data["kind"], data.get("tool_name"))
                seen[place] = seen.get(place, "") + data["text"]
            if len("".join(seen.values())) == len("I add." + "".join(ARGUMENTS)):
                break
    model.may_end.set()
    assert seen == {
        (0, "text", None): "I add.",
        (1, "arguments", "add"): ARGUMENTS[0],
        (2, "arguments", "add"): ARGUMENTS[1],
    }
    assert "in the middle of a tool call" in api.finished(message["id"])["output"]["error"]
