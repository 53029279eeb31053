"""The process that sends is killed in the middle; the same cell finds what was sent."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress

import httpx
import pytest
from IPython.core.interactiveshell import InteractiveShell

from dari_nb.magics import load_ipython_extension
from dari_nb.resources import Dari, connections

from ...conftest import TcpProxy

KEY = "dari_killed"
LLMS = ["a", "b", "c", "d", "e", "f"]
AGENTS = f"""
@server.agent("counting", llms={LLMS})
def counting(prompt, turn):
    with open({{path!r}}, "a") as file:
        file.write(" ".join(turn.metadata[k] for k in ("task_index", "llm_id", "repeat")) + "\\n")
    return prompt
"""
CELL = "%%dari_batch counting {llms} --repeats 2 --quiet -o batch\n{tasks}".format(
    llms=" ".join(f"--llm {llm}" for llm in LLMS),
    tasks="\n".join(f"Task {number} {'x' * 200}" for number in range(30)),
)
KERNEL = """
import sys
import dari_nb
from IPython.core.interactiveshell import InteractiveShell

dari_nb.connect(base_url=sys.argv[1], api_key=sys.argv[2])
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "dari_nb")
shell.run_cell(sys.stdin.read())
"""


class Narrow(TcpProxy):
    """Lets one large request through; the others stop in their middle, and never arrive."""

    LARGE = 30_000

    def __init__(self, target):
        super().__init__(target)
        self._chosen = None
        self._ended = asyncio.Event()

    def __exit__(self, *error):
        self._loop.call_soon_threadsafe(self._ended.set)
        super().__exit__(*error)

    async def _pump(self, reader, writer, pair):
        goes_there = writer.get_extra_info("peername")[:2] == self._target
        sent = 0
        with suppress(OSError):
            while data := await reader.read(1 << 12):
                sent += len(data)
                if goes_there and sent > self.LARGE:
                    self._chosen = self._chosen or writer
                    if self._chosen is not writer:
                        await self._ended.wait()
                        break
                writer.write(data)
                await writer.drain()
        for each in pair:
            each.close()
        self._writers -= pair


def started(folder, agents):
    """Start a durable local Dari in a process of its own; returns that and its URL."""
    (folder / "agents.py").write_text(agents)
    command = [sys.executable, "-m", "dari_nb.cli", "serve", "--port", "0", "--key", KEY]
    command += ["--db", str(folder / "dari.db"), "--agents", str(folder / "agents.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().split()[3].rstrip(",")


@pytest.fixture
def served(tmp_path):
    """A durable local Dari in a process of its own; gives its URL and the file that counts."""
    asked = tmp_path / "asked.txt"
    process, url = started(tmp_path, AGENTS.format(path=str(asked)))
    with process:
        try:
            yield url, asked
        finally:
            process.terminate()
            process.communicate(timeout=20)


def sessions(url):
    return httpx.get(
        f"{url}/v1/sessions", headers={"Authorization": f"Bearer {KEY}"}, timeout=30
    ).json()["sessions"]


def test_a_kernel_killed_while_it_sends_loses_and_doubles_nothing(served, monkeypatch):
    url, asked = served
    with Narrow(url) as narrow:
        kernel = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KERNEL), narrow.url, KEY],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with kernel:
            kernel.stdin.write(CELL)
            kernel.stdin.close()
            while not sessions(url):
                assert kernel.poll() is None
            os.kill(kernel.pid, signal.SIGKILL)
    sent = len(sessions(url))
    assert 0 < sent < 360

    shell = InteractiveShell()
    load_ipython_extension(shell)
    with Dari(url, KEY) as d:
        monkeypatch.setattr(connections, "_current", d)
        for started in (360 - sent, 0):
            shell.run_cell(CELL).raise_error()
            batch = shell.user_ns["batch"]
            assert (batch.started, batch.counts) == (started, {"completed": 360})
    shell.history_manager.end_session()
    lines = asked.read_text().splitlines()
    assert len(lines) == len(set(lines)) == len(sessions(url)) == 360


PRICED = """
import time
from pathlib import Path
from dari_nb.local import Usage

@server.agent("priced", llms=["cheap"])
def priced(prompt):
    with open({path!r}, "a") as file:
        file.write(prompt + "\\n")
    while Path({path!r} + ".held").exists():
        time.sleep(0.01)
    yield Usage(0.10)
    yield prompt
"""


@pytest.fixture
def serve(tmp_path):
    """Starts a server of the same file, each time in a process of its own."""
    asked = tmp_path / "asked.txt"
    processes = []

    def start():
        process, url = started(tmp_path, PRICED.format(path=str(asked)))
        processes.append(process)
        return process, url

    start.asked = asked
    yield start
    for process in processes:
        process.kill()
        process.communicate(timeout=20)


@pytest.fixture
def killed(serve):
    """Runs tasks until so many are under way, kills their server, and gives the URL of the next."""
    held = serve.asked.with_name("asked.txt.held")

    def run_and_kill(tasks, under_way, **options):
        process, url = serve()
        with Dari(url, KEY) as d:
            turn = d.agents["priced"].send("before", llm="cheap").wait(60)
            while d.costs.session(turn.session.id) is None:
                pass
            held.touch()
            d.batches.run("priced", tasks, ["cheap"], run_id="mine", **options)
            while len(serve.asked.read_text().splitlines()) <= under_way:
                pass
            process.kill()
            process.wait()
        held.unlink()
        return serve()[1]

    return run_and_kill


def test_what_a_killed_server_had_asked_counts_for_the_limit(killed, serve):
    tasks = [f"Task {number}" for number in range(12)]
    with Dari(killed(tasks, 8, max_cost=1), KEY) as d:
        batch = d.batches.run("priced", tasks, ["cheap"], run_id="mine", max_cost=1).wait(60)
        assert batch.counts == {"completed": 2, "failed": 8, "unsent": 2}
        assert "$1.00 of max_cost=$1.00 is spent ($0.80 of it estimated)" in batch.outcome
        batch.resume(max_cost=1.10).wait(60)
        assert batch.counts == {"completed": 3, "failed": 8, "unsent": 1}
        assert "$1.10 of max_cost=$1.10 is spent ($0.80 of it estimated)" in batch.outcome
    asked = serve.asked.read_text().splitlines()
    assert len(asked) == len(set(asked)) == 12


def test_turns_that_a_killed_server_had_asked_are_sent_again_within_the_limit(killed):
    tasks = [f"Task {number}" for number in range(20)]
    with Dari(killed(tasks, 12), KEY) as d:
        batch = d.batches.run("priced", tasks, ["cheap"], run_id="mine", max_cost=9).wait(60)
        assert batch.counts == {"failed": 20}
        assert batch.retry_failed().wait(90).counts == {"completed": 20}
        assert "$2.00 so far, unknown for" in batch.view().head
