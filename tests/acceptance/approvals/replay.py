"""A server that answers GET requests of the API from stored agents, sessions and events.

An input is a file of JSON lines. Each line is ``{"agent": …}``, ``{"version": …}``,
``{"session": …}``, ``{"event": …}`` or ``{"cost": …}``, in the form of the API. The base URL of
``inputs/fork.jsonl`` is ``http://127.0.0.1:PORT/fork/v1``.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Input:
    """The resources of one file."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]

    def every(self, kind: str, **fields: Any) -> list[Any]:
        """Return the resources of a kind that have these fields."""
        found = [line[kind] for line in self.lines if kind in line]
        return [each for each in found if all(each[k] == v for k, v in fields.items())]

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """Return the body of the answer to a GET request, or raise ``IndexError``."""
        match path.split("/"):
            case ["agents"]:
                return {"agents": self.every("agent")}
            case ["agents", agent_id, *rest]:
                return self._of_agent(self.every("agent", id=agent_id)[0], rest)
            case ["sessions"]:
                wanted = {key.removeprefix("metadata."): value for key, value in query.items()}
                found = self.every("session")
                return {"sessions": [s for s in found if wanted.items() <= s["metadata"].items()]}
            case ["sessions", session_id, *rest]:
                return self._of_session(self.every("session", id=session_id)[0], rest)
            case ["messages", message_id]:
                opened = self.every("event", type="user.message", message_id=message_id)[0]
                return self._message(opened)
            case ["costs", "sessions", session_id]:
                return self.every("cost", scope_id=session_id)[0]
        raise IndexError(path)

    def _of_agent(self, agent: dict[str, Any], rest: list[str]) -> Any:
        match rest:
            case []:
                return agent
            case ["sessions"]:
                return {"sessions": self.every("session", agent_id=agent["id"])}
            case ["versions"]:
                return {"agent": agent, "versions": self.every("version", agent_id=agent["id"])}
            case ["versions", version_id]:
                return {"agent": agent, "version": self.every("version", id=version_id)[0]}
        raise IndexError(rest)

    def _of_session(self, session: dict[str, Any], rest: list[str]) -> Any:
        events = self.every("event", session_id=session["id"])
        match rest:
            case []:
                return session
            case ["events"]:
                return {"events": events}
            case ["messages"]:
                opened = [event for event in events if event["type"] == "user.message"]
                return {"messages": [self._message(event) for event in opened]}
            case ["transcript"]:
                agent = self.every("agent", id=session["agent_id"])[0]
                return {"agent": agent, "session": session, "timeline": {"items": items(events)}}
        raise IndexError(rest)

    def _message(self, opened: dict[str, Any]) -> dict[str, Any]:
        """Build the message that an event opened (contract, section 7)."""
        events = self.every("event", message_id=opened["message_id"])
        before = self.every("event", session_id=opened["session_id"], type="user.message")
        changes = [event for event in events if event["type"] == "message.status_changed"]
        ended = [event for event in changes if event["data"]["status"] in ("completed", "failed")]
        output = {
            "parts": [part for event in events for part in parts(event["type"], event["data"])],
            "error": ended[0]["data"].get("error") if ended else None,
        }
        return {
            "id": opened["message_id"],
            "session_id": opened["session_id"],
            "sequence_number": [event["id"] for event in before].index(opened["id"]) + 1,
            "parts": opened["data"]["content"],
            "metadata": opened["data"]["metadata"],
            "status": changes[-1]["data"]["status"] if changes else "queued",
            "attempt": 1,
            "output": output,
            "created_at": opened["created_at"],
            "completed_at": ended[0]["created_at"] if ended else None,
        }


def parts(kind: str, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what an event adds to the output of its message."""
    match kind:
        case "assistant.message_completed":
            return list(data["content"])
        case "tool.call_requested":
            call = {"id": data["tool_call_id"], "name": data["tool_name"]}
            return [{"type": "tool_call", **call, "arguments": data["arguments"]}]
        case "tool.call_completed" | "tool.call_failed":
            result = {key: data[key] for key in ("tool_call_id", "tool_name", "is_error")}
            text = data["result"] if isinstance(data["result"], str) else json.dumps(data["result"])
            content = [{"type": "text", "text": text}]
            return [{"type": "tool_result", **result, "content": content}]
    return []


def items(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Build the items of a transcript (contract, section 9)."""
    found: list[dict[str, Any]] = []
    for event in events:
        data = event["data"]
        item = {key: event[key] for key in ("id", "message_id", "created_at")}
        match event["type"]:
            case "user.message":
                found.append({"type": "user_message", **item, "content": data["content"]})
            case "assistant.message_completed":
                said = {"status": "completed", "content": data["content"], "error_message": None}
                found.append({"type": "assistant_message", **item, **said})
            case "message.status_changed" if data["status"] == "failed":
                said = {"status": "failed", "content": [], "error_message": data["error"]}
                found.append({"type": "assistant_message", **item, **said})
            case "tool.call_requested":
                opened = {"status": "requested", "result": None, "is_error": None}
                found.append({"type": "tool_call", **item, **data, **opened})
            case "tool.call_completed" | "tool.call_failed":
                call = next(i for i in found if i.get("tool_call_id") == data["tool_call_id"])
                status = "failed" if data["is_error"] else "completed"
                call.update(data, status=status, completed_at=event["created_at"])
    return found


class Replay(ThreadingHTTPServer):
    """Serves all inputs of a folder on a free port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.inputs = {path.stem: Input(path) for path in sorted(folder.glob("*.jsonl"))}
        self.closing = threading.Event()

    def url(self, name: str) -> str:
        """Return the base URL of an input."""
        return f"http://127.0.0.1:{self.server_port}/{name}/v1"

    def __enter__(self) -> "Replay":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits for 40 ms
    server: Replay

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        name, _, path = url.path.lstrip("/").partition("/v1/")
        resources = self.server.inputs[name]
        if path.endswith("/stream"):
            return self._stream(resources.every("event", session_id=path.split("/")[1]))
        try:
            self._send(200, resources.answer(path, dict(parse_qsl(url.query))))
        except IndexError:
            self._send(404, {"detail": "Not found"})

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, events: list[dict[str, Any]]) -> None:
        """Send the events after ``Last-Event-ID``, and leave the stream open as the API does."""
        seen = self.headers.get("Last-Event-ID")
        ids = [event["id"] for event in events]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in events[ids.index(seen) + 1 if seen in ids else 0 :]:
            frame = f"id: {event['id']}\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n"
            self.wfile.write(frame.encode())
        self.wfile.flush()
        self.server.closing.wait()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
