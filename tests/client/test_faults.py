"""Each verb whose answer is lost is asked for again where a repeat is safe, and done once.

Acceptance tests cover the other faults, with the verbs that are used most.
"""

from __future__ import annotations

import io
import itertools
import tarfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field

import httpx
import pytest

from dari_nb.client import Bundle, Client, batch_item
from dari_nb.errors import ConnectionFailedError
from dari_nb.local import LocalDari
from dari_nb.models import PublishResult, Session, Snapshot

from ..acceptance.client.proxy import Proxy, cut_after, passes

TEXT = "Grüße, 世界 😀"
HOOK = "http://127.0.0.1:9/hook"
NUMBERS = itertools.count()
MANIFEST = """name: published
harness: pi
instructions: { system: system.md }
llm: { model: openai/gpt-5.5 }
"""


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
    with Proxy(server.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def direct(server):
    with Client(server.url, server.api_key) as client:
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
        count: What the operation changes, counted on the server.
        change: By how much it changes that.
    """

    verb: str
    args: Callable[[World], tuple] = lambda world: ()
    options: dict = field(default_factory=dict)
    repeatable: bool = True
    count: Callable[[World], int] = World.agents
    change: int = 0

    def __str__(self) -> str:
        return self.verb


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
        count=World.versions,
        change=1,
    ),
    Operation(
        verb="snapshots.create", args=lambda world: (world.bundle.sha256, 1), repeatable=False
    ),
    Operation(
        verb="snapshots.upload",
        args=lambda world: (world.reserved_there(), world.bundle.content),
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


# Both clients send the same endpoints, so each meets every other operation.
@pytest.mark.parametrize(
    ("operation", "side"),
    [(operation, ("sync", "async")[row % 2]) for row, operation in enumerate(OPERATIONS)],
    indirect=["side"],
    ids=str,
)
def test_operation_with_lost_answer_is_done_once(server, proxy, world, side, operation):
    args = operation.args(world)
    before = operation.count(world)
    proxy.expect(cut_after)
    with nullcontext() if operation.repeatable else pytest.raises(ConnectionFailedError):
        side.ask(proxy.url, operation.verb, *args, key=server.api_key, **operation.options)
    assert_soon(lambda: operation.count(world) - before == operation.change)


# Whether each step of publishing is tried again.
STEPS = {"reserve": False, "upload": True, "finalize": False, "manifest": True, "publish": False}


@pytest.mark.parametrize("step", STEPS)
def test_publishing_with_lost_answer_succeeds_or_raises(server, proxy, world, sync_side, step):
    before = world.versions()
    proxy.expect(*[passes] * list(STEPS).index(step), cut_after)
    with nullcontext() if STEPS[step] else pytest.raises(ConnectionFailedError):
        sync_side.ask(proxy.url, "agents.publish", world.bundle, key=server.api_key)
    assert_soon(lambda: world.versions() - before == (STEPS[step] or step == "publish"))


def assert_soon(is_so: Callable[[], bool]) -> None:
    """The server may still be at it when its answer is lost."""
    end = time.monotonic() + 180
    while not is_so() and time.monotonic() < end:
        time.sleep(0.005)
    assert is_so()
