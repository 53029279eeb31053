"""A front end: shows in a page what cells of a kernel display, and joins widgets to the kernel."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

from .browsing import SafePage

HTML = (Path(__file__).parent / "frontend.html").read_text()
PATIENCE = 60
"""Seconds after which a wait fails."""
SHOWN = {"comm_open", "comm_msg", "display_data", "update_display_data"}


class FrontEnd:
    """A page that shows the outputs of a kernel."""

    def __init__(self, inert: SafePage, client: BlockingKernelClient) -> None:
        self.inert = inert
        self.page = inert.page
        self._client = client
        self._idle: set[str] = set()
        self.page.expose_function("toKernel", self._send)

    def run(self, code: str) -> None:
        """Run a cell to its end."""
        request = self._client.execute(code)
        self.wait(lambda: request in self._idle)

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until a condition of the page holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.page.inner_text("body")[-2000:]
            try:
                message = self._client.get_iopub_msg(timeout=0.05)
            except Empty:
                self.page.evaluate("0")
            else:
                self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        assert kind != "error", "\n".join(content["traceback"])
        if kind in SHOWN:
            buffers = [base64.b64encode(buffer).decode() for buffer in message["buffers"]]
            self.page.evaluate("(said) => window.hear(...said)", [kind, content, buffers])
        elif content.get("execution_state") == "idle":
            self._idle.add(message["parent_header"]["msg_id"])

    def _send(self, comm_id: str, data: Any, buffers: list[str]) -> None:
        session = self._client.session
        message = session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        message["buffers"] = [base64.b64decode(buffer) for buffer in buffers]
        self._client.shell_channel.send(message)
