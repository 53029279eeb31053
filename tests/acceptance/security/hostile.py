"""A Dari on which everything that others could write is hostile.

Each group of texts is an API of its own: each text is an agent's name, an LLM, a
task, a prompt, an answer, a tool with its arguments and result, an error and a file. The text
``needle`` is in each of them, so that a test can see that it's shown.
"""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

CORPUS: dict[str, list[str]] = json.loads((Path(__file__).parent / "corpus.json").read_text())
MIXED = "mixed"
"""The group of every third text of all that aren't long."""
GROUPS = {**CORPUS, MIXED: [t for ts in CORPUS.values() for t in ts if len(t) < 400][::3]}
AT = "2026-03-31T18:40:00Z"
LONG = "sess_long"
"""The session in which each text is one turn."""
RUNNING = "sess_running"
"""The session whose only turn shows all texts, and is running."""


def prompt(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}, {"type": text}]


class Ledger:
    """The events of a session, and the transcript items and messages that they make."""

    def __init__(self, session_id: str, texts: list[str]) -> None:
        self.session_id = session_id
        self.events: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        for number, text in enumerate(texts):
            message_id = f"msg_{session_id}_{number}"
            self._begin(message_id, text)
            self._work(message_id, text)
            self._end(message_id, text, is_failed=number % 2 == 1)

    @classmethod
    def of_running_turn(cls, texts: list[str]) -> "Ledger":
        """Return the ledger of one turn with all texts, which hasn't ended."""
        ledger = cls(RUNNING, [])
        ledger._begin("msg_running", texts[0])
        for text in texts:
            ledger._work("msg_running", text)
        ledger._message("msg_running", texts[0], "running", None)
        return ledger

    def _begin(self, message_id: str, text: str) -> None:
        self._event(message_id, "user.message", content=prompt(text), metadata=None)
        self._item(message_id, "user_message", content=prompt(text))
        began = {"status": "running", "previous_status": "queued"}
        self._event(message_id, "message.status_changed", **began)

    def _work(self, message_id: str, text: str) -> None:
        self._call(message_id, text, {text: text}, {text: [text]})
        self._call(message_id, "edit", {"path": text, "old": text, "new": "x"}, text)
        self._call(message_id, "run", {"command": text}, text, is_error=True)
        self._event(message_id, text, payload=text)
        self._event(message_id, "assistant.message_completed", content=prompt(text)[:1])
        self._item(message_id, "assistant_message", status="completed", content=prompt(text)[:1])

    def _end(self, message_id: str, text: str, *, is_failed: bool) -> None:
        status = "failed" if is_failed else "completed"
        ended = {"status": status, "previous_status": "running"}
        error = {"error": text} if is_failed else {}
        self._event(message_id, "message.status_changed", **ended, **error)
        self._message(message_id, text, status, text if is_failed else None)
        if is_failed:
            failed = {"status": "failed", "content": [], "error_message": text}
            self._item(message_id, "assistant_message", **failed)

    def _message(self, message_id: str, text: str, status: str, error: str | None) -> None:
        message = {"id": message_id, "session_id": self.session_id, "parts": prompt(text)}
        times = {"created_at": AT, "completed_at": AT, "sequence_number": len(self.messages) + 1}
        output = {"parts": prompt(text)[:1], "error": error}
        more = {"status": status, "attempt": 1, "metadata": None, "output": output}
        self.messages.append({**message, **times, **more})

    def _call(
        self, message_id: str, name: str, arguments: Any, result: Any, is_error: bool = False
    ) -> None:
        call = {"tool_call_id": f"call_{len(self.events)}", "tool_name": name}
        self._event(message_id, "tool.call_requested", **call, arguments=arguments)
        kind = "tool.call_failed" if is_error else "tool.call_completed"
        ended = {"result": result, "is_error": is_error}
        self._event(message_id, kind, **call, **ended)
        status = "failed" if is_error else "completed"
        self._item(message_id, "tool_call", **call, **ended, arguments=arguments, status=status)

    def _event(self, message_id: str, kind: str, **data: Any) -> None:
        number = len(self.events) + 1
        about = {"session_id": self.session_id, "message_id": message_id, "type": kind}
        by = {"source": "runtime", "actor": {"type": "runtime", "id": "dari"}, "created_at": AT}
        body = {"data": {**data, "message_id": message_id}}
        event_id = f"{self.session_id}:evt_{number}"
        self.events.append({"id": event_id, "sequence_number": number, **about, **by, **body})

    def _item(self, message_id: str, kind: str, **fields: Any) -> None:
        item = {"id": f"item_{len(self.items)}", "message_id": message_id, "created_at": AT}
        self.items.append({**item, "type": kind, **fields})


def answers(texts: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the paths of an API with their answers."""
    agents = []
    for number, text in enumerate(texts):
        agent = {"id": f"agt_{number}", "name": text, "created_at": AT, "deleted_at": None}
        agent["active_version_id"] = f"ver_{number}"
        version = {"id": f"ver_{number}", "agent_id": f"agt_{number}", "created_at": AT}
        version |= {"is_active": True, "llms": texts[:2]}
        path = f"agents/agt_{number}"
        yield path, agent
        yield f"{path}/versions", {"agent": agent, "versions": [version]}
        yield f"{path}/versions/ver_{number}", {"agent": agent, "version": version}
        agents.append(agent)
    yield "agents", {"agents": agents}
    sessions = []
    for number, (text, other) in enumerate(zip(texts, [*texts[1:], texts[0]], strict=True)):
        for llm in range(2 if number < 3 else 1):
            ledger = Ledger(f"sess_{number}_{llm}", [text, other][llm:])
            task = {"task": text, "exact": str(llm), "note": text}
            sessions.append(session(ledger, agents[number], texts[llm], task))
            yield from session_answers(sessions[-1], ledger, agents[number])
    yield "sessions", {"sessions": sessions[::-1]}
    ledger = Ledger(LONG, texts)
    long = session(ledger, agents[0], texts[0], {})
    yield from session_answers(long, ledger, agents[0])
    ledger = Ledger.of_running_turn(texts)
    yield from session_answers(session(ledger, agents[0], texts[0], {}), ledger, agents[0])
    yield f"sessions/{LONG}/workspace.zip", archive(texts)


def session(ledger: Ledger, agent: Any, llm: str, metadata: dict[str, str]) -> dict[str, Any]:
    last = {"last_message_id": ledger.messages[-1]["id"]}
    last["last_message_status"] = ledger.messages[-1]["status"]
    of = {"agent_id": agent["id"], "version_id": agent["active_version_id"], "llm_id": llm}
    more = {"storage_binding_id": None, "internet_access": False}
    more["status"] = "running" if ledger.session_id == RUNNING else "idle"
    named = {"id": ledger.session_id, "name": agent["name"], "created_at": AT}
    return {**named, **of, **more, **last, "metadata": metadata}


def session_answers(session: Any, ledger: Ledger, agent: Any) -> Iterator[tuple[str, Any]]:
    path = f"sessions/{session['id']}"
    yield path, session
    yield f"{path}/events", {"events": ledger.events}
    yield f"{path}/messages", {"messages": ledger.messages}
    timeline = {"items": ledger.items}
    yield f"{path}/transcript", {"agent": agent, "session": session, "timeline": timeline}
    cost = {"scope_kind": "session", "scope_id": session["id"], "event_count": 1}
    yield f"costs/{path}", {**cost, "total_cost_usd": "0.01"}


def archive(texts: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, text in enumerate(texts):
            name = text.replace("/", "|").replace("\\", "|")
            archive.writestr(f"{number}/{name}.md", text)
    return buffer.getvalue()


class HostileDari(ThreadingHTTPServer):
    """Serves each group of the corpus on a free port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.closing = threading.Event()
        self.bodies: dict[str, Any] = {}
        for number, texts in enumerate(GROUPS.values()):
            for path, body in answers(texts):
                self.bodies[f"/{number}/v1/{path}"] = body

    def url(self, group: str) -> str:
        """Return the base URL of a group."""
        return f"http://127.0.0.1:{self.server_port}/{list(GROUPS).index(group)}/v1"

    def __enter__(self) -> "HostileDari":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HostileDari

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.endswith("/stream"):
            events = self.server.bodies[f"{path.removesuffix('/stream')}/events"]["events"]
            self._stream(events)
        elif isinstance(body := self.server.bodies.get(path), bytes):
            self._send(200, body, "application/zip")
        else:
            text = json.dumps(body or {"detail": "Not found"})
            self._send(200 if body else 404, text.encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: list[dict[str, Any]]) -> None:
        """Send the events after ``Last-Event-ID``, and leave the stream open as the API does."""
        ids = [event["id"] for event in events]
        seen = self.headers.get("Last-Event-ID")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in events[ids.index(seen) + 1 if seen in ids else 0 :]:
            frame = f"id: {event['id']}\nevent: message\ndata: {json.dumps(event)}\n\n"
            self.wfile.write(frame.encode())
        self.server.closing.wait()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
