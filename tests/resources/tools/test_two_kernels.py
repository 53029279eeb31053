"""Two notebooks on one session, and a kernel that is restarted in the middle of a call."""

import contextlib
import time

import pytest

from dari_nb.local import ToolCall

from ... import kernels

START = """
import os, time, dari_nb as dari
d = dari.connect(base_url={url!r}, api_key={key!r})

@dari.tool(approve="always")
def once(n: int) -> int:
    with open({log!r}, "a") as log:
        log.write(f"{{os.getpid()}}\\n")
    while not os.path.exists({gate!r}):
        time.sleep(0.02)
    return n

def deliver():
    return d.sessions.get({session!r}).use_tools([once])
"""


class Kernel:
    def __init__(self, code):
        self.manager, self.client = kernels.started()
        self.code = code
        self.run(code)

    def run(self, code):
        said = []

        def hear(message):
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, timeout=180, output_hook=hear)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said).strip()

    def restart(self):
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=180)
        self.run(self.code)

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def scene(server, d, tmp_path):
    @server.agent("asks")
    def asks(prompt):
        result = yield ToolCall("once", {"n": 7}, external=True)
        yield f"{result.is_error}: {result.result}"

    turn = d.agents.get("asks").send("x")
    log, gate = tmp_path / "log", tmp_path / "gate"
    places = {"log": str(log), "gate": str(gate), "session": turn.session.id}
    code = START.format(url=server.url, key=server.api_key, **places)
    with contextlib.ExitStack() as kernels:
        both = []
        for _ in range(2):
            both.append(Kernel(code))
            kernels.callback(both[-1].stop)
        yield turn, log, gate, both


def deliver_five_times(log, both):
    both[0].run("turns = [deliver() for _ in range(3)]")
    both[1].run("turns = [deliver() for _ in range(2)]")
    deadline = time.monotonic() + 180
    while not log.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_call_whose_kernel_is_restarted_is_not_run_again(scene):
    turn, log, gate, both = scene
    deliver_five_times(log, both)
    pids = [kernel.run("print(os.getpid())") for kernel in both]
    runner = both[pids.index(log.read_text().strip())]
    runner.restart()
    gate.touch()
    runner.run("turns = [deliver()]")
    assert "not run again" in turn.wait(120).text
    assert turn.text.startswith("True: ")
    assert len(log.read_text().splitlines()) == 1
