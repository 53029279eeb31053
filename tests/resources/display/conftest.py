"""A real kernel, with a front end that this process plays: outputs, widgets, and what pages say."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm

from ... import kernels

START = """
%load_ext dari_nb
import dari_nb, threading
from dari_nb.local import ToolCall, ToolResult
d = dari_nb.connect("local")
gate = threading.Event()

@d.server.agent("gated")
def gated(prompt):
    yield "the first part"
    gate.wait(60)
    yield "the second part"
"""

STRANGER = """
from dari_nb.local.http import app
app._EXTENSIONS = b""
d.agents.list()
"""
"""Makes the server one that knows the contract and nothing beyond."""


class Page:
    """What a front end has been told: outputs by their display id, and the widgets that live."""

    def __init__(self) -> None:
        self.outputs: dict[str, dict[str, Any]] = {}
        self.widgets: dict[str, dict[str, Any]] = {}
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.rows = ""
        self.printed = ""

    def take(self, message: dict[str, Any]) -> None:
        """Take in a message of the kernel, whichever cell it belongs to."""
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            self.printed += content["text"]
        elif kind == "error":
            self.printed += f"RED {content['ename']}: {content['evalue']}"
        elif kind in ("display_data", "update_display_data"):
            display_id = content["transient"].get("display_id")
            if display_id is not None:
                self.outputs[display_id] = content["data"]
        elif kind == "comm_open":
            self.widgets[content["comm_id"]] = dict(content["data"].get("state", {}))
        elif kind == "comm_close":
            self.widgets.pop(content["comm_id"], None)
        elif kind == "comm_msg" and content["data"]["method"] == "update":
            self.widgets.get(content["comm_id"], {}).update(content["data"]["state"])
        elif kind == "comm_msg":
            self.told.setdefault(content["comm_id"], []).append(content["data"].get("content"))
            self.rows += "".join(bytes(one).decode() for one in message.get("buffers", ()))

    def views(self) -> list[str]:
        """Ids of the views that live."""
        return [id_ for id_, state in self.widgets.items() if "_esm" in state]

    @property
    def static_outputs(self) -> list[str]:
        """The texts of the outputs that are static output, in the order in which they appeared."""
        bundles = self.outputs.values()
        return [b["text/plain"] for b in bundles if "text/html" in b and b.get("text/plain")]


class Kernel:
    """Runs cells as a front end does that somebody sits before."""

    def __init__(self) -> None:
        self.manager, self.client = kernels.started(os.environ)
        self.page = Page()

    def start(self, code: str, cell: str = "") -> str:
        """Begin to run a cell; returns the request's id."""
        content = {"code": code, "allow_stdin": True, "stop_on_error": True}
        content |= {"silent": False, "store_history": True, "user_expressions": {}}
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell} if cell else {}
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, cell: str = "") -> str:
        """Run a cell to its end; returns what it printed, and the words of its error."""
        return self.end_of(self.start(code, cell))[1]

    def end_of(self, request: str) -> tuple[str, str]:
        """Wait for a cell's end; returns the reply's status, and what it printed."""
        printed = ""
        for message in self._messages():
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
            if message["msg_type"] == "error":
                printed += f"RED {content['ename']}: {content['evalue']}"
            if content.get("execution_state") == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=180)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]["status"], printed

    def interrupt(self) -> None:
        """Interrupt the kernel; from any thread."""
        self.manager.provisioner.process.send_signal(signal.SIGINT)

    def until(self, condition: Any) -> None:
        """Listen to the kernel until something holds of what the page was told."""
        if condition():
            return
        for _ in self._messages():
            if condition():
                return

    def say(self, comm_id: str, content: dict[str, Any]) -> None:
        """Speak as the page of a widget does."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)

    def _messages(self) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=180)
            self.page.take(message)
            yield message
        raise AssertionError(f"nothing of the kind in 180 s: {self.page.static_outputs[-3:]}")


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", "0")
    for name in ("DARI_API_KEY", "DARI_API_URL"):
        monkeypatch.delenv(name, raising=False)
    kernel = Kernel()
    assert kernel.run(START) == ""
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


class PublishedComm(BaseComm):
    """Keeps what this process publishes to a page in ``published``."""

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.__dict__.setdefault("published", []).append(data or {})


@pytest.fixture
def published_comms(monkeypatch):
    """Widgets of this process publish to nobody, and keep what they published."""
    monkeypatch.setattr(comm, "create_comm", PublishedComm)


@pytest.fixture
def stranger(kernel: Kernel) -> Kernel:
    """A kernel whose server offers nothing beyond the contract."""
    kernel.run(STRANGER)
    return kernel
