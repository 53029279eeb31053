import json
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.local.python_files import load_agents

from ..local.conftest import Caller

ROOT = Path(__file__).parents[2]
AGENTS = """
from shouting import loud

@server.agent("shout")
def shout(prompt):
    return loud(prompt)
"""
RUN = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]}


@pytest.fixture
def agents_file(tmp_path: Path) -> Path:
    (tmp_path / "shouting.py").write_text("def loud(text):\n    return text.upper()\n")
    path = tmp_path / "mine.py"
    path.write_text(AGENTS)
    return path


@pytest.fixture
def serving():
    """Starts the command as a process of its own; gives it and what it says first."""
    started = []

    def start(*options: object) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dari_nb.cli", "serve", "--port", "0", *map(str, options)],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Then"):
                break
        return process, "".join(lines)

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def exported(said: str) -> dict[str, str]:
    return dict(re.findall(r"^export (\w+)=(\S+)$", said, re.MULTILINE))


def test_what_it_prints_connects_and_ctrl_c_ends_it_cleanly(serving, agents_file):
    process, said = serving("--agents", agents_file)
    given = exported(said)
    headers = {"Authorization": f"Bearer {given['DARI_API_KEY']}"}
    agents = httpx.get(f"{given['DARI_API_URL']}/v1/agents", headers=headers).json()["agents"]
    assert agents[-1]["name"] == "shout"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=180)
    assert (process.returncode, rest.splitlines()[-1]) == (0, "Stopped.")
    assert "Traceback" not in rest


INTERRUPTS = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "dari_nb.cli.tapes":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
"""


def test_ctrl_c_ends_it_quietly_while_it_begins(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS)
    done = subprocess.run(
        [sys.executable, "-m", "dari_nb.cli", "tape", "check", "x.tape"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_database_keeps_recorded_runs_and_loads_them_once(serving, tmp_path):
    runs = tmp_path / "course.jsonl"
    runs.write_text(json.dumps(RUN))
    for expected in "1 runs, agent 'course'", "not loaded again":
        process, said = serving("--db", tmp_path / "course.db", "--runs", runs, "--key", "secret")
        assert expected in said
        assert "secret" not in said
        url, headers = exported(said)["DARI_API_URL"], {"Authorization": "Bearer secret"}
        assert len(httpx.get(f"{url}/v1/sessions", headers=headers).json()["sessions"]) == 1
        process.terminate()
        assert process.wait(60) == 0


def test_agents_of_a_file_may_import_their_neighbours(agents_file):
    server = LocalDari()
    load_agents(server, agents_file)
    with server:
        caller = Caller(server)
        with closing(caller.http):
            shouted = caller.ask("shout", "hey")
        assert shouted["output"]["parts"][0]["text"] == "HEY"


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("x = 1\nboom", "bad.py, line 2: NameError"),
        ("def f(:\n", "bad.py, line 1: SyntaxError"),
        ("import sys\nsys.exit(0)", "bad.py, line 2"),
        (None, "bad.py"),
    ],
)
def test_a_broken_file_of_agents_is_named_with_its_line(tmp_path, text, failure):
    path = tmp_path / "bad.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InvalidRequestError) as caught:
        load_agents(LocalDari(), path)
    assert str(caught.value).startswith(f"{tmp_path}/{failure}")


def test_agents_are_in_a_python_file(tmp_path):
    with pytest.raises(InvalidRequestError):
        load_agents(LocalDari(), tmp_path)


@pytest.mark.parametrize(
    ("options", "failure"),
    [
        (["--host", "0.0.0.0"], "--key"),
        (["--key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY"),
        (["--key", "naïve"], "--key"),
        (["--key", "", "--host", "0.0.0.0"], "--key"),
        (["--step-delay", "nan"], "--step-delay"),
        (["--port", "99999"], "127.0.0.1:99999"),
        (["--db", "/"], "/"),
        (["--runs", "none.jsonl"], "none.jsonl"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(capsys, options, failure):
    assert main(["serve", *options]) == 2
    said = capsys.readouterr()
    assert failure in said.err
    assert (said.err.count("\n"), said.out) == (1, "")


def test_loopback_addresses_need_no_key(serving):
    _, said = serving("--host", "::1")
    assert exported(said)["DARI_API_URL"].startswith("http://[::1]:")


def test_a_key_from_a_variable_lets_in_and_no_list_of_processes_shows_it(serving, monkeypatch):
    monkeypatch.setenv("COURSE_KEY", "dari_hidden_key")
    process, said = serving("--key-env", "COURSE_KEY")
    url, headers = exported(said)["DARI_API_URL"], {"Authorization": "Bearer dari_hidden_key"}
    assert httpx.get(f"{url}/v1/agents", headers=headers).status_code == 200
    listed = Path(f"/proc/{process.pid}/cmdline").read_text()
    assert "serve" in listed
    assert "dari_hidden_key" not in said + listed


def test_a_database_in_memory_makes_no_file(serving):
    before = sorted(ROOT.glob("*"))
    _, said = serving("--db", ":memory:")
    assert "in memory" in said
    assert sorted(ROOT.glob("*")) == before


def test_all_interfaces_are_told_by_this_machines_name(serving):
    _, said = serving("--host", "0.0.0.0", "--key", "secret")
    url = exported(said)["DARI_API_URL"]
    assert "0.0.0.0" not in url
    assert re.fullmatch(r"http://[^/:]+:\d+", url)
