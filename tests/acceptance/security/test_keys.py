"""Keys never reach what is shown, saved or recorded."""

import asyncio
import json
import os
import traceback

import pytest

import dari_nb as dari
from dari_nb.errors import DariError

from ... import kernels

KEY = "dari_canary_5f2e9a7c31d84b60"
PROVIDER_KEY = "sk-canary-8c1f0b77e2a94d53"
SECRET = "canary-secret-b3d91f6a0c72"
CANARIES = (KEY, PROVIDER_KEY, SECRET)
LLMS = {"small": {"model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key": PROVIDER_KEY}}


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY_SECRET", SECRET)
        with dari.local.LocalDari(api_key=KEY, llms=LLMS, secrets=["CANARY_SECRET"]) as server:

            @server.agent("leaks")
            def leaks(prompt):
                yield dari.local.ToolCall("env", {"token": KEY})
                yield dari.local.ToolResult({"api_key": PROVIDER_KEY, "all": [f"K={KEY}"]})
                yield f"The key is {KEY}, the others are {PROVIDER_KEY} and {SECRET}."

            yield server


@pytest.fixture(scope="module")
def d(server):
    with dari.Dari(server.url, KEY) as d:
        yield d


def leaked(text):
    return [key for key in CANARIES if key in text]


def test_repr_of_object_has_no_key(server, d):
    turn = d.agents["echo"].send("Hello.").wait()
    batch = d.batches.run("echo", ["one"]).wait()
    with dari.Client(server.url, KEY) as client:
        objects = [dari, d, d.client, client, client.sessions, dari.AsyncClient(server.url, KEY)]
        objects += [
            server,
            d.agents,
            d.agents["echo"],
            d.sessions,
            d.sessions.list(),
            turn.session,
            turn,
        ]
        objects += [turn.session.transcript(), turn.items, batch, d.batches, batch.to_frame()]
        for each in objects:
            assert leaked(repr(each) + str(each)) == [], type(each)


def unknown_session(server):
    with dari.Dari(server.url, KEY) as d:
        d.sessions.get("sess_missing")


def wrong_key(server):
    with dari.Client(server.url, PROVIDER_KEY) as client:
        client.agents.list()


def wrong_key_async(server):
    async def ask():
        async with dari.AsyncClient(server.url, PROVIDER_KEY) as client:
            await client.agents.list()

    asyncio.run(ask())


def no_server(server):
    with dari.Dari("http://127.0.0.1:9", KEY) as d:
        d.agents.list()


def wrong_address(server):
    dari.connect(base_url="ftp://127.0.0.1", api_key=KEY)


CALLS = [unknown_session, wrong_key, wrong_key_async, no_server, wrong_address]


@pytest.mark.parametrize("call", CALLS)
def test_error_has_no_key(server, call):
    with pytest.raises(DariError) as raised:
        call(server)
    error = raised.value
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown = "".join([*report.format(), *traceback.format_exception(error)])
    assert leaked(f"{error!r} {error} {vars(error)} {error.args} {shown}") == []


CELLS = """
%load_ext dari_nb
%xmode Verbose
import dari_nb as dari, os
d = dari.connect()
d
%dari
%dari agents
d.client
d.agents["nobody"]
d.client.sessions.get("sess_missing")
d.agents.send
dari.connect(base_url="http://127.0.0.1:9", api_key=os.environ["DARI_API_KEY"]).agents.list()
dari.Dari(os.environ["DARI_API_URL"], os.environ["WRONG_KEY"]).sessions.list()
dari.Client(api_key=os.environ["WRONG_KEY"] + chr(10), base_url="http://127.0.0.1:9")
d = dari.connect(base_url=os.environ["DARI_API_URL"], api_key=os.environ["DARI_API_KEY"])
%dari_agent echo Hello.
turn = d.agents["echo"].send("Hello.").wait()
turn.session
%dari_send --llm missing Hello.
turn.session.view()
turn.session.chat()
turn.session.player()
d.sessions.view()
d.batches.run("echo", ["one", "two"]).view()
server = dari.local.LocalDari(llms={"a": {"model": "m", "api_key": os.environ["WRONG_KEY"]}})
server
%tb
"""


def test_kernel_says_no_key(server):
    """All that a kernel sends to front ends: outputs, tracebacks, and the state of widgets."""
    env = {"DARI_API_URL": server.url, "DARI_API_KEY": KEY, "WRONG_KEY": PROVIDER_KEY}
    manager, client = kernels.started({**os.environ, **env})
    said = []
    try:
        for cell in CELLS.strip().split("\n"):
            client.execute_interactive(cell, output_hook=said.append, timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    kinds = {message["msg_type"] for message in said}
    assert {"comm_open", "error", "display_data", "execute_result"} <= kinds
    outputs = [m for m in said if m["msg_type"] not in ("execute_input", "status")]
    assert leaked(json.dumps([m["content"] for m in outputs], default=str)) == []
    assert leaked(str([bytes(b) for m in outputs for b in m["buffers"]])) == []


def test_tape_has_no_key(server, tmp_path):
    path = tmp_path / "lesson.tape"
    d = dari.connect(base_url=server.url, api_key=KEY, tape=path)
    d.agents["leaks"].send("Tell me.").wait()
    d.close()
    text = path.read_text()
    assert "Tell me." in text
    assert leaked(text) == []
    page = dari.Tape(path).to_html(tmp_path / "lesson.html")
    assert leaked(page.read_text()) == []
