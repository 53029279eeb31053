"""A stand-in for an LLM server on loopback that speaks both wire protocols, streamed.

It needs nothing but Python, so that it can be loaded by its path or run by itself::

    python stand_in.py --port 11500

Its "model" is a rule: it repeats what it was told, and calls a tool when the user writes
``use NAME {"json": "arguments"}``. A test puts other answers and faults in front of that. The rule
:func:`attentive` finds the tool by itself, so that a lesson about tools needs no model.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]
_USE = re.compile(r"use (?P<name>\w+) (?P<arguments>\{.*\})", re.DOTALL)


@dataclass
class Answer:
    """What the model answers to one request.

    Attributes:
        text: What it says.
        calls: Its tool calls: names with arguments, malformed ones as text.
        usage: Input, output and cached input tokens, or nothing.
        stop: ``length`` or ``refusal`` instead of an ordinary end.
        status: An HTTP error instead of an answer.
        error: What the error says, or an error in the middle of the stream.
        headers: More headers of the answer.
        fault: ``cut`` ends the connection in the middle, ``garbage`` sends no JSON, ``silence``
            sends nothing more until the server closes.
        drip: Send so many bytes at a time.
        gate: Waited for before the answer, if given.
    """

    text: str = ""
    calls: list[tuple[str, Json | str]] = field(default_factory=list)
    usage: tuple[int, int, int] | None = (100, 20, 0)
    stop: str | None = None
    status: int = 200
    error: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: str | None = None
    drip: int = 0
    gate: threading.Event | None = None


@dataclass
class Request:
    """A request that came; ``port`` tells its connection."""

    path: str
    headers: dict[str, str]
    body: Json
    port: int = 0

    @property
    def last(self) -> str:
        """The text of the last message, whatever the protocol."""
        content = self.body["messages"][-1]["content"]
        if isinstance(content, str):
            return content
        block = content[-1]
        return str(block.get("text") or block.get("content") or "")

    @property
    def answers_tool(self) -> bool:
        """Whether the last message is a tool's result."""
        message = self.body["messages"][-1]
        blocks = message["content"] if isinstance(message["content"], list) else []
        return message["role"] == "tool" or any(b["type"] == "tool_result" for b in blocks)


def rule(request: Request) -> Answer:
    """The model: repeats what it is told, and calls the tool that it is told to use."""
    words = request.last
    usage = (len(json.dumps(request.body["messages"])) // 4, 5 + len(words) // 4, 0)
    if request.answers_tool:
        return Answer(f"The tool gave: {words}", usage=usage)
    if request.body.get("tools") and (match := _USE.search(words)):
        return Answer(calls=[(match["name"], match["arguments"])], usage=usage)
    return Answer(f"You said: {words}", usage=usage)


def attentive(request: Request) -> Answer:
    """Another rule: calls the tool that the question is about, and says what came of it.

    It is brief when the system prompt wishes so.
    """
    usage = (len(json.dumps(request.body["messages"])) // 4, 5 + len(request.last) // 4, 0)
    if request.answers_tool:
        found = request.last.strip()
        system = str(request.body["messages"][0].get("content")).lower()
        is_brief = "brief" in system or "one line" in system
        said = f"I looked it up: {found}"
        more = "" if is_brief else "\n\nThat is all I know. Is there anything else I can look up?"
        return Answer(said + more, usage=usage)
    tools = [tool.get("function", tool) for tool in request.body.get("tools") or []]
    fitting = [(tool, filled) for tool in tools if (filled := _filled(tool, request.last))]
    if not fitting:
        return Answer("I have no tool for that, and I do not guess.", usage=usage)
    tool, arguments = max(fitting, key=lambda one: _in_common(one[0], request.last))
    return Answer(calls=[(tool["name"], arguments)], usage=usage)


def _filled(tool: Json, question: str) -> Json | None:
    """The arguments that a question has for a tool; nothing when a required one is missing."""
    schema = tool.get("parameters") or tool.get("input_schema") or {}
    found = {
        name: value
        for name, part in schema.get("properties", {}).items()
        if (value := _found(part, question)) is not None
    }
    return found if found and set(schema.get("required", ())) <= set(found) else None


def _found(part: Json, question: str) -> Any:
    """What a question says for one argument: one of the choices, a number, or a name."""
    if choices := part.get("enum"):
        return next((one for one in choices if str(one).lower() in question.lower()), None)
    if part.get("type") in ("integer", "number"):
        numbers = re.findall(r"\d+(?:\.\d+)?", question)
        return json.loads(numbers[0]) if numbers else None
    names = re.findall(r"(?<!^)(?<![.?!] )\b[A-Z]\w+", question)
    return names[0] if part.get("type") == "string" and names else None


def _in_common(tool: Json, question: str) -> int:
    """How many words a tool and a question share; those of its name count double."""
    asked = _words(question)
    return 2 * len(_words(tool["name"].replace("_", " ")) & asked) + len(
        _words(tool.get("description", "")) & asked
    )


def _words(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z]{4,}", text.lower())} - {"what", "were"}


class StandIn:
    """The server; a context manager.

    Attributes:
        script: Answers that come before those of the rule, one a request.
        requests: What was asked so far.
        url: Where it is, up to and with ``/v1``.
        most_at_once: The most requests that waited for an answer at the same time.
    """

    def __init__(self, *script: Answer, port: int = 0, model: str = "stand-in") -> None:
        self.script: list[Answer] = list(script)
        self.rule: Callable[[Request], Answer] = rule
        self.requests: list[Request] = []
        self.model = model
        self.most_at_once = self._at_once = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def start(self) -> Self:
        """Serve until :meth:`close`."""
        self._thread.start()
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; answers that are on their way end."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        """Take the next answer of the script, or the rule's."""
        with self._lock:
            self.requests.append(request)
            scripted = self.script.pop(0) if self.script else None
        return scripted or self.rule(request)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as long as its answer has not begun."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of callers that have gone away."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        server_of = stand_in

    return Handler


class _Handler(BaseHTTPRequestHandler):
    server_of: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._whole(200, {"object": "list", "data": [{"id": self.server_of.model}]})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, json.loads(raw), self.client_address[1])
        answer = self.server_of.answer(request)
        with self.server_of.counted():
            if answer.gate is not None:
                answer.gate.wait(30)
        if answer.status != 200:
            self._whole(answer.status, answer.error, answer.headers)
            return
        is_messages = self.path.endswith("/messages")
        if not request.body.get("stream"):
            self._whole(200, (_message if is_messages else _completion)(answer))
            return
        events = list((_messages if is_messages else _completions)(answer))
        self._stream(answer, events)

    def _whole(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: Answer, events: list[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        middle = max(1, len(events) // 2)
        for number, event in enumerate(events):
            if number == middle and not self._goes_on(answer):
                return
            self._chunks(event.encode(), answer.drip)
        self._chunk(b"")

    def _goes_on(self, answer: Answer) -> bool:
        """Do in the middle of the answer what it wants done there."""
        if answer.fault == "garbage":
            self._chunk(b"data: {not json\n\n")
        if answer.fault == "silence":
            self.server_of.closing.wait(30)
        if answer.fault in ("cut", "silence"):
            self.close_connection = True
            return False
        return True

    def _chunks(self, data: bytes, size: int) -> None:
        for start in range(0, len(data), size or len(data)):
            self._chunk(data[start : start + size] if size else data)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _written(arguments: Json | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _completion(answer: Answer) -> Json:
    calls = [
        {"id": f"call_{i}", "type": "function", "function": {"name": n, "arguments": _written(a)}}
        for i, (n, a) in enumerate(answer.calls)
    ]
    message = {"role": "assistant", "content": answer.text, "tool_calls": calls}
    read, written, _ = answer.usage or (0, 0, 0)
    finish = answer.stop or ("tool_calls" if calls else "stop")
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": read, "completion_tokens": written},
    }


def _message(answer: Answer) -> Json:
    content: list[Json] = [{"type": "text", "text": answer.text}] if answer.text else []
    for i, (name, arguments) in enumerate(answer.calls):
        content.append({"type": "tool_use", "id": f"toolu_{i}", "name": name, "input": arguments})
    read, written, _ = answer.usage or (0, 0, 0)
    return {
        "type": "message",
        "content": content,
        "stop_reason": "tool_use" if answer.calls else "end_turn",
        "usage": {"input_tokens": read, "output_tokens": written},
    }


def _completions(answer: Answer) -> Iterator[str]:
    def chunk(choices: list[Json], **more: Any) -> str:
        about = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1}
        about |= {"model": "stand-in", "choices": choices, **more}
        return f"data: {json.dumps(about)}\n\n"

    def delta(fields: Json, finish: str | None = None) -> str:
        return chunk([{"index": 0, "delta": fields, "finish_reason": finish}])

    yield ": keep-alive\n\n"
    yield delta({"role": "assistant", "content": ""})
    for piece in _pieces(answer.text, 9):
        yield delta({"refusal" if answer.stop == "refusal" else "content": piece})
    for index, (name, arguments) in enumerate(answer.calls):
        head = {"index": index, "id": f"call_{index}", "type": "function"}
        yield delta({"tool_calls": [{**head, "function": {"name": name, "arguments": ""}}]})
        for piece in _pieces(_written(arguments), 7):
            yield delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    if answer.error is not None:
        yield f"data: {json.dumps({'error': answer.error})}\n\n"
    stop = {"length": "length", "refusal": "stop"}.get(answer.stop or "")
    yield delta({}, stop or ("tool_calls" if answer.calls else "stop"))
    if answer.usage:
        read, written, cached = answer.usage
        usage = {"prompt_tokens": read, "completion_tokens": written}
        usage |= {"total_tokens": read + written}
        yield chunk([], usage={**usage, "prompt_tokens_details": {"cached_tokens": cached}})
    yield "data: [DONE]\n\n"


def _messages(answer: Answer) -> Iterator[str]:
    def event(kind: str, **fields: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

    def block(index: int, start: Json, deltas: list[Json]) -> Iterator[str]:
        yield event("content_block_start", index=index, content_block=start)
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)

    read, written, cached = answer.usage or (0, 0, 0)
    usage = {"input_tokens": read - cached, "cache_read_input_tokens": cached, "output_tokens": 1}
    start: Json = {"id": "msg_1", "role": "assistant", "content": [], "stop_reason": None}
    yield event("message_start", message={**start, "usage": usage if answer.usage else {}})
    yield event("ping")
    if answer.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(answer.text, 9)]
        yield from block(0, {"type": "text", "text": ""}, deltas)
    for index, (name, arguments) in enumerate(answer.calls, 1):
        use = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
        pieces = _pieces(_written(arguments), 7)
        yield from block(
            index, use, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        )
    if answer.error is not None:
        yield event("error", error=answer.error)
    stop = {"length": "max_tokens", "refusal": "refusal"}.get(answer.stop or "")
    reason = stop or ("tool_use" if answer.calls else "end_turn")
    final = {"output_tokens": written} if answer.usage else {}
    yield event("message_delta", delta={"stop_reason": reason}, usage=final)
    yield event("message_stop")


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A stand-in for an LLM server.")
    parser.add_argument("--port", type=int, default=11500, help="0 takes a free one")
    with StandIn(port=parser.parse_args().port) as stand_in:
        print(stand_in.url, flush=True)
        try:
            stand_in.closing.wait()
        except KeyboardInterrupt:
            print("Stopped.")


if __name__ == "__main__":
    main()
