"""Every verb takes a timeout of its own."""

import asyncio
import inspect
import pydoc
import socket
import subprocess
import sys

import httpx
import pytest
from starlette.responses import JSONResponse

from dari_nb.client import AsyncClient, Client, Retry
from dari_nb.errors import InvalidRequestError, TimedOutError
from dari_nb.models import Snapshot

from .test_parity import NOUNS

VERBS = [f"{noun}.{verb}" for noun, verbs in NOUNS.items() for verb in sorted(verbs)]
AGENT = ("agt_1",)
VERSION = ("agt_1", "ver_1")
ARGS = {
    "agents.get": AGENT,
    "agents.versions": AGENT,
    "agents.version": VERSION,
    "agents.bundle_files": VERSION,
    "agents.read_bundle_file": (*VERSION, "a"),
    "agents.publish_snapshot": ("src_1",),
    "agents.set_model_backend": ("agt_1", "rtr_1"),
    "agents.delete": AGENT,
    "agents.send": ("agt_1", "Hi"),
    "snapshots.create": ("ab", 1),
    "snapshots.finalize": ("src_1",),
    "snapshots.manifest": ("src_1",),
    "snapshots.delete": ("src_1",),
    "sessions.create": AGENT,
    "sessions.get": ("sess_1",),
    "sessions.send": ("sess_1", "Hi"),
    "sessions.submit_tool_result": ("sess_1", "msg_1", "call_1"),
    "sessions.cancel": ("sess_1", "msg_1"),
    "sessions.events": ("sess_1",),
    "sessions.messages": ("sess_1",),
    "sessions.transcript": ("sess_1",),
    "sessions.workspace": ("sess_1",),
    "messages.get": ("msg_1",),
    "batches.create": ([{"agent_id": "agt_1", "message": {"content": "Hi"}}],),
    "batches.get": ("batch_1",),
    "files.upload": (b"x",),
    "storage_bindings.create": ("name",),
    "webhooks.get": AGENT,
    "webhooks.set": ("agt_1", "https://x.y"),
    "webhooks.clear": AGENT,
    "webhooks.rotate": AGENT,
    "costs.session": ("sess_1",),
    "credentials.put": ("A", "v"),
    "credentials.delete": ("A",),
    "api_keys.create": ("ci",),
    "api_keys.delete": ("key_1",),
    "members.invite": ("a@b.c",),
}
BINDING = {"bucket": "b", "base_prefix": "p", "service_account_key_credential_name": "GCS"}
# Waiting and following have times of their own; publishing is several requests.
OTHERS = {"batches.wait", "sessions.stream", "agents.publish"}
PATIENT = {"timeout": None, "retry": Retry(attempts=1)}


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in OTHERS])
def test_a_verb_gives_up_after_its_own_time(silent, side, verb):
    args = ARGS.get(verb, ())
    kwargs = BINDING if verb == "storage_bindings.create" else {}
    if verb == "snapshots.upload":
        args = (Snapshot.from_dict({"id": "src_1", "upload_url": f"{silent}/there"}), b"x")
    with pytest.raises(TimedOutError):
        side.ask(silent, verb, *args, **kwargs, options=PATIENT, timeout=0.01)


@pytest.mark.parametrize("timeout", [0.01, httpx.Timeout(0.01), httpx.Timeout(None, read=0.01)])
def test_a_timeout_is_seconds_or_httpxs_own(silent, side, timeout):
    with pytest.raises(TimedOutError):
        side.ask(silent, "sessions.get", "sess_1", options=PATIENT, timeout=timeout)


def test_a_timeout_holds_for_each_step_of_publishing(silent, side, tmp_path):
    (tmp_path / "dari.yml").write_text("name: a\n")
    with pytest.raises(TimedOutError):
        side.ask(silent, "agents.publish", tmp_path, options=PATIENT, timeout=0.01)


def test_no_bound_outlasts_the_clients(late_answer, side):
    asked = {"options": {"timeout": 0.05, "retry": Retry(attempts=1)}}
    with pytest.raises(TimedOutError):
        side.ask(late_answer, "sessions.get", "sess_1", **asked)
    for longer in (None, 30, httpx.Timeout(None)):
        assert side.ask(late_answer, "sessions.get", "sess_1", **asked, timeout=longer).id


@pytest.fixture
def late_answer(dari):
    """A server that never answers the first request, and the next ones late."""

    class Late(JSONResponse):
        seconds = 60.0

        async def __call__(self, scope, receive, send):
            seconds, self.seconds = self.seconds, 0.1
            await asyncio.sleep(seconds)
            await super().__call__(scope, receive, send)

    dari.answer("GET", "/sessions/sess_1", Late({"id": "sess_1"}))
    return dari.url


def test_a_call_with_its_own_time_leaves_the_client_as_it_was(late_answer):
    with Client(late_answer, "dari_k", timeout=30) as client:
        with pytest.raises(TimedOutError):
            client.sessions.get("sess_1", timeout=0.05)
        assert client.sessions.get("sess_1").id == "sess_1"


@pytest.mark.parametrize("timeout", [0, -1, "5", float("nan"), float("inf"), [1]])
def test_what_is_no_time_is_refused_before_anything_is_sent(dari, side, timeout):
    with pytest.raises(InvalidRequestError, match="timeout is a number of seconds"):
        side.ask(dari.url, "sessions.get", "sess_1", timeout=timeout)
    with pytest.raises(InvalidRequestError, match="timeout is a number of seconds"):
        side.ask(dari.url, "sessions.get", "sess_1", options={"timeout": timeout})
    assert dari.seen == []


def test_a_stream_that_is_silent_for_its_time_is_taken_up_again(dari, side):
    async def silence():
        yield b": connected\n\n"
        await asyncio.sleep(30)

    dari.add()
    dari.lists = False
    dari.streams = [silence]
    assert len(side.follow(dari.url, count=1, timeout=0.3)) == 1
    assert len(dari.asked("/sessions/sess_1/stream")) == 2


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_help_shows_the_timeout_of_each_verb_once(client):
    one = client("http://127.0.0.1:9", "dari_key")
    for name in VERBS:
        noun, _, verb = name.partition(".")
        method = getattr(getattr(one, noun), verb)
        assert "timeout" in inspect.signature(method).parameters
        text = pydoc.plain(pydoc.render_doc(method))
        assert text.count("\n        timeout: ") == 1, text
        assert text.count("Args:") == 1, text


WRONG = [
    ("agents.list", (7,), {}, r"Agents\.list\(\): too many positional arguments"),
    ("sessions.get", (), {}, r"Sessions\.get\(\): missing a required argument: 'session_id'"),
    ("sessions.list", (), {"limit": 1}, r"Sessions\.list\(\): got an unexpected .* 'limit'"),
    ("sessions.get", ("a", "b"), {"timeout": 3}, r"Sessions\.get\(\): too many positional"),
    ("sessions.workspace", (), {}, r"Sessions\.workspace\(\): missing a required argument"),
]


@pytest.mark.parametrize(("verb", "args", "kwargs", "text"), WRONG)
def test_arguments_that_do_not_fit_are_told_by_the_verbs_own_name(
    dari, side, verb, args, kwargs, text
):
    with pytest.raises(TypeError, match=text) as raised:
        side.ask(dari.url, verb, *args, **kwargs)
    assert "_()" not in str(raised.value)
    assert dari.seen == []


TYPED = """
import httpx
from dari_nb.client import AsyncClient, Client, EventStream
from dari_nb.models import Agent, SendResult, Session

def sync(client: Client) -> None:
    session: Session = client.sessions.get("s")
    session = client.sessions.get("s", timeout=5)
    session = client.sessions.get("s", timeout=None)
    sent: SendResult = client.sessions.send("s", "Hi", metadata={}, timeout=httpx.Timeout(5))
    agents: list[Agent] = client.agents.list(timeout=5)
    stream: EventStream = client.sessions.stream("s", timeout=5)
    client.batches.wait("b", timeout=5)
    client.request("GET", "/sessions", timeout=5)

async def awaited(client: AsyncClient) -> None:
    session: Session = await client.sessions.get("s", timeout=5)
    agents: list[Agent] = await client.agents.list()
    await client.request("GET", "/sessions", params={"a": 1}, timeout=None)
"""
UNTYPED = """
from dari_nb.client import Client

def wrong(client: Client) -> None:
    client.sessions.get("s", timeout="5")
    client.sessions.get(5)
    client.sessions.get("s", other=5)
    agent: int = client.agents.get("a", timeout=5)
"""


def test_types_know_the_timeout_and_the_results(tmp_path):
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(TYPED)
    wrong.write_text(UNTYPED)
    found = subprocess.run(
        [sys.executable, "-m", "mypy", right, wrong],
        capture_output=True,
        text=True,
    ).stdout
    assert "right.py" not in found
    # What is ours besides is looked at with the project's own settings.
    errors = [line for line in found.splitlines() if "wrong.py" in line and ": error:" in line]
    assert [line.split("wrong.py:")[1].split(":")[0] for line in errors] == list("5678")
