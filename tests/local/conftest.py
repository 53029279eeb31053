import asyncio
import hashlib
import io
import json
import os
import signal
import ssl
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from dari_nb.local import LocalDari

Json = dict[str, Any]


class Caller:
    """Plain HTTP calls to a local Dari, so that no client of ours can hide an error."""

    def __init__(self, server: LocalDari) -> None:
        self.http = httpx.Client(
            base_url=f"{server.url}/v1",
            headers={"Authorization": f"Bearer {server.api_key}"},
            timeout=180,
        )

    def get(self, path: str, **options: Any) -> Json:
        answer = self.http.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, json: Any = None, **options: Any) -> Json:
        answer = self.http.post(path, json=json, **options)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, path: str, json: Any = None, **options: Any) -> tuple[int, Any]:
        answer = self.http.post(path, json=json, **options)
        assert list(answer.json()) == ["detail"]
        return answer.status_code, answer.json()["detail"]

    def agent_id(self, name: str) -> str:
        return next(a["id"] for a in self.get("/agents")["agents"] if a["name"] == name)

    def create(self, agent: str, **fields: Any) -> str:
        return self.post(f"/agents/{self.agent_id(agent)}/sessions", fields)["id"]

    def send(self, session_id: str, text: str, *files: str, **options: Any) -> Json:
        body = {"type": "user.message", "content": content(text, *files)}
        return self.post(f"/sessions/{session_id}/events", body, **options)

    def ask(self, agent: str, text: str, *files: str, **session: Any) -> Json:
        """Send a first message; returns the finished message."""
        body = {"type": "user.message", "content": content(text, *files), "session": session}
        sent = self.post(f"/agents/{self.agent_id(agent)}/messages", body)
        return self.finished(sent["message"]["id"])

    def finished(self, message_id: str) -> Json:
        return self.reaches(message_id, "completed", "failed")

    def reaches(self, message_id: str, *statuses: str) -> Json:
        return until(lambda: self.get(f"/messages/{message_id}"), lambda m: m["status"] in statuses)

    def rests(self, session_id: str) -> Json:
        return until(lambda: self.get(f"/sessions/{session_id}"), lambda s: s["status"] == "idle")

    def upload(self, name: str, data: bytes) -> str:
        return self.post("/files", files={"file": (name, data)})["id"]

    def packed(self, bundle: dict[str, bytes]) -> bytes:
        return packed(bundle)

    def reserve(self, archive: bytes, **changes: Any) -> Json:
        digest = hashlib.sha256(archive).hexdigest()
        body = {"format": "tar.gz", "sha256": digest, "size_bytes": len(archive), "metadata": {}}
        return self.post("/source-snapshots", body | changes)

    def snapshot(self, archive: bytes) -> str:
        """Upload an archive; returns the id of the snapshot, which is ready."""
        reserved = self.reserve(archive)
        put = httpx.put(reserved["upload_url"], content=archive, headers=reserved["upload_headers"])
        assert put.status_code == 200
        done = self.post(f"/source-snapshots/{reserved['source_snapshot_id']}/finalize")
        assert done["status"] == "ready"
        return done["source_snapshot_id"]

    def publish(self, bundle: dict[str, bytes], agent_id: str | None = None) -> Json:
        path = f"/agents/{agent_id}/versions" if agent_id else "/agents"
        return self.post(path, {"source_snapshot_id": self.snapshot(packed(bundle))})

    def events(self, session_id: str) -> list[Json]:
        return self.get(f"/sessions/{session_id}/events")["events"]

    def items(self, session_id: str) -> list[Json]:
        return self.get(f"/sessions/{session_id}/transcript")["timeline"]["items"]

    def messages(self, session_id: str) -> list[Json]:
        return self.get(f"/sessions/{session_id}/messages")["messages"]


class Receiver:
    """A webhook that answers with the given statuses, the last one for ever."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.statuses = [204]
        self.meanwhile: Callable[[], Any] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # whoever sent it was killed meanwhile
                receiver.seen.append((self.headers["Dari-Webhook-Signature"], body))
                receiver.meanwhile()
                statuses = receiver.statuses
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}/hook?a=b"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def received(self) -> list[Json]:
        return [json.loads(body) for _, body in list(self.seen)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


Calling = Callable[[LocalDari], Caller]


def packed(bundle: dict[str, bytes]) -> bytes:
    """Make the archive of a bundle."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, data in bundle.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def content(text: str, *files: str) -> list[Json]:
    return [{"type": "text", "text": text}, *({"type": "file", "file_id": f} for f in files)]


def until(look: Callable[[], Any], is_right: Callable[[Any], bool], seconds: float = 180) -> Any:
    end = time.monotonic() + seconds
    while not is_right(seen := look()):
        assert time.monotonic() < end, f"still {seen}"
        time.sleep(0.002)
    return seen


@pytest.fixture(scope="session")
def server() -> Iterator[LocalDari]:
    """One server for all tests that leave it as it is."""
    with LocalDari() as running:
        yield running


@pytest.fixture(scope="session")
def api(server: LocalDari) -> Iterator[Caller]:
    caller = Caller(server)
    yield caller
    caller.http.close()


@pytest.fixture
def call() -> Callable[[LocalDari], Any]:
    """Makes callers for a test's own servers, as context managers."""

    @contextmanager
    def calling(server: LocalDari) -> Iterator[Caller]:
        caller = Caller(server)
        try:
            yield caller
        finally:
            caller.http.close()

    return calling


@pytest.fixture
def calling() -> Iterator[Calling]:
    """Makes callers for a test's own servers, which end with the test."""
    callers: list[Caller] = []

    def call(server: LocalDari) -> Caller:
        callers.append(Caller(server))
        return callers[-1]

    yield call
    for caller in callers:
        caller.http.close()


@pytest.fixture
def wait() -> Callable[..., Any]:
    return until


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which anything on a loop has slept since."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def asleep(seconds: float, result: Any = None) -> Any:
        asked.append(seconds)
        return await sleep(seconds, result)

    monkeypatch.setattr(asyncio, "sleep", asleep)
    return asked


@pytest.fixture
def blocks() -> Callable[..., list[Json]]:
    return content


@pytest.fixture
def receiving() -> Iterator[Callable[..., Receiver]]:
    """Makes webhooks on this machine, which are closed at the end."""
    made: list[Receiver] = []

    def make(tls: ssl.SSLContext | None = None) -> Receiver:
        made.append(Receiver(tls))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


@pytest.fixture
def receiver(receiving: Callable[..., Receiver]) -> Receiver:
    return receiving()


@contextmanager
def killed_after(script: str, *arguments: str | Path, **variables: str) -> Iterator[None]:
    """Kill a process behind the block, which begins once its script has printed ``there``.

    The script can import what is in this module from ``conftest``.
    """
    here = Path(__file__).parent
    paths = f"{here.parents[1]}{os.pathsep}{here}"
    child = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, **variables},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        yield
        child.send_signal(signal.SIGKILL)
