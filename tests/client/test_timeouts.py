"""Every verb takes a timeout of its own."""

import asyncio
import inspect
import pydoc
import socket

import httpx
import pytest

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
def test_a_verb_gives_up_after_its_own_time(silent, sync_side, verb):
    args = ARGS.get(verb, ())
    kwargs = BINDING if verb == "storage_bindings.create" else {}
    if verb == "snapshots.upload":
        args = (Snapshot.from_dict({"id": "src_1", "upload_url": f"{silent}/there"}), b"x")
    with pytest.raises(TimedOutError):
        sync_side.ask(silent, verb, *args, **kwargs, options=PATIENT, timeout=0.01)


@pytest.mark.parametrize("timeout", [0.01, httpx.Timeout(0.01), httpx.Timeout(None, read=0.01)])
def test_a_timeout_is_seconds_or_httpxs_own(silent, sync_side, timeout):
    with pytest.raises(TimedOutError):
        sync_side.ask(silent, "sessions.get", "sess_1", options=PATIENT, timeout=timeout)


def test_a_timeout_holds_for_each_step_of_publishing(silent, sync_side, tmp_path):
    (tmp_path / "dari.yml").write_text("name: a\n")
    with pytest.raises(TimedOutError):
        sync_side.ask(silent, "agents.publish", tmp_path, options=PATIENT, timeout=0.01)


@pytest.mark.parametrize("timeout", [-1, "5", float("inf")])
def test_what_is_no_time_is_refused_before_anything_is_sent(dari, sync_side, timeout):
    with pytest.raises(InvalidRequestError):
        sync_side.ask(dari.url, "sessions.get", "sess_1", timeout=timeout)
    with pytest.raises(InvalidRequestError):
        sync_side.ask(dari.url, "sessions.get", "sess_1", options={"timeout": timeout})
    assert dari.seen == []


def test_a_stream_that_is_silent_for_its_time_is_taken_up_again(dari, sync_side):
    async def silence():
        yield b": connected\n\n"
        await asyncio.sleep(30)

    dari.add()
    dari.lists = False
    dari.streams = [silence]
    assert len(sync_side.follow(dari.url, count=1, timeout=0.3)) == 1
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
    ("agents.list", (7,), {}, "Agents.list()"),
    ("sessions.get", (), {}, "Sessions.get()"),
    ("sessions.list", (), {"limit": 1}, "Sessions.list()"),
]


@pytest.mark.parametrize(("verb", "args", "kwargs", "name"), WRONG)
def test_arguments_that_do_not_fit_are_told_by_the_verbs_own_name(
    dari, sync_side, verb, args, kwargs, name
):
    with pytest.raises(TypeError) as raised:
        sync_side.ask(dari.url, verb, *args, **kwargs)
    assert name in str(raised.value)
    assert dari.seen == []
