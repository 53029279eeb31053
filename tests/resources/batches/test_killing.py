"""The process that sends is killed in the middle; the same cell finds what was sent."""

import subprocess
import sys

import httpx
import pytest

from dari_nb.resources import Dari

KEY = "dari_killed"


def started(folder, agents):
    """Start a durable local Dari in a process of its own; returns that and its URL."""
    (folder / "agents.py").write_text(agents)
    command = [sys.executable, "-m", "dari_nb.cli", "serve", "--port", "0", "--key", KEY]
    command += ["--db", str(folder / "dari.db"), "--agents", str(folder / "agents.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().split()[3].rstrip(",")


def sessions(url):
    return httpx.get(
        f"{url}/v1/sessions", headers={"Authorization": f"Bearer {KEY}"}, timeout=30
    ).json()["sessions"]


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
