"""Faults between the client and a real server: nothing is lost, doubled, or wrongly explained."""

from __future__ import annotations

import asyncio
import io
import itertools
import re
import tarfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import httpx
import pytest

from dari_nb.client import Bundle, Client, batch_item
from dari_nb.errors import (
    ConnectionFailedError,
    ServerError,
    TimedOutError,
    UnexpectedAnswerError,
)
from dari_nb.local import LocalDari
from dari_nb.models import PublishResult, Session, Snapshot

TEXT = "Grüße, 世界 😀"
HOOK = "http://127.0.0.1:9/hook"
NUMBERS = itertools.count()
MANIFEST = """name: published
harness: pi
instructions: { system: system.md }
llm: { model: openai/gpt-5.5 }
"""
TLS = httpx.create_ssl_context()  # made once, since each takes some milliseconds
LATER = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 2\r\nRetry-After: 0\r\n\r\n{}"


class FaultProxy:
    """Stands before a server and spoils the first answer that comes, or each one.

    Attributes:
        fault: The name of what to do, of :data:`FAULTS`; ``None`` passes all on.
        left: How many answers are still to be spoilt.
        first: How many answers are to pass before that.
    """

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self._target = (address.hostname, address.port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.fault: str | None = None
        self.left = self.first = 0
        self._serving: set[asyncio.Task[None] | None] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def spoil(self, fault: str, times: int = 1, after: int = 0) -> None:
        self.fault, self.left, self.first = fault, times, after

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _stop(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        mine = asyncio.current_task()
        self._serving.add(mine)  # the event loop itself holds its tasks only weakly
        try:
            request = await _message(reader)
            fault = self._due()
            if fault is None or FAULTS[fault]:
                await self._exchange(request, writer, fault)
            elif fault in ("429", "503"):
                status = b"429 Too Many Requests" if fault == "429" else b"503 Unavailable"
                writer.write(LATER % status)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._serving.discard(mine)

    def _due(self) -> str | None:
        if self.first > 0:
            self.first -= 1
            return None
        self.left -= 1
        return self.fault if self.left >= 0 else None

    async def _exchange(self, request: bytes, writer, fault: str | None) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        try:
            there_writer.write(request)
            await there_writer.drain()
            if fault in (None, "duplicates", "stream cut"):
                await _pass(there_reader, writer, fault)
            else:
                await _spoilt(await there_reader.read(), writer, fault)
        finally:
            there_writer.close()


# By name: whether the server gets the request at all.
FAULTS: dict[str, bool] = {
    "dropped before": False,
    "429": False,
    "503": False,
    "dropped after": True,
    "cut in a character": True,
    "garbage": True,
    "delayed": True,
    "too late": True,
    "slow drip": True,
    "duplicates": True,
    "stream cut": True,
}


async def _message(reader) -> bytes:
    """Read one request, and ask the server to close after it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    head = re.sub(rb"(?i)connection: [^\r]*\r\n", b"", head)
    return head[:-2] + b"Connection: close\r\n\r\n" + body


async def _pass(reader, writer, fault: str | None) -> None:
    while data := await reader.read(1 << 16):
        if fault == "stream cut" and b"\xc3" in data:
            writer.write(data[: data.index(b"\xc3") + 1])
            await writer.drain()
            return
        if fault == "duplicates":
            data = _with_frames_twice(data)
        writer.write(data)
        await writer.drain()


def _with_frames_twice(data: bytes) -> bytes:
    """Send each chunk that holds whole events of a chunked answer a second time."""
    whole = data.startswith(b"HTTP/") is False and data.endswith(b"\n\n\r\n")
    return data + data if whole else data


async def _spoilt(answer: bytes, writer, fault: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    if fault == "dropped after":
        return
    if fault == "cut in a character":
        at = body.find(b"\xc3") + 1 or len(body) // 2
        answer = head + b"\r\n\r\n" + body[:at]
    elif fault == "garbage":
        length = b"Content-Length: %d" % len(body)
        head = re.sub(rb"(?i)transfer-encoding: chunked", length, head)
        answer = head + b"\r\n\r\n" + b"{" * len(body)
    elif fault in ("delayed", "too late"):
        await asyncio.sleep(0.02 if fault == "delayed" else 1.5)
    step = max(1, len(answer) // 20) if fault == "slow drip" else len(answer)
    for start in range(0, len(answer), step):
        writer.write(answer[start : start + step])
        await writer.drain()
        await asyncio.sleep(0.002 if fault == "slow drip" else 0)


@dataclass
class World:
    """A server with something of each kind in it.

    Attributes:
        direct: A client that no fault stands before.
        session: A session after one turn; its agent is ``agent``.
        published: An agent that was published, with a version.
    """

    direct: Client
    proxy_url: str
    session: Session
    published: PublishResult
    bundle: Bundle

    @property
    def agent(self) -> str:
        return self.session.agent_id

    @property
    def message(self) -> str:
        return self.direct.sessions.messages(self.session.id)[0].id

    @property
    def version(self) -> tuple[str, str]:
        return self.published.agent_id, self.published.version_id

    def reserved(self) -> Snapshot:
        return self.direct.snapshots.create(self.bundle.sha256, len(self.bundle.content))

    def reserved_there(self) -> Snapshot:
        """A snapshot whose upload goes through the proxy."""
        wire = self.reserved().to_dict()
        url = httpx.URL(wire["upload_url"])
        there = httpx.URL(self.proxy_url).copy_with(path=url.path)
        return Snapshot.from_dict({**wire, "upload_url": str(there)})

    def uploaded(self) -> Snapshot:
        snapshot = self.reserved()
        self.direct.snapshots.upload(snapshot, self.bundle.content)
        return snapshot

    def ready(self) -> Snapshot:
        return self.direct.snapshots.finalize(self.uploaded().id)

    def batch(self) -> str:
        return self.direct.batches.create([batch_item(self.agent, TEXT)] * 2).id

    def sessions(self) -> int:
        return len(self.direct.sessions.list(agent_id=self.agent))

    def messages(self) -> int:
        return len(self.direct.sessions.messages(self.session.id))

    def versions(self) -> int:
        return len(self.direct.agents.versions(self.published.agent_id))

    def agents(self) -> int:
        return len(self.direct.agents.list())

    def credentials(self) -> int:
        return len(self.direct.credentials.list())

    def keys(self) -> int:
        return len(self.direct.api_keys.list())

    def bindings(self) -> int:
        return len(self.direct.storage_bindings.list())

    def members(self) -> int:
        return len(self.direct.members.list())

    def webhooks(self) -> int:
        return int(self.direct.webhooks.get(self.agent).webhook_url is not None)


@pytest.fixture(scope="module")
def server():
    with LocalDari() as server:

        @server.agent("writer")
        def writer(prompt, turn):
            (turn.workspace / "out.txt").write_text(prompt)
            return prompt

        yield server


@pytest.fixture(scope="module")
def proxy(server):
    with FaultProxy(server.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def direct(server):
    with Client(server.url, server.api_key, verify=TLS) as client:
        yield client


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agent")
    (folder / "dari.yml").write_text(MANIFEST)
    (folder / "system.md").write_text(TEXT)
    return Bundle.from_folder(folder)


@pytest.fixture(scope="module")
def published(direct, bundle):
    return direct.agents.publish(bundle)


def session_of(direct: Client) -> Session:
    """A session after one turn that has left a file."""
    session = direct.sessions.create(direct.agents.get("writer").id, name=TEXT)
    sent = direct.sessions.send(session.id, TEXT)
    with direct.sessions.stream(session.id, until=sent.message.id) as events:
        list(events)
    while direct.sessions.get(session.id).status != "idle":
        time.sleep(0.001)
    return session


@pytest.fixture(scope="module")
def world(direct, proxy, published, bundle):
    return World(direct, proxy.url, session_of(direct), published, bundle)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What is asked, and what it does to the world.

    Attributes:
        args: The arguments, which may need something made in the world.
        repeatable: Whether a repeat is safe, so that the client tries again.
        keyed: Whether a key makes it so.
        count: What the operation changes, counted on the server.
        change: By how much it changes that.
        patient: Whether its answer may take longer than others.
        unread: Whether its answer's body does not matter.
    """

    verb: str
    args: Callable[[World], tuple] = lambda world: ()
    options: dict = field(default_factory=dict)
    repeatable: bool = True
    keyed: bool = False
    count: Callable[[World], int] = World.agents
    change: int = 0
    patient: bool = False
    unread: bool = False

    def __str__(self) -> str:
        return self.verb

    def fails(self, fault: str) -> bool:
        if fault == "too late":
            return not (self.keyed or self.patient)
        if fault == "garbage":
            return not self.unread
        return fault in RAISED and not self.repeatable

    def patience(self, fault: str) -> float:
        """Seconds for an answer; one that is asked for again has to come within them."""
        if fault != "too late":
            return 10
        return 1 if self.keyed else 0.1


def session_id(world: World) -> tuple:
    return (world.session.id,)


def agent_id(world: World) -> tuple:
    return (world.agent,)


def credential(world: World) -> tuple:
    world.direct.credentials.put("FOR_A_WHILE", "v")
    return ("FOR_A_WHILE",)


def no_credential(world: World) -> tuple:
    if "FOR_A_WHILE" in [one.name for one in world.direct.credentials.list()]:
        world.direct.credentials.delete("FOR_A_WHILE")
    return ("FOR_A_WHILE", TEXT)


def hooked(world: World) -> tuple:
    world.direct.webhooks.set(world.agent, HOOK)
    return (world.agent,)


def unhooked(world: World) -> tuple:
    world.direct.webhooks.clear(world.agent)
    return (world.agent, HOOK)


def another_agent(world: World) -> tuple:
    name = f"name: other-{next(NUMBERS)}\n".encode()
    manifest = name + MANIFEST.partition("\n")[2].encode()
    return (world.direct.agents.publish(bundle_of(manifest)).agent_id,)


def bundle_of(manifest: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (("dari.yml", manifest), ("system.md", b"x")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


BINDING = {"bucket": "b", "base_prefix": "p", "service_account_key_credential_name": "GCS"}
OPERATIONS = [
    Operation(verb="agents.list"),
    Operation(verb="agents.get", args=agent_id),
    Operation(verb="agents.versions", args=agent_id),
    Operation(verb="agents.version", args=lambda world: world.version),
    Operation(verb="agents.bundle_files", args=lambda world: world.version),
    Operation(verb="agents.read_bundle_file", args=lambda world: (*world.version, "system.md")),
    Operation(verb="agents.set_model_backend", args=lambda world: (world.version[0], "rtr_1")),
    Operation(verb="agents.delete", args=another_agent, change=-1),
    Operation(
        verb="agents.send",
        args=lambda world: (world.agent, TEXT),
        repeatable=False,
        count=World.sessions,
        change=1,
    ),
    Operation(
        verb="agents.publish_snapshot",
        args=lambda world: (world.ready().id,),
        repeatable=False,
        patient=True,
        count=World.versions,
        change=1,
    ),
    Operation(
        verb="snapshots.create", args=lambda world: (world.bundle.sha256, 1), repeatable=False
    ),
    Operation(
        verb="snapshots.upload",
        args=lambda world: (world.reserved_there(), world.bundle.content),
        unread=True,
    ),
    Operation(
        verb="snapshots.finalize", args=lambda world: (world.uploaded().id,), repeatable=False
    ),
    Operation(verb="snapshots.manifest", args=lambda world: (world.ready().id,)),
    Operation(verb="snapshots.delete", args=lambda world: (world.ready().id,)),
    Operation(verb="sessions.get", args=session_id),
    Operation(verb="sessions.list"),
    Operation(verb="sessions.events", args=session_id),
    Operation(verb="sessions.messages", args=session_id),
    Operation(verb="sessions.transcript", args=session_id),
    Operation(verb="sessions.workspace", args=session_id),
    Operation(
        verb="sessions.send",
        args=lambda world: (world.session.id, TEXT),
        keyed=True,
        count=World.messages,
        change=1,
    ),
    Operation(
        verb="sessions.create", args=agent_id, repeatable=False, count=World.sessions, change=1
    ),
    Operation(verb="messages.get", args=lambda world: (world.message,)),
    Operation(
        verb="batches.create",
        args=lambda world: ([batch_item(world.agent, TEXT)] * 3,),
        keyed=True,
        count=World.sessions,
        change=3,
    ),
    Operation(verb="batches.get", args=lambda world: (world.batch(),)),
    Operation(verb="batches.wait", args=lambda world: (world.batch(),), options={"every": 0.01}),
    Operation(verb="files.upload", args=lambda world: (b"x",), repeatable=False),
    Operation(verb="webhooks.get", args=hooked),
    Operation(verb="webhooks.set", args=unhooked, count=World.webhooks, change=1),
    Operation(verb="webhooks.rotate", args=hooked, repeatable=False),
    Operation(verb="webhooks.clear", args=hooked, count=World.webhooks, change=-1),
    Operation(verb="costs.session", args=session_id),
    Operation(verb="credentials.list"),
    Operation(verb="credentials.put", args=no_credential, count=World.credentials, change=1),
    Operation(verb="credentials.delete", args=credential, count=World.credentials, change=-1),
    Operation(verb="storage_bindings.list"),
    Operation(
        verb="storage_bindings.create",
        args=lambda world: (f"team-{next(NUMBERS)}",),
        options=BINDING,
        repeatable=False,
        count=World.bindings,
        change=1,
    ),
    Operation(verb="api_keys.list"),
    Operation(
        verb="api_keys.create",
        args=lambda world: ("ci",),
        repeatable=False,
        count=World.keys,
        change=1,
    ),
    Operation(
        verb="api_keys.delete",
        args=lambda world: (world.direct.api_keys.create("ci").id,),
        count=World.keys,
        change=-1,
    ),
    Operation(verb="members.list"),
    Operation(
        verb="members.invite",
        args=lambda world: (f"a{next(NUMBERS)}@b.c",),
        repeatable=False,
        count=World.members,
        change=1,
    ),
]
RAISED = {
    "dropped before": ConnectionFailedError,
    "dropped after": ConnectionFailedError,
    "cut in a character": ConnectionFailedError,
    "503": ServerError,
    "garbage": UnexpectedAnswerError,
    "too late": TimedOutError,
}
ON_STREAMS = ["dropped before", "429", "503", "duplicates", "stream cut"]
ON_ANSWERS = [name for name in FAULTS if name not in ("duplicates", "stream cut")]


# Both clients send the same endpoints, so each meets every other fault of an operation.
@pytest.mark.parametrize(
    ("operation", "fault", "side"),
    [
        pytest.param(operation, fault, ("sync", "async")[(row + column) % 2])
        for row, operation in enumerate(OPERATIONS)
        for column, fault in enumerate(ON_ANSWERS)
    ],
    indirect=["side"],
    ids=str,
)
def test_operation_with_fault_succeeds_or_raises(server, proxy, world, side, operation, fault):
    args = operation.args(world)
    before = operation.count(world)
    fails = operation.fails(fault)
    proxy.spoil(fault)
    asked = {"options": {"timeout": operation.patience(fault)}, "key": server.api_key}
    with pytest.raises(RAISED[fault]) if fails else nullcontext():
        side.ask(proxy.url, operation.verb, *args, **asked, **operation.options)
    proxy.spoil(fault, times=0)
    done = FAULTS[fault] or not fails
    assert_soon(lambda: operation.count(world) - before == done * operation.change)


# Whether each step of publishing is tried again.
STEPS = {"reserve": False, "upload": True, "finalize": False, "manifest": True, "publish": False}


@pytest.mark.parametrize("fault", [name for name in ON_ANSWERS if name != "too late"])
@pytest.mark.parametrize("step", STEPS)
def test_publishing_with_fault_succeeds_or_raises(server, proxy, world, side, step, fault):
    before = world.versions()
    fails = not STEPS[step] if fault in RAISED else False
    fails = fails or (fault == "garbage" and step != "upload")
    proxy.spoil(fault, after=list(STEPS).index(step))
    with pytest.raises(RAISED[fault]) if fails else nullcontext():
        side.ask(proxy.url, "agents.publish", world.bundle, key=server.api_key)
    proxy.spoil(fault, times=0)
    done = not fails or (step == "publish" and FAULTS[fault])
    assert_soon(lambda: world.versions() - before == done)


def assert_soon(is_so: Callable[[], bool]) -> None:
    """The server may still be at it when its answer is lost."""
    end = time.monotonic() + 180
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
    assert is_so()


@pytest.mark.parametrize("fault", ON_STREAMS)
@pytest.mark.parametrize("last", [0, 2])
def test_stream_with_fault_is_complete(server, proxy, direct, world, side, fault, last):
    ledger = [event.to_dict() for event in direct.sessions.events(world.session.id)]
    known = ledger[last - 1]["id"] if last else None
    proxy.spoil(fault, times=3)
    found = side.follow(
        proxy.url,
        count=len(ledger) - last,
        key=server.api_key,
        session_id=world.session.id,
        last_event_id=known,
    )
    proxy.spoil(fault, times=0)
    assert [event.to_dict() for event in found] == ledger[last:]
