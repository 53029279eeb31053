"""A real kernel, spoken to as a front end does, and a Dari with agents that tests can watch."""

import ast
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

import dari_nb as dari
from dari_nb.local import LocalDari, Turn

from ... import kernels

STATIC = {"text/html", "text/markdown", "text/plain"}
"""The MIME types of static output."""

WIDGET = "application/vnd.jupyter.widget-view+json"

PATIENCE = 60
"""Seconds after which a wait fails."""

START = """
%load_ext dari_nb
import dari_nb as dari

def _note(result):
    global _error
    _error = result.error_before_exec or result.error_in_exec

get_ipython().events.register("post_run_cell", _note)
"""


@dataclass
class Error:
    """The error that ended a cell: the names of its class and of the bases, and its code."""

    classes: list[str]
    code: str | None


@dataclass
class Result:
    """What a cell left: its outputs, as a notebook would save them, and its error.

    Attributes:
        outputs: The outputs as MIME bundles. Later updates of a display are applied.
        text: All that was written to standard output and standard error.
        traceback: The traceback, if one is shown.
        pager: Texts for the pager, such as help.
        error: The error that ended the cell.
        is_done: Whether the cell has ended.
    """

    outputs: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""
    traceback: str = ""
    pager: str = ""
    error: Error | None = None
    is_done: bool = False

    @property
    def shown(self) -> str:
        """All that the cell shows, as plain text."""
        plain = (output.get("text/plain", "") for output in self.outputs)
        return "\n".join([self.text, *plain, self.traceback, self.pager])

    def bundles(self, words: str) -> list[dict[str, Any]]:
        """Return the outputs that show these words."""
        return [output for output in self.outputs if words in output.get("text/plain", "")]

    def static(self, words: str) -> str:
        """Return the text of the only output that shows these words, which is static."""
        [bundle] = self.bundles(words)
        assert set(bundle) == STATIC
        return bundle["text/plain"]

    @property
    def has_widget(self) -> bool:
        """Whether a front end would show a live view."""
        return any(WIDGET in output for output in self.outputs)


class Kernel:
    """A kernel with the extension loaded."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._manager = kernels.manager(KernelManager)
        self._manager.start_kernel(env=os.environ | env, cwd=str(folder))
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._begin()

    def run(self, code: str) -> Result:
        """Run a cell that has no error."""
        result = self.attempt(code)
        assert result.error is None, result.shown
        return result

    def attempt(self, code: str) -> Result:
        """Run a cell to its end."""
        result = self.submit(code)
        self.until(lambda: result.is_done)
        return result

    def submit(self, code: str) -> Result:
        """Start a cell; `until` reads what comes of it."""
        result = Result()
        self._results[self._client.execute(code)] = result
        return result

    def until(self, condition: Callable[[], object]) -> None:
        """Read messages of the kernel until a condition holds; interrupt it if that fails."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            try:
                rest = max(0, deadline - time.monotonic())
                self._read(self._client.get_iopub_msg(timeout=rest))
            except Empty:
                self.interrupt()
                raise

    def value(self, expression: str) -> Any:
        """Return the value of an expression whose value is a literal."""
        asked = {"value": expression}
        request = self._client.execute("", silent=True, user_expressions=asked)
        value = self._reply(request)["user_expressions"]["value"]
        assert value["status"] == "ok", value
        return ast.literal_eval(value["data"]["text/plain"])

    def complete(self, code: str) -> set[str]:
        """Press Tab until something is offered: the server may be asked in the background."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            reply = self._client.complete(code, reply=True, timeout=PATIENCE)["content"]
            if reply["matches"]:
                return set(reply["matches"])
            time.sleep(0.05)
        return set()

    def interrupt(self) -> None:
        """Interrupt the kernel as a front end's button does."""
        self._manager.interrupt_kernel()

    def restart(self) -> None:
        """Restart the kernel and load the extension again."""
        self._manager.restart_kernel(now=True)
        self._begin()

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _begin(self) -> None:
        self._results: dict[str, Result] = {}
        self._displays: dict[str, list[dict[str, Any]]] = {}
        self._client.wait_for_ready(timeout=PATIENCE)
        self.run(START)

    def _read(self, message: dict[str, Any]) -> None:
        content, kind = message["content"], message["msg_type"]
        if kind == "update_display_data":
            for output in self._displays.get(content["transient"]["display_id"], []):
                output.clear()
                output.update(content["data"])
        request = message["parent_header"].get("msg_id")
        result = self._results.get(request)
        if result is None:
            return
        if kind == "stream":
            result.text += content["text"]
        elif kind == "error":
            result.traceback = "\n".join(content["traceback"])
        elif kind in ("display_data", "execute_result"):
            output = dict(content["data"])
            result.outputs.append(output)
            name = content.get("transient", {}).get("display_id")
            self._displays.setdefault(name, []).append(output)
        elif content.get("execution_state") == "idle":
            self._finish(result, self._reply(request))

    def _finish(self, result: Result, reply: dict[str, Any]) -> None:
        result.pager = "\n".join(
            page["data"]["text/plain"] for page in reply.get("payload", []) if "data" in page
        )
        if reply["status"] == "error":
            bases = "[each.__name__ for each in type(_error).__mro__]"
            error = self.value(f"({bases}, getattr(_error, 'code', None))")
            result.error = Error(*error)
        result.is_done = True

    def _reply(self, request: str) -> dict[str, Any]:
        while True:
            reply = self._client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"]["msg_id"] == request:
                return reply["content"]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDari]:
    """Yield a Dari that outlives the kernel."""
    with LocalDari() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the kernel works in."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def env(server: LocalDari) -> dict[str, str]:
    """Return the environment that connects a kernel to the server."""
    return {
        "DARI_API_URL": server.url,
        "DARI_API_KEY": server.api_key,
        "DARI_LOCAL_STEP_DELAY": "0",
    }


@pytest.fixture(scope="module")
def kernel(folder: Path, env: dict[str, str]) -> Iterator[Kernel]:
    """Yield a kernel that is connected to the server."""
    kernel = Kernel(folder, env)
    yield kernel
    kernel.close()


@dataclass
class Gate:
    """Lets an agent wait in the middle of its answer."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def gate(server: LocalDari) -> Iterator[Gate]:
    """Yield the gate of `gated`, an agent that waits at it between two parts of its answer."""
    gate = Gate()

    @server.agent("gated")
    def gated(prompt: str) -> Iterator[str]:
        yield "the first part"
        gate.reached.set()
        gate.opened.wait(PATIENCE)
        yield "the second part"

    yield gate
    gate.opened.set()


@pytest.fixture
def heard(server: LocalDari, kernel: Kernel) -> list[str]:
    """Return the prompts that `listener`, the current agent, gets; no session has begun."""
    prompts: list[str] = []

    @server.agent("listener", llms=["small", "large"])
    def listener(prompt: str, turn: Turn) -> str:
        prompts.append(prompt)
        return f"{turn.llm_id} heard you"

    kernel.run("%dari use listener")
    return prompts


@pytest.fixture
def refused(kernel: Kernel, d: dari.Dari) -> Callable[[str], str | None]:
    """Return a function that runs a cell which is refused, and returns the error's code.

    Nothing is sent, and IPython shows no traceback.
    """

    def run(cell: str) -> str | None:
        before = len(d.sessions.list())
        result = kernel.attempt(cell)
        assert result.error is not None
        assert "UsageError" in result.error.classes
        assert result.text.strip()
        assert "Traceback" not in result.shown
        assert len(d.sessions.list()) == before
        return result.error.code

    return run
