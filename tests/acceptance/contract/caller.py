"""Plain HTTP calls to a local Dari; each answer is checked against the server's own description."""

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from typing import Any, Self

import httpx
import jsonschema_rs
from httpx_sse import connect_sse

from dari_nb.local import LocalDari

Json = dict[str, Any]
ENDED = ("completed", "failed")
MANIFEST = """\
name: {name}
harness: pi
instructions: {{system: prompts/system.md}}
llm:
  default: small
  options:
    small: {{provider: anthropic, model: claude-haiku-4-5}}
    large: {{provider: openai, model: gpt-5.5}}
"""


class Description:
    """The OpenAPI document of a server.

    Attributes:
        operations: Pairs of method and path, as the document writes them.
    """

    def __init__(self, url: str) -> None:
        self._document = httpx.get(f"{url}/openapi.json").json()
        paths = self._document["paths"].items()
        self.operations = {(m.upper(), path): o for path, item in paths for m, o in item.items()}

    def check(self, answer: httpx.Response) -> None:
        """Fail if an answer has a status, a media type or a body that isn't described."""
        path = answer.request.url.path.removeprefix("/v1")
        for (method, template), operation in self.operations.items():
            pattern = re.sub(r"\{.*?\}", "[^/]+", template)
            if method == answer.request.method and re.fullmatch(pattern, path):
                self._check(answer, operation)
                return

    def _check(self, answer: httpx.Response, operation: Json) -> None:
        response = operation["responses"][str(answer.status_code)]
        if "$ref" in response:
            name = response["$ref"].rpartition("/")[2]
            response = self._document["components"]["responses"][name]
        content = response["content"][answer.headers["content-type"].partition(";")[0]]
        if answer.headers["content-type"] == "application/json":
            answer.read()
            schema = {**content["schema"], "components": self._document["components"]}
            jsonschema_rs.validate(schema, answer.json())


class Api:
    """Calls with one key, on paths below ``/v1``; a context manager that closes connections."""

    def __init__(self, url: str, key: str, description: Description) -> None:
        self.http = httpx.Client(
            base_url=f"{url}/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
            event_hooks={"response": [description.check]},
        )

    @classmethod
    def of(cls, server: LocalDari, description: Description) -> Self:
        return cls(server.url, server.api_key, description)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Return an answer's JSON, or its ``detail`` if the status is an error."""
        answer = self.http.request(method, path, **options)
        assert answer.status_code == status, answer.text
        if status < 400:
            return answer.json()
        assert list(answer.json()) == ["detail"]
        return answer.json()["detail"]

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        return self.call("GET", path, status, params=query)

    def post(self, path: str, status: int, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, status, json=body, headers=headers)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self.call("PUT", path, status, json=body)

    def delete(self, path: str, status: int = 200) -> Any:
        return self.call("DELETE", path, status)

    def agent_id(self, name: str) -> str:
        return next(a["id"] for a in self.get("/agents")["agents"] if a["name"] == name)

    def session(self, agent: str, **fields: Any) -> Json:
        return self.post(f"/agents/{self.agent_id(agent)}/sessions", 201, fields)

    def send(self, session_id: str, text: str, **headers: str) -> Json:
        return self.post(f"/sessions/{session_id}/events", 202, message(text), **headers)

    def ask(self, agent: str, text: str, *files: str, **session: Any) -> Json:
        """Send a first message, and return it when its turn has ended and its session rests."""
        body = message(text, *files) | {"session": session}
        sent = self.post(f"/agents/{self.agent_id(agent)}/messages", 202, body)
        return self.ended(sent)

    def ended(self, sent: Json) -> Json:
        """Return a message that was sent, when its turn has ended and its session rests."""
        message_id, session_id = sent["message"]["id"], sent["session"]["id"]
        over = False
        for event in self.stream(session_id):
            status = event["data"].get("status")
            over = over or (event["message_id"] == message_id and status in ENDED)
            if over and event["type"] == "session.status_changed" and status == "idle":
                break
        return self.get(f"/messages/{message_id}")

    def reach(self, session_id: str, kind: str, **data: Any) -> Json:
        """Return the first event of a type with these data, as soon as there is one."""
        for event in self.stream(session_id):
            if event["type"] == kind and data.items() <= event["data"].items():
                return event
        raise AssertionError("the stream ended")

    def stream(self, session_id: str, last: str | None = None) -> Iterator[Json]:
        """Give the events of a session's stream, which are sent as the contract says."""
        headers = {"Last-Event-ID": last} if last else {}
        path = f"/sessions/{session_id}/stream"
        with connect_sse(self.http, "GET", path, headers=headers) as source:
            for sse in source.iter_sse():
                event = sse.json()
                assert (sse.id, sse.event) == (event["id"], event["type"])
                yield event

    def events(self, session_id: str, **query: Any) -> list[Json]:
        return self.get(f"/sessions/{session_id}/events", **query)["events"]

    def items(self, session_id: str) -> list[Json]:
        return self.get(f"/sessions/{session_id}/transcript")["timeline"]["items"]

    def messages(self, session_id: str) -> list[Json]:
        return self.get(f"/sessions/{session_id}/messages")["messages"]

    def upload(self, name: str, content: bytes) -> Json:
        return self.call("POST", "/files", 201, files={"file": (name, content)})

    def reserve(self, archive: bytes) -> Json:
        digest = hashlib.sha256(archive).hexdigest()
        body = {"format": "tar.gz", "sha256": digest, "size_bytes": len(archive)}
        return self.post("/source-snapshots", 201, body)

    def snapshot(self, archive: bytes) -> str:
        """Upload an archive, and return the id of its snapshot, which is ready."""
        reserved = self.reserve(archive)
        put = httpx.put(reserved["upload_url"], content=archive, headers=reserved["upload_headers"])
        assert put.status_code == 200
        path = f"/source-snapshots/{reserved['source_snapshot_id']}/finalize"
        assert self.post(path, 200)["status"] == "ready"
        return reserved["source_snapshot_id"]

    def publish(self, name: str, prompt: str = "Be brief.", agent_id: str | None = None) -> Json:
        path = f"/agents/{agent_id}/versions" if agent_id else "/agents"
        return self.post(path, 201, {"source_snapshot_id": self.snapshot(bundle(name, prompt))})


def bundle(name: str, prompt: str = "Be brief.", manifest: str = MANIFEST) -> bytes:
    """Make the archive of an agent."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        files = {"dari.yml": manifest.format(name=name), "prompts/system.md": prompt}
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def content(text: str, *files: str) -> list[Json]:
    return [{"type": "text", "text": text}, *({"type": "file", "file_id": f} for f in files)]


def message(text: str, *files: str) -> Json:
    return {"type": "user.message", "content": content(text, *files)}


def types(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


def answer_of(message: Json) -> str:
    """Return the last text of a message's output."""
    return [part["text"] for part in message["output"]["parts"] if part["type"] == "text"][-1]
