"""What readers that are stuck and turns of large bundles cost a server of memory.

The local Dari is a process of its own, and memory is that process's, from the system. The readers
ask for the stream of a ledger of 100 MB and read none of it. The turns are of a bundle that unpacks
to 40 MB, all waiting for their model at a time.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET, create_connection, socket
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx

READERS, TURNS = 20, 25
SERVER = """
import sys
from dari_nb.local import LocalDari
server = LocalDari(api_key="dari_bench", llms={"small": {"model": "x", "base_url": sys.argv[1]}})

@server.agent("talker")
def talker(prompt):
    for number in range(100_000):
        yield f"{number} " + 1_000 * "x"

print(server.start().url, flush=True)
sys.stdin.read()
"""
HEADERS = {"Authorization": "Bearer dari_bench"}
MANIFEST = b"""\
name: large
harness: pi
instructions:
  system: system.md
llm:
  options:
    small:
      model: openai/x
  default: small
"""
MIB = 1024 * 1024


@contextmanager
def served(llm: str) -> Iterator[tuple[httpx.Client, int]]:
    """A server process: a client of it, and its process id."""
    command = [sys.executable, "-c", SERVER, llm]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, text=True, **pipes) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        url = server.stdout.readline().strip()
        try:
            with httpx.Client(base_url=f"{url}/v1", headers=HEADERS, timeout=120) as http:
                yield http, server.pid
        finally:
            server.stdin.close()


@contextmanager
def silent_llm() -> Iterator[tuple[str, list[None]]]:
    """A model that takes questions and answers none; its address, and an entry a question."""
    asked: list[None] = []
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(None)
            over.wait(120)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        over.set()
        server.shutdown()


def stuck_readers(http: httpx.Client, pid: int) -> None:
    """Fill a ledger, let readers hang on its stream, and print what they cost."""
    agents = http.get("/agents").json()["agents"]
    agent_id = next(agent["id"] for agent in agents if agent["name"] == "talker")
    body = {"type": "user.message", "content": [{"type": "text", "text": "Talk."}]}
    sent = http.post(f"/agents/{agent_id}/messages", json=body).json()
    session_id = sent["session"]["id"]
    while http.get(f"/sessions/{session_id}").json()["status"] != "idle":
        time.sleep(0.2)
    before = memory_of(pid)
    readers = [stuck(http, session_id) for _ in range(READERS)]
    time.sleep(2)
    each = (memory_of(pid) - before) / READERS
    for reader in readers:
        reader.close()
    print(f"  {READERS} stuck readers of a ledger of 100 MB: {each / MIB:.2f} MB each")


def stuck(http: httpx.Client, session_id: str) -> socket:
    """Ask for a stream and never read it."""
    where = urlsplit(str(http.base_url))
    reader = create_connection((where.hostname, where.port))
    reader.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    lines = [f"GET /v1/sessions/{session_id}/stream HTTP/1.1", f"Host: {where.netloc}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    reader.sendall("\r\n".join([*lines, "", ""]).encode())
    return reader


def large_bundles(http: httpx.Client, pid: int, asked: list[None]) -> None:
    """Publish a large bundle, let turns of it wait for their model, and print what they cost."""
    files = {"dari.yml": MANIFEST, "system.md": b"Be kind.", "data.bin": bytes(40 * MIB)}
    archive = packed(files)
    digest = hashlib.sha256(archive).hexdigest()
    body = {"format": "tar.gz", "sha256": digest, "size_bytes": len(archive)}
    snapshot = http.post("/source-snapshots", json=body).json()
    httpx.put(snapshot["upload_url"], content=archive, headers=snapshot["upload_headers"])
    snapshot_id = snapshot["source_snapshot_id"]
    http.post(f"/source-snapshots/{snapshot_id}/finalize")
    agent = http.post("/agents", json={"source_snapshot_id": snapshot_id}).json()
    before = memory_of(pid)
    message = {"content": [{"type": "text", "text": "x"}]}
    items = [{"agent_id": agent["agent_id"], "message": message} for _ in range(TURNS)]
    http.post("/session-batches", json={"items": items}).raise_for_status()
    end = time.monotonic() + 60
    while len(asked) < min(TURNS, 8) and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(2)
    grown = (memory_of(pid) - before) / MIB
    print(f"  {TURNS} turns of a bundle of 40 MB ({len(asked)} asking): {grown:.0f} MB in all")


def packed(files: dict[str, bytes]) -> bytes:
    """Make the archive of a bundle."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def memory_of(pid: int) -> int:
    """Bytes of memory that a process has now."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def measure() -> None:
    with silent_llm() as (address, questions), served(address) as (client, process):
        large_bundles(client, process, questions)
        stuck_readers(client, process)


if __name__ == "__main__":
    measure()
